from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import frozendict

from ..engine.vocabulary import KEYWORD_ACTIONS
from ..text.keywords import normalise
from ..text.reserved_words import is_overruled, reserved_action
from .sms_marketing_protected import GENERATED

#: Where one word has two meanings that fit equally well, the safe one counts.
_SAFEST_FIRST = ["stop", "help", "confirm", "start", "join"]

#: A text this long is no keyword: it is not even looked up.
_LONGEST = 160


class SmsMarketingKeyword(models.Model):
    """A word that a contact can text back, and what it does.

    Rows without a company are built in: they show what the add-on understands for every company,
    and nobody changes them. What they do for reserved words (STOP, HELP, …) does not even depend
    on the rows (``text.reserved_words``).
    """

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
        copy=False,
        index=True,
        help="Built-in keywords have no company: they work for all of them.",
    )
    active = fields.Boolean(default=True)
    is_built_in = fields.Boolean(
        string="Built-in",
        compute="_compute_is_built_in",
        help="Works for every company and cannot be changed.",
    )
    overruled = fields.Char(
        string="No Effect",
        compute="_compute_overruled",
        help="Why the keyword does nothing.",
    )

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
            keyword.company_id = (
                keyword.type_id.company_id or keyword.company_id or self.env.company
            )

    @api.depends("company_id")
    def _compute_is_built_in(self):
        for keyword in self:
            keyword.is_built_in = bool(keyword._origin) and not keyword._origin.company_id

    @api.depends("normalised", "action", "type_id")
    def _compute_overruled(self):
        for keyword in self:
            keyword.overruled = keyword._is_overruled() and self._what_it_always_does(keyword.name)

    def _is_overruled(self):
        """Whether the word is reserved for something else, so that this row has no effect."""
        self.ensure_one()
        return is_overruled(self.normalised or "", self.action, for_one_type=bool(self.type_id))

    @api.model
    def _what_it_always_does(self, word):
        action = reserved_action(normalise(word or ""))
        return {
            "stop": lambda: self.env._("“%s” always opts out of all types of the company", word),
            "help": lambda: self.env._("“%s” is always answered with help", word),
            "start": lambda: self.env._("“%s” always opts in again or signs up", word),
        }[action]()

    @api.constrains("name", "action", "type_id")
    def _check_reserved(self):
        for keyword in self:
            if keyword._is_overruled():
                raise ValidationError(
                    self.env._(
                        "%s: the law and the carriers require it, so it cannot be given another "
                        "meaning. Choose another word.",
                        self._what_it_always_does(keyword.name),
                    )
                )

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

    def write(self, vals):
        self._refuse_built_in()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_built_in(self):
        self._refuse_built_in()
        reserved = self.filtered(lambda one: not one.company_id and reserved_action(one.normalised))
        if reserved:
            raise UserError(self._built_in_problem(reserved[0]))

    def _refuse_built_in(self):
        built_in = self.sudo().filtered(lambda keyword: not keyword.company_id)
        if built_in and not self.env.su:
            raise AccessError(self._built_in_problem(built_in[0]))

    def _built_in_problem(self, keyword):
        return self.env._(
            "“%s” is built in for every company and cannot be changed or deleted. To answer it in "
            "your own words, open it and choose “Write your own answer”.",
            keyword.name,
        )

    def _check_written(self):
        """Only the installation makes keywords for every company."""
        if not all(keyword.company_id for keyword in self.sudo()):
            raise AccessError(
                self.env._("A keyword belongs to a company: choose the company that it is for.")
            )
        return super()._check_written()

    def action_write_own_answer(self):
        """Open the company's own keyword of the same word, a new one where it has none."""
        self.ensure_one()
        self.check_access("read")
        company = self.env.company
        own = self.search(
            [
                ("normalised", "=", self.normalised),
                ("company_id", "=", company.id),
                ("lang_id", "=", self.lang_id.id),
            ],
            limit=1,
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Your own answer to “%s”", self.name),
            "res_model": self._name,
            "res_id": own.id,
            "views": [[False, "form"]],
            "context": {
                "default_name": self.name,
                "default_action": self.action,
                "default_lang_id": self.lang_id.id,
                "default_company_id": company.id,
            },
        }

    @api.model
    def _find(self, text, company, lang=None):
        """What a text from a contact asks for, and the keyword that it is.

        A reserved word keeps its meaning, whatever keywords there are. Apart from that, a keyword
        of the company goes before a built-in one; then one of the contact's language before one
        of no language, before one of another language.

        :param lang: code of the contact's language, such as ``nl_BE``
        :return: the action, None where the text is no keyword; the keyword, empty where there is
            none or where a reserved word has none
        """
        if len(text) > _LONGEST:
            return None, self.browse()
        key = normalise(text)
        found = self.sudo().search(
            [("normalised", "=", key), ("company_id", "in", [company.id, False])]
        )
        keyword = found.filtered(lambda keyword: not keyword._is_overruled()).sorted(
            lambda keyword: (
                not keyword.company_id,
                _distance(keyword.lang_id.code, lang),
                _SAFEST_FIRST.index(keyword.action),
                keyword.id,
            )
        )[:1]
        return keyword.action or reserved_action(key), keyword


def _distance(code, lang):
    """0 for the same language, whatever the country; 1 for none; 2 for another one."""
    if not code:
        return 1
    return 0 if lang and code.split("_")[0] == lang.split("_")[0] else 2
