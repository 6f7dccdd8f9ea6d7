"""`cohorts test`: the cohorts' own tests, run by the real command, without a key and without a sandbox."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
from runner.sandbox.warehouse import Warehouse
from runner.testing import local as testing
from tests.place import Answer, Place

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "schema" / "output.schema.json").read_text("utf-8"))
COHORT = """\
id: {id}
name: {id}
tags: [{id}]
identifiers: {identifiers}
audience: {audience}
tests:
  - name: {name}
    given: {given}
    expect: {expect}
"""
BUYERS = "{from: customers, where: {event: purchases, within: 7d}}"
GIVEN = "{customers: [{customer_id: u1, country: US}, {customer_id: u2}], purchases: [{customer_id: u1, time: -3d}]}"


@pytest.fixture
def files(tmp_path: Path) -> Place:
    """A repository with sources, and nothing that answers."""
    (tmp_path / "cohorts").mkdir()
    shutil.copy(ROOT / "tests" / "rules" / "project.yml", tmp_path / "cohorts" / "project.yml")
    return Place(tmp_path, "http://127.0.0.1:1", {"TD_API_KEY": ""})


def cohort(place: Place, cohort_id: str = "buyers", **given: str) -> None:
    filled = {
        "identifiers": "{external_id: customer_id}",
        "audience": BUYERS,
        "name": "who bought",
        "given": GIVEN,
        "expect": "[u1]",
    }
    (place.folder / "cohorts" / f"{cohort_id}.yml").write_text(COHORT.format(id=cohort_id, **(filled | given)), "utf-8")


def told(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.out)
    jsonschema.validate(found, SCHEMA)
    return found


def test_a_test_passes(files: Place) -> None:
    cohort(files)
    answer = files.run("test")
    assert answer.out == "  ✓ buyers · who bought\n\n1 test of 1 cohort: all passed.\n"
    assert answer.code == 0


def test_what_differs_is_shown_with_the_rows_that_explain_it(files: Place) -> None:
    cohort(files, expect="[u2]")
    answer = files.run("test")
    assert answer.code == 1
    assert answer.out == (
        "  ✗ buyers · who bought   cohorts/buyers.yml:7:5\n"
        "      missing: u2\n"
        "        customers: {customer_id: u2}\n"
        "      should not be there: u1\n"
        "        customers: {customer_id: u1, country: US}\n"
        "        purchases: {customer_id: u1, time: -3d}\n"
        "\n1 test of 1 cohort: 1 failed.\n"
    )
    shown = told(files.run("test", "--output", "json"))
    assert shown["tests"][0]["missing"] == {"external_id": ["u2"]}
    assert shown["tests"][0]["extra"] == {"external_id": ["u1"]}
    assert shown["exit_code"] == 1


def test_a_misspelt_key_is_pointed_out(files: Place) -> None:
    given = "{customers: [{customer_id: u1}, {customer_id: u2}], purchases: [{customer_id: ui, time: -3d}]}"
    cohort(files, given=given)
    assert "      purchases names ui, but the test gives no other row about them\n" in files.run("test").out
    cohort(files, given=given, expect="[]")
    assert "no other row" not in files.run("test").out


def test_the_wrapped_sql_is_what_runs(files: Place) -> None:
    """Blanks go, NULLs go, letters are made small: as a sync would export."""
    blank = "{customer_id: ' u1 ', email: A@B.C}, {customer_id: null, email: ' '}"
    people = f"{{customers: [{blank}, {{customer_id: u2, country: DE}}]}}"
    cohort(
        files,
        identifiers="{external_id: customer_id, aliases: {email: {column: email, normalize: lower}}}",
        audience="{from: customers, where: {none: [{column: country, equals: DE}]}}",
        given=people,
        expect="{external_id: [u1], aliases: {email: [a@b.c]}}",
    )
    answer = files.run("test")
    assert answer.code == 0, answer.out


@pytest.mark.parametrize(
    ("given", "expect", "proves"),
    [(GIVEN, "[u1]", ""), ("{customers: [{customer_id: u2}]}", "[]", "expects nobody"),
     ("{customers: [{customer_id: u1}], purchases: [{customer_id: u1, time: -3d}]}", "[u1]", "expects everybody")],
)  # fmt: skip
def test_a_test_that_proves_nothing_is_told(files: Place, given: str, expect: str, proves: str) -> None:
    cohort(files, given=given, expect=expect)
    answer = files.run("test")
    assert answer.code == 0
    assert ("it proves little" in answer.out) == bool(proves)
    assert proves in answer.out
    assert ("::warning" in files.run("test", "--output", "github").out) == bool(proves)


def test_members_of_other_cohorts_are_given_or_found(files: Place) -> None:
    cohort(files)
    rule = "{from: customers, where: {none: [{cohort: buyers}]}}"
    cohort(files, "others", audience=rule, expect="[u2]")
    assert files.run("test").code == 0
    given = GIVEN[:-1] + ', "cohort:buyers": [u2]}'
    cohort(files, "others", audience=rule, given=given, expect="[u1]")
    assert files.run("test").code == 0
    cohort(files, "others", audience=rule, given=given.replace("cohort:buyers", "cohort:nobody"), expect="[u1]")
    answer = files.run("test")
    assert answer.code == 1
    assert "does not refer to the cohort nobody" in answer.out


def test_whom_the_project_takes_out_is_not_part_of_a_cohorts_tests(files: Place) -> None:
    path = files.folder / "cohorts" / "project.yml"
    lists = "suppress: [{table: crm.out, identifiers: {external_id: customer_id}}]\n"
    path.write_text(path.read_text("utf-8") + lists, "utf-8")
    cohort(files)
    answer = files.run("test")
    assert answer.code == 0, answer.out


def test_sql_is_tested_on_tables_that_are_no_sources_too(files: Place) -> None:
    sql = "{sql: 'SELECT n.customer_id FROM newsletter n JOIN crm.flags f ON f.id = n.customer_id WHERE f.level > 1.5'}"
    given = (
        "{newsletter: [{customer_id: u1}, {customer_id: u2}], crm.flags: [{id: u1, level: 2}, {id: u2, level: 1.5}]}"
    )
    cohort(files, audience=sql, given=given)
    assert files.run("test").code == 0
    cohort(files, audience=sql, given="{newsletter: [{customer_id: u1}]}")
    answer = files.run("test")
    assert answer.code == 1
    assert "the query failed: line 1:42: Schema 'crm' does not exist" in answer.out or "crm" in answer.out


@pytest.mark.parametrize(
    "rows",
    [
        "[{customer_id: u1}, {customer_id: u2, time: -1m}]",
        "[{customer_id: u1, time: null}, {customer_id: u2, time: -1m}]",
        "[{customer_id: u1, time: null}]",
    ],
)
def test_a_row_without_a_time_is_one_of_now(files: Place, rows: str) -> None:
    sql = "{sql: 'SELECT customer_id FROM newsletter WHERE time = TD_SCHEDULED_TIME()'}"
    cohort(files, audience=sql, given=f"{{newsletter: {rows}}}")
    answer = files.run("test")
    assert answer.code == 0, answer.out


def test_a_test_that_cannot_be_judged_here_says_so_and_does_not_pass(files: Place) -> None:
    sql = (
        "{sql: 'SELECT n.customer_id FROM newsletter n"
        " WHERE (SELECT APPROX_PERCENTILE(level, 0.5) FROM newsletter) < n.level'}"
    )
    cohort(files, audience=sql, given="{newsletter: [{customer_id: u1, level: 2}, {customer_id: u2, level: 1}]}")
    answer = files.run("test")
    assert answer.code == 1
    assert answer.out == (
        "  ? buyers · who bought   cohorts/buyers.yml:7:5\n"
        "      not judged: this sandbox cannot tell what Trino answers for approx_percentile;"
        " run with --engine trino\n"
        "\n1 test of 1 cohort: 1 not judged.\n"
    )
    shown = told(files.run("test", "--output", "json"))["tests"][0]
    assert (shown["passed"], shown["failure"]) == (False, None)
    assert shown["unjudged"].startswith("this sandbox cannot tell")
    assert "::error" in files.run("test", "--output", "github").out


def test_only_those_selected_are_run(files: Place) -> None:
    cohort(files)
    cohort(files, "wrong", expect="[u2]")
    assert files.run("test", "-s", "buyers").code == 0
    assert files.run("test", "--exclude", "tag:wrong").code == 0
    assert files.run("test", "-s", "state:new").code == 64
    assert files.run("test", "-s", "nothing").code == 64
    assert files.run("test").code == 1


def test_cohorts_without_a_test_are_named(files: Place) -> None:
    cohort(files)
    text = (files.folder / "cohorts" / "buyers.yml").read_text("utf-8").split("tests:", maxsplit=1)[0]
    (files.folder / "cohorts" / "more.yml").write_text(text.replace("buyers", "more"), "utf-8")
    assert "1 cohort has no test: more." in files.run("test").out
    assert told(files.run("test", "--output", "json"))["untested"] == ["more"]


def test_a_bad_file_does_not_hide_the_tests_of_others(files: Place) -> None:
    cohort(files)
    cohort(files, "bad", audience="{from: nowhere}")
    answer = files.run("test")
    assert "✓ buyers" in answer.out
    assert "cohorts/bad.yml:5:18 C002" in answer.err
    assert answer.code == 3
    cohort(files, expect="[u2]")
    assert files.run("test").code == 7


def test_many_tests_are_shared_among_processes(files: Place) -> None:
    for number in range(60):
        cohort(files, f"c{number}", expect="[u1]" if number else "[u2]")
    answer = files.run("test")
    assert answer.out.count("✓") == 59
    assert "60 tests of 60 cohorts: 1 failed." in answer.out


def test_no_module_is_taken_from_the_folder(files: Place) -> None:
    for number in range(60):  # so many that other processes help
        cohort(files, f"c{number}", expect="[u1]")
    (files.folder / "multiprocessing").mkdir()
    (files.folder / "multiprocessing" / "__init__.py").write_text("open('taken', 'w').write('over')\n")
    process = files.start("test")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "60 tests of 60 cohorts: all passed." in out
    assert not (files.folder / "taken").exists()


def test_a_query_that_never_ends_is_stopped() -> None:
    late = threading.Event()
    endless = "SELECT COUNT(*) FROM range(1000000000) AS a, range(1000000000) AS b WHERE a.range + b.range < 0"
    with (
        Warehouse(most="1GB").cursor() as cursor,
        pytest.raises(duckdb.InterruptException),
        testing._stopped_after(0.2, cursor, late),
    ):
        cursor.execute(endless)
    assert late.is_set()


def test_annotations_say_nothing_that_github_would_obey(files: Place) -> None:
    cohort(files, name='"x::error::y, 100%"', expect="[u2]")
    line = next(line for line in files.run("test", "--output", "github").out.splitlines() if line.startswith("::"))
    assert line.startswith(
        "::error file=cohorts/buyers.yml,line=7,col=5,title=buyers%3A x%3A%3Aerror%3A%3Ay%2C 100%25::missing"
    )
