"""Rules in DuckDB find exactly the people whom the words of their files mean, row by row: NULLs, zones and all."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from hashlib import md5
from typing import Any

import pytest
from runner.definitions import rule_reader
from runner.files import documents, schemas
from runner.files.documents import Document
from runner.project import sources
from runner.sandbox import query
from runner.sandbox.warehouse import Warehouse
from runner.sql.checks import check
from runner.sql.rule_writer import select
from tests.rules.meaning import World, who
from tests.rules.rule_cases import TYPES, Maker

CASES = int(os.environ.get("COHORTS_RULE_CASES", "60"))
"""Of each part. `COHORTS_RULE_CASES=2500 pytest tests/rules/test_rule_meaning.py` plays 10,000."""

PROJECT = {
    "sources": {
        "people": {"table": "shop.people", "key": "id", "columns": {name: TYPES[name] for name in "tndbsl"}},
        **{
            name: {"table": f"shop.{name}s", "join": "who", "time": "time", "columns": {"c": "text", "a": "number"}}
            for name in ("buy", "visit")
        },
    },
}
COLUMNS = {
    "people": "id VARCHAR, t VARCHAR, n DOUBLE, d VARCHAR, b BIGINT, s BIGINT, l VARCHAR[]",
    "buys": "who VARCHAR, time BIGINT, c VARCHAR, a DOUBLE",
    "visits": "who VARCHAR, time BIGINT, c VARCHAR, a DOUBLE",
    "vips": "id VARCHAR",
}


@pytest.fixture(scope="module")
def warehouse() -> Iterator[Warehouse]:
    made = Warehouse()
    made.create_database("shop")
    yield made
    made.close()


def filled(warehouse: Warehouse, world: World) -> None:
    """The world's rows as tables."""
    tables = {"people": world.people, "vips": [{"id": name} for name in world.cohorts["vips"]]}
    tables |= {f"{name}s": rows for name, rows in world.events.items()}
    for name, rows in tables.items():
        warehouse.fetch(f"CREATE OR REPLACE TABLE shop.{name} ({COLUMNS[name]})")
        marks = ", ".join(f"({', '.join('?' * len(row))})" for row in rows)
        warehouse.fetch(f"INSERT INTO shop.{name} VALUES {marks}", [value for row in rows for value in row.values()])


def parsed(data: dict[str, Any]) -> Document:
    found = documents.parse(json.dumps(data).encode(), "cohorts/some.yml")
    assert isinstance(found, Document), found
    return found


KNOWN = sources.read(parsed(PROJECT))


def written(rule: dict[str, Any], world: World, **more: Any) -> str:
    """The rule's file, read and written as SQL; nothing for one that is refused since it can never hold."""
    document = parsed({"id": "some", "name": "Some", "audience": {"from": "people", "where": rule, **more}})
    assert not schemas.problems(document, "cohort")
    audience, problems = rule_reader.read(document, KNOWN, {}, world.zone)
    if {problem.code for problem in problems} == {"C010"}:
        return ""
    assert audience, problems
    return select(audience, ["id"], {"vips": "SELECT id FROM shop.vips"})


def found(sql: str, warehouse: Warehouse, world: World) -> list[str]:
    with warehouse.cursor() as cursor:
        answer = query.execute(
            sql, database="shop", scheduled_time=world.now, now=world.now, warehouse=warehouse, cursor=cursor
        )
    assert answer
    return [row[0] for row in answer.rows]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(4))
def test_the_people_found_are_those_who_are_meant(warehouse: Warehouse, part: int) -> None:
    played: Counter[str] = Counter()
    for seed in range(part * CASES, (part + 1) * CASES):
        maker = Maker(seed)
        world, rule = maker.world(), maker.rule()
        meant = who(rule, world)
        everybody = {person["id"] for person in world.people}
        sql = written(rule, world)
        if not sql:
            played["never"] += 1
            continue
        told = f"seed {seed}, in {world.zone} at {world.now}\n{json.dumps(rule)}\n{sql}"
        assert not check(sql, sql, ()), told
        filled(warehouse, world)
        rows = found(sql, warehouse, world)
        assert len(rows) == len(set(rows)), f"somebody twice: {told}"
        assert set(rows) == meant, f"{sorted(set(rows) ^ meant)}: {told}"
        complement = written({"none": [rule]}, world)
        assert set(found(complement, warehouse, world)) == everybody - meant, f"complement: {told}\n{complement}"
        played["nobody" if not meant else "everybody" if meant == everybody else "some"] += 1
    assert played["some"] > CASES / 3, played


def test_the_greatest_and_a_part_of_them(warehouse: Warehouse) -> None:
    for seed in range(CASES // 10):
        maker = Maker(seed)
        world, limit, percent = maker.world(), maker.random.randrange(1, 8), maker.random.choice([10, 50, 33.33])
        rule = {"column": "t", "is_null": False}
        filled(warehouse, world)
        ranked = sorted(
            (person for person in world.people if person["t"] is not None),
            key=lambda person: (person["n"] is None, -(person["n"] or 0), person["id"]),
        )
        best = {person["id"] for person in ranked[:limit]}
        top = {"by": "n", "limit": limit}
        assert set(found(written(rule, world, top=top), warehouse, world)) == best
        part = {name for name in best if int(md5(f"s:{name}".encode()).hexdigest()[:8], 16) % 10_000 < percent * 100}
        sample = {"percent": percent, "salt": "s"}
        assert set(found(written(rule, world, top=top, sample=sample), warehouse, world)) == part
        some = set(found(written(rule, world, sample=sample), warehouse, world))
        assert part == some & best
        others = set(found(written(rule, world, sample=sample | {"rest": True}), warehouse, world))
        everybody = set(found(written(rule, world), warehouse, world))
        assert (some | others, some & others) == (everybody, set())
