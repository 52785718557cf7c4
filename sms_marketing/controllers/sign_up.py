from odoo import http
from odoo.http import request
from odoo.tools.misc import hmac

from ..engine import sign_up, sign_up_limits
from ..engine.transactions import read_committed
from ..models.sms_marketing_sign_up_form import SLUG
from ..text.numbers import (
    InvalidNumber,
    NumberProblem,
    is_textable,
    masked,
    parse_number,
    region_of,
)
from . import visitor
from .proof import proof_page
from .public_page import busy, missing, page, use_language

#: Bytes of a form that people can fill in.
MOST_BYTES = 64 * 1024
LONGEST_NAME = 80
#: Longer than any way to write a number.
_LONGEST_NUMBER = 80
_LONGEST_SOURCE = 200
_ROUTE = {
    "type": "http",
    "auth": "public",
    "sitemap": False,
    "max_content_length": MOST_BYTES,
}


class SignUpController(http.Controller):
    """The public page where people agree to get texts (B4): form, code, thanks."""

    @http.route("/sms/sign-up/<string:slug>", methods=["GET", "HEAD", "POST"], **_ROUTE)
    def sign_up(self, slug, **_parameters):
        """Show the form; a POST with a good number and a tick texts a code."""
        form = self._form(slug)
        if not form:
            return missing()
        if request.httprequest.method != "POST":
            return self._show_form(form)
        own = form.with_env(read_committed(request.env.cr)(context={"lang": request.env.lang}))
        values, problems = self._read(own)
        if problems:
            return self._show_form(own, values, problems, status=422)
        wanted = sign_up.Request(
            values["number"],
            values["name"],
            tuple(
                (choice.type_id.id, choice._shown_wording())
                for choice in own._offered()
                if choice.type_id.id in values["types"]
            ),
            visitor.visitor_network(),
            _source(),
        )
        demand = sign_up_limits.Demand(own.company_id, own, wanted.number, wanted.network)
        if first := proof_page(own.env, demand, f"/sms/sign-up/{form.slug}"):
            return first
        token = sign_up.ask(own, wanted)
        if not token:
            return busy(form.company_id)
        return self._redirect(form, f"code/{token}")

    @http.route(
        "/sms/sign-up/<string:slug>/code/<string:token>", methods=["GET", "HEAD", "POST"], **_ROUTE
    )
    def code(self, slug, token, **_parameters):
        """Ask for the code that was texted; a POST with the right one subscribes the number."""
        form = self._form(slug)
        own = request.env(su=True)
        if request.httprequest.method == "POST":
            own = read_committed(request.env.cr)(context={"lang": request.env.lang})
        found = form and sign_up.find(form.with_env(own), token)
        if not found:
            return missing(
                request.env._("This sign-up is too old, or not known here. Please begin again.")
            )
        if found.confirmed_at:
            return self._redirect(form, "thanks")
        if request.httprequest.method != "POST":
            return self._show_code(found, was_sent_again=visitor.parameter("sent") == "again")
        if visitor.has("again"):
            demand = sign_up.demand_of(found, visitor.visitor_network())
            if first := proof_page(own, demand, f"/sms/sign-up/{form.slug}/code/{token}"):
                return first
            if not sign_up.ask_again(found, demand.network):
                return busy(form.company_id)
            return self._redirect(form, f"code/{token}", "&sent=again")
        typed = visitor.field("code").replace(" ", "")
        if sign_up.confirm(found, typed, visitor.address()):
            return self._redirect(form, "thanks")
        problem = request.env._(
            "This code is wrong or has expired. Check it, or have a new one sent."
        )
        return self._show_code(found, problem, status=422)

    @http.route("/sms/sign-up/<string:slug>/thanks", methods=["GET", "HEAD"], **_ROUTE)
    def thanks(self, slug, **_parameters):
        form = self._form(slug)
        if not form:
            return missing()
        return page("sms_marketing.sign_up_thanks", form.company_id, form=form)

    # ------------------------------------------------------------
    # Reading
    # ------------------------------------------------------------

    def _form(self, slug):
        """The form of an address, in the visitor's language; empty where there is none."""
        lang = use_language()
        forms = request.env(su=True)["sms.marketing.sign.up.form"].with_context(lang=lang)
        return forms.search([("slug", "=", slug)], limit=1) if SLUG.fullmatch(slug) else forms

    def _read(self, form):
        """What was filled in, cleaned, and what is wrong with it by field."""
        # One character more than may be, to say that there are too many.
        name = visitor.field("name", LONGEST_NAME + 1)
        typed_number = visitor.field("number", _LONGEST_NUMBER)
        ticked = visitor.ticked("type")
        values = {
            "typed_number": typed_number,
            "name": name,
            "types": {one.id for one in form._offered().type_id if str(one.id) in ticked},
        }
        problems = {}
        try:
            values["number"] = parse_number(typed_number, form.company_id.country_id.code or None)
        except InvalidNumber as error:
            problems["number"] = _number_problem(form.env, error.reason)
        else:
            if problem := self._target_problem(form, values["number"]):
                problems["number"] = problem
        if len(name) > LONGEST_NAME:
            problems["name"] = form.env._("A name has %s characters at most.", LONGEST_NAME)
        if not values["types"]:
            problems["types"] = form.env._("Tick at least one kind of texts that you want to get.")
        if visitor.field("fingerprint") != _fingerprint(form):
            # Nobody agrees to what was not on the page.
            values["types"] = set()
            problems["types"] = form.env._(
                "This text has changed since you opened the page. Please read it and tick again."
            )
        if visitor.field("website"):
            problems["website"] = form.env._("Leave this field empty.")
        return values, problems

    def _target_problem(self, form, number):
        """Why no code is texted to a number that exists; None where one is."""
        sender, countries = form._sender(), form._countries()
        if not sender or not countries:
            return form.env._("We cannot send texts at the moment. Try again later.")
        prefixes = tuple(sender._allowed_prefixes())
        if region_of(number) in countries.mapped("code"):
            is_allowed = not prefixes or number.startswith(prefixes)
        else:
            # A number of no country at all is no mobile number either: said below.
            is_allowed = region_of(number) is None
        if not is_allowed:
            return form.env._(
                "We do not text numbers of this country. Use a number of: %s.",
                ", ".join(countries.sorted("name").mapped("name")),
            )
        if not is_textable(number) or form._is_own_number(number):
            return form.env._("We cannot text this number. Enter the number of a mobile phone.")
        return None

    # ------------------------------------------------------------
    # Showing
    # ------------------------------------------------------------

    def _show_form(self, form, values=None, problems=None, status=200):
        return page(
            "sms_marketing.sign_up_page",
            form.company_id,
            status=status,
            is_private=False,
            form=form,
            choices=form._offered(),
            small_print=form._small_print(),
            fingerprint=_fingerprint(form),
            values=values or {"typed_number": "", "name": "", "types": set()},
            problems=problems or {},
            action=f"/sms/sign-up/{form.slug}",
        )

    def _show_code(self, found, problem=None, *, status=200, was_sent_again=False):
        form = found.form_id
        return page(
            "sms_marketing.sign_up_code",
            form.company_id,
            status=status,
            number=masked(found.number),
            problem=problem,
            was_sent_again=was_sent_again,
            minutes=sign_up.LIFETIME,
            action=f"/sms/sign-up/{form.slug}/code/{found.token}",
            begin_again=f"/sms/sign-up/{form.slug}",
        )

    def _redirect(self, form, where, suffix=""):
        return request.redirect(
            f"/sms/sign-up/{form.slug}/{where}?lang={request.env.lang}{suffix}", code=303
        )


