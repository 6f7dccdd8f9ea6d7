"""Several cohorts at once, several runs at once, and runs that are asked to stop."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import tdclient
from runner.sandbox.options import Options, Shop
from runner.sandbox.server import running
from tdclient.errors import AlreadyExistsError
from tests.place import KEY, Place

VIPS = "SELECT customer_id FROM customers WHERE spend >= {{ vip_spend }}"


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Place]:
    """A sandbox whose jobs take a quarter of a second each."""
    (tmp_path / "cohorts").mkdir()
    with running(Options(shop=Shop(customers=1, purchases=1), job_seconds=0.25, parallel_jobs=16)) as url:
        made = Place(tmp_path, url)
        made.project()
        made.customers("ann", "bob", "eve")
        yield made


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def events(place: Place, event: str) -> int:
    """Rows of the ledger with this event, once there is one."""
    found = place.sql("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'cohort_ledger'")
    if found == [[0]]:
        return 0
    return int(place.sql(f"SELECT COUNT(*) FROM cohort_runner.cohort_ledger WHERE event = '{event}'")[0][0])


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_one_bad_cohort_stops_no_other(slow: Place) -> None:
    for number in range(12):
        slow.cohort(f"c{number:02}", VIPS if number != 5 else "SELECT customer_id FROM nowhere")
    answer = slow.run("sync", "--concurrency", "12")
    assert answer.code == 7
    assert "11 of 12 cohorts synced" in answer.out
    assert slow.members("c11") == {"ann", "bob", "eve"}
    assert slow.members("c05") == set()


def test_of_two_runs_at_the_same_instant_one_waits_or_says_who(slow: Place) -> None:
    slow.cohort("vips", VIPS)
    slow.run("sync")
    slow.cohort("more", VIPS)
    impatient = [slow.start("sync", CI="") for _ in range(2)]
    answers = sorted(ended(process) for process in impatient)
    assert [code for code, _, _ in answers] == [0, 9]
    assert "L001 another run is writing: " in answers[1][2]
    slow.cohort("most", VIPS)
    patient = [slow.start("sync", "--lock-timeout", "30s") for _ in range(2)]
    answers = [ended(process) for process in patient]
    assert [code for code, _, _ in answers] == [0, 0]
    assert any("waiting for another run" in err for _, _, err in answers)
    assert slow.cohorts()["most"]["members_written"] == 3


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_asked_to_stop_leaves_order(slow: Place, number: signal.Signals, code: int) -> None:
    for name in "abcdefgh":
        slow.cohort(name, VIPS)
    process = slow.start("sync", "--concurrency", "2")
    until(lambda: events(slow, "sending") > 0)
    process.send_signal(number)
    found, out, err = ended(process)
    assert found == code, out + err
    assert "Stopping" in err
    assert "R040" in out
    again = slow.run("sync")
    assert again.code == 0, again.err  # nobody waits for a lease
    assert {name: slow.members(name) for name in "abcdefgh"} == {name: {"ann", "bob", "eve"} for name in "abcdefgh"}


def test_a_run_that_slept_and_was_overtaken_sends_nothing_more(slow: Place) -> None:
    """Paused before its export, woken after another run has finished."""
    slow.cohort("vips", VIPS)
    sleeper = slow.start("sync")
    until(lambda: events(slow, "sending") > 0)
    os.kill(sleeper.pid, signal.SIGSTOP)
    try:
        assert slow.run("sync").code == 9
        unlocked = slow.run("unlock")
        assert unlocked.out.startswith("Taken from ")
        slow.customers("ann")
        assert slow.run("sync").code == 0
        assert slow.members("vips") == {"ann"}
    finally:
        os.kill(sleeper.pid, signal.SIGCONT)
    code, out, err = ended(sleeper)
    assert code == 9, out + err
    assert "another run has taken over" in err
    assert slow.members("vips") == {"ann"}
    assert "Nothing to do" in slow.run("plan").out


def test_a_late_submit_of_a_dead_run_is_refused(slow: Place) -> None:
    slow.cohort("vips", VIPS)
    process = slow.start("sync")
    until(lambda: events(slow, "sending") > 0)
    process.kill()
    ended(process)
    (detail,) = slow.sql("SELECT detail FROM cohort_runner.cohort_ledger WHERE event = 'sending'")
    assert slow.run("sync").code == 0
    key = str(detail[0]).split('"export_keys":["')[1].split('"')[0]
    with tdclient.Client(apikey=KEY, endpoint=f"{slow.url}/") as client, pytest.raises(AlreadyExistsError):
        client.api.query("SELECT 'zed' AS user_ids", type="trino", db="shop", domain_key=key)


def test_nobody_holds_what_nobody_holds(place: Place) -> None:
    place.cohort("vips", VIPS)
    assert place.run("unlock").out == "Nobody was holding it.\n"
    place.run("sync")
    assert place.run("unlock").out == "Nobody was holding it.\n"
    assert place.run("sync", "--lock-timeout", "soon").code == 64
