"""What one company holds on a phone number: its export (GDPR 15), and who was erased (GDPR 17)."""

import hmac
import io
import json
import zipfile
from hashlib import sha256

from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..text.spreadsheet import write_csv

#: Name of the file, model, path to the number and the fields that are given, in their order.
#: Whoever adds a model that holds a number adds a line here; a test looks for what is missing.
SOURCES = (
    ("subscriptions", "sms.marketing.subscription", "number", "number type_id state since"),
    (
        "consent_log",
        "sms.marketing.consent",
        "number",
        "number type_id type_version_id previous_state state occurred_at recorded_at method "
        "legal_basis evidence_kind wording explanation address user_id",
    ),
    (
        "texts",
        "sms.marketing.recipient",
        "number",
        "number partner_id kind message_id sender_id text state reason detail queued_at sent_at "
        "settled_at segments provider_reference",
    ),
    (
        "texts_of_deleted_messages",
        "sms.marketing.deleted.text",
        "number",
        "number went_out_at",
    ),
    ("texts_to_come", "sms.marketing.audience", "number", "number message_id"),
    (
        "clicks",
        "sms.marketing.click",
        "recipient_id.number",
        "message_id link_id clicked_at address user_agent",
    ),
    (
        "replies",
        "sms.marketing.inbound",
        "number",
        "number partner_id sender_id message_id body action received_at",
    ),
    (
        "test_numbers",
        "sms.marketing.test.number",
        "number",
        "number label user_id verified_at",
    ),
    (
        "sign_ups",
        "sms.marketing.sign.up",
        "number",
        "number name lang source requested_at confirmed_at",
    ),
)

CONTACT_FIELDS = (
    "name email mobile phone street city zip country_id lang tz sms_marketing sms_list_ids"
)


#: Odoo's own list, which has no company: model and path to the number.
BLACKLIST = ("phone.blacklist", "number")

#: The system parameter with the key of the hashes, for administrators alone. It is made when the
#: add-on is installed; what was hashed by another key is not found any more.
KEY = "sms_marketing.privacy_key"

#: A new one would find no number that was erased before, so none is made once there are any.
MAKE_KEY = SQL(
    """
    INSERT INTO ir_config_parameter (key, value)
    SELECT %s, translate(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')
     WHERE NOT EXISTS (SELECT FROM sms_marketing_privacy_log WHERE kind = 'erasure')
    ON CONFLICT (key) DO NOTHING
    """,
    KEY,
)

#: What stands before the keyed hash where an erased number stood.
ERASED = "erased:"


#: How consent of an erased number may come about: what the person does with the phone or on a page.
OWN_ACTS = frozenset({"keyword", "form", "link"})


def export(env, numbers, company):
    """All that is held on these numbers as a ZIP: one CSV for each kind, and all of it as JSON.

    Contacts are those that the user may read; the rest is read for the company, whoever's
    messages it belongs to. The export itself is logged.

    :param numbers: E.164
    :param company: one ``res.company``
    :rtype: bytes
    """
    tables = {
        "contacts": _rows(
            env["res.partner"].with_context(active_test=False),
            Domain("company_id", "in", [company.id, False])
            & (Domain("mobile_e164", "in", numbers) | Domain("phone_e164", "in", numbers)),
            CONTACT_FIELDS.split(),
        )
    }
    for name, model, path, fields in SOURCES:
        tables[name] = _rows(
            env[model].sudo().with_context(active_test=False),
            Domain(path, "in", numbers) & Domain("company_id", "=", company.id),
            fields.split(),
        )
    tables["blacklist"] = _rows(
        env["phone.blacklist"].sudo().with_context(active_test=False),
        Domain("number", "in", numbers),
        ["number", "active", "create_date"],
    )
    log(env, "export", numbers, company)
    return _zip(tables)


def log(env, kind, numbers, company):
    """Note who asked for what, and when; of the numbers only a keyed hash is kept."""
    env.cr.execute(
        SQL(
            """
            INSERT INTO sms_marketing_privacy_log (
                kind, company_id, number_hash, user_id, done_at, transaction_id)
            SELECT %s, %s, number_hash, %s, now() AT TIME ZONE 'UTC', pg_current_xact_id()::text
              FROM unnest(%s::varchar[]) AS number_hash
            """,
            kind,
            company.id,
            env.uid,
            [number_hash(env, number) for number in numbers],
        )
    )
    env["sms.marketing.privacy.log"].invalidate_model()


