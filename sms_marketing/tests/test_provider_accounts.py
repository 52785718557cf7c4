"""What holds for the account of every provider: who reads it, where it shows, how it is tested."""

import logging
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from ..gateways.base import get_gateway_class
from ..models.sms_marketing_gateway import PLACEHOLDER
from .common import SmsMarketingCase
from .http_player import HttpPlayer, reply
from .provider_accounts import SETTINGS, record_values

#: provider -> status and body of a good answer to its connection test
CONNECTED = {
    "kannel": (400, "Missing receiver number, rejected"),
    "twilio": (200, '{"messages": []}'),
    "vonage": (200, '{"value": 10.28, "autoReload": false}'),
    "plivo": (200, '{"cash_credits": "12.50"}'),
    "sinch": (200, '{"batches": [], "count": 0}'),
    "messagebird": (200, '{"payment": "prepaid", "type": "euros", "amount": 9.5}'),
    "infobip": (200, '{"balance": 47.79, "currency": "EUR"}'),
    "generic": (200, ""),
}

#: Providers whose address is a setting.
OWN_ADDRESS = ("kannel", "generic")


@tagged("post_install", "-at_install")
class TestProviderAccounts(SmsMarketingCase):
    def make(self, provider, **settings):
        return self.make_gateway(**record_values(provider, **settings))

    def test_each_provider_is_in_the_tables(self):
        providers = set(dict(self.env["sms.marketing.gateway"]._fields["provider"].selection))
        own = {
            code
            for code in providers
            if get_gateway_class(code).__module__.startswith("odoo.addons.sms_marketing.")
        }
        self.assertEqual(set(SETTINGS), own - {"sandbox", "odoo"})
        self.assertEqual(set(CONNECTED), set(SETTINGS))

    def test_settings_reach_the_class(self):
        for provider, settings in SETTINGS.items():
            account = self.make(provider)._account()
            self.assertEqual(dict(account.settings), settings)

    def test_secrets_are_named_as_such(self):
        """What looks like a secret by its name is one to the class, so that details hide it."""
        for provider, settings in SETTINGS.items():
            hidden = get_gateway_class(provider).secret_settings
            self.assertTrue(hidden, provider)
            for name in settings:
                if any(word in name for word in ("secret", "token", "password")):
                    self.assertIn(name, hidden)

    def test_missing_settings_are_named_by_their_label(self):
        for provider in SETTINGS:
            for name in get_gateway_class(provider).required_settings:
                with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
                    self.make(provider, **{name: False})
                label = self.env["sms.marketing.gateway"]._fields[f"{provider}_{name}"].string
                self.assertIn(label, str(caught.exception))

    def test_only_administrators_see_any_of_it(self):
        administrator = self.user("administrator_sms", "sms_marketing.group_administrator")
        manager = self.user("manager_sms", "sms_marketing.group_manager")
        for provider, settings in SETTINGS.items():
            gateway = self.make(provider)
            names = [f"{provider}_{name}" for name in settings]
            shown = gateway.with_user(administrator).read(names)[0]
            hidden = get_gateway_class(provider).secret_settings
            self.assertEqual(
                [shown[name] or "" for name in names],
                [
                    PLACEHOLDER if name in hidden and value else value
                    for name, value in settings.items()
                ],
            )
            as_manager = gateway.with_user(manager)
            whole = str(list(as_manager.read()[0].values()))
            for name, value in settings.items():
                self.assertFalse(value and value in whole, f"{provider}_{name}")
                with self.assertRaises(AccessError):
                    as_manager.read([f"{provider}_{name}"])
            with self.assertRaises(AccessError):
                as_manager.action_test_connection()

    def test_form_asks_for_the_provider_s_own_settings(self):
        for provider, settings in SETTINGS.items():
            required = get_gateway_class(provider).required_settings
            with Form(self.env["sms.marketing.gateway"]) as form:
                form.name = provider
                form.provider = provider
                for name, value in settings.items():
                    field = f"{provider}_{name}"
                    self.assertFalse(form._get_modifier(field, "invisible"), field)
                    if name in required:
                        self.assertTrue(form._get_modifier(field, "required"), field)
                    if value:
                        form[f"{provider}_{name}"] = value
                for other in SETTINGS.keys() - {provider}:
                    for name in SETTINGS[other]:
                        self.assertTrue(form._get_modifier(f"{other}_{name}", "invisible"))
            self.assertIn("/inbound", form.record.setup_help)

    def test_connection_test(self):
        for provider in SETTINGS:
            gateway = self.make(provider)
            for answer, works in (
                (CONNECTED[provider], True),
                # Of a generic one nobody knows what a refused login looks like.
                *([((401, "Go away"), False)] if provider != "generic" else []),
            ):
                with HttpPlayer(lambda heard, answer=answer: reply(*answer)) as player:
                    server = player.url.removesuffix("/cgi-bin/sendsms")
                    if provider in OWN_ADDRESS:
                        gateway[f"{provider}_url"] = player.url
                    with (
                        self.subTest(provider=provider, works=works),
                        patch.object(get_gateway_class(provider), "server", server),
                    ):
                        if works:
                            shown = gateway.action_test_connection()["params"]
                            self.assertEqual(shown["type"], "success")
                            self.assertTrue(shown["message"])
                        else:
                            with self.assertRaises(UserError) as caught:
                                gateway.action_test_connection()
                            self.assertIn("401", str(caught.exception))

    def test_sandbox_has_nothing_to_test(self):
        self.assertTrue(self.gateway.action_test_connection()["params"]["message"])

    def test_gateways_of_a_provider_that_is_uninstalled_are_archived(self):
        gateway = self.make("twilio")
        self.env["sms.marketing.gateway"]._fields["provider"].ondelete["twilio"](gateway)
        self.assertEqual((gateway.provider, gateway.active), ("sandbox", False))

    def test_nothing_of_it_is_logged(self):
        for provider, settings in SETTINGS.items():
            hidden = get_gateway_class(provider).secret_settings
            gateway = self.make(provider)
            with self.assertLogs(level="DEBUG") as logs:
                logging.getLogger().debug("so that there is a line at all")
                with HttpPlayer(lambda heard: reply(500, str(heard.headers))) as player:
                    server = player.url.removesuffix("/cgi-bin/sendsms")
                    if provider in OWN_ADDRESS:
                        gateway[f"{provider}_url"] = player.url
                    sender = self.make_sender(gateway=gateway)
                    with patch.object(get_gateway_class(provider), "server", server):
                        [recipient] = self.send(self.message(self.contacts(1), sender_id=sender.id))
                self.assertTrue(player.heard)
            for name in hidden:
                if settings[name]:
                    self.assertNotIn(settings[name], "\n".join(logs.output))
                    self.assertNotIn(settings[name], recipient.detail or "")
            self.assertEqual(recipient.state, "unknown")
