"""What GitHub tells a workflow of an event: the payloads, cut down to what is read of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.workflows.repository import NAME, NOTHING, Pull, Push


@dataclass(frozen=True, slots=True)
class Event:
    """An event: what it is called, what is checked out, and the payload."""

    name: str
    ref: str
    sha: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    actor: str = "mara"

    @property
    def is_from_fork(self) -> bool:
        """True for a pull request whose branch is in a fork."""
        head = self.payload.get("pull_request", {}).get("head")
        return bool(head and head["repo"]["fork"])


def opened(pull: Pull) -> Event:
    """A pull request was opened."""
    return _pull_request(pull, "opened")


def synchronized(pull: Pull) -> Event:
    """A pull request was pushed to again."""
    return _pull_request(pull, "synchronize")


def queued(pull: Pull) -> Event:
    """A merge queue asks whether a pull request may be merged."""
    ref = f"refs/heads/gh-readonly-queue/main/pr-{pull.number}-{pull.base}"
    group = {"head_sha": pull.merge, "head_ref": ref, "base_sha": pull.base, "base_ref": "refs/heads/main"}
    return Event("merge_group", ref, pull.merge, {"action": "checks_requested", "merge_group": group, **_REPOSITORY})


def pushed(push: Push) -> Event:
    """Something was pushed to a branch; `before` is zeros where the branch is new."""
    payload = {
        "ref": f"refs/heads/{push.branch}",
        "before": push.before,
        "after": push.after,
        "created": push.before == NOTHING,
        "deleted": False,
        "forced": push.forced,
        "head_commit": {"id": push.after},
        **_REPOSITORY,
    }
    return Event("push", f"refs/heads/{push.branch}", push.after, payload)


def on_schedule(tip: str, cron: str = "23 * * * *") -> Event:
    """It is time; schedules run on the newest commit of the default branch."""
    return Event("schedule", "refs/heads/main", tip, {"schedule": cron, **_REPOSITORY})


def dispatched(tip: str, **inputs: str) -> Event:
    """Somebody pressed the button. GitHub gives every input as a text, `true` too."""
    spelled = {name.replace("_", "-"): value for name, value in inputs.items()}
    payload = {"ref": "refs/heads/main", "inputs": spelled, **_REPOSITORY}
    return Event("workflow_dispatch", "refs/heads/main", tip, payload, actor="olga")


_REPOSITORY = {"repository": {"full_name": NAME, "default_branch": "main", "owner": {"login": NAME.split("/")[0]}}}


def _pull_request(pull: Pull, action: str) -> Event:
    source = pull.fork or NAME
    payload = {
        "action": action,
        "number": pull.number,
        "pull_request": {
            "number": pull.number,
            "title": pull.branch,
            "draft": False,
            "user": {"login": pull.author},
            "head": {"ref": pull.branch, "sha": pull.head, "repo": {"full_name": source, "fork": bool(pull.fork)}},
            "base": {"ref": "main", "sha": pull.base, "repo": {"full_name": NAME}},
        },
        **_REPOSITORY,
    }
    return Event("pull_request", f"refs/pull/{pull.number}/merge", pull.merge, payload, actor=pull.author)
