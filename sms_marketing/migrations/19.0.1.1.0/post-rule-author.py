def migrate(cr, version):
    """Whoever last changed a list is the author of its rule: it now selects with their rights."""
    cr.execute(
        "UPDATE sms_marketing_list SET author_id = COALESCE(write_uid, create_uid)"
        " WHERE author_id IS NULL"
    )
