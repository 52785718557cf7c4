"""Rows of import files, as the tests of the import share them."""

import csv
import io

from ..engine import contact_file
from ..models.sms_marketing_consent import LEGAL_BASES

GOOD = {
    "name": "Ann Bee",
    "ref": "SMS-1",
    "mobile": "+13035550101",
    "country": "US",
    "timezone": "America/Denver",
    "marketing": "yes",
    "consent": "subscribed",
    "consent_date": "2026-01-31",
    "legal_basis": "web_consent",
    "evidence": "Form of 31 January, archive no. 17",
}


def to_csv(*rows, delimiter=","):
    """These dictionaries as a file; the columns are the keys of the first."""
    target = io.StringIO()
    writer = csv.DictWriter(target, list(rows[0]), delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue().encode()


def read(env, content):
    return contact_file.read(env, content, dict(LEGAL_BASES))
