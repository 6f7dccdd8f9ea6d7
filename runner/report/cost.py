"""What changes take at least: members to write, and requests to Braze."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from runner.plan.plan import Action, Change
from runner.plan.written import sent
from runner.report.lists import many

IDENTIFIERS_A_REQUEST, REQUESTS_AN_HOUR = 1_000, 250_000
"""Braze's limits (docs/services.md, Braze's partner API)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What changes take at least: members to write now (each is a data point), requests
    to Braze. As far as is known: members to write in the first week, this sync
    included, and in a usual month.
    """

    added: int
    removed: int
    requests: int
    first_week: int
    usual_month: int

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Cost:
        """Of all of them together."""
        added = removed = requests = first_week = usual_month = 0
        for change in changes:
            if counts := change.counts:
                adds, removes = sent(change, counts)
                added, removed = added + adds, removed + removes
                named = change.action in (Action.CREATE, Action.RENAME)
                requests += (
                    sum(
                        math.ceil(number / IDENTIFIERS_A_REQUEST)
                        for number in (adds, removes)
                    )
                    + named
                )
                first_week += counts.expected.first_week
                usual_month += counts.expected.usual_month
        return cls(added, removed, requests, first_week, usual_month)

    @property
    def over_time(self) -> str:
        """What is written now and later, for people."""
        now = self.added + self.removed
        if self.first_week == now and not self.usual_month:
            return f"{now:,} by this sync, nothing later until something changes"
        week = f"{self.first_week:,} in the first week (this sync included)"
        return (
            f"{now:,} by this sync, {week}, about {self.usual_month:,} in a usual month"
        )

    @property
    def words(self) -> str:
        """For people; the time is what Braze's limit allows at best."""
        share = self.requests * 100 / REQUESTS_AN_HOUR
        minutes = self.requests * 60 / REQUESTS_AN_HOUR
        long = "under a minute" if minutes < 1 else f"{math.ceil(minutes):,} min"
        percent = f"{share:.1f} %" if share >= 0.1 else "under 0.1 %"
        points = many(self.added + self.removed, "data point")
        return f"{points}, {many(self.requests, 'request')} ({percent} of Braze's hourly limit), {long}"
