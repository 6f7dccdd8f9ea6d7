"""The plan: what a sync would do, against the ledger or against a commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runner.application import reading
from runner.application.base import base_of, offline_plan, with_causes
from runner.application.invocation import Invocation
from runner.environment import repository
from runner.errors import ExitCode, Usage
from runner.plan import selection
from runner.plan.plan import Plan
from runner.plan.selection import Selection
from runner.sql.wanted import Wanted


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What is to be planned, and how. `members`: count who would enter and leave;
    `offline`: compare with the commit where this branch began; `base`: compare with
    this commit. The others are those of a sync.
    """

    target: str
    select: Sequence[str] = ()
    exclude: Sequence[str] = ()
    refresh: bool = False
    due: bool = False
    reassert: bool = False
    members: bool = False
    offline: bool = False
    base: str = ""

    @property
    def compares_with_commit(self) -> bool:
        """True where no service is asked."""
        return self.offline or bool(self.base)

    @property
    def selection(self) -> Selection:
        """The cohorts that are asked for. Raises BadSelection."""
        return selection.read(self.select, self.exclude)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with the queries it was made of, the commit of this tree, and when it was
    made (unix seconds). `uncommitted`: files of cohorts are not as the commit has them.
    """

    plan: Plan
    wanted: Wanted
    commit: str
    made_at: int
    uncommitted: bool

    @property
    def exit_code(self) -> ExitCode:
        """An unsafe change fails in review, and not on merge."""
        if self.wanted.problems and self.wanted.queries:
            return ExitCode.MIXED
        if self.wanted.problems:
            return ExitCode.INVALID
        if any(change.uncounted for change in self.plan.changes):
            return ExitCode.FAILED
        if self.plan.stop or self.plan.refused:
            return ExitCode.BLOCKED
        return ExitCode.DONE


def plan(invocation: Invocation, options: PlanOptions) -> Planned:
    """Plan what a sync would do; nothing is sent. Raises Usage, InvalidDefinitions,
    BadSelection, NoSuchCommit, and what reading the ledger raises.
    """
    project, asked = reading.wanted(invocation.root, invocation.day, options.target)
    if options.compares_with_commit:
        _refuse_live_options(options)
        base = base_of(invocation, options.base)
        made = offline_plan(project, asked, base, now=invocation.now)
        made = with_causes(made, project, asked, base, invocation.root)
        made = selection.choose(made, options.selection)
    else:
        # a plan against a commit must not pay for the client of Treasure Data
        from runner.application import live  # noqa: PLC0415

        made = live.plan(invocation, project, asked, options)
    # a saved plan is good for some time, which begins when it is made
    commit = repository.commit(invocation.root)
    uncommitted = reading.is_uncommitted(invocation.root)
    return Planned(made, asked, commit, invocation.now, uncommitted)


def _refuse_live_options(options: PlanOptions) -> None:
    """A commit knows neither members nor when they were synced."""
    if options.members or options.refresh or options.due or options.reassert:
        raise Usage(
            "P114",
            (
                "these options cannot be used together: a plan without Treasure Data"
                " counts no members and knows no due cohort"
            ),
            "leave out --offline and --base, or leave out the other option",
        )
    if selection.STALE in options.selection.states:
        raise Usage(
            "P114",
            "a plan without Treasure Data does not know which cohorts are stale",
            "leave out --offline and --base, or leave out `state:stale`",
        )
