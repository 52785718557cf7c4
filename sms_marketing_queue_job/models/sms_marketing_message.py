import logging
import time
from datetime import datetime

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID
from odoo.addons.sms_marketing.engine import schedule
from odoo.addons.sms_marketing.engine.shutdown import WORK
from odoo.addons.sms_marketing.engine.transactions import NOW, in_own_transaction
from odoo.addons.sms_marketing.models.sms_marketing_message_delivery import LANE_SECONDS

_logger = logging.getLogger(__name__)

#: The setting: how many lanes may wait or begin at once. How many work is the channel's capacity.
LANES = "sms_marketing_queue_job.lanes"
DEFAULT_LANES = 4

#: Texts that are worth one more lane.
WORTH_A_LANE = 100

#: What the identity keys of our jobs begin with.
KEY = "sms_marketing_lane_"

#: Seconds that a job may wait while none of ours works; then the scheduled action sends by itself.
PATIENCE = 120


class SmsMarketingMessage(models.Model):
    """Lanes as jobs: each sends for a while, and comes again as another job while work remains.

    A lane takes batches that no other lane has, from whatever process on whatever machine; a job
    that dies and is started again is a lane that finds what is left. So nothing here has to know
    how many there are.
    """

    _inherit = "sms.marketing.message"

    @api.model
    def _trigger_dispatch(self, at=None):
        """Enqueue a lane to begin soon, or at these moments, in place of the scheduled action."""
        if not self._jobs_come_through():
            return super()._trigger_dispatch(at)
        now = fields.Datetime.now()
        for moment in {at} if at is None or isinstance(at, datetime) else set(at):
            self._enqueue_lane(1, moment if moment and moment > now else None)

    @api.model
    def _cron_dispatch(self):
        """The safety net: enqueue a lane where work waits; send where no job comes through."""
        if not self._jobs_come_through():
            _logger.info("no job comes through: the scheduled action sends by itself")
            return super()._cron_dispatch()
        if self._work_waits():
            self._enqueue_lane(1)

    @api.model
    def _enqueue_lane(self, number, eta=None):
        """Enqueue a lane, unless the same one waits already; one that works is no hindrance.

        :param int number: from 1; the first sees how much there is to do and enqueues the others
        :param datetime eta: UTC, when to begin; None: now
        """
        # Endless retries: a lane that dies has not failed, it has been interrupted.
        self.with_user(SUPERUSER_ID).with_delay(
            eta=eta,
            max_retries=0,
            description=self.env._("Marketing SMS: lane %d", number),
            identity_key=f"{KEY}{number}" + (f"_{eta.isoformat()}" if eta else ""),
        )._job_lane(number)

    @api.model
    def _job_lane(self, number):
        """Start what is due and send what is due, for so long; the job's result says how many."""
        with WORK.in_hand():
            end = time.monotonic() + LANE_SECONDS
            if number == 1:
                schedule.start_due(self.env.registry)
                # In a transaction of its own: the job's ends with the job, and they shall begin.
                in_own_transaction(
                    self.env.registry, lambda env: env[self._name]._enqueue_other_lanes()
                )
            handled, remains = self._dispatch(end)
            self._follow_up(handled)
            if remains:
                self._enqueue_lane(number)
        return str(handled)

    @api.model
    def _enqueue_other_lanes(self):
        """Enqueue as many more lanes as there are texts for, up to the setting."""
        lanes = self._lanes()
        [(due,)] = self.env.execute_query(
            SQL(
                """
                SELECT count(*)
                  FROM (SELECT FROM sms_marketing_message message
                          JOIN sms_marketing_recipient recipient
                            ON recipient.message_id = message.id
                         WHERE message.state = 'sending' AND recipient.state = 'queued'
                           AND recipient.due_at <= %s
                         LIMIT %s) AS due
                """,
                NOW,
                lanes * WORTH_A_LANE,
            )
        )
        for number in range(2, min(lanes, -(-due // WORTH_A_LANE)) + 1):
            self._enqueue_lane(number)

    @api.model
    def _lanes(self):
        value = self.env["ir.config_parameter"].sudo().get_param(LANES)
        return max(int(value or DEFAULT_LANES), 1)

    @api.model
    def _jobs_come_through(self):
        """Whether a job runner works on this database, and has not left our jobs waiting."""
        [(answer,)] = self.env.execute_query(
            SQL(
                """
                SELECT EXISTS (
                           SELECT FROM pg_locks lock
                             JOIN pg_database ON pg_database.oid = lock.database
                            WHERE lock.locktype = 'advisory' AND lock.granted
                              AND pg_database.datname = current_database()
                              AND lock.objsubid = 1
                              AND lock.classid::bigint << 32 | lock.objid::bigint = %s)
                   AND (NOT EXISTS (
                           SELECT FROM queue_job
                            WHERE identity_key LIKE %s AND state IN ('pending', 'enqueued')
                              AND COALESCE(eta, date_created)
                                  < %s - make_interval(secs => %s))
                    OR EXISTS (
                           SELECT FROM queue_job
                            WHERE identity_key LIKE %s AND state = 'started'))
                """,
                PG_ADVISORY_LOCK_ID,
                f"{KEY}%",
                NOW,
                PATIENCE,
                f"{KEY}%",
            )
        )
        return answer

    @api.model
    def _work_waits(self):
        """Whether a lane would find anything: to start, to send, to close, to give up."""
        [(answer,)] = self.env.execute_query(
            SQL(
                """
                SELECT EXISTS (SELECT FROM sms_marketing_message
                                WHERE state = 'sending'
                                   OR state = 'scheduled'
                                  AND COALESCE(starts_at, scheduled_at) <= %(now)s)
                    OR EXISTS (SELECT FROM sms_marketing_recipient
                                WHERE message_id IS NULL AND state = 'queued'
                                  AND due_at <= %(now)s)
                    OR EXISTS (SELECT FROM sms_marketing_recipient
                                WHERE state = 'sending' AND lease_until < %(now)s)
                """,
                now=NOW,
            )
        )
        return answer
