"""Texts that a provider has taken and whose receipts are to come, ours and the peer's.

For `odoo.run_in_shell`; set-based, since it is the receipts that are measured or tested.
"""

from odoo.tools import SQL

SID = "AC" + "0123456789abcdef" * 2
TOKEN = "twilio-auth-token-4711"


def taken(env, *, texts, public_url):
    """So many texts of one campaign, taken by Twilio.

    :return: the gateway's `callback`, its `gateway` and `message`, and the `references` of texts
    """
    gateway = env["sms.marketing.gateway"].create(
        {
            "name": "Twilio",
            "provider": "twilio",
            "twilio_account_sid": SID,
            "twilio_auth_token": TOKEN,
            "public_url": public_url,
        }
    )
    sender = env["sms.marketing.sender"].create({"value": "+12025550123", "gateway_id": gateway.id})
    kind = env["sms.marketing.subscription.type"].create({"name": "Offers by Twilio"})
    message = env["sms.marketing.message"].create(
        {
            "name": "Received",
            "body": "Boots",
            "sender_id": sender.id,
            "subscription_type_id": kind.id,
        }
    )
    env.flush_all()
    rows = env.execute_query(
        SQL(
            """
            INSERT INTO sms_marketing_recipient (
                kind, message_id, company_id, sender_id, gateway_id, number, state, sent_at,
                attempt, segments, token)
            SELECT 'campaign', %s, %s, %s, %s, '+3247' || lpad(number::text, 7, '0'), 'sent',
                   now() AT TIME ZONE 'UTC', 1, 1, 'bench' || number || '_' || %s
              FROM generate_series(1, %s) AS number
            RETURNING token
            """,
            message.id,
            gateway.company_id.id,
            sender.id,
            gateway.id,
            message.id,
            texts,
        )
    )
    return {
        "callback": gateway._account().callback_url,
        "gateway": gateway.id,
        "message": message.id,
        "references": [token for (token,) in rows],
    }


def taken_by_peer(env, *, texts, public_url):
    """So many texts of one mailing of Odoo's own apps, taken by Twilio.

    :return: the `uuids` of the texts
    """
    company = env.company
    company.write(
        {"sms_provider": "twilio", "sms_twilio_account_sid": SID, "sms_twilio_auth_token": TOKEN}
    )
    env["ir.config_parameter"].set_param("web.base.url", public_url)
    mailing = env["mailing.mailing"].create(
        {
            "subject": "Received",
            "mailing_type": "sms",
            "body_plaintext": "Boots",
            "mailing_model_id": env.ref("base.model_res_partner").id,
            "state": "sending",
        }
    )
    partner = env["res.partner"].create({"name": "Ann"})
    env.flush_all()
    rows = env.execute_query(
        SQL(
            """
            WITH trace AS (
                INSERT INTO mailing_trace (
                    trace_type, mass_mailing_id, model, res_id, trace_status, sms_number,
                    create_date)
                SELECT 'sms', %s, 'res.partner', %s, 'pending', '+32470000000', now()
                  FROM generate_series(1, %s)
                RETURNING id
            ), tracker AS (
                INSERT INTO sms_tracker (sms_uuid, mailing_trace_id)
                SELECT replace(gen_random_uuid()::text, '-', ''), id FROM trace
                RETURNING sms_uuid
            )
            INSERT INTO sms_sms (uuid, state, to_delete, record_company_id)
            SELECT sms_uuid, 'pending', true, %s FROM tracker
            RETURNING uuid
            """,
            mailing.id,
            partner.id,
            texts,
            company.id,
        )
    )
    return {"uuids": [uuid for (uuid,) in rows]}
