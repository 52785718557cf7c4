import json

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from ..engine import inbound, links
from ..gateways.values import Inbound
from .common import SENDER, SmsMarketingCase, SmsMarketingHttpCase

SALES = "sales_team.group_sale_salesman,base.group_partner_manager,base.group_allow_export"
TARGET = "https://shop.example/secret-offer"


@tagged("post_install", "-at_install")
class TestHiddenContact(SmsMarketingCase):
    """Nobody learns of a hidden contact by creating another one with the same number."""

    def setUp(self):
        super().setUp()
        self.sales = self.user("sales_sms", SALES)
        self.marketer = self.user("marketer_sms", f"sms_marketing.group_user,{SALES}")
        self.hidden = self.contact(subscribed=True)
        self.send(self.message(self.hidden))
        inbound.receive(
            self.env, self.gateway, Inbound(self.hidden.mobile_e164, SENDER, "It is me")
        )
        self.unsubscribe(self.hidden.mobile_e164, explanation="Called us, very angry")
        self.env["ir.rule"].create(
            {
                "name": "One contact is hidden",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.hidden.id})]",
            }
        )

    def twin(self, user, **vals):
        """A contact that the user makes with the hidden contact's number."""
        vals = vals or {"mobile": self.hidden.mobile_e164}
        contact = self.env["res.partner"].with_user(user).create({"name": "Twin", **vals})
        self.env.flush_all()
        self.env.invalidate_all()
        return contact

    def learned(self, contact):
        """All that the user of the contact reads of its number, wherever it stands."""
        env = contact.env
        [values] = contact.read([name for name in contact.fields_get() if name.startswith("sms_")])
        values = {name: value for name, value in values.items() if name != "id"}
        numbers = contact._sms_numbers()
        for model in (
            "sms.marketing.activity",
            "sms.marketing.subscription",
            "sms.marketing.consent",
        ):
            rows = env[model]
            if rows.has_access("read"):
                values[model] = rows.search_read([("number", "in", numbers)], [])
                values[f"{model} count"] = rows.search_count([("number", "in", numbers)])
        return json.loads(json.dumps(values, default=str).replace(numbers[0], "NUMBER"))

    def test_hidden_number_looks_like_an_unknown_one(self):
        for user in (self.sales, self.marketer):
            for where in ("mobile", "phone"):
                twin = self.twin(user, **{where: self.hidden.mobile_e164})
                nobodys = self.twin(user, **{where: self.number()})
                with self.subTest(user=user.login, where=where):
                    self.assertEqual(self.learned(twin), self.learned(nobodys))
                    self.assertFalse(twin.sms_activity_count)
                (twin + nobodys).sudo().unlink()

    def test_hidden_in_other_ways(self):
        """By another company, or archived."""
        self.env["ir.rule"].search([("name", "=", "One contact is hidden")]).unlink()
        self.hidden.company_id = self.make_company()["company"]
        for active in (True, False):
            self.hidden.active = active
            twin = self.twin(self.sales)
            self.assertFalse(twin.sms_activity_count)
            self.assertFalse(twin.sms_latest_activity_ids)
            twin.sudo().unlink()
        # The company is one of the user's own, though not switched on at the moment.
        self.sales.company_ids += self.hidden.company_id
        twin = self.twin(self.sales).with_context(allowed_company_ids=self.company.ids)
        self.assertEqual(
            set(twin.sms_latest_activity_ids.mapped("kind")), {"opted_in", "opted_out"}
        )

    def test_own_records_are_shown(self):
        """Otherwise whoever records something learns whether a contact is hidden."""
        twin = self.twin(self.marketer)
        self.subscribe(
            self.hidden.mobile_e164, state="unsubscribed", method="staff", legal_basis="withdrawal"
        )
        own = self.env["sms.marketing.consent"].search([], limit=1, order="id desc")
        self.env.cr.execute("ALTER TABLE sms_marketing_consent DISABLE TRIGGER USER")
        self.env.cr.execute(
            "UPDATE sms_marketing_consent SET user_id = %s WHERE id = %s",
            [self.marketer.id, own.id],
        )
        self.env.cr.execute("ALTER TABLE sms_marketing_consent ENABLE TRIGGER USER")
        self.env.invalidate_all()
        lines = (
            self.env["sms.marketing.consent"]
            .with_user(self.marketer)
            .search([("number", "=", twin.mobile_e164)])
        )
        self.assertEqual(lines, own)
        self.assertEqual(twin.sms_latest_activity_ids.kind, "opted_out")

    def test_managers_see_the_consent_of_every_number(self):
        manager = self.user("manager_sms", f"sms_marketing.group_manager,{SALES}")
        twin = self.twin(manager)
        self.assertEqual(twin.sms_subscription_ids.state, "unsubscribed")
        self.assertIn("Called us, very angry", twin.sms_latest_activity_ids.mapped("note"))

    def test_replies_stay_with_the_contact_that_had_the_number_first(self):
        twin = self.twin(self.sales)
        inbound.receive(self.env, self.gateway, Inbound(twin.mobile_e164, SENDER, "Me again"))
        self.env.flush_all()
        rows = self.env["sms.marketing.activity"].search([("kind", "=", "replied"),
            ("number", "=", twin.mobile_e164)])  # fmt: skip
        self.assertEqual(set(rows.mapped("note")), {"It is me", "Me again"})
        self.assertEqual(rows.partner_id, self.hidden)
        self.assertFalse(rows.with_user(self.sales)._filtered_access("read"))

    def test_hidden_contact_cannot_be_merged_into_the_own_one(self):
        twin = self.twin(self.sales)
        merge = self.env["base.partner.merge.automatic.wizard"].with_user(self.sales)
        with self.assertRaises(AccessError):
            merge.create(
                {
                    "partner_ids": [Command.set((twin + self.hidden).ids)],
                    "dst_partner_id": twin.id,
                }
            ).action_merge()


