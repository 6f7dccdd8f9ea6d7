"""What a team's chat is told after a run: what changed in how cohorts fare; counts and
ids, in Slack's markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from runner.errors import Blocked, CohortsError, ExitCode, Interrupted
from runner.plan.ledger import Deployed
from runner.plan.plan import Action, Plan
from runner.report import more
from runner.report.changes import number_of
from runner.report.lists import many
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
"""Why a run ended before its cohorts did. An error's own words are not told, since they
could name anybody.
"""


class Fate(StrEnum):
    """How a cohort fares."""

    WELL = "well"
    FAILED = "failed"
    BLOCKED = "blocked by a guard"


LINES = (
    (Fate.FAILED, ":x:", "failed"),
    (Fate.BLOCKED, ":no_entry:", "blocked by a guard"),
    (Fate.WELL, ":white_check_mark:", "recovered"),
)
"""A line for each fate, the worst first: its sign and its verb."""


@dataclass(frozen=True, slots=True)
class News:
    """A cohort that fares otherwise than before: how it fares now, the error's code
    (nothing where it is well), and its owner (nothing where nobody is named).
    """

    cohort: str
    fate: Fate
    code: str = ""
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What there is to tell: news sorted by cohort, and how many withdrawals were refused."""

    news: tuple[News, ...]
    refused: int = 0


def of(summary: Summary) -> Notice | None:
    """What a run changed, against what the ledger said of each cohort before it; None
    where there is nothing to tell.
    """
    found = [_news(outcome) for outcome in summary.outcomes]
    news = [each for each in found if each]
    refused = _refused(summary.plan)
    if not news and not refused:
        return None
    return Notice(tuple(sorted(news, key=lambda each: each.cohort)), refused)


def _refused(plan: Plan) -> int:
    """How many withdrawals a run refused."""
    # they leave no trace in the ledger, so they are told after every run that refuses them
    if not plan.stop:
        return 0
    return number_of(plan.changes, Action.WITHDRAW)


def _news(outcome: Outcome) -> News | None:
    """What there is to tell of one cohort; None where it fares as before."""
    error = outcome.error
    # how a cohort fares that was interrupted, the next run will find out
    if isinstance(error, Interrupted):
        return None
    deployed = outcome.change.deployed
    now = _now(error)
    code = ""
    if error:
        code = error.code
    is_other_guard = now is Fate.BLOCKED and code != deployed.failure_code
    if now is _before(deployed) and not is_other_guard:
        return None
    cohort = outcome.change.cohort
    owner = cohort.owner if cohort else ""
    return News(outcome.change.id, now, code, owner)


def _before(deployed: Deployed) -> Fate:
    """How a cohort fared by the ledger, before this run."""
    # what `cohorts adopt` left pending is no attempt that failed
    is_resolved = all(pending.adopted for pending in deployed.pending)
    if is_resolved and not deployed.unfinished:
        return Fate.WELL
    if deployed.failure_code.startswith("G"):
        return Fate.BLOCKED
    return Fate.FAILED


def _now(error: CohortsError | None) -> Fate:
    """How a cohort fares after an attempt that ended with this error, or with none."""
    if error is None:
        return Fate.WELL
    if isinstance(error, Blocked):
        return Fate.BLOCKED
    return Fate.FAILED


def text(notice: Notice, *, target: str, address: str) -> str:
    """A notice in words; `address` is the run's, or empty."""
    lines = [_head(target), *_fates(notice.news)]
    codes = {each.code for each in notice.news if each.code}
    if notice.refused:
        withdrawals = many(notice.refused, "withdrawal")
        lines.append(
            f":no_entry: {withdrawals} refused by a guard, nobody was taken out (G005)"
        )
        codes.add("G005")
    lines += _more(sorted(codes), address)
    return "\n".join(lines)


def _fates(news: Sequence[News]) -> Iterator[str]:
    """A line for each fate that some cohort has."""
    for fate, sign, verb in LINES:
        told = [each for each in news if each.fate is fate]
        if told:
            yield f"{sign} {len(told):,} {verb}: {_named(told)}"


def of_stopped_run(error: CohortsError, *, target: str, address: str) -> str:
    """The words for a run that could not begin, or was stopped as a whole. Such a run
    leaves nothing in the ledger, so nobody knows whether the one before it fared the
    same: this is told each time.
    """
    why = WHY.get(ExitCode(error.exit_code), "it failed as a whole")
    error_code = _escaped(error.code)
    told = f":x: the run did not get through: {why} ({error_code})"
    more = _more([error.code], address)
    return "\n".join([_head(target), told, *more])


def _head(target: str) -> str:
    return f"*Cohorts: target {_escaped(target)}*"


def _named(told: Sequence[News]) -> str:
    """The first cohorts by name, and how many more there are."""
    named = ", ".join(map(_name, told[:MOST]))
    more = len(told) - MOST
    if more > 0:
        named += f" and {more:,} more"
    return named


def _name(each: News) -> str:
    """One cohort, with the code of its error."""
    cohort = _escaped(each.cohort)
    name = f"`{cohort}`"
    told = [_escaped(part) for part in (each.code, each.owner) if part]
    if told:
        listed = ", ".join(told)
        name += f" ({listed})"
    return name


def _more(codes: Sequence[str], address: str) -> list[str]:
    """The last line: where the codes are explained, and where the run is."""
    parts = []
    # a notice has codes alone, so that `cohorts explain` tells more of each
    if explained := more.line(tuple(map(_escaped, codes))):
        parts.append(f"{explained}.")
    if address.startswith(("https://", "http://")):
        # a bar would end the address and begin the link's text
        link = _escaped(address).replace("|", "%7C")
        parts.append(f"<{link}|The run>")
    if not parts:
        return []
    return [" ".join(parts)]


def _escaped(value: str) -> str:
    """Plain text for Slack and its kin: no markup, no link, and nobody is mentioned,
    also where a bare @ would do it.
    """
    plain = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain = plain.replace("@", "@\u200b").replace("`", "'")
    return " ".join(plain.split())