def held_on(env, numbers, contacts):
    """What all companies hold on numbers or on contacts, as (model, query of ids).

    :param env: of the system
    :param numbers: E.164
    :param contacts: ``res.partner``
    """
    for model, path in [*((model, path) for _name, model, path, _fields in SOURCES), BLACKLIST]:
        records = env[model].with_context(active_test=False)
        domain = Domain(path, "in", numbers)
        *way, _number = path.split(".")
        holder = env[records._fields[way[0]].comodel_name] if way else records
        if "partner_id" in holder._fields:
            domain |= Domain(".".join([*way, "partner_id"]), "in", contacts.ids)
        yield model, records._search(domain)


def number_of(record):
    """The number that a record of ``held_on`` is held on; None where it was erased."""
    path = next(path for _name, model, path, _fields in SOURCES if model == record._name)
    number = record.mapped(path)[0] if record else None
    return number if number and not number.startswith(ERASED) else None


def number_hash(env, number):
    """A keyed hash of a number: whoever knows the number finds it, nobody reads it back.

    The key is made once and kept (``KEY``): were it the database's secret, whoever changes that
    one would make all erased numbers unknown, and an import could bring them back.

    :raises UserError: the key is gone
    """
    key = env["ir.config_parameter"].sudo().get_param(KEY)
    if not key:
        raise UserError(env._("The system parameter “%s” is missing. Restore it.", KEY))
    return hmac.new(key.encode(), f"sms_marketing.privacy {number}".encode(), sha256).hexdigest()


def split_erased(env, changes):
    """The changes that may be made, and those that would bring an erased number back.

    An erased number's own act lifts the suppression.

    :param changes: ``consent.ConsentChange`` list
    :rtype: tuple[list, list]
    """
    types = {change.type_id for change in changes if change.state != "unsubscribed"}
    suppressed = set(
        env.execute_query(
            SQL(
                """
                SELECT type.id, entry.number_hash FROM sms_marketing_privacy_log entry
                  JOIN sms_marketing_subscription_type type
                    ON type.company_id = entry.company_id AND type.id = ANY(%s)
                 WHERE entry.kind = 'erasure' AND entry.lifted_at IS NULL
                   AND entry.number_hash = ANY(%s)
                """,
                list(types),
                [number_hash(env, change.number) for change in changes],
            )
            if types
            else SQL("SELECT NULL, NULL WHERE FALSE")
        )
    )
    if not suppressed:
        return changes, []
    made, refused, lifted = [], [], []
    for change in changes:
        hashed = number_hash(env, change.number)
        if change.state == "unsubscribed" or (change.type_id, hashed) not in suppressed:
            made.append(change)
        elif change.method in OWN_ACTS:
            made.append(change)
            if change.state == "subscribed":
                lifted.append((change.type_id, hashed))
        else:
            refused.append(change)
    for type_id, hashed in lifted:
        env.cr.execute(
            SQL(
                """
                UPDATE sms_marketing_privacy_log entry SET lifted_at = now() AT TIME ZONE 'UTC'
                  FROM sms_marketing_subscription_type type
                 WHERE type.id = %s AND entry.company_id = type.company_id
                   AND entry.kind = 'erasure' AND entry.number_hash = %s
                   AND entry.lifted_at IS NULL
                """,
                type_id,
                hashed,
            )
        )
    return made, refused


def _rows(model, domain, names):
    """(header, rows) of the records, as words that a person reads."""
    labels = [model._fields[name]._description_string(model.env) for name in names]
    return labels, [
        [_said(record, name) for name in names] for record in model.search(domain, order="id")
    ]


def _said(record, name):
    field, value = record._fields[name], record[name]
    if field.comodel_name == "res.partner":
        # Read as the system, shown to a user.
        value = value.sudo(False)._filtered_access("read")
    if field.relational:
        return ", ".join(one.display_name or "" for one in value)
    if field.type == "selection":
        return dict(field._description_selection(record.env)).get(value, "")
    if field.type == "datetime":
        return f"{value:%Y-%m-%d %H:%M:%S} UTC" if value else ""
    return "" if value is False and field.type != "boolean" else value


def _zip(tables):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (header, rows) in tables.items():
            archive.writestr(f"{name}.csv", write_csv(header, rows))
        everything = {
            name: [dict(zip(header, row, strict=True)) for row in rows]
            for name, (header, rows) in tables.items()
        }
        archive.writestr("everything.json", json.dumps(everything, indent=2, ensure_ascii=False))
    return out.getvalue()
