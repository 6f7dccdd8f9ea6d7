"""A ledger that somebody else wrote to: refused in a sentence, never with a traceback, never "create all"."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from runner.errors import Locked
from runner.sandbox.options import Options, Shop
from runner.sandbox.server import running
from runner.treasuredata.client import TreasureData
from runner.treasuredata.ledger import LedgerTable
from tests.place import KEY, Place

LEDGER = "cohort_runner.cohort_ledger"
SYNCED = "WHERE event = 'synced'"


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A place where a cohort was synced and a guard has stopped it since, with a copy of its ledger."""
    folder = tmp_path_factory.mktemp("damaged")
    (folder / "cohorts").mkdir()
    with running(Options(shop=Shop(customers=1, purchases=1))) as url:
        place = Place(folder, url)
        place.project()
        place.customers("ann", "bob", "eve")
        place.cohort("vips", "SELECT customer_id FROM customers")
        assert place.run("sync").code == 0
        place.cohort("vips", "SELECT customer_id FROM customers WHERE spend < 0")
        assert place.run("sync").code == 6
        place.sql(f"CREATE TABLE shop.copy AS SELECT * FROM {LEDGER}")
        yield place


def refusal(place: Place, *changes: str) -> Locked:
    place.sql(f"DROP TABLE IF EXISTS {LEDGER}")
    place.sql(f"CREATE TABLE {LEDGER} AS SELECT * FROM shop.copy")
    for change in changes:
        place.sql(change)
    with TreasureData(place.url, KEY, retry_seconds=5, job_seconds=20) as client:
        table = LedgerTable(client, "cohort_runner", token=str(time.monotonic_ns()), clock=lambda: 0)
        with pytest.raises(Locked) as refused:
            table.read()
    return refused.value


def test_the_copy_itself_is_good(synced: Place) -> None:
    with pytest.raises(pytest.fail.Exception):
        refusal(synced)


@pytest.mark.parametrize(
    "changes",
    [
        (f"DROP TABLE {LEDGER}", f"CREATE TABLE {LEDGER} AS SELECT 'ann' AS email, 1 AS time"),
        (f"ALTER TABLE {LEDGER} DROP COLUMN detail",),
        (f"DELETE FROM {LEDGER}",),
        (f"DELETE FROM {LEDGER} WHERE event = 'bootstrap'",),
    ],
    ids=["other columns", "a column gone", "no rows", "no first row"],
)
def test_a_table_that_is_no_ledger(synced: Place, changes: tuple[str, ...]) -> None:
    refused = refusal(synced, *changes)
    assert refused.code == "L003"
    assert refused.what.startswith(f"the table {LEDGER} is not a ledger: it has ")


def test_a_ledger_whose_columns_hold_something_else(synced: Place) -> None:
    words = "'l' AS ledger_id, 'one' AS schema_version, 'l-0' AS row_id, 'zero' AS epoch, 0 AS sequence,"
    more = "'' AS workspace, '' AS cohort_id, 'bootstrap' AS event, '{\"ledger_id\": \"l\"}' AS detail, 1 AS time"
    refused = refusal(synced, f"DROP TABLE {LEDGER}", f"CREATE TABLE {LEDGER} AS SELECT {words} {more}")
    assert (refused.code, refused.what) == (
        "L011",
        "a row of the ledger cannot be read: l-0 (bootstrap) lacks its place or its time",
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (f"UPDATE {LEDGER} SET ledger_id = 'other' {SYNCED}", "1 of its rows are of another ledger"),
        (f"UPDATE {LEDGER} SET ledger_id = NULL {SYNCED}", "1 of its rows are of another ledger"),
        (
            f"INSERT INTO {LEDGER} SELECT * REPLACE ('x-0' AS row_id) FROM {LEDGER} WHERE event = 'bootstrap'",
            "it has the first rows of 2 ledgers",
        ),
    ],
)
def test_two_ledgers_in_one_table(synced: Place, change: str, words: str) -> None:
    refused = refusal(synced, change)
    assert (refused.code, refused.what) == ("L012", f"the table {LEDGER} is not one ledger: {words}")


