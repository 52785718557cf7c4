"""By which gateway and from which sender a batch goes: its own, or one that stands in (B11).

A gateway that is down may name another one. What it has certainly not taken (never what may have
arrived) goes by that one, from the sender there that fits best: the same number, else the same
kind. The recipient says which gateway and sender were used in the end.
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from odoo.tools import SQL

from . import circuit, rates
from .claims import Source
from .transactions import NOW


class GatewayFacts(NamedTuple):
    """A gateway as lanes see it; times are seconds from now."""

    id: int
    provider: str
    is_active: bool
    fallback_id: int | None
    rate: float
    booked: float
    paused: float
    is_down: bool
    next_try: float


class SenderFacts(NamedTuple):
    """A sender as lanes see it; ``prefixes`` of numbers that it may text, empty: all."""

    id: int
    gateway_id: int
    company_id: int
    value: str
    kind: str
    is_active: bool
    rate: float
    booked: float
    prefixes: tuple[str, ...]


@dataclass(frozen=True)
class Way:
    """How the next texts of a source go.

    :param senders: those of the gateway that may be taken, the best first
    :param limit: how many texts may be claimed; None: as many as there are
    :param limits: {(subject, id): texts a second} of what has a limit
    :param stands_in: whether it is not the source's own gateway
    :param has_other: whether another gateway would take what this one does not
    """

    source: Source
    gateway_id: int
    provider: str
    senders: tuple[SenderFacts, ...]
    limit: int | None = None
    limits: dict = field(default_factory=dict)
    stands_in: bool = False
    has_other: bool = False

    def sender_of(self, number):
        """SQL for the id of the sender that texts a number; NULL where none of them may."""
        cases = [
            SQL(
                "WHEN %s THEN %s",
                SQL("%s LIKE ANY(%s)", number, [f"{prefix}%" for prefix in sender.prefixes])
                if sender.prefixes
                else SQL("TRUE"),
                sender.id,
            )
            for sender in self.senders
        ]
        return SQL("CASE %s END", SQL(" ").join(cases))


class Pause(NamedTuple):
    """Why a source has no way now, and for how long.

    :param is_rate: whether it waits for its slots, which come soon and for certain
    """

    seconds: float
    is_rate: bool


class Survey:
    """All gateways and senders at one moment, read in two statements."""

    def __init__(self, env):
        self.env = env
        self.gateways = {
            row[0]: GatewayFacts(*row[:4], *map(float, row[4:7]), row[7], float(row[8]))
            for row in env.execute_query(
                SQL(
                    """
                    SELECT gateway.id, provider, active, fallback_gateway_id,
                           COALESCE(gateway.rate, 0), %(booked)s,
                           COALESCE(GREATEST(EXTRACT(epoch FROM paused_until - %(now)s), 0), 0),
                           down_since IS NOT NULL,
                           COALESCE(GREATEST(EXTRACT(epoch FROM next_try_at - %(now)s), 0), 0)
                      FROM sms_marketing_gateway gateway
                      LEFT JOIN sms_marketing_rate booking
                             ON booking.subject = 'gateway' AND booking.subject_id = gateway.id
                    """,
                    booked=_BOOKED,
                    now=NOW,
                )
            )
        }
        self.senders = {
            row[0]: SenderFacts(*row[:6], *map(float, row[6:8]), tuple(row[8]))
            for row in env.execute_query(
                SQL(
                    """
                    SELECT sender.id, gateway_id, company_id, value, kind, active,
                           COALESCE(sender.rate, 0), %(booked)s,
                           ARRAY(SELECT DISTINCT '+' || country.phone_code
                                   FROM %(allowed)s allowed
                                   JOIN res_country country ON country.id = allowed.%(country)s
                                  WHERE allowed.%(sender)s = sender.id)
                      FROM sms_marketing_sender sender
                      LEFT JOIN sms_marketing_rate booking
                             ON booking.subject = 'sender' AND booking.subject_id = sender.id
                     ORDER BY sequence, sender.id
                    """,
                    booked=_BOOKED,
                    **_allowed_countries(env),
                )
            )
        }

    def way(self, source, may_try=True):
        """How this source's next texts go.

        :param may_try: whether a gateway that is down may be asked again, when its time has come
        :rtype: Way | Pause
        """
        sender = self.senders[source.sender_id]
        gateway = self.gateways[sender.gateway_id]
        own = (gateway, (sender,))
        others = [
            (other, senders)
            for other in self._fallbacks(gateway)
            if (senders := self._fitting(sender, other))
        ]
        if not gateway.is_active:
            # Such as one whose add-on is gone: what waits for it was meant for another provider.
            if others:
                return self._paced(source, *others[0], stands_in=True)
            return Pause(circuit.LAST_PAUSE, is_rate=False)
        if not gateway.is_down:
            return self._paced(source, *own, has_other=bool(others))
        may_try = may_try and not gateway.paused and gateway.next_try <= 0
        if may_try and circuit.take_try(self.env, gateway.id):
            way = self._paced(source, *own, has_other=bool(others))
            return replace(way, limit=1) if isinstance(way, Way) else way
        if others:
            return self._paced(source, *others[0], stands_in=True)
        return Pause(max(gateway.next_try, gateway.paused, 1.0), is_rate=False)

    def _fallbacks(self, gateway):
        """The gateways that stand in for one that is down, those that work now only."""
        seen = {gateway.id}
        while (other := self.gateways.get(gateway.fallback_id)) and other.id not in seen:
            seen.add(other.id)
            if other.is_active and not other.is_down:
                yield other
            gateway = other

    def _fitting(self, sender, gateway):
        """The senders of another gateway, those first that people know best."""
        found = [
            other
            for other in self.senders.values()
            if other.gateway_id == gateway.id
            and other.is_active
            and other.company_id == sender.company_id
        ]
        found.sort(key=lambda other: (other.value != sender.value, other.kind != sender.kind))
        return tuple(found)

    def _paced(self, source, gateway, senders, **facts):
        if gateway.paused > 0:
            return Pause(gateway.paused, is_rate=False)
        known = [(rates.GATEWAY, gateway), *((rates.SENDER, sender) for sender in senders)]
        limited = {(subject, one.id): one for subject, one in known if one.rate}
        rooms = [rates.room(one.rate, one.booked) for one in limited.values()]
        if rooms and not min(rooms):
            seconds = max(rates.wait(one.rate, one.booked) for one in limited.values())
            return Pause(seconds, is_rate=True)
        return Way(
            source,
            gateway.id,
            gateway.provider,
            senders,
            limit=min(rooms, default=None),
            limits={key: one.rate for key, one in limited.items()},
            **facts,
        )


_BOOKED = SQL("COALESCE(GREATEST(EXTRACT(epoch FROM booking.next_free - %s), 0), 0)", NOW)


def _allowed_countries(env):
    relation = env["sms.marketing.sender"]._fields["country_ids"]
    return {
        "allowed": SQL.identifier(relation.relation),
        "sender": SQL.identifier(relation.column1),
        "country": SQL.identifier(relation.column2),
    }
