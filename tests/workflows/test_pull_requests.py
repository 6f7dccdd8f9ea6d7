"""What a pull request is answered with."""

from __future__ import annotations

import re
from dataclasses import replace

from tests.workflows.events import queued, synchronized
from tests.workflows.office import READING_KEY, Office

GREEN = {"validate": "success", "comment": "success", "count": "skipped", "required": "success"}


def test_a_pull_request_is_pushed_to_twice(office: Office) -> None:
    office.cohort("vips", "ann")
    office.begin()

    office.repository.branch("buyers")
    office.cohort("buyers", "bob")
    pull = office.propose("buyers")
    run = office.review(pull)
    assert run.results == GREEN
    ((comment, text),) = office.comments.items()
    assert "1 to create" in text
    assert "buyers" in text
    assert "vips" not in text
    assert text.splitlines()[1:5] == run.jobs["validate"].summary.splitlines()[1:5]
    assert (run.artifacts / "cohorts-review" / "plan-production.json").is_file()
    assert not [each for each in run.jobs["validate"].annotations if each.level == "error"]

    office.shop.cohort("buyers", "SELECT no_such_column FROM customers, WHERE")
    office.cohort("vips", "ann", "bob")
    office.repository.commit("a mistake")
    run = office.act.run(office.repository, "cohorts-pr.yml", synchronized(office.repository.push_again(pull)))
    assert run.results == {**GREEN, "validate": "failure", "required": "failure"}
    assert list(office.comments) == [comment]
    assert "cohorts/buyers.yml" in office.comments[comment]
    assert "Nothing is withdrawn" in office.comments[comment]
    errors = [each for each in run.jobs["validate"].annotations if each.level == "error"]
    assert "cohorts/buyers.yml" in {each.at.get("file") for each in errors}
    # the plan is kept all the same
    assert (run.artifacts / "cohorts-review" / "comment-production.md").is_file()


def test_a_pull_request_from_a_fork_gets_no_token_and_no_key(office: Office) -> None:
    office.cohort("vips", "ann")
    office.begin()
    office.repository.branch("from-outside")
    office.cohort("buyers", "bob")
    pull = office.propose("from-outside", author="somebody", fork="somebody/cohorts")
    office = office.with_settings(COHORTS_COUNT="true")
    run = office.review(pull)
    assert run.results == {**GREEN, "comment": "skipped"}
    assert "buyers" in run.jobs["validate"].summary
    assert office.comments == {}
    assert office.shop.requests()["requests"] == {}


def test_a_merge_queue_on_a_server_of_ones_own(office: Office) -> None:
    office.begin()
    office.repository.branch("buyers")
    office.cohort("buyers", "bob")
    pull = office.propose("buyers")
    own = replace(office.act, server="https://github.acme.example")
    run = own.run(office.repository, "cohorts-pr.yml", queued(pull))
    assert run.results == {**GREEN, "comment": "skipped"}
    assert "buyers" in run.jobs["validate"].summary
    assert not run.artifacts.exists()


def test_who_would_enter_is_counted_with_a_key_that_only_reads(office: Office) -> None:
    office.cohort("vips", "ann")
    office.begin()
    office.set_up()
    office.synced()

    office.repository.branch("more")
    office.cohort("vips", "ann", "bob", "eve")
    pull = office.propose("more")
    office = office.with_settings(COHORTS_COUNT="true")
    reading = replace(office.act, secrets={"TD_API_KEY_READONLY": READING_KEY})
    run = replace(office, act=reading).review(pull)
    assert run.results == {**GREEN, "count": "success"}
    (text,) = office.comments.values()
    assert "2 to add and 0 to remove" in text
    # what a comment may have no room for is where it says
    assert "2 to add and 0 to remove" in run.jobs["count"].summary
    assert "2 to add and 0 to remove" in (run.artifacts / "cohorts-comment-counted" / "page-production.md").read_text()
    assert (run.artifacts / "cohorts-comment" / "page-production.md").is_file()
    assert re.search(r"\[<code>vips</code>\]\(https://github\.com/.+/blob/[0-9a-f]{40}/cohorts/vips\.yml\)", text)
    assert office.shop.members("vips") == {"ann"}


def test_two_pull_requests_pass_alone_and_meet_on_main(office: Office) -> None:
    office.cohort("vips", "ann")
    office.cohort("eves", "eve")
    office.begin()
    office.set_up()
    office.synced()

    pulls = []
    for number, name in enumerate(("here", "there"), 1):
        office.repository.branch(name)
        office.shop.cohort("buyers", f"SELECT min(customer_id) AS customer_id FROM customers WHERE spend > {number}")
        written = office.repository.folder / "cohorts" / "buyers.yml"
        written.rename(written.with_stem(name))
        office.delete("eves.yml")
        pulls.append(office.propose(name, number=number))
    # both are the same but for a number, so one of them speaks for both
    assert office.review(pulls[1]).results == GREEN
    for pull in pulls:
        push = office.land(pull)

    run = office.sync(push)
    assert run.results == {"sync": "failure"}
    assert {each.at.get("file") for each in run.jobs["sync"].annotations} & {"cohorts/here.yml", "cohorts/there.yml"}
    # whose is it? so it is not touched; and nothing is withdrawn before that is settled
    assert office.shop.members("buyers") == set()
    assert office.shop.members("eves") == {"eve"}

    office.delete("there.yml")
    run = office.sync(office.push("one of them is enough"))
    assert run.results == {"sync": "success"}
    assert office.shop.members("buyers") == {"ann"}
    assert office.shop.members("eves") == set()


def test_dependabot_has_no_token_that_writes(office: Office) -> None:
    office.begin()
    office.repository.branch("bump")
    office.repository.write({"README.md": "bumped\n"})
    run = office.review(office.propose("bump", author="dependabot[bot]"))
    assert run.results == {**GREEN, "comment": "skipped"}


def test_a_base_whose_command_cannot_be_installed_is_repaired_by_a_pull_request(office: Office) -> None:
    office.cohort("vips", "ann")
    action = ".github/actions/cohorts/action.yml"
    works = (office.repository.folder / action).read_text()
    office.repository.write({action: works.replace("using: composite\n  steps:", BROKEN)})
    office.begin()
    office.repository.branch("repair")
    office.repository.write({action: works})
    office = office.with_settings(COHORTS_COUNT="true")
    run = office.review(office.propose("repair"))
    assert run.results == {**GREEN, "count": "success"}
    assert office.comments == {}
    assert [each.text for each in run.jobs["comment"].annotations] == [
        "The base branch has no command that can be installed; see the summary of validate."
    ]


BROKEN = """\
using: composite
  steps:
    - name: Nothing is there
      shell: bash
      run: exit 1
"""
