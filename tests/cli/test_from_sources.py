"""`cohorts sandbox --from-sources`: a company's own tables with made-up rows, and its own rules on them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.place import Place

NOWHERE = "http://127.0.0.1:1"

SOURCES = """
sources:
  members:
    table: crm.members
    key: customer_id
    columns:
      country: {type: text, values: [DE, FR]}
      plan: text
      email: {type: text, personal: true}
      phone: {type: text, personal: true}
      email_status: {type: text, values: [ok, bounced]}
      born: date
      points: number
      level: {type: number, values: [1, 2]}
      optin: boolean
      tags: list
      signed_up: time
  visits: {table: visits, join: customer_id, time: time, columns: {page: text, seconds: number, email: text}}
suppress:
  - {table: crm.opted_out, identifiers: {external_id: customer_id}}
"""

FANS = """
id: fans
name: Fans
audience:
  from: members
  where:
    all:
      - {column: plan, equals: premium}
      - {column: points, gte: 50000}
      - {column: tags, any_of: [vip]}
      - event: visits
        within: 180d
        where: {all: [{column: page, starts_with: /shop}]}
        count: {gte: 1}
"""


@contextmanager
def sandbox(folder: Path, *options: str) -> Iterator[tuple[Place, list[str]]]:
    """The real command, and what it said when it was ready; the project file leads to it afterwards."""
    place = Place(folder, NOWHERE)
    with place.start("sandbox", "--from-sources", "--port", "0", *options, TD_API_KEY="") as process:
        try:
            said = until_ready(process)
            assert said[-1] == "In another terminal: export TD_API_KEY=sandbox-key, then cohorts plan. Ctrl-C stops."
            url = said[-2].split()[6]
            file = folder / "cohorts" / "project.yml"
            file.write_text(file.read_text("utf-8").replace(NOWHERE, url), "utf-8")
            yield Place(folder, url), said
        finally:
            process.terminate()


def until_ready(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout
    said: list[str] = []
    for line in process.stdout:
        said.append(line.rstrip("\n"))
        if line.endswith("Ctrl-C stops.\n"):
            break
    else:
        pytest.fail(f"it never was ready: {said}")
    return said


@pytest.fixture
def company(tmp_path: Path) -> Path:
    """A repository whose target leads nowhere yet, with sources of its own."""
    return written(tmp_path, SOURCES)


def written(folder: Path, sources: str) -> Path:
    (folder / "cohorts").mkdir()
    Place(folder, NOWHERE).project(extra=sources)
    return folder


def column(place: Place, name: str, table: str) -> list[Any]:
    """The different values of a column."""
    return [value for (value,) in place.sql(f"SELECT DISTINCT {name} FROM {table} ORDER BY 1 NULLS FIRST")]


def test_a_companys_own_rules_run_on_the_first_day(company: Path) -> None:
    (company / "cohorts" / "fans.yml").write_text(FANS, "utf-8")
    with sandbox(company) as (place, said):
        assert said[:2] == [
            "Made up for the target sandbox: crm.members (1,000 rows), crm.opted_out (20 rows),"
            " shop.visits (3,204 rows).",
            f"information: the target sandbox leads to {NOWHERE}; to use the sandbox,"
            f" declare a target with `endpoint: {place.url}`",
        ]
        planned = place.run("plan", "--members")
        assert planned.code == 0
        assert "fans  create    Fans (not in Braze yet)" in planned.out
        synced = place.run("sync")
        assert synced.code == 0, synced.err
        members = place.members("fans")
        assert len(members) > 5
        # the rules are held by the rows themselves, and those who opted out stay out
        rows = place.sql(
            "SELECT customer_id FROM crm.members WHERE plan = 'premium' AND points >= 50000"
            " AND list_contains(tags, 'vip')"
            " AND customer_id NOT IN (SELECT customer_id FROM crm.opted_out) AND customer_id IN (SELECT customer_id"
            f" FROM shop.visits WHERE page = '/shop' AND time >= {int(time.time()) - 180 * 86_400})"
        )
        assert members == {name for (name,) in rows}
        assert place.run("sources", "check").out == "2 sources checked: no problems.\n"
        assert place.run("sync").out == "Nothing to do: 1 cohort in Braze as wanted.\n"


def test_rows_are_as_declared_and_nobodys(company: Path) -> None:
    now = int(time.time())
    with sandbox(company) as (place, _):
        assert column(place, "country", "crm.members") == [None, "DE", "FR"]
        assert column(place, "email_status", "crm.members") == [None, "bounced", "ok"]
        # each column goes its own way
        assert len(column(place, "(country, email_status)", "crm.members")) == 9
        assert column(place, "level", "crm.members") == [None, 1, 2]
        assert column(place, "plan", "crm.members") == [None, "plan_1", "plan_2", "plan_3"]
        assert column(place, "optin", "crm.members") == [False, True]
        kinds = place.sql("SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'members'")
        assert dict(kinds) == {
            **dict.fromkeys(("customer_id", "country", "plan", "email", "phone", "email_status", "born"), "VARCHAR"),
            **dict.fromkeys(("points", "level"), "DOUBLE"),
            **dict.fromkeys(("signed_up", "time"), "BIGINT"),
            "optin": "BOOLEAN",
            "tags": "VARCHAR[]",
        }
        (bounds,) = place.sql("SELECT min(time), max(time) FROM shop.visits")
        assert now - 366 * 86_400 < bounds[0] < now - 300 * 86_400
        assert now - 86_400 < bounds[1] < time.time()
        (counts,) = place.sql(
            "SELECT count(DISTINCT customer_id), count(DISTINCT email), count(*) FILTER (WHERE"
            " email <> customer_id || '@example.com' OR phone <> 'phone_' || right(customer_id, 4)),"
            " count(*) FILTER (WHERE NOT regexp_full_match(born, '\\d{4}-\\d\\d-\\d\\d')) FROM crm.members"
        )
        assert counts == [1000, 1000, 0, 0]
        strangers = "SELECT count(*) FROM shop.visits ANTI JOIN crm.members USING (customer_id, email)"
        assert place.sql(strangers) == [[0]]


def test_a_seed_gives_the_same_rows(company: Path) -> None:
    rows = []
    for seed in ("7", "7", "8"):
        with sandbox(company, "--seed", seed) as (place, _):
            members = place.sql("SELECT * EXCLUDE (time, signed_up) FROM crm.members")
            rows.append((members, place.sql("SELECT * EXCLUDE (time) FROM shop.visits")))
    assert rows[0] == rows[1]
    assert rows[0] != rows[2]


def test_a_new_column_changes_no_other(company: Path) -> None:
    project = company / "cohorts" / "project.yml"
    with sandbox(company) as (place, _):
        before = place.sql("SELECT country, plan, points FROM crm.members ORDER BY customer_id")
    project.write_text(project.read_text("utf-8").replace("      plan: text\n", "      city: text\n      plan: text\n"))
    with sandbox(company) as (place, _):
        assert place.sql("SELECT country, plan, points FROM crm.members ORDER BY customer_id") == before
        assert len(column(place, "city", "crm.members")) == 4


NUMBERED = """
sources:
  accounts: {table: accounts, key: id, columns: {id: number, mail: text, device: text}}
  orders: {table: orders, join: account, time: at, columns: {account: number, amount: number}}
