"""The fingerprint of what was approved covers more than before: approvals in force stay so."""

import hashlib
import json

from odoo import SUPERUSER_ID, api

from odoo.addons.sms_marketing.models.sms_marketing_message import FROZEN_FIELDS, MOMENT_FIELDS


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    for message in env["sms.marketing.message"].search(
        [("approval_content", "!=", False), ("state", "in", ("draft", "scheduled"))]
    ):
        intent, _separator, content = message.approval_content.partition(":")
        if content == _content_before(message, with_moment=intent == "schedule"):
            message.approval_content = message._approval_content(intent)


def _content_before(message, with_moment):
    """As 19.0.1.0.0 worked it out."""
    lists = message.include_list_ids | message.exclude_list_ids
    company = message.company_id
    codes = [code for code, _name in message.env["res.lang"].get_installed()]
    names = sorted(FROZEN_FIELDS | MOMENT_FIELDS if with_moment else FROZEN_FIELDS)
    content = {
        "fields": [
            sorted(message[name].ids) if message._fields[name].relational else message[name]
            for name in names
        ],
        "lists": [
            [one.id, one.kind, one.kind == "rule" and one.domain] for one in lists.sorted("id")
        ],
        "opt_out": message.include_opt_out_text
        and [company.with_context(lang=code).sms_marketing_opt_out_text for code in codes],
    }
    written = json.dumps(content, default=str, sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()
