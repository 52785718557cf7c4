from datetime import timedelta
from itertools import combinations

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from ..engine import claims, inbound, schedule
from ..engine.transactions import in_own_transaction
from ..engine.vocabulary import KINDS
from ..gateways.values import Inbound
from .common import SENDER, SmsMarketingCase

#: What can happen to one recipient between scheduling and hand-over, and what a campaign's text
#: makes of it: None, it goes out all the same. Of several, the first in this order is told.
CAMPAIGN = {
    "deleted": "contact_deleted",
    "archived": "archived",
    "other_company": "other_company",
    "not_marketing": "not_marketing",
    "number_changed": "number_changed",
    "unsubscribed": "unsubscribed",
    "blacklisted": "blacklisted",
    "pending": "pending",
    "stop_wish": "stop_wish",
    "cap_reached": "frequency_cap",
    "number_moved_to_phone": None,
    "weak_wish": None,
    "other_type_unsubscribed": None,
    "other_company_unsubscribed": None,
    "back_after_stop": None,
    "off_the_blacklist_again": None,
    "excluded_afterwards": None,
    "not_a_test_number_any_more": None,
    "verified_anew": None,
    "verifier_left": None,
}

#: The request to confirm a sign-up needs a sign-up that waits, of somebody who may be texted.
OPT_IN = {
    "blacklisted": "blacklisted",
    "unsubscribed": "unsubscribed",
    "back_after_stop": "settled",
    "stop_wish": "stop_wish",
}

#: A test needs its number verified by a colleague, after an opt-out from everything, and not on
#: the blacklist of staff or carriers.
TEST = {
    "not_a_test_number_any_more": "not_verified",
    "verifier_left": "not_verified",
    "blacklisted": "blacklisted",
    "unsubscribed": "unsubscribed",
    "other_type_unsubscribed": "unsubscribed",
}

#: Of these one makes good for an opt-out in a test: there is something left to get, or the number
#: was verified again.
AFTER_OPT_OUT = {"pending", "back_after_stop", "verified_anew"}

#: Answers to what somebody texted and codes that somebody asked for always go.
ORACLE = {"campaign": CAMPAIGN, "opt_in": OPT_IN, "test": TEST, "answer": {}, "verification": {}}

#: One cannot have both.
IMPOSSIBLE = [
    {"unsubscribed", "pending"},
    {"unsubscribed", "back_after_stop"},
    {"pending", "back_after_stop"},
    {"blacklisted", "off_the_blacklist_again"},
    {"number_changed", "number_moved_to_phone"},
    # Who comes back by an act of the own has said what the text before meant.
    {"stop_wish", "weak_wish"},
]


def expected(kind, changes):
    """(state, reason) after the claim: slow and obvious."""
    if kind == "test" and changes & AFTER_OPT_OUT:
        changes = changes - {"unsubscribed", "other_type_unsubscribed"}
    for change, reason in ORACLE[kind].items():
        if change in changes and reason:
            return "skipped", reason
    if kind == "campaign" and "closed" in changes:
        return "queued", False
    return "sending", False


def possible():
    """No change, each one, and each two of them; every one with the opening over as well."""
    sets = [(), *((one,) for one in CAMPAIGN), *combinations(CAMPAIGN, 2)]
    for changes in sets:
        if not any(pair <= set(changes) for pair in IMPOSSIBLE):
            yield frozenset(changes)
            if len(changes) < 2 and "cap_reached" not in changes:
                yield frozenset(changes) | {"closed"}


