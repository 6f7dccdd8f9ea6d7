"""A new cohort that looks like one whose file is gone: perhaps the same under another
id, and that is asked; pure.
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
"""Share of the SQL's words that two cohorts have in common when they are probably the same."""

MOST_PAIRS = 400
"""New cohorts times gone ones that are compared; with more, only SQL that is the same is found."""


def questions(
    new: Sequence[Query], gone: Sequence[Deployed], *, is_gone: bool = True
) -> Iterator[tuple[Query, Deployed, Problem]]:
    """Pairs of a new cohort and a gone one with nearly the same SQL, each with its question.

    `is_gone` is False where files have problems: then the old cohort may stand in one of them.
    """
    words = {query.braze_id: normalised(query.audience).split(" ") for query in new}
    few = len(new) * len(gone) <= MOST_PAIRS
    for deployed in gone:
        before = (
            normalised(deployed.delivered.sql).split(" ") if deployed.delivered else []
        )
        for query in new if before != [""] and before else ():
            if words[query.braze_id] == before or (
                few and _is_alike(words[query.braze_id], before)
            ):
                yield query, deployed, _question(query, deployed, is_gone=is_gone)
                break


def _is_alike(one: list[str], other: list[str]) -> bool:
    pair = SequenceMatcher(None, one, other, autojunk=False)
    return (
        pair.real_quick_ratio() >= ALIKE
        and pair.quick_ratio() >= ALIKE
        and pair.ratio() >= ALIKE
    )


def _question(query: Query, gone: Deployed, *, is_gone: bool) -> Problem:
    prefix = query.braze_id.removesuffix(query.cohort.braze_id)
    old, new = gone.destination.cohort_id.removeprefix(prefix), query.cohort.id
    where, first = "whose file is gone", ""
    if not is_gone:
        where = "which no file without problems has now"
        first = "mend the files with problems first; "
    return Problem(
        query.cohort.document.at("id"),
        "G010",
        f"{new} is new, and {old}, {where}, had nearly the same SQL: is it the same under another id?",
        f"{first}if so, write `previous_id: {old}` in this file, which moves it; if not,"
        f' once `--allow {MOVED}:{new} --reason "…"`',
    )
