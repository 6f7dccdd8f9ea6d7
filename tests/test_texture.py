"""The code stays as plain as CONTRIBUTING.md asks: no line too wide, no function with too many decisions."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.texture import Texture, texture

ROOT = Path(__file__).parent.parent
DENSE = '''"""A module."""

# a comment


def sign(number, name):
    """Some words."""
    return "+" if number > 0 else "-" if number < 0 and name else ""
'''


@pytest.fixture(scope="module")
def ours() -> Texture:
    return texture(ROOT / "runner")


def test_no_line_is_too_wide(ours: Texture) -> None:
    assert ours.wide == ()


def test_no_function_decides_too_much(ours: Texture) -> None:
    assert [f"{each.path}:{each.line} {each.name}: {each.decisions}" for each in ours.long] == []


def test_no_condition_stands_within_a_condition(ours: Texture) -> None:
    assert ours.nested == ()


def test_one_idea_stands_in_a_line(ours: Texture) -> None:
    assert ours.decisions <= 24
    assert ours.density <= 6.8
    assert ours.conditional_share <= 10


def test_the_measure_counts(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(DENSE + f"# {'x' * 99}\n", "utf-8")
    found = texture(tmp_path)
    (function,) = found.functions
    assert (function.name, function.decisions) == ("sign", 4)
    assert (found.lines, found.code, found.comments, found.conditionals) == (9, 4, 2, 2)
    assert found.nested == (f"{file}:8",)
    assert found.wide == (f"{file}:9",)