@tagged("post_install", "-at_install")
class TestWhatTheTimelineTells(SmsMarketingCase):
    """Texts of limited messages, link targets and free text of staff, for those meant alone."""

    def setUp(self):
        super().setUp()
        self.contact_of_all = self.contact(subscribed=True)
        self.users = {
            role: self.user(f"tells_{role}", f"{group},base.group_allow_export")
            for role, group in {
                "sales": "sales_team.group_sale_salesman",
                "owner": "sms_marketing.group_user",
                "stranger": "sms_marketing.group_user",
                "manager": "sms_marketing.group_manager",
            }.items()
        }
        self.message_sent = self.message(
            self.contact_of_all, name="Salaries", body=f"Look: {TARGET}",
            user_id=self.users["owner"].id,
        )  # fmt: skip
        recipient = self.send(self.message_sent)
        self.play_sandbox()
        self.let_time_pass(60)
        links.follow(self.env, recipient.sudo().token, "192.0.2.1", "Firefox")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET detail = 'Provider says: Salaries'"
            " WHERE id = %s", [recipient.id]
        )  # fmt: skip
        self.env.invalidate_all()

    def told(self, role, kind=None):
        rows = (
            self.env["sms.marketing.activity"]
            .with_user(self.users[role])
            .search([("partner_ids", "=", self.contact_of_all.id)])
        )
        self.assertTrue(rows)
        return rows if kind is None else rows.filtered(lambda row: row.kind == kind)[:1]

    def everything(self, role):
        """All words that a role can get out of the timeline, by any door."""
        rows = self.told(role)
        names = [name for name in rows.fields_get() if name not in ("partner_id", "partner_ids")]
        exported = rows.export_data(["message_name", "note", "reason", "method"])["datas"]
        grouped = rows.formatted_read_group(
            [("id", "in", rows.ids)], ["message_name", "note"], ["__count"]
        )
        return json.dumps([rows.read(names), exported, grouped], default=str)

    def test_message_open_to_all(self):
        self.assertEqual(self.told("sales", "sent").message_name, "Salaries")
        self.assertEqual(self.told("stranger", "sent").message_name, "Salaries")
        for role, target in (
            ("sales", False), ("stranger", False), ("owner", TARGET), ("manager", TARGET),
        ):  # fmt: skip
            self.assertEqual(self.told(role, "clicked").note, target, role)
            self.assertEqual(self.told(role, "sent").is_message_readable, bool(target), role)

    def test_limited_message_tells_others_nothing_of_itself(self):
        team = self.env["crm.team"].create({"name": "Board", "user_id": self.users["owner"].id})
        for limit in ({"access_user_ids": self.users["owner"]}, {"access_team_ids": team}):
            self.message_sent.write({"access_user_ids": False, "access_team_ids": False})
            self.message_sent.write(limit)
            self.env.flush_all()
            self.env.invalidate_all()
            for role in ("sales", "stranger"):
                self.assertEqual(self.told(role, "sent").message_name, "Marketing SMS")
                words = self.everything(role)
                for secret in ("Salaries", "shop.example"):
                    self.assertNotIn(secret, words, role)
                rows = self.env["sms.marketing.activity"].with_user(self.users[role])
                for name in ("message_name", "note"):
                    self.assertFalse(rows.search([(name, "ilike", "Salaries")]))
                    self.assertFalse(rows.search([(name, "ilike", "secret-offer")]))
            for role in ("owner", "manager"):
                self.assertEqual(self.told(role, "sent").message_name, "Salaries")
                self.assertIn("secret-offer", self.everything(role))

    def test_superuser_in_between_does_not_open_it(self):
        """What code reads as the superuser is not what the user then reads from memory."""
        self.message_sent.access_user_ids = self.users["owner"]
        rows = self.told("sales")
        self.env.invalidate_all()
        rows.sudo().mapped("message_name")
        rows.sudo().mapped("note")
        self.assertNotIn("Salaries", rows.mapped("message_name"))
        self.assertNotIn(TARGET, rows.mapped("note"))

    def test_staff_writes_for_staff(self):
        opted_in = self.told("sales", "opted_in")
        self.assertEqual((opted_in.method, opted_in.note), ("form", False))
        self.assertEqual(opted_in.message_name, "Test offers")
        self.assertFalse(opted_in.search([("note", "ilike", "Paper form")]))
        self.assertEqual(self.told("stranger", "opted_in").note, "Paper form 7")

    def test_name_of_the_type_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.type.with_context(lang="fr_FR").name = "Offres"
        self.env.flush_all()
        opted_in = self.told("sales", "opted_in")
        self.assertEqual(opted_in.with_context(lang="fr_FR").message_name, "Offres")
        self.assertEqual(opted_in.message_name, "Test offers")


