"""What a user sees when something is wrong, to the exact line; and that a later run heals it."""

from __future__ import annotations

import re

import pytest
from tests.place import Place

VIPS = "SELECT customer_id FROM customers WHERE spend >= {{ vip_spend }}"


def told(text: str) -> list[str]:
    """Lines of an answer with job numbers and progress left out."""
    lines = [re.sub(r"job \d+", "job N", line) for line in text.splitlines()]
    return [line for line in lines if line and not re.match(r"[a-z]+: [a-z ]+[0-9]*$", line)]


def test_no_key(place: Place) -> None:
    place.cohort("vips", VIPS)
    answer = place.run("sync", TD_API_KEY="")
    assert (answer.code, answer.err) == (
        4,
        "R001 no Treasure Data key: the environment variable TD_API_KEY is not set; "
        "set it to a key of the target's account (the sandbox prints its own when it starts)\n",
    )


def test_wrong_key(place: Place) -> None:
    place.cohort("vips", VIPS)
    answer = place.run("sync", TD_API_KEY="wrong-key")
    assert (answer.code, answer.err) == (
        4,
        "R003 Treasure Data refused the key (401); "
        "check TD_API_KEY, and the target's site: a key of another region fails like this too\n",
    )
    assert "wrong-key" not in answer.err + answer.out


def test_treasure_data_is_down(place: Place) -> None:
    place.cohort("vips", VIPS)
    place.project(url="http://127.0.0.1:9")
    answer = place.run("sync")
    told = "Treasure Data did not answer (connection refused). Trying again for about 2 s: listing databases.\n"
    assert (answer.code, answer.err[10:]) == (
        5,
        f"{told}R010 the sandbox at http://127.0.0.1:9 does not answer; "
        "start it in another terminal with `cohorts sandbox`, or choose another `--target`\n",
    )
    path = place.folder / "cohorts" / "project.yml"
    path.write_text(path.read_text().replace("  sandbox:", "  production:"))
    answer = place.run("sync", "--target", "production")
    assert (answer.code, answer.err[10:]) == (
        5,
        f"{told}R010 Treasure Data did not answer (connection refused); "
        "nothing is lost: run the command again later, and it finishes what is left\n",
    )


def test_unknown_connection(place: Place) -> None:
    place.cohort("vips", VIPS)
    place.project(connection="braise")
    answer = place.run("sync")
    assert (answer.code, answer.err) == (
        3,
        "cohorts/project.yml:13:17 P101 Treasure Data has no connection named 'braise'; "
        f"create the Braze authentication at {place.url}/sandbox/connections under this name,"
        " or correct `connection`\n",
    )


def test_unknown_target(place: Place) -> None:
    place.cohort("vips", VIPS)
    answer = place.run("plan", "--target", "prod")
    assert (answer.code, answer.err) == (64, "P102 there is no target 'prod'; choose one of: sandbox\n")


def test_a_query_fails_and_the_others_do_not(place: Place) -> None:
    place.cohort("broken", "SELECT customer_id FROM customers WHERE spent > 1")
    place.cohort("vips", VIPS)
    answer = place.run("sync")
    assert answer.code == 7
    where = "cohorts/broken.yml:5:45"
    assert f"  ✗ broken  {where} R020 broken: the query: job N ended as error:" in told(answer.out)[0]
    assert "Column 'spent' cannot be resolved" in answer.out
    assert place.members("vips") == {"ann", "bob", "eve"}
    assert "+ broken  create    Broken (not in Braze yet; the last attempt did not finish" in place.run("plan").out

    place.cohort("broken", VIPS)
    assert place.run("sync").code == 0
    assert place.members("broken") == {"ann", "bob", "eve"}


