"""Test numbers say who verified them."""


def migrate(cr, version):
    """Who asked for the last code before a number was verified has entered it.

    A number that counted as verified without a code sent to it is to be verified.
    """
    cr.execute(
        """
        UPDATE sms_marketing_test_number saved
           SET verified_by_id = (
                   SELECT code.user_id FROM sms_marketing_recipient code
                    WHERE code.number = saved.number AND code.company_id = saved.company_id
                      AND code.kind = 'verification' AND code.user_id IS NOT NULL
                      AND code.state NOT IN ('skipped', 'queued', 'cancelled', 'failed')
                      AND code.queued_at <= saved.verified_at
                    ORDER BY code.id DESC LIMIT 1)
         WHERE verified_at IS NOT NULL AND verified_by_id IS NULL
        """
    )
    cr.execute(
        "UPDATE sms_marketing_test_number SET verified_at = NULL WHERE verified_by_id IS NULL"
    )
