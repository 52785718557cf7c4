"""What tests of the pages for the public share: reading and filling in their forms."""

from contextlib import contextmanager
from unittest.mock import patch

from lxml import html

from ..engine.preference_links import PreferenceCodes
from ..gateways.sandbox import SandboxGateway
from ..gateways.values import Accepted


@contextmanager
def handed_over():
    """{reference: text} of what the sandbox's gateway is handed meanwhile, as phones get it."""
    texts = {}

    def send(_gateway, batch):
        texts.update({text.reference: text.body for text in batch})
        return [Accepted()] * len(batch)

    with patch.object(SandboxGateway, "send", send):
        yield texts


class PublicPageMixin:
    """A visitor without JavaScript."""

    def setUp(self):
        super().setUp()
        self.env.cr.execute("DELETE FROM sms_marketing_throttle")
        for code in ("nl_NL", "fr_FR"):
            self.env["res.lang"]._activate_lang(code)

    def visit(self, path, **options):
        """GET a page; returns (response, parsed page)."""
        options.setdefault("headers", {"Accept-Language": "en"})
        response = self.url_open(path, **options)
        self.env.invalidate_all()
        return response, html.fromstring(response.text)

    def fill_in(self, page, button=None, headers=None, **typed):
        """POST the form of a page with what was typed, as a browser does.

        :param button: name of the button that is pressed
        :param typed: values by name; a list for ticks; None leaves a field out
        """
        [form] = page.xpath("//form")
        fields = {
            name: value for name, value in form.form_values() if not isinstance(value, type(None))
        }
        ticked = [value for name, value in form.form_values() if name == "type"]
        fields.pop("type", None)
        data = {**fields, "type": ticked, **typed}
        if button:
            data[button] = "1"
        response = self.url_open(
            form.get("action"),
            data={name: value for name, value in data.items() if value is not None},
            headers={"Accept-Language": "en", **(headers or {})},
        )
        self.env.invalidate_all()
        return response, html.fromstring(response.text)

    def preference_path(self, recipient):
        """The address of a recipient's preference page."""
        return f"/sms/preferences/{PreferenceCodes(self.env).code(recipient.id)}"

    @staticmethod
    def text_of(page):
        return " ".join(page.xpath("//main")[0].text_content().split())

    def state_of(self, number, subscription_type=None):
        return (
            self.env["sms.marketing.subscription"]
            .search(
                [
                    ("number", "=", number),
                    ("type_id", "=", (subscription_type or self.type).id),
                ]
            )
            .state
        )

    def log_of(self, number):
        return self.env["sms.marketing.consent"].search([("number", "=", number)], order="id")
