"""Tags get the company that uses them; those that several companies use are shared."""


def migrate(cr, version):
    if not version:
        return
    # An unused one goes to whoever made it.
    cr.execute(
        """
        UPDATE sms_marketing_tag tag
           SET company_id = owner.company_id
          FROM (SELECT tag.id,
                       CASE WHEN count(DISTINCT message.company_id) = 1
                            THEN min(message.company_id)
                            WHEN count(message.id) = 0
                            THEN min(creator.company_id)
                        END AS company_id
                  FROM sms_marketing_tag tag
                  LEFT JOIN sms_marketing_message_sms_marketing_tag_rel used
                         ON used.sms_marketing_tag_id = tag.id
                  LEFT JOIN sms_marketing_message message
                         ON message.id = used.sms_marketing_message_id
                  LEFT JOIN res_users creator ON creator.id = tag.create_uid
                 GROUP BY tag.id) owner
         WHERE owner.id = tag.id
        """
    )
