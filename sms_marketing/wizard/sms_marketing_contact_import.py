import base64
import hashlib
import json
from itertools import islice

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import NO_ACCESS
from odoo.tools import frozendict

from ..engine import contact_file, contact_import
from ..engine.transactions import rehearsal
from ..models.sms_marketing_consent import LEGAL_BASES
from ..text.spreadsheet import write_csv

MOST_SHOWN = 50

#: What decides what an import does: another value of one of these, another import to check.
CHECKED_FIELDS = ("file", "type_id", "ask_to_confirm", "list_name")

#: What a check has left, as long as it holds.
UNCHECKED = {"state": "new", "checked": False, "report": False, "problems_file": False}


class SmsMarketingContactImport(models.TransientModel):
    """Contacts with evidence of consent from a CSV: taken on trial first, then for good."""

    _name = "sms.marketing.contact.import"
    _inherit = "sms.marketing.guarded"
    _description = "Import Contacts and SMS Consent"
    _protected = frozendict(
        state="new",
        checked=False,
        report=False,
        problems_file=False,
        problems_file_name=False,
        list_id=False,
    )

    file = fields.Binary(string="CSV File", required=True, attachment=False)
    file_name = fields.Char()
    type_id = fields.Many2one(
        "sms.marketing.subscription.type",
        string="Subscription Type",
        required=True,
        default=lambda self: self.env["sms.marketing.subscription.type"].search([], limit=1),
        help="What the consent in the file is for.",
    )
    ask_to_confirm = fields.Boolean(
        string="Ask to Confirm by Text",
        compute="_compute_ask_to_confirm",
        store=True,
        readonly=False,
        help="Numbers that the file says are subscribed wait until they have confirmed it by text.",
    )
    list_name = fields.Char(
        string="New List", help="Puts the imported contacts on a new list of this name."
    )
    state = fields.Selection(
        [("new", "New"), ("checked", "Checked"), ("done", "Done")], default="new", readonly=True
    )
    checked = fields.Char(
        readonly=True, groups=NO_ACCESS, help="Fingerprint of the file and options checked."
    )
    report = fields.Text(readonly=True)
    problems_file = fields.Binary(
        string="All Problems",
        readonly=True,
        attachment=False,
        help="A CSV with the line, column and value of each problem.",
    )
    problems_file_name = fields.Char(readonly=True)
    list_id = fields.Many2one("sms.marketing.list", readonly=True)

    @api.depends("type_id")
    def _compute_ask_to_confirm(self):
        for wizard in self:
            wizard.ask_to_confirm = wizard.type_id.double_opt_in

    @api.onchange(*CHECKED_FIELDS)
    def _onchange_checked(self):
        # The form cannot see the fingerprint; saving forgets it.
        self.update({name: UNCHECKED[name] for name in UNCHECKED if name != "checked"})

    def write(self, vals):
        result = super().write(vals)
        if any(name in vals for name in CHECKED_FIELDS):
            self.sudo().write(UNCHECKED)
        return result

    def action_check(self):
        """Import on trial, say what has come of it, and take everything back."""
        self.ensure_one()
        self.check_access("write")
        self.type_id.check_access("read")
        content = self._read()
        with rehearsal(self.env):
            result, _contact_list = self._take(content)
        report = [
            self.env._("Nothing is written yet. This is what the import would do:"),
            *self._report(content, result),
        ]
        self.sudo().write(
            {
                "report": "\n".join(report),
                **self._problems(content, result.warnings),
                "state": "checked",
                "checked": self._fingerprint(),
            }
        )
        return self._again()

    def action_import(self):
        """Import what was checked; say what was left out or taken with a reservation."""
        self.ensure_one()
        self.check_access("write")
        self.type_id.check_access("read")
        if self.state == "done":
            raise UserError(self.env._("This file has been imported already."))
        if self.sudo().checked != self._fingerprint():
            raise UserError(
                self.env._("Check the file first: it has not been checked with these options.")
            )
        content = self._read()
        result, contact_list = self._take(content)
        self.sudo().write(
            {
                "report": "\n".join(self._report(content, result)),
                **self._problems(content, result.warnings),
                "list_id": contact_list.id,
                "state": "done",
            }
        )
        return self._again()

    def _take(self, content):
        """Write contacts, consent and the list.

        :return: ``contact_import.ImportResult``, and the list, an empty record for none
        """
        contact_list = self.env["sms.marketing.list"]
        result = contact_import.load(self.env, content.rows, self.type_id, ask=self.ask_to_confirm)
        if self.list_name and result.partner_ids:
            contact_list = contact_list.create(
                {
                    "name": self.list_name,
                    "company_id": self.type_id.company_id.id,
                    "partner_ids": [fields.Command.set(result.partner_ids)],
                }
            )
        return result, contact_list

    def _fingerprint(self):
        """Tells this file with these options from every other."""
        options = [self.type_id.id, self.ask_to_confirm, self.list_name or ""]
        content = json.dumps(options).encode() + b"\0" + base64.b64decode(self.file or b"")
        return hashlib.sha256(content).hexdigest()

    def _report(self, content, result):
        """What an import did, or would do, line by line."""
        yield self.env._(
            "%(created)d contacts created, %(updated)d updated, %(unchanged)d unchanged, "
            "%(consents)d consents recorded.",
            created=result.created,
            updated=result.updated,
            unchanged=result.unchanged,
            consents=sum(result.consents.values()),
        )
        yield from self._sentences(content.errors, self.env._("Left out:"))
        yield from self._sentences(result.warnings, self.env._("To look at:"))

    def _read(self):
        try:
            content = base64.b64decode(self.file)
        except ValueError as error:
            raise UserError(self.env._("The file cannot be read. Upload it again.")) from error
        try:
            return contact_file.read(self.env, content, dict(LEGAL_BASES))
        except contact_file.UnreadableFile as error:
            raise UserError(str(error)) from error

    def _problems(self, content, warnings):
        """Values of the fields with every problem as a CSV, one a line, in the file's order."""
        done = [
            *((*error, self.env._("Left out")) for error in content.errors),
            *((*warning, self.env._("To look at")) for warning in warnings),
        ]
        values = {row.line: row.values for row in content.rows} | content.left_out
        header = [
            self.env._("Line"),
            self.env._("Column"),
            self.env._("Value"),
            self.env._("Problem"),
            self.env._("What Was Done"),
        ]
        rows = [
            (line, column, values.get(line, {}).get(column), problem, outcome)
            for line, column, problem, outcome in sorted(done)
        ]
        stem = (self.file_name or "contacts.csv").rpartition(".")[0] or "contacts"
        return {
            "problems_file": base64.b64encode(write_csv(header, rows)) if rows else False,
            "problems_file_name": f"{stem}-problems.csv",
        }

    def _sentences(self, problems, title):
        if not problems:
            return
        yield ""
        yield title
        for line, column, problem in islice(problems, MOST_SHOWN):
            yield self.env._(
                "line %(line)d, %(column)s %(problem)s", line=line, column=column, problem=problem
            )
        if len(problems) > MOST_SHOWN:
            yield self.env._("… and %d more.", len(problems) - MOST_SHOWN)

    def _again(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Import Contacts and Consent"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }
