"""From a message to each recipient's text: the same way for preview, sending and looking back."""

from typing import NamedTuple

from ..text.segments import analyse
from ..text.template import compile_template
from .links import short_link
from .personalize import token_values


class Addressee(NamedTuple):
    """Whom a text is written for: a contact's id (None: defaults stand in) and a link token."""

    partner_id: int | None
    token: str


class MessageTexts:
    """The texts of one message: its body is compiled once, then filled in for each recipient."""

    def __init__(self, message):
        self.message = message
        self.template = compile_template(message.body or "")
        self.base_url = message._short_link_base()
        self._opt_outs = {}

    @property
    def is_shared(self):
        """Whether all recipients get the same text, but for the code in their short links."""
        return not self.template.is_personal and not self._translates_opt_out

    @property
    def _translates_opt_out(self):
        if not self.message.include_opt_out_text:
            return False
        installed = self.message.env["res.lang"].sudo().get_installed()
        return len({self._opt_out(code) for code, _name in installed}) > 1

    def render_all(self, rows):
        """The text of each row.

        :param rows: ``Addressee``, or anything else with its two attributes
        :rtype: list[str]
        """
        env = self.message.env
        paths = {token.path for token in self.template.tokens}
        ids = list({row.partner_id for row in rows if row.partner_id})
        values = (
            token_values(env, paths, ids, self.message.company_id.id)
            if paths and self.template.is_personal
            else {}
        )
        langs = (
            dict(env["res.partner"].sudo().browse(ids).mapped(lambda p: (p.id, p.lang)))
            if self.message.include_opt_out_text
            else {}
        )
        return [
            self._render(values.get(row.partner_id, {}), row.token, langs.get(row.partner_id))
            for row in rows
        ]

    def preview(self):
        """The text with every token's default, and links as long as they will be."""
        return self._render({}, "x" * 12, self.message.company_id.partner_id.lang)

    def _render(self, values, token, lang):
        body = self.template.render(
            lambda part: values.get(part.path, ""),
            lambda index: short_link(self.base_url, token, index),
        )
        opt_out = self._opt_out(lang) if self.message.include_opt_out_text else ""
        return f"{body}\n{opt_out}" if body and opt_out else body or opt_out

    def _opt_out(self, lang):
        if lang not in self._opt_outs:
            company = self.message.company_id.sudo().with_context(lang=lang)
            self._opt_outs[lang] = company.sms_marketing_opt_out_text or ""
        return self._opt_outs[lang]

    def segmentation(self):
        """``Segmentation`` of the preview."""
        return analyse(self.preview())
