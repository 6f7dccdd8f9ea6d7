"""Schedules: what is due is refreshed, as of when a run began, by the server's clock; and what grew too old is told."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from runner.report.drift import COMPARED
from runner.sandbox.options import Options, Shop
from runner.sandbox.server import running
from tests.place import Place

ALL = "SELECT customer_id FROM customers"
SCHEMA = json.loads((Path(__file__).parents[2] / "schema" / "output.schema.json").read_text("utf-8"))
HOURLY = 'schedule: {cron: "0 * * * *", timezone: Europe/Berlin}\n'
AT_NEW_YEAR = 'schedule: {cron: "0 0 1 1 *", timezone: Europe/Berlin}\n'
YEARS_AWAY = 'schedule: {cron: "0 6 * 2 MON#5"}\n'
HOUR = 3_600


def published(text: str) -> dict[str, Any]:
    """JSON as it is published."""
    found: dict[str, Any] = json.loads(text)
    jsonschema.validate(found, SCHEMA)
    return found


def age(place: Place, seconds: int) -> None:
    """Make everything that the ledger remembers older."""
    place.sql(f"UPDATE cohort_runner.cohort_ledger SET time = time - {seconds}")
    for row, as_of in place.sql(
        "SELECT row_id, CAST(detail ->> 'as_of' AS BIGINT) FROM cohort_runner.cohort_ledger WHERE event = 'synced'"
    ):
        place.sql(
            f"UPDATE cohort_runner.cohort_ledger SET detail = regexp_replace(detail, '\"as_of\":[0-9]+', "
            f"'\"as_of\":{as_of - seconds}') WHERE row_id = '{row}'"
        )


def last(place: Place) -> tuple[int, int]:
    """The time that the newest success is as of, and when it was written."""
    found = place.sql(
        "SELECT CAST(detail ->> 'as_of' AS BIGINT), time FROM cohort_runner.cohort_ledger"
        " WHERE event = 'synced' ORDER BY epoch DESC, sequence DESC LIMIT 1"
    )
    return int(found[0][0]), int(found[0][1])


def test_only_what_is_due_is_refreshed(place: Place) -> None:
    place.cohort("vips", ALL, extra=AT_NEW_YEAR)
    place.cohort("rare", ALL, extra=YEARS_AWAY)
    place.cohort("plain", ALL)
    assert place.run("sync", "--due").code == 0
    age(place, 366 * 24 * HOUR)
    place.customers("ann", "bob")
    assert place.run("sync").out == "Nothing to do: 3 cohorts in Braze as wanted.\n"
    plan = place.run("plan", "--due", "--detailed-exitcode")
    due = r"  ↻ vips  refresh   Vips \(due since \d{4}-01-01 00:00 Europe/Berlin\)"
    assert (plan.code, len(re.findall(due, plan.out))) == (2, 1), plan.out
    assert plan.out.endswith(
        "1 to refresh, 2 unchanged.\nMembers not counted; `--members` counts who would enter and leave.\n"
    )
    done = place.run("sync", "--due")
    assert "✓ vips  refreshed  0 added, 1 removed, 2 qualify" in done.out
    assert (place.members("vips"), place.members("plain")) == ({"ann", "bob"}, {"ann", "bob", "eve"})
    assert place.run("sync", "--due").out == "Nothing to do: 3 cohorts in Braze as wanted.\n"
    assert "3 of 3 cohorts synced" in place.run("sync", "--due", "--refresh").out


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Place]:
    """A repository and a sandbox whose jobs take their time."""
    (tmp_path / "cohorts").mkdir()
    with running(Options(shop=Shop(customers=1, purchases=1), job_seconds=0.6)) as url:
        made = Place(tmp_path, url)
        made.project()
        made.customers("ann")
        yield made


def test_a_run_is_as_of_when_it_began(slow: Place) -> None:
    slow.cohort("vips", ALL, extra=HOURLY)
    assert slow.run("sync").code == 0
    as_of, written = last(slow)
    events = {event: int(at) for event, at in slow.sql("SELECT event, time FROM cohort_runner.cohort_ledger")}
    assert events["lease"] <= as_of <= events["intent"] < written - 1
    # as if the hour had been full in between
    on_the_hour = int(time.time()) // HOUR * HOUR
    age(slow, written - 1 - on_the_hour)
    assert last(slow)[0] < on_the_hour <= last(slow)[1]
    assert "1 to refresh" in slow.run("plan", "--due").out


def test_rows_of_earlier_versions_are_as_of_when_they_were_written(place: Place) -> None:
    place.cohort("vips", ALL, extra=HOURLY)
    place.run("sync")
    place.sql("UPDATE cohort_runner.cohort_ledger SET detail = regexp_replace(detail, '\"as_of\":[0-9]+,', '')")
    assert place.sql("SELECT COUNT(*) FROM cohort_runner.cohort_ledger WHERE contains(detail, 'as_of')") == [[0]]
    place.sql(f"UPDATE cohort_runner.cohort_ledger SET time = time - {2 * HOUR}")
    assert "1 to refresh" in place.run("plan", "--due").out


def test_what_was_rolled_back_is_held_whatever_its_schedule_says(place: Place) -> None:
    place.cohort("vips", ALL, extra=HOURLY)
    place.run("sync")
    age(place, 3 * HOUR)
    first, _ = last(place)
    place.customers("ann")
    place.cohort("vips", f"{ALL} WHERE spend > 1", extra=HOURLY)
    place.run("sync", "--allow", "max_removed:vips", "--reason", "a test")
    assert place.run("rollback", "vips", "--reason", "a mistake").code == 0
    assert last(place)[0] == first  # members of three hours ago
    held = "Nothing to do: 0 cohorts in Braze as wanted, 1 held after a rollback.\n"
    assert place.run("sync", "--due").out == held
    drift = place.run("drift", "--detailed-exitcode")
    assert (drift.code, drift.out) == (
        2,
        f"{COMPARED}\nTarget sandbox is not as wanted:\n  vips: held after a rollback\n",
    )
    assert place.members("vips") == {"ann", "bob", "eve"}
    told = published(place.run("status", "--output", "json").out)["cohorts"][0]
    assert (told["held"], told["due_at"], told["due"], told["action"]) == (True, None, False, "none")


def test_who_must_leave_every_cohort_leaves_a_suspended_one_by_its_schedule(place: Place) -> None:
    place.sql("CREATE TABLE shop.out (customer_id VARCHAR, time BIGINT)")
    place.project(extra="suppress: [{table: shop.out, identifiers: {external_id: customer_id}}]\n")
    place.cohort("vips", ALL, extra=AT_NEW_YEAR)
    place.run("sync")
    age(place, 366 * 24 * HOUR)
    began, _ = last(place)
    until = datetime.fromtimestamp(time.time() + 9 * 24 * HOUR, UTC).date()
    place.cohort("vips", ALL, extra=f"{AT_NEW_YEAR}suspend: {{reason: moving, until: {until}}}\n")
    place.sql("INSERT INTO shop.out VALUES ('ann', 1)")
    assert "Nothing to do" in place.run("sync").out
    assert "vips  held       0 added, 1 removed" in place.run("sync", "--due").out
    assert "Nothing to do" in place.run("sync", "--due").out
    assert place.members("vips") == {"bob", "eve"}
    told = published(place.run("status", "--output", "json").out)["cohorts"][0]
    assert told["as_of"] == datetime.fromtimestamp(began, UTC).isoformat()
    place.cohort("vips", ALL, extra=AT_NEW_YEAR)
    assert "1 to refresh" in place.run("plan", "--due").out


def test_a_schedule_alone_changes_nothing(place: Place) -> None:
    place.cohort("vips", ALL)
    place.run("sync")
    place.cohort("vips", ALL, extra=HOURLY + "max_age: 26h\n")
    assert place.run("sync").out == "Nothing to do: 1 cohort in Braze as wanted.\n"


def test_what_failed_is_retried_with_or_without_its_schedule(place: Place) -> None:
    place.cohort("vips", ALL, extra=YEARS_AWAY)
    place.run("sync")
    place.customers()
    assert place.run("sync", "--refresh").code == 6
    assert "! vips  retry" in place.run("plan", "--due").out


def test_status_tells_how_every_cohort_is(place: Place) -> None:
    place.cohort("fresh", ALL, extra='schedule: {cron: "0 6 29 2 *", timezone: Asia/Tokyo}\nmax_age: 26h\n')
    place.cohort("hourly", ALL, extra=HOURLY)
    place.cohort("failing", ALL, extra="max_age: 2d\n")
    place.cohort("hopeless", f"{ALL} WHERE spend < 0", extra="max_age: 90m\n")
    place.run("sync")
    age(place, 3 * HOUR)
    place.cohort("failing", f"{ALL} WHERE spend < 0", extra="max_age: 2d\n")
    place.run("sync", "--select", "failing")
    place.cohort("new", ALL)
    told = place.run("status")
    minute = r"20\d\d-\d\d-\d\d \d\d:\d\d"
    expected = rf"""COHORT    MEMBERS  AS OF \(UTC\)                   NEXT DUE              STATE
