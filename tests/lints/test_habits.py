"""What people write who mean something else is told with what they meant."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from runner.files import habits
from tests.place import Place

PROJECT = Path(__file__).parents[1] / "rules" / "project.yml"


@pytest.fixture
def files(tmp_path: Path) -> Place:
    (tmp_path / "cohorts").mkdir()
    shutil.copy(PROJECT, tmp_path / "cohorts" / "project.yml")
    return Place(tmp_path, "http://127.0.0.1:1")


def told(place: Place, condition: str, *, more: str = "") -> list[str]:
    """What `validate` says of a cohort with one condition, without its own name."""
    text = f"id: one\nname: One\naudience:\n  from: customers\n{more}  where:\n    all:\n      - {condition}\n"
    (place.folder / "cohorts" / "one.yml").write_text(text, "utf-8")
    answer = place.run("validate")
    return [line for line in answer.out.splitlines() if "cohorts/one.yml" in line and " N001 " not in line]


@pytest.mark.parametrize(
    ("condition", "fix"),
    [
        ("{column: country, equals: [DE, AT]}", "write `in:` before this list"),
        ("{column: country, not_equals: [DE, AT]}", "write `not_in:` before this list"),
        ('{column: lifetime_value, gt: "200"}', "write 200, without quotes"),
        ('{column: lifetime_value, gt: "-2.5"}', "write -2.5, without quotes"),
        ('{column: lifetime_value, ">": 200}', "perhaps you meant `gt`"),
        ("{column: lifetime_value, greater_than: 200}", "perhaps you meant `gt`"),
        ("{or: [{column: lifetime_value, gt: 200}]}", "perhaps you meant `any`"),
        ("{not: [{column: lifetime_value, gt: 200}]}", "perhaps you meant `none`"),
        ("{event: purchases, count: 3}", "write `count: {equals: 3}`"),
        ("{event: purchases, within: 30}", "write 30d"),
        ("{event: purchases, within: 60 days}", "write 60d"),
        ("{event: purchases, within: 2m}", "write 60d"),
        ("{event: purchases, within: 2 weeks}", "write 2w"),
        ("{column: birthday, before: 31.12.1990}", "write 1990-12-31"),
        ("{column: birthday, before: 1990/12/31}", "write 1990-12-31"),
        ("{column: birthday, before: 1990.12.31}", "write 1990-12-31"),
        ("{event: customers, within: 30d}", "it has a `key`, so ask for its columns with `column`, or use one of"),
        ("{column: country, anniversary_within_next: 7d}", "declare it as `date` in cohorts/project.yml"),
        ("{column: lifetime_value, gte: 1,000}", "`1,000` in braces is the number 1 and a name 000; write 1000"),
        ("{column: lifetime_value, gte: 1.000,50}", "if it is the end of a number such as 1.000,50, write 1000.50"),
        ("{cohort: oen}", "there is no"),
    ],
)
def test_what_was_meant_is_the_fix(files: Place, condition: str, fix: str) -> None:
    [line] = told(files, condition)
    assert fix in line
    assert not line.startswith("warning")


@pytest.mark.parametrize(
    ("condition", "what"),
    [
        ("{column: lifetime_value, gte: 1.500}", "1.500 is 1.5 here: the point is a decimal point; write 1500, or 1.5"),
        (
            "{column: lifetime_value, gte: -1.500}",
            "-1.500 is -1.5 here: the point is a decimal point; write -1500, or -1.5",
        ),
        ("{event: purchases, count: {gte: 1.000}}", "1.000 is 1 here: the point is a decimal point; write 1000, or 1"),
        ("{column: country, equals: “DE”}", "the curly quotes are a part of this text"),
        ("{column: country, in: [AT, „DE“]}", "the curly quotes are a part of this text"),
        ("{column: country, equals: ‚DE‘}", "the curly quotes are a part of this text"),
        ("{column: country, equals: «DE»}", "the curly quotes are a part of this text"),
        ("{column: birthday, within_next: 7d}", "write `anniversary_within_next`"),
    ],
)
def test_two_readings_are_a_warning(files: Place, condition: str, what: str) -> None:
    [line] = told(files, condition)
    assert line.startswith("warning: cohorts/one.yml:")
    assert f" N013 {what}" in line or f"; {what}" in line


@pytest.mark.parametrize(
    "condition",
    [
        "{column: lifetime_value, gte: 1.5}",
        "{column: lifetime_value, gte: 1500}",
        "{column: lifetime_value, gte: 0.25}",
        "{column: lifetime_value, gte: 1500.250}",
        "{column: lifetime_value, gte: 1.5000}",
        '{column: country, equals: "1.500"}',
        "{column: country, equals: “DE}",
        "{column: birthday, anniversary_within_next: 7d}",
    ],
)
def test_what_has_one_reading_is_not_told(files: Place, condition: str) -> None:
    assert told(files, condition) == []


@pytest.mark.parametrize("name", ["date_of_birth", "dob", "bday"])
def test_a_day_of_birth_has_several_names(files: Place, name: str) -> None:
    project = files.folder / "cohorts" / "project.yml"
    declared = project.read_text("utf-8").replace("birthday: date", f"birthday: date\n      {name}: date", 1)
    project.write_text(declared, "utf-8")
    [line] = told(files, f"{{column: {name}, within_next: 7d}}")
    assert "write `anniversary_within_next`" in line


def test_a_whole_number_with_a_point_is_an_error(files: Place) -> None:
    condition = "{column: country, equals: DE}"
    [line] = told(files, condition, more="  top: {by: lifetime_value, limit: 1.000}\n")
    assert line.endswith("`audience.top.limit` must be a whole number, but 1.000 has a decimal point; write 1000, or 1")
    assert told(files, condition, more="  top: {by: lifetime_value, limit: 5.0}\n") == []


def test_where_beside_the_audience(files: Place) -> None:
    text = "id: one\nname: One\naudience: {from: customers}\nwhere: {column: country, equals: DE}\n"
    (files.folder / "cohorts" / "one.yml").write_text(text, "utf-8")
    answer = files.run("validate")
    assert 'cohorts/one.yml:4:1 S001 unknown name "where"; indent it, so that it stands inside `audience`' in answer.out


def test_no_value_of_a_list_is_told(files: Place) -> None:
    [line] = told(files, "{column: email, equals: [ann@example.com]}")
    assert "ann@" not in line


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("90", ""),
        (90, "90d"),
        (0, ""),
        (-3, ""),
        ("1 year", "365d"),
        ("3 Months", "90d"),
        ("2m", "60d"),
        ("48 hours", "48h"),
        ("0 days", ""),
        ("30 minutes", ""),
        ("5 dogs", ""),
        (True, ""),
        ("soon", ""),
    ],
)
def test_lengths_of_time(given: object, meant: str) -> None:
    assert habits.length(given) == meant


def test_a_day_that_does_not_exist_is_not_proposed() -> None:
    assert habits.day("31.02.1990") == ""
    assert habits.day("12/31/1990") == ""


def test_a_value_that_a_column_never_holds(files: Place) -> None:
    project = files.folder / "cohorts" / "project.yml"
    declared = project.read_text("utf-8").replace("country: text", "country: {type: text, values: [US, CA]}", 1)
    project.write_text(declared, "utf-8")
    what = "country never holds this value, by its declaration"
    for condition in ("{column: country, equals: USA}", "{column: country, in: [CA, USA]}"):
        [line] = told(files, condition)
        assert line.endswith(f"C027 {what}; perhaps you meant US, or add the value to `values` in cohorts/project.yml")
    [line] = told(files, "{column: country, not_equals: Mars}")
    assert "; use one of: US, CA, or add" in line
    assert told(files, "{column: country, in: [US, CA]}") == []


def test_a_number_that_a_column_never_holds(files: Place) -> None:
    project = files.folder / "cohorts" / "project.yml"
    closed = "lifetime_value: {type: number, values: [1, 2]}"
    project.write_text(project.read_text("utf-8").replace("lifetime_value: number", closed, 1), "utf-8")
    for condition in ("{column: lifetime_value, equals: 3}", "{column: lifetime_value, between: [1, 3]}"):
        [line] = told(files, condition)
        assert line.endswith("; use one of: 1, 2, or add the value to `values` in cohorts/project.yml")
    assert told(files, "{column: lifetime_value, in: [1, 2]}") == []


def test_an_editor_offers_declared_values_where_every_source_declares_them(files: Place) -> None:
    project = files.folder / "cohorts" / "project.yml"
    before = project.read_text("utf-8")
    closed = "country: {type: text, values: [US, CA]}"
    project.write_text(before.replace("country: text", closed, 1), "utf-8")
    offered = json.loads(files.run("schema", "cohort", "--project").out)["$defs"]["rule"]["allOf"][-1]
    assert "country" not in json.dumps(offered), "the column of another source is open"
    project.write_text(before.replace("country: text", closed), "utf-8")
    offered = json.loads(files.run("schema", "cohort", "--project").out)["$defs"]["rule"]["allOf"][-1]
    assert offered["if"]["properties"] == {"column": {"const": "country"}}
    assert offered["then"]["properties"]["in"] == {"items": {"enum": ["US", "CA"]}}
