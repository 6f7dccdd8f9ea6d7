"""The first day with an account of one's own, and the days when something is wrong with it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from runner.sandbox.options import Answer, Options
from runner.sandbox.server import running
from runner.treasuredata.client import TreasureData
from tests.place import KEY, Place
from tests.place import Answer as Said

PROJECT = """\
version: 1
defaults: {{owner: crm-team, identifiers: {{external_id: customer_id}}}}
guards: {{max_members: 1000}}
targets:
  production:
    endpoint: {url}
    database: {database}
    state_database: {state}
    workspace: {workspace}
    connection: {connection}
{more}"""

TO_PRODUCTION = ("--target", "production")
GIT = ("git", "-c", "user.name=ann", "-c", "user.email=ann@example.com")


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Place]:
    """A new customer's account: data, and nothing of ours."""
    (tmp_path / "cohorts").mkdir()
    with running(Options(shop=None, connections=())) as url:
        place = Place(tmp_path, url)
        place.sql("CREATE SCHEMA IF NOT EXISTS shop")
        project(place)
        place.cohort("vips", "SELECT customer_id FROM customers")
        yield place


def project(place: Place, more: str = "", **other: str) -> None:
    known = {
        "url": place.url,
        "database": "shop",
        "state": "cohort_runner",
        "workspace": "shop-us",
        "connection": "braze_cohorts",
    }
    text = PROJECT.format(more=more, **(known | other))
    (place.folder / "cohorts" / "project.yml").write_text(text, encoding="utf-8")


def connect(place: Place, name: str = "braze_cohorts", workspace: str = "shop-us") -> None:
    given = {"name": name, "workspace": workspace}
    requests.post(f"{place.url}/sandbox/connections", json=given, timeout=10).raise_for_status()


def customers(place: Place, *names: str, workspace: str = "shop-us") -> None:
    place.customers(*names, known=False)
    users = [{"external_id": name} for name in names]
    url = f"{place.url}/sandbox/users?workspace={workspace}"
    requests.post(url, json={"users": users}, timeout=10).raise_for_status()


def members(place: Place, cohort: str = "vips", workspace: str = "shop-us") -> set[str]:
    url = f"{place.url}/sandbox/cohorts/{cohort}?workspace={workspace}"
    answer = requests.get(url, timeout=10)
    return set(answer.json()["members"]) if answer.ok else set()


def prove(place: Place, typed: str = "y\ny\n") -> Said:
    return place.run("doctor", *TO_PRODUCTION, "--canary", "external_id:ann", typed=typed)


def ready(place: Place, *names: str) -> None:
    """Everything that the first day asks for."""
    connect(place)
    customers(place, *names)
    assert place.run("bootstrap", *TO_PRODUCTION).code == 0
    assert prove(place).code == 0


def commit(place: Place, message: str) -> str:
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "--allow-empty", "-m", message)):
        subprocess.run([*GIT, *words], cwd=place.folder, check=True)
    found = subprocess.run([*GIT, "rev-parse", "HEAD"], cwd=place.folder, check=True, capture_output=True, text=True)
    return found.stdout.strip()


def marks(answer: Said) -> dict[str, str]:
    """Each check of a diagnosis with its mark."""
    found = re.findall(r"^  ([✓✗!?]) ([a-z ]+?)  ", answer.out, re.MULTILINE)
    return {name.strip(): mark for mark, name in found}


def test_the_first_day(account: Place) -> None:
    nothing = account.run("sync", *TO_PRODUCTION)
    assert (nothing.code, nothing.err.split(" ")[0]) == (9, "L006")
    assert "`cohorts bootstrap --target production`" in nothing.err

    sick = account.run("doctor", *TO_PRODUCTION)
    assert sick.code == 3
    assert marks(sick)["connection"] == marks(sick)["state database"] == "✗"

    connect(account)
    customers(account, "ann", "bob")
    assert "holds a ledger now" in account.run("bootstrap", *TO_PRODUCTION).out
    assert "nothing was done" in account.run("bootstrap", *TO_PRODUCTION).out

    unproven = account.run("doctor", *TO_PRODUCTION)
    assert unproven.code == 9
    assert marks(unproven) == {
        "key and site": "✓",
        "database": "✓",
        "clock": "✓",
        "connection": "✓",
        "setting names": "✓",
        "state database": "✓",
        "rights": "✓",
        "time ranges": "✓",
        "ledger columns": "✓",
        "new tables": "✓",
        "ledger": "✓",
        "canary": "✗",
    }
    assert (account.run("sync", *TO_PRODUCTION).code, members(account)) == (9, set())

    assert prove(account).code == 0
    assert "Target production is ready." in account.run("doctor", *TO_PRODUCTION).out
    assert account.run("sync", *TO_PRODUCTION).code == 0
    assert members(account) == {"ann", "bob"}
    assert members(account, "cohort_runner_canary") == set()


