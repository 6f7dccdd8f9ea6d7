"""The `where` of a file, read into a rule and checked against the sources, to the last column."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from runner.definitions.contradictions import never, never_measured
from runner.definitions.notes import Notes
from runner.definitions.rule import (
    ALWAYS,
    Aggregate,
    All,
    Anniversary,
    AnyOf,
    Audience,
    Compare,
    Events,
    Has,
    Holds,
    InCohort,
    IsNull,
    Matches,
    Measure,
    Not,
    OnColumn,
    OneOf,
    Part,
    Rule,
    Sample,
    Sign,
    Test,
    Top,
    Value,
)
from runner.definitions.times import Times
from runner.errors import Problem
from runner.files.documents import Document, Pointer, quoted
from runner.project.sources import Column, Source, Type

LONGEST_LIST = 10_000
"""Values of one `in`: Trino plans longer ones slowly, and a table serves better."""

ANNIVERSARY = 365
_SIGNS = {
    "equals": Sign.EQUALS,
    "gt": Sign.GT,
    "gte": Sign.GTE,
    "lt": Sign.LT,
    "lte": Sign.LTE,
}
_COUNTS = frozenset({Aggregate.COUNT, Aggregate.DISTINCT})
_AT_LEAST = frozenset({"gt", "gte", "between"})
_GROUPS = ("all", "any", "none")
_WINDOWS = ("within", "between", "calendar")
_DATED = frozenset({"before", "after", "within", "within_next", "calendar"})
_COMPARED = frozenset({"gt", "gte", "lt", "lte"})
_OPERATORS: Mapping[Type, frozenset[str]] = {
    Type.TEXT: frozenset(
        {
            "equals",
            "not_equals",
            "in",
            "not_in",
            "contains",
            "starts_with",
            "ends_with",
            "matches",
            "is_null",
        }
    ),
    Type.NUMBER: frozenset(
        {"equals", "not_equals", "in", "not_in", "between", "is_null"}
    )
    | _COMPARED,
    Type.BOOLEAN: frozenset({"equals", "not_equals", "is_null"}),
    Type.DATE: frozenset({"equals", "not_equals", "in", "not_in", "between", "is_null"})
    | {"anniversary_within_next"}
    | _DATED,
    Type.TIME: frozenset({"between", "is_null"}) | _DATED,
    Type.LIST: frozenset({"any_of", "all_of", "is_null"}),
}
_NEARLY_ALIKE = {
    "gt": "after",
    "gte": "after",
    "lt": "before",
    "lte": "before",
    "after": "gt",
    "before": "lt",
}
_VALUES = {
    Type.TEXT: "text",
    Type.NUMBER: "a number",
    Type.BOOLEAN: "true or false",
    Type.DATE: "a date such as 2026-03-31",
}

# What DuckDB's and Trino's engines do differently, or not at all: looking around, going
# back, names of groups.
_DIALECT = re.compile(r"\(\?[=!<P(>#]|\\[1-9gkGKRXzZ]|[*+?}]\+")


def read(
    document: Document,
    sources: Mapping[str, Source],
    lists: Mapping[str, tuple[str, ...]],
    zone: str,
) -> tuple[Audience | None, tuple[Problem, ...]]:
    """The rule of a file that has its shape, None where it has none or a bad one; and
    everything wrong with it.
    """
    data: Any = document.data
    given = data["audience"]
    if "from" not in given:
        return None, ()
    reader = _Reader(document, sources, lists)
    source = reader.source(given["from"], ("audience", "from"), events=False)
    if source is None:
        return None, tuple(sorted(reader.problems))
    where = (
        reader.rule(given["where"], ("audience", "where"), source)
        if "where" in given
        else None
    )
    top = sample = None
    if "top" in given and (
        column := reader.column(given["top"]["by"], ("audience", "top", "by"), source)
    ):
        if column.type not in (Type.NUMBER, Type.DATE, Type.TIME):
            what = f"{column.name} is {column.type}: it has no greatest value"
            reader.tell(
                ("audience", "top", "by"),
                "C004",
                what,
                "name a number, a date or a time",
            )
        top = Top(column.name, given["top"]["limit"])
    if "sample" in given:
        share = Decimal(str(given["sample"]["percent"])) * 100
        if share != int(share):
            at = ("audience", "sample", "percent")
            reader.tell(
                at,
                "C005",
                "`percent` has more than two decimals",
                "write for example 12.5",
            )
        sample = Sample(int(share), given["sample"]["salt"])
    if reader.problems:
        return None, tuple(sorted(reader.problems))
    return Audience(source, where, zone, top, sample), ()


class _Reader(Notes):
    """One file's rule; gathers problems and goes on."""

    def __init__(
        self,
        document: Document,
        sources: Mapping[str, Source],
        lists: Mapping[str, tuple[str, ...]],
    ) -> None:
        super().__init__(document)
        self._sources, self._lists, self._times = sources, lists, Times(self)

    def source(self, name: str, at: Pointer, *, events: bool) -> Source | None:
        """A source of events, or of people."""
        fitting = [
            source.name
            for source in self._sources.values()
            if source.has_events == events
        ]
        kind, role = ("events", "time") if events else ("people", "key")
        found = self._sources.get(name)
        if found is None:
            self.tell(
                at,
                "C002",
                f"there is no source {quoted(name)}",
                _meant(name, fitting, "cohorts/project.yml"),
            )
        elif found.has_events != events:
            other = (
                f"use one of: {', '.join(fitting)}"
                if fitting
                else f"declare one with a `{role}`"
            )
            self.tell(at, "C002", f"the source {name} does not hold {kind}", other)
            return None
        return found

    def column(self, name: str, at: Pointer, source: Source) -> Column | None:
        """A declared column."""
        found = source.columns.get(name)
        if found is None:
            what = f"the source {source.name} has no column {quoted(name)}"
            self.tell(
                at,
                "C003",
                what,
                _meant(name, source.columns, f"{source.name} in cohorts/project.yml"),
            )
        return found

    def rule(
        self,
        given: Mapping[str, Any],
        at: Pointer,
        source: Source,
        *,
        inside: bool = False,
    ) -> Rule:
        """A group or a condition. `inside`: of an event, where only its own columns are known."""
        groups = [name for name in _GROUPS if name in given]
        kinds = [name for name in ("column", "event", "cohort") if name in given]
        if len(kinds) + bool(groups) != 1:
            found = (
                f"has {' and '.join(f'`{name}`' for name in [*groups, *kinds])} at once"
                if given
                else "is empty"
            )
            if given and not groups and not kinds:
                found = "lacks `column`, `event` or `cohort`"
            fix = (
                "give one of them; conditions that belong together go into `all: [...]`"
            )
            self.tell(at, "C006", f"this condition {found}", fix)
            return All(())
        stray = [
            name for name in _WINDOWS if name in given and ("cohort" in kinds or groups)
        ]
        for name in stray:
            self.tell(
                (*at, name),
                "C006",
                f"`{name}` says nothing here",
                "put it beside `event` or `column`",
                key=True,
            )
        if groups:
            parts = [
                self._group(name, given[name], (*at, name), source, inside=inside)
                for name in groups
            ]
            return self._together(parts, at)
        if inside and kinds != ["column"]:
            what = f"`{kinds[0]}` cannot stand in the `where` of an event"
            self.tell(
                (*at, kinds[0]), "C006", what, "use conditions on its columns", key=True
            )
            return All(())
        match kinds[0]:
            case "cohort":
                return InCohort(given["cohort"], (*at, "cohort"))
            case "event":
                return self._events(given, at, source)
            case _:
                return self._on_column(given, at, source)

    def _group(
        self,
        name: str,
        parts: Sequence[Any],
        at: Pointer,
        source: Source,
        *,
        inside: bool,
    ) -> Rule:
        read = tuple(
            self.rule(part, (*at, number), source, inside=inside)
            for number, part in enumerate(parts)
        )
        if name == "all":
            return All(read)
        either = read[0] if len(read) == 1 else AnyOf(read)
        return either if name == "any" else Not(either)

    # columns

    def _on_column(self, given: Mapping[str, Any], at: Pointer, source: Source) -> Rule:
        column = self.column(given["column"], (*at, "column"), source)
        operators = [name for name in given if name != "column"]
        if not operators:
            what, fix = (
                "nothing is said about this column",
                "add a test, such as `equals: …` or `is_null: false`",
            )
            self.tell((*at, "column"), "C006", what, fix)
        if column is None:
            return All(())
        parts = [
            self._test(column, name, given[name], (*at, name)) for name in operators
        ]
        return self._together(parts, at)

    def _test(self, column: Column, name: str, given: Any, at: Pointer) -> Rule:
        if name not in _OPERATORS[column.type]:
            fitting = sorted(_OPERATORS[column.type])
            near = _NEARLY_ALIKE.get(name, "")
            meant = f"perhaps you meant `{near}`; " if near in fitting else ""
            what = f"`{name}` does not go with {column.name}, which is {column.type}"
            self.tell(
                at, "C004", what, f"{meant}use one of: {', '.join(fitting)}", key=True
            )
            return All(())
        match name:
            case "is_null":
                nothing = OnColumn(column.name, IsNull())
                return nothing if given else Not(nothing)
            case "not_equals" | "not_in":
                return Not(self._test(column, name.removeprefix("not_"), given, at))
            case "between" if column.type is Type.NUMBER:
                return self._between(column, given, at)
            case _:
                test = self._plain(column, name, given, at)
                return OnColumn(column.name, test) if test else All(())

    def _plain(self, column: Column, name: str, given: Any, at: Pointer) -> Test | None:
        match name:
            case "equals" | "gt" | "gte" | "lt" | "lte":
                return (
                    Compare(_SIGNS[name], given)
                    if self._fits(column, given, at)
                    else None
                )
            case "in":
                values = self._listed(column, given, at)
                return OneOf(values) if values else None
            case "contains" | "starts_with" | "ends_with":
                return Has(
                    Part(name), (given,) if isinstance(given, str) else tuple(given)
                )
            case "matches":
                return Matches(given) if self._compiles(given, at) else None
            case "any_of" | "all_of":
                return Holds(tuple(given), every=name == "all_of")
            case "anniversary_within_next":
                days = int(given[:-1])
                if days > ANNIVERSARY:
                    self.tell(
                        at,
                        "C005",
                        "a year has no more than 365 days",
                        "write fewer days",
                    )
                return Anniversary(days)
            case _:
                return self._times.window(
                    name, given, at, days_only=column.type is Type.DATE
                )

    def _between(self, column: Column, given: Sequence[Any], at: Pointer) -> Rule:
        fine = [
            self._fits(column, value, (*at, number))
            for number, value in enumerate(given)
        ]
        if not all(fine):
            return All(())
        if given[0] > given[1]:
            what = f"nothing is between {given[0]} and {given[1]}"
            self.tell(at, "C009", what, "write the smaller number first")
            return All(())
        ends = zip((Sign.GTE, Sign.LTE), given, strict=True)
        return All(
            tuple(OnColumn(column.name, Compare(sign, value)) for sign, value in ends)
        )

    def _fits(self, column: Column, value: Any, at: Pointer) -> bool:
        """True for a value of the column's type."""
        kinds: dict[Type, tuple[type, ...]] = {
            Type.NUMBER: (int, float),
            Type.BOOLEAN: (bool,),
        }
        is_right = isinstance(value, kinds.get(column.type, (str,)))
        if is_right and isinstance(value, bool) and column.type is not Type.BOOLEAN:
            is_right = False
        if is_right and column.type is Type.DATE:
            return self._times.day(value, at) is not None
        if not is_right:
            wanted = _VALUES[column.type]
            cure = "put it in quotes" if column.type is Type.TEXT else f"write {wanted}"
            self.tell(
                at,
                "C005",
                f"{column.name} is {column.type}, but this is not {wanted}",
                cure,
            )
        return is_right

    def _listed(self, column: Column, given: Any, at: Pointer) -> tuple[Value, ...]:
        if isinstance(given, list):
            fine = [
                self._fits(column, value, (*at, number))
                for number, value in enumerate(given)
            ]
            return tuple(given) if all(fine) else ()
        name = given["file"].removeprefix("lists/")
        if name not in self._lists:
            fix = _meant(name, self._lists, "cohorts/lists/")
            self.tell(
                (*at, "file"),
                "C007",
                f"there is no list {quoted(name)} in cohorts/lists/",
                fix,
            )
            return ()
        values: tuple[Value, ...] = self._lists[name]
        if column.type is Type.NUMBER:
            numbers = [_number(str(value)) for value in values]
            if None in numbers:
                what = f"{column.name} is number, but line {numbers.index(None) + 1} of the values in {name} is none"
                self.tell(
                    (*at, "file"),
                    "C005",
                    what,
                    "correct the list, or name another column",
                )
                return ()
            values = tuple(number for number in numbers if number is not None)
        if not values or len(values) > LONGEST_LIST:
            what = f"the list {name} has {'no' if not values else f'{len(values):,}'} values"
            fix = (
                "add one"
                if not values
                else f"{LONGEST_LIST:,} are the most: put them into a table"
            )
            self.tell((*at, "file"), "C007", what, fix)
            return ()
        return values

    def _compiles(self, pattern: str, at: Pointer) -> bool:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as exc:
            self.tell(
                at,
                "C008",
                f"this regular expression cannot be read: {exc}",
                "correct it",
            )
            return False
        if found := _DIALECT.search(pattern):
            what = f"{quoted(found[0])} in a regular expression means different things in different places"
            self.tell(
                at,
                "C008",
                what,
                "write it without looking around, references and possessive repeats",
            )
            return False
        return True

    # events

    def _events(self, given: Mapping[str, Any], at: Pointer, people: Source) -> Rule:
        source = self.source(given["event"], (*at, "event"), events=True)
        after = None
        if "none_after" in given:
            after = self.source(given["none_after"], (*at, "none_after"), events=True)
        windows = [name for name in _WINDOWS if name in given]
        if len(windows) > 1:
            what = f"{' and '.join(f'`{name}`' for name in windows)} are given at once"
            self.tell((*at, windows[1]), "C006", what, "keep one of them", key=True)
        window = (
            self._times.window(
                windows[0], given[windows[0]], (*at, windows[0]), days_only=False
            )
            if windows
            else ALWAYS
        )
        if source is None:
            return All(())
        where = (
            self.rule(given["where"], (*at, "where"), source, inside=True)
            if "where" in given
            else None
        )
        asked = [name for name in Aggregate if name in given]
        measures = [
            measure
            for name in asked
            for measure in self._measures(name, given[name], (*at, name), source)
        ]
        if not asked:
            measures = [Measure(Aggregate.COUNT, "", Compare(Sign.GTE, 1))]
        if why := never_measured(measures):
            self.tell(at, "C010", f"this can never hold: {why}", "correct the numbers")
        self._comparable(people, source, at)
        return Events(source, window or ALWAYS, where, tuple(measures), after)

    def _comparable(self, people: Source, source: Source, at: Pointer) -> None:
        """The key of people and the join of events must be of one type."""
        mine, theirs = people.columns[people.key].type, source.columns[source.key].type
        if mine is not theirs:
            what = f"{source.name}.{source.key} is {theirs}, {people.name}.{people.key} is {mine}"
            self.tell(
                (*at, "event"),
                "C004",
                what,
                "give both the same type in cohorts/project.yml",
            )

    def _measures(
        self, name: Aggregate, given: Mapping[str, Any], at: Pointer, source: Source
    ) -> Iterator[Measure]:
        column = (
            self.column(given["column"], (*at, "column"), source)
            if "column" in given
            else None
        )
        if column and name is not Aggregate.DISTINCT and column.type is not Type.NUMBER:
            what = f"`{name}` does not go with {column.name}, which is {column.type}"
            self.tell((*at, "column"), "C004", what, "name a column of numbers")
        if column and column.type is Type.LIST:
            self.tell(
                (*at, "column"),
                "C004",
                f"`{name}` does not go with lists",
                "name another column",
            )
        of = given.get("column", "")
        for operator, value in given.items():
            least = value[0] if operator == "between" else value
            if name in _COUNTS and operator in _AT_LEAST and least < 0:
                what = f"no `{name}` is below 0, so this always holds: {least}"
                self.tell(
                    (*at, operator), "C015", what, "write 0 or more, or leave it out"
                )
            if operator == "between" and value[0] > value[1]:
                what = f"nothing is between {value[0]} and {value[1]}"
                self.tell(
                    (*at, operator), "C009", what, "write the smaller number first"
                )
            elif operator == "between":
                yield Measure(name, of, Compare(Sign.GTE, value[0]))
                yield Measure(name, of, Compare(Sign.LTE, value[1]))
            elif operator != "column":
                yield Measure(name, of, Compare(_SIGNS[operator], value))
        if set(given) == {"column"}:
            self.tell(
                at,
                "C006",
                f"`{name}` is compared with nothing",
                "add for example `gte: 100`",
            )

    def _together(self, parts: Iterable[Rule], at: Pointer) -> Rule:
        """Rules that must all hold, and could."""
        flat = _flat(parts)
        if why := never(flat):
            self.tell(
                at,
                "C010",
                f"this can never hold: {why}",
                "correct it; did you mean `any`?",
            )
        return flat[0] if len(flat) == 1 else All(flat)


def _flat(parts: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules that must all hold; those in one list are one list."""
    return tuple(
        inner
        for part in parts
        for inner in (part.parts if isinstance(part, All) else (part,))
    )


def _number(text: str) -> int | float | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text) if re.fullmatch(r"[-+]?[0-9]*\.?[0-9]+", text) else None
    except ValueError:
        return None


def _meant(name: str, known: Iterable[str], where: str) -> str:
    names = list(known)
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f"perhaps you meant {close[0]}"
    shown = ", ".join(names[:8]) + ("…" if len(names) > 8 else "")
    return (
        f"use one of: {shown}; or add it to {where}" if names else f"add it to {where}"
    )