@tagged("post_install", "-at_install")
class TestClaimsMatrix(SmsMarketingCase):
    """Every change between scheduling and hand-over, for every kind of text, against an oracle."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_company()
        cls.other_type = cls.env["sms.marketing.subscription.type"].create({"name": "Other"})
        cls.excluded = cls.env["sms.marketing.list"].create({"name": "Not these"})
        cls.company.sms_marketing_cap_texts, cls.company.sms_marketing_cap_days = 1, 7
        cls.verifier = cls.user("verifier")
        cls.leaver = cls.user("leaver")
        cls.leaver.active = False

    def people(self, amount, **vals):
        """So many contacts, made at once."""
        return self.env["res.partner"].create(
            [
                {
                    "name": f"Person {at}",
                    "mobile": self.number(),
                    "country_id": self.usa.id,
                    "sms_marketing": True,
                    **vals,
                }
                for at in range(amount)
            ]
        )

    # ------------------------------------------------------------
    # The changes, each to many at once
    # ------------------------------------------------------------

    def _do_deleted(self, partners, numbers):
        partners.unlink()

    def _do_archived(self, partners, numbers):
        partners.active = False

    def _do_other_company(self, partners, numbers):
        partners.company_id = self.other["company"]

    def _do_not_marketing(self, partners, numbers):
        partners.sms_marketing = False

    def _do_number_changed(self, partners, numbers):
        for partner in partners:
            partner.mobile = self.number()

    def _do_number_moved_to_phone(self, partners, numbers):
        for partner in partners:
            partner.write({"phone": partner.mobile, "mobile": False})

    def _do_blacklisted(self, partners, numbers):
        self.env["phone.blacklist"].create([{"number": number} for number in numbers])

    def _do_off_the_blacklist_again(self, partners, numbers):
        blacklist = self.env["phone.blacklist"]
        blacklist.create([{"number": number} for number in numbers]).active = False

    def _do_unsubscribed(self, partners, numbers):
        self.unsubscribe(*numbers)

    def _do_pending(self, partners, numbers):
        self.subscribe(*numbers, state="pending")

    def _do_back_after_stop(self, partners, numbers):
        self.unsubscribe(*numbers)
        self.subscribe(*numbers)

    def _do_other_type_unsubscribed(self, partners, numbers):
        self.unsubscribe(*numbers, type=self.other_type)

    def _do_other_company_unsubscribed(self, partners, numbers):
        self.unsubscribe(*numbers, type=self.other["type"])

    def _do_stop_wish(self, partners, numbers):
        for number in numbers:
            self.receive(number, "Please stop texting me")

    def _do_weak_wish(self, partners, numbers):
        for number in numbers:
            self.receive(number, "How do I stop the water?")

    def _do_cap_reached(self, partners, numbers):
        """Another message has reached the number meanwhile."""
        sent = self.message(self.people(1), name="Another message")
        self.env.flush_all()
        self.env.cr.execute(
            """
            INSERT INTO sms_marketing_recipient (
                kind, message_id, company_id, number, state, sent_at)
            SELECT 'campaign', %s, %s, number, 'delivered', now() AT TIME ZONE 'UTC'
              FROM unnest(%s::varchar[]) AS number
            """,
            [sent.id, self.company.id, numbers],
        )

    def _do_excluded_afterwards(self, partners, numbers):
        """Who is named is settled when sending starts; a later word is STOP, or the contact's."""
        self.env.flush_all()
        # No way of saving takes contacts that are of another company by now.
        self.env.cr.execute(
            """
            INSERT INTO sms_marketing_list_partner_rel (list_id, partner_id)
            SELECT %s, id FROM unnest(%s::int[]) AS id
            """,
            [self.excluded.id, partners.ids],
        )
        self.env.invalidate_all()

    def _do_not_a_test_number_any_more(self, partners, numbers):
        self.env["sms.marketing.test.number"].search([("number", "in", numbers)]).unlink()

    def _do_verified_anew(self, partners, numbers):
        self._saved(numbers).write({"verified_at": fields.Datetime.now() + timedelta(seconds=1)})

    def _do_verifier_left(self, partners, numbers):
        self._saved(numbers).write({"verified_by_id": self.leaver.id})

    def _saved(self, numbers):
        return self.env["sms.marketing.test.number"].sudo().search([("number", "in", numbers)])

    def _do_closed(self, partners, numbers):
        self.env.flush_all()
        self.env.cr.execute(
            """
            UPDATE sms_marketing_recipient
               SET open_until = now() AT TIME ZONE 'UTC' - interval '1 minute'
             WHERE kind = 'campaign' AND number = ANY(%s) AND state = 'queued'
            """,
            [numbers],
        )

    def receive(self, number, body):
        return inbound.receive(self.env, self.gateway, Inbound(number, SENDER, body))

    # ------------------------------------------------------------
    # One text of each kind to everybody
    # ------------------------------------------------------------

    def queue(self, kind, partners):
        """A text of this kind to each contact, as it is before anything changes."""
        numbers = partners.mapped("mobile_e164")
        if kind == "campaign":
            self.subscribe(*numbers)
            message = self.message(partners, exclude_list_ids=[Command.set(self.excluded.ids)])
            message.action_send()
            with self.own_transactions() as registry:
                schedule.start_due(registry)
            return message
        if kind == "opt_in":
            self.subscribe(*numbers, state="pending")
        if kind == "test":
            self.env["sms.marketing.test.number"].create(
                [{"label": number, "number": number} for number in numbers]
            ).sudo().write({"verified_at": self.env.cr.now(), "verified_by_id": self.verifier.id})
        self.env.flush_all()
        self.env.cr.execute(
            """
            INSERT INTO sms_marketing_recipient (
                kind, company_id, sender_id, gateway_id, partner_id, number, state, body,
                opt_in_type_id, send_at, due_at, queued_at, attempt, token)
            SELECT %(kind)s, %(company)s, %(sender)s, %(gateway)s, contact.id,
                   contact.mobile_e164, 'queued', 'Hello', %(opt_in)s,
                   now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC',
                   0, %(kind)s || contact.id
              FROM res_partner contact WHERE contact.id = ANY(%(partners)s)
            """,
            {
                "kind": kind,
                "company": self.company.id,
                "sender": self.sender.id,
                "gateway": self.gateway.id,
                "opt_in": self.type.id if kind == "opt_in" else None,
                "partners": partners.ids,
            },
        )
        return self.env["sms.marketing.message"]

    def claim(self, message):
        """Take everything that is due; what is taken, by number."""
        with self.own_transactions() as registry:
            taken, _seen = in_own_transaction(
                registry, lambda env: claims.claim(env, message.id or None, 10_000)
            )
        return [one.number for one in taken]

    def check(self, kind):
        cases = list(possible())
        partners = self.people(len(cases))
        number_of = {
            changes: partner.mobile_e164 for changes, partner in zip(cases, partners, strict=True)
        }
        message = self.queue(kind, partners)
        recipients = self.env["sms.marketing.recipient"].search(
            [("kind", "=", kind), ("number", "in", list(number_of.values()))]
        )
        self.assertEqual(set(recipients.mapped("state")), {"queued"})
        self.assertEqual(len(recipients), len(cases))
        # Deleted last: nothing else happens to who is gone.
        for name in [*sorted(CAMPAIGN, key=lambda name: name == "deleted"), "closed"]:
            concerned = [
                (partner, number_of[changes])
                for changes, partner in zip(cases, partners, strict=True)
                if name in changes
            ]
            do = getattr(self, f"_do_{name}")
            do(
                self.env["res.partner"].union(*(who for who, _number in concerned)),
                [number for _who, number in concerned],
            )
        taken = self.claim(message)
        of_number = {one.number: one for one in recipients}
        found, wanted = {}, {}
        for changes, number in number_of.items():
            one, name = of_number[number], " + ".join(sorted(changes)) or "nothing"
            found[name] = (one.state, one.reason)
            wanted[name] = expected(kind, changes)
        self.assertEqual(found, wanted)
        self.assertEqual(set(taken), {one.number for one in recipients if one.state == "sending"})

    def test_campaign(self):
        self.check("campaign")

    def test_request_to_confirm(self):
        self.check("opt_in")

    def test_test(self):
        self.check("test")

    def test_answer(self):
        self.check("answer")

    def test_verification_code(self):
        self.check("verification")

    def test_an_answer_goes_once_beside_requests_of_two_types(self):
        """They are claimed together, and what both requests look at has two rows."""
        [partner] = self.people(1)
        self.queue("opt_in", partner)
        self.queue("answer", partner)
        self.subscribe(partner.mobile_e164, type=self.other_type, state="pending")
        self.env.cr.execute(
            """
            INSERT INTO sms_marketing_recipient (
                kind, company_id, sender_id, gateway_id, partner_id, number, state, body,
                opt_in_type_id, send_at, due_at, queued_at, attempt, token)
            SELECT kind, company_id, sender_id, gateway_id, partner_id, number, state, body,
                   %s, send_at, due_at, queued_at, attempt, token || '2'
              FROM sms_marketing_recipient WHERE number = %s AND kind = 'opt_in'
            """,
            [self.other_type.id, partner.mobile_e164],
        )
        self.assertEqual(self.claim(self.env["sms.marketing.message"]), [partner.mobile_e164] * 3)

    def test_every_kind_is_in_the_table(self):
        self.assertEqual(set(ORACLE), {kind for kind, _label in KINDS})

    # ------------------------------------------------------------
    # What happens to a contact or a message as a whole
    # ------------------------------------------------------------

    def test_merged_contact_gets_the_text_at_the_number_that_it_keeps(self):
        kept, gone, same, twin = self.people(4)
        self.subscribe(*(kept + gone + same + twin).mapped("mobile_e164"))
        message = self.queue("campaign", kept + gone + same + twin)
        of_gone, of_twin = (
            message.recipient_ids.filtered(lambda one, partner=partner: one.partner_id == partner)
            for partner in (gone, twin)
        )
        # The number of the one comes along as the phone of the other, or not.
        same.phone = twin.mobile
        for stays, goes in ((kept, gone), (same, twin)):
            self.env["base.partner.merge.automatic.wizard"]._merge(
                (stays + goes).ids, stays, extra_checks=False
            )
        self.env.invalidate_all()
        self.claim(message)
        self.assertEqual((of_gone.state, of_gone.reason), ("skipped", "number_changed"))
        self.assertEqual(of_twin.state, "sending")
        self.assertEqual(len(message.recipient_ids.filtered(lambda r: r.state == "sending")), 3)

    def test_message_that_is_not_being_sent_has_nothing_to_claim(self):
        message = self.queue("campaign", self.people(2))
        for move in ("action_pause", "action_cancel"):
            getattr(message, move)()
            self.assertEqual(self.claim(message), [])
            self.assertEqual(self.states(message), {"queued": 2})
