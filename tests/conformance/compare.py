"""Plays all statements on the DuckDB of the sandbox and compares with what Trino answered; needs no Java."""

from __future__ import annotations

import argparse
import base64
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from runner.sandbox import query
from runner.sandbox.warehouse import Warehouse
from tests.conformance.corpus import ANSWERS, SCHEDULED_TIME, Answer, Statement, Table, answers, tables

DATABASE = "conformance"
PLACE = re.compile(r"^line (\d+):(\d+): ")
FRACTION = re.compile(r"^(\d+-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)?(.*)$", re.DOTALL)
DUCKDB = {"bigint": "BIGINT", "varchar": "VARCHAR", "double": "DOUBLE", "boolean": "BOOLEAN"}
TOLERANCE = 1e-12
"""How far apart two doubles may be that are the same: sums have no order."""

BREAKS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
"""What the sandbox would tell as an internal error."""


class Verdict(Enum):
    """How the sandbox's answer stands to Trino's."""

    SAME = "same"
    REFUSED = "refused by both"
    NOT_HERE = "not here"
    DIFFERENT = "different rows"
    TAKEN = "taken here, refused there"
    MISTAKEN = "refused here, taken there"
    BROKEN = "an internal error here"

    @property
    def honest(self) -> bool:
        """True where nobody is told a wrong thing."""
        return self in {Verdict.SAME, Verdict.REFUSED, Verdict.NOT_HERE}


@dataclass(frozen=True, slots=True)
class Comparison:
    """One statement: how it stands, what the sandbox said, and whether message and place are Trino's too."""

    statement: Statement
    expected: Answer
    verdict: Verdict
    told: str = ""
    same_message: bool = False
    same_place: bool = False


def not_here() -> type[Exception]:
    """The sandbox's exception for what it cannot tell; none where it has no such."""
    kind = getattr(query, "NotHere", None)
    return kind if isinstance(kind, type) and issubclass(kind, Exception) else _Nothing


class _Nothing(Exception):
    """Never raised."""


def warehouse(given: Iterable[Table]) -> Warehouse:
    """A warehouse with these tables in the database `conformance`."""
    made = Warehouse(most="1GB")
    made.create_database(DATABASE)
    for table in given:
        columns = ", ".join(f'"{name}" {_duckdb(kind)}' for name, kind in table.columns.items())
        made.fetch(f'CREATE TABLE "{DATABASE}"."{table.name}" ({columns})')
        marks = f"({', '.join('?' * len(table.columns))})"
        values = [cell for row in table.rows for cell in row]
        if values:
            made.fetch(f'INSERT INTO "{DATABASE}"."{table.name}" VALUES {", ".join([marks] * len(table.rows))}', values)
    return made


def _duckdb(kind: str) -> str:
    if kind.startswith("array("):
        return _duckdb(kind[6:-1]) + "[]"
    return DUCKDB[kind]


def compared(kept: Iterable[tuple[Statement, Answer]], there: Warehouse) -> Iterator[Comparison]:
    """Each statement played, beside its answer."""
    for statement, expected in kept:
        yield _compared(statement, expected, there)


def _compared(statement: Statement, expected: Answer, there: Warehouse) -> Comparison:
    missing = not_here()
    failed: type[Exception] = query.QueryFailed
    with there.cursor() as cursor:
        try:
            rows = query.execute(
                statement.sql,
                database=DATABASE,
                scheduled_time=SCHEDULED_TIME,
                now=SCHEDULED_TIME,
                warehouse=there,
                cursor=cursor,
            )
        except missing as exc:
            return Comparison(statement, expected, Verdict.NOT_HERE, str(exc))
        except failed as exc:
            return _refused(statement, expected, str(exc))
        except BREAKS as exc:
            return Comparison(statement, expected, Verdict.BROKEN, repr(exc))
    if expected.error:
        return Comparison(statement, expected, Verdict.TAKEN, _short(rows.rows if rows else ()))
    kinds = [kind for _, kind in expected.columns]
    got = in_order([tuple(map(ours, row, kinds)) for row in rows.rows] if rows else [])
    wanted = in_order([tuple(map(theirs, row, kinds)) for row in expected.rows or ()])
    if expected.rows is None or alike(got, wanted):
        return Comparison(statement, expected, Verdict.SAME)
    return Comparison(statement, expected, Verdict.DIFFERENT, _short(got))


def _refused(statement: Statement, expected: Answer, told: str) -> Comparison:
    if not expected.error:
        return Comparison(statement, expected, Verdict.MISTAKEN, told)
    match = PLACE.match(told)
    place = (int(match[1]), int(match[2])) if match else (None, None)
    return Comparison(
        statement,
        expected,
        Verdict.REFUSED,
        told,
        same_message=PLACE.sub("", told) == expected.error.get("message"),
        same_place=place == (expected.error.get("line"), expected.error.get("column")),
    )


