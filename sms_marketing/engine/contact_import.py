"""Contacts with evidence of consent into the database: batches, no row lost, nothing assumed."""

from collections import Counter
from dataclasses import dataclass, field

from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import split_every

from ..text.numbers import InvalidNumber, parse_number
from . import consent, contact_problems, double_opt_in

BATCH = 500


@dataclass(slots=True)
class ImportResult:
    """What an import did.

    :param created: new contacts
    :param updated: contacts that were known, by their ``ref`` or else by name and numbers
    :param unchanged: contacts that were known and are already as the file has them
    :param consents: lines written to the consent log, by state
    :param warnings: (line, column, sentence) of what was taken with a reservation
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    consents: Counter = field(default_factory=Counter)
    warnings: list[tuple[int, str, str]] = field(default_factory=list)
    partner_ids: list[int] = field(default_factory=list)


def load(env, rows, subscription_type, progress=None, ask=False):
    """Create or update the contacts of these rows and record their consent.

    A number that is not valid is kept on the contact as it is written, with a warning: it gets
    no consent and no text until somebody mends it.

    The same file once more changes nothing: its contacts are known, and evidence that the log
    has already is not recorded again, whatever the number chose since.

    :param rows: ``contact_file.Row`` list
    :param subscription_type: ``sms.marketing.subscription.type`` that the consent is for
    :param ask: whether numbers that the file says are subscribed are asked to confirm by text
    :param progress: called with the number of rows done after each batch
    :rtype: ImportResult
    """
    result = ImportResult()
    countries = {country.code: country for country in env["res.country"].search([])}
    languages = {code for code, _name in env["res.lang"].get_installed()}
    done = 0
    for batch in split_every(BATCH, rows, list):
        partners = _write_contacts(env, batch, countries, languages, subscription_type, result)
        _record_consents(env, zip(batch, partners, strict=True), subscription_type, result, ask)
        result.partner_ids += partners.ids
        done += len(batch)
        if progress:
            progress(done)
    return result


def _write_contacts(env, batch, countries, languages, subscription_type, result):
    known = _known_contacts(env, batch, subscription_type.company_id)
    own_region = env.company.country_id.code or None
    to_create, positions, partners = [], [], [None] * len(batch)
    for position, row in enumerate(batch):
        vals = _contact_values(env, row, countries, languages, own_region, result)
        if partner := known.get(_identity(row.values)):
            # An empty cell says nothing; it does not delete what is known.
            said = {name for name, value in vals.items() if value}
            if row.values["marketing"]:
                said.add("sms_marketing")
            present = partner._convert_to_write({name: partner[name] for name in said})
            changed = {name: vals[name] for name in said if vals[name] != present[name]}
            partner.write(changed)
            partners[position] = partner.id
            result.updated += bool(changed)
            result.unchanged += not changed
        else:
            to_create.append(vals)
            positions.append(position)
    created = env["res.partner"].with_context(tracking_disable=True).create(to_create)
    result.created += len(created)
    for position, partner in zip(positions, created, strict=True):
        partners[position] = partner.id
    return env["res.partner"].browse(partners)


#: What tells a row without ``ref`` from others: the name, and these as they are written.
_REACHED_AT = ("email", "mobile", "phone")


def _identity(values):
    """What a row or a contact is known by; None where it cannot be told from a namesake."""
    if values["ref"]:
        return values["ref"]
    reached_at = tuple(values[name] or "" for name in _REACHED_AT)
    return (values["name"], *reached_at) if any(reached_at) else None


def _known_contacts(env, batch, company):
    """The contacts that rows of the batch stand for, by ``_identity``."""
    of_company = Domain("company_id", "in", [company.id, False])
    without_ref = [row.values for row in batch if not row.values["ref"] and _identity(row.values)]
    contacts = env["res.partner"].with_context(active_test=False)
    # The last of several stands for them: an active contact before an archived one.
    order = "active, id desc"
    known = {}
    if without_ref:
        domain = Domain("name", "in", [values["name"] for values in without_ref]) & Domain.OR(
            Domain(name, "in", [values[name] for values in without_ref if values[name]])
            for name in _REACHED_AT
        )
        for contact in contacts.search(of_company & domain, order=order):
            values = {name: contact[name] for name in ("name", *_REACHED_AT)}
            known[_identity({**values, "ref": False})] = contact
    refs = [row.values["ref"] for row in batch if row.values["ref"]]
    for contact in contacts.search(of_company & Domain("ref", "in", refs), order=order):
        known[contact.ref] = contact
    return known


def _contact_values(env, row, countries, languages, own_region, result):
    values = row.values
    country = countries.get(values["country"].upper())
    if values["country"] and not country:
        problem = env._("“%s” is no country code like FR", values["country"])
        result.warnings.append((row.line, "country", problem))
    if values["lang"] and values["lang"] not in languages:
        problem = env._("“%s” is not installed here", values["lang"])
        result.warnings.append((row.line, "lang", problem))
    for name in ("mobile", "phone"):
        try:
            if values[name]:
                parse_number(values[name], country.code if country else own_region)
        except InvalidNumber as error:
            problem = contact_problems.of_number(env, error, values[name])
            result.warnings.append((row.line, name, problem))
    return {
        "name": values["name"],
        "ref": values["ref"] or False,
        "email": values["email"] or False,
        "mobile": values["mobile"] or False,
        "phone": values["phone"] or False,
        "city": values["city"] or False,
        "country_id": country.id if country else False,
        "tz": values["timezone"] or False,
        "sms_marketing": row.marketing,
        **({"lang": values["lang"]} if values["lang"] in languages else {}),
    }


def _record_consents(env, rows_and_partners, subscription_type, result, ask):
    changes, lines = [], []
    for row, partner in rows_and_partners:
        if not row.values["consent"]:
            continue
        for name in row.consent_for:
            number = partner[f"{name}_e164"]
            if not number:
                problem = env._("has no valid number, so the consent could not be recorded")
                result.warnings.append((row.line, name, problem))
                continue
            changes.append(
                consent.ConsentChange(
                    number=number,
                    type_id=subscription_type.id,
                    state=row.values["consent"],
                    method="import",
                    legal_basis=row.values["legal_basis"]
                    or ("withdrawal" if row.values["consent"] == "unsubscribed" else None),
                    wording=row.values["wording"] or None,
                    explanation=row.values["evidence"] or None,
                    occurred_at=row.consent_at,
                    evidence_kind=row.values["evidence_kind"] or None,
                )
            )
            lines.append(row.line)
    logged = _logged(env, changes, subscription_type, ask)
    fresh = []
    for line, change in zip(lines, changes, strict=True):
        if change not in logged:
            fresh.append((line, change))
        elif logged[change] == "unsubscribed" and change.state != "unsubscribed":
            problem = contact_problems.opted_out_later(env, change.number)
            result.warnings.append((line, "consent", problem))
    changes = [change for _line, change in fresh]
    to_ask = {change for change in changes if ask and change.state == "subscribed"}
    asked = {(change.number, change.type_id) for change in double_opt_in.request(env, list(to_ask))}
    left_out = {
        id(change): reason
        for change, reason in consent.record(env, [one for one in changes if one not in to_ask])
    }
    for line, change in fresh:
        if change in to_ask:
            if (change.number, change.type_id) in asked:
                result.consents["pending"] += 1
            else:
                problem = env._("%s is subscribed or opted out: not asked", change.number)
                result.warnings.append((line, "consent", problem))
        elif id(change) in left_out:
            problem = contact_problems.not_recorded(env, change.number, left_out[id(change)])
            result.warnings.append((line, "consent", problem))
        else:
            result.consents[change.state] += 1


def _logged(env, changes, subscription_type, ask):
    """The changes whose evidence an earlier import has brought, with the number's present state.

    A change without a date is one of now; it is known where nothing would change by it.
    """
    rows = env.execute_query(
        SQL(
            """
            SELECT subscription.number, subscription.state, log.state, log.occurred_at,
                   log.legal_basis, log.wording, log.explanation
              FROM sms_marketing_subscription subscription
              LEFT JOIN sms_marketing_consent log
                ON log.number = subscription.number AND log.type_id = subscription.type_id
               AND log.method = 'import'
             WHERE subscription.number = ANY(%s) AND subscription.type_id = %s
            """,
            [change.number for change in changes],
            subscription_type.id,
        )
    )
    present = {number: state for number, state, *_evidence in rows}
    evidence = {(number, *rest) for number, _state, *rest in rows}
    logged = {}
    for change in changes:
        state = "pending" if ask and change.state == "subscribed" else change.state
        key = (
            change.number,
            state,
            change.occurred_at,
            change.legal_basis,
            change.wording,
            change.explanation,
        )
        if key in evidence or (
            not change.occurred_at and present.get(change.number) == change.state
        ):
            logged[change] = present[change.number]
    return logged
