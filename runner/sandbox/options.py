"""What a sandbox is made of and how it answers where the real services' behaviour is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

SETTING_KEYS: Mapping[str, str] = MappingProxyType(
    {key: key for key in ("cohort_id", "cohort_name", "operation", "aliases", "thread_count")}
)
"""What the connector calls its settings; the real keys are not public, so these are a guess that can be changed."""


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
    """The partner that Braze has enabled, with its key, and how many requests it may send an hour."""

    name: str = "treasure_data"
    api_key: str = field(default="sandbox-partner-key", repr=False)
    hourly_requests: int = 250_000


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that can be chosen when a sandbox starts.

    `powerless_keys` authenticate but may do nothing (403); `reading_keys` may query, but make no database and no table.
    `connections` are pairs of a connection's name and its workspace. `empty_export`: an export of 0 rows.
    `unknown_removal`: a removal from a cohort that Braze has never seen. `failed_export`: what a query job says after
    its linked export failed; OK keeps it `success`, FAIL turns it to `error`. `validates`: FAIL where settings of a
    result export cannot be checked without sending.
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
    shop: Shop | None = Shop()
