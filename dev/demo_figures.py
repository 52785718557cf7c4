"""The figures of one campaign, counted from its rows, and the checks that they must pass.

`read` counts by the ORM and by SQL of its own, not by the rollup's statement: what the rollup says
is one of the things that are checked.
"""

from collections import Counter
from dataclasses import dataclass, field

from odoo.tools import SQL

from odoo.addons.sms_marketing.text.segments import analyse

#: States in which the gateway is known to have taken the text.
TAKEN = ("sent", "delivered", "undelivered")
WAITING = ("queued", "sending")

#: Numbers that were texted, or perhaps were, with the moment.
TEXTED = """
    SELECT recipient.id, recipient.number, recipient.queued_at, message.subscription_type_id,
           COALESCE(recipient.sent_at, recipient.settled_at) AS texted_at
      FROM sms_marketing_recipient recipient
      JOIN sms_marketing_message message ON message.id = recipient.message_id
     WHERE recipient.message_id = %(message)s
       AND recipient.state IN ('sent', 'delivered', 'undelivered', 'unknown')
"""


@dataclass(frozen=True)
class Figures:
    """What came of a campaign.

    :param named: contacts on its lists, counted by the lists
    :param states: recipients by state
    :param reasons: recipients by (state, reason)
    :param measures: figures of the rollup's measures, counted from the rows
    :param rolled_up: the same figures as the rollup has them
    :param page: figures of the message's page, by field
    :param segments_of_texts: segments of the texts of all recipients taken, counted anew
    :param texted_twice: numbers that got the campaign more than once
    :param without_consent: numbers texted that the consent log does not show as subscribed when
        the recipients were chosen
    :param after_opt_out: numbers texted although the log had an opt-out as its last word
    :param kept_out: contacts left out because their number opted out after an earlier campaign
    """

    message_id: int
    name: str
    state: str
    named: int
    states: Counter = field(default_factory=Counter)
    reasons: Counter = field(default_factory=Counter)
    measures: dict = field(default_factory=dict)
    rolled_up: dict = field(default_factory=dict)
    page: dict = field(default_factory=dict)
    segments_of_texts: int = 0
    texted_twice: tuple = ()
    without_consent: tuple = ()
    after_opt_out: tuple = ()
    kept_out: int = 0

    @property
    def considered(self):
        """All recipients, those left out included."""
        return sum(self.states.values())

    @property
    def sent(self):
        """Texts that the gateway took."""
        return sum(self.states[state] for state in TAKEN)

    @property
    def not_sent(self):
        """Recipients left out or cancelled."""
        return self.states["skipped"] + self.states["cancelled"]

    @property
    def waiting(self):
        """Texts that are not handed over yet."""
        return sum(self.states[state] for state in WAITING)


def read(env, message_id):
    """Count everything of this campaign anew."""
    env.invalidate_all()
    message = env["sms.marketing.message"].browse(message_id)
    recipients = env["sms.marketing.recipient"].search([("message_id", "=", message_id)])
    states = Counter(recipients.mapped("state"))
    taken = recipients.filtered(lambda recipient: recipient.state in TAKEN)
    return Figures(
        message_id=message_id,
        name=message.name,
        state=message.state,
        named=_named(message),
        states=states,
        reasons=Counter((one.state, one.reason or "") for one in recipients),
        measures=_measures(env, message_id, recipients, taken, states),
        rolled_up={
            measure: value
            for measure, value in env["sms.marketing.statistic"]._read_group(
                [("message_id", "=", message_id)], ["measure"], ["value:sum"]
            )
            if value
        },
        page={
            name: message[name]
            for name in ("considered_count", "sent_count", "not_sent_count", "delivered_count")
        },
        segments_of_texts=sum(analyse(recipient.text or "").segments for recipient in taken),
        **_broken_rules(env, message_id),
        kept_out=_kept_out(env, message_id),
    )


def _named(message):
    """Contacts that the message names, by its lists' own way to find their contacts."""
    partners = message.include_partner_ids
    for contact_list in message.include_list_ids:
        partners |= message.env["res.partner"].search(contact_list._partner_domain())
    return len(partners)


def _measures(env, message_id, recipients, taken, states):
    of_message = [("message_id", "=", message_id)]
    clicks = env["sms.marketing.click"].search(of_message)
    texts = env["sms.marketing.inbound"].search(of_message)
    stops = texts.filtered(lambda text: text.action == "stop")
    counted = {
        "considered": len(recipients),
        "sent": len(taken),
        "segments": sum(taken.mapped("segments")),
        "waiting": sum(states[state] for state in WAITING),
        **{
            state: states[state]
            for state in ("delivered", "undelivered", "failed", "unknown", "skipped", "cancelled")
        },
        "clicks": len(clicks),
        "clicked": len(clicks.recipient_id),
        "replies": len(texts - stops),
        "opted_out": len(set(stops.mapped("number"))),
    }
    return {measure: value for measure, value in counted.items() if value}


