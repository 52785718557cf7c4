from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.base.models.res_partner import _tz_get

from ..engine import audience, timing
from ..engine.review import WARNING, Finding
from ..text.clock import find_zone, offset_of
from .arguments import words


class SmsMarketingMessage(models.Model):
    """Who is in which time zone, and what the review says about it: S25."""

    _inherit = "sms.marketing.message"

    def _timing_groups(self, send_at=None):
        """The recipients by time zone and number, each group with its slot; nothing is written.

        :param datetime send_at: sent to everybody at this moment (UTC); None: as planned
        :return: list of (Group, Slot), and the rules
        """
        self.ensure_one()
        now = fields.Datetime.now()
        if send_at or not self.scheduled_at:
            plan = timing.Plan(send_at or now, send_at or now)
        else:
            plan = timing.Plan(
                self.scheduled_at,
                self._planned_start(),
                self.send_in_contact_time_zone,
                self.passed_moment,
            )
        self.env.flush_all()
        rules = timing.Rules(self.company_id)
        who = SQL(
            "SELECT partner_id, number FROM (%s) AS audience WHERE reason IS NULL",
            audience.audience_query(self),
        )
        groups = timing.groups(self.env, timing.located(rules, who))
        return list(zip(groups, timing.slots(plan, rules, groups, now), strict=True)), rules

    def get_time_zone_overview(self, send_now=False):
        """How many recipients are in which time zone, and when it reaches them; nothing is written.

        :param send_now: as if it was sent at once, whatever moment is chosen
        :return: dict of

            * ``zones``: list of dicts: ``key``, ``zone``, ``label``, ``is_fallback`` (contacts
              without a zone that exists), ``offset`` (of UTC), ``recipients``, ``local`` and
              ``company`` (what the clocks there and in the company show at the first text),
              ``moment`` (the same in UTC), and of the recipients ``passed`` and ``deferred``
            * ``recipients``, ``passed``, ``deferred``: of all zones; ``passed_policy``: translated
            * ``without_zone``, ``unknown_zone``: contacts for which ``fallback_zone`` counts
        """
        self.ensure_one()
        self.check_access("read")
        if not self.sender_id or not self.subscription_type_id:
            raise UserError(
                self.env._("Choose a sender and a subscription type first, in the settings.")
            )
        now = self.env.cr.now().replace(microsecond=0)
        pairs, rules = self._timing_groups(now if send_now else None)
        by_zone = {}
        for group, slot in pairs:
            is_fallback = not find_zone(group.zone)
            by_zone.setdefault((slot.time_zone, is_fallback), []).append((group, slot))
        lines = [self._zone_line(*key, found, rules) for key, found in by_zone.items()]
        policies = dict(self._fields["passed_moment"]._description_selection(self.env))
        return {
            "zones": sorted(lines, key=lambda line: (line["moment"], line["label"])),
            "recipients": _contacts(pairs),
            "passed": _contacts(pairs, lambda _group, slot: slot.is_passed),
            "passed_policy": policies[self.passed_moment].lower(),
            "deferred": _contacts(pairs, lambda _group, slot: slot.reason == "quiet_hours"),
            "without_zone": _contacts(pairs, lambda group, _slot: not group.zone),
            "unknown_zone": _contacts(
                pairs, lambda group, _slot: group.zone and not find_zone(group.zone)
            ),
            "fallback_zone": rules.default_zone,
        }

    def _zone_line(self, zone, is_fallback, found, rules):
        first = min(slot.send_at for _group, slot in found)
        offset = round(offset_of(first, zone).total_seconds() / 60)
        hours, minutes = divmod(abs(offset), 60)
        sign = "−" if offset < 0 else "+"
        return {
            "key": f"{zone}{is_fallback}",
            "zone": zone,
            "label": self.env._("No time zone: %s", zone) if is_fallback else zone,
            "is_fallback": is_fallback,
            "offset": f"UTC{sign}{hours}:{minutes:02d}",
            "recipients": _contacts(found),
            "moment": fields.Datetime.to_string(first),
            "local": self._clock_text(first, zone),
            "company": self._clock_text(first, rules.default_zone),
            "passed": _contacts(found, lambda _group, slot: slot.is_passed),
            "deferred": _contacts(found, lambda _group, slot: slot.reason == "quiet_hours"),
        }

    def action_view_time_zone(self, zone):
        """The recipients in a time zone; False: those without one that exists."""
        self.ensure_one()
        self.check_access("read")
        return self._time_zone_action(words(self.env, zone))

    def _time_zone_action(self, zone):
        existing = [name for name, _label in _tz_get(self) if find_zone(name)]
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("%(message)s: %(zone)s", message=self.name, zone=zone)
            if zone
            else self.env._("%s: no time zone", self.name),
            "res_model": "res.partner",
            "views": [[False, "list"], [False, "form"]],
            "domain": [
                ("sms_audience", "=", f"{self.id}:"),
                ("tz", "=", zone) if zone else ("tz", "not in", existing),
            ],
            "context": {"active_test": False},
        }

    # ------------------------------------------------------------
    # Review
    # ------------------------------------------------------------

    def _review_timing(self, facts):
        """Who has no time zone, for whom the time has passed, and whom quiet hours put off."""
        if not facts.recipients:
            return []
        is_now = facts.intent == "send" or not self.scheduled_at
        pairs, rules = self._timing_groups(facts.send_at if is_now else None)
        by_contact_clock = self.send_in_contact_time_zone and not is_now
        findings = []
        mend = {"label": self.env._("Choose another time"), "page": "schedule"}
        mend["field"] = "scheduled_at"
        without_zone = _contacts(pairs, lambda group, _slot: not find_zone(group.zone))
        if by_contact_clock and without_zone:
            text = (
                self.env._(
                    "None of the recipients has a time zone: all of them get the message by the "
                    "company's clock, %s.",
                    rules.default_zone,
                )
                if without_zone == _contacts(pairs)
                else self.env._(
                    "%(count)s recipients have no time zone: they get the message by the company's "
                    "clock, %(zone)s.",
                    count=without_zone,
                    zone=rules.default_zone,
                )
            )
            contacts = {
                "label": self.env._("Look at these contacts"),
                "action": self._time_zone_action(False),
            }
            findings.append(Finding(WARNING, "no_time_zone", text, contacts))
        if passed := _contacts(pairs, lambda _group, slot: slot.is_passed):
            text = {
                "now": self.env._("they get it as soon as sending starts."),
                "next_day": self.env._("they get it at that time the next day."),
                "leave_out": self.env._("they are left out."),
            }[self.passed_moment]
            text = self.env._(
                "For %(count)s recipients the time has passed already where they are: %(policy)s",
                count=passed,
                policy=text,
            )
            findings.append(
                Finding(WARNING, "moment_passed", text, {**mend, "field": "passed_moment"})
            )
        deferred = [(group, slot) for group, slot in pairs if slot.reason == "quiet_hours"]
        if deferred:
            text = self.env._(
                "%(count)s recipients have quiet hours then: they get it when these are over, the "
                "first at %(moment)s, %(zone)s.",
                count=_contacts(deferred),
                moment=self._clock_text(
                    min(slot.send_at for _group, slot in deferred), rules.default_zone
                ),
                zone=rules.default_zone,
            )
            findings.append(Finding(WARNING, "quiet_hours", text, mend))
        return findings


def _contacts(pairs, condition=lambda _group, _slot: True):
    """How many contacts the groups have for which this holds."""
    return sum(group.contacts for group, slot in pairs if condition(group, slot))
