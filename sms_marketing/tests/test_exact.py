from collections import Counter
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ..engine import audience, exact
from ..engine.prices import Price, prices
from ..engine.texts import Addressee, MessageTexts
from ..text.segments import analyse
from .common import SmsMarketingCase

LONG = "x" * 120
CYRILLIC = "ж" * 40


class ExactCase(SmsMarketingCase):
    def people(self, amount, names=("Ann", LONG, CYRILLIC, "")):
        """So many subscribed contacts, written by SQL, with these functions in turn."""
        self.env.cr.execute(
            """
            INSERT INTO res_partner (name, mobile, mobile_e164, function, active, sms_marketing,
                                     lang, company_name, create_date, type)
            SELECT 'Person ' || i, '+1720' || 2000000 + i, '+1720' || 2000000 + i,
                   (%s::text[])[1 + i %% %s], TRUE, TRUE, 'en_US', 'Exact', now(), 'contact'
              FROM generate_series(1, %s) AS i
            RETURNING id
            """,
            [list(names), len(names), amount],
        )
        people = self.env["res.partner"].browse(row[0] for row in self.env.cr.fetchall())
        self.env.cr.execute(
            """
            INSERT INTO sms_marketing_subscription (number, type_id, company_id, state, since)
            SELECT mobile_e164, %s, %s, 'subscribed', now() FROM res_partner WHERE id IN %s
            """,
            [self.type.id, self.company.id, tuple(people.ids)],
        )
        self.env.invalidate_all()
        return people

    def to_all(self, people, body, **vals):
        contact_list = self.env["sms.marketing.list"].create({"name": "Everybody"})
        self.env.cr.execute(
            "INSERT INTO sms_marketing_list_partner_rel (list_id, partner_id)"
            " SELECT %s, unnest(%s::int[])",
            [contact_list.id, people.ids],
        )
        self.env.invalidate_all()
        return self.message(body=body, include_list_ids=contact_list.ids, **vals)

    def slow_count(self, message):
        """Contact by contact, nothing clever."""
        rows = self.env.execute_query(
            SQL(
                "SELECT partner_id, number FROM (%s) AS audience WHERE reason IS NULL",
                audience.audience_query(message),
            )
        )
        tally = Counter()
        for partner_id, number in rows:
            text = MessageTexts(message).render_all([Addressee(partner_id, "abcdefghijkl")])[0]
            result = analyse(text)
            region = {"+1303": "US", "+1720": "US", "+4930": "DE", "+1416": "CA"}[number[:5]]
            tally[result.encoding, result.segments, region, message.sender_id.id] += 1
        return tally

    def run_steps(self, message):
        """As the browser does; returns the states."""
        states = [message.exact_step()]
        while "result" not in states[-1]:
            self.assertLess(len(states), 1000)
            states.append(message.exact_step(states[-1]))
        return states


