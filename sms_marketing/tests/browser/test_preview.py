"""What the phone shows is what goes out, to the byte but for the random code of a short link."""

import json
import random

from odoo.tests import tagged

from ...engine import personalize
from ...engine.texts import Addressee, MessageTexts
from .common import BrowserCase

#: Pieces that bodies are put together from: all that compiling treats in its own way, and more.
PIECES = (
    "Hello",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "\x00",
    "\x07",
    "\x85",
    "\u2028",
    "\xa0",
    ", ",
    ".",
    "(",
    ")",
    "'",
    "{",
    "}",
    "{{",
    "}}",
    "|||",
    "€",
    "ß",
    "é",
    "e\u0301",
    "ﬁ",
    "😀",
    "👨‍👩‍👧‍👦",
    "🇫🇷",
    "\u200b",
    "\u202e",
    "שלום",
    "مرحبا",
    "中文",
    "<b>bold</b>",
    "&amp;",
    "{{ object.name }}",
    "{{object.first_name|||friend}}",
    "{{ object.first_name }}",
    "{{ object.city ||| your town }}",
    "{{ object.ref ||| \x07 “none” 😀 }}",
    "{{ object.parent_id.name ||| }}",
    "{{ object.user_id.first_name ||| our team }}",
    "{{ object.lang }}",
    "{{ object.country_id ||| abroad }}",
    "{{ company.name }}",
    "{{ object.password ||| no }}",
    "{{ nobody.name }}",
    "https://www.example.com/a?b=c#d",
    "https://www.example.com/a?b=c#d",
    "http://example.com/{{ object.ref ||| x }}/y",
    "www.example.org/path).",
    "https://пример.рф/ё",
    "https://example.com/(a)",
)

_COMPARE = """
    (async () => {
        const { renderMessage } = odoo.loader.modules.get("@sms_marketing/preview/render");
        const { data, contacts, cases } = %s;
        const wrong = cases
            .map(({ contact, expected, ...message }) => ({
                message, contact, expected,
                text: renderMessage({
                    ...message, data, contact: contact === null ? null : contacts[contact],
                }),
            }))
            .filter(({ text, expected }) => text !== expected);
        if (wrong.length || !cases.length) {
            console.error(`${wrong.length} of ${cases.length}: ${JSON.stringify(wrong[0])}`);
        } else {
            console.log("test successful");
        }
    })();
"""

_LOOK = """
    (async () => {
        const { waitFor, waitUntil, click, edit } = odoo.loader.modules.get("@odoo/hoot-dom");
        const bubble = () => document.querySelector(".o_sms_marketing_bubble");
        const patience = { timeout: 60000 };
        const selector = ".o_sms_marketing_phone_preview .o_record_selector input";
        for (const { name, text } of %s) {
            await click(await waitFor(selector, patience));
            await edit(name);
            const option = `.o-autocomplete--dropdown-item:contains(${name})`;
            await click(await waitFor(option, patience));
            await waitUntil(() => bubble()?.textContent === text, {
                ...patience,
                message: () => `${name} sees ${JSON.stringify(bubble()?.textContent)}`
                    + `, gets ${JSON.stringify(text)}`,
            });
        }
        console.log("test successful");
    })().catch((error) => console.error(error.message));
"""


