"""docs/access.md: who may do what, printed from the tables that the tests try."""

import importlib.util
import sys

from .paths import ADDON_DIR, ROOT

TABLES = ADDON_DIR / "tests" / "access_matrix"
PAGE = ROOT / "docs" / "access.md"


def text():
    """The page as the tables say it. They are plain data: Odoo is not needed."""
    name = "access_matrix"
    spec = importlib.util.spec_from_file_location(
        name, TABLES / "__init__.py", submodule_search_locations=[str(TABLES)]
    )
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.page()


def write():
    """Print the page anew."""
    PAGE.write_text(text(), encoding="utf-8")
