"""What is allowed but seldom meant is told, as seriously as the project asks, and nothing else is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.place import Answer, Place

PROJECT = Path(__file__).parents[1] / "rules" / "project.yml"
COHORT = "id: {id}\nname: {name}\ndescription: {description}\naudience: {audience}\n{extra}"
QUIET = "{from: customers, where: {column: country, equals: US}}"


@pytest.fixture
def files(tmp_path: Path) -> Place:
    (tmp_path / "cohorts" / "templates").mkdir(parents=True)
    shutil.copy(PROJECT, tmp_path / "cohorts" / "project.yml")
    return Place(tmp_path, "http://127.0.0.1:1")


def project(place: Place, extra: str) -> None:
    text = PROJECT.read_text("utf-8").replace("country: text", "country: {type: text, deprecated: use region}", 1)
    (place.folder / "cohorts" / "project.yml").write_text(
        (text if "DEPRECATED" in extra else PROJECT.read_text("utf-8")) + extra, "utf-8"
    )


def cohort(place: Place, audience: str = QUIET, *, cohort_id: str = "one", folder: str = "", **given: str) -> None:
    filled = {"name": cohort_id, "description": "Some people", "extra": ""} | given
    path = place.folder / "cohorts" / folder / f"{cohort_id}.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(COHORT.format(id=cohort_id, audience=audience, **filled), "utf-8")


def lines(answer: Answer, code: str) -> list[str]:
    return [line for line in answer.out.splitlines() if f" {code} " in line]


SQL = "{{sql: '{}'}}"
NOTICED = {
    "N001 of a rule": ("{from: customers, where: {event: purchases}}", "N001"),
    "N001 of sql": (SQL.format("SELECT customer_id FROM shop.purchases"), "N001"),
    "N001 beside a limit elsewhere": (
        SQL.format("SELECT customer_id FROM a WHERE time > 5 AND customer_id IN (SELECT customer_id FROM carts)"),
        "N001",
    ),
    "N002 chance": (SQL.format("SELECT customer_id FROM a WHERE random() < 0.5"), "N002"),
    "N002 the clock": (SQL.format("SELECT customer_id FROM a WHERE b > to_unixtime(now())"), "N002"),
    "N002 today": (SQL.format("SELECT customer_id FROM a WHERE b > current_date"), "N002"),
    "N006 cross": (SQL.format("SELECT a.customer_id FROM a CROSS JOIN b"), "N006"),
    "N006 comma": (SQL.format("SELECT a.customer_id FROM a, b"), "N006"),
    "N007 a number of text": (SQL.format("SELECT customer_id FROM a WHERE category = 5"), "N007"),
    "N007 text of a number": (SQL.format("SELECT customer_id FROM a WHERE ''5'' = lifetime_value"), "N007"),
}  # fmt: skip
FINE = {
    "a limit of a rule": "{from: customers, where: {event: purchases, within: 7d}}",
    "td_time_range": SQL.format("SELECT customer_id FROM shop.purchases WHERE TD_TIME_RANGE(time, NULL, 5)"),
    "td_interval": SQL.format("SELECT customer_id FROM shop.purchases WHERE TD_INTERVAL(time, ''-7d'')"),
    "compared": SQL.format("SELECT customer_id FROM shop.purchases p WHERE p.time >= TD_SCHEDULED_TIME() - 5"),
    "joined with a condition": SQL.format("SELECT a.customer_id FROM a JOIN b ON a.x = b.x"),
    "joined using": SQL.format("SELECT customer_id FROM a JOIN b USING (customer_id)"),
    "commas with a condition": SQL.format("SELECT a.customer_id FROM a, b WHERE a.x = b.x"),
    "unnested": SQL.format("SELECT customer_id FROM a CROSS JOIN UNNEST(tags) AS t (tag)"),
    "right types": SQL.format("SELECT customer_id FROM a WHERE category = ''5'' AND lifetime_value > 5"),
    "scheduled time": SQL.format("SELECT customer_id FROM a WHERE b > TD_SCHEDULED_TIME()"),
}


@pytest.mark.parametrize(("audience", "code"), NOTICED.values(), ids=NOTICED)
def test_what_a_query_does_is_noticed(files: Place, audience: str, code: str) -> None:
    cohort(files, audience)
    answer = files.run("validate")
    assert answer.code == 0
    assert len(lines(answer, code)) == 1, answer.out
    assert answer.out.count("warning: ") == 1


@pytest.mark.parametrize("audience", FINE.values(), ids=FINE)
def test_what_is_fine_is_not(files: Place, audience: str) -> None:
    cohort(files, audience)
    assert files.run("validate").out == "1 cohort checked: no problems.\n"


def test_a_project_says_how_seriously(files: Place) -> None:
    cohort(files, "{from: customers, where: {event: purchases}}")
    project(files, "lints: {no_time_filter: error}\n")
    answer = files.run("validate")
    assert answer.code == 3
    assert answer.out.startswith("cohorts/one.yml:4:36 N001")
    project(files, "lints: {no_time_filter: off}\n")
    assert "N001" not in files.run("validate").out


def test_what_is_the_same_and_what_nobody_uses(files: Place) -> None:
    cohort(files)
    cohort(files, cohort_id="two")
    cohort(files, "{from: customers, where: {column: country, equals: CA}}", cohort_id="three")
    for name in ("used", "unused"):
        (files.folder / "cohorts" / "templates" / f"{name}.sql").write_text("SELECT customer_id FROM a", "utf-8")
    cohort(files, "{template: used.sql}", cohort_id="four")
    project(files, "lints: {unused_source: warning}\n")
    answer = files.run("validate")
    assert lines(answer, "N003") == [
        "warning: cohorts/two.yml:4:11 N003 two finds the same people as one (cohorts/one.yml); "
        "keep one of them, or say in its rule what is different"
    ]
    assert [line.split()[1] for line in lines(answer, "N004")] == ["cohorts/templates/unused.sql:1:1"]
    assert [line.split()[8].rstrip(";") for line in lines(answer, "N005")] == ["companies", "purchases", "carts"]


def test_columns_names_and_owners(files: Place) -> None:
    cohort(
        files,
        extra="identifiers: {external_id: customer_id, aliases: {email: email}}\nowner: nobody\n",
        description="ask anna@example.com or +49 170 1234567",
    )
    project(
        files, "lints: {repeated_identifier: warning, not_in_codeowners: warning, no_tests: warning}  # DEPRECATED\n"
    )
    (files.folder / ".github").mkdir()
    (files.folder / ".github" / "CODEOWNERS").write_text("cohorts/ @acme/crm-team # nobody\n", "utf-8")
    answer = files.run("validate")
    for code in ("N008", "N009", "N010", "N011", "N012"):
        assert len(lines(answer, code)) == 1, (code, answer.out)
    assert "anna" not in answer.out
    assert "use region" in lines(answer, "N008")[0]
    cohort(files)
    assert not lines(files.run("validate"), "N011")


def test_a_policy_is_kept(files: Place) -> None:
    cohort(files, folder="growth")
    cohort(files, "{from: customers, where: {event: carts, within: 7d}}", cohort_id="crm_two", folder="growth")
    project(files, "policy: {required: [tests, description], id: '^crm_', sources: {growth: [customers]}}\n")
    answer = files.run("validate")
    assert answer.code == 3
    assert [line.split()[0] for line in lines(answer, "N020")] == [
        "cohorts/growth/crm_two.yml:1:1",
        "cohorts/growth/one.yml:1:1",
    ]
    assert [line.split()[0] for line in lines(answer, "N021")] == ["cohorts/growth/one.yml:1:5"]
    assert [line.split()[0] for line in lines(answer, "N022")] == ["cohorts/growth/crm_two.yml:4:11"]


def test_a_policy_binds_sql_and_templates(files: Place) -> None:
    project(files, "policy: {sources: {growth: [customers]}}\n")
    template = files.folder / "cohorts" / "templates" / "shared.sql"
    template.write_text("SELECT customer_id FROM {{ table | identifier }}", "utf-8")
    carts = SQL.format("WITH a AS (SELECT * FROM carts) SELECT customer_id FROM a")
    cohort(files, carts, cohort_id="one", folder="growth")
    cohort(files, "{template: shared.sql, params: {table: shop.other}}", cohort_id="two", folder="growth")
    cohort(files, "{template: shared.sql, params: {table: customers}}", cohort_id="three", folder="growth")
    cohort(files, carts, cohort_id="four")
    answer = files.run("validate")
    assert answer.code == 3
    assert lines(answer, "N022") == [
        "cohorts/growth/one.yml:4:11 N022 cohorts in growth/ may not use the table shop.carts, which is the source "
        "carts; use one of: customers; or see `policy` in cohorts/project.yml",
        "cohorts/growth/two.yml:4:11 N022 cohorts in growth/ may not use the table shop.other; "
        "use one of: customers; or see `policy` in cohorts/project.yml",
    ]


def test_a_policy_names_sources_that_are_there(files: Place) -> None:
    cohort(files)
    project(files, "policy: {sources: {growth: [custmers]}}\n")
    answer = files.run("validate")
    assert answer.code == 3
    assert lines(answer, "C002") == [
        'cohorts/project.yml:39:29 C002 there is no source "custmers"; perhaps you meant customers'
    ]


def test_a_template_whose_user_has_a_typo_is_not_called_unused(files: Place) -> None:
    (files.folder / "cohorts" / "templates" / "mine.sql").write_text("SELECT customer_id FROM a", "utf-8")
    cohort(files, "{templat: mine.sql}")
    answer = files.run("validate")
    assert answer.code == 3
    assert not lines(answer, "N004")


def test_a_policy_that_cannot_be_read_is_told(files: Place) -> None:
    cohort(files)
    project(files, "policy: {id: '['}\n")
    answer = files.run("validate")
    assert answer.code == 3
    assert len(lines(answer, "C008")) == 1
