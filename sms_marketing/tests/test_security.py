from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import InsufficientPrivilege

from ..engine import schedule
from .common import SmsMarketingCase

OPERATIONS = {"r": "read", "w": "write", "c": "create", "d": "unlink"}

ROLES = {
    "public": "base.group_public",
    "portal": "base.group_portal",
    "internal": "base.group_user",
    "sales": "sales_team.group_sale_salesman",
    "user": "sms_marketing.group_user",
    "manager": "sms_marketing.group_manager",
    "administrator": "sms_marketing.group_administrator",
}

NOBODY = {}
READERS = {"user": "r", "manager": "r", "administrator": "r"}
SETTINGS = {"user": "r", "manager": "r", "administrator": "rwcd"}
WIZARD = {"manager": "rwcd", "administrator": "rwcd"}

#: What each role may do with each model of the add-on; roles that are not named may do nothing.
ACCESS = {
    "sms.marketing.activity": dict.fromkeys(
        ("internal", "sales", "user", "manager", "administrator"), "r"
    ),
    "sms.marketing.click": READERS,
    "sms.marketing.consent": READERS,
    "sms.marketing.consent.change": WIZARD,
    "sms.marketing.contact.import": WIZARD,
    "sms.marketing.gateway": SETTINGS,
    "sms.marketing.inbound": READERS,
    "sms.marketing.keyword": SETTINGS,
    "sms.marketing.link": READERS,
    "sms.marketing.list": {"user": "r", "manager": "rwcd", "administrator": "rwcd"},
    "sms.marketing.message": {"user": "rwcd", "manager": "rwcd", "administrator": "rwcd"},
    "sms.marketing.receipt": {"administrator": "r"},
    "sms.marketing.recipient": READERS,
    "sms.marketing.sender": SETTINGS,
    "sms.marketing.statistic": READERS,
    "sms.marketing.statistic.mark": {"administrator": "r"},
    "sms.marketing.subscription": READERS,
    "sms.marketing.subscription.type": SETTINGS,
    "sms.marketing.tag": {"user": "r", "manager": "rwcd", "administrator": "rwcd"},
}

#: Models whose rows are of no company.
SHARED = {"sms.marketing.tag"}


def models_of_the_add_on(env):
    return {
        name
        for name, model in env.registry.models.items()
        if model._original_module == "sms_marketing" and not model._abstract
    }


