"""What a sandbox is made of and how it answers where the real services' behaviour is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from runner.sandbox import bodies
from runner.sandbox.bodies import Given, Shown

SETTING_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "cohort_id": "cohort_id",
        "cohort_name": "cohort_name",
        "operation": "operation",
        "aliases": "aliases",
        "thread_count": "thread_count",
    }
)
"""What the connector calls its settings; the real keys are not public, so these are a
guess that can be changed.
"""


class Answer(StrEnum):
    """How an open question about the real services is answered here."""

    OK = "ok"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Shop:
    """Sizes of the sample data."""

    customers: int = 50_000
    purchases: int = 500_000


@dataclass(frozen=True, slots=True)
class Partner:
    """The partner that Braze has enabled, with its key, and how many requests it may
    send an hour.
    """

    name: str = "treasure_data"
    api_key: str = field(default="sandbox-partner-key", repr=False)
    hourly_requests: int = 250_000


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that can be chosen when a sandbox starts; what is in CHANGEABLE also
    while it runs.

    `powerless_keys` authenticate but may do nothing (403); `reading_keys` may query,
    but make no database and no table. `connections` are pairs of a connection's name
    and its workspace. `empty_export`: an export of 0 rows. `unknown_removal`: a removal
    from a cohort that Braze has never seen. `failed_export`: what a query job says
    after its linked export failed; OK keeps it `success`, FAIL turns it to `error`.
    `validates`: FAIL where settings of a result export cannot be checked without
    sending. `export_key`: FAIL where a domain key of a `result_export` is not looked
    at. `obeys_operation`: FAIL where the connector adds whatever the operation says.
    `forgets_keys`: OK where a domain key may be used again once its job is forgotten,
    FAIL where it stays taken for ever. `braze_success`: the status of Braze's good
    answers, 201 or 202. `ahead`: seconds by which the sandbox's clock is ahead of this
    machine's, below 0 where it is behind. `faults` and `storm`: as the admin API spells
    them, from the start on.
    """

    keys: frozenset[str] = frozenset({"sandbox-key"})
    powerless_keys: frozenset[str] = frozenset({"sandbox-powerless-key"})
    reading_keys: frozenset[str] = frozenset({"sandbox-reading-key"})
    job_seconds: float = 0.0
    parallel_jobs: int = 4
    connections: tuple[tuple[str, str], ...] = (("braze", "sandbox"),)
    partner: Partner = Partner()
    setting_keys: Mapping[str, str] = field(default_factory=lambda: SETTING_KEYS)
    empty_export: Answer = Answer.FAIL
    unknown_removal: Answer = Answer.FAIL
    failed_export: Answer = Answer.OK
    validates: Answer = Answer.OK
    export_key: Answer = Answer.OK
    obeys_operation: Answer = Answer.OK
    forgets_keys: Answer = Answer.OK
    braze_success: int = 201
    ahead: float = 0.0
    faults: tuple[Given, ...] = ()
    storm: Given | None = None
    shop: Shop | None = Shop()


ANSWERS = (
    "empty_export",
    "unknown_removal",
    "failed_export",
    "validates",
    "export_key",
    "obeys_operation",
    "forgets_keys",
)
CHANGEABLE = (*ANSWERS, "braze_success", "job_seconds")
SUCCESSES = (201, 202)
TAKEN = (
    f"options to change: {', '.join(ANSWERS)} (ok or fail),"
    " braze_success (201 or 202), job_seconds (a number)"
)
"""What a change of options takes, in words."""


class BadOption(ValueError):
    """An option that there is not, or a value it does not take."""


class Chosen:
    """The options in force; the admin API may change some while the sandbox runs."""

    def __init__(self, options: Options) -> None:
        self._options = options

    @property
    def options(self) -> Options:
        """As they are now."""
        return self._options

    def change(self, changes: Given) -> None:
        """All that are given, or none. Raises BadOption where one cannot be, or where
        there is none.
        """
        if not changes:
            raise BadOption(TAKEN)
        values: dict[str, Any] = {
            name: _value(name, value) for name, value in changes.items()
        }
        self._options = replace(self._options, **values)

    def shown(self) -> Shown:
        """What can be changed, by name."""
        return {name: getattr(self._options, name) for name in CHANGEABLE}


def _value(name: str, value: object) -> Answer | int | float:
    """A value as its option holds it. Raises BadOption."""
    if name in ANSWERS:
        return _answer(name, value)
    # 201.0 and true are of another type than 201, but equal to a number
    if name == "braze_success" and type(value) is int and value in SUCCESSES:
        return value
    if name == "job_seconds":
        return _seconds(value)
    raise BadOption(TAKEN)


def _answer(name: str, value: object) -> Answer:
    """How an open question is answered. Raises BadOption."""
    if isinstance(value, str) and value in set(Answer):
        return Answer(value)
    answers = ", ".join(Answer)
    raise BadOption(f"{name}: one of {answers}")


def _seconds(value: object) -> float:
    """How long a job takes. Raises BadOption."""
    try:
        seconds = bodies.number(value, "job_seconds")
    except bodies.BadValue:
        raise BadOption(TAKEN) from None
    if seconds < 0:
        raise BadOption(TAKEN)
    return seconds
