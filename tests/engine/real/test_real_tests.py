"""The cohorts' own tests on the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from runner.definitions import tree
from runner.definitions.tree import Tree
from runner.project import file as project
from runner.project.file import Project
from runner.sql.wanted import library, wanted
from runner.testing import engine as engine_tests
from runner.testing import local as testing
from runner.testing.local import Result
from tests.place import PROJECT

COHORT = """\
id: c
name: C
audience: {{sql: "{sql}"}}
tests:
  - {{name: t, given: {given}, expect: [u1]}}
"""
TABLES = """\
version: 1
tables:
  shop.people: {customer_id: varchar, level: bigint, score: real, seen: timestamp(3) with time zone}
  shop.unsure: {customer_id: varchar, level: bigint, more: unknown}
  crm.flags: {customer_id: varchar, flag: varchar, time: unknown}
  crm.others: unknown
"""


@pytest.fixture
def loaded(tmp_path: Path) -> Project:
    """The project of a repository without cohorts."""
    (tmp_path / "cohorts").mkdir()
    text = PROJECT.format(url="http://127.0.0.1:1", connection="braze")
    (tmp_path / "cohorts" / "project.yml").write_text(text, "utf-8")
    made = project.load(tmp_path)
    assert isinstance(made, Project)
    return made


def written(folder: Path, loaded: Project, sql: str, given: str = "{people: [{customer_id: u1}]}") -> Tree:
    """A repository with one cohort."""
    (folder / "cohorts" / "c.yml").write_text(COHORT.format(sql=sql, given=given), "utf-8")
    made = tree.load(folder, loaded)
    assert not made.problems
    return made


def played(read: Tree, loaded: Project, engine: str) -> Result:
    """How the one test ends; in DuckDB where no engine is given."""
    target = loaded.targets["sandbox"]
    (found,) = testing.run(
        read.cohorts,
        {query.cohort.id: query for query in wanted(read, target).queries},
        target,
        sources=loaded.sources,
        library=library(read),
        workers=1,
        carry_out=engine_tests.carrying_out(engine) if engine else None,
        known=read.known,
    )
    return found


@pytest.mark.parametrize("is_on_engine", [True, False])
@pytest.mark.parametrize("time", ["", ", time: null"])
def test_a_row_without_a_time_is_one_of_now(
    engine: str, tmp_path: Path, loaded: Project, time: str, *, is_on_engine: bool
) -> None:
    given = f"{{newsletter: [{{customer_id: u1{time}}}, {{customer_id: u2, time: -1m}}]}}"
    sql = "SELECT customer_id FROM newsletter WHERE time = TD_SCHEDULED_TIME()"
    found = played(written(tmp_path, loaded, sql, given), loaded, engine if is_on_engine else "")
    assert found.passed, found


@pytest.mark.parametrize("is_on_engine", [True, False])
@pytest.mark.parametrize(
    ("kind", "cell", "condition"),
    [
        ("real", "2", "level = REAL '2'"),
        ("real", "1.5", "level = REAL '1.5'"),
        ("decimal(10,2)", "2", "level = DECIMAL '2'"),
        ("decimal(10,2)", "1.25", "level = DECIMAL '1.25'"),
        ("decimal(30,2)", "-1.25", "level = DECIMAL '-1.25'"),
        ("date", "'2026-03-31'", "level = DATE '2026-03-31'"),
        ("smallint", "7", "level = SMALLINT '7'"),
        ("array(varchar)", "[gold]", "CONTAINS(level, 'gold')"),
    ],
)
def test_a_cell_is_kept_as_its_type_is_declared(
    engine: str, tmp_path: Path, loaded: Project, kind: str, cell: str, condition: str, *, is_on_engine: bool
) -> None:
    tables = f"version: 1\ntables:\n  shop.people: {{customer_id: varchar, level: '{kind}'}}\n"
    (tmp_path / "cohorts" / "tables.yml").write_text(tables, "utf-8")
    given = f"{{people: [{{customer_id: u1, level: {cell}}}, {{customer_id: u2}}]}}"
    sql = f"SELECT customer_id FROM people WHERE {condition}"
    found = played(written(tmp_path, loaded, sql, given), loaded, engine if is_on_engine else "")
    assert found.passed, found


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("SELECT customer_id FROM people WHERE level > 1 AND score < 0.5 AND seen < now()", ""),
        ("SELECT customer_id FROM people WHERE TD_MD5(level) = 'x'", "Unexpected parameters (bigint) for function"),
        ("SELECT customer_id FROM people WHERE TD_MD5(score) = 'x'", "Unexpected parameters (real) for function"),
        ("SELECT customer_id FROM crm.flags WHERE TD_MD5(time) = 'x'", "Unexpected parameters (bigint) for function"),
        ("SELECT customer_id FROM unsure WHERE TD_MD5(level) = 'x'", ""),
        ("SELECT customer_id FROM crm.others WHERE TD_MD5(level) = 'x'", ""),
        ("SELECT customer_id FROM elsewhere.flags WHERE TD_MD5(level) = 'x'", ""),
    ],
)
def test_a_query_is_planned_on_the_tables_that_are_declared(
    engine: str, tmp_path: Path, loaded: Project, sql: str, told: str
) -> None:
    (tmp_path / "cohorts" / "tables.yml").write_text(TABLES, "utf-8")
    read, target = written(tmp_path, loaded, sql), loaded.targets["sandbox"]
    queries = wanted(read, target).queries
    assert len(queries) == 1
    refused = engine_tests.refused(queries, target, loaded.sources.values(), engine, known=read.known)
    assert len(refused) == bool(told)
    assert all(told in problem.what for problem in refused)
