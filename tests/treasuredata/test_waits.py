"""Who waits for a service hears of it: at once when an attempt failed, then every 15 seconds while that lasts."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import pytest
from runner.errors import Unavailable
from runner.treasuredata.client import TreasureData
from runner.treasuredata.waits import Service, Waits
from tests.place import KEY, Place


@dataclass
class Watched:
    """Waits by a clock that a test moves, and what was told when."""

    now: float = 100.0
    told: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.waits = Waits(lambda: self.now, lambda line: self.told.append((self.now - 100, line)))

    def until(self, then: float) -> None:
        """Look every second, as a run does."""
        while self.now < 100 + then:
            self.now += 1
            self.waits.say()


def test_a_failed_attempt_is_told_at_once_and_then_every_15_seconds() -> None:
    watched = Watched()
    with watched.waits.on(Service.TREASURE_DATA, "looking at job 7", most=60) as missed:
        watched.until(2)
        missed("answered 503")
        watched.until(34)
    watched.until(90)
    assert watched.told == [
        (2, "Treasure Data answered 503. Trying again for 2 s of about 60 s: looking at job 7."),
        (17, "Treasure Data answered 503. Trying again for 17 s of about 60 s: looking at job 7."),
        (32, "Treasure Data answered 503. Trying again for 32 s of about 60 s: looking at job 7."),
    ]


def test_the_first_attempt_tells_no_time() -> None:
    watched = Watched()
    with watched.waits.on(Service.TREASURE_DATA, "listing databases", most=3) as missed:
        missed("did not answer (timed out)")
        missed("answered 502")
    told = "Treasure Data did not answer (timed out). Trying again for about 3 s: listing databases."
    assert watched.told == [(0, told)]


def test_a_request_without_an_answer_is_told_after_15_seconds() -> None:
    watched = Watched()
    with watched.waits.on(Service.TREASURE_DATA, "issuing a job", most=60):
        watched.until(14)
        assert watched.told == []
        watched.until(31)
    assert watched.told == [
        (15, "Treasure Data has not answered yet. Waiting for 15 s: issuing a job."),
        (30, "Treasure Data has not answered yet. Waiting for 30 s: issuing a job."),
    ]


def test_many_requests_to_one_service_have_one_line_and_each_service_has_its_own() -> None:
    watched = Watched()
    with ExitStack() as stack:
        stack.enter_context(watched.waits.on(Service.BRAZE, "vips: adding members (job 8)", most=3600))
        for number in range(40):
            missed = stack.enter_context(watched.waits.on(Service.TREASURE_DATA, f"looking at job {number}", most=60))
            missed("answered 429")
        watched.until(40)
        assert watched.waits.lines() == (
            "Treasure Data answered 429. Trying again for 40 s of about 60 s: looking at job 0, and 39 more.",
            "Braze has not taken all of an export yet. Waiting for 40 s: vips: adding members (job 8).",
        )
    assert watched.waits.lines() == ()
    services = [line.partition(" ")[0] for _, line in watched.told]
    assert (services.count("Treasure"), services.count("Braze")) == (3, 1)


def test_the_last_attempt_is_an_error_and_no_wait() -> None:
    watched = Watched()
    with watched.waits.on(Service.TREASURE_DATA, "looking at job 7", most=0) as missed:
        missed("answered 503")
    assert watched.told == []


def test_what_ended_in_an_error_is_waited_for_no_more() -> None:
    watched = Watched()
    with suppress(Unavailable), watched.waits.on(Service.TREASURE_DATA, "looking at job 7", most=60) as missed:
        missed("answered 503")
        raise Unavailable("R004", "no answer", "run again")
    watched.until(40)
    assert len(watched.told) == 1
    assert watched.waits.lines() == ()


@pytest.mark.parametrize("do", ["status:503", "status:429", "reset_before"])
def test_the_client_tells(place: Place, do: str) -> None:
    place.fault("request", do, match="database/list")
    told: list[str] = []
    waits = Waits(time.monotonic, told.append)
    with TreasureData(place.url, KEY, retry_seconds=5, job_seconds=20, waits=waits) as client:
        assert "shop" in client.databases()
        assert "shop" in client.databases()
    (line,) = told
    how = {"reset_before": "did not answer (connection lost)"}.get(do, f"answered {do[-3:]}")
    assert line == f"Treasure Data {how}. Trying again for about 5 s: listing databases."


def test_an_answer_that_takes_long_is_told_while_it_does(place: Place) -> None:
    """By a clock that is 20 times as fast as ours."""
    place.fault("request", "slow", match="database/list", seconds=2.5)
    told: list[str] = []
    waits = Waits(lambda: time.monotonic() * 20, told.append)
    client = TreasureData(place.url, KEY, retry_seconds=5, job_seconds=20, waits=waits)
    with waits.ticking(), client:
        assert "shop" in client.databases()
    assert len(told) == 2
    assert all(line.startswith("Treasure Data has not answered yet. Waiting for ") for line in told)


def test_nobody_waits_for_a_service_that_is_asked_once(place: Place) -> None:
    place.fault("request", "status:503", match="database/list")
    told: list[str] = []
    waits = Waits(time.monotonic, told.append)
    with (
        TreasureData(place.url, KEY, retry_seconds=0, job_seconds=20, waits=waits) as client,
        pytest.raises(Unavailable, match="answered 503"),
    ):
        client.databases()
    assert told == []
