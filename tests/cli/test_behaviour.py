"""docs/behaviour.md, line by line: what becomes of a person, by mode and event."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from runner import codes
from runner.plan.guards import GUARDS
from runner.plan.overrides import OF_COHORTS, OF_RUNS
from runner.project.file import Guards, Limit
from tests.cli.test_life import day
from tests.cli.test_modes import others_add, spend
from tests.cli.test_suppression import TABLE, out
from tests.place import Place

PAGE = (Path(__file__).parents[2] / "docs" / "behaviour.md").read_text("utf-8")
MODES, CODES = PAGE.split("## Guards")
ALL = "SELECT customer_id FROM customers WHERE spend >= 100"
WIDE = "guards: {max_removed: 100%, allow_empty: true}\n"

Story = Callable[[Place, str], tuple[bool, bool]]
"""Plays an event in a mode; whether the person was in the cohort before it, and is after it."""


def table(text: str) -> list[list[str]]:
    """The rows of a Markdown table, without its head."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return rows[2:]


def write(place: Place, mode: str, *, sql: str = ALL, extra: str = WIDE, cohort: str = "vips") -> None:
    place.cohort(cohort, sql, extra=f"mode: {mode}\n{extra}")


def seen(place: Place, *, cohort: str = "vips") -> bool:
    """Whether ann is in the cohort."""
    return "ann" in place.members(cohort)


def sync(place: Place, *more: str) -> None:
    answer = place.run("sync", *more)
    assert answer.code in (0, 6, 7), answer.out + answer.err


def let_in(place: Place, mode: str, *names: str) -> None:
    """These qualify and are in the cohort, let in as a mirror; then it has its mode."""
    spend(place, *names)
    write(place, "mirror")
    sync(place)
    write(place, mode)


def qualifying(place: Place, mode: str) -> tuple[bool, bool]:
    others_add(place, "vips", "eve", *(["ann"] if mode == "remove" else []))
    spend(place, "bob")
    write(place, mode)
    sync(place)
    before = seen(place)
    spend(place, "ann", "bob")
    sync(place, "--refresh")
    return before, seen(place)


def no_longer_qualifying(place: Place, mode: str) -> tuple[bool, bool]:
    if mode == "remove":
        others_add(place, "vips", "ann", "eve")
    spend(place, "ann", "bob")
    write(place, mode)
    sync(place)
    before = seen(place)
    spend(place, "bob")
    sync(place, "--refresh")
    return before, seen(place)


def put_in_by_another(place: Place, mode: str, *, qualifies: bool = False) -> tuple[bool, bool]:
    others_add(place, "vips", "ann")
    spend(place, "bob", *(["ann"] if qualifies else []))
    write(place, mode)
    before = seen(place)
    sync(place)
    return before, seen(place)


def suppressed(place: Place, mode: str, *, extra: str = WIDE, sql: str = ALL, others: bool = True) -> tuple[bool, bool]:
    out(place)
    place.project(extra=TABLE)
    spend(place, "ann", "bob")
    write(place, "mirror")
    sync(place)
    spend(place, *(["bob", "eve"] if others else []))
    write(place, mode, extra=extra, sql=sql)
    before = seen(place)
    out(place, "ann")
    sync(place, "--refresh")
    return before, seen(place)


def suspended(place: Place, mode: str, *, begins: bool) -> tuple[bool, bool]:
    others_add(place, "vips", "eve", *(["ann"] if mode == "remove" else []))
    spend(place, "bob", *([] if begins else ["ann"]))
    write(place, mode)
    sync(place)
    before = seen(place)
    write(place, mode, extra=f"{WIDE}suspend: {{reason: moving, until: {day(9)}}}\n")
    spend(place, "bob", *(["ann"] if begins else []))
    sync(place, "--refresh")
    return before, seen(place)


def guarded(place: Place, mode: str) -> tuple[bool, bool]:
    others_add(place, "vips", "ann", "eve")
    spend(place, "ann", "bob")
    write(place, mode)
    sync(place)
    before = seen(place)
    spend(place, "bob")
    write(place, mode, extra="guards: {min_members: 100}\n")
    assert place.run("sync", "--refresh").code == 6
    return before, seen(place)


