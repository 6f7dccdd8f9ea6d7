"""Guards: what is refused, and the arithmetic in the words."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from runner.definitions.cohort import Cohort, Mode
from runner.files import documents
from runner.files.documents import Document
from runner.identifiers import Handle, Identifier, Kind
from runner.plan.guards import GUARDS, Count, Counts, refusals, too_many_withdrawn
from runner.plan.resending import Expected
from runner.project.file import Guards, Limit

ID = Identifier(Handle(Kind.EXTERNAL_ID), "customer_id")
FILE = b"id: vips\nguards:\n  max_removed: 20%\n"


def cohort(guards: Guards) -> Cohort:
    document = documents.parse(FILE, "cohorts/vips.yml")
    assert isinstance(document, Document)
    return Cohort("vips", "vips", "VIPs", "", "crm", (), "SELECT 1", "", {}, (ID,), Mode.MIRROR, guards, document)


def counted(before: int, after: int, entering: int, leaving: int, **more: Any) -> Counts:
    today = more.pop("largest_today", 0)
    return Counts((Count(ID.handle, before, after, entering, entering, leaving, **more),), largest_today=today)


def codes(counts: Counts, **limits: object) -> list[str]:
    guards = Guards(max_members=1_000_000, **limits)  # type: ignore[arg-type]
    return [problem.code for problem in refusals(cohort(guards), counts)]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        (counted(0, 500_000, 500_000, 0), []),  # a first sync is limited by max_members alone
        (counted(0, 1_000_001, 1_000_001, 0), ["G002"]),
        (counted(0, 0, 0, 0), ["G001"]),
        (counted(1000, 0, 0, 1000), ["G001"]),
        (counted(1000, 700, 0, 300), []),
        (counted(1000, 699, 0, 301), ["G003"]),
        (counted(200, 100, 0, 100), []),  # 50%, but not over 100 members
        (counted(1000, 650, 0, 100, largest_today=1000), ["G003"]),  # small losses add up
        (counted(2000, 3000, 1000, 0), []),
        (counted(2000, 3001, 1001, 0), ["G004"]),
        (counted(4000, 5500, 1500, 0), []),  # over 1,000, but not over 50%
    ],
)
def test_defaults(counts: Counts, expected: list[str]) -> None:
    assert codes(counts) == expected


def test_an_own_limit_is_taken_at_its_word() -> None:
    assert codes(counted(10, 8, 0, 2), max_removed=Limit(percent=Decimal(20))) == []
    assert codes(counted(10, 7, 0, 3), max_removed=Limit(percent=Decimal(20))) == ["G003"]
    assert codes(counted(100, 95, 0, 5), max_removed=Limit(count=4)) == ["G003"]
    assert codes(counted(100, 105, 5, 0), max_added=Limit(count=4)) == ["G004"]


def test_an_allowed_emptiness_is_still_a_removal() -> None:
    assert codes(counted(1000, 0, 0, 1000), allow_empty=True) == ["G003"]
    assert codes(counted(50, 0, 0, 50), allow_empty=True) == []


def test_a_refusal_says_limit_value_line_and_the_way_out() -> None:
    guards = Guards(max_members=100, max_removed=Limit(percent=Decimal(20)))
    (found,) = refusals(cohort(guards), counted(1000, 60, 0, 940))
    assert str(found) == (
        "cohorts/vips.yml:3:3 G003 vips: 94.0% of the members (940 of 1,000) would leave, over the limit of 20%; "
        "if this is right, set `guards: {max_removed: 940}` in this file, "
        'or let it pass once: `--allow max_removed:vips --reason "…"`; if not, mend the query or rule'
    )


def test_a_refusal_by_the_last_24_hours_says_so() -> None:
    (found,) = refusals(cohort(Guards(max_members=10_000)), counted(3368, 3368, 0, 0, largest_today=7998))
    assert found.what == (
        "vips: 57.9% of the members (4,630 of 7,998) would have left within 24 hours,"
        " over the limit of 30% and 100 members:"
        " the cohort had 7,998 members in these hours, and this sync removes 0 of them"
    )
    assert "set `guards: {max_removed: 4630}`" in found.fix


def test_a_refusal_by_this_run_counts_this_run() -> None:
    guards = Guards(max_members=10_000, max_removed=Limit(percent=Decimal(20)))
    (found,) = refusals(cohort(guards), counted(900, 60, 0, 840, largest_today=1000))
    assert "93.3% of the members (840 of 900) would leave, over the limit of 20%" in found.what
    assert "set `guards: {max_removed: 940}`" in found.fix  # what would let it pass


def test_an_override_lets_its_guard_pass_and_no_other() -> None:
    guards, counts = Guards(max_members=10), counted(1000, 500, 0, 500)
    assert [problem.code for problem in refusals(cohort(guards), counts)] == ["G002", "G003"]
    assert [problem.code for problem in refusals(cohort(guards), counts, {"max_removed"})] == ["G002"]
    assert refusals(cohort(guards), counts, {"max_removed", "max_members"}) == ()


def test_an_override_sends_nothing_that_would_arrive_as_something_else() -> None:
    assert [each.code for each in refusals(cohort(Guards(9)), counted(0, 5, 5, 0, type="real"), GUARDS)] == ["G006"]


def test_too_few_members() -> None:
    assert codes(counted(100, 50, 0, 50), min_members=50) == []
    assert codes(counted(100, 49, 0, 51), min_members=50) == ["G008"]
    assert codes(counted(100, 0, 0, 100), min_members=50) == ["G001"]
    assert codes(counted(100, 0, 0, 100), min_members=50, allow_empty=True) == ["G008"]


@pytest.mark.parametrize(
    ("withdrawn", "in_braze", "refused"), [(1, 1, False), (1, 3, False), (2, 10, False), (2, 9, True), (6, 300, True)]
)
def test_withdrawals(withdrawn: int, in_braze: int, refused: bool) -> None:
    assert bool(too_many_withdrawn(withdrawn, in_braze)) is refused


@pytest.mark.parametrize(
    ("withdrawn", "in_braze", "limit", "refused"),
    [
        (6, 300, Limit(count=10), ""),
        (11, 300, Limit(count=10), "11 cohorts would be withdrawn, over the limit of 10"),
        (1, 1, Limit(count=0), "1 cohort would be withdrawn, over the limit of 0"),
        (150, 300, Limit(percent=Decimal(50)), ""),
        (1, 3, Limit(percent=Decimal("12.5")), "1 of 3 cohorts would be withdrawn, over the limit of 12.5%"),
    ],
)
def test_withdrawals_by_a_limit_of_the_project(withdrawn: int, in_braze: int, limit: Limit, refused: str) -> None:
    assert too_many_withdrawn(withdrawn, in_braze, limit) == refused


@pytest.mark.parametrize(
    ("limit", "refused"),
    [(None, []), (7_000_000, []), (6_999_999, ["G012"]), (0, ["G012"])],
)
def test_a_budget_limits_what_is_written_in_a_month(limit: int | None, refused: list[str]) -> None:
    told = Expected(1_000_000, 7_000_000, 1_000_000, in_a_month=7_000_000)
    counts = replace(counted(0, 1_000_000, 1_000_000, 0), expected=told)
    assert codes(counts, max_written_per_month=limit) == refused


def test_an_identifier_that_would_not_arrive_as_it_is_meant() -> None:
    assert codes(counted(0, 5, 5, 0, type="double")) == ["G006"]
    assert codes(counted(0, 5, 5, 0, type="bigint")) == []
    assert codes(counted(0, 5, 5, 0, merged=2)) == ["G007"]


def test_members_who_may_be_in_braze_already_do_not_enter() -> None:
    """A retry after a cut-off first sync sends everybody again; nobody is new."""
    again = Count(ID.handle, before=5000, after=5000, entering=0, missing=5000, leaving=0)
    assert codes(Counts((again,))) == []
