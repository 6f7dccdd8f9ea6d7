"""Statements on the engine over its HTTP API: rows, errors with their place, and a way to cancel."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from runner.sandbox.engine.errors import EngineProblem, StatementFailed

CATALOG = "td"
REQUEST_SECONDS = 60.0
"""How long one answer may take; the engine answers each request within about a second,
whatever it does.
"""

PATIENCE = 10.0
"""How long an engine that is overloaded (503) is asked again."""

PAUSE = 0.1

DOWN_FIX = "start it again; its log, where it failed, is `last-failure.log` in the engine's folder"


@dataclass(frozen=True, slots=True)
class Typed:
    """A column of a result or a table: its name and its type in Trino's words."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a statement answered; a change answers how many rows it changed, or nothing."""

    columns: tuple[Typed, ...]
    rows: tuple[tuple[Any, ...], ...]
    is_change: bool = False


class Connection:
    """One client of the engine, for one statement at a time; `cancel` may come from another thread.

    `is_small`: what it reads is small, and would only lose time by being divided.
    """

    def __init__(
        self,
        url: str,
        catalog: str = CATALOG,
        patience: float = PATIENCE,
        *,
        is_small: bool = False,
    ) -> None:
        self._url, self._catalog, self._patience, self._is_small = (
            url,
            catalog,
            patience,
            is_small,
        )
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy is asked for what is on this machine
        self._canceled = threading.Event()

    def close(self) -> None:
        """Give the connection back."""
        self._session.close()

    def cancel(self) -> None:
        """End the statement that runs, and let no further one begin."""
        self._canceled.set()

    def execute(
        self,
        sql: str,
        *,
        schema: str = "",
        scheduled_time: int | None = None,
        now: float | None = None,
    ) -> Result:
        """Carry out one statement. `now` is what NOW() answers. Raises StatementFailed,
        EngineProblem.
        """
        headers = {
            "X-Trino-User": "cohorts",
            "X-Trino-Catalog": self._catalog,
            "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
            "X-Trino-Time-Zone": "UTC",
        }
        if self._is_small:
            headers["X-Trino-Session"] = "task_concurrency=1"
        if schema:
            headers["X-Trino-Schema"] = schema
        if token := _token(scheduled_time, now):
            headers["X-Trino-Trace-Token"] = token
        answer = self._ask("POST", f"{self._url}/v1/statement", sql.encode(), headers)
        columns: Sequence[Mapping[str, Any]] = ()
        rows: list[tuple[Any, ...]] = []
        while True:
            if "error" in answer:
                raise _failure(answer["error"])
            columns = answer.get("columns", columns)
            if data := answer.get("data"):
                signatures = [column["typeSignature"] for column in columns]
                rows += (
                    tuple(
                        _value(cell, kind)
                        for cell, kind in zip(row, signatures, strict=True)
                    )
                    for row in data
                )
            following = answer.get("nextUri")
            if following is None:
                named = tuple(
                    Typed(column["name"], column["type"]) for column in columns
                )
                return Result(named, tuple(rows), is_change="updateType" in answer)
            if self._canceled.is_set():
                self._ask("DELETE", following)
                raise StatementFailed("USER_CANCELED", "Query was canceled")
            answer = self._ask("GET", following)

    def _ask(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                answer = self._session.request(
                    method, url, data=body, headers=headers, timeout=REQUEST_SECONDS
                )
                if (
                    answer.status_code in {502, 503, 504}
                    and time.monotonic() < deadline
                ):
                    time.sleep(PAUSE)
                    continue
                if answer.status_code >= 400:
                    raise EngineProblem(
                        f"the engine answered with status {answer.status_code}",
                        DOWN_FIX,
                    )
                said = answer.json() if answer.content else {}
            except requests.Timeout:
                raise EngineProblem(
                    f"the engine did not answer within {REQUEST_SECONDS:g} s", DOWN_FIX
                ) from None
            except (requests.RequestException, ValueError) as exc:
                raise EngineProblem(
                    f"the engine cannot be reached ({type(exc).__name__})", DOWN_FIX
                ) from None
            return said if isinstance(said, dict) else {}


def text_literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def quoted(*names: str) -> str:
    """Names of a schema, a table or a column, with dots between them."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def _token(scheduled_time: int | None, now: float | None) -> str:
    """The times of a query as the engine reads them."""
    if now is not None:
        return f"{int(now) if scheduled_time is None else scheduled_time}/{int(now * 1000) / 1000:.3f}"
    return "" if scheduled_time is None else str(scheduled_time)


def _failure(error: Mapping[str, Any]) -> StatementFailed:
    place = error.get("errorLocation") or {}
    message = str(error.get("message") or error["errorName"])
    return StatementFailed(
        str(error["errorName"]),
        message,
        int(place.get("lineNumber", 0)),
        int(place.get("columnNumber", 0)),
    )


def _value(cell: Any, kind: Mapping[str, Any]) -> Any:
    """A value of Trino's JSON as Python has it; dates, times and decimals stay text."""
    if cell is None:
        return None
    arguments = kind.get("arguments", ())
    match kind["rawType"]:
        case "double" | "real":
            return float(cell)  # NaN and Infinity come as text
        case "varbinary":
            return base64.b64decode(cell)
        case "array":
            return [_value(one, arguments[0]["value"]) for one in cell]
        case "map":
            return {
                key: _value(one, arguments[1]["value"]) for key, one in cell.items()
            }
        case "row":
            fields = [argument["value"]["typeSignature"] for argument in arguments]
            return [_value(one, field) for one, field in zip(cell, fields, strict=True)]
        case _:
            return cell
