"""What the tests of the public sign-up page share."""

import re

from odoo.fields import Command

from .public_pages import PublicPageMixin

WRONG = "000000"


class SignUpMixin(PublicPageMixin):
    def setUp(self):
        super().setUp()
        self.events = self.env["sms.marketing.subscription.type"].create(
            {"name": "Events", "description": "Once a month"}
        )
        self.form = self.env["sms.marketing.sign.up.form"].create(
            {
                "name": "Spring fair",
                "slug": "fair-of-the-tests",
                "title": "Get our texts",
                "introduction": "Fresh offers,\nevery week.",
                "thanks": "See you at the fair!",
                "choice_ids": [
                    Command.create({"type_id": self.type.id, "wording": "I agree to offers."}),
                    Command.create({"type_id": self.events.id, "wording": "I agree to events."}),
                ],
            }
        )
        self.path = "/sms/sign-up/fair-of-the-tests"

    def texts_to(self, number):
        return (
            self.env["sms.marketing.recipient"]
            .sudo()
            .search([("kind", "=", "verification"), ("number", "=", number)])
        )

    def code_to(self, number):
        code = re.search(r"[0-9]{6}", self.texts_to(number)[0].body)[0]
        self.assertNotEqual(code, WRONG, "one run in a million: run it again")
        return code

    def ask(self, number, *types, path=None, headers=None, **typed):
        """Fill the form in; returns (response, page)."""
        _response, page = self.visit(path or self.path)
        ids = [str(one.id) for one in types or (self.type,)]
        return self.fill_in(page, number=number, type=ids, headers=headers, **typed)

    def sign_up(self, number, *types, **typed):
        """All the way; returns the last page."""
        _response, page = self.ask(number, *types, **typed)
        _response, page = self.fill_in(page, code=self.code_to(number))
        return page

    def problems(self, page):
        """Texts of the marked fields' problems, by the field's name."""
        found = {}
        for field in page.xpath("//*[@aria-invalid='true']"):
            [error] = page.xpath(
                f"//*[@id='{'types' if field.get('name') == 'type' else field.get('name')}_error']"
            )
            found[field.get("name")] = error.text_content()
        return found
