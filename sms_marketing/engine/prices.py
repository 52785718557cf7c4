"""What a segment costs from a sender to a country: as set, else as the gateway reported it."""

from collections import defaultdict
from typing import NamedTuple

from odoo.tools import SQL

from ..text.numbers import region_of

#: So many of a sender's latest texts with a price are looked at.
LATEST = 1_000


class Price(NamedTuple):
    """Of one segment. ``currency``: ISO 4217; ``source``: "setting" or "reported" (an average)."""

    amount: float
    currency: str
    source: str


def prices(sender, regions):
    """The price of a segment to each country.

    :param sender: one ``sms.marketing.sender``
    :param regions: ISO 3166 alpha-2 codes; None is a number that belongs to no single country
    :return: {region: Price}; countries whose price nobody knows are left out
    """
    rows = sender.env["sms.marketing.price"].sudo().search([("sender_id", "=", sender.id)])
    by_region = {
        row.country_id.code or None: Price(row.price, row.currency_id.name, "setting")
        for row in rows
    }
    for_others = by_region.get(None)
    found = {}
    reported = None
    for region in regions:
        price = by_region.get(region) or for_others
        if not price:
            if reported is None:
                reported = _reported(sender)
            price = reported.get(region)
        if price:
            found[region] = price
    return found


def _reported(sender):
    """The average price of a segment by country, of the sender's latest texts with a price.

    The partial index ``_sender_priced`` of recipients carries it.
    """
    rows = sender.env.execute_query(
        SQL(
            """
            SELECT number, price, segments, price_currency FROM sms_marketing_recipient
             WHERE sender_id = %s AND price IS NOT NULL
             ORDER BY id DESC LIMIT %s
            """,
            sender.id,
            LATEST,
        )
    )
    totals = defaultdict(lambda: defaultdict(lambda: [0.0, 0]))
    for number, price, segments, currency in rows:
        if number and segments and currency:
            total = totals[region_of(number)][currency]
            total[0] += float(price)
            total[1] += segments
    averages = {}
    for region, by_currency in totals.items():
        # A provider that changed its currency: the one with the most segments speaks for all.
        currency, (amount, segments) = max(by_currency.items(), key=lambda item: item[1][1])
        averages[region] = Price(amount / segments, currency, "reported")
    return averages