@pytest.mark.parametrize("fault", ["fail", "half"])
def test_an_export_fails_after_its_query_succeeded(place: Place, fault: str) -> None:
    place.cohort("vips", VIPS)
    place.fault("export", fault, match="vips")
    answer = place.run("sync")
    assert answer.code == 1
    assert "✗ vips  R021 vips: adding members: the export: job N ended as error" in told(answer.out)[0]
    assert "0 of 1 cohort synced" in answer.out

    place.sql("DELETE FROM shop.customers WHERE customer_id = 'ann'")
    assert "+ vips  create    Vips (not in Braze yet; the last attempt did not finish: " in place.run("plan").out
    assert place.run("sync").code == 0
    assert place.members("vips") == {"bob", "eve"}
    assert "Nothing to do" in place.run("sync").out


def test_a_new_name_that_did_not_arrive_is_sent_again(place: Place) -> None:
    place.cohort("vips", VIPS)
    place.run("sync")
    place.cohort("vips", VIPS, name="Best customers")
    place.fault("export", "fail", match="vips")
    assert place.run("sync").code == 1
    assert place.cohorts()["vips"]["name"] == "Vips"
    assert place.run("sync").code == 0
    assert place.cohorts()["vips"]["name"] == "Best customers"


def test_an_empty_cohort_is_renamed_without_sending_anybody(place: Place) -> None:
    nobody = "SELECT customer_id FROM customers WHERE spend < 0"
    place.cohort("nobody", nobody, extra="guards: {allow_empty: true}\n")
    assert place.run("sync").code == 0
    place.cohort("nobody", nobody, name="Nobody yet", extra="guards: {allow_empty: true}\n")
    assert place.run("sync").code == 0
    assert place.cohorts() == {}


def test_a_removal_half_done_heals(place: Place) -> None:
    place.customers(*(f"user{number}" for number in range(20)))
    place.cohort("vips", VIPS)
    place.run("sync")
    place.sql("UPDATE shop.customers SET spend = 1 WHERE customer_id > 'user15'")
    place.fault("export", "half", match="vips")
    assert place.run("sync", "--refresh").code == 1
    place.sql("UPDATE shop.customers SET spend = 500 WHERE customer_id = 'user16'")
    assert "! vips  retry" in place.run("plan").out
    assert place.run("sync").code == 0
    wanted = place.sql("SELECT customer_id FROM shop.customers WHERE spend >= 100")
    assert place.members("vips") == {name for (name,) in wanted}


def test_an_empty_result(place: Place) -> None:
    place.cohort("vips", VIPS)
    place.run("sync")
    place.sql("UPDATE shop.customers SET spend = 1")
    answer = place.run("sync", "--refresh")
    assert (answer.code, told(answer.out)[0]) == (
        6,
        "  ✗ vips  cohorts/vips.yml:1:1 G001 vips: nobody qualifies any more (now 3 members); "
        "if this is right, set `guards: {allow_empty: true}` in this file, "
        'or let it pass once: `--allow allow_empty:vips --reason "…"`; if not, mend the query or rule',
    )
    assert place.members("vips") == {"ann", "bob", "eve"}
    refused = "a guard refused the last attempt (G001): vips: nobody qualifies any more"
    assert f"! vips  retry     Vips ({refused}" in place.run("plan").out
    status = place.run("status").out
    assert "refused by guard G001 20" in status
    assert "did not finish" not in status


def test_more_than_max_members(place: Place) -> None:
    place.cohort("vips", VIPS, extra="guards:\n  max_members: 2\n")
    for command in (["plan", "--members"], ["sync"]):
        answer = place.run(*command)
        assert answer.code == 6
        assert (
            "cohorts/vips.yml:7:3 G002 vips: 3 members, over the limit of 2; "
            "if this is right, set `guards: {max_members: 3}` in this file, "
            'or let it pass once: `--allow max_members:vips --reason "…"`; if not, mend the query or rule'
        ) in answer.out
    assert place.members("vips") == set()


