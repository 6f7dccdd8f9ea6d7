"""What a GitHub knows, and what it says to requests; `github_api` is the way in."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

REPOSITORY = "acme/cohorts"
BOT, OTHER, READER = "ghs_the-job's-own-token", "ghp_somebody-else's-token", "ghs_a-token-that-only-reads"
ACTIONS = "github-actions[bot]"
FAULTS = (
    "lost",
    "reset",
    "primary",
    "secondary",
    "unworded",
    "graphql",
    "forbidden",
    "unknown",
    "weary",
    "page",
    "redirect",
)
"""Acts and hangs up; hangs up; rate limits (by X-RateLimit-Reset, by Retry-After, in words alone, in GraphQL's 200);
three errors of GraphQL: no permission, no such field, it takes too long; a proxy's page; another address."""

GRAPHQL: Mapping[str, Any] = {
    "forbidden": {
        "data": {"repository": None},
        "errors": [{"type": "FORBIDDEN", "message": "Resource not accessible by integration"}],
    },
    "unknown": {
        "errors": [{"message": "Field 'secret detail' doesn't exist", "extensions": {"code": "undefinedField"}}],
    },
    "weary": {
        "data": None,
        "errors": [{"message": "Something went wrong while executing your query. This is a secret detail."}],
    },
}

LONGEST = 65_536


@dataclass(slots=True)
class Fault:
    """Something that goes wrong with the next `times` requests of a method, for as long as `part` is in their path."""

    do: str
    times: int = 1
    method: str = ""
    part: str = ""
    after: int = 1


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered; without a status, the connection is cut."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """An answer that is no success, in the words of the real service."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.reply = Reply(status, {"message": message, "status": str(status)}, named)


@dataclass(slots=True)
class World:
    """All that this GitHub knows. Ids of comments are past 32 bits, as the real ones are."""

    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    repository: str = REPOSITORY
    tokens: dict[str, tuple[str, bool]] = field(
        default_factory=lambda: {BOT: (ACTIONS, True), OTHER: ("octocat", True), READER: (ACTIONS, False)}
    )
    unknown: set[str] = field(default_factory=set)
    page_size: int = 100
    has_issues: bool = True
    lock: threading.RLock = field(default_factory=threading.RLock)

    def pull(
        self,
        number: int,
        *,
        head: str = "",
        base: str = "",
        into: str = "main",
        merged: bool = False,
        commits: Any = (),
    ) -> None:
        """A pull request; each is merged a minute after the one before."""
        merged_at = f"2026-11-02T10:{len(self.pulls):02}:00Z" if merged else None
        self.pulls[number] = {
            "number": number,
            "state": "closed" if merged else "open",
            "merged_at": merged_at,
            "head": {"sha": head},
            "base": {"sha": base, "ref": into},
            "commits": list(commits),
        }

    def comment(self, number: int, body: str, author: str = ACTIONS) -> dict[str, Any]:
        """A comment on a pull request or an issue."""
        made = {"id": 3_000_000_001 + len(self.comments), "number": number, "author": author, "body": body}
        self.comments.append(made)
        return made

    def issue(self, title: str, body: str, labels: Any = (), author: str = ACTIONS) -> dict[str, Any]:
        """An open issue; its number is of the same row as those of pull requests."""
        number = max([*self.issues, *self.pulls, 0]) + 1
        made = {"id": 2_000_000_000 + number, "number": number, "title": title, "body": body, "author": author}
        self.issues[number] = made = made | {"labels": [*labels], "state": "open"}
        return made

    def bodies(self, number: int = 0) -> list[str]:
        """The texts of comments, of one pull request or issue or of all."""
        return [comment["body"] for comment in self.comments if not number or comment["number"] == number]

    def fault(self, do: str | int, **more: Any) -> None:
        """Let something go wrong."""
        assert str(do).isdecimal() or do in FAULTS
        self.faults.append(Fault(str(do), **more))

    def taken(self) -> list[str]:
        """The requests since this was asked last, as METHOD and path."""
        taken = list(self.requests)
        self.requests.clear()
        return taken

    def struck(self, method: str, path: str) -> Fault | None:
        """The fault of a request, if it has one."""
        for fault in self.faults:
            if fault.times and fault.method in ("", method) and fault.part in path:
                fault.times -= 1
                return fault
        return None


def answered(world: World, method: str, target: str, token: str, sent: Any) -> Reply:
    """What the real service would say to a request, `target` being a path without the server's prefix."""
    if token not in world.tokens:
        raise Refused(401, "Bad credentials")
    viewer, may_write = world.tokens[token]
    parts = urlsplit(target)
    if (method, parts.path) == ("POST", "/graphql"):
        return Reply(200, graphql(world, sent["query"], sent["variables"], viewer))
    before, _, path = parts.path.partition(f"/repos/{world.repository}/")
    if before or not path:
        raise Refused(404, "Not Found")
    if method == "GET":
        return pulls(world, path, {name: values[-1] for name, values in parse_qs(parts.query).items()})
    if not may_write:
        raise Refused(403, "Resource not accessible by integration")
    if len(sent.get("body", "")) > LONGEST:
        raise Refused(422, "Validation Failed: Body is too long (maximum is 65536 characters)")
    return written(world, method, path.split("/"), sent, viewer)


def written(world: World, method: str, path: list[str], sent: Any, viewer: str) -> Reply:
    """A comment or an issue, as it is after it was written."""
    match method, *path:
        case "POST", "issues", number, "comments" if int(number) in {*world.pulls, *world.issues}:
            return Reply(201, shown(world.comment(int(number), sent["body"], viewer)))
        case "PATCH", "issues", "comments", comment_id:
            for comment in world.comments:
                if comment["id"] == int(comment_id):
                    comment["body"] = sent["body"]
                    return Reply(200, shown(comment))
        case "POST", "issues" if world.has_issues:
            return Reply(201, shown(world.issue(sent["title"], sent["body"], sent["labels"], viewer)))
        case "POST", "issues":
            raise Refused(410, "Issues has been disabled in this repository.")
        case "PATCH", "issues", number if int(number) in world.issues:
            world.issues[int(number)].update(sent)
            return Reply(200, shown(world.issues[int(number)]))
    raise Refused(404, "Not Found")


def shown(thing: Mapping[str, Any]) -> dict[str, Any]:
    """As REST shows it: the author is a user."""
    return {key: value for key, value in thing.items() if key != "author"} | {"user": {"login": thing["author"]}}


def pulls(world: World, path: str, query: Mapping[str, str]) -> Reply:
    """A page of the pull requests that hold a commit, and where the next one is."""
    asked = re.fullmatch(r"commits/(\w+)/pulls", path)
    if not asked:
        raise Refused(404, "Not Found")
    commit = asked[1]
    found = [pull for pull in world.pulls.values() if commit in pull["commits"]]
    if commit in world.unknown:
        raise Refused(422, f"No commit found for SHA: {commit}")
    size, page = min(world.page_size, int(query.get("per_page", 30))), int(query.get("page", 1))
    # the real one's address is one by numbers, too; here it leads where no token may go
    more = f'<http://127.0.0.1:9/repositories/1/commits/{commit}/pulls?page={page + 1}>; rel="next"'
    listed = [{key: value for key, value in pull.items() if key != "commits"} for pull in found]
    return Reply(200, listed[(page - 1) * size : page * size], {"Link": more} if len(found) > page * size else {})


def graphql(world: World, query: str, variables: Mapping[str, Any], viewer: str) -> dict[str, Any]:
    """The answer to one of the runner's queries: a field that the query does not name is not answered."""
    named = set(re.findall(r"\w+", query))
    assert set(re.findall(r"\$(\w+)", query)) == set(variables), "a variable is not declared, or not given"
    assert all(f"${name}" in query.partition("{")[2] for name in variables), "a variable is not used"
    assert len(re.findall("first: 100", query)) == 1
    if f"{variables['owner']}/{variables['name']}" != world.repository:
        return unresolved("Repository", ["repository"])
    if "issues" in named:
        assert "states: OPEN" in query
        assert "labels: [$label]" in query
        issues = [each for each in world.issues.values() if each["state"] == "open"]
        nodes = [
            issue | {"viewerDidAuthor": issue["author"] == viewer}
            for issue in issues
            if variables["label"] in issue["labels"]
        ]
        return {"data": {"repository": {"issues": connection(world, nodes, named, variables["after"])}}}
    kind = "pullRequest" if "pullRequest" in named else "issue"
    if variables["number"] not in (world.pulls if kind == "pullRequest" else world.issues):
        return unresolved("PullRequest", ["repository", kind])
    nodes = [
        # a BigInt is sent as text
        comment | {"fullDatabaseId": str(comment["id"]), "viewerDidAuthor": comment["author"] == viewer}
        for comment in world.comments
        if comment["number"] == variables["number"]
    ]
    return {"data": {"repository": {kind: {"comments": connection(world, nodes, named, variables["after"])}}}}


def connection(world: World, nodes: list[dict[str, Any]], named: set[str], after: str | None) -> dict[str, Any]:
    """A page of nodes after a cursor, with the fields that were named."""
    assert {"nodes", "pageInfo", "hasNextPage", "endCursor"} <= named
    start = int(after.removeprefix("cursor-")) if after else 0
    end = start + world.page_size
    kept = [{key: value for key, value in node.items() if key in named} for node in nodes[start:end]]
    return {
        "nodes": kept,
        "pageInfo": {"hasNextPage": end < len(nodes), "endCursor": f"cursor-{end}" if kept else None},
    }


def unresolved(kind: str, path: list[str]) -> dict[str, Any]:
    """GraphQL's 404 is a 200."""
    error = {"type": "NOT_FOUND", "path": path, "message": f"Could not resolve to a {kind}."}
    return {"data": {"repository": None}, "errors": [error]}


def faulty(fault: Fault) -> Reply:
    """What is answered instead."""
    if fault.do in GRAPHQL:
        return Reply(200, GRAPHQL[fault.do])
    limited = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "0"}
    match fault.do:
        case "primary":
            reset = {"X-RateLimit-Reset": str(int(time.time()) + fault.after)}
            return Reply(403, {"message": "API rate limit exceeded for installation."}, limited | reset)
        case "secondary":
            words = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}
            return Reply(403, words, {"Retry-After": str(fault.after)})
        case "unworded":
            return Reply(403, {"message": "You have exceeded a secondary rate limit."})
        case "graphql":
            reset = {"X-RateLimit-Reset": str(int(time.time()) + fault.after)}
            error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded"}
            return Reply(200, {"data": None, "errors": [error]}, limited | reset)
        case "page":
            return Reply(200, "<html>please sign in</html>")
        case "redirect":
            return Reply(301, {"message": "Moved Permanently"}, {"Location": "http://127.0.0.1:9/repositories/1"})
        case "429":
            return Reply(429, {"message": "Too many requests"}, {"Retry-After": str(fault.after)})
    return Reply(int(fault.do), {"message": "Server Error: a secret detail"})


def administered(world: World, method: str, what: str, sent: Any) -> Reply:
    """What other processes set, and see."""
    match method, what:
        case "GET", "state":
            shown = {"pulls": [*world.pulls.values()], "comments": world.comments, "issues": [*world.issues.values()]}
            return Reply(200, shown | {"requests": world.requests})
        case "POST", "pulls":
            world.pull(**sent)
        case "POST", "comments":
            world.comment(sent["pull"], sent["body"], sent.get("author", ACTIONS))
        case "POST", "issues":
            world.issue(**sent)
        case "POST", "faults":
            world.fault(**sent)
        case "POST", "settings":
            for name, value in sent.items():
                assert name in ("page_size", "has_issues", "repository", "tokens")
                setattr(world, name, value)
        case _:
            return Reply(404, {"message": "no such thing to set or see"})
    return Reply(200, {})
