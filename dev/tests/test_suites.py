"""`make test` fails on every way in which tests can silently not run."""

import time

import pytest

from dev import suites
from dev.suites import Result


@pytest.fixture(autouse=True)
def no_ci(monkeypatch):
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def floor(tmp_path, monkeypatch):
    path = tmp_path / "test-count.txt"
    path.write_text("# comment\nodoo 3\nsystem 2\n")
    monkeypatch.setattr(suites, "FLOOR", path)
    monkeypatch.setattr(suites, "ROOT", tmp_path)
    return path


def last_line(capsys):
    return capsys.readouterr().out.splitlines()[-1]


def test_counts_and_status(capsys):
    results = [Result("odoo", passed=5, skipped={"a": "why"}), Result("system", passed=2)]
    assert suites._summary(results, []) == 0
    assert last_line(capsys) == "7 passed, 0 failed, 1 skipped"


def test_failed_check_fails(capsys):
    assert suites._summary([Result("odoo", passed=5)], ["check failed: ruff"]) == 1
    assert last_line(capsys) == "5 passed, 1 failed, 0 skipped"


def test_nothing_run_fails(capsys):
    assert suites._summary([], []) == 1
    assert last_line(capsys) == "0 passed, 0 failed, 0 skipped"


@pytest.mark.parametrize(
    "reason",
    [
        "Chrome executable not found",
        "websocket-client module is not installed",
        "Debian package not installed: kannel",
    ],
)
def test_missing_part_fails_in_ci_only(reason, monkeypatch, capsys):
    results = [Result("odoo", passed=1, skipped={"a test": reason})]
    assert suites._summary(results, []) == 0
    monkeypatch.setenv("CI", "true")
    assert suites._summary(results, []) == 1
    assert last_line(capsys) == "1 passed, 1 failed, 1 skipped"


def test_fewer_tests_than_before(floor):
    [problem] = suites._below_floor([Result("odoo", passed=2), Result("system", passed=2)], False)
    assert problem.startswith("odoo: 2 tests passed, at least 3")


def test_tests_skipped_for_a_missing_part_are_not_missed(floor, monkeypatch):
    skipped = {"a": "Chrome executable not found", "b": "not today"}
    results = [Result("odoo", passed=2, skipped=skipped)]
    assert suites._below_floor(results, False) == []
    monkeypatch.setenv("CI", "true")
    assert len(suites._below_floor(results, False)) == 1


def test_floor_is_raised_on_request_and_never_lowered(floor):
    suites._below_floor([Result("odoo", passed=4), Result("system", passed=2)], True)
    assert suites._floors() == {"odoo": 4, "system": 2}
    suites._below_floor([Result("odoo", passed=9), Result("system", passed=1)], True)
    assert suites._floors() == {"odoo": 4, "system": 2}


def test_no_test_found_is_a_failure(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(suites, "LOGS", tmp_path)
    result = suites._run_suite("system", [*suites.plain_pytest(), tmp_path], None, 600)
    assert (result.passed, result.failed) == (0, 1)


def test_failures_and_skips_are_read_from_pytest(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(suites, "LOGS", tmp_path)
    (tmp_path / "test_sample.py").write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert False\n"
        "def test_left_out(): pytest.skip('no reason at all')\n"
        "@pytest.fixture\n"
        "def broken(): raise ValueError\n"
        "def test_error(broken): pass\n"
    )
    result = suites._run_suite("system", [*suites.plain_pytest(), tmp_path], None, 600)
    assert (result.passed, result.failed) == (1, 2)
    assert list(result.skipped.values()) == ["no reason at all"]


def test_suite_that_hangs_is_ended_and_is_a_failure(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(suites, "LOGS", tmp_path)
    (tmp_path / "test_sample.py").write_text("import time\ndef test_hangs(): time.sleep(600)\n")
    began = time.monotonic()
    result = suites._run_suite("system", [*suites.plain_pytest(), tmp_path], None, 10)
    assert result.failed >= 1
    assert time.monotonic() - began < 300
    assert "stopped after 10 seconds" in capsys.readouterr().err


def test_broken_test_file_is_a_failure(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(suites, "LOGS", tmp_path)
    (tmp_path / "test_sample.py").write_text("import does_not_exist\n")
    result = suites._run_suite("system", [*suites.plain_pytest(), tmp_path], None, 600)
    assert result.failed >= 1


def test_logged_errors(tmp_path, monkeypatch):
    monkeypatch.setattr(suites, "LOGS", tmp_path)
    passed = 'INFO     x.browser:common.py:1 [HOOT] Test "@{}/one/adds" passed (assertions: 1)\n'
    error = "ERROR    odoo.http:http.py:99 Exception"
    suites._suite_log("browser").write_text(
        f"INFO     odoo.sql_db:sql_db.py:12 fine\n{error}\n"
        + passed.format("sms_marketing")
        + passed.format("web")
    )
    assert suites._logged_errors("browser") == [f"logged during the tests: {error}"]
    assert suites._hoot_result() == Result("hoot", passed=1)


def test_each_other_add_on_is_a_suite(tmp_path, monkeypatch):
    monkeypatch.setattr(suites, "ROOT", tmp_path)
    for name in ("sms_marketing", "sms_marketing_queue_job"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__manifest__.py").write_text("{}")
    assert suites._selected(()) == [
        ("odoo", ["sms_marketing", "--ignore=sms_marketing/tests/browser"]),
        ("browser", ["sms_marketing/tests/browser"]),
        ("sms_marketing_queue_job", ["sms_marketing_queue_job"]),
        ("system", ["dev/tests", "tests"]),
    ]
    chosen = [
        "tests/test_a.py",
        "sms_marketing_queue_job/tests/test_b.py::test",
        "sms_marketing/",
        "./sms_marketing/tests/browser/test_c.py",
    ]
    assert suites._selected(chosen) == [
        ("odoo", ["sms_marketing/"]),
        ("browser", ["./sms_marketing/tests/browser/test_c.py"]),
        ("sms_marketing_queue_job", ["sms_marketing_queue_job/tests/test_b.py::test"]),
        ("system", ["tests/test_a.py"]),
    ]
