"""A cohort that changes although its file does not says why."""

from __future__ import annotations

import html
import json
import shutil

import pytest
from runner.errors import ExitCode
from tests.place import Place
from tests.repositories import Repository
from tests.terminal import typed

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
CUSTOMERS = """\
CREATE OR REPLACE TABLE shop.customers AS
SELECT * FROM (VALUES ('ann', 'DE', 900), ('bob', 'US', 800)) AS t (customer_id, country, spend)
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


def test_a_part_of_a_name_is_not_told(branch: Place) -> None:
    cohorts = branch.folder / "cohorts"
    whole = cohorts / "templates" / "a_part.sql"
    whole.write_text("SELECT customer_id FROM customers WHERE spend > {{ vip_spend }}\n")
    (cohorts / "templated.yml").write_text(TEMPLATED.replace("part.sql", "a_part.sql"))
    project = cohorts / "project.yml"
    project.write_text(project.read_text().replace("vip_spend: 100", "vip_spend: 100, vip: 1"))
    Repository(branch.folder).commit()
    whole.write_text(whole.read_text().replace(">", ">="))
    (cohorts / "templates" / "part.sql").write_text("SELECT 1 AS customer_id\n")
    project.write_text(project.read_text().replace("vip: 1", "vip: 2"))
    assert reasons(branch) == {"templated": ["query changed", "the template a_part.sql changed"]}


def test_a_source(branch: Place) -> None:
    project = branch.folder / "cohorts" / "project.yml"
    other = "  others: {table: shop.others, key: customer_id, columns: {}}\n"
    project.write_text(project.read_text() + other)
    Repository(branch.folder).commit()
    moved = project.read_text().replace("shop.customers", "shop.people").replace("shop.others", "shop.strangers")
    project.write_text(moved)
    assert reasons(branch) == {
        "rule": ["query changed", "the source customers changed"],
        "user": ["query changed", "the source customers changed", "it uses rule, which changed"],
    }


def test_a_template_that_a_template_names(branch: Place) -> None:
    cohorts = branch.folder / "cohorts"
    inner = cohorts / "templates" / "inner.sql"
    inner.write_text("{% macro large() %}spend > 5{% endmacro %}\n")
    (cohorts / "templates" / "part.sql").write_text(
        '{% from "inner.sql" import large %}\nSELECT customer_id FROM customers WHERE {{ large() }}\n'
    )
    Repository(branch.folder).commit()
    inner.write_text(inner.read_text().replace("> 5", ">= 5"))
    assert reasons(branch) == {"templated": ["query changed", "the macro large of inner.sql changed"]}


MACROS = """\
{% macro euros() %}spend / 100{% endmacro %}

{%- macro large(least) -%}
  {{ euros() }} > {{ least }}
{%- endmacro -%}

{% macro small() %}spend < 7{% endmacro %}
"""
CALLER = """\
{% from "money.sql" import euros, large, small %}
SELECT customer_id FROM customers WHERE {{ large(5) }}
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("/ 100", "/ 1000", {"templated": ["query changed", "the macro euros of money.sql changed"]}),
        ("> {{", ">= {{", {"templated": ["query changed", "the macro large of money.sql changed"]}),
        # another macro of the same file changes nothing here
        ("< 7", "< 8", {}),
    ],
)
def test_a_macro_is_named_where_only_macros_changed(
    branch: Place, old: str, new: str, told: dict[str, list[str]]
) -> None:
    templates = branch.folder / "cohorts" / "templates"
    money = templates / "money.sql"
    money.write_text(MACROS)
    (templates / "part.sql").write_text(CALLER)
    Repository(branch.folder).commit()
    money.write_text(MACROS.replace(old, new))
    assert reasons(branch) == told


def test_a_macro_and_the_text_beside_it(branch: Place) -> None:
    part = branch.folder / "cohorts" / "templates" / "part.sql"
    part.write_text(
        "{% macro least() %}5{% endmacro %}\nSELECT customer_id FROM customers WHERE spend > {{ least() }}\n"
    )
    Repository(branch.folder).commit()
    part.write_text(part.read_text().replace("}5{", "}6{"))
    assert reasons(branch) == {"templated": ["query changed", "the macro least of part.sql changed"]}
    part.write_text(part.read_text().replace("spend >", "spend >="))
    assert reasons(branch) == {"templated": ["query changed", "the template part.sql changed"]}


def test_one_macro_changed_and_another_cohort_calls_it(branch: Place) -> None:
    templates = branch.folder / "cohorts" / "templates"
    (templates / "money.sql").write_text(MACROS)
    (templates / "part.sql").write_text(CALLER)
    branch.cohort("few", '{% from "money.sql" import small %}SELECT customer_id FROM customers WHERE {{ small() }}')
    Repository(branch.folder).commit()
    (templates / "money.sql").write_text(MACROS.replace("< 7", "< 8").replace("> {{", ">= {{"))
    assert reasons(branch) == {
        "few": ["query changed", "the macro small of money.sql changed"],
        "templated": ["query changed", "the macro large of money.sql changed"],
    }


def live_reasons(place: Place, **environment: str) -> dict[str, list[str]]:
    """The reasons of every change against the ledger."""
    answer = place.run("plan", "-o", "json", **environment)
    assert answer.code == 0, answer.err
    changes = json.loads(answer.out)["changes"]
    return {change["id"]: change["reasons"] for change in changes if change["action"] != "none"}


@pytest.fixture
def synced(branch: Place) -> Place:
    """The same, with everything synced at its commit."""
    branch.sql(CUSTOMERS)
    assert branch.run("sync").code == 0
    return branch


