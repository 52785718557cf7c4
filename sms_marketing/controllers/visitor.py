"""What a visitor's request says, made safe in one place before anything else looks at it.

No control character (PostgreSQL takes no NUL), no lone surrogate, nothing longer than it may be:
whatever a robot puts into a field, a header or an address is text that can be stored.
"""

from odoo.http import request

from ..engine.throttle import network
from ..text.encoding import strip_control

#: Characters of a user agent that are kept.
_LONGEST_USER_AGENT = 256
#: Characters of anything else, unless the caller says otherwise.
_LONGEST = 1000


def clean(value, most=_LONGEST):
    """One line of text: at most ``most`` characters, white space outside and in runs removed."""
    # Cut first: what follows looks at each character.
    return " ".join(strip_control((value or "")[: 4 * most]).split())[:most]


def field(name, most=_LONGEST):
    """What was typed into a field of the form; empty where there is none."""
    return clean(request.httprequest.form.get(name), most)


def ticked(name):
    """What was ticked, as text: a visitor may send digits that no number is made of."""
    return {clean(value) for value in request.httprequest.form.getlist(name)[:100]}


def has(name):
    """Whether a button was pressed."""
    return name in request.httprequest.form


def parameter(name, most=_LONGEST):
    """A parameter of the address."""
    return clean(request.httprequest.args.get(name), most)


def cookie(name, most=_LONGEST):
    return clean(request.httprequest.cookies.get(name), most)


def user_agent():
    return clean(request.httprequest.user_agent.string, _LONGEST_USER_AGENT)


def address():
    """The visitor's network address: behind a proxy, what ``proxy_mode`` lets the proxy say."""
    return clean(request.httprequest.remote_addr, 64)


def visitor_network():
    """The visitor's network, as limits count it."""
    return network(address())
