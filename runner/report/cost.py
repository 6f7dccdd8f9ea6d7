"""What changes take at least: members to write, and requests to Braze."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from runner.definitions.cohort import Mode
from runner.plan.guards import Counts
from runner.plan.plan import Action, Change
from runner.plan.written import sent
from runner.report.lists import many

IDENTIFIERS_A_REQUEST = 1_000
REQUESTS_AN_HOUR = 250_000
"""Braze's limits (docs/services.md, Braze's partner API)."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What changes take at least. `added` and `removed` are the members to write now;
    Braze counts a data point for each. `requests` are requests to Braze. `first_week`
    and `usual_month` are the members to write in the first week, this sync included,
    and in a usual month, as far as is known.
    """

    added: int
    removed: int
    requests: int
    first_week: int
    usual_month: int

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Cost:
        """The cost of all changes together; a change without counts adds nothing."""
        added = removed = requests = first_week = usual_month = 0
        for change in changes:
            counts = change.counts
            if counts is None:
                continue
            adds, removes = sent(change, counts)
            added += adds
            removed += removes
            requests += _requests(change.action, adds, removes)
            first_week += counts.expected.first_week
            usual_month += counts.expected.usual_month
        return cls(added, removed, requests, first_week, usual_month)

    @property
    def written(self) -> int:
        """Members to write now, to add or to remove."""
        return self.added + self.removed

    @property
    def over_time(self) -> str:
        """A phrase for people: how many members are written now and later."""
        now = f"{self.written:,} by this sync"
        if self.first_week == self.written and not self.usual_month:
            return f"{now}, nothing later until something changes"
        week = f"{self.first_week:,} in the first week (this sync included)"
        month = f"about {self.usual_month:,} in a usual month"
        return f"{now}, {week}, {month}, and whoever enters or leaves"

    @property
    def words(self) -> str:
        """A phrase for people: data points, requests, and the least time that Braze's
        limit allows.
        """
        points = many(self.written, "data point")
        requests = many(self.requests, "request")
        percent = _percent(self.requests)
        share = f"{percent} of Braze's hourly limit"
        duration = _duration(self.requests)
        return f"{points}, {requests} ({share}), {duration}"


def is_blocked(change: Change) -> bool:
    """True where a guard or a question stops the change, so that nothing of it is sent."""
    return bool(change.refusals or change.stopped)


def crossing(counts: Counts) -> tuple[int, int]:
    """How many people enter the cohort in Braze, and how many leave it. In mode
    `remove` the query finds the people who leave.
    """
    if counts.mode is Mode.REMOVE:
        return 0, counts.entering
    return counts.entering, counts.removed


def _requests(action: Action, adds: int, removes: int) -> int:
    """The requests of one change: adding and removing go in requests of their own."""
    requests = math.ceil(adds / IDENTIFIERS_A_REQUEST)
    requests += math.ceil(removes / IDENTIFIERS_A_REQUEST)
    # Braze is told a cohort's name by one request more
    if action in (Action.CREATE, Action.RENAME):
        requests += 1
    return requests


def _percent(requests: int) -> str:
    """The share of the requests that Braze takes in an hour."""
    share = requests * 100 / REQUESTS_AN_HOUR
    if share < 0.1:
        return "under 0.1 %"
    return f"{share:.1f} %"


def _duration(requests: int) -> str:
    """The least time that Braze's limit allows for the requests."""
    minutes = requests * 60 / REQUESTS_AN_HOUR
    if minutes < 1:
        return "under a minute"
    return f"{math.ceil(minutes):,} min"
