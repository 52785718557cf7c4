from . import (
    base_partner_merge,
    privacy_lookup,
    sms_composer,
    sms_marketing_consent_change,
    sms_marketing_contact_import,
    sms_marketing_list_members,
    sms_marketing_privacy_export,
)
