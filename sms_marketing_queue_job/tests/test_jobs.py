"""Which jobs are enqueued, and what a lane does as a job; `tests/test_queue_job.py` runs them."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.fields import Datetime
from odoo.sql_db import db_connect
from odoo.tests import tagged

from odoo.addons.base.tests.test_ir_cron import CronMixinCase
from odoo.addons.queue_job.job import Job
from odoo.addons.sms_marketing.tests import common

from ..hooks import uninstall_hook
from ..models.sms_marketing_message import KEY, LANES, PATIENCE

CRON = "sms_marketing.ir_cron_dispatch"

#: In place of the job runner's own, since one may be at work on the tests' database.
LOCK = 731_205_518_662_013_177
LOCK_NAME = "odoo.addons.sms_marketing_queue_job.models.sms_marketing_message.PG_ADVISORY_LOCK_ID"


@contextmanager
def job_runner(dbname):
    """Hold the lock that tells that a job runner is at work, from a connection of its own."""
    with db_connect(dbname).cursor() as cr:
        cr.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            cr.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


@tagged("post_install", "-at_install")
class TestJobs(common.SmsMarketingCase, CronMixinCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(patch(LOCK_NAME, LOCK))
        cls.env.cr.execute("DELETE FROM queue_job")
        cls.messages = cls.env["sms.marketing.message"]

    def jobs(self):
        return self.env["queue.job"].search([("identity_key", "=like", f"{KEY}%")])

    def cron_dispatch(self):
        """What the scheduled action does, on a cursor of its own as in real life."""
        with self.own_transactions() as registry, registry.cursor() as cr:
            self.env(cr=cr)["sms.marketing.message"]._cron_dispatch()

    def test_without_runner_the_scheduled_action_sends(self):
        message = self.message(self.contacts(3))
        with self.capture_triggers(CRON) as captured:
            message.action_send()
        self.assertEqual(len(captured.records), 1)
        self.assertFalse(self.jobs())
        self.cron_dispatch()
        self.assertEqual(message.state, "sent")

    def test_sending_enqueues_one_lane_however_often_it_is_asked_for(self):
        with job_runner(self.env.cr.dbname), self.capture_triggers(CRON) as captured:
            self.message(self.contacts(3)).action_send()
            for _time in range(5):
                self.messages._trigger_dispatch()
        self.assertFalse(captured.records)
        self.assertEqual(self.jobs().mapped("channel"), ["root.sms_marketing"])
        self.assertEqual(self.jobs().max_retries, 0)

    def test_a_lane_at_work_is_no_hindrance(self):
        """What is triggered while a lane works may come too late for it: another one follows."""
        with job_runner(self.env.cr.dbname):
            self.messages._trigger_dispatch()
            self.env.cr.execute("UPDATE queue_job SET state = 'started'")
            self.env.invalidate_all()
            self.messages._trigger_dispatch()
        self.assertEqual(sorted(self.jobs().mapped("state")), ["pending", "started"])

    def test_one_job_for_each_moment(self):
        now = Datetime.now()
        moments = [now + timedelta(hours=1), now + timedelta(hours=2), now - timedelta(hours=1)]
        with job_runner(self.env.cr.dbname):
            self.messages._trigger_dispatch(moments)
            self.messages._trigger_dispatch(moments[0])
        self.assertEqual(
            {job.eta for job in self.jobs()}, {False, moments[0], moments[1]}, "past means now"
        )
        self.assertEqual(len(self.jobs()), 3)

    def test_the_first_lane_enqueues_as_many_as_there_are_texts_for(self):
        message = self.message(self.contacts(240))
        self.env["ir.config_parameter"].set_param(LANES, "8")
        with job_runner(self.env.cr.dbname):
            message.action_send()
        [first] = self.jobs()
        with self.own_transactions():
            seen = []
            enqueue = type(self.messages)._enqueue_other_lanes

            def look(records):
                enqueue(records)
                seen.append(len(self.jobs() - first))

            with patch.object(type(self.messages), "_enqueue_other_lanes", look):
                Job.load(self.env, first.uuid).perform()
        self.assertEqual(seen, [2], "240 texts are worth three lanes")
        self.assertEqual(message.state, "sent")
        self.assertEqual(set(message.recipient_ids.mapped("state")), {"sent"})

    def test_not_more_lanes_than_the_setting(self):
        message = self.message(self.contacts(240))
        self.env["ir.config_parameter"].set_param(LANES, "2")
        message.action_send()
        with self.own_transactions(), job_runner(self.env.cr.dbname):
            self.messages._job_lane(1)
        self.assertEqual(self.jobs().mapped("identity_key"), [f"{KEY}2"])

    def test_what_remains_is_another_lanes(self):
        with (
            self.own_transactions(),
            patch.object(type(self.messages), "_dispatch", lambda _self, _end: (7, True)),
        ):
            self.assertEqual(self.messages._job_lane(3), "7")
        self.assertEqual(self.jobs().mapped("identity_key"), [f"{KEY}3"])

    def test_the_scheduled_action_only_enqueues(self):
        message = self.message(self.contacts(3))
        message.action_send()
        self.jobs().unlink()
        with job_runner(self.env.cr.dbname):
            self.cron_dispatch()
        self.assertEqual(len(self.jobs()), 1)
        self.assertEqual(message.state, "scheduled")

    def test_the_scheduled_action_leaves_the_queue_alone_when_nothing_waits(self):
        with job_runner(self.env.cr.dbname):
            self.cron_dispatch()
        self.assertFalse(self.jobs())

    def test_jobs_that_do_not_come_through(self):
        """A runner that cannot reach Odoo, or a channel without capacity, stops no campaign."""
        message = self.message(self.contacts(3))
        with job_runner(self.env.cr.dbname):
            message.action_send()
            self.assertTrue(self.messages._jobs_come_through())
            self.env.cr.execute(
                "UPDATE queue_job SET date_created = date_created - make_interval(secs => %s)",
                [PATIENCE + 1],
            )
            self.assertFalse(self.messages._jobs_come_through())
            self.cron_dispatch()
            self.assertEqual(message.state, "sent")
            self.messages._enqueue_lane(2)
            self.env.cr.execute(
                "UPDATE queue_job SET state = 'started' WHERE identity_key = %s", [f"{KEY}2"]
            )
            self.assertTrue(self.messages._jobs_come_through(), "a lane works")

    def test_number_of_lanes(self):
        settings = self.env["res.config.settings"]
        settings.create({"sms_marketing_lanes": 6}).execute()
        self.assertEqual(self.messages._lanes(), 6)
        for wrong in (0, -1, 1000):
            with self.assertRaises(ValidationError):
                settings.create({"sms_marketing_lanes": wrong})

    def test_removal_takes_waiting_jobs_away(self):
        with job_runner(self.env.cr.dbname):
            self.messages._trigger_dispatch()
        uninstall_hook(self.env)
        self.assertFalse(self.jobs())
