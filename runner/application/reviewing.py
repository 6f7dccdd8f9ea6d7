"""The answer to a pull request: the checks, the tests, and a plan for each target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from runner.application import checking, testing
from runner.application.base import Base, base_of, offline_plan, with_causes
from runner.application.checking import Checked
from runner.application.connecting import treasure_data
from runner.application.invocation import Invocation
from runner.application.testing import Engine, Tested
from runner.definitions import folder
from runner.definitions.cohort import Cohort
from runner.environment import repository
from runner.errors import CohortsError, ExitCode, Problem, Usage
from runner.github.events import event
from runner.plan import compared, reviewed, setting_changes
from runner.plan.ledger import Destination
from runner.plan.plan import Action, Change, Plan
from runner.plan.setting_changes import Setting
from runner.plan.sharing import Sharing
from runner.project.file import Project
from runner.sql import wanted as queries
from runner.sql.query import Query
from runner.sql.wanted import Wanted
from runner.sync.counting import Counter, counted, overlaps
from runner.sync.planned import Request, look
from runner.sync.run import common_code

if TYPE_CHECKING:  # it needs the packages of the extra `sandbox`
    from runner.testing.local import Result

MOST_TARGETS = 10
"""Targets that are planned for where nobody says which."""

ELSEWHERE = (
    "this branch changes the address that the target's key is sent to,"
    " so no key is used"
)
"""A pull request must not be able to have a key sent to an address of its own."""

RISKS = (
    Action.WITHDRAW,
    Action.SUPPRESS,
    Action.UPDATE,
    Action.RETRY,
    Action.CREATE,
    Action.RENAME,
)
"""Actions that a reviewer should look at first, the riskiest first."""


@dataclass(frozen=True, slots=True)
class Review:
    """What was found for one target.

    `plan` is None where the project file cannot be read. `tested`: the tests ran;
    `untested` is how many cohorts have none. `settings` are what else the branch
    changes. `before` has the cohorts as they were in the base, by where they go.
    `uncounted` says why members are not counted, and is empty where they are; `failure`
    is the error that stopped the counting. `others` is how many cohorts a sync would
    touch for another reason than this branch. `overlaps` says how many members of a
    changed cohort are in others too, the most first. `address` is that of the run,
    `artifacts` that of the files which it keeps, or empty. `links` are the addresses of
    files by their paths. `marks` name all that the page shows, for the sync that
    follows. `vanished` are files that are gone and could not be read before.
    """

    target: str
    plan: Plan | None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    cohorts: int = 0
    tests: tuple[Result, ...] = ()
    tested: bool = True
    settings: tuple[Setting, ...] = ()
    untested: int = 0
    before: Mapping[Destination, Cohort] = field(default_factory=dict)
    uncounted: str = ""
    others: int = 0
    overlaps: Mapping[Destination, Sharing] = field(default_factory=dict)
    address: str = ""
    artifacts: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    failure: CohortsError | None = None
    marks: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()

    @property
    def changed_settings(self) -> tuple[Setting, ...]:
        """The settings of what was there before; those of a new cohort stand with it."""
        return tuple(setting for setting in self.settings if not setting.is_new)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes to be looked at, the riskiest first."""
        if self.plan is None:
            return ()
        return tuple(sorted(self.plan.changes, key=_risk))

    @property
    def created(self) -> tuple[Change, ...]:
        """The cohorts that are new in Braze, in the order of the changes."""
        return tuple(each for each in self.changes if each.action is Action.CREATE)

    @property
    def stops(self) -> tuple[Problem, ...]:
        """What guards refuse and what must be answered, in the order of the changes."""
        found: dict[Problem, None] = {}
        # a question is about two cohorts, and asked once
        for change in self.changes:
            found |= dict.fromkeys([*change.questions, *change.refusals])
        return tuple(found)

    @property
    def uncountable(self) -> tuple[Problem, ...]:
        """Why some changes could not be counted."""
        return tuple(each.uncounted for each in self.changes if each.uncounted)

    @property
    def soon(self) -> tuple[Problem, ...]:
        """The warnings of the files and of the plan, sorted, each once."""
        found = set(self.warnings)
        if self.plan:
            found |= set(self.plan.warnings)
        return tuple(sorted(found))

    @property
    def failed(self) -> tuple[Result, ...]:
        """The tests that did not pass: they failed, or were not judged."""
        return tuple(result for result in self.tests if not result.passed)

    @property
    def unjudged(self) -> int:
        """How many tests could not be judged on this machine."""
        return sum(bool(result.unjudged) for result in self.failed)

    @property
    def exit_codes(self) -> Iterator[ExitCode]:
        """The code of each cause for which this review does not pass."""
        if self.errors:
            yield ExitCode.INVALID
        if self.failed:
            yield ExitCode.FAILED
        if self.failure:
            yield ExitCode(self.failure.exit_code)
        if self.plan is None:
            return
        # a question is answered when it runs (`--allow`): no file could, and nobody could merge
        if self.plan.stop or any(change.refusals for change in self.plan.changes):
            yield ExitCode.BLOCKED
        if any(change.uncounted for change in self.plan.changes):
            yield ExitCode.FAILED