@tagged("post_install", "-at_install")
class TestTimelineReaders(SmsMarketingHttpCase):
    """Sales people and our roles read the timeline; others have no part of it."""

    def call(self, model, method, *args, **kwargs):
        response = self.url_open(
            f"/web/dataset/call_kw/{model}/{method}",
            data=json.dumps(
                {"params": {"model": model, "method": method, "args": args, "kwargs": kwargs}}
            ),
            headers={"Content-Type": "application/json"},
        )
        return response.json()

    def test_over_json_rpc(self):
        contact = self.contact(subscribed=True)
        self.env.flush_all()
        [row_id] = self.env["sms.marketing.activity"].search([("partner_ids", "=", contact.id)]).ids
        fields = ["sms_activity_count", "sms_latest_activity_ids"]
        for role, group, reads in (
            ("internal", "base.group_user", False),
            ("portal", "base.group_portal", False),
            ("sales", "sales_team.group_sale_salesman", True),
            ("marketer", "sms_marketing.group_user", True),
        ):
            self.user(f"rpc_{role}", group, password=f"rpc_{role}")
            self.authenticate(f"rpc_{role}", f"rpc_{role}")
            domain = [("partner_ids", "=", contact.id)]
            for model, method, args in (
                ("sms.marketing.activity", "search_read", [domain, ["kind"]]),
                ("sms.marketing.activity", "read", [[row_id], ["kind"]]),
                ("sms.marketing.activity", "web_search_read", [domain, {"kind": {}}]),
                ("sms.marketing.activity", "formatted_read_group", [domain, ["kind"], ["__count"]]),
                ("res.partner", "read", [contact.ids, fields]),
                ("res.partner", "action_view_sms_activity", [contact.ids]),
            ):
                answer = self.call(model, method, *args)
                with self.subTest(role=role, method=f"{model}.{method}"):
                    if reads:
                        self.assertIn("result", answer, answer)
                    else:
                        self.assertEqual(
                            answer["error"]["data"]["name"], "odoo.exceptions.AccessError"
                        )