def change_all(place: Place) -> None:
    """Change a variable, a list and a template, and no cohort's own file."""
    cohorts = place.folder / "cohorts"
    project = cohorts / "project.yml"
    project.write_text(project.read_text().replace("vip_spend: 100", "vip_spend: 250"))
    (cohorts / "lists" / "countries.csv").write_text("country\nDE\nAT\n")
    part = cohorts / "templates" / "part.sql"
    part.write_text(part.read_text().replace("> 5", "> 6"))


ALL = {
    "rule": ["query changed", "the list countries.csv changed"],
    "user": ["query changed", "it uses rule, which changed"],
    "templated": ["query changed", "the template part.sql changed"],
    "spenders": ["query changed", "vars.vip_spend is 250 now, and was 100"],
}


def test_a_plan_against_the_ledger_says_it_too(synced: Place) -> None:
    change_all(synced)
    assert live_reasons(synced) == ALL
    Repository(synced.folder).commit()
    assert live_reasons(synced) == ALL
    assert "(query changed; vars.vip_spend is 250 now, and was 100)" in synced.run("plan").out


def test_whoever_is_asked_before_a_sync_sees_it(synced: Place) -> None:
    change_all(synced)
    project = synced.folder / "cohorts" / "project.yml"
    project.write_text(project.read_text().replace("    connection:", "    protected: true\n    connection:"))
    Repository(synced.folder).commit()
    code, screen = typed(synced.folder, ["sync", "--quiet"], ["no"], CI="")
    assert code == ExitCode.INTERRUPTED, screen
    assert "vars.vip_spend is 250 now, and was 100" in " ".join(screen.split())
    assert screen.endswith("Nothing was sent.\n")


def test_what_was_synced_with_files_that_no_commit_has_says_nothing_more(branch: Place) -> None:
    project = branch.folder / "cohorts" / "project.yml"
    project.write_text(project.read_text().replace("vip_spend: 100", "vip_spend: 170"))
    branch.sql(CUSTOMERS)
    assert branch.run("sync").code == 0
    project.write_text(project.read_text().replace("vip_spend: 170", "vip_spend: 250"))
    # the commit has 100, and Braze was given 170
    assert live_reasons(branch) == {"spenders": ["query changed"]}


def test_a_commit_that_is_not_here_says_nothing_more(synced: Place) -> None:
    change_all(synced)
    shutil.rmtree(synced.folder / ".git")
    plain = {cohort: ["query changed"] for cohort in ALL}
    assert live_reasons(synced) == plain
    Repository.begun(synced.folder).commit("another history")
    assert live_reasons(synced) == plain


def test_a_clone_that_lost_a_file_says_nothing_more(synced: Place) -> None:
    repository = Repository(synced.folder)
    blob = repository.git("rev-parse", "HEAD:cohorts/templates/part.sql")
    change_all(synced)
    repository.commit()
    (synced.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    assert live_reasons(synced) == {cohort: ["query changed"] for cohort in ALL}


def test_a_cohort_that_was_last_synced_long_ago(synced: Place) -> None:
    repository = Repository(synced.folder)
    # another cohort is synced at a newer commit, where this one's template is another already
    change_all(synced)
    synced.cohort("spenders", "SELECT customer_id FROM customers WHERE spend > {{ vip_spend }} + 1")
    repository.commit()
    assert synced.run("sync", "spenders").code == 0
    told = live_reasons(synced)
    assert told == {cohort: ALL[cohort] for cohort in ("rule", "user", "templated")}
    # both commits are read: each tells it for what was synced at it
    project = synced.folder / "cohorts" / "project.yml"
    project.write_text(project.read_text().replace("vip_spend: 250", "vip_spend: 300"))
    assert live_reasons(synced) == told | {
        "spenders": ["query changed", "vars.vip_spend is 300 now, and was 250"],
    }


def test_one_commit_tells_it_for_those_that_were_synced_before_it(synced: Place) -> None:
    repository = Repository(synced.folder)
    for number in range(5):
        more = f"more_{number}"
        sql = f"SELECT customer_id FROM customers WHERE spend > {{{{ vip_spend }}}} + {number + 2}"
        synced.cohort(more, sql)
        repository.commit()
        assert synced.run("sync").code == 0
    change_all(synced)
    told = live_reasons(synced)
    assert {cohort: told[cohort][1:] for cohort in told if cohort.startswith("more")} == {
        f"more_{number}": ["vars.vip_spend is 250 now, and was 100"] for number in range(5)
    }
    assert {cohort: told[cohort] for cohort in ALL} == ALL


def test_its_own_file_needs_no_commit(synced: Place) -> None:
    synced.cohort("spenders", "SELECT customer_id FROM customers WHERE spend > {{ vip_spend }} + 1")
    change = synced.folder / "cohorts" / "project.yml"
    change.write_text(change.read_text().replace("vip_spend: 100", "vip_spend: 250"))
    assert live_reasons(synced) == {"spenders": ["query changed"]}


def test_a_plan_names_owners_where_they_differ(place: Place) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers")
    place.cohort("fans", "SELECT customer_id FROM customers")
    assert "owner:" not in place.run("plan").out
    place.cohort("fans", "SELECT customer_id FROM customers", extra="owner: growth\n")
    told = place.run("plan").out.splitlines()
    fans = next(number for number, line in enumerate(told) if line.startswith("  + fans"))
    assert told[fans + 1 : fans + 4] == ["      owner: growth", told[fans + 2], "      owner: crm-team"]
