from . import preferences, short_link, webhook
