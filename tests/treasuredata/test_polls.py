"""How often a job is looked at: its end is noticed soon, and no service is flooded."""

from __future__ import annotations

import pytest
from runner.treasuredata.client import FIRST_POLL, LONGEST_POLL, QUESTIONS, next_pause


def looks(seconds: float, *, waiting: int = 1) -> list[float]:
    """When a job is looked at that takes so long; the last time is that at which its end is noticed."""
    times, pause = [0.0], FIRST_POLL
    while times[-1] < seconds:
        times.append(times[-1] + pause)
        pause = next_pause(pause, elapsed=times[-1], waiting=waiting)
    return times


@pytest.mark.parametrize("seconds", [0.01, 0.2, 1, 3, 7.7, 30, 100, 149])
def test_the_end_is_noticed_within_a_tenth_or_half_a_second(seconds: float) -> None:
    noticed = looks(seconds)[-1]
    assert noticed - seconds <= max(0.5, seconds / 10)


@pytest.mark.parametrize("seconds", [600, 3600])
def test_a_long_job_is_looked_at_every_quarter_of_a_minute(seconds: float) -> None:
    times = looks(seconds)
    assert times[-1] - seconds <= LONGEST_POLL
    assert len(times) < 60 + seconds / LONGEST_POLL


def test_a_job_is_not_looked_at_too_often() -> None:
    assert len(looks(3)) < 20
    assert len(looks(60)) < 50


def test_many_jobs_are_looked_at_in_turn() -> None:
    """Sixteen jobs at once: once they have gone on for some seconds, as many looks in a second as there may be."""
    times = looks(20, waiting=16)
    later = [time for time in times if 5 < time < 20]
    assert len(later) * 16 / 15 <= QUESTIONS * 1.2
