"""Secrets of gateways are write-only, whichever way somebody tries to read them."""

import logging
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, tagged

from ..gateways.base import gateway_classes
from ..models.sms_marketing_gateway import PLACEHOLDER
from .common import SmsMarketingCase
from .provider_accounts import record_values

PASSWORD = "correct horse battery staple"


class SecretsCase(SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.boss = self.user(
            "secrets_administrator", "sms_marketing.group_administrator,base.group_allow_export"
        )
        self.gateway = self.make_kannel_gateway()
        self.as_boss = self.gateway.with_user(self.boss)

    def secrets_of(self, gateway):
        return gateway._secret_values()

    def chatter(self, gateway=None):
        return [str(body) for body in (gateway or self.gateway).message_ids.mapped("body")]


@tagged("post_install", "-at_install")
class TestWriteOnly(SecretsCase):
    def test_administrators_see_whether_a_secret_is_set(self):
        spec = {"kannel_password": {}, "kannel_username": {}, "webhook_secret": {}}
        [seen] = self.as_boss.web_read(spec)
        self.assertEqual(seen["kannel_username"], "tester")
        self.assertEqual(seen["kannel_password"], PLACEHOLDER)
        self.assertEqual(seen["webhook_secret"], PLACEHOLDER)
        [seen] = self.make_gateway().with_user(self.boss).web_read(spec)
        self.assertFalse(seen["kannel_password"])

    def test_nothing_that_rpc_offers_shows_a_value(self):
        hidden = self.secrets_of(self.gateway)
        self.assertEqual(hidden["kannel_password"], PASSWORD)
        names = [*self.gateway._fields]
        rows = self.as_boss
        shown = [
            rows.read(),
            rows.web_read({name: {} for name in names}),
            rows.export_data(names)["datas"],
            rows.search_read([("id", "=", rows.id)]),
            rows.copy_data(),
            rows.default_get(names),
            rows.with_context(default_kannel_password=PASSWORD).default_get(names),
            rows.formatted_read_group([], ["kannel_password"], ["__count"]),
            rows.formatted_read_group([], [], ["webhook_secret:array_agg"]),
            rows.web_name_search("", {name: {} for name in names}, []),
            rows.onchange({"provider": "kannel"}, ["provider"], {name: {} for name in names}),
            rows.fields_get(),
            rows.get_view(view_type="form"),
            [rows[name] for name in names],
        ]
        for value in shown:
            for name, secret in hidden.items():
                self.assertNotIn(secret, repr(value), name)

    def test_search_and_order_tell_nothing(self):
        other = self.make_kannel_gateway(kannel_password="another password")
        pair = (self.gateway | other).with_user(self.boss)
        for operator, value in (("=", PASSWORD), ("=like", "c%"), ("ilike", "horse"), (">", "b")):
            domain = [("id", "in", pair.ids), ("kannel_password", operator, value)]
            found = pair.search(domain)
            self.assertIn(len(found), (0, 2), (operator, value))
        ascending = pair.search([("id", "in", pair.ids)], order="kannel_password, id")
        descending = pair.search([("id", "in", pair.ids)], order="kannel_password desc, id")
        self.assertEqual(ascending, descending)
        self.assertFalse(
            self.env["sms.marketing.sender"].search(
                [("gateway_id.kannel_password", "=like", "correct%")]
            )
        )

    def test_templates_and_reports_render_the_placeholder(self):
        template = self.env["mail.template"].create(
            {
                "name": "Leak",
                "model_id": self.env["ir.model"]._get_id("sms.marketing.gateway"),
                "body_html": "<t t-out='object.kannel_password'/>",
            }
        )
        rendered = template._render_field("body_html", self.gateway.ids)[self.gateway.id]
        self.assertIn(PLACEHOLDER, rendered)
        self.assertNotIn("horse", rendered)

    def test_the_table_of_secrets_is_nobodys(self):
        table = self.env["sms.marketing.gateway.secret"]
        for group in ("sms_marketing.group_administrator", "base.group_system"):
            user = self.user(f"{group}_table", group)
            for attempt in (
                lambda rows: rows.search([]),
                lambda rows: rows.create({"gateway_id": self.gateway.id, "name": "x"}),
                lambda rows: rows.search_count([]),
            ):
                with self.assertRaises(AccessError):
                    attempt(table.with_user(user))
        # Even with access, there is no field with the value.
        for row in table.search([]).read():
            self.assertEqual(
                row.keys(), {"id", "display_name", "gateway_id", "name", "valid_until"}
            )

    def test_each_provider_has_its_secrets_hidden(self):
        for code, gateway_class in gateway_classes().items():
            names = [f"{code}_{name}" for name in gateway_class.secret_settings]
            if not names or names[0] not in self.gateway._fields:
                continue
            values = record_values(code)
            gateway = self.make_gateway(**values)
            for name in names:
                self.assertTrue(gateway._fields[name].groups, name)
                if values.get(name):
                    self.assertEqual(gateway[name], PLACEHOLDER)
                    self.assertEqual(self.secrets_of(gateway)[name], values[name])
                    setting = name.removeprefix(f"{code}_")
                    self.assertEqual(gateway._account().settings[setting], values[name])
            self.env.flush_all()
            self.env.cr.execute("SELECT * FROM sms_marketing_gateway WHERE id = %s", [gateway.id])
            row = repr(self.env.cr.fetchall())
            for name in names:
                self.assertNotIn(values.get(name) or "-never-", row)


@tagged("post_install", "-at_install")
class TestWriting(SecretsCase):
    def test_what_is_typed_replaces_and_the_placeholder_keeps(self):
        self.as_boss.write({"kannel_password": "the new one"})
        self.assertEqual(self.secrets_of(self.gateway)["kannel_password"], "the new one")
        self.as_boss.write({"kannel_password": PLACEHOLDER, "name": "Other name"})
        self.assertEqual(self.secrets_of(self.gateway)["kannel_password"], "the new one")
        self.as_boss.web_save({"kannel_password": "saved by the form"}, {"kannel_password": {}})
        self.assertEqual(self.secrets_of(self.gateway)["kannel_password"], "saved by the form")
        self.as_boss.kannel_password = "assigned"
        self.assertEqual(self.secrets_of(self.gateway)["kannel_password"], "assigned")

    def test_optional_secret_is_cleared(self):
        gateway = self.make_gateway(**record_values("vonage"))
        self.assertIn("vonage_signature_secret", self.secrets_of(gateway))
        gateway.with_user(self.boss).write({"vonage_signature_secret": False})
        self.assertNotIn("vonage_signature_secret", self.secrets_of(gateway))
        self.assertFalse(gateway.vonage_signature_secret)

    def test_form_and_import(self):
        form = Form(self.env["sms.marketing.gateway"].with_user(self.boss))
        form.name = "By form"
        form.provider = "kannel"
        form.kannel_url, form.kannel_username = "http://127.0.0.1:9/", "tester"
        form.kannel_password = "typed in"
        gateway = form.save()
        self.assertEqual(self.secrets_of(gateway)["kannel_password"], "typed in")
        with Form(gateway) as again:
            again.name = "By form, renamed"
        self.assertEqual(self.secrets_of(gateway)["kannel_password"], "typed in")
        loaded = self.as_boss.load(
            ["id", "name", "kannel_password"],
            [[self.gateway.export_data(["id"])["datas"][0][0], "Kannel", "imported"]],
        )
        self.assertEqual(loaded["ids"], self.gateway.ids, loaded["messages"])
        self.assertEqual(self.secrets_of(self.gateway)["kannel_password"], "imported")

    def test_defaults_bring_no_secret(self):
        self.env["ir.default"].with_user(self.boss).set(
            "sms.marketing.gateway", "webhook_secret", "a-secret-known-before", user_id=True
        )
        rows = self.env["sms.marketing.gateway"].with_user(self.boss)
        gateway = rows.with_context(default_webhook_secret="another-secret-known").create(
            {"name": "Defaults"}
        )
        self.assertNotIn("known", self.secrets_of(gateway)["webhook_secret"])
        self.assertEqual(gateway.webhook_secret, PLACEHOLDER)

    def test_what_cannot_be_a_secret_is_refused(self):
        for values in (
            {"kannel_password": "x" * 5000},
            {"kannel_password": "nul\0"},
            {"kannel_password": PLACEHOLDER + "x"},
            {"kannel_password": 4711},
            {"webhook_secret": "short"},
            {"webhook_secret": "a/path/in/the/secret"},
        ):
            with self.assertRaises(ValidationError, msg=values):
                self.as_boss.write(values)
        self.assertEqual(self.secrets_of(self.gateway)["kannel_password"], PASSWORD)

    def test_users_and_managers_write_none(self):
        for group in ("sms_marketing.group_user", "sms_marketing.group_manager"):
            user = self.user(f"{group}_writes", group)
            with self.assertRaises(AccessError):
                self.gateway.with_user(user).write({"kannel_password": "mine"})
            for name in ("show_webhook_url", "rotate_webhook_secret", "revoke_old_webhook_urls"):
                with self.assertRaises(AccessError):
                    getattr(self.gateway.with_user(user), f"action_{name}")()
        self.assertEqual(self.secrets_of(self.gateway)["kannel_password"], PASSWORD)

    def test_copy_asks_for_its_secrets(self):
        copy = self.as_boss.copy()
        self.assertEqual(self.secrets_of(copy).keys(), {"webhook_secret"})
        self.assertNotEqual(
            self.secrets_of(copy)["webhook_secret"],
            self.secrets_of(self.gateway)["webhook_secret"],
        )
        self.assertFalse(copy.active)
        self.assertEqual(copy.missing_secrets, "Kannel Password")
        self.assertTrue([body for body in self.chatter(copy) if "Kannel Password" in body])
        with self.assertRaises(ValidationError):
            copy.active = True
        copy.write({"kannel_password": "entered", "active": True})
        self.assertFalse(copy.missing_secrets)
        self.assertEqual(self.secrets_of(copy)["kannel_password"], "entered")
        self.assertTrue(self.make_gateway().copy().active, "the sandbox carrier has no secrets")

    def test_chatter_says_what_changed_and_no_value(self):
        self.as_boss.with_context(tracking_disable=True).write(
            {"kannel_password": "changed", "kannel_username": "somebody", "rate": 5}
        )
        message = self.gateway.message_ids[0]
        self.assertEqual(message.author_id, self.boss.partner_id)
        for label in ("Kannel Password", "Kannel User", self.gateway._fields["rate"].string):
            self.assertIn(label, message.body)
        for value in ("changed,", PASSWORD, "somebody", "tester"):
            self.assertNotIn(value, message.body)
        count = len(self.gateway.message_ids)
        self.as_boss.write({"rate": 5, "kannel_password": PLACEHOLDER})
        self.gateway.sudo().write({"failures": 3})
        self.assertEqual(len(self.gateway.message_ids), count, "nothing changed")

    def test_uninstalled_provider_leaves_no_secret(self):
        self.gateway._retire()
        self.assertEqual(self.secrets_of(self.gateway).keys(), {"webhook_secret"})
        self.assertFalse(self.gateway.kannel_password)

    def test_values_of_earlier_versions_are_moved(self):
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM sms_marketing_gateway_secret")
        self.env.cr.execute(
            "UPDATE sms_marketing_gateway SET kannel_password = 'old password',"
            " webhook_secret = 'an-old-webhook-secret' WHERE id = %s",
            [self.gateway.id],
        )
        self.env.invalidate_all()
        self.env["sms.marketing.gateway"]._register_hook()
        expected = {"kannel_password": "old password", "webhook_secret": "an-old-webhook-secret"}
        self.assertEqual(self.secrets_of(self.gateway), expected)
        self.assertEqual(self.gateway.kannel_password, PLACEHOLDER)
        self.env["sms.marketing.gateway"]._register_hook()
        self.assertEqual(self.secrets_of(self.gateway), expected)


@tagged("post_install", "-at_install")
class TestRefusedSaveIsNotLogged(SecretsCase):
    """A statement that PostgreSQL refuses stands in Odoo's log, with all its values."""

    SECRETS = ("a-new-secret-password", "a-new-webhook-secret")

    def refused(self, values, *, create=False):
        values = {
            "kannel_password": self.SECRETS[0],
            "webhook_secret": self.SECRETS[1],
            **values,
        }
        statements, original = [], type(self.env.cr).execute

        def execute(cursor, query, params=None, log_exceptions=True):
            try:
                return original(cursor, query, params, log_exceptions)
            except Exception:
                statements.append(repr(query) + repr(params))
                raise

        records = []
        handler = logging.Handler()
        handler.emit = lambda record: records.append(record.getMessage())
        logger = logging.getLogger("odoo")
        logger.addHandler(handler)
        self.addCleanup(logger.removeHandler, handler)
        with (
            # What is refused by PostgreSQL is logged as an error, which is heard here and goes no
            # further: the log of the tests has none.
            patch.object(logger, "propagate", False),
            patch.object(type(self.env.cr), "execute", execute),
            self.assertRaises(Exception) as caught,
            self.env.cr.savepoint(),
        ):
            if create:
                self.make_kannel_gateway(**values)
            else:
                self.gateway.write(values)
            self.env.flush_all()
        logger.removeHandler(handler)
        self.env.invalidate_all()
        for secret in self.SECRETS:
            self.assertNotIn(secret, "".join([*records, *statements, str(caught.exception)]))

    def test_whatever_is_wrong_with_the_other_values(self):
        for values in (
            {"rate": -1},
            {"rate": float("nan")},
            {"rate": float("inf")},
            {"rate": 1e300},
            {"rate": "many"},
            {"connect_timeout": 0},
            {"connect_timeout": 200, "read_timeout": 200},
            {"name": False},
            {"name": "nul\0"},
            {"provider": False},
            {"provider": "nonsense"},
            {"company_id": False},
            {"company_id": 2**31 - 1},
            {"fallback_gateway_id": 2**31 - 1},
            {"fallback_gateway_id": 2**40},
            {"sequence": 2**40},
            {"down_since": "no date"},
            {"allowed_addresses": "nonsense"},
            {"kannel_url": "nonsense"},
            {"kannel_username": "nul\0"},
        ):
            for create in (False, True):
                with self.subTest(values=values, create=create):
                    self.refused(values, create=create)
        self.assertEqual(self.secrets_of(self.gateway)["kannel_password"], PASSWORD)


@tagged("post_install", "-at_install")
class TestWebhookUrl(SecretsCase):
    def test_shown_on_request_only_and_the_chatter_says_so(self):
        secret = self.secrets_of(self.gateway)["webhook_secret"]
        [seen] = self.as_boss.read(["callback_url", "setup_help"])
        self.assertNotIn(secret, repr(seen))
        self.assertIn(PLACEHOLDER, seen["callback_url"])
        shown = self.as_boss.action_show_webhook_url()
        self.assertTrue(shown["params"]["url"].endswith(f"/{secret}"))
        self.assertIn(f"{shown['params']['url']}/inbound", shown["params"]["setup_help"])
        self.assertIn(self.boss.name, self.chatter()[0])
        self.assertFalse([body for body in self.chatter() if secret in body])

    def test_old_and_new_are_accepted_for_a_day(self):
        old = self.secrets_of(self.gateway)["webhook_secret"]
        shown = self.as_boss.action_rotate_webhook_secret()
        new = self.secrets_of(self.gateway)["webhook_secret"]
        self.assertNotEqual(new, old)
        self.assertTrue(shown["params"]["url"].endswith(new))
        self.assertTrue(self.gateway._account().callback_url.endswith(new), "providers are told")
        webhook = self.gateway._webhook(self.gateway.id)
        self.assertTrue(webhook.lets_in(old, "127.0.0.1") and webhook.lets_in(new, "127.0.0.1"))
        self.assertTrue(webhook.url_with(old).endswith(f"/{self.gateway.id}/{old}"))
        until = self.gateway.old_webhook_secret_until
        self.assertAlmostEqual(
            until, fields.Datetime.now() + timedelta(days=1), delta=timedelta(minutes=5)
        )
        self.assertFalse([body for body in self.chatter() if old in body or new in body])
        self.env.cr.execute(
            "UPDATE sms_marketing_gateway_secret"
            " SET valid_until = valid_until - interval '25 hours'"
        )
        self.env.registry.clear_cache()
        webhook = self.gateway._webhook(self.gateway.id)
        self.assertFalse(webhook.lets_in(old, "127.0.0.1"))
        self.assertTrue(webhook.lets_in(new, "127.0.0.1"))
        self.env["sms.marketing.gateway.secret"]._gc_replaced_secrets()
        self.env.cr.execute(
            "SELECT count(*) FROM sms_marketing_gateway_secret WHERE gateway_id = %s"
            " AND name = 'webhook_secret'",
            [self.gateway.id],
        )
        self.assertEqual(self.env.cr.fetchone(), (1,))

    def test_time_runs_out_in_a_process_that_keeps_the_gateway(self):
        old = self.secrets_of(self.gateway)["webhook_secret"]
        self.gateway.action_rotate_webhook_secret()
        webhook = self.gateway._webhook(self.gateway.id)
        self.assertTrue(webhook.lets_in(old, "127.0.0.1"))
        webhook.secrets[old] = fields.Datetime.now() - timedelta(seconds=1)
        self.assertFalse(webhook.lets_in(old, "127.0.0.1"))

    def test_rotated_twice_keeps_both_until_they_are_revoked(self):
        first = self.secrets_of(self.gateway)["webhook_secret"]
        self.gateway.action_rotate_webhook_secret()
        second = self.secrets_of(self.gateway)["webhook_secret"]
        self.gateway.action_rotate_webhook_secret()
        webhook = self.gateway._webhook(self.gateway.id)
        self.assertTrue(webhook.lets_in(first, "::1") and webhook.lets_in(second, "::1"))
        self.as_boss.action_revoke_old_webhook_urls()
        webhook = self.gateway._webhook(self.gateway.id)
        self.assertFalse(webhook.lets_in(first, "::1") or webhook.lets_in(second, "::1"))
        self.assertTrue(webhook.lets_in(self.secrets_of(self.gateway)["webhook_secret"], "::1"))
        self.assertFalse(self.gateway.old_webhook_secret_until)

    def test_other_gateways_secret_opens_nothing(self):
        other = self.make_kannel_gateway()
        webhook = self.gateway._webhook(self.gateway.id)
        self.assertFalse(webhook.lets_in(self.secrets_of(other)["webhook_secret"], "::1"))
        self.assertFalse(webhook.lets_in(PLACEHOLDER, "::1"))
        self.assertFalse(webhook.lets_in("", "::1"))
