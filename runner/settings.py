"""The environment, read once at the door; secrets never show in a repr."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.errors import AuthenticationFailed, CohortsError, ExitCode


class InvalidSetting(CohortsError):
    """An environment variable holds something that is not what it should be."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. Durations are in seconds."""

    td_api_key: str | None = field(repr=False)
    retry_seconds: float
    job_seconds: float
    actor: str
    host: str
    run_address: str
    webhook: str = field(default="", repr=False)

    def key(self) -> str:
        """The Treasure Data key; raises AuthenticationFailed when there is none."""
        if not self.td_api_key:
            raise AuthenticationFailed(
                "R001",
                "no Treasure Data key: the environment variable TD_API_KEY is not set",
                "set it to a key of the target's account (the sandbox prints its own when it starts)",
            )
        return self.td_api_key


def read(environ: Mapping[str, str]) -> Settings:
    """Settings from the environment.

    `TD_API_KEY` is td-client's own name for the key. `COHORTS_RETRY_SECONDS` bounds how long a service that does not
    answer is asked again (default 60), `COHORTS_JOB_SECONDS` how long one job is waited for (default 3600).
    `COHORTS_WEBHOOK_URL` is where notices go, and as secret as a key.
    Raises InvalidSetting.
    """
    server = environ.get("GITHUB_SERVER_URL", "")
    repository, run = environ.get("GITHUB_REPOSITORY", ""), environ.get("GITHUB_RUN_ID", "")
    return Settings(
        td_api_key=environ.get("TD_API_KEY", "").strip() or None,
        retry_seconds=_seconds(environ, "COHORTS_RETRY_SECONDS", 60),
        job_seconds=_seconds(environ, "COHORTS_JOB_SECONDS", 3600),
        actor=environ.get("GITHUB_ACTOR") or _user(),
        host=socket.gethostname(),
        run_address=f"{server}/{repository}/actions/runs/{run}" if run else "",
        webhook=environ.get("COHORTS_WEBHOOK_URL", "").strip(),
    )


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 86_400:
        raise InvalidSetting(
            "R002", f"{name} is {text[:20]!r}", "give a number of seconds between 0 and 86400, or unset it"
        )
    return seconds


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container
        return "unknown"
