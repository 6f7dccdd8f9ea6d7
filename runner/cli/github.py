"""Commands that write to GitHub: a pull request's comments, and the issue about drift."""

# ruff: noqa: PLC0415 - start-up must not pay for what a command does not use

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runner.cli.context import Usage, settings
from runner.errors import CohortsError, ExitCode

if TYPE_CHECKING:  # types of modules that are imported late
    from runner.github.api import GitHub

LABEL = "cohort-drift"
"""Of the issue about drift."""

PLAN = re.compile(
    r"<!-- cohort-runner:plan (?P<target>[a-z0-9_-]+)(?P<state>) (.* )?-->"
)
DRIFT = re.compile(
    r"<!-- cohort-runner:drift (?P<target>[a-z0-9_-]+) (?P<state>open|closed) (.* )?-->"
)

app = typer.Typer(
    no_args_is_help=True,
    help="Commands that use GitHub's API, for the workflows.",
    rich_markup_mode=None,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written: for which target, `open` or `closed` if it is about drift,
    and the text.
    """

    target: str
    state: str
    text: str

    def is_marked(self, body: str) -> bool:
        """True for a text of an earlier run about the same target: its marker may say
        more, or other things.
        """
        kind = "drift" if self.state else "plan"
        return body.startswith(f"<!-- cohort-runner:{kind} {self.target} ")


@app.command()
def comment(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="The folder that `cohorts review --out` wrote."
        ),
    ],
) -> int:
    """Write each comment-*.md of a folder to the pull request. Each target has one
    comment, which the next run edits.
    """
    from runner.github.api import same
    from runner.github.events import BadEvent, event

    if not folder.is_dir():
        raise Usage(
            "H008",
            f"there is no folder {folder}",
            "`cohorts review --out FOLDER` makes one",
        )
    drafts = [_draft(path, PLAN) for path in sorted(folder.glob("comment-*.md"))]
    if len({draft.target for draft in drafts}) < len(drafts):
        raise Usage(
            "H008",
            f"two files in {folder} are for the same target",
            "remove what an older run left there",
        )
    if not drafts:
        typer.echo("nothing to comment")
        return ExitCode.DONE
    pull = event(Path(settings().github.event_path)).pull
    if not pull:
        what = "this run was not started for a pull request, so there is nothing to comment on"
        raise BadEvent(
            "H005", what, "let the step run for the event `pull_request` only"
        )
    with connected() as github:
        own = github.own_comments(pull)
        for draft in drafts:
            before = max(
                (old for old in own if draft.is_marked(old.body)),
                key=lambda old: old.id,
                default=None,
            )
            if before is None:
                github.create_comment(pull, draft.text)
                done = "commented"
            elif same(before.body, draft.text):
                done = "unchanged"
            else:
                github.edit_comment(before.id, draft.text)
                done = "edited"
            typer.echo(f"{done} on #{pull}: {draft.target}")
    return ExitCode.DONE


@app.command()
def issue(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The file that `cohorts drift --out` wrote."
        ),
    ],
) -> int:
    """Keep one issue open for a target as long as the file says that it has drifted."""
    from runner.github.api import same

    draft = _draft(file, DRIFT)
    marker, _, rest = draft.text.partition("\n")
    title, _, text = rest.partition("\n")
    if not re.fullmatch(r"# \S.*", title):
        raise Usage(
            "H008",
            f"{file} has no title",
            "its second line is the issue's title: # and a text",
        )
    title, body = title[2:].strip(), f"{marker}\n{text}"
    with connected() as github:
        own = sorted(
            (old for old in github.own_issues(LABEL) if draft.is_marked(old.body)),
            key=lambda old: old.number,
        )
        if draft.state == "closed":
            for old in own:
                github.close_issue(old.number, "There is no drift any more.")
            done = (
                f"closed {_numbers(old.number for old in own)}"
                if own
                else "nothing to close"
            )
        elif not own:
            done = f"opened #{github.open_issue(title, body, LABEL)}"
        elif own[-1].title == title and same(own[-1].body, body):
            done = f"unchanged #{own[-1].number}"
        else:
            github.edit_issue(own[-1].number, title, body)
            done = f"edited #{own[-1].number}"
    typer.echo(f"{done}: {draft.target}")
    return ExitCode.DONE


def connected() -> GitHub:
    """The repository that this run is of, as the environment names it; a context manager."""
    from runner.github.api import GitHub

    here = settings()
    return GitHub(
        api_url=here.github.api_url,
        graphql_url=here.github.graphql_url,
        repository=here.github.repository,
        token=here.github.token,
        retry_seconds=here.retry_seconds,
    )


def _draft(path: Path, marker: re.Pattern[str]) -> Draft:
    """A file to be written to GitHub; raises Usage, and CohortsError for one that
    GitHub would refuse.
    """
    from runner.github.api import LONGEST_BODY

    # what a link leads to may be no report, and what is written can be read by many
    if path.is_symlink() or not path.is_file():
        raise Usage("H008", f"{path} is not a file", "run again what writes it")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Usage(
            "H008", f"{path} cannot be read as text", "run again what writes it"
        ) from None
    found = marker.fullmatch(text.partition("\n")[0])
    if not found:
        what = f"{path} does not begin with the marker that names its target"
        raise Usage(
            "H008",
            what,
            "give the folder or file that `cohorts review` or `cohorts drift` wrote",
        )
    if len(text) > LONGEST_BODY:
        what = f"{path} has {len(text):,} characters, and GitHub takes {LONGEST_BODY:,}"
        raise CohortsError("H004", what, "shorten it; nothing was sent")
    return Draft(found["target"], found["state"], text)


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(f"#{number}" for number in numbers)
