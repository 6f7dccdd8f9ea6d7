"""The first day of a target: its ledger, and everything that a sync needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from runner.application import reading
from runner.application.connecting import treasure_data, writing_context
from runner.application.invocation import Invocation, Watched
from runner.errors import ExitCode, Usage
from runner.identifiers import Handle, Kind
from runner.sync import doctor, upkeep
from runner.sync.doctor import Canary, Finding

LABEL = re.compile("[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """The state database of a target; `is_new` where its ledger was made just now."""

    state_database: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All checks of a target, in their order."""

    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> ExitCode:
        """That of the first failure; DONE where nothing failed."""
        return doctor.exit_code(self.findings)


def bootstrap(invocation: Invocation, watched: Watched, *, target: str) -> Bootstrapped:
    """Make a target's state database and its ledger, if they are not there. Raises
    Locked L010.
    """
    project = reading.project(invocation.root, target)
    here = project.targets[target]
    with writing_context(invocation, project, here, watched) as context:
        is_new = upkeep.bootstrap(context)
    return Bootstrapped(here.state_database, is_new)


def diagnose(
    invocation: Invocation, *, target: str, tell: Callable[[Finding], None]
) -> Diagnosis:
    """Check everything that a target needs; `tell` gets each finding as soon as it is
    there, since some take a minute.
    """
    here = reading.project(invocation.root, target).targets[target]
    findings = []
    with treasure_data(invocation, here) as (client, table):
        for finding in doctor.checks(
            client,
            here,
            table.read,
            token=invocation.random_hex(4),
            clock=invocation.now,
        ):
            tell(finding)
            findings.append(finding)
    return Diagnosis(tuple(findings))


def prove(
    invocation: Invocation,
    watched: Watched,
    *,
    target: str,
    canary: str,
    patience: float,
    ask: Callable[[str], bool],
) -> None:
    """Prove a target with one user, whom `canary` names as KIND:VALUE. `ask` puts a
    question to a person who looks at Braze. Raises Usage P111, Locked, and CohortsError
    where the proof fails.
    """
    project = reading.project(invocation.root, target)
    here = project.targets[target]
    with writing_context(invocation, project, here, watched) as context:
        doctor.prove(context, canary_of(canary), ask, patience=patience)


def canary_of(text: str) -> Canary:
    """The user that a text names: external_id:VALUE, device_id:VALUE or
    alias:LABEL:VALUE. Raises Usage P111.
    """
    kind, _, value = text.partition(":")
    label = ""
    if kind == Kind.ALIAS:
        label, _, value = value.partition(":")
    # only an alias has a label, and it cannot do without
    has_right_label = bool(LABEL.fullmatch(label)) == (kind == Kind.ALIAS)
    if kind not in set(Kind) or not value.strip() or not has_right_label:
        raise Usage(
            "P111",
            "--canary names no user",
            "write external_id:VALUE, device_id:VALUE or alias:LABEL:VALUE",
        )
    return Canary(Handle(Kind(kind), label), value.strip())
