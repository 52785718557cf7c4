"""The demo's main job. Runs inside Odoo's shell.

It goes the way that a user and the scheduled actions go: import a file, write a campaign, press
Send, start what is due, run a lane, let the sandbox carrier play, roll the figures up. Each step
is a transaction of its own, as in a server.
"""

import sys
import time
from pathlib import Path

from odoo.fields import Command
from odoo.modules.module import get_module_path
from odoo.tools import SQL

from odoo.addons.sms_marketing.engine import (
    contact_file,
    contact_import,
    sandbox,
    schedule,
    statistics,
)
from odoo.addons.sms_marketing.engine.dispatch import Lane
from odoo.addons.sms_marketing.engine.transactions import in_own_transaction
from odoo.addons.sms_marketing.engine.vocabulary import REASONS
from odoo.addons.sms_marketing.models.sms_marketing_consent import LEGAL_BASES

from . import demo_figures, demo_report
from .demo_progress import Progress
from .report import note, step

CONTACTS = "demo/contacts.csv"
CAMPAIGN = "Autumn offer"
BODY = (
    "Hi {{ object.first_name ||| there }}, autumn is here 🍂 20% off all hiking boots until "
    "Sunday: https://shop.example.com/autumn?colour=moss"
)

#: The company's line under each text, by language; other languages have the English one.
OPT_OUT_TEXTS = {
    "fr_FR": "STOP pour ne plus rien recevoir",
    "de_DE": "Abmelden mit STOP",
    "nl_NL": "Afmelden? Antwoord STOP",
    "es_ES": "Responda STOP para darse de baja",
}
#: Where the sender may send to; the file has contacts of Japan too.
COUNTRIES = ("US", "CA", "GB", "FR", "DE", "NL", "BE", "ES", "AU", "IN", "BR", "GR")

#: Small batches, so that the progress bar moves.
BATCH_SIZE = 20
#: The sandbox's last event comes within about ten seconds; far later something is broken.
PATIENCE = 90


class DemoError(Exception):
    """The job cannot go on; the text says why."""


