"""What the tokens of a text stand for: whitelisted fields of the contact and of what belongs to it.

No expression is evaluated; a token that is not in ``READABLE`` is refused before anything is sent.
"""

from collections import defaultdict

from odoo.tools.misc import format_date, format_datetime

from ..text.tokens import check, split

_ADDRESS = ("street", "street2", "zip", "city", "state_id", "country_id")

#: Which fields each root may read. ``object`` is the contact, ``object.parent_id`` its company,
#: ``object.user_id`` its owner, ``company`` the company that sends.
READABLE = {
    "object": (
        "name",
        "first_name",
        "function",
        "email",
        "phone",
        "mobile",
        *_ADDRESS,
        "ref",
        "vat",
        "lang",
        "website",
        "company_name",
    ),
    "object.parent_id": ("name", "email", "phone", *_ADDRESS, "ref", "vat", "website"),
    "object.user_id": ("name", "email", "phone", "function"),
    "company": ("name", "email", "phone", *_ADDRESS, "vat", "website"),
}

#: Readable names that are no fields of Odoo: how they come about.
DERIVED = {
    "first_name": lambda record: (
        "" if record.is_company else (record.name or "").strip().partition(" ")[0]
    ),
}


def problems(env, body):
    """What is wrong with the tokens of a body, each a sentence for its writer.

    :rtype: list[str]
    """
    errors = check(body)
    if errors:
        return [
            env._("%(token)s: %(problem)s", token=error.source, problem=error.message)
            for error in errors
        ]
    return [
        env._(
            "%(token)s cannot be used: “%(path)s” is not a field that texts may read.",
            token=part.source,
            path=part.path,
        )
        for part in split(body)
        if not isinstance(part, str) and not is_readable(part.path)
    ]


def is_readable(path):
    """Whether a token may read this dotted path."""
    root, _dot, name = path.rpartition(".")
    return name in READABLE.get(root, ())


def token_values(env, paths, partner_ids, company_id):
    """The text of each path for each contact, formatted in the contact's own language.

    :param paths: dotted paths, all readable
    :param partner_ids: ids of existing contacts
    :return: {partner id: {path: text}}; an empty field is ``""``
    """
    values = {}
    company = env["res.company"].sudo().browse(company_id)
    ids_by_lang = defaultdict(list)
    partners = env["res.partner"].sudo().browse(partner_ids)
    for partner in partners:
        ids_by_lang[partner.lang or company.partner_id.lang].append(partner.id)
    for lang, ids in ids_by_lang.items():
        for partner in partners.browse(ids).with_context(lang=lang):
            roots = {
                "object": partner,
                "object.parent_id": partner.parent_id,
                "object.user_id": partner.user_id,
                "company": company.with_context(lang=lang),
            }
            values[partner.id] = {path: _value(roots, path, partner) for path in paths}
    return values


def _value(roots, path, partner):
    root, _dot, name = path.rpartition(".")
    record = roots[root]
    if not record:
        return ""
    if name in DERIVED:
        return DERIVED[name](record)
    field = record._fields[name]
    value = record[name]
    if field.type == "date":
        return format_date(record.env, value) if value else ""
    if field.type == "datetime":
        return format_datetime(record.env, value, tz=partner.tz) if value else ""
    if field.type == "selection":
        return dict(field._description_selection(record.env)).get(value, "")
    if field.type == "many2one":
        return value.display_name or ""
    return str(value) if value else ""
