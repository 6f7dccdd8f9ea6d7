"""This machine's clock and the services' are a day apart, either way: nothing but the server's time counts."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from runner.sandbox.options import Options, Shop
from runner.sandbox.server import running
from tests.place import Place

DAY = 86_400


@pytest.fixture(params=[-DAY, DAY], ids=["a-day-behind", "a-day-ahead"])
def apart(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A place whose services are a day behind this machine, or a day ahead of it."""
    with running(Options(shop=Shop(customers=10, purchases=10), ahead=request.param)) as url:
        (tmp_path / "cohorts").mkdir()
        place = Place(tmp_path, url)
        place.project()
        place.customers("ann", "bob", "eve")
        place.cohort("vips", "SELECT customer_id FROM customers WHERE spend >= 100")
        yield place


def test_a_cohort_is_brought_up_to_date_and_its_age_is_told(apart: Place) -> None:
    apart.cohort(
        "vips", "SELECT customer_id FROM customers WHERE spend >= 100", extra='schedule: {cron: "0 0 1 1 *"}\n'
    )
    assert apart.run("sync").code == 0
    assert apart.members("vips") == {"ann", "bob", "eve"}
    apart.sql("UPDATE shop.customers SET spend = 1 WHERE customer_id = 'bob'")
    assert "Nothing to do" in apart.run("sync", "--due").out
    now = datetime.fromtimestamp(apart.ask("GET", "clock")["now"], UTC)
    status = json.loads(apart.run("status", "--output", "json").out)
    assert timedelta(0) <= now - datetime.fromisoformat(status["cohorts"][0]["as_of"]) < timedelta(minutes=2)
    assert apart.run("sync", "--refresh").code == 0
    assert apart.members("vips") == {"ann", "eve"}
    assert apart.run("verify").code == 0


def test_only_one_writes_and_one_that_slept_past_its_lease_sends_nothing(apart: Place) -> None:
    apart.ask("POST", "options", {"job_seconds": 0.5})
    apart.fault("request", "hold_after", match="-count-")
    with apart.start("sync") as sleeper:
        assert apart.ask("GET", "held?wait=15")["held"]
        sleeper.send_signal(signal.SIGSTOP)
        apart.ask("POST", "held", {"release": "all"})
        busy = apart.run("sync")
        assert busy.code == 9, busy.out  # whatever this machine's clock says, the lease is not over
        apart.advance(hours=1)
        apart.sql("UPDATE shop.customers SET spend = 1 WHERE customer_id = 'bob'")
        assert apart.run("sync").code == 0
        apart.requests()
        sleeper.send_signal(signal.SIGCONT)
        told = sleeper.communicate(timeout=60)
    assert sleeper.returncode in {1, 9}, told  # 1: what it had made is gone already
    assert "result_export" not in apart.requests()["jobs"]
    assert apart.members("vips") == {"ann", "eve"}
