from random import Random

from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from ..engine import inbound, links
from ..gateways.values import Inbound
from .common import SENDER, SmsMarketingCase

#: The greatest whole number that a browser keeps exactly.
MAX_SAFE_INTEGER = 2**53 - 1

ROLES = {
    "internal": "base.group_user",
    "sales": "sales_team.group_sale_salesman",
    "user": "sms_marketing.group_user",
    "manager": "sms_marketing.group_manager",
    "administrator": "sms_marketing.group_administrator",
}


@tagged("post_install", "-at_install")
class TestActivityRows(SmsMarketingCase):
    """Every way to the rows of the timeline gives each role the same ones, those of the rule."""

    def make_world(self, random):
        """Contacts that share numbers, some hidden, archived or of another company."""
        env = self.env
        other = self.make_company(f"Company {next(self._counter)}")
        numbers = [self.number() for _ in range(5)]
        contacts = env["res.partner"].union(
            *(
                self.contact(
                    random.choice(numbers),
                    phone=random.choice([*numbers, False, False]),
                    company_id=random.choice([False, self.company.id, other["company"].id]),
                    active=random.random() > 0.2,
                )
                for _ in range(9)
            )
        )
        self.subscribe(*numbers)
        self.unsubscribe(*random.sample(numbers, 2))
        self.subscribe(*random.sample(numbers, 3), type=other["type"])
        self.subscribe(*numbers[:3])
        for limited in (False, True):
            recipients = contacts.filtered(
                lambda one: one.active and one.company_id in (self.company, one.company_id.browse())
            )
            message = self.message(
                recipients + self.contacts(1),
                body="https://shop.example/",
                access_user_ids=[Command.set(self.users["manager"].ids if limited else [])],
            )
            for recipient in self.send(message).filtered("sent_at"):
                links.follow(env, recipient.sudo().token, "192.0.2.1", "Firefox")
        inbound.receive(env, self.gateway, Inbound(random.choice(numbers), SENDER, "Nice!"))
        env["ir.rule"].search([("name", "=", "Some contacts are hidden")]).unlink()
        hidden = contacts.browse(random.sample(contacts.ids, 3))
        env["ir.rule"].create(
            {
                "name": "Some contacts are hidden",
                "model_id": env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', 'not in', {hidden.ids})]",
            }
        )
        env.flush_all()
        return numbers

    def expected(self, rows, user):
        """The rows that the rule allows, worked out contact by contact."""
        if not user.has_group("sms_marketing.group_user") and not user.has_group(
            "sales_team.group_sale_salesman"
        ):
            return rows.browse()
        everybody = self.env["res.partner"].with_context(active_test=False).search([])
        readable = everybody.with_user(user)._filtered_access("read").sudo()
        hidden = everybody - readable
        is_manager = user.has_group("sms_marketing.group_manager")

        def is_allowed(row):
            if row.company_id and row.company_id not in user.company_ids:
                return False
            if row.kind not in ("opted_in", "opted_out", "opt_in_asked"):
                return row.partner_id in readable

            def have_it(contacts):
                return any(row.number in contact._sms_numbers() for contact in contacts)

            return have_it(readable) and (is_manager or not have_it(hidden))

        return rows.filtered(is_allowed)

    def seen(self, rows, user):
        """What each way of reading shows, as {way: ids}."""
        activity = rows.browse().with_user(user)
        domain = [("id", "in", rows.ids)]
        yield "search", activity.search(domain).ids
        yield (
            "search by number",
            activity.search([*domain, ("number", "in", rows.mapped("number"))]).ids,
        )
        yield (
            "web_search_read",
            [values["id"] for values in activity.web_search_read(domain, {"note": {}})["records"]],
        )
        yield (
            "search_read",
            [values["id"] for values in activity.search_read(domain, ["note"])],
        )
        yield "name_search", [row_id for row_id, _name in activity.name_search("", domain, limit=0)]
        yield "filtered", rows.with_user(user)._filtered_access("read").ids
        for way, read in (
            ("read", lambda row: row.read(["note"])),
            ("web_read", lambda row: row.web_read({"kind": {}})),
            ("export_data", lambda row: row.export_data(["number"])),
            ("access", lambda row: row.check_access("read")),
        ):
            ids = []
            for row in rows.with_user(user):
                self.env.invalidate_all()
                try:
                    read(row)
                except AccessError:
                    continue
                ids.append(row.id)
            yield way, ids

    def test_each_role_sees_what_the_rule_allows(self):
        groups = "base.group_allow_export,base.group_partner_manager"
        self.users = {
            role: self.user(f"rows_{role}", f"{group},{groups}") for role, group in ROLES.items()
        }
        for seed in range(3):
            numbers = self.make_world(Random(seed))
            rows = self.env["sms.marketing.activity"].search([("number", "in", numbers)])
            self.assertGreater(len(rows), 15)
            self.assertEqual(len(set(rows.ids)), len(rows))
            self.assertLess(max(rows.ids), MAX_SAFE_INTEGER)
            for role, user in self.users.items():
                expected = set(self.expected(rows, user).ids)
                if role == "internal":
                    with self.assertRaises(AccessError):
                        rows.browse().with_user(user).search([])
                    continue
                self.assertTrue(expected)
                for way, ids in self.seen(rows, user):
                    with self.subTest(seed=seed, role=role, way=way):
                        self.assertEqual(set(ids), expected)
                        self.assertEqual(len(ids), len(expected))
                activity = rows.browse().with_user(user)
                counted = activity.formatted_read_group(
                    [("id", "in", rows.ids)], ["kind"], ["__count"]
                )
                self.assertEqual(sum(group["__count"] for group in counted), len(expected))

    def test_two_contacts_with_one_number_share_one_row(self):
        first = self.contact(subscribed=True)
        second = self.contact(first.mobile_e164)
        activity = self.env["sms.marketing.activity"]
        of_first, of_second = (
            activity.search([("partner_ids", "=", contact.id)]) for contact in (first, second)
        )
        self.assertEqual(of_first, of_second)
        self.assertEqual(activity.search([("partner_id", "=", second.id)]), of_second)
        self.assertEqual(of_first.mapped("kind"), ["opted_in"])
        self.assertEqual(of_first.partner_ids, first + second)
        self.assertFalse(of_first.partner_id)
        self.assertEqual((first.sms_activity_count, second.sms_activity_count), (1, 1))

    def test_ids_are_kept(self):
        """Whatever else happens to the contacts, the same entry has the same id."""
        contact = self.contact(subscribed=True)
        self.send(self.message(contact))
        self.play_sandbox()
        activity = self.env["sms.marketing.activity"]
        before = {row.id: (row.kind, row.moment) for row in
                  activity.search([("partner_ids", "=", contact.id)])}  # fmt: skip
        self.contact(contact.mobile_e164)
        self.env.flush_all()
        after = {row.id: (row.kind, row.moment) for row in
                 activity.search([("partner_ids", "=", contact.id)])}  # fmt: skip
        self.assertEqual(after, before)
        self.assertEqual(len(before), 3)

    def test_rows_are_found_by_id_without_reading_others(self):
        partners = self.contacts(100)
        self.send(self.message(partners))
        activity = self.env["sms.marketing.activity"]
        rows = activity.search([("partner_ids", "=", partners[0].id)])
        for table in ("recipient", "consent", "inbound", "click"):
            self.env.cr.execute(f"ANALYZE sms_marketing_{table}")
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        query = activity._search([("id", "in", rows.ids)]).select()
        self.env.cr.execute("EXPLAIN " + self.env.cr.mogrify(query.code, query.params).decode())
        plan = "\n".join(line for [line] in self.env.cr.fetchall())
        self.assertNotIn("Seq Scan on sms_marketing", plan)