"""


def test_people_with_numbers_addresses_and_devices(tmp_path: Path) -> None:
    folder = written(tmp_path, NUMBERED)
    cohort = (
        "id: buyers\nname: Buyers\nidentifiers: {external_id: id, device_id: device, aliases: {email: mail}}\n"
        "audience: {from: accounts, where: {all: [{event: orders, within: 365d, count: {gte: 6}}]}}\n"
    )
    (folder / "cohorts" / "buyers.yml").write_text(cohort, "utf-8")
    with sandbox(folder) as (place, _):
        assert place.sql("SELECT min(id), max(id), count(DISTINCT id) FROM shop.accounts") == [[1, 1000, 1000]]
        assert place.run("sync").code == 0
        buyers = place.sql("SELECT account FROM shop.orders GROUP BY 1 HAVING count(*) >= 6")
        numbers = {number for (number,) in buyers}
        expected = {str(number) for number in numbers} | {f"device_{number:04}" for number in numbers}
        # an address leads to the user who has the external id
        assert place.members("buyers") == expected


def test_events_name_people_by_address(tmp_path: Path) -> None:
    sources = (
        "sources:\n  people: {table: people, key: email, columns: {}}\n"
        "  opens: {table: opens, join: recipient, time: time, columns: {}}\n"
    )
    with sandbox(written(tmp_path, sources)) as (place, _):
        assert column(place, "count(*)", "shop.opens ANTI JOIN shop.people ON recipient = email") == [0]
        # no source has the column of the project's identifiers: it can only be the key under another name
        assert place.ask("GET", "users")["users"][0]["external_id"] == "person_0001@example.com"


def test_a_table_of_two_sources_is_one(tmp_path: Path) -> None:
    sources = (
        "sources:\n  people: {table: crm.all, key: customer_id, columns: {name: text}}\n"
        "  joins: {table: crm.all, join: customer_id, time: joined, columns: {way: text}}\n"
    )
    with sandbox(written(tmp_path, sources)) as (place, said):
        assert said[0] == "Made up for the target sandbox: crm.all (1,000 rows)."
        columns = place.sql("SELECT column_name FROM duckdb_columns() WHERE table_name = 'all' ORDER BY 1")
        assert columns == [["customer_id"], ["joined"], ["name"], ["time"], ["way"]]


def test_a_file_with_problems_is_told(company: Path) -> None:
    (company / "cohorts" / "fans.yml").write_text(FANS.replace("column: plan", "colum: plan"), "utf-8")
    with sandbox(company) as (place, said):
        assert said[2] == (
            "information: cohorts/fans.yml cannot be read, so that the rows may lack what its rules ask for;"
            " `cohorts validate` says why"
        )
        assert "premium" not in column(place, "plan", "crm.members")


@pytest.mark.parametrize(
    ("sources", "code", "says"),
    [
        ("", 64, "P135 cohorts/project.yml declares no `sources`, so there are no tables to make; declare them,"),
        ("sources: {a: {table: shop.a_b, key: id}}", 3, " S002 `columns` is missing in `sources.a`; add it,"),
        (
            "sources: {a: {table: shop.a_b, key: id, columns: {b: varchar}}}",
            3,
            " S005 `sources.a.columns.b` must be one of text, number, boolean, date, time, list,",
        ),
        (
            "sources: {a: {table: main.a_b, key: id, columns: {}}}",
            64,
            "P135 the sandbox cannot have a database named main; name another database in the source or target",
        ),
    ],
)
def test_wrong_sources(tmp_path: Path, sources: str, code: int, says: str) -> None:
    place = Place(written(tmp_path, sources), NOWHERE)
    answer = place.run("sandbox", "--from-sources", "--port", "0")
    assert (answer.code, answer.out) == (code, "")
    assert says in answer.err


def test_the_target_is_one_of_the_project(company: Path) -> None:
    answer = Place(company, NOWHERE).run("sandbox", "--from-sources", "--target", "live")
    assert answer.code == 64
    assert answer.err.startswith("P102 there is no target 'live'; choose one of: sandbox")
