"""A release is one version in one place: the newest heading of the changelog, the pages and the tag name the same."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from runner.version import VERSION
from tests.repositories import Repository
from tests.test_documentation import pages

ROOT = Path(__file__).parents[1]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
NAMED = re.compile(r"cohort-runner(?:\[sandbox\])?==([0-9][\w.]*)|cohort_runner-([0-9][\w.]*?)-py3-none-any\.whl")


def wrong(changelog: str, version: str) -> Iterator[str]:
    """What is wrong with the headings of a changelog, for a version."""
    headings = re.findall(r"^## (.*)$", changelog, re.MULTILINE)
    if headings[:1] == ["[Unreleased]"]:
        headings = headings[1:]
    releases = []
    for heading in headings:
        found = re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - (\d{4}-\d\d-\d\d)", heading)
        if not found:
            yield f"no release: {heading}"
            continue
        releases.append(([int(found[1]), int(found[2]), int(found[3])], date.fromisoformat(found[4])))
    newest = ".".join(map(str, releases[0][0])) if releases else "none"
    if newest != version:
        yield f"the newest is {newest}, and the version {version}"
    for (later, on), (earlier, before) in pairwise(releases):
        if later <= earlier or on < before:
            yield f"not newer than the one below: {later}"


def tags(folder: Path) -> list[str]:
    """The tags of releases at the commit that is checked out."""
    words = ["git", "-C", str(folder), "tag", "--points-at", "HEAD", "--list", "v*"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()


def test_the_changelog_has_this_version_as_its_newest() -> None:
    assert list(wrong(CHANGELOG, VERSION)) == []


@pytest.mark.parametrize(
    ("headings", "version", "expected"),
    [
        ("## [Unreleased]\n## [0.1.0] - 2026-11-28\n", "0.1.0", []),
        ("## [0.10.0] - 2027-01-31\n## [0.9.0] - 2027-01-31\n", "0.10.0", []),
        ("## [Unreleased]\n", "0.1.0", ["the newest is none, and the version 0.1.0"]),
        ("## [0.2.0] - 2027-01-31\n", "0.1.0", ["the newest is 0.2.0, and the version 0.1.0"]),
        ("## [0.1.0] - 2026-11-28\n", "0.2.0", ["the newest is 0.1.0, and the version 0.2.0"]),
        ("## [0.1.0]\n", "0.1.0", ["no release: [0.1.0]", "the newest is none, and the version 0.1.0"]),
        (
            "## [0.2.0] - 2026-11-27\n## [0.1.0] - 2026-11-28\n",
            "0.2.0",
            ["not newer than the one below: [0, 2, 0]"],
        ),
        ("## [0.1.0] - 2026-11-28\n## [Unreleased]\n", "0.1.0", ["no release: [Unreleased]"]),
    ],
)
def test_what_no_changelog_may_be(headings: str, version: str, expected: list[str]) -> None:
    assert list(wrong(headings, version)) == expected


def test_pages_name_this_version() -> None:
    named = [(page.name, *found) for page in pages() for found in NAMED.findall(page.read_text("utf-8"))]
    assert {page for page, *_ in named} >= {"README.md", "github.md", "codes.md"}
    assert [each for each in named if VERSION not in each] == []


def test_a_tag_of_a_release_is_the_version(tmp_path: Path) -> None:
    tried = Repository.begun(tmp_path)
    tried.commit()
    tried.git("tag", "v9.9.9")
    tried.git("tag", "other")
    assert tags(tmp_path) == ["v9.9.9"]
    if (ROOT / ".git").exists():  # not in a source distribution
        assert tags(ROOT) in ([], [f"v{VERSION}"])
