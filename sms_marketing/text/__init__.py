"""Pure functions on texts and phone numbers: no Odoo import, no database."""
