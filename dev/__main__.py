"""The command line: `python3 -m dev <command>`. `make help` lists what is commonly used."""

import argparse
import contextlib
import os
import shutil
import sys

from . import database, lint, odoo_source, postgres, suites, testing, venv
from .environment import Environment, serve_wanted
from .paths import ADDON, DEV, ODOO_CONF, PYTHON, ROOT, locked, make_dev_folder
from .report import SetupError, note, step
from .run import environment, foreground, raise_on_terminate

DEMO_DATABASE = f"{ADDON}_demo"
SCREENSHOTS_DATABASE = f"{ADDON}_screenshots"
BENCH_DATABASE = f"{ADDON}_bench"


@contextlib.contextmanager
def ready(testing=False, hasty=False):
    """Set everything up, and provide the running PostgreSQL server (`postgres.running`)."""
    with locked():
        venv.ensure_venv(testing)
        addons = odoo_source.ensure_odoo()
    with postgres.running(hasty) as server:
        with locked():
            database.write_configuration(server, addons)
        yield server


def command_setup(options):
    """Make the virtual environment, get Odoo, make the PostgreSQL cluster."""
    with ready(testing=not options.runtime_only) as server:
        note(f"ready: Python {PYTHON}, configuration {ODOO_CONF}")
        note(f"PostgreSQL on {server.host}:{server.port}, user {server.user}")


def command_install(options):
    """Install or update the add-on in a database."""
    with ready(testing=bool(options.others)) as server:
        database.install(
            server,
            options.database,
            demo=options.demo,
            fresh=options.fresh,
            others=options.others,
        )


def command_drop(options):
    """Delete a database and its files."""
    with ready() as server:
        database.drop(server, options.database)


def command_pytest(options):
    """Run some tests in a database that has the add-on; tests/… run as whole-system tests."""
    with ready(testing=True) as server:
        chosen = options.arguments or [f"{ADDON}/"]
        paths = [argument for argument in chosen if not argument.startswith("-")]
        description = testing.describe(server, options.database)
        variables = testing.server_environment(server) | {testing.VARIABLE: str(description)}
        if any(map(suites.is_system_test, paths)):
            command = suites.plain_pytest()
        else:
            command = suites.odoo_pytest(options.database)
            variables |= suites.NO_JOB_RUNNER
        try:
            return foreground([*command, *chosen], cwd=ROOT, env=variables)
        finally:
            description.unlink()


def command_test(options):
    """Run all checks and tests, or those that TESTS names."""
    tests = options.tests or os.environ.get("TESTS", "").split()
    raise_floor = os.environ.get("RAISE", "") not in ("", "0")
    try:
        with ready(testing=True, hasty=True) as server:
            return suites.run_all(server, tests, raise_floor)
    except SetupError as error:
        print(f"error: {error}\n0 passed, 1 failed, 0 skipped", flush=True)
        return 1


def command_access(options):
    """Print the matrix of roles and rights into docs/access.md."""
    from . import access

    access.write()


def command_lint(options):
    """Check style and common mistakes."""
    with locked():
        venv.ensure_venv(testing=True)
    failed = lint.lint()
    if failed:
        raise SetupError(f"found something: {', '.join(failed)}")


def command_format(options):
    """Rewrite the sources in the project's style."""
    with locked():
        venv.ensure_venv(testing=True)
    lint.reformat()


def command_demo(options):
    """Make the demo database, run the main job, serve the web client."""
    from . import demo

    with ready() as server:
        with locked():
            is_new = database.ensure_current(server, DEMO_DATABASE)
        wanted = Environment(
            database=DEMO_DATABASE,
            variables=testing.server_environment(server),
            port=_web_port(),
            serve=serve_wanted(),
            is_new=is_new,
        )
        return demo.run(wanted)


def command_screenshots(options):
    """Make the pictures of the documentation, docs/images."""
    from . import screenshots

    return _in_a_passing_database(
        SCREENSHOTS_DATABASE, lambda _server, wanted: screenshots.run(wanted)
    )


def command_bench(options):
    """Measure, and print figures beside their goals."""
    from . import bench

    return _in_a_passing_database(BENCH_DATABASE, bench.run)


def command_fuzz(options):
    """Fuzz the parsers of what strangers send, guided by coverage."""
    from . import fuzz

    with ready(testing=True):
        passed = fuzz.run(f"-max_total_time={options.seconds}")
    if not passed:
        raise SetupError(f"a parser broke; the input is in {fuzz.FOLDER}")


