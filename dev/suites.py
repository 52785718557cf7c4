"""`make test`: checks, a fresh database, all suites, and one line of counts at the end."""

import os
import re
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from . import database, lint, parts, testing, workers
from .paths import ADDON, LOGS, ODOO_CONF, PYTHON, ROOT
from .report import SetupError, note, step, warn

FLOOR = ROOT / "dev" / "test-count.txt"
DATABASE_PREFIX = f"{ADDON}_test_"
BROWSER_TESTS = f"{ADDON}/tests/browser"
#: All suites together; what takes longer hangs, and is ended so that the summary says which.
MOST_SECONDS = 4000

# Reasons of tests that were skipped because the machine lacks a part that set-up should bring.
MISSING_PART = re.compile(
    r"(?=.*(chrom(e|ium)|kannel|bearerbox|smsbox|fakesmsc|websocket))"
    r"(?=.*(not found|not installed|missing|cannot be found|lacks))",
    re.I | re.S,
)
# A line of the browser's console in the log of the Odoo suite.
HOOT_PASSED = re.compile(rf'\[HOOT\] Test "(@{ADDON}[^"]*)" passed')
LOGGED_ERROR = re.compile(r"^(ERROR|CRITICAL) +\S+:\S+:\d+ .*", re.M)


@dataclass
class Result:
    """What one suite came to. `skipped` maps a test's name to its reason."""

    suite: str
    passed: int = 0
    failed: int = 0
    skipped: dict = field(default_factory=dict)


def run_all(server, tests=(), raise_floor=False):
    """Run everything, or only `tests` (paths with `::name`); return the exit status."""
    problems, results = [], []
    missing = parts.ensure(parts.CHROMIUM, parts.KANNEL, *([] if tests else [parts.NODE]))
    if missing and _is_ci():
        problems += [f"missing: {', '.join(part.packages)}" for part in missing]
    try:
        # The checks of the sources do not need the database that is made meanwhile.
        with ProcessPoolExecutor(1) as beside:
            checks = None if tests else beside.submit(lint.written_lint)
            results = _run_suites(server, tests, problems, checks)
    except SetupError as error:
        problems.append(str(error))
    if not tests and results:
        problems += _below_floor(results, raise_floor)
    return _summary(results, problems)


def _run_suites(server, tests, problems, checks):
    _drop_leftovers(server)
    pristine = f"{DATABASE_PREFIX}{os.getpid()}"
    used = f"{pristine}_odoo"
    description = None
    try:
        database.install(server, pristine, demo=True)
        description = testing.describe(server, pristine)
        if checks:
            problems += _end_of_checks(checks)
        variables = testing.server_environment(server) | {testing.VARIABLE: str(description)}
        results, end = [], time.monotonic() + MOST_SECONDS
        for suite, paths in _selected(tests):
            if suite == "system":
                command = plain_pytest()
            else:
                database.drop(server, used)
                database.clone(server, pristine, used)
                if suite == "browser":
                    database.write_bundles(used)
                elif suite != "odoo":
                    with step(f"Installing {suite}"):
                        database.run_odoo(used, ["-i", suite])
                command = [*odoo_pytest(used), "--odoo-log-level=info"]
            no_runner = {} if suite == "system" else NO_JOB_RUNNER
            left = max(end - time.monotonic(), 1)
            if suite in SEVERAL_PROCESSES and not tests:
                command += workers.options()
            results.append(_run_suite(suite, [*command, *paths], variables | no_runner, left))
            if suite != "system":
                problems += _logged_errors(suite)
            if suite == "browser":
                results.append(_hoot_result())
        return results
    finally:
        for name in database.names(server):
            if name == pristine or name.startswith(f"{pristine}_"):
                database.drop(server, name)
        if description:
            description.unlink()


def _end_of_checks(checks):
    with step("Checking style and common mistakes (begun before)"):
        failed, text = checks.result()
        print(text, end="", flush=True)
    return [f"check failed: {name}" for name in failed]


#: Suites whose tests one process runs on one core. (A browser takes more by itself.)
SEVERAL_PROCESSES = ("odoo", "system")

#: No job runner inside the tests of a database that has `queue_job`.
NO_JOB_RUNNER = {"ODOO_QUEUE_JOB_CHANNELS": "root:0"}


def odoo_pytest(database_name):
    """Return the command of pytest with Odoo, for tests of the add-on, browser included."""
    options = [f"--odoo-config={ODOO_CONF}", f"--odoo-database={database_name}", "--odoo-http"]
    return [PYTHON, "-m", "pytest", *options]


def plain_pytest():
    """Return the command of pytest for whole-system tests, which start Odoo by themselves."""
    return [PYTHON, "-m", "pytest", "-p", "no:odoo"]


def is_system_test(path):
    """Tell whether a test's path belongs to the whole-system tests."""
    return _suite_of(path) == "system"


def _suite_of(path):
    folder, *_rest = path.split("::")[0].removeprefix("./").split("/")
    if folder in ("dev", "tests"):
        return "system"
    if folder in _other_addons():
        return folder
    return "browser" if path.removeprefix("./").startswith(BROWSER_TESTS) else "odoo"


def _other_addons():
    return sorted({path.parent.name for path in ROOT.glob("*/__manifest__.py")} - {ADDON})


def _selected(tests):
    """Return (suite, paths) of the main add-on (`odoo`, `browser`), others, the whole system."""
    suites = {
        "odoo": [ADDON, f"--ignore={BROWSER_TESTS}"],
        "browser": [BROWSER_TESTS],
        **{name: [name] for name in _other_addons()},
        "system": ["dev/tests", "tests"],
    }
    if tests:
        suites = {suite: [path for path in tests if _suite_of(path) == suite] for suite in suites}
    return [(suite, paths) for suite, paths in suites.items() if paths]


