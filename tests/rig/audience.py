"""Preparing a message to very many contacts, ours and Odoo's own; for `odoo.run_in_shell`."""

import os
import random
import signal
import time
from pathlib import Path

from odoo.fields import Command

from .faults import fork

BODY = "Hello {{ object.%s ||| there }}, autumn has come: %s"
TARGET = "http://127.0.0.1:9/autumn"  # Odoo's own apps ask the page for its title: nobody is there
ZONES = ["America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"]
#: The peer cannot prepare more than about 16,200 recipients of one mailing.
MOST_OF_A_MAILING = 10_000


def make_contacts(env, until, extra):
    """Contacts by SQL, so that there are so many of them, each with an American number.

    :param dict extra: further columns and the SQL of their values
    """
    env.flush_all()
    env.cr.execute(
        f"""
        INSERT INTO res_partner (name, complete_name, ref, active, type, lang, country_id, tz,
                                 phone, {", ".join(extra)})
        SELECT 'Customer ' || n, 'Customer ' || n, 'audience', TRUE, 'contact', 'en_US', %(usa)s,
               (%(zones)s::text[])[1 + n %% 4], number, {", ".join(extra.values())}
          FROM (SELECT n, '+1303' || (2000000 + n) AS number
                  FROM generate_series((SELECT count(*) + 1 FROM res_partner
                                         WHERE ref = 'audience'), %(until)s) AS n) AS made
        """,
        {"usa": env.ref("base.us").id, "zones": ZONES, "until": until},
    )


def commit_and_analyze(env, *tables):
    """What autovacuum does after so many rows."""
    env.cr.commit()
    for table in tables:
        env.cr.execute(f"ANALYZE {table}")
    env.cr.commit()


