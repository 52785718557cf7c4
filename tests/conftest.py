"""What whole-system tests share: the machine's set-up, databases, and a folder for their logs."""

import itertools
import os
import re
import shutil
from pathlib import Path

import pytest

from dev import database as databases
from dev import testing

_FOLDER = pytest.StashKey[Path]()


@pytest.fixture(scope="session")
def machine():
    """Where Odoo, PostgreSQL and the database with the add-on are."""
    return testing.load()


@pytest.fixture(scope="session")
def _names():
    return (f"sms_marketing_test_{os.getpid()}_{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def clone_database(machine, _names):
    """Make a copy of the database with the add-on, or of another one; all go with the module."""
    made = []

    def clone(template=None):
        name = next(_names)
        made.append(name)
        databases.clone(machine.server, template or machine.database, name, quiet=True)
        return name

    yield clone
    for name in made:
        machine.drop(name)


@pytest.fixture
def folder(request, machine):
    """A fresh folder for logs; it stays, and the report of a failure names it."""
    return _fresh_folder(request.node, machine, request.node.name)


@pytest.fixture(scope="module")
def module_folder(request, machine):
    """The same for what a whole module shares."""
    return _fresh_folder(request.node, machine, "shared")


def _fresh_folder(node, machine, name):
    module = Path(str(node.path)).stem
    path = Path(machine.dev) / "logs" / "tests" / module / re.sub(r"\W+", "_", name)
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(parents=True)
    node.stash[_FOLDER] = path
    return path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        nodes = [node for node in item.listchain() if _FOLDER in node.stash]
        for node in nodes:
            report.sections.append(("Logs", str(node.stash[_FOLDER])))
            if isinstance(report.longrepr, str):
                report.longrepr += f"\nThe logs are in {node.stash[_FOLDER]}"
            elif report.longrepr is not None:
                report.longrepr.addsection("Logs", f"The logs are in {node.stash[_FOLDER]}")
    return report
