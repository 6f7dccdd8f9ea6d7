"""Notices through the real command: told when something changes, not while it stays the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.hook import Hook, listening
from tests.place import Place

ALL = "SELECT customer_id FROM customers"
FEW = f"{ALL} WHERE customer_id = 'ann'"
BAD = f"{ALL} WHERE spent > 1"
GITHUB = {"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "shop/cohorts", "GITHUB_RUN_ID": "7"}


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as made:
        yield made


@pytest.fixture
def told(place: Place, hook: Hook) -> Place:
    return replace(place, environment={"COHORTS_WEBHOOK_URL": hook.address})


def test_failed_once_then_quiet_then_recovered(told: Place, hook: Hook) -> None:
    told.cohort("vips", BAD)
    told.cohort("fans", ALL)
    assert told.run("sync", **GITHUB).code == 7
    assert hook.taken() == [
        "*Cohorts: target sandbox*\n:x: 1 failed: `vips` (R020, crm-team)\n"
        "More about R020: `cohorts explain R020`. <https://github.example/shop/cohorts/actions/runs/7|The run>"
    ]
    assert told.run("sync").code == 1
    assert hook.taken() == []
    told.cohort("vips", ALL)
    answer = told.run("sync")
    assert hook.taken() == ["*Cohorts: target sandbox*\n:white_check_mark: 1 recovered: `vips` (crm-team)"]
    assert told.run("sync", "--refresh").code == 0
    assert hook.taken() == []
    assert "secret" not in answer.out + answer.err


def test_a_guard_and_then_another(told: Place, hook: Hook) -> None:
    told.cohort("vips", ALL)
    told.run("sync")
    told.cohort("vips", FEW, extra="guards: {max_removed: 0}\n")
    for notices in (1, 0):
        assert told.run("sync").code == 6
        assert len(found := hook.taken()) == notices
        assert all(":no_entry: 1 blocked by a guard: `vips` (G003, crm-team)\n" in text for text in found)
    told.cohort("vips", f"{ALL} WHERE spend < 0")
    assert told.run("sync").code == 6
    assert [": `vips` (G001, crm-team)\n" in text for text in hook.taken()] == [True]
    told.cohort("vips", BAD)
    assert told.run("sync").code == 1
    assert [":x: 1 failed: `vips` (R020, crm-team)" in text for text in hook.taken()] == [True]


def test_a_failure_after_sending_is_told_once(told: Place, hook: Hook) -> None:
    told.cohort("vips", ALL)
    told.fault("export", "fail", match="vips", times=2)
    assert told.run("sync").code == 1
    assert told.run("sync").code == 1
    assert [":x: 1 failed: `vips` (R021, crm-team)" in text for text in hook.taken()] == [True]
    assert told.run("sync").code == 0
    assert ["recovered: `vips` (crm-team)" in text for text in hook.taken()] == [True]


def test_refused_withdrawals_are_told_each_time(told: Place, hook: Hook) -> None:
    for cohort in ("one", "two", "three"):
        told.cohort(cohort, ALL)
    told.run("sync")
    for cohort in ("one", "two"):
        (told.folder / "cohorts" / f"{cohort}.yml").unlink()
    for _ in range(2):
        assert told.run("sync").code == 6
        assert [":no_entry: 2 withdrawals refused by a guard" in text for text in hook.taken()] == [True]


def test_a_rollback_is_told_too(told: Place, hook: Hook) -> None:
    told.cohort("vips", FEW)
    told.run("sync")
    told.cohort("vips", ALL)
    told.run("sync")
    told.fault("export", "fail", match="vips")
    assert told.run("rollback", "vips", "--reason", "too many").code == 1
    assert ["failed: `vips` (R021, crm-team)" in text for text in hook.taken()] == [True]


@pytest.mark.parametrize(
    ("environment", "code", "words"),
    [
        ({"TD_API_KEY": "wrong-key"}, 4, "Treasure Data refused the key (R003)"),
        ({"TD_API_KEY": ""}, 4, "Treasure Data refused the key (R001)"),
        ({}, 9, "another run is writing, or the ledger cannot be used (L003)"),
        ({"COHORTS_JOB_SECONDS": "many"}, 64, ""),
    ],
)
def test_a_run_that_could_not_begin(
    told: Place, hook: Hook, environment: dict[str, str], code: int, words: str
) -> None:
    told.cohort("vips", ALL)
    told.run("sync")
    if not environment:
        told.sql("DELETE FROM cohort_runner.cohort_ledger")
    assert told.run("sync", **environment).code == code
    assert [words in text for text in hook.taken()] == ([True] if words else [])


def test_a_webhook_that_is_down_changes_nothing(place: Place) -> None:
    place.cohort("vips", BAD)
    with listening(500) as hook:
        answers = [
            place.run("sync", "--output", "json", COHORTS_WEBHOOK_URL=address)
            for address in (hook.address, "http://127.0.0.1:9/secret", "ftp://secret.example/")
            if place.sql("DROP SCHEMA IF EXISTS cohort_runner CASCADE") == []
        ]
    whys = ["it answered 500", "it could not be reached", "the address does not begin with https:// or http://"]
    for answer, why in zip(answers, whys, strict=True):
        assert answer.code == 1
        assert f"\nR050 the notice could not be delivered to the webhook: {why}; the run is not affected" in answer.err
        assert answer.out.startswith("{\n")
        assert "R050" not in answer.out
        assert "secret" not in answer.out + answer.err


def test_no_member_is_told_and_nobody_mentioned(told: Place, hook: Hook) -> None:
    told.cohort("vips", f"{ALL} WHERE 'ann@example.com' = spent", name="<!channel> & @here")
    told.cohort("fans", f"{ALL} WHERE customer_id = 'ann' AND CAST('eve' AS BIGINT) = 1", name="<!channel>")
    assert told.run("sync").code == 1
    (text,) = hook.taken()
    assert "`fans` (R020, crm-team), `vips` (R020, crm-team)" in text
    for hidden in ("ann", "eve", "channel", "here", "example"):
        assert hidden not in text


def test_nothing_is_posted_without_an_address(place: Place, hook: Hook) -> None:
    place.cohort("vips", BAD)
    assert place.run("sync", COHORTS_WEBHOOK_URL=" ").code == 1
    assert hook.texts == []
