"""What moves a message, in the order of its way: audience, schedule, dispatch, receipts, statistics."""
