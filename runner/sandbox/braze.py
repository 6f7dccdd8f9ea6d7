"""A Braze workspace: users with their identifiers, cohorts of users, and the partner
cohort API's rules.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from runner.sandbox.bodies import Given, Shown
from runner.sandbox.clock import Clock
from runner.sandbox.options import Partner

MOST_IDENTIFIERS = 1_000
HOUR = 3600
KINDS = ("user_ids", "device_ids", "aliases")
CHANGE_KEYS = {*KINDS, "should_remove"}
ISO_8601 = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?"
)

Identifier = tuple[str, str, str]
"""Kind, label (of an alias, else empty), value."""

Alias = tuple[str, str]
"""Label and name."""


class Rejected(Exception):
    """The partner API's refusal: HTTP status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class User:
    """A user profile."""

    external_id: str | None = None
    aliases: frozenset[Alias] = frozenset()
    devices: frozenset[str] = frozenset()

    def identifiers(self) -> Iterator[Identifier]:
        """All that lead to this user; a device of an identified user leads nowhere."""
        if self.external_id is not None:
            yield "user_ids", "", self.external_id
        else:
            for device in self.devices:
                yield "device_ids", "", device
        for label, name in self.aliases:
            yield "aliases", label, name

    @property
    def shown(self) -> str:
        """One identifier to list the user by."""
        if self.external_id:
            return self.external_id
        names = [name for _, name in self.aliases]
        return min([*self.devices, *names], default="?")


@dataclass(slots=True)
class Membership:
    """A cohort: its users by number, and what was written to it so far."""

    name: str
    users: set[int] = field(default_factory=set)
    written: int = 0
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """Whether users leave a cohort, and which."""

    should_remove: bool
    identifiers: list[Identifier]


class Braze:
    """One workspace. Members belong to users, so two identifiers of one user are one
    member.
    """

    def __init__(self, partner: Partner, data_import_key: str, clock: Clock) -> None:
        self._partner = partner
        self._data_import_key = data_import_key
        self._clock = clock
        self._users: list[User | None] = []
        self._index: dict[Identifier, int] = {}
        self._cohorts: dict[str, Membership] = {}
        self._hour = 0
        self._spent = 0
        self._lock = threading.RLock()

    def put_users(self, users: Iterable[User]) -> None:
        """Add users; one with a known external id replaces that profile and stays in its
        cohorts.
        """
        with self._lock:
            for user in users:
                number = self._identified(user.external_id)
                if number is None:
                    number = len(self._users)
                    self._users.append(None)
                self._replace(number, user)

    def delete_users(self, users: Iterable[User]) -> int:
        """Delete the profiles that these identifiers lead to, and their memberships;
        returns how many there were.

        A user who comes back is a new profile, and in no cohort.
        """
        with self._lock:
            found = set()
            for user in users:
                number = self._number(user)
                if number is not None:
                    found.add(number)
            for number in found:
                self._replace(number, None)
            for cohort in self._cohorts.values():
                cohort.users -= found
            return len(found)

    def change_user(self, who: User, gains: User, loses: User) -> None:
        """Change the identifiers of one profile; its memberships stay with it.

        An anonymous user (device alone) who gains an external id is identified: from
        then on the external id and the aliases lead there, and the devices no more.
        What leads to another profile so far leads to this one, as when a device changes
        hands; an external id is never taken from another.

        Raises KeyError where nobody is meant, ValueError for an external id that is
        another's or would be lost.
        """
        with self._lock:
            number, user = self._known(who)
            if loses.external_id is not None:
                raise ValueError("a user never loses the external id: delete that user")
            if gains.external_id:
                owner = self._identified(gains.external_id)
                if owner is not None and owner != number:
                    raise ValueError("that external id is another user's")
            moved = replace(gains, external_id=None)
            others = self._led_to(moved.identifiers()) - {number}
            for other in others:
                left = _without(self._users[other], gains)
                self._replace(other, left)
            changed = _changed(user, gains, loses)
            self._replace(number, changed)

    def _known(self, who: User) -> tuple[int, User]:
        """A profile's number and the profile. Raises KeyError where there is none."""
        number = self._number(who)
        if number is not None:
            user = self._users[number]
            if user is not None:
                return number, user
        raise KeyError("no such user")

    def _identified(self, external_id: str | None) -> int | None:
        """The profile that has this external id."""
        if external_id is None:
            return None
        return self._index.get(("user_ids", "", external_id))

    def _led_to(self, identifiers: Iterable[Identifier]) -> set[int]:
        """The profiles that these identifiers lead to."""
        found = map(self._index.get, identifiers)
        return {number for number in found if number is not None}

    def _number(self, user: User) -> int | None:
        """The profile that any of these identifiers leads to."""
        for identifier in user.identifiers():
            number = self._index.get(identifier)
            if number is not None:
                return number
        return None

    def _replace(self, number: int, user: User | None) -> None:
        """A profile as it is from now on, and the ways that lead to it."""
        before = self._users[number]
        if before:
            for identifier in before.identifiers():
                # another profile may have taken it since
                if self._index.get(identifier) == number:
                    del self._index[identifier]
        self._users[number] = user
        if user:
            for identifier in user.identifiers():
                self._index[identifier] = number

    def shown(self) -> list[Shown]:
        """Every cohort in counts, sorted by id."""
        with self._lock:
            return [self._counts(cohort_id) for cohort_id in sorted(self._cohorts)]

    def shown_with_members(self, cohort_id: str) -> Shown | None:
        """One cohort with an identifier of every member, sorted; None where there is
        none.
        """
        with self._lock:
            cohort = self._cohorts.get(cohort_id)
            if cohort is None:
                return None
            users = [self._users[number] for number in cohort.users]
            members = sorted(user.shown for user in users if user)
            counts = self._counts(cohort_id)
            return {**counts, "members": members}

    def users(self) -> list[User]:
        """Every user, in the order in which they came."""
        with self._lock:
            return [user for user in self._users if user]

    def _counts(self, cohort_id: str) -> Shown:
        """A cohort as it is shown, without its members."""
        cohort = self._cohorts[cohort_id]
        return {
            "cohort_id": cohort_id,
            "name": cohort.name,
            "members": len(cohort.users),
            "members_written": cohort.written,
            "requests": cohort.requests,
        }

    def rate(self) -> dict[str, str]:
        """Count a request; the headers that tell the rate limit; a negative rest means
        it is used up.
        """
        with self._lock:
            hour = int(self._clock.now()) // HOUR
            if hour != self._hour:
                self._hour = hour
                self._spent = 0
            self._spent += 1
            limit = self._partner.hourly_requests
            left = limit - self._spent
            return {
                "X-RateLimit-Limit": str(limit),
                "X-RateLimit-Remaining": str(left),
                "X-RateLimit-Reset": str((self._hour + 1) * HOUR),
            }

    def save(self, partner: str, body: object) -> None:
        """`POST /partners/{partner}/cohorts`: make or rename a cohort. Raises Rejected."""
        given = self._checked(partner, body)
        cohort_id = given["cohort_id"]
        name = given.get("name")
        created_at = given.get("created_at")
        if not isinstance(name, str) or not name:
            raise Rejected(400, "'name' must be a string that is not empty")
        if not isinstance(created_at, str) or not ISO_8601.fullmatch(created_at):
            raise Rejected(400, "'created_at' must be an ISO 8601 date")
        with self._lock:
            new = Membership(name)
            cohort = self._cohorts.setdefault(cohort_id, new)
            cohort.name = name
            cohort.requests += 1

    def change(self, partner: str, body: object) -> None:
        """`POST /partners/{partner}/cohorts/users`: users in and out, in the order
        given. Raises Rejected.
        """
        given = self._checked(partner, body)
        listed = _listed(given.get("cohort_changes"), "cohort_changes")
        changes = [_change(change) for change in listed]
        total = sum(len(change.identifiers) for change in changes)
        if total > MOST_IDENTIFIERS:
            raise Rejected(
                400,
                f"'cohort_changes' must hold at most {MOST_IDENTIFIERS} identifiers",
            )
        with self._lock:
            cohort = self._cohorts.get(given["cohort_id"])
            if cohort is None:
                raise Rejected(400, "'cohort_id' is not a cohort of this workspace")
            cohort.requests += 1
            for change in changes:
                cohort.written += len(change.identifiers)
                found = self._led_to(change.identifiers)
                if change.should_remove:
                    cohort.users -= found
                else:
                    cohort.users |= found

    def _checked(self, partner: str, body: object) -> Given:
        """The body, if partner and keys are right. Raises Rejected."""
        if not isinstance(body, Mapping):
            raise Rejected(400, "the body must be a JSON object")
        if partner != self._partner.name:
            raise Rejected(401, "partner is not enabled")
        if body.get("partner_api_key") != self._partner.api_key:
            raise Rejected(401, "'partner_api_key' is invalid")
        if body.get("client_secret") != self._data_import_key:
            raise Rejected(401, "'client_secret' is invalid")
        if not isinstance(body.get("cohort_id"), str):
            raise Rejected(400, "'cohort_id' must be a string")
        return body