@dataclass(frozen=True, slots=True)
class Answer:
    """The checks and the tests of all files, and a review for each target."""

    checked: Checked
    results: tuple[Result, ...]
    reviews: tuple[Review, ...]
    made_at: int

    @property
    def untested(self) -> tuple[Cohort, ...]:
        """The cohorts without a test."""
        return tuple(cohort for cohort in self.checked.tree.cohorts if not cohort.cases)

    @property
    def wrong(self) -> tuple[Result, ...]:
        """The tests that did not pass: they failed, or were not judged."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The plans of the targets that could be planned for."""
        return tuple(review.plan for review in self.reviews if review.plan)

    @property
    def exit_code(self) -> ExitCode:
        """That of the one cause, MIXED where causes differ."""
        return common_code(
            {code for review in self.reviews for code in review.exit_codes}
        )


def review(
    invocation: Invocation,
    *,
    targets: Sequence[str],
    base: str,
    members: bool,
    engine: Engine,
) -> Answer:
    """Check every file, run the tests, and plan what the branch changes for each target.
    A key is used only to count members, where `members` is true. Raises Usage and
    NoSuchCommit.
    """
    found = checking.check(invocation.root, invocation.day)
    done = Tested()
    if not members:
        # no SQL of a pull request runs beside a key
        done = _tested(found, engine)
    errors = tuple(sorted({*found.errors, *done.refused}))
    found = replace(found, errors=errors)
    against = base_of(invocation, base)
    links = _links(invocation)
    reviews = [
        replace(
            _review(invocation, name, found, done.results, against, members=members),
            artifacts=_artifacts(invocation),
            links=links,
        )
        for name in _targets(targets, found.project or against.project)
    ]
    return Answer(found, done.results, tuple(reviews), invocation.now)


def _tested(found: Checked, engine: Engine) -> Tested:
    """How the tests ended, where there are any; targets differ in variables only, and
    one will do. A real engine looks at every query, also where no cohort has a test.
    """
    has_tests = any(cohort.cases for cohort in found.tree.cohorts)
    if not found.project or not (has_tests or engine.is_trino):
        return Tested()
    asked = found.wanted[0]
    cohorts = [query.cohort for query in asked.queries]
    return testing.run(cohorts, asked, found.tree, found.project, engine)


def _review(
    invocation: Invocation,
    name: str,
    found: Checked,
    results: tuple[Result, ...],
    base: Base,
    *,
    members: bool,
) -> Review:
    """The review for one target, with members counted if they are to be."""
    cohorts = found.tree.cohorts
    shown = Review(
        target=name,
        plan=None,
        errors=found.errors,
        warnings=found.warnings,
        cohorts=len(cohorts),
        tests=results,
        tested=not members,
        untested=sum(not cohort.cases for cohort in cohorts),
        address=invocation.settings.run_address,
        commit=repository.commit(invocation.root),
    )
    if not found.project or name not in found.project.targets:
        return shown
    asked = queries.wanted(found.tree, found.project.targets[name])
    # a plan against the base says what the branch changes, whatever Braze holds by now
    plan = offline_plan(found.project, asked, base, now=invocation.now)
    before = base.queries(name)
    settings = setting_changes.changed(
        base.project, found.project, name, base.cohorts, cohorts
    )
    shown = replace(
        shown,
        plan=plan,
        before=_by_destination(before),
        settings=settings,
        uncounted=_no_key(invocation),
        marks=reviewed.marks(before, asked, settings),
        vanished=_vanished(invocation, base),
    )
    if members and asked.target.endpoint == base.endpoint(name):
        shown = _counted(invocation, shown, found.project, asked, plan)
    elif members:
        shown = replace(shown, uncounted=ELSEWHERE)
    if shown.plan is None:
        return shown
    told = with_causes(shown.plan, found.project, asked, base, invocation.root)
    return replace(shown, plan=told)


