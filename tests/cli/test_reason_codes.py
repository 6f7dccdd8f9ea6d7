"""Every answer in JSON that gives reasons in words has their codes beside them, in the same order."""

from __future__ import annotations

import json
from typing import Any

from tests.cli.test_json import read
from tests.place import Place
from tests.repositories import Repository

SPENDERS = "SELECT customer_id FROM customers WHERE spend > {{ vip_spend }}"


def codes(told: Any, key: str = "changes") -> dict[str, list[str]]:
    """The codes by cohort; there is one for each reason."""
    assert [each for each in told[key] if len(each["reasons"]) != len(each["reason_codes"])] == []
    return {each["id"]: each["reason_codes"] for each in told[key]}


def test_a_cohort_from_its_first_plan_to_the_last_sync(place: Place) -> None:
    place.cohort("spenders", SPENDERS)
    plan = read(place.run("plan", "-o", "json"), "plan")
    assert codes(plan) == {"spenders": ["not_in_braze"]}
    assert plan["changes"][0]["reasons"] == ["not in Braze yet"]
    assert codes(read(place.run("sync", "-o", "json"), "sync")) == {"spenders": ["not_in_braze"]}
    assert codes(read(place.run("status", "-o", "json"), "status"), "cohorts") == {"spenders": ["unchanged"]}
    place.cohort("spenders", SPENDERS, name="Other name")
    assert codes(read(place.run("drift", "-o", "json"), "drift")) == {"spenders": ["name_changed"]}
    (place.folder / "cohorts" / "spenders.yml").unlink()
    place.cohort("everybody", "SELECT customer_id FROM customers")
    assert codes(read(place.run("plan", "-o", "json"), "plan")) == {
        "everybody": ["not_in_braze"],
        "spenders": ["file_gone"],
    }


def test_a_guard_that_refused_is_told_by_its_code(place: Place) -> None:
    place.cohort("spenders", SPENDERS, extra="guards: {max_members: 1}\n")
    assert place.run("sync").code == 6
    told = read(place.run("status", "-o", "json"), "status")
    assert codes(told, "cohorts") == {"spenders": ["not_in_braze", "refused_by_guard"]}


def test_a_cause_around_a_cohort_has_a_code_in_plans_and_reviews(place: Place) -> None:
    place.cohort("spenders", SPENDERS)
    Repository.begun(place.folder).commit()
    file = place.folder / "cohorts" / "project.yml"
    file.write_text(file.read_text().replace("vip_spend: 100", "vip_spend: 250"))
    expected = {"spenders": ["query_changed", "variable_changed"]}
    plan = place.run("plan", "--offline", "--base", "HEAD", "-o", "json", TD_API_KEY="")
    assert codes(read(plan, "plan")) == expected
    answer = place.run("review", "--base", "HEAD", "--target", "sandbox", "-o", "json", TD_API_KEY="")
    [reviewed] = read(answer, "review")["plans"]
    assert codes(reviewed) == expected


def test_a_cohort_whose_file_cannot_be_read_has_none(place: Place) -> None:
    place.cohort("spenders", SPENDERS)
    assert place.run("sync").code == 0
    (place.folder / "cohorts" / "spenders.yml").write_text("id: spenders\n")
    place.cohort("everybody", "SELECT customer_id FROM customers")
    told = read(place.run("status", "-o", "json"), "status")
    assert codes(told, "cohorts") == {"everybody": ["not_in_braze"], "spenders": []}


def test_a_plan_saved_before_there_were_codes_is_read(place: Place) -> None:
    place.cohort("spenders", SPENDERS)
    assert place.run("plan", "--out", "plan.json").code == 0
    file = place.folder / "plan.json"
    saved = json.loads(file.read_text("utf-8"))
    for change in saved["changes"]:
        assert change.pop("reason_codes") == ["not_in_braze"]
    file.write_text(json.dumps(saved), "utf-8")
    assert place.run("sync", "--plan", "plan.json").code == 0
    assert place.members("spenders") == {"ann", "bob", "eve"}
