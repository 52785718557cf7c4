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
    "vonage": {
        "api_key": "abcd1234",
        "api_secret": "vonage-api-secret-12",
        "signature_secret": "vonage-signature-secret-34",
        "signature_method": "sha256",
    },
    "plivo": {
        "auth_id": "MAXXXXXXXXXXXXXXXXXX",
        "auth_token": "plivo-auth-token-2342",
        "powerpack": "",
    },
    "sinch": {
        "region": "eu",
        "service_plan": "ed8ab6a5c1d84b2e",
        "api_token": "sinch-api-token-7788",
        "webhook_secret": "sinch-webhook-secret-99",
    },
    "messagebird": {
        "access_key": "messagebird-live-key-5566",
        "signing_key": "messagebird-signing-key-of-32-bytes",
    },
    "infobip": {
        "base_url": "xyz12.api.infobip.com",
        "api_key": "infobip-api-key-6789",
    },
    "generic": {
        "url": "http://127.0.0.1:9/v1/send?to={{ digits }}",
        "method": "POST",
        "headers": "Authorization: Bearer {{ secret }}",
        "body_type": "json",
        "body": '{"from": "{{ sender }}", "text": "{{ text }}", "parts": {{ segments }},'
        ' "ref": "{{ reference }}", "dlr": "{{ receipt_url }}"}',
        "username": "shop",
        "secret": "generic-secret-4321",
        "success_path": "result.code",
        "success_value": "ok",
        "reference_path": "ids.0",
        "receipt_status": "state",
        "receipt_reference": "",
        "receipt_id": "msg.id",
        "delivered_words": "delivered, Seen",
        "undelivered_words": "failed,expired",
        "inbound_number": "",
        "inbound_sender": "",
        "inbound_text": "",
        "inbound_id": "",
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