def _in_a_passing_database(name, job):
    """Do a job with a new database that has the add-on and is deleted afterwards."""
    with ready(testing=True) as server:
        with locked():
            database.install(server, name, fresh=True)
        wanted = Environment(
            database=name,
            variables=testing.server_environment(server),
            port=_web_port(),
            serve=False,
            is_new=True,
        )
        try:
            return job(server, wanted)
        finally:
            database.drop(server, name)


def _web_port():
    """Return PORT, else 8069 when it is free, else any free port."""
    if os.environ.get("PORT"):
        return int(os.environ["PORT"])
    return postgres.free_port(8069)


def command_clean(options):
    """Stop PostgreSQL and delete everything that set-up made."""
    with locked(), step(f"Deleting {DEV}"):
        postgres.remove()
        shutil.rmtree(DEV)


def command_shell(options):
    """Open Odoo's Python shell on a database."""
    with ready() as server:
        _ensure_database(server, options.database)
        command = [PYTHON, "-m", "odoo", "shell", "-c", ODOO_CONF, "-d", options.database]
        return foreground([*command, "--no-http", *options.arguments], cwd=DEV)


def command_serve(options):
    """Serve a database's web client on 127.0.0.1."""
    with ready() as server:
        _ensure_database(server, options.database)
        port = options.port or _web_port()
        note(f"http://127.0.0.1:{port} (database {options.database}); Ctrl-C ends it")
        command = [PYTHON, "-m", "odoo", "server", "-c", ODOO_CONF, "-d", options.database]
        return foreground([*command, "--http-port", port], cwd=DEV)


def _ensure_database(server, name):
    if name not in database.names(server):
        database.install(server, name)


def command_psql(options):
    """Open psql on a database."""
    with ready() as server:
        command = [postgres.binary("psql"), "-d", options.database, *options.arguments]
        return foreground(command, env=environment(**server.variables()))


def command_postgres(options):
    """Start (and keep), stop or describe the PostgreSQL cluster."""
    if postgres.from_environment():
        note("PGHOST is set: that server is used, and none of our own is started or stopped")
        return 0
    with locked():
        if options.action == "start":
            venv.ensure_venv()
            server = postgres.start(keep=True)
            note(f"PostgreSQL runs on {server.host}:{server.port} until `postgres stop`")
        elif options.action == "stop":
            postgres.stop()
        else:
            server = postgres.saved()
            alive = bool(server) and postgres.is_alive(server)
            where = f"127.0.0.1:{server.port}, cluster {server.data}" if alive else "not running"
            note(where)
            return 0 if alive else 3
    return 0


def parser():
    """Return the parser of the command line."""
    main = argparse.ArgumentParser(prog="python3 -m dev", description=__doc__)
    commands = main.add_subparsers(dest="command", required=True)

    def add(name, function, database_argument=True, arguments=False):
        command = commands.add_parser(name, help=function.__doc__.splitlines()[0])
        command.set_defaults(function=function)
        if database_argument:
            command.add_argument("database")
        if arguments:
            command.add_argument("arguments", nargs=argparse.REMAINDER)
        return command

    setup = add("setup", command_setup, database_argument=False)
    setup.add_argument("--runtime-only", action="store_true", help="leave out packages for tests")
    install = add("install", command_install)
    install.add_argument("--demo", action="store_true", help="with demo data (new databases)")
    install.add_argument("--fresh", action="store_true", help="delete the database first")
    install.add_argument(
        "--with", dest="others", nargs="*", default=(), metavar="ADDON", help="other add-ons too"
    )
    add("drop", command_drop)
    add("demo", command_demo, database_argument=False)
    add("screenshots", command_screenshots, database_argument=False)
    add("bench", command_bench, database_argument=False)
    fuzz = add("fuzz", command_fuzz, database_argument=False)
    fuzz.add_argument("seconds", type=int, nargs="?", default=60, help="to fuzz for")
    test = add("test", command_test, database_argument=False)
    test.add_argument("tests", nargs="*", help="paths with ::name; all when left out")
    add("access", command_access, database_argument=False)
    add("lint", command_lint, database_argument=False)
    add("format", command_format, database_argument=False)
    add("clean", command_clean, database_argument=False)
    add("pytest", command_pytest, arguments=True)
    add("shell", command_shell, arguments=True)
    serve = add("serve", command_serve)
    serve.add_argument("--port", type=int, default=0)
    add("psql", command_psql, arguments=True)
    server = add("postgres", command_postgres, database_argument=False)
    server.add_argument("action", choices=("start", "stop", "status"))
    return main


def main():
    """Run one command; return its exit status."""
    options = parser().parse_args()
    raise_on_terminate()
    try:
        make_dev_folder()
        return options.function(options) or 0
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
