"""What a person allows for one run against a guard's refusal; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from runner.errors import CohortsError, ExitCode
from runner.plan.guards import GUARDS, MOVED
from runner.plan.plan import Action, Plan

WITHDRAWALS, OLD_TREE = "max_withdrawn", "rollback"

UNREVIEWED = "unreviewed"
"""What no merged pull request showed may run."""

UNSETTLED = "unsettled"
"""A job of an earlier attempt that cannot be ended: sync the cohort all the same."""

LATE = "max_lag"
"""A source that the cohort reads is not loaded yet: sync the cohort all the same."""

OF_COHORTS = (*GUARDS, MOVED, UNSETTLED, LATE)
"""What can be allowed for one cohort."""

OF_RUNS = (WITHDRAWALS, OLD_TREE, UNREVIEWED)
"""What can be allowed for a whole run."""


class BadOverride(CohortsError):
    """An override that cannot be read, has no reason, or names a cohort that is not there."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Overrides:
    """Guards by cohort; whether any number of withdrawals is right; whether an older
    tree is; whether what nobody reviewed is.
    """

    guards: Mapping[str, frozenset[str]] = field(default_factory=dict)
    withdrawals: bool = False
    old_tree: bool = False
    unreviewed: bool = False


def read(given: Sequence[str], reason: str) -> Overrides:
    """The overrides that options ask for. Raises BadOverride."""
    if bool(given) != bool(reason.strip()):
        raise BadOverride(
            "P107", "--allow and --reason go together", "write both, or none"
        )
    guards: dict[str, frozenset[str]] = {}
    for each in given:
        guard, _, cohort = each.partition(":")
        if each in OF_RUNS:
            continue
        if guard not in OF_COHORTS or not cohort:
            known = ", ".join(f"{name}:COHORT" for name in OF_COHORTS)
            raise BadOverride(
                "P107",
                f"--allow {each[:60]} names no guard",
                f"use {known}, {WITHDRAWALS}, {UNREVIEWED} or {OLD_TREE}",
            )
        guards[cohort] = guards.get(cohort, frozenset()) | {guard}
    return Overrides(
        guards, WITHDRAWALS in given, OLD_TREE in given, UNREVIEWED in given
    )


def allow(plan: Plan, overrides: Overrides) -> Plan:
    """The plan with what is allowed. Raises BadOverride for a cohort that it does not have."""
    ids = {change.id for change in (*plan.changes, *plan.kept)}
    if unknown := sorted(set(overrides.guards) - ids):
        raise BadOverride(
            "P103",
            f"--allow: there is no cohort {unknown[0][:60]!r}",
            f"use one of: {', '.join(sorted(ids)[:10])}",
        )
    withdrawn = frozenset({WITHDRAWALS} if overrides.withdrawals and plan.stop else ())
    changes = tuple(
        replace(
            change,
            allowed=overrides.guards.get(change.id, frozenset())
            | (withdrawn if change.action is Action.WITHDRAW else frozenset()),
            stopped=None
            if MOVED in overrides.guards.get(change.stopped_for, ())
            else change.stopped,
        )
        for change in plan.changes
    )
    return replace(
        plan, changes=changes, stop="" if overrides.withdrawals else plan.stop
    )
