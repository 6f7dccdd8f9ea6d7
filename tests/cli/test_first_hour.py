"""The first hour in a new repository, by the words of its README and of docs/sandbox.md, without an account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from runner.sandbox.sample import TABLES
from tests.place import Place
from tests.repositories import Repository

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sandbox.md").read_text("utf-8")
NOWHERE = "http://127.0.0.1:8399"
"""Where the sandbox of a new repository is; here each one gets a free port."""

TO_PRODUCTION = ("--target", "production")
NO_COHORT = (
    "information: there is no cohort yet; the values that rules ask for, such as a country, come with the next start"
)


@pytest.fixture
def made(tmp_path: Path) -> Place:
    """A new repository, in whose project file somebody wrote their own tables."""
    answer = Place(tmp_path, NOWHERE).run(
        "init", "made", "--runner", "cohort-runner[sandbox]==0.1.0", "--database", "crm", "--workspace", "shop-us"
    )
    assert answer.code == 0, answer.err
    place = Place(tmp_path / "made", NOWHERE)
    text = project(place).read_text("utf-8")
    first, last = text.index("# sources:"), text.index("# People who are")
    block = "\n".join(line.removeprefix("#").removeprefix(" ") for line in text[first:last].splitlines())
    project(place).write_text(f"{text[:first]}{block.replace('shop.', 'crm.')}\n{text[last:]}", "utf-8")
    return place


def project(place: Place) -> Path:
    return place.folder / "cohorts" / "project.yml"


def change(place: Place, *pairs: tuple[str, str]) -> None:
    """Write something else in the place of each text that is in the project file."""
    text = project(place).read_text("utf-8")
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    project(place).write_text(text, "utf-8")


@contextmanager
def sandbox(place: Place, *options: str) -> Iterator[tuple[Place, list[str]]]:
    """The real command, and what it said until it was ready; the project file leads to it afterwards."""
    with place.start("sandbox", "--port", "0", *options, TD_API_KEY="") as process:
        try:
            assert process.stdout
            said = [process.stdout.readline().rstrip("\n")]
            while not said[-1].endswith("Ctrl-C stops."):
                assert process.poll() is None, said
                said.append(process.stdout.readline().rstrip("\n"))
            url = next(each for each in re.findall(r"http://127\.0\.0\.1:\d+", "\n".join(said)) if each != NOWHERE)
            if project(place).exists():
                text = project(place).read_text("utf-8")
                project(place).write_text(text.replace(NOWHERE, url), "utf-8")
            yield Place(place.folder, url), said
        finally:
            process.terminate()


def test_the_readme_plans_on_your_own_tables(made: Place) -> None:
    readme = (made.folder / "README.md").read_text("utf-8")
    lines = (
        "cohorts sandbox --from-sources   # your tables with made-up rows, and a Braze, on your machine; no account\n",
        "export TD_API_KEY=sandbox-key\n",
        "cohorts plan --members\n",
    )
    for line in lines:
        assert line in readme
    written = made.run("new", "first")
    assert written.out.splitlines()[-1] == "Then: cohorts test -s first, and cohorts describe first."
    assert made.run("test", "-s", "first").code == 0
    assert made.run("describe", "first").code == 0
    with sandbox(made, "--from-sources") as (place, said):
        assert NO_COHORT not in said
        planned = place.run("plan", "--members")
        assert planned.code == 0, planned.out
        assert "members: 0 now → 229; 229 enter, 0 leave" in planned.out


def test_steps_of_the_readme_come_in_order(made: Place) -> None:
    readme = (made.folder / "README.md").read_text("utf-8")
    steps = (
        "0. [Install the command](#the-command).",
        "`cohorts validate`",
        "export TD_API_KEY=…",
        "cohorts bootstrap --target production",
        "cohorts doctor --target production --canary external_id:SOMEBODY",
        "git init -b main",
        "git add -A",
        "git commit -m Cohorts",
        "git push -u origin main",
        "`COHORTS_TARGET`",
        "`cohorts new`",
        "## The command",
    )
    assert sorted(steps, key=readme.index) == list(steps)


def test_a_sandbox_before_the_first_cohort(made: Place) -> None:
    with sandbox(made, "--from-sources") as (place, said):
        assert NO_COHORT in said
        assert place.run("new", "first").code == 0
        assert "G001 first: nobody qualifies" in place.run("plan", "--members").out


def test_the_sample_shop_lacks_your_tables(made: Place) -> None:
    made.run("new", "first")
    with sandbox(made) as (place, said):
        assert said[0] == (
            "information: your sources name tables of crm, which the sample shop does not have;"
            " `cohorts sandbox --from-sources` makes them"
        )
        found = place.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'shop'")
        assert {name for (name,) in found} == TABLES
        planned = place.run("plan", "--members")
        assert (
            "Schema 'crm' does not exist; declare the table under `sources`, and start the sandbox with"
            " `--from-sources`, which makes it\n"
        ) in planned.out


@pytest.mark.parametrize(
    ("changes", "options", "says"),
    [
        ([("crm.purchases", "shop.visits")], [], "your sources name shop.visits, tables of crm, which the sample"),
        ([("crm.customers", "shop.customers"), ("crm.purchases", "shop.purchases")], [], ""),
        ([], TO_PRODUCTION, ""),
        ([("version: 1", "version: 2")], [], ""),
    ],
)
def test_what_the_sample_shop_lacks(made: Place, changes: list[tuple[str, str]], options: list[str], says: str) -> None:
    change(made, *changes)
    with sandbox(made, *options) as (_, said):
        told = [line for line in said if line.startswith("information: ")]
        assert len(told) == bool(says)
        assert says in "".join(told)


def test_a_database_that_the_sample_shop_lacks(made: Place) -> None:
    text = project(made).read_text("utf-8")
    first, last = text.index("sources:"), text.index("# People who are")
    project(made).write_text(text[:first] + text[last:].replace("database: shop", "database: crm"), "utf-8")
    with sandbox(made) as (_, said):
        assert said[0] == (
            "information: the target sandbox reads the database crm, which the sample shop does not have;"
            " declare its tables under `sources`, and `cohorts sandbox --from-sources` makes them"
        )


def test_a_folder_without_a_project_is_told_nothing(tmp_path: Path) -> None:
    with sandbox(Place(tmp_path, NOWHERE)) as (_, said):
        assert len(said) == 2
    with sandbox(Place(tmp_path, NOWHERE), "--like-production") as (_, said):
        assert said[-1] == (
            "In another terminal: export TD_API_KEY=sandbox-key, then cohorts bootstrap, and cohorts doctor."
            " Ctrl-C stops."
        )


def test_the_target_sandbox_needs_no_canary(made: Place) -> None:
    with sandbox(made, "--from-sources") as (place, _):
        assert place.run("bootstrap").out.startswith("The database cohort_runner_sandbox holds a ledger now.\n")
        found = place.run("doctor")
        assert found.code == 0
        assert "  ✓ canary          not needed: the target sandbox is on this machine\n" in found.out
        proven = place.run("doctor", "--canary", "external_id:person_0001", typed="y\ny\n")
        assert proven.code == 0, proven.err
        assert "  ✓ canary          these setting names add and remove, as a person saw in Braze\n" in (
            place.run("doctor").out
        )


def test_the_first_day_is_rehearsed(made: Place) -> None:
    """By docs/sandbox.md, which has each of these commands."""
    assert "write `endpoint: http://127.0.0.1:8399` in place of `site:`" in PAGE
    assert "\ncohorts sandbox --from-sources --like-production --target production\n" in PAGE
    assert "\ncurl -d name=braze_cohorts -d workspace=shop-us http://127.0.0.1:8399/sandbox/connections " in PAGE
    made.run("new", "first")
    repository = Repository.begun(made.folder)
    repository.commit()
    change(made, ("site: us", f"endpoint: {NOWHERE}"))
    with sandbox(made, "--from-sources", "--like-production", *TO_PRODUCTION) as (place, said):
        repository.commit()

        def told(*words: str, typed: str = "", code: int = 0) -> str:
            command = " ".join(("cohorts", *words))
            assert f"\n{command}" in PAGE
            answer = place.run(*words, typed=typed)
            assert answer.code == code, answer.err
            return answer.out

        assert said[-1] == (
            "In another terminal: export TD_API_KEY=sandbox-key, then cohorts bootstrap --target production,"
            " and cohorts doctor --target production. Ctrl-C stops."
        )
        told("bootstrap", *TO_PRODUCTION)
        lacks = place.run("doctor", *TO_PRODUCTION)
        assert f"create the Braze authentication at {place.url}/sandbox/connections under this name" in lacks.out
        # as curl sends it
        form = {"name": "braze_cohorts", "workspace": "shop-us"}
        requests.post(f"{place.url}/sandbox/connections", data=form, timeout=10).raise_for_status()
        left = told("doctor", *TO_PRODUCTION, code=9)
        assert [line for line in left.splitlines() if line.startswith("  ✗ ")] == [
            "  ✗ canary          not proven yet that exports really add and remove people"
        ]
        told("doctor", *TO_PRODUCTION, "--canary", "external_id:person_0001", typed="y\ny\n")
        assert "229 enter" in told("plan", *TO_PRODUCTION, "--members")
        # somebody at a terminal is asked
        assert place.run("sync", *TO_PRODUCTION, "--yes").code == 0
        assert len(place.members("first")) == 229
