"""People who are taken out of every cohort: no guard, suspension or mode holds them back."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from tests.cli.test_life import day
from tests.place import Place

ALL = "SELECT customer_id FROM customers WHERE spend >= 100"
TABLE = "suppress: [{table: shop.out, identifiers: {external_id: customer_id}}]\n"


def out(place: Place, *names: str) -> None:
    """The table of those who must not be written to."""
    place.sql("CREATE OR REPLACE TABLE shop.out (customer_id VARCHAR, email VARCHAR, time BIGINT)")
    for name in names:
        place.sql(f"INSERT INTO shop.out VALUES ('{name}', '{name}@x', 1)")


def test_they_never_enter_and_they_leave(place: Place) -> None:
    out(place, "Ann ")  # capitals and white space do not save her
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    assert place.members("vips") == {"bob", "eve"}
    out(place, "bob")
    assert place.run("sync", "--refresh").code == 0
    assert place.members("vips") == {"ann", "eve"}


def test_a_new_list_changes_every_cohort_but_the_list(place: Place) -> None:
    out(place, "ann")
    place.cohort("vips", ALL)
    place.cohort("listed", "SELECT customer_id FROM shop.out")
    assert place.run("sync").code == 0
    place.project(extra="suppress: [listed]\n")
    shown = place.run("plan").out
    assert "vips  update    Vips (suppression changed)" in shown
    assert "1 to update, 1 unchanged" in shown
    assert place.run("sync").code == 0
    assert (place.members("vips"), place.members("listed")) == ({"bob", "eve"}, {"ann"})
    assert "Nothing to do" in place.run("sync").out


def test_a_guard_does_not_hold_them_back(place: Place) -> None:
    names = [f"user{number}" for number in range(300)]
    place.customers(*names)
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    # most leave by accident (a bad join), and three because they opted out
    place.sql("UPDATE shop.customers SET spend = 1 WHERE customer_id NOT IN ('user1', 'user2', 'user3', 'user4')")
    out(place, "user1", "user2", "user3", "user200")
    answer = place.run("sync", "--refresh")
    assert answer.code == 6
    assert "G003 vips" in answer.out
    assert "4 left all the same: `suppress` takes them out" in answer.out
    assert place.members("vips") == set(names) - {"user1", "user2", "user3", "user200"}
    again = place.run("sync", "--refresh")
    assert again.code == 6
    assert "left all the same" not in again.out
    # the accident is mended: nothing is left to do but what is wanted
    place.sql("UPDATE shop.customers SET spend = 500")
    assert place.run("sync", "--refresh").code == 0
    assert place.members("vips") == set(names) - {"user1", "user2", "user3", "user200"}


def test_their_leaving_is_not_counted_by_the_guard(place: Place) -> None:
    names = [f"user{number}" for number in range(300)]
    place.customers(*names)
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    out(place, *names[:200])
    assert place.run("plan", "--members", "--refresh").code == 0
    assert place.run("sync", "--refresh").code == 0
    assert len(place.members("vips")) == 100


def test_a_suspension_does_not_hold_them_back(place: Place) -> None:
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    place.customers("ann", "bob", "eve", "new")
    place.cohort("vips", ALL, extra=f"suspend: {{reason: moving, until: {day(9)}}}\n")
    out(place, "ann")
    assert "suspended" in place.run("plan").out
    answer = place.run("sync", "--refresh")
    assert answer.code == 0, answer.out
    assert "vips  held       0 added, 1 removed" in answer.out
    assert "suppress  " in (told := place.run("history", "--limit", "1").out)
    assert "0 added, 1 removed, 2 qualify" in told
    assert place.members("vips") == {"bob", "eve"}
    place.cohort("vips", ALL)
    place.run("sync", "--refresh")
    assert place.members("vips") == {"bob", "eve", "new"}


@pytest.mark.parametrize("mode", ["add", "remove"])
def test_no_mode_holds_them_back(place: Place, mode: str) -> None:
    out(place)
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    place.sql("UPDATE shop.customers SET spend = 1")
    place.cohort("vips", ALL, extra=f"mode: {mode}\nguards: {{allow_empty: true}}\n")
    out(place, "ann")
    assert place.run("sync", "--refresh").code == 0
    assert place.members("vips") == {"bob", "eve"}
    assert "Nothing to do" in place.run("sync").out


def test_a_person_is_found_by_any_of_their_names(place: Place) -> None:
    users: list[dict[str, Any]] = [{"external_id": name, "aliases": {"email": f"{name}@x"}} for name in ("ann", "bob")]
    requests.post(f"{place.url}/sandbox/users", json={"users": users}, timeout=10).raise_for_status()
    out(place)
    place.sql("INSERT INTO shop.out VALUES (NULL, 'bob@x', 1)")  # nobody knows his customer id
    place.project(
        extra="suppress: [{table: shop.out, identifiers: {external_id: customer_id, aliases: {email: email}}}]\n"
    )
    sql = "SELECT customer_id, customer_id || '@X' AS email FROM customers WHERE customer_id <> 'eve'"
    place.cohort("vips", sql, extra="identifiers: {external_id: customer_id, aliases: {email: email}}\n")
    assert place.run("sync").code == 0
    assert place.members("vips") == {"ann"}


def test_a_list_that_fails_stops_everybody_it_protects(place: Place) -> None:
    place.project(extra="suppress: [{table: shop.nowhere, identifiers: {external_id: customer_id}}]\n")
    place.cohort("vips", ALL)
    answer = place.run("sync")
    assert answer.code == 1
    assert "R020 the query of those who are taken out of every cohort (`suppress`)" in answer.out
    assert place.members("vips") == set()


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (
            "suppress: [nobody]\n",
            'cohorts/project.yml:14:12 P020 the cohort "nobody" does not exist, or its file has problems,'
            " so it cannot be used in `suppress`",
        ),
        (
            "suppress: [{table: shop.out, identifiers: {aliases: {email: email}}}]\n",
            "cohorts/vips.yml:1:1 D023 shop.out (`suppress` in cohorts/project.yml) has the identifiers alias email,"
            " and this cohort has external_id: not everybody on the list could be taken out of this cohort;"
            " give shop.out the identifier external_id too",
        ),
        ("suppress: [{table: out, identifiers: {external_id: a}}]\n", "`suppress[0].table`"),
    ],
)
def test_a_list_that_cannot_be_used_is_an_error_and_stops_all(place: Place, extra: str, said: str) -> None:
    place.project(extra=extra)
    place.cohort("vips", ALL)
    assert said in place.run("validate").out
    assert place.run("sync").code == 3
    assert place.cohorts() == {}


def test_a_cohort_may_keep_them_with_a_reason(place: Place) -> None:
    out(place, "ann")
    place.project(extra=TABLE)
    place.cohort("vips", ALL)
    place.cohort("receipts", ALL, extra="suppress: {apply: false, reason: order confirmations}\n")
    assert place.run("sync").code == 0
    assert place.members("vips") == {"bob", "eve"}
    assert place.members("receipts") == {"ann", "bob", "eve"}
    place.cohort("receipts", ALL)
    assert place.run("sync").code == 0
    assert place.members("receipts") == {"bob", "eve"}
    place.cohort("receipts", ALL, extra="suppress: false\n")
    answer = place.run("validate")
    assert answer.code == 3
    assert "receipts.yml:6:11 S003" in answer.out
    place.cohort("receipts", ALL, extra="suppress: {apply: false}\n")
    assert "`reason` is missing" in place.run("validate").out


def test_a_rule_says_who_is_taken_out(place: Place) -> None:
    sources = "sources: {customers: {table: shop.customers, key: customer_id, columns: {spend: number}}}\n"
    place.project(extra=sources + "suppress: [opted_out]\n")
    rule = "id: opted_out\nname: Opted out\naudience: {from: customers, where: {column: spend, lt: 5}}\n"
    (place.folder / "cohorts" / "opted_out.yml").write_text(rule, "utf-8")
    place.cohort("all", "SELECT customer_id FROM customers")
    place.sql("UPDATE shop.customers SET spend = 1 WHERE customer_id = 'bob'")
    assert place.run("sync").code == 0
    assert place.members("all") == {"ann", "eve"}
    assert place.members("opted_out") == {"bob"}
