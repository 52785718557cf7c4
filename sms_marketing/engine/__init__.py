"""What moves a message: audience, schedule, dispatch, receipts, statistics, in this order."""
