from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import InsufficientPrivilege

from ..engine import consent
from .common import SmsMarketingCase

NUMBERS = ("+13032000001", "+13032000002", "+13032000003")
STATES = ("pending", "subscribed", "unsubscribed")
START = datetime(2026, 1, 1)


def _is_made(states, change, now):
    """Make a change in `states`, {(number, type): (state, since, last opt-out)}, if it may be."""
    key, at = (change.number, change.type_id), change.occurred_at or now
    state, since, opted_out = states.get(key, (None, None, None))
    if change.state != "unsubscribed" and opted_out and at < opted_out:
        return False
    if change.state == "pending" and state == "subscribed" and at < since:
        return False
    if change.state == "unsubscribed":
        opted_out = max(opted_out or at, at)
    states[key] = (change.state, since if state == change.state else at, opted_out)
    return True


@tagged("post_install", "-at_install")
class TestConsent(SmsMarketingCase):
    """Consent is by number; each change is a line of a log that nobody can rewrite."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other_type = cls.env["sms.marketing.subscription.type"].create({"name": "Events"})

    def state_of(self, number, subscription_type=None):
        return (
            self.env["sms.marketing.subscription"]
            .search(
                [("number", "=", number), ("type_id", "=", (subscription_type or self.type).id)]
            )
            .state
        )

    def log_of(self, number):
        return self.env["sms.marketing.consent"].search([("number", "=", number)], order="id")

    def test_change_is_logged_with_all_that_is_known(self):
        self.subscribe(
            NUMBERS[0],
            method="form",
            wording="I want offers by text",
            explanation="Form 12",
            address="192.0.2.7",
            occurred_at=datetime(2026, 3, 1, 12),
        )
        self.assertEqual(self.state_of(NUMBERS[0]), "subscribed")
        line = self.log_of(NUMBERS[0])
        self.assertRecordValues(
            line,
            [
                {
                    "previous_state": False,
                    "state": "subscribed",
                    "method": "form",
                    "legal_basis": "written_consent",
                    "wording": "I want offers by text",
                    "explanation": "Form 12",
                    "address": "192.0.2.7",
                    "occurred_at": datetime(2026, 3, 1, 12),
                    "company_id": self.company.id,
                    "user_id": self.env.uid,
                }
            ],
        )

    def test_consent_is_by_type(self):
        self.subscribe(NUMBERS[0])
        self.assertFalse(self.state_of(NUMBERS[0], self.other_type))

    def test_consent_outlives_the_contact_and_stays_with_the_number(self):
        partner = self.contact(NUMBERS[0], subscribed=True)
        partner.mobile = NUMBERS[1]
        self.assertFalse(partner.sms_subscription_ids, "consent must not follow to a new number")
        partner.unlink()
        self.assertEqual(self.state_of(NUMBERS[0]), "subscribed")
        self.assertEqual(
            self.contact(NUMBERS[0]).sms_subscription_ids.mapped("state"), ["subscribed"]
        )

    def test_repeated_change_keeps_since_and_is_logged(self):
        self.subscribe(NUMBERS[0], occurred_at=START)
        self.subscribe(NUMBERS[0], occurred_at=START + timedelta(days=1))
        subscription = self.env["sms.marketing.subscription"].search([("number", "=", NUMBERS[0])])
        self.assertEqual(subscription.since, START)
        self.assertEqual(self.log_of(NUMBERS[0]).mapped("previous_state"), [False, "subscribed"])

    def test_older_evidence_does_not_undo_an_opt_out(self):
        self.unsubscribe(NUMBERS[0], occurred_at=datetime(2026, 5, 1))
        left_out = self.subscribe(NUMBERS[0], occurred_at=datetime(2026, 4, 1))
        self.assertEqual(
            [(one.change.number, one.reason) for one in left_out], [(NUMBERS[0], "older")]
        )
        self.assertEqual(self.state_of(NUMBERS[0]), "unsubscribed")
        self.assertEqual(len(self.log_of(NUMBERS[0])), 1)
        self.assertFalse(self.subscribe(NUMBERS[0], occurred_at=datetime(2026, 6, 1)))
        self.assertEqual(self.state_of(NUMBERS[0]), "subscribed")

    def test_older_evidence_does_not_undo_the_latest_of_several_opt_outs(self):
        for month in (1, 3):
            self.unsubscribe(NUMBERS[0], occurred_at=datetime(2026, month, 1))
        self.assertTrue(self.subscribe(NUMBERS[0], occurred_at=datetime(2026, 2, 1)))
        self.assertEqual(self.state_of(NUMBERS[0]), "unsubscribed")

    def test_older_evidence_does_not_count_while_a_sign_up_waits(self):
        """Who has left and asked to come back has not confirmed it; nor does the old form."""
        self.unsubscribe(NUMBERS[0], occurred_at=datetime(2026, 3, 1))
        self.subscribe(NUMBERS[0], state="pending", occurred_at=datetime(2026, 4, 1))
        self.assertTrue(self.subscribe(NUMBERS[0], occurred_at=datetime(2026, 2, 1)))
        self.assertEqual(self.state_of(NUMBERS[0]), "pending")
        self.assertFalse(self.subscribe(NUMBERS[0], occurred_at=datetime(2026, 4, 2)))
        self.assertEqual(self.state_of(NUMBERS[0]), "subscribed")

    def test_older_sign_up_does_not_undo_a_consent(self):
        self.subscribe(NUMBERS[0], occurred_at=datetime(2026, 3, 1))
        pending = {"state": "pending", "method": "import"}
        self.assertTrue(
            self.subscribe(NUMBERS[0], occurred_at=datetime(2026, 2, 1), **pending),
        )
        self.assertEqual(self.state_of(NUMBERS[0]), "subscribed")

    def test_several_changes_of_one_number_in_one_call(self):
        changes = [
            consent.ConsentChange(NUMBERS[0], self.type.id, state, method="api")
            for state in ("pending", "subscribed", "unsubscribed")
        ]
        self.assertFalse(consent.record(self.env, changes))
        self.assertEqual(self.state_of(NUMBERS[0]), "unsubscribed")
        self.assertEqual(
            self.log_of(NUMBERS[0]).mapped(lambda line: (line.previous_state, line.state)),
            [(False, "pending"), ("pending", "subscribed"), ("subscribed", "unsubscribed")],
        )

    def test_unsubscribe_everywhere_stays_in_the_company(self):
        other = self.make_company()
        self.subscribe(NUMBERS[0])
        self.subscribe(NUMBERS[0], type=other["type"])
        changed = consent.unsubscribe_everywhere(
            self.env, [NUMBERS[0]], self.company, method="keyword"
        )
        self.assertEqual(changed, {NUMBERS[0]})
        self.assertEqual(self.state_of(NUMBERS[0]), "unsubscribed")
        self.assertEqual(self.state_of(NUMBERS[0], self.other_type), "unsubscribed")
        self.assertEqual(self.state_of(NUMBERS[0], other["type"]), "subscribed")
        self.assertFalse(
            consent.unsubscribe_everywhere(self.env, [NUMBERS[0]], self.company, method="keyword"),
            "who is out already does not change",
        )

    def test_log_is_append_only_for_the_orm(self):
        self.subscribe(NUMBERS[0])
        line = self.log_of(NUMBERS[0])
        for attempt in (
            lambda: line.write({"state": "unsubscribed"}),
            line.unlink,
            lambda: self.env["sms.marketing.consent"].create({"number": NUMBERS[1]}),
            lambda: line.sudo().unlink(),
        ):
            with self.assertRaises(UserError):
                attempt()
        subscription = self.env["sms.marketing.subscription"].search([("number", "=", NUMBERS[0])])
        with self.assertRaisesRegex(UserError, "consent log"):
            subscription.sudo().write({"state": "subscribed"})

    def test_deleting_a_user_touches_no_row_of_the_engine(self):
        """A foreign key to the writing user would update the log, which refuses."""
        parent = self.env["sms.marketing.engine.record"]
        models = [name for name in parent._inherit_children if self.env[name]._auto]
        self.assertIn("sms.marketing.consent", models)
        for name in models:
            self.assertFalse({"create_uid", "write_uid"} & set(self.env[name]._fields), name)

    @mute_logger("odoo.sql_db")
    def test_log_is_append_only_for_sql(self):
        self.subscribe(NUMBERS[0])
        for statement in (
            "UPDATE sms_marketing_consent SET state = 'unsubscribed'",
            "DELETE FROM sms_marketing_consent",
            "TRUNCATE sms_marketing_consent",
        ):
            with (
                self.assertRaisesRegex(InsufficientPrivilege, "append-only"),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(statement)
        self.assertEqual(self.log_of(NUMBERS[0]).state, "subscribed")

    @settings(max_examples=60)
    @given(
        st.lists(
            st.lists(
                st.tuples(
                    st.sampled_from(NUMBERS),
                    st.booleans(),
                    st.sampled_from(STATES),
                    st.one_of(st.none(), st.integers(-500, 500)),
                ),
                max_size=6,
            ),
            max_size=6,
        )
    )
    def test_replaying_the_log_gives_the_present_state(self, calls):
        """Whatever was recorded in whatever batches, the log alone tells every state.

        And nothing stands that is older than the opt-out that it would undo.
        """
        expected, now = {}, self.env.cr.now()
        with self.env.cr.savepoint() as savepoint:
            for call in calls:
                changes = [
                    consent.ConsentChange(
                        number,
                        (self.other_type if is_other else self.type).id,
                        state,
                        method="keyword",
                        occurred_at=None if hours is None else START + timedelta(hours=hours),
                    )
                    for number, is_other, state, hours in call
                ]
                left_out = consent.record(self.env, changes)
                self.assertEqual(
                    [one.change for one in left_out],
                    [one for one in changes if not _is_made(expected, one, now)],
                )
            replayed, before = {}, {}
            for line in self.env["sms.marketing.consent"].search(
                [("number", "in", NUMBERS)], order="id"
            ):
                key = (line.number, line.type_id)
                self.assertEqual(line.previous_state, before.get(key, False))
                replayed[key] = before[key] = line.state
            present = {
                (subscription.number, subscription.type_id): subscription.state
                for subscription in self.env["sms.marketing.subscription"].search(
                    [("number", "in", NUMBERS)]
                )
            }
            self.assertEqual(replayed, present)
            self.assertEqual(
                {(number, one.id): state for (number, one), state in present.items()},
                {key: state for key, (state, _since, _opted_out) in expected.items()},
            )
            savepoint.rollback()
            self.env.invalidate_all()
