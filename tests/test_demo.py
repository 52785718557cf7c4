"""The demo as `make demo SERVE=0` runs it, twice, on a database of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from dev import demo, testing
from dev.environment import Environment

DATABASE = "sms_marketing_demo_test"

#: Changes that break one rule each, and the check that must tell. `{campaign}` is its id.
SABOTAGES = {
    "a recipient is gone": (
        "DELETE FROM sms_marketing_recipient WHERE id = ("
        "  SELECT min(id) FROM sms_marketing_recipient"
        "   WHERE message_id = {campaign} AND state = 'delivered')",
        "every contact on the lists is considered, once",
    ),
    "the rollup lost something": (
        "UPDATE sms_marketing_statistic SET value = value - 1"
        " WHERE message_id = {campaign} AND measure = 'delivered'",
        "the rollup equals the rows",
    ),
    "the rollup adds up wrongly": (
        "UPDATE sms_marketing_statistic SET value = value + 1"
        " WHERE message_id = {campaign} AND measure = 'sent'",
        "sent = delivered + undelivered + no receipt yet",
    ),
    "the page shows something else": (
        "DELETE FROM sms_marketing_statistic"
        " WHERE message_id = {campaign} AND measure = 'considered'",
        "the campaign's page equals the rows",
    ),
    "a text is still waiting": (
        "UPDATE sms_marketing_recipient SET state = 'queued' WHERE id = ("
        "  SELECT min(id) FROM sms_marketing_recipient"
        "   WHERE message_id = {campaign} AND state = 'delivered')",
        "nothing waits and the campaign is closed",
    ),
    "segments are recorded wrongly": (
        "UPDATE sms_marketing_recipient SET segments = 1"
        " WHERE message_id = {campaign} AND state = 'delivered'",
        "the segments used are those of the texts",
    ),
    "a number got it twice": (
        "DROP INDEX sms_marketing_recipient_message_number_unique;"
        "UPDATE sms_marketing_recipient SET state = 'delivered', sent_at = queued_at"
        " WHERE message_id = {campaign} AND reason = 'duplicate'",
        "no number was texted twice",
    ),
    "somebody who never agreed was texted": (
        "UPDATE sms_marketing_recipient SET state = 'delivered', sent_at = queued_at"
        " WHERE message_id = {campaign} AND reason = 'no_consent'",
        "everybody texted was subscribed by the consent log",
    ),
    "somebody who opted out was texted": (
        "UPDATE sms_marketing_recipient SET state = 'delivered', sent_at = queued_at"
        " WHERE message_id = {campaign} AND reason = 'unsubscribed'",
        "nobody was texted after an opt-out",
    ),
    "nobody was texted": (
        "UPDATE sms_marketing_recipient SET state = 'skipped' WHERE message_id = {campaign}",
        "somebody was texted",
    ),
}

#: Runs the demo's own report on a database in which something was changed; nothing is kept.
REPORT_AFTER = """
import sys
sys.path.insert(0, {root!r})
from unittest.mock import patch
from dev import demo_job
env.cr.execute({statement!r})
with (
    patch.object(demo_job, "_as_admin", lambda registry, work: work(env)),
    patch.object(demo_job, "_roll_up_all", lambda registry: None),
):
    status = demo_job.report(env, {campaign})
raise SystemExit(status)
"""


@pytest.fixture(scope="module")
def setup():
    """A database of the demo's own, deleted afterwards."""
    setup = testing.load()
    setup.clone(DATABASE)
    yield setup
    setup.drop(DATABASE)


@pytest.fixture(scope="module")
def runs(setup):
    """Two runs of the demo, one after the other: (exit status, what was printed) of each."""
    return [_run(setup), _run(setup)]


def _run(setup):
    """Run the demo in a process of its own, as `make` does; its output is no terminal."""
    environment = Environment(
        database=DATABASE,
        variables=setup.variables,
        port=8069,
        serve=False,
        is_new=False,
        root=Path(setup.root),
        python=Path(setup.python),
        odoo_conf=Path(setup.odoo_conf),
    )
    code = (
        "import sys; from pathlib import PosixPath; from dev import demo;"
        "from dev.environment import Environment;"
        f"sys.exit(demo.run({environment!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=setup.root, capture_output=True, text=True, timeout=300
    )
    return done.returncode, done.stdout + done.stderr