def _without(user: User | None, gone: User) -> User | None:
    """A profile that another took identifiers from."""
    if user is None:
        return None
    aliases = user.aliases - gone.aliases
    devices = user.devices - gone.devices
    return User(user.external_id, aliases, devices)


def _changed(user: User, gains: User, loses: User) -> User:
    """A profile after it gained and lost identifiers; it has one alias of each label."""
    aliases = set(gains.aliases)
    labels = {label for label, _ in gains.aliases}
    for label, name in user.aliases:
        if label not in labels:
            aliases.add((label, name))
    devices = user.devices | gains.devices
    return User(
        gains.external_id or user.external_id,
        frozenset(aliases - loses.aliases),
        devices - loses.devices,
    )


def _change(change: object) -> Change:
    """One of the changes in a request. Raises Rejected."""
    if not isinstance(change, Mapping) or not change.keys() <= CHANGE_KEYS:
        raise Rejected(400, "'cohort_changes' is malformed")
    should_remove = change.get("should_remove", False)
    if not isinstance(should_remove, bool):
        raise Rejected(400, "'should_remove' must be a boolean")
    found: list[Identifier] = []
    for kind in KINDS:
        values = _listed(change.get(kind, []), kind)
        found += [_identifier(kind, value) for value in values]
    return Change(should_remove, found)


def _identifier(kind: str, value: object) -> Identifier:
    """An identifier in a request, by its kind. Raises Rejected."""
    if kind != "aliases" and isinstance(value, str):
        return kind, "", value
    if kind == "aliases" and isinstance(value, Mapping):
        label = value.get("alias_label")
        name = value.get("alias_name")
        if isinstance(label, str) and isinstance(name, str):
            return kind, label, name
    raise Rejected(400, f"'cohort_changes' is malformed: {kind}")


def _listed(value: object, what: str) -> list[Any]:
    """A value that has to be an array. Raises Rejected."""
    if not isinstance(value, list):
        raise Rejected(400, f"'{what}' must be an array")
    return value
