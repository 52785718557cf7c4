from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import InsufficientPrivilege

from .access_matrix import ROLES
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestAccess(SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {role: cls.user(f"sms_{role}", group) for role, group in ROLES.items()}

    def test_sales_people_see_no_marketing_records(self):
        self.message(self.contact())
        for role in ("public", "portal", "internal", "sales"):
            with self.assertRaises(AccessError, msg=role):
                self.env["sms.marketing.message"].with_user(self.users[role]).search([])

    def test_user_creates_and_sends_a_message(self):
        contact = self.contact(subscribed=True)
        as_user = self.env["sms.marketing.message"].with_user(self.users["user"])
        message = as_user.create(
            {
                "name": "By a user",
                "body": "Hello {{ object.name ||| you }}",
                "sender_id": self.sender.id,
                "subscription_type_id": self.type.id,
                "include_partner_ids": contact.ids,
            }
        )
        message.action_send()
        self.assertEqual(message.state, "scheduled")
        self.run_lane()
        self.assertEqual(message.state, "sent")
        self.assertEqual(message.recipient_ids.state, "sent")
        self.assertEqual(message.get_progress(), {"state": "sent", "total": 1, "done": 1})
        message.unlink()
        self.assertFalse(message.exists())

    def test_wizards_are_for_managers(self):
        for model in ("sms.marketing.consent.change", "sms.marketing.contact.import"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(self.users["user"]).create({})


@tagged("post_install", "-at_install")
class TestOwnMessages(SmsMarketingCase):
    """A user sees what belongs to the own messages, a manager all of it."""

    def setUp(self):
        super().setUp()
        groups = "sms_marketing.group_user,base.group_allow_export"
        self.anna, self.ben = self.user("anna_sms", groups), self.user("ben_sms", groups)
        self.manager = self.user(
            "manager_sms", "sms_marketing.group_manager,base.group_allow_export"
        )
        self.messages = {}
        for owner in (self.anna, self.ben):
            clicker = self.contact(f"+1303{owner.id % 700 + 200}0088", subscribed=True)
            stopper = self.contact(f"+1303{owner.id % 700 + 200}0098", subscribed=True)
            message = self.message(
                clicker + stopper, user_id=owner.id, body="Look: https://example.com/"
            )
            self.send(message)
            self.messages[owner] = message
        self.play_sandbox()
        self.roll_up()

    def _seen(self, model, user):
        field = "id" if model == "sms.marketing.message" else "message_id"
        ids = self.env["sms.marketing.message"].union(*self.messages.values()).ids
        rows = self.env[model].with_user(user).search([(field, "in", ids)])
        return set(rows.sudo().mapped(field) if field == "message_id" else rows.sudo())

    def test_users_see_their_own_and_managers_all(self):
        for model in (
            "sms.marketing.message",
            "sms.marketing.recipient",
            "sms.marketing.link",
            "sms.marketing.click",
            "sms.marketing.inbound",
            "sms.marketing.statistic",
        ):
            with self.subTest(model):
                self.assertEqual(self._seen(model, self.manager), set(self.messages.values()))
                for owner, message in self.messages.items():
                    self.assertEqual(self._seen(model, owner), {message})

    def test_creator_keeps_sight_of_a_message_handed_on(self):
        message = (
            self.env["sms.marketing.message"]
            .with_user(self.anna)
            .create({"name": "For Ben", "body": "Hello"})
        )
        message.user_id = self.ben
        self.assertEqual(message.with_user(self.anna).name, "For Ben")
        self.assertEqual(message.with_user(self.ben).name, "For Ben")

    def test_foreign_message_is_out_of_reach(self):
        foreign = self.messages[self.ben].with_user(self.anna)
        for attempt in (
            lambda: foreign.read(["name"]),
            lambda: foreign.write({"name": "Mine"}),
            lambda: foreign.unlink(),
            lambda: foreign.copy(),
            lambda: foreign.get_progress(),
            lambda: foreign.action_cancel(),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_what_belongs_to_a_message_is_not_changed_through_it(self):
        message = self.messages[self.anna].with_user(self.anna)
        for field in ("link_ids", "recipient_ids"):
            row = message[field][0]
            name, value = {
                "link_ids": ("target", "https://evil.example/"),
                "recipient_ids": ("number", "+12025550100"),
            }[field]
            for command in (
                Command.update(row.id, {name: value}),
                Command.delete(row.id),
                Command.unlink(row.id),
                Command.clear(),
                Command.create({name: value}),
            ):
                with self.assertRaises(UserError, msg=command), self.env.cr.savepoint():
                    message.write({field: [command]})
            self.assertNotEqual(row[name], value)

    def test_recipient_token_is_unreadable(self):
        recipients = self.messages[self.anna].recipient_ids
        administrator = self.user(
            "administrator_sms", "sms_marketing.group_administrator,base.group_allow_export"
        )
        for user in (self.anna, self.manager, administrator):
            as_user = recipients.with_user(user)
            for attempt in (
                lambda rows=as_user: rows.read(["token"]),
                lambda rows=as_user: rows.search([("token", "=like", "a%")]),
                lambda rows=as_user: rows.search([], order="token"),
                lambda rows=as_user: rows.export_data(["token"]),
                lambda rows=as_user: rows.formatted_read_group([], ["token"], ["__count"]),
            ):
                with self.assertRaises(AccessError):
                    attempt()
            self.assertNotIn("token", as_user.fields_get())


@tagged("post_install", "-at_install")
class TestCredentials(SmsMarketingCase):
    SECRETS = ("webhook_secret", "callback_url", "setup_help", "kannel_username", "kannel_password")

    def test_only_administrators_read_credentials(self):
        gateway = self.make_kannel_gateway()
        administrator = self.user("administrator_sms", "sms_marketing.group_administrator")
        values = gateway.with_user(administrator).read(self.SECRETS)[0]
        self.assertEqual(values["kannel_username"], "tester")
        for group in ("sms_marketing.group_user", "sms_marketing.group_manager"):
            user = self.user(f"{group}_secrets", f"{group},base.group_allow_export")
            as_user = gateway.with_user(user)
            self.assertEqual(as_user.name, "Kannel")
            self.assertFalse(set(self.SECRETS) & as_user.fields_get().keys())
            whole = str(as_user.read())
            self.assertNotIn(gateway._secret_values()["webhook_secret"], whole)
            self.assertNotIn("correct horse", whole)
            for name in self.SECRETS:
                attempts = [
                    lambda rows=as_user, name=name: rows.read([name]),
                    lambda rows=as_user, name=name: rows[name],
                    lambda rows=as_user, name=name: rows.web_read({name: {}}),
                    lambda rows=as_user, name=name: rows.export_data([name]),
                ]
                if gateway._fields[name].store:
                    attempts += [
                        lambda rows=as_user, name=name: rows.search([(name, "=like", "a%")]),
                        lambda rows=as_user, name=name: rows.search([], order=name),
                        lambda rows=as_user, name=name: rows.formatted_read_group(
                            [], [name], ["__count"]
                        ),
                        lambda rows=as_user, name=name: rows.env["sms.marketing.sender"].search(
                            [(f"gateway_id.{name}", "=like", "a%")]
                        ),
                    ]
                for attempt in attempts:
                    with self.assertRaises(AccessError, msg=name):
                        attempt()


@tagged("post_install", "-at_install")
class TestConsentLogIsAppendOnly(SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.contact_subscribed = self.contact(subscribed=True)
        domain = [("number", "=", self.contact_subscribed.mobile_e164)]
        self.line = self.env["sms.marketing.consent"].search(domain)
        self.subscription = self.env["sms.marketing.subscription"].search(domain)
        self.assertEqual(self.subscription.state, "subscribed")

    def test_orm_refuses_everybody(self):
        administrator = self.user(
            "administrator_sms", "sms_marketing.group_administrator,base.group_system"
        )
        for records in (self.line, self.subscription):
            vals = {"number": "+12025550100", "state": "subscribed", "type_id": self.type.id}
            for env in (self.env, self.env(user=administrator)):
                rows = records.with_env(env)
                for attempt in (
                    lambda rows=rows: rows.write({"state": "unsubscribed"}),
                    lambda rows=rows: rows.unlink(),
                    lambda rows=rows, vals=vals: rows.create([vals]),
                    lambda rows=rows: rows.copy(),
                ):
                    with self.assertRaises(UserError):
                        attempt()
            outcome = records.with_user(administrator).load(
                ["number", "state"], [["+12025550100", "subscribed"]]
            )
            self.assertFalse(outcome["ids"])
        self.assertEqual(self.subscription.state, "subscribed")

    @mute_logger("odoo.sql_db")
    def test_database_refuses_sql(self):
        for statement in (
            "UPDATE sms_marketing_consent SET number = number",
            "UPDATE sms_marketing_consent SET state = 'subscribed' WHERE FALSE",
            "DELETE FROM sms_marketing_consent",
            "TRUNCATE sms_marketing_consent",
            "TRUNCATE res_company CASCADE",
        ):
            with self.assertRaises(InsufficientPrivilege, msg=statement), self.env.cr.savepoint():
                self.env.cr.execute(statement)
        self.assertTrue(self.line.exists())

    def test_log_outlives_contact_and_message(self):
        number = self.contact_subscribed.mobile_e164
        self.contact_subscribed.unlink()
        self.assertEqual(self.line.number, number)
        self.assertEqual(self.subscription.state, "subscribed")
