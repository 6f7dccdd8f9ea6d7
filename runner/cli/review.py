"""What a pull request is answered with."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli import actions
from runner.cli.context import engine_of, invocation, shown_on, tell_more
from runner.cli.folder import typed
from runner.cli.options import Engine, EngineOption, OutOption, Report, ReportOption

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.application.reviewing import Answer, Review


def review(
    ctx: typer.Context,
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
    output: ReportOption = Report.TEXT,
    engine: EngineOption = Engine.DUCKDB,
) -> int:
    """Review a pull request: check every file, run the tests, and plan what the branch
    changes. Needs no key.
    """
    from runner.application import reviewing

    found = reviewing.review(
        invocation(),
        targets=target or [],
        base=base,
        members=members,
        engine=engine_of(engine),
    )
    paths = {}
    out = typed(ctx, out)
    if out:
        paths = _kept(found, out)
    if output is Report.JSON:
        from runner.report import machine

        typer.echo(machine.reviewed_branch(found))
        return found.exit_code
    _tell(found)
    if output is Report.GITHUB:
        _tell_github(found, paths)
    return found.exit_code


def _kept(found: Answer, out: Path) -> dict[str, str]:
    """Write the comment, the whole page and the plan of each target into a folder;
    returns where they are, by what outputs call them.
    """
    from runner.application.files import write
    from runner.report import machine
    from runner.report import review as pages

    for shown in found.reviews:
        write(out / f"comment-{shown.target}.md", pages.comment(shown))
        write(out / f"page-{shown.target}.md", pages.whole(shown))
        if shown.plan:
            text = machine.plan(
                shown.plan, shown.errors, commit=shown.commit, now=found.made_at
            )
            write(out / f"plan-{shown.target}.json", f"{text}\n")
    if len(found.reviews) != 1:
        return {"plan_path": str(out), "comment_path": str(out)}
    target = found.reviews[0].target
    return {
        "plan_path": str(out / f"plan-{target}.json"),
        "comment_path": str(out / f"comment-{target}.md"),
    }


def _tell(found: Answer) -> None:
    """Print the checks, the tests that went wrong, and the plans."""
    from runner.report import more, terminal

    warnings = found.checked.warnings
    typer.echo(_checked(found))
    if found.results:
        _tell_tests(found)
    for shown in found.reviews:
        if shown.plan:
            # the warnings of the files were told above
            soon = [each for each in shown.plan.warnings if each not in warnings]
            plan = replace(shown.plan, warnings=tuple(soon))
            typer.echo("")
            counted, why = not shown.uncounted, _why_uncounted(shown)
            typer.echo(terminal.plan(plan, counted=counted, uncounted=why))
        if shown.failure:
            typer.echo(str(shown.failure), err=True)
    tell_more(tuple(more.of_review(found)), sys.stdout)


def _why_uncounted(shown: Review) -> str:
    """Why members that should be counted are not; empty where they are, or nobody
    asked.
    """
    # a run that counts does not test
    if shown.tested:
        return ""
    if shown.failure:
        return "the count failed"
    return shown.uncounted


def _checked(found: Answer) -> str:
    from runner.report import checked

    return checked.problems(
        found.checked.errors,
        found.checked.warnings,
        cohorts=found.checked.files,
        shown=shown_on(sys.stdout),
    )


def _tell_tests(found: Answer) -> None:
    # it needs the packages of the extra `sandbox`, which are there where tests ran
    from runner.report import tested

    for line in tested.told(found.wrong):
        typer.echo(line)
    typer.echo(tested.totals(found.results, found.untested))


def _tell_github(found: Answer, paths: dict[str, str]) -> None:
    """Leave the answer in GitHub Actions: notes on lines, a page a target, and numbers."""
    from runner.report import github
    from runner.report import review as pages

    errors, warnings = found.checked.errors, found.checked.warnings
    notes: list[github.Note] = []
    # a run that counts comes after one that tests, which told these at their lines
    if all(shown.tested for shown in found.reviews):
        notes += github.of_problems("error", errors)
        notes += github.of_problems("warning", warnings)
    if found.results:
        from runner.report import tested

        notes += tested.notes(found.results)
    # what a guard says of a cohort is often the same for every target
    of_plans = [note for plan in found.plans for note in github.of_plan(plan)]
    actions.annotate([*notes, *dict.fromkeys(of_plans)])
    for shown in found.reviews:
        actions.summarize(pages.summary(shown, pages=len(found.reviews)))
    wrong_files = {problem.at.path for problem in errors}
    failed = len(found.wrong) + len(wrong_files)
    code = found.exit_code
    tally = github.tally(found.plans, failed=failed, exit_code=code)
    actions.put_out(tally | paths)


COMMANDS = (review,)
