"""What a pull request is answered with."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.base import Base, base_of, offline_plan
from runner.cli.checking import Checked, Tested, checked, tested
from runner.cli.context import Usage, settings, today, treasure_data, write
from runner.cli.options import Engine, EngineOption, OutOption, Words, WordsOption
from runner.errors import CohortsError, ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.definitions.cohort import Cohort
    from runner.plan.ledger import Destination
    from runner.project.file import Project
    from runner.report.review import Review
    from runner.sql.wanted import Wanted
    from runner.testing.local import Result

MOST_TARGETS = 10
"""Targets that are planned for where nobody says which."""

ELSEWHERE = "this branch changes where the key of this target is sent, so none is used"
"""A pull request must not be able to have a key sent to an address of its own."""


def review(
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            envvar="COHORTS_TARGETS",
            help="The targets to plan for. Without it: all but the sandbox.",
        ),
    ] = None,
    base: Annotated[
        str,
        typer.Option(
            "--base",
            metavar="REF",
            help="The commit to compare with. Default: the pull request's base, or main.",
        ),
    ] = "",
    members: Annotated[
        bool,
        typer.Option(
            "--members",
            help="Count the members who would enter and leave. Needs a read-only key.",
        ),
    ] = False,
    out: OutOption = None,
    output: WordsOption = Words.TEXT,
    engine: EngineOption = Engine.DUCKDB,
) -> int:
    """Review a pull request: check every file, run the tests, and plan what the branch
    changes. Needs no key.
    """
    from runner.report import review as pages

    found = checked(Path(), today())
    done = (
        Tested() if members else _tested(found, engine)
    )  # no SQL of a pull request runs beside a key
    found = replace(found, errors=tuple(sorted({*found.errors, *done.refused})))
    results = done.results
    against = base_of(Path(), base)
    names = _targets(target or [], found.project or against.project)
    reviews = [
        _reviewed(name, found, results, against, members=members) for name in names
    ]
    code = _exit_code(reviews)
    paths = _kept(reviews, out) if out else {}
    _tell(found, results, reviews)
    if output is Words.GITHUB:
        _tell_github(
            found,
            results,
            reviews,
            code,
            paths,
            limit=pages.SUMMARY // max(1, len(reviews)),
        )
    return code


def _tested(found: Checked, engine: Engine) -> Tested:
    """How the tests ended, where there are any; targets differ in variables only, and one will do.

    A real engine looks at every query, also where no cohort has a test.
    """
    has_tests = any(cohort.cases for cohort in found.tree.cohorts)
    if not found.project or not (has_tests or engine is Engine.TRINO):
        return Tested()
    asked = found.wanted[0]
    return tested(
        [query.cohort for query in asked.queries],
        asked,
        found.tree,
        found.project,
        engine,
    )


def _reviewed(
    name: str, found: Checked, results: tuple[Result, ...], base: Base, *, members: bool
) -> Review:
    from runner.plan import compared, reviewed, settled
    from runner.report.review import Review
    from runner.sql import wanted as queries

    environment = settings()
    shown = Review(
        target=name,
        plan=None,
        errors=found.errors,
        warnings=found.warnings,
        cohorts=len(found.tree.cohorts),
        tests=results,
        tested=not members,
        untested=sum(not cohort.cases for cohort in found.tree.cohorts),
        address=environment.run_address,
        commit=_head(),
    )
    if not found.project or name not in found.project.targets:
        return shown
    asked = queries.wanted(found.tree, found.project.targets[name])
    plan = offline_plan(found.project, asked, base)
    there = base.wanted.get(name)
    others = settled.changed(
        base.project, found.project, name, base.cohorts, found.tree.cohorts
    )
    shown = replace(
        shown,
        plan=plan,
        before=_before(there),
        settings=others,
        uncounted=_no_key(),
        marks=reviewed.marks(there.queries if there else (), asked, others),
        vanished=tuple(
            sorted(path for path in base.unreadable if not Path(path).exists())
        ),
    )
    if not members:
        return shown
    if asked.target.endpoint != _endpoint(base, name):
        return replace(shown, uncounted=ELSEWHERE)
    return _counted(shown, found.project, asked, compared.touched(plan))


def _endpoint(base: Base, target: str) -> str:
    """Where the base sends the key to."""
    known = base.project.targets.get(target) if base.project else None
    return known.endpoint if known else ""


def _counted(
    shown: Review, project: Project, asked: Wanted, touched: frozenset[Destination]
) -> Review:
    """The review with what the ledger says and members counted, of the cohorts that the
    branch changes alone.
    """
    from runner.report.markup import words
    from runner.sync.counting import Counter, counted, overlaps
    from runner.sync.planned import Request, look

    here = asked.target
    try:
        with treasure_data(here) as (client, table):
            ledger, made = look(table, project, asked, Request())
            mine = replace(
                made,
                changes=tuple(
                    each for each in made.changes if each.destination in touched
                ),
            )
            now, token = ledger.now or int(time.time()), secrets.token_hex(8)
            counter = Counter(client, here, token, now, project)
            mine = counted(mine, counter)
            shared = overlaps(mine, ledger, counter)
    except CohortsError as exc:
        return replace(shown, uncounted=words(str(exc)), failure=exc)
    others = sum(change.destination not in touched for change in made.due)
    return replace(shown, plan=mine, uncounted="", others=others, overlaps=shared)


def _before(there: Wanted | None) -> dict[Destination, Cohort]:
    from runner.plan.ledger import Destination

    return (
        {
            Destination(query.workspace, query.braze_id): query.cohort
            for query in there.queries
        }
        if there
        else {}
    )


def _targets(asked: Sequence[str], project: Project | None) -> list[str]:
    """The targets to plan for. Raises Usage for one that there is not."""
    if not project:
        return list(asked) or ["production"]
    if unknown := [name for name in asked if name not in project.targets]:
        known = ", ".join(sorted(project.targets))
        raise Usage(
            "P102", f"there is no target {unknown[0][:60]!r}", f"choose one of: {known}"
        )
    real = [name for name, each in project.targets.items() if not each.is_sandbox]
    if not asked and len(real) > MOST_TARGETS:
        what = f"there are {len(real)} targets, and each would be a comment of its own"
        raise Usage(
            "P115",
            what,
            "name those that matter with `--target`, or in the variable COHORTS_TARGETS",
        )
    return list(dict.fromkeys(asked)) or real or list(project.targets)


def _no_key() -> str:
    """Why members are not counted, in words."""
    if settings().github.event_path:
        from runner.github.events import event

        if event(Path(settings().github.event_path)).is_fork:
            return "no key in a pull request from a fork"
    return "no key is used here"


def _head() -> str:
    from runner.environment import repository

    return repository.commit(Path())


def _exit_code(reviews: Sequence[Review]) -> ExitCode:
    """All of one cause: that cause's code; otherwise MIXED."""
    codes = set()
    for shown in reviews:
        plan = shown.plan
        codes |= {ExitCode.INVALID} if shown.errors else set()
        codes |= {ExitCode.FAILED} if shown.failed else set()
        codes |= {ExitCode(shown.failure.exit_code)} if shown.failure else set()
        if plan:
            # a question is answered when it runs (`--allow`): no file could, and nobody could merge
            is_blocked = plan.stop or any(change.refusals for change in plan.changes)
            codes |= {ExitCode.BLOCKED} if is_blocked else set()
            codes |= (
                {ExitCode.FAILED}
                if any(change.uncounted for change in plan.changes)
                else set()
            )
    return (
        codes.pop() if len(codes) == 1 else ExitCode.MIXED if codes else ExitCode.DONE
    )


