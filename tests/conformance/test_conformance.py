"""The sandbox's DuckDB and the analyzer never say another thing than Trino 423 did; no Java is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from runner.sandbox.warehouse import Warehouse
from tests.conformance import compare, semantics
from tests.conformance.corpus import ANSWERS, HELD_OUT, answers, statements, tables
from tests.conformance.semantics import Found

FILES = sorted({statement.file for statement in statements()})


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    made = compare.warehouse(tables())
    yield made
    made.close()


@pytest.mark.parametrize("file", FILES)
def test_the_sandbox_answers_as_trino_does_or_says_that_it_cannot_tell(file: str, warehouse: Warehouse) -> None:
    kept = [(statement, answer) for statement, answer in answers() if statement.file == file]
    assert kept
    found = list(compare.compared(kept, warehouse))
    print(compare.summary(found))
    wrong = [compare.described(each) for each in found if not each.verdict.honest]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", [ANSWERS, HELD_OUT], ids=["seen", "held out"])
def test_no_statement_that_trino_takes_is_refused(path: Path) -> None:
    found = list(semantics.judged(answers(path), tables()))
    print(semantics.summary(found))
    false = [semantics.described(each) for each in found if each.found is Found.FALSE]
    assert not false, "\n".join(false)


def test_what_nobody_tuned_to_is_answered_the_same_or_not_at_all(warehouse: Warehouse) -> None:
    found = list(compare.compared(answers(HELD_OUT), warehouse))
    print(compare.summary(found))
    wrong = [compare.described(each) for each in found if not each.verdict.honest]
    assert len(wrong) <= len(found) / 100, "\n".join(wrong)
