"""The real command on a terminal of a given size, and what its screen shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.place import COHORTS, KEY, Place

TOKEN = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|(\r|\n)|([^\x1b\r\n])")


@dataclass
class Screen:
    """What a terminal shows, with all that scrolled away. It knows what the view of a run uses, and nothing else."""

    width: int
    height: int
    rows: list[list[str]] = field(default_factory=lambda: [[]])
    row: int = 0
    column: int = 0
    has_cursor: bool = True

    def feed(self, text: str) -> None:
        """Show what a command wrote."""
        end = 0
        for token in TOKEN.finditer(text):
            assert token.start() == end, repr(text[end : token.start() + 20])
            end = token.end()
            numbers, command, control, character = token.groups()
            if command:
                self._command(command, numbers)
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                self._down()
            else:
                self._put(character)
        assert end == len(text), repr(text[end:])

    def _command(self, command: str, numbers: str) -> None:
        match command, numbers:
            case "m", _:
                return  # a colour
            case "A", _:
                top = max(0, len(self.rows) - self.height)
                self.row = max(top, self.row - int(numbers or 1))
            case "K", "2":
                self.rows[self.row] = []
            case (("h" | "l"), "?25"):
                self.has_cursor = command == "h"
            case _:
                raise AssertionError(f"ESC [ {numbers} {command}")

    def _down(self) -> None:
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append([])

    def _put(self, character: str) -> None:
        if self.column == self.width:
            self.column = 0
            self._down()
        row = self.rows[self.row]
        row.extend(" " * (self.column + 1 - len(row)))
        row[self.column] = character
        self.column += 1

    @property
    def lines(self) -> list[str]:
        """Its rows, without empty ones at the end."""
        shown = ["".join(row).rstrip() for row in self.rows]
        while shown and not shown[-1]:
            shown.pop()
        return shown


@dataclass
class Session:
    """A command on a terminal, and everything that it wrote there."""

    process: subprocess.Popen[bytes]
    terminal: int
    width: int
    height: int
    written: str = ""

    def read(self, until: Callable[[Session], bool]) -> None:
        """Read until something is so, or the command has ended."""
        deadline = time.monotonic() + 60
        while not until(self):
            assert time.monotonic() < deadline, self.written
            ready, _, _ = select.select([self.terminal], [], [], 1)
            if not ready:
                continue
            try:
                piece = os.read(self.terminal, 65_536)
            except OSError:  # the command has ended
                return
            if not piece:
                return
            self.written += piece.decode(errors="replace")

    def end(self) -> int:
        """Read all that is left, and wait for the end; returns the exit code."""
        self.read(lambda _: False)
        os.close(self.terminal)
        return self.process.wait(30)

    @property
    def plain(self) -> str:
        """All that was written, without colours."""
        return re.sub(r"\x1b\[[\d;]*m", "", self.written)

    @property
    def screen(self) -> Screen:
        """What the terminal shows now."""
        shown = Screen(self.width, self.height)
        shown.feed(self.written)
        return shown


def opened(
    place: Place, *arguments: str, width: int, height: int = 24, out: Path | None = None, **more: str
) -> Session:
    """Start the command on a terminal; `out` is a file for its standard output."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    around = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
    }
    around |= {"TD_API_KEY": KEY, "COHORTS_RETRY_SECONDS": "5", "TERM": "xterm-256color", **more}
    stdout = theirs if out is None else os.open(out, os.O_WRONLY | os.O_CREAT)
    started = subprocess.Popen(
        [COHORTS, *arguments], cwd=place.folder, env=around, stdin=theirs, stdout=stdout, stderr=theirs
    )
    if out:
        os.close(stdout)
    os.close(theirs)
    return Session(started, ours, width, height)
