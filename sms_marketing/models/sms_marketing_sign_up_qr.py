import base64
from urllib.parse import quote

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..text import qr

#: What can be downloaded: file name's end -> MIME type, and what draws it.
FORMATS = {"png": ("image/png", qr.png), "svg": ("image/svg+xml", qr.svg)}
SUBJECTS = ("page", "text")


class SmsMarketingSignUpForm(models.Model):
    """Ways to a sign-up: QR codes of the page and of a text with the keyword, and its link (B4)."""

    _inherit = "sms.marketing.sign.up.form"

    keyword_id = fields.Many2one(
        "sms.marketing.keyword",
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        domain="[('action', '=', 'join')]",
        help="People can text this word instead of opening the page.",
    )
    text_number = fields.Char(
        string="Text to", compute="_compute_text_link", help="What people text the keyword to."
    )
    text_link = fields.Char(
        string="Tap-to-text Link",
        compute="_compute_text_link",
        help="On a phone it opens a text to your number with the keyword written. "
        "iPhones and Android phones understand it.",
    )
    page_qr = fields.Binary(string="QR Code of the Page", compute="_compute_qr")
    text_qr = fields.Binary(string="QR Code of the Text", compute="_compute_qr")

    @api.depends("keyword_id.name", "sender_id", "company_id")
    def _compute_text_link(self):
        for form in self:
            sender = form._sender()
            # Nobody can text to a name.
            number = sender.value if sender.kind in ("number", "short_code") else False
            form.text_number = number
            # “?” is the standard's separator (RFC 5724), “&” what older iPhones want.
            form.text_link = (
                f"sms:{number}?&body={quote(form.keyword_id.name)}"
                if number and form.keyword_id and not form.keyword_id.overruled
                else False
            )

    @api.depends("page_url", "text_link")
    def _compute_qr(self):
        for form in self:
            for subject in SUBJECTS:
                image = form._qr(subject, "png")
                form[f"{subject}_qr"] = base64.b64encode(image) if image else False

    def _qr_value(self, subject):
        """What a camera reads; False where there is nothing to read."""
        if subject == "page":
            return self.page_url
        # The form that the cameras of iPhones and Android phones turn into a text.
        return self.text_link and f"SMSTO:{self.text_number}:{self.keyword_id.name}"

    def _qr(self, subject, file_format):
        """The QR code as the bytes of a PNG or SVG file; None where there is nothing to read."""
        self.ensure_one()
        value = self._qr_value(subject)
        _mime_type, draw = FORMATS[file_format]
        return draw(value) if value else None

    def action_download_qr(self):
        """Download a QR code: ``subject`` and ``file_format`` come from the button's context."""
        self.ensure_one()
        self.check_access("read")
        subject = self.env.context.get("subject", "page")
        file_format = self.env.context.get("file_format", "png")
        if not self._qr_value(subject):
            raise UserError(
                self.env._("Choose a keyword, and a sender that people can text to, first.")
            )
        return {
            "type": "ir.actions.act_url",
            "url": f"/sms_marketing/sign_up_form/{self.id}/{subject}.{file_format}",
            "target": "download",
        }
