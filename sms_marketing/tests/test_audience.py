from itertools import product

from odoo.tests import tagged

from ..engine import audience
from ..engine.vocabulary import NUMBER_REASONS
from .common import SmsMarketingCase

# What one number of a contact can be like: written, its state of consent, whether blacklisted.
CANADIAN = "+14165550{:03d}"
FRENCH = "+336123{:05d}"
WRITTEN = ("missing", "invalid", "american", "french")
#: "stop_wish": subscribed, but its last text reads like a wish to stop and waits for review.
CONSENTS = ("never", "pending", "subscribed", "unsubscribed", "stop_wish")


def oracle_number_reason(written, consent, blacklisted):
    """Why a number may not be texted by an American sender, or None: slow and obvious."""
    if written == "missing":
        return "no_number"
    if written == "invalid":
        return "invalid_number"
    if written == "french":
        return "country"
    if blacklisted and consent != "unsubscribed":
        return "blacklisted"
    return {"subscribed": None, "never": "no_consent"}.get(consent, consent)


def oracle(contact):
    """The expected (number field, reason) of a contact described by a dict."""
    reasons = {name: oracle_number_reason(*contact[name]) for name in ("mobile", "phone")}
    usable = [name for name in ("mobile", "phone") if reasons[name] is None]
    if usable:
        field, reason = usable[0], None
    else:
        field, reason = min(reasons.items(), key=lambda item: NUMBER_REASONS.index(item[1]))
    if contact["excluded"]:
        reason = "excluded"
    elif not contact["marketing"]:
        reason = "not_marketing"
    return field, reason


