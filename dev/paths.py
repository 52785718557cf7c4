"""Where things are. Everything that set-up makes lies in `.dev/`, which git ignores."""

import contextlib
import fcntl
import hashlib
import os
from pathlib import Path

from .report import SetupError, note

ROOT = Path(__file__).resolve().parent.parent
DEV = ROOT / ".dev"
VENV = DEV / "venv"
PYTHON = VENV / "bin" / "python"
ODOO_TREE = DEV / "odoo"
ODOO_CONF = DEV / "odoo.conf"
DATA_DIR = DEV / "data"
LOGS = DEV / "logs"
STAMPS = DEV / "stamps"

ADDON = "sms_marketing"
ADDON_DIR = ROOT / ADDON

_lock_depth = 0


def make_dev_folder():
    """Create `.dev/`, or say who owns it when it cannot be written."""
    try:
        for folder in (DEV, LOGS, STAMPS, DATA_DIR):
            folder.mkdir(parents=True, exist_ok=True)
    except PermissionError as error:
        raise SetupError(
            f"{error.filename} cannot be written. It was made by another user: use a checkout of "
            "your own, or remove the folder .dev as that user."
        ) from error
    if not os.access(DEV, os.W_OK):
        raise SetupError(f"{DEV} belongs to another user; use a checkout of your own.")


@contextlib.contextmanager
def locked():
    """Let one process at a time change what is in `.dev/`. May be nested."""
    global _lock_depth
    if _lock_depth:
        _lock_depth += 1
        try:
            yield
        finally:
            _lock_depth -= 1
        return
    make_dev_folder()
    with open(DEV / "lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("waiting for another set-up in this folder to end")
            fcntl.flock(handle, fcntl.LOCK_EX)
        _lock_depth = 1
        try:
            yield
        finally:
            _lock_depth = 0


def fingerprint(*parts):
    """Return a hash of texts and of the contents of files (given as `Path`)."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else str(part).encode()
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


def stamp_is(name, value):
    """Tell whether the step `name` was last finished with the inputs `value`."""
    stamp = STAMPS / name
    return stamp.is_file() and stamp.read_text() == value


def write_stamp(name, value):
    """Remember that the step `name` was finished with the inputs `value`."""
    (STAMPS / name).write_text(value)


def remove_stamp(name):
    """Forget that the step `name` was finished, before its result is changed."""
    (STAMPS / name).unlink(missing_ok=True)
