"""What a person allows for one run against a guard's refusal; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from runner.errors import CohortsError, ExitCode
from runner.plan.guards import GUARDS, MOVED
from runner.plan.plan import Action, Change, Plan

WITHDRAWALS = "max_withdrawn"
"""Withdraw as many cohorts as the plan says."""

OLD_TREE = "rollback"
"""Sync a commit that does not descend from the one that was synced last."""

UNREVIEWED = "unreviewed"
"""Sync changes that no merged pull request showed."""

UNCOMMITTED = "uncommitted"
"""Sync files that are not as the commit has them to a protected target."""

UNSETTLED = "unsettled"
"""Sync the cohort, although a job of an earlier attempt cannot be ended."""

LATE = "max_lag"
"""Sync the cohort, although a source that it reads is not loaded yet."""

OF_COHORTS = (*GUARDS, MOVED, UNSETTLED, LATE)
"""What can be allowed for one cohort."""

OF_RUNS = (WITHDRAWALS, OLD_TREE, UNREVIEWED, UNCOMMITTED)
"""What can be allowed for a whole run."""


class BadOverride(CohortsError):
    """An override that cannot be read, has no reason, or names a cohort that is not there."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a person allows for one run."""

    guards: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The guards that are overridden, by the id of a cohort."""
    withdrawals: bool = False
    """True where any number of withdrawals is right."""
    old_tree: bool = False
    """True where the commit need not descend from the one synced last."""
    unreviewed: bool = False
    """True where changes that nobody reviewed are right."""
    uncommitted: bool = False
    """True where files that nobody committed are right."""


def read(given: Sequence[str], reason: str) -> Overrides:
    """The overrides that options ask for. Raises BadOverride."""
    if bool(given) != bool(reason.strip()):
        raise BadOverride(
            "P107", "--allow and --reason go together", "write both, or none"
        )
    guards: dict[str, frozenset[str]] = {}
    for each in given:
        if each in OF_RUNS:
            continue
        guard, _, cohort = each.partition(":")
        if guard not in OF_COHORTS or not cohort:
            raise _no_guard(each)
        guards[cohort] = guards.get(cohort, frozenset()) | {guard}
    return Overrides(
        guards,
        withdrawals=WITHDRAWALS in given,
        old_tree=OLD_TREE in given,
        unreviewed=UNREVIEWED in given,
        uncommitted=UNCOMMITTED in given,
    )


def _no_guard(given: str) -> BadOverride:
    """The error about an `--allow` that names nothing."""
    known = ", ".join(f"{name}:COHORT" for name in OF_COHORTS)
    return BadOverride(
        "P107",
        f"--allow {given[:60]} names no guard",
        f"use {known}, {', '.join(OF_RUNS[:-1])} or {OF_RUNS[-1]}",
    )


def allow(plan: Plan, overrides: Overrides) -> Plan:
    """The plan with what is allowed. Raises BadOverride for a cohort that it does not have."""
    ids = {change.id for change in (*plan.changes, *plan.if_not_withdrawn)}
    if unknown := sorted(set(overrides.guards) - ids):
        raise BadOverride(
            "P103",
            f"--allow: there is no cohort {unknown[0][:60]!r}",
            f"use one of: {', '.join(sorted(ids)[:10])}",
        )
    changes = tuple(
        _allow_change(change, overrides, is_refused=bool(plan.stop))
        for change in plan.changes
    )
    if overrides.withdrawals:
        return replace(plan, changes=changes, stop="")
    return replace(plan, changes=changes)


def _allow_change(change: Change, overrides: Overrides, *, is_refused: bool) -> Change:
    """`is_refused`: the plan refuses its withdrawals, so that to allow them is on record."""
    allowed = overrides.guards.get(change.id, frozenset())
    if change.action is Action.WITHDRAW and overrides.withdrawals and is_refused:
        allowed |= {WITHDRAWALS}
    change = replace(change, allowed=allowed)
    # the answer is given to the new cohort, and frees the gone one too
    if MOVED in overrides.guards.get(change.stopped_for, ()):
        return replace(change, stopped=None)
    return change
