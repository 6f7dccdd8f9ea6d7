"""The main job, as a user does it: files in, members in Braze out, and only for what changed."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from runner.files import schemas
from tests.place import Place

ALL = "SELECT customer_id FROM customers"
VIPS = "SELECT customer_id FROM customers WHERE spend >= {{ vip_spend }}"


def test_first_sync_nothing_to_do_change(place: Place) -> None:
    place.cohort("vips", VIPS)
    place.cohort("everybody", ALL)
    first = place.run("sync")
    assert (first.code, first.out) == (
        0,
        "  ✓ everybody  created    3 added, 0 removed, 3 qualify\n"
        "  ✓ vips       created    3 added, 0 removed, 3 qualify\n"
        "\n"
        "2 of 2 cohorts synced, 0 unchanged; 6 members added, 0 removed.\n",
    )
    assert place.members("vips") == {"ann", "bob", "eve"}
    assert place.cohorts()["vips"]["name"] == "Vips"

    again = place.run("sync")
    assert (again.code, again.out) == (0, "Nothing to do: 2 cohorts in Braze as wanted.\n")
    assert place.run("plan", "--detailed-exitcode").code == 0

    place.cohort("vips", f"{VIPS} AND customer_id <> 'bob'")
    plan = place.run("plan", "--members", "--detailed-exitcode")
    assert (plan.code, plan.out) == (
        2,
        "Plan for target sandbox (Braze workspace sandbox)\n"
        "\n"
        "  ~ vips  update    Vips (query changed)\n"
        "      members: 3 now → 2; 0 enter, 1 leave\n"
        "      written: 1 by this sync; nothing later, since it has no `schedule`\n"
        "      --- in Braze now\n"
        "      +++ in this tree\n"
        "      @@ -1 +1 @@\n"
        "      -SELECT customer_id FROM customers WHERE spend >= 100\n"
        "      +SELECT customer_id FROM customers WHERE spend >= 100 AND customer_id <> '•••'\n"
        "\n"
        "1 to update, 1 unchanged.\n"
        "Estimate of what is written to Braze: 1 by this sync, nothing later until something changes.\n",
    )
    written = place.cohorts()["everybody"]["members_written"]
    assert place.run("sync").code == 0
    assert place.members("vips") == {"ann", "eve"}
    assert place.cohorts()["everybody"]["members_written"] == written
    assert place.cohorts()["vips"]["members_written"] == 4


def test_data_moves_and_a_refresh_follows(place: Place) -> None:
    place.cohort("vips", VIPS)
    place.run("sync")
    place.sql("UPDATE shop.customers SET spend = 1 WHERE customer_id = 'ann'")
    assert "Nothing to do" in place.run("sync").out
    refreshed = place.run("sync", "--refresh")
    assert "↻" not in refreshed.out
    assert "refreshed  0 added, 1 removed, 2 qualify" in refreshed.out
    assert place.members("vips") == {"bob", "eve"}


def test_what_does_not_matter_is_not_sent(place: Place) -> None:
    place.cohort("vips", VIPS)
    place.run("sync")
    place.cohort(
        "vips", f"select CUSTOMER_ID /* why */ from customers\n    {VIPS[33:]} -- so", extra="description: More.\n"
    )
    (place.folder / "cohorts" / "vips.yml").rename(place.folder / "cohorts" / "moved.yml")
    assert "Nothing to do: 1 cohort" in place.run("sync").out


def test_a_new_name_reaches_braze(place: Place) -> None:
    place.cohort("vips", VIPS)
    place.run("sync")
    place.cohort("vips", VIPS, name="Best customers")
    assert "~ vips  rename    Best customers (name changed)" in place.run("plan").out
    assert "renamed    0 added, 0 removed, 3 qualify" in place.run("sync").out
    assert place.cohorts()["vips"]["name"] == "Best customers"
    assert place.members("vips") == {"ann", "bob", "eve"}


def test_a_file_that_is_gone_withdraws_everybody(place: Place) -> None:
    place.cohort("vips", VIPS)
    place.cohort("everybody", ALL)
    place.run("sync")
    (place.folder / "cohorts" / "vips.yml").unlink()
    assert "- vips  withdraw  Vips (its file is gone)" in place.run("plan").out
    assert "withdrawn  0 added, 3 removed, 0 qualify" in place.run("sync").out
    assert (place.members("vips"), place.members("everybody")) == (set(), {"ann", "bob", "eve"})
    assert "Nothing to do" in place.run("sync").out

    place.cohort("vips", VIPS)
    assert "+ vips  create    Vips (was withdrawn before)" in place.run("plan").out
    assert place.run("sync").code == 0
    assert place.members("vips") == {"ann", "bob", "eve"}


def test_too_many_withdrawals_are_refused(place: Place) -> None:
    for number in range(7):
        place.cohort(f"c{number}", ALL)
    place.run("sync")
    for number in range(6):
        (place.folder / "cohorts" / f"c{number}.yml").unlink()
    plan = place.run("plan")
    assert plan.code == 6
    assert "G005 6 cohorts would be withdrawn, over the limit of 5; nothing is withdrawn" in plan.out
    assert place.run("sync").code == 6
    assert place.members("c0") == {"ann", "bob", "eve"}


def test_users_braze_does_not_know_are_never_created(place: Place) -> None:
    place.customers("ann", "zoe", known=False)
    place.cohort("everybody", ALL)
    assert "2 added" in place.run("sync").out
    assert place.members("everybody") == {"ann"}


@pytest.mark.parametrize("value", ["NULL", "''", "'  '"])
def test_blank_identifiers_are_nobody(place: Place, value: str) -> None:
    place.sql(f"INSERT INTO shop.customers VALUES ({value}, 500, 1), ('  ann ', 500, 1)")
    place.cohort("everybody", ALL)
    assert "3 added" in place.run("sync").out


def test_status_tells_what_is_in_braze(place: Place) -> None:
    place.cohort("vips", VIPS)
    empty = place.run("status")
    assert (empty.code, empty.out.splitlines()[1].split()) == (
        0,
        ["vips", "-", "-", "next", "sync", "to", "create"],
    )
    place.run("sync")
    assert place.run("status").out.splitlines()[1].startswith("vips          3  20")
    assert place.run("status").out.rstrip().endswith("in sync")


def published(text: str) -> dict[str, Any]:
    """JSON as it is published in schema/output.schema.json."""
    found: dict[str, Any] = json.loads(text)
    jsonschema.validate(found, json.loads(schemas.text("output")))
    return found


def test_json_is_for_programs(place: Place) -> None:
    place.cohort("vips", VIPS)
    plan = published(place.run("plan", "--members", "--output", "json").out)
    assert (plan["version"], plan["target"]) == (1, "sandbox")
    moved = {"before": 0, "after": 3, "added": 3, "removed": 0, "sent_again": 0, "unusable_rows": 0}
    assert plan["changes"][0]["members"] == moved
    summary = published(place.run("sync", "--output", "json").out)
    assert summary["outcomes"] == [
        {
            "id": "vips",
            "action": "create",
            "done": {"added": 3, "removed": 0, "sent_again": 0, "members": 3},
            "error": None,
            "suppressed": None,
        }
    ]
    (place.folder / "cohorts" / "vips.yml").write_text("id: vips\n", encoding="utf-8")
    checked = published(place.run("validate", "--output", "json").out)
    assert {problem["code"] for problem in checked["problems"]} == {"S002"}


def test_old_snapshots_are_swept(place: Place) -> None:
    place.cohort("vips", VIPS)
    for spend in range(4):
        place.sql(f"UPDATE shop.customers SET spend = {200 + spend}")
        assert place.run("sync", "--refresh").code == 0
    tables = place.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'cohort_runner'")
    assert len([name for (name,) in tables if name.startswith("members_")]) == 2  # delivered, and the one before it


def test_nothing_of_a_member_or_a_key_is_shown(place: Place) -> None:
    names = ("member-one", "member-two")
    place.customers(*names)
    place.cohort("vips", "SELECT CAST(CAST(customer_id AS BIGINT) AS VARCHAR) AS customer_id FROM customers")
    said = [place.run(command) for command in ("plan", "sync", "status", "validate")]
    said.append(place.run("plan", "--members"))
    text = "".join(answer.out + answer.err for answer in said)
    assert "'…'" in text
    for secret in (*names, "sandbox-key"):
        assert secret not in text
