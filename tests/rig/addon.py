"""Importing this makes `odoo.addons.sms_marketing` of this checkout importable.

Odoo itself does so when it reads its configuration; whole-system tests run without one, and need
the add-on's plain Python only.
"""

from pathlib import Path

import odoo.addons

ROOT = str(Path(__file__).resolve().parents[2])
if ROOT not in odoo.addons.__path__:
    odoo.addons.__path__.append(ROOT)
