"""The sandbox's API and the command's tests, on the real engine."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import tdclient
from runner.sandbox.engine import trials
from runner.sandbox.engine.errors import EngineProblem
from runner.sandbox.engine.tables import EngineTables, Loaded
from runner.sandbox.engine.trials import Trial
from runner.sandbox.options import Options, Shop
from runner.sandbox.own_data import OwnData, fill
from runner.sandbox.server import running
from runner.sql import sampled
from tests.place import Place
from tests.sandbox.sandbox_world import World


@pytest.fixture
def world(tables: EngineTables) -> Iterator[World]:
    tables.delete_database("shop")
    with running(Options(shop=Shop(customers=300, purchases=2_000)), tables=tables) as url:
        client = tdclient.Client(apikey="sandbox-key", endpoint=url, max_cumul_retry_delay=-1)
        yield World(url, client)
        client.close()


def test_jobs_and_tables_are_those_of_the_engine(world: World) -> None:
    assert world.rows("SELECT count(*) FROM customers") == [[300]]
    assert world.rows("SELECT date_diff('year', date '2000-12-31', date '2026-01-01');") == [[25]]
    world.done("CREATE TABLE found AS SELECT customer_id, 1.5 AS share FROM customers LIMIT 3")
    tables = {table.name: table for table in world.client.tables("shop")}
    assert tables["found"].count == 3
    assert "IFNULL" in world.error("SELECT IFNULL(1, 2)").upper()
    assert "line 1:1" in world.error("CALL \"$engine\".load('{}')")
    world.client.delete_table("shop", "found")
    assert "found" not in {table.name for table in world.client.tables("shop")}


def test_own_tables_stand_in_the_place_of_the_shop(tables: EngineTables) -> None:
    kinds = {"id": "bigint", "day": "varchar", "tags": "array(varchar)", "at": "bigint"}
    rows = [(1, "2026-03-31", ["a"], 5), (2, None, [], 5), (2, "2026-04-01", ["a", "b"], 6)]
    fill(tables, OwnData(("crm", "none"), (Loaded("crm", "visits", kinds, rows),), (), ()))
    assert tables.databases() == ["crm", "none", "shop"]
    assert tables.anything("SELECT id, cardinality(tags) FROM crm.visits ORDER BY 1, 2") == [(1, 1), (2, 0), (2, 2)]
    (counts,) = tables.anything(sampled.select("crm.visits", ("id", "at"), ("day",)))
    assert list(counts) == [3, 3, 2, 2, 2, 3, 2]


def test_a_job_is_killed(world: World) -> None:
    many = ", ".join(f"UNNEST(sequence(1, 10000)) AS t{number} (n{number})" for number in range(3))
    job = world.issue(f"SELECT count(*) FROM {many}")
    world.until_running(job)
    world.client.kill(job)
    assert world.ended(job)["status"] == "killed"


def test_trials_run_beside_each_other(engine: str) -> None:
    def trial(number: int) -> Trial:
        rows = [[f"person {one}"] for one in range(number)]
        return Trial(
            (Loaded("shop", "people", {"id": "varchar"}, rows),), {"all": "SELECT id FROM shop.people"}, "shop", 1
        )

    found = list(trials.carried_out(map(trial, range(12)), engine))
    assert [len(each["all"]) for each in found if isinstance(each, Mapping)] == list(range(12))


def test_a_trial_that_fails_says_why_and_others_go_on(engine: str) -> None:
    table = Loaded("shop", "people", {"id": "varchar"}, [["a"]])
    good, bad = (
        Trial((table,), {"one": sql}, "shop", 1) for sql in ("SELECT id FROM people", "SELECT nobody FROM people")
    )
    first, second, third = trials.carried_out([good, bad, good], engine)
    assert first == third == {"one": (("a",),)}
    assert second == "the query failed: line 1:8: Column 'nobody' cannot be resolved"


def test_refusals_are_those_of_the_statement_as_written(engine: str) -> None:
    table = Loaded("shop", "people", {"id": "varchar"}, [])
    statements = ["SELECT id FROM people", "SELECT id\nFROM people\nWHERE id = 1", "SELECT 1 FROM elsewhere"]
    good, bad, unknown = trials.refusals(statements, [table], "shop", engine)
    assert good is None
    assert bad
    assert (bad.name, bad.line, bad.column) == ("TYPE_MISMATCH", 3, 10)
    assert bad.message == "Cannot apply operator: varchar = integer"
    assert unknown
    assert unknown.name == "TABLE_NOT_FOUND"


def test_a_table_that_trino_does_not_take_is_told(engine: str) -> None:
    table = Loaded("shop", "people", {"id": "varchar", "time": "varchar"}, [])
    told = "the tables cannot be made: Column 'time' is of type varchar"
    (found,) = trials.carried_out([Trial((table,), {"one": "SELECT id FROM people"}, "shop", 1)], engine)
    assert isinstance(found, str)
    assert found.startswith(told)
    with pytest.raises(EngineProblem, match=told):
        list(trials.refusals(["SELECT id FROM people"], [table], "shop", engine))


def test_a_ledger_is_read_by_its_checkpoint(tables: EngineTables, tmp_path: Path) -> None:
    with running(Options(shop=Shop(customers=300, purchases=20)), tables=tables) as url:
        place = Place(tmp_path, url, {"COHORTS_CHECKPOINT_ROWS": "0"})
        (tmp_path / "cohorts").mkdir()
        place.project()
        place.cohort("vips", "SELECT customer_id FROM customers WHERE lifetime_value > 100")
        for _ in range(3):
            answer = place.run("sync", "--refresh")
            assert answer.code == 0, answer.out + answer.err
        names = [table.name for table in tables.tables("cohort_runner")]
        copies = [name for name in names if name.startswith("cohort_ledger_until_")]
        assert len(copies) == 2
        place.requests()
        by_copy = place.run("status", "-o", "json").out
        assert place.requests()["jobs"]["trino"] == 1
        for name in copies:
            tables.delete_table("cohort_runner", name)
        by_all = place.run("status", "-o", "json").out
        history = json.loads(place.run("history", "vips", "--limit", "2", "-o", "json").out)
        assert len(history["records"]) == 2
        assert place.run("verify").code == 0
        assert json.loads(by_all)["cohorts"] == json.loads(by_copy)["cohorts"]
