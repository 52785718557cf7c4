"""An Odoo that somebody has already: install from Apps, remove, install again, update."""

import ast
import email
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import rig.addon  # noqa: F401
from rig import sending
from rig.odoo import Odoo, with_configuration

from odoo.addons.sms_marketing.text.numbers import to_e164

from dev import database as databases
from dev.paths import ADDON_DIR, ROOT

CONTACTS = 100_000
SAMPLE = 400

#: Names under which a distribution is imported, where they differ from its own.
IMPORTED_AS = {
    "psycopg2-binary": "psycopg2",
    "python-dateutil": "dateutil",
    "python-stdnum": "stdnum",
    "pillow": "PIL",
    "pyopenssl": "OpenSSL",
    "pyserial": "serial",
    "pyusb": "usb",
    "libsass": "sass",
}

#: Everything that an add-on may leave in a database, each as one line of text.
INVENTORY = """
SELECT 'relation ' || relkind::text || ' ' || relname FROM pg_class
 WHERE relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'column ' || table_name || '.' || column_name FROM information_schema.columns
 WHERE table_schema = 'public'
UNION ALL
SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'constraint ' || conname FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'scheduled action ' || cron_name FROM ir_cron
UNION ALL
SELECT 'server action ' || code FROM ir_act_server WHERE code LIKE '%\\_cron\\_%'
UNION ALL
SELECT 'model ' || model FROM ir_model
UNION ALL
SELECT 'field ' || model || '.' || name FROM ir_model_fields
UNION ALL
SELECT 'identifier ' || module || '.' || name FROM ir_model_data
 WHERE module = 'sms_marketing'
UNION ALL
SELECT 'view ' || name FROM ir_ui_view
UNION ALL
SELECT 'menu ' || count(*) FROM ir_ui_menu
UNION ALL
SELECT 'group ' || count(*) FROM res_groups
UNION ALL
SELECT 'rule ' || count(*) FROM ir_rule
UNION ALL
SELECT 'access ' || count(*) FROM ir_model_access
UNION ALL
SELECT 'parameter ' || key FROM ir_config_parameter WHERE key LIKE 'sms\\_marketing%'
"""

#: With `res.partner.mobile` Odoo takes away the descriptions of the fields of users that depend on
#: it by inheritance (`ir.model.fields._prepare_update`). The fields themselves stay, and Odoo
#: describes them again when it updates the module that they belong to.
TAKEN_BY_ODOO = {
    "field res.users.phone_blacklisted",
    "field res.users.phone_sanitized",
    "field res.users.phone_sanitized_blacklisted",
}


@pytest.fixture(scope="module")
def without_addon(machine):
    """A database with the add-on's dependencies, and without it. Clone it, do not change it."""
    return databases.ensure_template(machine.server, demo=True)


@pytest.fixture
def existing(machine, folder):
    """An Odoo whose only sign of this checkout is a link in a folder of its own add-ons."""
    addons = folder / "addons"
    addons.mkdir()
    (addons / "sms_marketing").symlink_to(ADDON_DIR)
    others = [path for path in machine.addons_path.split(",") if Path(path) != ROOT]
    assert len(others) < len(machine.addons_path.split(","))
    return with_configuration(
        machine, folder / "odoo.conf", addons_path=",".join([*others, str(addons)])
    )


