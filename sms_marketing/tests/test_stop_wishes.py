from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..engine import audience, inbound, schedule
from ..gateways.values import Inbound
from .common import SENDER, SmsMarketingCase


@tagged("post_install", "-at_install")
class TestStopWishes(SmsMarketingCase):
    """Replies that read like a wish to stop wait for a person, and hold campaigns back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.user("manager_review", "sms_marketing.group_manager", name="Mia Manager")
        cls.company.sms_marketing_reviewer_id = cls.manager

    def receive(self, number, body, gateway=None):
        record = inbound.receive(self.env, gateway or self.gateway, Inbound(number, SENDER, body))
        self.env.invalidate_all()
        return record

    def state(self, number):
        return (
            self.env["sms.marketing.subscription"]
            .search([("number", "=", number), ("type_id", "=", self.type.id)])
            .state
        )

    def activities(self, records):
        return self.env["mail.activity"].search(
            [("res_model", "=", "sms.marketing.inbound"), ("res_id", "in", records.ids)]
        )

    def test_free_text_goes_to_review_and_gets_no_answer(self):
        number = self.contact(subscribed=True).mobile_e164
        record = self.receive(number, "Please stop texting me")
        self.assertFalse(record.action)
        self.assertEqual((record.review_state, record.stop_wish), ("to_review", "strong"))
        self.assertEqual(record.stop_phrase, "please stop")
        self.assertEqual(self.state(number), "subscribed", "a person decides")
        self.assertFalse(self.env["sms.marketing.recipient"].search([("number", "=", number)]))
        activity = self.activities(record)
        self.assertEqual(activity.user_id, self.manager)
        self.assertIn("please stop", activity.summary)

    def test_ordinary_reply_and_keyword_are_not_reviewed(self):
        number = self.contact(subscribed=True).mobile_e164
        for body in ("Are you open on Sunday?", "HELP", "STOP"):
            record = self.receive(number, body)
            self.assertFalse(record.review_state)
            self.assertFalse(self.activities(record))

    def test_typo_of_the_companys_own_keyword(self):
        self.env["sms.marketing.keyword"].create({"name": "GENOEGZO", "action": "stop"})
        self.assertEqual(self.receive(self.number(), "genoezgo").stop_wish, "strong")

    def test_strong_wish_holds_campaigns_back_until_it_is_decided(self):
        partner, other = self.contact(subscribed=True), self.contact(subscribed=True)
        record = self.receive(partner.mobile_e164, "take me off")
        message = self.message(partner + other)
        self.assertEqual(audience.count_by_reason(message), {None: 1, "stop_wish": 1})
        self.send(message)
        reasons = {one.partner_id: one.reason for one in message.recipient_ids}
        self.assertEqual(reasons, {partner: "stop_wish", other: False})

        record.with_user(self.manager).action_no_wish()
        self.assertRecordValues(
            record,
            [
                {
                    "review_state": "done",
                    "decision": "no_wish",
                    "reviewed_by_id": self.manager.id,
                }
            ],
        )
        self.assertTrue(record.reviewed_at)
        self.assertFalse(self.activities(record))
        self.assertEqual(self.state(partner.mobile_e164), "subscribed")
        self.assertEqual(self.send(self.message(partner)).state, "sent")

    def test_wish_that_comes_after_the_audience_was_written(self):
        partner = self.contact(subscribed=True)
        message = self.message(partner)
        message.action_send()
        with self.own_transactions() as registry:
            schedule.start_due(registry)
        self.assertEqual(message.recipient_ids.state, "queued")
        self.receive(partner.mobile_e164, "no more")
        self.run_lane()
        self.assertEqual(
            (message.recipient_ids.state, message.recipient_ids.reason), ("skipped", "stop_wish")
        )

    def test_weak_wish_holds_nothing_back(self):
        partner = self.contact(subscribed=True)
        self.assertEqual(self.receive(partner.mobile_e164, "don't stop!").stop_wish, "weak")
        self.assertEqual(self.send(self.message(partner)).state, "sent")

    def test_hold_is_of_one_company(self):
        other = self.make_company()
        partner = self.contact(subscribed=True)
        self.receive(partner.mobile_e164, "wrong number", other["gateway"])
        self.assertEqual(self.send(self.message(partner)).state, "sent")

    def test_opt_out_by_the_reviewer(self):
        number = self.contact(subscribed=True).mobile_e164
        first = self.receive(number, "no more")
        second = self.receive(number, "leave me alone!!")
        self.assertEqual(len(self.activities(first + second)), 1, "one for each number")
        second.with_user(self.manager).action_opt_out()
        self.assertEqual(self.state(number), "unsubscribed")
        line = self.env["sms.marketing.consent"].search(
            [("number", "=", number), ("type_id", "=", self.type.id)], limit=1
        )
        self.assertRecordValues(
            line,
            [
                {
                    "method": "staff",
                    "legal_basis": "withdrawal",
                    "wording": "leave me alone!!",
                    "user_id": self.manager.id,
                    "occurred_at": second.received_at,
                }
            ],
        )
        self.assertTrue(line.explanation)
        self.assertEqual((first + second).mapped("decision"), ["opted_out"] * 2)
        self.assertFalse(self.activities(first + second))

    def test_own_later_text_settles_it(self):
        for words, state in (("STOP", "unsubscribed"), ("START", "subscribed")):
            number = self.contact(subscribed=True).mobile_e164
            record = self.receive(number, "wrong number")
            self.receive(number, "HELP")
            self.assertEqual(record.review_state, "to_review")
            self.receive(number, words)
            self.assertEqual((record.review_state, record.decision), ("done", "own_text"))
            self.assertFalse(record.reviewed_by_id)
            self.assertFalse(self.activities(record))
            self.assertEqual(self.state(number), state)

    def test_decided_once(self):
        number = self.contact(subscribed=True).mobile_e164
        record = self.receive(number, "uit").with_user(self.manager)
        record.action_no_wish()
        record.action_opt_out()
        self.assertEqual(record.decision, "no_wish")
        self.assertEqual(self.state(number), "subscribed")

    def test_users_see_it_and_do_not_decide(self):
        user = self.user("user_review")
        partner = self.contact(subscribed=True)
        self.send(self.message(partner, user_id=user.id))
        record = self.receive(partner.mobile_e164, "arrêtez")
        self.assertEqual(record.with_user(user).stop_wish, "strong")
        for decide in ("action_opt_out", "action_no_wish"):
            with self.assertRaises(AccessError):
                getattr(record.with_user(user), decide)()
        self.assertEqual(record.review_state, "to_review")

    def test_manager_of_another_company_may_not(self):
        other = self.make_company()
        record = self.receive(self.number(), "uit", other["gateway"])
        with self.assertRaises(AccessError):
            record.with_user(self.manager).action_opt_out()

    def test_reviewer(self):
        marketer = self.user("marketer_review", "sms_marketing.group_manager")
        partner = self.contact(subscribed=True)
        self.send(self.message(partner, user_id=marketer.id))
        self.company.sms_marketing_reviewer_id = False
        record = self.receive(partner.mobile_e164, "please stop")
        self.assertEqual(self.activities(record).user_id, marketer, "whose message it answers")
        self.company.sms_marketing_reviewer_id = self.manager
        record = self.receive(self.number(), "please stop")
        self.assertEqual(self.activities(record).user_id, self.manager)
