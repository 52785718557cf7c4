"""Erasure of what identifies a number (GDPR 17), and the suppression that outlives it.

Only a keyed hash of the number stays: in the consent log, so that it still proves what happened to
who knows the number, and in the privacy log, so that ``consent.record`` refuses to subscribe the
number again by anything but its own act. The figures of messages stay as they are.
"""

from odoo.exceptions import UserError
from odoo.tools import SQL

from . import approved_audience, blacklist, consent, privacy, schedule

#: States of a recipient that no receipt changes any more.
SETTLED = ("delivered", "undelivered", "failed", "skipped", "cancelled")


def erase(env, numbers, company, *, from_contacts):
    """Erase these numbers in one company, for good.

    :param numbers: E.164
    :param from_contacts: whether the company's contacts lose the numbers too
    :raises UserError: a text to one of them is being handed over this moment
    """
    env.flush_all()
    for number in sorted(numbers):
        _refuse_while_sending(env, number, company)
        _unsubscribe(env, number, company)
        privacy.log(env, "erasure", [number], company)
        _erase_rows(env, number, company)
        blacklist.forget(env, number, company)
        approved_audience.forget_number(env, number, company)
    if from_contacts:
        _erase_from_contacts(env, numbers, company)
    env.invalidate_all()


def _refuse_while_sending(env, number, company):
    if env.execute_query(
        SQL(
            """
            SELECT 1 FROM sms_marketing_recipient
             WHERE number = %s AND company_id = %s AND state = 'sending' LIMIT 1
            """,
            number,
            company.id,
        )
    ):
        raise UserError(
            env._("A text to %s is being handed over now. Try again in a minute.", number)
        )


def _unsubscribe(env, number, company):
    """So that the log ends with an opt-out; the row's lock also keeps lanes from claiming."""
    types = env.execute_query(
        SQL(
            """
            SELECT type_id FROM sms_marketing_subscription
             WHERE number = %s AND company_id = %s AND state <> 'unsubscribed'
            """,
            number,
            company.id,
        )
    )
    consent.record(
        env,
        [
            consent.ConsentChange(
                number, type_id, "unsubscribed", method="staff", legal_basis="withdrawal"
            )
            for (type_id,) in types
        ],
    )


def _erase_rows(env, number, company):
    erased = f"{privacy.ERASED}{privacy.number_hash(env, number)}"
    moved = env.execute_query(
        SQL(
            """
            UPDATE sms_marketing_recipient SET state = 'skipped', reason = 'unsubscribed'
             WHERE number = %s AND company_id = %s AND state = 'queued' RETURNING message_id
            """,
            number,
            company.id,
        )
    )
    schedule.mark(env, {message_id for (message_id,) in moved if message_id})
    # Those of a message that has started whose recipient is still to be written.
    env.cr.execute(
        SQL(
            """
            UPDATE sms_marketing_audience audience
               SET reason = 'unsubscribed', number = NULL, partner_id = NULL
              FROM sms_marketing_message message
             WHERE audience.number = %s AND message.id = audience.message_id
               AND message.company_id = %s
            """,
            number,
            company.id,
        )
    )
    # The trigger of the log lets an update pass that belongs to an erasure of this transaction.
    statements = [
        # Receipts that wait for their text: providers name the number in what they say of it.
        """
        DELETE FROM sms_marketing_receipt receipt
         USING sms_marketing_gateway gateway
         WHERE gateway.id = receipt.gateway_id AND gateway.company_id = %(company)s
           AND (receipt.detail LIKE '%%' || substr(%(number)s, 2) || '%%'
                OR EXISTS (SELECT FROM sms_marketing_recipient recipient
                            WHERE recipient.number = %(number)s
                              AND recipient.company_id = %(company)s
                              AND (recipient.token = receipt.reference
                                   OR recipient.provider_reference
                                      = receipt.provider_reference)))
        """,
        "SELECT set_config('sms_marketing.erasure', pg_current_xact_id()::text, TRUE)",
        """
        UPDATE sms_marketing_consent
           SET number = %(erased)s, address = NULL, explanation = NULL,
               wording = CASE WHEN method IN ('form', 'link') THEN wording END
         WHERE number = %(number)s AND company_id = %(company)s
        """,
        "SELECT set_config('sms_marketing.erasure', '', TRUE)",
        """
        DELETE FROM sms_marketing_subscription
         WHERE number = %(erased)s AND company_id = %(company)s
        """,
        """
        UPDATE sms_marketing_subscription SET number = %(erased)s
         WHERE number = %(number)s AND company_id = %(company)s
        """,
        """
        UPDATE sms_marketing_click SET address = NULL, user_agent = NULL
         WHERE recipient_id IN (SELECT id FROM sms_marketing_recipient
                                 WHERE number = %(number)s AND company_id = %(company)s)
        """,
        """
        UPDATE sms_marketing_recipient
           SET number = NULL, partner_id = NULL, body = %(text)s, detail = NULL, test_links = NULL,
               -- Who also texted STOP is counted by that, and still once.
               opted_out_at = CASE WHEN NOT EXISTS (
                   SELECT FROM sms_marketing_inbound inbound
                    WHERE inbound.number = %(number)s AND inbound.action = 'stop'
                      AND inbound.message_id = sms_marketing_recipient.message_id
               ) THEN opted_out_at END,
               token = CASE WHEN state <> ALL(%(settled)s) THEN token END,
               provider_reference = CASE WHEN state <> ALL(%(settled)s)
                                         THEN provider_reference END
         WHERE number = %(number)s AND company_id = %(company)s
        """,
        """
        UPDATE sms_marketing_inbound
           SET number = %(erased)s, partner_id = NULL, body = NULL, reference = NULL
         WHERE number = %(number)s AND company_id = %(company)s
        """,
        # Nothing of it need stay for the frequency cap: no text goes out to an erased number before
        # the number itself has signed up again.
        """
        DELETE FROM sms_marketing_deleted_text
         WHERE number = %(number)s AND company_id = %(company)s
        """,
        """
        DELETE FROM sms_marketing_test_number
         WHERE number = %(number)s AND company_id = %(company)s
        """,
        """
        UPDATE sms_marketing_sign_up
           SET token = NULL, number = NULL, name = NULL, choices = NULL, code_hash = NULL
         WHERE number = %(number)s AND company_id = %(company)s
        """,
    ]
    for statement in statements:
        env.cr.execute(
            statement,
            {
                "number": number,
                "erased": erased,
                "company": company.id,
                "text": env._("Erased"),
                "settled": list(SETTLED),
            },
        )


def _erase_from_contacts(env, numbers, company):
    contacts = env["res.partner"].sudo().with_context(active_test=False, tracking_disable=True)
    for name in ("mobile", "phone"):
        contacts.search(
            [(f"{name}_e164", "in", list(numbers)), ("company_id", "in", [company.id, False])]
        ).write({name: False})
