"""The consent log with an owner of its own, set up as `docs/security.md` says."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from rig.odoo import run_in_shell, with_configuration
from rig.postgres import Cluster, copy_database

from dev.database import problems_in

PAGE = Path(__file__).parents[1] / "docs" / "security.md"
ROLE, PASSWORD = "odoo_server", "a password of its own"

#: What an owner of the tables could do, and what Odoo's role may not.
TAMPERING = [
    "UPDATE sms_marketing_consent SET state = 'subscribed'",
    "UPDATE sms_marketing_consent SET wording = 'Yes, please'",
    "UPDATE sms_marketing_consent SET number = '+13032000099'",
    "DELETE FROM sms_marketing_consent",
    "TRUNCATE sms_marketing_consent",
    "TRUNCATE sms_marketing_consent CASCADE",
    "DROP TABLE sms_marketing_consent",
    "DROP TABLE sms_marketing_consent CASCADE",
    "ALTER TABLE sms_marketing_consent DISABLE TRIGGER ALL",
    "ALTER TABLE sms_marketing_consent DISABLE TRIGGER append_only",
    "ALTER TABLE sms_marketing_consent RENAME TO elsewhere",
    "ALTER TABLE sms_marketing_consent DROP COLUMN wording",
    "DROP TRIGGER append_only ON sms_marketing_consent",
    "DROP FUNCTION sms_marketing_consent_append_only() CASCADE",
    "CREATE OR REPLACE FUNCTION sms_marketing_consent_append_only() RETURNS trigger "
    "LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "CREATE TRIGGER mine BEFORE INSERT ON sms_marketing_consent FOR EACH ROW "
    "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE RULE mine AS ON INSERT TO sms_marketing_consent DO INSTEAD NOTHING",
    "SET session_replication_role = replica",
    "SET ROLE sms_consent_owner",
    "DROP SCHEMA public CASCADE",
    "UPDATE sms_marketing_subscription_type_version SET words = '{}'",
    "DELETE FROM sms_marketing_subscription_type_version",
    "ALTER TABLE sms_marketing_subscription_type_version DISABLE TRIGGER ALL",
    "DELETE FROM sms_marketing_privacy_log",
    "UPDATE sms_marketing_privacy_log SET number_hash = 'x'",
]


def statements(name, database):
    """The SQL block of the page that is marked so, for this test's role and database."""
    [block] = re.findall(rf"<!-- sql: {name} -->\s+```sql\n(.*?)```", PAGE.read_text(), re.S)
    return re.sub(r"\bodoo\b", ROLE, block).replace("mydatabase", f'"{database}"')


@pytest.fixture
def cluster(folder):
    with Cluster(folder) as cluster:
        yield cluster


def update(machine, database, folder, name):
    """Update the add-on as Odoo's role; the errors in Odoo's log."""
    log = folder / f"{name}.log"
    done = subprocess.run(
        machine.odoo(database, "server", "--no-http", "--stop-after-init", "--logfile", log,
                     "-u", "sms_marketing"),
        cwd=machine.dev,
        env=machine.variables,
        capture_output=True,
        timeout=600,
    )  # fmt: skip
    text = log.read_text() if log.exists() else ""
    return problems_in(text) or ([done.stderr.decode()] if done.returncode else [])


def test_log_with_an_owner_of_its_own(machine, clone_database, cluster, folder):
    database = clone_database()
    root = cluster.machine(machine, folder)
    root.sql("postgres", f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{PASSWORD}'")
    odoo = with_configuration(
        replace(root, pg={**root.pg, "user": ROLE, "password": PASSWORD}),
        folder / "odoo_server.conf",
        db_user=ROLE,
        db_password=PASSWORD,
    )
    copy_database(machine, odoo, database)
    root.sql(database, statements("separate", database))

    seen = run_in_shell(odoo, database, folder, "log_owner.work")
    assert seen["log"] == [
        ["+13032000001", "subscribed", 1],
        ["erased", "subscribed", 1],
        ["+13032000001", "unsubscribed", 2],
        ["erased", "unsubscribed", 2],
        ["+13032000002", "subscribed", 2],
    ]
    assert seen["versions"] == ["Offers of the day", "Offers of the week"]
    assert seen["lifted"]
    done = run_in_shell(odoo, database, folder, "log_owner.tamper", statements=TAMPERING)
    assert done == []
    assert root.sql(database, statements("compare", database)) == []

    # An update needs the owner's rights, and has them only for as long as it takes.
    assert any(
        "must be owner of" in problem for problem in update(odoo, database, folder, "without")
    )
    root.sql("postgres", statements("before an update", database))
    assert update(odoo, database, folder, "with") == []
    root.sql("postgres", statements("after an update", database))
    done = run_in_shell(odoo, database, folder, "log_owner.tamper", statements=TAMPERING)
    assert done == []
    root.sql(database, f"UPDATE sms_marketing_subscription SET state = 'subscribed'"
                       f" WHERE type_id = {seen['type']} AND number = '+13032000001'")  # fmt: skip
    [told] = root.sql(database, statements("compare", database))
    assert told == f"+13032000001|{seen['type']}|subscribed|unsubscribed"
