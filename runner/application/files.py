"""Files that a command is told to write."""

from __future__ import annotations

from pathlib import Path

from runner.errors import Usage


def write(path: Path, text: str) -> None:
    """Write a text to a file, whose folder is made if it is not there. Raises Usage P122."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        what = f"{exc.filename or path} cannot be written: {exc.strerror}"
        raise Usage("P122", what, "name another place with `--out`") from None
