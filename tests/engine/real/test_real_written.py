"""What the tool writes is what a real Trino takes: golden statements, rows of the ledger, the types that are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.engine import Engine
from runner.identifiers import Handle, Identifier, Kind
from runner.plan.events import Bootstrap, Failed
from runner.plan.ledger import Destination, Row
from runner.sql.members import members, suppressed
from runner.treasuredata import ledger

VALID = Path(__file__).parents[2] / "sql" / "valid"
IDENTIFIERS = (
    Identifier(Handle(Kind.EXTERNAL_ID), "id"),
    Identifier(Handle(Kind.ALIAS, "email"), "email", lower=True),
)
PEOPLE = """\
SELECT * FROM (VALUES ('ann ', 'A@x'), ('ann', 'a@x'), ('bob', 'b@x'), ('eve', NULL), (NULL, 'C@x'), (NULL, '')
) AS people (id, email)"""


@pytest.mark.parametrize("golden", sorted(VALID.glob("*.sql")), ids=lambda path: path.stem)
def test_golden_statements_are_valid(asked: Engine, golden: Path) -> None:
    for part in golden.read_text("utf-8").replace('"shop".', "").split("\n-- exported by "):
        assert asked.run(f"EXPLAIN (TYPE VALIDATE) {part.split(chr(10), 1)[1]}")[0] == [[True]]


def test_members_are_written_as_they_are_read(asked: Engine) -> None:
    barred = suppressed([("SELECT 'B@X' AS email", IDENTIFIERS[1:])])
    rows, _ = asked.run(f"SELECT kind, label, value, spellings FROM ({members(PEOPLE, IDENTIFIERS)}) ORDER BY 1, 2, 3")
    left, _ = asked.run(f"SELECT value FROM ({members(PEOPLE, IDENTIFIERS, barred)}) WHERE kind <> '' ORDER BY 1")
    assert rows == [
        ["", "unusable", "", 1],
        ["", "usable", "", 5],
        ["alias", "email", "a@x", 2],
        ["alias", "email", "b@x", 1],
        ["alias", "email", "c@x", 1],
        ["external_id", "", "ann", 1],
        ["external_id", "", "bob", 1],
        ["external_id", "", "eve", 1],
    ]
    assert left == [["a@x"], ["ann"], ["c@x"], ["eve"]]


def test_no_column_has_the_length_of_a_literal(asked: Engine) -> None:
    first = Row("x-0", 0, 0, Destination(), Bootstrap("x"))
    made = {
        "a snapshot": members(PEOPLE, IDENTIFIERS),
        "barred people": suppressed([(PEOPLE, IDENTIFIERS)]),
        "the ledger": ledger.select([first], "x"),
    }
    for sql in made.values():
        asked.run("DROP TABLE IF EXISTS made")
        asked.run(f"CREATE TABLE made AS {sql}")
        ((shown,),), _ = asked.run("SHOW CREATE TABLE made")
        assert "varchar(" not in str(shown)
        assert "integer" not in str(shown)
    failed = Failed("x", "R020", 'it\'s "so" \\ \n', unsent=True)
    later = Row("x-10-12", 10, 12, Destination("a workspace", "a_cohort"), failed)
    asked.run(f"INSERT INTO made ({ledger.COLUMNS}) {ledger.select([later], 'x')}")
    rows, _ = asked.run("SELECT detail FROM made WHERE row_id = 'x-10-12'")
    assert json.loads(str(rows[0][0])) == failed.written()
    asked.run("DROP TABLE made")
