"""What each role may do with rows of each model; roles that are not named may do nothing.

Nobody sees or changes a row of a company in which they do not work now.
"""

from .roles import at_least

READERS = dict.fromkeys(at_least("user"), "r")
OF_MANAGERS = {"user": "r", "manager": "rwcd", "administrator": "rwcd"}
SETTINGS = {"user": "r", "manager": "r", "administrator": "rwcd"}
WIZARD = {"manager": "rwcd", "administrator": "rwcd"}
OF_ENGINE = {"administrator": "r"}

#: {model: {role: letters}} for one's own rows, and all where rows are nobody's own.
ACCESS = {
    "sms.marketing.activity": dict.fromkeys(at_least("sales"), "r"),
    "sms.marketing.allowance": SETTINGS,
    "sms.marketing.allowance.change": SETTINGS,
    "sms.marketing.approved.audience": {},
    "sms.marketing.audience": OF_ENGINE,
    "sms.marketing.click": READERS,
    "sms.marketing.consent": READERS,
    "sms.marketing.consent.change": WIZARD,
    "sms.marketing.contact.import": WIZARD,
    "sms.marketing.create.field": {**SETTINGS, "administrator": "rw"},
    "sms.marketing.create.form": {**SETTINGS, "administrator": "rw"},
    "sms.marketing.deleted.text": OF_ENGINE,
    "sms.marketing.gateway": SETTINGS,
    "sms.marketing.gateway.secret": {},
    "sms.marketing.holiday": SETTINGS,
    "sms.marketing.inbound": READERS,
    "sms.marketing.journal": OF_ENGINE,
    "sms.marketing.keyword": SETTINGS,
    "sms.marketing.link": READERS,
    "sms.marketing.list": OF_MANAGERS,
    "sms.marketing.list.change": dict.fromkeys(at_least("manager"), "r"),
    "sms.marketing.list.members": WIZARD,
    "sms.marketing.message": dict.fromkeys(at_least("user"), "rwcd"),
    "sms.marketing.price": SETTINGS,
    "sms.marketing.privacy.export": WIZARD,
    "sms.marketing.privacy.log": dict.fromkeys(at_least("manager"), "r"),
    "sms.marketing.quiet.hours": SETTINGS,
    "sms.marketing.rate": OF_ENGINE,
    "sms.marketing.receipt": OF_ENGINE,
    "sms.marketing.recipient": READERS,
    "sms.marketing.sender": SETTINGS,
    "sms.marketing.sign.up": OF_ENGINE,
    "sms.marketing.sign.up.choice": OF_MANAGERS,
    "sms.marketing.sign.up.form": OF_MANAGERS,
    "sms.marketing.statistic": READERS,
    "sms.marketing.statistic.mark": {},
    "sms.marketing.subscription": READERS,
    "sms.marketing.subscription.type": SETTINGS,
    "sms.marketing.subscription.type.version": READERS,
    "sms.marketing.tag": OF_MANAGERS,
    "sms.marketing.test.number": dict.fromkeys(at_least("user"), "rwcd"),
    "sms.marketing.throttle": OF_ENGINE,
    "sms.marketing.token.default": SETTINGS,
    "sms.marketing.usage": OF_ENGINE,
    "sms.marketing.usage.month": READERS,
}

_OF_A_MESSAGE = dict.fromkeys(at_least("manager"), "r")

#: The same for rows that are another user's, where these differ; ``c`` has no meaning here.
OF_ANOTHER_USER = {
    "sms.marketing.click": _OF_A_MESSAGE,
    "sms.marketing.consent.change": {},
    "sms.marketing.contact.import": {},
    "sms.marketing.inbound": _OF_A_MESSAGE,
    "sms.marketing.link": _OF_A_MESSAGE,
    "sms.marketing.list.members": {},
    "sms.marketing.message": dict.fromkeys(at_least("manager"), "rwd"),
    "sms.marketing.privacy.export": {},
    "sms.marketing.recipient": _OF_A_MESSAGE,
    "sms.marketing.statistic": _OF_A_MESSAGE,
    "sms.marketing.test.number": {
        "user": "r",
        **dict.fromkeys(at_least("manager"), "rwd"),
    },
}
