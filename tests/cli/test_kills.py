"""Killed at any instant, one clean run later Braze is exactly right."""

from __future__ import annotations

import pytest
from tests.place import Place

STEPS = {
    "claiming": "-claim",
    "snapshot": "-next",
    "counting": "-count-",
    "announcing": '"sending"',
    "removing": "-remove-",
    "adding": "-add-",
    "recording": '"synced"',
}
"""What is done, and a text in the request for its job: a part of the domain key, or of the ledger's row."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_killed_while(place: Place, step: str, when: str) -> None:
    """The sandbox says when: it holds the request for the step's job, before it acts or after it has."""
    names = [f"user{number}" for number in range(20)]
    place.customers(*names)
    place.cohort("vips", "SELECT customer_id FROM customers WHERE spend >= 100")
    place.sql("UPDATE shop.customers SET spend = 1 WHERE customer_id IN ('user1', 'user2')")
    assert place.run("sync").code == 0
    place.sql("UPDATE shop.customers SET spend = CASE WHEN customer_id IN ('user3', 'user4') THEN 1 ELSE 500 END")
    place.fault("request", f"hold_{when}", match=STEPS[step])
    with place.start("sync", "--refresh") as process:
        (held,) = place.ask("GET", "held?wait=15")["held"]
        process.kill()
        process.communicate(timeout=20)
    assert held["line"].startswith("POST /v3/job/issue/")
    # what it asked for comes to pass after its death
    place.ask("POST", "held", {"release": "all"})
    # the world moves on before anybody notices
    place.sql("UPDATE shop.customers SET spend = CASE WHEN customer_id IN ('user4', 'user5') THEN 1 ELSE 500 END")
    healed = place.run("sync", "--refresh")
    assert healed.code == 0, healed.out
    assert place.members("vips") == set(names) - {"user4", "user5"}
    assert "Nothing to do" in place.run("sync").out


@pytest.mark.parametrize(("signal", "code"), [("INT", 130), ("TERM", 143)])
def test_interrupted(place: Place, signal: str, code: int) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers")
    with place.start("sync") as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal({"INT": 2, "TERM": 15}[signal])
        _, err = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in err
    assert place.run("sync").code == 0
    assert place.members("vips") == {"ann", "bob", "eve"}