def test_an_unreadable_file_among_good_ones(place: Place) -> None:
    place.cohort("vips", VIPS)
    place.cohort("gone", VIPS)
    place.cohort("bad", VIPS)
    place.run("sync")
    (place.folder / "cohorts" / "gone.yml").unlink()
    (place.folder / "cohorts" / "bad.yml").write_bytes(b"id: bad\nname: \xff\n")
    place.cohort("vips", f"{VIPS} AND customer_id <> 'bob'")
    answer = place.run("sync")
    assert answer.code == 7
    assert "✓ vips  updated    0 added, 1 removed, 2 qualify" in answer.out
    assert "1 file could not be used; nothing was withdrawn." in answer.out
    assert "cohorts/bad.yml:2:7 F004" in answer.err
    assert place.members("vips") == {"ann", "eve"}
    assert place.members("gone") == place.members("bad") == {"ann", "bob", "eve"}
    plan = place.run("plan")
    assert plan.code == 7
    assert "? gone: left alone, since a file that cannot be read may be its own" in plan.out


def test_no_project_and_no_cohorts(place: Place) -> None:
    (place.folder / "cohorts" / "project.yml").unlink()
    answer = place.run("validate")
    assert answer.code == 3
    assert "cohorts/project.yml:1:1 P003 the project file is missing" in answer.out
    assert place.run("sync").code == 3


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_stumbles_is_asked_again(place: Place, status: int) -> None:
    place.cohort("vips", VIPS)
    for path in ("job/issue", "job/status", "job/result", "job/show", "connections", "table/list"):
        place.fault("request", f"status:{status}", match=path)
    assert place.run("sync", COHORTS_RETRY_SECONDS="20").code == 0
    assert place.members("vips") == {"ann", "bob", "eve"}


@pytest.mark.parametrize("reset", ["reset_before", "reset_after"])
def test_a_lost_answer_is_not_a_second_job(place: Place, reset: str) -> None:
    place.cohort("vips", VIPS)
    place.fault("request", reset, match="job/issue", times=3)
    assert place.run("sync", COHORTS_RETRY_SECONDS="20").code == 0
    assert place.members("vips") == {"ann", "bob", "eve"}
    assert place.cohorts()["vips"]["members_written"] == 3


def test_usage_errors_are_64(place: Place) -> None:
    answer = place.run("plan", "--nonsense")
    assert (answer.code, answer.err.splitlines()[0]) == (64, "Usage error: No such option: --nonsense")
    assert place.run("nonsense").code == 64


def test_an_answer_in_a_form_that_is_not_there(place: Place) -> None:
    forms = "write one of: text, json, github"
    answer = place.run("validate", "--output", "xml")
    assert (answer.code, answer.err) == (64, f"P131 --output 'xml' is not allowed; {forms}\n")
    answer = place.run("test", COHORTS_ENGINE="sqlite")
    assert answer.err == "P131 --engine 'sqlite' is not allowed; write one of: duckdb, trino\n"


def test_who_asks_for_what_is_not_there_needs_no_key_to_find_it(place: Place) -> None:
    place.cohort("vips", VIPS)
    answer = place.run("render", "vip", TD_API_KEY="")
    assert (answer.code, answer.err) == (64, "P106 no cohort matches this selection; perhaps you meant vips\n")
    answer = place.run("test", "--select", "tag:none", TD_API_KEY="")
    told = "P106 no cohort matches this selection; the ids are: vips\n"
    assert (answer.code, answer.err) == (64, told)


def test_a_target_that_is_not_the_sandbox_needs_a_ledger(place: Place) -> None:
    """Nothing is ever sent to a workspace whose connection is not proven."""
    place.cohort("vips", VIPS)
    assert place.run("sync").code == 0  # the sandbox makes its own ledger
    assert "cohort_ledger" in {name for (name,) in place.sql("SELECT table_name FROM information_schema.tables")}


def test_a_query_that_fails_hides_no_other_in_a_plan(place: Place) -> None:
    place.cohort("bad", "SELECT customer_id FROM nowhere")
    place.cohort("good", "SELECT customer_id FROM customers")
    answer = place.run("plan", "--members")
    assert answer.code == 1
    assert "FAILED cohorts/bad.yml:5:29 R020 bad: counting members" in answer.out
    assert "0 now → 3; 3 enter, 0 leave" in answer.out
