"""The events of the ledger: a class for each, which reads its rows with suspicion, and
writes them.

A row's details are JSON whose keys are the fields of its class. A field without a
default must be there, and of its type. One with a default came in a later version: rows
of earlier versions lack it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import Any, ClassVar, Self, get_args, get_type_hints


class Event(StrEnum):
    """What a ledger row says happened."""

    BOOTSTRAP = "bootstrap"
    LEASE = "lease"
    RELEASED = "released"
    VERIFIED = "verified"
    INTENT = "intent"
    FAILED = "failed"
    SENDING = "sending"
    SYNCED = "synced"
    HELD = "held"
    ADOPTED = "adopted"
    ABANDONED = "abandoned"
    CHECKPOINT = "checkpoint"


class NotAsWritten(ValueError):
    """A row's details are not what this tool writes. `key` names the first one that is
    missing, or that has another type.
    """

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


Texts = tuple[str, ...]
Names = Mapping[str, str]

_SIZE = re.compile(r"[a-z]+:[0-9]{1,12}:-?[0-9]{1,15}")

_KINDS: Mapping[object, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    bool: (bool,),
    str | None: (str, NoneType),
    int | None: (int, NoneType),
    Texts: (list,),
    Names: (dict,),
}
"""The types of fields, and what JSON has for each. Lists and objects hold texts only."""


@dataclass(frozen=True, slots=True)
class _Details:
    """What every event can do."""

    event: ClassVar[Event]
    left_out: ClassVar[frozenset[str]] = frozenset()
    """Fields that are not written where they are empty."""

    @classmethod
    def read(cls, told: Mapping[str, Any], time: int) -> Self:
        """The details of a row that was written at `time` (unix seconds). Raises NotAsWritten."""
        given = cls.completed(told, time)
        values = {
            name: _value(given, each)
            for name, each in _fields(cls.event).items()
            if _is_needed(given, each)
        }
        return cls(**values)

    # every class takes `time`, since some need it
    @classmethod
    def completed(cls, told: Mapping[str, Any], time: int) -> Mapping[str, Any]:  # noqa: ARG003
        """A row's details, with what earlier versions did not write. Raises NotAsWritten."""
        return told

    def written(self) -> dict[str, Any]:
        """The details as JSON has them."""
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: _plain(value)
            for name, value in found.items()
            if value or name not in self.left_out
        }


@cache
def _fields(event: Event) -> Mapping[str, tuple[Field[Any], object]]:
    """The fields of an event's class with their types, in order."""
    cls = next(each for each in get_args(Details) if each.event is event)
    types = get_type_hints(cls)
    found: dict[str, tuple[Field[Any], object]] = {}
    for each in fields(cls):
        found[each.name] = (each, types[each.name])
    return found


def _is_needed(told: Mapping[str, Any], asked: tuple[Field[Any], object]) -> bool:
    """False for a field that has a default, and that the row does not have."""
    each, _ = asked
    has_default = each.default is not MISSING or each.default_factory is not MISSING
    return each.name in told or not has_default


def _value(told: Mapping[str, Any], asked: tuple[Field[Any], object]) -> Any:
    each, kind = asked
    if each.name not in told:
        raise NotAsWritten(each.name)
    value = told[each.name]
    if type(value) not in _KINDS[kind]:
        raise NotAsWritten(each.name)
    if isinstance(value, dict):
        _refuse_other_than_texts(value.values(), each.name)
    if isinstance(value, list):
        _refuse_other_than_texts(value, each.name)
        return tuple(value)  # a frozen class holds no list
    return value


def _refuse_other_than_texts(values: Iterable[object], key: str) -> None:
    if not all(type(value) is str for value in values):
        raise NotAsWritten(key)


def _is_size(text: object) -> bool:
    """True for a text as `plan.ledger.Size` writes it."""
    return isinstance(text, str) and bool(_SIZE.fullmatch(text))


