"""The `where` of a file, read into a rule and checked against the declared sources."""

from __future__ import annotations

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
    Window,
)
from runner.definitions.times import Times
from runner.errors import Problem
from runner.files import habits
from runner.files.documents import Document, Pointer, quoted
from runner.files.suggestions import suggestion
from runner.project.sources import Column, Source, Type

LONGEST_LIST = 10_000
"""Values of one `in`: Trino plans longer ones slowly, and a table serves better."""

ANNIVERSARY = 365
"""Days: the longest stretch in which an anniversary can be asked for."""

_SIGNS = {
    "equals": Sign.EQUALS,
    "gt": Sign.GT,
    "gte": Sign.GTE,
    "lt": Sign.LT,
    "lte": Sign.LTE,
}
_RANGED = (Type.NUMBER, Type.DATE, Type.TIME)
"""Types of which some value is the greatest."""

_COUNTS = frozenset({Aggregate.COUNT, Aggregate.DISTINCT})
_AT_LEAST = frozenset({"gt", "gte", "between"})
_Given = Mapping[str, Any]
"""A group of keys, as a file has it."""

_GROUPS = ("all", "any", "none")
_KINDS = ("column", "event", "cohort")
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
_OF_DAYS = _OPERATORS[Type.DATE] - _OPERATORS[Type.TEXT] - _OPERATORS[Type.NUMBER]
MOST_VALUES = 20
"""Values of a column that a message lists."""

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
    """The rule of a file that has its shape, and everything wrong with it, sorted. The
    rule is None where the file has none or a bad one. `lists` are the values of the
    files under `cohorts/lists/`, by name; `zone` is the project's time zone.
    """
    data: Any = document.data
    given = data["audience"]
    if "from" not in given:
        return None, ()
    reader = _Reader(document, sources, lists)
    audience = reader.audience(given, zone)
    if reader.problems:
        return None, tuple(sorted(reader.problems))
    return audience, ()


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

    def audience(self, given: _Given, zone: str) -> Audience | None:
        """The whole rule; None where there is no such source, or no source of people."""
        at = ("audience",)
        source = self.source(given["from"], (*at, "from"), events=False)
        if source is None:
            return None
        where = top = sample = None
        if "where" in given:
            where = self.rule(given["where"], (*at, "where"), source)
        if "top" in given:
            top = self._top(given["top"], (*at, "top"), source)
        if "sample" in given:
            sample = self._sample(given["sample"], (*at, "sample"))
        return Audience(source, where, zone, top, sample)

    def _top(self, given: _Given, at: Pointer, source: Source) -> Top | None:
        """The greatest values of a column."""
        column = self.column(given["by"], (*at, "by"), source)
        if column is None:
            return None
        if column.type not in _RANGED:
            what = f"{column.name} is {column.type}: it has no greatest value"
            fix = "name a number, a date or a time"
            self.tell((*at, "by"), "C004", what, fix)
        return Top(column.name, given["limit"])

    def _sample(self, given: _Given, at: Pointer) -> Sample:
        """A share of people."""
        # by way of text: 12.3 as a float is not exactly 12.3
        share = Decimal(str(given["percent"])) * 100
        if share != int(share):
            what = "`percent` has more than two decimals"
            self.tell((*at, "percent"), "C005", what, "write for example 12.5")
        return Sample(int(share), given["salt"], given.get("rest", False))

    def source(self, name: str, at: Pointer, *, events: bool) -> Source | None:
        """A declared source, of events or of people; None where there is none of this
        name and kind.
        """
        fitting = [
            source.name
            for source in self._sources.values()
            if source.has_events == events
        ]
        found = self._sources.get(name)
        if found is None:
            what = f"there is no source {quoted(name)}"
            self.tell(at, "C002", what, _meant(name, fitting, "cohorts/project.yml"))
            return None
        if found.has_events == events:
            return found
        kind, role = "people", "key"
        if events:
            kind, role = "events", "time"
        fix = f"declare one with a `{role}`"
        if fitting:
            fix = f"use one of: {', '.join(fitting)}"
        if events:
            fix = f"it has a `key`, so ask for its columns with `column`, or {fix}"
        self.tell(at, "C002", f"the source {name} does not hold {kind}", fix)
        return None

    def column(self, name: str, at: Pointer, source: Source) -> Column | None:
        """A declared column; None where the source declares none of this name."""
        found = source.columns.get(name)
        if found is None:
            what = f"the source {source.name} has no column {quoted(name)}"
            place = f"{source.name} in cohorts/project.yml"
            self.tell(at, "C003", what, _meant(name, source.columns, place))
        return found

    def rule(
        self,
        given: _Given,
        at: Pointer,
        source: Source,
        *,
        inside: bool = False,
    ) -> Rule:
        """A group or a condition. `inside` an event only its own columns are known.

        What cannot be read becomes a rule that always holds, so that reading goes on.
        """
        groups = [name for name in _GROUPS if name in given]
        kinds = [name for name in _KINDS if name in given]
        if len(kinds) + bool(groups) != 1:
            self._tell_kinds(given, at, [*groups, *kinds])
            return All(())
        if groups:
            self._tell_stray_windows(given, at)
            parts = [
                self._group(name, given[name], (*at, name), source, inside=inside)
                for name in groups
            ]
            return self._together(parts, at)
        kind = kinds[0]
        if kind == "cohort":
            self._tell_stray_windows(given, at)
        if kind == "column":
            return self._on_column(given, at, source)
        if inside:
            what = f"`{kind}` cannot stand in the `where` of an event"
            fix = "use conditions on its columns"
            self.tell((*at, kind), "C006", what, fix, key=True)
            return All(())
        if kind == "cohort":
            return InCohort(given["cohort"], (*at, "cohort"))
        return self._events(given, at, source)

    def _tell_kinds(self, given: _Given, at: Pointer, found: Sequence[str]) -> None:
        """A condition must be of exactly one kind; `found` are those that are given."""
        names = " and ".join(f"`{name}`" for name in found)
        fault = f"has {names} at once"
        if not given:
            fault = "is empty"
        elif not found:
            fault = "lacks `column`, `event` or `cohort`"
        fix = "give one of them; conditions that belong together go into `all: [...]`"
        self.tell(at, "C006", f"this condition {fault}", fix)

    def _tell_stray_windows(self, given: _Given, at: Pointer) -> None:
        """Stretches of time beside a group or a cohort, which have none."""
        fix = "put it beside `event` or `column`"
        for name in _WINDOWS:
            if name in given:
                what = f"`{name}` has no effect here"
                self.tell((*at, name), "C006", what, fix, key=True)

    def _group(
        self,
        name: str,
        parts: Sequence[Any],
        at: Pointer,
        source: Source,
        *,
        inside: bool,
    ) -> Rule:
        """The rule of `all`, `any` or `none`."""
        read = tuple(
            self.rule(part, (*at, number), source, inside=inside)
            for number, part in enumerate(parts)
        )
        if name == "all":
            return All(read)
        either: Rule = AnyOf(read)
        if len(read) == 1:
            either = read[0]
        if name == "none":
            return Not(either)
        return either

    # columns

    def _on_column(self, given: _Given, at: Pointer, source: Source) -> Rule:
        """All tests of one column."""
        column = self.column(given["column"], (*at, "column"), source)
        operators = [name for name in given if name != "column"]
        if not operators:
            what = "the condition has no test for its column"
            fix = "add a test, such as `equals: …` or `is_null: false`"
            self.tell((*at, "column"), "C006", what, fix)
        if column is None:
            return All(())
        parts = [
            self._test(column, name, given[name], (*at, name)) for name in operators
        ]
        return self._together(parts, at)

    def _test(self, column: Column, name: str, given: Any, at: Pointer) -> Rule:
        """One test of a column, by the name of its operator."""
        if name not in _OPERATORS[column.type]:
            self._tell_operator(column, name, at)
            return All(())
        match name:
            case "is_null":
                nothing = OnColumn(column.name, IsNull())
                if given:
                    return nothing
                return Not(nothing)
            case "not_equals" | "not_in":
                return Not(self._test(column, name.removeprefix("not_"), given, at))
            case "between" if column.type is Type.NUMBER:
                return self._between(column, given, at)
            case _:
                test = self._plain(column, name, given, at)
                if test is None:
                    return All(())
                return OnColumn(column.name, test)

    def _tell_operator(self, column: Column, name: str, at: Pointer) -> None:
        """An operator that does not go with a column's type."""
        fitting = sorted(_OPERATORS[column.type])
        what = f"`{name}` does not go with {column.name}, which is {column.type}"
        fix = f"use one of: {', '.join(fitting)}"
        near = _NEARLY_ALIKE.get(name)
        if near in fitting:
            fix = f"perhaps you meant `{near}`; {fix}"
        if column.type is Type.TEXT and name in _OF_DAYS:
            fix = (
                f"if it holds days, declare it as `date` in cohorts/project.yml; {fix}"
            )
        self.tell(at, "C004", what, fix, key=True)

    def _plain(self, column: Column, name: str, given: Any, at: Pointer) -> Test | None:
        """A test that is one value; None where it is bad."""
        match name:
            case "equals" | "gt" | "gte" | "lt" | "lte":
                return self._compare(column, _SIGNS[name], given, at)
            case "in":
                return self._one_of(column, given, at)
            case "contains" | "starts_with" | "ends_with":
                return _has(Part(name), given)
            case "matches":
                return self._matches(given, at)
            case "any_of" | "all_of":
                return Holds(tuple(given), every=name == "all_of")
            case "anniversary_within_next":
                return self._anniversary(given, at)
            case _:
                days_only = column.type is Type.DATE
                return self._times.window(name, given, at, days_only=days_only)

    def _compare(
        self, column: Column, sign: Sign, given: Any, at: Pointer
    ) -> Compare | None:
        """A comparison with one value; None where the value is bad."""
        if not self._fits(column, given, at):
            return None
        return Compare(sign, given)

    def _one_of(self, column: Column, given: Any, at: Pointer) -> OneOf | None:
        """The values of an `in`, written out or those of a file; None where they are bad."""
        if not isinstance(given, list):
            values = self._of_file(column, given["file"], (*at, "file"))
            if not values:
                return None
            return OneOf(values)
        if not self._all_fit(column, given, at):
            return None
        return OneOf(tuple(given))

    def _anniversary(self, given: str, at: Pointer) -> Anniversary:
        """A day of the year within some days."""
        days = int(given.removesuffix("d"))
        if days > ANNIVERSARY:
            what = "a year has no more than 365 days"
            self.tell(at, "C005", what, "write fewer days")
        return Anniversary(days)

    def _between(self, column: Column, given: Sequence[Any], at: Pointer) -> Rule:
        """Two comparisons, of which both must hold."""
        if not self._all_fit(column, given, at):
            return All(())
        low, high = given
        if low > high:
            self._tell_reversed(given, at)
            return All(())
        least = OnColumn(column.name, Compare(Sign.GTE, low))
        most = OnColumn(column.name, Compare(Sign.LTE, high))
        return All((least, most))

    def _tell_reversed(self, given: Sequence[Any], at: Pointer) -> None:
        what = f"no value lies between {given[0]} and {given[1]}"
        self.tell(at, "C009", what, "write the smaller number first")

    def _all_fit(self, column: Column, values: Sequence[Any], at: Pointer) -> bool:
        """True for values that are all of the column's type; every other one is told."""
        fine = [
            self._fits(column, value, (*at, number))
            for number, value in enumerate(values)
        ]
        return all(fine)

    def _fits(self, column: Column, value: Any, at: Pointer) -> bool:
        """True for a value of the column's type; another one is told."""
        if not _is_of(column.type, value):
            wanted = _VALUES[column.type]
            what = f"{column.name} is {column.type}, but this is not {wanted}"
            fix = f"write {wanted}"
            if column.type is Type.TEXT:
                fix = "put it in quotes"
            if column.type is Type.NUMBER:
                fix = habits.meant_number(value) or fix
            self.tell(at, "C005", what, fix)
            return False
        if column.type is Type.DATE:
            return self._times.day(value, at) is not None
        if column.values and value not in column.values:
            self._tell_value(column, value, at)
            return False
        return True

    def _tell_value(self, column: Column, value: Any, at: Pointer) -> None:
        """A value that the column never holds."""
        known = [str(each) for each in column.values]
        shown = ", ".join(known[:MOST_VALUES])
        what = f"{column.name} never holds this value, by its declaration"
        fix = suggestion(str(value)[:60], known, f"use one of: {shown}")
        fix += ", or add the value to `values` in cohorts/project.yml"
        self.tell(at, "C027", what, fix)

    def _of_file(self, column: Column, file: str, at: Pointer) -> tuple[Value, ...]:
        """The values of a file under `cohorts/lists/`; nothing where they are bad."""
        name = file.removeprefix("lists/")
        if name not in self._lists:
            what = f"there is no list {quoted(name)} in cohorts/lists/"
            self.tell(at, "C007", what, _meant(name, self._lists, "cohorts/lists/"))
            return ()
        texts = self._lists[name]
        values: tuple[Value, ...] = texts
        if column.type is Type.NUMBER:
            numbers = [_number(text) for text in texts]
            values = tuple(number for number in numbers if number is not None)
            if len(values) < len(numbers):
                what = (
                    f"{column.name} is number, but line {numbers.index(None) + 1} "
                    f"of the values in {name} is none"
                )
                self.tell(at, "C005", what, "correct the list, or name another column")
                return ()
        if not values:
            self.tell(at, "C007", f"the list {name} has no values", "add one")
            return ()
        if len(values) > LONGEST_LIST:
            what = f"the list {name} has {len(values):,} values"
            fix = f"{LONGEST_LIST:,} are the most: put them into a table"
            self.tell(at, "C007", what, fix)
            return ()
        return values

    def _matches(self, pattern: str, at: Pointer) -> Matches | None:
        """A regular expression that DuckDB and Trino read alike; None for another one."""
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as exc:
            what = f"this regular expression cannot be read: {exc}"
            self.tell(at, "C008", what, "correct it")
            return None
        if found := _DIALECT.search(pattern):
            what = (
                f"{quoted(found[0])} in a regular expression "
                "means different things in different places"
            )
            fix = (
                "write it without `(?=…)`, `(?!…)`, `(?<…)`,"
                " references such as `\\1`, and repeats such as `*+`"
            )
            self.tell(at, "C008", what, fix)
            return None
        return Matches(pattern)

    # events

    def _events(self, given: _Given, at: Pointer, people: Source) -> Rule:
        """What somebody did, of one source of events."""
        source = self.source(given["event"], (*at, "event"), events=True)
        after = None
        if "none_after" in given:
            after = self.source(given["none_after"], (*at, "none_after"), events=True)
        window = self._window(given, at)
        if source is None:
            return All(())
        where = None
        if "where" in given:
            where = self.rule(given["where"], (*at, "where"), source, inside=True)
        measures = self._all_measures(given, at, source)
        if why := never_measured(measures):
            self.tell(at, "C010", f"this can never hold: {why}", "correct the numbers")
        self._comparable(people, source, at)
        return Events(source, window, where, measures, after)

    def _window(self, given: _Given, at: Pointer) -> Window:
        """The stretch of time of events; any time where none is given, or a bad one."""
        windows = [name for name in _WINDOWS if name in given]
        if not windows:
            return ALWAYS
        if len(windows) > 1:
            what = f"{' and '.join(f'`{name}`' for name in windows)} are given at once"
            self.tell((*at, windows[1]), "C006", what, "keep one of them", key=True)
        name = windows[0]
        found = self._times.window(name, given[name], (*at, name), days_only=False)
        return found or ALWAYS

    def _comparable(self, people: Source, source: Source, at: Pointer) -> None:
        """The key of people and the join of events must be of one type."""
        mine = people.columns[people.key]
        theirs = source.columns[source.key]
        if mine.type is theirs.type:
            return
        what = (
            f"{source.name}.{theirs.name} is {theirs.type}, "
            f"{people.name}.{mine.name} is {mine.type}"
        )
        fix = "give both the same type in cohorts/project.yml"
        self.tell((*at, "event"), "C004", what, fix)

    def _all_measures(
        self, given: _Given, at: Pointer, source: Source
    ) -> tuple[Measure, ...]:
        """What is asked of somebody's events: at least one of them, where nothing else is."""
        asked = [name for name in Aggregate if name in given]
        if not asked:
            return (Measure(Aggregate.COUNT, "", Compare(Sign.GTE, 1)),)
        measures: list[Measure] = []
        for name in asked:
            measures += self._measures(name, given[name], (*at, name), source)
        return tuple(measures)

    def _measures(
        self, name: Aggregate, given: _Given, at: Pointer, source: Source
    ) -> Iterator[Measure]:
        """The comparisons of one aggregate."""
        if "column" in given:
            self._tell_aggregate(name, given["column"], (*at, "column"), source)
        if set(given) == {"column"}:
            what = f"`{name}` has no number to compare with"
            self.tell(at, "C006", what, "add for example `gte: 100`")
        column = given.get("column", "")
        for operator, value in given.items():
            if operator == "column":
                continue
            place = (*at, operator)
            self._tell_always(name, operator, value, place)
            if operator != "between":
                yield Measure(name, column, Compare(_SIGNS[operator], value))
            elif value[0] > value[1]:
                self._tell_reversed(value, place)
            else:
                yield Measure(name, column, Compare(Sign.GTE, value[0]))
                yield Measure(name, column, Compare(Sign.LTE, value[1]))

    def _tell_aggregate(
        self, name: Aggregate, asked: str, at: Pointer, source: Source
    ) -> None:
        """An aggregate of a column that it cannot be taken of."""
        column = self.column(asked, at, source)
        if column is None:
            return
        if name is not Aggregate.DISTINCT and column.type is not Type.NUMBER:
            what = f"`{name}` does not go with {column.name}, which is {column.type}"
            self.tell(at, "C004", what, "name a column of numbers")
        if column.type is Type.LIST:
            what = f"`{name}` does not go with lists"
            self.tell(at, "C004", what, "name another column")

    def _tell_always(
        self, name: Aggregate, operator: str, value: Any, at: Pointer
    ) -> None:
        """A count that is asked to be at least a number below 0."""
        if name not in _COUNTS or operator not in _AT_LEAST:
            return
        least = value
        if operator == "between":
            least = value[0]
        if least < 0:
            what = (
                f"`{name}` is never below 0, so this condition is always true: {least}"
            )
            self.tell(at, "C015", what, "write 0 or more, or leave it out")

    def _together(self, parts: Iterable[Rule], at: Pointer) -> Rule:
        """Rules that must all hold. It is told where they never can."""
        flat = _flat(parts)
        if why := never(flat):
            what = f"this can never hold: {why}"
            self.tell(at, "C010", what, "correct it; did you mean `any`?")
        if len(flat) == 1:
            return flat[0]
        return All(flat)


