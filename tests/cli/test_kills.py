"""Killed at any instant, one clean run later Braze is exactly right."""

from __future__ import annotations

import pytest
from tests.place import Place

STEPS = ["claiming", "querying", "counting", "removing", "adding", "recording"]


@pytest.mark.parametrize("step", STEPS)
def test_killed_while(place: Place, step: str) -> None:
    names = [f"user{number}" for number in range(20)]
    place.customers(*names)
    place.cohort("vips", "SELECT customer_id FROM customers WHERE spend >= 100")
    place.sql("UPDATE shop.customers SET spend = 1 WHERE customer_id IN ('user1', 'user2')")
    assert place.run("sync").code == 0
    place.sql("UPDATE shop.customers SET spend = CASE WHEN customer_id IN ('user3', 'user4') THEN 1 ELSE 500 END")
    with place.start("sync", "--refresh") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if step in line:
                process.kill()
                break
        process.wait(20)
        process.stderr.close()
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
