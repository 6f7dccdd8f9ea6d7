"""What a pull request is answered with, by the real command in a real repository."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from tests.hook import listening
from tests.place import Place
from tests.repositories import Repository

REVIEWS = Path(__file__).parent / "reviews"
WRITE = "NEW_REVIEWS" in os.environ  # then look at what was written

SOURCES = """\
sources:
  customers:
    table: shop.customers
    key: customer_id
    columns: {country: text, spend: number, email: {type: text, personal: true}}
  purchases: {table: shop.purchases, join: customer_id, time: time, columns: {amount: number}}
"""

RULE = """\
id: {id}
name: "{name}"
audience:
  from: customers
  where:
    all:
      - {{column: country, in: [US, CA]}}
      - {{event: purchases, within: {days}d, count: {{gte: 2}}}}
tests:
  - name: a buyer in the US
    given:
      customers: [{{customer_id: u1, country: US}}, {{customer_id: u2, country: DE}}]
      purchases: [{{customer_id: u1, time: -1d}}, {{customer_id: u1, time: -2d}}, {{customer_id: u2, time: -2d}}]
    expect: [{expect}]
"""


@pytest.fixture
def shop(place: Place) -> Place:
    """A repository whose main branch has two cohorts."""
    place.project(extra=SOURCES)
    rule(place, "buyers", days=90)
    place.cohort("spenders", "SELECT customer_id FROM shop.customers WHERE spend > 100")
    Repository.begun(place.folder).commit()
    Repository(place.folder).branch("change")
    return place


def rule(place: Place, cohort: str, *, days: int = 90, name: str = "", expect: str = "u1", more: str = "") -> None:
    text = RULE.format(id=cohort, name=name or cohort.title(), days=days, expect=expect)
    (place.folder / "cohorts" / f"{cohort}.yml").write_text(text + more, encoding="utf-8")


def comment(place: Place, target: str = "sandbox") -> str:
    return (place.folder / "out" / f"comment-{target}.md").read_text("utf-8")


def expect(name: str, text: str) -> None:
    """The page is the one that somebody looked at; where there is none yet, write it down. Commits hold a port."""
    golden = REVIEWS / name
    shown = re.sub(r"<code>[0-9a-f]{12}</code>", "<code>COMMIT</code>", text)
    shown = re.sub(r"sha256:[0-9a-f]+", "sha256:SUM", shown)  # of the commit, too
    if WRITE:
        golden.write_text(shown, encoding="utf-8")
    assert golden.exists(), f"{name} should be:\n{shown}"
    assert shown == golden.read_text("utf-8")


def outputs(place: Place) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (place.folder / "outputs").read_text().splitlines())


def in_github(place: Place, **event: object) -> dict[str, str]:
    """The environment of a step in GitHub Actions."""
    (place.folder.parent / "event.json").write_text(json.dumps(event))
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_EVENT_PATH": str(place.folder.parent / "event.json"),
        "GITHUB_STEP_SUMMARY": str(place.folder / "summary"),
        "GITHUB_OUTPUT": str(place.folder / "outputs"),
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_RUN_ID": "7",
    }


def test_a_branch_is_told_apart_from_where_it_began(shop: Place) -> None:
    rule(shop, "buyers", days=60)
    rule(shop, "newcomers", name="Newcomers (2 purchases)")
    (shop.folder / "cohorts" / "spenders.yml").unlink()
    Repository(shop.folder).commit()
    answer = shop.run("review", "--out", "out", TD_API_KEY="")
    assert answer.code == 0, answer.out + answer.err
    assert "1 to create, 1 to update, 1 to withdraw, 0 unchanged." in answer.out
    expect("branch.md", comment(shop))
    plan = json.loads((shop.folder / "out" / "plan-sandbox.json").read_text())
    assert {each["id"]: each["action"] for each in plan["changes"]} == {
        "buyers": "update",
        "newcomers": "create",
        "spenders": "withdraw",
    }


def test_nothing_changes_by_a_comment_or_a_move(shop: Place) -> None:
    path = shop.folder / "cohorts" / "buyers.yml"
    (shop.folder / "cohorts" / "growth").mkdir()
    path.rename(shop.folder / "cohorts" / "growth" / "buyers.yml")
    answer = shop.run("review", "--out", "out")
    assert answer.code == 0
    assert "**Nothing changes in Braze**" in comment(shop)


def test_bad_files_and_failed_tests_are_told_and_counted(shop: Place) -> None:
    rule(shop, "buyers", expect="u2")
    (shop.folder / "cohorts" / "worse.yml").write_text("id: worse\nname: Worse\naudienc: {}\n")
    environment = in_github(shop)
    answer = shop.run("review", "--out", "out", "--output", "github", **environment)
    assert answer.code == 7  # invalid, and a test failed
    marked = [line for line in answer.out.splitlines() if line.startswith("::error")]
    assert len(marked) == 2
    assert any(line.startswith("::error file=cohorts/worse.yml,line=3,") for line in marked)
    expect("bad.md", comment(shop))
    assert (shop.folder / "summary").read_text() == comment(shop) + "\n"
    assert outputs(shop) == {
        "changes": "0",
        "to_create": "0",
        "to_update": "0",
        "to_withdraw": "0",
        "blocked": "0",
        "failed": "2",
        "exitcode": "7",
        "plan_path": "out/plan-sandbox.json",
        "comment_path": "out/comment-sandbox.md",
    }


def test_a_project_that_cannot_be_read_is_told_all_the_same(shop: Place) -> None:
    (shop.folder / "cohorts" / "project.yml").write_text("version: 2\n")
    answer = shop.run("review", "--out", "out")
    assert answer.code == 3
    assert "No plan could be made." in comment(shop)


def test_members_are_counted_of_what_the_branch_changes(shop: Place) -> None:
    shop.cohort("late", "SELECT customer_id FROM shop.customers")
    Repository(shop.folder).commit()
    Repository(shop.folder).git("branch", "--force", "main")
    shop.sql("CREATE OR REPLACE TABLE shop.purchases (customer_id VARCHAR, amount BIGINT, time BIGINT)")
    (shop.folder / "cohorts" / "buyers.yml").unlink()
    (shop.folder / "cohorts" / "late.yml").rename(shop.folder / "late.yml")
    assert shop.run("sync").code == 0
    Repository(shop.folder).git("checkout", "--", "cohorts")
    shop.cohort("spenders", "SELECT customer_id FROM shop.customers WHERE spend > 100 AND customer_id <> 'eve'")
    daily = "schedule: {cron: '0 6 * * *'}\n"
    shop.cohort("everybody", "SELECT customer_id FROM shop.customers", extra=daily)
    Repository(shop.folder).commit()
    answer = shop.run("review", "--members", "--out", "out")
    assert answer.code == 0, answer.out + answer.err
    assert "1 to create, 1 to update, 2 unchanged." in answer.out
    expect("counted.md", comment(shop))
    shop.fault("query", "fail", match="AS theirs", times=1)
    assert shop.run("review", "--members", "--out", "out").code == 0  # it decides nothing
    assert "Whether others share members with it is not known: <code>R020 " in comment(shop)
    assert shop.cohorts().keys() == {"spenders"}  # nothing was sent


def test_a_guard_that_would_stop_it_fails_the_review(shop: Place) -> None:
    shop.cohort("spenders", "SELECT customer_id FROM shop.customers WHERE spend > 100000")
    answer = shop.run("review", "--members", "--out", "out")
    assert answer.code == 6
    assert "**Blocked by a guard:** <code>spenders</code>. Nothing would be sent for it.\n" in comment(shop)
    assert "G001 spenders: nobody qualifies" in plain(comment(shop))


def test_a_question_is_told_and_answered_when_it_runs(shop: Place) -> None:
    (shop.folder / "cohorts" / "spenders.yml").unlink()
    shop.cohort("spenders2", "SELECT customer_id FROM shop.customers WHERE spend > 100")
    answer = shop.run("review", "--out", "out", "--output", "github", **in_github(shop))
    assert answer.code == 0  # no file could answer it, and then nobody could merge
    assert "**There is a question:** <code>spenders</code>, <code>spenders2</code>." in comment(shop)
    assert "Until then nothing is sent for them.\n" in comment(shop)
    assert "::warning file=cohorts/spenders2.yml,line=1,col=5,title=G010::" in answer.out
    assert outputs(shop)["blocked"] == "2"


def test_what_cannot_begin_is_told_where_people_look(shop: Place) -> None:
    answer = shop.run("sync", "--target", "nowhere", "--output", "github", **in_github(shop))
    assert answer.code == 64
    assert "::error title=P102::there is no target 'nowhere'; choose one of%3A sandbox" in answer.out.replace(
        ": ", "%3A "
    )
    assert "P102" in (shop.folder / "summary").read_text()
    assert outputs(shop) == {"exitcode": "64"}


def test_a_count_that_fails_is_told_and_the_rest_is_there(shop: Place) -> None:
    rule(shop, "buyers", days=60)
    answer = shop.run("review", "--members", "--out", "out", TD_API_KEY="wrong")
    assert answer.code == 4
    assert "Members not computed: <code>R0" in comment(shop)
    assert "Members not computed: the count failed.\n" in answer.out
    assert "1 to update" in comment(shop)


def test_no_key_goes_to_an_address_that_the_branch_gives(shop: Place) -> None:
    rule(shop, "buyers", days=60)
    with listening() as hook:
        elsewhere = hook.address.partition("/services")[0]
        shop.project(url=elsewhere, extra=SOURCES)
        answer = shop.run("review", "--members", "--out", "out", COHORTS_RETRY_SECONDS="0")
        assert shop.run("plan", COHORTS_RETRY_SECONDS="0").code == 5  # there is somebody who would have got it
    assert answer.code == 0
    why = "Members not computed: this branch changes the address that the target's key is sent to, so no key is used."
    assert why in comment(shop)
    assert why in answer.out
    assert "asks Treasure Data nothing" in shop.run("review").out


def test_what_cannot_be_read_in_the_base_is_new_and_says_so(place: Place) -> None:
    (place.folder / "cohorts" / "late.yml").write_text("id: late\nname: Late\n")
    Repository.begun(place.folder).commit()
    place.cohort("late", "SELECT customer_id FROM shop.customers")
    assert place.run("review", "--base", "HEAD", "--out", "out").code == 0
    assert "its file could not be read before" in comment(place)


def test_the_first_pull_request_of_all(place: Place) -> None:
    place.cohort("first", "SELECT customer_id FROM shop.customers")
    text = (place.folder / "cohorts").rename(place.folder / "later")
    Repository.begun(place.folder).git("commit", "--quiet", "--allow-empty", "--message", "nothing")
    text.rename(place.folder / "cohorts")
    answer = place.run("review", "--base", "main", "--out", "out")
    assert answer.code == 0
    assert "**1 to create.**" in comment(place)


def test_too_many_withdrawals_fail_the_review(place: Place) -> None:
    for number in range(8):
        place.cohort(f"c{number}", f"SELECT customer_id FROM shop.customers WHERE spend > {number * 7}")
    Repository.begun(place.folder).commit()
    for number in range(7):
        (place.folder / "cohorts" / f"c{number}.yml").unlink()
    answer = place.run("review", "--base", "HEAD", "--out", "out")
    assert answer.code == 6
    assert "7 cohorts would be withdrawn" in plain(comment(place))
    assert "If this is right, raise guards.max_withdrawn in cohorts/project.yml, in this pull request." in plain(
        comment(place)
    )
    path = place.folder / "cohorts" / "project.yml"
    path.write_text(path.read_text().replace("{max_members: 1000}", "{max_members: 1000, max_withdrawn: 7}"))
    assert place.run("review", "--base", "HEAD", "--out", "out").code == 0


def test_settings_that_no_query_shows_are_told(shop: Place) -> None:
    path = shop.folder / "cohorts" / "project.yml"
    text = path.read_text().replace("database: shop\n", "database: shop_other\n", 1)
    path.write_text(text.replace("{max_members: 1000}", "{max_members: 1000, max_removed: 100%}") + "review: 'off'\n")
    rule(shop, "buyers", more="expires: 2099-01-01\nguards: {allow_empty: true}\n")
    assert shop.run("review", "--out", "out").code == 0
    told = plain(comment(shop))
    assert "**Nothing changes in Braze**" not in told
    assert told.count("max_removed") == 1  # a cohort takes it from the project, and is not told again
    for line in (
        "- targets.sandbox.database: shop → shop_other",
        "- review: not set → off",
        "- guards.max_removed: not set → 100%",
        "- buyers: guards.allow_empty: not set → true",
        "- buyers: expires: not set → 2099-01-01",
    ):
        assert line in told


def test_when_a_cohort_is_refreshed_is_a_setting(shop: Place) -> None:
    path = shop.folder / "cohorts" / "project.yml"
    text = path.read_text().replace(
        "owner: crm-team", "owner: crm-team\n  max_age: 2d\n  schedule: {cron: 0 6 * * *}", 1
    )
    path.write_text(text)
    rule(shop, "buyers", more="schedule: never\n")
    rule(shop, "unknown_before", more="schedule: never\n")
    assert shop.run("review", "--out", "out").code == 0
    told = [line for line in plain(comment(shop)).splitlines() if line.startswith("- ") and "→" in line]
    assert told == [
        "- defaults.schedule.cron: not set → 0 6 * * *",
        "- defaults.max_age: not set → 2d",
        "- buyers: schedule: not set → never",
    ]
    Repository(shop.folder).commit()
    rule(shop, "buyers")
    assert shop.run("review", "--base", "HEAD", "--out", "out").code == 0
    assert "- buyers: schedule: never → not set" in plain(comment(shop))


def test_what_braze_is_told_otherwise_is_told(shop: Place) -> None:
    more = "mode: add\nidentifiers: {external_id: email}\n"
    shop.cohort("spenders", "SELECT email FROM shop.customers WHERE spend > 100", name="Best spenders", extra=more)
    assert shop.run("review", "--out", "out").code == 0
    told = plain(comment(shop))
    for line in (
        "- name: Spenders → Best spenders",
        "- mode: mirror → add These people are let in; nobody leaves.",
        "- identifiers: external_id from customer_id → external_id from email",
    ):
        assert line in told


def test_sql_of_a_new_cohort_is_shown_and_who_is_compared_is_not(shop: Place) -> None:
    shop.cohort("fans", "SELECT customer_id FROM shop.customers WHERE customer_id <> 'somebody' AND spend > 7")
    assert shop.run("review", "--out", "out").code == 0
    page = comment(shop)
    assert "```sql\nSELECT" in page
    assert "spend > 7" in page
    assert "somebody" not in page


def test_a_value_that_is_not_shown_changed_and_that_is_said(shop: Place) -> None:
    shop.cohort("spenders", "SELECT customer_id FROM shop.customers WHERE customer_id = 'ann'")
    Repository(shop.folder).commit()
    shop.cohort("spenders", "SELECT customer_id FROM shop.customers WHERE customer_id = 'bob'")
    assert shop.run("review", "--base", "HEAD", "--out", "out").code == 0
    assert "The changed part of the query is not shown here, since it may name a person" in comment(shop)


def test_more_than_ten_targets_are_named_or_none_is_planned_for(shop: Place) -> None:
    path = shop.folder / "cohorts" / "project.yml"
    more = "".join(
        f"  t{number}: {{site: us, database: shop, state_database: s_{number}, workspace: w{number}, connection: c}}\n"
        for number in range(11)
    )
    path.write_text(path.read_text().replace(SOURCES, more + SOURCES))
    answer = shop.run("review")
    assert answer.code == 64
    assert answer.err.startswith("P115 there are 11 targets, and each would be a comment of its own; name those")
    assert shop.run("review", "--target", "t3", "--target", "t4").code == 0


@pytest.mark.parametrize("command", ["validate", "test"])
def test_a_check_leaves_a_summary_and_outputs_too(shop: Place, command: str) -> None:
    assert shop.run(command, "--output", "github", **in_github(shop)).code == 0
    assert outputs(shop) == {"failed": "0", "exitcode": "0"}
    assert (shop.folder / "summary").read_text() == f"## Cohorts: {command}\n\nNothing is wrong.\n\n"
    rule(shop, "buyers", expect="u2")
    (shop.folder / "cohorts" / "worse.yml").write_text("id: worse\nname: Worse\naudienc: {}\n")
    answer = shop.run(command, "--output", "github", **in_github(shop))
    assert outputs(shop) == {"failed": "1" if command == "validate" else "2", "exitcode": str(answer.code)}
    told = plain((shop.folder / "summary").read_text())
    assert "**1 problem in 1 file**" in told
    assert ("1 test failed" in told) == (command == "test")


def test_where_nothing_can_be_compared_it_is_said_why(place: Place, tmp_path: Path) -> None:
    place.cohort("buyers", "SELECT customer_id FROM shop.customers")
    answer = place.run("review", GIT_CEILING_DIRECTORIES=str(place.folder.parent))
    assert answer.err.endswith(
        "L017 there is no commit here, so nothing to compare with; go to a clone, or commit what is here first\n"
    )
    repository = Repository.begun(place.folder)
    repository.commit()
    repository.git("branch", "--move", "work")
    assert "L017 there is no main branch to compare with; name a commit with `--base`\n" in place.run("review").err
    there = Place(tmp_path / "shallow", place.url)
    repository.git("commit", "--quiet", "--allow-empty", "--message", "more")
    repository.git("clone", "--quiet", "--depth", "1", f"file://{place.folder}", str(there.folder))
    Repository(there.folder).git("remote", "remove", "origin")
    assert "fetch the rest of this shallow clone: `git fetch --unshallow`" in there.run("review").err


def test_what_cannot_be_kept_is_a_sentence(shop: Place) -> None:
    (shop.folder / "out").write_text("a file\n")
    for command in (("review", "--out", "out"), ("plan", "--out", "out/plan.json"), ("drift", "--out", "out/x.md")):
        answer = shop.run(*command)
        assert (answer.code, answer.err.splitlines()[-1].split(":")[0]) == (64, "P122 out cannot be written"), (
            answer.err
        )
    assert shop.run("plan", "--out", "new/folder/plan.json").code == 0


def test_the_issue_about_drift_and_status_name_who_answers(place: Place) -> None:
    owner = "owner: '@acme/crm'\n"
    place.cohort("spenders", "SELECT customer_id FROM shop.customers WHERE spend > 100", extra=owner)
    assert place.run("sync").code == 0
    place.cohort("spenders", "SELECT customer_id FROM shop.customers WHERE spend > 101", extra=owner)
    assert place.run("drift", "--out", "drift.md").code == 0
    told = (place.folder / "drift.md").read_text("utf-8")
    assert "- <code>spenders</code> <sub><code>&#64;acme&#47;crm</code></sub>: query changed" in told
    (standing,) = json.loads(place.run("status", "-o", "json").out)["cohorts"]
    assert standing["owner"] == "@acme/crm"


def test_what_a_suspension_holds_back_is_shown_and_what_resumes(shop: Place) -> None:
    repository = Repository(shop.folder)
    day = datetime.now(UTC).date() + timedelta(days=9)
    held = f"suspend: {{reason: wait, until: {day}}}\n"
    rule(shop, "buyers", days=60, more=held)
    assert shop.run("review", "--out", "out").code == 0
    assert "when it ends, query changed" in plain(comment(shop))
    assert "+  - at least 2 purchases in the last 60 days" in comment(shop)
    repository.commit()
    rule(shop, "buyers", days=60)
    assert shop.run("review", "--base", "HEAD", "--out", "out").code == 0
    assert "its suspension ends, and what it wants now is sent" in plain(comment(shop))


def test_a_link_that_goes_is_a_cohort_that_goes(shop: Place) -> None:
    (shop.folder / "cohorts" / "spenders.yml").rename(shop.folder / "cohorts" / "spenders.txt")
    (shop.folder / "cohorts" / "spenders.yml").symlink_to("spenders.txt")
    Repository(shop.folder).commit()
    (shop.folder / "cohorts" / "spenders.yml").unlink()
    assert shop.run("review", "--base", "HEAD", "--out", "out").code == 0
    assert "**1 to withdraw.**" in comment(shop)


class TestWhatItIsComparedWith:
    """The pull request's base, as git and the event have it."""

    def test_the_branch_that_was_merged_into(self, shop: Place) -> None:
        repository = Repository(shop.folder)
        before = repository.git("rev-parse", "main")
        rule(shop, "buyers", days=60)
        head = repository.commit()
        repository.git("switch", "--quiet", "main")
        shop.cohort("other", "SELECT customer_id FROM shop.customers")
        newer = repository.commit()
        repository.git("merge", "--quiet", "--no-ff", "--message", "merge", "change")
        there = {"repo": {"full_name": "acme/shop"}}
        event = {"pull_request": {"number": 3, "head": {"sha": head, **there}, "base": {"sha": before, **there}}}
        answer = shop.run("review", "--out", "out", **in_github(shop, **event))
        assert f"compared with commit {newer[:12]}" in answer.out
        assert "1 to update, 2 unchanged." in answer.out  # not what others merged meanwhile

    def test_a_fork_is_told_why_nothing_is_counted(self, shop: Place) -> None:
        head = Repository(shop.folder).commit()
        rule(shop, "buyers", days=60)
        there, here = {"repo": {"full_name": "mallory/shop"}}, {"repo": {"full_name": "acme/shop"}}
        base = Repository(shop.folder).git("rev-parse", "main")
        event = {"pull_request": {"number": 3, "head": {"sha": head, **there}, "base": {"sha": base, **here}}}
        shop.run("review", "--out", "out", **in_github(shop, **event))
        assert "Members not computed: no key in a pull request from a fork." in comment(shop)

    def test_a_merge_group(self, shop: Place) -> None:
        base = Repository(shop.folder).git("rev-parse", "main")
        rule(shop, "buyers", days=60)
        Repository(shop.folder).commit()
        answer = shop.run("review", **in_github(shop, merge_group={"base_sha": base}))
        assert "1 to update, 1 unchanged." in answer.out

    def test_a_shallow_clone_is_told_what_to_do(self, shop: Place, tmp_path: Path) -> None:
        Repository(shop.folder).commit()
        place = Place(tmp_path / "shallow", shop.url)
        Repository(tmp_path).git("clone", "--quiet", "--depth", "1", f"file://{shop.folder}", str(place.folder))
        base = Repository(shop.folder).git("rev-parse", "main")
        answer = place.run("review", "--base", base)
        assert answer.code == 64
        assert answer.err.startswith("L017 ")
        assert "fetch-depth: 0" in answer.err

    @pytest.mark.parametrize("name", ["--upload-pack=touch x", "-x", "main~~~", "main main", ""])
    def test_a_name_is_never_an_option_of_git(self, shop: Place, name: str) -> None:
        assert shop.run("plan", "--offline", f"--base={name}").code == (0 if not name else 64)

    def test_attributes_and_links_of_the_base_hide_nothing(self, shop: Place) -> None:
        repository = Repository(shop.folder)
        repository.git("switch", "--quiet", "main")
        (shop.folder / ".gitattributes").write_text("cohorts/* export-ignore\ncohorts/* export-subst text eol=crlf\n")
        (shop.folder / "cohorts" / "link.yml").symlink_to("/etc/hostname")
        repository.commit()
        (shop.folder / "cohorts" / "link.yml").unlink()
        assert shop.run("plan", "--base", "HEAD").out.endswith("\nNothing to do: 2 cohorts unchanged.\n")


