"""From a message to each recipient's text: the same way for preview, sending and looking back."""

from functools import cached_property
from typing import NamedTuple

from ..text.encoding import strip_control
from ..text.segments import analyse
from ..text.template import PREFERENCE_PAGE, compile_template, fill_preference_link
from .links import short_link
from .personalize import language, languages, token_values
from .preference_links import PLACEHOLDER


class Addressee(NamedTuple):
    """Whom a text is written for: a contact's id (None: defaults stand in) and a link token."""

    partner_id: int | None
    token: str


class MessageTexts:
    """The texts of one message: its body is compiled once, then filled in for each recipient.

    They are as users may read them: in place of the preference link's code stands a placeholder,
    see ``preference_links``.
    """

    #: Stands for the code of a recipient in examples, as long as the real ones.
    EXAMPLE_TOKEN = "k7Qm2xVb9TzA"

    def __init__(self, message):
        self.message = message
        self.template = compile_template(message.body or "")
        self.base_url = message._short_link_base()
        self._opt_outs = {}

    @property
    def is_shared(self):
        """Whether all recipients get the same text, but for the code in their short links."""
        return not self.template.is_personal and not self._translates_opt_out

    @cached_property
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
            languages(env["res.partner"].sudo().browse(ids), self._company)
            if self.message.include_opt_out_text and not self.is_shared
            else {}
        )
        return [
            self._render(values.get(row.partner_id, {}), row.token, langs.get(row.partner_id))
            for row in rows
        ]

    def preview(self):
        """The text with every token's default, and links as long as they will be."""
        return self._render({}, self.EXAMPLE_TOKEN, None)

    def link(self, token, index):
        """What stands in a text in place of a link.

        :param token: of the recipient
        :param index: of the message's links, or ``PREFERENCE_PAGE``
        """
        if index == PREFERENCE_PAGE:
            return self.base_url + PLACEHOLDER
        return short_link(self.base_url, token, index)

    def _render(self, values, token, lang):
        body = self.template.render(
            lambda part: self._value(part, values),
            lambda index: self.link(token, index),
        )
        opt_out = self._opt_out(lang) if self.message.include_opt_out_text else ""
        opt_out = fill_preference_link(opt_out, self.link(token, PREFERENCE_PAGE))
        return f"{body}\n{opt_out}" if body and opt_out else body or opt_out

    def _value(self, token, values):
        """A contact's value; where it is empty, the token's own default, else the account's."""
        value = strip_control(values.get(token.path) or "").strip()
        return value or token.default or self._account_defaults.get(token.path, "")

    @cached_property
    def _account_defaults(self):
        return self.message.env["sms.marketing.token.default"]._defaults(self.message.company_id)

    @cached_property
    def _company(self):
        return self.message.company_id.sudo()

    def _opt_out(self, lang):
        if lang not in self._opt_outs:
            code = lang or language(self.message.env["res.partner"], self._company)
            company = self._company.with_context(lang=code)
            self._opt_outs[lang] = company.sms_marketing_opt_out_text or ""
        return self._opt_outs[lang]

    def segmentation(self):
        """``Segmentation`` of the preview."""
        return analyse(self.preview())
