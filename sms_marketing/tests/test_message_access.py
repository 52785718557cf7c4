"""Who sees a message, and all that hangs on it (S52)."""

import json

from odoo import http
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import SmsMarketingCase, SmsMarketingHttpCase

#: Models whose rows hang on a message, by the field that names it.
BELONGING = {
    "sms.marketing.message": "id",
    "sms.marketing.recipient": "message_id",
    "sms.marketing.link": "message_id",
    "sms.marketing.click": "message_id",
    "sms.marketing.inbound": "message_id",
    "sms.marketing.statistic": "message_id",
}


class MessageAccessMixin:
    """One message that was sent, and people who are near to it or not."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        user = "sms_marketing.group_user,base.group_allow_export"
        cls.people = {
            name: cls.user(f"{name}_sms", groups, name=f"{name.title()} Access")
            for name, groups in {
                "creator": user,
                "responsible": user,
                "named": user,
                "member": user,
                "leader": user,
                "formerly": user,
                "stranger": user,
                "manager": "sms_marketing.group_manager,base.group_allow_export",
            }.items()
        }
        cls.team = cls.env["crm.team"].create(
            {
                "name": "West coast",
                "user_id": cls.people["leader"].id,
                "member_ids": [
                    Command.set((cls.people["member"] | cls.people["formerly"]).ids),
                ],
            }
        )
        cls.team.member_ids -= cls.people["formerly"]
        clicker = cls.contact("+13032550188", subscribed=True, name="Clara Clicks")
        stopper = cls.contact("+13032550198", subscribed=True, name="Stan Stops")
        cls.shared = cls._as("creator").create(
            {
                "name": "Coast offers",
                "body": "Look: https://example.com/",
                "sender_id": cls.sender.id,
                "subscription_type_id": cls.type.id,
                "user_id": cls.people["responsible"].id,
                "include_partner_ids": [Command.set((clicker | stopper).ids)],
            }
        )
        cls.shared = cls.shared.sudo(False).with_env(cls.env)

    @classmethod
    def _as(cls, name):
        return cls.env["sms.marketing.message"].with_user(cls.people[name])

    def limit(self, users=(), teams=None):
        self.shared.write(
            {
                "access_user_ids": [Command.set([self.people[name].id for name in users])],
                "access_team_ids": [Command.set((teams or self.env["crm.team"]).ids)],
            }
        )
        self.env.invalidate_all()

    def who_sees(self):
        return {
            name
            for name, user in self.people.items()
            if self.shared.with_user(user).search_count([("id", "=", self.shared.id)])
        }


@tagged("post_install", "-at_install")
class TestMessageAccess(MessageAccessMixin, SmsMarketingCase):
    def test_who_sees_it(self):
        other_team = self.env["crm.team"].create({"name": "Nobody's"})
        for users, teams, expected in (
            ((), None, {"creator", "responsible", "manager"}),
            (("named",), None, {"named", "responsible", "manager"}),
            ((), self.team, {"member", "leader", "responsible", "manager"}),
            (
                ("named", "creator"),
                self.team,
                {"named", "creator", "member", "leader", "responsible", "manager"},
            ),
            ((), other_team, {"responsible", "manager"}),
        ):
            with self.subTest(users=users, teams=teams):
                self.limit(users, teams)
                self.assertEqual(self.who_sees(), expected)
                for name, user in self.people.items():
                    message = self.shared.with_user(user)
                    self.assertEqual(message.has_access("read"), name in expected, name)
                    self.assertEqual(message.has_access("write"), name in expected, name)
                    may_delete = name in expected & {"creator", "responsible", "manager"}
                    self.assertEqual(message.has_access("unlink"), may_delete, name)

    def test_team_changes_count_at_once(self):
        self.limit(teams=self.team)
        self.assertNotIn("formerly", self.who_sees())
        self.team.member_ids += self.people["formerly"]
        self.assertIn("formerly", self.who_sees())
        self.assertTrue(self.shared.with_user(self.people["formerly"]).has_access("read"))
        self.team.member_ids -= self.people["formerly"]
        self.assertNotIn("formerly", self.who_sees())
        self.assertFalse(self.shared.with_user(self.people["formerly"]).has_access("read"))

    def test_archived_team_or_user_does_not_open_it_to_others(self):
        self.limit(("named",), self.team)
        self.team.active = False
        self.people["named"].active = False
        self.env.invalidate_all()
        self.assertEqual(
            self.who_sees() - {"named"}, {"member", "leader", "responsible", "manager"}
        )

    def test_what_hangs_on_it_is_seen_by_the_same_people(self):
        self.send(self.shared)
        self.play_sandbox()
        self.roll_up()
        self.limit(teams=self.team)
        for model, name in BELONGING.items():
            domain = [(name, "=", self.shared.id)]
            rows = self.env[model].search(domain)
            self.assertTrue(rows, f"no row of {model} to check with")
            for person in ("member", "leader", "responsible", "manager"):
                as_person = rows.with_user(self.people[person])
                self.assertEqual(as_person.search(domain), rows, f"{person} on {model}")
                self.assertTrue(as_person.has_access("read"))
            for person in ("creator", "stranger", "named", "formerly"):
                as_person = rows.with_user(self.people[person])
                self.assertFalse(as_person.search(domain), f"{person} on {model}")
                self.assertFalse(as_person.search_count(domain))
                self.assertEqual(
                    as_person.formatted_read_group(domain, [], ["__count"])[0]["__count"], 0
                )
                for attempt in (
                    lambda rows=as_person: rows.read(["display_name"]),
                    lambda rows=as_person: rows.web_read({"display_name": {}}),
                    lambda rows=as_person: rows.export_data(["display_name"]),
                ):
                    with self.assertRaises(AccessError, msg=f"{person} on {model}"):
                        attempt()

    def test_methods_of_a_hidden_message_are_shut(self):
        self.limit(("named",))
        contact = self.shared.include_partner_ids[:1]
        hidden = self.shared.with_user(self.people["stranger"])
        for attempt in (
            lambda: hidden.get_progress(),
            lambda: hidden.get_audience_counts(),
            lambda: hidden.get_editor_data(),
            lambda: hidden.get_preview_values(contact.id, ["object.name"]),
            lambda: hidden.get_test_panel(),
            lambda: hidden.get_test_outcomes(),
            lambda: hidden.send_test([1]),
            lambda: hidden.copy(),
            lambda: hidden.action_send(),
            lambda: hidden.write({"user_id": self.people["stranger"].id}),
        ):
            with self.assertRaises(AccessError):
                attempt()

    def test_owner_decides_who_sees_it(self):
        for name in ("creator", "responsible", "manager"):
            as_owner = self.shared.with_user(self.people[name])
            self.assertTrue(as_owner.may_change_access)
            as_owner.access_user_ids = self.people["creator"] | self.people["named"]
        self.limit(("named",))
        as_named = self.shared.with_user(self.people["named"])
        as_named.body = "A better text."
        self.assertFalse(as_named.may_change_access)
        for vals in (
            {"user_id": self.people["named"].id},
            {"access_user_ids": [Command.clear()]},
            {"access_team_ids": [Command.set(self.team.ids)]},
        ):
            with self.assertRaisesRegex(UserError, "decided by its responsible"):
                as_named.write(vals)

    def test_nobody_locks_himself_out(self):
        as_creator = self.shared.with_user(self.people["creator"])
        with self.assertRaisesRegex(UserError, "would not see"), self.env.cr.savepoint():
            as_creator.access_user_ids = self.people["named"]
        as_manager = self.shared.with_user(self.people["manager"])
        as_manager.access_user_ids = self.people["named"]
        self.assertEqual(as_manager.access_user_ids, self.people["named"])

    def test_who_it_is_shared_with_sends_it(self):
        self.limit(("named",))
        recipients = self.send(self.shared.with_user(self.people["named"]))
        self.assertEqual(set(recipients.mapped("state")), {"sent"})

    def test_timeline_leads_to_it_for_those_who_see_it(self):
        self.send(self.shared)
        self.limit(teams=self.team)
        row = self.env["sms.marketing.activity"].search(
            [("message_id", "=", self.shared.id)], limit=1
        )
        for name, sees in (("member", True), ("manager", True), ("stranger", False)):
            as_person = row.with_user(self.people[name])
            self.assertEqual(as_person.is_message_readable, sees, name)
            if sees:
                self.assertEqual(as_person.action_open_message()["res_id"], self.shared.id)
            else:
                with self.assertRaises(AccessError):
                    as_person.action_open_message()

    def test_messages_of_users_and_teams_are_found(self):
        self.limit(("named",), self.team)
        messages = self._as("manager")
        for domain in (
            ["|", ("user_id", "ilike", "Named"), ("access_user_ids", "ilike", "Named Access")],
            ["|", ("access_team_ids", "ilike", "West"), ("user_id.crm_team_ids", "ilike", "West")],
        ):
            self.assertIn(self.shared, messages.search(domain))
        self.limit()
        self.team.member_ids += self.people["responsible"]
        self.assertIn(
            self.shared, messages.search([("user_id.crm_team_ids", "ilike", "West coast")])
        )
        self.assertEqual(
            self._as("creator").search([("is_own_or_shared", "=", False)]), messages.browse()
        )


@tagged("post_install", "-at_install")
class TestMessageAccessOverHttp(MessageAccessMixin, SmsMarketingHttpCase):
    """The same through the doors that a browser or a script comes in by."""

    def _call(self, model, method, *args, **kwargs):
        answer = self.url_open(
            "/web/dataset/call_kw",
            data=json.dumps(
                {
                    "jsonrpc": "2.0",
                    "params": {"model": model, "method": method, "args": args, "kwargs": kwargs},
                }
            ),
            headers={"Content-Type": "application/json"},
        ).json()
        if "error" in answer:
            return answer["error"]["data"]["name"]
        return answer["result"]

    def _export(self, model, domain):
        data = {
            "model": model,
            "fields": [{"name": "display_name", "label": "Name"}],
            "ids": False,
            "domain": domain,
            "groupby": [],
            "import_compat": False,
            "context": {},
        }
        answer = self.url_open(
            "/web/export/csv",
            data={"data": json.dumps(data), "csrf_token": http.Request.csrf_token(self)},
        )
        self.assertEqual(answer.status_code, 200)
        return answer.text.strip().splitlines()[1:]

    @mute_logger("odoo.http")
    def test_rpc_and_export(self):
        self.send(self.shared)
        self.play_sandbox()
        self.roll_up()
        self.limit(teams=self.team)
        for person, sees in (("member", True), ("stranger", False), ("creator", False)):
            login = self.people[person].login
            self.authenticate(login, login)
            for model, name in BELONGING.items():
                with self.subTest(person=person, model=model):
                    domain = [[name, "=", self.shared.id]]
                    ids = self.env[model].search(domain).ids
                    found = self._call(model, "web_search_read", domain, {"display_name": {}})
                    self.assertEqual(found["length"], len(ids) if sees else 0)
                    self.assertEqual(
                        self._call(model, "search_count", domain), len(ids) if sees else 0
                    )
                    self.assertEqual(len(self._export(model, domain)), len(ids) if sees else 0)
                    read = self._call(model, "read", ids, ["display_name"])
                    if sees:
                        self.assertEqual(len(read), len(ids))
                    else:
                        self.assertEqual(read, "odoo.exceptions.AccessError")
            by_path = self._call(
                "sms.marketing.recipient", "search_count", [["message_id.body", "ilike", "look"]]
            )
            self.assertEqual(bool(by_path), sees)
