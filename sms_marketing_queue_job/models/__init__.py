from . import sms_marketing_message
from . import res_config_settings
