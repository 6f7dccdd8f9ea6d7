"""One run tells everything that is wrong with a file, in the order of its lines."""

from __future__ import annotations

import re

import pytest
from tests.place import Place

HEAD = "id: one\nname: One\n"


def told(place: Place, text: str) -> list[str]:
    """The places and codes of all that `validate` says of the file."""
    (place.folder / "cohorts" / "one.yml").write_text(HEAD + text, "utf-8")
    answer = place.run("validate")
    assert answer.code == 3
    return re.findall(r"cohorts/one\.yml:(\d+:\d+ [A-Z]\d{3})", answer.out)


def test_a_bad_cron_a_zone_a_past_day_and_a_star(place: Place) -> None:
    text = (
        "schedule: {cron: '5 0 * *', timezone: Europe/Berln}\nexpires: 2020-01-01\naudience:\n  sql: SELECT * FROM t\n"
    )
    assert told(place, text) == ["4:10 W002", "3:18 S005", "3:39 S012", "6:15 Q005"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("owner: 12\naudience: {sql: SELECT nothing FROM customers}\n", ["3:8 S003", "4:17 Q007"]),
        (
            "tags: x\nsuspend: {until: 2026-02-31, reason: holidays}\naudience: {sql: SELEC 1}\n",
            ["3:7 S003", "4:18 D020", "5:17 Q002"],
        ),
        ("mode: miror\naudience: {sql: SELECT customer_id FROM customers}\n", ["3:7 S004"]),
        ("identifiers: {}\naudience: {sql: SELECT customer_id FROM customers}\n", ["3:14 S006"]),
        ("shedule: {}\nexpires: 2026-02-31\naudience: {}\n", ["3:1 S001", "4:10 D020", "5:11 S008"]),
    ],
)
def test_faults_of_several_kinds(place: Place, text: str, codes: list[str]) -> None:
    assert told(place, text) == codes


def test_what_is_told_of_a_bad_file_keeps_it_out(place: Place) -> None:
    place.cohort("good", "SELECT customer_id FROM customers")
    told(place, "owner: 12\naudience: {sql: SELECT customer_id FROM customers}\n")
    answer = place.run("plan")
    assert answer.code == 7
    assert "good" in answer.out
    assert "+ one" not in answer.out
