import time
from collections import Counter, defaultdict
from contextlib import closing

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import frozendict
from odoo.tools.misc import hash_sign, verify_hash_signed

from ..engine import exact, personalize
from ..engine.prices import prices
from ..engine.texts import MessageTexts
from ..text.estimate import estimate

#: Seconds that one step of an exact count works: a request stays short, and can be the last one.
STEP_SECONDS = 2.0

#: What the signature of a state is for.
SCOPE = "sms_marketing.exact_step"


class SmsMarketingMessage(models.Model):
    """How many segments a message takes and what it costs, before it is sent (S33, B10)."""

    _inherit = "sms.marketing.message"
    _protected = frozendict(estimated_segments=0)

    estimated_segments = fields.Integer(
        readonly=True,
        copy=False,
        help="Segments of the text as estimated by the editor × recipients, when the message was "
        "scheduled or sent.",
    )

    # ------------------------------------------------------------
    # Estimated (S33)
    # ------------------------------------------------------------

    def action_unschedule(self):
        result = super().action_unschedule()
        self.sudo().estimated_segments = 0
        return result

    def _store_estimates(self, facts):
        """Keep what the messages were estimated at when they were scheduled or sent.

        :param facts: {message's id: ``ReviewFacts``}
        """
        for message in self.sudo():
            message.estimated_segments = facts[message.id].segments

    def _estimated_length(self):
        """Segments of one text, as the editor estimates them."""
        return self._estimate(self.body or "").segments

    def _estimate(self, body):
        """``text.estimate.Estimate`` of a body as if it were this message's."""
        texts = MessageTexts(self)
        company = self.company_id.sudo()
        lang = personalize.language(self.env["res.partner"], company)
        opt_out = company.with_context(lang=lang).sms_marketing_opt_out_text
        return estimate(
            body,
            (self.include_opt_out_text and opt_out) or "",
            self.env["sms.marketing.token.default"]._defaults(company),
            lambda index: texts.link(texts.EXAMPLE_TOKEN, index),
        )

    # ------------------------------------------------------------
    # Exact (B10)
    # ------------------------------------------------------------

    def exact_step(self, state=None):
        """Count every recipient's text for about two seconds; nothing is written.

        :param state: None to begin, else what the step before returned
        :return: the state to go on with: ``total`` texts, ``done`` so far, ``result`` when all are
            counted (see ``_exact_result``), and what the next step needs, signed
        """
        self.ensure_one()
        self.check_access("read")
        state = self._begin_exact() if state is None else self._check_exact_state(state)
        result = None
        tally = Counter({tuple(key): count for *key, count in state["tally"]})
        end = time.monotonic() + STEP_SECONDS
        with closing(exact.count_batches(self, state["after"])) as batches:
            for last_id, counted in batches:
                tally += counted
                state["after"] = last_id
                if time.monotonic() > end:
                    break
            else:
                result = self._exact_result(tally)
        done = tally.total()
        # Contacts who come and go while we count must not show as more than all.
        state["total"] = max(state["total"], done)
        if result:
            return {"done": done, "total": state["total"], "result": result}
        state["tally"] = [[*key, count] for key, count in tally.items()]
        signed = hash_sign(self.env(su=True), SCOPE, state, expiration_hours=1)
        return {"done": done, "total": state["total"], "signed": signed}

    def _begin_exact(self):
        if not (self.body or "").strip():
            raise UserError(self.env._("The text is empty. Write it."))
        if problems := personalize.problems(self.env, self.body):
            raise UserError("\n".join(problems))
        total = self.get_audience_counts()["recipients"]
        return {
            "owner": [self.id, self.env.uid],
            "version": self._exact_version(),
            "after": 0,
            "total": total,
            "tally": [],
        }

    def _exact_version(self):
        """Tells whether the message was changed between two steps."""
        return self.write_date.isoformat()

    def _check_exact_state(self, state):
        """The state that a browser brought back, as it was given to it.

        It is signed: whoever could say where to begin would count single contacts, and learn what
        their texts hold.
        """
        signed = isinstance(state, dict) and str(state.get("signed"))
        try:
            known = signed and verify_hash_signed(self.env(su=True), SCOPE, signed)
        except (ValueError, IndexError):
            known = None
        if not known or known["owner"] != [self.id, self.env.uid]:
            raise UserError(self.env._("This count cannot be resumed. Start it again."))
        if known["version"] != self._exact_version():
            raise UserError(
                self.env._("The message was changed while it was counted. Count it again.")
            )
        return known

    def _exact_result(self, tally):
        """What a tally comes to, for the message's page.

        :param tally: texts by (encoding, segments, country, sender's id), see
            ``engine.exact.count_exactly``
        :return: ``recipients``, ``segments`` in all, ``least`` and ``most`` of one text; ``lines``
            with ``encoding``, ``segments`` of a text, ``recipients``; ``costs``, one by currency,
            with ``amount`` written in it, ``segments``, ``is_reported`` where earlier texts' prices
            stand in; ``unpriced`` segments, and their ``unpriced_countries``
        """
        lines, by_way = Counter(), Counter()
        for (encoding, segments, region, sender_id), count in tally.items():
            lines[encoding, segments] += count
            by_way[sender_id, region] += segments * count
        return {
            "recipients": tally.total(),
            "segments": by_way.total(),
            "least": min((segments for _encoding, segments in lines), default=0),
            "most": max((segments for _encoding, segments in lines), default=0),
            "lines": [
                {"encoding": encoding, "segments": segments, "recipients": count}
                for (encoding, segments), count in sorted(lines.items())
            ],
            **self._costs(by_way),
        }

    def _costs(self, segments_by_way):
        """What the segments cost.

        :param segments_by_way: segments by (sender's id, country): each sender has its own prices
        """
        found = {}
        for sender in self._senders():
            regions = [region for sender_id, region in segments_by_way if sender_id == sender.id]
            for region, price in prices(sender, regions).items() if regions else ():
                found[sender.id, region] = price
        costs = defaultdict(lambda: {"amount": 0.0, "segments": 0, "is_reported": False})
        for way, price in found.items():
            cost = costs[price.currency]
            cost["amount"] += price.amount * segments_by_way[way]
            cost["segments"] += segments_by_way[way]
            cost["is_reported"] |= price.source == "reported"
        unpriced = Counter()
        for way, segments in segments_by_way.items():
            if way not in found:
                unpriced[way[1]] += segments
        countries = self.env["res.country"].search([("code", "in", [*filter(None, unpriced)])])
        return {
            "costs": [
                {**cost, "amount": self._in_words(cost["amount"], currency)}
                for currency, cost in sorted(costs.items())
            ],
            "unpriced": sum(unpriced.values()),
            "unpriced_countries": ", ".join(countries.mapped("name")),
        }

    @api.model
    def _in_words(self, amount, currency):
        """An amount of money as the user reads it; the currency by its ISO code."""
        known = (
            self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "=", currency)], limit=1)
        )
        return known.format(amount) if known else f"{amount:.2f} {currency}"
