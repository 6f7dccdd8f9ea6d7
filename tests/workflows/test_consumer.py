"""A team's repository from `cohorts init` on: nothing in `.github` is ever edited by hand."""

from __future__ import annotations

from pathlib import Path

from tests.workflows.office import Office

GREEN = {"validate": "success", "comment": "success", "count": "skipped", "required": "success"}
BUYERS = """\
id: buyers
name: Buyers
audience:
  sql: |
    SELECT customer_id FROM customers WHERE spend > 100
tests:
  - name: who spent much, and who did not
    given:
      customers: [{customer_id: u1, spend: 500}, {customer_id: u2, spend: 5}]
    expect: [u1]
"""


def test_a_cohort_is_added_edited_and_deleted_by_pull_requests(office: Office) -> None:
    # nothing that is not reviewed reaches Braze here
    office.project("review: require\n")
    office.set_up()
    office.repository.git("switch", "--quiet", "-c", "begin")
    office.repository.commit("what cohorts init wrote")
    office.repository.git("switch", "--quiet", "--orphan", "main")
    office.repository.write({"NOTES.md": "a new repository\n"})
    office.begin()
    office.repository.git("switch", "--quiet", "begin")
    office.repository.git("rebase", "--quiet", "main")
    # main has no command yet that could comment
    pull = office.propose("begin", number=4)
    assert office.review(pull).results == GREEN
    assert office.comments == {}
    assert office.sync(office.land(pull)).results == {"sync": "success"}

    office.repository.branch("add")
    office.repository.write({"cohorts/crm/buyers.yml": BUYERS})
    pull = office.propose("add", number=1)
    run = office.review(pull)
    assert run.results == GREEN
    assert run.jobs["validate"].outputs["to_create"] == "1"
    assert office.sync(office.land(pull)).results == {"sync": "success"}
    assert office.shop.members("buyers") == {"ann", "bob", "eve"}

    office.repository.branch("edit")
    office.repository.write({"cohorts/crm/buyers.yml": BUYERS.replace("> 100", "> 100 AND customer_id <> 'eve'")})
    pull = office.propose("edit", number=2)
    assert office.review(pull).results["required"] == "success"
    assert office.sync(office.land(pull)).results == {"sync": "success"}
    assert office.shop.members("buyers") == {"ann", "bob"}

    office.repository.branch("delete")
    office.delete("crm/buyers.yml")
    pull = office.propose("delete", number=3)
    run = office.review(pull)
    assert run.jobs["validate"].outputs["to_withdraw"] == "1"
    assert office.sync(office.land(pull)).results == {"sync": "success"}
    assert office.shop.members("buyers") == set()

    office.repository.write({"cohorts/crm/buyers.yml": BUYERS.replace("> 100", "> 200")})
    run = office.sync(office.push("past the review"))
    assert run.results == {"sync": "failure"}
    assert "not reviewed: buyers" in run.jobs["sync"].log
    assert office.shop.members("buyers") == set()
    assert ["buyers" in text for text in office.comments.values()] == [True] * 3


def test_what_init_wrote_is_what_this_repository_has(scaffold: Path) -> None:
    here = Path(__file__).parents[2] / ".github"
    for path in sorted(here.rglob("cohorts-*.yml")):
        assert (scaffold / ".github" / path.relative_to(here)).read_bytes() == path.read_bytes()
