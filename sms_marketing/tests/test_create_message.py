from lxml import etree
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from .common import SmsMarketingCase

PROPERTIES = [
    {"name": "occasion", "string": "Occasion", "type": "char"},
    {"name": "budget", "string": "Budget", "type": "integer"},
    {"name": "urgent", "string": "Urgent", "type": "boolean"},
    {"name": "kind", "string": "Kind", "type": "selection", "selection": [["a", "A"], ["b", "B"]]},
    {"name": "topics", "string": "Topics", "type": "tags", "tags": [["x", "X", 1], ["y", "Y", 2]]},
    {"name": "day", "string": "Day", "type": "date"},
    {"name": "more", "string": "More", "type": "separator"},
]


@tagged("post_install", "-at_install")
class TestCreateMessage(SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.messages = cls.env["sms.marketing.message"]
        cls.form = cls.env["sms.marketing.create.form"]._for_company(cls.company)
        cls.form.field_ids.write({"is_required": False, "is_shown": False})
        cls.form.properties_definition = PROPERTIES
        cls.campaign = cls.env["utm.campaign"].create({"title": "Spring"})

    def line(self, name):
        return self.form.field_ids.filtered(lambda line: line.name == name)

    def require(self, *names):
        for name in names:
            self.line(name).write({"is_shown": True, "is_required": True})

    def new_message(self, **vals):
        return self.messages.create({"name": "Spring sale", **vals})

    # ------------------------------------------------------------
    # The rules
    # ------------------------------------------------------------

    def test_form_has_a_line_for_each_field_and_property(self):
        self.assertEqual(
            self.form.field_ids.mapped("label"),
            [
                "Campaign",
                "Subscription Type",
                "Sender",
                "Responsible",
                "Tags",
                "Send to Lists",
                "Limited to Users",
                "Limited to Teams",
                "Occasion",
                "Budget",
                "Urgent",
                "Kind",
                "Topics",
                "Day",
            ],
        )
        self.require("occasion")
        self.form.properties_definition = [
            {"name": "occasion", "string": "What for", "type": "char"},
            {"name": "colour", "string": "Colour", "type": "char"},
        ]
        lines = self.form.field_ids.filtered(lambda line: line.kind == "property")
        self.assertEqual(lines.mapped("label"), ["What for", "Colour"])
        self.assertEqual(lines.mapped("is_required"), [True, False])

    def test_each_company_has_a_form_of_its_own(self):
        theirs = self.make_company()
        other = theirs["company"]
        form = self.env["sms.marketing.create.form"]._for_company(other)
        self.assertEqual(form.company_id, other)
        self.assertFalse(form.properties_definition)
        self.require("campaign_id")
        message = self.new_message(
            company_id=other.id,
            sender_id=theirs["sender"].id,
            subscription_type_id=theirs["type"].id,
        )
        self.assertEqual(message.create_form_id, form)
        with self.assertRaisesRegex(UserError, "Campaign"):
            message.write(
                {
                    "company_id": self.company.id,
                    "sender_id": self.sender.id,
                    "subscription_type_id": self.type.id,
                }
            )

    @mute_logger("odoo.sql_db")
    def test_what_is_required_is_shown(self):
        for vals in ({"is_required": True, "is_shown": False}, {"name": "state"}):
            with self.assertRaises(IntegrityError), self.env.cr.savepoint():
                self.line("campaign_id").write(vals)
                self.env.flush_all()

    def test_only_administrators_set_rules_and_properties(self):
        manager = self.user("create_manager", "sms_marketing.group_manager")
        administrator = self.user("create_admin", "sms_marketing.group_administrator")
        line, message = self.line("campaign_id"), self.new_message()
        values = message.read(["properties"])[0]["properties"]
        values[0] |= {"string": "Changed", "definition_changed": True}
        with self.assertRaises(AccessError):
            line.with_user(manager).is_shown = True
        with self.assertRaises(AccessError):
            message.with_user(manager).properties = values
        line.with_user(administrator).is_shown = True
        values = message.read(["properties"])[0]["properties"]
        values[0] |= {"string": "Changed", "definition_changed": True}
        message.with_user(administrator).properties = values
        self.assertEqual(self.form.properties_definition[0]["string"], "Changed")

    # ------------------------------------------------------------
    # What the server enforces
    # ------------------------------------------------------------

    def test_without_rules_the_name_is_enough(self):
        self.assertEqual(self.new_message().name, "Spring sale")

    def test_required_fields_are_needed_in_create(self):
        self.require("campaign_id", "tag_ids", "occasion")
        with self.assertRaises(UserError) as refused:
            self.new_message()
        error = str(refused.exception)
        for words in (
            "Spring sale",
            "Campaign, Tags, Occasion",
            self.company.name,
            "administrator",
        ):
            self.assertIn(words, error)
        tag = self.env["sms.marketing.tag"].create({"name": "Spring"})
        vals = {"campaign_id": self.campaign.id, "tag_ids": tag.ids}
        with self.assertRaisesRegex(UserError, "needs: Occasion"):
            self.new_message(**vals, properties={"occasion": " "})
        message = self.new_message(**vals, properties={"occasion": "Easter"})
        self.assertEqual(message.properties["occasion"], "Easter")

    def test_required_also_for_users_superusers_and_many_at_once(self):
        self.require("campaign_id")
        user = self.user("create_user")
        good = {"name": "Good", "campaign_id": self.campaign.id}
        for messages in (self.messages.with_user(user), self.messages.sudo()):
            with self.assertRaisesRegex(UserError, "Bad"):
                messages.create([good, {"name": "Bad"}])
            messages.create(good)
        with self.assertRaises(UserError):
            self.messages.with_user(user).with_context(install_mode=True).create({"name": "Bad"})
        with self.assertRaises(UserError):
            self.messages.with_user(user).name_create("Bad")

    def test_required_in_an_import(self):
        self.require("campaign_id")
        outcome = self.messages.with_user(self.user("importer")).load(
            ["name", "campaign_id/.id"], [["With", str(self.campaign.id)], ["Without", ""]]
        )
        self.assertFalse(outcome["ids"])
        self.assertIn("Campaign", outcome["messages"][0]["message"])

    def test_data_files_of_modules_are_not_held_up(self):
        self.require("campaign_id")
        self.assertTrue(
            self.messages.sudo().with_context(install_mode=True).create({"name": "Demo"})
        )

    def test_required_values_cannot_be_emptied(self):
        message = self.new_message(
            campaign_id=self.campaign.id, properties={"occasion": "Easter", "budget": 0}
        )
        self.require("campaign_id", "occasion", "budget")
        for vals in (
            {"campaign_id": False},
            {"properties": {"occasion": "", "budget": 5}},
            {"properties": {"occasion": "Easter"}},
        ):
            with self.assertRaises(UserError, msg=vals), self.env.cr.savepoint():
                message.write(vals)
        message.write({"properties": {"occasion": "May", "budget": 0}, "name": "Renamed"})
        self.assertEqual(message.properties["occasion"], "May")

    def test_older_messages_go_on_as_they_are(self):
        message = self.new_message()
        self.require("campaign_id", "occasion")
        message.name = "Renamed"
        message.properties = {"budget": 7}
        message.tag_ids = self.env["sms.marketing.tag"].create({"name": "Spring"})
        message.properties = {"occasion": "Easter"}
        with self.assertRaisesRegex(UserError, "needs: Occasion"):
            message.properties = {"occasion": False}

    def test_clone_is_a_creation(self):
        message = self.new_message(campaign_id=self.campaign.id, properties={"occasion": "Easter"})
        old = self.new_message(name="Old")
        self.require("campaign_id", "occasion")
        copy = message.copy()
        self.assertEqual(copy.properties["occasion"], "Easter")
        with self.assertRaisesRegex(UserError, "Old"):
            old.copy()

    def test_nothing_and_no_are_values(self):
        self.require("budget", "urgent")
        with self.assertRaisesRegex(UserError, "needs: Budget"):
            self.new_message()
        self.new_message(properties={"budget": 0, "urgent": False})

    def test_each_type_of_property_can_be_required(self):
        self.require("kind", "topics", "day")
        full = {"kind": "a", "topics": ["x"], "day": "2026-05-01"}
        self.new_message(properties=full)
        for name, empty in (("kind", False), ("topics", []), ("day", False)):
            with self.assertRaisesRegex(UserError, self.line(name).label):
                self.new_message(properties={**full, name: empty})

    def test_default_of_a_property_counts(self):
        self.form.properties_definition = [
            {"name": "occasion", "string": "Occasion", "type": "char", "default": "Always"}
        ]
        self.require("occasion")
        self.assertEqual(self.new_message().properties["occasion"], "Always")

    # ------------------------------------------------------------
    # The dialog
    # ------------------------------------------------------------

    def arch(self, user=None):
        messages = self.messages.with_user(user) if user else self.messages
        action = messages.action_create_message()
        self.assertEqual((action["res_model"], action["target"]), (messages._name, "new"))
        view_id = action["views"][0][0]
        messages = messages.with_context(**action["context"])
        return etree.fromstring(messages.get_views([(view_id, "form")])["views"]["form"]["arch"])

    def asked(self):
        return [
            (node.get("name"), node.get("required") in ("1", "True"))
            for node in self.arch(self.user("asker")).iterfind(".//group[@name='asked_for']//field")
        ]

    def test_dialog_asks_for_what_is_shown_in_its_order(self):
        self.assertEqual([node.get("name") for node in self.arch().iterfind(".//group//field")], [])
        self.line("tag_ids").write({"is_shown": True, "sequence": -5})
        self.require("campaign_id")
        self.line("occasion").is_shown = True
        self.assertEqual(
            self.asked(), [("tag_ids", False), ("campaign_id", True), ("properties", False)]
        )
        field = self.arch().find(".//field[@name='properties']")
        self.assertEqual(field.get("options"), "{'asked_for': {'occasion': False}}")

    def test_change_of_the_rules_shows_at_once(self):
        self.line("campaign_id").is_shown = True
        self.assertEqual(len(self.arch().findall(".//group//field")), 1)
        self.line("sender_id").is_shown = True
        self.assertEqual(len(self.arch().findall(".//group//field")), 2)

    def test_foreign_words_in_the_context_are_left_out(self):
        view = self.env.ref("sms_marketing.view_sms_marketing_message_create_form")
        messages = self.messages.with_context(
            sms_marketing_create_view_ref="field:state:shown field:message_ids nonsense ::"
        )
        arch = etree.fromstring(messages.get_views([(view.id, "form")])["views"]["form"]["arch"])
        self.assertNotIn("state", [node.get("name") for node in arch.iter("field")])

    def test_message_made_in_the_dialog_opens(self):
        self.require("campaign_id")
        action = self.messages.action_create_message()
        view = self.env["ir.ui.view"].browse(action["views"][0][0])
        with Form(self.messages.with_context(**action["context"]), view=view) as dialog:
            dialog.name = "From the dialog"
            dialog.campaign_id = self.campaign
        message = dialog.record
        self.assertEqual(message.sender_id.company_id, self.company)
        opened = message.action_open_editor()
        self.assertEqual((opened["res_id"], opened.get("target")), (message.id, None))

    def test_dialog_asks_who_sees_the_message(self):
        self.require("access_team_ids")
        self.line("access_user_ids").is_shown = True
        team = self.env["crm.team"].create({"name": "Shop", "company_id": self.company.id})
        action = self.messages.action_create_message()
        view = self.env["ir.ui.view"].browse(action["views"][0][0])
        asker = self.user("asker_of_access")
        messages = self.messages.with_user(asker).with_context(**action["context"])
        with self.assertRaises(UserError) as caught:
            messages.create({"name": "For all"})
        self.assertIn("Limited to Teams", str(caught.exception))
        with Form(messages, view=view) as dialog:
            dialog.name = "For the shop"
            dialog.access_team_ids.add(team)
            dialog.access_user_ids.add(asker)
        message = dialog.record
        self.assertEqual((message.access_team_ids, message.access_user_ids), (team, asker))
        stranger = self.user("stranger_to_access")
        self.assertFalse(message.with_user(stranger).has_access("read"))

    # ------------------------------------------------------------
    # Databases that come from before
    # ------------------------------------------------------------

    def test_update_gives_what_is_missing(self):
        message = self.new_message()
        self.env.cr.execute("UPDATE sms_marketing_message SET create_form_id = NULL")
        self.env.cr.execute("DELETE FROM sms_marketing_create_form")
        self.env.invalidate_all()
        forms = self.env["sms.marketing.create.form"]
        forms._make_missing()
        self.env.flush_all()
        form = forms._for_company(self.company)
        names = form.field_ids.mapped("name")
        self.assertIn("access_team_ids", names)
        self.assertEqual(message.create_form_id, form)
        form.field_ids.filtered(lambda line: line.name == "access_team_ids").unlink()
        forms._make_missing()
        self.assertEqual(form.field_ids.mapped("name"), names, "a line that came with an update")
        count = forms.search_count([])
        forms._make_missing()
        self.assertEqual(forms.search_count([]), count)