@tagged("post_install", "-at_install")
class TestExact(ExactCase):
    def test_count_is_that_of_every_single_text(self):
        self.sender.country_ids = False
        people = self.people(60)
        foreign = self.contact("+493012345678", country_id=self.env.ref("base.de").id)
        canadian = self.contact("+14165550142")
        self.subscribe(foreign.mobile_e164, canadian.mobile_e164)
        nobody = self.contact()  # no consent
        message = self.to_all(
            people + foreign + canadian + nobody,
            "Dear {{ object.function ||| friend }}, look: https://example.com/" + "y" * 90,
        )
        progress = []
        tally = exact.count_exactly(message, progress.append)
        self.assertEqual(tally, self.slow_count(message))
        self.assertEqual(tally.total(), 62)
        self.assertGreater(len(tally), 3)
        self.assertEqual(progress, [62])
        self.assertEqual({region for *_rest, region, _sender in tally}, {"US", "DE", "CA"})

    def test_same_text_for_all_is_counted_right_too(self):
        people = self.people(7)
        for body in ("Hello", "Привет, это мы", "https://example.com/ " + "z" * 140):
            message = self.to_all(people, body)
            self.assertTrue(MessageTexts(message).is_shared)
            self.assertEqual(exact.count_exactly(message), self.slow_count(message))

    def test_what_was_counted_is_what_goes_out(self):
        people = self.contacts(3)
        for one, function in zip(people, ("Ann", LONG, CYRILLIC), strict=True):
            one.function = function
        message = self.message(people, body="Dear {{ object.function }} " + "y" * 60)
        counted = message.exact_step()["result"]
        self.send(message)
        sent = message.recipient_ids
        self.assertEqual(counted["segments"], sum(sent.mapped("segments")))
        self.assertEqual(counted["recipients"], len(sent))

    def test_two_thousand_recipients_in_batches(self):
        people = self.people(2000)
        message = self.to_all(people, "Dear {{ object.function ||| friend }}" + "y" * 60)
        progress = []
        # All but the queries of the beginning must be few for each batch of 500.
        before = self.cr.sql_log_count
        tally = exact.count_exactly(message, progress.append)
        queries = self.cr.sql_log_count - before
        self.assertEqual(progress, [500, 1000, 1500, 2000])
        self.assertLess(queries, 4 * 12 + 20)
        expected = Counter()
        for function, count in (("Ann", 500), (LONG, 500), (CYRILLIC, 500), ("friend", 500)):
            result = analyse(f"Dear {function}{'y' * 60}\nReply STOP to opt out")
            expected[result.encoding, result.segments, "US", self.sender.id] += count
        self.assertEqual(tally, expected)
        few = self.to_all(people[:500], message.body)
        before = self.cr.sql_log_count
        exact.count_exactly(few)
        self.assertLess(queries, 4 * (self.cr.sql_log_count - before) + 8)

    def test_nothing_is_written(self):
        message = self.to_all(self.people(5), "Dear {{ object.function }}")
        before = message.write_date
        rows = self.env["sms.marketing.recipient"].search_count([])
        message.exact_step()
        self.assertEqual(self.env["sms.marketing.recipient"].search_count([]), rows)
        self.assertEqual((message.state, message.write_date), ("draft", before))
        self.assertFalse(message.recipient_ids)

    def test_counts_again_after_a_count_that_was_left(self):
        message = self.to_all(self.people(5), "Hello")
        with patch.object(exact, "BATCH", 2):
            batches = exact.count_batches(message)
            last_id, counted = next(batches)
            batches.close()
            rest = sum((tally for _id, tally in exact.count_batches(message, last_id)), Counter())
        self.assertEqual((counted + rest).total(), 5)
        self.assertEqual(exact.count_exactly(message).total(), 5)


@tagged("post_install", "-at_install")
class TestExactSteps(ExactCase):
    def test_steps_come_to_the_whole(self):
        message = self.to_all(self.people(11), "Dear {{ object.function ||| friend }}")
        module = "odoo.addons.sms_marketing.models.sms_marketing_message_exact"
        with patch.object(exact, "BATCH", 3), patch(f"{module}.STEP_SECONDS", -1):
            states = self.run_steps(message)
        self.assertEqual([state["done"] for state in states], [3, 6, 9, 11, 11])
        self.assertEqual({state["total"] for state in states}, {11})
        whole = self.run_steps(message)
        self.assertEqual(len(whole), 1)
        self.assertEqual(states[-1]["result"], whole[-1]["result"])

    def test_result_adds_up(self):
        people = self.people(8)
        message = self.to_all(
            people, "Dear {{ object.function ||| friend }}" + "y" * 60, include_opt_out_text=False
        )
        result = message.exact_step()["result"]
        self.assertEqual(result["recipients"], 8)
        self.assertEqual(
            result["lines"],
            [
                {"encoding": "GSM-7", "segments": 1, "recipients": 4},
                {"encoding": "GSM-7", "segments": 2, "recipients": 2},
                {"encoding": "UCS-2", "segments": 2, "recipients": 2},
            ],
        )
        self.assertEqual((result["segments"], result["least"], result["most"]), (12, 1, 2))
        self.assertEqual((result["costs"], result["unpriced"]), ([], 12))
        self.assertEqual(result["unpriced_countries"], "United States")

    def test_nobody_gets_it(self):
        message = self.message(self.contact(), body="Hello")
        result = message.exact_step()["result"]
        self.assertEqual((result["recipients"], result["segments"], result["lines"]), (0, 0, []))

    def test_what_cannot_be_counted_is_refused(self):
        people = self.people(2)
        for vals, words in (
            ({"body": " "}, "empty"),
            ({"sender_id": False}, "sender"),
            ({"subscription_type_id": False}, "subscription type"),
        ):
            with self.assertRaisesRegex(UserError, words):
                self.to_all(people, **{"body": "Hello", **vals}).exact_step()

    def test_state_of_another_message_or_age_is_refused(self):
        message = self.to_all(self.people(2), "Hello")
        state = message.exact_step()
        for wrong in (
            {},
            {**state, "tally": [["GSM-9", 1, "US", self.sender.id, 1]]},
            {**state, "tally": [["GSM-7", 1, "US", self.make_sender("+12025550177").id, 1]]},
            {**state, "tally": "x"},
            {**state, "after": None},
            {**state, "version": "yesterday"},
        ):
            with self.assertRaises(UserError, msg=wrong):
                message.exact_step(wrong)
        with self.assertRaises(AccessError):
            message.with_user(self.user("stranger")).exact_step()