HOSTILE = [
    "</code></details><img src=x onerror=alert(1)><b>",
    "`code` ``more`` | cell | \\\\| **bold** _it_ ~~no~~",
    "@everyone @acme/crm #1 acme/shop#2 GH-3 https://evil.example www.evil.example a@evil.example",
    "[link](https://evil.example) ![image](https://evil.example/x.png) <https://evil.example>",
    "<!-- cohort-runner:plan sandbox sha256:x AAAAAAAAAAAA -->",
    "::error::x ##[set-output name=exitcode]0 ::stop-commands::x",
    "${{ secrets.TD_API_KEY }} $(id) `id` %0A::error::x",
    "> [!CAUTION] > quote # heading - list 1. list",
    ":tada: &lt;b&gt; &#64;everyone \\u202e",
]


def test_what_others_write_is_shown_and_nothing_else(shop: Place) -> None:
    names = [text.replace("{{", "{") for text in HOSTILE]  # a name is no template (D009)
    for number, (text, name) in enumerate(zip(HOSTILE, names, strict=True)):
        quoted = json.dumps(name)
        sql = "SELECT customer_id FROM shop.customers"
        shop.cohort(f"h{number}", sql, name=json.dumps(f"{name} {number}"))
        more = f"description: {json.dumps(text)}\n"
        rule(shop, f"x{number}", name=f"x {quoted[1:-1]}", expect="u2", more=more)
    answer = shop.run("review", "--out", "out", "--output", "github", **in_github(shop))
    assert_inert(comment(shop))
    assert [name for name in names if name not in plain(comment(shop))] == []
    ours = ("::error file=", "::warning file=", "::error title=", "::warning title=", "::add-mask::")
    for line in (answer.out + answer.err).splitlines():
        assert "##[" not in line
        assert not line.lstrip().startswith("::") or line.startswith(ours)
    assert outputs(shop)["to_create"] == str(2 * len(HOSTILE))


