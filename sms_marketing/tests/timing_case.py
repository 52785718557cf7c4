"""What the tests of moments share: a company by Amsterdam's clock."""

from datetime import datetime, timedelta

from odoo import fields

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from ..engine import schedule
from .common import SmsMarketingCase

HOUR = timedelta(hours=1)
MONDAY = datetime(2050, 6, 6)


def at(text):
    return datetime.fromisoformat(text)


class TimingCase(SmsMarketingCase, CronMixinCase):
    """A company by Amsterdam's clock."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sms_marketing_tz = "Europe/Amsterdam"

    def start(self, message):
        """Write the message's recipients as if its moment had come; returns {contact: row}."""
        self.env.flush_all()
        schedule.start(message.sudo())
        self.env.flush_all()
        self.env.invalidate_all()
        return {one.partner_id: one for one in message.recipient_ids}

    def scheduled(self, contacts, when, **vals):
        message = self.message(contacts, scheduled_at=when, **vals)
        message.action_schedule()
        return message

    def quiet_now(self):
        """Rules by which it is quiet now, and an hour from now open for an hour, in Denver."""
        wall = fields.Datetime.context_timestamp(
            self.company.with_context(tz="America/Denver"), fields.Datetime.now()
        )
        begin = (wall.hour + 2) % 23
        return self.set_quiet_hours(begin, begin + 1)
