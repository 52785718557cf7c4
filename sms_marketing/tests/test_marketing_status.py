import json

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import SmsMarketingCase, SmsMarketingHttpCase

EDITOR = "sales_team.group_sale_salesman,base.group_partner_manager"


@tagged("post_install", "-at_install")
class TestMarketingStatus(SmsMarketingCase):
    """Users of Marketing SMS set the marketing status; contacts' editors may switch it off."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sales = cls.user("sales_status", EDITOR)
        cls.marketer = cls.user("marketer_status", f"sms_marketing.group_user,{EDITOR}")
        cls.on = cls.contact(name="On")
        cls.off = cls.contact(name="Off", sms_marketing=False)

    def contacts_of(self, user, **context):
        return self.env["res.partner"].with_user(user).with_context(**context)

    def test_values_that_change_it_are_refused(self):
        own = self.contacts_of(self.sales)
        for attempt in (
            lambda: own.browse(self.off.id).write({"sms_marketing": True}),
            lambda: own.browse(self.on.id).write({"sms_marketing": False}),
            lambda: own.browse(self.off.id).web_save({"sms_marketing": True}, {}),
            lambda: own.create({"name": "New", "sms_marketing": True}),
            lambda: own.browse(self.on.id).copy({"sms_marketing": True}),
            lambda: own.browse(self.off.id).action_sms_marketing_on(),
            lambda: (self.on + self.off).with_user(self.sales).action_sms_marketing_on(),
        ):
            with self.assertRaises(AccessError):
                attempt()
            self.env.invalidate_all()
            self.assertEqual((self.on.sms_marketing, self.off.sms_marketing), (True, False))
        refused = own.load(["name", "sms_marketing"], [["Imported", "yes"]])
        self.assertFalse(refused["ids"])
        self.assertIn("Marketing SMS", refused["messages"][0]["message"])

    def test_values_that_change_nothing_pass(self):
        """Such as those of a form or a file that names the status of each contact."""
        own = self.contacts_of(self.sales)
        own.browse(self.on.id).write({"name": "Still on", "sms_marketing": True})
        own.browse(self.off.id).write({"name": "Still off", "sms_marketing": False})
        new = own.create({"name": "New", "sms_marketing": False})
        self.assertEqual(new.name, "New")
        self.assertEqual((self.on.sms_marketing, self.off.sms_marketing), (True, False))

    def test_defaults_do_not_switch_it_on(self):
        self.env["ir.default"].set("res.partner", "sms_marketing", True, user_id=self.sales.id)
        for make in (
            lambda own: own.create({"name": "By the user's default"}),
            lambda own: own.with_context(default_sms_marketing=True).create({"name": "Context"}),
            lambda own: own.browse(self.on.id).copy(),
            lambda own: own.browse(own.name_create("Quick")[0]),
            lambda own: own.browse(own.load(["name"], [["Imported"]])["ids"]),
        ):
            self.assertIs(make(self.contacts_of(self.sales)).sms_marketing, False)
        parent = self.contacts_of(self.sales, default_sms_marketing=True).create(
            {"name": "Parent", "child_ids": [Command.create({"name": "Child"})]}
        )
        self.assertEqual((parent + parent.child_ids).mapped("sms_marketing"), [False, False])
        with Form(self.contacts_of(self.sales, default_sms_marketing=True)) as form:
            form.name = "By the form"
        self.assertIs(form.record.sms_marketing, False)

    def test_role_may_set_it_by_every_way(self):
        own = self.contacts_of(self.marketer)
        self.assertTrue(own.create({"name": "New", "sms_marketing": True}).sms_marketing)
        self.assertTrue(
            own.with_context(default_sms_marketing=True).create({"name": "New"}).sms_marketing
        )
        with Form(own.browse(self.off.id)) as form:
            form.sms_marketing = True
        self.assertTrue(self.off.sms_marketing)
        own.browse(self.off.id).write({"sms_marketing": False})
        own.browse([self.off.id, self.on.id]).action_sms_marketing_on()
        self.assertTrue(self.off.sms_marketing)

    def test_a_copy_begins_with_the_status_off(self):
        """A duplicate is another contact; nobody has switched marketing on for it."""
        self.assertFalse(self.contacts_of(self.marketer).browse(self.on.id).copy().sms_marketing)

    def test_whoever_edits_contacts_switches_it_off(self):
        (self.on + self.off).with_user(self.sales).action_sms_marketing_off()
        self.assertFalse(self.on.sms_marketing)
        action = self.env.ref("sms_marketing.action_partner_sms_marketing_off")
        self.on.sms_marketing = True
        action.with_user(self.sales).with_context(
            active_model="res.partner", active_ids=self.on.ids, active_id=self.on.id
        ).run()
        self.assertFalse(self.on.sms_marketing)

    def test_whoever_may_not_edit_contacts_does_not(self):
        reader = self.user("reader_status", "base.group_user")
        for attempt in (
            self.on.with_user(reader).action_sms_marketing_off,
            self.off.with_user(reader).action_sms_marketing_off,
            self.on.with_user(reader).action_sms_marketing_on,
        ):
            with self.assertRaises(AccessError):
                attempt()
        self.env["ir.rule"].create(
            {
                "name": "One contact is hidden",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.on.id})]",
            }
        )
        with self.assertRaises(AccessError):
            self.on.with_user(self.sales).action_sms_marketing_off()
        self.assertTrue(self.on.sms_marketing)

    def test_switching_off_by_sales_is_in_the_contact_s_log(self):
        self.on.with_user(self.sales).with_context(
            tracking_disable=False
        ).action_sms_marketing_off()
        self.env.flush_all()
        note = self.on.message_ids[0]
        self.assertEqual(note.author_id, self.sales.partner_id)
        self.assertEqual(note.sudo().tracking_value_ids.field_id.name, "sms_marketing")

    def test_merging_contacts_leaves_it_as_it_is(self):
        (self.on + self.off).email = "same@example.com"
        merge = self.env["base.partner.merge.automatic.wizard"].with_user(self.sales)
        merge.create(
            {
                "partner_ids": [Command.set((self.on + self.off).ids)],
                "dst_partner_id": self.off.id,
            }
        ).action_merge()
        self.assertFalse(self.on.exists())
        self.assertFalse(self.off.sms_marketing)

    def test_lists_have_no_switch(self):
        for xml_id in ("base.view_partner_tree", "sms_marketing.view_partner_audience_list"):
            view = (
                self.env["res.partner"]
                .with_user(self.marketer)
                .get_view(self.env.ref(xml_id).id, "list")
            )
            self.assertRegex(view["arch"], r'<field name="sms_marketing"[^>]*readonly="(1|True)"')
            self.assertNotIn("boolean_toggle", view["arch"])

    def test_form_shows_a_switch_to_users_of_marketing_alone(self):
        for user, has_switch in ((self.sales, False), (self.marketer, True)):
            view = (
                self.env["res.partner"]
                .with_user(user)
                .get_view(self.env.ref("base.view_partner_form").id, "form")
            )
            self.assertEqual('widget="boolean_toggle"' in view["arch"], has_switch)
            self.assertEqual('name="action_sms_marketing_off"' in view["arch"], not has_switch)


@tagged("post_install", "-at_install")
class TestMarketingStatusOverRpc(SmsMarketingHttpCase):
    def call(self, method, *args, **context):
        return self.url_open(
            f"/web/dataset/call_kw/res.partner/{method}",
            data=json.dumps(
                {
                    "params": {
                        "model": "res.partner",
                        "method": method,
                        "args": args,
                        "kwargs": {"context": context},
                    }
                }
            ),
            headers={"Content-Type": "application/json"},
        ).json()

    def test_sales_person(self):
        contact = self.contact(sms_marketing=False)
        self.user("rpc_sales", EDITOR, password="rpc_sales")
        self.authenticate("rpc_sales", "rpc_sales")
        child = [Command.create({"name": "Child", "sms_marketing": True})]
        for method, args in (
            ("write", [contact.ids, {"sms_marketing": True}]),
            ("write", [contact.ids, {"child_ids": child}]),
            ("create", [{"name": "New", "child_ids": child}]),
            ("web_save", [contact.ids, {"child_ids": child}, {}]),
            ("web_save_multi", [contact.ids, [{"sms_marketing": True}], {}]),
            ("action_sms_marketing_on", [contact.ids]),
            ("copy", [contact.ids, {"sms_marketing": True}]),
        ):
            with self.subTest(method=method, args=args):
                answer = self.call(method, *args, tracking_disable=True)
                self.assertEqual(
                    answer["error"]["data"]["name"], "odoo.exceptions.AccessError", answer
                )
        self.env.invalidate_all()
        self.assertFalse(contact.sms_marketing)
        self.assertFalse(contact.child_ids)
        child = [Command.create({"name": "Child"})]
        answer = self.call("write", contact.ids, {"child_ids": child}, default_sms_marketing=True)
        self.assertTrue(answer["result"])
        self.env.invalidate_all()
        self.assertEqual(contact.child_ids.mapped("sms_marketing"), [False])
        contact.sms_marketing = True
        self.call("action_sms_marketing_off", contact.ids)
        self.env.invalidate_all()
        self.assertFalse(contact.sms_marketing)