@tagged("post_install", "-at_install")
class TestAudience(SmsMarketingCase):
    """Who gets a message and who does not, with the reason: S17 to S21, S39."""

    def reasons(self, message):
        """{contact: reason or False} after preparing the message."""
        self.write_audience(message)
        return {one.partner_id: one.reason for one in message.recipient_ids}

    def test_matrix_of_everything_against_an_oracle(self):
        """Both numbers x written (country too) x consent x blacklist x marketing x excluded,
        and each of them shared by a neighbour: all agree.
        """
        number_kinds = [
            *((written, "never", False) for written in ("missing", "invalid")),
            *product(("american", "french"), CONSENTS, (False, True)),
        ]
        cases = [
            {"mobile": mobile, "phone": phone, "marketing": marketing, "excluded": excluded}
            for mobile, phone, marketing, excluded in product(
                number_kinds, number_kinds, (True, False), (False, True)
            )
        ]
        written_numbers, consents, blacklisted, values = iter(range(100_000)), [], [], []
        for case in cases:
            vals = {"name": "Case", "sms_marketing": case["marketing"], "country_id": self.usa.id}
            for name in ("mobile", "phone"):
                written, consent, is_blacklisted = case[name]
                position = next(written_numbers)
                if written == "missing":
                    continue
                if written == "invalid":
                    vals[name] = f"12{position}"
                    continue
                number = (
                    f"+1303{200 + position // 10000}{position % 10000:04d}"
                    if written == "american"
                    else FRENCH.format(position)
                )
                vals[name] = number
                if consent != "never":
                    consents.append((number, consent))
                if is_blacklisted:
                    blacklisted.append(number)
            values.append(vals)
        partners = self.env["res.partner"].create(values)
        # A neighbour with the very same numbers, marketing status and exclusion for each case.
        partners += self.env["res.partner"].create(values)
        cases = cases * 2
        for state in ("pending", "subscribed", "unsubscribed"):
            self.subscribe(*[number for number, its in consents if its == state], state=state)
        wishes = [number for number, its in consents if its == "stop_wish"]
        self.subscribe(*wishes)
        self.env.cr.execute(
            "INSERT INTO sms_marketing_inbound (gateway_id, company_id, number, body, received_at,"
            " review_state, stop_wish) SELECT %s, %s, number, 'no more', now(), 'to_review',"
            " 'strong' FROM unnest(%s::varchar[]) AS wish(number)",
            [self.gateway.id, self.company.id, wishes],
        )
        self.env["phone.blacklist"].create([{"number": number} for number in blacklisted])
        message = self.message(
            partners,
            exclude_partner_ids=[
                (6, 0, [p.id for p, c in zip(partners, cases, strict=True) if c["excluded"]])
            ],
        )
        considered = self.write_audience(message)

        self.assertEqual(considered, len(cases))
        found = {one.partner_id.id: one for one in message.recipient_ids}
        served = set()
        for partner, case in zip(partners, cases, strict=True):
            field, reason = oracle(case)
            if not reason:
                number = partner[f"{field}_e164"]
                reason = "duplicate" if number in served else None
                served.add(number)
            recipient = found[partner.id]
            self.assertEqual(recipient.reason or None, reason, case)
            self.assertEqual(recipient.state, "skipped" if reason else "queued", case)
            if not reason:
                self.assertEqual(recipient.number_field, field, case)
                self.assertEqual(recipient.number, partner[f"{field}_e164"], case)
                self.assertTrue(recipient.sudo().token, case)

    def test_preview_counts_are_those_of_the_statement_that_sends(self):
        partners = self.contacts(3) | self.contact() | self.contact(mobile=False)
        message = self.message(partners)
        counts = audience.count_by_reason(message)
        self.assertEqual(counts, {None: 3, "no_consent": 1, "no_number": 1})
        self.assertFalse(message.recipient_ids, "counting must not write")
        self.write_audience(message)
        self.assertEqual(
            dict(
                self.env["sms.marketing.recipient"]._read_group(
                    [("message_id", "=", message.id)], ["reason"], ["__count"]
                )
            ),
            {reason or False: number for reason, number in counts.items()},
        )

    def test_mobile_goes_before_phone(self):
        partner = self.contact(phone=self.number())
        self.subscribe(partner.mobile_e164, partner.phone_e164)
        message = self.message(partner)
        self.write_audience(message)
        self.assertEqual(message.recipient_ids.number, partner.mobile_e164)

    def test_one_number_in_a_household_gets_it_once(self):
        first = self.contact(subscribed=True)
        second = self.contact(mobile=False, phone=first.mobile)
        self.assertEqual(
            self.reasons(self.message(first | second)), {first: False, second: "duplicate"}
        )

    def test_household_where_the_first_does_not_get_it(self):
        first = self.contact(subscribed=True, sms_marketing=False)
        second = self.contact(mobile=first.mobile)
        self.assertEqual(
            self.reasons(self.message(first | second)), {first: "not_marketing", second: False}
        )

    def test_lists_and_contacts_are_named_once_each(self):
        partners = self.contacts(4)
        fixed = self.env["sms.marketing.list"].create(
            {"name": "Fixed", "partner_ids": [(6, 0, partners[:3].ids)]}
        )
        rule = self.env["sms.marketing.list"].create(
            {"name": "Rule", "kind": "rule", "domain": str([("id", "in", partners[1:].ids)])}
        )
        left_out = self.env["sms.marketing.list"].create(
            {"name": "Out", "kind": "rule", "domain": str([("id", "=", partners[3].id)])}
        )
        message = self.message(
            partners[0],
            include_list_ids=[(6, 0, (fixed | rule).ids)],
            exclude_list_ids=[(6, 0, left_out.ids)],
        )
        self.assertEqual(
            self.reasons(message),
            {
                partners[0]: False,
                partners[1]: False,
                partners[2]: False,
                partners[3]: "excluded",
            },
        )

    def test_archived_contact_and_contact_of_another_company(self):
        archived = self.contact(subscribed=True)
        archived.active = False
        foreign = self.contact(subscribed=True)
        message = self.message([archived.id, foreign.id])
        foreign.company_id = self.make_company()["company"]
        self.assertEqual(self.reasons(message), {archived: "archived", foreign: "other_company"})

    def test_consent_to_another_type_is_no_consent(self):
        partner = self.contact()
        other_type = self.env["sms.marketing.subscription.type"].create({"name": "Events"})
        self.subscribe(partner.mobile_e164, type=other_type)
        self.assertEqual(self.reasons(self.message(partner)), {partner: "no_consent"})

    def test_american_sender_reaches_toll_free_and_canada_only(self):
        toll_free = self.contact("+1-800-555-5555")
        canadian = self.contact("+1 416-555-0100")
        french = self.contact("+33 6 12 34 56 78")
        self.subscribe("+18005555555", "+14165550100", "+33612345678")
        self.assertEqual(
            self.reasons(self.message(toll_free | canadian | french)),
            {toll_free: False, canadian: False, french: "country"},
        )

    def test_sender_without_countries_reaches_all(self):
        self.sender.country_ids = False
        french = self.contact("+33 6 12 34 56 78")
        self.subscribe("+33612345678")
        self.assertEqual(self.reasons(self.message(french)), {french: False})

    def test_audience_does_not_depend_on_who_presses_the_button(self):
        """A contact that the marketer may not read is on the list all the same."""
        partner = self.contact(subscribed=True)
        self.env["ir.rule"].create(
            {
                "name": "Hidden",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {partner.id})]",
                "groups": [(6, 0, self.env.ref("sms_marketing.group_user").ids)],
            }
        )
        rule = self.env["sms.marketing.list"].create(
            {"name": "Rule", "kind": "rule", "domain": str([("id", "=", partner.id)])}
        )
        message = self.message(include_list_ids=[(6, 0, rule.ids)])
        message = message.with_user(self.user("audience_marketer"))
        message.sudo().user_id = message.env.user
        self.assertEqual(audience.count_by_reason(message), {None: 1})

    def test_queries_do_not_grow_with_the_audience(self):
        def queries(amount):
            message = self.message(self.contacts(amount))
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.write_audience(message)
            return self.env.cr.sql_log_count - before

        queries(1)
        self.assertEqual(queries(2), queries(60))
