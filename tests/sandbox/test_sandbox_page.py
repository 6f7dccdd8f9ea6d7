"""docs/sandbox.md says what the code does: every endpoint, fault, field and option, and none that there is not."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
import typer
from runner.cli.definitions import sandbox
from runner.sandbox.app import Sandbox
from runner.sandbox.catalogue import KINDS, STORM_STATUSES, FaultPoint
from runner.sandbox.faults import Fault
from runner.sandbox.options import CHANGEABLE, Options
from runner.sandbox.storm import DELAY
from typer.testing import CliRunner

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def section(heading: str) -> str:
    """A part of the page, down to the next heading of its level."""
    level = heading.partition(" ")[0]
    return PAGE.split(f"{heading}\n", 1)[1].split(f"\n{level} ", 1)[0]


def first_cells(text: str) -> list[str]:
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


def test_every_endpoint_is_there() -> None:
    sandbox = Sandbox(Options(shop=None), "http://localhost")
    routes = sandbox.app()._routes
    made = {
        f"{method} {re.sub(':path', '', route.path)}"
        for route in routes
        for method in route.methods - {"HEAD"}
        if route.path.startswith("/sandbox")
    }
    sandbox.close()
    assert set(first_cells(section("## The admin API"))) == made


@pytest.mark.parametrize("place", list(FaultPoint))
def test_every_fault_is_there(place: FaultPoint) -> None:
    heading = "### At `result` and `kill`" if place in {FaultPoint.RESULT, FaultPoint.KILL} else f"### At `{place}`"
    text = section(heading).split("\n## ")[0]
    for do, meaning in KINDS[place].items():
        assert f"| `{do}` | {meaning} |" in text
    kinds = KINDS[place] if "and" not in heading else {**KINDS[FaultPoint.RESULT], **KINDS[FaultPoint.KILL]}
    assert first_cells(text) == ["do", *kinds]
    assert ("status:NNN" in text) == (place in STORM_STATUSES)


def test_every_field_of_a_fault_is_there() -> None:
    text = section("## Faults").split("\n### ")[0]
    assert sorted(first_cells(text)) == sorted(field.name for field in fields(Fault))
    for field in fields(Fault):
        if isinstance(field.default, int | float) and field.default is not MISSING:
            assert f"| `{field.name}` | {field.default:g} |" in text


def test_every_option_is_there() -> None:
    text = section("## Options")
    assert first_cells(text) == list(CHANGEABLE)
    for name in CHANGEABLE:
        assert f"| `{name}` | `{getattr(Options(), name)}` |" in text


def test_a_storm_is_as_it_is_described() -> None:
    text = section("## Storms")
    braze = [status.removeprefix("status:") for status in STORM_STATUSES[FaultPoint.BRAZE]]
    assert f"Braze: {', '.join(braze)}; Treasure Data: the same without 423" in " ".join(text.split())
    assert {*STORM_STATUSES[FaultPoint.BRAZE]} - {*STORM_STATUSES[FaultPoint.REQUEST]} == {"status:423"}
    assert f"{DELAY} seconds" in text


def test_every_choice_of_the_command_is_there() -> None:
    app = typer.Typer(add_completion=False)
    app.command()(sandbox)
    told = CliRunner().invoke(app, ["--help"]).output
    choices = {choice for choice in re.findall(r"--[a-z][a-z-]+", told) if choice != "--help"}
    # the page shows other commands, too
    of_sandbox = re.sub(r"^cohorts (?!sandbox).*$", "", PAGE, flags=re.MULTILINE)
    assert choices == set(re.findall(r"--[a-z][a-z-]+", of_sandbox))