def _plain(value: Any) -> Any:
    """A field's value as JSON has it."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return value


@dataclass(frozen=True, slots=True)
class Bootstrap(_Details):
    """The ledger was made; its first row."""

    event: ClassVar[Event] = Event.BOOTSTRAP
    ledger_id: str


@dataclass(frozen=True, slots=True)
class Leased(_Details):
    """A run claimed an epoch, or renewed its lease."""

    event: ClassVar[Event] = Event.LEASE
    left_out: ClassVar[frozenset[str]] = frozenset({"uncommitted"})
    token: str
    """Unique to the run."""
    actor: str
    """The person or the CI's account that ran it."""
    host: str
    process: int
    address: str
    """The web address of the CI's run, or nothing."""
    seconds: int
    """How long the lease holds after this row."""
    commit: str = ""
    reason: str = ""
    """The reason that a person gave for overrides, or nothing."""
    settles: bool = False
    """True where all of the run's tree was compared with what was reviewed."""
    uncommitted: bool = False
    """True where files of cohorts were not as the commit has them."""


@dataclass(frozen=True, slots=True)
class Released(_Details):
    """A run let the ledger go."""

    event: ClassVar[Event] = Event.RELEASED
    token: str = ""


@dataclass(frozen=True, slots=True)
class Verified(_Details):
    """A canary proved how the connector's settings are called."""

    event: ClassVar[Event] = Event.VERIFIED
    mapping: str
    """A hash of the settings' names."""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Intent(_Details):
    """An attempt is about to begin."""

    event: ClassVar[Event] = Event.INTENT
    left_out: ClassVar[frozenset[str]] = frozenset({"moved_from", "allowed"})
    attempt: str
    action: str
    """The plan's action."""
    tables: Texts = ()
    """The tables that the attempt will make."""
    moved_from: str = ""
    """The id in Braze in whose place the cohort is made, or nothing."""
    allowed: Texts = ()
    """The guards that are overridden."""


@dataclass(frozen=True, slots=True)
class Failed(_Details):
    """An attempt failed."""

    event: ClassVar[Event] = Event.FAILED
    attempt: str
    code: str
    """The error's code."""
    what: str
    """The error's words."""
    unsent: bool
    """True where nothing had been sent."""
    keys: Texts = ()
    """The domain keys of all that was sent."""

    @classmethod
    def completed(cls, told: Mapping[str, Any], time: int) -> Mapping[str, Any]:  # noqa: ARG003
        """Without its keys, nobody could wait for what it sent."""
        if told.get("unsent") is False and "keys" not in told:
            raise NotAsWritten("keys")
        return told


@dataclass(frozen=True, slots=True)
class Sending(_Details):
    """An attempt may send from now on."""

    event: ClassVar[Event] = Event.SENDING
    attempt: str
    table: str | None
    """The snapshot of who will be in the cohort; None: nobody."""
    name: str
    connection: str
    setting_keys: Names
    """What the connection's settings are called."""
    export_keys: Texts
    """The domain keys of all its exports."""
    tables: Texts = ()
    """All tables that the attempt made."""
    size: int = 0
    """How many members the cohort will have."""
    workspace: str = ""


@dataclass(frozen=True, slots=True)
class _Ended(_Details):
    """An attempt ended well. Fields without words of their own are as in
    `plan.ledger.Delivered`. Times in unix seconds.
    """

    attempt: str
    table: str | None
    size: int
    added: int
    """How many identifiers it added, those sent again included."""
    removed: int
    """How many identifiers it removed."""
    name: str
    fingerprint: str
    parts: Names
    sql: str
    resolves: Texts
    """The attempts of which nothing is left to do, this one included."""
    commit: str
    full_at: int
    recent_at: int
    rejected: str
    certain: str | None = None
    taken_out: str | None = None
    mode: str = "mirror"
    barred: int = 0
    """How many of the removed `suppress` took out."""
    connection: str = ""
    """The connection by which the cohort is reached."""
    setting_keys: Names = field(default_factory=dict)
    """What the connection's settings are called."""
    as_of: int = 0
    database: str = ""
    sizes: Texts = ()
    """The sizes before this row that guards still compare with, the oldest first, as
    `plan.ledger.Size` writes them. Rows of earlier versions lack them.
    """

    @classmethod
    def completed(cls, told: Mapping[str, Any], time: int) -> Mapping[str, Any]:
        """In rows of earlier versions all members were certain, and as of the row's own
        time. Raises NotAsWritten for sizes that are none.
        """
        sizes = told.get("sizes", [])
        if not (isinstance(sizes, list) and all(map(_is_size, sizes))):
            raise NotAsWritten("sizes")
        return {"certain": told.get("table"), "as_of": time, **told}


