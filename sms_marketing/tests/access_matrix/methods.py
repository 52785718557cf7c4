"""Who may call which public method of the add-on, by RPC; Odoo's own methods follow the rows.

Whatever the role: with ids of another company, and with ids that do not exist, every call is
refused and changes nothing.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """A method, how the test calls it, and what comes of it.

    :param own: the role that may at least call it on rows of one's own company that are one's
        own, or nobody's own (see ``roles.at_least``)
    :param another: the same for rows of another user; None: as ``own``
    :param args: arguments; a string that begins with ``@`` is an attribute of the test case
    :param outcome: ``UserError`` where the example is in no state for it, though it is allowed
    :param context: of the call
    """

    own: str
    another: str | None = None
    args: tuple = ()
    outcome: str = "done"
    context: tuple = ()


_READS = Call("user", "manager")
_CHANGES = Call("user", "manager")
_NOT_NOW = Call("user", "manager", outcome="UserError")

#: {model: {method: call}}
METHODS = {
    "privacy.lookup.wizard.line": {"action_unlink": Call("nobody")},
    "res.config.settings": {"action_sms_marketing_texts": Call("nobody")},
    "res.partner": {
        "action_sms_marketing_off": Call("contacts"),
        "action_sms_marketing_on": Call("manager"),
        "action_view_sms_activity": Call("sales"),
    },
    "sms.marketing.activity": {"action_open_message": Call("user", "manager")},
    "sms.marketing.allowance": {
        "action_view_months": Call("user"),
        "get_allowance": Call("user"),
    },
    "sms.marketing.consent.change": {
        "action_apply": Call("manager", "nobody", outcome="UserError"),
    },
    "sms.marketing.contact.import": {
        "action_check": Call("manager", "nobody"),
        "action_import": Call("manager", "nobody", outcome="UserError"),
    },
    "sms.marketing.create.form": {"action_open": Call("administrator")},
    "sms.marketing.gateway": {
        "action_revoke_old_webhook_urls": Call("administrator"),
        "action_rotate_webhook_secret": Call("administrator"),
        "action_show_webhook_url": Call("administrator"),
        "action_test_connection": Call("administrator"),
        "action_try_now": Call("administrator"),
    },
    "sms.marketing.inbound": {
        "action_no_wish": Call("manager"),
        "action_opt_out": Call("manager"),
    },
    "sms.marketing.keyword": {"action_write_own_answer": Call("user")},
    "sms.marketing.list": {
        "action_take_over_rule": Call("manager"),
        "action_view_partners": Call("user"),
        "add_partners": Call("manager", args=([("id", "=", 0)],)),
        "remove_partners": Call("manager", args=([("id", "=", 0)],)),
    },
    "sms.marketing.list.members": {"action_apply": Call("manager", "nobody")},
    "sms.marketing.message": {
        "action_ask_cancel": _CHANGES,
        "action_cancel": _NOT_NOW,
        "action_create_message": Call("user"),
        "action_drop_archived_senders": _CHANGES,
        "action_include_opt_out_text": _CHANGES,
        "action_open_editor": _READS,
        "action_open_send_test": _READS,
        "action_pause": _NOT_NOW,
        "action_plain_equivalents": _CHANGES,
        "action_resume": _NOT_NOW,
        "action_review_approval": _READS,
        "action_review_schedule": _READS,
        "action_review_send": _READS,
        "action_schedule": _NOT_NOW,
        "action_send": _CHANGES,
        "action_unschedule": _NOT_NOW,
        "action_view_audience": _READS,
        "action_view_clicked": _READS,
        "action_view_considered": _READS,
        "action_view_delivered": _READS,
        "action_view_not_sent": _READS,
        "action_view_opted_out": _READS,
        "action_view_replies": _READS,
        "action_view_sent": _READS,
        "action_view_time_zone": Call("user", "manager", args=("Europe/Berlin",)),
        "action_view_undelivered": _READS,
        "action_view_unknown": _READS,
        "approve_reviewed": Call("nobody", "manager", ("send", "@version"), "UserError"),
        "ask_approval": Call("user", "manager", args=("send", "@version"), outcome="UserError"),
        "exact_step": _READS,
        "get_allowance": _READS,
        "get_audience": _READS,
        "get_audience_counts": _READS,
        "get_editor_data": _READS,
        "get_preview_values": Call("user", "manager", args=("@contact_id", ["object.name"])),
        "get_progress": _READS,
        "get_review": Call("user", "manager", args=("send",)),
        "get_test_outcomes": _READS,
        "get_test_panel": _READS,
        "get_time_zone_overview": _READS,
        "get_token_choices": _READS,
        "reject_reviewed": Call("nobody", "manager", ("send", "@version", "No"), "UserError"),
        "send_reviewed": Call("user", "manager", args=("send", "@version")),
        "send_test": Call("user", "manager", args=([],), outcome="UserError"),
    },
    "sms.marketing.privacy.export": {
        "action_erase": Call("administrator", "nobody"),
        "action_export": Call("manager", "nobody"),
    },
    "sms.marketing.recipient": {
        "action_ask_provider": Call("user", "manager", outcome="UserError"),
        "action_send_again": Call("user", "manager", outcome="UserError"),
        "action_was_sent": Call("user", "manager", outcome="UserError"),
    },
    "sms.marketing.sign.up.form": {
        "action_download_qr": Call("user"),
        "action_open_page": Call("user"),
    },
    "sms.marketing.subscription": {
        "action_change_consent": Call("user"),
        "action_view_consents": Call("user"),
    },
    "sms.marketing.subscription.type": {
        "action_view_subscriptions": Call("user"),
        "action_view_versions": Call("user"),
    },
    "sms.marketing.test.number": {
        "action_send_code": Call("user", "manager", args=("@message_id",)),
        "action_verify": Call("user", "manager", args=("000000",), outcome="UserError"),
        "add": Call("user", "manager", args=("+13035550111", "Anna", "@message_of_scope")),
    },
}
