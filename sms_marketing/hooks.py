"""What happens once, at installation and removal."""

import logging

from odoo.tools import SQL
from psycopg2.extras import execute_values

from .text.numbers import to_e164

_logger = logging.getLogger(__name__)

BATCH = 10_000


def pre_init_hook(env):
    """Add the contacts' columns and fill them in batches, with progress in the log.

    Odoo would compute stored fields of all contacts in one silent step; a database with a hundred
    thousand contacts shows here how far it is.
    """
    cr = env.cr
    cr.execute(
        """
        ALTER TABLE res_partner
            ADD COLUMN IF NOT EXISTS mobile varchar,
            ADD COLUMN IF NOT EXISTS mobile_e164 varchar,
            ADD COLUMN IF NOT EXISTS phone_e164 varchar
        """
    )
    company_region = env.company.country_id.code or None
    cr.execute(
        """
        SELECT count(*) FROM res_partner
         WHERE COALESCE(mobile, '') <> '' OR COALESCE(phone, '') <> ''
        """
    )
    [total] = cr.fetchone()
    done, last_id = 0, 0
    while True:
        cr.execute(
            """
            SELECT partner.id, partner.mobile, partner.phone,
                   COALESCE(country.code, company_country.code)
              FROM res_partner partner
              LEFT JOIN res_country country ON country.id = partner.country_id
              LEFT JOIN res_company company ON company.id = partner.company_id
              LEFT JOIN res_partner company_partner ON company_partner.id = company.partner_id
              LEFT JOIN res_country company_country
                     ON company_country.id = company_partner.country_id
             WHERE partner.id > %s
               AND (COALESCE(partner.mobile, '') <> '' OR COALESCE(partner.phone, '') <> '')
             ORDER BY partner.id LIMIT %s
            """,
            (last_id, BATCH),
        )
        rows = cr.fetchall()
        if not rows:
            break
        execute_values(
            cr,
            """
            UPDATE res_partner partner
               SET mobile_e164 = parsed.mobile, phone_e164 = parsed.phone
              FROM (VALUES %s) AS parsed(id, mobile, phone)
             WHERE partner.id = parsed.id
            """,
            [
                (
                    partner_id,
                    to_e164(mobile or "", region or company_region),
                    to_e164(phone or "", region or company_region),
                )
                for partner_id, mobile, phone, region in rows
            ],
            template="(%s, %s::varchar, %s::varchar)",
            page_size=BATCH,
        )
        last_id = rows[-1][0]
        done += len(rows)
        _logger.info("phone numbers in international form: %d of %d contacts", done, total)


def uninstall_hook(env):
    """Take the functions away, with their triggers, and empty our tables.

    Odoo drops the tables later, but first it deletes the records that came with the add-on one by
    one, which is refused as long as consents, messages and senders refer to them.
    """
    env.cr.execute("DROP FUNCTION IF EXISTS sms_marketing_consent_append_only() CASCADE")
    env.cr.execute("DROP FUNCTION IF EXISTS sms_marketing_keep_usage() CASCADE")
    env.cr.execute("DROP FUNCTION IF EXISTS sms_marketing_keep_words() CASCADE")
    env.cr.execute("DROP FUNCTION IF EXISTS sms_marketing_words_append_only() CASCADE")
    env.cr.execute("DROP FUNCTION IF EXISTS sms_marketing_words CASCADE")
    env.cr.execute("DROP FUNCTION IF EXISTS sms_marketing_keep_sent() CASCADE")
    tables = env.execute_query(
        SQL(
            """
            SELECT relname FROM pg_class
             WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace
               AND relname LIKE %s
            """,
            r"%sms\_marketing\_%",
        )
    )
    # With the tables of relations, such as res_country_sms_marketing_sender_rel.
    names = SQL(", ").join(SQL.identifier(name) for (name,) in tables)
    # Columns that the add-on gave to others' tables, sms_tracker's say, go with its fields.
    for table, constraint in env.execute_query(
        SQL(
            """
            SELECT conrelid::regclass::text, conname FROM pg_constraint
             WHERE contype = 'f' AND confrelid::regclass::text IN %(tables)s
               AND conrelid::regclass::text NOT IN %(tables)s
            """,
            tables=tuple(name for (name,) in tables),
        )
    ):
        drop = SQL(
            "ALTER TABLE %s DROP CONSTRAINT %s", SQL.identifier(table), SQL.identifier(constraint)
        )
        env.cr.execute(drop)
    env.cr.execute(SQL("TRUNCATE %s", names))
    env.cr.execute("DELETE FROM ir_config_parameter WHERE key = 'sms_marketing.privacy_key'")
    env.invalidate_all(flush=False)
