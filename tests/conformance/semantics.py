"""Plays all statements on the analyzer, without any engine, and compares its refusals with Trino's."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from runner.trino.analysis import ColumnType, analyze
from runner.trino.parser import SyntaxRefused, parse
from runner.trino.tree import place
from runner.trino.types import parse_type
from tests.conformance.corpus import ANSWERS, Answer, Statement, Table, answers, tables

SCHEMAS = frozenset({("conformance",), ("td", "conformance")})


class Found(Enum):
    """How the analyzer stands to Trino."""

    TAKEN = "taken by both"
    FOUND = "refused by both"
    MISSED = "missed"
    LATER = "fails only when it runs"
    FALSE = "refused here, taken there"


@dataclass(frozen=True, slots=True)
class Judged:
    """One statement: how the analyzer stands to Trino, and which parts of its first refusal are Trino's too."""

    statement: Statement
    expected: Answer
    found: Found
    told: str = ""
    same: frozenset[str] = frozenset()


def judged(kept: Iterable[tuple[Statement, Answer]], given: Iterable[Table]) -> Iterator[Judged]:
    """Each statement analyzed, beside Trino's answer."""
    known = {
        table.name: tuple(ColumnType(name, parse_type(kind)) for name, kind in table.columns.items()) for table in given
    }
    for statement, expected in kept:
        refusal = _first(statement.sql, known)
        yield _stands(statement, expected, refusal)


def _first(sql: str, known: Mapping[str, Sequence[ColumnType]]) -> tuple[str, str, tuple[int, int]] | None:
    """The first refusal's name, message and place."""

    def lookup(parts: tuple[str, ...]) -> Sequence[ColumnType] | None:
        if parts[:-1] and parts[:-1] not in SCHEMAS:
            return None
        return known.get(parts[-1])

    try:
        statement = parse(sql)
    except SyntaxRefused as exc:
        return "SYNTAX_ERROR", exc.message, place(sql, exc.at)
    refusals = sorted(analyze(statement, lookup).refusals, key=lambda refusal: refusal.at)
    if not refusals:
        return None
    return refusals[0].name, refusals[0].message, place(sql, refusals[0].at)


def _stands(statement: Statement, expected: Answer, refusal: tuple[str, str, tuple[int, int]] | None) -> Judged:
    error = expected.error
    if refusal is None:
        if error is None:
            return Judged(statement, expected, Found.TAKEN)
        return Judged(statement, expected, Found.MISSED if "line" in error else Found.LATER)
    name, message, where = refusal
    told = f"line {where[0]}:{where[1]}: {name}: {message}"
    if error is None:
        return Judged(statement, expected, Found.FALSE, told)
    parts = {
        "name": name == error["name"],
        "message": message == error.get("message"),
        "place": where == (error.get("line"), error.get("column")),
    }
    return Judged(statement, expected, Found.FOUND, told, frozenset(part for part, same in parts.items() if same))


def summary(found: Sequence[Judged]) -> str:
    """How many of each, and how many refusals are told as Trino tells them."""
    counts = Counter(each.found for each in found)
    lines = [f"  {kind.value:28}{counts[kind]:6}" for kind in Found]
    bad = counts[Found.FOUND] + counts[Found.MISSED]
    lines.append(f"  {'of the bad, found':28}{counts[Found.FOUND]:6}{100 * counts[Found.FOUND] / max(bad, 1):7.1f} %")
    lines += [
        f"  {f'… with the same {part}':28}{sum(part in each.same for each in found):6}"
        for part in ("name", "message", "place")
    ]
    return "\n".join(lines)


def described(each: Judged) -> str:
    """One statement in a few lines."""
    error = each.expected.error
    expected = (
        f"line {error.get('line')}:{error.get('column')}: {error['name']}: {error['message']}" if error else "taken"
    )
    return (
        f"{each.statement.file}: {each.statement.name}: {each.found.value}\n  {each.statement.sql}\n"
        f"  Trino: {expected}\n  here:  {each.told or 'taken'}"
    )


def main() -> None:
    """The command `python -m tests.conformance.semantics`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=Path, default=ANSWERS)
    parser.add_argument("--show", choices=[kind.name.lower() for kind in Found], action="append", default=[])
    parser.add_argument("--only", default="", help="a part of a file's name")
    chosen = parser.parse_args()
    kept = [(statement, answer) for statement, answer in answers(chosen.answers) if chosen.only in statement.file]
    found = list(judged(kept, tables()))
    for each in found:
        if each.found.name.lower() in chosen.show:
            print(described(each))
    for part in ("expressions", "queries"):
        if some := [each for each in found if each.statement.file.startswith(part)]:
            print(f"{part}\n{summary(some)}")


if __name__ == "__main__":
    main()
