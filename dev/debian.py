"""Debian packages without root: downloaded by a private apt, verified, unpacked in a folder.

The archive's address and key are those of the machine's own Debian sources.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .paths import DEV
from .report import SetupError, warn
from .run import environment, run

KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)


@dataclass(frozen=True)
class Source:
    """One archive that apt is configured for."""

    address: str
    suites: tuple
    components: tuple
    signed_by: str


def machine_sources(sources_list="/etc/apt/sources.list", sources_parts="/etc/apt/sources.list.d"):
    """Return the machine's binary package sources, from one-line and deb822 files."""
    found = []
    one_line = [Path(sources_list), *sorted(Path(sources_parts).glob("*.list"))]
    for path in one_line:
        if path.is_file():
            found += _parse_one_line(path.read_text(errors="replace"))
    for path in sorted(Path(sources_parts).glob("*.sources")):
        found += _parse_deb822(path.read_text(errors="replace"))
    return found


def _parse_one_line(text):
    pattern = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<rest>.+)$")
    for line in text.splitlines():
        match = pattern.match(line.split("#")[0].strip())
        words = match["rest"].split() if match else []
        if len(words) < 2:
            continue
        options = dict(
            option.split("=", 1) for option in (match["options"] or "").split() if "=" in option
        )
        yield Source(words[0], (words[1],), tuple(words[2:]), options.get("signed-by", ""))


def _parse_deb822(text):
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", "\n".join(lines)):
        fields = {
            name.lower(): " ".join(value.split())
            for name, value in re.findall(r"^([A-Za-z-]+):((?:.*)(?:\n[ \t].*)*)", stanza, re.M)
        }
        if (
            "deb" not in fields.get("types", "").split()
            or fields.get("enabled", "").lower() == "no"
        ):
            continue
        for address in fields.get("uris", "").split():
            yield Source(
                address,
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                fields.get("signed-by", ""),
            )


def debian_archive():
    """Return the Debian archive among the machine's sources, and its stable suite's name."""
    codename = _codename()
    for source in machine_sources():
        if codename in source.suites and "main" in source.components:
            return source, codename
    raise SetupError(
        f"No Debian archive for the suite {codename!r} is configured in apt's sources, so Odoo's "
        "Debian package cannot be found. Give an Odoo 19 that you have: ODOO_SRC=<folder>."
    )


def _codename():
    release = Path("/etc/os-release")
    facts = (
        dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', release.read_text(), re.M))
        if (release.is_file())
        else {}
    )
    needed = ("apt-get", "dpkg-deb")
    if facts.get("ID") != "debian" or not all(map(shutil.which, needed)):
        raise SetupError(
            "Odoo 19 is taken from Debian's archive, and this machine is not Debian (or lacks "
            "apt-get). Give an Odoo 19 that you have: ODOO_SRC=<folder of a source checkout>."
        )
    return facts.get("VERSION_CODENAME", "sid")


def download_and_unpack(suite, packages, target):
    """Download packages of a suite (None: the machine's own) and unpack them into a folder."""
    source, own_suite = debian_archive()
    suite = suite or own_suite
    keyring = source.signed_by
    if not Path(keyring).is_file():  # none named, or a key written into the source itself
        keyring = next((path for path in KEYRINGS if Path(path).is_file()), "")
    if not keyring:
        raise SetupError(
            "Debian's archive keys are missing, so packages cannot be verified. "
            "Install the Debian package debian-archive-keyring."
        )
    folder = DEV / "apt" / suite
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("parts", "lists/partial", "cache/archives/partial", "packages"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    (folder / "parts" / "debian.sources").write_text(
        f"Types: deb\nURIs: {source.address}\nSuites: {suite}\nComponents: main\n"
        f"Signed-By: {keyring}\n"
    )
    configuration = folder / "apt.conf"
    configuration.write_text(
        'Dir::Etc::sourcelist "/dev/null";\n'
        f'Dir::Etc::sourceparts "{folder}/parts";\n'
        f'Dir::State::Lists "{folder}/lists";\n'
        f'Dir::State::status "{folder}/status";\n'
        f'Dir::Cache "{folder}/cache";\n'
        # As root, apt would drop to a user who may not read a checkout under root's home.
        f'APT::Sandbox::User "{_user_name()}";\n'
        'Acquire::Retries "3";\nAcquire::Languages "none";\n'
    )
    env = environment(APT_CONFIG=configuration)
    hint = (
        "Odoo's package comes from Debian's archive: is there a network? "
        "Or give an Odoo 19 that you have: ODOO_SRC=<folder>."
    )
    run(["apt-get", "update", "-qq", "--error-on=any"], log="apt.log", env=env, hint=hint)
    run(
        ["apt-get", "download", "-qq", *packages],
        log="apt.log",
        env=env,
        cwd=folder / "packages",
        hint=hint,
    )
    target.mkdir(parents=True, exist_ok=True)
    for package in sorted((folder / "packages").glob("*.deb")):
        run(["dpkg-deb", "-x", package, target], log="apt.log")
    shutil.rmtree(folder)


def _user_name():
    return subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip() or "root"


def install_system_packages(packages):
    """Install Debian packages on the machine; only root can."""
    env = environment(DEBIAN_FRONTEND="noninteractive")
    try:
        run(["apt-get", "update", "-qq"], log="apt.log", env=env)
    except SetupError:
        warn("apt-get update failed; trying with the lists that are there")
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    run(command, log="apt.log", env=env, hint=f"Install by hand: {' '.join(packages)}")


def can_install():
    """Tell whether system packages can be installed here: root, with apt."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None
