from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import frozendict

from ..engine.vocabulary import KEYWORD_ACTIONS
from ..text.keywords import normalise
from .sms_marketing_protected import GENERATED

#: Where one word has two meanings that fit equally well, the safe one counts.
_SAFEST_FIRST = ["stop", "help", "confirm", "start", "join"]

#: A text this long is no keyword: it is not even looked up.
_LONGEST = 160


class SmsMarketingKeyword(models.Model):
    """A word that a contact can text back, and what it does."""

    _name = "sms.marketing.keyword"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Keyword"
    _order = "action, name"
    _protected = frozendict(normalised=GENERATED)

    name = fields.Char(string="Keyword", required=True)
    normalised = fields.Char(compute="_compute_normalised", store=True, precompute=True)
    action = fields.Selection(
        KEYWORD_ACTIONS,
        required=True,
        help="Confirm a sign-up: counts only while a number is asked to confirm one, "
        "and as any other reply else. Opt in again does that too.",
    )
    lang_id = fields.Many2one(
        "res.lang",
        string="Language",
        ondelete="restrict",
        help="The language that the word belongs to: who is no contact yet is answered in it, and "
        "where a word means two things, that of the contact's language counts. "
        "The word counts whatever language a contact has.",
    )
    type_id = fields.Many2one(
        "sms.marketing.subscription.type",
        string="Subscription Type",
        check_company=True,
        ondelete="cascade",
        index="btree_not_null",
        help="What a sign-up is for. For the other actions, empty: all types of the company.",
    )
    answer = fields.Char(
        translate=True, help="What is answered. Empty: the company's answer, in the settings."
    )
    wording = fields.Text(
        string="Sign-up Wording",
        translate=True,
        help="What people read where you tell them to text this word; it is kept in the consent "
        "log as evidence.",
    )
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
        help="Empty: the keyword counts for every company.",
    )
    active = fields.Boolean(default=True)

    _normalised_company_unique = models.UniqueIndex(
        "(normalised, COALESCE(company_id, 0), COALESCE(lang_id, 0))",
        "This keyword exists already: case, spaces and punctuation make no difference.",
    )
    _normalised_not_empty = models.Constraint(
        "CHECK (normalised <> '')", "A keyword needs at least one letter or digit."
    )
    _join_has_type = models.Constraint(
        "CHECK (action <> 'join' OR type_id IS NOT NULL)",
        "Say which subscription type the keyword signs up to.",
    )

    @api.depends("name")
    def _compute_normalised(self):
        for keyword in self:
            keyword.normalised = normalise(keyword.name or "")

    @api.depends("type_id")
    def _compute_company_id(self):
        for keyword in self:
            if keyword.type_id:
                keyword.company_id = keyword.type_id.company_id

    @api.constrains("type_id", "action")
    def _check_type(self):
        for keyword in self:
            if keyword.type_id and keyword.action in ("help", "confirm"):
                raise ValidationError(
                    self.env._(
                        "Only opting out, opting in again and signing up can be for one "
                        "subscription type: leave it empty for “%s”.",
                        keyword.name,
                    )
                )

    @api.model
    def _find(self, text, company, lang=None):
        """The keyword that a text from a contact is; empty where it is none.

        A keyword of the company goes before one for every company; then one of the contact's
        language before one of no language, before one of another language.

        :param lang: code of the contact's language, such as ``nl_BE``
        """
        if len(text) > _LONGEST:
            return self.browse()
        found = self.sudo().search(
            [("normalised", "=", normalise(text)), ("company_id", "in", [company.id, False])]
        )
        return found.sorted(
            lambda keyword: (
                not keyword.company_id,
                _distance(keyword.lang_id.code, lang),
                _SAFEST_FIRST.index(keyword.action),
                keyword.id,
            )
        )[:1]


def _distance(code, lang):
    """0 for the same language, whatever the country; 1 for none; 2 for another one."""
    if not code:
        return 1
    return 0 if lang and code.split("_")[0] == lang.split("_")[0] else 2