def test_what_others_write_is_shown_in_messages_too(shop: Place) -> None:
    for number, text in enumerate(HOSTILE):
        rule(shop, f"m{number}", more=f"{json.dumps(text)}: 1\n")
        path = shop.folder / "cohorts" / f"t{number}.yml"
        rule(shop, f"t{number}", expect="u2", days=number + 3)
        path.write_text(path.read_text().replace("a buyer in the US", json.dumps(text.replace("{{", "{"))))
    answer = shop.run("review", "--out", "out", "--output", "github", **in_github(shop))
    assert answer.code == 7
    page = comment(shop)
    assert_inert(page)
    told = plain(page)
    for text in HOSTILE:
        start = json.dumps(text, ensure_ascii=False)[:40].replace("`", "")
        assert f"S001 unknown name {start}" in told.replace("`", "")
        assert text.replace("{{", "{").replace("`", "") in told


def test_a_message_is_text_with_its_own_code(shop: Place) -> None:
    rule(shop, "worse", name="Buyers / Germany", more="nmae: x\n")
    head = Repository(shop.folder).commit()
    assert shop.run("review", "--base", "main", "--out", "out", **in_github(shop, pull_request=of_pull(head))).code == 3
    address = f"https://github.com/acme/shop/blob/{head}/cohorts/worse.yml#L15"
    place = f"[<code>cohorts&#47;worse&#46;yml&#58;15</code>]({address})"
    assert f'- {place} S001 unknown name "nmae"; perhaps you meant <code>name</code>\n' in comment(shop)
    assert_inert(comment(shop), links={RUN, address})


