"""The tables of a cohort's own tests: their columns and types, where `cohorts/tables.yml` knows them."""

from __future__ import annotations

import pytest
from tests.place import Place

TABLES = """\
version: 1
tables:
  shop.people:
    customer_id: varchar
    level: bigint
    score: double
    vip: boolean
    tags: array(varchar)
    born: date
    kept: bigint
  crm.flags: {customer_id: varchar, flag: varchar}
"""

SOURCES = """
sources:
  people: {table: people, key: customer_id, columns: {level: number, kept: boolean}}
"""

COHORT = """\
id: c
name: C
audience:
  sql: |
    {sql}
tests:
  - name: t
    given: {given}
    expect: [u1]
"""

LEVEL = "SELECT p.customer_id FROM people p WHERE p.level > 1"
FLAGS = f"{LEVEL} AND p.customer_id NOT IN (SELECT f.customer_id FROM crm.flags f WHERE f.flag = 'x')"
PEOPLE = "[{customer_id: u1, level: 2}, {customer_id: u2, level: 1}]"


def played(place: Place, sql: str, given: str, *, tables: str = TABLES) -> tuple[int, str]:
    """How `cohorts test` ends, and all it says."""
    (place.folder / "cohorts" / "c.yml").write_text(COHORT.format(sql=sql, given=given), encoding="utf-8")
    if tables:
        (place.folder / "cohorts" / "tables.yml").write_text(tables, encoding="utf-8")
    answer = place.run("test")
    return answer.code, answer.out + answer.err


def test_an_empty_table_that_is_no_source_has_the_columns_that_are_known(place: Place) -> None:
    assert played(place, FLAGS, f"{{people: {PEOPLE}, crm.flags: []}}")[0] == 0
    # or it is not given at all
    assert played(place, FLAGS, f"{{people: {PEOPLE}}}")[0] == 0


def test_an_empty_table_of_which_nothing_is_known_is_a_problem(place: Place) -> None:
    code, told = played(place, FLAGS, f"{{people: {PEOPLE}, crm.flags: []}}", tables="")
    assert code == 3
    assert (
        'cohorts/c.yml:8:81 X005 "crm.flags" is not a source, and the test gives no row of it,'
        " so its columns are not known;"
        " give one row of it, or run `cohorts sources pull --tables` as soon as a query reads it"
    ) in told
    assert played(place, FLAGS, f"{{people: {PEOPLE}, crm.flags: [{{customer_id: u9, flag: y}}]}}", tables="")[0] == 0


def test_types_that_are_known_win_over_guesses(place: Place) -> None:
    # guessed from the row, 3 / 2 would be of whole numbers
    given = "{people: [{customer_id: u1, score: 3}, {customer_id: u2, score: 2}]}"
    assert played(place, "SELECT customer_id FROM people WHERE score / 2 > 1.2", given)[0] == 0


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("level: high", "level is bigint in cohorts/tables.yml, but this is not; write a whole number"),
        ("level: 1.5", "level is bigint in cohorts/tables.yml"),
        ("score: '2'", "score is double in cohorts/tables.yml, but this is not; write a number"),
        ("score: true", "score is double in cohorts/tables.yml"),
        ("vip: 1", "vip is boolean in cohorts/tables.yml, but this is not; write true or false"),
        ("tags: gold", "tags is array(varchar) in cohorts/tables.yml, but this is not; write a list"),
        ("customer_id: 7", "customer_id is varchar in cohorts/tables.yml, but this is not; put it in quotes"),
        ("born: 5", "born is date in cohorts/tables.yml, but this is not; write a date in quotes"),
    ],
)
def test_a_cell_of_another_type_is_told_at_its_place(place: Place, cell: str, told: str) -> None:
    row = f"{{{cell}}}" if "customer_id" in cell else f"{{customer_id: u2, {cell}}}"
    given = f"{{people: [{{customer_id: u1, level: 2}}, {row}]}}"
    code, said = played(place, LEVEL, given)
    value = len("    given: ") + given.rindex(cell) + len(cell) - len(cell.split(": ")[1]) + 1
    assert code == 3
    assert f"cohorts/c.yml:8:{value} X002 {told}" in said


def test_a_declared_boolean_may_be_kept_as_a_number(place: Place) -> None:
    place.project(extra=SOURCES)
    given = "{people: [{customer_id: u1, kept: true}, {customer_id: u2, kept: false}]}"
    assert played(place, "SELECT customer_id FROM people WHERE kept = 1", given)[0] == 0


def test_a_number_for_a_boolean_is_refused_where_the_type_is_known(place: Place) -> None:
    given = "{people: [{customer_id: u1, vip: true}, {customer_id: u2, vip: false}]}"
    sql = "SELECT customer_id FROM people WHERE COALESCE(vip, 0) = 1"
    code, told = played(place, sql, given)
    assert code == 3
    assert "cohorts/c.yml:5:56 Q017 " in told
    # with no other word of it than the rows that are given
    code, told = played(place, sql, given, tables="version: 1\ntables: {}\n")
    assert code == 1
    assert "All COALESCE operands must be the same type" in told
