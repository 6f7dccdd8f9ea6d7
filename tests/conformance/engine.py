"""A Trino that listens somewhere: one statement asked over HTTP, and tables made there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import requests
from tests.conformance.corpus import SCHEDULED_TIME, Answer, Table

PLACE = re.compile(r"^line (\d+):(\d+): ")
PLUGIN = re.compile(r"( for function td_\w+)\. Expected: .*")
"""Which forms a function of a plugin has comes in another order from each start."""

LONGEST = "60s"
"""How long a statement may run: some tests have one that they mean to kill."""

BATCH = 200
"""Rows that one INSERT takes."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Where it listens, and the schema that names without one are looked up in.

    `now` is what NOW() answers, where the engine is this project's own; no other Trino can be told.
    """

    address: str
    schema: str
    catalog: str = "td"
    scheduled_time: int = SCHEDULED_TIME
    now: float | None = None

    def ask(self, sql: str) -> Answer:
        """What it answers; a last `;` is left out, as Treasure Data does.

        Raises requests' errors where the engine is not there.
        """
        token = (
            str(self.scheduled_time) if self.now is None else f"{self.scheduled_time}/{int(self.now * 1000) / 1000:.3f}"
        )
        headers = {
            "X-Trino-User": "conformance",
            "X-Trino-Catalog": self.catalog,
            "X-Trino-Schema": self.schema,
            # else every moment is rounded to the millisecond, and its type does not say how exact it is
            "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
            "X-Trino-Time-Zone": "UTC",
            "X-Trino-Trace-Token": token,
            "X-Trino-Session": f"query_max_run_time={LONGEST}",
        }
        page = requests.post(
            f"{self.address}/v1/statement", sql.strip().removesuffix(";").encode(), headers=headers, timeout=120
        ).json()
        columns: list[Mapping[str, Any]] = []
        rows: list[tuple[Any, ...]] = []
        while True:
            columns = page.get("columns", columns)
            rows += map(tuple, page.get("data", ()))
            if error := page.get("error"):
                return Answer(error=_told(error))
            if "nextUri" not in page:
                break
            page = requests.get(page["nextUri"], timeout=120).json()
        return Answer(tuple((each["name"], each["type"]) for each in columns), ordered(rows))

    def keeps_time(self) -> bool:
        """Whether it can be told what NOW() is to answer."""
        told = replace(self, now=1.0).ask("SELECT CAST(to_unixtime(now()) AS bigint), td_scheduled_time()")
        return told.rows == ((1, self.scheduled_time),)

    def make(self, tables: Iterable[Table]) -> None:
        """The schema with these tables. Raises RuntimeError where the engine refuses one."""
        self.done(f"CREATE SCHEMA IF NOT EXISTS {self.catalog}.{self.schema}")
        for table in tables:
            self.fill(table)

    def fill(self, table: Table) -> None:
        """A table anew. Raises RuntimeError where the engine refuses it."""
        self.done(f"DROP TABLE IF EXISTS {table.name}")
        for sql in _made(table):
            self.done(sql)

    def done(self, sql: str) -> None:
        """Carry out a statement that must succeed. Raises RuntimeError where the engine refuses it."""
        answer = self.ask(sql)
        if answer.error:
            raise RuntimeError(f"{self.address}: {answer.error['message']}: {sql[:200]}")


def _told(error: Mapping[str, Any]) -> Mapping[str, Any]:
    message = str(error.get("message", ""))
    words = PLUGIN.sub(r"\1", PLACE.sub("", message))
    told: dict[str, Any] = {"name": error["errorName"], "type": error["errorType"], "message": words}
    if match := PLACE.match(message):
        told |= {"line": int(match[1]), "column": int(match[2])}
    return told


def ordered(rows: Iterable[tuple[Any, ...]]) -> tuple[tuple[Any, ...], ...]:
    """Rows in an order of their own, since a query without ORDER BY has none."""
    return tuple(sorted(rows, key=lambda row: json.dumps(row, ensure_ascii=False, sort_keys=True)))


def _made(table: Table) -> Iterator[str]:
    names = ", ".join(f'"{name}"' for name in table.columns)
    cast = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in table.columns.items())
    nothing = f"SELECT {', '.join(['NULL'] * len(table.columns))} WHERE false"
    # rows in the CTAS itself: each statement takes its 30 ms; one CAST a column: each row of VALUES is planned
    first = _values(table.rows[:BATCH]) or nothing
    yield f"CREATE TABLE {table.name} AS SELECT {cast} FROM ({first}) AS made ({names})"
    for start in range(BATCH, len(table.rows), BATCH):
        rows = _values(table.rows[start : start + BATCH])
        yield f"INSERT INTO {table.name} ({names}) SELECT {cast} FROM ({rows}) AS made ({names})"


def _values(rows: Iterable[Iterable[Any]]) -> str:
    listed = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    return f"VALUES {listed}" if listed else ""


def literal(cell: Any) -> str:
    """A value as Trino writes it."""
    match cell:
        case None:
            return "NULL"
        case bool() | int():
            return str(cell).lower()
        case float():
            return f"DOUBLE '{cell!r}'"
        case list() | tuple():
            return f"ARRAY[{', '.join(map(literal, cell))}]"
        case _:
            return "'" + str(cell).replace("'", "''") + "'"
