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
class GitHubSettings:
    """What GitHub Actions says of itself and of the run; texts are empty outside of it,
    addresses those of github.com.

    `repository` is OWNER/NAME, `event_path` the file that holds the event, `branch` the
    one that the run is for: empty for a tag or a pull request.
    """

    api_url: str
    graphql_url: str
    repository: str
    token: str = field(repr=False)
    event_path: str
    branch: str = ""
    address: str = ""
    """The repository's page, such as `https://github.com/acme/shop`."""

    @property
    def keeps_artifacts(self) -> bool:
        """True where the workflows keep a run's files: no other server takes them."""
        return self.address.startswith("https://github.com/")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. Durations are in seconds."""

    td_api_key: str | None = field(repr=False)
    retry_seconds: float
    job_seconds: float
    actor: str
    host: str
    run_address: str
    github: GitHubSettings
    checkpoint_rows: int
    ca_bundle: str = ""
    webhook: str = field(default="", repr=False)

    def key(self) -> str:
        """The Treasure Data key; raises AuthenticationFailed when there is none."""
        if not self.td_api_key:
            raise AuthenticationFailed(
                "R001",
                "no Treasure Data key: the environment variable TD_API_KEY is not set",
                "set it to a key of the target's account"
                " (the sandbox prints its own when it starts)",
            )
        return self.td_api_key


def read(environ: Mapping[str, str]) -> Settings:
    """Settings from the environment.

    `TD_API_KEY` is td-client's own name for the key. `COHORTS_RETRY_SECONDS` bounds how
    long a service that does not answer is asked again (default 60),
    `COHORTS_JOB_SECONDS` how long one job is waited for (default 3600).
    `COHORTS_CHECKPOINT_ROWS` is how many rows of the ledger may come after a checkpoint
    before another one is made (default 2000).
    `REQUESTS_CA_BUNDLE` is a file of certificates to trust instead of the usual ones.
    `COHORTS_WEBHOOK_URL` is where notices go, and as secret as a key. `GITHUB_TOKEN` is
    given to a step on purpose; the other names of GitHub's are those that every runner
    of Actions sets. Raises InvalidSetting.
    """
    return Settings(
        td_api_key=environ.get("TD_API_KEY", "").strip() or None,
        retry_seconds=_seconds(environ, "COHORTS_RETRY_SECONDS", 60),
        job_seconds=_seconds(environ, "COHORTS_JOB_SECONDS", 3600),
        actor=environ.get("GITHUB_ACTOR") or _user(),
        host=socket.gethostname(),
        run_address=_run_address(environ),
        github=_github(environ),
        checkpoint_rows=_rows(environ, "COHORTS_CHECKPOINT_ROWS", 2_000),
        ca_bundle=environ.get("REQUESTS_CA_BUNDLE", "").strip(),
        webhook=environ.get("COHORTS_WEBHOOK_URL", "").strip(),
    )


def _run_address(environ: Mapping[str, str]) -> str:
    """The page of this run of Actions, or an empty text outside of it."""
    run = environ.get("GITHUB_RUN_ID", "")
    if not run:
        return ""
    return f"{_repository_address(environ)}/actions/runs/{run}"


def _repository_address(environ: Mapping[str, str]) -> str:
    """The page of the repository that this run of Actions is of, or an empty text."""
    server = environ.get("GITHUB_SERVER_URL", "")
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not (server and repository):
        return ""
    return f"{server}/{repository}"


def _github(environ: Mapping[str, str]) -> GitHubSettings:
    api = environ.get("GITHUB_API_URL", "").strip().rstrip("/")
    if not api:
        api = "https://api.github.com"
    graphql = environ.get("GITHUB_GRAPHQL_URL", "").strip()
    if not graphql:
        graphql = f"{_beside(api)}/graphql"
    return GitHubSettings(
        api_url=api,
        graphql_url=graphql,
        repository=environ.get("GITHUB_REPOSITORY", ""),
        token=environ.get("GITHUB_TOKEN", "").strip(),
        event_path=environ.get("GITHUB_EVENT_PATH", ""),
        branch=_branch(environ.get("GITHUB_REF", "")),
        address=_repository_address(environ),
    )


def _beside(api: str) -> str:
    """The address under which GraphQL is, for REST's address."""
    # an Enterprise Server has the two beside each other: …/api/v3 and …/api/graphql
    if api.endswith("/api/v3"):
        return api.removesuffix("/v3")
    return api


def _branch(ref: str) -> str:
    """The branch that a git ref means, or an empty text for a tag or a pull request."""
    kind, heads, branch = ref.partition("refs/heads/")
    if kind or not heads:
        return ""
    return branch


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    """Seconds that a variable gives, at most a day. Raises InvalidSetting."""
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 86_400:
        raise InvalidSetting(
            "R002",
            f"{name} is {text[:20]!r}",
            "give a number of seconds between 0 and 86400, or unset it",
        )
    return seconds


def _rows(environ: Mapping[str, str], name: str, default: int) -> int:
    """A number of rows that a variable gives. Raises InvalidSetting."""
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidSetting(
            "R002", f"{name} is {text[:20]!r}", "give a number of rows, or unset it"
        )
    return int(text)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container
        return "unknown"
