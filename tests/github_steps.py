"""The real command as a step of a workflow, beside a GitHub on loopback."""

from __future__ import annotations

import json
from typing import Any

from runner.github.api import GitHub
from tests.github_api import Address
from tests.github_world import BOT, OTHER, READER, REPOSITORY
from tests.place import Answer, Place

A, B, ZERO = "a" * 40, "b" * 40, "0" * 40
PLAN = "<!-- cohort-runner:plan production c0ffee -->\n\nOne cohort changes.\n"
DRIFT = "<!-- cohort-runner:drift production open -->\n# Braze has drifted\n\nlapsed_buyers differs.\n"
TOKENS = (BOT, OTHER, READER)


def connected(api: Address, *, token: str = BOT, seconds: float = 5, prefix: str = "", graphql: str = "") -> GitHub:
    return GitHub(
        api_url=api.url + prefix,
        graphql_url=api.url + (graphql or "/graphql"),
        repository=REPOSITORY,
        token=token,
        retry_seconds=seconds,
    )


def run(here: Place, api: Address, *arguments: str, sent: Any = None, **environment: str) -> Answer:
    """The real command, as a step of a workflow for pull request 12."""
    (here.folder / "event.json").write_text(json.dumps(sent or pull_request()), encoding="utf-8")
    around = {
        "GITHUB_API_URL": api.url,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_TOKEN": BOT,
        "GITHUB_EVENT_PATH": str(here.folder / "event.json"),
    }
    answer = here.run("github", *arguments, **(around | environment))
    assert not [token for token in TOKENS if token in answer.out + answer.err]
    assert "secret detail" not in answer.err
    return answer


def review(here: Place, **texts: str) -> str:
    """A folder as `cohorts review` writes it."""
    folder = here.folder / "review"
    folder.mkdir(exist_ok=True)
    for target, text in texts.items():
        (folder / f"comment-{target}.md").write_text(text, encoding="utf-8")
    return "review"


def pull_request(number: Any = 12, fork: Any = REPOSITORY, **more: Any) -> dict[str, Any]:
    repo = {"full_name": fork} if fork else None
    head, base = {"sha": A, "repo": repo}, {"sha": B, "repo": {"full_name": REPOSITORY}}
    return {"action": "synchronize", "pull_request": {"number": number, "head": head, "base": base, **more}}


def marked(target: str, text: str = "") -> str:
    return f"<!-- cohort-runner:plan {target} c0ffee -->\n{text}\n"
