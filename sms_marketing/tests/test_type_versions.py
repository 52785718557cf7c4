import importlib.util
from pathlib import Path

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from psycopg2.errors import ForeignKeyViolation, InsufficientPrivilege

from ..engine import erasure
from .common import SmsMarketingCase

MIGRATION = (
    Path(__file__).parents[1] / "migrations" / "19.0.1.1.0" / "post-subscription_type_versions.py"
)


@tagged("post_install", "-at_install")
class TestTypeVersions(SmsMarketingCase):
    """What people agreed to stays known, whatever their subscription type says later."""

    def setUp(self):
        super().setUp()
        self.administrator = self.user("admin_sms", "sms_marketing.group_administrator")
        self.type.write({"description": "Our offers", "frequency": "up to 4 texts a month"})

    def versions(self, subscription_type=None):
        self.env.flush_all()
        return self.env["sms.marketing.subscription.type.version"].search(
            [("type_id", "=", (subscription_type or self.type).id)], order="number"
        )

    def line(self, number):
        return self.env["sms.marketing.consent"].search(
            [("number", "=", number)], limit=1, order="id desc"
        )

    def test_consent_keeps_the_words_that_were_in_force(self):
        before, after = self.number(), self.number()
        self.subscribe(before)
        agreed_to = self.line(before).type_version_id
        self.type.with_user(self.administrator).write(
            {"name": "Everything", "description": "Offers, news and polls, every day"}
        )
        self.subscribe(after)
        newest = self.line(after).type_version_id
        self.assertEqual(newest.number, agreed_to.number + 1)
        self.assertEqual(self.line(before).type_version_id, agreed_to)
        self.assertEqual(
            (agreed_to.name, agreed_to.description, agreed_to.frequency),
            ("Test offers", "Our offers", "up to 4 texts a month"),
        )
        self.assertEqual((newest.name, newest.user_id), ("Everything", self.administrator))
        self.assertEqual(agreed_to.display_name, f"Test offers (version {agreed_to.number})")
        self.assertIn("Our offers", self.line(before).type_words)
        self.assertNotIn("polls", self.line(before).type_words)
        self.assertIn("polls", self.line(after).type_words)
        self.assertEqual(self.type.version_count, newest.number)

    def test_each_kind_of_words_makes_a_version_and_nothing_else_does(self):
        new = self.env["sms.marketing.subscription.type"].create({"name": "News"})
        self.assertEqual(self.versions(new).mapped("number"), [1])
        for count, vals in (
            (2, {"name": "News and more"}),
            (3, {"description": "All news"}),
            (4, {"frequency": "daily"}),
            (5, {"double_opt_in_text": "Reply YES"}),
            (5, {"double_opt_in_text": "Reply YES", "name": "News and more"}),
            (5, {"sequence": 3, "double_opt_in": True, "cap_texts": 2, "active": False}),
            (6, {"description": False, "frequency": "weekly"}),
        ):
            with self.subTest(vals):
                new.write(vals)
                self.assertEqual(len(self.versions(new)), count)
        newest = self.versions(new)[-1]
        self.assertEqual(newest.words["frequency"], {"en_US": "weekly"})
        self.assertFalse(newest.description)

    def test_translations_by_every_door(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        count = len(self.versions())
        self.type.with_context(lang="fr_FR").name = "Offres"
        self.assertEqual(len(self.versions()), count + 1)
        self.type.with_user(self.administrator).update_field_translations(
            "frequency", {"fr_FR": "4 par mois"}
        )
        newest = self.versions()[-1]
        self.assertEqual(newest.number, count + 2)
        self.assertEqual(newest.user_id, self.administrator)
        self.assertEqual(newest.with_context(lang="fr_FR").name, "Offres")
        self.assertEqual(newest.with_context(lang="fr_FR").frequency, "4 par mois")
        self.assertEqual(newest.with_context(lang="fr_FR").description, "Our offers")
        self.assertEqual(newest.frequency, "up to 4 texts a month")
        # As terms are imported: not by the ORM, and nobody's name is on it.
        self.env.cr.execute(
            """
            UPDATE sms_marketing_subscription_type
               SET description = description || '{"fr_FR": "Nos offres"}',
                   write_date = write_date - interval '1 day'
             WHERE id = %s
            """,
            [self.type.id],
        )
        imported = self.versions()[-1]
        self.assertEqual((imported.number, imported.user_id), (count + 3, newest.user_id.browse()))
        self.assertIn("Nos offres", imported.all_words)

    @mute_logger("odoo.sql_db")
    def test_nobody_changes_or_deletes_a_version(self):
        self.subscribe(self.number())
        version = self.versions()[-1]
        for user in (self.administrator, self.env.user):
            as_user = version.with_user(user)
            for attempt in (
                lambda as_user=as_user: as_user.write({"number": 7}),
                lambda as_user=as_user: as_user.unlink(),
                lambda as_user=as_user: as_user.create({"type_id": self.type.id, "number": 9}),
            ):
                with self.assertRaises(UserError):
                    attempt()
        for statement in (
            "UPDATE sms_marketing_subscription_type_version SET words = '{}'",
            "DELETE FROM sms_marketing_subscription_type_version",
            "TRUNCATE sms_marketing_subscription_type_version CASCADE",
        ):
            with self.assertRaises(InsufficientPrivilege), self.env.cr.savepoint():
                self.env.cr.execute(statement)
        self.assertTrue(version.exists())

    @mute_logger("odoo.sql_db")
    def test_versions_go_only_with_a_type_that_nobody_agreed_to(self):
        unused = self.env["sms.marketing.subscription.type"].create({"name": "Unused"})
        versions = self.versions(unused)
        unused.unlink()
        self.assertFalse(versions.exists())
        self.subscribe(self.number())
        with self.assertRaises(ForeignKeyViolation), self.env.cr.savepoint():
            self.env.cr.execute(
                "DELETE FROM sms_marketing_subscription_type WHERE id = %s", [self.type.id]
            )

    def test_form_says_who_agreed_to_other_words(self):
        self.subscribe(self.number(), self.number())
        self.unsubscribe(self.number())
        self.assertEqual(self.type.earlier_words_count, 0)
        with Form(self.type.with_user(self.administrator)) as form:
            self.assertFalse(form.has_changed_words)
            form.description = "Offers and news"
            self.assertTrue(form.has_changed_words)
            self.assertEqual(form.subscribed_count, 2)
        self.assertFalse(form.has_changed_words)
        # They agreed in the transaction in which the words changed: a second earlier, in life.
        self.env.cr.execute(
            "UPDATE sms_marketing_subscription SET since = since - interval '1 second'"
        )
        self.env.invalidate_all()
        self.assertEqual(self.type.earlier_words_count, 2)
        action = self.type.with_user(self.administrator).action_view_versions()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found, self.versions().sorted(lambda one: -one.number))

    def test_erasure_leaves_the_version(self):
        number = self.number()
        self.subscribe(number)
        line = self.line(number)
        version = line.type_version_id
        self.assertTrue(version)
        erasure.erase(self.env, [number], self.company, from_contacts=False)
        self.assertNotEqual(line.number, number)
        self.assertEqual(line.type_version_id, version)

    @mute_logger("odoo.sql_db")
    def test_version_of_a_line_cannot_be_exchanged(self):
        number = self.number()
        self.subscribe(number)
        with self.assertRaises(InsufficientPrivilege), self.env.cr.savepoint():
            self.env.cr.execute(
                "UPDATE sms_marketing_consent SET type_version_id = NULL WHERE number = %s",
                [number],
            )

    def test_versions_of_another_company_are_not_shown(self):
        other = self.make_company()["type"]
        versions = self.env["sms.marketing.subscription.type.version"]
        seen = versions.with_user(self.administrator).search([])
        self.assertIn(self.type, seen.type_id)
        self.assertNotIn(other.id, seen.sudo().type_id.ids)

    @mute_logger("odoo.sql_db")
    def test_migration_gives_earlier_consents_the_first_version(self):
        number = self.number()
        self.subscribe(number)
        cr = self.env.cr
        self.env.flush_all()
        # As it is after the update's new columns: no versions, and none in the log.
        for table in ("sms_marketing_consent", "sms_marketing_subscription_type_version"):
            cr.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cr.execute("UPDATE sms_marketing_consent SET type_version_id = NULL")
        cr.execute("DELETE FROM sms_marketing_subscription_type_version")
        cr.execute("ALTER TABLE sms_marketing_subscription_type_version ENABLE TRIGGER USER")
        cr.execute("ALTER TABLE sms_marketing_consent ENABLE TRIGGER USER")
        self.env["sms.marketing.subscription.type.version"].init()
        spec = importlib.util.spec_from_file_location("migration", MIGRATION)
        migration = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(migration)
        migration.migrate(cr, "19.0.1.0.0")
        self.env.invalidate_all()
        version = self.line(number).type_version_id
        self.assertEqual((version.number, version.is_reconstructed), (1, True))
        self.assertEqual(version.description, "Our offers")
        cr.execute("SELECT count(*) FROM sms_marketing_consent WHERE type_version_id IS NULL")
        self.assertEqual(cr.fetchone(), (0,))
        # The log refuses changes again.
        with self.assertRaises(InsufficientPrivilege), cr.savepoint():
            cr.execute("UPDATE sms_marketing_consent SET type_version_id = NULL")
