"""What the guides of Treasure Data and Braze ask for is in the documentation, at the place where one needs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.place import Place

DOCS = Path(__file__).parent.parent / "docs"

INSTANCES = (
    *(f"US-0{number}" for number in range(1, 9)),
    "US-10",
    "EU-01",
    "EU-02",
    "AU-01",
    "ID-01",
    "JP-01",
    "KR-01",
)
"""Braze's instances, as its list had them in November 2026."""


def page(name: str) -> str:
    """A page of the documentation, in one line."""
    return " ".join((DOCS / name).read_text("utf-8").split())


def section(name: str, heading: str) -> str:
    """The text below a heading of a page, in one line."""
    text = (DOCS / name).read_text("utf-8")
    found = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, heading
    return " ".join(found[2].split())


def test_every_instance_of_braze_has_its_endpoint() -> None:
    rows = re.findall(r"\| (\S+) \| `https://(\S+)` \| `https://(\S+)` \|", section("services.md", "REST endpoints"))
    assert tuple(name for name, _, _ in rows) == INSTANCES
    for name, dashboard, rest in rows:
        area, number = name.lower().split("-")
        where = {"us": "iad", "eu": "fra"}.get(area, area)
        if name == "US-10":
            where = "us"
        assert rest == f"rest.{where}-{number}.braze.{'eu' if area == 'eu' else 'com'}"
        assert number in dashboard
        assert dashboard.endswith(rest[-4:])


@pytest.mark.parametrize(
    ("name", "heading", "told"),
    [
        # the address: who tells it, where to enter it, and what nobody says
        ("tutorial.md", "From an empty account to the first synced cohort", "the static IP address of Treasure Data"),
        (
            "tutorial.md",
            "From an empty account to the first synced cohort",
            "Treasure Data's Customer Success or Technical Support tells it",
        ),
        (
            "tutorial.md",
            "From an empty account to the first synced cohort",
            "If your company keeps a list of addresses that may reach Braze, add it there.",
        ),
        ("services.md", "The Braze cohort export", "Neither page says where in Braze to enter them."),
        ("services.md", "The Braze cohort export", "ip-addresses-integrations-result-workers"),
        # the beta, and whom to tell
        (
            "tutorial.md",
            "From an empty account to the first synced cohort",
            "a beta. Tell your Customer Success representatives at both companies before you begin",
        ),
        ("services.md", "The Braze cohort export", "Braze's page calls the feature a beta."),
        # the endpoint, the authentication, and what to type
        ("tutorial.md", "3. Open the way into Braze", "[all of them](services.md#rest-endpoints)"),
        ("tutorial.md", "3. Open the way into Braze", "Type this endpoint and this key, name it `braze_cohorts`"),
        ("tutorial.md", "3. Open the way into Braze", "Only the console can create it."),
        # the names of the settings
        ("tutorial.md", "7. Prove it with one user", "`tdx connection schema TYPE`"),
        ("services.md", "The Braze cohort export", "`tdx connection schema TYPE`"),
        # the result of the query
        ("tutorial.md", "2. Write the project file and a first cohort", "cohorts preview vips"),
        # capitals
        ("services.md", "The Braze cohort export", '`AS "Email_ID"`'),
    ],
)
def test_what_the_guides_ask_for_is_said(name: str, heading: str, told: str) -> None:
    assert told in section(name, heading)


def test_only_one_place_says_that_the_console_creates_the_authentication() -> None:
    said = [each.name for each in sorted(DOCS.glob("*.md")) if "Only the console can create it" in page(each.name)]
    assert said == ["tutorial.md"]


def test_a_key_is_rotated_without_a_gap() -> None:
    text = section("operating.md", "Rotating keys")
    steps = ("create a second key", "write it into the same authentication", "--canary", "invalidate the old key")
    places = [text.index(step) for step in steps]
    assert places == sorted(places)


def test_explain_tells_where_the_names_of_settings_are(place: Place) -> None:
    assert "`tdx connection schema TYPE`" in place.run("explain", "L007").out