@tagged("post_install", "-at_install")
class TestPreview(BrowserCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.company.with_context(lang="fr_FR").sms_marketing_opt_out_text = "Répondez STOP"
        cls.company.partner_id.lang = "en_US"
        cls.env["sms.marketing.token.default"].create(
            [
                {"path": "object.first_name", "value": "dear customer"},
                {"path": "object.parent_id.name", "value": "your firm"},
            ]
        )
        cls.marketer = cls.user("preview_marketer", name="Pia Preview")
        firm = cls.env["res.partner"].create(
            {"name": "Œuvre & Cie", "is_company": True, "lang": "fr_FR"}
        )
        germany = cls.env.ref("base.de").id
        french = {"lang": "fr_FR", "country_id": germany, "user_id": cls.marketer.id}
        cls.contacts_with_odd_data = (
            cls.contact(name="Anita Oliver", city="Fremont", lang="en_US", subscribed=True)
            | cls.contact("+13032550147", name="Zoé “Z” Dupont", subscribed=True, **french)
            | cls.contact(name="{{ object.email }}", ref="{{", city="}}", lang="en_US")
            | cls.contact(
                name="https://evil.example/x", city="  \x07 \t", ref="a\r\nb\x00".strip("\x00")
            )
            | cls.contact(name="<img src=x onerror=alert(1)>", city="😀\u202e", parent_id=firm.id)
            | cls.contact(name="\u05e9\u05dc\u05d5\u05dd عالم", is_company=True, lang=False)
        )

    def _case(self, data, contact, body, include_opt_out):
        """One text as the server sends it, None where it refuses the body."""
        message = self.env["sms.marketing.message"].new(
            {
                "body": body,
                "include_opt_out_text": include_opt_out,
                "company_id": self.company.id,
                "sender_id": self.sender.id,
            }
        )
        expected = None
        if not personalize.problems(self.env, body):
            partner_id = None if contact is None else self.contacts_with_odd_data[contact].id
            [expected] = MessageTexts(message).render_all(
                [Addressee(partner_id, data["linkToken"])]
            )
        return {
            "body": body,
            "includeOptOut": include_opt_out,
            "contact": contact,
            "expected": expected,
        }

    def test_browser_renders_what_the_server_sends(self):
        seed = random.randrange(2**32)
        chance = random.Random(seed)
        messages = self.env["sms.marketing.message"].with_user(self.marketer)
        data = messages.get_editor_data()
        contacts = [
            messages.get_preview_values(contact.id, data["readablePaths"])
            for contact in self.contacts_with_odd_data
        ]
        whom = [None, *range(len(contacts))]
        cases = [
            self._case(
                data,
                chance.choice(whom),
                "".join(chance.choices(PIECES, k=chance.randrange(12))),
                chance.random() < 0.7,
            )
            for _ in range(600)
        ]
        # Each piece on its own as well, for everybody.
        cases += [self._case(data, contact, piece, True) for piece in PIECES for contact in whom]
        self.assertGreater(sum(case["expected"] is not None for case in cases), 300, seed)
        self.assertGreater(sum(case["expected"] is None for case in cases), 50, seed)
        told = json.dumps({"data": data, "contacts": contacts, "cases": cases})
        with self.subTest(seed=seed):
            self.browser_js("/odoo", _COMPARE % told, login="preview_marketer", timeout=120)

    def test_bubble_shows_what_two_contacts_get(self):
        anita, zoe = self.contacts_with_odd_data[:2]
        body = (
            "Hi {{ object.first_name ||| there }}! 🌷 “{{ object.city ||| Your town }}” "
            "{{ object.country_id }}:\r\nhttps://www.example.com/sale?x=1 and\n"
            "www.example.org/{{ object.ref ||| new }}. {{ object.user_id.name ||| Us }}\x07"
        )
        draft = self.message(anita | zoe, body=body, user_id=self.marketer.id)
        example = draft.get_editor_data()["linkToken"]
        recipients = self.send(draft.copy())
        self.assertEqual(len(recipients), 2)
        texts = [
            {
                "name": recipient.partner_id.name,
                "text": recipient.text.replace(recipient.token, example),
            }
            for recipient in recipients
        ]
        self.assertTrue(any("Répondez STOP" in told["text"] for told in texts))
        self.assertTrue(all(f"/s/{example}1. " in told["text"] for told in texts))
        self.browser_js(
            f"/odoo/sms-campaigns/{draft.id}",
            _LOOK % json.dumps(texts),
            ready="Boolean(document.querySelector('.o_sms_marketing_phone_preview input'))",
            login="preview_marketer",
            timeout=120,
        )
