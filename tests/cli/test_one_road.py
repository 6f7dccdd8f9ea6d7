"""A review refuses what the sync would refuse: for each reason, `plan --members` and `sync` say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import runner
from tests.cli.test_lost_snapshots import lose
from tests.cli.test_max_lag import HOUR, SOURCES, orders
from tests.place import Place

ALL = "SELECT customer_id FROM customers"
ONE = f"{ALL} WHERE customer_id = 'ann'"
NOBODY = f"{ALL} WHERE 1 = 0"
LIST = "suppress: [{table: shop.out, identifiers: {external_id: customer_id}}]\n"
BOTH = "identifiers: {external_id: customer_id, aliases: {email: email}}\n"

CODE = re.compile(r'"([A-Z]\d{3})"')

JUDGES = ("plan/guards.py", "plan/moves.py", "sync/reasons.py", "sync/snapshots.py", "sync/loaded.py", "sync/ways.py")
"""Where a reason can be: a new one needs a case here."""

OF_THE_RUN = frozenset({"P101", "P105"})
"""Reasons that stop the whole run: the error of the command."""


def changed(place: Place, sql: str, *, guards: str = "", before: str = ALL) -> None:
    """A cohort that was synced, and is another now."""
    place.cohort("vips", before)
    assert place.run("sync").code == 0
    place.cohort("vips", sql, extra=f"guards: {{{guards}}}\n" if guards else "")


def too_few(place: Place) -> None:
    changed(place, ONE, guards="min_members: 2, max_removed: 100%")


def too_many(place: Place) -> None:
    place.cohort("vips", ALL, extra="guards: {max_members: 2}\n")


def too_much_written(place: Place) -> None:
    place.cohort("vips", ALL, extra="guards: {max_written_per_month: 2}\n")


def unusable(place: Place) -> None:
    sql = f"SELECT CASE WHEN customer_id = 'ann' THEN customer_id END AS customer_id FROM ({ALL}) AS everybody"
    place.cohort("vips", sql, extra="guards: {max_invalid: 10%}\n")


def fractions(place: Place) -> None:
    place.cohort("vips", f"SELECT 1.5E0 AS customer_id FROM ({ALL}) AS everybody")


def two_spellings(place: Place) -> None:
    sql = "SELECT customer_id FROM (VALUES 'Ann', 'ann') AS people (customer_id)"
    place.cohort("vips", sql, extra="identifiers: {external_id: {column: customer_id, normalize: lower}}\n")


def not_loaded(place: Place) -> None:
    place.project(extra=SOURCES)
    orders(place, 27 * HOUR, "ann")
    place.cohort("vips", "SELECT customer_id FROM shop.orders")


def moved(place: Place) -> None:
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "vips.yml").unlink()
    place.cohort("best", ALL)


def lost(place: Place) -> None:
    changed(place, ONE, guards="max_removed: 100%")
    lose(place, "synced")


def uncovered(place: Place) -> None:
    place.sql("ALTER TABLE shop.customers ADD COLUMN email VARCHAR")
    place.sql("UPDATE shop.customers SET email = customer_id || '@x'")
    place.sql("CREATE TABLE shop.out (customer_id VARCHAR, time BIGINT)")
    people = "SELECT customer_id, email FROM customers"
    place.cohort("vips", people, extra=f"mode: add\n{BOTH}")
    assert place.run("sync").code == 0
    place.project(extra=LIST)
    place.cohort("vips", people, extra="mode: add\n")


def no_connection(place: Place) -> None:
    place.cohort("vips", ALL)
    place.project(connection="nowhere")


def another_name(place: Place) -> None:
    place.cohort("vips", ALL)
    assert place.run("sync").code == 0
    path = place.folder / "cohorts" / "project.yml"
    path.write_text(path.read_text().replace("workspace: sandbox", "workspace: playground"))


CASES: Mapping[str, Callable[[Place], None]] = {
    "G001": lambda place: changed(place, NOBODY),
    "G002": too_many,
    "G003": lambda place: changed(place, ONE, guards="max_removed: 0"),
    "G004": lambda place: changed(place, ALL, guards="max_added: 0", before=ONE),
    "G006": fractions,
    "G007": two_spellings,
    "G008": too_few,
    "G009": unusable,
    "G010": moved,
    "G011": not_loaded,
    "G012": too_much_written,
    "L013": lost,
    "P101": no_connection,
    "P105": another_name,
    "R043": uncovered,
}


def told_by(place: Place, *command: str) -> tuple[str, str, str]:
    """The code, the words and the cure of the first thing that stops a cohort, or the run."""
    answer = place.run(*command, "--output", "json")
    shown = json.loads(answer.out)
    if shown.get("error"):
        error = shown["error"]
        return error["code"], error["what"], error["fix"]
    found: list[dict[str, Any]] = []
    for change in shown.get("outcomes") or shown["changes"]:
        found += [change.get("error"), change.get("uncounted"), *change.get("refusals", ())]
    first = next(each for each in found if each)
    return first["code"], first["what"], first["fix"]


@pytest.mark.parametrize("code", CASES)
def test_a_review_refuses_what_the_sync_refuses(place: Place, code: str) -> None:
    CASES[code](place)
    reviewed = told_by(place, "plan", "--members")
    assert reviewed[0] == code
    assert told_by(place, "sync") == reviewed


@pytest.mark.parametrize(
    "command", [("plan",), ("status",), ("drift",), ("sync",), ("rollback", "vips", "--reason", "because")]
)
def test_a_workspace_of_another_name_is_refused_by_every_command(place: Place, command: tuple[str, ...]) -> None:
    another_name(place)
    answer = place.run(*command)
    assert (answer.code, "P105" in answer.err) == (3, True), answer


def test_a_key_that_may_not_look_connections_up_counts_all_the_same(place: Place) -> None:
    place.cohort("vips", ALL)
    place.fault("request", "status:403", match="connections/lookup", times=None)
    plan = place.run("plan", "--members")
    assert (plan.code, "0 now → 3" in plan.out) == (0, True), plan
    assert place.struck() == 1


def test_every_reason_has_a_case() -> None:
    folder = Path(runner.__file__).parent
    known = {code for name in JUDGES for code in CODE.findall((folder / name).read_text(encoding="utf-8"))}
    assert known | OF_THE_RUN == set(CASES)