def test_a_canary_that_was_not_seen_proves_nothing(account: Place) -> None:
    connect(account)
    customers(account, "ann")
    account.run("bootstrap", *TO_PRODUCTION)
    for typed, word in (("n\n", "enter"), ("y\nn\n", "leave")):
        answer = prove(account, typed)
        assert answer.code == 1
        what = f"you did not see the user {word} the cohort, so nothing is proven"
        assert f"A004 target production: {what}" in answer.err
        assert "external_id:ann" not in answer.out + answer.err
    assert account.run("sync", *TO_PRODUCTION).code == 9
    assert account.run("doctor", *TO_PRODUCTION, "--canary", "email:a@b.c").code == 64


def test_a_canary_by_a_label_with_capitals(account: Place) -> None:
    connect(account)
    url = f"{account.url}/sandbox/users?workspace=shop-us"
    users = [
        {"external_id": "ann", "aliases": {"Email_ID": "me@example.com"}},
        {"external_id": "bob", "aliases": {"email_id": "me@example.com"}},
    ]
    requests.post(url, json={"users": users}, timeout=10).raise_for_status()
    account.run("bootstrap", *TO_PRODUCTION)
    canary = ("--canary", "alias:Email_ID:me@example.com")
    assert account.run("doctor", *TO_PRODUCTION, *canary, typed="n\n").code == 1
    assert members(account, "cohort_runner_canary") == {"ann"}


def test_another_mapping_asks_again(account: Place) -> None:
    ready(account, "ann")
    project(account, more="    export_settings: {operation: mode}\n")
    assert account.run("sync", *TO_PRODUCTION).code == 9
    answer = account.run("doctor", *TO_PRODUCTION)
    assert answer.code == 3
    assert "Treasure Data refuses them: Unrecognized field(s): mode" in answer.out


def test_another_connection_to_the_same_workspace_changes_nothing(account: Place) -> None:
    ready(account, "ann")
    account.run("sync", *TO_PRODUCTION)
    connect(account, "rotated")
    requests.delete(f"{account.url}/sandbox/connections/braze_cohorts", timeout=10)
    gone = account.run("sync", *TO_PRODUCTION, "--refresh")
    assert (gone.code, gone.err.split(" ")[1]) == (3, "P101")
    project(account, connection="rotated")
    assert "Nothing to do" in account.run("plan", *TO_PRODUCTION).out
    customers(account, "ann", "bob")
    assert account.run("sync", *TO_PRODUCTION, "--refresh").code == 0
    assert members(account) == {"ann", "bob"}


def test_a_new_workspace_is_a_withdrawal_there_and_a_creation_here(account: Place) -> None:
    ready(account, "ann", "bob")
    account.run("sync", *TO_PRODUCTION)
    project(account, workspace="shop-eu")
    refused = account.run("plan", *TO_PRODUCTION)
    assert (refused.code, refused.err.split(" ")[1]) == (3, "P105")
    connect(account, "braze_eu", "shop-eu")
    customers(account, "ann", "bob", workspace="shop-eu")
    project(account, workspace="shop-eu", connection="braze_eu")
    plan = account.run("plan", *TO_PRODUCTION)
    assert "the target's workspace is shop-eu now; here it was shop-us" in plan.out
    assert account.run("sync", *TO_PRODUCTION).code == 0
    assert (members(account), members(account, workspace="shop-eu")) == (set(), {"ann", "bob"})


def test_a_cohort_of_nobody_can_leave_its_workspace(account: Place) -> None:
    """Nothing was ever sent for it, and yet it is known how it is reached."""
    ready(account, "ann")
    account.cohort("vips", "SELECT customer_id FROM customers WHERE 1 = 0", extra="guards: {allow_empty: true}\n")
    assert account.run("sync", *TO_PRODUCTION).code == 0
    connect(account, "braze_eu", "shop-eu")
    project(account, workspace="shop-eu", connection="braze_eu")
    answer = account.run("sync", *TO_PRODUCTION)
    assert answer.code == 0, answer.out
    assert "Nothing to do" in account.run("sync", *TO_PRODUCTION).out