def ours(value: Any, kind: str) -> Any:
    """A value of the sandbox as the file of answers has it; `kind` is Trino's type of its column."""
    match value:
        case bytes() | bytearray():
            return base64.b64encode(value).decode()
        case list() | tuple():
            return [ours(one, kind) for one in value]
        case dict():
            return {str(key): ours(one, kind) for key, one in value.items()}
        case None | bool() | int() | float():
            return value
    return _moment(str(value)) if "timestamp" in kind else str(value)


def theirs(value: Any, kind: str) -> Any:
    """A value of Trino in the form of the sandbox: doubles that are no numbers, and moments to the millisecond."""
    if kind in {"double", "real"} and isinstance(value, str):
        return float(value.replace("Infinity", "inf"))
    match value:
        case list():
            return [theirs(one, f"in {kind}") for one in value]
        case dict():
            return {key: theirs(one, f"in {kind}") for key, one in value.items()}
        case str():
            return _moment(value) if "timestamp" in kind else value
    return value


def _moment(text: str) -> str:
    """A moment's text to the millisecond: what a result of Treasure Data holds. Any other text as it is."""
    if not (match := FRACTION.match(text)):
        return text
    fraction = f"{float(match[2] or 0):.3f}"
    return match[1] + fraction[1:] + match[3]


def in_order(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows in an order of their own."""
    return sorted(rows, key=lambda row: json.dumps(_rough(row), sort_keys=True))


def _rough(value: Any) -> Any:
    """A value without the last digits of its doubles, so that order does not hang on them."""
    match value:
        case float():
            return f"{value:.9g}"
        case list() | tuple():
            return [_rough(one) for one in value]
        case dict():
            return {key: _rough(one) for key, one in value.items()}
    return value


def alike(one: Any, other: Any) -> bool:
    """True where two values are the same and of one kind; true is no 1, and 1 no 1.0."""
    match one, other:
        case (bool(), _) | (_, bool()):
            return one is other
        case float(), float():
            return (
                one == other or math.isclose(one, other, rel_tol=TOLERANCE) or (math.isnan(one) and math.isnan(other))
            )
        case float(), str():
            return other in {"NaN", "Infinity", "-Infinity"} and alike(one, float(other.replace("Infinity", "inf")))
        case ((list() | tuple()), (list() | tuple())):
            return len(one) == len(other) and all(map(alike, one, other))
        case dict(), dict():
            return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
        case dict(), list():
            return alike(list(one.values()), other)
    return type(one) is type(other) and bool(one == other)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else text[:200] + "…"


def summary(found: Sequence[Comparison]) -> str:
    """How many of each, and of the refusals how many are told as Trino tells them."""
    counts = Counter(each.verdict for each in found)
    lines = [
        f"  {verdict.value:28}{counts[verdict]:6}{100 * counts[verdict] / len(found):7.1f} %" for verdict in Verdict
    ]
    honest = sum(each.verdict.honest for each in found)
    lines.append(f"  {'not wrong':28}{honest:6}{100 * honest / len(found):7.1f} %  of {len(found)}")
    refused = [each for each in found if each.verdict is Verdict.REFUSED]
    if refused:
        words, places = sum(each.same_message for each in refused), sum(each.same_place for each in refused)
        lines.append(f"  of those refused by both, {words} have Trino's message and {places} its place")
    return "\n".join(lines)


def described(each: Comparison) -> str:
    """One that differs, in a few lines."""
    error = each.expected.error
    expected = f"{error['name']}: {error['message']}" if error else _short(each.expected.rows)
    return (
        f"{each.statement.file}: {each.statement.name}: {each.verdict.value}\n  {each.statement.sql}\n"
        f"  Trino:   {expected}\n  sandbox: {each.told}"
    )


def main() -> None:
    """The command `python -m tests.conformance.compare`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=Path, default=ANSWERS)
    parser.add_argument("--all", action="store_true", help="print every statement that differs")
    parser.add_argument("--only", default="", help="a part of a file's name")
    chosen = parser.parse_args()
    kept = [(statement, answer) for statement, answer in answers(chosen.answers) if chosen.only in statement.file]
    there = warehouse(tables())
    found = list(compared(kept, there))
    if chosen.all:
        print("\n".join(described(each) for each in found if not each.verdict.honest))
    for part in ("expressions", "queries"):
        if some := [each for each in found if each.statement.file.startswith(part)]:
            print(f"{part}\n{summary(some)}")


if __name__ == "__main__":
    main()
