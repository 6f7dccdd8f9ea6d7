"""The real command on a terminal, with a person who answers."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.place import COHORTS, KEY

CTRL_C = "\x03"
"""An answer that interrupts the command."""


def typed(folder: Path, arguments: Sequence[str], answers: Sequence[str], **environment: str) -> tuple[int, str]:
    """The exit code of a command on a terminal, and the screen, once every question has its answer."""
    ours, theirs = pty.openpty()
    around = os.environ | {"TD_API_KEY": KEY, "COHORTS_RETRY_SECONDS": "2"} | environment
    with Path(os.ttyname(theirs)).open("r+b", buffering=0) as terminal:
        # a session whose terminal it is hears Ctrl-C
        started = subprocess.Popen(
            ["setsid", "--ctty", "--wait", COHORTS, *arguments],
            cwd=folder,
            env=around,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
    os.close(theirs)
    left, screen = list(answers), b""
    while True:
        ready, _, _ = select.select([ours], [], [], 20)
        try:
            piece = os.read(ours, 4096) if ready else b""
        except OSError:  # the command has ended
            piece = b""
        if not piece:
            break
        screen += piece
        # a prompt ends with a blank; what is typed before it would stand in front of it
        if left and screen.endswith(b": "):
            answer = left.pop(0)
            if answer == CTRL_C:
                # between the prompt and the wait for an answer, Python keeps a signal until the next line is typed
                time.sleep(0.5)
            os.write(ours, answer.encode() if answer == CTRL_C else f"{answer}\n".encode())
    os.close(ours)
    assert left == [], screen.decode()
    return started.wait(20), screen.decode().replace("\r\n", "\n")
