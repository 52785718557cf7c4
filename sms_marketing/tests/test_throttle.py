"""What bounds what the public may do."""

from odoo.tests import BaseCase, tagged

from ..engine import throttle
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestThrottle(SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.env.cr.execute("DELETE FROM sms_marketing_throttle")
        self.most = throttle.LIMITS["code_number"].most

    def test_takes_until_it_is_spent(self):
        use = ("code_number", "+12025550123")
        for _use in range(self.most):
            self.assertLess(throttle.used(self.env, *use), self.most)
            self.assertIsNone(throttle.take(self.env, use))
        self.assertEqual(throttle.used(self.env, *use), self.most)
        self.assertEqual(throttle.take(self.env, use), "code_number")
        self.assertIsNone(throttle.take(self.env, ("code_number", "+12025550124")))

    def test_a_spent_limit_keeps_the_later_ones_whole(self):
        number, form = ("code_number", "+12025550123"), ("sign_up_form", 7, 100)
        for _use in range(self.most + 3):
            throttle.take(self.env, number, form)
        rows = self.env["sms.marketing.throttle"].search([("subject", "=", "sign_up_form")])
        self.assertEqual(len(rows), self.most)

    def time_passes(self, minutes):
        self.env.cr.execute(
            "UPDATE sms_marketing_throttle SET used_at = used_at - make_interval(mins => %s)",
            [minutes],
        )

    def test_each_use_counts_for_an_hour_from_its_own_moment(self):
        """No moment lets more through than the limit, however the uses are spread."""
        use = ("code_number", "+12025550123")
        self.assertIsNone(throttle.take(self.env, use))
        self.time_passes(59)
        for _use in range(self.most - 1):
            self.assertIsNone(throttle.take(self.env, use))
        self.assertTrue(throttle.take(self.env, use))
        self.time_passes(1)
        self.assertIsNone(throttle.take(self.env, use), "the first is an hour ago")
        self.assertTrue(throttle.take(self.env, use), "the others are not")
        self.time_passes(59)
        for _use in range(self.most - 1):
            self.assertIsNone(throttle.take(self.env, use))
        self.assertEqual(throttle.used(self.env, *use), self.most)

    def test_a_use_can_say_how_many_there_may_be(self):
        taken = [throttle.take(self.env, ("sign_up_form", 7, 2)) for _use in range(3)]
        self.assertEqual(taken, [None, None, "sign_up_form"])
        self.assertIsNone(throttle.take(self.env, ("sign_up_form", 7, 3)))

    def test_nobody_reads_a_number_out_of_it(self):
        throttle.take(self.env, ("code_number", "+12025550123"))
        row = self.env["sms.marketing.throttle"].search([])
        self.assertNotIn("2025550123", row.key)
        before = row.key
        self.env["ir.config_parameter"].set_param("database.secret", "another secret")
        throttle.take(self.env, ("code_number", "+12025550123"))
        self.assertNotIn(
            before, (self.env["sms.marketing.throttle"].search([]) - row).mapped("key")
        )

    def test_old_uses_are_forgotten(self):
        throttle.take(self.env, ("code_number", "old"))
        self.env.cr.execute(
            "UPDATE sms_marketing_throttle SET used_at = used_at - interval '2 days'"
        )
        throttle.take(self.env, ("code_number", "new"))
        self.env["sms.marketing.throttle"]._gc_uses()
        self.assertEqual(len(self.env["sms.marketing.throttle"].search([])), 1)


@tagged("post_install", "-at_install")
class TestNetwork(BaseCase):
    def test_one_line_is_one_network(self):
        for address, network in {
            "203.0.113.7": "203.0.113.7",
            "::ffff:203.0.113.7": "203.0.113.7",
            "2001:db8:1:2:aaaa::1": "2001:db8:1:2::/64",
            "2001:db8:1:2:bbbb::2": "2001:db8:1:2::/64",
            "": "",
            None: "",
            "unix socket": "unix socket",
        }.items():
            self.assertEqual(throttle.network(address), network)
