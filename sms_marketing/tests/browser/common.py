"""What tests in a browser have in common."""

from unittest.mock import patch

from odoo.tests.common import ChromeBrowser

from ..common import SmsMarketingHttpCase

#: How many times as long as by itself Odoo waits for the browser: a slow machine is no failure.
PATIENCE = 6


class PatientBrowserMixin:
    """Limits of time that only a browser that hangs exceeds."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What Odoo stretches its limits by when it slows the browser down.
        stretched = property(lambda _browser: PATIENCE, lambda _browser, _factor: None)
        cls.startClassPatcher(
            patch.object(ChromeBrowser, "throttling_factor", stretched, create=True)
        )


class BrowserCase(PatientBrowserMixin, SmsMarketingHttpCase):
    """A test in a browser."""
