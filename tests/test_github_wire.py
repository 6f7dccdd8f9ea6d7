"""What goes wrong on the way to GitHub: what is never written twice, and what a refusal says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from runner.environment import settings
from runner.errors import CohortsError, ExitCode
from runner.github import wire
from runner.github.api import Comment
from tests.github_api import Address, listening
from tests.github_steps import DRIFT, PLAN, A, B, connected, pull_request, review, run
from tests.github_world import BOT, READER, REPOSITORY
from tests.place import Answer, Place


@pytest.fixture
def api() -> Iterator[Address]:
    with listening() as here:
        here.world.pull(12, head=A, base=B)
        yield here


@pytest.fixture
def here(tmp_path: Path) -> Place:
    """A folder to run the command in; nothing is asked of Treasure Data."""
    return Place(tmp_path, "")


# what goes wrong on the way


@pytest.mark.parametrize(
    "do", ["500", "502", "503", "429", "reset", "lost", "primary", "secondary", "graphql", "weary", "page"]
)
def test_a_read_is_asked_again(api: Address, do: str) -> None:
    api.world.comment(12, "hello")
    api.world.fault(do, times=2 if do in ("500", "reset") else 1)
    with connected(api) as github:
        assert [comment.body for comment in github.own_comments(12)] == ["hello"]


@pytest.mark.parametrize("do", ["500", "502", "429", "reset", "lost", "primary", "secondary", "page"])
def test_a_write_is_asked_again_and_written_once(here: Place, api: Address, do: str) -> None:
    api.world.fault(do, method="POST", part="/comments")
    folder = review(here, production=PLAN)
    assert run(here, api, "comment", folder) == Answer(0, "commented on #12: production\n", "")
    assert api.world.bodies() == [PLAN]
    posts = [request for request in api.world.taken() if request.endswith("issues/12/comments")]
    assert len(posts) == (1 if do == "lost" else 2)
    api.world.fault(do, method="PATCH")
    review(here, production=PLAN + "more\n")
    assert run(here, api, "comment", folder).out == "edited on #12: production\n"
    assert api.world.bodies() == [PLAN + "more\n"]


def test_a_lost_answer_then_a_limit_still_writes_once(api: Address) -> None:
    api.world.fault("lost", method="POST", part="/comments")
    api.world.fault("502", part="/graphql")
    api.world.fault("secondary", part="/graphql")
    with connected(api) as github:
        made = github.create_comment(12, "hello")
        assert github.own_comments(12) == (Comment(made, "hello"),)
    assert api.world.bodies() == ["hello"]


def test_neither_the_text_of_others_nor_another_of_ours_stands_for_a_lost_one(api: Address) -> None:
    api.world.comment(12, "hello", "mallory")
    api.world.comment(12, "hello and more")
    api.world.fault("reset", method="POST", part="/comments")
    with connected(api) as github:
        github.create_comment(12, "hello")
    assert api.world.bodies() == ["hello", "hello and more", "hello"]


@pytest.mark.parametrize("do", ["429", "primary", "secondary"])
def test_a_limit_is_waited_for_as_long_as_it_says(api: Address, do: str) -> None:
    api.world.fault(do, after=2)
    with connected(api) as github:
        began = time.monotonic()
        github.own_comments(12)
    assert 0.9 < time.monotonic() - began < 4  # `primary` names a whole second, which may have begun


def test_a_wish_is_cut_to_a_minute_and_never_nothing() -> None:
    waits = [wire._wait_or_stop(wire.NoAnswer("asks", wait=wait)) for wait in (3600, 30, 0, -5, None)]
    assert waits == [60, 30, 1, 1, True]
    assert wire._wait_or_stop(ValueError()) is False


def test_a_limit_in_words_alone_is_one(api: Address) -> None:
    api.world.fault("unworded")
    with connected(api, seconds=0) as github, pytest.raises(CohortsError) as limited:
        github.own_comments(12)
    assert str(limited.value).startswith("H002 GitHub asked for patience: its rate limit is reached; ")
    assert limited.value.exit_code == ExitCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("do", "what"),
    [
        ("502", "GitHub answered 502"),
        ("429", "GitHub answered 429"),
        ("reset", "GitHub did not answer (no connection, or it was lost)"),
        ("graphql", "GitHub asked for patience: its rate limit is reached"),
        ("page", "GitHub answered what cannot be read"),
    ],
)
def test_after_a_while_it_is_unavailable(here: Place, api: Address, do: str, what: str) -> None:
    api.world.fault(do, times=1000)
    began = time.monotonic()
    answer = run(here, api, "comment", review(here, production=PLAN), COHORTS_RETRY_SECONDS="1")
    assert (answer.code, answer.out) == (ExitCode.UNAVAILABLE, "")
    assert answer.err == f"H002 {what}; run again later; what is there already is not made twice\n"
    assert time.monotonic() - began < 5
    assert len(api.world.taken()) > 1


def test_nobody_listens(here: Place, api: Address) -> None:
    nowhere = {"GITHUB_API_URL": "http://127.0.0.1:9", "COHORTS_RETRY_SECONDS": "0"}
    answer = run(here, api, "comment", review(here, production=PLAN), **nowhere)
    assert answer.code == ExitCode.UNAVAILABLE
    assert "no connection" in answer.err
    assert "127.0.0.1" not in answer.err


def test_a_proxy_of_the_environment_is_used(here: Place, api: Address) -> None:
    proxied = {"GITHUB_API_URL": "https://api.github.com", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""}
    answer = run(here, api, "comment", review(here, production=PLAN), COHORTS_RETRY_SECONDS="0", **proxied)
    assert answer.code == ExitCode.UNAVAILABLE
    assert "(the proxy of HTTPS_PROXY could not be used)" in answer.err


# refusals


def test_a_token_that_is_not_accepted(here: Place, api: Address) -> None:
    answer = run(here, api, "comment", review(here, production=PLAN), GITHUB_TOKEN="ghs_expired")
    assert (answer.code, answer.out) == (ExitCode.AUTHENTICATION, "")
    assert answer.err.startswith("H001 GitHub does not accept the token; ")
    assert "ghs_expired" not in answer.err
    assert len(api.world.taken()) == 1


def test_a_token_that_may_only_read(here: Place, api: Address) -> None:
    answer = run(here, api, "comment", review(here, production=PLAN), GITHUB_TOKEN=READER)
    assert (answer.code, answer.out) == (ExitCode.AUTHENTICATION, "")
    assert answer.err.startswith("H001 the GitHub token may not comment on #12; give the job the permission `pull-re")
    assert "`pull-requests: write`" in answer.err
    assert len(api.world.taken()) == 2
    (here.folder / "drift.md").write_text(DRIFT)
    assert "the permission `issues: write`" in run(here, api, "issue", "drift.md", GITHUB_TOKEN=READER).err


def test_errors_that_come_with_a_200(here: Place, api: Address) -> None:
    folder = review(here, production=PLAN)
    api.world.fault("forbidden")
    answer = run(here, api, "comment", folder)
    assert answer.code == ExitCode.AUTHENTICATION
    assert answer.err.startswith("H001 the GitHub token may not read the comments of #12; ")
    api.world.fault("unknown")
    answer = run(here, api, "comment", folder)
    assert answer.code == ExitCode.FAILED
    assert answer.err.startswith("H004 GitHub refused to read the comments of #12 (422); ")
    assert len(api.world.taken()) == 2


def test_what_is_not_there(here: Place, api: Address) -> None:
    folder = review(here, production=PLAN)
    for sent, repository in ((pull_request(99), REPOSITORY), (pull_request(), "acme/elsewhere")):
        answer = run(here, api, "comment", folder, sent=sent, GITHUB_REPOSITORY=repository)
        assert (answer.code, answer.out) == (ExitCode.FAILED, "")
        assert answer.err.startswith("H003 GitHub cannot read the comments of #")
    with connected(api) as github, pytest.raises(CohortsError, match="edit the comment 5: it finds no such") as missing:
        github.edit_comment(5, "hello")
    assert missing.value.code == "H003"
    api.world.has_issues = False
    with connected(api) as github, pytest.raises(CohortsError, match=r"open an issue: it finds no such thing \(410\)"):
        github.open_issue("title", "body", "label")


def test_a_redirect_is_not_followed(api: Address) -> None:
    api.world.fault("redirect", times=2)
    with connected(api) as github:
        for ask in (lambda: github.pulls_of(A), lambda: github.create_comment(12, "hello")):
            with pytest.raises(CohortsError, match=r"it finds no such thing \(301\)"):
                ask()
    assert len(api.world.taken()) == 2


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({"GITHUB_TOKEN": " "}, "H006 no GitHub token: "),
        ({"GITHUB_TOKEN": "line\nbreak"}, "H006 the GitHub token has characters that none has: "),
        ({"GITHUB_TOKEN": "clé"}, "H006 the GitHub token has characters that none has: "),
        ({"GITHUB_REPOSITORY": ""}, "H007 GITHUB_REPOSITORY does not name a repository; "),
        ({"GITHUB_REPOSITORY": "acme/a/b"}, "H007 GITHUB_REPOSITORY does not name a repository; "),
        ({"GITHUB_API_URL": "ftp://secret"}, "H007 GITHUB_API_URL is not an address; "),
        ({"GITHUB_GRAPHQL_URL": "http://[secret"}, "H007 GITHUB_GRAPHQL_URL is not an address; "),
        ({"GITHUB_API_URL": "http://secret .example"}, "H002 GitHub did not answer ("),
    ],
)
def test_an_environment_that_cannot_be_used(
    here: Place, api: Address, environment: dict[str, str], message: str
) -> None:
    answer = run(here, api, "comment", review(here, production=PLAN), COHORTS_RETRY_SECONDS="0", **environment)
    assert answer.err.startswith(message)
    assert "secret" not in answer.err
    assert "break" not in answer.err
    assert answer.code != 1
    assert api.world.taken() == []


def test_a_netrc_does_not_speak_for_the_token(here: Place, api: Address, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("default login mallory password other\n")
    (tmp_path / ".netrc").chmod(0o600)
    netrc = {"NETRC": str(tmp_path / ".netrc"), "HOME": str(tmp_path)}
    assert run(here, api, "comment", review(here, production=PLAN), **netrc).code == 0
    assert api.world.comments[0]["author"] == "github-actions[bot]"


# an Enterprise Server, and pull requests of a commit


def test_an_enterprise_server(here: Place, api: Address) -> None:
    folder = review(here, production=PLAN)
    assert run(here, api, "comment", folder, GITHUB_API_URL=f"{api.url}/api/v3/").code == 0
    assert run(here, api, "comment", folder, GITHUB_API_URL=f"{api.url}/api/v3").out == "unchanged on #12: production\n"
    assert api.world.bodies() == [PLAN]


@pytest.mark.parametrize(
    ("environ", "rest", "graphql"),
    [
        ({}, "https://api.github.com", "https://api.github.com/graphql"),
        (
            {"GITHUB_API_URL": "https://ghe.example/api/v3/"},
            "https://ghe.example/api/v3",
            "https://ghe.example/api/graphql",
        ),
        ({"GITHUB_API_URL": "https://api.x.ghe.com"}, "https://api.x.ghe.com", "https://api.x.ghe.com/graphql"),
        ({"GITHUB_GRAPHQL_URL": "https://other.example/q"}, "https://api.github.com", "https://other.example/q"),
    ],
)
def test_the_addresses_of_the_environment(environ: dict[str, str], rest: str, graphql: str) -> None:
    found = settings.read({**environ, "GITHUB_TOKEN": BOT}).github
    assert (found.api_url, found.graphql_url) == (rest, graphql)
    assert BOT not in repr(settings.read({"GITHUB_TOKEN": BOT}))


def test_merged_pull_requests_of_a_commit(api: Address) -> None:
    api.world.page_size = 2
    for number in (20, 14, 13, 16, 15):
        api.world.pull(number, merged=number != 15, commits=[A])
    api.world.pull(17, merged=True, commits=[B])
    api.world.pull(18, merged=True, commits=[B], into="release")
    with connected(api, prefix="/api/v3", graphql="/api/graphql") as github:
        assert github.pulls_of(A) == (16, 13, 14, 20)  # the latest merge first
        assert len(api.world.taken()) == 3
        api.world.fault("502")
        assert github.pulls_of(B) == (18, 17)
        assert github.pulls_of(B, "main") == (17,)
        api.world.unknown.add("c" * 40)
        with pytest.raises(CohortsError, match=r"find the pull requests of commit cccccccccccc \(422\)"):
            github.pulls_of("c" * 40)