def test_a_new_cohort_is_shown_in_its_authors_words(shop: Place) -> None:
    more = "description: |\n  - Bought twice, see wiki.acme.example\n  or ask ann@acme.example.\n"
    rule(shop, "newcomers", name="Newcomers / Germany", more=more)
    rule(shop, "buyers", days=60, more="description: Who buys.\n")
    assert shop.run("review", "--out", "out").code == 0
    page = comment(shop)
    said = "Description: - Bought twice, see <code>wiki&#46;acme&#46;example</code> or ask <code>•••</code>"
    assert f"<details open><summary>🟢 new <code>newcomers</code></summary>\n\n{said}\n\n```text\nWho:" in page
    assert "| Newcomers / Germany<br><code>newcomers</code>" in page
    assert "\n- Newcomers / Germany\n" in page
    assert "Who buys" not in page


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT '{{ environ.TD_API_KEY }}' AS customer_id FROM shop.customers",
        "SELECT {{ self.__init__.__globals__ }} AS customer_id FROM shop.customers",
        "SELECT {{ ''.__class__.__mro__[1].__subclasses__() }} AS customer_id FROM shop.customers",
        "{% include '/proc/self/environ' %}",
        "{% from '../../../proc/self/environ' import x %}SELECT customer_id FROM shop.customers",
    ],
)
def test_a_template_that_looks_for_secrets_is_an_error_and_finds_none(shop: Place, sql: str) -> None:
    shop.cohort("curious", sql)
    answer = shop.run("review", "--out", "out", "--output", "github", **in_github(shop), TD_API_KEY="1/a-secret-key")
    assert answer.code == 3
    printed = "\n".join(line for line in (answer.out + answer.err).splitlines() if not line.startswith("::add-mask::"))
    plan = (shop.folder / "out" / "plan-sandbox.json").read_text()
    assert "a-secret-key" not in printed + comment(shop) + plan + (shop.folder / "summary").read_text()
    assert "cohorts/curious.yml" in answer.out
    assert "curious" not in [change["id"] for change in json.loads(plan)["changes"]]


