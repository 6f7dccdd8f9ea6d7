"""How the command line finds a command by its name, and how help lists all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from typer import TyperException
from typer.core import TyperGroup

if TYPE_CHECKING:  # Typer's own, which it does not name publicly
    from typer._click.core import Command, Context
    from typer._click.formatting import HelpFormatter

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Write": (
        "new",
        "fmt",
        "validate",
        "test",
        "list",
        "describe",
        "render",
        "preview",
    ),
    "Review": ("review", "plan"),
    "Deliver": ("sync",),
    "Watch": ("status", "history", "drift", "verify"),
    "Repair": ("rollback", "unlock", "adopt", "abandon"),
    "Set up": ("init", "bootstrap", "doctor", "sources", "sandbox", "schema", "github"),
    "Help": ("explain",),
}
"""All commands, by what somebody wants to do."""

OTHER_NAMES: Mapping[str, str] = {
    "add": "new",
    "apply": "sync",
    "build": "sync",
    "check": "validate",
    "create": "new",
    "deploy": "sync",
    "diff": "plan",
    "format": "fmt",
    "lint": "validate",
    "log": "history",
    "logs": "history",
    "ls": "list",
    "push": "sync",
    "run": "sync",
    "setup": "init",
    "show": "describe",
    "start": "init",
    "undo": "rollback",
}
"""What other tools call our commands."""


class Commands(TyperGroup):
    """The command with its commands, listed in groups; each with its first sentence."""

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the commands in groups."""
        for heading, commands in self._grouped(ctx):
            rows = [(command.name or "", _sentence(command)) for command in commands]
            with formatter.section(heading):
                formatter.write_dl(rows)

    def _grouped(self, ctx: Context) -> Iterator[tuple[str, list[Command]]]:
        """Headings with commands; what stands in no group is under a heading of its own."""
        left = {name: self.commands[name] for name in self.list_commands(ctx)}
        for heading, names in GROUPS.items():
            found = [left.pop(name) for name in names if name in left]
            if found:
                yield heading, found
        if left:
            yield "Commands", list(left.values())

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """The command that the first word names. Ends with a usage error where there is
        none; it names ours where another tool's name was written.
        """
        ours = OTHER_NAMES.get(args[0])
        if ours in self.commands and args[0] not in self.commands:
            ctx.fail(f"There is no command {args[0]!r}; `cohorts {ours}` does that.")
        return super().resolve_command(ctx, args)


def _sentence(command: Command) -> str:
    """The first sentence of a command's help."""
    paragraph = (command.help or "").split("\n\n")[0]
    first, _, _ = " ".join(paragraph.split()).partition(". ")
    return first.removesuffix(".")


OTHER_OPTIONS: Mapping[str, str] = {
    "--auto-approve": "`--yes` does not ask.",
    "--dry-run": "`cohorts plan` shows what a sync would do, and sends nothing.",
    "--json": "Write `--output json`.",
    "--model": "`--select` chooses cohorts.",
    "--models": "`--select` chooses cohorts.",
    "--profile": "`--target` chooses a target.",
    "--force": "`--allow GUARD:COHORT --reason TEXT` overrides one guard.",
    "--verbose": "There is nothing more to show.",
}
"""What other tools call our options."""


def advice(exc: TyperException) -> str:
    """What to do after a usage error."""
    words = exc.format_message().rstrip(".").split()
    for option, does in OTHER_OPTIONS.items():
        if option in words:
            return does
    return "`cohorts --help` and `cohorts COMMAND --help` say what there is."


def asks_for_json(typed: Sequence[str]) -> bool:
    """True where a command line asks for JSON, also one that cannot be read."""
    whole = ("--output=json", "-ojson")
    pairs = pairwise(typed)
    named = any(one in ("--output", "-o") and other == "json" for one, other in pairs)
    return named or any(word in whole for word in typed)
