"""Pull requests that were reviewed and merged, and what a sync is told of them."""

from __future__ import annotations

import re

from tests.github_api import Address
from tests.github_world import ACTIONS, BOT, REPOSITORY
from tests.place import Place
from tests.repositories import Repository


def policy(place: Place, which: str) -> None:
    path = place.folder / "cohorts" / "project.yml"
    path.write_text(re.sub("review: .*", f"review: {which}", path.read_text()))


def in_github(github: Address) -> dict[str, str]:
    return {
        "GITHUB_API_URL": github.url,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_TOKEN": BOT,
        "COHORTS_TARGET": "production",
    }


def comment(place: Place, *options: str) -> str:
    """What a pull request with everything that changed since the last commit is answered with."""
    place.run("review", "--target", "production", "--base", "HEAD", "--out", "../out", *options)
    return (place.folder / "../out/comment-production.md").read_text()


def merged(place: Place, github: Address, number: int, *comments: str, author: str = ACTIONS) -> None:
    """Commit what is there as a pull request that was merged with these comments."""
    github.world.pull(number, merged=True, commits=[Repository(place.folder).commit()])
    for text in comments:
        github.world.comment(number, text, author)


def reviewed(place: Place, github: Address, number: int, author: str = ACTIONS) -> None:
    """A pull request with everything that changed since the last commit, reviewed and merged."""
    merged(place, github, number, comment(place), author=author)
