from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import AccessError, UserError

from ..engine import testing
from ..text.template import compile_template
from . import limits
from .arguments import record_id, record_ids

#: Hours for which the panel shows what became of tests, when it is opened again.
RECENT = 1

#: Tests whose outcomes are asked for at once: the panel keeps those that it has sent and found.
MOST_OUTCOMES = 1000


class SmsMarketingMessage(models.Model):
    """Test messages (S14–S16): what a recipient would get, sent to colleagues."""

    _inherit = "sms.marketing.message"

    def action_open_send_test(self):
        """Open the panel; the button has saved the form, so that the test is what one sees."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.client",
            "tag": "sms_marketing_send_test",
            "params": {"message_id": self.id},
        }

    def get_test_panel(self):
        """What the panel shows when it opens.

        :return: {"numbers": [{"id", "label", "number", "is_verified", "refusal", "is_mine"}],
            "problems": sentences that say why no test can be sent, "outcomes": of the user's last
            tests}
        """
        self.ensure_one()
        self.check_access("read")
        numbers = self.env["sms.marketing.test.number"].search(
            [("company_id", "=", self.company_id.id)]
        )
        return {
            "numbers": [number._panel_line() for number in numbers],
            "problems": self._test_problems(),
            "outcomes": self.get_test_outcomes(),
        }

    def send_test(self, number_ids, partner_id=False):
        """Send the message to saved numbers, as a contact would get it.

        :param number_ids: of ``sms.marketing.test.number``
        :param partner_id: the contact whose values fill the tokens; False: defaults stand in
        :raise UserError: says why it cannot be sent
        :return: as ``get_test_outcomes`` of these tests
        """
        self.ensure_one()
        self.check_access("write")
        ids = record_ids(self.env, number_ids, testing.MOST_NUMBERS)
        numbers = self.env["sms.marketing.test.number"].browse(ids).exists()
        numbers.check_access("read")
        if not numbers:
            raise UserError(self.env._("Choose at least one number."))
        if numbers.company_id != self.company_id:
            raise AccessError(self.env._("These numbers belong to another company."))
        if refused := numbers.filtered(lambda number: not number.is_verified):
            raise UserError(
                self.env._("These numbers cannot receive tests:")
                + "".join(f"\n• {number.display_name}: {number.refusal}" for number in refused)
            )
        if problems := self._test_problems():
            raise UserError("\n".join(problems))
        self._check_test_sender(numbers)
        partner = self.env["res.partner"].browse(record_id(self.env, partner_id))
        self._check_test_contact(partner)
        # The text is what is stored; what this transaction has changed belongs to it.
        self.env.flush_all()
        if spent := testing.take_limits(self, numbers, self.env.user):
            raise UserError(limits.in_words(self.env, spent))
        return self.get_test_outcomes(testing.queue(self, numbers, partner, self.env.user))

    def _test_problems(self):
        """What keeps the message from being tested at all."""
        self.ensure_one()
        if not self.active or self.state not in ("draft", "scheduled"):
            return [self.env._("Only drafts and scheduled messages can be tested.")]
        return self._text_problems()

    def get_test_outcomes(self, test_ids=None):
        """What became of the user's tests of this message, for the panel.

        :param test_ids: None: those of the last hour
        :return: [{"id", "label", "number", "state", "state_label", "reason", "is_settled"}], the
            newest first
        """
        self.ensure_one()
        self.check_access("read")
        domain = [
            ("test_message_id", "=", self.id),
            ("kind", "=", "test"),
            ("user_id", "=", self.env.user.id),
        ]
        if test_ids is None:
            since = fields.Datetime.now() - timedelta(hours=RECENT)
            domain.append(("queued_at", ">", since))
        else:
            domain.append(("id", "in", record_ids(self.env, test_ids, MOST_OUTCOMES)))
        # Only what the user has asked for is read, and none of it but its outcome.
        tests = self.env["sms.marketing.recipient"].sudo().search(domain)
        labels = {
            saved.number: saved.label
            for saved in self.env["sms.marketing.test.number"].search(
                [
                    ("number", "in", tests.mapped("number")),
                    ("company_id", "=", self.company_id.id),
                ]
            )
        }
        states = dict(tests._fields["state"]._description_selection(self.env))
        reasons = dict(tests._fields["reason"]._description_selection(self.env))
        return [
            {
                "id": test.id,
                "label": labels.get(test.number, test.number),
                "number": test.number,
                "state": test.state,
                "state_label": states[test.state],
                "reason": ": ".join(filter(None, [reasons.get(test.reason), test.detail])),
                "is_settled": test.state in testing.SETTLED_STATES,
            }
            for test in tests
        ]

    def _check_test_sender(self, numbers):
        """Raise UserError where the message's sender cannot text these numbers."""
        self.ensure_one()
        sender = self.sender_id
        if not sender or not sender.active or not sender.sudo().gateway_id.active:
            raise UserError(self.env._("Choose a sender in the settings of the message first."))
        prefixes = tuple(sender._allowed_prefixes())
        if prefixes and (
            barred := numbers.filtered(lambda number: not number.number.startswith(prefixes))
        ):
            raise UserError(
                self.env._(
                    "Sender %(sender)s may not send to the country of: %(numbers)s",
                    sender=sender.value,
                    numbers=", ".join(barred.mapped("display_name")),
                )
            )

    def _check_test_contact(self, partner):
        """A test shows its sender what the tokens stand for: only what the user may read."""
        if partner and not partner.exists():
            raise UserError(self.env._("This contact was deleted. Choose another one."))
        partner.check_access("read")
        linked = {
            "object.parent_id": partner.sudo().parent_id.sudo(False),
            "object.user_id": partner.sudo().user_id.sudo(False),
        }
        for token in compile_template(self.body).tokens:
            record = linked.get(token.path.rpartition(".")[0])
            if record and not record.has_access("read"):
                raise AccessError(
                    self.env._(
                        "You may not read what %(token)s stands for with this contact. Choose "
                        "another one.",
                        token=token.source,
                    )
                )
