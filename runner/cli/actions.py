"""What a command leaves for GitHub Actions: annotations in the log, a summary and
outputs in files of the step.
"""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import atexit
import base64
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from runner.errors import CohortsError, InvalidDefinitions

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.report.github import Note


class Unheard(io.TextIOWrapper):
    """A stream of which GitHub takes no line for a command, whatever is written: `::`
    at a line's beginning and `##[` anywhere are parted by a letter that is not seen.
    Source: actions/runner, `ActionCommand.TryParseV2` and `TryParse`.

    A line is written when it is whole, so that no command can be put together from
    pieces; `end` writes the last one.
    """

    _begun = ""

    def write(self, text: str) -> int:
        """As any stream of text. Raises TypeError for bytes: so streams are told apart."""
        if not isinstance(text, str):
            raise TypeError(type(text).__name__)
        whole, line_break, self._begun = (self._begun + text).rpartition("\n")
        super().write(_parted(whole + line_break))
        return len(text)

    def end(self) -> None:
        """Write what has no line break yet."""
        super().write(_parted(self._begun))
        self._begun = ""
        self.flush()

    def command(self, line: str) -> None:
        """Write a line that GitHub is to obey."""
        super().write(f"{line}\n")
        self.flush()


def _parted(text: str) -> str:
    """The text with every command of GitHub's made harmless."""
    lines = []
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("::"):
            lines.append(line.replace("::", ":\u200b:", 1))
        else:
            lines.append(line)
    return "".join(lines).replace("##[", "##\u200b[")


def in_actions(environ: Mapping[str, str]) -> bool:
    """True where a step of GitHub Actions runs this."""
    return environ.get("GITHUB_ACTIONS") == "true"


def guard(environ: Mapping[str, str]) -> None:
    """In GitHub Actions: let nothing that is printed be a command, and have what
    secrets become masked in logs too.

    GitHub masks a secret as it was given; here are the shapes that clients give it.
    """
    if not in_actions(environ) or isinstance(sys.stdout, Unheard):
        return
    from runner.report.github import escaped

    sys.stdout = _unheard(sys.stdout)
    sys.stderr = _unheard(sys.stderr)
    for name in ("TD_API_KEY", "COHORTS_WEBHOOK_URL", "GITHUB_TOKEN"):
        for shape in sorted(shapes(environ.get(name, "").strip())):
            sys.stderr.command(f"::add-mask::{escaped(shape)}")


def shapes(secret: str) -> set[str]:
    """What a secret looks like in a header, a URL or JSON, where that is not the secret itself."""
    if len(secret) < 8:
        # to mask a short one would hide half of every log, and tell it
        return set()
    raw = secret.encode()
    return {
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        base64.b64encode(b"x-access-token:" + raw).decode(),
        quote(secret, safe=""),
        quote(secret),
        json.dumps(secret)[1:-1],
    } - {secret}


def annotate(notes: Sequence[Note]) -> None:
    """Mark lines of files in a pull request."""
    from runner.report.github import commands

    stream: Any = sys.stdout
    for line in commands(notes):
        if isinstance(stream, Unheard):
            stream.command(line)
        else:
            stream.write(f"{line}\n")


def summarize(text: str, environ: Mapping[str, str] = os.environ) -> None:
    """Add to the page of this run, where there is one."""
    _append("GITHUB_STEP_SUMMARY", f"{text}\n", environ)


def put_out(values: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> None:
    """The step's outputs, for later steps, where there are any."""
    from runner.report.github import outputs

    _append("GITHUB_OUTPUT", outputs(values), environ)


def leave_failure(exc: CohortsError) -> None:
    """Leave in GitHub Actions why a command could not do its work at all."""
    if not in_actions(os.environ):
        return
    from runner.report import github
    from runner.report.markup import code

    if isinstance(exc, InvalidDefinitions):
        annotate([*github.of_problems("error", exc.problems)])
    else:
        annotate([github.Note("error", exc.at, exc.code, f"{exc.what}; {exc.fix}")])
    summarize(f"> [!CAUTION]\n> {code(str(exc))}\n")
    put_out({"exitcode": str(int(exc.exit_code))})


def _append(variable: str, text: str, environ: Mapping[str, str]) -> None:
    path = environ.get(variable)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)


def _unheard(stream: Any) -> Unheard:
    stream.flush()
    made = Unheard(
        stream.buffer, encoding="utf-8", errors="replace", line_buffering=True
    )
    atexit.register(made.end)
    return made
