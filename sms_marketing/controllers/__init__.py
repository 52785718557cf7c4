from . import access_log, preferences, short_link, sign_up, sign_up_qr, webhook
