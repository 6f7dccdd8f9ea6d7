"""What a pull request is answered with: one page a target, the riskiest first, in
Markdown that GitHub takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.definitions.cohort import Cohort, Mode
from runner.errors import CohortsError, Problem
from runner.plan import reviewed
from runner.plan.ledger import Destination
from runner.plan.plan import IDLE, Action, Change, Plan
from runner.plan.setting_changes import Setting
from runner.plan.sharing import Sharing
from runner.report import details, marker
from runner.report.cost import Cost
from runner.report.lists import fitting, listed, many, of_files, of_problem, of_test
from runner.report.markup import code, folded, words

if TYPE_CHECKING:  # it needs the sandbox's packages
    from runner.testing.local import Result

COMMENT = 65_000
"""Characters of a comment, a little under GitHub's limit of 65,536."""

SUMMARY = 250_000
"""Characters of a step summary, so that it stays under GitHub's limit of 1 MiB however
many bytes they take.
"""

SIGNS = {
    Action.CREATE: "🟢 new",
    Action.UPDATE: "🟡 update",
    Action.RENAME: "🔵 rename",
    Action.RETRY: "🟠 retry",
    Action.REFRESH: "🔄 refresh",
    Action.WITHDRAW: "🔴 withdraw",
    Action.ROLLBACK: "↩️ rollback",
    Action.SUPPRESS: "🟣 suppress",
    Action.SUSPENDED: "⏸️ suspended",
    Action.NONE: "unchanged",
}

SETTINGS = 500
"""Settings that are listed."""

WRITTEN = ("Written now", "First week", "Usual month")
"""Columns of how many identifiers are written to Braze."""

SEGMENT = "Segments → Create segment → filter <i>Treasure Data Cohorts</i>"


