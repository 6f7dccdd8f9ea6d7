"""A cohort that changes although its file does not says why."""

from __future__ import annotations

import html
import json

import pytest
from tests.place import Place
from tests.repositories import Repository

PROJECT_MORE = """\
sources:
  customers:
    table: shop.customers
    key: customer_id
    columns: {country: text, spend: number}
"""
RULE = """\
id: rule
name: Rule
audience:
  from: customers
  where: {all: [{column: country, in: {file: lists/countries.csv}}]}
"""
USER = """\
id: user
name: User
audience:
  from: customers
  where: {none: [{cohort: rule}]}
"""
TEMPLATED = """\
id: templated
name: Templated
audience: {template: part.sql}
"""


@pytest.fixture
def branch(place: Place) -> Place:
    """A repository with a commit, in which nothing is changed yet."""
    place.project(extra=PROJECT_MORE)
    cohorts = place.folder / "cohorts"
    (cohorts / "lists").mkdir()
    (cohorts / "templates").mkdir()
    (cohorts / "lists" / "countries.csv").write_text("country\nDE\n")
    (cohorts / "templates" / "part.sql").write_text("SELECT customer_id FROM customers WHERE spend > 5\n")
    for name, text in (("rule", RULE), ("user", USER), ("templated", TEMPLATED)):
        (cohorts / f"{name}.yml").write_text(text)
    place.cohort("spenders", "SELECT customer_id FROM customers WHERE spend > {{ vip_spend }}")
    Repository.begun(place.folder).commit()
    return place


def reasons(place: Place) -> dict[str, list[str]]:
    """The reasons of every change against the commit."""
    answer = place.run("plan", "--offline", "--base", "HEAD", "-o", "json", TD_API_KEY="")
    assert answer.code == 0, answer.err
    changes = json.loads(answer.out)["changes"]
    return {change["id"]: change["reasons"] for change in changes if change["action"] != "none"}


def test_a_variable(branch: Place) -> None:
    file = branch.folder / "cohorts" / "project.yml"
    file.write_text(file.read_text().replace("vip_spend: 100", "vip_spend: 250"))
    assert reasons(branch) == {"spenders": ["query changed", "vars.vip_spend is 250 now, and was 100"]}


def test_a_text_is_not_told(branch: Place) -> None:
    file = branch.folder / "cohorts" / "project.yml"
    file.write_text(file.read_text().replace("vip_spend: 100", "vip_spend: ann@example.com"))
    assert reasons(branch) == {"spenders": ["query changed", "vars.vip_spend changed"]}


def test_a_list_and_whoever_uses_its_cohort(branch: Place) -> None:
    (branch.folder / "cohorts" / "lists" / "countries.csv").write_text("country\nDE\nAT\n")
    assert reasons(branch) == {
        "rule": ["query changed", "the list countries.csv changed"],
        "user": ["query changed", "it uses rule, which changed"],
    }


def test_a_template(branch: Place) -> None:
    part = branch.folder / "cohorts" / "templates" / "part.sql"
    part.write_text(part.read_text().replace("> 5", "> 6"))
    assert reasons(branch) == {"templated": ["query changed", "the template part.sql changed"]}


def test_its_own_file_needs_no_other_cause(branch: Place) -> None:
    branch.cohort("spenders", "SELECT customer_id FROM customers WHERE spend > {{ vip_spend }} + 1")
    assert reasons(branch) == {"spenders": ["query changed"]}


def test_a_review_says_it_too(branch: Place) -> None:
    file = branch.folder / "cohorts" / "project.yml"
    file.write_text(file.read_text().replace("vip_spend: 100", "vip_spend: 250"))
    branch.run("review", "--base", "HEAD", "--target", "sandbox", "--out", "kept", TD_API_KEY="")
    page = (branch.folder / "kept" / "comment-sandbox.md").read_text("utf-8")
    assert "query changed; <code>vars.vip_spend is 250 now, and was 100</code>" in html.unescape(page)


def test_a_truth_is_not_told_as_a_number(branch: Place) -> None:
    file = branch.folder / "cohorts" / "project.yml"
    file.write_text(file.read_text().replace("vip_spend: 100", "vip_spend: true"))
    assert reasons(branch) == {"spenders": ["query changed", "vars.vip_spend changed"]}


def test_a_large_number_is_told_as_it_is_written(branch: Place) -> None:
    file = branch.folder / "cohorts" / "project.yml"
    file.write_text(file.read_text().replace("vip_spend: 100", "vip_spend: 12345678"))
    (_, told) = reasons(branch)["spenders"]
    assert told == "vars.vip_spend is 12345678 now, and was 100"


def test_a_name_within_another_is_not_told(branch: Place) -> None:
    cohorts = branch.folder / "cohorts"
    (cohorts / "templates" / "a_part.sql").write_text("SELECT 1 AS customer_id\n")
    (cohorts / "lists" / "s.csv").write_text("country\nDE\n")
    repository = Repository(branch.folder)
    repository.commit()
    (cohorts / "templates" / "a_part.sql").write_text("SELECT 2 AS customer_id\n")
    (cohorts / "lists" / "s.csv").write_text("country\nAT\n")
    part = cohorts / "templates" / "part.sql"
    part.write_text(part.read_text().replace("> 5", "> 6"))
    assert reasons(branch) == {"templated": ["query changed", "the template part.sql changed"]}


def test_a_template_that_a_template_names(branch: Place) -> None:
    cohorts = branch.folder / "cohorts"
    inner = cohorts / "templates" / "inner.sql"
    inner.write_text("{% macro large() %}spend > 5{% endmacro %}\n")
    (cohorts / "templates" / "part.sql").write_text(
        '{% from "inner.sql" import large %}\nSELECT customer_id FROM customers WHERE {{ large() }}\n'
    )
    Repository(branch.folder).commit()
    inner.write_text(inner.read_text().replace("> 5", ">= 5"))
    assert reasons(branch) == {"templated": ["query changed", "the template inner.sql changed"]}
