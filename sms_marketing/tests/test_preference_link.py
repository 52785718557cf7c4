"""The link to the preference page in texts (B15): a secret that only the recipient ever has."""

import importlib.util
import logging
import re
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import file_path

from ..controllers.access_log import redact
from ..engine import exact, links
from ..engine.preference_links import (
    CODE_LENGTH,
    LAST_OLD_RECIPIENT,
    PLACEHOLDER,
    PreferenceCodes,
    code_of_short_link,
    find,
)
from ..engine.texts import MessageTexts
from ..text.template import has_preference_link
from .common import SmsMarketingCase, SmsMarketingHttpCase
from .public_pages import handed_over

TOKEN = "{{ recipient.preference_link }}"


@tagged("post_install", "-at_install")
class TestPreferenceLink(SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.company.sms_marketing_opt_out_text = "Reply STOP to opt out"
        self.base = self.message()._short_link_base()

    def link_of(self, recipient):
        return self.base + PreferenceCodes(self.env).code(recipient.id)

    def test_each_recipient_gets_the_own_one(self):
        people = self.contacts(2)
        message = self.message(people, body=f"Choose: {TOKEN}", include_opt_out_text=False)
        with handed_over() as texts:
            sent = self.send(message)
        self.assertEqual(texts, {one.sudo().token: f"Choose: {self.link_of(one)}" for one in sent})
        self.assertEqual(len(set(texts.values())), 2)

    def test_nobody_else_sees_it(self):
        """Users read a placeholder, whatever they look at, and nothing stores the code."""
        person = self.contacts(1, name="Ann")
        message = self.message(person, body=f"{{{{ object.name }}}}: {TOKEN}")
        with handed_over() as texts:
            recipient = self.send(message)
        [handed] = texts.values()
        code = PreferenceCodes(self.env).code(recipient.id)
        self.assertIn(f"{self.base}{code}", handed)
        self.assertEqual(handed.replace(code, PLACEHOLDER), recipient.text)
        self.assertEqual(recipient.body, recipient.text)
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND (tablename LIKE 'sms%' OR tablename LIKE 'mail%' OR tablename LIKE 'ir_%')"
        )
        for (table,) in self.env.cr.fetchall():
            self.env.cr.execute(
                f"SELECT count(*) FROM {table} AS one WHERE strpos(to_jsonb(one)::text, %s) > 0",
                [code],
            )
            self.assertEqual(self.env.cr.fetchone(), (0,), table)

    def test_a_user_who_writes_the_placeholder_gets_no_code(self):
        body = f"evil.example/s/{PLACEHOLDER} {self.base}{PLACEHOLDER}"
        with handed_over() as texts:
            recipient = self.send(self.message(self.contacts(1), body=body))
        [handed] = texts.values()
        self.assertNotIn(PreferenceCodes(self.env).code(recipient.id), handed)

    def test_in_the_opt_out_text(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.sms_marketing_opt_out_text = f"Stop: {TOKEN}"
        self.company.with_context(
            lang="fr_FR"
        ).sms_marketing_opt_out_text = "Arrêt: {{recipient.preference_link}}"
        people = self.contacts(2)
        people[1].lang = "fr_FR"
        with handed_over() as texts:
            sent = self.send(self.message(people, body="Hello"))
        by_contact = {recipient.partner_id: recipient for recipient in sent}
        for person, words in zip(people, ("Stop: ", "Arrêt: "), strict=True):
            recipient = by_contact[person]
            self.assertEqual(
                texts[recipient.sudo().token], f"Hello\n{words}{self.link_of(recipient)}"
            )
            self.assertEqual(recipient.text, f"Hello\n{words}{self.base}{PLACEHOLDER}")

    def test_text_is_still_one_for_all(self):
        message = self.message(body=f"Hi. {TOKEN}", include_opt_out_text=False)
        self.assertTrue(MessageTexts(message).is_shared)
        recipient = self.send(self.message(self.contacts(1), body=f"Hi. {TOKEN}"))
        self.assertFalse(recipient.body, "it is not stored on every recipient")
        self.assertFalse(recipient.message_id.link_ids, "and is no link that clicks count for")

    def test_length_is_exact(self):
        person = self.contacts(1)
        link = len(self.base) + CODE_LENGTH
        for length in (160, 161):
            body = "a" * (length - link) + TOKEN
            message = self.message(person, body=body, include_opt_out_text=False)
            [(_encoding, segments, _region, _sender)] = exact.count_exactly(message)
            self.assertEqual(segments, 1 + (length > 160))
            self.assertEqual(message._estimated_length(), segments if link >= 36 else 2)
            with handed_over() as texts:
                self.send(message)
            self.assertEqual([len(text) for text in texts.values()], [length])

    def test_link_in_a_link_is_refused(self):
        for body in (f"https://example.com/{TOKEN}", f"www.example.com?u={TOKEN}"):
            with self.assertRaisesRegex(ValidationError, "a link of its own"):
                self.message(body=body)

    def test_nothing_else_of_a_recipient_can_be_read(self):
        for path in ("recipient.token", "recipient.number", "recipient.preference_link.x"):
            with self.assertRaises(ValidationError, msg=path):
                self.message(body=f"{{{{ {path} }}}}")
        with self.assertRaises(UserError):
            self.env["sms.marketing.token.default"].create(
                {"path": "recipient.preference_link", "value": "x"}
            )

    def test_opt_out_text_has_no_other_token(self):
        for text in ("{{ object.name }} STOP", "STOP {{", "{{ recipient.token }}", "}} STOP"):
            with self.assertRaisesRegex(ValidationError, "one token only"):
                self.company.sms_marketing_opt_out_text = text

    def test_what_counts_as_a_way_to_stop(self):
        self.assertTrue(has_preference_link(f"See {TOKEN}"))
        self.assertTrue(has_preference_link("{{recipient.preference_link ||| x}}"))
        self.assertFalse(has_preference_link("{{ object.preference_link }} recipient"))


@tagged("post_install", "-at_install")
class TestPreferenceCodes(SmsMarketingCase):
    @given(st.integers(1, 2**31 - 1))
    def test_code_leads_back(self, recipient_id):
        codes = PreferenceCodes(self.env)
        code = codes.code(recipient_id)
        self.assertEqual(len(code), CODE_LENGTH)
        self.assertEqual(codes.recipient_id(code), recipient_id)
        self.assertEqual(code_of_short_link(code), code)
        self.assertIsNone(links.parse_code(code))

    @given(st.text(max_size=40))
    def test_any_code_is_understood_or_refused(self, code):
        self.assertIsNone(PreferenceCodes(self.env).recipient_id(code))
        self.assertFalse(find(self.env, code)[0])
        code_of_short_link(code)

    def test_a_changed_code_is_refused(self):
        codes = PreferenceCodes(self.env)
        code = codes.code(4711)
        for at in range(CODE_LENGTH):
            for other in "A7-_":
                if other != code[at]:
                    self.assertIsNone(codes.recipient_id(code[:at] + other + code[at + 1 :]))
        self.assertIsNone(codes.recipient_id(PLACEHOLDER))

    def test_codes_tell_nothing_of_the_ids(self):
        codes = PreferenceCodes(self.env)
        beginnings = {codes.code(number)[:5] for number in range(1000, 1100)}
        self.assertEqual(len(beginnings), 100)

    def test_another_secret_makes_other_codes(self):
        code = PreferenceCodes(self.env).code(7)
        self.env["ir.config_parameter"].set_param("database.secret", "another secret")
        self.assertNotEqual(PreferenceCodes(self.env).code(7), code)
        self.assertIsNone(PreferenceCodes(self.env).recipient_id(code))

    def test_a_short_links_token_opens_no_page(self):
        recipient = self.send(self.message(self.contacts(1), body="https://example.com"))
        token = recipient.sudo().token
        self.assertEqual(code_of_short_link(f"{token}P"), token, "as it was until 19.0.1.0.0")
        for last in ("", str(recipient.id - 1), "x", "\N{SUPERSCRIPT TWO}"):
            self.env["ir.config_parameter"].set_param(LAST_OLD_RECIPIENT, last)
            self.assertFalse(find(self.env, token)[0], last)
        self.env["ir.config_parameter"].set_param(LAST_OLD_RECIPIENT, str(recipient.id))
        self.assertEqual(find(self.env, token), (recipient, True))


@tagged("post_install", "-at_install")
class TestHiddenFromLogs(SmsMarketingCase):
    def test_codes_are_hidden_and_nothing_else(self):
        code, token = "k7Qm2xVb9TzAk7Qm2xVb", "x" * 32
        for path, logged in {
            f"GET /s/{code} HTTP/1.1": "GET /s/*** HTTP/1.1",
            "GET /s/k7Qm2xVb9TzAP HTTP/1.1": "GET /s/*** HTTP/1.1",
            "GET /s/k7Qm2xVb9TzA1 HTTP/1.1": "GET /s/k7Qm2xVb9TzA1 HTTP/1.1",
            "GET /s/k7Qm2xVb9TzA HTTP/1.1": "GET /s/k7Qm2xVb9TzA HTTP/1.1",
            f"POST /sms/preferences/{code}?lang=nl HTTP": "POST /sms/preferences/***?lang=nl HTTP",
            f"/sms/preferences/{code}/confirm/{token}?a": "/sms/preferences/***/confirm/***?a",
            f"/sms/sign-up/fair/code/{token}?lang=nl": "/sms/sign-up/fair/code/***?lang=nl",
            "GET /sms/sign-up/fair?lang=nl": "GET /sms/sign-up/fair?lang=nl",
        }.items():
            self.assertEqual(redact(path), logged)

    def test_loggers_that_write_addresses(self):
        for name in ("werkzeug", "odoo.http"):
            logger = logging.getLogger(name)
            with self.assertLogs(logger, "WARNING") as logs:
                logger.warning("%s refused for /sms/preferences/%s", "x", "y")
                logger.warning("100%% of %s", f"/s/{'a' * 20}")
                logger.warning("of %d: %s", 7, "/web")
            self.assertEqual(
                [one.getMessage() for one in logs.records],
                ["x refused for /sms/preferences/***", "100% of /s/***", "of 7: /web"],
            )


@tagged("post_install", "-at_install")
class TestPreferenceLinkLeads(SmsMarketingHttpCase):
    def test_to_the_page_and_counts_no_click(self):
        message = self.message(self.contacts(1), body=f"https://example.com {TOKEN}")
        with handed_over() as texts:
            recipient = self.send(message)
        token = recipient.sudo().token
        link = re.search(r"/s/([\w-]{20})", texts[token])
        response = self.url_open(link[0], allow_redirects=False)
        self.assertEqual(response.status_code, 302)
        location = urlsplit(response.headers["Location"]).path
        self.assertEqual(location, f"/sms/preferences/{link[1]}")
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(self.url_open(link[0]).status_code, 200)
        self.assertFalse(recipient.click_ids)
        # The message's own link still leads to its target, and to nothing else.
        response = self.url_open(f"/s/{token}", allow_redirects=False)
        self.assertTrue(response.headers["Location"].startswith("https://example.com"))
        for path in (f"/s/{token}P", f"/sms/preferences/{token}"):
            self.assertEqual(self.url_open(path).status_code, 404)

    def test_of_nobody_leads_nowhere(self):
        for code in ("x" * 20, f"{'x' * 12}P", PLACEHOLDER):
            self.assertEqual(self.url_open(f"/s/{code}").status_code, 404)

    def test_of_a_test_message_leads_to_the_page(self):
        message = self.message(self.contacts(1), body=f"Hi {TOKEN}")
        number = self.env["sms.marketing.test.number"].create(
            {"label": "Anna", "number": self.number()}
        )
        number.sudo().write(
            {
                "verified_at": self.env.cr.now(),
                "verified_by_id": self.env.ref("base.user_admin").id,
            }
        )
        with self.own_transactions():
            message.send_test(number.ids)
        test = self.env["sms.marketing.recipient"].sudo().search([("kind", "=", "test")], limit=1)
        self.assertIn(f"/s/{PLACEHOLDER}", test.body)
        with handed_over() as texts:
            self.run_lane()
        self.env.invalidate_all()
        self.assertIn(f"/s/{PLACEHOLDER}", test.text, "also afterwards")
        link = re.search(r"/s/[\w-]{20}", texts[test.token])
        self.assertEqual(self.url_open(link[0]).status_code, 200)


@tagged("post_install", "-at_install")
class TestUpdate(SmsMarketingCase):
    """What the update to 19.0.1.1.0 does with the links of texts that were sent before it."""

    def update(self):
        path = "sms_marketing/migrations/19.0.1.1.0/post-preference_links.py"
        spec = importlib.util.spec_from_file_location("preference_links_update", file_path(path))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.env.flush_all()
        module.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()

    def test_texts_show_no_links_and_old_ones_can_stop(self):
        recipient = self.send(self.message(self.contacts(1), body="Hi {{ object.name }}"))
        token = recipient.sudo().token
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET body = %s WHERE id = %s",
            [f"Hi Ann https://example.com/s/{token}P and /s/{token}", recipient.id],
        )
        self.update()
        self.assertEqual(
            recipient.text, f"Hi Ann https://example.com/s/{PLACEHOLDER} and /s/{token}"
        )
        self.assertEqual(find(self.env, token), (recipient, True))
        later = self.send(self.message(self.contacts(1)))
        self.update()  # once more: what was sent meanwhile has no old links
        self.assertFalse(find(self.env, later.sudo().token)[0])
