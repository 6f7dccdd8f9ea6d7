"""What was reviewed is what runs: a plan that was kept, and comments on merged pull requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.github_api import Address
from tests.github_world import BOT, REPOSITORY
from tests.place import Place
from tests.repositories import Repository
from tests.reviewing import in_github, policy, reviewed


@pytest.fixture
def shop(place: Place) -> Place:
    place.cohort("buyers", "SELECT customer_id FROM shop.customers WHERE spend > 100")
    return place


def kept(place: Place) -> Path:
    assert place.run("plan", "--out", "plan.json").code == 0
    return place.folder / "plan.json"


class TestAPlanThatWasKept:
    def test_it_runs_and_once_only(self, shop: Place) -> None:
        kept(shop)
        assert shop.run("sync", "--plan", "plan.json").code == 0
        assert shop.members("buyers") == {"ann", "bob", "eve"}
        again = shop.run("sync", "--plan", "plan.json")
        assert again.code == 8
        assert again.err.splitlines() == [
            "L019 a sync would now deliver something else than the saved plan says, for 1 cohort;"
            " make a new plan, check it, and sync it; nothing was sent",
            "  buyers: to create in the plan, nothing to do now",
        ]

    def test_data_may_move_in_between(self, shop: Place) -> None:
        kept(shop)
        shop.customers("ann", "bob", "eve", "zoe")
        assert shop.run("sync", "--plan", "plan.json").code == 0
        assert shop.members("buyers") == {"ann", "bob", "eve", "zoe"}

    def test_whatever_else_would_be_delivered_stops_it(self, shop: Place) -> None:
        kept(shop)
        shop.cohort("buyers", "SELECT customer_id FROM shop.customers WHERE spend > 200")
        shop.cohort("others", "SELECT customer_id FROM shop.customers")
        answer = shop.run("sync", "--plan", "plan.json")
        assert answer.code == 8
        assert answer.err.splitlines()[1:] == [
            "  buyers: the sync would deliver something else than the saved plan",
            "  others: to create now, not in the plan",
        ]
        assert shop.cohorts() == {}

    def test_its_part_of_the_cohorts_is_selected_again(self, shop: Place) -> None:
        shop.cohort("others", "SELECT customer_id FROM shop.customers")
        assert shop.run("plan", "--out", "plan.json", "-s", "others").code == 0
        assert shop.run("sync", "--plan", "plan.json").code == 8
        assert shop.run("sync", "--plan", "plan.json", "-s", "others").code == 0
        assert shop.cohorts().keys() == {"others"}

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('"action": "create"', '"action": "update"'),
            ('"braze_id": "buyers"', '"braze_id": "others"'),
            (
                "{",
                "[",
            ),
        ],
    )
    def test_one_that_was_changed_is_no_plan(self, shop: Place, old: str, new: str) -> None:
        path = kept(shop)
        text = path.read_text()
        path.write_text(text.replace(old, new))
        answer = shop.run("sync", "--plan", "plan.json")
        changed = json.loads(text)["changes"][0]["action"] == "create" and "update" in new
        assert answer.code == (0 if changed else 64)  # the word is for people: what is delivered is the same

    def test_an_old_one(self, shop: Place) -> None:
        path = kept(shop)
        path.write_text(path.read_text().replace('"made_at": "20', '"made_at": "19'))
        answer = shop.run("sync", "--plan", "plan.json")
        assert answer.code == 8
        assert answer.err.startswith("L018 the plan plan.json was made ")
        assert shop.run("sync", "--plan", "plan.json", "--max-age", "1w").code == 64

    def test_one_of_tomorrow(self, shop: Place) -> None:
        path = kept(shop)
        path.write_text(path.read_text().replace('"made_at": "20', '"made_at": "21'))
        answer = shop.run("sync", "--plan", "plan.json")
        assert (answer.code, "L020 plan.json was made in the future" in answer.err) == (64, True)

    def test_one_of_a_branch_is_not_one_of_braze(self, shop: Place) -> None:
        Repository.begun(shop.folder).commit()
        assert shop.run("plan", "--offline", "--out", "plan.json").code == 0
        answer = shop.run("sync", "--plan", "plan.json")
        assert answer.code == 64
        assert answer.err.startswith("L020 plan.json compares with a commit")


class TestCommentsOnMergedPullRequests:
    def test_what_they_showed_runs(self, team: Place, github: Address) -> None:
        team.cohort("late", "SELECT customer_id FROM shop.customers WHERE spend > 1")
        reviewed(team, github, 3)
        answer = team.run("sync", "-s", "late", **in_github(github))
        assert answer.code == 0, answer.err
        answer = team.run("sync", **in_github(github))
        assert answer.code == 8
        assert answer.err.startswith(
            "L021 not reviewed: buyers: no merged pull request's comment listed this change;"
            " check it with `cohorts plan`;"
        )
        assert team.members("buyers") == set()

    def test_two_that_meet_on_main(self, team: Place, github: Address) -> None:
        team.cohort("late", "SELECT customer_id FROM shop.customers WHERE spend > 1")
        reviewed(team, github, 3)
        team.cohort("late", "SELECT customer_id FROM shop.customers WHERE spend > 2")
        Repository(team.folder).commit()
        assert team.run("sync", "-s", "late", **in_github(github)).code == 8

    def test_a_withdrawal_and_what_failed_before(self, team: Place, github: Address) -> None:
        team.cohort("late", "SELECT customer_id FROM shop.customers WHERE spend > 1")
        (team.folder / "cohorts" / "buyers.yml").rename(team.folder / "buyers.yml")
        reviewed(team, github, 3)
        team.fault("export", "fail", times=None)
        assert team.run("sync", **in_github(github)).code == 1
        team.ask("DELETE", "faults")
        team.cohort("more", "SELECT customer_id FROM shop.customers WHERE spend > 3")
        reviewed(team, github, 4)
        assert team.run("sync", **in_github(github)).code == 0
        (team.folder / "cohorts" / "more.yml").unlink()
        reviewed(team, github, 5)
        assert team.run("sync", **in_github(github)).code == 0
        assert team.members("more") == set()
        assert team.run("sync", "--refresh", **in_github(github)).code == 0  # nobody decides a refresh in a file

    def test_a_state_that_was_reviewed_once_is_not_what_was_reviewed_last(self, team: Place, github: Address) -> None:
        for number, spend in ((3, 1), (4, 2)):
            team.cohort("late", f"SELECT customer_id FROM shop.customers WHERE spend > {spend}")
            reviewed(team, github, number)
        team.cohort("late", "SELECT customer_id FROM shop.customers WHERE spend > 1")
        Repository(team.folder).commit()
        answer = team.run("sync", **in_github(github))  # looks further back too, for buyers
        assert answer.code == 8
        assert answer.err.startswith("L021 not reviewed: buyers, late: ")

    def test_a_merge_into_another_branch_shows_nothing(self, team: Place, github: Address) -> None:
        team.cohort("late", "SELECT customer_id FROM shop.customers WHERE spend > 1")
        reviewed(team, github, 3)
        release = {**in_github(github), "GITHUB_REF": "refs/heads/release"}
        assert team.run("sync", "-s", "late", **release).code == 8
        assert team.run("sync", "-s", "late", **{**release, "GITHUB_REF": "refs/heads/main"}).code == 0

    def test_a_commit_that_github_does_not_have_was_reviewed_by_nobody(self, team: Place, github: Address) -> None:
        github.world.unknown.add(Repository(team.folder).git("rev-parse", "HEAD"))
        assert team.run("sync", **in_github(github)).code == 8

    def test_a_comment_of_somebody_else_shows_nothing(self, team: Place, github: Address) -> None:
        team.cohort("late", "SELECT customer_id FROM shop.customers WHERE spend > 1")
        reviewed(team, github, 3, author="mallory")
        assert team.run("sync", "-s", "late", **in_github(github)).code == 8

    def test_it_is_allowed_once_and_on_record(self, team: Place, github: Address) -> None:
        allowed = team.run("sync", "--allow", "unreviewed", "--reason", "the first day", **in_github(github))
        assert allowed.code == 0
        assert "the first day" in team.run("history", "--target", "production").out

    def test_a_warning_where_the_project_asks_for_no_more(self, team: Place, github: Address) -> None:
        policy(team, "warn")
        Repository(team.folder).commit()
        answer = team.run("sync", **in_github(github))
        assert answer.code == 0
        assert "L021 buyers: to create now, and no merged pull request's comment listed this change" in answer.err
        github.world.taken()
        policy(team, "off")
        team.cohort("late", "SELECT customer_id FROM shop.customers")
        assert "L021" not in team.run("sync", **in_github(github)).err
        assert github.world.taken() == []

    def test_outside_of_github(self, team: Place) -> None:
        answer = team.run("sync", "--target", "production")
        assert answer.code == 8
        assert "outside GitHub Actions there is no review to compare with" in answer.err
        assert team.run("plan", "--target", "production", "--out", "../plan.json").code == 0
        assert team.run("sync", "--target", "production", "--plan", "../plan.json").code == 0

    def test_a_github_that_is_down(self, team: Place) -> None:
        down = {"GITHUB_API_URL": "http://127.0.0.1:9", "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": BOT}
        answer = team.run("sync", "--target", "production", **down, COHORTS_RETRY_SECONDS="0")
        assert answer.code == 5
        assert answer.err.startswith("H002")
        policy(team, "warn")
        answer = team.run("sync", "--target", "production", **down, COHORTS_RETRY_SECONDS="0")
        assert answer.code == 0
        assert BOT not in answer.err


EVERYBODY_LEAVES = {"expires": "expires: 2026-01-31\n", "guards": "guards: {allow_empty: true}\n"}


class TestSettingsThatNoQueryShows:
    @pytest.mark.parametrize(
        ("pushed", "told"),
        [
            ("review: warn\n", "review"),
            ("review: off\n", "review"),
            ("guards: {max_members: 1000, max_withdrawn: 90%}\n", "guards.max_withdrawn"),
            ("suppress: [lapsed]\n", "suppress"),
            ("timezone: Asia/Tokyo\n", "timezone"),
        ],
    )
    def test_pushed_to_main_they_stop_what_would_go_by_them(
        self, synced: Place, github: Address, pushed: str, told: str
    ) -> None:
        path = synced.folder / "cohorts" / "project.yml"
        key = pushed.partition(":")[0]
        kept = [line for line in path.read_text().splitlines() if not line.startswith(f"{key}:")]
        path.write_text("\n".join([*kept, pushed]))
        Repository(synced.folder).commit()
        answer = synced.run("sync", "--refresh", **in_github(github))
        assert answer.code == 8, answer.out
        assert f"{told}: no merged pull request's comment" in answer.err
        assert synced.run("sync", **in_github(github)).code == (8 if told == "suppress" else 0)  # nothing to do

    @pytest.mark.parametrize("which", EVERYBODY_LEAVES)
    def test_a_cohort_s_own_too(self, synced: Place, github: Address, which: str) -> None:
        path = synced.folder / "cohorts" / "lapsed.yml"
        path.write_text(path.read_text() + EVERYBODY_LEAVES[which])
        Repository(synced.folder).commit()
        answer = synced.run("sync", "--refresh", **in_github(github))
        assert answer.code == 8
        assert "L021 not reviewed: lapsed: " in answer.err
        assert synced.members("lapsed") == {"ann", "bob", "eve"}

    def test_reviewed_they_run_and_what_was_synced_is_what_they_are_compared_with(
        self, synced: Place, github: Address
    ) -> None:
        path = synced.folder / "cohorts" / "lapsed.yml"
        path.write_text(path.read_text() + EVERYBODY_LEAVES["guards"] + EVERYBODY_LEAVES["expires"])
        reviewed(synced, github, 4)
        assert "<code>lapsed&#58; expires&#58; not set → 2026-01-31</code>" in github.world.bodies(4)[0]
        answer = synced.run("sync", **in_github(github))
        assert answer.code == 0, answer.err
        assert synced.members("lapsed") == set()

    def test_a_review_of_the_policy_ends_it(self, synced: Place, github: Address) -> None:
        policy(synced, "off")
        reviewed(synced, github, 4)
        synced.cohort("late", "SELECT customer_id FROM shop.customers WHERE spend > 7")
        Repository(synced.folder).commit()
        assert synced.run("sync", **in_github(github)).code == 0

    def test_a_warning_stands_at_its_line(self, synced: Place, github: Address) -> None:
        policy(synced, "warn")
        reviewed(synced, github, 4)
        path = synced.folder / "cohorts" / "lapsed.yml"
        path.write_text(path.read_text() + "expires: 2099-01-31\n")
        Repository(synced.folder).commit()
        answer = synced.run("sync", "--refresh", **in_github(github))
        assert answer.code == 0
        assert (
            "cohorts/lapsed.yml:6:10 L021 lapsed: expires: not set → 2099-01-31, and no merged pull request"
            in answer.err
        )

    def test_a_plan_that_was_kept_is_the_reason_on_record(self, team: Place) -> None:
        assert team.run("plan", "--target", "production", "--out", "../plan.json").code == 0
        assert team.run("sync", "--target", "production", "--plan", "../plan.json").code == 0
        told = json.loads((team.folder / "../plan.json").read_text())["checksum"][:19]
        assert f"the plan {told} of 20" in team.run("history", "--target", "production").out