def test_a_lost_connection_blocks_its_own_destinations_only(account: Place) -> None:
    ready(account, "ann")
    account.run("sync", *TO_PRODUCTION)
    connect(account, "braze_eu", "shop-eu")
    customers(account, "ann", workspace="shop-eu")
    requests.delete(f"{account.url}/sandbox/connections/braze_cohorts", timeout=10)
    project(account, workspace="shop-eu", connection="braze_eu")
    answer = account.run("sync", *TO_PRODUCTION)
    assert answer.code == 7
    assert "P101" in answer.out
    assert members(account, workspace="shop-eu") == {"ann"}
    given_up = account.run(
        "abandon", "vips", *TO_PRODUCTION, "--workspace", "shop-us", "--reason", "the connection is gone"
    )
    assert given_up.code == 0
    assert "Nothing to do" in account.run("plan", *TO_PRODUCTION).out


def test_a_prefix_and_an_id_of_brazes_own(account: Place) -> None:
    ready(account, "ann")
    project(account, more="    prefix: staging_\n")
    account.cohort("vips", "SELECT customer_id FROM customers", extra="braze_id: 2f8a61c0\n")
    assert account.run("sync", *TO_PRODUCTION).code == 0
    assert members(account, "staging_2f8a61c0") == {"ann"}


def test_an_existing_cohort_is_taken_over(account: Place) -> None:
    """Zed is in Braze's cohort from before, and does not qualify."""
    ready(account, "ann", "zed")
    account.run("sync", *TO_PRODUCTION)
    account.run("abandon", "vips", *TO_PRODUCTION, "--reason", "as if another tool had made it")
    account.sql("CREATE TABLE shop.before AS SELECT 'zed' AS customer_id, 1 AS time UNION ALL SELECT 'ann', 1")
    customers(account, "ann", "bob")
    answer = account.run("adopt", "vips", "--members-from", "shop.before", *TO_PRODUCTION)
    assert (answer.code, answer.out.splitlines()[0]) == (
        0,
        "vips: 2 members on record as possibly in Braze; nothing was sent.",
    )
    assert account.run("adopt", "vips", "--members-from", "shop.before", *TO_PRODUCTION).code == 1
    plan = account.run("plan", *TO_PRODUCTION, "--members").out
    assert "adopted: what is in Braze is known only roughly" in plan
    assert "2 now → 2; 1 enter, 1 leave; 1 sent again" in plan
    assert account.run("sync", *TO_PRODUCTION).code == 0
    assert members(account) == {"ann", "bob"}
    unknown = account.run("adopt", "vips", "--members-from", "shop; DROP", *TO_PRODUCTION)
    assert unknown.code == 64


def test_a_cohort_of_a_rule_is_taken_over_by_its_identifiers_alone(place: Place) -> None:
    columns = "{spend: number, device_id: {type: text, personal: true}}"
    people = f"{{table: customers, key: customer_id, columns: {columns}}}"
    place.project(extra=f"sources: {{people: {people}}}\n")
    rule = "audience: {from: people, where: {column: spend, gte: 100}}\n"
    (place.folder / "cohorts" / "vips.yml").write_text(f"id: vips\nname: Vips\n{rule}", "utf-8")
    place.sql("CREATE TABLE shop.before AS SELECT 'zed' AS customer_id, 1 AS time")
    answer = place.run("adopt", "vips", "--members-from", "shop.before")
    assert (answer.code, answer.out.splitlines()[0]) == (
        0,
        "vips: 1 members on record as possibly in Braze; nothing was sent.",
    )


def test_a_rollback_brings_back_and_holds(account: Place) -> None:
    ready(account, "ann", "bob")
    account.run("sync", *TO_PRODUCTION)
    account.cohort("vips", "SELECT customer_id FROM customers WHERE customer_id = 'ann'")
    account.run("sync", *TO_PRODUCTION)
    assert members(account) == {"ann"}
    back = account.run("rollback", "vips", "--reason", "wrong people", *TO_PRODUCTION)
    assert back.code == 0
    assert "vips  rolled back" in back.out
    assert members(account) == {"ann", "bob"}
    assert account.run("sync", *TO_PRODUCTION).code == 0
    assert members(account) == {"ann", "bob"}
    assert "held until its definition changes" in account.run("status", *TO_PRODUCTION).out
    account.cohort("vips", "SELECT customer_id FROM customers WHERE customer_id <> 'ann'")
    assert account.run("sync", *TO_PRODUCTION).code == 0
    assert members(account) == {"bob"}
    assert account.run("rollback", "nobody", "--reason", "x", *TO_PRODUCTION).code == 64


def test_nothing_to_roll_back_to(account: Place) -> None:
    ready(account, "ann")
    account.run("sync", *TO_PRODUCTION)
    answer = account.run("rollback", "vips", "--reason", "x", *TO_PRODUCTION)
    assert (answer.code, answer.err.splitlines()[-1].split(" ")[0]) == (1, "A003")


