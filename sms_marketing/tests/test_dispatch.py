from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..engine import claims, schedule
from ..engine.vocabulary import STATES
from ..gateways.sandbox import MAGIC, SandboxGateway
from ..gateways.values import Accepted, Refused, Retry, Unknown
from .common import SmsMarketingCase

DISPATCH = "odoo.addons.sms_marketing.engine.dispatch"


@tagged("post_install", "-at_install")
class TestDispatch(SmsMarketingCase):
    """Lanes: what is claimed goes out once, and every recipient has an outcome."""

    # ------------------------------------------------------------
    # The way of a message
    # ------------------------------------------------------------

    def test_message_goes_out_and_is_closed(self):
        message = self.message(self.contacts(5))
        recipients = self.send(message)
        self.assertEqual(message.state, "sent")
        self.assertTrue(message.finished_at)
        self.assertEqual(recipients.mapped("state"), ["sent"] * 5)
        self.assertEqual(set(recipients.mapped("segments")), {1})
        self.assertTrue(all(recipients.mapped("sent_at")))
        self.assertFalse(any(recipients.mapped("lease_until")))

    def test_several_batches(self):
        message = self.message(self.contacts(7))
        message.action_send()
        self.assertEqual(self.run_lane(batch_size=3), (7, False))
        self.assertEqual(self.states(message), {"sent": 7})

    def test_time_is_up_between_batches_and_the_rest_waits(self):
        message = self.message(self.contacts(7))
        message.action_send()
        self.assertEqual(self.run_lane(seconds=0, batch_size=3), (3, True))
        self.assertEqual(self.states(message), {"sent": 3, "queued": 4})
        self.assertEqual(message.state, "sending")
        self.run_lane()
        self.assertEqual(message.state, "sent")

    def test_message_to_nobody_does_not_start(self):
        contacts = self.contacts(2)
        message = self.message(contacts)
        message.action_send()
        self.unsubscribe(*contacts.mapped("mobile_e164"))
        with self.assertLogs("odoo.addons.sms_marketing.engine.schedule", "WARNING"):
            self.run_lane()
        self.assertEqual(message.state, "draft")
        self.assertIn("Nobody would get this message", message.message_ids[0].body)
        self.assertFalse(message.recipient_ids, "it can be sent again as if nothing had happened")

    def test_scheduled_message_waits_for_its_moment(self):
        message = self.message(self.contacts(1))
        message.scheduled_at = self.env.cr.now().replace(year=2100, microsecond=0)
        message.action_schedule()
        self.run_lane()
        self.assertEqual(message.state, "scheduled")
        self.assertFalse(message.recipient_ids)

    def test_each_gets_the_own_text(self):
        ann = self.contact(name="Ann Lee", subscribed=True)
        firm = self.contact(name="Lee & Sons", is_company=True, subscribed=True)
        odd = self.contact(name="{{ object.email }} www.evil.example", subscribed=True)
        message = self.message(
            ann | firm | odd,
            body="Dear {{ object.first_name ||| friend }}: https://shop.example/a?b=1 😀",
        )
        self.send(message)
        texts = {one.partner_id: one.text for one in message.recipient_ids}
        base = message._short_link_base()
        tokens = {one.partner_id: one.sudo().token for one in message.recipient_ids}
        opt_out = f"\n{self.company.sms_marketing_opt_out_text}"
        self.assertEqual(texts[ann], f"Dear Ann: {base}{tokens[ann]} 😀{opt_out}")
        self.assertEqual(texts[firm], f"Dear friend: {base}{tokens[firm]} 😀{opt_out}")
        self.assertEqual(
            texts[odd], f"Dear {{{{: {base}{tokens[odd]} 😀{opt_out}", "a value is never read again"
        )

    def test_text_handed_over_is_the_text_shown(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.with_context(lang="fr_FR").sms_marketing_opt_out_text = "STOP pour arrêter"
        ann = self.contact(name="Ann", subscribed=True)
        luc = self.contact(name="Luc", lang="fr_FR", subscribed=True)
        message = self.message(ann | luc, body="See https://shop.example/")
        handed = {}

        def listen(carrier, texts):
            handed.update({text.reference: text.body for text in texts})
            return [Accepted()] * len(texts)

        with patch.object(SandboxGateway, "send", listen):
            self.send(message)
        self.assertEqual(handed, {one.sudo().token: one.text for one in message.recipient_ids})
        self.assertIn(
            "STOP pour arrêter",
            message.recipient_ids.filtered(lambda one: one.partner_id == luc).text,
        )
        self.company.with_context(lang="fr_FR").sms_marketing_opt_out_text = "changed since"
        self.env.invalidate_all()
        self.assertEqual(handed, {one.sudo().token: one.text for one in message.recipient_ids})

    # ------------------------------------------------------------
    # What is checked in the statement that claims
    # ------------------------------------------------------------

    def test_what_happens_between_audience_and_hand_over_counts(self):
        partners = self.contacts(6)
        stopped, off, blacklisted, deleted, pending, stays = partners
        message = self.message(partners)
        message.action_send()
        with self.own_transactions() as registry:
            schedule.start_due(registry)
        self.assertEqual(self.states(message), {"queued": 6})
        self.unsubscribe(stopped.mobile_e164)
        off.sms_marketing = False
        self.env["phone.blacklist"].create({"number": blacklisted.mobile_e164})
        self.subscribe(pending.mobile_e164, state="pending")
        recipient_of_deleted = message.recipient_ids.filtered(lambda one: one.partner_id == deleted)
        deleted.unlink()
        self.run_lane()
        outcome = {one.partner_id: (one.state, one.reason) for one in message.recipient_ids}
        self.assertEqual(outcome[stopped], ("skipped", "unsubscribed"))
        self.assertEqual(outcome[off], ("skipped", "not_marketing"))
        self.assertEqual(outcome[blacklisted], ("skipped", "blacklisted"))
        self.assertEqual(outcome[pending], ("skipped", "pending"))
        self.assertEqual(outcome[stays], ("sent", False))
        self.assertEqual(recipient_of_deleted.reason, "contact_deleted")

    def test_paused_and_cancelled_messages_send_nothing(self):
        message = self.message(self.contacts(4))
        message.action_send()
        self.run_lane(seconds=0, batch_size=1)
        message.action_pause()
        self.run_lane()
        self.assertEqual(self.states(message), {"sent": 1, "queued": 3})
        message.action_resume()
        self.run_lane(seconds=0, batch_size=1)
        message.action_cancel()
        self.run_lane()
        self.assertEqual(self.states(message), {"sent": 2, "cancelled": 2})
        self.assertEqual(message.state, "cancelled")

    def test_a_number_cannot_be_on_a_message_twice(self):
        """Whoever prepares a message a second time meets the database, not the contacts."""
        message = self.message(self.contacts(1))
        self.send(message)
        with (
            self.assertRaisesRegex(Exception, "message_number_unique"),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            schedule.start(message)

    # ------------------------------------------------------------
    # Outcomes
    # ------------------------------------------------------------

    def test_every_magic_number_of_the_sandbox(self):
        partners = {
            ending: self.contact(f"+13034560{int(ending):03d}", subscribed=True) for ending in MAGIC
        }
        message = self.message(list(partners.values()), body="Look: https://shop.example/")
        self.send(message)
        self.let_time_pass(2)
        self.run_lane()
        self.play_sandbox()
        found = {one.number[-2:]: (one.state, one.reason or None) for one in message.recipient_ids}
        self.assertEqual(
            found,
            {
                "86": ("undelivered", "content_rejected"),
                "87": ("delivered", None),
                "88": ("delivered", None),
                "89": ("sent", None),
                "90": ("failed", "invalid_number"),
                "91": ("failed", "opted_out"),
                "92": ("delivered", None),
                "93": ("undelivered", "unreachable"),
                "94": ("undelivered", "blocked"),
                "95": ("undelivered", "spam"),
                "96": ("delivered", None),
                "97": ("unknown", None),
                "98": ("delivered", None),
                "99": ("delivered", None),
            },
        )
        self.assertEqual(message.state, "sent")
        self.assertEqual(
            set(partners["91"].sms_subscription_ids.mapped("state")),
            {"unsubscribed"},
            "who opted out at the carrier is unsubscribed here",
        )
        self.assertTrue(
            partners["90"].with_user(self.env.ref("base.user_admin")).phone_blacklisted
            or self.env["phone.blacklist"].search([("number", "=", partners["90"].mobile_e164)])
        )

    def test_one_broken_message_holds_no_other_up(self):
        broken = self.message(self.contacts(1), name="Broken")
        fine = self.message(self.contacts(1), name="Fine")
        broken.action_send()
        fine.action_send()
        real = claims.write_texts

        def fail(env, message_id, taken):
            if message_id == broken.id:
                raise ZeroDivisionError
            return real(env, message_id, taken)

        with patch.object(claims, "write_texts", fail), self.assertLogs(DISPATCH, "ERROR"):
            self.run_lane()
        self.assertEqual(self.states(fine), {"sent": 1})
        self.assertEqual(self.states(broken), {"queued": 1})
        self.run_lane()
        self.assertEqual(self.states(broken), {"sent": 1})

    def test_message_that_cannot_start_becomes_a_draft_and_says_why(self):
        rule = self.env["sms.marketing.list"].create({"name": "Rule", "kind": "rule"})
        broken = self.message(include_list_ids=[(6, 0, rule.ids)])
        fine = self.message(self.contacts(1))
        broken.action_send()
        fine.action_send()
        self.env.flush_all()
        self.env.cr.execute(
            'UPDATE sms_marketing_list SET domain = \'[("gone", "=", 1)]\' WHERE id = %s',
            [rule.id],
        )
        self.env.invalidate_all()
        with self.assertLogs("odoo.addons.sms_marketing.engine.schedule", "WARNING"):
            self.run_lane()
        self.assertEqual(broken.state, "draft")
        self.assertIn("Rule", broken.message_ids[0].body)
        self.assertEqual(fine.state, "sent")

    # ------------------------------------------------------------
    # It always adds up
    # ------------------------------------------------------------

    @settings(max_examples=25)
    @given(
        st.lists(
            st.sampled_from(["accepted", "refused", "retry", "unknown", "no_consent", "stop"]),
            min_size=1,
            max_size=12,
        ).filter(lambda fates: set(fates) != {"no_consent"}),  # to nobody nothing is sent at all
        st.integers(1, 5),
    )
    def test_considered_is_the_sum_of_all_outcomes(self, fates, batch_size):
        outcomes = {
            "accepted": Accepted(),
            "refused": Refused("invalid_number"),
            "retry": Retry(after=3600),
            "unknown": Unknown(),
            "stop": Accepted(),
        }
        with self.env.cr.savepoint() as savepoint:
            fate_of = {}
            for fate in fates:
                partner = self.contact(subscribed=fate != "no_consent")
                fate_of[partner.mobile_e164] = fate
            message = self.message(
                self.env["res.partner"].search([("mobile_e164", "in", list(fate_of))])
            )
            message.action_send()
            with self.own_transactions() as registry:
                schedule.start_due(registry)
            self.unsubscribe(*[number for number, fate in fate_of.items() if fate == "stop"])
            sent_to = []

            def send(carrier, texts):
                sent_to.extend(text.number for text in texts)
                return [outcomes[fate_of[text.number]] for text in texts]

            with patch.object(SandboxGateway, "send", send):
                # A batch that the gateway wants later puts its message off until the next run,
                # and the gateway has its pauses.
                for _run in fates:
                    self.run_lane(batch_size=batch_size)
                    self.end_pauses()
            states = self.states(message)
            self.assertLessEqual(set(states), {state for state, _label in STATES})
            self.assertEqual(sum(states.values()), len(fates))
            self.assertEqual(len(sent_to), len(set(sent_to)), "nobody is texted twice")
            self.assertEqual(states.get("sent", 0), fates.count("accepted"))
            self.assertEqual(states.get("failed", 0), fates.count("refused"))
            self.assertEqual(states.get("unknown", 0), fates.count("unknown"))
            self.assertEqual(
                states.get("skipped", 0), fates.count("no_consent") + fates.count("stop")
            )
            self.assertEqual(states.get("queued", 0), fates.count("retry"))
            savepoint.rollback()
            self.env.invalidate_all()

    def test_sending_needs_what_it_needs(self):
        message = self.message(sender_id=False)
        self.store_body(message, " {{ object.password ||| x }}")
        with self.assertRaises(UserError) as caught:
            message.action_send()
        for words in ("sender", "lists or contacts", "object.password"):
            self.assertIn(words, str(caught.exception))
        self.assertEqual(message.state, "draft")
