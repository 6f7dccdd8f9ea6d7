"""Every fault that the sandbox can play, by the place where it strikes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus

STATUS = re.compile(r"status:([45]\d\d)")


class FaultPoint(StrEnum):
    """Where a fault strikes."""

    QUERY = "query"
    EXPORT = "export"
    REQUEST = "request"
    BRAZE = "braze"
    RESULT = "result"
    KILL = "kill"


ON_THE_WIRE: Mapping[str, str] = {
    "reset_before": "the connection breaks before the service acted",
    "reset_after": "the service acts, then the connection breaks: the answer is lost",
    "hang": "the service does not act and never answers",
    "slow": "the service acts at once and answers `seconds` later",
    "truncate": "the service acts; the headers promise more bytes than come,"
    " then the connection closes",
    "hold_before": "the request is kept from acting until it is released",
    "hold_after": "the service acts; its answer is kept until it is released",
}

KINDS: Mapping[FaultPoint, Mapping[str, str]] = {
    FaultPoint.QUERY: {
        "fail": "ends as `error` and does nothing",
        "killed": "ends as `killed` and does nothing",
        "hang": "runs until it is killed",
        "hold": "runs until it is released or killed",
        "late": "stays `queued` for `seconds`",
        "unknown_status": "reports `suspended` for `seconds`, then goes on",
        "applied_error": "does what it says, then ends as `error`",
        "no_export": "succeeds; its linked export appears `seconds` later",
    },
    FaultPoint.EXPORT: {
        "fail": "ends as `error` and delivers nothing",
        "killed": "ends as `killed` and delivers nothing",
        "hang": "runs until it is killed and delivers nothing",
        "hold": "runs until it is released or killed, and delivers only then",
        "late": "delivers, but runs on for `seconds`",
        "unknown_status": "reports `suspended` for `seconds`, then goes on",
        "half": "delivers the first half, then ends as `error`",
        "export_error_after_delivery": "delivers everything, then ends as `error`",
    },
    FaultPoint.REQUEST: {
        **ON_THE_WIRE,
        "key_taken": "409 as for a domain key that another job has;"
        " `details.conflicts_with` names the newest job",
    },
    FaultPoint.BRAZE: {
        **ON_THE_WIRE,
        "errors": "a success in whose body `errors` is not empty; nothing was done",
    },
    FaultPoint.RESULT: {"gone": "404, as when the rows are no longer kept"},
    FaultPoint.KILL: {"ignored": "answers as if, but the job goes on"},
}
"""What each place can do; on the wire (`request`, `braze`) also `status:NNN`."""

ENDLESS = frozenset({"hang", "hold", "hold_before", "hold_after"})
"""Kinds that do not end by themselves; a storm leaves them out unless they are named."""

STORM_STATUSES: Mapping[FaultPoint, tuple[str, ...]] = {
    FaultPoint.REQUEST: ("status:429", "status:500", "status:502", "status:503"),
    FaultPoint.BRAZE: (
        "status:423",
        "status:429",
        "status:500",
        "status:502",
        "status:503",
    ),
}
"""The answers that a storm gives: each may be followed by a better one."""


def status_of(do: str) -> int | None:
    """The HTTP status in `status:NNN`; None for anything else."""
    match = STATUS.fullmatch(do)
    if match is None:
        return None
    status = int(match[1])
    if status not in set(HTTPStatus):
        return None
    return status


def is_possible(place: FaultPoint, do: str) -> bool:
    """True for a kind that this place can play."""
    if do in KINDS[place]:
        return True
    return place in STORM_STATUSES and status_of(do) is not None


def stormy(place: FaultPoint) -> tuple[str, ...]:
    """What a storm does at a place where it may do anything, sorted."""
    statuses = STORM_STATUSES.get(place, ())
    kinds = {*KINDS[place], *statuses}
    return tuple(sorted(kinds - ENDLESS))