class Watch:
    """What a block took: `seconds`, `queries`, and `peak`, the most memory resident in it (MiB)."""

    def __init__(self, env):
        self.env = env

    def __enter__(self):
        Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here on
        self._queries = _queries()
        self._began = time.monotonic()
        return self

    def __exit__(self, *_error):
        self.seconds = time.monotonic() - self._began
        self.queries = _queries() - self._queries
        status = Path("/proc/self/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        self.peak = int(line.split()[1]) / 1024

    @property
    def figures(self):
        return {"seconds": self.seconds, "queries": self.queries, "peak": self.peak}


def _queries():
    """Statements of all cursors of this process until now."""
    from odoo import sql_db

    return sql_db.sql_counter


# ------------------------------------------------------------
# Ours
# ------------------------------------------------------------


def ours(env, *, sizes, runs, written):
    """Prepare a message to a list with a rule, for each number of contacts.

    :param written: of how many recipients the texts are written, at most
    :return: {number of contacts: [{what: figures} of each run]}
    """
    wanted, everybody, nobody = _set_up(env)
    found = {}
    for size in sizes:
        _make_subscribed(env, size, wanted)
        found[size] = []
        for _run in range(runs):
            env.cr.execute("TRUNCATE sms_marketing_recipient CASCADE")
            commit_and_analyze(env, "sms_marketing_recipient")
            message = _draft(env, wanted, everybody, nobody)
            found[size].append(_prepare(env, message, size, written))
    return found


def _set_up(env):
    """A sender, a subscription type, a list with a rule for everybody and one for nobody."""
    from odoo.addons.sms_marketing.engine import consent

    env["ir.cron"].search([]).active = False
    hours = env["sms.marketing.quiet.hours"]
    hours.search([]).unlink()
    hours.create({"opens": 0, "closes": 24})
    gateway = env["sms.marketing.gateway"].create({"name": "Sandbox"})
    env["sms.marketing.sender"].create({"value": "+12025550123", "gateway_id": gateway.id})
    wanted = env["sms.marketing.subscription.type"].create({"name": "Autumn"})
    everybody, nobody = env["sms.marketing.list"].create(
        [
            {"name": name, "kind": "rule", "domain": repr([("ref", "=", ref)])}
            for name, ref in (("Everybody", "audience"), ("Nobody", "left out"))
        ]
    )
    # One consent by the front door, the others by SQL as it writes them.
    consent.record(
        env,
        [
            consent.ConsentChange(
                "+13032000001",
                wanted.id,
                "subscribed",
                method="form",
                legal_basis="written_consent",
                explanation="paper",
            )
        ],
    )
    return wanted, everybody, nobody


def _make_subscribed(env, size, wanted):
    """As many contacts as the size says, each of whom has agreed."""
    make_contacts(
        env,
        size,
        {"mobile": "number", "mobile_e164": "number", "sms_marketing": "TRUE"}
        | {"phone_e164": "number"},
    )
    env.cr.execute(
        """
        INSERT INTO sms_marketing_subscription (type_id, company_id, number, state, since)
        SELECT %s, %s, mobile_e164, 'subscribed', now() AT TIME ZONE 'UTC'
          FROM res_partner WHERE ref = 'audience'
        ON CONFLICT (number, type_id) DO NOTHING
        """,
        [wanted.id, env.company.id],
    )
    commit_and_analyze(env, "res_partner", "sms_marketing_subscription")


def _draft(env, wanted, everybody, nobody):
    message = env["sms.marketing.message"].create(
        {
            "name": "Autumn",
            "body": BODY % ("first_name", TARGET),
            "subscription_type_id": wanted.id,
            "include_list_ids": [Command.set(everybody.ids)],
            "exclude_list_ids": [Command.set(nobody.ids)],
        }
    )
    env.cr.commit()
    return message


def _prepare(env, message, size, written):
    """Send a draft, up to the texts; {what: figures}."""
    from odoo.addons.sms_marketing.engine import schedule
    from odoo.addons.sms_marketing.engine.claims import claim, write_texts
    from odoo.addons.sms_marketing.engine.dispatch import MOST_TEXTS
    from odoo.addons.sms_marketing.engine.texts import Addressee
    from odoo.addons.sms_marketing.engine.transactions import in_own_transaction

    # Both in batches as of a lane that has found its gateway quick.
    def write(own):
        own.cr.execute(
            "SELECT id, partner_id, token FROM sms_marketing_recipient"
            " WHERE id > %s AND message_id = %s AND state = 'queued' ORDER BY id LIMIT %s",
            [last, message.id, MOST_TEXTS],
        )
        rows = own.cr.fetchall()
        write_texts(own, message.id, [Addressee(*row) for _id, *row in rows])
        return len(rows), rows[-1][0]

    def take(own):
        claims, _seen = claim(own, message.id, MOST_TEXTS, message.sender_id.id)
        return len(claims)

    with Watch(env) as request:
        message.action_send()
        env.cr.commit()
    with Watch(env) as start:
        schedule.start_due(env.registry)
        while schedule.write_next(env.registry):
            pass
    env.invalidate_all()
    rows = "FROM sms_marketing_recipient WHERE message_id = %s AND state = 'queued'"
    env.cr.execute(f"SELECT count(*) {rows}", [message.id])
    assert env.cr.fetchone() == (size,), "not everybody gets it"
    bare = _insert(env, message, rows, with_foreign_keys=False)
    bound = _insert(env, message, rows, with_foreign_keys=True)
    done, batches, last = 0, 0, 0
    with Watch(env) as texts:
        while done < min(size, written):
            count, last = in_own_transaction(env.registry, write)
            done += count
            batches += 1
    taken = 0
    with Watch(env) as claims:
        while taken < min(size, written):
            taken += in_own_transaction(env.registry, take)
    return {
        "request": request.figures,
        "start": start.figures,
        "bare": bare.figures,
        "bound": bound.figures,
        "texts": texts.figures | {"written": done, "batches": batches},
        "claims": claims.figures | {"written": taken},
    }


def _insert(env, message, rows, with_foreign_keys):
    """What one statement takes that writes the same rows into a table like theirs."""
    env.cr.execute("CREATE TABLE bare (LIKE sms_marketing_recipient INCLUDING ALL)")
    if with_foreign_keys:
        env.cr.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = 'sms_marketing_recipient'::regclass AND contype = 'f'"
        )
        for (key,) in env.cr.fetchall():
            env.cr.execute(f"ALTER TABLE bare ADD {key}")
    env.cr.commit()
    with Watch(env) as took:
        env.cr.execute(f"INSERT INTO bare SELECT * {rows}", [message.id])
        env.cr.commit()
    env.cr.execute("DROP TABLE bare")
    env.cr.commit()
    return took


