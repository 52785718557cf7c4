"""Set-up of a development machine: Python packages, Odoo, PostgreSQL, databases, checks.

Only the standard library is used, because this code runs before anything is installed.
"""