def test_masks_come_before_anything_else(shop: Place) -> None:
    environment = in_github(shop) | {"TD_API_KEY": "1/secret:key+value"}
    answer = shop.run("review", **environment)
    masks = [line for line in answer.err.splitlines() if line.startswith("::add-mask::")]
    assert "::add-mask::1%252Fsecret%253Akey%252Bvalue" in masks
    assert "::add-mask::MS9zZWNyZXQ6a2V5K3ZhbHVl" in masks
    assert "1/secret:key+value" not in answer.out + answer.err


def test_a_comment_has_room_for_the_worst_first(place: Place) -> None:
    many = 500
    for number in range(many):
        place.cohort(f"c{number:03}", "SELECT customer_id FROM shop.customers", name=f"Cohort number {number}")
    Repository.begun(place.folder).commit()
    for number in range(many):
        sql = f"SELECT customer_id FROM shop.customers WHERE spend > {number} AND customer_id <> 'somebody'"
        place.cohort(f"c{number:03}", sql, name=f"Cohort number {number}")
    answer = place.run("review", "--base", "HEAD", "--out", "out", **in_github(place))
    assert answer.code == 0
    page = comment(place)
    assert len(page) <= 65_536
    assert_inert(page, links={RUN, f"{RUN}#artifacts"})
    shown = len(re.findall(r"^\| 🟡 update", page, re.MULTILINE))
    left = re.search(r"^([\d,]+) cohorts more did not fit here: the \[summary of the run\]", page, re.MULTILINE)
    assert shown + (int(left[1].replace(",", "")) if left else 0) == many
    assert "<code>&#39;somebody" not in page
    assert "somebody" not in page  # compared with an identifier