def _has(part: Part, given: str | Sequence[str]) -> Has:
    """A test for one text, or for several of which one must be there."""
    if isinstance(given, str):
        return Has(part, (given,))
    return Has(part, tuple(given))


def _is_of(kind: Type, value: Any) -> bool:
    """True for a value as YAML has it for a type of column; a date is text."""
    is_boolean = isinstance(value, bool)
    match kind:
        case Type.BOOLEAN:
            return is_boolean
        case Type.NUMBER:
            # Python calls a boolean a number, too
            return isinstance(value, int | float) and not is_boolean
        case Type.TEXT | Type.DATE | Type.TIME | Type.LIST:
            return isinstance(value, str)


def _flat(parts: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules that must all hold; those in one list are one list."""
    flat: list[Rule] = []
    for part in parts:
        if isinstance(part, All):
            flat += part.parts
        else:
            flat.append(part)
    return tuple(flat)


def _number(text: str) -> int | float | None:
    """The number that a line of a list is; None where it is none."""
    try:
        return int(text)
    except ValueError:
        pass
    # float() would also read `nan`, `1e3` and `1_0.5`
    if not re.fullmatch(r"[-+]?[0-9]*\.?[0-9]+", text):
        return None
    return float(text)


def _meant(name: str, known: Iterable[str], where: str) -> str:
    """What to do about a name that is not among the known ones of a place."""
    names = list(known)
    if not names:
        return f"add it to {where}"
    shown = ", ".join(names[:8])
    if len(names) > 8:
        shown += "…"
    return suggestion(name, names, f"use one of: {shown}; or add it to {where}")
