"""Odoo 19: one that the user has, or the Debian package unpacked into `.dev/odoo`."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from .debian import download_and_unpack
from .paths import DEV, ODOO_TREE, VENV, fingerprint, remove_stamp, stamp_is, write_stamp
from .report import SetupError, note, step

RELEASE = "19.0"
CHOICE = DEV / "odoo.json"

# Odoo's Debian package links its fonts and three JavaScript files from these packages.
FROM_SID = (
    "odoo-19",
    "fonts-roboto-unhinted",
    "fonts-montserrat",
    "libjs-jquery",
    "libjs-underscore",
    "libjs-jquery-form",
)
# The icons are those of Font Awesome 4.7; sid has a later generation without them.
FROM_OWN_SUITE = ("fonts-font-awesome", "fonts-inconsolata")

PACKAGE_FOLDER = "usr/lib/python3/dist-packages"
# Missing in the Debian package; the browser's console shows an error without it.
EMPTY_SCRIPT = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"


def ensure_odoo():
    """Make `import odoo` work in the virtual environment; return the folders with add-ons."""
    source = os.environ.get("ODOO_SRC", "").strip()
    if not source and CHOICE.is_file():
        source = json.loads(CHOICE.read_text())["source"]
    python_path = _python_path(source)
    if os.environ.get("ODOO_SRC"):
        CHOICE.write_text(json.dumps({"source": source}) + "\n")
    _link_into_venv(python_path)
    return addons_folders(python_path)


def addons_folders(python_path):
    """Return the folders that hold Odoo's add-ons, for `addons_path`."""
    candidates = [python_path / "addons", python_path / "odoo" / "addons"]
    return [path for path in candidates if (path / "web" / "__manifest__.py").is_file()]


def _python_path(source):
    if source in ("", "debian"):
        return _debian_package()
    if source == "installed":
        spec = importlib.util.find_spec("odoo")
        places = list(spec.submodule_search_locations or []) if spec else []
        if not places:
            raise SetupError("ODOO_SRC=installed, but this Python cannot import odoo.")
        return _checked(Path(places[0]).parent, "ODOO_SRC=installed")
    folder = Path(source).expanduser().resolve()
    for candidate in (folder, folder / PACKAGE_FOLDER, folder.parent):
        if (candidate / "odoo" / "release.py").is_file():
            return _checked(candidate, f"ODOO_SRC={source}")
    raise SetupError(
        f"ODOO_SRC={source}: no Odoo there (looked for odoo/release.py). Give the folder of a "
        "source checkout or of an unpacked package, `installed` for the Odoo of this Python, or "
        "`debian` for the Debian package."
    )


def _checked(python_path, origin):
    release = (python_path / "odoo" / "release.py").read_text()
    version = re.search(r"^version_info\s*=\s*\(['\"]?(\w+~?)['\"]?,\s*(\d+)", release, re.M)
    found = ".".join(version.groups()) if version else "unknown"
    if found != RELEASE:
        raise SetupError(f"{origin}: this is Odoo {found}; Odoo {RELEASE} is needed.")
    if not addons_folders(python_path):
        raise SetupError(f"{origin}: Odoo's add-ons (web, crm, …) are not beside it.")
    return python_path


def _debian_package():
    wanted = fingerprint(FROM_SID, FROM_OWN_SUITE, EMPTY_SCRIPT, str(ODOO_TREE))
    python_path = ODOO_TREE / PACKAGE_FOLDER
    if not stamp_is("odoo", wanted):
        with step("Getting Odoo 19 (Debian's package and what it links to, about 130 MB)"):
            remove_stamp("odoo")
            shutil.rmtree(ODOO_TREE, ignore_errors=True)
            download_and_unpack("sid", FROM_SID, ODOO_TREE)
            download_and_unpack(None, FROM_OWN_SUITE, ODOO_TREE)
            script = python_path / "odoo" / "addons" / EMPTY_SCRIPT
            script.parent.mkdir(parents=True, exist_ok=True)
            script.touch()
            _check_links(python_path)
            _checked(python_path, "Debian package odoo-19")
            write_stamp("odoo", wanted)
    return python_path


def _check_links(folder):
    """Raise when the web client's fonts or scripts are missing: their packages have changed."""
    web = folder / "odoo" / "addons" / "web"
    broken = [path for path in web.rglob("*") if path.is_symlink() and not path.exists()]
    if broken:
        raise SetupError(
            f"Debian's package odoo-19 links to files of packages that were not fetched: "
            f"{broken[0].relative_to(folder)} and {len(broken) - 1} more."
        )


def _link_into_venv(python_path):
    if stamp_is("odoo path", str(python_path)):
        return
    remove_stamp("odoo path")
    library = next(VENV.glob("lib/python3.*/site-packages"))
    (library / "odoo19.pth").write_text(f"{python_path}\n")
    check = subprocess.run(
        [
            VENV / "bin" / "python",
            "-c",
            "import odoo.tools.config, odoo.release as r; print(r.version)",
        ],
        capture_output=True,
        text=True,
        cwd=DEV,
    )
    if check.returncode:
        raise SetupError(f"Odoo in {python_path} cannot be imported:\n{check.stderr.strip()}")
    note(f"Odoo {check.stdout.strip()} in {python_path}")
    write_stamp("odoo path", str(python_path))