def enduring(env, *, size):
    """A draft to so many contacts, through a generic gateway that has receipts called back.

    :return: ids of `gateway` and `message`
    """
    wanted, everybody, nobody = _set_up(env)
    _make_subscribed(env, size, wanted)
    gateway = env["sms.marketing.gateway"].create(
        {
            "name": "Fast provider",
            "provider": "generic",
            "generic_url": "http://127.0.0.1:9/",
            "generic_method": "POST",
            "generic_body_type": "form",
            "generic_body": "To={{ number }}&Body={{ text }}&Receipt={{ receipt_url }}",
            "generic_success_path": "status",
            "generic_success_value": "queued",
            "generic_delivered_words": "delivered",
        }
    )
    message = _draft(env, wanted, everybody, nobody)
    message.sender_id.gateway_id = gateway
    for name in ("dispatch", "roll_up"):
        env.ref(f"sms_marketing.ir_cron_{name}").active = True
    env.cr.commit()
    return {"gateway": gateway.id, "message": message.id}


def killed(env, *, size, kills):
    """Kill who starts a message to so many, then whoever writes its recipients; let two end it.

    :return: `seen`, recipients that were there after the start and each kill; `end`, recipients at
        the end, how many contacts and numbers they have, and what is left to write
    """
    from odoo.addons.sms_marketing.engine import schedule

    wanted, everybody, nobody = _set_up(env)
    _make_subscribed(env, size, wanted)
    message = _draft(env, wanted, everybody, nobody)
    message.action_send()
    env.cr.commit()

    def start():
        schedule.start_due(env.registry)

    def write():
        while schedule.write_next(env.registry):
            pass

    child = fork(start)
    time.sleep(random.uniform(0.05, 1))
    _kill(env, child)
    start()
    seen = [_written(env)]
    for _kill_of_writer in range(kills):
        child = fork(write)
        while _written(env) == seen[-1]:
            time.sleep(0.02)
        time.sleep(random.uniform(0, 0.1))  # in the middle of the next piece, or of the one after
        _kill(env, child)
        seen.append(_written(env))
    for child in [fork(write), fork(write)]:
        os.waitpid(child, 0)
    env.cr.execute(
        """
        SELECT count(*), count(DISTINCT partner_id), count(DISTINCT number),
               (SELECT count(*) FROM sms_marketing_audience)
          FROM sms_marketing_recipient WHERE message_id = %s AND state = 'queued'
        """,
        [message.id],
    )
    return {"seen": seen, "end": env.cr.fetchone()}


def _written(env):
    env.cr.execute("SELECT count(*) FROM sms_marketing_recipient")
    [count] = env.cr.fetchone()
    env.cr.commit()
    return count


def _kill(env, child):
    """Kill a process, and wait until PostgreSQL has seen it: at the end of its statement."""
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start"
    while True:
        env.cr.execute(f"{busy} IS NOT NULL AND pid <> pg_backend_pid()")
        [others] = env.cr.fetchone()
        env.cr.commit()
        if not others:
            return
        time.sleep(0.05)


# ------------------------------------------------------------
# Odoo's own SMS apps
# ------------------------------------------------------------


def peer(env, *, size):
    """Prepare so many texts with mass_mailing_sms, in mailings as large as it can.

    :return: figures
    """
    env["ir.cron"].search([]).active = False
    make_contacts(env, size, {"phone_sanitized": "number"})
    commit_and_analyze(env, "res_partner")
    partners = env["res.partner"].search([("ref", "=", "audience")], order="id").ids
    mailing = env["mailing.mailing"].create(
        [
            {
                "subject": f"Autumn {begin}",
                "mailing_type": "sms",
                "body_plaintext": BODY % ("name", TARGET),
                "mailing_model_id": env["ir.model"]._get_id("res.partner"),
                "mailing_domain": repr([("id", "in", partners[begin : begin + MOST_OF_A_MAILING])]),
            }
            for begin in range(0, size, MOST_OF_A_MAILING)
        ]
    )
    env.cr.commit()
    with Watch(env) as prepared:
        for one in mailing:
            one.action_send_sms()
            env.cr.commit()
    waiting = env["sms.sms"].search_count([("mailing_id", "in", mailing.ids)])
    assert waiting == size, f"{waiting} of {size} texts"
    return prepared.figures
