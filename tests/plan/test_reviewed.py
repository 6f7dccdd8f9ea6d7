"""Two plans are told apart by what they would deliver, and by nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from runner.plan.ledger import Destination
from runner.plan.marker import read as read_marker
from runner.plan.marker import written
from runner.plan.reviewed import KEY, Item, checksum, differences, mark_of, read, unseen
from runner.plan.setting_changes import Setting

A, B = Destination("shop", "a"), Destination("shop", "b")


def told(*items: Item, **more: object) -> dict[str, object]:
    changes = [
        {
            "workspace": each.destination.workspace,
            "braze_id": each.destination.cohort_id,
            "wanted": each.wanted,
            "action": each.action,
        }
        for each in items
    ]
    return {"target": "production", "since": None, "changes": changes, "checksum": total(items), **more}


def total(items: Sequence[Item]) -> str:
    return checksum(items, target="production")


def test_the_same_delivery_whatever_the_order_or_the_word() -> None:
    one, two = Item(A, "v1:1", "create"), Item(B, "withdrawn", "withdraw")
    assert total([one, two]) == total([two, one])
    assert total([one]) == total([Item(A, "v1:1", "update")])
    assert not [*differences([one, two], [two, Item(A, "v1:1", "retry")])]


@pytest.mark.parametrize(
    ("now", "says"),
    [
        ([Item(A, "v1:2", "update")], "a: the sync would deliver something else than the saved plan"),
        ([], "a: to update in the plan, nothing to do now"),
        ([Item(A, "v1:1", "update"), Item(B, "v1:1", "create")], "b: to create now, not in the plan"),
        ([Item(A, "withdrawn", "withdraw")], "a: the sync would deliver something else than the saved plan"),
    ],
)
def test_every_difference_is_a_sentence(now: list[Item], says: str) -> None:
    before = [Item(A, "v1:1", "update")]
    assert [*differences(before, now)] == [says]
    assert total(before) != total(now)


def test_a_destination_is_part_of_it() -> None:
    assert Item(A, "v1:1", "create").mark != Item(B, "v1:1", "create").mark
    assert Item(A, "v1:1", "create").mark != Item(Destination("other", "a"), "v1:1", "create").mark


def test_what_json_told_is_read_back() -> None:
    items = (Item(A, "v1:1", "create"), Item(B, "withdrawn", "withdraw"))
    assert read(told(*items, Item(Destination("shop", "c"), "v1:9", "none"), checksum=total(items))) == items


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"changes": 5, "checksum": ""},
        told(Item(A, "v1:1", "create"), target="sandbox"),
        told(Item(A, "v1:1", "create"), since="0123456789abcdef"),
        told(Item(A, "v1:1", "create"), checksum="sha256:0"),
        {"changes": [{"action": "explode"}], "checksum": ""},
    ],
)
def test_what_is_no_plan_or_was_changed_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        read(broken)


def test_a_comment_carries_marks_of_its_target_only() -> None:
    mark, other = Item(A, "v1:1", "create").mark, Item(B, "v1:1", "create").mark
    first = f"<!-- cohort-runner:plan production sha256:x {mark}{other} -->\r\n## Cohorts"
    assert read_marker(first, "production") == (mark, other)
    assert read_marker(first, "staging") == ()
    assert read_marker(f"text\n{first}", "production") == ()
    assert read_marker("<!-- cohort-runner:plan production sha256:x none -->", "production") == ()
    assert read_marker("<!-- cohort-runner:plan production sha256:x too-many -->", "production") == ()


def test_a_review_without_a_plan_marks_nothing() -> None:
    assert read_marker(written("production", None), "production") == ()


def test_what_was_reviewed_last_of_something_counts_and_nothing_before_it() -> None:
    old, new = (Item(A, wanted, "update").mark for wanted in ("v1:1", "v1:2"))
    setting, again = (mark_of(Setting("a", "expires", "nothing", day)) for day in ("2027-01-01", "2027-02-01"))
    assert (old[:KEY], setting[:KEY]) == (new[:KEY], again[:KEY])
    seen = {mark[:KEY]: mark for mark in (new, setting)}
    assert unseen([old, setting], seen) == {old}
    assert unseen([new, again], seen) == {again}
    assert unseen([Item(B, "v1:1", "update").mark], seen) == {Item(B, "v1:1", "update").mark}
