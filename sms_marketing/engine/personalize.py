"""What the tokens of a text stand for: whitelisted fields of the contact and of what belongs to it.

No expression is evaluated; a token that is not in ``READABLE`` is refused before anything is sent.
"""

import re
from collections import defaultdict

from odoo import SUPERUSER_ID
from odoo.tools.misc import format_date, format_datetime, formatLang, get_lang

from ..text import links
from ..text.tokens import PREFERENCE_LINK, Token, check, split

_ADDRESS = ("street", "street2", "zip", "city", "state_id", "country_id")

#: Which fields each root may read. ``object`` is the contact, ``object.parent_id`` its company,
#: ``object.user_id`` its owner, ``company`` the company that sends. A field that is not installed
#: is not offered (``lastname`` comes with OCA's ``partner_firstname``).
READABLE = {
    "object": (
        "first_name",
        "name",
        "lastname",
        "function",
        "company_name",
        "commercial_company_name",
        "company_type",
        "type",
        "industry_id",
        "email",
        "phone",
        "mobile",
        *_ADDRESS,
        "website",
        "ref",
        "vat",
        "lang",
    ),
    "object.parent_id": (
        "name",
        "email",
        "phone",
        *_ADDRESS,
        "website",
        "industry_id",
        "ref",
        "vat",
    ),
    "object.user_id": ("first_name", "name", "function", "email", "phone"),
    "company": ("name", "email", "phone", *_ADDRESS, "website", "vat"),
}

#: The model that each root is a record of.
ROOT_MODELS = {
    "object": "res.partner",
    "object.parent_id": "res.partner",
    "object.user_id": "res.users",
    "company": "res.company",
}

#: Roots that are the contact or belong to it.
CONTACT_ROOTS = frozenset({"object", "object.parent_id", "object.user_id"})

#: Roots whose fields that an administrator added by hand (a birthday, a balance of points) may be
#: read too.
CUSTOM_FIELD_ROOTS = frozenset({"object"})

#: What can stand in a text: no binaries, no HTML, no properties, no lists of records.
TYPES = frozenset(
    {
        "char",
        "text",
        "selection",
        "date",
        "datetime",
        "integer",
        "float",
        "monetary",
        "many2one",
    }
)

#: A record that an added field leads to is not whitelisted, not even its name.
CUSTOM_TYPES = TYPES - {"many2one"}

#: Spaces that grouping and currencies come with; each would force a whole text into UCS-2.
_PLAIN_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " "})


def _first_name(record):
    """OCA's own field where it is installed and filled in; else the first word of the name."""
    if "is_company" in record._fields and record.is_company:
        return ""
    own = record.firstname if "firstname" in record._fields else ""
    return own or (record.name or "").strip().partition(" ")[0].rstrip(",")


#: A link whose host, the part before the first slash, has a token in it.
TOKEN_IN_HOST = re.compile(r"(?:https?://)?[^/?#]*\{\{", re.IGNORECASE)

#: Readable names that are no fields of Odoo: how they come about.
DERIVED = {"first_name": _first_name}

#: The fields that a derived name looks at, those of them that are installed.
DERIVED_FROM = {"first_name": ("is_company", "firstname", "name")}


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
    unreadable = [
        env._(
            "%(token)s cannot be used: “%(path)s” is not a field that texts may read.",
            token=part.source,
            path=part.path,
        )
        for part in split(body)
        if not isinstance(part, str)
        and part.path != PREFERENCE_LINK
        and not is_readable(env, part.path)
    ]
    return unreadable + [
        env._("%s: the preference link is a link of its own; put it behind this one.", link.url)
        for link in links.find(body)
        if any(isinstance(part, Token) and part.path == PREFERENCE_LINK for part in split(link.url))
    ]


def host_problems(env, urls):
    """What is wrong with the sites that these links lead to, each a sentence for their writer.

    A contact's data must not decide whose site a link leads to.

    :rtype: list[str]
    """
    return [
        env._("%s: the address of the site must not have a token in it.", url)
        for url in urls
        if TOKEN_IN_HOST.match(url)
    ]


def is_readable(env, path):
    """Whether a token may read this dotted path."""
    root, _dot, name = path.rpartition(".")
    if root not in READABLE:
        return False
    if name in DERIVED:
        return name in READABLE[root]
    field = env[ROOT_MODELS[root]]._fields.get(name)
    return field is not None and (
        _is_whitelisted(field, root) or (root in CUSTOM_FIELD_ROOTS and _is_custom(field))
    )


def _is_whitelisted(field, root):
    return field.name in READABLE[root] and field.type in TYPES and not field.groups


def _is_custom(field):
    # A computed or related one could pass on what its reader may not see.
    is_own = field.manual and field.store and not (field.compute or field.related)
    return bool(is_own) and field.type in CUSTOM_TYPES and not field.groups


def readable_names(env, root):
    """The names that may follow this root in a token, in the order of the whitelist.

    :rtype: list[str]
    """
    names = [name for name in READABLE[root] if is_readable(env, f"{root}.{name}")]
    if root in CUSTOM_FIELD_ROOTS:
        fields = env[ROOT_MODELS[root]]._fields
        names += sorted(name for name, field in fields.items() if _is_custom(field))
    return names


