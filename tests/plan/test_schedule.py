"""When a schedule is due next: days without an hour, hours that come twice, ends of months, runs across the time."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st
from runner.plan.schedule import clock, due_since, next_due
from runner.project.schedules import Schedule

BERLIN = "Europe/Berlin"


def moment(text: str, zone: str = BERLIN) -> int:
    """Unix seconds of a local time; `+` at its end means the second of two."""
    found = datetime.fromisoformat(text.removesuffix("+")).replace(tzinfo=ZoneInfo(zone), fold=text.endswith("+"))
    return int(found.timestamp())


@pytest.mark.parametrize(
    ("cron", "as_of", "due"),
    [
        pytest.param("0 6 * * *", "2026-11-24 05:59:59", "2026-11-24 06:00", id="a second before"),
        pytest.param("0 6 * * *", "2026-11-24 06:00:00", "2026-11-25 06:00", id="on the second"),
        pytest.param("0 6 * * *", "2026-11-24 06:00:01", "2026-11-25 06:00", id="a second after"),
        pytest.param("30 2 * * *", "2026-03-28 12:00", "2026-03-29 03:00", id="a time that spring leaves out"),
        pytest.param("0,30 2 * * *", "2026-03-29 03:00", "2026-03-30 02:00", id="two of them are one"),
        pytest.param("*/30 * * * *", "2026-03-29 01:30", "2026-03-29 03:00", id="minutes go on after the gap"),
        pytest.param("30 2 * * *", "2026-10-25 02:29", "2026-10-25 02:30", id="the first of two"),
        pytest.param("30 2 * * *", "2026-10-25 02:30", "2026-10-26 02:30", id="not again at the second"),
        pytest.param("45 2 * * *", "2026-10-25 02:30+", "2026-10-26 02:45", id="asked between the two"),
        pytest.param("*/30 * * * *", "2026-10-25 02:30", "2026-10-25 02:00+", id="minutes take both"),
        pytest.param("0 6 31 * *", "2026-01-31 06:00", "2026-03-31 06:00", id="months without a 31st"),
        pytest.param("0 6 L * *", "2026-02-01 00:00", "2026-02-28 06:00", id="the last day"),
        pytest.param("0 6 29 2 *", "2026-11-24 00:00", "2028-02-29 06:00", id="a leap day"),
        pytest.param("0 6 * * MON-FRI", "2026-11-27 06:00", "2026-11-30 06:00", id="over a week-end"),
        pytest.param("0 6 1 * MON", "2026-11-24 00:00", "2026-11-30 06:00", id="either of two days, as in cron"),
    ],
)
def test_the_next_time(cron: str, as_of: str, due: str) -> None:
    assert next_due(Schedule(cron, BERLIN), moment(as_of)) == moment(due)


def test_a_day_is_23_or_25_hours_where_the_clock_is_changed() -> None:
    daily = Schedule("0 6 * * *", BERLIN)
    for day, hours in (("2026-03-28", 23), ("2026-10-24", 25), ("2026-11-24", 24)):
        at = moment(f"{day} 06:00")
        assert next_due(daily, at) == at + hours * 3600
    always = moment("2026-03-28 06:00", "UTC")
    assert next_due(Schedule("0 6 * * *", "UTC"), always) == always + 24 * 3600


def test_the_rarest_day_comes_again_even_around_the_year_2100() -> None:
    at = moment("2050-01-01", "UTC")
    times = [at := next_due(Schedule("0 6 * 2 MON#5", "UTC"), at) for _ in range(8)]
    assert max(later - earlier for earlier, later in itertools.pairwise(times)) > 11 * 365 * 86_400
    assert all(datetime.fromtimestamp(at, UTC).strftime("%a %d %b") == "Mon 29 Feb" for at in times)


def test_a_run_across_the_time_does_not_swallow_it() -> None:
    daily = Schedule("0 6 * * *", BERLIN)
    began, ended = moment("2026-11-24 05:59"), moment("2026-11-24 06:02")
    assert due_since(daily, began, ended) == moment("2026-11-24 06:00")
    assert due_since(daily, began, moment("2026-11-24 05:59:59")) is None


def test_what_was_missed_is_due_since_the_first_time() -> None:
    daily = Schedule("0 6 * * *", BERLIN)
    assert due_since(daily, moment("2026-11-20 07:00"), moment("2026-11-24 07:00")) == moment("2026-11-21 06:00")


def test_without_a_schedule_nothing_is_due() -> None:
    assert due_since(None, 0, 2_000_000_000) is None


def test_a_time_is_told_by_its_own_clock() -> None:
    assert clock(moment("2026-11-24 05:00", "UTC"), BERLIN) == "2026-11-24 06:00 Europe/Berlin"
    assert clock(moment("2026-07-24 04:00", "UTC"), BERLIN) == "2026-07-24 06:00 Europe/Berlin"


@given(
    as_of=st.integers(1_700_000_000, 1_900_000_000),
    cron=st.sampled_from(["0 6 * * *", "30 2 * * *", "*/20 * * * *", "15 */2 * * *", "5 1-3 * * 0"]),
    zone=st.sampled_from([BERLIN, "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_the_next_time_is_later_and_nothing_lies_between(as_of: int, cron: str, zone: str) -> None:
    found = next_due(Schedule(cron, zone), as_of)
    assert found > as_of
    before = CronSim(cron, datetime.fromtimestamp(found, ZoneInfo(zone)), reverse=True)
    assert int(next(before).timestamp()) <= as_of


def test_a_thousand_cohorts_cost_next_to_nothing() -> None:
    next_due.cache_clear()
    began = time.perf_counter()
    for number in range(1000):
        due_since(Schedule(f"{number % 60} 5 1 * *", BERLIN), 1_790_000_000 + number, 1_790_000_100)
    assert time.perf_counter() - began < 2
