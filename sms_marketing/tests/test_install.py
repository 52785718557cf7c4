import logging
from unittest.mock import patch

from odoo.modules.neutralize import get_neutralization_queries
from odoo.tests import tagged

from .. import hooks
from ..gateways.base import get_gateway_class
from .common import SmsMarketingCase

AMOUNT = 2000


@tagged("post_install", "-at_install")
class TestPreInitHook(SmsMarketingCase):
    """Installing on a database that has contacts already."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.flush_all()
        cls.dutch_company = cls.env["res.company"].create(
            {"name": "Hollandse Zaak", "country_id": cls.env.ref("base.nl").id}
        )
        cls.first_id = cls._insert_contacts()

    @classmethod
    def _insert_contacts(cls):
        """Contacts as they were before the add-on: by SQL, in four kinds in turn."""
        cls.env.flush_all()
        cls.env.cr.execute("SELECT max(id) FROM res_partner")
        [last_id] = cls.env.cr.fetchone()
        cls.env.cr.execute(
            """
            INSERT INTO res_partner (name, active, type, mobile, phone, country_id, company_id)
            SELECT 'Old contact ' || n, n %% 10 <> 0, 'contact',
                   CASE n %% 4 WHEN 0 THEN '06 12 34 ' || lpad((n / 100)::text, 2, '0')
                                            || ' ' || lpad((n %% 100)::text, 2, '0')
                               WHEN 1 THEN '06 1234' || lpad(n::text, 4, '0') END,
                   CASE n %% 4 WHEN 2 THEN '(303) 555-' || lpad(n::text, 4, '0')
                               WHEN 3 THEN 'no number ' || n END,
                   CASE n %% 4 WHEN 0 THEN %s END,
                   CASE n %% 4 WHEN 1 THEN %s END
              FROM generate_series(0, %s) AS n
            """,
            [cls.env.ref("base.fr").id, cls.dutch_company.id, AMOUNT - 1],
        )
        return last_id + 1

    def run_hook(self, batch=500):
        with (
            patch.object(hooks, "BATCH", batch),
            self.assertLogs(hooks._logger, logging.INFO) as log,
        ):
            hooks.pre_init_hook(self.env)
        self.env.invalidate_all()
        return log.output

    def forms(self):
        self.env.cr.execute(
            "SELECT name, mobile_e164, phone_e164 FROM res_partner WHERE name LIKE 'Old contact %'"
        )
        return {name: (mobile, phone) for name, mobile, phone in self.env.cr.fetchall()}

    def test_numbers_of_all_contacts_are_read(self):
        self.assertEqual(set(self.forms().values()), {(None, None)})
        self.run_hook()
        forms = self.forms()
        self.assertEqual(len(forms), AMOUNT)
        for n in range(AMOUNT):
            expected = (
                (f"+3361234{n:04d}", None),
                (f"+3161234{n:04d}", None),
                (None, f"+1303555{n:04d}"),
                (None, None),
            )[n % 4]
            self.assertEqual(forms[f"Old contact {n}"], expected)

    def test_hook_reads_numbers_as_the_orm_does(self):
        self.run_hook()
        contacts = (
            self.env["res.partner"]
            .with_context(active_test=False)
            .search([("name", "=like", "Old contact 1__")])
        )
        self.assertEqual(len(contacts), 100)
        by_hook = [(one.mobile_e164, one.phone_e164) for one in contacts]
        for name in ("mobile_e164", "phone_e164"):
            self.env.add_to_compute(contacts._fields[name], contacts)
        self.assertEqual([(one.mobile_e164, one.phone_e164) for one in contacts], by_hook)

    def test_progress_is_logged(self):
        self.env.cr.execute(
            "SELECT count(*) FROM res_partner"
            " WHERE COALESCE(mobile, '') <> '' OR COALESCE(phone, '') <> ''"
        )
        [total] = self.env.cr.fetchone()
        lines = self.run_hook(batch=500)
        self.assertEqual(len(lines), -(-total // 500))
        self.assertIn(f"500 of {total} contacts", lines[0])
        self.assertIn(f"{total} of {total} contacts", lines[-1])

    def test_columns_are_made_where_they_are_missing(self):
        self.env.cr.execute(
            "ALTER TABLE res_partner DROP COLUMN mobile CASCADE,"
            " DROP COLUMN mobile_e164 CASCADE, DROP COLUMN phone_e164 CASCADE"
        )
        self.run_hook()
        self.assertEqual(self.forms()["Old contact 2"], (None, "+13035550002"))
        self.assertEqual(self.forms()["Old contact 0"], (None, None), "there was no mobile")

    def test_second_run_changes_nothing(self):
        self.run_hook()
        before = self.forms()
        self.run_hook()
        self.assertEqual(self.forms(), before)


@tagged("post_install", "-at_install")
class TestNeutralize(SmsMarketingCase):
    """A copy of a production database texts nobody and knows no way to a provider."""

    def neutralize(self):
        self.env.flush_all()
        queries = list(get_neutralization_queries(["sms_marketing"]))
        self.assertTrue(queries)
        for query in queries:
            self.env.cr.execute(query)
        self.env.invalidate_all()

    def test_nothing_is_left_that_could_text_or_log_in(self):
        kannel = self.make_kannel_gateway()
        archived = self.make_kannel_gateway(name="Archived", active=False)
        secrets = {
            gateway._secret_values()["webhook_secret"]
            for gateway in (kannel, archived, self.gateway)
        }
        self.neutralize()
        gateways = self.env["sms.marketing.gateway"].with_context(active_test=False).search([])
        self.assertGreaterEqual(len(gateways), 3)
        self.assertEqual(set(gateways.mapped("provider")), {"sandbox"})
        self.assertFalse(get_gateway_class("sandbox").needs_public_url)
        left = [gateway._secret_values() for gateway in gateways]
        self.assertEqual({tuple(values) for values in left}, {("webhook_secret",)})
        self.assertFalse(secrets & {values["webhook_secret"] for values in left})
        self.assertEqual(len({values["webhook_secret"] for values in left}), len(gateways))
        # Whatever only administrators may read is a credential, of later providers too.
        credentials = [
            name
            for name, field in gateways._fields.items()
            if field.store and field.groups and name != "webhook_secret"
        ]
        self.assertIn("kannel_password", credentials)
        for name in credentials:
            self.assertFalse(any(gateways.mapped(name)), name)

    def test_what_was_under_way_stands_still(self):
        stopped_by = self.contact("+13035550198", subscribed=True)
        first = self.message(stopped_by)
        self.send(first)
        self.play_sandbox()
        answer = self.env["sms.marketing.recipient"].search([("kind", "=", "answer")], limit=1)
        self.assertEqual(answer.state, "queued")
        scheduled, sending = self.message(self.contacts(1)), self.message(self.contacts(1))
        sending.sender_id = self.make_sender(gateway=self.make_kannel_gateway())
        sending.action_send()
        self.run_lane()
        answer_state = answer.state
        scheduled.action_send()
        self.assertEqual((scheduled.state, sending.state), ("scheduled", "sending"))
        self.assertEqual(sending.recipient_ids.state, "queued")
        self.neutralize()
        self.let_time_pass(86400)
        self.assertEqual(self.run_lane(), (0, False))
        self.assertEqual((scheduled.state, sending.state), ("draft", "paused"))
        self.assertEqual(sending.recipient_ids.state, "cancelled")
        self.assertEqual(answer.state, answer_state)
        self.assertFalse(self.env["sms.marketing.recipient"].search([("state", "=", "queued")]))

    def test_running_it_twice_is_no_trouble(self):
        self.make_kannel_gateway()
        self.neutralize()
        self.neutralize()
