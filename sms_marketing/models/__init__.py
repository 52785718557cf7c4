from . import sms_marketing_engine_record

# isort: split (the next ones inherit from it)
from . import (
    res_company,
    res_config_settings,
    res_partner,
    sms_marketing_activity,
    sms_marketing_click,
    sms_marketing_consent,
    sms_marketing_gateway,
    sms_marketing_inbound,
    sms_marketing_keyword,
    sms_marketing_link,
    sms_marketing_list,
    sms_marketing_message,
    sms_marketing_message_delivery,
    sms_marketing_receipt,
    sms_marketing_recipient,
    sms_marketing_sender,
    sms_marketing_statistic,
    sms_marketing_subscription,
    sms_marketing_subscription_type,
    sms_marketing_tag,
)
