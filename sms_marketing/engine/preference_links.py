"""Preference links: a secret of their own, apart from short links, that only a recipient ever has.

A code names a recipient and authenticates itself: the recipient's id, masked, and 88 bits of a
keyed hash, as 20 URL-safe characters. Nothing is stored, so nobody can list codes from the
database, and a code is checked before any row is looked at. Texts that users see have
``PLACEHOLDER`` in place of the code; the code is filled in when a text is handed to its gateway.
"""

import base64
import hmac
import re
import struct
from hashlib import sha256

from odoo.tools.misc import hmac as odoo_hmac

from .links import is_token

#: What users read in place of a recipient's code: as long as one, of the same alphabet.
PLACEHOLDER = "private-to-recipient"
CODE_LENGTH = len(PLACEHOLDER)
is_code = re.compile(r"[A-Za-z0-9_-]{20}").fullmatch

#: Before 19.0.1.1.0 a preference link was a short link's token with this mark behind it.
OLD_MARK = "P"

#: System parameter: the last recipient whose text has an old link. Set by the update, if at all.
LAST_OLD_RECIPIENT = "sms_marketing.last_old_preference_link"

_TAG_BYTES = 11


class PreferenceCodes:
    """Makes and reads codes; keep one for a batch of texts, as it looks up the key once."""

    def __init__(self, env):
        secret = odoo_hmac(env(su=True), "sms_marketing.preference_link", "codes")
        self._key = bytes.fromhex(secret)

    def code(self, recipient_id):
        """The code of a ``sms.marketing.recipient``."""
        identity = struct.pack(">I", recipient_id)
        tag = self._digest(b"tag", identity)[:_TAG_BYTES]
        return base64.urlsafe_b64encode(self._mask(tag, identity) + tag).decode()

    def recipient_id(self, code):
        """The id that a code stands for; None where it is not one of ours."""
        if not is_code(code):
            return None
        raw = base64.urlsafe_b64decode(code)
        tag = raw[4:]
        identity = self._mask(tag, raw[:4])
        if not hmac.compare_digest(tag, self._digest(b"tag", identity)[:_TAG_BYTES]):
            return None
        return struct.unpack(">I", identity)[0]

    def fill(self, text, base_url, recipient_id):
        """A rendered text as its recipient gets it.

        Only behind our own address: a user who writes the placeholder elsewhere gets no code.
        """
        shown = base_url + PLACEHOLDER
        if shown not in text:
            return text
        return text.replace(shown, base_url + self.code(recipient_id))

    def _mask(self, tag, identity):
        # Ids count up: unmasked, two texts would tell how many went out between them.
        return bytes(map(int.__xor__, identity, self._digest(b"mask", tag)))

    def _digest(self, purpose, content):
        return hmac.digest(self._key, purpose + content, sha256)


def code_of_short_link(code):
    """What a short link's code hands on to the preference page; None where it is no such link."""
    if is_code(code):
        return code
    token, mark = code[: -len(OLD_MARK)], code[-len(OLD_MARK) :]
    return token if mark == OLD_MARK and is_token(token) else None


def find(env, code):
    """The ``sms.marketing.recipient`` of a code or old token; empty where there is none.

    :param env: of the system
    :return: the recipient, and whether its link is an old one, with which one can only leave
    """
    recipients = env["sms.marketing.recipient"]
    if is_token(code):
        last = env["ir.config_parameter"].get_param(LAST_OLD_RECIPIENT, "")
        if not last.isascii() or not last.isdigit():
            return recipients, True
        domain = [("token", "=", code), ("id", "<=", int(last))]
    else:
        domain = [("id", "=", PreferenceCodes(env).recipient_id(code) or 0)]
    return recipients.search([*domain, ("number", "!=", False)], limit=1), bool(is_token(code))


def base_urls_of(recipients):
    """{id: what stands before the code} of recipients that are texts of a message, or its tests."""
    return {
        one.id: (one.message_id or one.test_message_id)._short_link_base() for one in recipients
    }
