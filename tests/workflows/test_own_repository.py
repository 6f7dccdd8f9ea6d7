"""This repository itself: its workflows install the command from the commit that is checked out."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.workflows.office import Office

ROOT = Path(__file__).parents[2]


@pytest.fixture
def house(office: Office) -> Office:
    """The office with the files of this repository, but for its tests, in place of what `cohorts init` writes."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("this is no git checkout: which files are of the repository is not known")
    shutil.rmtree(office.repository.folder / ".github")
    shutil.rmtree(office.repository.folder / "cohorts")
    for name in listed.stdout.decode().split("\0"):
        source, place = ROOT / name, office.repository.folder / name
        if name and source.is_file() and not name.startswith(("tests/", "cohorts/")):
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)
    (office.repository.folder / "cohorts").mkdir()
    office.project()
    return office


def test_a_pull_request_cannot_change_what_is_said_of_it(house: Office) -> None:
    house.cohort("vips", "ann")
    house.begin()
    house.repository.branch("sly")
    house.cohort("buyers", "bob")
    review = house.repository.folder / "runner" / "report" / "review.py"
    mine = review.read_text(encoding="utf-8").replace("## Cohorts → ", "## All is well with ")
    review.write_text(mine, encoding="utf-8")
    action = house.repository.folder / "action.yml"
    action.write_text(action.read_text(encoding="utf-8").replace("--quiet", "--verbose"), encoding="utf-8")
    run = house.review(house.propose("sly"))
    assert run.results == {"validate": "success", "comment": "success", "count": "skipped", "required": "success"}
    # the check without a token runs what the pull request brings, the one with a token what main has
    assert "All is well" in run.jobs["validate"].summary
    (text,) = house.comments.values()
    assert "## Cohorts → " in text
    assert "1 to create" in text
