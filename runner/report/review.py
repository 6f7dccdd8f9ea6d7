"""What a pull request is answered with: one page a target, the riskiest first, in
Markdown that GitHub takes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from runner.application.reviewing import Review
from runner.plan import marker, reviewed
from runner.plan.plan import Action, Change, Plan
from runner.plan.setting_changes import Setting
from runner.plan.sharing import Sharing
from runner.report import changes, details
from runner.report.cost import Cost, is_blocked
from runner.report.lists import (
    LISTED,
    Each,
    fitting,
    listed,
    many,
    names,
    of_files,
    of_problem,
    of_test,
)
from runner.report.markup import code, folded, words

COMMENT = 65_000
"""Characters of a comment, a little under GitHub's limit of 65,536."""

SUMMARY_BYTES = 1_000_000
"""Bytes of a step summary, a little under GitHub's limit of 1 MiB."""

SUMMARY = SUMMARY_BYTES // 4
"""Characters that stay under that limit however many bytes they take: at most four each."""

LISTED_IN_SUMMARY = 100
"""How many problems, tests and warnings a step summary lists."""

OPEN = 5
"""Of how many changes the details are seen at once; of more, each is folded."""

SETTINGS = 500
"""How many settings are listed."""

NOTE = 1_000
"""Characters that are kept free for what is said of what was left out."""

SEGMENT = "Segments → Create segment → filter <i>Treasure Data Cohorts</i>"
"""Where a segment is built in Braze."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much a page may hold. `elsewhere` says where the rest is, and is empty where
    nobody keeps it.
    """

    characters: int = sys.maxsize
    listed: int = sys.maxsize
    elsewhere: str = ""


def comment(shown: Review) -> str:
    """The page as a comment of GitHub's."""
    return page(shown, Room(COMMENT, LISTED, _beside_comment(shown)))


