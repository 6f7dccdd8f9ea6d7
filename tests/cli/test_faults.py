"""Every fault that the sandbox can play, in the middle of a sync; one clean run later Braze is exactly right.

What is expected of the disturbed run itself (its exit code) is what its handling is for: taken out, it ends otherwise.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.place import Place

FEW = "SELECT customer_id FROM customers WHERE spend >= 100"

DONE, FAILED, UNAVAILABLE, LOCKED = 0, 1, 5, 9

ISSUE, STATUS, RESULT = "POST /v3/job/issue", "GET /v3/job/status/", "GET /v3/job/result"

FAULTS: list[tuple[dict[str, Any], int]] = [
    # Treasure Data does not answer well: asked again, with patience
    ({"at": "request", "do": "status:429", "match": ISSUE, "times": 3}, DONE),
    ({"at": "request", "do": "status:429", "match": ISSUE, "retry_after": 1}, DONE),
    ({"at": "request", "do": "status:429", "match": ISSUE, "retry_after": "date:1"}, DONE),
    ({"at": "request", "do": "status:500", "match": ISSUE, "times": 2}, DONE),
    ({"at": "request", "do": "status:502", "match": STATUS, "times": 2}, DONE),
    ({"at": "request", "do": "status:503", "match": RESULT, "times": 2}, DONE),
    ({"at": "request", "do": "status:503", "times": None, "after": 9}, UNAVAILABLE),  # longer than one is patient
    ({"at": "request", "do": "reset_before", "match": ISSUE, "times": 2}, DONE),
    ({"at": "request", "do": "reset_after", "match": ISSUE, "times": 2}, DONE),  # the job exists, its number is lost
    ({"at": "request", "do": "reset_after", "match": "result_connection_id"}, DONE),
    ({"at": "request", "do": "truncate", "match": ISSUE}, DONE),
    ({"at": "request", "do": "truncate", "match": STATUS}, DONE),
    ({"at": "request", "do": "truncate", "match": RESULT}, DONE),
    ({"at": "request", "do": "slow", "seconds": 0.5, "times": 3}, DONE),
    # keys and results
    ({"at": "request", "do": "key_taken", "match": "-next"}, FAILED),
    ({"at": "request", "do": "key_taken", "match": "result_connection_id"}, LOCKED),
    ({"at": "request", "do": "key_taken", "match": "-claim"}, DONE),  # the epoch is burned
    (
        {"at": "request", "do": "key_taken", "match": "-rows-1"},
        DONE,
    ),  # a row that another job was taken to have written
    ({"at": "request", "do": "key_taken", "match": "-rows-2"}, DONE),
    ({"at": "request", "do": "key_taken", "match": "-rows-3"}, DONE),
    ({"at": "request", "do": "key_taken", "match": "-count"}, FAILED),  # another query's numbers are no counts
    ({"at": "request", "do": "key_taken", "match": "-read-0"}, LOCKED),
    ({"at": "result", "do": "gone", "after": 2}, FAILED),
    # jobs
    ({"at": "query", "do": "fail", "match": "-next"}, FAILED),
    ({"at": "query", "do": "killed", "match": "-next"}, FAILED),
    ({"at": "query", "do": "unknown_status", "seconds": 0.5, "match": "-next"}, DONE),
    ({"at": "query", "do": "hang", "match": "-next"}, UNAVAILABLE),
    ({"at": "query", "do": "applied_error", "match": "-next"}, FAILED),
    ({"at": "query", "do": "applied_error", "match": "-rows-1"}, DONE),  # the ledger's `intent`
    ({"at": "query", "do": "applied_error", "match": "-rows-2"}, DONE),  # its `sending`
    ({"at": "query", "do": "applied_error", "match": "-rows-3"}, DONE),  # its `synced`
    ({"at": "query", "do": "applied_error", "match": "-claim"}, DONE),
    ({"at": "query", "do": "late", "seconds": 0.5, "match": "-next"}, DONE),
    # exports
    ({"at": "export", "do": "fail"}, FAILED),
    ({"at": "export", "do": "half"}, FAILED),
    ({"at": "export", "do": "half", "after": 1}, FAILED),
    ({"at": "export", "do": "killed"}, FAILED),
    ({"at": "export", "do": "hang"}, UNAVAILABLE),
    ({"at": "export", "do": "late", "seconds": 0.5}, DONE),
    ({"at": "export", "do": "unknown_status", "seconds": 0.5}, DONE),
    ({"at": "export", "do": "export_error_after_delivery"}, FAILED),
    ({"at": "query", "do": "no_export", "seconds": 0.5, "match": "-add-0"}, DONE),
    # Braze, as the connector meets it
    ({"at": "braze", "do": "status:423", "times": 2}, DONE),
    ({"at": "braze", "do": "status:429", "times": 2}, DONE),
    ({"at": "braze", "do": "status:500", "times": 9}, FAILED),
    ({"at": "braze", "do": "status:400"}, FAILED),
    ({"at": "braze", "do": "reset_after"}, DONE),
    ({"at": "braze", "do": "errors"}, FAILED),
    # sweeping
    ({"at": "request", "do": "status:500", "match": "table/delete", "times": None}, DONE),
]


@pytest.mark.parametrize(
    ("fault", "code"), FAULTS, ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None
)
def test_one_clean_run_heals(place: Place, fault: dict[str, Any], code: int) -> None:
    names = [f"user{number}" for number in range(20)]
    place.customers(*names)
    place.cohort("vips", FEW)
    for number in (0, 1):  # so that there is something to sweep
        place.sql(f"UPDATE shop.customers SET spend = 1 WHERE customer_id = 'user{number}'")
        assert place.run("sync", "--refresh").code == 0
    place.sql("UPDATE shop.customers SET spend = CASE WHEN customer_id IN ('user2', 'user3') THEN 1 ELSE 500 END")
    place.fault(**fault)
    answer = place.run("sync", "--refresh", COHORTS_JOB_SECONDS="3")
    assert place.struck() > 0, "the fault was not played"
    assert answer.code == code, answer.out + answer.err
    assert "Traceback" not in answer.err
    place.ask("DELETE", "faults")
    # the world moves on before anybody notices
    place.sql("UPDATE shop.customers SET spend = CASE WHEN customer_id IN ('user3', 'user4') THEN 1 ELSE 500 END")
    healed = place.run("sync", "--refresh")
    assert healed.code == 0, healed.out + healed.err
    assert place.members("vips") == set(names) - {"user3", "user4"}
    assert "Nothing to do" in place.run("sync").out
    assert place.run("verify").code == 0


READINGS = ["empty_export", "unknown_removal", "failed_export", "validates", "export_key", "forgets_keys"]


# each answer with one of the statuses that Braze may give: they have nothing to do with each other
@pytest.mark.parametrize(("answer", "success"), [("ok", 201), ("fail", 202)])
@pytest.mark.parametrize("reading", READINGS)
def test_whatever_the_real_services_do(place: Place, reading: str, answer: str, success: int) -> None:
    place.ask("POST", "options", {reading: answer, "braze_success": success})
    place.cohort("vips", FEW)
    place.fault("export", "half")
    assert place.run("sync").code == 1
    place.advance(days=8)  # longer than anything is remembered for certain
    place.sql("UPDATE shop.customers SET spend = CASE WHEN customer_id = 'ann' THEN 1 ELSE 500 END")
    assert place.run("sync").code == 0
    assert place.members("vips") == {"bob", "eve"}
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("other", "SELECT customer_id FROM purchases")
    assert place.run("sync").code == 0
    assert place.members("vips") == set()


def test_a_job_that_ignores_its_kill_fails_its_cohort_only(place: Place) -> None:
    place.cohort("vips", FEW)
    place.cohort("fans", "SELECT customer_id FROM customers")
    place.fault("export", "hang", match="vips")
    assert place.run("sync", COHORTS_JOB_SECONDS="2").code == 7
    place.fault("kill", "ignored", times=None)
    answer = place.run("sync", "--refresh", COHORTS_JOB_SECONDS="2")
    assert answer.code == 7
    assert "✗ vips  R011 vips: waiting for an earlier attempt" in answer.out
    assert "✓ fans" in answer.out
    allowed = ("--allow", "unsettled:vips", "--reason", "its job was looked at: it hangs for ever")
    assert place.run("sync", *allowed, COHORTS_JOB_SECONDS="2").code == 0
    assert place.members("vips") == {"ann", "bob", "eve"}


def test_a_connector_that_ignores_the_operation_is_found_out_by_the_canary(place: Place) -> None:
    place.ask("POST", "options", {"obeys_operation": "fail"})
    answer = place.run("doctor", "--canary", "external_id:ann", typed="y\nn\n")
    assert answer.code == 1
    assert "A004" in answer.err
