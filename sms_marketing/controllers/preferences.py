from odoo import http
from odoo.http import request

from ..engine import personalize, preferences, throttle
from ..engine.inbound import wait_for_hand_over
from ..engine.transactions import read_committed
from ..text.numbers import masked
from .public_page import busy, missing, page, use_language, visitor_network

#: Bytes of a form that people can fill in: a few ticks.
MOST_BYTES = 64 * 1024


class PreferenceController(http.Controller):
    """The page behind a recipient's preference link (B15)."""

    @http.route(
        "/sms/preferences/<string:token>",
        type="http",
        auth="public",
        methods=["GET", "HEAD", "POST"],
        sitemap=False,
        max_content_length=MOST_BYTES,
    )
    def preferences(self, token, **_parameters):
        """Show what the number's consent is; a POST, and nothing else, changes it."""
        if throttle.is_spent(request.env(su=True), "preference_guess", visitor_network()):
            use_language()
            return busy()
        recipient = preferences.find(request.env(su=True), token)
        if not recipient:
            return self._guessed()
        use_language(personalize.language(recipient.partner_id, recipient.company_id))
        recipient = recipient.with_context(lang=request.env.lang)
        if request.httprequest.method != "POST":
            done = request.params.get("done")
            return self._show(recipient, done if done in ("saved", "stopped", "same") else None)
        return self._change(recipient)

    def _guessed(self):
        use_language()
        own = read_committed(request.env.cr)
        throttle.take(own, ("preference_guess", visitor_network()))
        return missing(
            request.env._(
                "This link does not work, or not any more. To stop the texts of a sender, "
                "reply STOP to any of them."
            )
        )

    def _show(self, recipient, done=None, *, has_changed=False):
        offered = preferences.choices(recipient)
        return page(
            "sms_marketing.preference_page",
            recipient.company_id,
            action=f"/sms/preferences/{recipient.token}",
            choices=offered,
            fingerprint=preferences.fingerprint(request.env, offered),
            number=masked(recipient.number),
            done=done,
            has_changed=has_changed,
        )

    def _change(self, recipient):
        form = request.httprequest.form
        address = request.httprequest.remote_addr
        own = read_committed(request.env.cr)
        recipient = recipient.with_env(own(context={"lang": request.env.lang}))
        if "stop" in form:
            preferences.stop(recipient, address)
            wait_for_hand_over(own.cr, [recipient.number])
            return self._redirect(recipient, "stopped")
        offered = preferences.choices(recipient)
        if form.get("fingerprint") != preferences.fingerprint(own, offered):
            # What was ticked may have read otherwise: nobody agrees to what was not on the page.
            return self._show(recipient, has_changed=True)
        ticked = set(form.getlist("type"))
        # Compared as text: a visitor may send digits that no number is made of.
        chosen = {one.type_id for one in offered if str(one.type_id) in ticked}
        changed = preferences.save(recipient, offered, chosen, address)
        if changed:
            wait_for_hand_over(own.cr, [recipient.number])
        return self._redirect(recipient, "saved" if changed else "same")

    def _redirect(self, recipient, done):
        """To the page as it is now, so that a reload repeats nothing."""
        return request.redirect(
            f"/sms/preferences/{recipient.token}?lang={request.env.lang}&done={done}", code=303
        )
