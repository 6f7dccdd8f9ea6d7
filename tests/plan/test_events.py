"""Ledgers that earlier versions wrote are read as they were; and what is written is as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from runner.plan import events
from runner.plan.events import Details, Ended, Event, NotAsWritten
from runner.plan.fold import fold
from runner.plan.history import records
from runner.treasuredata.rows import entries_of
from tests.plan.shown import shown

LEDGERS = Path(__file__).with_name("ledgers")
MINUTE = 60


def rows(name: str) -> list[list[Any]]:
    return [json.loads(line) for line in (LEDGERS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", ["written", "older"])
def test_a_ledger_of_an_earlier_version_means_what_it_meant(name: str) -> None:
    """`written` is by the version before events had types; `older` lacks every key that came after the first one."""
    kept = rows(name)
    entries = entries_of(kept, "cohort_ledger")
    ledger = fold(entries, now=max(row[7] for row in kept) + MINUTE)
    expected = json.loads((LEDGERS / f"{name}.json").read_text(encoding="utf-8"))
    told = shown(ledger)
    for cohort in told["cohorts"].values():
        cohort.pop("sizes")  # a field that came after these ledgers were kept
    assert told == expected["ledger"]
    assert shown(records(entries)) == expected["history"]


LATER = {"database": ""}
"""Keys that came after these rows were kept, as they are read where a row lacks them."""


def test_rows_are_written_as_they_were() -> None:
    for row in rows("written"):
        told = json.loads(row[6])
        detail = events.read(Event(row[5]), told, row[7])
        later = LATER if isinstance(detail, get_args(Ended)) else {}
        assert detail.written() == {**told, **later}


def test_every_event_has_a_class() -> None:
    assert {each.event for each in get_args(Details)} == set(Event)


@pytest.mark.parametrize(
    ("event", "told", "key"),
    [
        (Event.BOOTSTRAP, {}, "ledger_id"),
        (Event.INTENT, {"attempt": "x"}, "action"),
        (Event.INTENT, {"attempt": "x", "action": "update", "tables": [1]}, "tables"),
        (Event.FAILED, {"attempt": "x", "code": "c", "what": "w", "unsent": 0}, "unsent"),
        (Event.FAILED, {"attempt": "x", "code": "c", "what": "w", "unsent": False}, "keys"),
        (Event.ADOPTED, {"attempt": "x", "table": 5, "name": "", "export_keys": []}, "table"),
        (Event.SYNCED, {"attempt": "x", "sizes": ["mirror:soon:5"]}, "sizes"),
        (Event.SYNCED, {"attempt": "x", "sizes": "mirror:5:5"}, "sizes"),
        (Event.CHECKPOINT, {"table": "t", "epoch": 1, "sequence": 2, "covered": "3", "digest": "d"}, "covered"),
    ],
)
def test_what_was_not_written_so_is_refused(event: Event, told: Mapping[str, Any], key: str) -> None:
    with pytest.raises(NotAsWritten) as caught:
        events.read(event, told, 0)
    assert caught.value.key == key
