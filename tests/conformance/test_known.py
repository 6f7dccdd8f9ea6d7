"""However much is known of the tables, `validate` refuses nothing that Trino 423 takes; no Java is needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from runner.definitions.known import Known
from runner.project.tables import Tables
from runner.sql.semantics import resolved
from runner.trino.parser import SyntaxRefused
from tests.conformance.corpus import ANSWERS, HELD_OUT, answers, tables

DATABASE = "conformance"


def columns(share: int) -> Mapping[str, Mapping[str, str] | None]:
    """Of three columns so many with their types, the others as columns whose type is not known."""
    return {
        f"{DATABASE}.{table.name}": {
            name: kind if number % 3 < share else "" for number, (name, kind) in enumerate(table.columns.items())
        }
        for table in tables()
    }


KNOWN = {
    "all of it": Known(Tables(columns(3))),
    "two types of three": Known(Tables(columns(2))),
    "names alone": Known(Tables(columns(0))),
    "that there are tables": Known(Tables(dict.fromkeys(columns(0)))),
    "nothing": Known(),
}


@pytest.mark.parametrize("path", [ANSWERS, HELD_OUT], ids=["seen", "held out"])
@pytest.mark.parametrize("known", KNOWN)
def test_no_right_statement_is_refused(path: Path, known: str) -> None:
    wrong, found = [], 0
    for statement, answer in answers(path):
        try:
            refused = resolved(statement.sql, DATABASE, KNOWN[known])
        except SyntaxRefused:
            continue
        found += bool(refused)
        if refused and not answer.error:
            wrong.append(f"{refused[0]}\n{statement.sql}")
    print(f"{found} statements refused")
    assert not wrong, "\n".join(wrong)
    assert found