def _figures(output):
    """The lines of the printed campaign: [(depth, label, number)]."""
    _before, _title, table = output.partition("  Campaign “")
    return [
        ((len(match[1]) - 4) // 2, match[2], int(match[3]))
        for match in re.finditer(r"^( +)(\S.*?) \.{2,} +(\d+)$", table, re.M)
    ]


def _parts(figures, label):
    """Numbers of the lines right below the line with this label."""
    position = next(i for i, (_depth, name, _count) in enumerate(figures) if name == label)
    depth, parts = figures[position][0], []
    for below, _label, number in figures[position + 1 :]:
        if below <= depth:
            break
        if below == depth + 1:
            parts.append(number)
    return parts


def _number(figures, label):
    return next(number for _depth, name, number in figures if name == label)


@pytest.mark.parametrize("which", [0, 1])
def test_run_ends_well_and_its_figures_add_up(runs, which):
    status, output = runs[which]
    assert status == 0, output
    figures = _figures(output)
    for label in ("Contacts considered", "Sent", "Not delivered", "Not sent"):
        assert _number(figures, label) == sum(_parts(figures, label)), f"{label}\n{output}"
    assert _number(figures, "Refused") == sum(_parts(figures, "Refused")), output
    assert _number(figures, "Contacts considered") >= 300
    assert _number(figures, "Sent") >= 200
    assert _number(figures, "Delivered") > _number(figures, "Not delivered") > 0
    assert _number(figures, "Waiting") == 0
    assert _number(figures, "Segments used") > _number(figures, "Sent"), "an emoji makes two"
    assert _number(figures, "Clicks") > 0
    assert _number(figures, "Replies") > 0


def test_bad_lines_are_named_and_the_others_taken(runs):
    _status, output = runs[0]
    assert re.search(r"left out \.+ +10\b", output)
    for sentence in ("line 33: name is empty", "line 142: consent_date lies in the future"):
        assert sentence in output
    assert re.search(r"new contacts \.+ +409\b", output)


def test_second_run_finds_the_same_contacts(setup, runs):
    _status, output = runs[1]
    assert re.search(r"new contacts \.+ +0\b", output)
    assert re.search(r"known contacts, as the file has them \.+ +409\b", output)
    assert setup.sql(DATABASE, "SELECT count(*) FROM res_partner WHERE ref LIKE 'C0%'") == ["409"]


def test_second_run_makes_its_own_campaign_and_keeps_the_first(setup, runs):
    names = setup.sql(
        DATABASE,
        "SELECT name FROM sms_marketing_message WHERE state = 'sent' ORDER BY id",
    )
    assert names == ["Autumn offer", "Autumn offer 2"]
    sent = _number(_figures(runs[0][1]), "Sent")
    rows = setup.sql(
        DATABASE,
        "SELECT sum(value) FROM sms_marketing_statistic"
        f" WHERE message_id = {_campaign(setup, 'Autumn offer')} AND measure = 'sent'",
    )
    assert rows == [str(sent)]


def test_second_run_texts_nobody_who_opted_out_in_the_first(setup, runs):
    first = _figures(runs[0][1])
    opted_out = set(
        setup.sql(DATABASE, "SELECT number FROM sms_marketing_inbound WHERE action = 'stop'")
    ) | set(
        setup.sql(DATABASE, "SELECT number FROM sms_marketing_consent WHERE method = 'carrier'")
    )
    assert len(opted_out) > _number(first, "Opt-outs") > 0
    texted = set(
        setup.sql(
            DATABASE,
            "SELECT number FROM sms_marketing_recipient WHERE state <> 'skipped'"
            f" AND message_id = {_campaign(setup, 'Autumn offer 2')}",
        )
    )
    assert texted, "the second campaign went to somebody"
    assert not opted_out & texted
    second = _figures(runs[1][1])
    assert _number(second, "Opted out") == _number(first, "Opted out") + len(opted_out)


@pytest.mark.parametrize("sabotage", SABOTAGES)
def test_figures_that_do_not_add_up_end_with_an_error(setup, runs, sabotage):
    assert runs[0][0] == 0
    statement, check = SABOTAGES[sabotage]
    campaign = _campaign(setup, "Autumn offer")
    status, output = _report_after(setup, campaign, statement.format(campaign=campaign))
    assert status == 1, output
    assert f"CHECK FAILED: {check}: " in output, output


def test_the_same_report_on_untouched_data_ends_well(setup, runs):
    status, output = _report_after(setup, _campaign(setup, "Autumn offer"), "SELECT 1")
    assert status == 0, output
    assert _figures(output)[:1] == _figures(runs[0][1])[:1]


def test_a_job_that_breaks_off_ends_with_an_error(setup, monkeypatch, capfd):
    monkeypatch.setattr(demo, "BOOTSTRAP", "raise ValueError('boom {root} {base_url}')")
    environment = Environment(
        database=DATABASE, variables=setup.variables, port=8069, serve=False, is_new=False
    )
    assert demo.run(environment) != 0
    assert "boom" in capfd.readouterr().err


def _campaign(setup, name):
    [message_id] = setup.sql(
        DATABASE, f"SELECT id FROM sms_marketing_message WHERE name = '{name}'"
    )
    return int(message_id)


def _report_after(setup, campaign, statement):
    code = REPORT_AFTER.format(root=setup.root, statement=statement, campaign=campaign)
    done = subprocess.run(
        setup.odoo(DATABASE, "shell", "--no-http", "--log-level", "error"),
        input=code,
        cwd=setup.dev,
        env=setup.variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr
