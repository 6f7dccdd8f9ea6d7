"""Guards overridden for one run: by whom, why, and nothing beyond."""

from __future__ import annotations

import json

import pytest
from tests.place import Answer, Place

ALL = "SELECT customer_id FROM customers"
FEW = "SELECT customer_id FROM customers WHERE customer_id = 'ann'"


def details(place: Place, event: str) -> list[dict[str, object]]:
    rows = place.sql(f"SELECT detail FROM cohort_runner.cohort_ledger WHERE event = '{event}' ORDER BY epoch, sequence")
    return [json.loads(detail) for (detail,) in rows]


def test_a_guard_is_overridden_once_with_a_reason(place: Place) -> None:
    place.cohort("vips", ALL, extra="guards: {max_removed: 0}\n")
    place.cohort("fans", ALL, extra="guards: {max_removed: 0}\n")
    assert place.run("sync").code == 0
    place.cohort("vips", FEW, extra="guards: {max_removed: 0}\n")
    place.cohort("fans", FEW, extra="guards: {max_removed: 0}\n")

    refused = place.run("sync")
    assert refused.code == 6
    assert 'or let it pass once: `--allow max_removed:vips --reason "…"`' in refused.out

    done = place.run("sync", "--allow", "max_removed:vips", "--reason", "a test list went out")
    assert done.code == 7  # fans are still refused
    assert (place.members("vips"), place.members("fans")) == ({"ann"}, {"ann", "bob", "eve"})
    assert [each.get("allowed") for each in details(place, "intent")][-2:] == [None, ["max_removed"]]
    assert details(place, "lease")[-1]["reason"] == "a test list went out"

    place.cohort(
        "vips", "SELECT customer_id FROM customers WHERE customer_id = 'bob'", extra="guards: {max_removed: 0}\n"
    )
    assert place.run("sync", "--select", "vips").code == 6  # it was for one run


EVERY_TEN_MINUTES = "schedule: {cron: '*/10 * * * *'}\nguards: {max_removed: 30%}\n"
PEOPLE = [f"p{number}" for number in range(20)]


def refresh(place: Place, many: int, *more: str) -> Answer:
    """The next sync by the schedule, after which so many people qualify."""
    place.customers(*PEOPLE[:many])
    place.advance(hours=0.2)
    return place.run("sync", "--due", *more)


def test_an_allowed_removal_does_not_block_the_runs_after_it(place: Place) -> None:
    place.cohort("vips", ALL, extra=EVERY_TEN_MINUTES)
    assert refresh(place, 20).code == 0
    assert refresh(place, 10).code == 6
    assert refresh(place, 10, "--allow", "max_removed:vips", "--reason", "agreed").code == 0
    later = refresh(place, 10)
    assert later.code == 0, later.out
    assert "0 removed" in later.out


def test_a_slow_leak_is_found_before_and_after_an_allowed_removal(place: Place) -> None:
    place.cohort("vips", ALL, extra=EVERY_TEN_MINUTES)
    assert [refresh(place, many).code for many in (20, 17, 14)] == [0, 0, 0]
    refused = refresh(place, 13)
    assert refused.code == 6
    assert "35.0% of the members (7 of 20) would have left within 24 hours" in refused.out
    assert "the cohort had 20 members in these hours, and this sync removes 1 of them" in refused.out
    assert refresh(place, 10, "--allow", "max_removed:vips", "--reason", "agreed").code == 0

    assert [refresh(place, many).code for many in (9, 8, 7)] == [0, 0, 0]
    refused = refresh(place, 6)
    assert refused.code == 6
    assert "40.0% of the members (4 of 10) would have left within 24 hours" in refused.out
    place.advance(hours=25)
    assert refresh(place, 6).code == 0  # the day is over


def test_a_rollback_does_not_block_the_syncs_after_it(place: Place) -> None:
    place.cohort("vips", FEW, extra="guards: {max_removed: 30%}\n")
    assert place.run("sync").code == 0
    place.cohort("vips", ALL, extra="guards: {max_removed: 30%}\n")
    assert place.run("sync").code == 0
    assert place.run("rollback", "vips", "--reason", "too many").code == 0
    place.cohort("vips", f"{FEW} AND spend > 1", extra="guards: {max_removed: 30%}\n")
    later = place.run("sync")
    assert later.code == 0, later.out
    assert place.members("vips") == {"ann"}


def test_a_cohort_that_comes_back_smaller_is_not_blocked(place: Place) -> None:
    place.cohort("vips", ALL, extra=EVERY_TEN_MINUTES)
    assert refresh(place, 20).code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    assert place.run("sync").code == 0
    place.cohort("vips", ALL, extra=EVERY_TEN_MINUTES)
    assert refresh(place, 10).code == 0
    later = refresh(place, 10)
    assert later.code == 0, later.out


def limit_withdrawals(place: Place) -> None:
    place.project()
    path = place.folder / "cohorts" / "project.yml"
    path.write_text(path.read_text().replace("{max_members: 1000}", "{max_members: 1000, max_withdrawn: 0}"))


def test_a_previous_id_goes_round_no_limit(place: Place) -> None:
    limit_withdrawals(place)
    for name in ("vips", "fans"):
        place.cohort(name, ALL)
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("fans", ALL, extra="previous_id: vips\n")  # it is there already: nobody moves to it
    assert place.run("sync").code == 6
    assert place.members("vips") == {"ann", "bob", "eve"}


def test_a_move_that_was_cut_off_is_ended_all_the_same(place: Place) -> None:
    limit_withdrawals(place)
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("best", ALL, extra="previous_id: vips\n")
    place.fault("export", "fail", match="vips", times=None)
    assert place.run("sync").code == 7
    assert (place.members("vips"), place.members("best")) == ({"ann", "bob", "eve"}, {"ann", "bob", "eve"})
    place.ask("DELETE", "faults")
    assert place.run("sync").code == 0
    assert (place.members("vips"), place.members("best")) == (set(), {"ann", "bob", "eve"})


def test_withdrawals_are_limited_by_the_project(place: Place) -> None:
    place.cohort("vips", ALL)
    place.cohort("fans", ALL)
    limit_withdrawals(place)
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()

    refused = place.run("sync")
    assert refused.code == 6
    assert "G005 1 cohort would be withdrawn, over the limit of 0" in refused.out
    assert place.members("vips") == {"ann", "bob", "eve"}

    assert place.run("sync", "--allow", "max_withdrawn", "--reason", "the campaign is over").code == 0
    assert place.members("vips") == set()
    assert details(place, "intent")[-1]["allowed"] == ["max_withdrawn"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--allow", "max_removed:vips"], "P107 --allow and --reason go together"),
        (["--reason", "because"], "P107 --allow and --reason go together"),
        (["--allow", "everything", "--reason", "x"], "P107 --allow everything names no guard"),
        (["--allow", "max_removed", "--reason", "x"], "P107 --allow max_removed names no guard"),
        (["--allow", "max_removed:vip", "--reason", "x"], "P103 --allow: there is no cohort 'vip'; use one of: vips"),
    ],
)
def test_overrides_that_mean_nothing(place: Place, options: list[str], said: str) -> None:
    place.cohort("vips", ALL)
    refused = place.run("sync", *options)
    assert refused.code == 64
    assert said in refused.err