RUN = "https://github.com/acme/shop/actions/runs/7"


def test_what_a_comment_leaves_out_is_where_it_says(place: Place) -> None:
    many = 1_000
    Repository.begun(place.folder).commit()
    for number in range(many):
        less = " AND ".join(f"spend <> {number + 20_000 + step}" for step in range(20))
        sql = f"SELECT customer_id FROM shop.customers WHERE spend > {number + 10_000} AND {less}"
        place.cohort(f"c{number:03}", sql, name=f"Cohort number {number}")
    environment = in_github(place)
    answer = place.run("review", "--base", "HEAD", "--out", "out", "--output", "github", **environment)
    assert answer.code == 0
    written = comment(place)
    assert len(written) <= 65_000
    elsewhere = f": the [summary of the run]({RUN}) says more, and [its artifacts]({RUN}#artifacts) all of it."
    left = re.findall(r"^.*did not fit here.*$", written, re.MULTILINE)
    assert len(left) == 2  # rows of the table, and details
    assert all(line.endswith(elsewhere) for line in left)
    assert f"- and 975 more{elsewhere[:-1]}" in written
    # the summary has all rows and all details, within what GitHub takes
    summary = (place.folder / "summary").read_text()
    assert 500_000 < len(summary.encode()) < 2**20
    assert len(re.findall(r"^\| 🟢 new", summary, re.MULTILINE)) == many
    assert summary.count("<details><summary>🟢 new") == many
    assert f"- and 900 more: [the artifacts of this run]({RUN}#artifacts) have all of it" in summary
    # the folder that the workflow keeps as an artifact has all of it
    whole = (place.folder / "out" / "page-sandbox.md").read_text()
    assert len(re.findall(r"^- Cohort number \d+$", whole, re.MULTILINE)) == many
    assert whole.count("<details><summary>🟢 new") == many
    assert "did not fit" not in whole


