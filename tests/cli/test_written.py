"""What a preview says is written to Braze, against what is written over the days that follow."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.test_modes import others_add
from tests.place import Place

ALL = "SELECT customer_id FROM customers"
DAILY, OFTEN = "schedule: {cron: '0 6 * * *'}\n", "schedule: {cron: '*/10 * * * *'}\n"
SHORT = "reassert: {recent: 3d, full: 5d}\n"


def preview(place: Place, *more: str) -> dict[str, Any]:
    """What the plan says of the one cohort that it has."""
    answer = place.run("plan", "--members", "--output", "json", *more)
    (change,) = json.loads(answer.out)["changes"]
    return dict(change["written"])


def written(place: Place) -> int:
    """How many identifiers were written to the cohort so far."""
    return int(place.cohorts().get("vips", {}).get("members_written", 0))


def days(place: Place, many: int) -> list[int]:
    """The total after a sync now, and after one on each of the days that follow."""
    totals = []
    for day in range(many):
        if day:
            place.advance(days=1)
        assert place.run("sync", "--due").code == 0
        totals.append(written(place))
    return totals


def test_the_preview_of_a_first_sync_is_what_is_written(place: Place) -> None:
    place.cohort("vips", ALL, extra=OFTEN)
    told = preview(place)
    assert (told["this_sync"], told["first_week"], told["usual_month"]) == (3, 21, 3)
    totals = days(place, 11)
    assert (totals[0], totals[6], totals[10]) == (3, 21, 21)  # members that never change
    place.advance(days=20)
    assert place.run("sync", "--due").code == 0
    assert written(place) == 24  # everyone again, in a month


def test_the_preview_follows_reassert(place: Place) -> None:
    place.project(extra=SHORT)
    place.cohort("vips", ALL, extra=OFTEN)
    told = preview(place)
    totals = days(place, 16)
    assert told["first_week"] == totals[6] == 12  # two days of the young, everyone on the fifth
    assert told["usual_month"] == 18  # everyone six times
    assert totals[15] == 18


def test_the_preview_of_a_change_counts_who_enters_and_everyone_due(place: Place) -> None:
    place.project(extra=SHORT)
    place.cohort("vips", f"{ALL} WHERE customer_id <> 'eve'", extra=OFTEN)
    before = days(place, 5)[-1]
    place.cohort("vips", ALL, extra=OFTEN)
    told = preview(place)
    totals = [total - before for total in days(place, 7)]
    assert told["this_sync"] == totals[0] == 1
    assert told["first_week"] == totals[6]


def test_nothing_is_written_later_without_a_schedule(place: Place) -> None:
    place.cohort("vips", ALL)
    told = preview(place)
    assert (told["this_sync"], told["first_week"], told["usual_month"]) == (3, 3, 0)
    said = place.run("plan", "--members").out
    assert "written: 3 by this sync; nothing later, since it has no `schedule`" in said


def test_a_rename_writes_one_member(place: Place) -> None:
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    before = written(place)
    place.cohort("vips", ALL, name="Best")
    assert preview(place)["this_sync"] == 1
    assert place.run("sync").code == 0
    assert written(place) - before == 1


def test_a_withdrawal_writes_who_leaves(place: Place) -> None:
    place.cohort("vips", ALL, extra=DAILY)
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    told = preview(place)
    assert (told["this_sync"], told["first_week"], told["usual_month"]) == (3, 3, 0)


@pytest.mark.parametrize("mode", ["add", "remove"])
def test_the_preview_of_other_modes(place: Place, mode: str) -> None:
    others_add(place, "vips", "ann")
    before = written(place)
    place.cohort("vips", ALL, extra=f"mode: {mode}\n{OFTEN}")
    told = preview(place)
    totals = [total - before for total in days(place, 8)]
    assert (told["this_sync"], told["first_week"]) == (totals[0], totals[6]) == (3, 21)


def test_people_say_what_is_written(place: Place) -> None:
    place.cohort("vips", ALL, extra=DAILY)
    said = place.run("plan", "--members").out
    words = "3 by this sync, 21 in the first week, this sync included; then about 3 in a usual month"
    assert f"      written: {words}\n" in said
    assert f"Written to Braze, at least: {words}.\n" in said


def test_several_names_are_said_to_cost_more(place: Place) -> None:
    place.sql("CREATE TABLE shop.devices AS SELECT * FROM (VALUES ('d1'), ('d2')) AS t (device_id)")
    extra = f"{DAILY}identifiers: {{device_id: device_id}}\n"
    place.cohort("vips", "SELECT device_id FROM devices", extra=extra)
    assert preview(place)["everyone_when_somebody_leaves"] is True
    said = place.run("plan", "--members").out
    assert "; all 2 again whenever somebody leaves, since" in said
