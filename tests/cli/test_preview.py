"""`cohorts preview`: the first rows of a query, for a person on a terminal, who is asked before they are shown."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
from runner.sandbox.options import Options
from runner.sandbox.server import running
from tests.place import COHORTS, KEY, Place
from tests.terminal import typed

QUESTION = "Show identifiers? [y/N]: "


@pytest.fixture
def shop(place: Place) -> Place:
    place.cohort("all", "SELECT customer_id FROM customers", name="Everybody")
    return place


def previewed(place: Place, *named: str, answers: Sequence[str] = (), **environment: str) -> tuple[int, str]:
    """The exit code of a preview on a terminal, and the screen."""
    return typed(place.folder, ["preview", *named], answers, **environment)


def results(place: Place) -> list[Any]:
    """The query of each job in the account, the newest first, and what its result holds."""
    headers = {"Authorization": f"TD1 {KEY}"}
    found = []
    for job in requests.get(f"{place.url}/v3/job/list", headers=headers, timeout=10).json()["jobs"]:
        url = f"{place.url}/v3/job/result/{job['job_id']}?format=json"
        found.append((job["query"], requests.get(url, headers=headers, timeout=10).text))
    return found


def test_a_yes_shows_the_rows(shop: Place) -> None:
    code, screen = previewed(shop, "all", answers=["y"])
    assert code == 0
    assert screen.endswith(
        "\nall · Everybody · target sandbox · by external_id\n  column user_ids: 3 rows, of 3 characters\n"
        "    ann\n    bob\n    eve\n"
    )


@pytest.mark.parametrize("answer", ["", "n"])
def test_without_a_yes_no_value_leaves_treasure_data(shop: Place, answer: str) -> None:
    shop.customers("ann", "bob", "evelyn")
    code, screen = previewed(shop, "all", answers=[answer])
    assert code == 0
    assert screen.endswith("by external_id\n  column user_ids: 3 rows, of 3 to 6 characters\n")
    [(query, result)] = results(shop)
    assert query.startswith("SELECT COUNT(*) AS row_count")
    assert json.loads(result) == [3, 3, 6]
    assert {name for name in ("ann", "bob", "evelyn") if name in screen + result} == set()


@pytest.mark.parametrize("answer", ["y", "n"])
def test_ten_rows_are_the_most(shop: Place, answer: str) -> None:
    shop.customers(*(f"c{number:02}" for number in range(12)))
    code, screen = previewed(shop, "all", answers=[answer])
    assert code == 0
    assert "column user_ids: 10 rows (perhaps there are more), of 3 characters\n" in screen
    assert screen.count("\n    c") == (10 if answer == "y" else 0)
    [(query, _)] = results(shop)
    assert "LIMIT 10" in query


def test_it_runs_what_render_prints(shop: Place) -> None:
    previewed(shop, "all", answers=["y"])
    [(query, _)] = results(shop)
    heading, _, sql = typed(shop.folder, ["render", "all", "--exact"], [])[1].strip().partition("\n")
    assert heading.startswith("-- all")
    assert query == f"{sql}\nLIMIT 10"


def test_nobody_is_found(shop: Place) -> None:
    shop.cohort("none", "SELECT customer_id FROM customers WHERE spend < 0")
    for answer in ("y", "n"):
        code, screen = previewed(shop, "none", answers=[answer])
        assert code == 0
        assert screen.endswith("column user_ids: no row, so the query finds nobody\n")


def test_each_way_to_name_people_is_a_column_of_its_own_and_nobody_suppressed_is_shown(place: Place) -> None:
    place.sql("CREATE TABLE shop.people (customer_id VARCHAR, email VARCHAR, time BIGINT)")
    place.sql("INSERT INTO shop.people VALUES ('ann', 'Ann@Example.com', 1), ('bob', 'bob@example.com', 1)")
    both = "{external_id: customer_id, aliases: {Email_ID: {column: email, normalize: lower}}}"
    place.cohort("people", "SELECT customer_id, email FROM people", extra=f"identifiers: {both}\n")
    list_of = "SELECT customer_id, email FROM people WHERE customer_id = 'bob'"
    place.cohort("stopped", list_of, extra=f"identifiers: {both}\n")
    place.project(extra="suppress: [stopped]\n")
    code, screen = previewed(place, "people", answers=["y"])
    assert code == 0
    assert screen.partition(QUESTION)[2].replace("y\n", "", 1) == (
        "\npeople · People · target sandbox · by external_id\n  column user_ids: 1 row, of 3 characters\n    ann\n"
        "\npeople · People · target sandbox · by alias Email_ID\n"
        "  column Email_ID: 1 row, of 15 characters\n    ann@example.com\n"
    )


def test_a_value_cannot_write_to_the_terminal(shop: Place) -> None:
    shop.sql("INSERT INTO shop.customers VALUES (chr(27) || '[31mred' || chr(8238), 500, 1)")
    shop.sql(f"INSERT INTO shop.customers VALUES ('{'x' * 300}', 500, 1)")
    _, screen = previewed(shop, "all", answers=["y"])
    assert "    \\x1b[31mred\\u202e\n" in screen
    assert f"    {'x' * 200}…\n" in screen


@pytest.mark.parametrize("variable", ["CI", "GITHUB_ACTIONS"])
def test_never_in_a_ci(shop: Place, variable: str) -> None:
    shop.requests()
    code, screen = previewed(shop, "all", **{variable: "true"})
    assert code == 64
    assert "P134 a preview may show identifiers of people, and the log of a CI keeps them" in screen
    assert QUESTION not in screen
    assert shop.requests() == {"requests": {}, "jobs": {}}


@pytest.mark.parametrize("piped", ["stdin", "stdout"])
def test_only_on_a_terminal(shop: Place, piped: str) -> None:
    shop.requests()
    ours, theirs = pty.openpty()
    ends = {"stdin": theirs, "stdout": theirs, piped: subprocess.PIPE}
    environment = os.environ | {"TD_API_KEY": KEY}
    with subprocess.Popen(
        [COHORTS, "preview", "all"], cwd=shop.folder, env=environment, stderr=subprocess.PIPE, text=True, **ends
    ) as started:
        _, told = started.communicate("y\n" if piped == "stdin" else None, timeout=20)
    os.close(ours)
    os.close(theirs)
    assert started.returncode == 64
    assert told.startswith("P134 a preview may show identifiers of people, and this is no terminal; run it on")
    assert shop.requests() == {"requests": {}, "jobs": {}}


@pytest.mark.parametrize("option", ["--output", "--out", "--yes"])
def test_there_is_no_way_around_the_terminal_and_the_question(shop: Place, option: str) -> None:
    answer = shop.run("preview", "all", option, "json")
    assert answer.code == 64
    assert f"No such option: {option}" in answer.err


@pytest.mark.parametrize(
    ("named", "code", "told"),
    [
        ("al", 64, "perhaps you meant all"),
        ("broken", 3, "cohorts/broken.yml:5:5 Q007 the query does not return the identifier column"),
    ],
)
def test_what_cannot_be_run_is_told_before_anybody_is_asked(shop: Place, named: str, code: int, told: str) -> None:
    if named == "broken":
        shop.cohort("broken", "SELECT spend FROM customers")
    assert previewed(shop, named)[0] == code
    screen = previewed(shop, named)[1]
    assert told in screen.replace("\n", " ")
    assert QUESTION not in screen


def test_a_query_that_fails_is_told_at_its_place_and_without_values(shop: Place) -> None:
    shop.cohort("lost", "SELECT customer_id FROM nothing")
    code, screen = previewed(shop, "lost", answers=["y"])
    assert code == 1
    assert "cohorts/lost.yml:5:29 R020 lost: the preview: job 1000 ended as error" in screen
    shop.cohort("numbers", "SELECT customer_id FROM customers WHERE CAST(customer_id AS BIGINT) = 1")
    code, screen = previewed(shop, "numbers", answers=["y"])
    assert code == 1
    assert "R020 numbers: the preview" in screen
    assert {name for name in ("ann", "bob", "eve") if f"'{name}'" in screen} == set()


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Place]:
    """An account with data, without a connection and a ledger."""
    (tmp_path / "cohorts").mkdir()
    with running(Options(shop=None, connections=())) as url:
        place = Place(tmp_path, url)
        place.project()
        place.sql("CREATE SCHEMA IF NOT EXISTS shop")
        place.customers("ann", known=False)
        place.cohort("all", "SELECT customer_id FROM customers")
        yield place


def test_it_needs_no_ledger_and_leaves_nothing(account: Place) -> None:
    files = sorted(account.folder.rglob("*"))
    code, screen = previewed(account, "cohorts/all.yml", answers=["y"])
    assert code == 0
    assert screen.endswith("    ann\n")
    assert sorted(account.folder.rglob("*")) == files
    assert account.sql("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = 'cohort_runner'") == [[0]]
    assert account.cohorts() == {}


def test_files_of_several_cohorts_are_asked_about_once(shop: Place) -> None:
    shop.cohort("some", "SELECT customer_id FROM customers WHERE customer_id < 'c'")
    code, screen = previewed(shop, "all", "some", answers=["y"])
    assert code == 0
    assert screen.count(QUESTION) == 1
    assert screen.count("    ann\n") == 2
