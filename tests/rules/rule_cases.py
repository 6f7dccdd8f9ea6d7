"""Worlds and rules at random, by a seed: values lie near the edges of everything, so that a mistake by one shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from tests.rules.meaning import World

TYPES = {
    "t": "text",
    "n": "number",
    "d": "date",
    "b": "boolean",
    "s": "time",
    "l": "list",
    "c": "text",
    "a": "number",
}
PEOPLE, EVENTS = 24, 40
ZONES = ["UTC", "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]
NOWS = [
    ("2026-03-29T00:30:00", ["Europe/Berlin"]),  # clocks go forward
    ("2026-10-25T00:30:00", ["Europe/Berlin"]),  # and back
    ("2026-11-02T03:00:00", ["America/New_York"]),
    ("2027-02-28T12:00:00", ZONES),
    ("2028-02-28T12:00:00", ZONES),
    ("2026-02-28T23:59:59", ZONES),
    ("2026-12-31T22:00:00", ZONES),
    ("2026-06-15T08:00:00", ZONES),
]
TEXTS = ["a", "ab", "o'b", "B", "äa", "a%b", "line\nbreak"]
NUMBERS = [-1, 0, 1, 2, 2.5, 3]
NOT_BELOW_0 = NUMBERS[1:]
COUNTS = ("count", "distinct")
LENGTHS = ["1d", "2d", "7d", "31d", "1w"]
RELATIVE = [("-31d", "-7d"), ("-1w", "-1d"), ("-2d", "0d"), ("-2d", "2d"), ("0d", "7d"), ("1d", "2w")]
UNITS = ("week", "month", "quarter", "year")
PERIODS = ["today", "yesterday", *(f"{which}_{unit}" for which in ("this", "last") for unit in UNITS)]

Test = dict[str, Any]


class Maker:
    """One world and one rule in it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        now, zones = self.random.choice(NOWS)
        self.now = datetime.fromisoformat(now).replace(tzinfo=UTC)
        self.zone = self.random.choice(zones)

    def world(self) -> World:
        """Rows of every kind, with gaps."""
        now, pick = int(self.now.timestamp()), self.random.choice
        people = [
            {
                "id": f"p{number}",
                "t": self.maybe(pick(TEXTS)),
                "n": self.maybe(pick(NUMBERS)),
                "d": self.maybe(self.day(birthdays=True)),
                "b": self.maybe(pick([0, 1])),
                "s": self.maybe(self.moment()),
                "l": self.maybe(self.random.sample(["a", "b", "c"], self.random.randrange(4))),
            }
            for number in range(PEOPLE)
        ]
        who = [*(f"p{number}" for number in range(PEOPLE // 2)), "stranger", None]
        events = {
            name: [
                {
                    "who": pick(who),
                    "time": self.moment(),
                    "c": self.maybe(pick(TEXTS)),
                    "a": self.maybe(pick(NUMBERS)),
                }
                for _ in range(EVENTS)
            ]
            for name in ("buy", "visit")
        }
        vips = {f"p{number}" for number in range(PEOPLE) if self.random.random() < 0.3} | {"gone"}
        return World(now, self.zone, TYPES, people, events, {"vips": vips})

    def rule(self, depth: int | None = None) -> Test:
        """A condition, or a group of them; the fewer there are, the more each decides."""
        if depth is None:
            depth = self.random.choice([0, 1, 3])
        if depth and self.random.random() < 0.6:
            return self._group(lambda: self.rule(depth - 1))
        return self.random.choice([self._person, self._person, self._event, self._event, lambda: {"cohort": "vips"}])()

    def maybe(self, value: Any) -> Any:
        """A value, or nothing."""
        return None if self.random.random() < 0.2 else value

    def moment(self) -> int:
        """Seconds near the edges of windows, and of days anywhere."""
        days = self.random.choice([-400, -95, -60, -32, -31, -30, -8, -7, -3, -2, -1, 0, 0, 1, 2, 7, 8])
        if self.random.random() < 0.4:  # where a day begins somewhere
            hours = self.random.choice([-13, -12, -5, -2, -1, 0, 4, 5])
            day = datetime(self.now.year, self.now.month, self.now.day, tzinfo=UTC) + timedelta(days=days, hours=hours)
            return int(day.timestamp()) + self.random.choice([-1, 0, 1800])
        return int(self.now.timestamp()) + days * 86_400 + self.random.choice([-3600, -1, 0, 1, 3600])

    def day(self, *, birthdays: bool = False) -> str:
        """A date near now, or a corner of the calendar."""
        if self.random.random() < 0.3:
            return self.random.choice(["2024-02-29", "1990-03-01", "1990-02-28", "2026-01-01", "2025-12-31"])
        near = self.now.date() + timedelta(days=self.random.choice([-8, -7, -6, -2, -1, 0, 0, 1, 2, 6, 7, 8]))
        return date(1992 if birthdays and self.random.random() < 0.3 else near.year, near.month, near.day).isoformat()

    def _group(self, part: Callable[[], Test]) -> Test:
        names = self.random.sample(["all", "any", "none"], self.random.choice([1, 1, 2]))
        return {name: [part() for _ in range(self.random.randrange(1, 4))] for name in names}

    def _some(self, values: list[Any]) -> list[Any]:
        return self.random.sample(values, self.random.randrange(1, 4))

    def _person(self) -> Test:
        column = self.random.choice("tndbsl")
        pick = self.random.choice
        if self.random.random() < 0.1:
            return {"column": column, "is_null": pick([True, False])}
        test = {
            "t": self._text,
            "n": self._number,
            "d": self._date,
            "s": lambda: self._dated(pick(["before", "after", "within", "within_next", "calendar", "between"])),
            "b": lambda: {pick(["equals", "not_equals"]): pick([True, False])},
            "l": lambda: {pick(["any_of", "all_of"]): self._some(["a", "b", "c", "o'b"])},
        }[column]()
        return {"column": column, **test}

    def _text(self) -> Test:
        name = self.random.choice(
            ["equals", "not_equals", "in", "not_in", "contains", "starts_with", "ends_with", "matches"]
        )
        if name in ("in", "not_in"):
            return {name: self._some(TEXTS)}
        if name == "matches":
            return {name: self.random.choice(["^a", "b$", "a.?b", "[A-Z]", "^(a|B)$"])}
        several = name in ("contains", "ends_with") and self.random.random() < 0.5
        return {name: self._some(TEXTS) if several else self.random.choice(TEXTS)}

    def _number(self) -> Test:
        name = self.random.choice(["compared", "compared", "not_equals", "in", "not_in"])
        if name == "compared":
            return self._compared()
        return {name: self.random.choice(NUMBERS) if name == "not_equals" else self._some(NUMBERS)}

    def _compared(self, numbers: Sequence[float] = NUMBERS) -> Test:
        match self.random.randrange(4):
            case 0:
                return {"equals": self.random.choice(numbers)}
            case 1:
                return {"between": sorted(self.random.choice(numbers) for _ in range(2))}
        names = self.random.sample(["gt", "gte", "lt", "lte"], self.random.choice([1, 1, 1, 2]))
        return {name: self.random.choice(numbers) for name in names}

    def _date(self) -> Test:
        name = self.random.choice(
            [
                "before",
                "after",
                "within",
                "within_next",
                "calendar",
                "between",
                "equals",
                "not_in",
                *["anniversary"] * 4,
            ]
        )
        match name:
            case "equals":
                return {name: self.day()}
            case "not_in":
                return {name: [self.day(), self.day()]}
            case "anniversary":
                return {"anniversary_within_next": self.random.choice(["1d", "2d", "7d", "300d", "365d"])}
        return self._dated(name)

    def _dated(self, name: str) -> Test:
        match name:
            case "before" | "after":
                return {name: self.day()}
            case "within" | "within_next":
                return {name: self.random.choice(LENGTHS)}
            case "calendar":
                return {name: self.random.choice(PERIODS)}
        if self.random.random() < 0.5:
            return {"between": list(self.random.choice(RELATIVE))}
        return {"between": sorted([self.day(), self.day()])}

    def _event(self) -> Test:
        rule: Test = {"event": self.random.choice(["buy", "visit"])}
        if self.random.random() < 0.8:
            rule |= self._dated(self.random.choice(["within", "calendar", "between"]))
        if "within" in rule and self.random.random() < 0.3:
            rule["within"] = self.random.choice(["1h", "36h"])
        name = self.random.choice(["", "count", "count", "distinct", "sum", "avg", "min", "max"])
        if name:
            compared = self._compared(NOT_BELOW_0 if name in COUNTS else NUMBERS)
            rule[name] = compared if name == "count" else {"column": "a", **compared}
        if self.random.random() < 0.5:
            rule["where"] = self._which() if self.random.random() < 0.5 else self._group(self._which)
        if self.random.random() < 0.25:
            rule["none_after"] = self.random.choice(["buy", "visit"])
        return rule

    def _which(self) -> Test:
        if self.random.random() < 0.5:
            return {"column": "c", **self._text()}
        return {"column": "a", **self._number()}
