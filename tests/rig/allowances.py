"""An allowance that is enough for one of two messages; for `odoo.run_in_shell`."""

from odoo.fields import Command

from odoo.addons.sms_marketing.engine import consent


def two_messages(env, *, allowance, contacts):
    """Two drafts to so many contacts each, scheduled for a day of the far future.

    :return: their ids
    """
    env["sms.marketing.allowance"].create(
        {
            "renewal_day": 1,
            "change_ids": [Command.create({"segments": allowance, "purchased_on": "2020-01-01"})],
        }
    )
    gateway = env["sms.marketing.gateway"].create({"name": "Sandbox of allowances"})
    sender = env["sms.marketing.sender"].create({"value": "+12025550123", "gateway_id": gateway.id})
    wanted = env["sms.marketing.subscription.type"].create({"name": "Offers"})
    partners = env["res.partner"].create(
        [
            {
                "name": f"Customer {index}",
                "mobile": f"+1303200{index:04d}",
                "country_id": env.ref("base.us").id,
                "sms_marketing": True,
            }
            for index in range(contacts)
        ]
    )
    consent.record(
        env,
        [
            consent.ConsentChange(
                partner.mobile_e164,
                wanted.id,
                "subscribed",
                method="form",
                legal_basis="written_consent",
                explanation="paper",
            )
            for partner in partners
        ],
    )
    messages = env["sms.marketing.message"].create(
        [
            {
                "name": name,
                "body": "Boots at half price",
                "sender_id": sender.id,
                "subscription_type_id": wanted.id,
                "include_partner_ids": [Command.set(partners.ids)],
                "scheduled_at": "2099-06-15 12:00:00",
            }
            for name in ("One", "Other")
        ]
    )
    return messages.ids
