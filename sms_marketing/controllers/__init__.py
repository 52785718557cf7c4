from . import short_link, webhook
