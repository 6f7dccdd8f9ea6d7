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
    words = (
        "3 by this sync, 21 in the first week (this sync included),"
        " about 3 in a usual month, and whoever enters or leaves"
    )
    assert f"      written: {words}\n" in said
    assert f"Estimate of what is written to Braze: {words}.\n" in said


def test_several_names_are_said_to_cost_more(place: Place) -> None:
    place.sql("CREATE TABLE shop.devices AS SELECT * FROM (VALUES ('d1'), ('d2')) AS t (device_id)")
    extra = f"{DAILY}identifiers: {{device_id: device_id}}\n"
    place.cohort("vips", "SELECT device_id FROM devices", extra=extra)
    assert preview(place)["everyone_when_somebody_leaves"] is True
    said = place.run("plan", "--members").out
    assert "; all 2 again whenever somebody leaves, since" in said


def budget(place: Place, many: int) -> None:
    """A project with a budget for each cohort."""
    path = place.folder / "cohorts" / "project.yml"
    limits = f"{{max_members: 1000, max_written_per_month: {many}}}"
    path.write_text(path.read_text().replace("{max_members: 1000}", limits))


def test_a_budget_refuses_what_leads_to_more(place: Place) -> None:
    budget(place, 20)
    place.cohort("vips", ALL, extra=OFTEN)
    refused = place.run("plan", "--members")
    assert refused.code == 6
    told = (
        "cohorts/vips.yml:1:1 G012 vips: 21 identifiers would be written in a month, over the limit"
        " of 20 (3 by this sync, 21 in the first week with it, 3 in a usual month); if this is right, set"
        " `guards: {max_written_per_month: 21}` in this file, or let it pass once:"
        ' `--allow max_written_per_month:vips --reason "…"`;'
        " if not, mend the query, or refresh it less often (`schedule`, `reassert`)"
    )
    assert told in refused.out
    refused = place.run("sync")
    assert refused.code == 6
    assert "G012 vips: 21 identifiers would be written in a month" in refused.out
    assert written(place) == 0


def test_a_budget_of_the_cohort_goes_before_the_projects(place: Place) -> None:
    budget(place, 20)
    place.cohort("vips", ALL, extra=f"{OFTEN}guards: {{max_written_per_month: 21}}\n")
    assert place.run("sync").code == 0


def test_a_budget_is_overridden_once_and_the_days_after_pass(place: Place) -> None:
    budget(place, 4)
    place.cohort("vips", ALL, extra=OFTEN)
    allowed = ["--allow", "max_written_per_month:vips", "--reason", "the launch"]
    assert place.run("sync", *allowed).code == 0
    assert days(place, 8)[-1] == 21  # sent again as was shown, and never refused
    place.customers("ann", "bob", "eve", "ina")
    place.advance(days=1)
    refused = place.run("sync", "--due")
    assert refused.code == 6
    # ina seven times, and everyone once
    assert "G012 vips: 11 identifiers would be written in a month, over the limit of 4" in refused.out


def test_an_allowed_sync_that_was_cut_off_is_retried_within_the_budget(place: Place) -> None:
    budget(place, 4)
    place.cohort("vips", ALL, extra=OFTEN)
    place.fault("export", "fail", times=1)
    allowed = ["--allow", "max_written_per_month:vips", "--reason", "the launch"]
    assert place.run("sync", *allowed).code == 1
    assert place.run("sync").code == 0
    assert place.members("vips") == {"ann", "bob", "eve"}


def test_a_budget_refuses_alike_on_every_day(place: Place) -> None:
    """Everyone is sent every week: four times in 30 days, or five, by the day they begin."""
    place.project(extra="reassert: {recent: 3d, full: 7d}\n")
    place.cohort("vips", ALL, extra=OFTEN)
    assert place.run("sync").code == 0
    budget(place, 13)
    assert days(place, 9)


def test_a_budget_that_a_usual_month_passes_refuses_always(place: Place) -> None:
    budget(place, 100)
    place.cohort("vips", ALL, extra=OFTEN)
    assert place.run("sync").code == 0
    budget_now = (place.folder / "cohorts" / "project.yml").read_text()
    smaller = budget_now.replace("max_written_per_month: 100", "max_written_per_month: 2")
    (place.folder / "cohorts" / "project.yml").write_text(smaller)
    for _ in range(2):
        place.advance(days=1)
        assert "3 identifiers would be written in a month" in place.run("sync", "--due").out


def test_people_who_must_leave_are_in_no_budget(place: Place) -> None:
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    budget(place, 0)
    (place.folder / "cohorts" / "vips.yml").unlink()
    assert place.run("sync").code == 0
    assert place.members("vips") == set()
