"""What the editor and its phone get from the server: choices, defaults, a contact's values."""

from datetime import date, datetime
from types import SimpleNamespace

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..engine import personalize
from ..engine.links import MOST_LINKS, TOKEN_LENGTH, short_link
from ..engine.preference_links import PreferenceCodes
from ..engine.texts import Addressee, MessageTexts
from ..text.tokens import PREFERENCE_LINK
from .common import SmsMarketingCase

#: What no token may ever reach, from each root.
SECRETS = (
    "object.signup_token",
    "object.signup_type",
    "object.comment",
    "object.image_1920",
    "object.properties",
    "object.bank_ids",
    "object.credit_limit",
    "object.sms_marketing",
    "object.sms_subscription_ids",
    "object.barcode",
    "object.id",
    "object.create_uid",
    "object.parent_id",
    "object.parent_id.parent_id.name",
    "object.user_ids.password",
    "object.user_id.password",
    "object.user_id.totp_secret",
    "object.user_id.login",
    "object.user_id.api_key_ids",
    "company.sms_marketing_opt_out_text",
    "company.partner_id.name",
    "company.logo",
    "object",
    "company",
    "nobody.name",
)


@tagged("post_install", "-at_install")
class TestEditorData(SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.company.with_context(lang="en_US").sms_marketing_opt_out_text = "Reply STOP to opt out"
        cls.company.with_context(lang="fr_FR").sms_marketing_opt_out_text = "Répondez STOP"
        cls.company.partner_id.lang = "en_US"
        cls.marketer = cls.user("editor_marketer")
        cls.messages = cls.env["sms.marketing.message"]
        cls.messages_of_marketer = cls.messages.with_user(cls.marketer)

    def _values(self, partner, *paths, user=None):
        messages = self.messages.with_user(user or self.marketer)
        return messages.get_preview_values(partner.id, list(paths))

    def _custom_field(self, name, kind, **vals):
        self.env["ir.model.fields"].create(
            {
                "name": name,
                "field_description": vals.pop("label", name),
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "ttype": kind,
                **vals,
            }
        )
        return f"object.{name}"

    # ------------------------------------------------------------
    # Once for an editor
    # ------------------------------------------------------------

    def test_a_link_of_the_editor_is_as_long_as_a_real_one(self):
        data = self.messages_of_marketer.get_editor_data()
        for index in (0, 1, 35):
            shown = data["linkBase"] + data["linkToken"] + data["linkPositions"][index]
            self.assertEqual(shown, short_link(data["linkBase"], data["linkToken"], index))
        self.assertEqual(len(data["linkPositions"]), MOST_LINKS)
        self.assertEqual(len(data["linkToken"]), TOKEN_LENGTH)

    def test_the_preference_link_is_as_long_as_a_real_one(self):
        code = self.messages_of_marketer.get_editor_data()["preferenceCode"]
        self.assertEqual(len(code), len(PreferenceCodes(self.env).code(1)))

    def test_more_links_than_can_be_sent(self):
        """While it is written, a text may have any number of links: nothing breaks."""
        body = " ".join(f"https://example.com/{number}" for number in range(MOST_LINKS + 1))
        with self.assertRaisesRegex(ValidationError, "37 different links; a text can have 36"):
            self.message(body=body)
        message = self.message(body=body.rpartition(" ")[0])
        with self.assertRaisesRegex(ValidationError, "37 different links"):
            message.body = body
        self.store_body(message, body)
        self.assertIn("/s/", message.preview_text)
        self.assertGreater(message._estimated_length(), 1)
        self.assertTrue(message.get_editor_data())
        self.assertIn("too_many_links", [one.code for one in message._review_text(None)])

    def test_opt_out_texts_by_language(self):
        texts = self.messages_of_marketer.get_editor_data()["optOutTexts"]
        self.assertEqual(texts["fr_FR"], "Répondez STOP")
        self.assertEqual(texts["en_US"], "Reply STOP to opt out")
        self.assertEqual(texts[""], "Reply STOP to opt out")
        self.company.partner_id.lang = "fr_FR"
        self.assertEqual(
            self.messages_of_marketer.get_editor_data()["optOutTexts"][""], "Répondez STOP"
        )

    def test_token_defaults_of_the_company(self):
        other = self.make_company()["company"]
        self.env["sms.marketing.token.default"].create(
            [
                {"path": "object.first_name", "value": "friend"},
                {"path": "object.first_name", "value": "stranger", "company_id": other.id},
            ]
        )
        self.assertEqual(
            self.messages_of_marketer.get_editor_data()["tokenDefaults"],
            {"object.first_name": "friend"},
        )

    def test_the_company_of_an_unsaved_message_counts(self):
        other = self.make_company()["company"]
        other.sms_marketing_opt_out_text = "Text STOP to end"
        both = self.user("editor_two", company_ids=[Command.set((self.company | other).ids)])
        messages = self.messages.with_user(both)
        messages = messages.with_context(allowed_company_ids=(self.company | other).ids)
        data = messages.get_editor_data(company_id=other.id)
        self.assertEqual(data["optOutTexts"][""], "Text STOP to end")
        with self.assertRaises(AccessError):
            self.messages_of_marketer.get_editor_data(company_id=other.id)

    def test_only_those_who_text_get_it(self):
        seller = self.user("editor_seller", groups="sales_team.group_sale_salesman")
        contact = self.contact()
        messages = self.messages.with_user(seller)
        for call in (
            messages.get_editor_data,
            messages.get_token_choices,
            lambda: messages.get_preview_values(contact.id, ["object.name"]),
        ):
            with self.assertRaises(AccessError):
                call()

    def test_a_message_of_somebody_else(self):
        foreign = self.message()
        with self.assertRaises(AccessError):
            foreign.with_user(self.marketer).get_editor_data()

    # ------------------------------------------------------------
    # Choices
    # ------------------------------------------------------------

    def test_every_choice_is_readable_and_labelled(self):
        for choice in self.messages_of_marketer.get_token_choices():
            self.assertTrue(choice["properties"], choice["type"])
            names = [one["name"] for one in choice["properties"]]
            self.assertEqual(len(set(names)), len(names))
            for one in choice["properties"]:
                self.assertEqual(one["path"], f"{choice['type']}.{one['name']}")
                is_link = one["path"] == PREFERENCE_LINK
                self.assertNotEqual(personalize.is_readable(self.env, one["path"]), is_link)
                self.assertTrue(one["label"], one["path"])

    def test_labels_are_in_the_users_language(self):
        field = self.env["ir.model.fields"]._get("res.partner", "function")
        field.with_context(lang="fr_FR").field_description = "Poste occupé"
        self.marketer.lang = "fr_FR"
        choices = self.messages_of_marketer.with_context(lang="fr_FR").get_token_choices()
        contact = {one["name"]: one["label"] for one in choices[0]["properties"]}
        self.assertEqual(contact["function"], "Poste occupé")

    def test_no_secret_is_readable(self):
        paths = self.messages_of_marketer.get_editor_data()["readablePaths"]
        for path in SECRETS:
            self.assertFalse(personalize.is_readable(self.env, path), path)
            self.assertNotIn(path, paths)
        contact = self.contact(barcode="4006381333931")
        self.assertEqual(self._values(contact, *SECRETS)["values"], {})

    def test_no_field_of_a_group_or_of_another_kind_is_readable(self):
        for path in self.messages_of_marketer.get_editor_data()["readablePaths"]:
            root, _dot, name = path.rpartition(".")
            if name in personalize.DERIVED or path == PREFERENCE_LINK:
                continue
            field = self.env[personalize.ROOT_MODELS[root]]._fields[name]
            self.assertFalse(field.groups, path)
            self.assertIn(field.type, personalize.TYPES, path)

    def test_added_fields(self):
        birthday = self._custom_field("x_birthday", "date", label="Birthday")
        guarded = self._custom_field("x_secret", "char")
        passed_on = self._custom_field("x_passed_on", "char", related="ref", store=False)
        link = self._custom_field("x_currency_id", "many2one", relation="res.currency")
        markup = self._custom_field("x_markup", "html")
        field = self.env["res.partner"]._fields["x_secret"]
        self.patch(field, "groups", "base.group_system")
        paths = self.messages_of_marketer.get_editor_data()["readablePaths"]
        self.assertIn(birthday, paths)
        for path in (guarded, passed_on, link, markup):
            self.assertNotIn(path, paths)
        self.assertNotIn("object.parent_id.x_birthday", paths)
        properties = self.messages_of_marketer.get_token_choices()[0]["properties"]
        self.assertIn({"name": "x_birthday", "path": birthday, "label": "Birthday"}, properties)

    # ------------------------------------------------------------
    # Values
    # ------------------------------------------------------------

    def test_values_of_a_contact_and_of_what_belongs_to_it(self):
        firm = self.env["res.partner"].create(
            {
                "name": "Azure Interior",
                "is_company": True,
                "city": "Fremont",
                "country_id": self.usa.id,
            }
        )
        owner = self.user("editor_owner", name="Olga Owner")
        contact = self.contact(
            "+13032550111", name="Anita  Oliver", parent_id=firm.id, user_id=owner.id
        )
        got = self._values(
            contact,
            "object.first_name",
            "object.name",
            "object.country_id",
            "object.parent_id.name",
            "object.parent_id.city",
            "object.user_id.first_name",
            "object.ref",
            "company.name",
        )
        self.assertEqual(
            got["values"],
            {
                "object.first_name": "Anita",
                "object.name": "Anita  Oliver",
                "object.country_id": "United States",
                "object.parent_id.name": "Azure Interior",
                "object.parent_id.city": "Fremont",
                "object.user_id.first_name": "Olga",
                "object.ref": "",
                "company.name": self.company.name,
            },
        )
        self.assertEqual(got["hidden"], [])
        self.assertEqual(got["number"], "+13032550111")
        self.assertEqual(got["optOutText"], "Reply STOP to opt out")

    def test_first_name(self):
        for name, is_company, first in (
            ("Anita", False, "Anita"),
            (" Jean-Luc  Picard ", False, "Jean-Luc"),
            ("Azure Interior", True, ""),
        ):
            contact = self.contact(name=name, is_company=is_company)
            got = self._values(contact, "object.first_name")
            self.assertEqual(got["values"], {"object.first_name": first}, name)

    def test_first_name_of_a_module_that_keeps_it(self):
        # As OCA's partner_firstname has them; without it, a record that looks like its contacts.
        fields = {"firstname", "is_company"}
        first_name = personalize.DERIVED["first_name"]
        record = SimpleNamespace(
            _fields=fields, is_company=False, name="van der Berg Anna", firstname="Anna"
        )
        self.assertEqual(first_name(record), "Anna")
        record.firstname = False
        self.assertEqual(first_name(record), "van")

    def test_the_contacts_language_formats_not_the_users(self):
        day = self._custom_field("x_day", "date")
        moment = self._custom_field("x_moment", "datetime")
        amount = self._custom_field("x_amount", "float")
        points = self._custom_field("x_points", "integer")
        level = self._custom_field("x_level", "selection", selection="[('gold', 'Gold')]")
        choice = self.env["ir.model.fields.selection"].search([("name", "=", "Gold")], limit=1)
        choice.with_context(lang="fr_FR").name = "Or"
        self.env.ref("base.de").with_context(lang="fr_FR").name = "Allemagne"
        facts = {
            "x_day": date(2026, 3, 9),
            "x_moment": datetime(2026, 3, 9, 21, 30),
            "x_amount": 1234567.5,
            "x_points": 12500,
            "x_level": "gold",
            "country_id": self.env.ref("base.de").id,
        }
        paths = [day, moment, amount, points, level, "object.country_id"]
        french = self.contact("+13032550112", lang="fr_FR", tz="Europe/Paris", **facts)
        english = self.contact("+13032550113", lang="en_US", tz="America/New_York", **facts)
        for user_language, tz in (("en_US", "Asia/Tokyo"), ("fr_FR", "America/Denver")):
            self.marketer.lang = user_language
            messages = self.messages_of_marketer.with_context(lang=user_language, tz=tz)
            got = messages.get_preview_values(french.id, paths)
            self.assertEqual(got["lang"], "fr_FR")
            self.assertEqual(got["optOutText"], "Répondez STOP")
            self.assertEqual(got["values"][day], "09/03/2026")
            self.assertEqual(got["values"][moment], "09/03/2026 22:30:00")
            # A plain space groups, not the narrow one, which would force UCS-2.
            self.assertEqual(got["values"][amount], "1 234 567,50")
            self.assertEqual(got["values"][points], "12 500")
            self.assertEqual(got["values"][level], "Or")
            self.assertEqual(got["values"]["object.country_id"], "Allemagne")

            got = messages.get_preview_values(english.id, paths)
            self.assertEqual(got["values"][day], "03/09/2026")
            self.assertEqual(got["values"][moment], "03/09/2026 05:30:00 PM")
            self.assertEqual(got["values"][amount], "1,234,567.50")
            self.assertEqual(got["values"][points], "12,500")
            self.assertEqual(got["values"][level], "Gold")
            self.assertEqual(got["values"]["object.country_id"], "Germany")

    def test_what_is_previewed_goes_out(self):
        moment = self._custom_field("x_moment", "datetime")
        contact = self.contact(
            subscribed=True, lang="fr_FR", tz=False, x_moment=datetime(2026, 3, 9, 21, 30)
        )
        message = self.message(contact, body=f"{{{{ {moment} }}}} {{{{ object.lang }}}}")
        got = message.with_context(lang="en_US", tz="Asia/Tokyo").get_preview_values(
            contact.id, [moment, "object.lang"]
        )
        rows = [Addressee(contact.id, "x" * 12)]
        [sent] = MessageTexts(message.with_context(lang="en_US", tz="UTC")).render_all(rows)
        self.assertEqual(
            sent, f"{got['values'][moment]} {got['values']['object.lang']}\n{got['optOutText']}"
        )

    # ------------------------------------------------------------
    # Who may see whose values
    # ------------------------------------------------------------

    def test_a_contact_that_the_user_may_not_read(self):
        other = self.make_company()["company"]
        foreign = self.contact(company_id=other.id, name="Foreign")
        with self.assertRaises(AccessError):
            self._values(foreign, "object.name")

    def test_a_company_that_the_user_may_not_read(self):
        other = self.make_company()["company"]
        firm = self.env["res.partner"].create({"name": "Hidden firm", "is_company": True})
        contact = self.contact(name="Open contact", parent_id=firm.id)
        firm.company_id = other
        contact.company_id = False
        got = self._values(contact, "object.name", "object.parent_id.name")
        self.assertEqual(got["values"], {"object.name": "Open contact"})
        self.assertEqual(got["hidden"], ["object.parent_id.name"])

    def test_a_field_that_was_deleted_since(self):
        path = self._custom_field("x_gone", "char")
        contact = self.contact(subscribed=True, x_gone="here")
        message = self.message(
            contact, body=f"{{{{ {path} ||| gone }}}}", include_opt_out_text=False
        )
        rows = [Addressee(contact.id, "x" * 12)]
        self.assertEqual(MessageTexts(message).render_all(rows), ["here"])
        self.env["ir.model.fields"]._get("res.partner", "x_gone").unlink()
        self.assertEqual(MessageTexts(message).render_all(rows), ["gone"])
        [problem] = personalize.problems(self.env, message.body)
        self.assertIn(path, problem)
