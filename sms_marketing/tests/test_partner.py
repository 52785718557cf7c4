from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestPartner(SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.france = cls.env.ref("base.fr")
        cls.netherlands = cls.env.ref("base.nl")

    def partner(self, **vals):
        return self.env["res.partner"].create({"name": "Ann", **vals})

    def test_international_forms(self):
        for vals, mobile, phone in (
            ({"mobile": "(202) 555-0123"}, "+12025550123", False),
            ({"phone": "202.555.0123"}, False, "+12025550123"),
            ({"mobile": "+33 6 12 34 56 78"}, "+33612345678", False),
            ({"mobile": "0033 6 12 34 56 78"}, "+33612345678", False),
            ({"mobile": "06 12 34 56 78", "country_id": self.france.id}, "+33612345678", False),
            ({"mobile": "+1-800-555-5555"}, "+18005555555", False),
            ({"mobile": "call me"}, False, False),
            ({"mobile": "123"}, False, False),
            ({"mobile": "+1202555012"}, False, False),
            ({"mobile": "202-555-0123 ext. 7"}, False, False),
            ({"mobile": False, "phone": "   "}, False, False),
            ({"mobile": "2025550123", "phone": "2025550124"}, "+12025550123", "+12025550124"),
        ):
            with self.subTest(vals):
                partner = self.partner(**vals)
                self.assertEqual((partner.mobile_e164, partner.phone_e164), (mobile, phone))

    def test_country_of_the_contact_goes_before_the_company(self):
        company = self.env["res.company"].create(
            {"name": "Hollandse Zaak", "country_id": self.netherlands.id}
        )
        of_dutch = self.partner(mobile="06 12345678", company_id=company.id)
        self.assertEqual(of_dutch.mobile_e164, "+31612345678")
        of_dutch.country_id = self.france
        self.assertEqual(of_dutch.mobile_e164, "+33612345678")
        shared = self.partner(mobile="202 555 0123")
        self.assertEqual(shared.mobile_e164, "+12025550123", "the present company's country")
        elsewhere = (
            self.env["res.partner"]
            .with_company(company)
            .create({"name": "Piet", "mobile": "06 12345678"})
        )
        self.assertEqual(elsewhere.mobile_e164, "+31612345678")

    def test_changes_are_followed(self):
        partner = self.partner(mobile="06 12 34 56 78", phone="(202) 555-0123")
        self.assertEqual((partner.mobile_e164, partner.phone_e164), (False, "+12025550123"))
        partner.country_id = self.france
        self.assertEqual((partner.mobile_e164, partner.phone_e164), ("+33612345678", False))
        partner.country_id = False
        self.assertEqual((partner.mobile_e164, partner.phone_e164), (False, "+12025550123"))
        partner.mobile = "+31612345678"
        self.assertEqual(partner.mobile_e164, "+31612345678")
        partner.mobile = False
        self.assertFalse(partner.mobile_e164)
        dutch = self.env["res.company"].create({"name": "NL", "country_id": self.netherlands.id})
        partner.write({"mobile": "06 12345678", "company_id": dutch.id})
        self.assertEqual(partner.mobile_e164, "+31612345678")

    def test_forms_are_stored_and_found(self):
        partner = self.partner(mobile="(202) 555-0188")
        self.env.flush_all()
        self.env.cr.execute("SELECT mobile_e164 FROM res_partner WHERE id = %s", [partner.id])
        self.assertEqual(self.env.cr.fetchone(), ("+12025550188",))
        found = self.env["res.partner"].search([("mobile_e164", "=", "+12025550188")])
        self.assertEqual(found, partner)

    def test_mobile_is_a_number_for_other_add_ons(self):
        self.assertIn("mobile", self.env["res.partner"]._phone_get_number_fields())

    def test_marketing_status_in_bulk(self):
        people = self.env["res.partner"].union(
            *(self.partner(sms_marketing=on) for on in (True, False, True))
        )
        people.action_sms_marketing_on()
        self.assertEqual(people.mapped("sms_marketing"), [True] * 3)
        people.action_sms_marketing_off()
        self.assertEqual(people.mapped("sms_marketing"), [False] * 3)
        people.action_sms_marketing_off()
        self.assertEqual(people.mapped("sms_marketing"), [False] * 3)

    def test_marketing_status_is_off_for_new_contacts(self):
        self.assertFalse(self.partner().sms_marketing)

    def test_marketing_status_needs_the_right_to_change_contacts(self):
        partner = self.partner()
        user = self.user("reader_sms", "sms_marketing.group_user")
        with self.assertRaises(AccessError):
            partner.with_user(user).action_sms_marketing_on()
        editor = self.user("editor_sms", "sms_marketing.group_user,base.group_partner_manager")
        partner.with_user(editor).action_sms_marketing_on()
        self.assertTrue(partner.sms_marketing)

    def test_change_of_marketing_status_is_tracked(self):
        partner = self.partner().with_context(tracking_disable=False)
        self.env.cr.precommit.clear()
        partner.sms_marketing = True
        self.env.flush_all()
        self.env.cr.precommit.run()
        tracked = partner.message_ids.tracking_value_ids.field_id.mapped("name")
        self.assertIn("sms_marketing", tracked)

    def last_log(self, partner):
        self.env.flush_all()
        self.env.cr.precommit.run()
        message = partner.message_ids[0]
        tracked = message.sudo().tracking_value_ids
        self.assertEqual(tracked.field_id.name, "sms_marketing")
        return message.author_id, bool(tracked.old_value_integer), bool(tracked.new_value_integer)

    def test_bulk_change_is_in_the_log_of_each_contact(self):
        editor = self.user("editor_sms", "sms_marketing.group_user,base.group_partner_manager")
        people = self.partner(sms_marketing=True) | self.partner() | self.partner()
        unchanged = len(people[0].message_ids)
        (people.with_user(editor).with_context(tracking_disable=False)).action_sms_marketing_on()
        for partner in people[1:]:
            self.assertEqual(self.last_log(partner), (editor.partner_id, False, True))
        self.assertEqual(len(people[0].message_ids), unchanged, "it was on already")
        people.with_context(tracking_disable=False).action_sms_marketing_off()
        self.assertEqual(self.last_log(people[1]), (self.env.user.partner_id, True, False))
        # A caller's context leaves nothing out.
        as_editor = people.with_user(editor).with_context(tracking_disable=True, mail_notrack=True)
        as_editor.action_sms_marketing_on()
        self.assertEqual(self.last_log(people[1]), (editor.partner_id, False, True))
        as_editor.action_sms_marketing_off()
        self.assertEqual(self.last_log(people[1]), (editor.partner_id, True, False))
        # As the chatter shows it.
        [shown] = people[1].message_ids[0].sudo().tracking_value_ids._tracking_value_format()
        self.assertEqual(shown["fieldInfo"]["changedField"], "Marketing Status")

    def test_server_action_sets_the_marketing_status(self):
        """What an automation rule runs, too."""
        partner = self.partner()
        self.env.cr.precommit.clear()
        action = self.env["ir.actions.server"].create(
            {
                "name": "Welcome",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "state": "object_write",
                "update_path": "sms_marketing",
                "update_boolean_value": "true",
            }
        )
        action.with_context(
            active_model="res.partner", active_id=partner.id, tracking_disable=False
        ).run()
        self.assertTrue(partner.sms_marketing)
        self.assertEqual(self.last_log(partner), (self.env.user.partner_id, False, True))

    def test_import_column_sets_the_marketing_status(self):
        partner = self.partner(name="Known")
        self.env.cr.precommit.clear()
        wizard = self.env["base_import.import"].create(
            {
                "res_model": "res.partner",
                "file": f".id,Name,Marketing Status\n{partner.id},Known,1\n,New,yes\n".encode(),
                "file_type": "text/csv",
                "file_name": "contacts.csv",
            }
        )
        options = {"quoting": '"', "separator": ",", "has_headers": True, "limit": 10}
        preview = wizard.parse_preview(dict(options))
        self.assertEqual(preview["matches"][2], ["sms_marketing"], "found by its label")
        result = wizard.with_context(tracking_disable=False).execute_import(
            [".id", "name", "sms_marketing"], [], options
        )
        self.assertFalse(result["messages"], result)
        self.assertTrue(partner.sms_marketing)
        self.assertTrue(self.env["res.partner"].search([("name", "=", "New")]).sms_marketing)
        self.assertEqual(self.last_log(partner), (self.env.user.partner_id, False, True))

    def test_time_zone(self):
        partner = self.partner(tz="Europe/Paris")
        self.assertEqual(partner.tz, "Europe/Paris")
        with self.assertRaises(ValueError):
            partner.tz = "Mars/Olympus"

    def test_subscriptions_of_both_numbers(self):
        partner = self.contact(phone=self.number())
        self.assertFalse(partner.sms_subscription_ids)
        self.subscribe(partner.mobile_e164)
        self.unsubscribe(partner.phone_e164)
        states = {row.number: row.state for row in partner.sms_subscription_ids}
        self.assertEqual(
            states, {partner.mobile_e164: "subscribed", partner.phone_e164: "unsubscribed"}
        )
        self.assertEqual(partner.sms_subscription_ids[0].partner_ids, partner)

    def test_consent_does_not_follow_to_a_new_number(self):
        partner = self.contact(subscribed=True)
        old = partner.mobile_e164
        partner.mobile = self.number()
        self.assertFalse(partner.sms_subscription_ids)
        self.assertEqual(self.send_to(partner).reason, "no_consent")
        other = self.contact(mobile=old)
        self.assertEqual(other.sms_subscription_ids.state, "subscribed")

    def test_activity_is_one_click_away(self):
        partner = self.contact(subscribed=True)
        self.assertEqual(partner.sms_activity_count, 1)
        sales = self.user("sales_sms", "sales_team.group_sale_salesman")
        action = partner.with_user(sales).action_view_sms_activity()
        rows = self.env[action["res_model"]].with_user(sales).search(action["domain"])
        self.assertEqual(rows.kind, "opted_in")

    def test_portal_user_reads_the_own_contact(self):
        portal = self.user("portal_sms", "base.group_portal")
        own = portal.partner_id.with_user(portal)
        offered = [
            name for name in own.fields_get() if own._fields[name]._module == "sms_marketing"
        ]
        self.assertIn("mobile", offered)
        self.env.invalidate_all()
        [values] = own.read(offered)
        self.assertEqual(values["id"], portal.partner_id.id)
        self.assertNotIn("sms_subscription_ids", values)
        self.assertNotIn("sms_latest_activity_ids", values)

    def test_form_of_a_sales_person(self):
        sales = self.user("sales_sms", "sales_team.group_sale_salesman,base.group_partner_manager")
        with Form(self.contact().with_user(sales)) as form:
            form.name = "Seen by sales"
            if "mobile" in form._view["fields"]:
                form.mobile = "(202) 555-0177"
        partner = self.env["res.partner"].search([("name", "=", "Seen by sales")])
        self.assertEqual(len(partner), 1)
