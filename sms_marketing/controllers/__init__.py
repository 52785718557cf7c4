from . import preferences, short_link, sign_up, webhook
