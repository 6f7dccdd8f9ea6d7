"""The workflows called by another one, as docs/github.md shows it."""

from __future__ import annotations

import re
from pathlib import Path

from tests.workflows.events import opened, pushed
from tests.workflows.office import Office

PAGE = (Path(__file__).parents[2] / "docs" / "github.md").read_text("utf-8")


def caller(name: str) -> str:
    """The example of the page that calls a workflow; what it calls lies beside it here, where act finds it."""
    text = next(
        found
        for found in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
        if found.startswith(f"# .github/workflows/{name}")
    )
    called = re.sub(r"OWNER/cohort-runner/(\.github/workflows/[\w-]+\.yml)@[0-9a-f]{40}", r"./\1", text)
    assert called.count("uses: ./.github/workflows/") == 1
    return called


def test_a_pull_request_and_its_merge(office: Office) -> None:
    office.set_up()
    files = {f".github/workflows/our-{name}": caller(name) for name in ("cohorts-pr.yml", "cohorts-sync.yml")}
    office.repository.write(files)
    office.begin()
    office.repository.branch("add")
    office.cohort("vips", "ann")
    pull = office.propose("add")
    run = office.act.run(office.repository, "our-cohorts-pr.yml", opened(pull))
    # act says nothing of a called job that is skipped: `count`
    assert run.results == {"validate": "success", "comment": "success", "required": "success"}
    assert "1 to create" in next(iter(office.comments.values()))
    run = office.act.run(office.repository, "our-cohorts-sync.yml", pushed(office.land(pull)))
    assert run.results == {"sync": "success"}
    assert office.shop.members("vips") == {"ann"}


def test_a_second_target(office: Office) -> None:
    office.set_up()
    office.cohort("vips", "ann")
    text = caller("cohorts-sync-eu.yml").replace("target: shop-eu", "target: production")
    office.repository.write({".github/workflows/our-sync-eu.yml": text})
    push = office.begin()
    act = office.with_settings(COHORTS_TARGET="").act
    assert act.run(office.repository, "our-sync-eu.yml", pushed(push)).results == {"sync": "success"}
    assert office.shop.members("vips") == {"ann"}
