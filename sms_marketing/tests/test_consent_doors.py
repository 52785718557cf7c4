"""Consent through every door at once, and what merging and deleting contacts does to it."""

import base64
import re
from contextlib import suppress
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..engine import (
    answers,
    consent,
    double_opt_in,
    inbound,
    preferences,
    sign_up,
    suppression,
)
from ..gateways.reasons import Reason
from ..gateways.values import Inbound
from .common import SENDER, SmsMarketingCase

NUMBERS = ("+13032000011", "+13032000012")
TEXTS = (
    "STOP", "Start", "YES", "JOIN", "JOIN EVENTS", "stop events", "HELP", "please stop", "oui",
)  # fmt: skip


class Log(SmsMarketingCase):
    """What the present states are, and what replaying the log says they are."""

    def present(self, numbers=NUMBERS):
        return {
            (row.number, row.type_id): row.state
            for row in self.env["sms.marketing.subscription"].search(
                [("number", "in", list(numbers))]
            )
        }

    def replayed(self, numbers=NUMBERS):
        states = {}
        for line in self.env["sms.marketing.consent"].search(
            [("number", "in", list(numbers))], order="id"
        ):
            key = (line.number, line.type_id)
            self.assertEqual(line.previous_state, states.get(key, False), "a line is missing")
            states[key] = line.state
        return states


