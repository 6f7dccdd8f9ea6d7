"""What becomes of Braze after a merge, at its time, and when somebody asks for it."""

from __future__ import annotations

from tests.workflows.events import dispatched, on_schedule
from tests.workflows.office import Office
from tests.workflows.repository import NOTHING

DONE, FAILED = {"sync": "success"}, {"sync": "failure"}


def test_the_first_push_an_edit_a_deletion_and_the_hour(office: Office) -> None:
    office.cohort("vips", "ann")
    office.cohort("buyers", "bob", extra='schedule: {cron: "0 6 * * *"}\n')
    office.set_up()
    first = office.begin()
    assert first.before == NOTHING
    run = office.sync(first)
    assert run.results == DONE
    assert office.shop.members("vips") == {"ann"}
    assert office.shop.members("buyers") == {"bob"}
    assert "vips" in run.jobs["sync"].summary
    assert run.jobs["sync"].outputs["exitcode"] == "0"

    office.delete("vips.yml")
    assert office.sync(office.push("no vips any more")).results == DONE
    assert office.shop.members("vips") == set()

    office.shop.advance(days=1)
    office.shop.sql("UPDATE shop.customers SET customer_id = 'bobby' WHERE customer_id = 'ann'")
    run = office.sync(on_schedule(office.repository.tip()))
    assert run.results == DONE
    assert "buyers" in run.jobs["sync"].summary
    assert "refresh" in run.jobs["sync"].summary


def test_nothing_is_synced_before_the_repository_says_where_to(office: Office) -> None:
    office.cohort("vips", "ann")
    run = office.with_settings(COHORTS_TARGET="").sync(office.begin())
    assert run.results == {"sync": "skipped"}
    assert office.shop.requests()["requests"] == {}


def test_where_to_may_be_said_by_whoever_starts_it(office: Office) -> None:
    office.cohort("vips", "ann")
    office.begin()
    office.set_up()
    office = office.with_settings(COHORTS_TARGET="")
    assert office.sync(dispatched(office.repository.tip(), target="production")).results == DONE
    assert office.shop.members("vips") == {"ann"}
    assert office.drift(dispatched(office.repository.tip(), target="production")).results == {"drift": "success"}


def test_a_guard_stops_a_merge_and_somebody_says_that_it_is_right(office: Office) -> None:
    office.cohort("vips", "ann", "bob", "eve", extra="guards: {max_removed: 1}\n")
    office.begin()
    office.set_up()
    office.synced()

    office.cohort("vips", "ann", extra="guards: {max_removed: 1}\n")
    run = office.sync(office.push("only ann"))
    assert run.results == FAILED
    assert run.jobs["sync"].outputs["exitcode"] == "6"
    assert run.jobs["sync"].outputs["blocked"] == "1"
    assert run.jobs["sync"].outputs["failed"] == "0"
    assert "max_removed" in run.jobs["sync"].summary
    assert office.shop.members("vips") == {"ann", "bob", "eve"}

    tip = office.repository.tip()
    run = office.sync(dispatched(tip, dry_run="true"))
    assert run.results == FAILED
    assert "2 leave" in run.jobs["sync"].log
    assert "max_removed" in run.jobs["sync"].summary
    assert "Sync" not in run.jobs["sync"].steps
    assert office.shop.members("vips") == {"ann", "bob", "eve"}

    run = office.sync(dispatched(tip, allow="max_removed:vips", reason="the campaign is over"))
    assert run.results == DONE
    assert office.shop.members("vips") == {"ann"}
    told = office.run("history", "vips").out
    assert "the campaign is over" in told
    assert "olga" in told


def test_what_failed_is_done_by_the_next_push_of_something_else(office: Office) -> None:
    office.cohort("vips", "ann")
    office.cohort("buyers", "bob")
    office.set_up()
    office.shop.fault("export", "fail", match="vips", times=1)
    run = office.sync(office.begin())
    assert run.results == FAILED
    assert office.shop.struck() == 1
    assert office.shop.members("vips") == set()
    assert office.shop.members("buyers") == {"bob"}
    assert [each for each in run.jobs["sync"].annotations if each.level == "error"]

    office.repository.write({"README.md": "something else\n"})
    assert office.sync(office.push("the readme")).results == DONE
    assert office.shop.members("vips") == {"ann"}
    assert office.shop.cohorts()["buyers"]["members"] == 1


def test_main_is_thrown_back_by_force(office: Office) -> None:
    office.cohort("vips", "ann")
    office.begin()
    office.cohort("vips", "ann", "bob")
    office.push("bob too")
    office.set_up()
    office.synced()

    office.repository.git("reset", "--quiet", "--hard", "HEAD~1")
    office.cohort("buyers", "eve")
    office.repository.commit("history is made anew")
    run = office.sync(office.repository.push(force=True))
    # the ledger knows a commit that this history has not: what is newer cannot be told
    assert run.results == FAILED
    assert "L009" in run.jobs["sync"].log
    assert office.shop.members("vips") == {"ann", "bob"}
    assert office.shop.members("buyers") == set()
    run = office.sync(dispatched(office.repository.tip(), allow="rollback", reason="that was a mistake"))
    assert run.results == DONE
    assert office.shop.members("vips") == {"ann"}
    assert office.shop.members("buyers") == {"eve"}


def test_a_run_that_comes_late_does_not_win(office: Office) -> None:
    office.cohort("vips", "ann")
    office.set_up()
    first = office.begin()
    office.cohort("vips", "ann", "bob")
    office.push("bob too")
    office.synced()
    run = office.sync(first)
    assert run.results == FAILED
    assert "L008" in run.jobs["sync"].log
    assert office.shop.members("vips") == {"ann", "bob"}