def run_once(machine, database, folder, *arguments):
    """Run Odoo without web server until it has done what the arguments tell; its log's text."""
    log = folder / "once.log"
    done = subprocess.run(
        machine.odoo(
            database, "server", "--no-http", "--stop-after-init", "--logfile", log, *arguments
        ),
        cwd=machine.dev,
        env=machine.variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    text = log.read_text() if log.exists() else ""
    problems = databases.problems_in(text)
    assert not done.returncode, done.stderr[-3000:]
    assert not problems, "\n".join([f"in {log}:", *problems])
    return text


def test_install_from_apps_remove_and_install_again(
    existing, clone_database, without_addon, folder
):
    database = clone_database(without_addon)
    before = set(existing.sql(database, INVENTORY))
    with Odoo(existing, database, folder) as odoo:
        odoo.call("ir.module.module", "update_list")

        odoo.change_module("button_immediate_install", "sms_marketing")
        assert use_addon(odoo) == "Existing Odoo"
        installed = set(existing.sql(database, INVENTORY))
        assert "relation r sms_marketing_recipient" in installed
        assert "function sms_marketing_consent_append_only" in installed

        odoo.change_module("button_immediate_uninstall", "sms_marketing")
        after = set(existing.sql(database, INVENTORY))
        assert sorted(after - before) == [], "left behind"
        assert before - after <= TAKEN_BY_ODOO, "taken away from others"

        odoo.change_module("button_immediate_install", "sms_marketing")
        assert use_addon(odoo) == "Existing Odoo"
        assert set(existing.sql(database, INVENTORY)) == installed


def use_addon(odoo):
    """Do something with it that needs its tables, its fields of contacts, and its libraries."""
    [contact] = odoo.call(
        "res.partner",
        "create",
        [
            {
                "name": "Existing Odoo",
                "mobile": "0470 12 34 56",
                "country_id": odoo.call("res.country", "search", [["code", "=", "BE"]])[0],
            }
        ],
    )
    [values] = odoo.call("res.partner", "read", [contact], ["mobile_e164", "name"])
    assert values["mobile_e164"] == "+32470123456"
    odoo.call("sms.marketing.list", "create", [{"name": "All", "partner_ids": [[4, contact]]}])
    return values["name"]


def test_addon_imports_nothing_that_is_not_named():
    allowed = set(sys.stdlib_module_names) | {"odoo"}
    allowed |= {imported_as(name) for name in (*requirements_of_odoo(), *own_requirements())}
    foreign = {}
    for path in ADDON_DIR.rglob("*.py"):
        if "tests" not in path.relative_to(ADDON_DIR).parts:
            for name in imports_of(path) - allowed:
                foreign.setdefault(name, str(path.relative_to(ROOT)))
    assert not foreign, "not named in requirements.txt"


#: Modules of Python that read a requirement's data, which nobody imports.
READS = {"zoneinfo": "tzdata"}


def test_requirements_are_those_that_are_used():
    used = {
        name
        for path in ADDON_DIR.rglob("*.py")
        if "tests" not in path.relative_to(ADDON_DIR).parts
        for name in imports_of(path)
    }
    used |= {READS[name] for name in used & READS.keys()}
    named = {imported_as(name) for name in own_requirements()}
    assert named <= used, f"named in requirements.txt and never used: {named - used}"
    manifest = ast.literal_eval((ADDON_DIR / "__manifest__.py").read_text())
    # So that Odoo itself says what is missing instead of failing at the import.
    assert set(manifest["external_dependencies"]["python"]) == named


def imports_of(path):
    """The first parts of the absolute names that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


def requirements_of_odoo():
    """What Odoo itself needs, by its own package's word."""
    import odoo.release  # `odoo` itself is spread over as many folders as there are OCA wheels

    tree = Path(odoo.release.__file__).parents[1]
    for metadata in sorted(tree.glob("odoo*.egg-info/PKG-INFO")):
        lines = email.message_from_string(metadata.read_text()).get_all("Requires-Dist")
        return [name_in(line) for line in lines]
    return [name_in(line) for line in lines_of(tree / "requirements.txt")]


def own_requirements():
    return [name_in(line) for line in lines_of(ROOT / "requirements.txt")]


def lines_of(path):
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def name_in(requirement):
    return re.match(r"[\w.-]+", requirement)[0].lower()


def imported_as(name):
    return IMPORTED_AS.get(name, name.replace("-", "_"))


def test_update_keeps_the_data(machine, clone_database, folder):
    database = clone_database()
    campaign = sending.make_campaign(machine, database, folder)
    machine.sql(
        database,
        "UPDATE sms_marketing_subscription_type SET name = jsonb_build_object('en_US', 'Mine')"
        " WHERE id = (SELECT res_id FROM ir_model_data"
        " WHERE module = 'sms_marketing' AND name = 'subscription_type_offers')",
    )
    tables = machine.sql(
        database,
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'sms\\_marketing%'",
    )
    assert len(tables) > 15
    contents = [f"SELECT '{name}' AS name, t::text AS line FROM {name} t" for name in tables]
    contents.append(
        "SELECT 'contacts', concat_ws('|', id, name, mobile, mobile_e164, phone_e164,"
        " sms_marketing) FROM res_partner"
    )
    query = "SELECT name, count(*), md5(string_agg(line, E'\\n' ORDER BY line)) FROM ("
    query += " UNION ALL ".join(contents) + ") AS line GROUP BY name ORDER BY name"
    before = machine.sql(database, query)
    run_once(machine, database, folder, "-u", "sms_marketing")
    assert machine.sql(database, query) == before
    assert machine.sql(
        database,
        f"SELECT state FROM sms_marketing_message WHERE id = {campaign['message']}",
    ) == ["draft"]


#: Contacts as people write them. Row by row: how it is written (of six digits), its country, and
#: what it is in E.164, if it is a number at all.
WRITINGS = [
    ("'0470 ' || d2(n, 1) || ' ' || d2(n, 3) || ' ' || d2(n, 5)", "BE", "'+32470' || d6(n)"),
    ("'0470/' || d6(n)", "BE", "'+32470' || d6(n)"),
    ("'+32 (0) 471-' || d6(n)", "BE", "'+32471' || d6(n)"),
    ("'0032472' || d6(n)", "BE", "'+32472' || d6(n)"),
    ("' tel. +32 473 ' || d6(n) || ' '", "FR", "'+32473' || d6(n)"),
    ("'(0)6.12.' || d2(n, 1) || '.' || d2(n, 3) || '.' || d2(n, 5)", "FR", "'+33612' || d6(n)"),
    ("'07400 ' || d6(n)", "GB", "'+447400' || d6(n)"),
    ("'12345'", "BE", None),
    ("'call the office'", "BE", None),
    ("'+999' || d6(n) || d6(n)", "BE", None),
    ("'0470 ' || d6(n) || ' 99999'", "BE", None),
    ("''", "BE", None),
]


def test_big_install(machine, clone_database, without_addon, folder, record_property):
    database = clone_database(without_addon)
    insert_contacts(machine, database)
    started = time.monotonic()
    log = run_once(machine, database, folder, "-i", "sms_marketing")
    seconds = time.monotonic() - started
    record_property("seconds", round(seconds))
    print(f"installed on {CONTACTS} contacts in {seconds:.0f} s")

    progress = re.findall(r"phone numbers in international form: (\d+) of (\d+) contacts", log)
    steps = [int(done) for done, _total in progress]
    assert steps == sorted(set(steps))
    assert len(steps) >= 10, "no progress was shown"
    assert progress[-1][0] == progress[-1][1]

    wrong = machine.sql(
        database,
        "SELECT contact.phone, contact.phone_e164, wanted.number FROM res_partner contact"
        " JOIN wanted ON wanted.name = contact.name"
        " WHERE contact.phone_e164 IS DISTINCT FROM wanted.number LIMIT 10",
    )
    assert not wrong, wrong
    [valid] = machine.sql(
        database,
        "SELECT count(*) FROM res_partner WHERE phone_e164 IS NOT NULL AND ref = 'big install'",
    )
    assert int(valid) > CONTACTS / 2

    rows = machine.sql(
        database,
        "SELECT contact.id, country.code, contact.phone_e164, contact.phone"
        " FROM res_partner contact LEFT JOIN res_country country ON country.id = contact.country_id"
        " WHERE contact.ref = 'big install'",
    )
    for row in random.sample(rows, SAMPLE):
        _contact, region, number, phone = row.split("|", 3)
        assert (number or None) == to_e164(phone, region), row


def insert_contacts(machine, database):
    """A hundred thousand contacts, and a table of what their numbers are in E.164."""
    cases = list(enumerate(WRITINGS))
    phone = " ".join(f"WHEN {case} THEN {writing}" for case, (writing, _c, _n) in cases)
    region = " ".join(f"WHEN {case} THEN '{code}'" for case, (_w, code, _n) in cases)
    number = " ".join(f"WHEN {case} THEN {wanted or 'NULL'}" for case, (_w, _c, wanted) in cases)
    machine.sql(
        database,
        f"""
        CREATE FUNCTION d6(n int) RETURNS text LANGUAGE sql IMMUTABLE
            AS $$ SELECT lpad(n::text, 6, '0') $$;
        CREATE FUNCTION d2(n int, start int) RETURNS text LANGUAGE sql IMMUTABLE
            AS $$ SELECT substr(lpad(n::text, 6, '0'), start, 2) $$;
        CREATE TABLE wanted AS
            SELECT 'Contact ' || n AS name, n,
                   CASE n % {len(WRITINGS)} {phone} END AS phone,
                   CASE n % {len(WRITINGS)} {region} END AS region,
                   (CASE n % {len(WRITINGS)} {number} END)::varchar AS number
              FROM generate_series(1, {CONTACTS}) AS n;
        INSERT INTO res_partner (name, complete_name, active, type, ref, phone, country_id)
        SELECT wanted.name, wanted.name, TRUE, 'contact', 'big install', wanted.phone, country.id
          FROM wanted JOIN res_country country ON country.code = wanted.region;
        CREATE INDEX ON wanted (name);
        ANALYZE res_partner, wanted;
        """,
    )