def gone(place: Place, mode: str, *, how: str) -> tuple[bool, bool]:
    let_in(place, mode, "ann", "bob")
    before = seen(place)
    if how == "expires":
        write(place, mode, extra=f"{WIDE}expires: {day(-1)}\n")
    else:
        (place.folder / "cohorts" / "vips.yml").unlink()
        place.cohort("other", "SELECT customer_id FROM purchases")
    if how == "broken":
        (place.folder / "cohorts" / "bad.yml").write_text("id: [", encoding="utf-8")
    sync(place)
    return before, seen(place)


def come_back(place: Place, mode: str) -> tuple[bool, bool]:
    gone(place, mode, how="removed")
    before = seen(place)
    write(place, mode)
    sync(place)
    return before, seen(place)


def moved(place: Place, mode: str, *, look_at: str) -> tuple[bool, bool]:
    let_in(place, mode, "ann", "bob")
    before = seen(place, cohort=look_at)
    (place.folder / "cohorts" / "vips.yml").unlink()
    if mode == "remove":
        others_add(place, "best", "eve")
    write(place, mode, cohort="best", extra=f"{WIDE}previous_id: vips\n")
    sync(place)
    return before, seen(place, cohort=look_at)


def workspace_changed(place: Place, mode: str) -> tuple[bool, bool]:
    let_in(place, mode, "ann", "bob")
    before = seen(place)
    place.sql("ALTER TABLE shop.customers ADD COLUMN email VARCHAR")
    place.sql("ALTER TABLE shop.customers ADD COLUMN device_id VARCHAR")
    place.ask("POST", "connections", {"name": "braze_eu", "workspace": "eu"})
    text = (place.folder / "cohorts" / "project.yml").read_text("utf-8")
    text = text.replace("workspace: sandbox", "workspace: eu").replace("connection: braze", "connection: braze_eu")
    (place.folder / "cohorts" / "project.yml").write_text(text, "utf-8")
    place.run("sync")  # mode remove has no cohort to take people out of there
    return before, seen(place)


def nobody_found(place: Place, mode: str) -> tuple[bool, bool]:
    if mode == "remove":
        others_add(place, "vips", "ann", "eve")
    spend(place, "ann")
    write(place, mode, extra="")
    sync(place)
    before = seen(place)
    spend(place)
    place.run("sync", "--refresh")
    return before, seen(place)


def mode_changed(place: Place, mode: str, *, qualifies: bool) -> tuple[bool, bool]:
    let_in(place, mode, "ann", "bob")
    before = seen(place)
    spend(place, "bob", *(["ann"] if qualifies else []))
    sync(place, "--refresh")
    return before, seen(place)


def known_later(place: Place, mode: str) -> tuple[bool, bool]:
    place.ask("DELETE", "users", {"users": [{"external_id": "ann"}]})
    others_add(place, "vips", "eve")
    spend(place, "ann", "bob")
    write(place, mode)
    sync(place)
    before = seen(place)
    place.ask("POST", "users", {"users": [{"external_id": "ann"}]})
    place.advance(hours=25)
    sync(place, "--refresh")
    return before, seen(place)


def cut_off(place: Place, mode: str) -> tuple[bool, bool]:
    others_add(place, "vips", "eve", *(["ann"] if mode == "remove" else []))
    spend(place, "ann")
    write(place, mode)
    before = seen(place)
    place.fault("export", "fail")
    assert place.run("sync").code == 1
    sync(place)
    return before, seen(place)


