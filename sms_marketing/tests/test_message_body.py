"""What may be saved as a text, and what happens when two people write one."""

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..models.sms_marketing_message_body import LONGEST_BODY
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestMessageBody(SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.draft = cls.message(cls.contacts(1), body="As it was")

    def test_token_in_the_host_of_a_link_is_not_saved(self):
        message = self.message(body="https://shop.example/{{ object.ref }}")
        for body in (
            "https://{{ object.ref }}.example/x",
            "See www.shop{{ object.ref }}.example",
            "HTTP://shop.example{{ object.ref }}/x",
        ):
            with self.assertRaisesRegex(ValidationError, "address of the site"):
                message.body = body
            with self.assertRaisesRegex(ValidationError, "address of the site"):
                self.message(body=body)

    def test_broken_and_forbidden_tokens_are_not_saved(self):
        for body in (
            "Hi {{ object.name",
            "Hi }} there",
            "{{ }}",
            "Hi {{ object.password }}",
            "Hi {{ object.user_id.password ||| x }}",
            "{{ object.env.cr }}",
            "{{ 1+1 }}",
        ):
            with self.subTest(body):
                with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
                    self.draft.body = body
                self.assertIn("Test message", str(caught.exception))
                with self.assertRaises(ValidationError), self.env.cr.savepoint():
                    self.message(body=body)
        self.draft.invalidate_recordset()
        self.assertEqual(self.draft.body, "As it was")

    def test_import_refuses_a_broken_token(self):
        outcome = self.env["sms.marketing.message"].load(
            ["name", "body"], [["Imported", "Hi {{ object.name"]]
        )
        self.assertFalse(outcome["ids"])
        self.assertIn("cannot be saved", outcome["messages"][0]["message"])

    def test_good_tokens_are_saved(self):
        self.draft.body = "Hi {{ object.first_name ||| there }} of {{ object.parent_id.name }}"
        self.assertIn("first_name", self.draft.body)

    def test_control_characters_are_stripped(self):
        self.draft.body = "a\x00b\x07c\r\nd\te\x9f"
        self.assertEqual(self.draft.body, "abc\nd e")
        self.assertEqual(self.message(body="\x00x\x1b").body, "x")

    def test_long_and_strange_texts_are_kept_as_they_are(self):
        for body in (
            "x" * LONGEST_BODY,
            "שלום {{ object.name }} مرحبا",
            "👨‍👩‍👧‍👦 🇩🇪 é \u200b\u200d",
            "<script>alert(1)</script> & <b>",
        ):
            self.draft.body = body
            self.draft.invalidate_recordset()
            self.assertEqual(self.draft.body, body)
        with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
            self.draft.body = "x" * (LONGEST_BODY + 1)
        self.assertIn("the maximum is 10000", str(caught.exception))

    def test_second_one_to_save_is_told(self):
        ann, bob = self.user("ann_sms", name="Ann"), self.user("bob_sms", name="Bob")
        self.draft.user_id = False
        self._share_with(ann + bob)
        version = self.draft.body_version
        self.draft.with_user(ann).write({"body": "By Ann", "body_version": version})
        with self.assertRaises(UserError) as caught:
            self.draft.with_user(bob).write({"body": "By Bob", "body_version": version})
        self.assertIn("Ann has changed the text", str(caught.exception))
        self.assertEqual(self.draft.body, "By Ann")
        # With the present version in hand it is his own decision.
        self.draft.with_user(bob).write({"body": "By Bob", "body_version": self.draft.body_version})
        self.assertEqual(self.draft.body, "By Bob")

    def _share_with(self, users):
        users.write({"group_ids": [(4, self.env.ref("sms_marketing.group_manager").id)]})

    def test_same_text_and_other_fields_are_no_conflict(self):
        version = self.draft.body_version
        self.draft.body = "New"
        self.draft.write({"body": "New", "body_version": version})
        self.draft.write({"name": "Renamed", "body_version": version})
        self.assertEqual(self.draft.name, "Renamed")
        self.assertEqual(self.draft.body_version, version + 1)

    def test_one_who_saves_twice_is_not_told_anything(self):
        for number in range(3):
            values = {"body": f"Draft {number}", "body_version": self.draft.body_version}
            self.draft.web_save(values, {"body_version": {}})
        self.assertEqual(self.draft.body, "Draft 2")

    def test_version_is_not_for_the_taking(self):
        self.draft.write({"body_version": 99})
        self.assertEqual(self.draft.body_version, 0)
        self.assertEqual(self.message(body_version=7).body_version, 0)
        self.draft.body = "Once"
        self.assertEqual(self.draft.copy().body_version, 0)
