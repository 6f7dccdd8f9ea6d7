"""One change in full, folded: what is other than before, in words and as SQL."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from runner.definitions.cohort import Cohort, Mode
from runner.plan.plan import Action, Change
from runner.plan.setting_changes import Setting
from runner.plan.sharing import Sharing
from runner.report import described
from runner.report.lists import many
from runner.report.markup import code, fenced, folded, words
from runner.report.terminal import sql_difference
from runner.sql.shown import masked

NOT_SHOWN = (
    "What changed in the query is not shown here, since it may name somebody: a value that people are compared with."
    " The file shows it."
)


def of_change(
    change: Change,
    sign: str,
    before: Cohort | None,
    shared: Sharing,
    settings: Sequence[Setting] = (),
) -> str:
    """The cohort, folded, or nothing where there is no more to say. `before`: as it was
    in the base; `shared`: who of its members is in others too; `settings`: a new
    cohort's own.
    """
    if change.action is Action.NONE:
        return ""
    own = [code(f"{setting.name}: {setting.now}") for setting in settings]
    blocks = [*_blocks(change, before, own)]
    if change.counts and change.counts.unusable:
        blocks.append(
            f"{many(change.counts.unusable, 'row')} left out that name nobody."
        )
    if shared.others:
        told = ", ".join(
            f"{number:,} are also in {code(name)}" for name, number in shared.others
        )
        blocks.append(f"Of its members {told}.")
    if shared.unknown:
        more = "more others" if shared.others else "others"
        blocks.append(
            f"Whether {more} share members with it could not be told: {words(shared.unknown)}"
        )
    return folded(f"{sign} {code(change.id)}", *blocks) if blocks else ""


def _blocks(change: Change, before: Cohort | None, own: Sequence[str]) -> Iterator[str]:
    cohort = change.cohort if change.query else None
    if cohort and (others := [*_others(before, cohort), *own]):
        yield "\n".join(f"- {line}" for line in others)
    old, new = (
        described.who(before) if before else [],
        described.who(cohort) if cohort else [],
    )
    told = (
        [*difflib.unified_diff(old, new, lineterm="", n=50)][3:] if old and new else []
    )
    if told:
        yield fenced(told, "diff")
    elif cohort and cohort.rule and (not old or change.action is Action.CREATE):
        yield fenced(new, "text")
    if change.action is Action.CREATE and cohort and cohort.sql:
        yield fenced(masked(change.sql_after, cohort.columns).splitlines(), "sql")
    if change.action in (Action.UPDATE, Action.SUSPENDED):
        if sql := sql_difference(change, ("before", "after")):
            yield fenced(sql[2:], "diff")
        elif (
            not told
            and change.action is Action.UPDATE
            and change.sql_before != change.sql_after
        ):
            yield NOT_SHOWN


def _others(before: Cohort | None, after: Cohort) -> Iterator[str]:
    """What decides what Braze is told, beside who is meant."""
    if before is None:
        if after.mode is not Mode.MIRROR:
            yield f"{code(f'mode: {after.mode.value}')} {described.MODES[after.mode]}"
        return
    if before.name != after.name:
        yield code(f"name: {before.name} → {after.name}")
    if before.mode is not after.mode:
        yield f"{code(f'mode: {before.mode.value} → {after.mode.value}')} {described.MODES[after.mode]}"
    old, new = (
        ", ".join(f"{each.handle} from {each.column}" for each in cohort.identifiers)
        for cohort in (before, after)
    )
    if old != new:
        yield code(f"identifiers: {old} → {new}")
