"""Fields that users read and only the add-on itself writes, and readonly fields that are none."""

#: {model: fields}, as the classes declare them in ``_protected``.
PROTECTED = {
    "phone.blacklist": ("sms_marketing_company_ids",),
    "res.partner": ("mobile_e164", "phone_e164"),
    "sms.marketing.allowance": ("reservations",),
    "sms.marketing.allowance.change": ("company_id",),
    "sms.marketing.contact.import": (
        "checked",
        "list_id",
        "problems_file",
        "problems_file_name",
        "report",
        "state",
    ),
    "sms.marketing.create.field": ("company_id", "form_id", "kind", "name"),
    "sms.marketing.create.form": ("company_id",),
    "sms.marketing.gateway": (
        "down_detail",
        "down_since",
        "failed_recipient",
        "failures",
        "next_try_at",
        "paused_until",
        "sandbox_played_until",
        "tries",
        "webhook_secret",
    ),
    "sms.marketing.keyword": ("normalised",),
    "sms.marketing.list": ("author_id",),
    "sms.marketing.message": (
        "approval_asked_by_id",
        "approval_at",
        "approval_by_id",
        "approval_content",
        "approval_recipients",
        "approval_state",
        "body_changed_by_id",
        "body_version",
        "changed_by_id",
        "content_author_ids",
        "estimated_segments",
        "finished_at",
        "link_ids",
        "moved_by_id",
        "recipient_ids",
        "started_at",
        "starts_at",
        "state",
    ),
    "sms.marketing.price": ("company_id",),
    "sms.marketing.privacy.export": ("file", "file_name"),
    "sms.marketing.sign.up.choice": ("company_id",),
    "sms.marketing.test.number": (
        "code_expires_at",
        "code_hash",
        "code_tries",
        "verified_at",
        "verified_by_id",
    ),
}

#: {model: {stored field that looks as if nobody may write it: why it does no harm}}
HARMLESS = {
    "sms.marketing.consent.change": {
        "partner_id": "Which contact a wizard is about; applying it checks the right to read it.",
        "partner_ids": "As `partner_id`.",
    },
    "sms.marketing.contact.import": {"ask_to_confirm": "A proposal that the user may change."},
    "sms.marketing.keyword": {
        "company_id": "Follows the type, or is chosen; it must be a company of the user.",
    },
    "sms.marketing.message": {
        "create_form_id": "Always the form of the message's company, whatever is passed.",
        "properties": "Values that users fill in.",
    },
}
