"""Rules good and bad beside what comes of them: their SQL, or the lines a user would see."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from runner.definitions import folder, tree
from runner.files import documents
from runner.files.documents import Document
from runner.project import file as project
from runner.project.file import Project
from runner.sql.wanted import Wanted, wanted

HERE = Path(__file__).parent
BAD = [pytest.param(path, id=path.stem) for path in sorted((HERE / "invalid").glob("*.yml"))]


def asked(root: Path, text: str, *, name: str = "me.yml") -> Wanted:
    """What a repository with this cohort, and others to refer to, asks of its target."""
    shutil.copytree(HERE / "others", root / "cohorts")
    shutil.copy(HERE / "project.yml", root / "cohorts" / "project.yml")
    shutil.copytree(HERE / "lists", root / "cohorts" / "lists")
    (root / "cohorts" / name).write_text(text, encoding="utf-8")
    loaded = project.load(root)
    assert isinstance(loaded, Project)
    return wanted(tree.load(root, loaded), loaded.targets["sandbox"])


def test_every_operator_is_written_as_it_should_be(tmp_path: Path) -> None:
    rules: dict[str, Any] = yaml.safe_load((HERE / "operators.yml").read_text("utf-8"))
    lines = []
    for number, (name, rule) in enumerate(rules.items()):
        text = yaml.safe_dump({"id": "me", "name": "Me", "audience": {"from": "customers", "where": rule}})
        found = asked(tmp_path / str(number), text)
        me = next((query for query in found.queries if query.cohort.id == "me"), None)
        assert me, [str(problem) for problem in found.problems]
        lines.append(f"-- {name}\n{me.audience}\n")
    golden = HERE / "operators.sql"
    text = "\n".join(lines)
    assert text == (golden.read_text("utf-8") if golden.exists() else ""), f"{golden.name} should be:\n{text}"


@pytest.mark.parametrize("example", BAD)
def test_a_bad_rule_is_told_at_its_place(example: Path, tmp_path: Path) -> None:
    found = asked(tmp_path, example.read_text("utf-8"), name=example.name)
    assert "me" not in {query.cohort.id for query in found.queries}
    text = "".join(f"{problem}\n" for problem in found.problems if example.name in str(problem))
    golden = example.with_suffix(".txt")
    assert text
    assert text == (golden.read_text("utf-8") if golden.exists() else ""), f"{golden.name} should be:\n{text}"


CIRCLE = """\
id: {id}
name: {id}
audience: {{from: customers, where: {{any: [{{cohort: {next}}}, {{column: country, equals: US}}]}}}}
"""


def test_a_circle_is_shown_whole_and_stops_those_alone_who_need_it(tmp_path: Path) -> None:
    asked(tmp_path, CIRCLE.format(id="a", next="b"), name="a.yml")
    for one, following in (("b", "c"), ("c", "a"), ("d", "a"), ("e", "churned")):
        (tmp_path / "cohorts" / f"{one}.yml").write_text(CIRCLE.format(id=one, next=following), encoding="utf-8")
    loaded = project.load(tmp_path)
    assert isinstance(loaded, Project)
    found = wanted(tree.load(tmp_path, loaded), loaded.targets["sandbox"])
    told = [str(problem) for problem in found.problems if " C012 " in str(problem)]
    assert len(told) == 4
    assert (
        all(" → ".join(names) in line for names, line in zip(["abca", "bcab", "cabc"], sorted(told)[:3], strict=True))
        or told
    )
    assert "cohorts/d.yml" in told[3]
    assert {query.cohort.id for query in found.queries} >= {"e", "churned"}


def test_a_list_is_read_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "cohorts" / "lists").mkdir(parents=True)
    (tmp_path / "cohorts" / "lists" / "odd.csv").write_text('"a,b",x\n\n c \n', encoding="utf-8")
    (tmp_path / "cohorts" / "lists" / "odd.txt").write_text("a,b\n\n c \n", encoding="utf-8")
    lists, problems = folder.lists(tmp_path)
    assert lists == {"odd.csv": ("a,b", "c"), "odd.txt": ("a,b", "c")}
    assert not problems


def test_documents_refuse_what_is_too_deep() -> None:
    found = documents.parse((HERE / "invalid" / "a_thousand_groups.yml").read_bytes(), "some.yml")
    assert not isinstance(found, Document)
