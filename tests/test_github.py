"""What is written to GitHub, over real HTTP: whose comments and issues are edited, and why a run was started."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from runner.errors import CohortsError, ExitCode
from runner.github.api import Comment, Issue
from runner.github.events import BadEvent, Event, event
from tests.github_api import Address, listening
from tests.github_steps import DRIFT, PLAN, A, B, connected, marked, pull_request, review, run
from tests.github_world import LONGEST, OTHER
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


# comments


def test_a_comment_is_made_then_left_then_edited(here: Place, api: Address) -> None:
    folder = review(here, production=PLAN, staging=marked("staging"))
    assert run(here, api, "comment", folder) == Answer(
        0, "commented on #12: production\ncommented on #12: staging\n", ""
    )
    assert api.world.bodies(12) == [PLAN, marked("staging")]
    assert run(here, api, "comment", folder).out == "unchanged on #12: production\nunchanged on #12: staging\n"
    newer = PLAN.replace("c0ffee", "beef 1 2").replace("One", "Two")
    review(here, production=newer)
    assert run(here, api, "comment", folder).out == "edited on #12: production\nunchanged on #12: staging\n"
    assert api.world.bodies() == [newer, marked("staging")]


def test_line_ends_that_the_service_changed_are_no_difference(here: Place, api: Address) -> None:
    api.world.comment(12, PLAN.replace("\n", "\r\n").rstrip())
    assert run(here, api, "comment", review(here, production=PLAN)).out == "unchanged on #12: production\n"


def test_a_comment_of_somebody_else_with_our_marker_is_never_touched(here: Place, api: Address) -> None:
    forged = marked("production", "an attacker's")
    api.world.comment(12, forged, "mallory")
    folder = review(here, production=PLAN)
    assert run(here, api, "comment", folder).out == "commented on #12: production\n"
    api.world.comment(12, forged, "mallory")
    review(here, production=PLAN + "more\n")
    assert run(here, api, "comment", folder).out == "edited on #12: production\n"
    assert api.world.bodies() == [forged, PLAN + "more\n", forged]


def test_only_a_marker_in_the_first_line_of_the_same_target_counts(here: Place, api: Address) -> None:
    kept = [f"see below\n{PLAN}", marked("production2"), marked("prod"), "<!-- cohort-runner:plan production-->", ""]
    for body in kept:
        api.world.comment(12, body)
    assert run(here, api, "comment", review(here, production=PLAN)).out == "commented on #12: production\n"
    assert api.world.bodies() == [*kept, PLAN]


def test_of_several_own_comments_the_newest_is_edited(here: Place, api: Address) -> None:
    for text in ("first", "second"):
        api.world.comment(12, marked("production", text))
    assert run(here, api, "comment", review(here, production=PLAN)).out == "edited on #12: production\n"
    assert api.world.bodies() == [marked("production", "first"), PLAN]


def test_a_comment_is_found_on_any_page(api: Address) -> None:
    api.world.page_size = 3
    for number in range(10):
        api.world.comment(12, f"text {number}", "github-actions[bot]" if number in (0, 7, 9) else "octocat")
        api.world.comment(13, "another conversation")
    with connected(api) as github:
        assert [comment.body for comment in github.own_comments(12)] == ["text 0", "text 7", "text 9"]
    assert api.world.taken() == ["POST /graphql"] * 4
    with connected(api, token=OTHER) as github:
        assert len(github.own_comments(12)) == 7


def test_ids_of_comments_are_past_32_bits(api: Address) -> None:
    with connected(api) as github:
        made = github.create_comment(12, "hello")
        assert github.own_comments(12) == (Comment(made, "hello"),)
        github.edit_comment(made, "goodbye")
    assert made > 2**31
    assert api.world.bodies() == ["goodbye"]


def test_nothing_to_comment_asks_nobody(here: Place, api: Address) -> None:
    (here.folder / "review").mkdir()
    (here.folder / "review" / "summary.md").write_text("no comment")
    assert run(here, api, "comment", "review", GITHUB_TOKEN="") == Answer(0, "nothing to comment\n", "")
    assert api.world.taken() == []


def test_text_that_is_too_long_is_refused_before_anything_is_sent(here: Place, api: Address) -> None:
    longest = marked("b").ljust(LONGEST, "é")
    folder = review(here, a=marked("a"), b=longest + "é")
    answer = run(here, api, "comment", folder)
    assert answer == Answer(
        1, "", "H004 review/comment-b.md has 65,537 characters, and GitHub takes 65,536; shorten it; nothing was sent\n"
    )
    assert api.world.taken() == []
    review(here, b=longest)
    assert run(here, api, "comment", folder).out == "commented on #12: a\ncommented on #12: b\n"
    with connected(api) as github, pytest.raises(CohortsError, match=r"comment on #12 \(422\)") as refused:
        github.create_comment(12, longest + "é")
    assert refused.value.code == "H004"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("no marker", "review/comment-a.md does not begin with the marker that names its target"),
        ("<!-- cohort-runner:plan A -->", "review/comment-a.md does not begin with the marker that names its target"),
        ("<!-- cohort-runner:drift a open -->", "review/comment-a.md does not begin with the marker"),
        ("\n" + marked("a"), "review/comment-a.md does not begin with the marker"),
        (marked("b"), "two files in review are for the same target"),
    ],
)
def test_a_file_that_is_no_comment_of_ours(here: Place, api: Address, text: str, what: str) -> None:
    answer = run(here, api, "comment", review(here, a=text, b=marked("b")))
    assert (answer.code, answer.out) == (ExitCode.USAGE, "")
    assert answer.err.startswith(f"H008 {what}")
    assert api.world.taken() == []


def test_links_and_what_is_not_text_are_not_sent(here: Place, api: Address) -> None:
    folder = here.folder / review(here)
    (here.folder / "secret").write_text(PLAN)
    (folder / "comment-a.md").symlink_to(here.folder / "secret")
    assert (
        run(here, api, "comment", "review").err == "H008 review/comment-a.md is not a file;"
        " run `cohorts review` or `cohorts drift` again, which writes the file\n"
    )
    (folder / "comment-a.md").unlink()
    (folder / "comment-a.md").write_bytes(b"\xff")
    assert "cannot be read as text" in run(here, api, "comment", "review").err
    assert run(here, api, "comment", "nowhere").code == ExitCode.USAGE
    assert api.world.taken() == []


# the issue about drift


def drift(here: Place, api: Address, text: str = DRIFT, **environment: str) -> str:
    (here.folder / "drift.md").write_text(text, encoding="utf-8")
    answer = run(here, api, "issue", "drift.md", **environment)
    assert (answer.code, answer.err) == (0, "")
    return answer.out


def test_an_issue_is_kept_open_while_there_is_drift(here: Place, api: Address) -> None:
    assert drift(here, api) == "opened #13: production\n"
    body = DRIFT.replace("# Braze has drifted\n", "")
    ours = api.world.issues[13]
    assert (ours["title"], ours["body"], ours["labels"]) == ("Braze has drifted", body, ["cohort-drift"])
    assert drift(here, api) == "unchanged #13: production\n"
    assert drift(here, api, DRIFT.replace("has", "had")) == "edited #13: production\n"
    assert drift(here, api, DRIFT + "vips too.\n") == "edited #13: production\n"
    assert (ours["title"], ours["body"]) == ("Braze has drifted", body + "vips too.\n")
    closed = DRIFT.replace(" open", " closed")
    assert drift(here, api, closed) == "closed #13: production\n"
    assert (ours["state"], api.world.bodies(13)) == ("closed", ["There is no drift any more."])
    assert drift(here, api, closed) == "nothing to close: production\n"
    assert drift(here, api) == "opened #14: production\n"


def test_issues_of_others_and_of_other_targets_are_left(here: Place, api: Address) -> None:
    api.world.page_size = 2
    kept = [
        api.world.issue("forged", DRIFT, ["cohort-drift"], "mallory"),
        api.world.issue("ours", DRIFT.replace("production", "staging"), ["cohort-drift"]),
        api.world.issue("without the label", DRIFT),
    ]
    before = json.dumps(kept)
    assert drift(here, api) == "opened #16: production\n"
    assert drift(here, api, DRIFT + "vips too.\n") == "edited #16: production\n"
    assert drift(here, api, DRIFT.replace(" open", " closed")) == "closed #16: production\n"
    assert json.dumps(kept) == before


def test_of_several_own_issues_the_newest_is_edited_and_all_are_closed(here: Place, api: Address) -> None:
    made = [api.world.issue("title", DRIFT, ["cohort-drift"]) for _ in range(2)]
    assert drift(here, api) == "edited #14: production\n"
    assert [issue["title"] for issue in made] == ["title", "Braze has drifted"]
    assert drift(here, api, DRIFT.replace(" open", " closed")) == "closed #13, #14: production\n"
    assert [issue["state"] for issue in made] == ["closed", "closed"]


@pytest.mark.parametrize("do", ["lost", "reset", "502"])
def test_an_issue_is_opened_once(here: Place, api: Address, do: str) -> None:
    api.world.fault(do, method="POST", part="/issues")
    assert drift(here, api) == "opened #13: production\n"
    assert [*api.world.issues] == [13]
    api.world.fault(do, method="POST", part="/comments")
    api.world.fault(do, method="PATCH")
    assert drift(here, api, DRIFT.replace(" open", " closed")) == "closed #13: production\n"
    assert api.world.bodies(13) == ["There is no drift any more."]
    with connected(api) as github:
        assert github.own_issues("cohort-drift") == ()
        number = github.open_issue("title", "body", "cohort-drift")
        assert github.own_issues("cohort-drift") == (Issue(number, "title", "body"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "H008 drift.md does not begin with the marker"),
        (DRIFT.replace(" open", ""), "H008 drift.md does not begin with the marker"),
        (DRIFT.replace(" open", " ajar"), "H008 drift.md does not begin with the marker"),
        (DRIFT.replace("# ", ""), "H008 drift.md has no title; "),
        (DRIFT + "x" * LONGEST, "H004 drift.md has 65,6"),
    ],
)
def test_a_file_that_is_no_issue_of_ours(here: Place, api: Address, text: str, message: str) -> None:
    (here.folder / "drift.md").write_text(text)
    answer = run(here, api, "issue", "drift.md")
    assert answer.err.startswith(message)
    assert answer.code
    assert api.world.taken() == []


# the event


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (pull_request(), Event(12, head=A, base=B)),
        (pull_request(fork="mallory/cohorts"), Event(12, is_fork=True, head=A, base=B)),
        (pull_request(fork=None), Event(12, is_fork=True, head=A, base=B)),
        ({"pull_request": {"number": 12}}, Event(12, is_fork=True)),
        ({"before": A, "after": B, "ref": "refs/heads/main"}, Event()),
        ({"merge_group": {"base_sha": B, "head_sha": A}}, Event(base=B)),
        ({"schedule": "23 * * * *"}, Event()),
    ],
)
def test_an_event(tmp_path: Path, sent: dict[str, Any], read: Event) -> None:
    (tmp_path / "event.json").write_text(json.dumps(sent))
    assert event(tmp_path / "event.json") == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\xff",
        "[]",
        "null",
        '{"pull_request": 12}',
        json.dumps(pull_request("12")),
        json.dumps(pull_request(0)),
        json.dumps(pull_request(head=["main"])),
        json.dumps(pull_request(head={"sha": "--upload-pack=evil"})),
        json.dumps({"merge_group": "main"}),
        "[" * 100_000,
    ],
)
def test_a_garbled_event(here: Place, tmp_path: Path, text: str) -> None:
    (tmp_path / "event.json").write_text(text, encoding="latin-1")
    with pytest.raises(BadEvent, match="the event that started this run cannot be read"):
        event(tmp_path / "event.json")


def test_a_command_without_a_pull_request(here: Place, api: Address) -> None:
    folder = review(here, production=PLAN)
    answer = run(here, api, "comment", folder, sent={"before": A, "after": B})
    assert (answer.code, answer.out) == (ExitCode.USAGE, "")
    assert answer.err.startswith(
        "H005 this run was not started for a pull request, so there is nothing to comment on; "
    )
    for path in ("", "nowhere.json"):
        answer = run(here, api, "comment", folder, GITHUB_EVENT_PATH=path)
        assert (answer.code, answer.out) == (ExitCode.USAGE, "")
        assert answer.err.startswith("H005 the event that started this run cannot be read; ")
    assert api.world.taken() == []


# the stand-in itself, as other processes use it


def test_the_stand_in_runs_by_itself(here: Place) -> None:
    command = [sys.executable, "-m", "tests.github_api", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()

            def tell(what: str, **sent: Any) -> None:
                requests.post(f"{url}/_test/{what}", json=sent, timeout=10).raise_for_status()

            tell("pulls", number=12, head=A, base=B, merged=True, commits=[A])
            tell("comments", pull=12, author="mallory", body=PLAN)
            tell("issues", title="title", body="body", labels=["bug"], author="mallory")
            tell("settings", page_size=1, repository="other/place", tokens={"my-token": ["me", True]})
            tell("faults", do="502", times=1, method="POST")
            folder = review(here, production=PLAN)
            mine = {"GITHUB_API_URL": url, "GITHUB_REPOSITORY": "other/place", "GITHUB_TOKEN": "my-token"}
            (here.folder / "event.json").write_text(json.dumps(pull_request()))
            answer = here.run("github", "comment", folder, GITHUB_EVENT_PATH="event.json", **mine)
            assert answer.out == "commented on #12: production\n"
            state = requests.get(f"{url}/_test/state", timeout=10).json()
        finally:
            process.terminate()
    assert [comment["author"] for comment in state["comments"]] == ["mallory", "me"]
    assert [issue["title"] for issue in state["issues"]] == ["title"]
    assert state["requests"][-1] == "POST /repos/other/place/issues/12/comments"
