"""What a team's chat is told after a run: what changed in how cohorts fare; counts and
ids, in Slack's markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.errors import Blocked, CohortsError, ExitCode, Interrupted
from runner.plan.ledger import Deployed
from runner.plan.plan import Action
from runner.sync.attempts import Outcome
from runner.sync.run import Summary

MOST = 20
"""Cohorts named in one line; the others are counted."""

WHY = {
    ExitCode.INVALID: "the files or the project cannot be used",
    ExitCode.AUTHENTICATION: "Treasure Data refused the key",
    ExitCode.UNAVAILABLE: "Treasure Data did not answer",
    ExitCode.STALE: "its files are older than what was synced last",
    ExitCode.LOCKED: "another run is writing, or the ledger cannot be used",
}
"""Why a run ended before its cohorts did; no error's own words, which could name anything."""


class Fate(StrEnum):
    """How a cohort fares."""

    WELL = "well"
    FAILED = "failed"
    BLOCKED = "blocked by a guard"


@dataclass(frozen=True, slots=True)
class News:
    """A cohort that fares otherwise than before: how it fares now, and the error's code
    (nothing where it is well).
    """

    cohort: str
    fate: Fate
    code: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What there is to tell: news sorted by cohort, and how many withdrawals were refused."""

    news: tuple[News, ...]
    refused: int = 0


def of(summary: Summary) -> Notice | None:
    """What a run changed, against what the ledger said of each cohort before it; None
    where there is nothing to tell.

    Refused withdrawals leave no trace in the ledger, so they are told after every run
    that refuses them.
    """
    found = (_news(outcome) for outcome in summary.outcomes)
    news = tuple(sorted((each for each in found if each), key=lambda each: each.cohort))
    withdrawals = sum(
        change.action is Action.WITHDRAW for change in summary.plan.changes
    )
    refused = withdrawals if summary.plan.stop else 0
    return Notice(news, refused) if news or refused else None


def _news(outcome: Outcome) -> News | None:
    if isinstance(
        outcome.error, Interrupted
    ):  # how it fares, the next run will find out
        return None
    before, now = _before(outcome.change.deployed), _now(outcome.error)
    code = outcome.error.code if outcome.error else ""
    if now is Fate.BLOCKED and code != outcome.change.deployed.failure_code:
        return News(outcome.change.id, now, code)
    return News(outcome.change.id, now, code) if now is not before else None


def _before(deployed: Deployed) -> Fate:
    if not deployed.unfinished and all(pending.adopted for pending in deployed.pending):
        return Fate.WELL
    return Fate.BLOCKED if deployed.failure_code.startswith("G") else Fate.FAILED


def _now(error: CohortsError | None) -> Fate:
    if error is None:
        return Fate.WELL
    return Fate.BLOCKED if isinstance(error, Blocked) else Fate.FAILED


def text(notice: Notice, *, target: str, address: str) -> str:
    """A notice in words; `address` is the run's, or nothing."""
    lines = [f"*Cohorts: target {_escaped(target)}*"]
    for fate, sign, words in (
        (Fate.FAILED, ":x:", "failed"),
        (Fate.BLOCKED, ":no_entry:", "blocked by a guard"),
        (Fate.WELL, ":white_check_mark:", "recovered"),
    ):
        told = [each for each in notice.news if each.fate is fate]
        if told:
            lines.append(f"{sign} {len(told):,} {words}: {_named(told)}")
    if notice.refused:
        many = f"{notice.refused:,} withdrawal{'s' * (notice.refused != 1)}"
        lines.append(
            f":no_entry: {many} refused by a guard, nobody was taken out (G005)"
        )
    codes = sorted(
        {each.code for each in notice.news if each.code}
        | ({"G005"} if notice.refused else set())
    )
    return "\n".join([*lines, *_more(codes, address)])


def of_stopped_run(error: CohortsError, *, target: str, address: str) -> str:
    """The words for a run that could not begin, or was stopped as a whole. Whether the
    one before it fared the same is not known, since it left nothing in the ledger: so
    this is told each time.
    """
    why = WHY.get(ExitCode(error.exit_code), "it failed as a whole")
    lines = [
        f"*Cohorts: target {_escaped(target)}*",
        f":x: the run did not get through: {why} ({_escaped(error.code)})",
    ]
    return "\n".join([*lines, *_more([error.code], address)])


def _named(told: Sequence[News]) -> str:
    names = [
        f"`{_escaped(each.cohort)}`{f' ({_escaped(each.code)})' if each.code else ''}"
        for each in told[:MOST]
    ]
    return ", ".join(names) + (
        f" and {len(told) - MOST:,} more" if len(told) > MOST else ""
    )


def _more(codes: Sequence[str], address: str) -> list[str]:
    explain = (
        [f"`cohorts explain {_escaped(codes[0])}` says what to do."] if codes else []
    )
    link = (
        [f"<{_escaped(address).replace('|', '%7C')}|The run>"]
        if address.startswith(("https://", "http://"))
        else []
    )
    return [" ".join([*explain, *link])] if explain or link else []


def _escaped(value: str) -> str:
    """As plain text in Slack and its kin: no markup, no link, nobody mentioned, also
    where a bare @ would do it.
    """
    plain = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return " ".join(plain.replace("@", "@\u200b").replace("`", "'").split())