def test_a_server_of_ones_own_keeps_no_artifact(shop: Place) -> None:
    for number in range(26):
        rule(shop, f"c{number}", days=number + 3, name=f"Number {number}")
    environment = in_github(shop)
    own = environment | {"GITHUB_SERVER_URL": "https://github.acme.example"}
    run = RUN.replace("github.com", "github.acme.example")
    for around, elsewhere in (
        (environment, f": the [summary of the run]({RUN}) says more, and [its artifacts]({RUN}#artifacts) all of it"),
        (own, f": the [summary of the run]({run}) says more, and its log has the whole plan"),
        ({}, ""),  # without a run nobody keeps it
    ):
        assert shop.run("review", "--out", "out", TD_API_KEY="", **around).code == 0
        assert f"- and 1 more{elsewhere}\n" in comment(shop)


def of_pull(head: str, repository: str = "acme/shop") -> dict[str, object]:
    """The part of an event that names a pull request."""
    base = {"sha": "", "repo": {"full_name": "acme/shop"}}
    return {"number": 7, "head": {"sha": head, "repo": {"full_name": repository}}, "base": base}


def test_a_cohort_links_to_its_file_at_the_last_commit(shop: Place) -> None:
    rule(shop, "buyers", days=60)
    rule(shop, "new (1) _x_", name="Newcomers")
    path = shop.folder / "cohorts" / "new (1) _x_.yml"
    path.write_text(path.read_text().replace("id: new (1) _x_", "id: newcomers"))
    (shop.folder / "cohorts" / "spenders.yml").unlink()
    head = Repository(shop.folder).commit()
    rule(shop, "uncommitted", name="Not there")
    answer = shop.run("review", "--base", "main", "--out", "out", **in_github(shop, pull_request=of_pull(head)))
    assert answer.code == 0, answer.out + answer.err
    page = comment(shop)
    top = f"https://github.com/acme/shop/blob/{head}/cohorts"
    assert f"| Buyers<br>[<code>buyers</code>]({top}/buyers.yml) <sub>crm-team</sub> |" in page
    assert f"| Newcomers<br>[<code>newcomers</code>]({top}/new%20%281%29%20_x_.yml) <sub>" in page
    assert "| Not there<br><code>uncommitted</code> <sub>" in page
    assert "| Spenders<br><code>spenders</code> |" in page
    assert_inert(page, links={RUN, f"{top}/buyers.yml", f"{top}/new%20%281%29%20_x_.yml"})


def test_a_project_in_a_folder_links_to_its_files(shop: Place, tmp_path: Path) -> None:
    below = Place(tmp_path / "repo" / "audiences", shop.url)
    (below.folder / "cohorts").mkdir(parents=True)
    repository = Repository.begun(tmp_path / "repo")
    below.project(extra=SOURCES)
    repository.commit()
    rule(below, "buyers")
    head = repository.commit()
    environment = in_github(shop, pull_request=of_pull(head))
    assert below.run("review", "--base", "HEAD~1", "--out", "out", **environment).code == 0
    assert f"(https://github.com/acme/shop/blob/{head}/audiences/cohorts/buyers.yml)" in comment(below)


