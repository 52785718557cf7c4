from itertools import product

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import SmsMarketingCase


def oracle(senders, number, last):
    """The sender of a number: slow and obvious; a set of those between which chance decides.

    :param senders: {sender: prefixes, empty for all}
    """
    fitting = {
        sender: prefixes
        for sender, prefixes in senders.items()
        if not prefixes or any(number.startswith(prefix) for prefix in prefixes)
    }
    if last in fitting:
        return {last}
    meant = {sender for sender, prefixes in fitting.items() if prefixes}
    return meant or set(fitting)


@tagged("post_install", "-at_install")
class TestSenderPool(SmsMarketingCase):
    """B7: several senders share a message's texts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.france = cls.env.ref("base.fr")
        cls.other_gateway = cls.make_gateway(name="Other sandbox")
        cls.american = cls.sender  # +1
        cls.second = cls.make_sender("+12025550150")
        cls.french = cls.make_sender("+33612345678", cls.other_gateway)
        cls.anywhere = cls.make_sender("ACME", kind="name")
        cls.pool = cls.american | cls.second | cls.french | cls.anywhere

    def people(self, amount, prefix="+1303555"):
        return self.contacts_of(f"{prefix}{number:04d}" for number in range(amount))

    def contacts_of(self, numbers):
        partners = self.env["res.partner"].union(*(self.contact(number) for number in numbers))
        self.subscribe(*partners.mapped("mobile_e164"))
        return partners

    def senders_of(self, contacts, senders=None, **vals):
        """{number: sender} of a message's recipients, skipped ones left out."""
        senders = self.pool if senders is None else senders
        message = self.message(
            contacts, sender_id=senders[0].id, pool_ids=[(6, 0, senders[1:].ids)], **vals
        )
        self.write_audience(message)
        return {
            one.number: one.sender_id for one in message.recipient_ids if one.state != "skipped"
        }

    def meet(self, number, sender, hours_ago, way):
        """Somebody was in touch by this sender."""
        at = f"now() AT TIME ZONE 'UTC' - interval '{hours_ago} hours'"
        if way == "sent":
            self.env.cr.execute(
                "INSERT INTO sms_marketing_recipient"
                " (kind, company_id, sender_id, gateway_id, number, state, sent_at, token)"
                f" VALUES ('answer', %s, %s, %s, %s, 'sent', {at}, %s)",
                [self.company.id, sender.id, sender.gateway_id.id, number, f"{number}{hours_ago}"],
            )
        else:
            self.env.cr.execute(
                "INSERT INTO sms_marketing_inbound"
                " (company_id, sender_id, gateway_id, number, received_at)"
                f" VALUES (%s, %s, %s, %s, {at})",
                [self.company.id, sender.id, sender.gateway_id.id, number],
            )

    def test_matrix_against_an_oracle(self):
        """Every choice of senders x country x who wrote last, by which sender."""
        lasts = [None, *self.pool]
        numbers, last_of = [], {}
        for prefix, (last, way) in product(
            ("+1303556{:04d}", "+3361234{:04d}", "+4917012{:05d}"), product(lasts, ("sent", "got"))
        ):
            number = prefix.format(len(numbers))
            numbers.append(number)
            last_of[number] = last
            if last:
                self.meet(number, last, 1, way)
                older = next(one for one in self.pool if one != last)
                self.meet(number, older, 5, "got" if way == "sent" else "sent")
        partners = self.contacts_of(numbers)
        prefixes = {sender: sender._allowed_prefixes() for sender in self.pool}
        choices = [
            self.pool,
            self.american | self.french,
            self.american | self.second,
            self.french | self.anywhere,
        ]
        for senders in choices:
            found = self.senders_of(partners, senders)
            allowed = {sender: prefixes[sender] for sender in senders}
            for number in numbers:
                expected = oracle(allowed, number, last_of[number])
                if expected:
                    self.assertIn(found.get(number), expected, (number, last_of[number]))
                else:
                    self.assertNotIn(number, found, "nobody may text this number")

    def test_senders_share_evenly_and_always_alike(self):
        people = self.people(200)
        pair = self.american | self.second
        found = self.senders_of(people, pair)
        shares = [list(found.values()).count(sender) for sender in pair]
        self.assertGreater(min(shares), 60, shares)
        self.assertEqual(found, self.senders_of(people, pair, name="The next message"))
        third = self.make_sender("+12025550151")
        more = self.senders_of(people, pair | third, name="With one more")
        moved = {number for number in found if found[number] != more[number]}
        self.assertEqual({more[number] for number in moved}, {third}, "only to the new one")

    def test_each_goes_by_its_gateway_and_the_same_sender_again(self):
        people = self.people(6) | self.people(3, "+3361299")
        message = self.message(
            people, sender_id=self.american.id, pool_ids=[(6, 0, (self.second | self.french).ids)]
        )
        recipients = self.send(message)
        self.assertEqual(self.states(message), {"sent": 9})
        french = recipients.filtered(lambda one: one.number.startswith("+33"))
        self.assertEqual(french.gateway_id, self.other_gateway)
        self.assertEqual(french.sender_id, self.french)
        before = {one.number: one.sender_id for one in recipients}
        again = self.senders_of(people, self.pool, name="Again, from a larger pool")
        self.assertEqual(again, before)

    def test_pool_cannot_change_once_it_is_sent(self):
        message = self.message(self.people(2))
        message.action_send()
        with self.assertRaises(UserError):
            message.pool_ids = self.second