def test_a_state_database_changed_by_mistake(account: Place) -> None:
    ready(account, "ann")
    account.run("sync", *TO_PRODUCTION)
    project(account, state="somewhere_else")
    lost = account.run("sync", *TO_PRODUCTION)
    assert (lost.code, lost.err.split(" ")[0]) == (9, "L006")
    second = account.run("bootstrap", *TO_PRODUCTION)
    assert (second.code, second.err.split(" ")[0]) == (9, "L010")
    assert "database cohort_runner holds a ledger that remembers workspace shop-us" in second.err


def test_an_old_tree_never_wins(account: Place) -> None:
    ready(account, "ann", "bob")
    old = commit(account, "old")
    account.run("sync", *TO_PRODUCTION)
    account.cohort("vips", "SELECT customer_id FROM customers WHERE customer_id = 'ann'")
    new = commit(account, "new")
    account.run("sync", *TO_PRODUCTION)
    subprocess.run([*GIT, "checkout", "-q", old], cwd=account.folder, check=True)
    refused = account.run("sync", *TO_PRODUCTION)
    assert (refused.code, refused.err.split(" ")[0]) == (8, "L008")
    assert members(account) == {"ann"}
    assert account.run("sync", *TO_PRODUCTION, "--allow", "rollback").code == 64
    allowed = account.run("sync", *TO_PRODUCTION, "--allow", "rollback", "--reason", "a bad release")
    assert (allowed.code, members(account)) == (0, {"ann", "bob"})
    subprocess.run([*GIT, "checkout", "-q", new], cwd=account.folder, check=True)
    assert account.run("sync", *TO_PRODUCTION).code == 0  # what is newer may always come


def test_a_shallow_clone_says_what_to_fetch(account: Place, tmp_path_factory: pytest.TempPathFactory) -> None:
    ready(account, "ann")
    commit(account, "one")
    account.run("sync", *TO_PRODUCTION)
    commit(account, "two")
    clone = tmp_path_factory.mktemp("clone")
    subprocess.run(["git", "clone", "-q", "--depth", "1", f"file://{account.folder}", clone], check=True)
    answer = replace(account, folder=clone).run("sync", *TO_PRODUCTION, "--refresh")
    assert (answer.code, answer.err.split(" ")[0]) == (8, "L009")
    assert "`fetch-depth: 0`" in answer.err


def test_a_protected_target_wants_a_yes(account: Place) -> None:
    ready(account, "ann")
    project(account, more="    protected: true\n")
    refused = account.run("sync", *TO_PRODUCTION, CI="")
    assert (refused.code, refused.err.split(" ")[0]) == (64, "P108")
    assert members(account) == set()
    assert account.run("sync", *TO_PRODUCTION, "--yes", CI="").code == 0
    assert account.run("sync", *TO_PRODUCTION, "--refresh", CI="true").code == 0


@pytest.mark.parametrize(
    ("change", "environment", "sick", "code"),
    [
        ({}, {"TD_API_KEY": "wrong"}, "key and site", 4),
        ({"url": "http://127.0.0.1:1"}, {}, "key and site", 5),
        ({"database": "shopp"}, {}, "database", 1),
        ({"connection": "braise"}, {}, "connection", 3),
        ({"state": "nowhere"}, {}, "state database", 9),
        ({}, {"TD_API_KEY": "sandbox-reading-key"}, "rights", 4),
    ],
)
def test_a_doctor_names_what_is_wrong(
    account: Place, change: dict[str, str], environment: dict[str, str], sick: str, code: int
) -> None:
    ready(account, "ann")
    project(account, **change)
    answer = account.run("doctor", *TO_PRODUCTION, **{"TD_API_KEY": KEY, "COHORTS_RETRY_SECONDS": "1"} | environment)
    assert (answer.code, [name for name, mark in marks(answer).items() if mark == "✗"]) == (code, [sick])
    assert answer.out.rstrip().endswith("it may be the cause of the others.")


OTHERS = "ledger_id, schema_version, row_id, epoch, sequence, workspace, cohort_id, time"


