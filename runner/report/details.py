"""One change in full: what is other than before, in words, and as SQL folded below them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from runner.definitions.cohort import Cohort, Mode
from runner.plan.plan import Action, Change
from runner.plan.setting_changes import Setting
from runner.plan.sharing import Sharing
from runner.report import described
from runner.report.lists import many
from runner.report.markup import code, fenced, folded, sentence, words
from runner.report.terminal import sql_difference
from runner.sql.shown import masked

NOT_SHOWN = (
    "The changed part of the query is not shown here, since it may name a person: it is"
    " a value that people are compared with. The file shows it."
)

LONGEST_DESCRIPTION = 1_000
"""Characters of a cohort's description that are shown."""


def of_change(
    change: Change,
    before: Cohort | None,
    shared: Sharing,
    settings: Sequence[Setting] = (),
) -> list[str]:
    """The details of one cohort, as blocks; none where there is no more to say. `before`
    is the cohort as it was in the base; `shared` says which of its members other
    cohorts have too; `settings` are those of a new cohort.
    """
    if change.action is Action.NONE:
        return []
    return [*_blocks(change, before, settings), *_about_members(change, shared)]


def _about_members(change: Change, shared: Sharing) -> Iterator[str]:
    """Rows that name nobody, and members that other cohorts have too."""
    counts = change.counts
    if counts and counts.unusable:
        rows = many(counts.unusable, "row")
        yield f"{rows} without a usable identifier left out."
    others = "others"
    if shared.others:
        others = "more others"
        told = [
            f"{number:,} are also in {code(name)}" for name, number in shared.others
        ]
        listed = ", ".join(told)
        yield f"Of its members {listed}."
    if shared.unknown:
        why = words(shared.unknown)
        yield f"Whether {others} share members with it is not known: {why}"


def _blocks(
    change: Change, before: Cohort | None, settings: Sequence[Setting]
) -> Iterator[str]:
    """What is other than before: settings, who is meant, and the SQL."""
    # without a query nothing of the file's reaches Braze, so it is not described
    cohort = change.cohort
    if change.query is None:
        cohort = None
    who = _who_difference(before, cohort)
    if cohort and before is None and cohort.description:
        told = sentence(described.in_authors_words(cohort), LONGEST_DESCRIPTION)
        yield f"Description: {told}"
    if cohort:
        yield from _settings(before, cohort, settings)
    if who:
        yield fenced(who, "diff")
    elif cohort:
        yield from _rule(change, before, cohort)
    if cohort and cohort.sql and change.action is Action.CREATE:
        shown = masked(change.sql_after, cohort.columns)
        yield fenced(shown.splitlines(), "sql")
    if cohort and change.action in (Action.UPDATE, Action.SUSPENDED):
        yield from _sql(change, cohort, is_told=bool(who))


def _settings(
    before: Cohort | None, cohort: Cohort, settings: Sequence[Setting]
) -> Iterator[str]:
    """A list of what changed beside the query; nothing where nothing did."""
    lines = list(_delivery(before, cohort))
    lines += [code(f"{setting.name}: {setting.now}") for setting in settings]
    if lines:
        yield "\n".join(f"- {line}" for line in lines)


def _who_difference(before: Cohort | None, after: Cohort | None) -> list[str]:
    """How the words for who is meant differ, as lines of a diff; empty where one of the
    two is not there, or where they are the same.
    """
    if before is None or after is None:
        return []
    old = described.who(before)
    new = described.who(after)
    difference = [*difflib.unified_diff(old, new, lineterm="", n=50)]
    # the first three lines name files and places, which a description has not
    return difference[3:]


def _rule(change: Change, before: Cohort | None, cohort: Cohort) -> Iterator[str]:
    """Who is meant by a rule, where its words are not other ones: it is new to the
    reader, or something that it uses changed.
    """
    is_shown = before is None or change.action in (Action.CREATE, Action.UPDATE)
    if is_shown and cohort.rule:
        yield fenced(described.who(cohort), "text")


def _sql(change: Change, cohort: Cohort, *, is_told: bool) -> Iterator[str]:
    """How the SQL differs: folded where it was made of a rule, which words above tell.
    `is_told`: they say already that something changed.
    """
    difference = sql_difference(change, ("before", "after"))
    if difference:
        # the first two lines name the sides
        shown = fenced(difference[2:], "diff")
        if cohort.rule and not cohort.sql:
            shown = folded("SQL", shown)
        yield shown
        return
    # members are hidden in both sides, so a change of a hidden value shows no difference
    is_hidden = change.sql_before != change.sql_after
    if is_hidden and not is_told and change.action is Action.UPDATE:
        yield NOT_SHOWN


def _delivery(before: Cohort | None, after: Cohort) -> Iterator[str]:
    """What decides what Braze is told, beside who is meant."""
    if before is None:
        if after.mode is not Mode.MIRROR:
            yield _mode(after.mode.value, after.mode)
        return
    old = before.name
    new = after.name
    if old != new:
        yield code(f"name: {old} → {new}")
    old = before.mode.value
    new = after.mode.value
    if old != new:
        yield _mode(f"{old} → {new}", after.mode)
    old = _identifiers(before)
    new = _identifiers(after)
    if old != new:
        yield code(f"identifiers: {old} → {new}")


def _mode(shown: str, mode: Mode) -> str:
    """A mode, or its change, and what it means for the people."""
    told = code(f"mode: {shown}")
    return f"{told} {described.MODES[mode]}"


def _identifiers(cohort: Cohort) -> str:
    """The identifiers of a cohort, each with its column."""
    named = [f"{each.handle} from {each.column}" for each in cohort.identifiers]
    return ", ".join(named)
