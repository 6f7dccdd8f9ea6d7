"""The ledger as a log: what happened, by whom and why, and nothing of anybody."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
from runner.treasuredata.client import TreasureData
from runner.treasuredata.ledger import LedgerTable
from tests.place import KEY, Place

ALL = "SELECT customer_id FROM customers"
FEW = "SELECT customer_id FROM customers WHERE customer_id = 'ann'"
SCHEMA = json.loads((Path(__file__).parents[2] / "schema" / "output.schema.json").read_text("utf-8"))


def lines(place: Place, *arguments: str) -> list[list[str]]:
    """Lines without their times, as words between wide gaps."""
    told = place.run("history", *arguments)
    assert told.code == 0, told.err
    return [[word for word in line[16:].strip().split("  ") if word] for line in told.out.splitlines()]


def test_everything_that_happened_newest_first(place: Place) -> None:
    place.cohort("vips", ALL, extra="guards: {max_removed: 0}\n")
    actor = {"GITHUB_ACTOR": "ann"}
    place.run("sync", **actor)
    place.cohort("vips", FEW, extra="guards: {max_removed: 0}\n")
    assert place.run("sync", **actor).code == 6
    place.run("sync", "--allow", "max_removed:vips", "--reason", "a test list went out", **actor)

    header, *rest = [[word.strip() for word in line] for line in lines(place)]
    assert header == ["COHORT", "WHAT", "WHO", "RESULT"]
    assert rest[0] == ["vips", "update", "ann", "0 added, 2 removed, 1 qualify"]
    assert rest[1] == ["max_removed overridden: a test list went out"]
    assert rest[2] == ["vips", "update", "ann", "failed"]
    assert rest[3][0].startswith("G003 vips: 66.7% of the members (2 of 3) would leave")
    assert rest[4:] == [["vips", "create", "ann", "3 added, 0 removed, 3 qualify"], ["-", "bootstrap", "-", "done"]]

    assert place.run("history", "--limit", "1").out.endswith("\n3 earlier; `--limit 0` shows them.\n")
    read = json.loads(place.run("history", "vips", "--output", "json").out)
    jsonschema.validate(read, SCHEMA)
    assert [(each["what"], each["result"], each["members"]) for each in read["records"]] == [
        ("update", "done", 1),
        ("update", "failed", None),
        ("create", "done", 3),
    ]


def test_no_member_is_told(place: Place) -> None:
    place.cohort("vips", FEW)
    place.run("sync", GITHUB_ACTOR="crm")
    assert "ann" not in place.run("history").out
    assert "ann" not in place.run("history", "--output", "json").out


def test_nothing_yet_and_unknown_cohorts(place: Place) -> None:
    assert place.run("history").out == "Nothing was synced to this target yet.\n"
    refused = place.run("history", "vips")
    assert (refused.code, refused.err) == (
        64,
        "P106 nothing was synced to this target yet; sync first\n",
    )


def test_a_damaged_row_stops_everything(place: Place) -> None:
    place.cohort("vips", ALL)
    place.run("sync")
    place.sql("UPDATE cohort_runner.cohort_ledger SET detail = '{\"attempt\"' WHERE event = 'sending'")
    for command in ("plan", "sync", "status", "history"):
        refused = place.run(command)
        assert refused.code == 9
        assert "L011 a row of the ledger cannot be read" in refused.err
    assert place.members("vips") == {"ann", "bob", "eve"}


def test_status_for_programs(place: Place) -> None:
    place.cohort("vips", ALL)
    place.cohort("fans", FEW)
    place.run("sync")
    place.cohort("fans", "SELECT customer_id FROM customers WHERE spend < 0")
    assert place.run("sync").code == 6
    place.cohort("late", ALL)
    (place.folder / "cohorts" / "vips.yml").write_text("id: [\n", encoding="utf-8")
    told = place.run("status", "--output", "json")
    read = json.loads(told.out)
    jsonschema.validate(read, SCHEMA)
    by_id = {each["id"]: each for each in read["cohorts"]}
    assert {name: (each["members"], each["unfinished"], each["action"]) for name, each in by_id.items()} == {
        "fans": (1, True, "update"),
        "late": (None, False, "create"),
        "vips": (3, False, None),
    }
    assert by_id["fans"]["failure"].startswith("fans: nobody qualifies any more")
    assert by_id["late"]["synced_at"] is None
    assert [problem["path"] for problem in read["problems"]] == ["cohorts/vips.yml"]
    assert told.err == ""


def test_few_rows_are_read_for_the_newest_records(place: Place) -> None:
    """However long the ledger is: the rows of the newest epochs, and how many records there are."""
    place.cohort("vips", ALL)
    place.cohort("fans", ALL)
    for _ in range(4):
        assert place.run("sync", "--refresh").code == 0
    answer = place.run("history", "fans", "--limit", "2")
    assert answer.out.count("refresh") == 2
    assert answer.out.endswith("\n2 earlier; `--limit 0` shows them.\n")
    with TreasureData(place.url, KEY, retry_seconds=5, job_seconds=20) as client:
        table = LedgerTable(client, "cohort_runner", token="t", clock=lambda: 0)
        entries, total = table.newest(2, {"fans"})
        assert ({row.epoch for row in entries}, total) == ({0, 3, 4}, 4)
        assert {row.destination.cohort_id for row in entries} == {"", "fans"}
        assert table.newest(0, None)[1] == 9


def test_a_history_of_what_is_no_ledger(place: Place) -> None:
    place.cohort("vips", ALL)
    place.run("sync")
    place.sql("ALTER TABLE cohort_runner.cohort_ledger DROP COLUMN detail")
    answer = place.run("history")
    assert (answer.code, answer.err.split(" ")[0]) == (9, "L003")
    assert "the table cohort_runner.cohort_ledger is not a ledger" in answer.err
