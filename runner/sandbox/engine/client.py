"""Statements on the engine over its HTTP API: rows, errors with their place, and a way
to cancel.
"""

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

Object = Mapping[str, Any]
"""A JSON object of the engine."""

Columns = Sequence[Object]
"""The columns of a result, or their types."""

Row = tuple[Any, ...]

DOWN_FIX = (
    "start it again; its log, where it failed,"
    " is `last-failure.log` in the engine's folder"
)


@dataclass(frozen=True, slots=True)
class Typed:
    """A column of a result or a table: its name and its type in Trino's words."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a statement answered; a change answers how many rows it changed, or nothing."""

    columns: tuple[Typed, ...]
    rows: tuple[Row, ...]
    is_change: bool = False


class Connection:
    """One client of the engine, for one statement at a time; `cancel` may come from
    another thread.

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
        self._url = url
        self._catalog = catalog
        self._patience = patience
        self._is_small = is_small
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
        token = _token(scheduled_time, now)
        if token:
            headers["X-Trino-Trace-Token"] = token
        answer = self._ask("POST", f"{self._url}/v1/statement", sql.encode(), headers)
        columns: Columns = ()
        rows: list[Row] = []
        while True:
            if "error" in answer:
                raise _failure(answer["error"])
            columns = answer.get("columns", columns)
            data = answer.get("data")
            if data:
                kinds = [column["typeSignature"] for column in columns]
                rows += (_row(row, kinds) for row in data)
            following = answer.get("nextUri")
            if following is None:
                named = tuple(map(_typed, columns))
                is_change = "updateType" in answer
                return Result(named, tuple(rows), is_change=is_change)
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
    ) -> Object:
        """The JSON object of an answer, empty where there is none. An engine that is
        overloaded is asked again. Raises EngineProblem.
        """
        deadline = time.monotonic() + self._patience
        while True:
            try:
                answer = self._session.request(
                    method, url, data=body, headers=headers, timeout=REQUEST_SECONDS
                )
                status = answer.status_code
                if status in {502, 503, 504} and time.monotonic() < deadline:
                    time.sleep(PAUSE)
                    continue
                if status >= 400:
                    what = f"the engine answered with status {status}"
                    raise EngineProblem(what, DOWN_FIX)
                said = _json(answer)
            except requests.Timeout:
                what = f"the engine did not answer within {REQUEST_SECONDS:g} s"
                raise EngineProblem(what, DOWN_FIX) from None
            except (requests.RequestException, ValueError) as exc:
                what = f"the engine cannot be reached ({type(exc).__name__})"
                raise EngineProblem(what, DOWN_FIX) from None
            return said


def _typed(column: Object) -> Typed:
    """A column of an answer: its name, and its type as the engine writes it."""
    return Typed(column["name"], column["type"])


def _json(answer: requests.Response) -> Object:
    """The JSON object of an answer, empty where it holds none. Raises ValueError."""
    # a statement that is cancelled is answered with nothing
    if not answer.content:
        return {}
    said = answer.json()
    if not isinstance(said, dict):
        return {}
    return said


def text_literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


def quoted(*names: str) -> str:
    """Names of a schema, a table or a column, with dots between them."""
    shown = []
    for name in names:
        escaped = name.replace('"', '""')
        shown.append(f'"{escaped}"')
    return ".".join(shown)


def _token(scheduled_time: int | None, now: float | None) -> str:
    """The times of a query as the engine reads them: the scheduled time, and NOW()."""
    if now is None:
        if scheduled_time is None:
            return ""
        return str(scheduled_time)
    if scheduled_time is None:
        scheduled_time = int(now)
    # cut to milliseconds, not rounded: NOW() must not be later than it is
    milliseconds = int(now * 1000)
    return f"{scheduled_time}/{milliseconds / 1000:.3f}"


def _failure(error: Object) -> StatementFailed:
    """Why a statement failed, as the engine tells it."""
    place = error.get("errorLocation") or {}
    message = str(error.get("message") or error["errorName"])
    return StatementFailed(
        str(error["errorName"]),
        message,
        int(place.get("lineNumber", 0)),
        int(place.get("columnNumber", 0)),
    )


def _row(row: Sequence[Any], kinds: Columns) -> Row:
    """A row of an answer, each value as its type has it."""
    cells = zip(row, kinds, strict=True)
    return tuple(_value(cell, kind) for cell, kind in cells)


def _value(cell: Any, kind: Object) -> Any:
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
            pairs = zip(cell, fields, strict=True)
            return [_value(one, field) for one, field in pairs]
        case _:
            return cell
