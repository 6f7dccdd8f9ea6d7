"""The command `cohorts`, also as `python -m runner`."""

# ruff: noqa: PLC0415 - who asks for the version waits for nothing else

from __future__ import annotations

import sys

from runner.version import VERSION


def main() -> None:
    """Run the command, or print its version at once."""
    if sys.argv[1:] in (["--version"], ["-v"]):
        print(f"cohorts {VERSION}")  # noqa: T201 - Typer is not loaded yet
        return
    from runner.cli import main as run

    run()


if __name__ == "__main__":
    main()
