"""One issue for as long as Braze is not as main wants it."""

from __future__ import annotations

from tests.workflows.events import dispatched, on_schedule
from tests.workflows.office import Office

DONE = {"drift": "success"}


def test_an_issue_is_opened_kept_up_and_closed(office: Office) -> None:
    office.cohort("vips", "ann")
    office.set_up()
    office.begin()
    office.synced()
    office.cohort("buyers", "bob")
    tip = office.push("a cohort that nobody synced").after
    assert office.drift(on_schedule(tip, "41 7 * * *")).results == DONE
    ((state, title),) = office.issues
    assert state == "open"
    assert "production" in title
    (issue,) = office.github.issues.values()
    assert "buyers" in issue["body"]

    office.cohort("eves", "eve")
    tip = office.push("and another one").after
    run = office.drift(dispatched(tip))
    assert run.results == DONE
    assert "eves" in run.jobs["drift"].summary
    assert [state for state, _ in office.issues] == ["open"]
    (issue,) = office.github.issues.values()
    assert "eves" in issue["body"]

    office.synced()
    assert office.drift(on_schedule(tip, "41 7 * * *")).results == DONE
    assert [state for state, _ in office.issues] == ["closed"]


def test_a_service_that_is_down_is_told_in_the_issue_too(office: Office) -> None:
    office.cohort("vips", "ann")
    office.set_up()
    tip = office.begin().after
    office.shop.fault("request", "status:503", times=None)
    assert office.drift(on_schedule(tip, "41 7 * * *")).results == {"drift": "failure"}
    assert [state for state, _ in office.issues] == ["open"]