failing         3  {minute} \(3 h ago\)  next sync             to update
    query changed
    refused by guard G001 {minute} UTC \(just now\): nobody qualifies any more \(now 3 members\)
    owner: crm-team
fresh           3  {minute} \(3 h ago\)  20\d\d-02-29 06:00 JST  in sync
hopeless        -  -                             next sync             to create, STALE
    not in Braze yet
    refused by guard G001 {minute} UTC \(3 h ago\): nobody qualifies
    STALE: first tried 3 h ago, and its max_age is 90m
    owner: crm-team
hourly          3  {minute} \(3 h ago\)  now                   to refresh
    due since 20\d\d-\d\d-\d\d \d\d:00 Europe/Berlin
new             -  -                             next sync             to create
    not in Braze yet

1 of 5 cohorts stale.
"""
    squeezed, wanted = (re.sub(" {2,}", "  ", text) for text in (told.out, expected))
    assert re.fullmatch(wanted, squeezed), told.out
    assert max(map(len, told.out.splitlines())) <= 100
    assert told.code == 1
    assert place.run("status", "--exclude", "hopeless").code == 0


@pytest.mark.parametrize(("hours", "code"), [(25, 0), (27, 1)])
def test_the_exit_code_tells_of_stale_cohorts(place: Place, hours: int, code: int) -> None:
    place.cohort("vips", ALL, extra="max_age: 26h\n")
    place.cohort("any", ALL)
    place.run("sync")
    age(place, hours * HOUR)
    told = place.run("status")
    assert told.code == code
    assert told.out.count("STALE: older than its max_age of 26h") == code
    assert place.run("status", "--select", "any").code == 0


def test_status_for_programs_tells_all_of_it(place: Place) -> None:
    place.cohort("vips", ALL, extra=HOURLY + "max_age: 1h\n")
    place.cohort("gone", ALL)
    place.run("sync")
    age(place, 2 * HOUR)
    place.fault("braze", "status:400", match="users")
    (place.folder / "cohorts" / "gone.yml").unlink()
    place.run("sync")
    answer = place.run("status", "--output", "json")
    assert answer.code == 1
    read = published(answer.out)
    as_of, _ = last(place)
    gone, vips = read["cohorts"]
    assert (gone["action"], gone["pending"], gone["stale"], gone["due_at"]) == ("withdraw", True, False, None)
    assert gone["failure"]
    assert datetime.fromisoformat(gone["failed_at"]) <= datetime.fromisoformat(read["now"])
    assert (vips["action"], vips["due"], vips["stale"], vips["max_age"], vips["held"], vips["pending"]) == (
        "refresh",
        True,
        True,
        HOUR,
        False,
        False,
    )
    assert vips["schedule"] == {"cron": "0 * * * *", "timezone": "Europe/Berlin"}
    assert vips["as_of"] == datetime.fromtimestamp(as_of, UTC).isoformat()
    assert datetime.fromisoformat(vips["due_at"]).timestamp() == as_of // HOUR * HOUR + HOUR
    assert vips["due_at"].endswith(("+01:00", "+02:00"))


def test_status_before_anything_was_synced(place: Place) -> None:
    place.cohort("vips", ALL, extra=HOURLY + "max_age: 1m\n")
    answer = place.run("status", "--output", "json")
    assert answer.code == 0
    read = published(answer.out)
    assert (read["cohorts"][0]["stale"], read["cohorts"][0]["due"]) == (False, False)
