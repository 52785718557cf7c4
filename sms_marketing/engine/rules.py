"""Rules of lists: a domain on contacts that is used with the rights of whoever wrote it.

A rule finds what its author would find in Contacts, with the author's access rights, field groups
and record rules: it tells nobody anything that the author could not read, and what it finds depends
neither on who looks at it nor on who presses Send.
"""

from odoo import SUPERUSER_ID
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL
from psycopg2 import Error as DatabaseError

from ..text.literal import read_list

#: Whoever writes rules, and must still have this role when they are used.
AUTHORS = "sms_marketing.group_manager"

#: Characters of a rule; longer ones are not even parsed.
MOST_CHARACTERS = 100_000

#: Fields of contacts that look at messages and lists, whose contacts are found with the rights of
#: other authors and might depend on this very rule.
BARRED_FIELDS = frozenset({"sms_audience", "sms_in_list"})

#: Operators that skip record rules: for code only. Odoo lets them pass in capital letters.
INTERNAL_OPERATORS = frozenset({"any!", "not any!"})

_MISTAKES = (
    ValueError,
    SyntaxError,
    TypeError,
    KeyError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    RecursionError,
    MemoryError,
)


class RuleProblem(Exception):
    """Why a rule cannot be used: a sentence for its reader, and how to fix it."""


def query(written, author, company):
    """The contacts that a rule selects now: its company's and shared ones, archived ones left out.

    :param str written: the rule, a literal list of conditions
    :param author: the user with whose rights it selects, a ``res.users`` in the reader's language
    :param company: ``res.company`` that the list belongs to
    :return: ``Query`` of ids of ``res.partner``
    :raise RuleProblem: the rule is wrong, or may no longer be used
    """
    env = author.env
    _check_author(author, company)
    partners = _partners(author, company)
    try:
        if len(written or "") > MOST_CHARACTERS:
            raise ValueError(env._("it has more than %d characters", MOST_CHARACTERS))
        conditions = read_list(written)
        # Paths become subdomains, so that every field of them is looked at.
        domain = Domain(conditions).optimize(partners)
        _check_fields(author, partners, domain)
        return partners._search(domain & Domain("company_id", "in", [company.id, False]))
    except AccessError as error:
        raise RuleProblem(
            env._(
                "It uses something that its author, %s, may not read. A manager who may read it "
                "can take the rule over.",
                author.sudo().name,
            )
        ) from error
    except (*_MISTAKES, UserError) as error:
        said = str(error).rstrip(".") or type(error).__name__
        raise RuleProblem(env._("There is a mistake in it: %s. Fix the rule.", said)) from error


def probe(env, found):
    """Raise ``RuleProblem`` where the database cannot answer the query.

    Some mistakes show only there: a name where an id belongs. What the database says about them
    may hold values of contacts and is told to nobody.
    """
    try:
        with env.cr.savepoint():
            env.cr.execute(
                SQL("SELECT FROM (%s) AS found LIMIT 1", found.select()), log_exceptions=False
            )
    except (DatabaseError, ValueError) as error:  # ValueError: a NUL
        raise _incomparable(env, error) from error


def count(env, queries):
    """How many contacts each of these queries finds, by one statement.

    :raise RuleProblem: the database cannot answer one of them
    :rtype: list[int]
    """
    if not queries:
        return []
    try:
        with env.cr.savepoint():
            env.cr.execute(
                SQL(
                    "SELECT %s",
                    SQL(", ").join(
                        SQL("(SELECT count(*) FROM (%s) AS found)", one.select()) for one in queries
                    ),
                ),
                log_exceptions=False,
            )
            return list(env.cr.fetchone())
    except (DatabaseError, ValueError) as error:  # ValueError: a NUL
        raise _incomparable(env, error) from error


def _incomparable(env, error):
    if isinstance(error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
        raise error
    return RuleProblem(
        env._("One of its conditions compares a field with a value of another kind. Fix the rule.")
    )


def _check_author(author, company):
    """Raise ``RuleProblem`` unless the author may still write rules for the company."""
    env, known = author.env, author.sudo()
    if known.id == SUPERUSER_ID:  # the installation, or code that works as it
        return
    if not known:
        problem = env._("It no longer has an author.")
    elif not known.active:
        problem = env._("Its author, %s, is archived.", known.name)
    elif not known.has_group(AUTHORS):
        problem = env._("Its author, %s, is no longer a manager of Marketing SMS.", known.name)
    elif company not in known.company_ids:
        problem = env._("Its author, %s, has no access to the company of the list.", known.name)
    else:
        return
    raise RuleProblem(env._("%s A manager can take the rule over.", problem))


def _partners(author, company):
    """Contacts as the author sees them, whoever looks: nothing of that user is in the context."""
    context = {
        "allowed_company_ids": company.ids,
        "lang": "en_US",
        "tz": company.sudo().sms_marketing_tz,
    }
    return author.env(user=author.id, context=context)["res.partner"]


def _check_fields(author, model, domain):
    """Raise ``RuleProblem`` unless the author may read every field that the conditions use.

    The models behind relations count as well. Odoo itself checks the fields that reach SQL, but
    not those that their ``search`` method replaces before.
    """
    env = author.env
    for condition in domain.iter_conditions():
        name = condition.field_expr.partition(".")[0]
        field = model._fields[name]
        if name in BARRED_FIELDS or condition.operator in INTERNAL_OPERATORS:
            raise ValueError(env._("“%s” cannot be used in a rule", condition.field_expr))
        comodel = model.env[field.comodel_name] if field.relational else None
        if not model._has_field_access(field, "read") or not (
            comodel is None or comodel.has_access("read")
        ):
            raise RuleProblem(
                env._(
                    "Its author, %(author)s, may not read “%(field)s” of %(model)s. Leave that "
                    "condition out; or a manager who may read it can take the rule over.",
                    author=author.sudo().name,
                    field=name,
                    model=env["ir.model"]._get(model._name).name,
                )
            )
        if isinstance(condition.value, Domain):
            _check_fields(author, model if comodel is None else comodel, condition.value)
