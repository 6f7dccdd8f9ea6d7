"""A small world and its truth: people in the warehouse, users in Braze, cohort files, and who must be in which cohort.

Nothing here comes from the product: who is wanted is said by Python, and what a cohort may hold follows from what was
asked for since it was last seen right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count

Member = tuple[str, str, str]
"""Kind, label, value."""

PEOPLE, SLOTS, WORKSPACES = 6, 3, 2
SUSPENDED = 80
"""Days that a suspension lasts, from the real today on."""
LIFTED = 77 * 24
"""Hours after which files are suspended no more: before it ends by itself, which day that is depends on the hour."""
TWO_DEVICES = {PEOPLE - 1: 0}
"""Whose device belongs to somebody else's profile: one user may have two."""


@dataclass(frozen=True, slots=True)
class Row:
    """One person's row in the warehouse; a name that is not there is NULL."""

    customer_id: bool = True
    email: bool = True
    device: bool = True
    f0: bool = False
    f1: bool = False
    score: int = 0


@dataclass(frozen=True, slots=True)
class User:
    """A profile in Braze: `key` tells it from the one that was there before. Without an external id it is anonymous."""

    key: int
    identified: bool
    email: bool
    device: bool


@dataclass(frozen=True, slots=True)
class Audience:
    """What a file asks for: its YAML, the SQL that comes of it, and who that is."""

    yaml: str
    rendered: Callable[[World], str]
    picks: Callable[[Row, World], bool]


AUDIENCES = (
    Audience("sql: SELECT customer_id, email, device FROM people WHERE f0 = 1", lambda _: "f0", lambda row, _: row.f0),
    Audience("sql: SELECT customer_id, email, device FROM people WHERE f1 = 1", lambda _: "f1", lambda row, _: row.f1),
    Audience(
        "sql: SELECT customer_id, email, device FROM people WHERE f0 = 1 OR f1 = 1",
        lambda _: "or",
        lambda row, _: row.f0 or row.f1,
    ),
    Audience(
        'sql: "SELECT customer_id, email, device FROM people WHERE score >= {{ bar }}"',
        lambda world: f"bar {world.bar}",
        lambda row, world: row.score >= world.bar,
    ),
    Audience(
        "{template: shared.sql, params: {low: 1}}",
        lambda world: f"shared {world.strict}",
        lambda row, world: row.score >= 1 and (row.f0 or not world.strict),
    ),
    Audience("sql: SELECT customer_id, email, device FROM people", lambda _: "all", lambda row, _: True),
    Audience("sql: SELECT customer_id, email, device FROM people WHERE 1 = 0", lambda _: "none", lambda row, _: False),
)

NAMES = {
    "external_id": ("external_id: customer_id", "x"),
    "email": ("aliases: {email: email}", "e"),
    "device": ("device_id: device", "d"),
}
IDENTIFIERS = (
    ("external_id",),
    ("email",),
    ("device",),
    ("external_id", "email"),
    ("external_id", "device"),
    ("external_id", "email", "device"),
)
HANDLES: Mapping[str, tuple[str, str, str]] = {
    "external_id": ("external_id", "", "x"),
    "email": ("alias", "email", "e"),
    "device": ("device_id", "", "d"),
}


@dataclass(frozen=True, slots=True)
class File:
    """A cohort's file. `variant` is part of its id: another variant is another cohort."""

    slot: int
    variant: int = 0
    name: int = 0
    audience: int = 0
    identifiers: int = 0
    there: bool = False
    broken: bool = False
    mode: str = "mirror"
    expired: bool = False
    suspended: bool = False
    moved: bool = False

    @property
    def id(self) -> str:
        """The cohort's id."""
        return f"c{self.slot}_{self.variant}"

    @property
    def text(self) -> str:
        """The file as written."""
        if self.broken:
            return "id: [\n"
        reach = ", ".join(NAMES[name][0] for name in IDENTIFIERS[self.identifiers])
        audience = AUDIENCES[self.audience].yaml
        inner = audience if audience.startswith("{") else f"\n  {audience}"
        more = f"mode: {self.mode}\n"
        more += "expires: 2020-01-01\n" if self.expired else ""
        more += f"previous_id: c{self.slot}_{1 - self.variant}\n" if self.moved else ""
        if self.suspended:
            more += f"suspend: {{reason: moving, until: {datetime.now(UTC).date() + timedelta(days=SUSPENDED)}}}\n"
        return f"id: {self.id}\nname: {self.shown}\nidentifiers: {{{reach}}}\naudience: {inner}\n{more}"

    @property
    def shown(self) -> str:
        """The cohort's name."""
        return f"Cohort {self.slot} called {self.name}"