@tagged("post_install", "-at_install")
class TestEveryDoor(Log):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sms_marketing_fill_blacklist = True
        cls.events = cls.env["sms.marketing.subscription.type"].create(
            {"name": "Events", "double_opt_in": True}
        )
        cls.env["sms.marketing.keyword"].create(
            [
                {"name": "JOIN", "action": "join", "type_id": cls.type.id},
                {"name": "JOIN EVENTS", "action": "join", "type_id": cls.events.id},
                {"name": "STOP EVENTS", "action": "stop", "type_id": cls.events.id},
            ]
        )
        cls.partners = {number: cls.contact(number, ref=f"door {number}") for number in NUMBERS}
        for number in NUMBERS:
            answers.queue(cls.env, "answer", number, cls.sender, "Hello")

    # Each door: (number, type, whether it opens or closes, a word)

    def by_text(self, number, subscription_type, opens, word):
        inbound.receive(self.env, self.gateway, Inbound(number, SENDER, word))

    def by_staff(self, number, subscription_type, opens, word):
        wizard = self.env["sms.marketing.consent.change"].create(
            {
                "partner_id": self.partners[number].id,
                "type_id": self.type.id,
                "state": "subscribed" if opens else "unsubscribed",
                "legal_basis": "verbal_consent",
                "explanation": "On the phone",
            }
        )
        # Refused for a number that has opted out: there is no evidence of a date after that.
        with suppress(UserError), self.env.cr.savepoint():
            wizard.action_apply()

    def by_import(self, number, subscription_type, opens, word):
        state = "subscribed" if opens else "unsubscribed"
        content = (
            "name,ref,mobile,consent,consent_for,consent_date,legal_basis,evidence\n"
            f"Anna,door {number},{number},{state},mobile,2026-01-01,written_consent,Form 7\n"
        )
        wizard = self.env["sms.marketing.contact.import"].create(
            {"file": base64.b64encode(content.encode()), "type_id": subscription_type.id}
        )
        wizard.action_check()
        wizard.action_import()
        self.assertEqual(wizard.state, "done")

    def by_form(self, number, subscription_type, opens, word):
        change = consent.ConsentChange(number, subscription_type.id, "subscribed", method="form")
        double_opt_in.sign_up(self.env, [change])

    def by_carrier(self, number, subscription_type, opens, word):
        suppression.apply(self.env, [(number, self.gateway.id, Reason.OPTED_OUT)])

    def by_link(self, number, subscription_type, opens, word):
        recipient = self.env["sms.marketing.recipient"].search(
            [("number", "=", number), ("kind", "=", "answer")], limit=1
        )
        if opens:
            self.open_by_link(recipient, subscription_type)
        else:
            preferences.stop(recipient, "192.0.2.1")

    def open_by_link(self, recipient, subscription_type):
        """Tick one type on the preference page, and type the code if one is asked for and comes."""
        offered = preferences.choices(recipient)
        preferences.leave(recipient, offered, {subscription_type.id}, "192.0.2.1")
        joins = preferences.joins(offered, {subscription_type.id})
        token = joins and sign_up.ask_recipient(
            recipient, [(one.type_id, one.wording) for one in joins], "192.0.2.1"
        )
        code = self.env["sms.marketing.recipient"].search(
            [("number", "=", recipient.number), ("kind", "=", "verification")], limit=1
        )
        if token and code:
            digits = re.search(r"\b[0-9]{6}\b", code.sudo().body or "")
            sign_up.confirm(sign_up.find(recipient, token), digits and digits[0], "192.0.2.1")

    def by_review(self, number, subscription_type, opens, word):
        waiting = self.env["sms.marketing.inbound"].search(
            [("number", "=", number), ("review_state", "=", "to_review")]
        )
        if opens:
            waiting.action_no_wish()
        else:
            waiting.action_opt_out()

    def send_requests(self, *_arguments):
        """The texts that ask to confirm go out."""
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET state = 'sent' WHERE kind = 'opt_in'"
            " AND number = ANY(%s)",
            [list(NUMBERS)],
        )

    def by_odoos_blacklist(self, number, subscription_type, opens, word):
        (self.env["phone.blacklist"].remove if opens else self.env["phone.blacklist"].add)(number)

    def by_contact(self, number, subscription_type, opens, word):
        self.partners[number].active = opens

    DOORS = (
        by_text, by_text, by_text, by_staff, by_import, by_form, by_carrier, by_link, by_review,
        send_requests, by_odoos_blacklist, by_contact,
    )  # fmt: skip

    #: Doors that can never make anybody subscribed.
    NEVER_OPEN = (by_carrier, by_review, send_requests, by_odoos_blacklist, by_contact)

    @settings(max_examples=25)
    @given(
        st.lists(
            st.tuples(
                st.sampled_from(DOORS),
                st.sampled_from(NUMBERS),
                st.booleans(),
                st.booleans(),
                st.sampled_from(TEXTS),
            ),
            max_size=12,
        )
    )
    def test_log_tells_the_present_state_whatever_happened(self, steps):
        with self.env.cr.savepoint() as savepoint:
            for door, number, is_events, opens, word in steps:
                before = self.present()
                door(self, number, self.events if is_events else self.type, opens, word)
                self.env.flush_all()
                self.env.invalidate_all()
                present = self.present()
                self.assertEqual(self.replayed(), present)
                newly = {
                    key
                    for key, state in present.items()
                    if state == "subscribed" and before.get(key) != "subscribed"
                }
                if door in (TestEveryDoor.by_staff, TestEveryDoor.by_import):
                    left = {key for key in newly if before.get(key) == "unsubscribed"}
                    self.assertFalse(left, "a STOP is not undone by a click")
                if door in self.NEVER_OPEN:
                    self.assertFalse(newly, "nobody agreed to anything")
                if door is TestEveryDoor.by_text and word == "STOP":
                    mine = {state for (one, _type), state in present.items() if one == number}
                    self.assertEqual(mine, {"unsubscribed"})
                if newly and door in (TestEveryDoor.by_form, TestEveryDoor.by_import):
                    self.assertNotIn(self.events, [key[1] for key in newly], "not confirmed")
            savepoint.rollback()
            self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestContactsComeAndGo(Log):
    """Consent belongs to numbers: nothing that happens to contacts loses any or makes any."""

    def merge(self, *partners):
        """Merge into the last one, as Odoo's wizard does."""
        merged = self.env["res.partner"].union(*partners)
        self.env["base.partner.merge.automatic.wizard"]._merge(merged.ids, partners[-1])
        self.env.invalidate_all()
        return partners[-1]

    def test_merging(self):
        numbers = [self.number() for _one in range(3)]
        one = self.contact(numbers[0])
        other = self.contact(numbers[1], phone=numbers[2])
        self.subscribe(numbers[0])
        self.unsubscribe(numbers[1])
        sent = self.send(self.message(one))
        text = inbound.receive(self.env, self.gateway, Inbound(numbers[0], SENDER, "Hi there"))
        before = self.present(numbers)
        lines = self.env["sms.marketing.consent"].search_count([("number", "in", numbers)])

        kept = self.merge(one, other)
        self.assertEqual(self.present(numbers), before)
        self.assertEqual(
            self.env["sms.marketing.consent"].search_count([("number", "in", numbers)]), lines
        )
        self.assertEqual(self.replayed(numbers), before)
        self.assertEqual((kept.mobile_e164, kept.phone_e164), (numbers[1], numbers[2]))
        # The history follows the contact; the consent of a number that it has not does not.
        self.assertEqual((sent | sent.exists()).partner_id, kept)
        self.assertEqual(text.partner_id, kept)
        self.assertEqual(self.send_to(kept).reason, "unsubscribed")

    def test_merged_contact_gets_a_number_with_its_consent(self):
        number = self.contact(subscribed=True)
        kept = self.merge(number, self.contact(False))
        self.assertTrue(kept.mobile_e164)
        self.assertEqual(kept.sms_subscription_ids.state, "subscribed")

    def test_deleting_and_coming_back(self):
        partner = self.contact(subscribed=True)
        number = partner.mobile_e164
        inbound.receive(self.env, self.gateway, Inbound(number, SENDER, "STOP"))
        partner.unlink()
        self.assertEqual(self.present([number])[number, self.type], "unsubscribed")
        again = self.contact(number)
        self.assertEqual(self.send_to(again).reason, "unsubscribed", "a new contact is no consent")
        self.assertEqual(self.replayed([number]), self.present([number]))

    def test_archiving(self):
        partner = self.contact(subscribed=True)
        partner.active = False
        self.assertEqual(self.send_to(partner).reason, "archived")
        inbound.receive(self.env, self.gateway, Inbound(partner.mobile_e164, SENDER, "STOP"))
        partner.active = True
        self.assertEqual(self.send_to(partner).reason, "unsubscribed")

    def test_stop_of_a_deleted_contact_counts(self):
        partner = self.contact(subscribed=True)
        number = partner.mobile_e164
        partner.unlink()
        inbound.receive(self.env, self.gateway, Inbound(number, SENDER, "stop"))
        self.assertEqual(self.present([number])[number, self.type], "unsubscribed")

    def test_origin_of_the_present_state(self):
        partner = self.contact()
        self.subscribe(partner.mobile_e164, method="import", occurred_at=datetime(2026, 1, 1))
        self.subscribe(partner.mobile_e164, method="form")
        subscription = partner.sms_subscription_ids
        self.assertEqual(
            (subscription.method, subscription.legal_basis), ("import", "written_consent")
        )
        inbound.receive(self.env, self.gateway, Inbound(partner.mobile_e164, SENDER, "STOP"))
        self.env.invalidate_all()
        mine = partner.sms_subscription_ids.filtered(lambda one: one.type_id == self.type)
        self.assertEqual((mine.method, mine.legal_basis), ("keyword", "withdrawal"))

    def test_what_was_never_asked(self):
        self.env["sms.marketing.subscription.type"].search([]).active = False
        self.type.active = True
        events = self.env["sms.marketing.subscription.type"].create({"name": "Events"})
        partner = self.contact(phone=self.number(), subscribed=True)
        self.subscribe(partner.mobile_e164, type=events)
        self.assertEqual(partner.sms_no_consent, f"{partner.phone_e164}: {self.type.name}, Events")