def _fingerprint(form):
    """Tells whether what is agreed to still reads as it did when the page was shown."""
    shown = [(choice.type_id.id, choice._shown_wording()) for choice in form._offered()]
    return hmac(form.env(su=True), "sms_marketing.wording", shown)


def _source():
    """The UTM parameters that Odoo remembers of this visitor, as text."""
    found = []
    for parameter, _field, cookie in request.env["utm.mixin"].tracking_fields():
        value = visitor.parameter(parameter, _LONGEST_SOURCE)
        value = value or visitor.cookie(cookie, _LONGEST_SOURCE)
        if value:
            found.append(f"{parameter}={value}")
    return ", ".join(found)[:_LONGEST_SOURCE]


def _number_problem(env, reason):
    """What is wrong with a number, in the language of the environment."""
    return {
        NumberProblem.EMPTY: env._("Enter your mobile number."),
        NumberProblem.NOT_A_NUMBER: env._("This is no phone number. Enter digits only."),
        NumberProblem.NO_COUNTRY: env._(
            "Begin with + and the code of your country, such as +1 202 555 0123."
        ),
        NumberProblem.UNKNOWN_CALLING_CODE: env._(
            "No country has this code. Check the digits after +."
        ),
        NumberProblem.TOO_SHORT: env._("This number has too few digits, or lacks its area code."),
        NumberProblem.TOO_LONG: env._("This number has too many digits."),
        NumberProblem.EXTENSION: env._(
            "No text can reach an extension. Enter the number of a mobile phone."
        ),
        NumberProblem.INVALID: env._("No phone has this number. Check its digits."),
    }[reason]
