import importlib.util
from pathlib import Path

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged

from ..engine import inbound
from ..gateways.values import Inbound
from ..text.keywords import normalise
from ..text.reserved_words import OPT_OUT_WORDS, RESERVED_WORDS
from .common import SENDER, SmsMarketingCase

MIGRATIONS = Path(__file__).parents[1] / "migrations" / "19.0.1.1.0"
#: Ways to write STOP that phones and people have.
SPELLINGS = ("stop", " Stop. ", "S T O P", "“STOP”", "Ｓｔｏｐ !", "STÖP 🛑", "s-t-o-p", "ˢᵗᵒᵖ")


def migrate(cr, script):
    spec = importlib.util.spec_from_file_location("migration", MIGRATIONS / script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.migrate(cr, "19.0.1.0.0")


class ReservedWordsCase(SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.admin = cls.user("administrator_sms", "sms_marketing.group_administrator")
        cls.keywords = cls.env["sms.marketing.keyword"]
        cls.events = cls.env["sms.marketing.subscription.type"].create({"name": "Event news"})

    def receive(self, number, body):
        record = inbound.receive(self.env, self.gateway, Inbound(number, SENDER, body))
        self.env.invalidate_all()
        return record

    def states(self, number):
        rows = self.env["sms.marketing.subscription"].search([("number", "=", number)])
        return {row.type_id: row.state for row in rows}

    def answers(self, number):
        rows = self.env["sms.marketing.recipient"].search(
            [("number", "=", number), ("kind", "=", "answer")], order="id"
        )
        return rows.mapped("body")

    def sql(self, query, *params):
        self.env.flush_all()
        self.env.cr.execute(query, params)
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestReservedWords(ReservedWordsCase):
    """STOP opts out and HELP helps, whatever anybody does to keywords."""

    def test_every_opt_out_word_without_any_keyword(self):
        self.sql("DELETE FROM sms_marketing_keyword")
        for word in (*OPT_OUT_WORDS, *SPELLINGS):
            with self.subTest(word):
                number = self.contact(subscribed=True).mobile_e164
                self.subscribe(number, type=self.events)
                self.assertEqual(self.receive(number, word).action, "stop")
                self.assertEqual(set(self.states(number).values()), {"unsubscribed"})
                self.assertEqual(len(self.answers(number)), 1)

    def test_help_and_start_without_any_keyword(self):
        self.sql("DELETE FROM sms_marketing_keyword")
        number = self.contact(subscribed=True).mobile_e164
        self.assertEqual(self.receive(number, "Help?").action, "help")
        self.receive(number, "stop")
        self.assertEqual(self.receive(number, "start").action, "start")
        self.assertEqual(self.states(number)[self.type], "subscribed")

    def test_keyword_that_somebody_turned_into_another_has_no_effect(self):
        own = self.keywords.create(
            {"name": "MINE", "action": "join", "type_id": self.events.id, "answer": "Hello!"}
        )
        self.sql(
            "UPDATE sms_marketing_keyword SET name = 'Stop', normalised = 'STOP' WHERE id = %s",
            own.id,
        )
        self.sql("UPDATE sms_marketing_keyword SET action = 'help' WHERE normalised = 'QUIT'")
        number = self.contact(subscribed=True).mobile_e164
        self.assertEqual(self.receive(number, "STOP").action, "stop")
        self.assertEqual(self.states(number)[self.type], "unsubscribed")
        self.assertEqual(self.states(number)[self.events], "unsubscribed")
        self.assertNotIn("Hello!", self.answers(number)[0])
        self.assertIn("“Stop” always opts out", own.overruled)
        other = self.contact(subscribed=True).mobile_e164
        self.assertEqual(self.receive(other, "quit").action, "stop")

    def test_stop_for_one_type_by_a_reserved_word_ends_all(self):
        own = self.keywords.create({"name": "ENOUGH", "action": "stop", "type_id": self.type.id})
        self.sql(
            "UPDATE sms_marketing_keyword SET name = 'END', normalised = 'END' WHERE id = %s",
            own.id,
        )
        number = self.contact(subscribed=True).mobile_e164
        self.subscribe(number, type=self.events)
        self.receive(number, "end")
        self.assertEqual(set(self.states(number).values()), {"unsubscribed"})

    def test_reserved_word_is_refused_for_anything_else(self):
        keywords = self.keywords.with_user(self.admin)
        for name, vals in (
            ("STOP", {"action": "join", "type_id": self.events.id}),
            ("s.t.o.p", {"action": "help"}),
            ("Arret", {"action": "start"}),
            ("opt out", {"action": "confirm"}),
            ("CANCEL", {"action": "stop", "type_id": self.events.id}),
            ("Help", {"action": "join", "type_id": self.events.id}),
            ("start", {"action": "stop"}),
        ):
            with (
                self.subTest(name),
                self.assertRaisesRegex(ValidationError, "always"),
                self.env.cr.savepoint(),
            ):
                keywords.create({"name": name, **vals})
        own = keywords.create({"name": "JOIN", "action": "join", "type_id": self.events.id})
        with self.assertRaisesRegex(ValidationError, "STOP ALL.* always opts out of all types"):
            own.name = "STOP ALL"

    def test_company_answers_a_reserved_word_in_its_own_words(self):
        built_in = self.env.ref("sms_marketing.keyword_stop").with_user(self.admin)
        action = built_in.action_write_own_answer()
        self.assertFalse(action["res_id"])
        with Form(self.keywords.with_user(self.admin).with_context(**action["context"])) as form:
            form.answer = "Sorry to see you go."
        own = form.record
        self.assertEqual((own.name, own.company_id), ("STOP", self.company))
        self.assertEqual(built_in.action_write_own_answer()["res_id"], own.id)
        self.assertFalse(own.overruled)
        number = self.contact(subscribed=True).mobile_e164
        self.receive(number, "Stop")
        self.assertEqual(self.answers(number), ["Sorry to see you go."])
        own.action_archive()
        other = self.contact(subscribed=True).mobile_e164
        self.assertEqual(self.receive(other, "Stop").action, "stop")
        own.unlink()

    def test_text_of_a_company_that_names_an_opt_out_word_is_enough(self):
        self.sql("DELETE FROM sms_marketing_keyword")
        message = self.message(include_opt_out_text=False, body="Sale! Text QUIT to end.")
        self.assertFalse(message._review_opt_out(None))
        message.body = "Sale until the end of the week."
        self.assertTrue(message._review_opt_out(None))

    def test_request_to_confirm_does_not_name_a_word_that_opts_out(self):
        keyword = self.keywords.create({"name": "SURE", "action": "confirm"})
        self.type.double_opt_in_text = "Reply SURE."
        self.sql(
            "UPDATE sms_marketing_keyword SET name = 'END', normalised = 'END' WHERE id = %s",
            keyword.id,
        )
        with self.assertRaisesRegex(ValidationError, "must name a word"):
            self.type.double_opt_in_text = "Reply END."

    def test_built_in_keywords_are_those_of_the_table(self):
        reserved = {
            (normalise(word), action)
            for action, by_lang in RESERVED_WORDS.items()
            for words in by_lang.values()
            for word in words
        }
        built_in = {
            (one.normalised, one.action)
            for one in self.keywords.search([("company_id", "=", False)])
            if one.action in ("stop", "help") or one.name in ("START", "UNSTOP")
        }
        self.assertEqual(reserved, built_in)


@tagged("post_install", "-at_install")
class TestBuiltInKeywords(ReservedWordsCase):
    """Keywords without a company are nobody's to change."""

    def test_administrator_changes_none(self):
        for xmlid in ("keyword_stop", "keyword_help", "keyword_yes"):
            keyword = self.env.ref(f"sms_marketing.{xmlid}").with_user(self.admin)
            for vals in (
                {"action": "help"},
                {"name": "FOO"},
                {"active": False},
                {"answer": "Ha!"},
                {"company_id": self.company.id},
                {"lang_id": self.env.ref("base.lang_nl").id},
            ):
                with self.assertRaisesRegex(AccessError, "built in for every company"):
                    keyword.write(vals)
            with self.assertRaises(AccessError):
                keyword.action_archive()
            with self.assertRaises(AccessError):
                keyword.unlink()
            with self.assertRaises(AccessError):
                keyword.update_field_translations("answer", {"en_US": "Ha!"})

    def test_nobody_makes_one_for_every_company(self):
        keywords = self.keywords.with_user(self.admin)
        self.assertEqual(
            keywords.create({"name": "FOO", "action": "help"}).company_id, self.company
        )
        self.env["ir.default"].with_user(self.admin).set(
            "sms.marketing.keyword", "company_id", False, user_id=True
        )
        for context in ({}, {"default_company_id": False}):
            made = keywords.with_context(**context)
            with self.assertRaises(AccessError):
                made.create({"name": "BAR", "action": "help", "company_id": False})
        try:
            one = keywords.with_context(default_company_id=False).create(
                {"name": "BAR", "action": "help"}
            )
        except AccessError:
            one = keywords.create({"name": "BAR", "action": "help", "company_id": self.company.id})
        self.assertEqual(one.company_id, self.company)
        with self.assertRaises(AccessError):
            one.company_id = False
        self.env["ir.default"].search([("user_id", "=", self.admin.id)]).unlink()
        joins = keywords.create({"name": "EVENTS", "action": "join", "type_id": self.events.id})
        joins.write({"action": "stop", "type_id": False})
        self.assertEqual(joins.company_id, self.company)

    def test_copy_belongs_to_the_company(self):
        copy = self.env.ref("sms_marketing.keyword_stop").with_user(self.admin).copy()
        self.assertEqual((copy.name, copy.company_id), ("STOP", self.company))

    def test_keywords_of_another_company_are_out_of_reach(self):
        other = self.make_company()["company"]
        theirs = self.keywords.create(
            {"name": "THEIRS", "action": "help", "company_id": other.id}
        ).with_user(self.admin)
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            theirs.answer = "Mine now"
        with self.assertRaises(AccessError):
            theirs.action_write_own_answer()

    def test_tags_are_of_a_company(self):
        manager = self.user("manager_tags", "sms_marketing.group_manager")
        tags = self.env["sms.marketing.tag"].with_user(manager)
        own = tags.create({"name": "Autumn"})
        self.assertEqual(own.company_id, self.company)
        with self.assertRaises(AccessError):
            own.company_id = False
        with self.assertRaises(AccessError):
            tags.create({"name": "Winter", "company_id": False})
        shared = self.env["sms.marketing.tag"].create({"name": "Shared", "company_id": False})
        self.assertEqual(shared.with_user(manager).name, "Shared")
        for change in (lambda tag: tag.write({"name": "Mine"}), lambda tag: tag.unlink()):
            with self.assertRaises(AccessError):
                change(shared.with_user(manager))
        self.message(tag_ids=[(6, 0, (own | shared).ids)])


@tagged("post_install", "-at_install")
class TestKeywordMigration(ReservedWordsCase):
    """An update puts right what administrators did to the keywords of all companies."""

    def migrate(self):
        self.env.flush_all()
        migrate(self.env.cr, "pre-keyword.py")
        self.env.invalidate_all()

    def rows(self, word, **vals):
        domain = [("normalised", "=", word), *((name, "=", value) for name, value in vals.items())]
        return self.keywords.with_context(active_test=False).search(domain)

    def test_nothing_changes_where_nothing_was_changed(self):
        before = self.keywords.search([], order="id").read(
            ["name", "action", "lang_id", "company_id"]
        )
        self.migrate()
        after = self.keywords.search([], order="id").read(
            ["name", "action", "lang_id", "company_id"]
        )
        self.assertEqual(before, after)

    def test_changed_ones_are_restored(self):
        stop, end = (self.env.ref(f"sms_marketing.keyword_{name}") for name in ("stop", "end"))
        self.sql(
            "UPDATE sms_marketing_keyword SET name = 'END', normalised = 'X' WHERE id = %s", stop.id
        )
        self.sql(
            "UPDATE sms_marketing_keyword SET name = 'STOP', normalised = 'STOP', active = FALSE,"
            " action = 'start' WHERE id = %s",
            end.id,
        )
        self.sql("UPDATE sms_marketing_keyword SET normalised = 'END' WHERE id = %s", stop.id)
        self.migrate()
        for keyword, name in ((stop, "STOP"), (end, "END")):
            self.assertEqual(
                (keyword.name, keyword.normalised, keyword.action, keyword.active),
                (name, name, "stop", True),
            )

    def test_answer_and_word_are_kept_for_the_companies(self):
        other = self.make_company()["company"]
        word = self.env.ref("sms_marketing.keyword_info")
        self.sql(
            "UPDATE sms_marketing_keyword SET name = 'WHO', normalised = 'WHO',"
            """ answer = '{"en_US": "We are us."}' WHERE id = %s""",
            word.id,
        )
        self.migrate()
        self.assertEqual((word.name, word.answer, word.company_id.ids), ("INFO", False, []))
        companies = self.env["res.company"].search([])
        kept = self.rows("WHO")
        self.assertEqual(kept.company_id, companies)
        self.assertIn(other, kept.company_id)
        self.assertEqual(set(kept.mapped("answer")), {"We are us."})

    def test_keywords_for_every_company_become_the_companies_own(self):
        self.make_company()
        one = self.keywords.create({"name": "HOURS", "action": "help", "company_id": False})
        mine = self.keywords.create({"name": "HOURS", "action": "help", "answer": "9 to 5"})
        self.migrate()
        self.assertFalse(one.exists())
        kept = self.rows("HOURS")
        self.assertEqual(kept.company_id, self.env["res.company"].search([]))
        self.assertEqual(self.rows("HOURS", company_id=self.company.id), mine)

    def test_deleted_word_that_was_made_anew_does_not_stop_the_update(self):
        stop = self.env.ref("sms_marketing.keyword_stop")
        self.sql("DELETE FROM ir_model_data WHERE name = 'keyword_stop'")
        self.sql(
            "UPDATE sms_marketing_keyword SET action = 'join', type_id = %s WHERE id = %s",
            self.type.id,
            stop.id,
        )
        self.migrate()
        # What the update does next.
        self.keywords.create({"name": "STOP", "action": "stop", "company_id": False})
        own = self.rows("STOP", company_id=self.company.id)
        self.assertEqual(own.action, "join")
        self.assertTrue(own.overruled)
        number = self.contact(subscribed=True).mobile_e164
        self.assertEqual(self.receive(number, "STOP").action, "stop")

    def test_tags_get_the_company_that_uses_them(self):
        other = self.make_company()
        tags = self.env["sms.marketing.tag"].create(
            [{"name": name} for name in ("Ours", "Theirs", "Both", "Unused")]
        )
        ours, theirs, both, unused = tags
        self.message(tag_ids=[(6, 0, (ours | both).ids)])
        their_message = self.message(
            company_id=other["company"].id,
            sender_id=other["sender"].id,
            subscription_type_id=other["type"].id,
        )
        for tag in theirs | both:
            self.sql(
                "INSERT INTO sms_marketing_message_sms_marketing_tag_rel"
                " (sms_marketing_message_id, sms_marketing_tag_id) VALUES (%s, %s)",
                their_message.id,
                tag.id,
            )
        migrate(self.env.cr, "post-tag.py")
        self.env.invalidate_all()
        self.assertEqual(
            [tag.company_id for tag in tags],
            [
                self.company,
                other["company"],
                self.env["res.company"],
                unused.create_uid.company_id,
            ],
        )
