from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import SmsMarketingCase
from .http_player import HttpPlayer, Play, closed_port, reply

TAKEN = reply(202, "0: Accepted for delivery")
DOWN = reply(503, "Temporal failure, try again later.")
CIRCUIT = "odoo.addons.sms_marketing.engine.circuit"


@tagged("post_install", "-at_install")
class TestFailOver(SmsMarketingCase):
    """Gateways that are down: left alone, told of, stood in for, and used again (over HTTP)."""

    def setUp(self):
        super().setUp()
        self.answers = {"first": TAKEN, "second": TAKEN}
        self.players = {}
        for name in self.answers:
            player = HttpPlayer(lambda heard, name=name: self.answers[name])
            self.players[name] = self.enterContext(player)
        self.second = self.make_kannel_gateway(name="Second", kannel_url=self.players["second"].url)
        self.first = self.make_kannel_gateway(name="First", kannel_url=self.players["first"].url)
        self.of_first = self.make_sender("+12025550130", self.first)
        self.of_second = self.make_sender("+12025550131", self.second)
        self.administrator = self.user("gateways", "sms_marketing.group_administrator")

    def arrived(self, name):
        return [heard.fields["to"] for heard in self.players[name].heard]

    def send_texts(self, amount, **vals):
        message = self.message(self.contacts(amount), sender_id=self.of_first.id, **vals)
        message.action_send()
        return message

    @mute_logger(CIRCUIT)
    def run_and_come_again(self, times=1):
        """Run lanes, as the scheduled action does when the texts that wait are due again."""
        for _time in range(times):
            self.run_lane()
            self.let_time_pass(20)

    # ------------------------------------------------------------
    # The circuit
    # ------------------------------------------------------------

    def test_gateway_that_is_down_is_left_alone_and_goes_on_by_itself(self):
        self.answers["first"] = DOWN
        message = self.send_texts(30)
        self.run_and_come_again()
        asked = len(self.arrived("first"))
        self.assertLess(asked, 30, "the whole list was asked for")
        self.assertTrue(self.first.down_since)
        self.assertIn("Temporal failure", self.first.down_detail)
        self.assertEqual(self.states(message), {"queued": 30})

        self.run_and_come_again(3)
        self.assertLessEqual(len(self.arrived("first")) - asked, 3, "one text a try")
        self.let_time_pass(15 * 60)
        asked = len(self.arrived("first"))
        with mute_logger(CIRCUIT):
            self.run_lane()
            self.run_lane()
        self.assertEqual(len(self.arrived("first")), asked + 1, "pauses have grown")

        self.answers["first"] = TAKEN
        self.let_time_pass(3600)
        self.run_lane()
        self.assertFalse(self.first.down_since)
        self.assertEqual(self.states(message), {"sent": 30})
        self.assertIn("takes texts again", self.first.message_ids[0].body)

    def test_administrators_are_told_once_and_the_matter_ends_by_itself(self):
        self.answers["first"] = DOWN
        self.send_texts(30)
        self.run_and_come_again(3)
        activity = self.first.activity_ids.filtered(lambda one: one.user_id == self.administrator)
        self.assertEqual(len(activity), 1)
        self.assertIn("Temporal failure", activity.note)
        self.answers["first"] = TAKEN
        self.let_time_pass(3600)
        self.run_lane()
        self.assertFalse(self.first.activity_ids)

    def test_refused_login_is_enough_at_once(self):
        self.answers["first"] = reply(403, "Authorization failed for sendsms")
        message = self.send_texts(1)
        self.run_and_come_again()
        self.assertTrue(self.first.down_since)
        self.assertEqual(self.states(message), {"queued": 1})

    def test_one_text_that_is_not_taken_again_and_again_says_nothing_about_others(self):
        self.answers["first"] = DOWN
        message = self.send_texts(1)
        for _attempt in range(6):
            self.run_lane()
            self.let_time_pass(3600)
        self.assertEqual(len(self.arrived("first")), 6)
        self.assertEqual(self.states(message), {"queued": 1})
        self.assertFalse(self.first.down_since)
        self.assertFalse(self.first.activity_ids)

    def test_five_texts_in_a_row_by_themselves_are_enough(self):
        self.answers["first"] = DOWN
        with mute_logger(CIRCUIT):
            for place in range(5):
                self.send_texts(1, name=f"Message {place}")
                self.run_lane()
        self.assertTrue(self.first.down_since)

    def test_one_text_goes_by_the_second_gateway(self):
        """Where another stands ready nobody is harmed by giving up on the first."""
        self.first.fallback_gateway_id = self.second
        self.answers["first"] = DOWN
        message = self.send_texts(1)
        with mute_logger(CIRCUIT):
            for _attempt in range(7):
                self.run_lane()
                self.let_time_pass(2)
        self.assertEqual(self.states(message), {"sent": 1})
        self.assertEqual(message.recipient_ids.gateway_id, self.second)

    def test_who_may_not_be_texted_does_not_use_up_the_try(self):
        self.answers["first"] = DOWN
        message = self.send_texts(12)
        self.run_and_come_again()
        self.answers["first"] = TAKEN
        left = message.recipient_ids.sorted(lambda one: (one.due_at, one.id))[:9]
        self.unsubscribe(*left.mapped("number"))
        self.run_and_come_again()
        self.assertFalse(self.first.down_since)
        self.assertEqual(self.states(message), {"skipped": 9, "sent": 3})

    def test_try_now(self):
        self.answers["first"] = DOWN
        message = self.send_texts(12)
        self.run_and_come_again()
        self.answers["first"] = TAKEN
        self.run_lane()
        self.first.with_user(self.administrator).action_try_now()
        self.run_lane()
        self.assertEqual(self.states(message), {"sent": 12})
        with self.assertRaises(AccessError):
            self.first.with_user(self.user("marketer")).action_try_now()

    def test_gateway_that_answers_500_does_not_use_up_the_campaign(self):
        self.answers["first"] = reply(500, "oops")
        message = self.send_texts(60)
        self.run_and_come_again(2)
        states = self.states(message)
        self.assertLessEqual(states["unknown"], 12)
        self.assertEqual(states["queued"], 60 - states["unknown"])

    def test_retry_after_is_for_the_whole_gateway(self):
        self.answers["first"] = reply(429, "", Retry_After="120")
        self.send_texts(2)
        self.run_lane()
        self.answers["first"] = TAKEN
        other = self.send_texts(2, name="Another message")
        self.run_lane()
        self.assertEqual(self.states(other), {"queued": 2})
        self.assertFalse(self.first.down_since, "too fast is not down")
        self.let_time_pass(121)
        self.run_lane()
        self.assertEqual(self.states(other), {"sent": 2})

    def test_what_waited_for_a_day_is_given_up(self):
        self.answers["first"] = DOWN
        message = self.send_texts(30)
        self.run_and_come_again()
        self.let_time_pass(25 * 3600)
        with mute_logger(CIRCUIT):
            self.run_lane()
        self.assertEqual(self.states(message), {"failed": 30})
        self.assertEqual(set(message.recipient_ids.mapped("reason")), {"gave_up"})
        self.assertEqual(message.state, "sent")

    # ------------------------------------------------------------
    # Fail-over
    # ------------------------------------------------------------

    def test_second_gateway_gets_each_text_once(self):
        self.first.fallback_gateway_id = self.second
        self.answers["first"] = DOWN
        message = self.send_texts(40)
        # The text with which the first is tried again goes by the second a moment later.
        self.run_and_come_again(3)
        self.assertEqual(self.states(message), {"sent": 40})
        self.assertEqual(
            sorted(self.arrived("second")), sorted(message.recipient_ids.mapped("number"))
        )
        self.assertEqual(message.recipient_ids.gateway_id, self.second)
        self.assertEqual(message.recipient_ids.sender_id, self.of_second)
        self.assertEqual(
            {heard.fields["from"] for heard in self.players["second"].heard},
            {self.of_second.value},
        )

        self.answers["first"] = TAKEN
        self.let_time_pass(3600)
        after = self.send_texts(3, name="When it is back")
        self.run_lane()
        self.assertEqual(after.recipient_ids.gateway_id, self.first)

    def test_gateway_that_nobody_listens_to(self):
        self.first.kannel_url = f"http://127.0.0.1:{closed_port()}/cgi-bin/sendsms"
        self.first.fallback_gateway_id = self.second
        message = self.send_texts(8)
        self.run_and_come_again(3)
        self.assertEqual(self.states(message), {"sent": 8})
        self.assertEqual(len(self.arrived("second")), 8)

    def test_what_may_have_arrived_is_never_sent_by_another(self):
        self.first.fallback_gateway_id = self.second
        self.answers["first"] = Play(close=True)  # takes the text and drops the answer
        message = self.send_texts(20)
        self.run_and_come_again(3)
        unknown = message.recipient_ids.filtered(lambda one: one.state == "unknown")
        self.assertGreaterEqual(len(unknown), 5)
        self.assertEqual(sorted(unknown.mapped("number")), sorted(self.arrived("first")))
        self.assertEqual(unknown.gateway_id, self.first)
        self.assertFalse(set(self.arrived("first")) & set(self.arrived("second")))
        self.assertEqual(
            sorted(self.arrived("first") + self.arrived("second")),
            sorted(message.recipient_ids.mapped("number")),
        )

    def test_both_down_and_the_first_comes_back(self):
        """A text that the second did not take either waits where it belongs."""
        self.first.fallback_gateway_id = self.second
        self.answers.update(first=DOWN, second=DOWN)
        message = self.send_texts(20)
        self.run_and_come_again(3)
        self.assertTrue(self.second.down_since)
        self.assertEqual(message.recipient_ids.gateway_id, self.first)
        self.assertEqual(message.recipient_ids.sender_id, self.of_first)
        self.answers["first"] = TAKEN
        self.let_time_pass(3600)
        self.run_lane()
        self.assertEqual(self.states(message), {"sent": 20})
        self.assertEqual(message.recipient_ids.gateway_id, self.first)

    def test_sender_that_fits(self):
        """The same number first, then the same kind; never where the sender may not text."""
        self.first.fallback_gateway_id = self.second
        name = self.make_sender("ACME", self.second, kind="name", sequence=1)
        same = self.make_sender(self.of_first.value, self.second, sequence=50)
        self.answers["first"] = DOWN
        message = self.send_texts(6)
        self.run_and_come_again(3)
        self.assertEqual(message.recipient_ids.sender_id, same)

        same.active = self.of_second.active = False
        name.country_ids = self.env.ref("base.be")
        message = self.send_texts(6, name="Only a Belgian name is left")
        self.run_lane()
        self.assertEqual(self.states(message), {"queued": 6})

    def test_who_may_stand_in(self):
        other = self.make_company()
        with self.assertRaisesRegex(UserError, "another company"):
            self.first.fallback_gateway_id = other["gateway"]
        self.first.fallback_gateway_id = self.second
        with self.assertRaisesRegex(ValidationError, "circle"):
            self.second.fallback_gateway_id = self.first
        with self.assertRaisesRegex(ValidationError, "circle"):
            self.second.fallback_gateway_id = self.second
