"""The ledger in a real table over real HTTP: written once, read whole, refused when it is not what it should be."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from runner.errors import AuthenticationFailed, Locked
from runner.plan.events import Failed, Intent, Synced
from runner.plan.ledger import Destination, Ledger, Row
from runner.sql.budget import MAX_TEXT
from runner.sync.writer import Run, Writer, claim
from runner.treasuredata import ledger
from runner.treasuredata.client import TreasureData
from runner.treasuredata.ledger import LedgerTable
from tests.place import KEY, Place

HERE = Destination("sandbox", "vips")
STATE = "cohort_runner"
FAILURE = Failed("x", "R020", "no", unsent=True)


def run(token: str) -> Run:
    return Run(token, "ann", "laptop", os.getpid(), "", "")


def claimed(table: LedgerTable, ledger: Ledger, token: str, *, patience: float = 0, force: bool = False) -> Writer:
    heard.clear()
    return claim(
        table, ledger, run(token), patience=patience, tell=heard.append, pause=threading.Event().wait, force=force
    )


heard: list[str] = []


@pytest.fixture
def client(place: Place) -> Iterator[TreasureData]:
    with TreasureData(place.url, KEY, retry_seconds=5, job_seconds=20) as made:
        yield made


def table(client: TreasureData, token: str) -> LedgerTable:
    return LedgerTable(client, STATE, token=token, clock=lambda: int(time.time()))


def test_the_servers_time_is_never_ahead_of_it(client: TreasureData) -> None:
    mine = table(client, "a")
    mine.bootstrap()
    for _ in range(6):  # Trino rounds half a second up where it is not told to round down
        time.sleep(0.17)
        assert mine.entries()[1] <= time.time()


def test_a_row_is_written_once_whatever_happens_to_the_answer(client: TreasureData, place: Place) -> None:
    mine = table(client, "a")
    mine.bootstrap()
    writer = claimed(mine, mine.read(), "a")
    place.fault("request", "reset_after", match="job/issue", times=2)
    writer.record((HERE, replace(FAILURE, what='it\'s "so"')))
    assert place.sql(f"SELECT COUNT(*) FROM {STATE}.cohort_ledger WHERE event = 'failed'") == [[1]]
    assert writer.read().cohorts[HERE].failure == 'it\'s "so"'


def test_many_large_rows_are_written_in_as_many_queries_as_it_takes(client: TreasureData, place: Place) -> None:
    mine = table(client, "a")
    mine.bootstrap()
    writer = claimed(mine, mine.read(), "a")
    place.requests()
    large = "WHERE name IN ('日本') " * 11_000  # as long as the SQL of a cohort may be
    assert len(large) < MAX_TEXT
    wheres = [Destination("sandbox", f"cohort_{number}") for number in range(5)]
    writer.record(*((where, replace(FAILURE, what=large)) for where in wheres), sure=True)
    assert {where: known.failure for where, known in writer.read().cohorts.items()} == dict.fromkeys(wheres, large)


def test_the_longest_row_fits_into_a_query() -> None:
    detail = Synced(
        "x" * 300, None, 0, 0, 0, "x" * 300, "x" * 80, dict.fromkeys("abcdef", "x" * 16), "", ("x" * 300,), "", 0, 0, ""
    )
    for worst in ('"', "'", "\\", "\n", "\t"):
        row = Row("x" * 80, 9**9, 9**9, HERE, replace(detail, sql=worst * MAX_TEXT))
        assert len(ledger._row(row, "x" * 80)) < ledger.LONGEST


@pytest.mark.parametrize(
    "text", ['it\'s "so"', '\\ \\n \n \t \'\' "" \\"', "日本 ü 🎉", '{"a": ["}"]}', "{{ x }} %s $1"]
)
def test_a_text_is_read_as_it_was_written(text: str, client: TreasureData) -> None:
    mine = table(client, "a")
    mine.bootstrap()
    writer = claimed(mine, mine.read(), "a")
    writer.record((HERE, replace(FAILURE, what=text)))
    assert writer.read().cohorts[HERE].failure == text


NARROW = (
    "CREATE TABLE narrow AS SELECT ledger_id, schema_version, CAST(row_id AS VARCHAR({})) AS row_id, epoch, sequence,"
    " workspace, cohort_id, event, detail, time FROM cohort_ledger",
    "DROP TABLE cohort_ledger",
    "CREATE TABLE cohort_ledger AS SELECT * FROM narrow",
)


@pytest.mark.parametrize(("claims", "longest", "fix"), [(0, 3, "delete the table"), (9, 5, "cohorts explain L022")])
def test_columns_that_are_too_narrow_are_told(claims: int, longest: int, fix: str, client: TreasureData) -> None:
    """As earlier versions may have made them, where a table keeps the length of a first text."""
    mine = table(client, "a")
    mine.bootstrap()
    for _ in range(claims):
        claimed(mine, mine.read(), "a")
    for number, statement in enumerate(NARROW):
        sql = statement.format(longest)
        client.run("cohort_runner", sql, key=f"narrow-{number}", scheduled_time=0, what="a table of before")
    with pytest.raises(Locked) as refused:
        claimed(mine, mine.read(), "a")
    assert refused.value.code == "L022"
    assert fix in refused.value.fix


def test_of_two_runs_one_gets_the_epoch(client: TreasureData) -> None:
    first, second = table(client, "a"), table(client, "b")
    first.bootstrap()
    seen = first.read()
    mine = claimed(first, seen, "a")
    assert mine.epoch == 1
    with pytest.raises(Locked, match=r"another run is writing: ann on laptop; .*in 10 min.*cohorts unlock"):
        claimed(second, seen, "b")
    threading.Timer(0.3, mine.release).start()
    assert claimed(second, seen, "b", patience=30).epoch == 2
    assert heard == ["waiting for another run: ann on laptop"]


def test_a_burned_epoch_is_passed_over(client: TreasureData) -> None:
    mine = table(client, "a")
    mine.bootstrap()
    ledger = mine.read()
    client.submit(STATE, "SELECT nonsense", key=f"cohorts-{ledger.id}-1-claim", scheduled_time=0)
    assert claimed(mine, ledger, "a").epoch == 2


def test_a_run_that_was_taken_over_stops(client: TreasureData) -> None:
    first, second = table(client, "a"), table(client, "b")
    first.bootstrap()
    writer = claimed(first, first.read(), "a")
    claimed(second, second.read(), "b", force=True)
    with pytest.raises(Locked, match=r"another run has taken over \(epoch 2, ours was 1\)"):
        writer.record((HERE, Intent("x", "withdraw")), sure=True)
    with pytest.raises(Locked):
        writer.read()


def test_rows_written_at_the_same_time_share_an_insert(client: TreasureData, place: Place) -> None:
    mine = table(client, "a")
    mine.bootstrap()
    writer = claimed(mine, mine.read(), "a")
    place.requests()
    rows = [(Destination("sandbox", f"c{number}"), FAILURE) for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda row: writer.record(row, sure=True), rows))
    assert len(writer.read().cohorts) == 20
    assert place.requests()["jobs"]["trino"] < 12  # two for each batch, and the last read


def test_a_dead_process_of_this_host_holds_nothing(client: TreasureData) -> None:
    first, second = table(client, "a"), table(client, "b")
    first.bootstrap()
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    gone = replace(run("a"), process=process.pid)
    claim(first, first.read(), gone, patience=0, tell=heard.append, pause=threading.Event().wait)
    assert claimed(second, second.read(), "b").epoch == 2


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE cohort_runner.cohort_ledger SET schema_version = 2", "L002"),
        (
            "INSERT INTO cohort_runner.cohort_ledger SELECT * REPLACE ('x' AS row_id, 'dance' AS event)"
            " FROM cohort_runner.cohort_ledger",
            "L002",
        ),
        ("DELETE FROM cohort_runner.cohort_ledger", "L003"),
    ],
)
def test_a_ledger_that_cannot_be_used_is_refused(client: TreasureData, place: Place, change: str, code: str) -> None:
    table(client, "a").bootstrap()
    place.sql(change)
    with pytest.raises(Locked) as refused:
        table(client, "b").read()
    assert refused.value.code == code


def test_a_key_without_rights(place: Place) -> None:
    with (
        TreasureData(place.url, "sandbox-powerless-key", retry_seconds=5, job_seconds=20) as client,
        pytest.raises(AuthenticationFailed) as refused,
    ):
        table(client, "a").exists()
    assert refused.value.code == "R004"
