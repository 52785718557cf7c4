"""What Odoo's database role can do with the consent log; for `odoo.run_in_shell`."""

from psycopg2 import Error as DatabaseError

from odoo.addons.sms_marketing.engine import consent, erasure

NUMBER, ERASED = "+13032000001", "+13032000002"


def work(env):
    """All that Odoo does with the log and the versions day by day.

    :return: what came of it
    """
    types = env["sms.marketing.subscription.type"]
    offers = types.create({"name": "Offers of the day"})

    def record(number, state):
        change = consent.ConsentChange(
            number, offers.id, state, method="keyword", wording="START", explanation="by phone"
        )
        return consent.record(env, [change])

    record(NUMBER, "subscribed")
    record(ERASED, "subscribed")
    env.cr.commit()
    offers.name = "Offers of the week"
    env.cr.commit()
    record(NUMBER, "unsubscribed")
    erasure.erase(env, [ERASED], env.company, from_contacts=False)
    env.cr.commit()
    record(ERASED, "subscribed")  # its own act lifts the suppression
    types.create({"name": "Nobody agreed"}).unlink()
    env.cr.commit()
    log = env["sms.marketing.consent"].search([("type_id", "=", offers.id)], order="id")
    return {
        "type": offers.id,
        "log": [
            [line.number.split(":")[0], line.state, line.type_version_id.number] for line in log
        ],
        "versions": env["sms.marketing.subscription.type.version"]
        .search([("type_id", "=", offers.id)], order="number")
        .mapped("name"),
        "lifted": bool(env["sms.marketing.privacy.log"].search([("lifted_at", "!=", False)])),
    }


def tamper(env, *, statements):
    """Try each of these statements; those that the database has carried out.

    :rtype: list[str]
    """
    done = []
    for statement in statements:
        try:
            with env.cr.savepoint(flush=False):
                env.cr.execute(statement, log_exceptions=False)
                done.append(statement)
        except DatabaseError:
            continue
    env.cr.rollback()
    return done
