"""What is written down is so: error codes, commands, exit codes, keys of the format."""

from __future__ import annotations

import ast
import json
import re
import runpy
from pathlib import Path

from runner import codes
from runner.errors import ExitCode
from runner.sandbox.duck import table
from tests.place import COHORTS, Place

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def codes_in_source() -> set[str]:
    """Every text of the source that is a code, or a message that begins with one."""
    parsed = (ast.parse(file.read_text("utf-8")) for file in (ROOT / "runner").rglob("*.py"))
    texts = (node.value for tree in parsed for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {text[:4] for text in texts if isinstance(text, str) and re.match(r"[A-Z]\d{3}(\s|$)", text)}


def test_every_code_is_explained() -> None:
    assert codes_in_source() - set(codes.known()) == set()


def test_every_explanation_is_of_a_code() -> None:
    assert set(codes.known()) - codes_in_source() == set()


def test_every_code_of_the_page_is_complete_and_in_order() -> None:
    page = (ROOT / "docs" / "codes.md").read_text("utf-8")
    headings = re.findall(r"^###+ *(.*)$", page, re.MULTILINE)
    assert headings == [*codes.known()]  # an entry without a meaning or a cure is not known
    letters = re.findall(r"^## ([A-Z]): ", page, re.MULTILINE)
    assert sorted(headings, key=lambda code: (letters.index(code[0]), code)) == headings


def test_every_command_is_in_the_readme(place: Place) -> None:
    listed = re.findall(r"^  ([a-z]+)  ", place.run("--help").out, re.MULTILINE)
    assert len(listed) > 5
    assert [name for name in listed if f"| `cohorts {name}" not in README] == []


def test_every_exit_code_is_in_the_readme() -> None:
    rows = re.findall(r"^\| ([0-9, ]+) \|", README, re.MULTILINE)
    listed = {int(code) for row in rows for code in row.split(",")}
    assert listed == set(ExitCode)


def test_every_key_of_a_cohort_is_in_the_readme() -> None:
    schema = json.loads((ROOT / "schema" / "cohort.schema.json").read_text("utf-8"))
    assert [key for key in schema["properties"] if f"`{key}" not in README] == []


def test_the_reference_is_current() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "reference.py"))
    assert made["page"]() == (ROOT / "docs" / "format.md").read_text("utf-8"), "run `make reference`"


def test_the_page_of_what_is_the_same_is_current() -> None:
    assert table.page() == (ROOT / "docs" / "same.md").read_text("utf-8"), "run `make reference`"


def test_the_examples_are_good(place: Place) -> None:
    assert COHORTS.exists()
    (place.folder / "cohorts").rename(place.folder / "other")
    (place.folder / "cohorts").symlink_to(ROOT / "cohorts")
    assert place.run("validate").out == "8 cohorts checked: no problems.\n"