def _run_suite(suite, command, variables, seconds):
    report = LOGS / f"{suite}-{os.getpid()}.xml"
    log = _suite_log(suite)
    options = ["-q", "--no-header", "--tb=short", "-rN", f"--junitxml={report}"]
    options += [f"--log-file={log}", "--log-file-level=INFO", "--show-capture=log"]
    with step(f"Running the {suite} tests"):
        status = _run_group([*command, *options], variables, seconds)
    result = _read_report(suite, report)
    report.unlink(missing_ok=True)
    if status == 5 or (status == 0 and not result.passed and not result.skipped):
        warn(f"the {suite} suite has no tests")
        result.failed += 1
    elif status not in (0, 1) or (status == 1 and not result.failed):
        warn(f"pytest ended with status {status} in the {suite} suite")
        result.failed += 1
    return result


def _suite_log(suite):
    return LOGS / f"pytest-{suite}-{os.getpid()}.log"


def _logged(suite):
    """Return what all processes of a suite logged."""
    logs = workers.logs(_suite_log(suite))
    return "\n".join(log.read_text(errors="replace") for log in logs)


def _logged_errors(suite):
    """Return the errors that Odoo logged in a suite and no test expected (`assertLogs`)."""
    found = [match[0][:300] for match in LOGGED_ERROR.finditer(_logged(suite))]
    more = [f"… and {len(found) - 5} more in {LOGS}"] if len(found) > 5 else []
    return [f"logged during the tests: {line}" for line in (found[:5] + more)]


def _hoot_result():
    """Count the add-on's Hoot tests that passed in the browser; a failed one fails its suite."""
    return Result("hoot", passed=len(set(HOOT_PASSED.findall(_logged("browser")))))


def _run_group(command, variables, seconds):
    """Run a command in a process group of its own, so that nothing of it is left behind.

    After so many seconds it is ended.
    """
    process = subprocess.Popen(
        list(map(str, command)), cwd=ROOT, env=variables, stdin=subprocess.DEVNULL, process_group=0
    )
    try:
        return process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        warn(f"stopped after {seconds:.0f} seconds; all suites together have {MOST_SECONDS}")
        return -signal.SIGKILL
    finally:
        _end_group(process)


def _end_group(process):
    for number, seconds in ((signal.SIGINT, 20), (signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        if process.poll() is not None and number is not signal.SIGKILL:
            continue
        try:
            os.killpg(process.pid, number)
            process.wait(timeout=seconds)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _read_report(suite, report):
    result = Result(suite)
    if not report.is_file():
        return result
    for case in ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            result.failed += 1
        elif skipped is not None:
            result.skipped[name] = skipped.get("message") or "no reason given"
        else:
            result.passed += 1
    return result


def _floors():
    if not FLOOR.is_file():
        return {}
    lines = (line.split("#")[0].split() for line in FLOOR.read_text().splitlines())
    return {words[0]: int(words[1]) for words in lines if words}


def _below_floor(results, raise_floor):
    """Return what to say of suites in which fewer tests passed than before.

    Where the machine may lack a part (not in CI), tests skipped for that count as passed.
    """
    floors, problems = _floors(), []
    for result in results:
        counted = result.passed
        if result.suite == "hoot" and parts.CHROMIUM.is_missing() and not _is_ci():
            continue
        if not _is_ci():
            counted += sum(bool(MISSING_PART.search(text)) for text in result.skipped.values())
        floor = floors.get(result.suite, 0)
        if counted < floor:
            problems.append(
                f"{result.suite}: {counted} tests passed, at least {floor} are expected. If tests "
                f"were removed on purpose, lower the number in {FLOOR.relative_to(ROOT)}."
            )
        elif counted > floor:
            floors[result.suite] = counted
            if not raise_floor:
                note(
                    f"{result.suite}: {counted} tests, {floor} in {FLOOR.relative_to(ROOT)}; "
                    "`make test RAISE=1` raises the number"
                )
    if raise_floor and not problems and not any(result.failed for result in results):
        lines = [f"{suite} {count}\n" for suite, count in sorted(floors.items())]
        FLOOR.write_text(
            "# The least number of tests that pass in each suite; `make test` fails below it.\n"
            + "".join(lines)
        )
    return problems


def _summary(results, problems):
    skipped = {name: why for result in results for name, why in result.skipped.items()}
    for name, reason in skipped.items():
        note(f"skipped {name}: {reason}")
        if _is_ci() and MISSING_PART.search(reason):
            problems.append(f"skipped for want of a part that set-up should bring: {name}")
    for result in results:
        note(
            f"{result.suite}: {result.passed} passed, {result.failed} failed, "
            f"{len(result.skipped)} skipped"
        )
    for problem in problems:
        print(f"error: {problem}", flush=True)
    passed = sum(result.passed for result in results)
    failed = sum(result.failed for result in results) + len(problems)
    print(f"{passed} passed, {failed} failed, {len(skipped)} skipped", flush=True)
    return 1 if failed or not passed else 0


def _drop_leftovers(server):
    """Delete test databases of runs that were killed."""
    for name in database.names(server):
        match = re.fullmatch(rf"{DATABASE_PREFIX}(\d+)(_[\w-]+)?", name)
        if match and not os.path.exists(f"/proc/{match[1]}"):
            database.drop(server, name)


def _is_ci():
    return os.environ.get("CI", "").lower() in ("1", "true")
