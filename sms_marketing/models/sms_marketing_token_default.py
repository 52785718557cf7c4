from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..engine import personalize
from ..text.encoding import strip_control


class SmsMarketingTokenDefault(models.Model):
    """What stands in for a token whose value is empty and that has no default of its own (S34)."""

    _name = "sms.marketing.token.default"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Token Default"
    _order = "company_id, path"
    _rec_name = "path"

    path = fields.Char(
        string="Property",
        required=True,
        help="As it stands in a token, such as object.first_name or object.parent_id.name.",
    )
    value = fields.Char(
        string="Default",
        required=True,
        help="Used where the property is empty and the token has no default of its own.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )

    _company_path_unique = models.UniqueIndex(
        "(company_id, path)", "This property has a default already: change that one."
    )

    @api.constrains("path", "value")
    def _check_path_and_value(self):
        for default in self:
            if not personalize.is_readable(self.env, default.path):
                raise ValidationError(
                    self.env._(
                        "“%s” is not a field that texts may read. Write it as in a token, "
                        "such as object.first_name.",
                        default.path,
                    )
                )
            if not _clean(default.value):
                raise ValidationError(
                    self.env._("The default of “%s” is empty. Write a text.", default.path)
                )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([_tidy(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(_tidy(vals))

    @api.model
    def _defaults(self, company):
        """The account-wide default of each path that has one, for every user's texts.

        :rtype: dict[str, str]
        """
        defaults = self.sudo().search([("company_id", "=", company.id)])
        return {default.path: default.value for default in defaults}


def _clean(text):
    return strip_control(text or "").strip()


def _tidy(vals):
    """The values with path and text as they are compared and sent."""
    vals = dict(vals)
    if vals.get("path"):
        vals["path"] = vals["path"].strip()
    if vals.get("value"):
        vals["value"] = _clean(vals["value"])
    return vals
