"""What a user may see of contacts and numbers, as SQL conditions on rows of ours.

Consent belongs to a number, and anybody who may create contacts can create one with any number. So
a contact with the number is not enough: the consent of a number is shown only where no contact with
it is hidden from the user. A hidden contact, a number that never agreed to anything and a number
that nobody has all look the same. What the user recorded is always shown: hiding it would tell
that there is a hidden contact.
"""

from odoo.fields import Domain
from odoo.tools import SQL

TRUE, FALSE = SQL("TRUE"), SQL("FALSE")


def is_readable(env, model, column):
    """Whether the user may read the record of a model that a column of a row refers to.

    :param env: of the user; the superuser may read all
    :param model: name of the model
    :param SQL column: of the row, qualified
    :rtype: SQL
    """
    if env.su:
        return TRUE
    records = env[model].with_context(active_test=False)
    if not records.has_access("read"):
        return FALSE
    return _found(records, SQL("%s = %s", SQL.identifier(records._table, "id"), column))


def has_readable_contact(env, number):
    """Whether a contact that the user may read has this number today.

    :param SQL number: column of a row, qualified
    """
    contacts = env["res.partner"].with_context(active_test=False)
    if not (env.su or contacts.has_access("read")):
        return FALSE
    return _found(contacts, _has_number(SQL.identifier(contacts._table), number))


def has_hidden_contact(env, number):
    """Whether a contact that the user may not read has this number today.

    Contacts of all companies that the user may work for count as readable, whichever of them the
    user has switched on.

    :param SQL number: column of a row, qualified
    """
    if env.su:
        return FALSE
    everywhere = env(context={**env.context, "allowed_company_ids": env.user.company_ids.ids})
    return SQL(
        "EXISTS (SELECT FROM res_partner other WHERE %s AND NOT %s)",
        _has_number(SQL("other"), number),
        is_readable(everywhere, "res.partner", SQL("other.id")),
    )


def is_consent_visible(env, number, recorded_by=None):
    """Whether a number's consent is shown to the user; managers see that of every number.

    :param SQL number: column of a row, qualified
    :param SQL recorded_by: column with the user who recorded it, if the row has one
    """
    if env.su or env.user.has_group("sms_marketing.group_manager"):
        return TRUE
    is_visible = SQL("NOT %s", has_hidden_contact(env, number))
    if recorded_by is None:
        return is_visible
    return SQL("(%s = %s OR %s)", recorded_by, env.uid, is_visible)


def numbers_with_visible_consent(env, numbers):
    """Those of these numbers whose consent the timeline would show to the user.

    :param numbers: E.164
    :rtype: set[str]
    """
    if env.su or not numbers:
        return set(numbers)
    if not env["sms.marketing.activity"].has_access("read"):
        return set()
    env["res.partner"].flush_model(["mobile_e164", "phone_e164"])
    rows = env.execute_query(
        SQL(
            "SELECT asked.number FROM unnest(%s::varchar[]) AS asked(number) WHERE %s",
            list(numbers),
            is_consent_visible(env, SQL("asked.number")),
        )
    )
    return {number for (number,) in rows}


def _found(records, condition):
    query = records._search(Domain.TRUE)
    if query.is_empty():
        return FALSE
    query.add_where(condition)
    return SQL("EXISTS (%s)", query.select(SQL("1")))


def _has_number(contact, number):
    return SQL("(%s.mobile_e164 = %s OR %s.phone_e164 = %s)", contact, number, contact, number)
