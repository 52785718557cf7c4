from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger
from psycopg2.errors import InsufficientPrivilege

from ..engine import audience, consent, erasure, privacy
from .common import SmsMarketingCase

NUMBER = "+13032000088"  # its owner clicks


@tagged("post_install", "-at_install")
class TestErasure(SmsMarketingCase):
    """Erasure keeps a keyed hash for suppression, and right figures (B14)."""

    def setUp(self):
        super().setUp()
        self.person = self.contact(NUMBER, subscribed=True)
        self.sent = self.message(
            self.person + self.contact(subscribed=True),
            body="Hello {{ object.mobile }}: https://example.com/",
        )
        self.send(self.sent)
        self.play_sandbox()
        self.env["sms.marketing.test.number"].create({"label": "Own", "number": NUMBER})
        self.env["sms.marketing.receipt"].create(
            {
                "gateway_id": self.gateway.id,
                "provider_reference": "unknown-1",
                "status": "undelivered",
                "detail": f"{NUMBER[1:]} is switched off",
            }
        )
        self.sign_up = self.sign_up_of(NUMBER)
        self.roll_up()

    def sign_up_of(self, number):
        form = self.env["sms.marketing.sign.up.form"].create(
            {
                "name": "Newsletter",
                "slug": "newsletter-of-the-tests",
                "title": "Get our texts",
                "choice_ids": [Command.create({"type_id": self.type.id, "wording": "I agree."})],
            }
        )
        return self.env["sms.marketing.sign.up"].create(
            {
                "form_id": form.id,
                "company_id": self.company.id,
                "requested_at": self.env.cr.now(),
                "token": "token-of-a-sign-up",
                "number": number,
                "name": "Ann",
                "choices": [[self.type.id, "I agree."]],
            }
        )

    def stop(self, company=None):
        company = company or self.company
        company.sms_marketing_fill_blacklist = True
        consent.unsubscribe_everywhere(self.env, [NUMBER], company, method="keyword")

    def on_blacklist(self):
        entries = self.env["phone.blacklist"].with_context(active_test=False)
        return entries.search_count([("number", "=", NUMBER)])

    def erase(self, **options):
        erasure.erase(self.env, [NUMBER], self.company, **{"from_contacts": True, **options})

    def figures(self):
        self.roll_up()
        names = ("considered_count", "sent_count", "delivered_count", "clicked_count")
        return [self.sent[name] for name in names]

    def places(self):
        """(table, column) where the number stands in our tables and the contacts'."""
        self.env.flush_all()
        columns = self.env.execute_query(
            SQL(
                """
                SELECT table_name, column_name FROM information_schema.columns
                 WHERE table_schema = current_schema
                   AND (table_name LIKE %s
                        OR table_name IN ('res_partner', 'phone_blacklist'))
                   AND data_type IN ('text', 'character varying', 'jsonb')
                """,
                r"sms\_marketing\_%",
            )
        )
        return {
            (table, column)
            for table, column in columns
            if self.env.execute_query(
                SQL(
                    "SELECT 1 FROM %s WHERE %s::text LIKE %s LIMIT 1",
                    SQL.identifier(table),
                    SQL.identifier(column),
                    f"%{NUMBER[1:]}%",
                )
            )
        }

    def state(self):
        return self.env["sms.marketing.subscription"].search([("number", "=", NUMBER)]).state

    def test_number_is_nowhere_any_more_and_figures_stay(self):
        self.stop()
        held = {table for table, _column in self.places()}
        for table in ("phone_blacklist", "sms_marketing_sign_up", "sms_marketing_receipt"):
            self.assertIn(table, held)
        before = self.figures()
        self.erase()
        self.assertEqual(self.places(), set())
        self.assertEqual(self.figures(), before)
        clicks = self.sent.recipient_ids.filtered(lambda one: not one.number).click_ids
        self.assertTrue(clicks)
        self.assertFalse(any(clicks.mapped("address") + clicks.mapped("user_agent")))

    def test_blacklist_of_others_stays(self):
        """The hash stands for a STOP to this company; not for what others put on Odoo's list."""
        other = self.make_company()
        self.subscribe(NUMBER, type=other["type"])
        self.stop()
        self.stop(other["company"])
        self.erase()
        self.assertTrue(self.on_blacklist(), "the other company's STOP")
        erasure.erase(self.env, [NUMBER], other["company"], from_contacts=False)
        self.assertFalse(self.on_blacklist())
        self.env["phone.blacklist"].add(NUMBER)
        self.erase()
        self.assertTrue(self.on_blacklist(), "the staff's own entry")

    def test_name_and_choices_of_a_sign_up_go_too(self):
        self.erase()
        row = self.sign_up.exists().sudo()
        self.assertTrue(row, "it still counts")
        self.assertFalse(any([row.number, row.name, row.choices, row.token]))

    def test_log_keeps_what_happened_under_the_hash(self):
        self.erase()
        erased = f"erased:{privacy.number_hash(self.env, NUMBER)}"
        lines = self.env["sms.marketing.consent"].search([("number", "=", erased)], order="id")
        self.assertEqual(lines.mapped("state"), ["subscribed", "unsubscribed"])
        self.assertEqual(lines.mapped("explanation"), [False, False])
        self.assertEqual(lines[0].legal_basis, "written_consent")
        entry = self.env["sms.marketing.privacy.log"].search([], limit=1)
        self.assertEqual((entry.kind, entry.user_id), ("erasure", self.env.user))

    def test_only_its_own_act_brings_an_erased_number_back(self):
        self.erase()
        again = self.contact(NUMBER)
        for method in ("import", "staff", "automation", "api", "carrier"):
            self.assertTrue(self.subscribe(NUMBER, method=method), method)
            self.assertTrue(self.subscribe(NUMBER, method=method, state="pending"), method)
            self.assertFalse(self.state(), method)
        self.assertEqual(audience.count_by_reason(self.message(again)), {"no_consent": 1})
        self.assertFalse(self.subscribe(NUMBER, method="keyword"))
        self.assertEqual(self.state(), "subscribed")
        self.assertFalse(self.subscribe(NUMBER, method="staff"))

    def test_erased_numbers_stay_known_whatever_becomes_of_secrets(self):
        parameters = self.env["ir.config_parameter"]
        self.erase()
        parameters.set_param("database.secret", "another secret")
        self.assertTrue(self.subscribe(NUMBER, method="import"), "still refused")
        key = parameters.search([("key", "=", privacy.KEY)])
        for lose in (key.unlink, lambda: key.write({"value": "another key"})):
            with self.assertRaisesRegex(UserError, "has to stay as it is"):
                lose()

    def test_without_the_key_nobody_is_subscribed_and_stop_works(self):
        other = self.contact(subscribed=True).mobile_e164
        self.env["ir.config_parameter"].search([("key", "=", privacy.KEY)]).unlink()
        with self.assertRaisesRegex(UserError, "is missing"):
            self.subscribe(self.number())
        self.assertFalse(self.unsubscribe(other))

    def test_staff_is_told(self):
        self.erase()
        wizard = self.env["sms.marketing.consent.change"].create(
            {
                "partner_id": self.contact(NUMBER).id,
                "type_id": self.type.id,
                "legal_basis": "verbal_consent",
                "explanation": "Said so",
            }
        )
        with self.assertRaisesRegex(UserError, "was erased"):
            wizard.action_apply()

    def test_other_companies_keep_what_they_hold(self):
        other = self.make_company()
        self.subscribe(NUMBER, type=other["type"])
        self.erase(from_contacts=False)
        self.assertEqual(self.state(), "subscribed")
        self.assertFalse(self.subscribe(NUMBER, type=other["type"], method="import"))
        self.assertEqual(self.person.mobile_e164, NUMBER)

    def test_second_erasure_after_the_person_came_back(self):
        self.erase()
        self.subscribe(NUMBER, method="form")
        self.erase()
        self.assertTrue(self.subscribe(NUMBER, method="import"))
        self.assertEqual(self.places(), set())

    def test_waiting_text_is_not_sent(self):
        message = self.message(self.person)
        self.write_audience(message)
        self.erase()
        self.assertEqual(message.recipient_ids.state, "skipped")
        self.assertFalse(message.recipient_ids.number)

    def test_text_on_its_way_is_waited_for(self):
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET state = 'sending' WHERE number = %s", [NUMBER]
        )
        with self.assertRaisesRegex(UserError, "Try again"):
            self.erase()

    @mute_logger("odoo.sql_db")
    def test_nothing_else_takes_this_way_through_the_log(self):
        announce = "SELECT set_config('sms_marketing.erasure', pg_current_xact_id()::text, TRUE)"
        update = "UPDATE sms_marketing_consent SET {} WHERE number = '" + NUMBER + "'"
        erased = f"number = 'erased:{privacy.number_hash(self.env, NUMBER)}'"
        blank = ", address = NULL, explanation = NULL"
        for logged, assignment in (
            (False, erased + blank),
            (True, "number = '+12025550100'" + blank),
            (True, erased + blank + ", state = 'unsubscribed'"),
            (True, erased + blank + ", occurred_at = now() - interval '1 day'"),
            (True, erased + blank + ", wording = 'Another one'"),
            (True, erased + ", explanation = 'Another one'"),
        ):
            with self.assertRaises(InsufficientPrivilege, msg=assignment), self.env.cr.savepoint():
                if logged:
                    privacy.log(self.env, "erasure", [NUMBER], self.company)
                self.env.cr.execute(announce)
                self.env.cr.execute(update.format(assignment))
        privacy.log(self.env, "erasure", [NUMBER], self.company)
        with self.assertRaises(InsufficientPrivilege), self.env.cr.savepoint():
            self.env.cr.execute(update.format(erased + blank))

    def test_only_administrators_erase(self):
        vals = {"partner_id": self.person.id}
        wizard = self.env["sms.marketing.privacy.export"].create(vals)
        with self.assertRaises(AccessError):
            wizard.with_user(self.user("manager_er", "sms_marketing.group_manager")).action_erase()
        administrator = self.user("administrator_er", "sms_marketing.group_administrator")
        self.env["sms.marketing.privacy.export"].with_user(administrator).create(
            vals
        ).action_erase()
        self.assertFalse(self.person.mobile)
