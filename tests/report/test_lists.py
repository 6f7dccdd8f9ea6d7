"""What does not fit on a page, and what must not be on one."""

from __future__ import annotations

from runner.application.reviewing import Review
from runner.errors import Position, Problem
from runner.plan.plan import Plan
from runner.report.lists import fitting
from runner.report.markup import code, seen, words
from runner.report.review import Room, page, summary
from runner.report.synced import page as synced_page
from runner.sync.run import Summary


def problem(number: int, what: str = "wrong") -> Problem:
    return Problem(Position(f"cohorts/c{number}.yml"), "S001", what, "mend it")


def test_a_big_block_takes_no_room_from_those_after_it() -> None:
    assert fitting(["aaaa", "b" * 100, "", "cc"], 12) == (["aaaa", "cc"], 1)
    assert fitting(["aaaa", "cc"], 12, joint=6) == (["aaaa"], 1)
    assert fitting([], 0) == ([], 0)


def test_a_list_that_does_not_fit_is_named() -> None:
    bad = tuple(problem(number, what="x" * 250) for number in range(20))
    shown = Review("production", Plan("production", "shop", ()), errors=bad)
    text = page(shown, Room(4_000, elsewhere=": look there"))
    assert len(text) <= 4_000
    assert "**20 problems in 20 files**" in text
    assert "**Problems** did not fit here: look there." in text


def test_a_summary_counts_bytes_and_not_letters() -> None:
    bad = tuple(problem(number, what="ü" * 250) for number in range(100))
    shown = Review("production", Plan("production", "shop", ()), errors=bad, address="https://github.com/a/b/7")
    assert summary(shown).count("ü" * 250) == 100
    # of 20 targets each has its share, and two bytes are one letter
    told = summary(shown, pages=20)
    assert len(told.encode()) <= 50_000
    assert "**Problems** did not fit here: the log of [this run](https://github.com/a/b/7) has the whole plan." in told


def test_letters_that_nobody_sees_are_written_out() -> None:
    for letter in ("\u202e", "\u200b", "\u2066", "\ufeff", "\u00ad", "\u3164", "\U000e0041", "\x1b", "\u2028"):
        assert seen(f"a{letter}b") == f"a\\u{ord(letter):04x}b"
        assert letter not in words(f"a{letter}b") + code(f"a{letter}b")


def test_a_name_that_github_would_take_for_a_commit_is_code() -> None:
    assert words("Spring buyers") == "Spring buyers"
    for name in ("deadbeef", "buyers 0123456", "www.example.com", "GH-3", "@acme", "#1"):
        assert words(name) == code(name) != name


def test_nothing_to_do_is_said_only_where_it_is_so() -> None:
    plain = Plan("production", "shop", ())
    assert "**Nothing to do**: Braze is as the files want it." in synced_page(Summary(plain, (), 0), (), address="")
    for plan, problems in (
        (Plan("production", "shop", (), stop="9 would be withdrawn"), ()),
        (Plan("production", "shop", (), not_selected=3), ()),
        (plain, (problem(1),)),
    ):
        text = synced_page(Summary(plan, (), len(problems)), problems, address="")
        assert "**Nothing else to do.**" in text
        assert "as the files want" not in text
    assert "3 cohorts not selected, and left alone." in synced_page(
        Summary(Plan("production", "shop", (), not_selected=3), (), 0), (), address=""
    )