@dataclass(frozen=True, slots=True)
class Review:
    """What was found for one target. `plan`: None where the project file cannot be
    read; `tested`: tests ran; `before`: cohorts as they were in the base, by where they
    go; `uncounted`: why members are not counted, empty where they are; `others`: how
    many cohorts a sync would touch for another reason than this branch; `overlaps`: how
    many members of a changed cohort are in others too, the most first; `address`: of
    the run that has the whole of it; `failure`: what stopped the counting; `settings`:
    what else the branch changes; `marks`: of all that this shows, for the sync that
    follows; `vanished`: files that are gone and could not be read before.
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
        return tuple(sorted(self.plan.changes, key=_risk)) if self.plan else ()

    @property
    def failed(self) -> tuple[Result, ...]:
        """The tests that did not pass: they failed, or were not judged."""
        return tuple(result for result in self.tests if not result.passed)


def page(shown: Review, *, limit: int = COMMENT) -> str:
    """The whole page, within so many characters; what does not fit is counted, and
    where it is is said.
    """
    head = [
        marker.written(shown.target, shown.plan, shown.marks),
        f"## Cohorts → {code(shown.target)}",
        *_news(shown),
    ]
    foot = _foot(shown)
    left = (
        limit - len("\n\n".join([*head, foot])) - 1_000
    )  # for what is said of what was left out
    blocks = []
    for title, block in (("Changes", _rows(shown, int(left * 0.6))), *_lists(shown)):
        told = (
            block
            if len(block) < left
            else f"**{title}** did not fit here{_elsewhere(shown)}."
        )
        if told:
            blocks.append(told)
            left -= len(told) + 2
    folds = [
        details.of_change(
            change,
            SIGNS[change.action],
            shown.before.get(change.destination),
            shown.overlaps.get(change.destination, Sharing()),
            [
                setting
                for setting in shown.settings
                if setting.is_new and setting.cohort == change.id
            ],
        )
        for change in shown.changes
    ]
    taken, missing = fitting(folds, left)
    blocks += taken
    if missing:
        blocks.append(
            f"The details of {many(missing, 'cohort')} did not fit here{_elsewhere(shown)}."
        )
    return "\n\n".join([*head, *blocks, foot]) + "\n"


def _news(shown: Review) -> Iterator[str]:
    if shown.errors:
        what = f"**{of_files(shown.errors)}**, listed below."
        rest = (
            " Nothing is withdrawn while a file cannot be read."
            if shown.plan
            else " No plan could be made."
        )
        yield f"> [!CAUTION]\n> {what}{rest}"
    if shown.failed:
        yield f"> [!CAUTION]\n> **{_failures(shown)}.**"
    plan = shown.plan
    if plan is None:
        return
    if shown.vanished:
        files = ", ".join(map(code, shown.vanished[:5])) + (
            ", …" if len(shown.vanished) > 5 else ""
        )
        yield f"> [!WARNING]\n> **Could not be read before, and is gone:** {files}. Who is in its cohort leaves."
    if shown.changed_settings:
        what = "They decide where members are sent, when, and what may stop it."
        yield f"> [!WARNING]\n> **{many(len(shown.changed_settings), 'setting')} changed**, listed below. {what}"
    if plan.stop:
        how = "raise <code>guards.max_withdrawn</code> in cohorts/project.yml, in this pull request"
        yield f"> [!CAUTION]\n> **Blocked** {words(f'G005 {plan.stop}')}. If this is right, {how}."
    if refused := [change for change in plan.changes if change.refusals]:
        yield f"> [!CAUTION]\n> **Blocked by a guard:** {_names(refused)}. Nothing of it would be sent."
    if asked := [change for change in plan.changes if change.stopped]:
        how = "Answer it in a file here, or after the merge under Actions → cohorts sync, as <i>allow</i>."
        yield f"> [!WARNING]\n> **There is a question:** {_names(asked)}. {how} Until then nothing of it is sent."
    yield _in_short(shown, plan)


def _names(changes: Sequence[Change]) -> str:
    return ", ".join(code(change.id) for change in changes[:5]) + (
        ", …" if len(changes) > 5 else ""
    )


def _in_short(shown: Review, plan: Plan) -> str:
    tally = {
        action: sum(change.action is action for change in plan.changes)
        for action in Action
        if action not in IDLE
    }
    parts = [f"{number} to {action}" for action, number in tally.items() if number]
    tests = _tests_in_short(shown)
    if not parts:
        held = sum(change.action is Action.SUSPENDED for change in plan.changes)
        nothing = (
            "No query changes" if shown.changed_settings else "Nothing changes in Braze"
        )
        nothing += " by the files that can be read" if shown.errors else ""
        return f"**{nothing}**{f' ({held} suspended)' if held else ''}. {tests}"
    whole = [change for change in plan.due if not (change.refusals or change.stopped)]
    said = f"**{', '.join(parts)}.** {tests}"
    if shown.uncounted:
        return f"{said} Members not computed: {shown.uncounted}."
    cost = Cost.of(whole)
    blocked = ", without what is blocked" if plan.refused else ""
    return (
        f"{said} In all **{cost.added:,} to add and {cost.removed:,} to remove**{blocked}: at least {cost.words}."
        f" Written to Braze: **{cost.over_time}**."
        + (
            f" {many(shown.others, 'cohort')} more would be synced for other reasons."
            if shown.others
            else ""
        )
    )


def _unjudged(shown: Review) -> int:
    return sum(bool(result.unjudged) for result in shown.failed)


def _failures(shown: Review) -> str:
    """How many tests failed, and how many were not judged."""
    unjudged = _unjudged(shown)
    failed = len(shown.failed) - unjudged
    parts = [f"{failed} of {many(len(shown.tests), 'test')} failed"] if failed else []
    if unjudged:
        parts.append(f"{many(unjudged, 'test')} could not be judged on this machine")
    return ", ".join(parts)


def _tests_in_short(shown: Review) -> str:
    if not shown.tested:
        return "How the tests went stands in the check <code>validate</code>."
    if not shown.tests:
        return "No cohort has a test." if shown.cohorts and not shown.errors else ""
    passed = len(shown.tests) - len(shown.failed)
    return f"{passed} of {many(len(shown.tests), 'test')} passed" + (
        f", {many(shown.untested, 'cohort')} without one." if shown.untested else "."
    )


def _rows(shown: Review, limit: int) -> str:
    """The table of changes."""
    changes = [change for change in shown.changes if change.action is not Action.NONE]
    if not changes:
        return ""
    counted = not shown.uncounted
    columns = [
        "",
        "Cohort",
        "Why",
        *(["Enter", "Leave", "Members", *WRITTEN] if counted else []),
    ]
    head = [
        f"| {' | '.join(columns)} |",
        f"|{'|'.join([' --- '] * 3 + [' ---: '] * (len(columns) - 3))}|",
    ]
    rows, missing = fitting(
        [_row(change, counted=counted) for change in changes], limit, joint=1
    )
    more = (
        [f"\n{many(missing, 'cohort')} more did not fit here{_elsewhere(shown)}."]
        if missing
        else []
    )
    return "\n".join([*head, *rows, *more])


def _row(change: Change, *, counted: bool) -> str:
    blocked = (
        "⛔ blocked, " if change.refusals or change.stopped or change.uncounted else ""
    )
    name = (
        f"{words(change.name)}<br>" if change.name and change.name != change.id else ""
    )
    cells = [
        f"{blocked}{SIGNS[change.action]}",
        f"{name}{code(change.id)}",
        _why(change),
    ]
    if counts := change.counts:
        cost = Cost.of([change])
        leave = counts.removed if counts.mode is not Mode.REMOVE else counts.entering
        enter = counts.entering if counts.mode is not Mode.REMOVE else 0
        cells += [f"{enter:,}", f"{leave:,}", f"{counts.before:,} → {counts.after:,}"]
        cells += [
            f"{cost.added + cost.removed:,}",
            f"{cost.first_week:,}",
            f"{cost.usual_month:,}",
        ]
    elif counted:
        cells += [""] * (3 + len(WRITTEN))
    return f"| {' | '.join(cells)} |"


def _why(change: Change) -> str:
    leaving = ["everybody leaves"] if change.action is Action.WITHDRAW else []
    return "; ".join([*map(words, change.reasons), *leaving])


def _lists(shown: Review) -> Iterator[tuple[str, str]]:
    """What is not about one change, with titles."""
    if shown.errors:
        yield _list("Problems", listed(shown.errors, of_problem, _elsewhere(shown)))
    if settings := shown.changed_settings:
        lines = listed(
            settings, lambda each: code(str(each)), _elsewhere(shown), most=SETTINGS
        )
        yield _list("Settings", lines)
    if shown.failed:
        title = "Tests that did not pass" if _unjudged(shown) else "Failed tests"
        yield _list(title, listed(shown.failed, of_test, _elsewhere(shown)))
    changes = shown.changes
    # a question is about two cohorts, and asked once
    if stopped := dict.fromkeys(
        problem
        for change in changes
        for problem in (*change.questions, *change.refusals)
    ):
        yield _list(
            "Guards and questions", listed([*stopped], of_problem, _elsewhere(shown))
        )
    if uncounted := [change.uncounted for change in changes if change.uncounted]:
        yield _list("Not counted", listed(uncounted, of_problem, _elsewhere(shown)))
    if new := [change for change in changes if change.action is Action.CREATE]:
        names = listed(new, lambda change: words(change.name), _elsewhere(shown))
        told = f"Somebody builds a segment for each in Braze, by hand, once it is synced: {SEGMENT}."
        if moved := [
            change for change in new if change.query and change.query.previous_id
        ]:
            told += (
                f" Segments of the old one are changed to the new one: {_names(moved)}."
            )
        yield "New in Braze", f"**New in Braze**\n\n{told}\n\n{names}"
    if soon := sorted({*(shown.plan.warnings if shown.plan else ()), *shown.warnings}):
        yield (
            "Warnings",
            folded(
                many(len(soon), "warning"), listed(soon, of_problem, _elsewhere(shown))
            ),
        )


def _list(title: str, lines: str) -> tuple[str, str]:
    return title, f"**{title}**\n\n{lines}"


def _foot(shown: Review) -> str:
    since = shown.plan.since if shown.plan else ""
    against = (
        f"Compared with <code>{since[:12]}</code>"
        if since
        else "Compared with what Braze holds"
    )
    parts = [
        against if shown.plan else "",
        f"of <code>{shown.commit[:12]}</code>" if shown.commit else "",
    ]
    if shown.plan:
        parts.append(f"plan <code>{reviewed.of_plan(shown.plan)[:19]}</code>")
    if shown.address:
        parts.append(f"[whole run]({shown.address})")
    return f"<sub>{' · '.join(part for part in parts if part)}</sub>"


def _elsewhere(shown: Review) -> str:
    return f": [the run]({shown.address}) keeps the whole plan" if shown.address else ""


def _risk(change: Change) -> tuple[int, int, Destination]:
    """What a reviewer should see first: what is stopped, who leaves, what changes for
    those who stay.
    """
    leaving = change.counts.removed if change.counts else 0
    if change.refusals or change.stopped or change.uncounted:
        rank = 0
    else:
        order = (
            Action.WITHDRAW,
            Action.SUPPRESS,
            Action.UPDATE,
            Action.RETRY,
            Action.CREATE,
            Action.RENAME,
        )
        rank = 1 + (
            order.index(change.action) if change.action in order else len(order)
        )
    return rank, -leaving, change.destination
