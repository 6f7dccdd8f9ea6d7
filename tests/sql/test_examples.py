"""Cohorts good and bad in their SQL, each beside what comes of it: the export's SQL, or the lines a user would see."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from runner.definitions import tree
from runner.project import file as project
from runner.project.file import Project
from runner.sql.wanted import Wanted, wanted

HERE = Path(__file__).parent


def examples(folder: str) -> list[object]:
    """Each example of a folder."""
    return [pytest.param(path, id=path.stem) for path in sorted((HERE / folder).glob("*.yml"))]


def asked(root: Path, example: Path) -> Wanted:
    """What a repository with this one cohort asks of its target."""
    (root / "cohorts").mkdir()
    shutil.copy(HERE / "project.yml", root / "cohorts" / "project.yml")
    shutil.copytree(HERE / "templates", root / "cohorts" / "templates")
    shutil.copy(example, root / "cohorts" / example.name)
    loaded = project.load(root)
    assert isinstance(loaded, Project)
    return wanted(tree.load(root, loaded), loaded.targets["sandbox"])


def expect(golden: Path, text: str) -> None:
    """The text is the golden file's; where there is none, write down what the failure shows."""
    kept = golden.read_text(encoding="utf-8") if golden.exists() else ""
    assert text == kept, f"{golden.name} should be:\n{text}"


@pytest.mark.parametrize("example", examples("valid"))
def test_good_sql_is_wrapped(example: Path, tmp_path: Path) -> None:
    found = asked(tmp_path, example)
    assert found.problems == ()
    query = found.queries[0]
    pieces = [
        ("a snapshot's members", query.members()),
        *((f"exported by {by}", sql) for by, sql in query.exports.items()),
    ]
    expect(example.with_suffix(".sql"), "\n".join(f"-- {what}\n{sql}\n" for what, sql in pieces))


@pytest.mark.parametrize("example", examples("invalid"))
def test_bad_sql_is_told_at_its_place(example: Path, tmp_path: Path) -> None:
    found = asked(tmp_path, example)
    assert found.queries == ()
    expect(example.with_suffix(".txt"), "".join(f"{problem}\n" for problem in found.problems))
