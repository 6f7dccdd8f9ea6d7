"""GitHub's API, as far as it is needed: comments and issues that this token wrote, and
nobody else's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests

from runner.errors import CohortsError, ExitCode
from runner.github.wire import Deed, NoAnswer, Wire, data, number, readable

Node = Mapping[str, Any]

LONGEST_BODY = 65_536
"""Characters that a comment or an issue may have."""

# GITHUB_TOKEN may not ask who it is (GET /user), so only GraphQL can tell what it
# wrote. And `fullDatabaseId`, since ids of comments have outgrown the 32 bits of
# `databaseId`.
COMMENTS = """\
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    KIND(number: $number) {
      comments(first: 100, after: $after) {
        nodes { fullDatabaseId body viewerDidAuthor }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}"""

NEEDS = {"pullRequest": "pull-requests: read", "issue": "issues: read"}
"""The permission that reads comments, by the kind of what they are on."""

ISSUES = """\
query($owner: String!, $name: String!, $label: String!, $after: String) {
  repository(owner: $owner, name: $name) {
    issues(first: 100, after: $after, labels: [$label], states: OPEN) {
      nodes { number title body viewerDidAuthor }
      pageInfo { hasNextPage endCursor }
    }
  }
}"""


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a pull request; `body` is Markdown."""

    id: int
    body: str


@dataclass(frozen=True, slots=True)
class Issue:
    """An open issue; `body` is Markdown."""

    number: int
    title: str
    body: str


class BadConnection(CohortsError):
    """What the environment says of GitHub cannot be used."""

    exit_code = ExitCode.USAGE


class GitHub:
    """One repository at GitHub or at an Enterprise Server, over one session; a context manager.

    Whatever asks raises AuthenticationFailed (H001), Unavailable (H002) after
    `retry_seconds`, and CohortsError for what is not there (H003) or was refused
    (H004). Neither the token nor what GitHub answered is ever in a message.
    """

    def __init__(
        self,
        *,
        api_url: str,
        graphql_url: str,
        repository: str,
        token: str,
        retry_seconds: float,
    ) -> None:
        """`repository` is OWNER/NAME. Raises AuthenticationFailed without a token, and
        BadConnection.
        """
        _check_repository(repository)
        _check_address("GITHUB_API_URL", api_url)
        _check_address("GITHUB_GRAPHQL_URL", graphql_url)
        self._wire = Wire(token, retry_seconds=retry_seconds)
        self._graphql_url = graphql_url
        self._repository = repository
        self._rest_url = f"{api_url}/repos/{repository}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._wire.close()

    def own_comments(self, pull: int) -> tuple[Comment, ...]:
        """The comments of a pull request that this token wrote, oldest first."""
        return self._wire.persist(lambda: self._own_comments("pullRequest", pull))

    def create_comment(self, pull: int, body: str) -> int:
        """Comment on a pull request; the comment's id. Nothing is written twice though
        an answer is lost.
        """
        return self._comment(
            "pullRequest",
            pull,
            body,
            Deed(f"comment on #{pull}", "pull-requests: write"),
        )

    def edit_comment(self, comment_id: int, body: str) -> None:
        """Replace the text of a comment, one of `own_comments`."""
        deed = Deed(f"edit the comment {comment_id}", "pull-requests: write")
        self._edit(f"issues/comments/{comment_id}", {"body": body}, deed)

    def pulls_of(self, commit: str, branch: str = "") -> tuple[int, ...]:
        """The numbers of pull requests with a commit that were merged, into this branch
        if one is named; the latest merge first. A commit that is not there is refused
        (H004).
        """
        return self._wire.persist(lambda: self._pulls_of(commit, branch))

    def own_issues(self, label: str) -> tuple[Issue, ...]:
        """The open issues with a label that this token wrote, oldest first."""
        return self._wire.persist(lambda: self._own_issues(label))

    def open_issue(self, title: str, body: str, label: str) -> int:
        """Open an issue; its number. GitHub makes a label that does not exist. As with
        comments, never twice.
        """
        deed = Deed("open an issue", "issues: write")
        sent = {"title": title, "body": body, "labels": [label]}

        def post() -> int:
            return number(self._rest("POST", "issues", sent, deed=deed), "number")

        def made() -> list[int]:
            open_issues = self._own_issues(label)
            return [each.number for each in open_issues if same(each.body, body)]

        return self._create(post, made)

    def edit_issue(self, issue: int, title: str, body: str) -> None:
        """Replace title and text of an issue, one of `own_issues`."""
        deed = Deed(f"edit #{issue}", "issues: write")
        self._edit(f"issues/{issue}", {"title": title, "body": body}, deed)

    def close_issue(self, issue: int, comment: str) -> None:
        """Close an issue, one of `own_issues`, with a last comment."""
        # first the comment: an issue that is closed is not looked at again
        deed = Deed(f"close #{issue}", "issues: write")
        self._comment("issue", issue, comment, deed)
        self._edit(f"issues/{issue}", {"state": "closed"}, deed)

    def _own_comments(self, kind: str, thread: int) -> tuple[Comment, ...]:
        deed = Deed(f"read the comments of #{thread}", NEEDS[kind])
        query = COMMENTS.replace("KIND", kind)
        found = self._own(query, {"number": thread}, (kind, "comments"), deed)
        with readable():
            return tuple(
                Comment(int(node["fullDatabaseId"]), str(node["body"]))
                for node in found
            )

    def _own_issues(self, label: str) -> tuple[Issue, ...]:
        deed = Deed(f"read the issues labelled {label}", "issues: read")
        found = self._own(ISSUES, {"label": label}, ("issues",), deed)
        with readable():
            return tuple(
                Issue(int(node["number"]), str(node["title"]), str(node["body"]))
                for node in found
            )

    def _comment(self, kind: str, thread: int, body: str, deed: Deed) -> int:
        # for REST, a pull request is an issue
        path = f"issues/{thread}/comments"

        def post() -> int:
            return number(self._rest("POST", path, {"body": body}, deed=deed), "id")

        def made() -> list[int]:
            comments = self._own_comments(kind, thread)
            return [each.id for each in comments if same(each.body, body)]

        return self._create(post, made)

    def _edit(self, path: str, sent: object, deed: Deed) -> None:
        # the answer is read: a proxy's page comes with a 200 too
        self._wire.persist(
            lambda: number(self._rest("PATCH", path, sent, deed=deed), "id")
        )

    def _create(
        self, post: Callable[[], int], made: Callable[[], Sequence[int]]
    ) -> int:
        """Create once: after an answer that was lost, what is there and says the same
        is taken for ours.
        """
        is_open = False

        def once() -> int:
            nonlocal is_open
            if is_open and (there := made()):
                return max(there)
            try:
                return post()
            except NoAnswer as exc:
                is_open = is_open or exc.may_have_acted
                raise

        return self._wire.persist(once)

    def _pulls_of(self, commit: str, branch: str) -> tuple[int, ...]:
        deed = Deed(
            f"find the pull requests of commit {commit[:12]}", "pull-requests: read"
        )
        found: set[tuple[str, int]] = set()
        for page in count(1):
            path = f"commits/{commit}/pulls?per_page=100&page={page}"
            answer = self._rest("GET", path, deed=deed)
            with readable():
                for pull in answer.json():
                    if pull["merged_at"] and branch in ("", pull["base"]["ref"]):
                        found.add((str(pull["merged_at"]), int(pull["number"])))
            # only whether there is more: an address that was answered could lead the
            # token elsewhere
            if "next" not in answer.links:
                break
        return tuple(number for _, number in sorted(found, reverse=True))

    def _own(
        self, query: str, variables: Node, path: tuple[str, ...], deed: Deed
    ) -> list[Node]:
        """The nodes of all pages that this token wrote, oldest first."""
        owner, _, name = self._repository.partition("/")
        about = {"owner": owner, "name": name, **variables}
        found: list[Node] = []
        after, more = None, True
        while more:
            sent = {"query": query, "variables": {**about, "after": after}}
            answer = self._wire.ask("POST", self._graphql_url, sent, deed=deed)
            page = data(answer, deed)
            with readable():
                for step in ("repository", *path):
                    page = page[step]
                found += filter(_is_own, page["nodes"])
                more = page["pageInfo"]["hasNextPage"]
                after = page["pageInfo"]["endCursor"]
        return found

    def _rest(
        self, method: str, path: str, sent: object = None, *, deed: Deed
    ) -> requests.Response:
        return self._wire.ask(method, f"{self._rest_url}/{path}", sent, deed=deed)


def _is_own(node: Node | None) -> bool:
    """True for what this token wrote; what it may not see is null."""
    return node is not None and node["viewerDidAuthor"] is True


def same(body: str, other: str) -> bool:
    """True when two texts say the same: GitHub may keep other line ends, and none at
    the end.
    """
    return _plain(body) == _plain(other)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip()


def _check_repository(repository: str) -> None:
    """Raises BadConnection where it is not OWNER/NAME."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII):
        what = "GITHUB_REPOSITORY does not name a repository"
        fix = "set it to OWNER/NAME, as GitHub Actions does"
        raise BadConnection("H007", what, fix)


def _check_address(name: str, address: str) -> None:
    """Raises BadConnection where a variable holds no address of the web."""
    if not _is_web(address):
        fix = "set it to an address that begins with https://, or unset it"
        raise BadConnection("H007", f"{name} is not an address", fix)


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
