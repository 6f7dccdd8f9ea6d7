"""The last line below messages: where `cohorts explain` tells more about their codes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from runner.codes import Code
from runner.errors import Blocked
from runner.report.lists import names

if TYPE_CHECKING:  # types of modules that most failures do not need
    from runner.application.reviewing import Answer
    from runner.plan.plan import Plan
    from runner.sync.run import Summary


class Message(Protocol):
    """What a person was told, under a code: a problem, an error or a discrepancy."""

    @property
    def code(self) -> str: ...

    @property
    def fix(self) -> str: ...


def line(codes: Sequence[str]) -> str:
    """Which command explains the first of some codes; empty where there is none."""
    if not codes:
        return ""
    return f"More about {names(codes)}: `cohorts explain {codes[0]}`"


def below(messages: Iterable[Message], known: Mapping[str, Code]) -> str:
    """The line for the codes of which the page tells more than the messages do, each
    once and in their order; empty where there is none.
    """
    fixes: dict[str, str] = {}
    for message in messages:
        fixes[message.code] = fixes.get(message.code, "") + message.fix
    return line([code for code in fixes if _has_more(code, fixes[code], known)])


def _has_more(code: str, fixes: str, known: Mapping[str, Code]) -> bool:
    """True where the page tells more, and no message sends people there by itself."""
    if code not in known or f"cohorts explain {code}" in fixes:
        return False
    return known[code].tells_more


def of_plan(shown: Plan) -> Iterator[Message]:
    """The messages of a plan, in its order."""
    for change in shown.changes:
        yield from (*change.questions, *change.refusals)
        if change.uncounted:
            yield change.uncounted
    yield from _of_withdrawals(shown)
    yield from shown.warnings


def of_summary(shown: Summary) -> Iterator[Message]:
    """The messages of a sync that ended, but for warnings."""
    for outcome in shown.outcomes:
        if outcome.error:
            yield outcome.error
    yield from _of_withdrawals(shown.plan)


def of_review(shown: Answer) -> Iterator[Message]:
    """The messages of a review, in its order."""
    yield from (*shown.checked.warnings, *shown.checked.errors)
    for each in shown.reviews:
        if each.plan:
            yield from of_plan(each.plan)
        if each.failure:
            yield each.failure


def _of_withdrawals(shown: Plan) -> Iterator[Message]:
    if shown.stop:
        yield Blocked("G005", shown.stop, "")
