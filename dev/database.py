"""Databases: a cached template with the add-on's dependencies, and clones of it."""

import ast
import contextlib
import os
import re
import shutil
import subprocess
import uuid

from . import postgres
from .paths import (
    ADDON,
    ADDON_DIR,
    DATA_DIR,
    DEV,
    LOGS,
    ODOO_CONF,
    PYTHON,
    ROOT,
    fingerprint,
    locked,
    remove_stamp,
    stamp_is,
    write_stamp,
)
from .report import SetupError, note, step

# What the add-on stands on, as long as its manifest cannot be read.
USUAL_DEPENDENCIES = ("base", "mail", "phone_validation", "utm", "base_automation", "crm")

# What `bench/` measures beside the add-on.
PEER = ("mass_mailing_sms", "sms_twilio")

TEMPLATE_PREFIX = f"{ADDON}_template_"


def write_configuration(server, addons):
    """Write Odoo's configuration file; only its owner may read it, for the database password."""
    folders = [*addons, *([ROOT] if (ADDON_DIR / "__manifest__.py").is_file() else [])]
    options = {
        "addons_path": ",".join(map(str, folders)),
        "data_dir": DATA_DIR,
        "db_host": server.host,
        "db_port": server.port,
        "db_user": server.user,
        "db_password": server.password or "False",
        "db_maxconn": 64,
        "http_interface": "127.0.0.1",
        "http_port": 8069,
        "list_db": "False",
        "admin_passwd": uuid.uuid4().hex,
        "max_cron_threads": 2,
        "workers": 0,
        "limit_time_real": 600,
        "limit_time_cpu": 600,
        "without_demo": "True",
    }
    if ODOO_CONF.is_file():
        old = dict(
            line.split(" = ", 1) for line in ODOO_CONF.read_text().splitlines() if " = " in line
        )
        options["admin_passwd"] = old.get("admin_passwd", options["admin_passwd"])
    text = "[options]\n" + "".join(f"{name} = {value}\n" for name, value in options.items())
    ODOO_CONF.touch(mode=0o600)
    if ODOO_CONF.read_text() != text:
        ODOO_CONF.write_text(text)


def names(server):
    """Return the names of all databases of the server."""
    return postgres.sql(server, "SELECT datname FROM pg_database")


def has_addon(server, database):
    """Tell whether the add-on is installed in a database."""
    return bool(
        postgres.sql(
            server,
            f"SELECT 1 FROM ir_module_module WHERE name = '{ADDON}' AND state = 'installed'",
            database,
        )
    )


def install(server, database, demo=False, fresh=False, others=()):
    """Install the add-on in a database made from the template, or update it where it is.

    `others` are further add-ons to install or update with it. Returns the path of Odoo's log.
    Raises SetupError when the log shows an error.
    """
    _check_name(database)
    with locked():
        if fresh:
            drop(server, database)
        if database not in names(server):
            clone(server, ensure_template(server, demo), database)
    if not (ADDON_DIR / "__manifest__.py").is_file():
        note(f"{ADDON}/ has no manifest yet: the database holds only its usual dependencies")
        return None
    option, verb = ("-u", "Updating") if has_addon(server, database) else ("-i", "Installing")
    options = [option, ADDON, *(["--with-demo"] if demo else [])]
    if others:  # -i updates nothing that is there, -u installs nothing that is not
        options = [*options, "-i", ",".join(others), "-u", ",".join((ADDON, *others))]
    with step(f"{verb} {', '.join((ADDON, *others))} in database {database}"):
        return run_odoo(database, options)


def ensure_current(server, database):
    """Have a database without demo data and with the add-on as it is in the sources now.

    Returns True when the add-on was not in it before.
    """
    _check_name(database)
    sources = sorted(path for path in ADDON_DIR.rglob("*") if path.is_file())
    wanted = fingerprint(*(path for path in sources if path.suffix != ".pyc"))
    stamp = f"database {database}"
    is_new = database not in names(server) or not has_addon(server, database)
    if is_new or not stamp_is(stamp, wanted):
        remove_stamp(stamp)
        install(server, database)
        write_stamp(stamp, wanted)
    return is_new


def ensure_template(server, demo):
    """Return the name of a database with the add-on's dependencies, made once and kept."""
    return _ensure_template(server, "demo" if demo else "plain", _dependencies(), demo)


def ensure_peer(server):
    """Return the name of a database with Odoo's own SMS apps, made once and kept: clone it."""
    return _ensure_template(server, "peer", PEER)


