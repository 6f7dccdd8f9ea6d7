"""What a sync compares with: the tree that was looked at last. Stories that went wrong once, on either side."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from tests.github_api import Address
from tests.place import Answer, Place
from tests.repositories import Repository
from tests.reviewing import comment, in_github, merged, reviewed

SQL = "SELECT customer_id FROM shop.customers"
EVERYBODY = {"ann", "bob", "eve"}
GONE = "expires: 2020-01-01\n"


def edit(place: Place, name: str, change: Callable[[str], str]) -> None:
    path = place.folder / "cohorts" / f"{name}.yml"
    path.write_text(change(path.read_text()))


def more(place: Place, name: str, text: str) -> None:
    edit(place, name, lambda before: before + text)


def swap(place: Place, name: str, old: str, new: str) -> None:
    edit(place, name, lambda before: before.replace(old, new))


def pushed(place: Place) -> None:
    """Committed to main, and looked at by nobody."""
    Repository(place.folder).commit()


def in_days(days: int) -> str:
    return str(datetime.now(UTC).date() + timedelta(days=days))


def sync(place: Place, github: Address, *options: str) -> Answer:
    return place.run("sync", *options, **in_github(github))


def refused(answer: Answer, what: str) -> bool:
    return answer.code == 8 and answer.err.startswith(f"L021 not reviewed: {what}: ")


class TestWhatNobodyLookedAt:
    def test_is_found_behind_a_suspension(self, synced: Place, github: Address) -> None:
        more(synced, "lapsed", f"suspend: {{reason: x, until: {in_days(1)}}}\n")
        reviewed(synced, github, 4)
        swap(synced, "lapsed", "spend > 1", "spend > 1 AND customer_id < 'b'")
        pushed(synced)
        synced.cohort("other", f"{SQL} WHERE spend > 2")
        text = comment(synced)
        assert "lapsed" not in text.split("\n", 1)[1].replace("lapsed until", "") or "suspended until" in text
        merged(synced, github, 5, text)
        assert refused(sync(synced, github), "lapsed")

    @pytest.mark.parametrize("how", ["a rollback", "a part that was allowed", "a plan of a part"])
    def test_is_found_after(self, synced: Place, github: Address, how: str) -> None:
        synced.cohort("buyers", f"{SQL} WHERE spend > 2")
        reviewed(synced, github, 4)
        assert sync(synced, github).code == 0
        more(synced, "lapsed", GONE)
        synced.cohort("late", "SELECT customer_id, max(spend) AS most FROM shop.customers GROUP BY 1")
        pushed(synced)
        if how == "a rollback":
            assert synced.run("rollback", "buyers", "--reason", "x", "--target", "production").code == 0
        elif how == "a part that was allowed":
            allowed = sync(synced, github, "-s", "late", "--allow", "unreviewed", "--reason", "late is right")
            assert allowed.code == 0
        else:
            assert synced.run("plan", "--target", "production", "-s", "late", "--out", "../p.json").code == 0
            assert sync(synced, github, "-s", "late", "--plan", "../p.json").code == 0
        answer = sync(synced, github)
        assert refused(answer, "late, lapsed: expires" if how == "a rollback" else "lapsed: expires"), answer.err
        assert synced.members("lapsed") == EVERYBODY

    def test_is_found_after_a_sync_of_files_without_it(self, synced: Place, github: Address) -> None:
        more(synced, "lapsed", GONE)
        pushed(synced)
        # as it was reviewed, and as the commit does not have it
        swap(synced, "lapsed", GONE, "")
        options = ("--refresh", "--allow", "uncommitted", "--reason", "an outage")
        allowed = sync(synced, github, *options)
        assert allowed.code == 0, allowed.err
        more(synced, "lapsed", GONE)
        assert refused(sync(synced, github), "lapsed: expires")
        assert synced.members("lapsed") == EVERYBODY

    def test_is_found_where_a_file_could_not_be_read(self, synced: Place, github: Address) -> None:
        more(synced, "lapsed", "nonsense: 1\n")
        pushed(synced)
        synced.cohort("late", f"{SQL} WHERE spend > 3")
        reviewed(synced, github, 4)
        assert sync(synced, github).code == 7
        swap(synced, "lapsed", "nonsense: 1\n", GONE)
        pushed(synced)
        assert "lapsed: expires" in sync(synced, github).err
        assert synced.members("lapsed") == EVERYBODY

    def test_is_a_deletion_after_somebody_only_broke_the_file(self, synced: Place, github: Address) -> None:
        more(synced, "lapsed", "nonsense: 1\n")
        reviewed(synced, github, 4)
        (synced.folder / "cohorts" / "lapsed.yml").unlink()
        pushed(synced)
        assert refused(sync(synced, github), "lapsed")

    def test_is_what_was_reviewed_before_something_else_was_allowed(self, synced: Place, github: Address) -> None:
        swap(synced, "lapsed", "spend > 1", "spend > 2")
        pushed(synced)
        assert sync(synced, github, "--allow", "unreviewed", "--reason", "it is right").code == 0
        swap(synced, "lapsed", "spend > 2", "spend > 1")  # as pull request 3 had it
        pushed(synced)
        assert refused(sync(synced, github), "lapsed")

    def test_is_found_in_a_cohort_that_was_never_synced(self, synced: Place, github: Address) -> None:
        synced.cohort("late", SQL, extra="guards: {max_members: 1}\n")
        reviewed(synced, github, 4)
        assert sync(synced, github).code == 6
        swap(synced, "late", "max_members: 1}", "max_members: 1000}")
        pushed(synced)
        assert refused(sync(synced, github), "late: guards.max_members")

    def test_is_found_beside_a_default_that_became_the_same(self, synced: Place, github: Address) -> None:
        more(synced, "lapsed", "guards: {max_removed: 10%}\n")
        swap(synced, "project", "max_members: 1000", "max_members: 1000, max_removed: 10%")
        reviewed(synced, github, 4)
        assert sync(synced, github, "--refresh").code == 0
        swap(synced, "project", "max_removed: 10%", "max_removed: 100%")
        reviewed(synced, github, 5)
        swap(synced, "lapsed", "max_removed: 10%", "max_removed: 100%")
        pushed(synced)
        assert refused(sync(synced, github, "--refresh"), "lapsed: guards.max_removed")

    def test_is_how_long_a_source_may_lag(self, synced: Place, github: Address) -> None:
        people = "  people: {table: shop.customers, key: customer_id, columns: {spend: number}}\n"
        buys = (
            "  buys: {table: shop.purchases, join: customer_id, time: time, max_lag: 1h, columns: {amount: number}}\n"
        )
        more(synced, "project", f"sources:\n{people}{buys}")
        reviewed(synced, github, 4)
        assert sync(synced, github, "--refresh").code == 0
        swap(synced, "project", "max_lag: 1h", "max_lag: 9d")
        pushed(synced)
        assert refused(sync(synced, github, "--refresh"), "sources.buys.max_lag")


class TestWhatWasLookedAt:
    def test_a_suspended_cohort_resumes_by_itself(self, synced: Place, github: Address) -> None:
        more(synced, "lapsed", f"suspend: {{reason: x, until: {in_days(1)}}}\n")
        swap(synced, "lapsed", "spend > 1", "spend > 1 AND customer_id < 'b'")
        more(synced, "lapsed", "guards: {max_removed: 100%}\n")
        synced.cohort("other", f"{SQL} WHERE spend > 2")
        reviewed(synced, github, 4)
        assert sync(synced, github).code == 0
        synced.advance(days=3)
        assert sync(synced, github).code == 0
        assert synced.members("lapsed") == {"ann"}

    def test_expiry_is_put_off_and_merged_late(self, synced: Place, github: Address) -> None:
        more(synced, "lapsed", f"expires: {in_days(1)}\n")
        reviewed(synced, github, 4)
        assert sync(synced, github, "--refresh").code == 0
        swap(synced, "lapsed", in_days(1), "2099-01-01")
        text = comment(synced)
        swap(synced, "lapsed", "2099-01-01", in_days(1))
        synced.advance(days=3)
        assert sync(synced, github).code == 0
        assert synced.members("lapsed") == set()
        swap(synced, "lapsed", in_days(1), "2099-01-01")
        merged(synced, github, 5, text)
        assert sync(synced, github).code == 0
        assert synced.members("lapsed") == EVERYBODY

    def test_what_waits_for_long_is_still_known(self, synced: Place, github: Address) -> None:
        synced.cohort("late", SQL, extra="guards: {max_members: 1}\n")
        reviewed(synced, github, 4)
        assert sync(synced, github).code == 6
        for _ in range(120):
            Repository(synced.folder).git("commit", "--quiet", "--allow-empty", "--message", "something else")
        assert sync(synced, github).code == 6
        synced.cohort("more", f"{SQL} WHERE spend > 2")
        reviewed(synced, github, 5)
        assert sync(synced, github).code == 7  # more is synced, so both were looked at
        github.world.taken()
        assert sync(synced, github).code == 6
        assert github.world.taken() == []

    def test_the_newest_of_two_comments_counts(self, synced: Place, github: Address) -> None:
        synced.cohort("late", f"{SQL} WHERE spend > 1")
        old = comment(synced)
        synced.cohort("late", f"{SQL} WHERE spend > 2")
        merged(synced, github, 4, old, comment(synced))
        assert sync(synced, github).code == 0

    def test_a_default_that_comes_back_and_is_kept_by_one(self, synced: Place, github: Address) -> None:
        swap(synced, "project", "max_members: 1000", "max_members: 2000")
        reviewed(synced, github, 4)
        assert sync(synced, github).code == 0
        swap(synced, "project", "max_members: 2000", "max_members: 1000")
        more(synced, "lapsed", "guards: {max_members: 2000}\n")
        reviewed(synced, github, 5)
        assert sync(synced, github, "--refresh").code == 0

    def test_a_broken_file_that_is_repaired(self, synced: Place, github: Address) -> None:
        more(synced, "lapsed", "nonsense: 1\nguards: {max_members: 7}\n")
        reviewed(synced, github, 4)
        swap(synced, "lapsed", "nonsense: 1\n", "")
        reviewed(synced, github, 5)
        assert sync(synced, github, "--refresh").code == 0

    def test_a_deletion_while_another_file_is_broken(self, synced: Place, github: Address) -> None:
        synced.cohort("late", f"{SQL} WHERE spend > 2")
        reviewed(synced, github, 4)
        assert sync(synced, github).code == 0
        more(synced, "late", "nonsense: 1\n")
        pushed(synced)
        (synced.folder / "cohorts" / "lapsed.yml").unlink()
        reviewed(synced, github, 5)
        sync(synced, github)
        swap(synced, "late", "nonsense: 1\n", "")
        reviewed(synced, github, 6)
        assert sync(synced, github).code == 0
        assert synced.members("lapsed") == set()

    def test_an_expired_cohort_whose_file_goes(self, synced: Place, github: Address) -> None:
        more(synced, "lapsed", GONE)
        reviewed(synced, github, 4)
        synced.fault("export", "fail", times=None)
        assert sync(synced, github).code == 1
        synced.ask("DELETE", "faults")
        (synced.folder / "cohorts" / "lapsed.yml").unlink()
        reviewed(synced, github, 5)
        assert sync(synced, github).code == 0
        assert synced.members("lapsed") == set()

    def test_a_change_that_is_taken_back_before_it_was_synced(self, synced: Place, github: Address) -> None:
        swap(synced, "lapsed", "spend > 1", "spend > 2")
        reviewed(synced, github, 4)
        swap(synced, "lapsed", "spend > 2", "spend > 1")
        text = comment(synced, "--members")  # Braze has that already; the branch changes it all the same
        swap(synced, "lapsed", "spend > 1", "spend > 2")
        assert sync(synced, github).code == 0
        swap(synced, "lapsed", "spend > 2", "spend > 1")
        merged(synced, github, 5, text)
        assert sync(synced, github).code == 0

    def test_a_file_that_could_not_be_read_and_goes_is_told(self, synced: Place, github: Address) -> None:
        more(synced, "lapsed", "nonsense: 1\n")
        pushed(synced)
        (synced.folder / "cohorts" / "lapsed.yml").unlink()
        text = comment(synced)
        assert "These files could not be read before, and are gone:** <code>cohorts&#47;lapsed&#46;yml</code>" in text
        merged(synced, github, 5, text)
        assert refused(sync(synced, github), "lapsed")  # whose it was, no comment can tell


def test_a_new_cohort_is_told_whole(synced: Place) -> None:
    extra = "mode: remove\nguards: {max_members: 900000, allow_empty: true}\nsuppress: {apply: false, reason: legal}\n"
    synced.cohort("gone", SQL, extra=extra)
    told = comment(synced).replace("&#58;", ":").replace("&#46;", ".").replace("&#95;", "_")
    for line in (
        "<code>mode: remove</code> These people are taken out",
        "<code>guards.max_members: 900000</code>",
        "<code>guards.allow_empty: true</code>",
        "<code>suppress.reason: legal</code>",
    ):
        assert f"- {line}" in told
    assert "settings changed" not in told


def test_every_setting_that_counts_is_shown(synced: Place, github: Address) -> None:
    for number in range(27):
        synced.cohort(f"a{number:02}", f"{SQL} WHERE spend > {number % 7}", name=f"A {number}")
    reviewed(synced, github, 4)
    assert sync(synced, github).code == 0
    for number in range(27):
        more(synced, f"a{number:02}", "max_age: 48h\n")
    more(synced, "lapsed", "expires: 2099-01-01\n")
    text = comment(synced)
    assert text.count("max&#95;age&#58; not set → 48h") == 27
    assert "lapsed&#58; expires&#58; not set → 2099-01-01" in text


def test_an_id_that_was_left_and_came_back_has_no_heir(synced: Place, github: Address) -> None:
    swap(synced, "project", "max_members: 1000", "max_members: 1000, max_withdrawn: 0")
    path, left = (synced.folder / "cohorts" / f"{name}.yml" for name in ("lapsed", "left"))
    text = path.read_text()
    path.unlink()
    left.write_text(text.replace("id: lapsed", "id: left\nprevious_id: lapsed").replace("Lapsed", "Left"))
    reviewed(synced, github, 4)
    assert sync(synced, github).code == 0
    swap(synced, "left", "previous_id: lapsed\n", "")
    path.write_text(text)
    reviewed(synced, github, 5)
    assert sync(synced, github).code == 0
    path.unlink()
    swap(synced, "left", "id: left\n", "id: left\nprevious_id: lapsed\n")
    reviewed(synced, github, 6)
    assert sync(synced, github).code == 6
    assert synced.members("lapsed") == EVERYBODY
