"""The published JSON Schema refuses what the reader of rules refuses, and takes what it takes."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from runner.files import schemas
from tests.place import Place

HERE = Path(__file__).parent
BROKEN = sorted((HERE / "broken").iterdir())
VALIDATOR = jsonschema.Draft202012Validator(json.loads(schemas.text("cohort")))
OPERATORS: dict[str, Any] = yaml.safe_load((HERE / "operators.yml").read_text("utf-8"))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_the_schema_alone_refuses_it(path: Path) -> None:
    assert list(VALIDATOR.iter_errors(yaml.safe_load(path.read_text("utf-8"))))


def test_validate_refuses_each_in_plain_words(tmp_path: Path) -> None:
    shutil.copytree(HERE / "broken", tmp_path / "cohorts")
    shutil.copy(HERE / "project.yml", tmp_path / "cohorts")
    other = "id: other\nname: Other\naudience: {from: customers}\n"
    (tmp_path / "cohorts" / "other.yml").write_text(other, "utf-8")
    answer = Place(tmp_path, "http://127.0.0.1:1").run("validate")
    assert answer.code == 3
    told = re.findall(r"(?m)^cohorts/(\w+)\.yml:\S+ ([A-Z]\d+) (.*)$", answer.out)
    assert {name for name, _, _ in told} == {path.stem for path in BROKEN}
    assert {code for _, code, _ in told} <= {"C006", "C010", "S006"}, answer.out
    assert "not valid under" not in answer.out


@pytest.mark.parametrize("rule", OPERATORS.values(), ids=OPERATORS)
def test_the_schema_takes_what_the_reader_takes(rule: Any) -> None:
    cohort = {"id": "one", "name": "One", "audience": {"from": "customers", "where": rule}}
    assert [error.message for error in VALIDATOR.iter_errors(cohort)] == []


@pytest.mark.parametrize(
    "rule",
    [
        {"column": "country", "is_null": False, "equals": "US"},
        {"column": "country", "is_null": True, "not_equals": "US"},
        {"column": "last_seen", "within": "30d", "between": ["-60d", "-7d"]},
        {"all": [{"column": "country", "equals": "US"}], "none": [{"event": "purchases", "calendar": "today"}]},
    ],
    ids=str,
)
def test_what_may_stand_together(tmp_path: Path, rule: Any) -> None:
    cohort = {"id": "one", "name": "One", "audience": {"from": "customers", "where": rule}}
    assert [error.message for error in VALIDATOR.iter_errors(cohort)] == []
    (tmp_path / "cohorts").mkdir()
    shutil.copy(HERE / "project.yml", tmp_path / "cohorts")
    (tmp_path / "cohorts" / "one.yml").write_text(yaml.safe_dump(cohort), "utf-8")
    answer = Place(tmp_path, "http://127.0.0.1:1").run("validate")
    assert answer.code == 0, answer.out