def _ensure_template(server, kind, modules, demo=False):
    odoo_path = (DEV / "stamps" / "odoo path").read_text()
    key = fingerprint(sorted(modules), odoo_path, demo, str(DATA_DIR))
    template = f"{TEMPLATE_PREFIX}{kind}_{key}"
    if template not in names(server):
        what = "with" if demo else "without"
        title = "Odoo's own SMS apps" if kind == "peer" else f"Odoo {what} demo data"
        with step(f"Making a database template of {title} (about a minute)"):
            making = f"{template}_making"
            drop(server, making)
            options = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'"  # as Odoo itself
            postgres.sql(server, f'CREATE DATABASE "{making}" {options}')
            run_odoo(making, ["-i", ",".join(modules), *(["--with-demo"] if demo else [])])
            postgres.sql(server, f'ALTER DATABASE "{making}" RENAME TO "{template}"')
            _filestore(making).mkdir(parents=True, exist_ok=True)
            shutil.rmtree(_filestore(template), ignore_errors=True)
            _filestore(making).rename(_filestore(template))
            _drop_old_templates(server, template, kind)
    return template


def _drop_old_templates(server, current, kind):
    """Delete this checkout's templates of other dependencies or of another Odoo."""
    for name in names(server):
        is_ours = name.startswith(f"{TEMPLATE_PREFIX}{kind}_") and _filestore(name).is_dir()
        if is_ours and name != current:
            drop(server, name)


def clone(server, template, database, quiet=False):
    """Copy a database, which nobody may be using, and its stored files."""
    _check_name(database)
    with contextlib.nullcontext() if quiet else step(f"Making database {database}"):
        postgres.sql(server, f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        shutil.rmtree(_filestore(database), ignore_errors=True)
        # Stored files are named by their content and never rewritten, so links will do.
        shutil.copytree(_filestore(template), _filestore(database), copy_function=os.link)
        postgres.sql(
            server,
            f"UPDATE ir_config_parameter SET value = '{uuid.uuid4()}' WHERE key = 'database.uuid'",
            database,
        )


def drop(server, database):
    """Delete a database, if it is there, and its stored files."""
    _check_name(database)
    postgres.sql(server, f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
    shutil.rmtree(_filestore(database), ignore_errors=True)


def write_bundles(database):
    """Have the browser's bundles of scripts and styles written and kept in a database.

    As Odoo's own runner does before tests in the browser: else each of them waits for its own.
    """
    script = "env['ir.qweb']._pregenerate_assets_bundles()\nenv.cr.commit()\n"
    with step("Writing the bundles for the browser"):
        run_odoo(database, [], command="shell", script=script)


def run_odoo(database, arguments, command="server", script=""):
    """Run Odoo once, without its web server, with a fresh log; raise on errors in the log.

    `script` is what a `shell` is to run.
    """
    log = LOGS / f"odoo-{database}.log"
    log.unlink(missing_ok=True)
    command = [PYTHON, "-m", "odoo", command, "-c", ODOO_CONF, "-d", database, "--no-http"]
    result = subprocess.run(
        list(map(str, [*command, "--stop-after-init", "--logfile", log, *arguments])),
        input=script,
        capture_output=True,
        text=True,
        cwd=DEV,
    )
    problems = problems_in(log.read_text(errors="replace") if log.is_file() else "")
    if result.returncode or problems:
        shown = "\n".join(problems) or result.stderr.strip()[-3000:]
        raise SetupError(f"Odoo reports (status {result.returncode}):\n{shown}\nThe log: {log}")
    return log


# "date time,ms pid LEVEL database logger: text"
LOG_LINE = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ (?P<level>[A-Z]+) (?P<db>\S+) (?P<logger>\S+): "
)


def problems_in(text):
    """Return the errors of an Odoo log, and the warnings that come from or name the add-on.

    An entry is a line with the lines that continue it, such as a traceback.
    """
    entries = []
    for line in text.splitlines():
        if LOG_LINE.match(line) or not entries:
            entries.append([line])
        else:
            entries[-1].append(line)
    return [
        "\n".join(_shortened(entry)) for entry in entries if _is_problem(entry[0], "\n".join(entry))
    ]


def _shortened(lines):
    return lines if len(lines) <= 12 else [lines[0], "  …", *lines[-10:]]


def _is_problem(first_line, entry):
    match = LOG_LINE.match(first_line)
    level = match["level"] if match else ""
    if level in ("ERROR", "CRITICAL") or "Traceback (most recent call last)" in entry:
        return True
    return level == "WARNING" and ADDON in entry.replace(match["db"], "")


def _dependencies():
    manifest = ADDON_DIR / "__manifest__.py"
    if not manifest.is_file():
        return USUAL_DEPENDENCIES
    return tuple(ast.literal_eval(manifest.read_text()).get("depends", ["base"]))


def _filestore(database):
    return DATA_DIR / "filestore" / database


def _check_name(database):
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", database):
        raise SetupError(
            f"{database!r} cannot be a database name here: use small letters, digits, - and _."
        )
