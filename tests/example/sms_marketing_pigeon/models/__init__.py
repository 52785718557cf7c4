from . import sms_marketing_gateway
