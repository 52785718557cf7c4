"""Contacts of people who signed up themselves."""

from odoo.tools import SQL

from ..text.numbers import region_of

#: First key of the advisory locks under which a contact of a number is looked for and made (any
#: number, ours alone).
_LOCK = 735_019_266


def find_contact(env, number, company):
    """The contact that a number of a company belongs to: by its mobile first; may be empty."""
    partners = env["res.partner"].sudo()
    in_company = [("company_id", "in", [company.id, False])]
    for field in ("mobile_e164", "phone_e164"):
        if partner := partners.search([(field, "=", number), *in_company], limit=1, order="id"):
            return partner
    return partners


def switch_marketing_on(env, number, company):
    """Switch the marketing status on: the person has just asked for texts; returns the contact."""
    partner = find_contact(env, number, company)
    if partner and not partner.sms_marketing:
        partner.sms_marketing = True
    return partner


def find_or_create_contact(env, number, company, name, lang):
    """The contact of a number, with its marketing status on; a new one where nobody has it.

    What a contact has already is not changed: who signs up with a friend's number must not rename
    the friend.

    :param name: as typed, may be empty
    :param lang: code of the language that the person read
    """
    # Two who sign up with one number at the same moment are one contact.
    env.cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", _LOCK, number))
    partner = switch_marketing_on(env, number, company)
    if partner:
        return partner
    country = env["res.country"].sudo().search([("code", "=", region_of(number) or "")], limit=1)
    return (
        env["res.partner"]
        .sudo()
        .create(
            {
                "name": name or number,
                "mobile": number,
                "lang": lang,
                "country_id": country.id,
                "company_id": company.id,
                "sms_marketing": True,
            }
        )
    )