@tagged("post_install", "-at_install")
class TestAccess(SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {role: cls.user(f"sms_{role}", group) for role, group in ROLES.items()}

    def test_each_role_may_do_what_the_table_says(self):
        self.assertEqual(models_of_the_add_on(self.env), set(ACCESS))
        for model, by_role in ACCESS.items():
            for role, user in self.users.items():
                allowed = "".join(
                    letter
                    for letter, operation in OPERATIONS.items()
                    if self.env[model].with_user(user).has_access(operation)
                )
                self.assertEqual(allowed, by_role.get(role, ""), f"{role} on {model}")

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
class TestCompanies(SmsMarketingCase):
    """Nothing of one company is seen in another."""

    def setUp(self):
        super().setUp()
        self.other = self.make_company()
        mine = {
            "company": self.company,
            "gateway": self.gateway,
            "sender": self.sender,
            "type": self.type,
        }
        for position, of_company in enumerate((mine, self.other)):
            self._fill(position, **of_company)
        # The rollup has taken the marks.
        schedule.mark(self.env, self.env["sms.marketing.message"].search([]).ids)
        self.administrators = {
            company: self.user(
                f"administrator_{company.id}",
                "sms_marketing.group_administrator,base.group_partner_manager",
                company_id=company.id,
                company_ids=company.ids,
            )
            for company in (self.company, self.other["company"])
        }

    def _fill(self, position, company, gateway, sender, type):
        """At least one row of every model for the company."""
        people = self.contact(f"+130320{position}0188") + self.contact(f"+130320{position}0198")
        self.subscribe(*people.mapped("mobile_e164"), type=type)
        message = self.message(
            people,
            company_id=company.id,
            sender_id=sender.id,
            subscription_type_id=type.id,
            body="Look: https://example.com/",
        )
        self.send(message)
        self.play_sandbox()
        self.roll_up()
        self.env["sms.marketing.list"].create({"name": "All", "company_id": company.id})
        self.env["sms.marketing.keyword"].create(
            {"name": f"GO AWAY {position}", "action": "stop", "company_id": company.id}
        )
        self.env["sms.marketing.receipt"].create({"gateway_id": gateway.id, "status": "delivered"})

    @staticmethod
    def _company_path(model):
        if "company_id" in model._fields:
            return "company_id"
        owners = [name for name in ("gateway_id", "message_id") if name in model._fields]
        return f"{owners[0]}.company_id" if owners else None

    def test_every_model_keeps_companies_apart(self):
        checked = []
        for name in sorted(models_of_the_add_on(self.env) - SHARED):
            model = self.env[name]
            if model._transient:
                continue
            path = self._company_path(model)
            self.assertTrue(path, f"rows of {name} belong to no company")
            for company, user in self.administrators.items():
                own = [(path, "=", company.id)]
                foreign = [(path, "not in", [company.id, False])]
                self.assertTrue(model.search_count(foreign), f"no row of {name} to check with")
                seen = model.with_user(user).with_context(active_test=False)
                self.assertTrue(seen.search_count(own), f"{name}: own rows are hidden")
                self.assertFalse(seen.search_count(foreign), f"{name}: foreign rows are seen")
                row = model.search(foreign, limit=1)
                with self.assertRaises(AccessError, msg=name):
                    row.with_user(user).check_access("read")
            checked.append(name)
        self.assertGreater(len(checked), 12)

    def test_user_of_both_companies_sees_those_that_are_switched_on(self):
        both = self.company + self.other["company"]
        user = self.user(
            "both_sms",
            "sms_marketing.group_manager",
            company_id=self.company.id,
            company_ids=both.ids,
        )
        messages = self.env["sms.marketing.message"].with_user(user)
        for companies in (self.company, self.other["company"], both):
            seen = messages.with_context(allowed_company_ids=companies.ids).search([])
            self.assertEqual(seen.company_id, companies)

    def test_records_of_two_companies_do_not_mix(self):
        contact = self.contact()
        for vals in (
            {"sender_id": self.other["sender"].id},
            {"subscription_type_id": self.other["type"].id},
            {
                "include_list_ids": self.env["sms.marketing.list"]
                .create({"name": "Theirs", "company_id": self.other["company"].id})
                .ids
            },
        ):
            with self.assertRaises(UserError, msg=str(vals)):
                self.message(contact, **vals)
        with self.assertRaises(UserError):
            self.make_sender("+12025550199", gateway=self.other["gateway"])

    def test_company_of_what_is_in_use_cannot_be_changed_behind_its_back(self):
        other = self.other["company"]
        for record in (self.gateway, self.type):
            with self.assertRaises(UserError, msg=record):
                record.company_id = other

    def test_consent_in_one_company_is_none_in_the_other(self):
        contact = self.contact(subscribed=True)
        message = self.message(
            contact,
            company_id=self.other["company"].id,
            sender_id=self.other["sender"].id,
            subscription_type_id=self.other["type"].id,
        )
        recipient = self.send(message)
        self.assertEqual((recipient.state, recipient.reason), ("skipped", "no_consent"))

    def test_foreign_type_cannot_be_imported_into(self):
        manager = self.administrators[self.company]
        wizard = self.env["sms.marketing.contact.import"].with_user(manager)
        with self.assertRaises(AccessError):
            wizard.create(
                {"file": b"bmFtZQpBbm4K", "type_id": self.other["type"].id}
            ).action_import()


@tagged("post_install", "-at_install")
class TestCredentials(SmsMarketingCase):
    SECRETS = ("webhook_secret", "callback_url", "setup_help", "kannel_username", "kannel_password")

    def test_only_administrators_read_credentials(self):
        gateway = self.make_kannel_gateway()
        administrator = self.user("administrator_sms", "sms_marketing.group_administrator")
        values = gateway.with_user(administrator).read(self.SECRETS)[0]
        self.assertEqual(values["kannel_password"], "correct horse battery staple")
        for group in ("sms_marketing.group_user", "sms_marketing.group_manager"):
            user = self.user(f"{group}_secrets", f"{group},base.group_allow_export")
            as_user = gateway.with_user(user)
            self.assertEqual(as_user.name, "Kannel")
            self.assertFalse(set(self.SECRETS) & as_user.fields_get().keys())
            whole = str(as_user.read())
            self.assertNotIn(gateway.webhook_secret, whole)
            self.assertNotIn(gateway.kannel_password, whole)
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

    def test_copy_has_a_secret_of_its_own(self):
        gateway = self.make_kannel_gateway()
        copy = gateway.copy()
        self.assertTrue(copy.webhook_secret)
        self.assertNotEqual(copy.webhook_secret, gateway.webhook_secret)


@tagged("post_install", "-at_install")
class TestActivityAccess(SmsMarketingCase):
    """Who may read a contact may read its timeline, and nobody else."""

    def setUp(self):
        super().setUp()
        self.sales = self.user(
            "sales_sms", "sales_team.group_sale_salesman,base.group_allow_export"
        )
        self.open, self.hidden = self.contacts(2)
        self.message_sent = self.message(self.open + self.hidden, name="Spring sale")
        self.send(self.message_sent)
        self.play_sandbox()
        self.env["ir.rule"].create(
            {
                "name": "One contact is hidden",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.hidden.id})]",
            }
        )

    def _activity(self, partner):
        return self.env["sms.marketing.activity"].search([("partner_id", "=", partner.id)])

    def test_sales_person_reads_the_timeline_of_a_readable_contact(self):
        rows = self._activity(self.open).with_user(self.sales)
        self.assertEqual(set(rows.mapped("kind")), {"opted_in", "sent", "delivered"})
        self.assertEqual(rows.filtered(lambda row: row.kind == "sent").message_name, "Spring sale")
        self.assertEqual(self.open.with_user(self.sales).sms_activity_count, 3)

    def test_timeline_of_an_unreadable_contact_is_shut(self):
        hidden = self._activity(self.hidden)
        self.assertEqual(len(hidden), 3)
        activity = self.env["sms.marketing.activity"].with_user(self.sales)
        domain = [("partner_id", "in", (self.open + self.hidden).ids)]
        self.assertEqual(activity.search(domain).sudo().partner_id, self.open)
        self.assertEqual(activity.search_count(domain), 3)
        self.assertEqual(
            activity.formatted_read_group(domain, ["partner_id"], ["__count"])[0]["__count"], 3
        )
        self.assertEqual(activity.web_search_read(domain, {"number": {}})["length"], 3)
        self.assertFalse(activity.search([("number", "=", self.hidden.mobile_e164)]))
        for attempt in (
            lambda rows: rows.read(["number"]),
            lambda rows: rows.web_read({"number": {}}),
            lambda rows: rows.export_data(["number"]),
            lambda rows: rows.mapped("number"),
        ):
            self.env.invalidate_all()
            with self.assertRaises(AccessError):
                attempt(hidden.with_user(self.sales))

    def test_contact_of_another_company_is_shut(self):
        other = self.make_company()["company"]
        self.open.company_id = other
        self.assertFalse(
            self._activity(self.open).with_user(self.sales).search([]) & self._activity(self.open)
        )

    def test_sales_person_sees_the_name_of_a_message_and_no_more(self):
        row = self._activity(self.open).filtered(lambda row: row.kind == "sent")
        as_sales = row.with_user(self.sales)
        for name in ("message_id", "recipient_id"):
            with self.assertRaises(AccessError):
                as_sales.read([name])
        with self.assertRaises(AccessError):
            as_sales.action_open_message()
        owner = self.user("owner_sms")
        self.message_sent.user_id = owner
        action = row.with_user(owner).action_open_message()
        self.assertEqual(action["res_id"], self.message_sent.id)

    def test_activity_without_message_leads_nowhere(self):
        opted_in = self._activity(self.open).filtered(lambda row: row.kind == "opted_in")
        manager = self.user("manager_sms", "sms_marketing.group_manager")
        self.assertFalse(opted_in.with_user(manager).action_open_message())

    def test_activity_is_read_only(self):
        row = self._activity(self.open)[:1]
        for attempt in (
            lambda: row.with_user(self.sales).write({"note": "x"}),
            lambda: row.with_user(self.sales).unlink(),
            lambda: row.with_user(self.sales).create({"note": "x"}),
        ):
            with self.assertRaises(AccessError):
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
