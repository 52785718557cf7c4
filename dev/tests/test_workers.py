"""Tests in several processes are counted, and what each of them logs is read."""

import os

import pytest

from dev import suites, workers


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    # This test may itself be run by one of several processes.
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)


def test_one_core_needs_no_second_process(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert workers.options() == []


def test_many_cores_have_their_limit(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert f"-n {workers.MOST}" in " ".join(workers.options())


def test_all_processes_are_counted_and_read(two_cores, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(suites, "LOGS", tmp_path)
    for name in ("first", "second"):
        (tmp_path / f"test_{name}.py").write_text(
            "import logging\n"
            f"def test_good(): logging.getLogger('odoo').error('error of the {name}')\n"
            f"def test_bad(): assert {name == 'first'}\n"
        )
    command = [*suites.plain_pytest(), *workers.options(), tmp_path]
    result = suites._run_suite("system", command, None, 600)
    assert (result.passed, result.failed) == (3, 1)
    found = "\n".join(suites._logged_errors("system"))
    assert "error of the first" in found and "error of the second" in found
    assert len(workers.logs(suites._suite_log("system"))) > 1
