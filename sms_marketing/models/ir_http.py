from odoo import models
from odoo.http import request


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _serve_fallback(cls):
        """No attachment can have such an address: PostgreSQL takes no NUL (error 500)."""
        return None if "\x00" in request.httprequest.path else super()._serve_fallback()
