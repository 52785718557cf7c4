"""A reference that very many rows have in common."""

from odoo import fields
from odoo.tools.sql import constraint_definition, drop_constraint


class SharedMany2one(fields.Many2one):
    """A Many2one without a foreign key, for what all rows of one statement refer to.

    For each row of a foreign key PostgreSQL looks up and locks the record referred to, so a message
    to a million contacts would have its sender looked up and locked a million times: with company
    and gateway, a third of what writing a recipient costs. The record is looked up once instead, by
    who writes the rows, and ``SmsMarketingRecipient._check_unused`` keeps it from being deleted.
    """

    def update_db_foreign_key(self, model, column):
        name = f"{model._table}_{self.name}_fkey"
        if constraint_definition(model.env.cr, model._table, name):
            drop_constraint(model.env.cr, model._table, name)
