"""The virtual environment in `.dev/venv`, filled from locked requirements files."""

import importlib.util
import shutil
import sys

from .debian import download_and_unpack
from .paths import DEV, PYTHON, ROOT, VENV, fingerprint, remove_stamp, stamp_is, write_stamp
from .report import SetupError, step
from .run import environment, run

RUNTIME = ROOT / "dev" / "requirements.txt"
TESTING = ROOT / "dev" / "requirements-test.txt"


def ensure_venv(testing=False):
    """Make the virtual environment, with the packages for tests and checks if asked."""
    _create()
    _install("python packages", RUNTIME)
    if testing:
        _install("python packages for tests", TESTING)


def _create():
    wanted = fingerprint(sys.version_info[:2], str(VENV))
    if stamp_is("venv", wanted) and PYTHON.exists():
        return
    if sys.version_info[:2] < (3, 11):
        raise SetupError(
            f"Python 3.11 or later is needed; this is {sys.version.split()[0]}. "
            "Choose another with `make PYTHON=python3.11 …`."
        )
    with step("Making a virtual environment"):
        shutil.rmtree(VENV, ignore_errors=True)
        for name in ("python packages", "python packages for tests", "odoo path"):
            remove_stamp(name)
        _make_folder()
        write_stamp("venv", wanted)


def _make_folder():
    if importlib.util.find_spec("ensurepip"):
        run([sys.executable, "-m", "venv", VENV], log="venv.log")
        return
    # A bare Debian has no ensurepip: its package python3-venv brings it.
    virtualenv = shutil.which("virtualenv")
    if virtualenv:
        run([virtualenv, "--quiet", "--python", sys.executable, VENV], log="venv.log")
        return
    try:
        wheels = DEV / "pip"
        download_and_unpack(None, ("python3-pip-whl",), wheels)
        wheel = next(wheels.rglob("pip-*.whl"))
        run([sys.executable, "-m", "venv", "--without-pip", VENV], log="venv.log")
        run([PYTHON, wheel / "pip", "install", "--no-index", wheel], log="venv.log")
    except SetupError as error:
        raise SetupError(
            f"{error}\nThis Python cannot make virtual environments. "
            "Install the Debian package python3-venv (or virtualenv), then try again."
        ) from error


def _install(title, requirements):
    wanted = fingerprint(requirements)
    if stamp_is(title, wanted):
        return
    with step(f"Installing {title} from {requirements.relative_to(ROOT)}"):
        remove_stamp(title)
        # The files are complete locks, so nothing has to be resolved.
        run(
            [PYTHON, "-m", "pip", "install", "--no-deps", "--prefer-binary", "-r", requirements],
            log="pip.log",
            env=environment(PIP_DISABLE_PIP_VERSION_CHECK=1, PIP_ROOT_USER_ACTION="ignore"),
            hint="Is there a network, and is pip configured for it?",
        )
        write_stamp(title, wanted)