Where = tuple[int, str]
"""Workspace and cohort id: one cohort in Braze."""

Definition = tuple[object, ...]
Index = Mapping[Member, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is asked to make of a cohort: nobody where no file defines it. `index`: whom Braze knew by what.

    In mode `remove` and on `hold`, `members` are who is taken out. As a state: who is in it, `extra` who may be too,
    and `out` whom a whole re-assertion has taken out.
    """

    definition: Definition | None
    members: frozenset[Member]
    index: Index
    mode: str = "mirror"
    barred: frozenset[Member] = frozenset()
    extra: frozenset[Member] = frozenset()
    out: frozenset[Member] = frozenset()


NOBODY = Wanted(None, frozenset(), {})


@dataclass(slots=True)
class Held:
    """What one cohort in Braze may hold: `options` are the states it may be recorded in; `unsure` while an attempt may
    be unfinished. `asserted`: by which link to which user a member was last sent for certain. `stuck`: users who may
    have lost the name by which they could be taken out. `aged`: days passed, so members may be sent again.
    """

    options: list[Wanted] = field(default_factory=lambda: [NOBODY])
    unsure: bool = False
    asserted: dict[Member, tuple[int, int]] = field(default_factory=dict)
    stuck: set[int] = field(default_factory=set)
    aged: bool = False


class Wrong(AssertionError):
    """Braze does not hold what it must."""


@dataclass(slots=True)
class World:
    """Everything a run depends on, and what is known of its outcome."""

    rows: list[Row] = field(default_factory=lambda: [Row() for _ in range(PEOPLE)])
    users: list[dict[int, User]] = field(default_factory=lambda: [{} for _ in range(WORKSPACES)])
    files: list[File] = field(default_factory=lambda: [File(slot) for slot in range(SLOTS)])
    workspace: int = 0
    bar: int = 2
    strict: bool = False
    suppress: bool = False
    barred: set[int] = field(default_factory=set)
    hours: int = 0
    held: dict[Where, Held] = field(default_factory=dict)
    serials: Iterator[int] = field(default_factory=lambda: count(1))
    links: list[dict[Member, tuple[int, int]]] = field(default_factory=lambda: [{} for _ in range(WORKSPACES)])

    def names_of(self, person: int, user: User) -> Iterator[Member]:
        """By what Braze finds a user."""
        if user.identified:
            yield ("external_id", "", f"x{person}")
        elif user.device:
            yield from (
                ("device_id", "", f"d{number}") for number in range(PEOPLE) if TWO_DEVICES.get(number, number) == person
            )
        if user.email:
            yield ("alias", "email", f"e{person}")

    def set_user(self, workspace: int, person: int, user: User | None) -> None:
        """A user comes, changes or goes; whoever loses a name may be stuck in a cohort."""
        links, before = self.links[workspace], self.users[workspace].pop(person, None)
        old = set(self.names_of(person, before)) if before else set()
        new = set(self.names_of(person, user)) if user else set()
        same = before is not None and user is not None and before.key == user.key
        for name in old - (new if same else set()):
            del links[name]
            if same and before:
                for where, held in self.held.items():
                    if where[0] == workspace:
                        held.stuck.add(before.key)
        if user:
            self.users[workspace][person] = user
            for name in new - (old if same else set()):
                links[name] = (user.key, next(self.serials))

    def wanted(self, file: File) -> Wanted:
        """Who a file asks for, now."""
        audience, reach = AUDIENCES[file.audience], IDENTIFIERS[file.identifiers]
        members = frozenset(
            (HANDLES[name][0], HANDLES[name][1], f"{HANDLES[name][2]}{person}")
            for person, row in enumerate(self.rows)
            if audience.picks(row, self)
            for name in reach
            if _has(row, name) and (file.mode == "remove" or not self._is_barred(person, row, reach))
        )
        definition = (file.shown, audience.rendered(self), reach, file.mode, self.suppress)
        return Wanted(definition, members, dict(self.links[self.workspace]), file.mode, self.nobody_writes_to)

    def _is_barred(self, person: int, row: Row, reach: tuple[str, ...]) -> bool:
        return self.suppress and person in self.barred and any(_has(row, name) for name in reach)

    @property
    def nobody_writes_to(self) -> frozenset[Member]:
        """All names of those who are taken out of every cohort."""
        if not self.suppress:
            return frozenset()
        return frozenset((kind, label, f"{letter}{p}") for p in self.barred for kind, label, letter in HANDLES.values())

    @property
    def any_broken(self) -> bool:
        """True while nothing may be withdrawn."""
        return any(file.there and file.broken for file in self.files)

    @property
    def any_valid(self) -> bool:
        """False when a run has nothing to go by: no file can be read. Where there is none at all, everybody leaves."""
        return any(not file.broken for file in self.files if file.there) or not any(file.there for file in self.files)

    def asked(self) -> dict[Where, Wanted]:
        """What a run that begins now must do: a cohort that is not named is left alone."""
        if not self.any_valid:
            return {}
        valid = {(self.workspace, file.id): file for file in self.files if file.there and not file.broken}
        wanted = {where: self.wanted(file) for where, file in valid.items() if not file.expired}
        left = {where for where, file in valid.items() if file.suspended and not file.expired}
        if not self.any_broken:
            gone = [where for where in self.held if where not in wanted]
            wanted |= {where: replace(NOBODY, index=dict(self.links[where[0]])) for where in gone}
        for where in wanted:
            self.held.setdefault(where, Held())
        holding = {where: replace(each, mode="hold") for where, each in wanted.items() if where in left}
        if self.any_broken:  # consent reaches those whose file cannot be read, and whose withdrawal is held back
            kept = [where for where in self.held if where not in wanted]
            holding |= {where: replace(NOBODY, mode="hold", barred=self.nobody_writes_to) for where in kept}
        wanted = {where: each for where, each in wanted.items() if where not in left}
        return wanted | (holding if self.suppress else {})

    def perhaps(self, asked: Mapping[Where, Wanted]) -> None:
        """A run was asked for this, and nobody knows how far it came."""
        for where, wanted in asked.items():
            held = self.held[where]
            held.options.append(after(held, wanted))
            held.unsure = True

    def age(self, hours: int) -> None:
        """Time passed: members may be sent again. Suspensions are lifted before they end by themselves."""
        self.hours += hours
        for held in self.held.values():
            held.aged = True


def _has(row: Row, name: str) -> bool:
    return bool(getattr(row, "customer_id" if name == "external_id" else name))


def after(held: Held, wanted: Wanted) -> Wanted:
    """The state that a whole run makes of a cohort."""
    possible = frozenset[Member]().union(*(option.members | option.extra for option in held.options))
    certain = frozenset.intersection(*(option.members for option in held.options))
    if wanted.mode == "add":
        members = wanted.members | (certain - wanted.barred)
        return replace(wanted, members=members, extra=possible - wanted.barred - members, out=wanted.barred & possible)
    if wanted.mode == "remove":
        out = wanted.members | (possible & wanted.barred)
        return replace(wanted, members=frozenset(), extra=possible - out, out=out)
    if wanted.mode == "hold":
        members, barred = certain - wanted.barred, possible & wanted.barred
        if barred and {kind for kind, _, _ in possible} != {next(iter(possible))[0]}:
            members = frozenset()  # who was taken out by one name is out by all
        if any(kind == "device_id" for kind, _, _ in possible) and (barred or held.unsure):
            members = frozenset()
        extra = possible - barred - members
        definition = held.options[-1].definition
        # nobody is sent, so Braze learns of nobody
        return Wanted(definition, members, {}, held.options[-1].mode, wanted.barred, extra, barred)
    return wanted


def reached(members: frozenset[Member], links: Mapping[Member, tuple[int, int]]) -> set[int]:
    """The users whom Braze finds by these members."""
    return {links[member][0] for member in members if member in links}
