"""Checks of style and of common mistakes, for Python, XML and JavaScript."""

import contextlib
import io
import os
import shutil
import subprocess
import time

from . import parts
from .paths import DEV, ROOT, VENV, fingerprint, remove_stamp, stamp_is, write_stamp
from .report import note, step, warn
from .run import environment, run

NODE_FOLDER = DEV / "node"
PYTHON_FOLDERS = ("dev", "sms_marketing", "sms_marketing_queue_job", "tests", "bench")
NODE_PACKAGES = ("package.json", "package-lock.json")


def lint():
    """Run every check; return the names of those that found something."""
    failed = [name for name, command in _python_checks() if not _passes(name, command)]
    if parts.ensure(parts.NODE):
        if os.environ.get("CI") == "true":
            failed.append("node")
        return failed
    _install_node_packages()
    return failed + [name for name, command in _node_checks() if not _passes(name, command)]


def written_lint():
    """Run every check without a word; return what failed (as `lint`), and what it printed."""
    with io.StringIO() as text, contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        return lint(), text.getvalue()


def reformat():
    """Rewrite the sources in the project's style, as far as tools can."""
    folders = _existing(PYTHON_FOLDERS)
    for arguments in (["check", "--fix", "--quiet"], ["format", "--quiet"]):
        subprocess.run([VENV / "bin" / "ruff", *arguments, *folders], cwd=ROOT)
    if not parts.ensure(parts.NODE):
        _install_node_packages()
        files = _sources("*.js", "*.xml")
        if files:
            subprocess.run(_prettier("--write", "--log-level", "warn") + files, cwd=ROOT)


def _python_checks():
    ruff = VENV / "bin" / "ruff"
    folders = _existing(PYTHON_FOLDERS)
    yield "ruff check", [ruff, "check", "--quiet", *folders]
    yield "ruff format", [ruff, "format", "--check", "--quiet", *folders]
    addons = sorted(path.parent.name for path in ROOT.glob("*/__manifest__.py"))
    if addons:
        yield "pylint-odoo", [VENV / "bin" / "pylint", "--rcfile=pyproject.toml", *addons]
        checks = VENV / "bin" / "oca-checks-odoo-module"
        yield "oca checks", [checks, "--no-verbose", "--config=dev/oca_hooks.cfg", *addons]
        translations = _sources("*.po", "*.pot")
        if translations:
            yield "oca checks of translations", [VENV / "bin" / "oca-checks-po", *translations]


def _node_checks():
    files = _sources("*.js", "*.xml")
    if files:
        yield "prettier", _prettier("--check", "--log-level", "warn") + files
    scripts = [name for name in files if name.endswith(".js")]
    if scripts:
        eslint = NODE_FOLDER / "node_modules" / ".bin" / "eslint"
        options = ["--config", "dev/eslint.config.mjs", "--max-warnings", "0"]
        yield "eslint", [eslint, *options, *scripts]


def _prettier(*options):
    modules = NODE_FOLDER / "node_modules"
    plugin = modules / "@prettier" / "plugin-xml" / "src" / "plugin.js"
    return [modules / ".bin" / "prettier", "--plugin", plugin, *options]


def _passes(name, command):
    started = time.monotonic()
    result = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env=environment(PYTHONPATH=None, PATH=f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    seconds = time.monotonic() - started
    if result.returncode == 0:
        note(f"{name}: nothing found ({seconds:.1f} s)")
        return True
    warn(f"{name} (`make format` mends what a tool can):")
    print((result.stdout + result.stderr).rstrip(), flush=True)
    return False


def _install_node_packages():
    sources = [ROOT / "dev" / name for name in NODE_PACKAGES]
    wanted = fingerprint(*sources)
    if stamp_is("node packages", wanted):
        return
    with step("Installing prettier and eslint from dev/package-lock.json"):
        remove_stamp("node packages")
        shutil.rmtree(NODE_FOLDER, ignore_errors=True)
        NODE_FOLDER.mkdir()
        for source in sources:
            shutil.copy(source, NODE_FOLDER)
        command = [parts.find("npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        run(command, log="npm.log", cwd=NODE_FOLDER, hint="Is there a network for npm?")
        write_stamp("node packages", wanted)


def _existing(names):
    return [name for name in names if (ROOT / name).is_dir()]


def _sources(*patterns):
    """Return the add-ons' files of these patterns, without what others wrote (`static/lib`)."""
    folders = [path.parent for path in sorted(ROOT.glob("*/__manifest__.py"))]
    found = {path for folder in folders for pattern in patterns for path in folder.rglob(pattern)}
    kept = [path.relative_to(ROOT) for path in sorted(found) if "static/lib/" not in str(path)]
    return [str(path) for path in kept]
