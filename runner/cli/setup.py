"""Commands for the first day, and for the bad ones."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.context import invocation, patience, tell_more
from runner.cli.options import LockOption, Output, OutputOption, TargetOption
from runner.cli.progress import Stop, watched
from runner.errors import ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.sync.doctor import Finding

Reason = Annotated[
    str, typer.Option("--reason", help="The reason; the ledger keeps it.")
]
CohortArgument = Annotated[str, typer.Argument(help="The cohort's id.")]


def bootstrap(target: TargetOption = "") -> int:
    """Create a target's state database and its ledger, once."""
    from runner.application import setup

    found = setup.bootstrap(invocation(), watched(Stop()), target=target)
    if found.is_new:
        typer.echo(f"The database {found.state_database} holds a ledger now.")
    else:
        typer.echo(
            f"The database {found.state_database} holds a ledger already;"
            " nothing was done."
        )
    typer.echo(f"Next: cohorts doctor --target {target}")
    return ExitCode.DONE


def doctor(
    target: TargetOption = "",
    canary: Annotated[
        str,
        typer.Option(
            "--canary",
            metavar="KIND:VALUE",
            help="Prove with one user, such as external_id:me, that the target adds and removes.",
        ),
    ] = "",
    lock_timeout: LockOption = None,
    output: OutputOption = Output.TEXT,
) -> int:
    """Check everything that a target needs, and say how to mend each failed check."""
    from runner.application import setup
    from runner.report import diagnosed

    if canary:
        setup.prove(
            invocation(),
            watched(Stop(), asks=True),
            target=target,
            canary=canary,
            patience=patience(lock_timeout),
            ask=_seen,
        )
        typer.echo(f"Proven: target {target} adds and removes. Syncs may send now.")
        return ExitCode.DONE
    if output is Output.JSON:
        from runner.report import machine

        found = setup.diagnose(invocation(), target=target, tell=_silent)
        typer.echo(machine.diagnosed(found.findings, target, found.exit_code))
        return found.exit_code
    found = setup.diagnose(invocation(), target=target, tell=_tell)
    typer.echo(diagnosed.diagnosis(found.findings, target))
    return found.exit_code


def adopt(
    cohort: CohortArgument,
    members_from: Annotated[
        str,
        typer.Option(
            "--members-from",
            metavar="DB.TABLE",
            help="A table of everybody who may be in it, with the cohort's identifier columns.",
        ),
    ],
    target: TargetOption = "",
    lock_timeout: LockOption = None,
) -> int:
    """Take over a cohort that Braze has already. A table says who may be in it, so that
    a sync can remove them.
    """
    from runner.application import upkeep

    size = upkeep.adopt(
        invocation(),
        watched(Stop()),
        target=target,
        cohort=cohort,
        members_from=members_from,
        patience=patience(lock_timeout),
    )
    typer.echo(
        f"{cohort}: {size:,} members on record as possibly in Braze; nothing was sent."
    )
    typer.echo(f"Next: cohorts plan --target {target} --members")
    return ExitCode.DONE


def abandon(
    cohort: Annotated[
        str,
        typer.Argument(help="The cohort's id in Braze, as `cohorts status` shows it."),
    ],
    reason: Reason,
    target: TargetOption = "",
    workspace: Annotated[
        str,
        typer.Option(
            "--workspace", help="The cohort's workspace, if it is not the target's."
        ),
    ] = "",
    lock_timeout: LockOption = None,
) -> int:
    """Forget a cohort: its members stay in Braze for ever, and it is not synced any more."""
    from runner.application import upkeep

    upkeep.abandon(
        invocation(),
        watched(Stop()),
        target=target,
        cohort=cohort,
        workspace=workspace,
        reason=reason,
        patience=patience(lock_timeout),
    )
    typer.echo(f"{cohort} is forgotten; whoever is in it in Braze stays there.")
    return ExitCode.DONE


def unlock(target: TargetOption = "") -> int:
    """Take the lease of the ledger from a run that was cut off. If that run still
    works, it stops by itself before it sends anything more.
    """
    from runner.application import upkeep

    holder = upkeep.unlock(invocation(), watched(Stop()), target=target)
    if holder:
        typer.echo(f"Taken from {holder}; the next run can begin.")
    else:
        typer.echo("Nobody was holding it.")
    return ExitCode.DONE


def verify(target: TargetOption = "", output: OutputOption = Output.TEXT) -> int:
    """Compare the ledger with the tables of the state database. Writes nothing, and
    needs no cohort files.
    """
    from runner.application import standing
    from runner.report import machine, terminal

    found = standing.verify(invocation(), target=target)
    if output is Output.JSON:
        typer.echo(machine.verified(found, target=target))
    else:
        typer.echo(terminal.verified(found))
        tell_more(found.found, sys.stdout)
    return found.exit_code


def _tell(finding: Finding) -> None:
    from runner.report import diagnosed

    typer.echo(diagnosed.finding(finding))


def _silent(_: Finding) -> None:
    """The whole answer follows."""


def _seen(question: str) -> bool:
    return typer.confirm(question, err=True)


COMMANDS = (bootstrap, doctor, adopt, abandon, unlock, verify)
