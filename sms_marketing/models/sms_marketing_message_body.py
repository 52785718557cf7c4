from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import frozendict

from ..engine import personalize
from ..engine.links import MOST_LINKS
from ..text.encoding import strip_control
from ..text.links import find

#: An editor passes the version that it began with; nobody sets it.
VERSION = "body_version"
#: Characters of a message's text, tokens and link addresses included.
LONGEST_BODY = 10_000


class SmsMarketingMessage(models.Model):
    """The text of a message: what may be saved, and by whom it was changed meanwhile."""

    _inherit = "sms.marketing.message"
    _protected = frozendict(body_version=0)

    body_version = fields.Integer(
        string="Text Version",
        default=0,
        copy=False,
        help="Grows with every change of the text. An editor that saves a text says which version "
        "it began with, and is refused when somebody else has changed it since.",
    )

    @api.constrains("body")
    def _check_body(self):
        for message in self:
            body = message.body or ""
            # Before anything reads it: even what takes a moment for a text takes long for a book.
            if len(body) > LONGEST_BODY:
                raise ValidationError(
                    self.env._(
                        "The text of “%(message)s” has %(length)s characters; the maximum is "
                        "%(maximum)s.",
                        message=message.name,
                        length=len(body),
                        maximum=LONGEST_BODY,
                    )
                )
            urls = dict.fromkeys(link.url for link in find(body))
            problems = personalize.problems(self.env, body)
            problems += personalize.host_problems(self.env, urls)
            if len(urls) > MOST_LINKS:
                problems.append(
                    self.env._(
                        "It has %(links)d different links; a text can have %(most)d.",
                        links=len(urls),
                        most=MOST_LINKS,
                    )
                )
            if problems:
                raise ValidationError(
                    self.env._("The text of “%s” cannot be saved like this:", message.name)
                    + "".join(f"\n• {problem}" for problem in problems)
                )

    @api.model_create_multi
    def create(self, vals_list):
        return super().create(
            [
                {name: value for name, value in self._clean_body(vals).items() if name != VERSION}
                for vals in vals_list
            ]
        )

    def write(self, vals):
        version = vals.get(VERSION)
        vals = {name: value for name, value in vals.items() if name != VERSION}
        if "body" not in vals:
            return super().write(vals)
        vals = self._clean_body(vals)
        # Two that save at the same moment: PostgreSQL refuses the second one's transaction, Odoo
        # runs it again, and then it sees the version that the first one left.
        for message in self:
            changes = (message.body or "") != (vals["body"] or "")
            if changes and version is not None and message.body_version != version:
                raise UserError(message._body_conflict_in_words())
            super(SmsMarketingMessage, message).write(vals)
            if changes:
                as_superuser = super(SmsMarketingMessage, message.sudo())
                as_superuser.write({VERSION: message.body_version + 1})
        return True

    def _body_conflict_in_words(self):
        user = self.sudo().body_changed_by_id or self.sudo().create_uid
        if user == self.env.user:
            return self.env._(
                "You have changed the text of “%s” in another window, so this text has not been "
                "saved. Copy it, discard your changes, and look at the other text before you put "
                "this one in its place.",
                self.name,
            )
        return self.env._(
            "%(user)s has changed the text of “%(message)s” while you were writing, so "
            "yours has not been saved. Copy your text, discard your changes, and look "
            "at the other text before you put yours in its place.",
            user=user.name,
            message=self.name,
        )

    @api.model
    def _clean_body(self, vals):
        """The values with a text that carriers can take: no control character, one line end."""
        return {**vals, "body": strip_control(vals["body"])} if vals.get("body") else vals
