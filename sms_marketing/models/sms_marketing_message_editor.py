from odoo import models
from odoo.exceptions import UserError

from ..engine import personalize
from ..engine.links import POSITIONS
from ..engine.preference_links import PLACEHOLDER
from ..engine.texts import MessageTexts
from ..text.links import LINK_UNITS
from ..text.tokens import PREFERENCE_LINK
from .arguments import as_list, record_id, words

#: What the editor may tell about a message that is not saved yet.
UNSAVED_FIELDS = frozenset({"company_id", "sender_id"})

#: Different tokens that a preview is asked for.
MOST_PATHS = 1000


class SmsMarketingMessage(models.Model):
    _inherit = "sms.marketing.message"

    def get_editor_data(self, **unsaved):
        """What a browser needs once, to show and count a text without asking for every key.

        :param unsaved: ids of ``company_id`` and ``sender_id`` as they are in the form
        :return: ``linkBase`` + ``linkToken`` + one of ``linkPositions`` is a short link (an example
            in all but its length; the first position is empty), and with ``preferenceCode`` alone
            the link to the preference page; ``optOutTexts`` {language code: text}, under ``""`` the
            one in the company's language; ``tokenDefaults`` {path: text}, account-wide;
            ``readablePaths``, every path that a token may read; ``linkUnits``, how many units a
            link counts at least; ``sender``, what recipients see the text come from
        """
        message = self._as_in_the_form(unsaved)
        company = message.company_id
        texts = {
            code: company.with_context(lang=code).sms_marketing_opt_out_text or ""
            for code, _name in self.env["res.lang"].sudo().get_installed()
        }
        default_language = personalize.language(self.env["res.partner"], company.sudo())
        return {
            "linkBase": message._short_link_base(),
            "linkToken": MessageTexts.EXAMPLE_TOKEN,
            "linkPositions": ["", *POSITIONS[1:]],
            "preferenceCode": PLACEHOLDER,
            "linkUnits": LINK_UNITS,
            "sender": message.sender_id.value or "",
            "optOutTexts": {**texts, "": texts[default_language]},
            "tokenDefaults": self.env["sms.marketing.token.default"]._defaults(company),
            "readablePaths": [
                f"{root}.{name}"
                for root in personalize.READABLE
                for name in personalize.readable_names(self.env, root)
            ]
            + [PREFERENCE_LINK],
        }

    def get_token_choices(self):
        """What a token may read, with labels in the user's language.

        :return: [{"type": root, "label": …, "properties": [{"name", "path", "label"}]}]
        """
        self.check_access("read")
        labels = {
            "object": self.env._("Contact"),
            "object.parent_id": self.env._("Contact's company"),
            "object.user_id": self.env._("Contact's owner"),
            "company": self.env._("Our company"),
        }
        return [
            {
                "type": root,
                "label": labels[root],
                "properties": [
                    {
                        "name": name,
                        "path": f"{root}.{name}",
                        "label": personalize.label(self.env, root, name),
                    }
                    for name in personalize.readable_names(self.env, root)
                ],
            }
            for root in personalize.READABLE
        ] + [
            {
                "type": "recipient",
                "label": self.env._("Preference link"),
                "properties": [
                    {
                        "name": "preference_link",
                        "path": PREFERENCE_LINK,
                        "label": self.env._("Link to choose what to get, or to stop"),
                    }
                ],
            }
        ]

    def get_preview_values(self, partner_id, paths, **unsaved):
        """A contact's values as they go out: formatted by what sends, in the contact's language.

        :param paths: dotted paths, as in the body's tokens
        :raise AccessError: the user may not read the contact
        :return: ``values`` {path: text}; ``hidden``, the paths to records that the user may not
            read; ``name`` of the contact; ``lang`` code, ``langName``; ``optOutText`` in it;
            ``number`` (E.164) that a text would go to, or ``""``
        """
        message = self._as_in_the_form(unsaved)
        company = message.company_id.sudo()
        partner = self.env["res.partner"].browse(record_id(self.env, partner_id))
        if not partner.exists():
            raise UserError(self.env._("This contact was deleted. Choose another one."))
        partner.check_access("read")
        paths = [words(self.env, path) or "" for path in as_list(self.env, paths, MOST_PATHS)]
        unreadable = personalize.unreadable_roots(self.env, partner.ids).get(partner.id, ())
        hidden = [path for path in paths if path.rpartition(".")[0] in unreadable]
        values = personalize.token_values(
            self.env, set(paths) - set(hidden), [partner.id], company.id
        )
        lang = personalize.language(partner.sudo(), company)
        numbers = partner._sms_numbers()
        return {
            "values": values[partner.id],
            "hidden": hidden,
            "name": partner.display_name,
            "lang": lang,
            "langName": self.env["res.lang"]._get_data(code=lang).name,
            "optOutText": company.with_context(lang=lang).sms_marketing_opt_out_text or "",
            "number": numbers[0] if numbers else "",
        }

    def _as_in_the_form(self, unsaved):
        """The message with what its form holds and the database does not, where readable."""
        self.check_access("read")
        values = {name: record_id(self.env, unsaved.get(name)) for name in UNSAVED_FIELDS}
        values = {name: value for name, value in values.items() if value}
        for name, value in values.items():
            self.env[self._fields[name].comodel_name].browse(value).check_access("read")
        message = self.new(
            {
                "company_id": self.company_id.id or self.env.company.id,
                "sender_id": self.sender_id.id,
                **values,
            }
        )
        message.company_id.check_access("read")
        return message
