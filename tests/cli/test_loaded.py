"""What each command loads: no more than it needs, so that it starts at once. `loaded.txt` holds it, since a count of
modules is the same on every machine, and a time is not.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from runner.cli import commands
from tests.place import COHORTS, KEY, Place
from tests.repositories import Repository

GOLDEN = Path(__file__).with_name("loaded.txt")

WITH_TYPER = frozenset({
    "annotated-doc", "annotated-types", "pydantic", "pydantic_core", "shellingham", "typer", "typing-inspection",
    "typing_extensions",
})  # fmt: skip
"""What Typer loads for its own sake."""

FOR_DEVELOPERS = frozenset({"setuptools"})
"""What a virtual environment loads before any program."""

RUN = {
    "--version": "--version",
    "--help": "--help",
    "new": "new extra --name Extra --description Extra --owner me",
    "fmt": "fmt --check",
    "validate": "validate",
    "test": "test",
    "list": "list",
    "describe": "describe rich",
    "render": "render vips",
    "preview": "preview vips",
    "review": "review --out out",
    "plan": "plan",
    "plan --offline": "plan --offline",
    "sync": "sync",
    "status": "status",
    "history": "history",
    "drift": "drift",
    "verify": "verify",
    "rollback": "rollback vips --reason error",
    "unlock": "unlock",
    "adopt": "adopt vips --members-from shop.customers",
    "abandon": "abandon vips --reason old",
    "init": "init --help",
    "bootstrap": "bootstrap",
    "doctor": "doctor",
    "sources": "sources check",
    "sandbox": "sandbox --help",
    "schema": "schema cohort",
    "github": "github --help",
    "explain": "explain Q005",
}
"""By name, a use of each command. Of those that ask many questions, or run until they are stopped, only help."""

SOURCES = "sources: {people: {table: shop.customers, key: customer_id, columns: {spend: number}}}\n"
RULE = """\
id: rich
name: Rich
audience: {from: people, where: {column: spend, gte: 5}}
tests: [{name: one, given: {people: [{customer_id: ann, spend: 6}]}, expect: [ann]}]
"""


@pytest.fixture
def inside(place: Place) -> Place:
    """A repository in git with a rule and SQL, and a key."""
    place.project(extra=SOURCES)
    place.cohort("vips", "SELECT customer_id FROM customers")
    (place.folder / "cohorts" / "rich.yml").write_text(RULE, "utf-8")
    Repository.begun(place.folder).commit()
    return place


def loaded(place: Place, *arguments: str, **environment: str) -> tuple[frozenset[str], int]:
    """The packages of others that a command loads, and how many modules of ours, from its start to its end."""
    words = [sys.executable, "-X", "importtime", COHORTS, *arguments]
    around = {**os.environ, "TD_API_KEY": KEY, **environment}
    ended = subprocess.run(
        words, cwd=place.folder, env=around, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    lines = [line for line in ended.stderr.splitlines() if line.startswith("import time:")]
    modules = {line.rpartition("|")[2].strip() for line in lines}
    known = packages_distributions()
    tops = {module.partition(".")[0] for module in modules} - {"runner"}
    packages = {known[top][0] for top in tops if top in known}
    return frozenset(packages) - FOR_DEVELOPERS, sum(module.partition(".")[0] == "runner" for module in modules)


SLACK = 20
"""A line's limit may be so much above the number of modules, so that not every new module changes it."""


def written(name: str, packages: frozenset[str], limit: int) -> str:
    """A line of `loaded.txt`."""
    others = sorted(packages - WITH_TYPER, key=str.lower)
    return " ".join([f"{name}: at most {limit} modules;", *others])


def test_every_command_is_held() -> None:
    known = {name for names in commands.GROUPS.values() for name in names}
    assert known - set(RUN) == set()
    assert [line.partition(":")[0] for line in GOLDEN.read_text("utf-8").splitlines()] == [*RUN]


@pytest.mark.parametrize("name", RUN)
def test_a_command_loads_no_more_than_it_needs(inside: Place, name: str) -> None:
    packages, modules = loaded(inside, *RUN[name].split())
    fitting = {written(name, packages, limit) for limit in range(modules, modules + SLACK)}
    kept = {line for line in GOLDEN.read_text("utf-8").splitlines() if line in fitting}
    rounded = (modules // 10 + 1) * 10
    assert kept, f"{modules} modules; {GOLDEN.name} should have:\n{written(name, packages, rounded)}"


def test_a_description_without_a_key_waits_for_no_service(inside: Place) -> None:
    packages, _ = loaded(inside, "describe", "rich", TD_API_KEY="")
    assert "Jinja2" in packages
    assert packages & {"td-client", "urllib3", "stamina"} == set()