@dataclass(frozen=True, slots=True)
class Synced(_Ended):
    """An attempt brought the cohort to its wanted members."""

    event: ClassVar[Event] = Event.SYNCED
    left_out: ClassVar[frozenset[str]] = frozenset({"sizes"})
    settles: bool = False
    """True where all of the run's tree was compared with what was reviewed, so that the
    next tree is compared with this one.
    """


@dataclass(frozen=True, slots=True)
class Held(_Ended):
    """An attempt took out the people of `suppress`, or folded what was pending, and left
    everybody else.
    """

    event: ClassVar[Event] = Event.HELD
    left_out: ClassVar[frozenset[str]] = frozenset({"sizes"})
    owed: bool = False
    """True where what an earlier attempt wanted is still to be done."""
    names: Texts = ()
    """All names that Braze may show."""
    held_at: int = 0
    """When the attempt's run began."""


@dataclass(frozen=True, slots=True)
class Adopted(_Details):
    """A person named the members of a cohort that Braze had already."""

    event: ClassVar[Event] = Event.ADOPTED
    attempt: str
    table: str | None
    """The snapshot of these members."""
    name: str
    export_keys: Texts
    """Always empty: an adoption sends nothing."""
    size: int | None = None
    """How many members there are; None in rows of earlier versions."""
    connection: str = ""
    setting_keys: Names = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Abandoned(_Details):
    """A person told the ledger to forget a cohort."""

    event: ClassVar[Event] = Event.ABANDONED
    actor: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint(_Details):
    """The rows that still matter, of all up to a place in the ledger, were copied into a
    table (docs/delivery.md, Checkpoints).
    """

    event: ClassVar[Event] = Event.CHECKPOINT
    table: str
    epoch: int
    """Rows up to this epoch and sequence are covered."""
    sequence: int
    covered: int
    """How many rows are covered, each as often as it is there."""
    digest: str
    """A hash of the rows in the table."""


Details = (
    Bootstrap
    | Leased
    | Released
    | Verified
    | Intent
    | Failed
    | Sending
    | Synced
    | Held
    | Adopted
    | Abandoned
    | Checkpoint
)

OfAttempt = Intent | Failed | Sending | Synced | Held | Adopted
"""Details that name an attempt."""

Ended = Synced | Held
"""Details of an attempt that ended well."""


def read(event: Event, told: Mapping[str, Any], time: int) -> Details:  # noqa: C901
    """The details of a row that was written at `time` (unix seconds). Raises NotAsWritten."""
    # written out, so that an event that somebody adds and forgets here does not compile
    match event:
        case Event.BOOTSTRAP:
            return Bootstrap.read(told, time)
        case Event.LEASE:
            return Leased.read(told, time)
        case Event.RELEASED:
            return Released.read(told, time)
        case Event.VERIFIED:
            return Verified.read(told, time)
        case Event.INTENT:
            return Intent.read(told, time)
        case Event.FAILED:
            return Failed.read(told, time)
        case Event.SENDING:
            return Sending.read(told, time)
        case Event.SYNCED:
            return Synced.read(told, time)
        case Event.HELD:
            return Held.read(told, time)
        case Event.ADOPTED:
            return Adopted.read(told, time)
        case Event.ABANDONED:
            return Abandoned.read(told, time)
        case Event.CHECKPOINT:
            return Checkpoint.read(told, time)
