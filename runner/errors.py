"""How a run can fail: where, what, what to do next, and with which exit code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What the process answers; documented in docs/commands.md, relied on by workflows."""

    DONE = 0
    FAILED = 1
    CHANGES = 2
    INVALID = 3
    AUTHENTICATION = 4
    UNAVAILABLE = 5
    BLOCKED = 6
    MIXED = 7
    STALE = 8
    LOCKED = 9
    USAGE = 64
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file: its path as shown to the user, and line and column counted from
    1. A path that ends in a slash is of a folder, which has no lines.
    """

    path: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        if self.path.endswith("/"):
            return self.path
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with one file; sorts by place. `what` and `fix` are sentences
    without a full stop.
    """

    at: Position
    code: str
    what: str
    fix: str

    def __str__(self) -> str:
        return f"{self.at} {self.code} {self.what}; {self.fix}"


Problems = tuple[Problem, ...]


class CohortsError(Exception):
    """An expected failure of a whole run: shown as one message, never with a traceback.

    `code` is stable, `what` says what happened, `fix` what to do; `at` is a file
    position where there is one.
    """

    exit_code = ExitCode.FAILED

    def __init__(
        self, code: str, what: str, fix: str, *, at: Position | None = None
    ) -> None:
        super().__init__(what)
        self.code, self.what, self.fix, self.at = code, what, fix, at

    def __str__(self) -> str:
        said = f"{self.code} {self.what}; {self.fix}"
        if self.at:
            return f"{self.at} {said}"
        return said


class InvalidDefinitions(CohortsError):
    """Definitions or the project file are wrong; carries every problem of every file, sorted."""

    exit_code = ExitCode.INVALID

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        first = self.problems[0]
        super().__init__(first.code, first.what, first.fix, at=first.at)


class InvalidProject(CohortsError):
    """The project file asks for something that does not exist outside it, such as a connection."""

    exit_code = ExitCode.INVALID


class AuthenticationFailed(CohortsError):
    """The key is missing, wrong, or not allowed to do this."""

    exit_code = ExitCode.AUTHENTICATION


class Unavailable(CohortsError):
    """A service did not answer, or asked to be left alone; trying later may help."""

    exit_code = ExitCode.UNAVAILABLE


class Blocked(CohortsError):
    """A guard stopped it; a person must decide."""

    exit_code = ExitCode.BLOCKED


class Interrupted(CohortsError):
    """The user or the machine asked this run to stop; the ledger is in order."""

    exit_code = ExitCode.INTERRUPTED


class Stale(CohortsError):
    """This tree, or this plan, is older than what was synced last."""

    exit_code = ExitCode.STALE


class Locked(CohortsError):
    """Another run is writing, or the state cannot be used."""

    exit_code = ExitCode.LOCKED


class Usage(CohortsError):
    """A command was asked for what does not exist, or in a way that makes no sense."""

    exit_code = ExitCode.USAGE
