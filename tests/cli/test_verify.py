"""The ledger put to the proof through the real command, with a key that may only read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from runner.errors import Locked
from runner.project import file as projects
from runner.sync.verify import verify
from runner.treasuredata.client import TreasureData
from runner.treasuredata.ledger import LedgerRows, LedgerTable, See
from tests.place import KEY, Answer, Place

ALL = "SELECT customer_id FROM customers"
FEW = f"{ALL} WHERE customer_id = 'ann'"
LEDGER = "cohort_runner.cohort_ledger"
SCHEMA = json.loads((Path(__file__).parents[2] / "schema" / "output.schema.json").read_text("utf-8"))


def verified(place: Place, *arguments: str) -> Answer:
    return place.run("verify", *arguments, TD_API_KEY="sandbox-reading-key")


def tables(place: Place, cohort: str) -> list[str]:
    """Snapshots that were delivered for a cohort, the first one first."""
    rows = place.sql(
        f"SELECT detail::JSON ->> '$.table' FROM {LEDGER}"
        f" WHERE event = 'synced' AND cohort_id = '{cohort}' ORDER BY epoch, sequence"
    )
    return [table for (table,) in rows]


@pytest.fixture
def synced(place: Place) -> Place:
    """Ten cohorts, so that they do not fit into one query; `c0` was synced twice."""
    for number in range(10):
        place.cohort(f"c{number}", ALL)
    assert place.run("sync").code == 0
    place.cohort("c0", FEW, extra="guards: {max_removed: 100%}\n")
    assert place.run("sync").code == 0
    return place


def test_all_is_well_and_nothing_is_written(synced: Place) -> None:
    before = synced.sql(f"SELECT COUNT(*) FROM {LEDGER}")
    synced.requests()
    answer = verified(synced)
    assert (answer.code, answer.out) == (0, "10 cohorts, 11 snapshots compared: all is as the ledger says.\n")
    assert synced.requests()["jobs"]["trino"] == 3  # the ledger, and two groups of snapshots
    assert synced.sql(f"SELECT COUNT(*) FROM {LEDGER}") == before


def test_before_the_first_sync(place: Place) -> None:
    answer = verified(place)
    assert (answer.code, answer.out) == (0, "0 cohorts, 0 snapshots compared: all is as the ledger says.\n")


def test_snapshots_that_are_gone_changed_or_left_over(synced: Place) -> None:
    replaced, delivered = tables(synced, "c0")
    (changed,), (gone,), (odd,) = tables(synced, "c1"), tables(synced, "c2"), tables(synced, "c3")
    left = f"{gone[:-11]}00000001_07"
    synced.sql(f"CREATE TABLE cohort_runner.{left} AS SELECT 1 AS x")
    synced.sql(f"CREATE TABLE cohort_runner.{left[:-2]}08 AS SELECT 1 AS x")
    synced.sql(f"DROP TABLE cohort_runner.{gone}")
    synced.sql(f"DROP TABLE cohort_runner.{replaced}")
    synced.sql(f"DELETE FROM cohort_runner.{changed} WHERE value = 'ann'")
    synced.sql(f"INSERT INTO cohort_runner.{delivered} SELECT * FROM cohort_runner.{odd}")
    forget = 'bring the table back, or forget the cohort: `cohorts abandon {0} --reason "…"`, '
    anew = "then `cohorts adopt {0} --members-from DB.TABLE`; without such a table, let a sync create it anew"
    restore = forget.replace("bring the table back", "restore the table")
    answer = verified(synced)
    assert answer.code == 1
    assert answer.out.splitlines() == [
        "  ! L015 2 snapshots are left over from earlier runs; you need to do nothing: the next sync deletes them",
        f"  ! L013 c0: the snapshot {replaced}, kept for a rollback, is gone;"
        " nothing else needs it; the next sync replaces it",
        f"  ✗ L014 c0: the snapshot {delivered} holds 4 members, and the ledger says 1;"
        f" {(restore + anew).format('c0')}",
        f"  ✗ L014 c1: the snapshot {changed} holds 2 members, and the ledger says 3; {(restore + anew).format('c1')}",
        f"  ✗ L013 c2: the snapshot {gone} is gone, so it is not known who is in Braze; {(forget + anew).format('c2')}",
        "",
        "10 cohorts, 11 snapshots compared: 3 things not as the ledger says.",
    ]
    read = json.loads(verified(synced, "--output", "json").out)
    jsonschema.validate(read, SCHEMA)
    assert (read["exit_code"], read["cohorts"], read["snapshots"]) == (1, 10, 11)
    assert [(each["id"], each["code"], each["warning"]) for each in read["findings"]] == [
        (None, "L015", True),
        ("c0", "L013", True),
        ("c0", "L014", False),
        ("c1", "L014", False),
        ("c2", "L013", False),
    ]


def test_warnings_are_no_failure(synced: Place) -> None:
    synced.sql(f"CREATE TABLE cohort_runner.{tables(synced, 'c1')[0][:-2]}07 AS SELECT 1 AS x")
    answer = verified(synced)
    assert (answer.code, answer.out.splitlines()[0][:9]) == (0, "  ! L015 ")
    assert synced.run("sync", "--refresh").code == 0
    assert "L015" not in verified(synced).out


def test_a_pending_snapshot_and_a_failed_attempt(place: Place) -> None:
    place.cohort("vips", ALL)
    place.fault("export", "fail", match="vips")
    assert place.run("sync").code == 1
    place.cohort("fans", f"{ALL} WHERE spent > 1")
    place.cohort("vips", f"{ALL} WHERE spend < 0")  # a guard: its intent names a table that nothing needs
    assert place.run("sync").code in (1, 7)
    assert verified(place).code == 0
    table = place.sql(f"SELECT detail::JSON ->> '$.table' FROM {LEDGER} WHERE event = 'sending'")[0][0]
    place.sql(f"DROP TABLE cohort_runner.{table}")
    assert f"  ✗ L013 vips: the snapshot {table} is gone" in verified(place).out


def test_rows_that_nothing_explains(synced: Place) -> None:
    synced.sql(f"DELETE FROM {LEDGER} WHERE event = 'intent' AND cohort_id = 'c1'")
    synced.sql(f"DELETE FROM {LEDGER} WHERE event = 'lease' AND epoch = 2")
    answer = verified(synced)
    assert answer.code == 1
    assert answer.out.splitlines()[:2] == [
        "  ✗ L016 epoch 2 has 4 rows, and the row with which its run began is missing;"
        " compare the ledger with a copy of its table, restore the missing rows, and find out who writes to it",
        "  ✗ L016 c1: epoch 1 has rows (sending, synced) of an attempt whose first row is missing;"
        " compare the ledger with a copy of its table, restore the missing rows, and find out who writes to it",
    ]


def test_a_snapshot_that_cannot_be_counted(synced: Place) -> None:
    (table,) = tables(synced, "c4")
    synced.fault("query", "fail", match=table, times=2)  # with the others, then alone
    answer = verified(synced)
    assert answer.code == 1
    (line,) = [line for line in answer.out.splitlines() if "✗" in line]
    assert line.startswith(f"  ✗ R020 c4: the snapshot {table} cannot be counted: counting snapshots: job ")


class Disturbed(LedgerTable):
    """A ledger that another run writes to, a row before each of the first reads."""

    def __init__(self, place: Place, client: TreasureData, *, times: int) -> None:
        super().__init__(client, "cohort_runner", token=f"disturbed-{times}", clock=lambda: 0)
        self._place, self._left = place, times

    def whole(self, begin: Callable[[], See]) -> LedgerRows:
        if self._left:
            self._left -= 1
            renewed = f"* REPLACE (row_id || '-{self._left}' AS row_id, sequence + 100 AS sequence)"
            self._place.sql(f"INSERT INTO {LEDGER} SELECT {renewed} FROM {LEDGER} WHERE event = 'lease' AND epoch = 1")
        return super().whole(begin)


@pytest.mark.parametrize("times", [0, 2, 9])
def test_a_run_that_writes_meanwhile_is_no_finding(place: Place, times: int) -> None:
    place.cohort("vips", ALL)
    place.run("sync")
    place.sql(f"DROP TABLE cohort_runner.{tables(place, 'vips')[0]}")
    with TreasureData(place.url, KEY, retry_seconds=5, job_seconds=20) as client:
        table = Disturbed(place, client, times=times)
        target = projects.load(place.folder).targets["sandbox"]
        if times > 5:
            with pytest.raises(Locked, match="a run is writing"):
                verify(client, table, target, token="t")
        else:
            assert [each.code for each in verify(client, table, target, token="t").found] == ["L013"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (f"UPDATE {LEDGER} SET ledger_id = 'other' WHERE event = 'synced'", "L012"),
        (f"UPDATE {LEDGER} SET detail = '{{}}' WHERE event = 'synced'", "L011"),
        (f"DELETE FROM {LEDGER}", "L003"),
    ],
)
def test_a_ledger_that_cannot_be_used(place: Place, change: str, code: str) -> None:
    place.cohort("vips", ALL)
    place.run("sync")
    place.sql(change)
    answer = verified(place)
    assert (answer.code, answer.out, answer.err[:4]) == (9, "", code)
