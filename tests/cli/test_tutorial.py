"""The tutorial, done to the letter: every file written, every command run, every answer as it is shown."""

from __future__ import annotations

import itertools
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from runner.sandbox.options import Options
from runner.sandbox.server import running
from tests.place import Answer, Place
from tests.terminal import typed

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text("utf-8")
SANDBOX = "http://127.0.0.1:8399"
BLOCK = re.compile(
    r"(?:`(?P<file>cohorts/\w+\.yml)`:\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL
)
EDIT = re.compile(r"In `(cohorts/\w+\.yml)`, change each ((?:`\w+` to `\w+`[, and]*)+)\.")


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Place]:
    """An empty folder, and what `cohorts sandbox --like-production` starts."""
    (tmp_path / "cohorts").mkdir()
    with running(Options(connections=())) as url:
        yield Place(tmp_path, url)


def test_the_tutorial(newcomer: Place) -> None:
    said, compared, edited, end = Answer(0, "", ""), 0, 0, 0
    page = PAGE[PAGE.index("## 2.") :]
    for block in BLOCK.finditer(page):
        edited += edit(newcomer, page[end : block.start()])
        end = block.end()
        text = block["text"].replace(SANDBOX, newcomer.url)
        if block["file"]:
            (newcomer.folder / block["file"]).write_text(text, encoding="utf-8")
        elif block["kind"] == "text":
            printed, asked = parted(text)
            assert re.fullmatch(pattern(printed), said.out), f"not as the tutorial says:\n{said.out}\n{said.err}"
            assert all(question in said.err for question in asked), said.err
            compared += 1
        elif block["kind"] == "sh":
            for line in text.splitlines():
                said = do(newcomer, line)
    assert compared >= 9
    assert edited == 1


def edit(newcomer: Place, prose: str) -> int:
    """Do what is said of words in files; returns of how many files."""
    found = EDIT.findall(prose)
    for name, words in found:
        path = newcomer.folder / name
        text = path.read_text("utf-8")
        for old, new in re.findall(r"`(\w+)` to `(\w+)`", words):
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, "utf-8")
    return len(found)


def do(newcomer: Place, line: str) -> Answer:
    words = shlex.split(line)
    if words[0] == "curl":
        fields = dict(word.split("=", 1) for before, word in itertools.pairwise(words) if before == "-d")
        requests.post(newcomer.url + urlsplit(words[-1]).path, data=fields, timeout=10).raise_for_status()
        return Answer(0, "", "")
    assert words[0] == "cohorts", line
    if words[1] == "adopt":
        newcomer.cohort(words[2], "SELECT customer_id FROM customers WHERE lifetime_value > 900")
        newcomer.sql(f"CREATE TABLE {words[4]} AS SELECT customer_id FROM shop.customers LIMIT 5")
    if words[1] == "preview":
        code, screen = typed(newcomer.folder, words[1:], ["y"])
        asked, _, shown = screen.partition(" y\n")
        return Answer(code, shown, asked)
    said = newcomer.run(*words[1:], typed="y\ny\n")
    # a doctor who has not seen the canary yet is not content
    assert said.code == (9 if words[1] == "doctor" and "--canary" not in words else 0), f"{line}\n{said}"
    return said


def parted(shown: str) -> tuple[list[str], list[str]]:
    """What is printed, line by line, and the questions to a person, which do not go to standard output."""
    lines = shown.splitlines()
    questions = [line.removesuffix(" y") for line in lines if "[y/N]" in line]
    return [line for line in lines if "[y/N]" not in line], questions


def pattern(shown: list[str]) -> str:
    """`…` stands for whatever differs; alone in a line, for any lines or none."""
    parts = [r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line).replace("…", ".*") + r"\n" for line in shown]
    return "".join(parts) + r"\n*"
