"""Ask whether a new cohort is one that is gone, under another id, since their SQL is
nearly the same; pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from runner.errors import Problem
from runner.plan.guards import MOVED
from runner.plan.ledger import Deployed
from runner.sql.query import Query
from runner.sql.tokens import normalised

ALIKE = 0.9
"""Share of the SQL's words that two cohorts must have in common to be asked about."""

MOST_PAIRS = 400
"""Pairs of a new and a gone cohort that are compared word by word. With more, only SQL
that is the same is found, since a comparison takes milliseconds.
"""


def questions(
    new: Sequence[Query], gone: Sequence[Deployed], *, is_gone: bool = True
) -> Iterator[tuple[Query, Deployed, Problem]]:
    """Pairs of a new cohort and a gone one with nearly the same SQL, each with its
    question; for a gone one, the first new one that is like it.

    `is_gone` is False where files have problems: then the old cohort may stand in one of them.
    """
    words = {query.braze_id: _words(query.audience) for query in new}
    few = len(new) * len(gone) <= MOST_PAIRS
    for deployed in gone:
        if deployed.delivered is None:
            continue
        before = _words(deployed.delivered.sql)
        if before == [""]:
            continue  # an adopted cohort has no SQL
        for query in new:
            after = words[query.braze_id]
            if after == before or (few and _is_alike(after, before)):
                yield query, deployed, _question(query, deployed, is_gone=is_gone)
                break


def _words(sql: str) -> list[str]:
    """The words of SQL, without layout and comments."""
    return normalised(sql).split(" ")


def _is_alike(one: list[str], other: list[str]) -> bool:
    """True where two lists of words are nearly the same."""
    pair = SequenceMatcher(None, one, other, autojunk=False)
    # each is an upper bound of the next, and much quicker
    return (
        pair.real_quick_ratio() >= ALIKE
        and pair.quick_ratio() >= ALIKE
        and pair.ratio() >= ALIKE
    )


def _question(query: Query, gone: Deployed, *, is_gone: bool) -> Problem:
    """The question, at the id in the new cohort's file."""
    prefix = query.braze_id.removesuffix(query.cohort.braze_id)
    old = gone.destination.cohort_id.removeprefix(prefix)
    new = query.cohort.id
    where = "whose file is gone"
    first = ""
    if not is_gone:
        where = "which no file without problems has now"
        first = "mend the files with problems first; "
    what = (
        f"the new cohort {new} has nearly the same SQL as {old}, {where}: is"
        " it the same cohort with a new id?"
    )
    fix = (
        f"{first}if so, write `previous_id: {old}` in this file, which moves it;"
        f' if not, once `--allow {MOVED}:{new} --reason "…"`'
    )
    return Problem(at=query.cohort.document.at("id"), code="G010", what=what, fix=fix)