def test_a_doctor_asks_what_statements_mean(account: Place) -> None:
    ready(account, "ann")
    answer = account.run("doctor", *TO_PRODUCTION)
    assert (answer.code, "the text 'abc' gets the type varchar" in answer.out) == (0, True)
    left = account.sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'cohort_doctor%'")
    assert left == []
    account.sql("ALTER TABLE cohort_runner.cohort_ledger RENAME TO before")
    narrow = "CAST(event AS VARCHAR(9)) AS event, CAST(detail AS VARCHAR) AS detail"
    made = f"CREATE TABLE cohort_ledger AS SELECT {OTHERS}, {narrow} FROM before"
    with TreasureData(account.url, KEY, retry_seconds=5, job_seconds=20) as client:
        client.run("cohort_runner", made, key="narrow", scheduled_time=0, what="a ledger of before")
    told = account.run("doctor", *TO_PRODUCTION)
    assert (told.code, marks(told)["ledger columns"]) == (9, "✗")
    assert "L022 the ledger's columns are too narrow for its rows: event is varchar(9)" in told.out


@pytest.mark.parametrize(("match", "sick"), [("range_0", "time ranges"), ("COALESCE(time, 0)", "new tables")])
def test_a_doctor_whose_statement_fails(account: Place, match: str, sick: str) -> None:
    ready(account, "ann")
    account.fault("query", "fail", match=match, times=None)
    answer = account.run("doctor", *TO_PRODUCTION)
    assert (answer.code, [name for name, mark in marks(answer).items() if mark == "✗"]) == (1, [sick])
    left = account.sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'cohort_doctor%'")
    assert left == []


def test_a_doctor_where_settings_cannot_be_checked(tmp_path: Path) -> None:
    (tmp_path / "cohorts").mkdir()
    with running(Options(shop=None, connections=(("braze_cohorts", "shop-us"),), validates=Answer.FAIL)) as url:
        place = Place(tmp_path, url)
        place.sql("CREATE SCHEMA IF NOT EXISTS shop")
        project(place)
        assert marks(place.run("doctor", *TO_PRODUCTION))["setting names"] == "?"


def test_what_no_commit_has_is_on_record_as_such(account: Place) -> None:
    ready(account, "ann")
    commit(account, "one")
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=account.folder, capture_output=True, text=True, check=True
    ).stdout.strip()
    account.run("sync", *TO_PRODUCTION)
    account.cohort("vips", "SELECT customer_id FROM customers WHERE customer_id <> 'eve'")
    assert json.loads(account.run("plan", *TO_PRODUCTION, "-o", "json").out)["uncommitted"] is True
    account.run("sync", *TO_PRODUCTION)
    subprocess.run(["git", "stash", "-q"], cwd=account.folder, check=True)
    (account.folder / "notes.txt").write_text("not a file of cohorts")
    account.run("sync", *TO_PRODUCTION)
    told = account.run("history", *TO_PRODUCTION, "vips").out
    assert re.findall(rf"at ({head[:7]}\S*)", told) == [head[:7], f"{head[:7]}+uncommitted", head[:7]]
    records = json.loads(account.run("history", *TO_PRODUCTION, "vips", "-o", "json").out)["records"]
    assert [each["uncommitted"] for each in records] == [False, True, False]
    assert {each["commit"] for each in records} == {head}


@pytest.mark.parametrize(
    "name", ["cohorts/new.yml", "cohorts/NEW.YML", "cohorts/templates/part.sql", "cohorts/lists/ids.csv"]
)
def test_a_protected_target_gets_only_what_a_commit_has(account: Place, name: str) -> None:
    ready(account, "ann")
    project(account, more="    protected: true\n")
    commit(account, "one")
    (account.folder / ".gitignore").write_text("*.csv\n")
    file = account.folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text("id: new\n")
    refused = account.run("sync", *TO_PRODUCTION, "--yes")
    assert (refused.code, refused.err.split(" ")[0]) == (8, "L023")
    other = account.run("sync", *TO_PRODUCTION, "--yes", "--allow", "unreviewed", "--reason", "an outage")
    assert (other.code, other.err.split(" ")[0]) == (8, "L023")
    assert members(account) == set()
    allowed = account.run(
        "sync", *TO_PRODUCTION, "--yes", "--allow", "uncommitted", "--reason", "an outage", "-s", "vips"
    )
    assert members(account) == {"ann"}, allowed.err
    told = account.run("history", *TO_PRODUCTION, "vips").out
    assert "+uncommitted" in told
    assert "an outage" in told


def test_a_protected_target_gets_nothing_that_is_only_staged(account: Place) -> None:
    ready(account, "ann")
    project(account, more="    protected: true\n")
    commit(account, "one")
    account.cohort("vips", "SELECT customer_id FROM customers WHERE customer_id <> 'eve'")
    subprocess.run(["git", "add", "cohorts"], cwd=account.folder, check=True)
    refused = account.run("sync", *TO_PRODUCTION, "--yes")
    assert (refused.code, refused.err.split(" ")[0]) == (8, "L023")