def _counted(
    invocation: Invocation,
    shown: Review,
    project: Project,
    asked: Wanted,
    plan: Plan,
) -> Review:
    """The review with what the ledger says and members counted, of the cohorts that the
    branch changes alone, as the `plan` against its base says.
    """
    touched = compared.touched(plan)
    try:
        with treasure_data(invocation, asked.target) as (client, table):
            ledger, made = look(table, project, asked, Request())
            now = ledger.now or invocation.now
            counter = Counter(client, asked.target, invocation.token(), now, project)
            changes = [each for each in made.changes if each.destination in touched]
            # whatever else is due is not of this branch, and costs queries
            mine = counted(replace(made, changes=tuple(changes)), counter)
            shared = overlaps(mine, ledger, counter)
            # the others are what they were, whatever the ledger says of them
            rest = [each for each in plan.changes if each.destination not in touched]
            mine = replace(mine, changes=(*mine.changes, *rest))
    except CohortsError as exc:
        return replace(shown, uncounted=str(exc), failure=exc)
    others = sum(change.destination not in touched for change in made.due)
    return replace(shown, plan=mine, uncounted="", others=others, overlaps=shared)


def _by_destination(before: Sequence[Query]) -> dict[Destination, Cohort]:
    return {
        Destination(query.workspace, query.braze_id): query.cohort for query in before
    }


def _artifacts(invocation: Invocation) -> str:
    """Where the files are that this run keeps; empty where it keeps none."""
    settings = invocation.settings
    if not (settings.run_address and settings.github.keeps_artifacts):
        return ""
    return f"{settings.run_address}#artifacts"


def _links(invocation: Invocation) -> Mapping[str, str]:
    """The addresses of the files that the pull request's last commit has, by their
    paths; none where this run is for no pull request.
    """
    github = invocation.settings.github
    if not (github.address and github.event_path):
        return {}
    head = event(Path(github.event_path)).head
    if not head:
        return {}
    root = invocation.root
    top = f"{github.address}/blob/{head}/{quote(repository.path_in(root))}"
    files = repository.files_at(root, head, folder.TOP)
    return {path: top + quote(path) for path in files}


def _vanished(invocation: Invocation, base: Base) -> tuple[str, ...]:
    gone = [path for path in base.unreadable if not (invocation.root / path).exists()]
    return tuple(sorted(gone))


def _targets(asked: Sequence[str], project: Project | None) -> list[str]:
    """The targets to plan for, each once. Raises Usage for one that there is not."""
    if not project:
        # nobody knows which there are: the answer has a page all the same
        return list(asked) or ["production"]
    for name in asked:
        if name not in project.targets:
            known = ", ".join(sorted(project.targets))
            what = f"there is no target {name[:60]!r}"
            raise Usage("P102", what, f"choose one of: {known}")
    if asked:
        return list(dict.fromkeys(asked))
    real = [name for name, each in project.targets.items() if not each.is_sandbox]
    if len(real) > MOST_TARGETS:
        raise Usage(
            "P115",
            f"there are {len(real)} targets, and each would be a comment of its own",
            "name those that matter with `--target`,"
            " or in the variable COHORTS_TARGETS",
        )
    return real or list(project.targets)


def _no_key(invocation: Invocation) -> str:
    """Why members are not counted, in words."""
    path = invocation.settings.github.event_path
    if path and event(Path(path)).is_fork:
        return "no key in a pull request from a fork"
    return "no key is used here"


def _risk(change: Change) -> tuple[int, int, Destination]:
    """What a reviewer should see first: what is stopped, who leaves, what changes for
    those who stay.
    """
    leaving = 0
    if change.counts:
        leaving = change.counts.removed
    if change.refusals or change.stopped or change.uncounted:
        rank = 0
    elif change.action in RISKS:
        rank = 1 + RISKS.index(change.action)
    else:
        rank = 1 + len(RISKS)
    return rank, -leaving, change.destination