@pytest.mark.parametrize("unknown", ["event", "commit", "repository"])
def test_no_link_where_nobody_knows_where_it_leads(shop: Place, unknown: str) -> None:
    rule(shop, "buyers", days=60)
    head = Repository(shop.folder).commit()
    if unknown == "commit":
        head = "0" * 40  # a shallow clone of the merge commit has not the branch's own
    environment = in_github(shop, pull_request=of_pull(head))
    if unknown == "event":
        environment["GITHUB_EVENT_PATH"] = ""
    if unknown == "repository":
        environment["GITHUB_REPOSITORY"] = ""
    assert shop.run("review", "--base", "main", "--out", "out", **environment).code == 0
    assert "| Buyers<br><code>buyers</code> <sub>" in comment(shop)
    assert "/blob/" not in comment(shop)


def test_links_leave_the_table_before_rows_do(place: Place) -> None:
    many = 300
    Repository.begun(place.folder).commit()
    for number in range(many):
        place.cohort(f"c{number:03}", f"SELECT customer_id FROM shop.customers WHERE spend > {number + 10_000}")
    head = Repository(place.folder).commit()
    environment = in_github(place, pull_request=of_pull(head))
    arguments = ("review", "--base", "HEAD~1", "--out", "out")
    assert place.run(*arguments, **environment).code == 0
    assert len(re.findall(r"^\| 🟢 new", comment(place), re.MULTILINE)) == many
    assert "/blob/" not in comment(place)
    assert (place.folder / "out" / "page-sandbox.md").read_text().count("/blob/") == many


def test_words_come_first_and_the_sql_of_a_rule_is_folded(shop: Place) -> None:
    lists = shop.folder / "cohorts" / "lists"
    lists.mkdir()
    (lists / "countries.txt").write_text("US\n")
    rule(shop, "listed", name="Listed")
    path = shop.folder / "cohorts" / "listed.yml"
    path.write_text(path.read_text().replace("in: [US, CA]", "in: {file: lists/countries.txt}"))
    Repository(shop.folder).commit()
    (lists / "countries.txt").write_text("US\nFR\n")
    assert shop.run("review", "--base", "HEAD", "--out", "out", TD_API_KEY="").code == 0
    page = comment(shop)
    assert "query changed; <code>the list countries&#46;txt changed</code>" in page
    seen = page.index("<details open><summary>🟡 update <code>listed</code></summary>")
    told = page.index("country is US", seen)
    folded = page.index("<details><summary>SQL</summary>", seen)
    assert seen < told < folded < page.index("customers.country IN ('US', 'FR')")


def test_of_many_changes_each_is_folded(shop: Place) -> None:
    for number in range(5):
        rule(shop, f"c{number}", days=number + 3, name=f"Number {number}")
    assert shop.run("review", "--out", "out", TD_API_KEY="").code == 0
    assert comment(shop).count("<details open>") == 5
    rule(shop, "c5", days=70, name="Number 5")
    assert shop.run("review", "--out", "out", TD_API_KEY="").code == 0
    assert comment(shop).count("<details><summary>🟢") == 6
    assert "<details open>" not in comment(shop)


def test_a_run_that_counts_tells_at_lines_only_what_it_found(shop: Place) -> None:
    shop.cohort("spenders", "SELECT customer_id FROM shop.customers WHERE spend > 100000")
    (shop.folder / "cohorts" / "worse.yml").write_text("id: worse\nname: Worse\naudienc: {}\n")
    answer = shop.run("review", "--members", "--out", "out", "--output", "github", **in_github(shop))
    assert ",title=G001::spenders: nobody qualifies" in answer.out
    assert "::error file=cohorts/worse.yml" not in answer.out  # `validate` told it
    assert "audienc" in plain((shop.folder / "summary").read_text())
    assert "G001" in (shop.folder / "summary").read_text()


def plain(page: str) -> str:
    """What a reader sees of a page, without its marks."""
    seen = re.sub(r"<[^>]+>", "", page)
    return re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), seen)


ALLOWED = re.compile(r"</?(code|sub|i|b|details|summary)>|<br>|<details( open)?><summary>.*</summary>\n?|</details>\n?")


def assert_inert(page: str, links: set[str] | None = None) -> None:
    """Nothing in it is a mention, a reference, a link, an image or a tag, but ours."""
    found = MarkdownIt("commonmark", {"html": True}).enable("table").parse(page)
    tokens = [each for token in found for each in (token, *(token.children or ()))]
    comments = [token for token in tokens if token.type == "html_block" and token.content.startswith("<!--")]
    assert len(comments) == 1
    assert page.startswith("<!-- cohort-runner:plan ")
    for token in tokens:
        assert token.type != "image"
        if token.type == "link_open":
            assert token.attrs["href"] in (links or {"https://github.com/acme/shop/actions/runs/7"})
        if token.type in ("html_inline", "html_block") and token not in comments:
            assert ALLOWED.fullmatch(token.content) or "summary" in token.content, token.content
    depth = 0
    for token in tokens:
        if token.type == "html_inline" and token.content in ("<code>", "</code>"):
            depth += 1 if token.content == "<code>" else -1
        if token.type in ("text", "text_special") and depth == 0:
            assert not re.search(r"[@#<]|https?:|www\.|:\w+:|GH-\d", token.content), token.content
