"""A team whose project asks for reviews, with a GitHub beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.github_api import Address, listening
from tests.place import Place
from tests.repositories import Repository
from tests.reviewing import in_github, reviewed


@pytest.fixture
def github() -> Iterator[Address]:
    with listening() as here:
        yield here


@pytest.fixture
def team(place: Place) -> Place:
    """A repository whose target is not the sandbox by name: what the project says of reviews counts for it."""
    place.project()
    text = (place.folder / "cohorts" / "project.yml").read_text().replace("  sandbox:", "  production:", 1)
    (place.folder / "cohorts" / "project.yml").write_text(f"{text}review: require\n")
    place.cohort("buyers", "SELECT customer_id FROM shop.customers")
    Repository.begun(place.folder).commit()
    assert place.run("bootstrap", "--target", "production").code == 0
    canary = place.run("doctor", "--target", "production", "--canary", "external_id:ann", typed="y\ny\n")
    assert canary.code == 0, canary.out
    return place


@pytest.fixture
def synced(team: Place, github: Address) -> Place:
    """A team whose cohorts are in Braze."""
    team.cohort("lapsed", "SELECT customer_id FROM shop.customers WHERE spend > 1", name="Lapsed")
    reviewed(team, github, 3)
    allowed = team.run("sync", "--allow", "unreviewed", "--reason", "the first day", **in_github(github))
    assert allowed.code == 0
    return team
