"""A Trino that listens somewhere: one statement asked over HTTP, and tables made there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from tests.conformance.corpus import SCHEDULED_TIME, Answer, Table

PLACE = re.compile(r"^line (\d+):(\d+): ")

BATCH = 200
"""Rows that one INSERT takes."""


@dataclass(frozen=True, slots=True)
class Engine:
    """Where it listens, and the schema that names without one are looked up in."""

    address: str
    schema: str
    catalog: str = "td"
    scheduled_time: int = SCHEDULED_TIME

    def ask(self, sql: str) -> Answer:
        """What it answers; a last `;` is left out, as Treasure Data does.

        Raises requests' errors where the engine is not there.
        """
        headers = {
            "X-Trino-User": "conformance",
            "X-Trino-Catalog": self.catalog,
            "X-Trino-Schema": self.schema,
            "X-Trino-Time-Zone": "UTC",
            "X-Trino-Trace-Token": str(self.scheduled_time),
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

    def make(self, tables: Iterable[Table]) -> None:
        """The schema with these tables. Raises RuntimeError where the engine refuses one."""
        self._done(f"CREATE SCHEMA IF NOT EXISTS {self.catalog}.{self.schema}")
        for table in tables:
            self._done(f"DROP TABLE IF EXISTS {table.name}")
            for sql in _made(table):
                self._done(sql)

    def _done(self, sql: str) -> None:
        answer = self.ask(sql)
        if answer.error:
            raise RuntimeError(f"{self.address}: {answer.error['message']}: {sql[:200]}")


def _told(error: Mapping[str, Any]) -> Mapping[str, Any]:
    message = str(error.get("message", ""))
    told: dict[str, Any] = {"name": error["errorName"], "type": error["errorType"], "message": PLACE.sub("", message)}
    if match := PLACE.match(message):
        told |= {"line": int(match[1]), "column": int(match[2])}
    return told


def ordered(rows: Iterable[tuple[Any, ...]]) -> tuple[tuple[Any, ...], ...]:
    """Rows in an order of their own, since a query without ORDER BY has none."""
    return tuple(sorted(rows, key=lambda row: json.dumps(row, ensure_ascii=False, sort_keys=True)))


def _made(table: Table) -> Iterator[str]:
    empty = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in table.columns.items())
    yield f"CREATE TABLE {table.name} AS SELECT {empty} WHERE false"
    names = ", ".join(f'"{name}"' for name in table.columns)
    for start in range(0, len(table.rows), BATCH):
        values = ", ".join(_row(row, table.columns.values()) for row in table.rows[start : start + BATCH])
        yield f"INSERT INTO {table.name} ({names}) VALUES {values}"


def _row(row: Iterable[Any], kinds: Iterable[str]) -> str:
    return f"({', '.join(f'CAST({literal(cell)} AS {kind})' for cell, kind in zip(row, kinds, strict=True))})"


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
