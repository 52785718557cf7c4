"""What the tests of the records share: a company that may text, and short ways to its records."""

from contextlib import contextmanager, nullcontext
from itertools import count

from odoo.fields import Command
from odoo.tests import HttpCase, TransactionCase, new_test_user

from ..engine import audience, consent, dispatch, sandbox, schedule, statistics
from .http_player import PATIENCE

SENDER = "+12025550123"


def models_of_the_add_on(env):
    """Names of the add-on's own models, wizards included."""
    return {
        name
        for name, model in env.registry.models.items()
        if model._original_module == "sms_marketing" and not model._abstract
    }


class SmsMarketingMixin:
    """An American company with a sandbox gateway, a sender and a subscription type.

    Everything is in the test's transaction: `run_lane` and its like open their own cursors, as
    in real life, but these are laid over the test's.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.usa = cls.env.ref("base.us")
        cls.company = cls.env.company
        cls.company.country_id = cls.usa
        # Tests say themselves where a STOP shall fill Odoo's blacklist.
        cls.company.sms_marketing_fill_blacklist = False
        # A lane sends whatever is due: keep it from messages that the database came with.
        cls.env.cr.execute(
            "UPDATE sms_marketing_message SET state = 'draft'"
            " WHERE state IN ('scheduled', 'sending', 'paused')"
        )
        cls.env.cr.execute("DELETE FROM sms_marketing_recipient WHERE state = 'queued'")
        # Nothing but the test's own sender is chosen.
        cls.env.cr.execute("UPDATE sms_marketing_sender SET active = FALSE")
        cls.env.invalidate_all()
        cls._counter = count(1)
        # Tests run at night too; those of quiet hours set their own.
        cls.set_quiet_hours()
        cls.gateway = cls.make_gateway()
        cls.sender = cls.make_sender()
        cls.type = cls.env["sms.marketing.subscription.type"].create({"name": "Test offers"})

    # ------------------------------------------------------------
    # Records
    # ------------------------------------------------------------

    @classmethod
    def set_quiet_hours(cls, opens=0.0, closes=24.0, company=None, country=None, **vals):
        """Replace a company's quiet hours for a country (None: all others); by default none."""
        company = company or cls.company
        hours = cls.env["sms.marketing.quiet.hours"]
        key = {"company_id": company.id, "country_id": country and country.id}
        hours.search([(name, "=", value or False) for name, value in key.items()]).unlink()
        return hours.create({**key, "opens": opens, "closes": closes, **vals})

    @classmethod
    def make_gateway(cls, **vals):
        return cls.env["sms.marketing.gateway"].create({"name": "Sandbox", **vals})

    @classmethod
    def make_kannel_gateway(cls, **vals):
        """A Kannel gateway that nothing listens to (port 9, discard)."""
        return cls.make_gateway(
            **{
                "name": "Kannel",
                "provider": "kannel",
                "kannel_url": "http://127.0.0.1:9/cgi-bin/sendsms",
                "kannel_username": "tester",
                "kannel_password": "correct horse battery staple",
                **vals,
            }
        )

    @classmethod
    def make_sender(cls, value=SENDER, gateway=None, **vals):
        """The number may text the whole of North America (+1)."""
        return cls.env["sms.marketing.sender"].create(
            {"value": value, "gateway_id": (gateway or cls.gateway).id, **vals}
        )

    @classmethod
    def number(cls):
        """A number that nobody had before; the sandbox carrier delivers to it."""
        block, last = divmod(next(cls._counter), 80)  # 86 to 99 are the sandbox's magic numbers
        return f"+1303{200 + block}00{last:02d}"

    @classmethod
    def contact(cls, mobile=None, *, subscribed=False, **vals):
        """A contact whose marketing status is on.

        :param mobile: a number; None takes a new one, False leaves it empty
        :param subscribed: whether its mobile agreed to ``cls.type``
        """
        mobile = cls.number() if mobile is None else mobile
        partner = cls.env["res.partner"].create(
            {
                "name": f"Contact {next(cls._counter)}",
                "mobile": mobile,
                "country_id": cls.usa.id,
                "sms_marketing": True,
                **vals,
            }
        )
        if subscribed:
            cls.subscribe(partner.mobile_e164)
        return partner

    @classmethod
    def contacts(cls, amount, **vals):
        """So many contacts, subscribed."""
        partners = cls.env["res.partner"].union(*(cls.contact(**vals) for _ in range(amount)))
        cls.subscribe(*partners.mapped("mobile_e164"))
        return partners

    @classmethod
    def subscribe(cls, *numbers, type=None, state="subscribed", **facts):
        """Record consent of these numbers; returns the changes that were left out."""
        facts = {
            "method": "form",
            "legal_basis": "written_consent",
            "explanation": "Paper form 7",
            **facts,
        }
        return consent.record(
            cls.env,
            [
                consent.ConsentChange(number, (type or cls.type).id, state, **facts)
                for number in numbers
            ],
        )

    @classmethod
    def unsubscribe(cls, *numbers, **facts):
        return cls.subscribe(
            *numbers,
            **{"state": "unsubscribed", "method": "keyword", "legal_basis": "withdrawal", **facts},
        )

    @classmethod
    def message(cls, contacts=(), **vals):
        """A draft message to these contacts (records or ids)."""
        ids = getattr(contacts, "ids", None) or [getattr(one, "id", one) for one in contacts]
        return cls.env["sms.marketing.message"].create(
            {
                "name": "Test message",
                "body": "Hello, this is a test.",
                "sender_id": cls.sender.id,
                "subscription_type_id": cls.type.id,
                "include_partner_ids": [Command.set(ids)],
                **vals,
            }
        )

    @classmethod
    def store_body(cls, message, body):
        """Put a text into the database that is refused when saved.

        As it is left there when the field of a token is deleted later.
        """
        cls.env.flush_all()
        cls.env.cr.execute(
            "UPDATE sms_marketing_message SET body = %s WHERE id = %s", [body, message.id]
        )
        message.invalidate_recordset(["body"])

    @classmethod
    def user(cls, login, groups="sms_marketing.group_user", **vals):
        """A user; ``groups`` are external ids separated by commas."""
        return new_test_user(cls.env, login=login, groups=groups, **vals)

    @classmethod
    def make_company(cls, name="Other company"):
        """A company with its own gateway, sender and subscription type, as attributes of a dict."""
        company = cls.env["res.company"].create(
            {"name": name, "country_id": cls.usa.id, "sms_marketing_fill_blacklist": False}
        )
        # Whose messages and numbers the tests make, unless they say otherwise.
        cls.env.user.company_ids += company
        cls.set_quiet_hours(company=company)
        of_company = cls.env(context={**cls.env.context, "allowed_company_ids": company.ids})
        gateway = of_company["sms.marketing.gateway"].create(
            {"name": f"Sandbox of {name}", "company_id": company.id}
        )
        return {
            "company": company,
            "gateway": gateway,
            "sender": of_company["sms.marketing.sender"].create(
                {"value": SENDER, "gateway_id": gateway.id, "company_id": company.id}
            ),
            "type": of_company["sms.marketing.subscription.type"].create(
                {"name": f"Offers of {name}", "company_id": company.id}
            ),
        }

    # ------------------------------------------------------------
    # What moves a message
    # ------------------------------------------------------------

    @contextmanager
    def own_transactions(self):
        """Cursors opened in here are laid over the test's; what they did is seen afterwards."""
        self.env.flush_all()
        # An HttpCase is in this mode from the beginning.
        mode = nullcontext() if isinstance(self, HttpCase) else self.enter_registry_test_mode()
        with mode:
            yield self.registry
        self.env.invalidate_all()

    def write_audience(self, message):
        """Write the recipients of a draft as its start would; number of contacts considered."""
        message.sudo().started_at = self.env.cr.now()
        counts = audience.settle(message, message.started_at)
        while audience.write_piece(message):
            pass
        return sum(counts.values())

    def run_lane(self, seconds=None, **lane):
        """Start what is due and send what is due; returns (texts handled, whether work remains)."""
        with self.own_transactions() as registry:
            schedule.start_due(registry)
            return dispatch.Lane(registry, **lane).run(seconds)

    def send(self, message):
        """Send a draft message now, to the end; returns its recipients."""
        message.action_send()
        self.run_lane()
        return message.recipient_ids

    def send_to(self, partner, **vals):
        """The contact's own recipient of a message that goes to another contact as well.

        A message that nobody would get is not sent at all.
        """
        recipients = self.send(self.message(partner | self.contacts(1), **vals))
        return recipients.filtered(lambda recipient: recipient.partner_id == partner)

    def states(self, message):
        """{state: number} of the message's recipients."""
        self.env.flush_all()
        return dict(
            self.env["sms.marketing.recipient"]._read_group(
                [("message_id", "=", message.id)], ["state"], ["__count"]
            )
        )

    def let_time_pass(self, seconds):
        """Put everything that waits or has happened so many seconds further back.

        The queue and the sandbox go by the database's clock, which cannot be set.
        """
        self.env.flush_all()
        for table, columns in {
            "sms_marketing_recipient": (
                "send_at",
                "due_at",
                "queued_at",
                "sent_at",
                "settled_at",
                "not_taken_since",
                "lease_until",
                "open_until",
                "lookup_at",
            ),
            "sms_marketing_message": ("scheduled_at", "starts_at"),
            "sms_marketing_gateway": (
                "sandbox_played_until",
                "down_since",
                "next_try_at",
                "paused_until",
                "write_date",
            ),
            "sms_marketing_rate": ("next_free",),
        }.items():
            shifts = ", ".join(f"{name} = {name} - make_interval(secs => %s)" for name in columns)
            self.env.cr.execute(f"UPDATE {table} SET {shifts}", [seconds] * len(columns))
        self.env.invalidate_all()

    def end_pauses(self):
        """Let all gateways be as if they had never failed."""
        self.env["sms.marketing.gateway"].search([]).write(
            {
                "failures": 0,
                "tries": 0,
                "down_since": False,
                "next_try_at": False,
                "paused_until": False,
            }
        )

    def play_sandbox(self, seconds=30):
        """Let the sandbox carrier's receipts, replies and clicks of so many seconds come in."""
        self.let_time_pass(seconds)
        with self.own_transactions() as registry, registry.cursor() as cr:
            sandbox.play(self.env(cr=cr))

    def roll_up(self):
        """Bring the figures of messages up to date."""
        self.env.flush_all()
        statistics.roll_up(self.env)
        self.env.invalidate_all()


class SmsMarketingCase(SmsMarketingMixin, TransactionCase):
    """A test of records."""


class SmsMarketingHttpCase(SmsMarketingMixin, HttpCase):
    """A test over HTTP. Its limits of time are those of a machine that is slow and busy."""

    test_cursor_lock_timeout = PATIENCE

    def url_open(self, *args, timeout=PATIENCE, **kwargs):
        return super().url_open(*args, timeout=timeout, **kwargs)
