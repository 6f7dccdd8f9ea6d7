"""Holes that an attack on the protocol found, each closed: a story that once ended wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests
from runner.treasuredata.words import hidden, reason
from tests.cli.test_life import day
from tests.cli.test_suppression import TABLE, out
from tests.place import Place

ALL = "SELECT customer_id FROM customers WHERE spend >= 100"
HOURLY = "schedule: {cron: '0 * * * *', timezone: UTC}\n"
OPEN = "guards: {max_removed: 100%, allow_empty: true}\n"


def people(place: Place, *names: str) -> None:
    """They are known to Braze by external id and e-mail."""
    users: list[dict[str, Any]] = [{"external_id": name, "aliases": {"email": f"{name}@x"}} for name in names]
    requests.post(f"{place.url}/sandbox/users", json={"users": users}, timeout=10).raise_for_status()


BOTH = "identifiers: {external_id: customer_id, aliases: {email: email}}\n"
TWO = "SELECT customer_id, customer_id || '@x' AS email FROM customers WHERE spend >= 100"
BY_BOTH = "suppress: [{table: shop.out, identifiers: {external_id: customer_id, aliases: {email: email}}}]\n"


def test_add_mode_sends_a_suppressed_person_again_by_another_name(place: Place) -> None:
    people(place, "ann", "bob", "eve")
    out(place)
    place.project(extra=BY_BOTH)
    place.cohort("vips", TWO, extra=f"{BOTH}mode: add\n")
    assert place.run("sync").code == 0
    assert place.members("vips") == {"ann", "bob", "eve"}
    out(place, "ann")
    assert place.run("sync", "--refresh").code == 0
    assert place.members("vips") == {"bob", "eve"}


def test_a_rollback_sends_a_suppressed_person_again_by_another_name(place: Place) -> None:
    people(place, "ann", "bob", "eve")
    out(place)
    place.project(extra=BY_BOTH)
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
            "partner_api_key": "sandbox-partner-key",
            "client_secret": "sandbox-import-key",
            "cohort_id": "best",
            "name": "best",
            "created_at": "2026-01-01",
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
    place.cohort("vips", ALL, extra=HOURLY)
    assert place.run("sync").code == 0
    place.cohort("vips", f"{ALL} AND customer_id = 'bob'", extra=f"{HOURLY}{OPEN}")
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
    place.fault("export", "fail")
    assert place.run("sync").code == 1
    out(place, "ann", "bob", "eve")
    place.fault("export", "fail", after=1)  # stop it between its first export and the removals
    place.run("sync")
    assert place.members("vips") == set()


def test_error_texts_hide_values_with_quotes() -> None:
    assert "secret" not in hidden("Cannot cast 'o'secret' to BIGINT")


def test_error_texts_hide_values_of_two_lines() -> None:
    told = reason({"stderr": "Query failed: Cannot cast 'x\nsecret' to BIGINT"}, "SELECT 1")
    assert "secret" not in told.text


def test_suppress_reaches_a_cohort_whose_withdrawal_is_withheld(place: Place) -> None:
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    place.cohort("other", "SELECT customer_id FROM customers")
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").write_text("id: [\n", encoding="utf-8")
    out(place, "ann")
    place.run("sync", "--refresh")
    assert "ann" not in place.members("other")
    assert "ann" not in place.members("vips")


def test_suppress_reaches_cohorts_whose_withdrawals_are_refused(place: Place) -> None:
    out(place)
    place.project(extra=TABLE)
    for name in ("one", "two", "three"):
        place.cohort(name, f"{ALL} AND '{name}' <> ''")
    assert place.run("sync").code == 0
    for name in ("one", "two"):
        (place.folder / "cohorts" / f"{name}.yml").unlink()
    out(place, "ann")
    assert "G005" in place.run("sync", "--refresh").out
    assert "ann" not in place.members("three")
    assert "ann" not in place.members("one") | place.members("two")


def test_suppress_reaches_a_suspended_cohort_that_names_people_otherwise_now(place: Place) -> None:
    people(place, "ann", "bob", "eve")
    out(place)
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    place.project(extra=BY_BOTH)
    out(place, "ann")
    extra = f"identifiers: {{aliases: {{email: email}}}}\nsuspend: {{reason: x, until: {day(9)}}}\n"
    place.cohort("vips", TWO.replace("customer_id, ", ""), extra=extra)
    answer = place.run("sync")
    assert answer.code != 0 or "ann" not in place.members("vips"), answer.out  # done, or said


def test_two_remove_cohorts_may_be_withdrawn(place: Place) -> None:
    for number in range(11):
        place.cohort(f"c{number:02}", f"{ALL} AND {number} = {number}", extra="mode: remove\n")
        made = {
            "partner_api_key": "sandbox-partner-key", "client_secret": "sandbox-import-key",
            "cohort_id": f"c{number:02}", "name": "x", "created_at": "2026-01-01",
        }  # fmt: skip
        requests.post(f"{place.url}/partners/treasure_data/cohorts", json=made, timeout=10).raise_for_status()
    assert place.run("sync").code == 0
    for number in range(2):
        (place.folder / "cohorts" / f"c{number:02}.yml").unlink()
    answer = place.run("sync")
    assert answer.code == 0, answer.out  # 2 of 11


def test_rows_of_before_modes_count_for_the_largest_of_today(place: Place) -> None:
    names = [f"user{number}" for number in range(900)]
    place.customers(*names)
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    ((text,),) = place.sql("SELECT detail FROM cohort_runner.cohort_ledger WHERE event = 'synced'")
    detail = json.loads(text)
    del detail["mode"]  # as rows of the version before were
    new = json.dumps(detail).replace("'", "''")
    place.sql(f"UPDATE cohort_runner.cohort_ledger SET detail = '{new}' WHERE event = 'synced'")
    place.sql("UPDATE shop.customers SET spend = 1 WHERE CAST(substr(customer_id, 5) AS BIGINT) < 260")
    assert place.run("sync", "--refresh").code == 0
    place.sql("UPDATE shop.customers SET spend = 1 WHERE CAST(substr(customer_id, 5) AS BIGINT) < 440")
    assert place.run("sync", "--refresh").code == 6


def test_a_move_of_a_move_leaves_nobody_without_a_cohort(place: Place) -> None:
    place.cohort("one", ALL)
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "one.yml").unlink()
    place.cohort("two", ALL, extra="previous_id: one\n")
    place.fault("export", "fail", match="two")
    assert place.run("sync").code == 1
    (place.folder / "cohorts" / "two.yml").unlink()
    place.cohort("three", ALL, extra="previous_id: two\n")
    place.fault("export", "fail", match="three")
    place.run("sync")
    assert place.members("one") == {"ann", "bob", "eve"}


def test_a_move_to_a_suspended_cohort_is_no_failure(place: Place) -> None:
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("best", ALL, extra=f"previous_id: vips\nsuspend: {{reason: x, until: {day(9)}}}\n")
    answer = place.run("sync")
    assert answer.code == 0, answer.out


def test_a_hold_of_a_first_attempt_is_done_once(place: Place) -> None:
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    place.fault("export", "half")
    assert place.run("sync").code == 1
    place.cohort("vips", ALL, extra=f"suspend: {{reason: moving, until: {day(9)}}}\n")
    out(place, "ann")
    assert place.run("sync").code == 0
    assert "Nothing to do" in place.run("sync").out


def test_a_list_that_hangs_does_not_stop_whom_it_does_not_protect(place: Place) -> None:
    out(place, "ann")
    place.cohort("vips", ALL)
    place.cohort("gone", "SELECT customer_id FROM purchases")
    place.cohort("keep", "SELECT customer_id FROM customers")
    assert place.run("sync").code == 0
    place.customers("ann", "bob", "eve", "new")
    place.project(extra="suppress: [listed]\n")
    place.cohort("listed", "SELECT customer_id FROM shop.out")
    place.fault("query", "hang", match="barred")
    place.run("sync", COHORTS_JOB_SECONDS="2")
    assert place.members("listed") == {"ann"}


def test_a_large_list_can_be_planned(place: Place) -> None:
    people(place, "ann", "bob", "eve")
    values = ",\n    ".join(f"'someone-{number:06}'" for number in range(8_000))
    place.project(extra="suppress: [listed]\n")
    four = TWO.replace(" FROM", ", customer_id AS other, customer_id AS third FROM")
    extra = "identifiers: {external_id: customer_id, aliases: {email: email, other: other, third: third}}\n"
    listed = f"{four} AND customer_id IN (\n    {values})"
    place.cohort("listed", listed, extra=f"{extra}guards: {{allow_empty: true}}\n")
    place.cohort("vips", four, extra=extra)
    assert place.run("sync").code == 0
    answer = place.run("plan", "--members", "--refresh")
    assert answer.code == 0, answer.out[:500] + answer.err[:500]


def test_verify_after_a_hold_of_a_remove(place: Place) -> None:
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    place.sql("UPDATE shop.customers SET spend = 1 WHERE customer_id <> 'bob'")
    place.cohort("vips", ALL, extra="mode: remove\n")
    assert place.run("sync").code == 0
    assert place.run("verify").code == 0
    place.cohort("vips", ALL, extra=f"mode: remove\nsuspend: {{reason: moving, until: {day(9)}}}\n")
    out(place, "ann", "eve")
    assert place.run("sync", "--refresh").code == 0
    assert place.members("vips") == set()
    checked = place.run("verify")
    assert checked.code == 0, checked.out
    assert "1" in place.run("status").out.split("vips")[1].splitlines()[0]


def test_a_list_too_long_for_a_query_does_not_stop_withdrawals(place: Place) -> None:
    place.cohort("gone", "SELECT customer_id FROM purchases")
    place.cohort("keep", ALL)
    place.cohort("more", f"{ALL} AND 2 = 2")
    place.customers("ann")
    place.sql("INSERT INTO shop.purchases (customer_id, time) VALUES ('ann', 1)")
    assert place.run("sync", "--refresh").code == 0
    assert place.members("gone") != set()
    (place.folder / "cohorts" / "gone.yml").unlink()
    values = ",\n    ".join(f"'someone-{number:06}'" for number in range(10_500))
    place.project(extra="suppress: [listed]\n")
    columns = "customer_id, customer_id AS a, customer_id AS b, customer_id AS c, customer_id AS d, customer_id AS e"
    listed = f"SELECT {columns} FROM customers WHERE customer_id IN (\n    {values})"
    extra = "identifiers: {external_id: customer_id, aliases: {a: a, b: b, c: c, d: d, e: e}}\n"
    extra += "guards: {allow_empty: true}\n"
    place.cohort("listed", listed, extra=extra)
    answer = place.run("sync", "--refresh")
    assert place.members("gone") == set(), answer.out[:500] + answer.err[:500]


def test_two_cohorts_with_the_same_previous_id(place: Place) -> None:
    """Two files cannot both be what one cohort was moved to."""
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("best", ALL, extra="previous_id: vips\n")
    place.cohort("rest", ALL, extra="previous_id: vips\n")
    place.fault("export", "fail", match="best", times=None)
    answer = place.run("sync")
    assert place.members("vips") == {"ann", "bob", "eve"}, answer.out


@pytest.mark.parametrize("after", range(0, 40, 5))
def test_a_guard_hold_cut_off_anywhere_heals(place: Place, after: int) -> None:
    names = [f"user{number}" for number in range(8)]
    place.customers(*names)
    out(place)
    place.project(extra=TABLE)
    guards = "guards: {max_removed: 2}\n"
    place.cohort("vips", ALL, extra=guards)
    assert place.run("sync").code == 0
    place.sql("UPDATE shop.customers SET spend = 1 WHERE customer_id > 'user3'")
    place.customers(*names[:4], "new")
    out(place, "user1")
    place.fault("request", "status:503", times=None, after=after)
    place.run("sync", "--refresh", COHORTS_RETRY_SECONDS="0.1")
    place.ask("DELETE", "faults")
    place.cohort("vips", ALL)
    place.run("unlock")
    answer = place.run("sync", "--refresh")
    assert answer.code == 0, answer.out + answer.err
    assert place.members("vips") == {"user0", "user2", "user3", "new"}
    assert place.run("verify").code == 0
