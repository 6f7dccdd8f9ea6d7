"""What is written to GitHub: a pull request's comments, and the issue about drift."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.environment.settings import Settings
from runner.errors import CohortsError, Usage
from runner.github.api import LONGEST_BODY, GitHub, same
from runner.github.events import BadEvent, event

LABEL = "cohort-drift"
"""Of the issue about drift."""

PLAN = re.compile(
    r"<!-- cohort-runner:plan (?P<target>[a-z0-9_-]+)(?P<state>) (.* )?-->"
)
DRIFT = re.compile(
    r"<!-- cohort-runner:drift (?P<target>[a-z0-9_-]+) (?P<state>open|closed) (.* )?-->"
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
        kind = "plan"
        if self.state:
            kind = "drift"
        return body.startswith(f"<!-- cohort-runner:{kind} {self.target} ")


@dataclass(frozen=True, slots=True)
class Done:
    """What was done for a target, in words, such as `edited on #7`."""

    what: str
    target: str


def connected(settings: Settings) -> GitHub:
    """The repository that this run is of, as the environment names it; a context manager."""
    here = settings.github
    return GitHub(
        api_url=here.api_url,
        graphql_url=here.graphql_url,
        repository=here.repository,
        token=here.token,
        retry_seconds=settings.retry_seconds,
    )


def comment(
    settings: Settings, folder: Path, *, tell: Callable[[Done], None]
) -> tuple[Done, ...]:
    """Write each comment-*.md of a folder to the pull request of this run; `tell` gets
    what was done as soon as it is done, and all of it is returned: nothing where there
    is no such file. Raises Usage H008, BadEvent H005, and what GitHub's API raises.
    """
    drafts = _drafts(folder)
    if not drafts:
        return ()
    pull = event(Path(settings.github.event_path)).pull
    if not pull:
        raise BadEvent(
            "H005",
            "this run was not started for a pull request,"
            " so there is nothing to comment on",
            "let the step run for the event `pull_request` only",
        )
    with connected(settings) as github:
        own = github.own_comments(pull)
        done = []
        for draft in drafts:
            before = [old for old in own if draft.is_marked(old.body)]
            # where an earlier run left several, the newest is the one that is kept up to date
            last = max(before, key=lambda old: old.id, default=None)
            if last is None:
                github.create_comment(pull, draft.text)
                what = "commented"
            elif same(last.body, draft.text):
                what = "unchanged"
            else:
                github.edit_comment(last.id, draft.text)
                what = "edited"
            done.append(Done(f"{what} on #{pull}", draft.target))
            tell(done[-1])
    return tuple(done)


def issue(settings: Settings, file: Path) -> Done:
    """Open, edit or close the issue about drift, as a file says; returns what was done.
    Raises Usage H008, and what GitHub's API raises.
    """
    draft = _draft(file, DRIFT)
    marker, _, rest = draft.text.partition("\n")
    title, _, text = rest.partition("\n")
    if not re.fullmatch(r"# \S.*", title):
        raise Usage(
            "H008",
            f"{file} has no title",
            "its second line is the issue's title: # and a text",
        )
    with connected(settings) as github:
        if draft.state == "closed":
            what = _close_all(github, draft)
        else:
            what = _keep_open(github, draft, title[2:].strip(), f"{marker}\n{text}")
    return Done(what, draft.target)


def _close_all(github: GitHub, draft: Draft) -> str:
    numbers = sorted(
        old.number for old in github.own_issues(LABEL) if draft.is_marked(old.body)
    )
    for number in numbers:
        github.close_issue(number, "There is no drift any more.")
    if not numbers:
        return "nothing to close"
    return f"closed {', '.join(f'#{number}' for number in numbers)}"


def _keep_open(github: GitHub, draft: Draft, title: str, body: str) -> str:
    own = [old for old in github.own_issues(LABEL) if draft.is_marked(old.body)]
    last = max(own, key=lambda old: old.number, default=None)
    if last is None:
        return f"opened #{github.open_issue(title, body, LABEL)}"
    if last.title == title and same(last.body, body):
        return f"unchanged #{last.number}"
    github.edit_issue(last.number, title, body)
    return f"edited #{last.number}"


def _drafts(folder: Path) -> Sequence[Draft]:
    """The comments in a folder, at most one for each target."""
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
    return drafts


def _draft(path: Path, marker: re.Pattern[str]) -> Draft:
    """A file to be written to GitHub. Raises Usage H008, and CohortsError H004 for one
    that GitHub would refuse.
    """
    # what a link leads to may be no report, and what is written can be read by many
    if path.is_symlink() or not path.is_file():
        raise Usage(
            "H008",
            f"{path} is not a file",
            "run `cohorts review` or `cohorts drift` again, which writes the file",
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Usage(
            "H008",
            f"{path} cannot be read as text",
            "run `cohorts review` or `cohorts drift` again, which writes the file",
        ) from None
    found = marker.fullmatch(text.partition("\n")[0])
    if not found:
        raise Usage(
            "H008",
            f"{path} does not begin with the marker that names its target",
            "give the folder or file that `cohorts review` or `cohorts drift` wrote",
        )
    if len(text) > LONGEST_BODY:
        what = f"{path} has {len(text):,} characters, and GitHub takes {LONGEST_BODY:,}"
        raise CohortsError("H004", what, "shorten it; nothing was sent")
    return Draft(found["target"], found["state"], text)