def main(env, base_url):
    """Import, send, wait, report; return the exit status.

    :param base_url: where short links lead to: the web client, once it is served
    """
    sys.stdout.reconfigure(errors="replace")
    try:
        with step("Importing contacts and their consent"):
            path, content, result = import_contacts(env, base_url)
        demo_report.print_import(path.name, content, result)
        print()
        with step("Sending a campaign through the sandbox carrier"):
            message_id = create_message(env)
            send(env, message_id)
        return report(env, message_id)
    except DemoError as error:
        note(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def report(env, message_id):
    """Print the campaign's figures and check them; return 0 if they add up, else 1."""

    def read(admin):
        return demo_figures.read(admin, message_id)

    _roll_up_all(env.registry)
    figures = _as_admin(env.registry, read)
    failed = demo_figures.failed_checks(figures)
    demo_report.print_campaign(figures, dict(REASONS))
    demo_report.print_checks(len(demo_figures.CHECKS), failed)
    return 1 if failed else 0


def import_contacts(env, base_url):
    """Bring the file's contacts into the database and put them on lists.

    :return: the file's path, what was read in it, and what the import did
    """
    path = Path(get_module_path("sms_marketing")) / CONTACTS
    content = contact_file.read(env, path.read_bytes(), dict(LEGAL_BASES))
    progress = Progress("Contacts", len(content.rows))
    progress.show(0)

    def work(admin):
        _set_company_up(admin, base_url)
        subscription_type = admin.ref("sms_marketing.subscription_type_offers")
        result = contact_import.load(admin, content.rows, subscription_type, progress.show)
        _set_lists_up(admin, result.partner_ids)
        return result

    result = _as_admin(env.registry, work)
    progress.close()
    return path, content, result


def _set_company_up(env, base_url):
    company = env.company
    company.write({"name": "Maple & Moss", "phone": "+1 212-555-0100"})
    if not company.country_id:
        company.country_id = env.ref("base.us")
    env["ir.config_parameter"].set_param("web.base.url", base_url)
    _open_day_and_night(env)
    for code, text in OPT_OUT_TEXTS.items():
        env["res.lang"]._activate_lang(code)
        company.with_context(lang=code).sms_marketing_opt_out_text = text
    gateway = _find_or_create(
        env["sms.marketing.gateway"], {"name": "Sandbox (demo)", "provider": "sandbox"}
    )
    countries = env["res.country"].search([("code", "in", COUNTRIES)])
    for value, kind, label in (
        ("+18005550123", "number", "Shop"),
        ("MapleMoss", "name", "Where names are allowed"),
    ):
        _find_or_create(
            env["sms.marketing.sender"],
            {"value": value, "gateway_id": gateway.id},
            kind=kind,
            label=label,
            country_ids=[Command.set(countries.ids if kind == "number" else [])],
        )


def _open_day_and_night(env):
    """So that the demo's texts go out whenever it is tried, as nobody gets them."""
    hours = _find_or_create(
        env["sms.marketing.quiet.hours"], {"company_id": env.company.id, "country_id": False}
    )
    hours.write({"opens": 0, "closes": 24})


def _set_lists_up(env, partner_ids):
    lists = env["sms.marketing.list"]
    imported = _find_or_create(lists, {"name": "Imported customers", "kind": "fixed"})
    imported.partner_ids = [Command.set(partner_ids)]
    _find_or_create(
        lists,
        {"name": "Customers in North America", "kind": "rule"},
        domain="[('ref', '=like', 'C0%'), ('country_id.code', 'in', ['US', 'CA'])]",
    )
    _find_or_create(
        lists,
        {"name": "Our own staff", "kind": "rule"},
        domain="[('email', '=ilike', '%@maplemoss.example')]",
    )


def create_message(env):
    """Write the campaign and press Send; return the message's id."""

    def work(admin):
        lists = admin["sms.marketing.list"]
        campaign = _find_or_create(admin["utm.campaign"], {"title": "Autumn"})
        message = admin["sms.marketing.message"].create(
            {
                "name": _free_name(admin),
                "body": BODY,
                "subscription_type_id": admin.ref("sms_marketing.subscription_type_offers").id,
                "sender_id": admin["sms.marketing.sender"]
                .search(
                    [("value", "=", "+18005550123"), ("gateway_id.name", "=", "Sandbox (demo)")]
                )
                .id,
                "campaign_id": campaign.id,
                "include_list_ids": [
                    Command.set(
                        lists.search(
                            [("name", "in", ("Imported customers", "Customers in North America"))]
                        ).ids
                    )
                ],
                "exclude_list_ids": [
                    Command.set(lists.search([("name", "=", "Our own staff")]).ids)
                ],
            }
        )
        message.action_send()
        note(f"“{message.name}”: {message.preview_text!r}")
        note(
            f"{message.preview_encoding}, {message.preview_characters} characters, "
            f"{message.preview_segments} segments where the first name is not known"
        )
        return message.id

    return _as_admin(env.registry, work)


def _free_name(env):
    names = set(
        env["sms.marketing.message"].with_context(active_test=False).search([]).mapped("name")
    )
    number = 1
    while (name := f"{CAMPAIGN} {number}" if number > 1 else CAMPAIGN) in names:
        number += 1
    return name


def send(env, message_id):
    """Do what the scheduled actions do, until nothing is to come any more."""
    registry = env.registry
    schedule.start_due(registry)
    state, total, _done = _progress(registry, message_id)
    if state == "draft":
        raise DemoError("the campaign could not start; its log in the web client says why")
    handed_over = Progress("Sending", total)
    handed_over.show(0)
    lane, remains = Lane(registry, BATCH_SIZE), True
    while remains:
        _handled, remains = lane.run(seconds=0)
        _state, total, done = _progress(registry, message_id)
        handed_over.show(done)
    handed_over.close(
        f"{total - done} to try again: the carrier was too busy" if done < total else ""
    )
    _wait_for_phones(registry, message_id, lane)


def _wait_for_phones(registry, message_id, lane):
    """Play receipts, replies and clicks as they come; send what becomes due: answers, retries."""
    expected, _settled, _next = _outlook(registry, message_id)
    receipts = Progress("Receipts", expected)
    end = time.monotonic() + PATIENCE
    while True:
        wait = in_own_transaction(registry, sandbox.play)
        lane.run()
        in_own_transaction(registry, statistics.roll_up)
        expected, settled, next_text = _outlook(registry, message_id)
        receipts.total = expected
        receipts.show(settled)
        waits = [seconds for seconds in (wait, next_text) if seconds is not None]
        if not waits:
            break
        if time.monotonic() > end:
            raise DemoError(f"after {PATIENCE} seconds there is still something to come")
        time.sleep(min(max(min(waits), 0.05), 1.0))
    receipts.close(f"{expected - settled} will not come" if expected > settled else "")


def _roll_up_all(registry):
    """Roll up what is marked; a server's scheduled action may be at it at the same time."""

    def marks(env):
        return env["sms.marketing.statistic.mark"].search_count([])

    end = time.monotonic() + PATIENCE
    in_own_transaction(registry, statistics.roll_up)
    while in_own_transaction(registry, marks) and time.monotonic() < end:
        time.sleep(0.2)
        in_own_transaction(registry, statistics.roll_up)


def _progress(registry, message_id):
    def work(env):
        progress = env["sms.marketing.message"].browse(message_id).get_progress()
        return progress["state"], progress["total"], progress["done"]

    return in_own_transaction(registry, work)


def _outlook(registry, message_id):
    """Texts that a receipt is expected for, receipts that came, seconds until the next text."""

    def work(env):
        return env.execute_query(
            SQL(
                """
                SELECT count(*) FILTER (WHERE message_id = %(message)s AND state IN (
                           'sent', 'delivered', 'undelivered', 'unknown')),
                       count(*) FILTER (WHERE message_id = %(message)s AND state IN (
                           'delivered', 'undelivered')),
                       extract(epoch FROM min(due_at) FILTER (WHERE state = 'queued')
                                          - clock_timestamp() AT TIME ZONE 'UTC')::float
                  FROM sms_marketing_recipient
                 WHERE message_id = %(message)s OR message_id IS NULL
                """,
                message=message_id,
            )
        )[0]

    return in_own_transaction(registry, work)


def _as_admin(registry, work):
    """Return `work(env)` with the administrator's rights, in a transaction of its own."""

    def as_admin(env):
        return work(env(user=env.ref("base.user_admin").id))

    return in_own_transaction(registry, as_admin)


def _find_or_create(model, key, **values):
    found = model.search([(name, "=", value) for name, value in key.items()], limit=1)
    return found or model.create({**key, **values})
