"""The unit tests of the interface (Hoot), run in a browser."""

from odoo.tests import HttpCase, no_retry, tagged

from .common import PatientBrowserMixin

SUITE = "@sms_marketing"


def _suite_id(name):
    """Hoot's name for a suite in an address: a 32-bit hash of its full name."""
    number = 0
    for character in name:
        number = (number * 31 + ord(character)) & 0xFFFFFFFF
    return f"{number:08x}"


@tagged("post_install", "-at_install")
class TestHoot(PatientBrowserMixin, HttpCase):
    def test_suite_id(self):
        # Known pairs, from Odoo's own test of the same hash.
        self.assertEqual(_suite_id("@web/core"), "e39ce9ba")
        self.assertEqual(_suite_id("@web/core/autocomplete"), "69a6561d")

    @no_retry
    def test_unit_desktop(self):
        # An unknown suite would make Hoot run every test there is, and end in the time-out.
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id={_suite_id(SUITE)}",
            "",
            "",
            login="admin",
            timeout=120,
            success_signal="[HOOT] Test suite succeeded",
            error_checker=lambda message: "[HOOT]" not in message,
        )
