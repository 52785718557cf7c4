"""Receipts of texts that somebody else is just changing; for `odoo.run_in_shell`."""

from threading import Timer

from odoo.addons.sms_marketing.engine import receipts
from odoo.addons.sms_marketing.engine.transactions import read_committed
from odoo.addons.sms_marketing.gateways.values import Receipt, ReceiptStatus

from .received import taken


def settle_while_it_changes(env, *, texts):
    """A receipt for each text, whose row another transaction is just changing.

    :return: how many `settle` applied by itself, and the states after `receive`
    """
    told = taken(env, texts=texts, public_url="https://odoo.example.com")
    env.cr.commit()
    settled = 0
    for reference in told["references"]:
        receipt = Receipt(reference=reference, status=ReceiptStatus.DELIVERED)
        with env.registry.cursor() as other, env.registry.cursor() as own:
            own.execute("SELECT 1 FROM sms_marketing_recipient LIMIT 1")  # its snapshot is taken
            other.execute(
                "UPDATE sms_marketing_recipient SET attempt = 2 WHERE token = %s", [reference]
            )
            commit = Timer(0.05, other.commit)
            commit.start()
            done = receipts.settle(own, told["gateway"], [receipt])
            commit.join()
            settled += done
            if not done:
                receipts.receive(read_committed(own), told["gateway"], [receipt])
    states = env["sms.marketing.recipient"]._read_group(
        [("message_id", "=", told["message"]), ("attempt", "=", 2)], ["state"], ["__count"]
    )
    return {"settled": settled, "states": dict(states)}