def _broken_rules(env, message_id):
    """Numbers for which a rule of consent was broken; each should be empty."""
    texted = SQL(TEXTED, message=message_id)
    queries = {
        "texted_twice": SQL(
            "SELECT number FROM (%s) AS texted GROUP BY number HAVING count(*) > 1", texted
        ),
        # The log's last word on the number when the recipients were chosen.
        "without_consent": SQL(
            """
            SELECT texted.number
              FROM (%s) AS texted
              LEFT JOIN LATERAL (
                    SELECT log.state FROM sms_marketing_consent log
                     WHERE log.number = texted.number
                       AND log.type_id = texted.subscription_type_id
                       AND log.recorded_at <= texted.queued_at
                     ORDER BY log.id DESC LIMIT 1) AS last_word ON TRUE
             WHERE last_word.state IS DISTINCT FROM 'subscribed'
            """,
            texted,
        ),
        # The log's last word when the text went out: an opt-out may come after the choice.
        "after_opt_out": SQL(
            """
            SELECT texted.number
              FROM (%s) AS texted
              JOIN LATERAL (
                    SELECT log.state FROM sms_marketing_consent log
                     WHERE log.number = texted.number
                       AND log.type_id = texted.subscription_type_id
                       AND log.recorded_at < texted.texted_at
                     ORDER BY log.id DESC LIMIT 1) AS last_word ON TRUE
             WHERE last_word.state = 'unsubscribed'
            """,
            texted,
        ),
    }
    return {
        name: tuple(sorted(number for (number,) in env.execute_query(query)))
        for name, query in queries.items()
    }


def _kept_out(env, message_id):
    """Contacts left out for an opt-out by keyword or carrier, not by the imported file."""
    [(count,)] = env.execute_query(
        SQL(
            """
            SELECT count(*)
              FROM sms_marketing_recipient recipient
             WHERE recipient.message_id = %s AND recipient.state = 'skipped'
               AND recipient.reason = 'unsubscribed'
               AND EXISTS (SELECT 1 FROM sms_marketing_consent log
                            WHERE log.number = recipient.number AND log.state = 'unsubscribed'
                              AND log.method IN ('keyword', 'carrier'))
            """,
            message_id,
        )
    )
    return count


def _sum_of_outcomes(figures):
    outcomes = figures.sent + figures.not_sent + figures.states["failed"]
    return outcomes + figures.states["unknown"] + figures.waiting


def _differences(counted, other):
    return ", ".join(
        f"{name}: {counted.get(name, 0)} rows, {other.get(name, 0)} shown"
        for name in sorted(counted.keys() | other.keys())
        if counted.get(name, 0) != other.get(name, 0)
    )


def _page_differences(figures):
    return _differences(
        {
            "considered_count": figures.considered,
            "sent_count": figures.sent,
            "not_sent_count": figures.not_sent + figures.states["failed"],
            "delivered_count": figures.states["delivered"],
        },
        figures.page,
    )


def _receipt_difference(figures):
    parts = [figures.rolled_up.get(name, 0) for name in ("delivered", "undelivered")]
    total = sum(parts) + figures.states["sent"]
    return "" if figures.rolled_up.get("sent", 0) == total else f"{figures.sent} <> {total}"


#: What must hold, and what is wrong where it does not ("" where it does).
CHECKS = {
    "every contact on the lists is considered, once": lambda f: (
        "" if f.named == f.considered else f"{f.named} contacts named, {f.considered} considered"
    ),
    "considered = sent + refused + not sent + unknown + waiting": lambda f: (
        "" if f.considered == _sum_of_outcomes(f) else f"{f.considered} <> {_sum_of_outcomes(f)}"
    ),
    "sent = delivered + undelivered + no receipt yet": _receipt_difference,
    "nothing waits and the campaign is closed": lambda f: (
        "" if not f.waiting and f.state == "sent" else f"{f.waiting} waiting, state {f.state}"
    ),
    "the rollup equals the rows": lambda f: _differences(f.measures, f.rolled_up),
    "the campaign's page equals the rows": _page_differences,
    "the segments used are those of the texts": lambda f: (
        ""
        if f.segments_of_texts == f.measures.get("segments", 0)
        else f"{f.measures.get('segments', 0)} recorded, {f.segments_of_texts} in the texts"
    ),
    "no number was texted twice": lambda f: ", ".join(f.texted_twice),
    "everybody texted was subscribed by the consent log": lambda f: ", ".join(f.without_consent),
    "nobody was texted after an opt-out": lambda f: ", ".join(f.after_opt_out),
    "somebody was texted": lambda f: "" if f.sent else "nobody",
}


def failed_checks(figures):
    """Which checks the figures fail: a list of (check, what is wrong)."""
    results = [(name, check(figures)) for name, check in CHECKS.items()]
    return [(name, problem) for name, problem in results if problem]
