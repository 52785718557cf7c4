"""An account at each provider, for the tests that hold for all of them."""

#: provider -> settings that work, secrets included. A provider that is added gets a line here:
#: `test_provider_accounts` misses it otherwise.
SETTINGS = {
    "kannel": {
        "url": "http://127.0.0.1:9/cgi-bin/sendsms",
        "username": "tester",
        "password": "correct horse battery staple",
    },
    "twilio": {
        "account_sid": "AC" + "0123456789abcdef" * 2,
        "auth_token": "twilio-auth-token-4711",
        "api_key": "SK" + "fedcba9876543210" * 2,
        "api_secret": "twilio-api-secret-0815",
        "messaging_service": "",
    },
}

CALLBACK = "https://odoo.example.com/sms_marketing/webhook/7/hook5ecret"


def record_values(provider, **settings):
    """Values of a gateway record with this account."""
    values = SETTINGS[provider] | settings
    return {
        "name": f"Account at {provider}",
        "provider": provider,
        **{f"{provider}_{name}": value for name, value in values.items()},
    }
