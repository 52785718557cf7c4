"""Consents that were recorded before versions of subscription types were kept.

They get version 1, which holds the words as they are at this update and is marked so
(``is_reconstructed``). The log refuses updates by a trigger: the update of the add-on, which owns
the table, switches it off for this one statement and on again.
"""


def migrate(cr, version):
    cr.execute(
        """
        ALTER TABLE sms_marketing_consent DISABLE TRIGGER USER;
        UPDATE sms_marketing_consent consent SET type_version_id = version.id
          FROM sms_marketing_subscription_type_version version
         WHERE consent.type_version_id IS NULL
           AND version.type_id = consent.type_id AND version.number = 1;
        ALTER TABLE sms_marketing_consent ENABLE TRIGGER USER;
        """
    )
