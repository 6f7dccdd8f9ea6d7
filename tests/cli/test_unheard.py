"""What is printed in GitHub Actions is never a command, in whatever pieces it comes."""

from __future__ import annotations

import io
import itertools

import pytest
from runner.cli.actions import Unheard

LINES = [
    "::error::x\n",
    "  ::set-output name=a::b\n",
    "##[group]x\n",
    "text ##[error]x\n",
    "\r::error::x\n",
    "\n\n::stop-commands::x\n",
    "a\x0b::error::x\n",
]


def written(*pieces: str) -> str:
    raw = io.BytesIO()
    stream = Unheard(raw, encoding="utf-8", line_buffering=True)
    for piece in pieces:
        stream.write(piece)
        stream.flush()
    stream.end()
    return raw.getvalue().decode()


@pytest.mark.parametrize("line", LINES)
def test_no_line_is_a_command_however_it_is_cut(line: str) -> None:
    whole = written(line)
    assert whole.replace("\u200b", "") == line
    for first, second in itertools.combinations(range(len(line) + 1), 2):
        assert written(line[:first], line[first:second], line[second:]) == whole
    for each in whole.splitlines():
        assert not each.lstrip().startswith("::")
        assert "##[" not in each


def test_what_has_no_line_break_is_written_in_the_end() -> None:
    assert written("a question? ") == "a question? "
    assert written("::error::x") == ":\u200b:error::x"


def test_our_own_commands_go_past() -> None:
    raw = io.BytesIO()
    stream = Unheard(raw, encoding="utf-8", line_buffering=True)
    stream.write("half a line")
    stream.command("::warning::ours")
    stream.end()
    assert raw.getvalue() == b"::warning::ours\nhalf a line"