@pytest.mark.parametrize("column", ["row_id", "workspace", "cohort_id", "event"])
def test_a_text_that_is_missing(synced: Place, column: str) -> None:
    refused = refusal(synced, f"UPDATE {LEDGER} SET {column} = NULL {SYNCED}")
    assert refused.code == "L011"
    assert refused.what.endswith("lacks its id, its event or what it is about")


@pytest.mark.parametrize("column", ["epoch", "sequence", "schema_version", "time"])
@pytest.mark.parametrize("value", ["NULL", "-1"])
def test_a_number_that_is_missing(synced: Place, column: str, value: str) -> None:
    refused = refusal(synced, f"UPDATE {LEDGER} SET {column} = {value} {SYNCED}")
    assert refused.code == "L011"
    assert refused.what.endswith("(synced) lacks its place or its time")


def test_a_time_that_no_calendar_has(synced: Place) -> None:
    assert refusal(synced, f"UPDATE {LEDGER} SET time = 253402300800 {SYNCED}").code == "L011"


@pytest.mark.parametrize("event", ["lease", "intent", "failed", "sending", "synced", "bootstrap"])
def test_details_that_are_cut_off(synced: Place, event: str) -> None:
    where = f"WHERE event = '{event}'"
    for detail, words in (("NULL", "holds no JSON"), ("'{\"att'", "holds no JSON"), ("'{}'", "has no proper `")):
        refused = refusal(synced, f"UPDATE {LEDGER} SET detail = {detail} {where}")
        assert refused.code == "L011"
        assert f"({event}) {words}" in refused.what


@pytest.mark.parametrize(
    ("event", "before", "after", "key"),
    [
        ("synced", '"size":3', '"size":"3"', "size"),
        ("synced", '"resolves":[', '"resolves":[1,', "resolves"),
        ("sending", '"aliases":"aliases"', '"aliases":{}', "setting_keys"),
        ("failed", '"unsent":true', '"unsent":false', "keys"),
        ("failed", '"unsent":true', '"unsent":1', "unsent"),
        ("bootstrap", '{"ledger_id":"', '{"ledger_id":"x', "another"),
    ],
)
def test_details_of_another_kind(synced: Place, event: str, before: str, after: str, key: str) -> None:
    change = f"UPDATE {LEDGER} SET detail = replace(detail, '{before}', '{after}')"
    gone = f"UPDATE {LEDGER} SET detail = replace(detail, '\"keys\":[]', '\"k\":[]')"
    refused = refusal(synced, *([gone] if key == "keys" else []), f"{change} WHERE event = '{event}'")
    assert refused.code == "L011"
    assert key in refused.what


def test_a_row_that_is_there_twice(synced: Place) -> None:
    again = f"INSERT INTO {LEDGER} SELECT * REPLACE ({{}}) FROM {LEDGER} {SYNCED}"
    assert refusal(synced, again.format("0 AS sequence")).what.endswith("(synced) is there twice, with different words")
    with pytest.raises(pytest.fail.Exception):  # an INSERT that was applied twice
        refusal(synced, again.format("time + 5 AS time"))


def test_nothing_of_a_foreign_row_is_shown(synced: Place) -> None:
    refused = refusal(synced, f"UPDATE {LEDGER} SET row_id = 'ann@example.com', detail = '' {SYNCED}")
    assert refused.what == "a row of the ledger cannot be read: … (synced) holds no JSON"


@pytest.mark.parametrize("command", ["plan", "sync", "status", "history", "unlock"])
def test_every_command_says_so(synced: Place, command: str) -> None:
    refusal(synced, f"UPDATE {LEDGER} SET detail = '{{}}' {SYNCED}")
    answer = synced.run(command)
    assert (answer.code, answer.err.split(" ")[0], "Traceback" in answer.err) == (9, "L011", False)
