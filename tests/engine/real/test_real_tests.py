"""The cohorts' own tests on the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner import engine_tests, project, testing
from runner.definitions import tree
from runner.project import Project
from runner.sql.wanted import library, wanted
from tests.place import PROJECT

COHORT = """\
id: c
name: C
audience: {{sql: "{sql}"}}
tests:
  - {{name: t, given: {given}, expect: [u1]}}
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


@pytest.mark.parametrize("is_on_engine", [True, False])
@pytest.mark.parametrize("time", ["", ", time: null"])
def test_a_row_without_a_time_is_one_of_now(
    engine: str, tmp_path: Path, loaded: Project, time: str, *, is_on_engine: bool
) -> None:
    given = f"{{newsletter: [{{customer_id: u1{time}}}, {{customer_id: u2, time: -1m}}]}}"
    sql = "SELECT customer_id FROM newsletter WHERE time = TD_SCHEDULED_TIME()"
    (tmp_path / "cohorts" / "c.yml").write_text(COHORT.format(sql=sql, given=given), "utf-8")
    read, target = tree.load(tmp_path, loaded), loaded.targets["sandbox"]
    (found,) = testing.run(
        read.cohorts,
        {query.cohort.id: query for query in wanted(read, target).queries},
        target,
        sources=loaded.sources,
        library=library(read),
        workers=1,
        carry_out=engine_tests.carrying_out(engine) if is_on_engine else None,
    )
    assert found.passed, found
