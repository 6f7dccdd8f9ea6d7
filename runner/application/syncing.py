"""A sync: what must be asked and looked at before it, and the run itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runner.application import deliveries, reading, saved_plan
from runner.application.connecting import writing_context
from runner.application.invocation import Invocation, Watched
from runner.application.merged_reviews import Reviews
from runner.application.review_policy import ReviewPolicy
from runner.application.saved_plan import SavedPlan
from runner.errors import ExitCode, Problem, Stale, Usage
from runner.plan import overrides, selection
from runner.plan.overrides import Overrides
from runner.plan.plan import Plan
from runner.project.file import Project, Target
from runner.sql.wanted import Wanted
from runner.sync import run
from runner.sync.planned import Request, open_ledger
from runner.sync.run import Summary
from runner.sync.run_context import Approval, NoApproval, RunContext, RunOptions


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Whether a person agrees to write to a protected target. `is_given`: they have
    said so before, or this is CI. `ask` shows them the plan, and raises where they say
    no; it is None where nobody can be asked.
    """

    is_given: bool
    ask: Callable[[Plan], None] | None = None


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """What is to be synced, and how. `patience` is how long to wait for another run, in
    seconds; `allow` are overrides, with their `reason`; `plan_file` is a saved plan, and
    `max_age` how old it may be, such as `24h`.
    """

    target: str
    select: Sequence[str] = ()
    exclude: Sequence[str] = ()
    refresh: bool = False
    due: bool = False
    reassert: bool = False
    concurrency: int = 4
    patience: float = 0
    allow: Sequence[str] = ()
    reason: str = ""
    plan_file: Path | None = None
    max_age: str = "24h"


@dataclass(frozen=True, slots=True)
class Synced:
    """How a sync ended, and the problems of files beside it."""

    summary: Summary
    problems: tuple[Problem, ...]

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the run as a whole."""
        return run.exit_code(self.summary)


def sync(
    invocation: Invocation,
    options: SyncOptions,
    watched: Watched,
    confirmation: Confirmation,
) -> Synced:
    """Bring every due cohort to its wanted members in Braze. Raises what concerns the
    whole run, such as Usage, Locked and Stale.
    """
    granted = overrides.read(options.allow, options.reason)
    project, asked = reading.wanted(invocation.root, invocation.day, options.target)
    saved = _saved_plan(invocation, options)
    _refuse_uncommitted(invocation, asked.target, granted)
    chosen = selection.read(options.select, options.exclude)
    request = Request(options.refresh, options.due, options.reassert, chosen, granted)
    run_options = RunOptions(
        asked,
        request,
        _approval(invocation, project, asked, granted, saved),
        options.concurrency,
        options.patience,
    )
    confirmation = _with_causes(confirmation, project, asked, invocation.root)
    # only then was all of this tree looked at, or allowed
    settles = not (saved or options.select or options.exclude or asked.problems)
    with writing_context(
        invocation,
        project,
        asked.target,
        watched,
        allow_old_tree=granted.old_tree,
        reason=_reason(options, saved),
        settles=settles,
    ) as context:
        return carry_out(context, run_options, confirmation)


def _refuse_uncommitted(
    invocation: Invocation, target: Target, granted: Overrides
) -> None:
    """Raises Stale L023 where a protected target would get what no commit has."""
    if not target.protected or granted.uncommitted:
        return
    if reading.is_uncommitted(invocation.root):
        raise Stale(
            "L023",
            f"target {target.name} is protected, and files under cohorts/ are not"
            " committed: nobody could look up later what was synced",
            "commit them; to sync them as they are, add"
            " `--allow uncommitted --reason TEXT`",
        )


def carry_out(
    context: RunContext, options: RunOptions, confirmation: Confirmation
) -> Synced:
    """Ask where a target is protected, then sync. Raises what `sync` raises."""
    _confirm(context, options, confirmation)
    summary = run.sync(context, options)
    return Synced(summary, options.wanted.problems)


def _confirm(
    context: RunContext, options: RunOptions, confirmation: Confirmation
) -> None:
    """Outside CI a person must have seen the plan before a protected target is written to."""
    if not context.target.protected or confirmation.is_given:
        return
    if confirmation.ask is None:
        raise Usage(
            "P108",
            f"target {context.target.name} is protected, and nobody can be asked here",
            "look at `cohorts plan` first, then run again with `--yes`",
        )
    ledger = open_ledger(context.table, context.target, create=True)
    made = run.plan_to_carry_out(context, options, ledger)
    if made.due:
        confirmation.ask(made)


def _with_causes(
    confirmation: Confirmation, project: Project, asked: Wanted, root: Path
) -> Confirmation:
    """The same, where whoever is asked sees why cohorts change whose files do not."""
    ask = confirmation.ask
    if ask is None:
        return confirmation

    def ask_with_causes(plan: Plan) -> None:
        ask(deliveries.with_causes(plan, project, asked, root))

    return replace(confirmation, ask=ask_with_causes)


def _saved_plan(invocation: Invocation, options: SyncOptions) -> SavedPlan | None:
    if options.plan_file is None:
        return None
    return saved_plan.read(
        options.plan_file,
        target=options.target,
        max_age=options.max_age,
        now=invocation.clock(),
    )


def _approval(
    invocation: Invocation,
    project: Project,
    asked: Wanted,
    granted: Overrides,
    saved: SavedPlan | None,
) -> Approval:
    """Who must have looked at the plan: whoever saved it, or whoever reviewed the files."""
    if saved:
        return saved
    if granted.unreviewed:
        return NoApproval()
    reviews = Reviews(asked.target.name, invocation.root, invocation.settings)
    return ReviewPolicy(project, asked, reviews)


def _reason(options: SyncOptions, saved: SavedPlan | None) -> str:
    """What the ledger keeps as the reason of this run."""
    if options.reason or saved is None:
        return options.reason
    return saved.words
