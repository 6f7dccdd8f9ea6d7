"""What a team's chat is told: changes of state, counts and ids, and nothing that it would act on."""

from __future__ import annotations

from runner.errors import AuthenticationFailed, CohortsError, Locked
from runner.report.notice import MOST, Fate, News, Notice, of_stopped_run, text

RUN = "https://github.example/shop/cohorts/actions/runs/7"


def test_one_line_for_each_fate_then_where_to_look() -> None:
    news = (
        News("fans", Fate.BLOCKED, "G003"),
        News("old", Fate.WELL),
        News("vips", Fate.FAILED, "R020"),
        News("zoo", Fate.FAILED, "R021"),
    )
    assert text(Notice(news, refused=7), target="production", address=RUN) == (
        "*Cohorts: target production*\n"
        ":x: 2 failed: `vips` (R020), `zoo` (R021)\n"
        ":no_entry: 1 blocked by a guard: `fans` (G003)\n"
        ":white_check_mark: 1 recovered: `old`\n"
        ":no_entry: 7 withdrawals refused by a guard, nobody was taken out (G005)\n"
        f"More about G003, G005, R020, R021: `cohorts explain G003`. <{RUN}|The run>"
    )


def test_a_thousand_cohorts_are_counted() -> None:
    news = tuple(News(f"c{number:04}", Fate.FAILED, "R020") for number in range(1000))
    said = text(Notice(news), target="production", address="")
    assert said.splitlines()[1].startswith(":x: 1,000 failed: `c0000` (R020), ")
    assert said.splitlines()[1].endswith(f" and {1000 - MOST} more")


def test_nobody_is_mentioned_and_nothing_is_markup() -> None:
    names = ("<!channel>", "@channel", "<@U123>", "a&b", "`x`\n*y*", "<https://bad.example|here>")
    said = text(Notice(tuple(News(name, Fate.WELL) for name in names)), target="<!here>", address="")
    assert "<" not in said
    assert "@channel" not in said
    assert "&lt;!channel&gt;" in said
    assert "a&amp;b" in said
    assert len(said.splitlines()) == 2


def test_only_web_addresses_are_linked_and_none_can_end_early() -> None:
    assert "|The run" not in text(Notice((), 1), target="t", address="javascript:alert(1)")
    assert "<https://a.example/%7Cb&gt;&lt;!here&gt;|The run>" in text(
        Notice((), 1), target="t", address="https://a.example/|b><!here>"
    )


def test_a_run_that_was_stopped_says_why_in_our_own_words() -> None:
    refused = AuthenticationFailed("R003", "the key of ann@example.com was refused", "…")
    assert of_stopped_run(refused, target="production", address="") == (
        "*Cohorts: target production*\n"
        ":x: the run did not get through: Treasure Data refused the key (R003)\n"
        "More about R003: `cohorts explain R003`."
    )
    assert "(L001)" in of_stopped_run(Locked("L001", "ann is writing", ""), target="t", address="")
    assert "it failed as a whole (R006)" in of_stopped_run(CohortsError("R006", "", ""), target="t", address="")
