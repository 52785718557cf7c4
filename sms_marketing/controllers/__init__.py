from . import preferences, secret_links, short_link, sign_up, sign_up_qr, webhook
