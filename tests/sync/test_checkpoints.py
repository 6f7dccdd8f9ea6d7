"""Checkpoints of the ledger through the real command: made, read, damaged and lost, nobody sees a difference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.place import Answer, Place

ALL = "SELECT customer_id FROM customers"
LEDGER = "cohort_runner.cohort_ledger"
OFTEN = {"COHORTS_CHECKPOINT_ROWS": "0"}
SELDOM = {"COHORTS_CHECKPOINT_ROWS": "999999"}


def tables(place: Place) -> list[str]:
    """The tables of checkpoints, the newest last."""
    found = place.sql("SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'cohort_ledger_until_%'")
    return sorted(name for (name,) in found)


def marks(place: Place) -> list[str]:
    """The tables that are on record, in their order."""
    told = place.sql(f"SELECT detail FROM {LEDGER} WHERE event = 'checkpoint' ORDER BY epoch, sequence")
    return [json.loads(detail)["table"] for (detail,) in told]


def status(place: Place) -> Any:
    answer = place.run("status", "-o", "json")
    assert answer.code == 0, answer.err
    return json.loads(answer.out)["cohorts"]


def read(place: Place) -> int:
    """How many queries `status` needs for the ledger."""
    place.requests()
    status(place)
    return int(place.requests()["jobs"]["trino"])


def sync(place: Place, *arguments: str, often: bool = True) -> Answer:
    answer = place.run("sync", *arguments, **(OFTEN if often else SELDOM))
    assert answer.code == 0, answer.out + answer.err
    return answer


@pytest.fixture
def synced(place: Place) -> Place:
    """Two cohorts that were synced twice, with a checkpoint after each sync."""
    place.customers("ann", "bob", "eve")
    place.cohort("vips", ALL)
    place.cohort("fans", f"{ALL} WHERE customer_id <> 'eve'")
    sync(place)
    sync(place, "--refresh")
    return place


def test_what_is_read_by_a_checkpoint_is_what_all_rows_say(synced: Place) -> None:
    assert marks(synced) == tables(synced)
    assert len(tables(synced)) == 2, "the one before stays for whoever is reading by it"
    by_checkpoint = status(synced)
    assert read(synced) == 1
    for table in tables(synced):
        synced.sql(f"DROP TABLE cohort_runner.{table}")
    assert status(synced) == by_checkpoint


def test_few_rows_are_read(synced: Place) -> None:
    copied: list[int] = []
    for _ in range(3):
        sync(synced, "--refresh")
        copied += synced.sql(f"SELECT COUNT(*) FROM cohort_runner.{tables(synced)[-1]}")[0]
    assert copied == [10] * 3
    assert len(tables(synced)) == 2


def test_an_edit_and_a_withdrawal_after_a_checkpoint(synced: Place) -> None:
    synced.cohort("vips", f"{ALL} WHERE customer_id = 'ann'", extra="guards: {max_removed: 100%}\n")
    (synced.folder / "cohorts" / "fans.yml").unlink()
    sync(synced)
    assert (synced.members("vips"), synced.members("fans")) == ({"ann"}, set())
    assert synced.run("rollback", "vips", "--reason", "wrong").code == 0
    assert synced.members("vips") == {"ann", "bob", "eve"}
    assert synced.run("verify").code == 0


def test_a_copy_that_fails_harms_nothing(synced: Place) -> None:
    before = marks(synced)
    synced.fault("query", "fail", match='CREATE TABLE "cohort_runner"."cohort_ledger_until')
    sync(synced, "--refresh")
    assert marks(synced) == before
    assert read(synced) == 1


def test_a_copy_that_is_not_on_record_is_not_read(synced: Place) -> None:
    """As a run leaves it that is killed before the row is written."""
    newest = tables(synced)[-1]
    left = f"cohort_ledger_until_{99:010}_{1:010}_{2:010}"
    synced.sql(f"CREATE TABLE cohort_runner.{left} AS SELECT * FROM cohort_runner.{newest} LIMIT 1")
    assert read(synced) == 2
    sync(synced, "--refresh")
    assert left not in tables(synced)
    assert read(synced) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM {0} WHERE event = 'synced'",
        "UPDATE {0} SET detail = REPLACE(detail, 'customer_id', 'spend')",
        "UPDATE {0} SET detail = 'x'",
        "UPDATE {0} SET epoch = 0",
        "DELETE FROM {0}",
        "INSERT INTO {0} SELECT * REPLACE ('l-1-77' AS row_id) FROM {0} WHERE event = 'synced'",
        "ALTER TABLE {0} DROP COLUMN detail",
    ],
)
def test_a_damaged_copy_is_not_read(synced: Place, damage: str) -> None:
    right = status(synced)
    for table in tables(synced):
        synced.sql(damage.format(f"cohort_runner.{table}"))
    assert status(synced) == right
    sync(synced, "--refresh")
    assert read(synced) == 1
    assert synced.members("vips") == {"ann", "bob", "eve"}


def test_a_row_that_is_there_twice_is_one(synced: Place) -> None:
    table = tables(synced)[-1]
    synced.sql(f"INSERT INTO cohort_runner.{table} SELECT * FROM cohort_runner.{table}")
    assert read(synced) == 1


def test_a_late_row_is_seen(synced: Place) -> None:
    """A run that was asleep writes of an epoch that is covered."""
    [[row]] = synced.sql(
        f"SELECT row_id FROM {LEDGER} WHERE event = 'intent' AND cohort_id = 'vips' ORDER BY epoch, sequence LIMIT 1"
    )
    late = "row_id || '9' AS row_id, sequence + 900 AS sequence, 'abandoned' AS event"
    detail = """'{"actor": "ann", "reason": "asleep"}' AS detail, '' AS workspace"""
    synced.sql(f"INSERT INTO {LEDGER} SELECT * REPLACE ({late}, {detail}) FROM {LEDGER} WHERE row_id = '{row}'")
    assert read(synced) == 2, "the newest checkpoint does not fit any more"
    sync(synced, "--refresh")
    assert read(synced) == 1


def test_a_row_that_is_gone_is_noticed(synced: Place) -> None:
    synced.sql(f"DELETE FROM {LEDGER} WHERE event = 'intent' AND epoch = 1")
    assert read(synced) == 3, "neither checkpoint fits any more"


def test_nothing_is_made_where_it_does_not_pay(place: Place) -> None:
    place.customers("ann")
    place.cohort("vips", ALL)
    sync(place, often=False)
    assert tables(place) == []


def test_a_number_of_rows_that_is_none(place: Place) -> None:
    answer = place.run("status", COHORTS_CHECKPOINT_ROWS="many")
    assert (answer.code, answer.err.split(" ")[0]) == (64, "R002")
