"""Odoo can end with status 0 although its log tells of an error: the log decides."""

import pytest

from dev.database import problems_in

START = "2026-03-01 10:00:00,123 42 {level} sms_marketing_test {logger}: {text}"


def line(level, text, logger="odoo.modules.loading"):
    return START.format(level=level, logger=logger, text=text)


@pytest.mark.parametrize("level", ["ERROR", "CRITICAL"])
def test_errors_of_anyone_count(level):
    log = "\n".join([line("INFO", "0 failed of 4 tests"), line(level, "Failed to initialize")])
    assert problems_in(log) == [line(level, "Failed to initialize")]


def test_traceback_counts_whatever_its_level():
    trace = "Traceback (most recent call last):\n  File x\nValueError: no"
    [problem] = problems_in(line("INFO", "something") + "\n" + trace + "\n" + line("INFO", "next"))
    assert problem.endswith("ValueError: no")


def test_only_our_warnings_count():
    ours = line("WARNING", "Field has no label", "odoo.addons.sms_marketing.models.message")
    named = line("WARNING", "The model sms_marketing.x has no access rules")
    other = line("WARNING", "Running as user 'root' is a security risk.", "odoo.service")
    assert problems_in("\n".join([ours, other, named])) == [ours, named]


def test_text_before_the_log_and_empty_log():
    assert problems_in("") == []
    assert problems_in("free text\n" + line("INFO", "fine")) == []