@tagged("post_install", "-at_install")
class TestPrices(ExactCase):
    def set_price(self, price, country=None, currency="USD", sender=None):
        return self.env["sms.marketing.price"].create(
            {
                "sender_id": (sender or self.sender).id,
                "country_id": country and self.env.ref(f"base.{country}").id,
                "price": price,
                "currency_id": self.env["res.currency"]
                .with_context(active_test=False)
                .search([("name", "=", currency)])
                .id,
            }
        )

    def reported(self, number, price, segments, currency="EUR"):
        self.env.cr.execute(
            """
            INSERT INTO sms_marketing_recipient
                (kind, company_id, sender_id, number, state, price, segments, price_currency)
            VALUES ('campaign', %s, %s, %s, 'delivered', %s, %s, %s)
            """,
            [self.company.id, self.sender.id, number, price, segments, currency],
        )

    def test_own_country_then_every_other_then_reported_then_unknown(self):
        self.reported("+4930123456", 0.3, 2)
        self.reported("+4930123457", 0.1, 2)
        self.reported("+33612345678", 0.5, 1)
        self.reported("+33612345679", 9.0, 0)
        self.set_price(0.01, "us")
        regions = ["US", "CA", "DE", None]
        found = prices(self.sender, regions)
        self.assertEqual(found.keys(), {"US", "DE"})
        self.assertEqual(found["US"], Price(0.01, "USD", "setting"))
        self.assertAlmostEqual(found["DE"].amount, 0.1)
        self.assertEqual(found["DE"][1:], ("EUR", "reported"))
        self.set_price(0.05)
        found = prices(self.sender, regions)
        self.assertEqual(found["DE"], Price(0.05, "USD", "setting"))
        self.assertEqual(found[None], found["CA"])

    def test_prices_of_other_senders_do_not_count(self):
        other = self.make_sender("+12025550124")
        self.set_price(1, sender=other)
        self.assertEqual(prices(self.sender, ["US"]), {})

    def test_price_of_nothing_is_a_price(self):
        self.set_price(0, "us")
        self.assertEqual(prices(self.sender, ["US"]), {"US": Price(0, "USD", "setting")})

    def test_pool_is_counted_and_costs_by_the_sender_of_each_number(self):
        """The main sender's price for all would be 6 × 0.01 USD."""
        cheap = self.sender
        dear = self.make_sender("+12025550124")
        french = self.make_sender("+33612345600")
        self.set_price(0.01, sender=cheap)
        self.set_price(1, sender=dear)
        self.set_price(10, "fr", sender=french)
        paris = self.contact("+33612345678")
        self.subscribe(paris.mobile_e164)
        message = self.message(
            self.contacts(40) + paris, pool_ids=[(6, 0, (dear | french).ids)], body="Hello"
        )
        result = message.exact_step()["result"]
        self.send(message)
        by_sender = Counter(one.sender_id for one in message.recipient_ids)
        self.assertEqual(by_sender.keys(), {cheap, dear, french}, "the test tests something")
        cost = by_sender[cheap] * 0.01 + by_sender[dear] * 1 + by_sender[french] * 10
        self.assertEqual(result["segments"], 41)
        self.assertEqual(
            [(one["amount"], one["segments"]) for one in result["costs"]],
            [(message._in_words(cost, "USD"), 41)],
        )

    def test_what_one_sender_of_a_pool_has_no_price_for_is_said(self):
        french = self.make_sender("+33612345600")
        self.set_price(0.01)
        paris = self.contact("+33612345678")
        self.subscribe(paris.mobile_e164)
        people = self.contacts(2) + paris
        user = self.user("pool_counter", "sms_marketing.group_user")
        message = self.message(people, pool_ids=[(6, 0, french.ids)], user_id=user.id)
        result = message.with_user(user).exact_step()["result"]
        self.assertEqual([one["segments"] for one in result["costs"]], [2])
        self.assertEqual((result["unpriced"], result["unpriced_countries"]), (1, "France"))

    def test_cost_of_a_message(self):
        self.sender.country_ids = False
        people = self.people(4)  # 1 + 2 + 2 + 1 segments, as above
        german, french = self.contact("+493012345678"), self.contact("+33612345678")
        self.subscribe(german.mobile_e164, french.mobile_e164)
        self.set_price(0.0079, "us")
        self.reported("+4930123456", 0.075, 1)
        message = self.to_all(
            people + german + french,
            "Dear {{ object.function ||| friend }}" + "y" * 60,
            include_opt_out_text=False,
        )
        result = message.exact_step()["result"]
        self.assertEqual(result["segments"], 8)
        costs = {cost["is_reported"]: cost for cost in result["costs"]}
        self.assertIn("0.05", costs[False]["amount"])  # 6 × 0.0079 = 0.0474
        self.assertIn("$", costs[False]["amount"])
        self.assertEqual(costs[False]["segments"], 6)
        self.assertIn("0.08", costs[True]["amount"])
        self.assertEqual(costs[True]["segments"], 1)
        self.assertEqual((result["unpriced"], result["unpriced_countries"]), (1, "France"))

    def test_latest_prices_are_found_by_their_index(self):
        self.reported("+4930123456", 0.3, 2)
        self.env.flush_all()
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        self.env.cr.execute(
            "EXPLAIN SELECT number FROM sms_marketing_recipient"
            " WHERE sender_id = %s AND price IS NOT NULL ORDER BY id DESC LIMIT 10",
            [self.sender.id],
        )
        plan = "\n".join(row[0] for row in self.env.cr.fetchall())
        self.assertIn("sender_priced", plan)


