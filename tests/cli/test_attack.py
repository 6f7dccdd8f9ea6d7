"""ATTACK: each test proves a hole and FAILS until it is mended (hostile review; see the report)."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.cli.test_life import day
from tests.cli.test_suppression import TABLE, out
from tests.place import Place

ALL = "SELECT customer_id FROM customers WHERE spend >= 100"
OPEN = "guards: {max_removed: 100%, allow_empty: true}\n"


def people(place: Place, *names: str) -> None:
    """They are known to Braze by external id and e-mail."""
    users: list[dict[str, Any]] = [{"external_id": name, "aliases": {"email": f"{name}@x"}} for name in names]
    requests.post(f"{place.url}/sandbox/users", json={"users": users}, timeout=10).raise_for_status()


BOTH = "identifiers: {external_id: customer_id, aliases: {email: email}}\n"
TWO = "SELECT customer_id, customer_id || '@x' AS email FROM customers WHERE spend >= 100"
BY_EMAIL = "suppress: [{table: shop.out, identifiers: {aliases: {email: email}}}]\n"


def test_add_mode_sends_a_suppressed_person_again_by_another_name(place: Place) -> None:
    people(place, "ann", "bob", "eve")
    out(place)
    place.project(extra=BY_EMAIL)
    place.cohort("vips", TWO, extra=f"{BOTH}mode: add\n")
    assert place.run("sync").code == 0
    assert place.members("vips") == {"ann", "bob", "eve"}
    out(place, "ann")
    assert place.run("sync", "--refresh").code == 0
    assert place.members("vips") == {"bob", "eve"}


def test_a_rollback_sends_a_suppressed_person_again_by_another_name(place: Place) -> None:
    people(place, "ann", "bob", "eve")
    out(place)
    place.project(extra=BY_EMAIL)
    place.cohort("vips", TWO, extra=f"{BOTH}{OPEN}")
    assert place.run("sync").code == 0
    place.cohort("vips", f"{TWO} AND customer_id = 'bob'", extra=f"{BOTH}{OPEN}")
    assert place.run("sync").code == 0
    out(place, "ann")
    assert place.run("rollback", "vips", "--reason", "oops").code == 0
    assert place.members("vips") == {"bob", "eve"}


def test_fold_with_same_fingerprint_is_forgotten(place: Place) -> None:
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    place.customers("ann", "bob", "eve", "new", "newer")
    place.fault("export", "half", times=8)
    assert place.run("sync", "--refresh").code == 1
    for _ in range(7):
        assert place.run("sync").code == 1
    place.ask("DELETE", "faults")
    answer = place.run("sync")
    assert place.members("vips") == {"ann", "bob", "eve", "new", "newer"}, answer.out + answer.err


def test_hold_of_a_pending_attempt_forgets_it(place: Place) -> None:
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    place.customers("ann", "bob", "eve", "new", "newer")
    place.fault("export", "half")
    assert place.run("sync", "--refresh").code == 1
    place.cohort("vips", ALL, extra=f"suspend: {{reason: moving, until: {day(9)}}}\n")
    out(place, "ann")
    assert place.run("sync").code == 0
    assert "ann" not in place.members("vips")
    place.cohort("vips", ALL)
    answer = place.run("sync")
    assert place.members("vips") == {"bob", "eve", "new", "newer"}, answer.out


def pend(place: Place, times: int) -> None:
    place.fault("export", "fail", match="vips", times=times)
    for _ in range(times):
        place.run("sync")
    place.ask("DELETE", "faults")


def test_a_lost_snapshot_of_a_folded_cohort_stops_nobody_else(place: Place) -> None:
    place.cohort("vips", ALL)
    pend(place, 8)
    rows = place.sql(
        "SELECT detail::JSON ->> '$.table' FROM cohort_runner.cohort_ledger WHERE event = 'sending' ORDER BY epoch"
    )
    assert len(rows) == 8
    place.sql(f"DROP TABLE cohort_runner.{rows[0][0]}")
    place.cohort("fans", "SELECT customer_id FROM customers")
    answer = place.run("sync")
    assert place.members("fans") == {"ann", "bob", "eve"}, answer.out + answer.err
    assert answer.code == 7


def test_a_fold_that_hangs_stops_nobody_else(place: Place) -> None:
    place.cohort("vips", ALL)
    pend(place, 8)
    place.cohort("fans", "SELECT customer_id FROM customers")
    place.fault("query", "hang", match="-staying")
    answer = place.run("sync", COHORTS_JOB_SECONDS="2")
    assert place.members("fans") == {"ann", "bob", "eve"}, answer.out + answer.err


def test_what_suppress_took_out_is_not_counted_by_the_guard_an_hour_later(place: Place) -> None:
    names = [f"user{number}" for number in range(300)]
    place.customers(*names)
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    out(place, *names[:200])
    assert place.run("sync", "--refresh").code == 0
    answer = place.run("sync", "--refresh")
    assert answer.code == 0, answer.out


def test_rollback_after_a_hold_then_a_sync(place: Place) -> None:
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    place.cohort("vips", f"{ALL} AND 1 = 1", name="Second")
    assert place.run("sync").code == 0
    place.cohort("vips", f"{ALL} AND 1 = 1", name="Second", extra=f"suspend: {{reason: x, until: {day(9)}}}\n")
    out(place, "ann")
    assert place.run("sync", "--refresh").code == 0
    place.cohort("vips", f"{ALL} AND customer_id = 'bob'", name="Second", extra=OPEN)
    assert place.run("sync").code == 0
    assert place.members("vips") == {"bob"}
    answer = place.run("rollback", "vips", "--reason", "oops")
    assert answer.code == 0, answer.out + answer.err
    assert place.members("vips") == {"bob", "eve"}


def test_g010_advice_with_a_prefix(place: Place) -> None:
    place.project(extra="    prefix: prod_\n")
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("best", ALL)
    shown = place.run("plan").out
    advised = shown.split("write `previous_id: ")[1].split("`")[0]
    place.cohort("best", ALL, extra=f"previous_id: {advised}\n")
    place.fault("export", "fail", match="prod_best")
    place.run("sync")
    assert place.members("prod_vips") == {"ann", "bob", "eve"}


def test_a_misspelt_previous_id_is_asked_about(place: Place) -> None:
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("best", ALL, extra="previous_id: vip\n")
    place.fault("export", "fail", match="best")
    place.run("sync")
    assert place.members("vips") == {"ann", "bob", "eve"}


def test_a_move_to_a_remove_cohort_ends(place: Place) -> None:
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("best", ALL, extra="previous_id: vips\nmode: remove\n")
    requests.post(
        f"{place.url}/partners/treasure_data/cohorts",
        json={
            "partner_api_key": "sandbox-partner-key", "client_secret": "sandbox-import-key",
            "cohort_id": "best", "name": "best", "created_at": "2026-01-01",
        },
        timeout=10,
    ).raise_for_status()
    place.fault("export", "fail", match='"vips"')
    place.fault("export", "fail", match="vips")
    place.run("sync")
    place.ask("DELETE", "faults")
    answer = place.run("sync")
    assert answer.code == 0, answer.out


def test_a_limit_on_removals_holds_on_the_first_sync_of_a_remove(place: Place) -> None:
    names = [f"user{number}" for number in range(200)]
    place.customers(*names)
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    place.cohort("vips", ALL, extra="mode: remove\nguards: {max_removed: 20}\n")
    answer = place.run("sync")
    assert len(place.members("vips")) == 200, answer.out


def test_suppress_reaches_a_cohort_that_is_asked_about(place: Place) -> None:
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    place.cohort("other", "SELECT customer_id FROM purchases")
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("best", ALL)
    out(place, "ann")
    assert place.run("sync", "--refresh").code != 0
    assert place.members("vips") == {"bob", "eve"}


def test_suppress_reaches_a_cohort_that_was_rolled_back(place: Place) -> None:
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL, extra='schedule: "0 * * * *"\n')
    assert place.run("sync").code == 0
    place.cohort("vips", f"{ALL} AND customer_id = 'bob'", extra=f'schedule: "0 * * * *"\n{OPEN}')
    assert place.run("sync").code == 0
    assert place.run("rollback", "vips", "--reason", "oops").code == 0
    out(place, "ann")
    place.advance(hours=3)
    answer = place.run("sync", "--due")
    assert place.members("vips") == {"bob", "eve"}, answer.out


def test_a_hold_of_a_cohort_braze_never_heard_of(place: Place) -> None:
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    place.fault("export", "fail")
    assert place.run("sync").code == 1
    place.cohort("vips", ALL, extra=f"suspend: {{reason: moving, until: {day(9)}}}\n")
    out(place, "ann")
    place.run("sync")
    answer = place.run("sync")
    assert answer.code == 0, answer.out


def test_a_name_that_a_hold_told_is_known(place: Place) -> None:
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL, name="Old")
    assert place.run("sync").code == 0
    place.cohort("vips", ALL, name="New", extra=f"suspend: {{reason: moving, until: {day(9)}}}\n")
    out(place, "ann")
    assert place.run("sync", "--refresh").code == 0
    place.cohort("vips", ALL, name="Old")
    assert place.run("sync").code == 0
    assert place.cohorts()["vips"]["name"] == "Old"


def test_an_empty_name_is_never_sent(place: Place) -> None:
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL, name="Old")
    place.cohort("other", "SELECT customer_id FROM purchases")
    assert place.run("sync").code == 0
    place.customers("ann", "bob", "eve", "new")
    place.cohort("vips", ALL, name="New")
    place.fault("export", "fail", match="vips")
    place.run("sync", "--refresh")
    place.cohort("vips", ALL, name="New", extra=f"suspend: {{reason: moving, until: {day(9)}}}\n")
    out(place, "ann")
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    assert place.run("sync").code == 0
    assert place.cohorts()["vips"]["name"] in ("Old", "New")


@pytest.mark.parametrize("value", ["o'secret", "x\nsecret", "x'' secret"])
def test_error_texts_hide_values_with_quotes_and_lines(place: Place, value: str) -> None:
    place.sql(f"INSERT INTO shop.customers VALUES ('{value.replace(chr(39), chr(39) * 2)}', 500, 1)")
    place.cohort("vips", "SELECT customer_id FROM customers WHERE CAST(customer_id AS BIGINT) > 1")
    answer = place.run("sync")
    assert "secret" not in answer.out + answer.err, answer.out
    assert "secret" not in place.run("history").out
    assert "secret" not in place.run("plan", "--members").out


def test_render_hides_the_members_of_an_inline_list(place: Place) -> None:
    place.sql("CREATE OR REPLACE TABLE shop.out (person VARCHAR, time BIGINT)")
    place.project(extra="suppress: [listed]\n")
    place.cohort("vips", ALL)
    place.cohort(
        "listed",
        "SELECT person FROM shop.out WHERE person IN ('secretone', 'secrettwo')",
        extra="identifiers: {external_id: person}\n",
    )
    for command in (["render"], ["render", "vips"], ["plan"], ["validate"]):
        answer = place.run(*command)
        assert "secretone" not in answer.out + answer.err, command


def test_first_export_never_adds_a_suppressed_person(place: Place) -> None:
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL, extra=OPEN)
    place.fault("export", "export_error_after_delivery")
    assert place.run("sync").code == 1
    out(place, "ann", "bob", "eve")
    place.requests()
    sent = place.cohorts()["vips"]
    assert place.run("sync").code == 0
    assert place.members("vips") == set()
    assert place.cohorts()["vips"]["members_written"] - sent["members_written"] == 3  # removals only