def _kept(reviews: Sequence[Review], out: Path) -> dict[str, str]:
    """Write the comment and the plan of each target; where they are, by what outputs call them."""
    from runner.report import machine
    from runner.report import review as pages

    for shown in reviews:
        write(out / f"comment-{shown.target}.md", pages.page(shown))
        if shown.plan:
            text = machine.plan(
                shown.plan, shown.errors, commit=shown.commit, now=int(time.time())
            )
            write(out / f"plan-{shown.target}.json", f"{text}\n")
    one = reviews[0].target if len(reviews) == 1 else ""
    return {
        "plan_path": str(out / f"plan-{one}.json" if one else out),
        "comment_path": str(out / f"comment-{one}.md" if one else out),
    }


def _tell(
    found: Checked, results: tuple[Result, ...], reviews: Sequence[Review]
) -> None:
    from runner.report import terminal

    typer.echo(
        terminal.problems(found.errors, found.warnings, cohorts=found.tree.files)
    )
    if results:
        from runner.report import tested as report

        untested = [cohort for cohort in found.tree.cohorts if not cohort.cases]
        for line in report.told([result for result in results if not result.passed]):
            typer.echo(line)
        typer.echo(report.totals(results, untested))
    for shown in reviews:
        if shown.plan:
            soon = tuple(
                each for each in shown.plan.warnings if each not in found.warnings
            )  # said above
            typer.echo(
                "\n"
                + terminal.plan(
                    replace(shown.plan, warnings=soon), counted=not shown.uncounted
                )
            )
        if shown.failure:
            typer.echo(str(shown.failure), err=True)


def _tell_github(
    found: Checked,
    results: tuple[Result, ...],
    reviews: Sequence[Review],
    code: ExitCode,
    paths: Mapping[str, str],
    *,
    limit: int,
) -> None:
    from runner.cli import actions
    from runner.report import github
    from runner.report import review as pages

    plans = [shown.plan for shown in reviews if shown.plan]
    notes = [
        *github.of_problems("error", found.errors),
        *github.of_problems("warning", found.warnings),
    ]
    if results:
        from runner.report import tested as report

        notes += report.notes(results)
    actions.annotate(
        [
            *notes,
            *dict.fromkeys(note for plan in plans for note in github.of_plan(plan)),
        ]
    )
    for shown in reviews:
        actions.summarize(pages.page(shown, limit=limit))
    failed = sum(not result.passed for result in results) + len(
        {problem.at.path for problem in found.errors}
    )
    actions.put_out(github.tally(plans, failed=failed, exit_code=code) | dict(paths))


COMMANDS = (review,)
