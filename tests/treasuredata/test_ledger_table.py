"""The ledger in a real table over real HTTP: written once, read whole, refused when it is not what it should be."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from runner.errors import AuthenticationFailed, Locked
from runner.plan.ledger import Destination, Entry, Event
from runner.sync.writer import Run, claim
from runner.treasuredata.client import TreasureData
from runner.treasuredata.ledger import LedgerTable
from tests.place import KEY, Place

HERE = Destination("sandbox", "vips")
STATE = "cohort_runner"


def run(token: str) -> Run:
    return Run(token, "ann", "laptop", "", "")


@pytest.fixture
def client(place: Place) -> Iterator[TreasureData]:
    with TreasureData(place.url, KEY, retry_seconds=5, job_seconds=20) as made:
        yield made


def table(client: TreasureData, token: str) -> LedgerTable:
    return LedgerTable(client, STATE, token=token, clock=lambda: int(time.time()))


def test_a_row_is_written_once_whatever_happens_to_the_answer(client: TreasureData, place: Place) -> None:
    mine = table(client, "a")
    mine.bootstrap()
    writer = claim(mine, mine.read(), run("a"))
    row = writer.entry(HERE, Event.FAILED, {"attempt": "x", "what": 'it\'s "so"', "unsent": True, "code": "R020"})
    place.fault("request", "reset_after", match="job/issue", times=2)
    writer.append([row], key="once")
    writer.append([row], key="once")
    assert place.sql(f"SELECT COUNT(*) FROM {STATE}.ledger WHERE event = 'failed'") == [[1]]
    assert writer.read().cohorts[HERE].failure == 'it\'s "so"'


def test_of_two_runs_one_gets_the_epoch(client: TreasureData) -> None:
    first, second = table(client, "a"), table(client, "b")
    first.bootstrap()
    seen = first.read()
    assert claim(first, seen, run("a")).epoch == 1
    with pytest.raises(Locked, match="another run is writing: ann on laptop"):
        claim(second, seen, run("b"))


def test_a_burned_epoch_is_passed_over(client: TreasureData) -> None:
    mine = table(client, "a")
    mine.bootstrap()
    ledger = mine.read()
    client.submit(STATE, "SELECT nonsense", key=f"cohorts-{ledger.id}-1-claim", scheduled_time=0)
    assert claim(mine, ledger, run("a")).epoch == 2


def test_a_run_that_was_taken_over_stops(client: TreasureData) -> None:
    first, second = table(client, "a"), table(client, "b")
    first.bootstrap()
    writer = claim(first, first.read(), run("a"))
    claim(second, second.read(), run("b"))
    row = writer.entry(HERE, Event.INTENT, {"attempt": "x", "table": None, "action": "withdraw"})
    writer.append([row], key="late")
    with pytest.raises(Locked, match=r"another run has taken over \(epoch 2, ours was 1\)"):
        writer.still_ours(row)
    with pytest.raises(Locked):
        writer.read()


def test_a_row_that_is_not_there_stops_too(client: TreasureData) -> None:
    mine = table(client, "a")
    mine.bootstrap()
    writer = claim(mine, mine.read(), run("a"))
    with pytest.raises(Locked, match="is not there"):
        writer.still_ours(Entry("never", 1, 9, HERE, Event.SENDING, {}))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE cohort_runner.ledger SET schema_version = 2", "L002"),
        ("UPDATE cohort_runner.ledger SET event = 'dance'", "L002"),
        ("DELETE FROM cohort_runner.ledger", "L003"),
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