def summary(shown: Review, *, pages: int = 1) -> str:
    """The page as one of several in a step's summary."""
    most = SUMMARY_BYTES // pages
    elsewhere = _beside_summary(shown)
    text = ""
    # most pages are of letters that take one byte
    for characters in (most, most // 2, most // 4):
        text = page(shown, Room(characters, LISTED_IN_SUMMARY, elsewhere))
        if len(text.encode()) <= most:
            break
    return text


def whole(shown: Review) -> str:
    """The page with all that there is, for a file."""
    return page(shown, Room())


def page(shown: Review, room: Room) -> str:
    """The page, within its room; what does not fit is counted, and the page says where
    it is.
    """
    head = [
        marker.written(shown.target, shown.plan, shown.marks),
        f"## Cohorts → {code(shown.target)}",
        *_news(shown),
    ]
    # head and foot are on every page; the rest shares what they leave
    foot = _foot(shown)
    on_every_page = "\n\n".join([*head, foot])
    left = room.characters - len(on_every_page) - NOTE
    # the table of changes leaves some room for the lists below it
    rows = changes.table(
        shown.changes,
        int(left * 0.6),
        counted=not shown.uncounted,
        elsewhere=room.elsewhere,
        links=shown.links,
    )
    sections = [("Changes", rows), *_lists(shown, room)]
    blocks = []
    for title, block in sections:
        told = block
        if len(block) >= left:
            told = f"**{title}** did not fit here{room.elsewhere}."
        if told:
            blocks.append(told)
            left -= len(told) + 2
    blocks += _folds(shown, left, room)
    return "\n\n".join([*head, *blocks, foot]) + "\n"


def _folds(shown: Review, left: int, room: Room) -> list[str]:
    """The details of all changes, as far as they fit into `left` characters."""
    every = [(change, _details(shown, change)) for change in shown.changes]
    some = [(change, blocks) for change, blocks in every if blocks]
    is_open = len(some) <= OPEN
    folds, missing = fitting(
        [folded(_title(change), *blocks, is_open=is_open) for change, blocks in some],
        left,
    )
    if missing:
        cohorts = many(missing, "cohort")
        folds.append(f"The details of {cohorts} did not fit here{room.elsewhere}.")
    return folds


def _title(change: Change) -> str:
    """The sign and the id of a change."""
    name = code(change.id)
    return f"{changes.SIGNS[change.action]} {name}"


def _details(shown: Review, change: Change) -> list[str]:
    """The details of one change, as blocks."""
    where = change.destination
    own = [
        setting
        for setting in shown.settings
        if setting.is_new and setting.cohort == change.id
    ]
    return details.of_change(
        change,
        shown.before.get(where),
        shown.overlaps.get(where, Sharing()),
        own,
    )


def _news(shown: Review) -> Iterator[str]:
    """What a reviewer must know first; last comes the whole in short."""
    if shown.errors:
        yield _invalid(shown)
    if shown.failed:
        yield f"> [!CAUTION]\n> **{_failures(shown)}.**"
    if shown.plan is None:
        return
    if shown.vanished:
        files = names([code(path) for path in shown.vanished])
        what = f"**These files could not be read before, and are gone:** {files}."
        yield f"> [!WARNING]\n> {what} Everybody leaves their cohorts."
    if shown.changed_settings:
        settings = many(len(shown.changed_settings), "setting")
        what = "They decide where members are sent, when, and what may stop it."
        yield f"> [!WARNING]\n> **{settings} changed**, listed below. {what}"
    yield from _stops(shown.plan)
    yield _in_short(shown, shown.plan)


def _invalid(shown: Review) -> str:
    """That some files cannot be used, and what follows from it."""
    what = "Nothing is withdrawn while a file cannot be read."
    if shown.plan is None:
        what = "No plan could be made."
    files = of_files(shown.errors)
    return f"> [!CAUTION]\n> **{files}**, listed below. {what}"


def _stops(plan: Plan) -> Iterator[str]:
    """What guards and questions stop, and who can let it pass."""
    if plan.stop:
        why = words(f"G005 {plan.stop}")
        limit = "<code>guards.max_withdrawn</code> in cohorts/project.yml"
        how = f"If this is right, raise {limit}, in this pull request."
        yield f"> [!CAUTION]\n> **Blocked** {why}. {how}"
    refused = [change for change in plan.changes if change.refusals]
    if refused:
        what = f"**Blocked by a guard:** {_names(refused)}."
        yield f"> [!CAUTION]\n> {what} Nothing would be sent for {_them(refused)}."
    asked = [change for change in plan.changes if change.stopped]
    if asked:
        what = f"**There is a question:** {_names(asked)}."
        how = (
            "Answer it in a file here, or after the merge under"
            " Actions → cohorts sync, as <i>allow</i>."
        )
        until = f"Until then nothing is sent for {_them(asked)}."
        yield f"> [!WARNING]\n> {what} {how} {until}"


def _them(changes: Sequence[Change]) -> str:
    """A word for cohorts that were just named."""
    if len(changes) == 1:
        return "it"
    return "them"


def _names(changes: Sequence[Change]) -> str:
    """The ids of the first changes."""
    return names([code(change.id) for change in changes])


def _in_short(shown: Review, plan: Plan) -> str:
    """What changes, how the tests went, and what it costs, in a few sentences."""
    parts = changes.in_numbers(plan.changes)
    tests = _tests_in_short(shown)
    if not parts:
        suspended = changes.number_of(plan.changes, Action.SUSPENDED)
        nothing = _nothing(shown, suspended)
        return f"{nothing} {tests}"
    changed = ", ".join(parts)
    said = f"**{changed}.** {tests}"
    if shown.uncounted:
        return f"{said} Members not computed: {_why_uncounted(shown)}."
    cost = _cost(shown, plan)
    return f"{said} {cost}"


def _why_uncounted(shown: Review) -> str:
    """Why members are not counted; an error's own words may hold what is markup."""
    if shown.failure:
        return words(shown.uncounted)
    return shown.uncounted


def _nothing(shown: Review, suspended: int) -> str:
    """The sentence for a plan that changes nothing in Braze."""
    nothing = "Nothing changes in Braze"
    if shown.changed_settings:
        nothing = "No query changes"
    if shown.errors:
        nothing += " as far as the files can be read"
    if suspended:
        return f"**{nothing}** ({suspended} suspended)."
    return f"**{nothing}**."


def _cost(shown: Review, plan: Plan) -> str:
    """How many members are written, now and later, without what is blocked."""
    sent = [change for change in plan.due if not is_blocked(change)]
    cost = Cost.of(sent)
    blocked = ""
    if plan.refused:
        blocked = ", without what is blocked"
    numbers = f"**{cost.added:,} to add and {cost.removed:,} to remove**"
    told = (
        f"In all {numbers}{blocked}: at least {cost.words}."
        f" Written to Braze: **{cost.over_time}**."
    )
    if not shown.others:
        return told
    others = many(shown.others, "cohort")
    return f"{told} {others} more would be synced for other reasons."


def _failures(shown: Review) -> str:
    """How many tests failed, and how many were not judged."""
    failed = len(shown.failed) - shown.unjudged
    parts = []
    if failed:
        tests = many(len(shown.tests), "test")
        parts.append(f"{failed} of {tests} failed")
    if shown.unjudged:
        tests = many(shown.unjudged, "test")
        parts.append(f"{tests} could not be judged on this machine")
    return ", ".join(parts)


def _tests_in_short(shown: Review) -> str:
    """How the tests went; empty where nothing can be said of them."""
    if not shown.tested:
        return "The check <code>validate</code> has the results of the tests."
    if shown.tests:
        passed = len(shown.tests) - len(shown.failed)
        tests = many(len(shown.tests), "test")
        told = f"{passed} of {tests} passed"
        if shown.untested:
            cohorts = many(shown.untested, "cohort")
            told += f", {cohorts} without one"
        return f"{told}."
    # with errors there may be tests in the files that could not be read
    if shown.errors or not shown.cohorts:
        return ""
    return "No cohort has a test."


def _lists(shown: Review, room: Room) -> Iterator[tuple[str, str]]:
    """What is not about one change, as blocks with their titles."""

    def lines(found: Sequence[Each], text: Callable[[Each], str]) -> str:
        return listed(found, text, room.elsewhere, most=room.listed)

    problem = partial(of_problem, links=shown.links)
    test = partial(of_test, links=shown.links)
    if shown.errors:
        yield _list("Problems", lines(shown.errors, problem))
    if shown.changed_settings:
        yield _list("Settings", _settings(shown, room))
    if shown.failed:
        title = "Failed tests"
        if shown.unjudged:
            title = "Tests that did not pass"
        yield _list(title, lines(shown.failed, test))
    if shown.stops:
        yield _list("Guards and questions", lines(shown.stops, problem))
    if shown.uncountable:
        yield _list("Not counted", lines(shown.uncountable, problem))
    if shown.created:
        yield _list("New in Braze", _created(shown, room))
    if shown.soon:
        title = many(len(shown.soon), "warning")
        yield "Warnings", folded(title, lines(shown.soon, problem))


def _list(title: str, lines: str) -> tuple[str, str]:
    return title, f"**{title}**\n\n{lines}"


def _settings(shown: Review, room: Room) -> str:
    """The settings that changed, a line each."""

    def line(setting: Setting) -> str:
        return code(str(setting))

    most = max(SETTINGS, room.listed)
    return listed(shown.changed_settings, line, room.elsewhere, most=most)


def _created(shown: Review, room: Room) -> str:
    """The cohorts that are new in Braze, and what somebody does by hand for each."""
    told = f"Somebody builds a segment for each in Braze, by hand, once it is synced: {SEGMENT}."
    moved = [each for each in shown.created if each.query and each.query.previous_id]
    if moved:
        told += f" Segments of the old one are changed to the new one: {_names(moved)}."
    lines = listed(
        shown.created,
        lambda change: words(change.name),
        room.elsewhere,
        most=room.listed,
    )
    return f"{told}\n\n{lines}"


def _foot(shown: Review) -> str:
    """The last line: what was compared with what, and where the whole of it is."""
    parts = []
    plan = shown.plan
    if plan:
        parts.append(_compared(plan))
    if shown.commit:
        parts.append(f"of <code>{shown.commit[:12]}</code>")
    if plan:
        checksum = reviewed.of_plan(plan)
        parts.append(f"plan <code>{checksum[:19]}</code>")
    if shown.address:
        parts.append(f"[whole run]({shown.address})")
    told = " · ".join(parts)
    return f"<sub>{told}</sub>"


def _compared(plan: Plan) -> str:
    """What a plan is compared with: a commit, or what Braze holds."""
    if plan.since:
        return f"Compared with <code>{plan.since[:12]}</code>"
    return "Compared with what Braze holds"


def _beside_comment(shown: Review) -> str:
    """Where the rest of a comment is; empty where no run keeps it."""
    if not shown.address:
        return ""
    told = f": the [summary of the run]({shown.address}) says more"
    if shown.artifacts:
        return f"{told}, and [its artifacts]({shown.artifacts}) all of it"
    return f"{told}, and its log has the whole plan"


def _beside_summary(shown: Review) -> str:
    """Where the rest of a step's summary is; empty where no run keeps it."""
    if shown.artifacts:
        return f": [the artifacts of this run]({shown.artifacts}) have all of it"
    if shown.address:
        return f": the log of [this run]({shown.address}) has the whole plan"
    return ""