@tagged("post_install", "-at_install")
class TestEstimatedUse(ExactCase):
    def test_estimate_is_segments_by_recipients(self):
        people = self.people(5)
        left_out = self.contact()
        message = self.to_all(people + left_out, "y" * 150)  # 150 + newline + opt-out text
        self.assertEqual(message.estimated_segments, 0)
        message.action_send()
        self.assertEqual(message.estimated_segments, 10)
        message.action_unschedule()
        self.assertEqual(message.estimated_segments, 0)
        message.include_opt_out_text = False
        message.scheduled_at = "2050-01-01 10:00:00"
        message.action_schedule()
        self.assertEqual(message.estimated_segments, 5)
        self.assertEqual(message.copy().estimated_segments, 0)
        with self.assertRaises(UserError):
            message.with_user(self.user("teller", "sms_marketing.group_manager")).write(
                {"estimated_segments": 1}
            )

    def test_tokens_count_their_default_the_accounts_or_fifteen(self):
        people = self.people(2)
        message = self.to_all(
            people, "y" * 150 + "{{ object.function }}", include_opt_out_text=False
        )
        self.assertEqual(message._estimated_length(), 2)
        self.env["sms.marketing.token.default"].create({"path": "object.function", "value": "you"})
        self.assertEqual(message._estimated_length(), 1)
        message.body = "y" * 150 + "{{ object.function ||| a long default }}"
        self.assertEqual(message._estimated_length(), 2)