STORIES: dict[str, Story] = {
    "somebody starts to qualify": qualifying,
    "somebody stops to qualify": no_longer_qualifying,
    "somebody was put in by another tool": put_in_by_another,
    "somebody whom another tool put in qualifies": lambda place, mode: put_in_by_another(place, mode, qualifies=True),
    "`suppress` comes to name somebody": suppressed,
    "suspended: somebody starts to qualify": lambda place, mode: suspended(place, mode, begins=True),
    "suspended: somebody stops to qualify": lambda place, mode: suspended(place, mode, begins=False),
    "suspended: `suppress` comes to name somebody": lambda place, mode: suppressed(
        place, mode, extra=f"{WIDE}suspend: {{reason: moving, until: {day(9)}}}\n"
    ),
    "a guard stops the cohort: somebody stops to qualify": guarded,
    "a guard stops the cohort: `suppress` comes to name somebody": lambda place, mode: suppressed(
        place, mode, extra="guards: {min_members: 100}\n"
    ),
    "the cohort expires": lambda place, mode: gone(place, mode, how="expires"),
    "its file is removed": lambda place, mode: gone(place, mode, how="removed"),
    "its file is removed, and another file cannot be read": lambda place, mode: gone(place, mode, how="broken"),
    "its file comes back": come_back,
    "it is moved by `previous_id`: in the old cohort": lambda place, mode: moved(place, mode, look_at="vips"),
    "it is moved by `previous_id`: in the new cohort": lambda place, mode: moved(place, mode, look_at="best"),
    "the target's workspace is changed: in the old one": workspace_changed,
    "the query finds nobody": nobody_found,
    "the mode was `mirror` until now, somebody qualifies": lambda place, mode: mode_changed(
        place, mode, qualifies=True
    ),
    "the mode was `mirror` until now, somebody qualifies no longer": lambda place, mode: mode_changed(
        place, mode, qualifies=False
    ),
    "Braze comes to know somebody who qualifies (a day later)": known_later,
    "an earlier sync was cut off before somebody was sent": cut_off,
}

WORDS = {
    (False, True): {"enters"},
    (True, False): {"leaves", "is taken out"},
    (True, True): {"stays"},
    (False, False): {"stays out"},
}


def test_every_event_of_the_page_is_played() -> None:
    assert [row[0] for row in table(MODES)] == list(STORIES)


@pytest.mark.parametrize("mode", ["mirror", "add", "remove"])
@pytest.mark.parametrize("row", table(MODES), ids=lambda row: row[0])
def test_it_happens_as_the_page_says(place: Place, row: list[str], mode: str) -> None:
    said = row[1 + ["mirror", "add", "remove"].index(mode)]
    assert said in WORDS[STORIES[row[0]](place, mode)]


def limit(value: Limit, of: str) -> str:
    assert value.percent == Decimal(value.percent or 0)
    return f"{value.percent}% and {value.count:,} {of}"


def test_the_guards_of_the_page_are_those_of_the_code() -> None:
    rows = {row[0].strip("`"): row for row in table(CODES)}
    assert sorted(rows) == sorted(GUARDS)
    usual = Guards(max_members=1)
    assert rows["max_removed"][2] == limit(usual.max_removed, "members")
    assert rows["max_added"][2] == limit(usual.max_added, "members")
    assert rows["max_invalid"][2] == limit(usual.max_invalid, "rows")
    assert (rows["allow_empty"][2], rows["min_members"][2]) == (str(usual.allow_empty).lower(), str(usual.min_members))
    source = (Path(__file__).parents[2] / "runner" / "plan" / "guards.py").read_text("utf-8")
    broken = set(re.findall(r'guard="(\w+)",\s+code="(G\d+)"', source))
    assert {(name, row[3]) for name, row in rows.items()} == broken


def test_what_may_be_allowed_is_on_the_pages_as_in_the_code() -> None:
    _, _, listed = CODES.partition("WHAT is one of")
    listed, _, _ = listed.partition("\n\n")
    named = re.findall(r"`([\w:]+)`", listed)
    assert sorted(named) == sorted([*(f"{name}:COHORT" for name in OF_COHORTS), *OF_RUNS])
    of_cohorts, _, of_runs = codes.known()["P107"].cure.partition("Without:")
    assert re.findall(r"`(\w+)`", of_cohorts) == [*OF_COHORTS]
    assert re.findall(r"`(\w+)`", of_runs) == [*OF_RUNS]
