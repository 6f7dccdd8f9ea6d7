"""Commands for the first day, and for the bad ones."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import re
import secrets
import time
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.context import (
    Stop,
    Usage,
    patience,
    place,
    project,
    treasure_data,
    wanted,
)
from runner.cli.options import LockOption, Output, OutputOption, TargetOption
from runner.errors import ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.sync.doctor import Canary

Reason = Annotated[
    str, typer.Option("--reason", help="The reason; the ledger keeps it.")
]
CohortArgument = Annotated[str, typer.Argument(help="The cohort's id.")]


def bootstrap(target: TargetOption = "sandbox") -> int:
    """Create a target's state database and its ledger, once."""
    from runner.sync import upkeep

    loaded = project(target)
    with place(loaded, loaded.targets[target], stop=Stop()) as here:
        made = upkeep.bootstrap(here)
    state = loaded.targets[target].state_database
    typer.echo(
        f"{state} holds a ledger now."
        if made
        else f"{state} holds a ledger already; nothing was done."
    )
    typer.echo(f"Next: cohorts doctor --target {target}")
    return ExitCode.DONE


def doctor(
    target: TargetOption = "sandbox",
    canary: Annotated[
        str,
        typer.Option(
            "--canary",
            metavar="KIND:VALUE",
            help="Prove with one user, such as external_id:me, that the target adds and removes.",
        ),
    ] = "",
    lock_timeout: LockOption = None,
) -> int:
    """Check everything that a target needs, and say how to mend each failed check."""
    from runner.report import terminal
    from runner.sync import doctor as checking

    loaded = project(target)
    here = loaded.targets[target]
    if canary:
        with place(loaded, here, stop=Stop()) as where:
            checking.prove(
                where, _canary(canary), _seen, patience=patience(lock_timeout)
            )
        typer.echo(f"Proven: target {target} adds and removes. Syncs may send now.")
        return ExitCode.DONE
    with treasure_data(here) as (client, table):
        found = []
        for finding in checking.checks(
            client, here, table.read, token=secrets.token_hex(4), clock=int(time.time())
        ):
            typer.echo(terminal.finding(finding))
            found.append(finding)
    typer.echo(terminal.diagnosis(found, target))
    return checking.exit_code(found)


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
    target: TargetOption = "sandbox",
    lock_timeout: LockOption = None,
) -> int:
    """Take over a cohort that Braze has already. A table says who may be in it, so that
    a sync can remove them.
    """
    from runner.sync import upkeep

    loaded, asked = wanted(target)
    query = next((query for query in asked.queries if query.cohort.id == cohort), None)
    if query is None:
        raise Usage(
            "P103",
            f"there is no cohort {cohort!r}",
            "`cohorts validate` lists what is wrong with the files, and needs no key",
        )
    if not re.fullmatch(r"[a-z0-9_]{3,128}\.[a-z0-9_]{3,128}", members_from):
        raise Usage(
            "P110",
            f"--members-from cannot be {members_from[:80]!r}",
            "write database.table",
        )
    with place(loaded, asked.target, stop=Stop()) as here:
        size = upkeep.adopt(here, query, members_from, patience=patience(lock_timeout))
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
    target: TargetOption = "sandbox",
    workspace: Annotated[
        str,
        typer.Option(
            "--workspace", help="The cohort's workspace, if it is not the target's."
        ),
    ] = "",
    lock_timeout: LockOption = None,
) -> int:
    """Forget a cohort: its members stay in Braze for ever, and it is not synced any more."""
    from runner.plan.ledger import Destination
    from runner.sync import upkeep

    loaded = project(target)
    here = loaded.targets[target]
    with place(loaded, here, stop=Stop(), reason=reason) as where:
        upkeep.abandon(
            where,
            Destination(workspace or here.workspace, cohort),
            patience=patience(lock_timeout),
        )
    typer.echo(f"{cohort} is forgotten; whoever is in it in Braze stays there.")
    return ExitCode.DONE


def unlock(target: TargetOption = "sandbox") -> int:
    """Take the lease of the ledger from a run that was cut off. If that run still
    works, it stops by itself before it sends anything more.
    """
    from runner.sync import upkeep

    loaded = project(target)
    with place(loaded, loaded.targets[target], stop=Stop()) as here:
        holder = upkeep.unlock(here)
    typer.echo(
        f"Taken from {holder}; the next run can begin."
        if holder
        else "Nobody was holding it."
    )
    return ExitCode.DONE


def verify(target: TargetOption = "sandbox", output: OutputOption = Output.TEXT) -> int:
    """Compare the ledger with the tables of the state database. Writes nothing, and
    needs no cohort files.
    """
    from runner.report import machine, terminal
    from runner.sync.verify import verify as put_to_the_proof

    here = project(target).targets[target]
    with treasure_data(here) as (client, table):
        found = put_to_the_proof(client, table, here, token=secrets.token_hex(8))
    typer.echo(
        machine.verified(found, target=target)
        if output is Output.JSON
        else terminal.verified(found)
    )
    return found.exit_code


def _canary(text: str) -> Canary:
    from runner.identifiers import Handle, Kind
    from runner.sync.doctor import Canary

    kind, _, value = text.partition(":")
    label = ""
    if kind == Kind.ALIAS:
        label, _, value = value.partition(":")
    if (
        kind not in set(Kind)
        or not value.strip()
        or (kind == Kind.ALIAS) != bool(re.fullmatch("[a-z_][a-z0-9_]*", label))
    ):
        what = "--canary names no user"
        raise Usage(
            "P111",
            what,
            "write external_id:VALUE, device_id:VALUE or alias:LABEL:VALUE",
        )
    return Canary(Handle(Kind(kind), label), value.strip())


def _seen(question: str) -> bool:
    return typer.confirm(question, err=True)


COMMANDS = (bootstrap, doctor, adopt, abandon, unlock, verify)
