"""Built-in keywords become as they are shipped; what they had been turned into is a company's own.

Until now an administrator of one company could change and delete the keywords of all companies,
and make more of them.
"""

import logging
from pathlib import Path

from lxml import etree

from odoo.addons.sms_marketing.text.keywords import normalise
from odoo.addons.sms_marketing.text.reserved_words import is_overruled, reserved_action

_logger = logging.getLogger(__name__)

DATA = Path(__file__).parents[2] / "data" / "sms_marketing_keyword.xml"


def migrate(cr, version):
    if not version:
        return
    shipped = _shipped(cr)
    cr.execute("SELECT id FROM res_company ORDER BY id")
    companies = [company_id for (company_id,) in cr.fetchall()]
    cr.execute(
        """
        SELECT id, name, action, lang_id, type_id, company_id, active,
               COALESCE(answer::text, '') NOT IN ('', '{}') AS has_answer
          FROM sms_marketing_keyword
         WHERE company_id IS NULL OR id = ANY(%s)
         ORDER BY id
        """,
        [list(shipped)],
    )
    rows = cr.dictfetchall()
    # Out of each other's way: names may have been swapped.
    cr.execute(
        """
        UPDATE sms_marketing_keyword SET normalised = '~' || id, company_id = NULL
         WHERE id = ANY(%s)
        """,
        [list(shipped)],
    )
    for row in rows:
        if row["id"] in shipped:
            _restore(cr, row, shipped[row["id"]], companies)
        else:
            _hand_to_companies(cr, row, companies)


def _shipped(cr):
    """Name, action and language of each built-in keyword that is still there, by its id."""
    cr.execute(
        """
        SELECT keyword.name, keyword.res_id FROM ir_model_data keyword
          JOIN sms_marketing_keyword ON sms_marketing_keyword.id = keyword.res_id
         WHERE module = 'sms_marketing' AND model = 'sms.marketing.keyword'
        """
    )
    ids = dict(cr.fetchall())
    cr.execute(
        "SELECT name, res_id FROM ir_model_data WHERE module = 'base' AND model = 'res.lang'"
    )
    langs = dict(cr.fetchall())
    shipped = {}
    for record in etree.parse(DATA).iterfind("record"):
        if record.get("id") in ids:
            field = {one.get("name"): one for one in record.iterfind("field")}
            lang = field["lang_id"].get("ref").removeprefix("base.") if "lang_id" in field else None
            shipped[ids[record.get("id")]] = (
                field["name"].text,
                field["action"].text,
                langs.get(lang),
            )
    return shipped


def _restore(cr, row, shipped, companies):
    name, action, lang_id = shipped
    was = (normalise(row["name"]), row["action"], row["lang_id"], row["type_id"])
    if was != (normalise(name), action, lang_id, None) or row["company_id"] or row["has_answer"]:
        _logger.warning("keyword %s had been changed: it is as shipped again", name)
        if row["active"] and not _is_overruled(row):
            for company_id in _companies(cr, row, companies):
                _copy(cr, row, company_id)
    cr.execute(
        """
        UPDATE sms_marketing_keyword
           SET name = %s, normalised = %s, action = %s, lang_id = %s, type_id = NULL,
               answer = NULL, wording = NULL, active = active OR %s
         WHERE id = %s
        """,
        [
            name,
            normalise(name),
            action,
            lang_id,
            reserved_action(normalise(name)) is not None,
            row["id"],
        ],
    )


def _hand_to_companies(cr, row, companies):
    """A keyword that staff made for every company: one for each that has no such word."""
    for company_id in _companies(cr, row, companies):
        _copy(cr, row, company_id)
    cr.execute("DELETE FROM sms_marketing_keyword WHERE id = %s", [row["id"]])


def _companies(cr, row, companies):
    if row["type_id"]:
        cr.execute(
            "SELECT company_id FROM sms_marketing_subscription_type WHERE id = %s",
            [row["type_id"]],
        )
        return [cr.fetchone()[0]]
    return [row["company_id"]] if row["company_id"] else companies


def _copy(cr, row, company_id):
    cr.execute(
        """
        INSERT INTO sms_marketing_keyword (
            name, normalised, action, lang_id, type_id, answer, wording, active, company_id,
            create_uid, create_date, write_uid, write_date)
        SELECT name, %s, action, lang_id, type_id, answer, wording, active, %s,
               create_uid, create_date, write_uid, write_date
          FROM sms_marketing_keyword WHERE id = %s
        ON CONFLICT DO NOTHING
        """,
        [normalise(row["name"]), company_id, row["id"]],
    )


def _is_overruled(row):
    return is_overruled(
        normalise(row["name"]), row["action"], for_one_type=row["type_id"] is not None
    )
