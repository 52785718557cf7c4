"""Programs of the system that tests and checks need: found, installed by root, or named."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from .debian import can_install, install_system_packages
from .report import SetupError, step, warn

# Debian keeps these out of an ordinary user's PATH.
EXTRA_FOLDERS = ("/usr/sbin", "/usr/lib/kannel/test")


@dataclass(frozen=True)
class Part:
    """A set of programs: what for, one of which names, and Debian's packages."""

    purpose: str
    programs: tuple
    packages: tuple

    def is_missing(self):
        """Tell whether a program of this part cannot be found."""
        return any(find(*names) is None for names in self.programs)


CHROMIUM = Part(
    "browser tests",
    (("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),),
    ("chromium",),
)
KANNEL = Part(
    "tests over a real SMS gateway",
    (("bearerbox",), ("smsbox",), ("fakesmsc",)),
    ("kannel", "kannel-extras"),
)
NODE = Part("checks of JavaScript and XML", (("node", "nodejs"), ("npm",)), ("nodejs", "npm"))


def find(*names):
    """Return the path of the first of these programs that the machine has, or None."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *EXTRA_FOLDERS))
    for name in names:
        found = shutil.which(name, path=path)
        if found:
            return Path(found)
    return None


def ensure(*parts):
    """Install what is missing (as root, on Debian), else name it; return what is still missing."""
    missing = [part for part in parts if part.is_missing()]
    if missing and can_install():
        packages = [package for part in missing for package in part.packages]
        with step(f"Installing Debian packages {' '.join(packages)}"):
            try:
                install_system_packages(packages)
            except SetupError as error:
                warn(str(error))
        missing = [part for part in missing if part.is_missing()]
    for part in missing:
        warn(
            f"missing for {part.purpose}: install the Debian packages "
            f"{' and '.join(part.packages)} (as root: apt-get install {' '.join(part.packages)})"
        )
    return missing