def label(env, root, name):
    """What a readable name is called, in the language of the environment."""
    if name == "first_name":
        return env._("First name")
    return env[ROOT_MODELS[root]]._fields[name]._description_string(env)


def language(partner, company):
    """The language (code of an installed one) in which a contact gets its texts."""
    return _chooser(company)(partner.lang)


def languages(partners, company):
    """As ``language``, of many contacts; {contact's id: code}."""
    choose = _chooser(company)
    # Else Odoo would read every field of all these contacts.
    partners.fetch(["lang"])
    return {partner.id: choose(partner.lang) for partner in partners}


def _chooser(company):
    """A function: the language of a contact that has this one; the company's stands in."""
    installed = {code for code, _name in company.env["res.lang"].sudo().get_installed()}
    company.partner_id.fetch(["lang", "tz"])  # as above
    usual = company.partner_id.lang
    if usual not in installed:
        usual = get_lang(company.env(user=SUPERUSER_ID, context={})).code
    return lambda code: code if code in installed else usual


def token_values(env, paths, partner_ids, company_id):
    """The text of each path for each contact, formatted in the contact's own language.

    The same for whoever asks: nothing of the asking user (language, time zone, companies) is in it.

    :param paths: dotted paths; one that is not readable, or not any more, has no value
    :param partner_ids: ids of existing contacts
    :return: {partner id: {path: text}}; an empty field is ``""``
    """
    values = {}
    env = env(user=SUPERUSER_ID, su=True, context={"allowed_company_ids": [company_id]})
    company = env["res.company"].browse(company_id)
    places = [path.rpartition(".")[::2] for path in paths if is_readable(env, path)]
    partners = env["res.partner"].browse(partner_ids)
    # Else Odoo would read every field of all these contacts.
    partners.fetch(_needed(partners, places))
    ids_by_lang = defaultdict(list)
    for partner_id, lang in languages(partners, company).items():
        ids_by_lang[lang].append(partner_id)
    for lang, ids in ids_by_lang.items():
        sender = company.with_context(lang=lang)
        company_zone = sender.partner_id.tz
        for partner in partners.browse(ids).with_context(lang=lang):
            zone = partner.tz or company_zone or "UTC"
            values[partner.id] = {
                f"{root}.{name}": _value(_record_of(root, partner, sender), name, zone)
                for root, name in places
            }
    return values


def unreadable_roots(env, partner_ids):
    """What tokens may stand for that the user may not read.

    :param env: of the user
    :param partner_ids: ids of existing contacts
    :return: {partner id: roots of ``CONTACT_ROOTS``}, of those contacts that have any
    :rtype: dict[int, set[str]]
    """
    # sudo: to find out what belongs to a contact that the user may not read.
    partners = env["res.partner"].sudo().browse(partner_ids)
    partners.fetch(["parent_id", "user_id"])
    records = {
        "object": partners,
        "object.parent_id": partners.parent_id,
        "object.user_id": partners.user_id,
    }
    readable = {
        root: set(found.sudo(False)._filtered_access("read")._ids)
        for root, found in records.items()
    }
    unreadable = {}
    for partner in partners:
        of_contact = {
            "object": partner,
            "object.parent_id": partner.parent_id,
            "object.user_id": partner.user_id,
        }
        roots = {
            root
            for root, record in of_contact.items()
            if record and record.id not in readable[root]
        }
        if roots:
            unreadable[partner.id] = roots
    return unreadable


def _needed(partners, places):
    """Names of the contacts' fields that these places (root, name) are read from."""
    names = {"lang", "tz"}
    for root, name in places:
        if root == "object":
            names.update(DERIVED_FROM.get(name, (name,)))
        elif root != "company":
            names.add(root.partition(".")[2])
    return sorted(names & partners._fields.keys())


def _record_of(root, partner, company):
    """The record that a root stands for."""
    if root == "company":
        return company
    _object, _dot, name = root.partition(".")
    return partner[name] if name else partner


def _value(record, name, tz):
    if not record:
        return ""
    if name in DERIVED:
        return DERIVED[name](record)
    field = record._fields[name]
    value = record[name]
    if field.type in _NUMBERS:
        return _NUMBERS[field.type](record, field, value).translate(_PLAIN_SPACES)
    if not value:
        return ""
    if field.type == "date":
        return format_date(record.env, value)
    if field.type == "datetime":
        return format_datetime(record.env, value, tz=tz).translate(_PLAIN_SPACES)
    if field.type == "selection":
        return dict(field._description_selection(record.env)).get(value, "")
    if field.type == "many2one":
        return value.display_name or ""
    return str(value)


def _float(record, field, value):
    digits = field.get_digits(record.env)
    return formatLang(record.env, value, digits=digits[1] if digits else 2)


def _monetary(record, field, value):
    currency = record[field.get_currency_field(record)]
    return formatLang(record.env, value, currency_obj=currency)


#: How numbers are written. Zero is a value: Odoo does not tell it from an empty number.
_NUMBERS = {
    "integer": lambda record, field, value: formatLang(record.env, value, digits=0),
    "float": _float,
    "monetary": _monetary,
}
