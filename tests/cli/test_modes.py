"""Modes: a mirror lets people in and out, `add` only in, `remove` only out."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from tests.place import Place

QUALIFY = "SELECT customer_id FROM customers WHERE spend >= 100"


def spend(place: Place, *names: str) -> None:
    """Only these qualify."""
    listed = ", ".join(f"'{name}'" for name in names)
    place.sql(f"UPDATE shop.customers SET spend = CASE WHEN customer_id IN ({listed}) THEN 500 ELSE 1 END")


def others_add(place: Place, cohort_id: str, *names: str) -> None:
    """Somebody else puts people into a cohort."""
    keys = {"partner_api_key": "sandbox-partner-key", "client_secret": "sandbox-import-key", "cohort_id": cohort_id}
    address = f"{place.url}/partners/treasure_data/cohorts"
    made = {**keys, "name": cohort_id, "created_at": "2026-01-01"}
    requests.post(address, json=made, timeout=10).raise_for_status()
    users: dict[str, Any] = {"user_ids": list(names), "should_remove": False}
    requests.post(f"{address}/users", json={**keys, "cohort_changes": [users]}, timeout=10).raise_for_status()


def test_add_lets_nobody_out(place: Place) -> None:
    place.cohort("vips", QUALIFY, extra="mode: add\n")
    spend(place, "ann")
    assert place.run("sync").code == 0
    spend(place, "bob")
    assert "1 enter, 0 leave" in place.run("plan", "--members", "--refresh").out
    assert place.run("sync", "--refresh").code == 0
    assert place.members("vips") == {"ann", "bob"}
    spend(place)
    place.run("sync", "--refresh")
    assert place.members("vips") == {"ann", "bob"}
    assert place.cohorts()["vips"]["members_written"] == 2


def test_remove_takes_out_whoever_put_them_in(place: Place) -> None:
    others_add(place, "vips", "ann", "bob", "eve")
    spend(place, "ann")
    place.cohort("vips", QUALIFY, extra="mode: remove\n")
    assert "0 taken out so far → 1; 1 to take out" in place.run("plan", "--members").out
    answer = place.run("sync")
    assert "0 added, 1 removed" in answer.out
    assert place.members("vips") == {"bob", "eve"}
    spend(place, "bob")
    assert place.run("sync", "--refresh").code == 0
    assert place.members("vips") == {"eve"}  # ann does not come back: nobody is added
    before = place.cohorts()["vips"]["members_written"]
    assert place.run("sync", "--refresh").code == 0
    assert place.cohorts()["vips"]["members_written"] == before


@pytest.mark.parametrize("first", ["mirror", "add", "remove"])
@pytest.mark.parametrize("then", ["mirror", "add", "remove"])
@pytest.mark.parametrize("killed", [False, True])
def test_from_any_mode_to_any_other(place: Place, first: str, then: str, *, killed: bool) -> None:
    others_add(place, "vips", "eve")
    spend(place, "ann", "bob")
    place.cohort("vips", QUALIFY, extra=f"mode: {first}\n")
    if killed:  # half of the export arrives, and the attempt stays pending
        place.fault("export", "half")
        assert place.run("sync").code == 1
    else:
        assert place.run("sync").code == 0
    spend(place, "bob")
    place.cohort("vips", QUALIFY, extra=f"mode: {then}\nguards: {{max_removed: 100%, allow_empty: true}}\n")
    answer = place.run("sync", "--refresh")
    assert answer.code == 0, answer.out + answer.err
    found = place.members("vips")
    if then == "remove":
        assert "bob" not in found
        assert ("ann" in found) <= (first != "remove")
    else:
        assert "bob" in found
    if then == "mirror":
        assert found == {"bob", "eve"}  # eve is nobody's business: we never added her
    if then == "add":
        assert ("ann" in found) >= (first != "remove" and not killed)
    assert "Nothing to do" in place.run("sync").out


def test_a_withdrawal_removes_only_whom_we_added(place: Place) -> None:
    others_add(place, "vips", "eve")
    spend(place, "ann")
    place.cohort("vips", QUALIFY, extra="mode: add\n")
    place.run("sync")
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("other", "SELECT customer_id FROM customers WHERE spend < 0", extra="guards: {allow_empty: true}\n")
    place.run("sync")
    assert place.members("vips") == {"eve"}


def test_the_list_of_a_remove_is_guarded(place: Place) -> None:
    names = [f"user{number}" for number in range(200)]
    place.customers(*names)
    spend(place, *names[:10])
    place.cohort("vips", QUALIFY, extra="mode: remove\nguards: {max_removed: 20}\n")
    others_add(place, "vips", *names)
    assert place.run("sync").code == 0
    spend(place, *names[:100])
    answer = place.run("sync", "--refresh")
    assert answer.code == 6
    assert "G003 vips: 90 more members would be taken out" in answer.out
    assert len(place.members("vips")) == 190
