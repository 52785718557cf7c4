from odoo import models
from odoo.exceptions import UserError, ValidationError

from ..engine import audience
from .arguments import words


class SmsMarketingMessage(models.Model):
    """Who would get a message if it started now, and who would not (S17 to S21, S39)."""

    _inherit = "sms.marketing.message"

    def _check_audience_known(self):
        """Raise UserError where the message does not say enough to know its audience."""
        self.ensure_one()
        if not self.sender_id or not self.subscription_type_id:
            raise UserError(
                self.env._("Choose a sender and a subscription type first, in the settings.")
            )

    def _reason_labels(self):
        """{code: translated label} of every reason, in the order in which they are told."""
        reason = self.env["sms.marketing.recipient"]._fields["reason"]
        return dict(reason._description_selection(self.env))

    def get_audience(self):
        """``get_audience_counts`` for the page, where it is no error that something is missing.

        :return: what ``get_audience_counts`` returns, or {"problem": what is missing or broken}
        """
        self.check_access("read")
        try:
            return self.get_audience_counts()
        except (UserError, ValidationError) as error:
            return {"problem": str(error)}

    def get_audience_counts(self):
        """Who would get the message if it started now, for the message's page; nothing is written.

        :return: {"recipients": contacts that get it,
            "left_out": [{"reason": code, "label": translated, "count": contacts}, …]}
        """
        self.ensure_one()
        self.check_access("read")
        self._check_audience_known()
        counts = audience.count_by_reason(self)
        return {
            "recipients": counts.get(None, 0),
            "left_out": [
                {"reason": reason, "label": label, "count": counts[reason]}
                for reason, label in self._reason_labels().items()
                if counts.get(reason)
            ],
        }

    def action_view_audience(self, reason=None):
        """Open the contacts that the message would leave out for a reason, to mend what it is.

        The contacts are found by the statement that sends, so they leave the list as soon as the
        reason is gone.

        :param reason: a code of ``AUDIENCE_REASONS``; none of them: the contacts that get it
        """
        self.ensure_one()
        self.check_access("read")
        self._check_audience_known()
        reason = words(self.env, reason)
        title = self._reason_labels().get(reason) if reason else self.env._("Get it")
        return {
            "type": "ir.actions.act_window",
            "name": f"{self.name}: {title or reason}",
            "res_model": "res.partner",
            "views": [
                (self.env.ref("sms_marketing.view_partner_audience_list").id, "list"),
                (False, "kanban"),
                (False, "form"),
            ],
            "search_view_id": [self.env.ref("base.view_res_partner_filter").id],
            "domain": [("sms_audience", "=", f"{self.id}:{reason or ''}")],
            "context": {"active_test": False},
            "help": f"<p>{self.env._('No contact is left here.')}</p>",
        }
