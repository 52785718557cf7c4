from datetime import timedelta
from urllib.parse import urlsplit

from odoo import fields, models
from odoo.tools import SQL, format_datetime

from ..engine import audience, personalize
from ..engine.review import WARNING, Finding
from ..text.keywords import mentions
from ..text.reserved_words import OPT_OUT_WORDS
from ..text.segments import UCS_2
from ..text.template import compile_template, has_preference_link

#: Days in which the same text is taken for sent by mistake, and hours for any text to a list.
SAME_TEXT_DAYS = 30
SAME_LIST_HOURS = 24

#: Columns whose emptiness PostgreSQL can tell.
_PLAIN_TYPES = ("char", "text", "selection", "date", "datetime", "many2one")

_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")


class SmsMarketingMessage(models.Model):
    """What the sender of a message should know of its text before it goes out: warnings."""

    _inherit = "sms.marketing.message"

    def _review_opt_out(self, facts):
        """Whether the text says how to opt out (S7)."""
        company = self.company_id.sudo()
        codes = [code for code, _name in self.env["res.lang"].sudo().get_installed()]
        wordings = [company.with_context(lang=code).sms_marketing_opt_out_text for code in codes]
        body = self.body or ""
        if (
            (self.include_opt_out_text and all(wordings))
            or has_preference_link(body)
            or any(wording and wording.casefold() in body.casefold() for wording in wordings)
        ):
            return []
        keywords = self.env["sms.marketing.keyword"].sudo()
        stops = keywords.search(
            [("action", "=", "stop"), ("company_id", "in", [company.id, False])]
        )
        if mentions(body, {*OPT_OUT_WORDS, *stops.mapped("name")}):
            return []
        text = self.env._(
            "The text does not say how to opt out. Add the default opt-out text, or write it."
        )
        mend = (
            self._mend_text()
            if self.include_opt_out_text
            else {"label": self.env._("Add it"), "method": "action_include_opt_out_text"}
        )
        return [Finding(WARNING, "no_opt_out_text", text, mend)]

    def action_include_opt_out_text(self):
        """Mends the warning of ``_review_opt_out``."""
        self.check_access("write")
        self.include_opt_out_text = True

    def _review_encoding(self, facts):
        """Whether characters outside GSM-7 make the text take more segments."""
        if not facts.segments_per_text:
            return []
        estimate = self._estimate(self.body)
        if estimate.encoding != UCS_2:
            return []
        # Kinds of a token, link and so on have a price of their own, whatever the encoding.
        causes = [cause for cause in estimate.causes if cause.kind in ("emoji", "special", "quote")]
        characters = list(dict.fromkeys(cause.text for cause in causes))
        plain = self._estimate(self._with_plain_equivalents(estimate))
        without = self._estimate(_replaced(self.body, causes, lambda cause: cause.plain or ""))
        cheaper = min(plain.segments, without.segments)
        if cheaper >= estimate.segments:
            return []
        can_replace = plain.segments < estimate.segments
        possible = plain.segments if can_replace else cheaper
        text = self.env._(
            "%(characters)s in the text: each text takes %(segments)s segments instead of "
            "%(cheaper)s.",
            characters=" ".join(characters[:8]) + (" …" if len(characters) > 8 else ""),
            segments=estimate.segments,
            cheaper=possible,
        )
        if facts.recipients:
            more = (estimate.segments - possible) * facts.recipients
            text += " " + self.env._("That is %s segments more for all recipients.", more)
        mend = (
            {"label": self.env._("Replace by plain ones"), "method": "action_plain_equivalents"}
            if can_replace
            else self._mend_text()
        )
        return [Finding(WARNING, "costly_characters", text, mend)]

    def action_plain_equivalents(self):
        """Replace what has a plain equivalent in GSM-7 by it: quotes, dashes and so on."""
        self.ensure_one()
        self.check_access("write")
        self.body = self._with_plain_equivalents(self._estimate(self.body or ""))

    def _with_plain_equivalents(self, estimate):
        causes = [cause for cause in estimate.causes if cause.plain is not None]
        return _replaced(self.body, causes, lambda cause: cause.plain)

    def _review_links(self, facts):
        """Whether phones can follow the short links, and safely."""
        if not facts.segments_per_text or not compile_template(self.body).links:
            return []
        base = self._short_link_base()
        parts = urlsplit(base)
        if parts.hostname in _LOOPBACK:
            text = self.env._(
                "Short links begin with %s, which no phone can reach. Leave the links out, or ask "
                "an administrator to set the web address of Odoo.",
                base,
            )
            return [Finding(WARNING, "links_unreachable", text, self._mend_web_address())]
        if parts.scheme != "https":
            text = self.env._(
                "Short links begin with %s: without https, phones warn of them and carriers may "
                "block the text. Leave the links out, or ask an administrator to set a web address "
                "with https.",
                base,
            )
            return [Finding(WARNING, "links_not_secure", text, self._mend_web_address())]
        return []

    def _mend_web_address(self):
        """The button to the web address of Odoo for those who may set it, else to the links."""
        if not self.env.user.has_group("base.group_system"):
            return self._mend_text()
        parameters = self.env["ir.config_parameter"]
        address = parameters.search([("key", "=", "web.base.url")], limit=1)
        return self._mend_by_opening(self.env._("Set the web address"), address)

    def _mend_text(self):
        return {"label": self.env._("Go to the text"), "page": "content", "field": "body"}

    def _mend_by_opening(self, label, record):
        """A button that opens a record; None where there is none that the user may see."""
        if not record or not record.sudo(False).has_access("read"):
            return None
        return {
            "label": label,
            "action": {
                "type": "ir.actions.act_window",
                "res_model": record._name,
                "res_id": record.id,
                "views": [[False, "form"]],
            },
        }

    def _review_repeated(self, facts):
        """Whether the same text, or any text to one of the lists, went out shortly before."""
        if not self.body:
            return []
        now = fields.Datetime.now()
        others = self.sudo().search(
            [
                ("id", "!=", self.id),
                ("company_id", "=", self.company_id.id),
                ("state", "in", ("sending", "paused", "sent")),
                ("started_at", ">=", now - timedelta(days=SAME_TEXT_DAYS)),
                "|",
                ("body", "=", self.body),
                "&",
                ("include_list_ids", "in", self.include_list_ids.ids),
                ("started_at", ">=", now - timedelta(hours=SAME_LIST_HOURS)),
            ],
            order="started_at desc",
        )
        same_text = others.filtered(lambda other: other.body == self.body)[:1]
        same_list = others.filtered(lambda other: other.include_list_ids & self.include_list_ids)
        findings = []
        if same_text:
            text = self.env._(
                "The same text went out on %(date)s%(name)s.",
                date=self._review_date(same_text.started_at),
                name=self._review_name(same_text),
            )
            mend = self._mend_by_opening(self.env._("Look at that message"), same_text)
            mend = mend or self._mend_text()
            findings.append(Finding(WARNING, "same_text", text, mend))
        recent = (same_list - same_text).filtered(
            lambda other: other.started_at >= now - timedelta(hours=SAME_LIST_HOURS)
        )[:1]
        if recent:
            text = self.env._(
                "A message went to one of these lists on %(date)s%(name)s.",
                date=self._review_date(recent.started_at),
                name=self._review_name(recent),
            )
            mend = self._mend_by_opening(self.env._("Look at that message"), recent)
            mend = mend or self._mend_audience()
            findings.append(Finding(WARNING, "same_list", text, mend))
        return findings

    def _review_name(self, other):
        """The name of another message, for who may see it."""
        other = other.sudo(False)
        return f": “{other.name}”" if other.has_access("read") else ""

    def _review_date(self, moment):
        return format_datetime(self.env, moment, dt_format="short")

    def _review_empty_tokens(self, facts):
        """For how many recipients a token without any default leaves a hole in the text."""
        if not facts.recipients or not facts.segments_per_text:
            return []
        defaults = self.env["sms.marketing.token.default"]._defaults(self.company_id)
        tokens = {
            token.path: token
            for token in compile_template(self.body).tokens
            if not token.default and not defaults.get(token.path)
        }
        columns = {path: column for path in tokens if (column := self._contact_column(path))}
        if not columns:
            return []
        self.env.flush_all()
        [counts] = self.env.execute_query(
            SQL(
                """
                SELECT %s FROM (%s) AS audience JOIN res_partner contact
                    ON contact.id = audience.partner_id
                 WHERE audience.reason IS NULL
                """,
                SQL(", ").join(
                    SQL("count(*) FILTER (WHERE COALESCE(trim(%s::text), '') = '')", column)
                    for column in columns.values()
                ),
                audience.audience_query(self),
            )
        )
        mend = self._mend_text()
        return [
            Finding(
                WARNING,
                "empty_token",
                self.env._(
                    "%(token)s is empty for %(count)s recipients and has no default: their text "
                    "has a hole there.",
                    token=tokens[path].source,
                    count=count,
                ),
                mend,
            )
            for path, count in zip(columns, counts, strict=True)
            if count
        ]

    def _contact_column(self, path):
        """The column of ``res_partner`` that a token reads as it is stored, or None."""
        root, _dot, name = path.rpartition(".")
        field = self.env["res.partner"]._fields.get(name)
        if root != "object" or name in personalize.DERIVED or field is None:
            return None
        is_plain = (
            field.store
            and field.type in _PLAIN_TYPES
            and not field.translate
            and not field.company_dependent
        )
        return SQL.identifier("contact", name) if is_plain else None


def _replaced(text, causes, replacement):
    """The text with the places of these causes replaced; what is not in it stays."""
    placed = [cause for cause in causes if cause.start is not None]
    for cause in sorted(placed, key=lambda cause: cause.start, reverse=True):
        text = text[: cause.start] + replacement(cause) + text[cause.end :]
    return text
