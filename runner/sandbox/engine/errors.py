"""What can be wrong with the engine, and what a statement can be refused for."""

from __future__ import annotations


class EngineProblem(Exception):
    """The engine cannot be set up, started or reached: what is wrong, and what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what}; {fix}")
        self.what = what
        self.fix = fix


class StatementFailed(Exception):
    """Trino refused a statement or gave it up: the name of the error, its message, and
    the place from 1.
    """

    def __init__(self, name: str, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.name = name
        self.message = message
        self.line = line
        self.column = column
