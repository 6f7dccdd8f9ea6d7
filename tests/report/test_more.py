"""The last line below messages: which codes it names, and which it does not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from runner.codes import Code
from runner.errors import CohortsError, Position, Problem
from runner.report import more

KNOWN = {
    "S004": Code("S004", "A meaning.", "One cure.", example="site: usa"),
    "R030": Code("R030", "A meaning.", "Install it. Then run again."),
    "D002": Code("D002", "A meaning.", "Give each a name of its own."),
    "Q005": Code("Q005", "A meaning.", "Name `docs/rules.md` or the column."),
}


def problem(code: str, fix: str = "mend it") -> Problem:
    return Problem(Position("cohorts/a.yml"), code, "it is wrong", fix)


@pytest.mark.parametrize(
    ("messages", "line"),
    [
        ([], ""),
        ([problem("D002"), problem("Q005")], ""),
        ([problem("X999")], ""),
        ([problem("S004")], "More about S004: `cohorts explain S004`"),
        ([problem("R030"), problem("S004"), problem("R030")], "More about R030, S004: `cohorts explain R030`"),
        ([CohortsError("R030", "no", "`cohorts explain R030` shows how")], ""),
        ([problem("R030", "see `cohorts explain R030`"), problem("S004")], "More about S004: `cohorts explain S004`"),
        ([problem("R030", "see `cohorts explain R030`"), problem("R030")], ""),
    ],
)
def test_the_line(messages: Sequence[more.Message], line: str) -> None:
    assert more.below(messages, KNOWN) == line


def test_of_many_codes_five_are_named() -> None:
    assert more.line(("A1", "A2", "A3", "A4", "A5", "A6")) == "More about A1, A2, A3, A4, A5, …: `cohorts explain A1`"
