import re
import secrets

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..text.links import find

#: What an address of a page may be made of.
SLUG = re.compile(r"[a-z0-9](?:-?[a-z0-9]){2,63}")
#: Last parts of addresses of ours below a form's.
_RESERVED = frozenset({"preferences"})
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class SmsMarketingSignUpForm(models.Model):
    """A page for the public where people agree to get texts (B4)."""

    _name = "sms.marketing.sign.up.form"
    _inherit = ["sms.marketing.guarded", "mail.thread", "mail.activity.mixin"]
    _description = "SMS Sign-up Form"
    _order = "name, id"

    name = fields.Char(required=True, help="What you call it among yourselves.")
    active = fields.Boolean(default=True, help="The page of an archived form does not exist.")
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        default=lambda self: self.env.user,
        check_company=True,
        index=True,
    )
    slug = fields.Char(
        string="Address",
        required=True,
        copy=False,
        default=lambda self: self._random_slug(),
        help="The last part of the page's address: small letters, digits and dashes. "
        "A random one is found by nobody who was not told.",
    )
    title = fields.Char(
        required=True, translate=True, default=lambda self: self.env._("Get our texts")
    )
    introduction = fields.Text(translate=True, help="Above the form: what you send and how often.")
    thanks = fields.Text(
        string="Thank-you Text", translate=True, help="What people read when they have signed up."
    )
    asks_name = fields.Boolean(
        string="Ask for the Name", default=True, help="Nobody has to fill it in."
    )
    privacy_url = fields.Char(
        string="Privacy Policy", help="Address of your privacy policy, linked below the form."
    )
    sender_id = fields.Many2one(
        "sms.marketing.sender",
        check_company=True,
        index="btree_not_null",
        help="Sends the code that proves the number. Empty: the company's first sender.",
    )
    country_ids = fields.Many2many(
        "res.country",
        "sms_marketing_sign_up_form_country_rel",
        string="Countries",
        help="Codes are texted to mobile numbers of these countries only. Empty: those of the "
        "sender, or else the company's.",
    )
    codes_a_day = fields.Integer(
        string="Codes a Day",
        help="No more codes than this are texted within 24 hours, so that nobody runs up your "
        "costs. 0: as many as the company's limit in the settings allows.",
    )
    choice_ids = fields.One2many(
        "sms.marketing.sign.up.choice", "form_id", string="Subscription Types", copy=True
    )
    page_url = fields.Char(string="Page", compute="_compute_page_url")
    asked_count = fields.Integer(
        string="Codes Sent", compute="_compute_counts", help="People who were sent a code."
    )
    confirmed_count = fields.Integer(
        string="Signed Up", compute="_compute_counts", help="People who typed their code."
    )

    _codes_a_day = models.Constraint("CHECK (codes_a_day >= 0)", "Enter 0 or more codes a day.")
    _slug_unique = models.UniqueIndex("(slug)", "Another form has this address.")

    @api.model
    def _random_slug(self):
        return "".join(secrets.choice(_ALPHABET) for _character in range(10))

    @api.constrains("slug")
    def _check_slug(self):
        for form in self:
            if not SLUG.fullmatch(form.slug) or form.slug in _RESERVED:
                raise ValidationError(
                    self.env._(
                        "“%s” cannot be an address: write 3 to 64 small letters and digits, with "
                        "single dashes between them, such as spring-offers.",
                        form.slug,
                    )
                )

    @api.constrains("privacy_url")
    def _check_privacy_url(self):
        for form in self.filtered("privacy_url"):
            links = find(form.privacy_url)
            is_whole = [link.url for link in links] == [form.privacy_url]
            if not is_whole or not form.privacy_url.lower().startswith("http"):
                raise ValidationError(
                    self.env._(
                        "“%s” is no web address: write one such as https://example.com/privacy.",
                        form.privacy_url,
                    )
                )

    @api.depends("slug")
    def _compute_page_url(self):
        for form in self:
            form.page_url = f"{form.get_base_url()}/sms/sign-up/{form.slug}" if form.slug else False

    def _compute_counts(self):
        sign_ups = self.env["sms.marketing.sign.up"].sudo()
        counts = {
            form: (asked, confirmed)
            for form, asked, confirmed in sign_ups._read_group(
                [("form_id", "in", self.ids)], ["form_id"], ["__count", "confirmed_at:count"]
            )
        }
        for form in self:
            form.asked_count, form.confirmed_count = counts.get(form.sudo(), (0, 0))

    def action_open_page(self):
        """Look at the page as people see it."""
        self.ensure_one()
        self.check_access("read")
        return {"type": "ir.actions.act_url", "url": self.page_url, "target": "new"}

    def _sender(self):
        """What sends this form's codes; empty where the company has no sender."""
        self.ensure_one()
        own = self.sender_id
        return (
            own
            if own.active
            else self.env["sms.marketing.sender"].search(
                [("company_id", "=", self.company_id.id)], limit=1
            )
        )

    def _countries(self):
        """Where its codes may go; empty only where neither form, sender nor company has one."""
        self.ensure_one()
        company = self.company_id.sudo()
        return self.country_ids or self._sender().country_ids or company.country_id

    def _is_own_number(self, number):
        """Whether a sender of any company has this number: no phone reads its texts."""
        senders = self.env["sms.marketing.sender"].sudo().with_context(active_test=False)
        return bool(senders.search_count([("value", "=", number)], limit=1))

    def _tell_administrators(self, words):
        """Ask the company's SMS administrators to look at what its page is used for."""
        self.env["sms.marketing.gateway"]._tell_company(self, words)

    def _offered(self):
        """The choices that the page offers, those of archived types left out."""
        return self.choice_ids.filtered("type_id.active")

    def _small_print(self):
        """What stands below the choices and belongs to what is agreed to."""
        self.ensure_one()
        return self.env._(
            "%(company)s sends these texts to your phone. To agree is no condition of any "
            "purchase. Message and data rates may apply. Reply STOP to any text to end them, HELP "
            "for help.",
            company=self.company_id.name,
        )
