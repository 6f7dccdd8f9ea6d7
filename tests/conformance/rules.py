"""Rules on a real Trino: random ones beside their meaning, every operator's SQL, and the cohorts of this repository."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runner.definitions import tree
from runner.project import file as project
from runner.project.file import Project
from runner.project.sources import Type
from runner.sandbox import query
from runner.sql.wanted import library, wanted
from runner.testing import local as testing
from tests.conformance.corpus import Table
from tests.conformance.engine import Engine
from tests.conformance.mirror import Mirror
from tests.rules.meaning import World, who
from tests.rules.rule_cases import Maker
from tests.rules.test_rule_meaning import written

ROOT = Path(__file__).parent.parent.parent
RULES = ROOT / "tests" / "rules"
PEOPLE = {
    "id": "varchar",
    "t": "varchar",
    "n": "double",
    "d": "varchar",
    "b": "bigint",
    "s": "bigint",
    "l": "array(varchar)",
}
EVENTS = {"who": "varchar", "time": "bigint", "c": "varchar", "a": "double"}
KINDS = {
    Type.TEXT: "varchar",
    Type.NUMBER: "double",
    Type.BOOLEAN: "boolean",
    Type.DATE: "varchar",
    Type.TIME: "bigint",
    Type.LIST: "array(varchar)",
}


RULES_A_WORLD = 5
"""Rules that are asked of the same tables in one query: a table takes as long as a query."""


def random_rules(address: str, catalogs: Sequence[str], cases: int) -> list[str]:
    """What is wrong with the people that random rules find; each catalog plays a part of them."""
    worlds = cases // RULES_A_WORLD
    with ThreadPoolExecutor(len(catalogs)) as pool:
        parts = pool.map(
            lambda given: list(_part(address, given[1], range(given[0], worlds, len(catalogs)))), enumerate(catalogs)
        )
        return [told for part in parts for told in part]


def _part(address: str, catalog: str, seeds: Sequence[int]) -> Iterator[str]:
    for seed in seeds:
        maker = Maker(seed)
        world = maker.world()
        engine = Engine(address, "shop", catalog, world.now)
        engine.make(_tables(world))
        everybody = {str(person["id"]) for person in world.people}
        asked: list[tuple[str, set[str]]] = []
        for rule in (maker.rule() for _ in range(RULES_A_WORLD)):
            meant = who(rule, world)
            expected = [(rule, meant), ({"none": [rule]}, everybody - meant)]
            asked += [(sql, people) for each, people in expected if (sql := written(each, world))]
        yield from (f"seed {seed}: {told}" for told in _wrong(asked, engine))


def _wrong(asked: Sequence[tuple[str, set[str]]], engine: Engine) -> Iterator[str]:
    """What is wrong of these queries, asked in one."""
    together = "\nUNION ALL\n".join(f"SELECT {number} AS n, id FROM ({sql})" for number, (sql, _) in enumerate(asked))
    answer = engine.ask(together)
    if answer.error:
        yield f"{answer.error['message']}\n{together}"
        return
    for number, (sql, expected) in enumerate(asked):
        found = [row[1] for row in answer.rows or () if row[0] == number]
        if sorted(found) != sorted(expected):
            yield f"{sorted(set(found) ^ expected)}\n{sql}"


def _tables(world: World) -> Iterator[Table]:
    yield Table("people", PEOPLE, [tuple(person[name] for name in PEOPLE) for person in world.people])
    for name, rows in world.events.items():
        yield Table(f"{name}s", EVENTS, [tuple(row[column] for column in EVENTS) for row in rows])
    yield Table("vips", {"id": "varchar"}, [(name,) for name in sorted(world.cohorts["vips"])])


def operators(address: str, catalog: str) -> tuple[int, list[str]]:
    """How many queries of the golden file were asked, and which the engine refused."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "cohorts").mkdir()
        shutil.copy(RULES / "project.yml", Path(folder) / "cohorts" / "project.yml")
        loaded = _project(Path(folder))
    for source in loaded.sources.values():
        database, _, name = source.table.rpartition(".")
        columns = {column.name: KINDS[column.type] for column in source.columns.values()}
        columns |= {source.key: columns.get(source.key, "varchar"), "time": "bigint"}
        engine = Engine(address, database or "shop", catalog)
        engine.make([Table(name, columns, [])])
    engine = Engine(address, "shop", catalog)
    refused, asked = [], 0
    for section in ("\n" + (RULES / "operators.sql").read_text("utf-8")).split("\n-- ")[1:]:
        name, _, sql = section.partition("\n")
        answer = engine.ask(sql)
        asked += 1
        if answer.error:
            refused.append(f"{name}: {answer.error['message']}\n{sql}")
    return asked, refused


def _project(folder: Path) -> Project:
    loaded = project.load(folder)
    if not isinstance(loaded, Project):
        raise TypeError(f"the project file cannot be read: {loaded}")
    return loaded


def examples(folder: Path) -> Mapping[str, int]:
    """Run the tests of this repository's cohorts with their statements written down; how many passed and failed."""
    loaded = _project(ROOT)
    target = next(iter(loaded.targets.values()))
    read = tree.load(ROOT, loaded)
    asked = wanted(read, target)
    mirror = Mirror(folder, "examples")
    before, query.execute = query.execute, mirror.execute
    try:
        results = list(
            testing.run(
                [each.cohort for each in asked.queries if each.cohort.cases],
                {each.cohort.id: each for each in asked.queries},
                target,
                sources=loaded.sources,
                library=library(read),
                workers=1,
            )
        )
    finally:
        query.execute = before
    passed = sum(result.passed for result in results)
    return {"passed": passed, "failed": len(results) - passed}
