from odoo import http
from odoo.http import request

from ..engine import personalize, preference_links, preferences, sign_up, sign_up_limits, throttle
from ..engine.inbound import wait_for_hand_over
from ..engine.transactions import read_committed
from ..text.numbers import masked
from . import visitor
from .proof import proof_page
from .public_page import busy, missing, page, use_language

#: Bytes of a form that people can fill in: a few ticks.
MOST_BYTES = 64 * 1024
_ROUTE = {
    "type": "http",
    "auth": "public",
    "methods": ["GET", "HEAD", "POST"],
    "sitemap": False,
    "max_content_length": MOST_BYTES,
}
_DONE = ("saved", "stopped", "same", "subscribed")


class PreferenceController(http.Controller):
    """The page behind a recipient's preference link (B15)."""

    @http.route("/sms/preferences/<string:code>", **_ROUTE)
    def preferences(self, code, **_parameters):
        """Show what the number's consent is; a POST, and nothing else, changes it."""
        recipient, is_old = self._recipient(code)
        if not recipient:
            return self._guessed()
        if request.httprequest.method != "POST":
            done = visitor.parameter("done")
            return self._show(recipient, code, is_old, done if done in _DONE else None)
        return self._change(recipient, code, is_old)

    @http.route("/sms/preferences/<string:code>/confirm/<string:token>", **_ROUTE)
    def confirm(self, code, token, **_parameters):
        """Ask for the code that was texted; a POST with the right one subscribes the number."""
        recipient, is_old = self._recipient(code)
        if not recipient or is_old:
            return self._guessed()
        own = request.env(su=True)
        if request.httprequest.method == "POST":
            own = read_committed(request.env.cr)(context={"lang": request.env.lang})
        found = sign_up.find(recipient.with_env(own), token)
        if not found or found.confirmed_at:
            return self._redirect(code, "subscribed" if found else None)
        action = f"/sms/preferences/{code}/confirm/{token}"
        if request.httprequest.method != "POST":
            was_sent_again = visitor.parameter("sent") == "again"
            return self._show_code(found, code, action, was_sent_again=was_sent_again)
        if visitor.has("again"):
            demand = sign_up.demand_of(found, visitor.visitor_network())
            if first := proof_page(own, demand, action):
                return first
            if not sign_up.ask_again(found, demand.network):
                return busy(found.company_id)
            return request.redirect(f"{action}?lang={request.env.lang}&sent=again", code=303)
        typed = visitor.field("code").replace(" ", "")
        if sign_up.confirm(found, typed, visitor.address()):
            return self._redirect(code, "subscribed")
        problem = request.env._(
            "This code is wrong or has expired. Check it, or have a new one sent."
        )
        return self._show_code(found, code, action, problem, status=422)

    def _recipient(self, code):
        """The text that a code came with, in the visitor's language, and whether it is an old one.

        A right code is never refused, whatever else comes from the same address.
        """
        recipient, is_old = preference_links.find(request.env(su=True), code)
        if recipient:
            use_language(personalize.language(recipient.partner_id, recipient.company_id))
        return recipient.with_context(lang=request.env.lang), is_old

    def _guessed(self):
        use_language()
        own = read_committed(request.env.cr)
        if throttle.take(own, ("preference_guess", visitor.visitor_network())):
            return busy()
        return missing(
            request.env._(
                "This link does not work, or no longer works. To stop the texts of a sender, "
                "reply STOP to any of them."
            )
        )

    def _offered(self, recipient, is_old):
        """What can be chosen; with an old link, only what can be left."""
        offered = preferences.choices(recipient)
        return [one for one in offered if not is_old or one.state == "subscribed"]

    def _show(self, recipient, code, is_old, done=None, *, has_changed=False):
        offered = self._offered(recipient, is_old)
        return page(
            "sms_marketing.preference_page",
            recipient.company_id,
            action=f"/sms/preferences/{code}",
            choices=offered,
            fingerprint=preferences.fingerprint(request.env, offered),
            number=masked(recipient.number),
            done=done,
            has_changed=has_changed,
            is_old=is_old,
        )

    def _change(self, recipient, code, is_old):
        own = read_committed(request.env.cr)
        recipient = recipient.with_env(own(context={"lang": request.env.lang}))
        if visitor.has("stop"):
            preferences.stop(recipient, visitor.address())
            wait_for_hand_over(own.cr, [recipient.number])
            return self._redirect(code, "stopped")
        offered = self._offered(recipient, is_old)
        if visitor.field("fingerprint") != preferences.fingerprint(own, offered):
            # What was ticked may have read otherwise: nobody agrees to what was not on the page.
            return self._show(recipient, code, is_old, has_changed=True)
        ticked = visitor.ticked("type")
        chosen = {one.type_id for one in offered if str(one.type_id) in ticked}
        # Before anything that may be refused: to leave is always possible.
        changed = preferences.leave(recipient, offered, chosen, visitor.address())
        if changed:
            wait_for_hand_over(own.cr, [recipient.number])
        if joins := preferences.joins(offered, chosen):
            return self._ask_for_code(recipient, code, joins)
        return self._redirect(code, "saved" if changed else "same")

    def _ask_for_code(self, recipient, code, joins):
        """Have the phone prove that it agrees to new texts: the link alone may have any reader."""
        if not sign_up.sender_for_recipient(recipient):
            return busy(recipient.company_id)
        network = visitor.visitor_network()
        form = recipient.env["sms.marketing.sign.up.form"]
        demand = sign_up_limits.Demand(recipient.company_id, form, recipient.number, network)
        if first := proof_page(recipient.env, demand, f"/sms/preferences/{code}"):
            return first
        choices = tuple((one.type_id, one.wording) for one in joins)
        token = sign_up.ask_recipient(recipient, choices, network)
        if not token:
            return busy(recipient.company_id)
        return request.redirect(
            f"/sms/preferences/{code}/confirm/{token}?lang={request.env.lang}", code=303
        )

    def _show_code(self, found, code, action, problem=None, *, status=200, was_sent_again=False):
        return page(
            "sms_marketing.sign_up_code",
            found.company_id,
            status=status,
            number=masked(found.number),
            problem=problem,
            was_sent_again=was_sent_again,
            minutes=sign_up.LIFETIME,
            action=action,
            begin_again=f"/sms/preferences/{code}",
        )

    def _redirect(self, code, done):
        """To the page as it is now, so that a reload repeats nothing."""
        suffix = f"&done={done}" if done else ""
        return request.redirect(
            f"/sms/preferences/{code}?lang={request.env.lang}{suffix}", code=303
        )
