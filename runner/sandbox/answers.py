"""Treasure Data's forms, error bodies and the JSON of jobs and tables."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from runner.sandbox import results
from runner.sandbox.bodies import Shown
from runner.sandbox.history import Job
from runner.sandbox.query import Rows
from runner.sandbox.warehouse import Refused, Table

LONGEST_PART = 8 * 1024 * 1024
"""Bytes of one form field: a query of the longest length in UTF-8 fits."""


def refusal(exc: Refused) -> JSONResponse:
    """Treasure Data's error body."""
    body: Shown = {
        "error": exc.message,
        "message": exc.message,
        "text": exc.message,
        "severity": "error",
        "status_code": exc.status,
    }
    if exc.details:
        body["details"] = exc.details
    return JSONResponse(body, exc.status)


async def form_fields(request: Request) -> Mapping[str, str]:
    """Fields of a multipart, urlencoded or JSON body, as text."""
    if request.headers.get("content-type", "").startswith("application/json"):
        body = await request.body()
        given = json_object(body.decode(), "body")
        return {key: _as_text(value) for key, value in given.items()}
    async with request.form(max_part_size=LONGEST_PART) as form:
        return {key: value for key, value in form.items() if isinstance(value, str)}


def _as_text(value: Any) -> str:
    """A value of a JSON body as a form would give it."""
    if isinstance(value, str):
        return value
    return json.dumps(value)


def json_object(text: str, what: str) -> Shown:
    """A JSON object in a field. Raises Refused 422."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Refused(422, f"{what} must be a JSON object")
    return value


def whole(
    form: Mapping[str, str],
    name: str,
    *,
    lowest: int | None = None,
    highest: int | None = None,
) -> int:
    """A whole number in a field, 0 where it is left out. Raises Refused 422."""
    try:
        value = int(form.get(name) or 0)
    except ValueError:
        raise Refused(422, f"{name} must be a whole number") from None
    is_too_low = lowest is not None and value < lowest
    is_too_high = highest is not None and value > highest
    if is_too_low or is_too_high:
        raise Refused(422, f"{name} must be between {lowest} and {highest}")
    return value


def moment(seconds: float | None) -> str | None:
    """Unix seconds as Treasure Data writes times; None for None."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def status_body(job: Job) -> Shown:
    """What `job/status` answers."""
    return {
        "job_id": job.id,
        "status": job.status,
        "created_at": moment(job.created_at),
        "start_at": moment(job.start_at),
        "end_at": moment(job.end_at),
    }


def job_body(job: Job) -> Shown:
    """What `job/show` answers."""
    return {
        **status_body(job),
        "updated_at": moment(job.updated_at),
        "type": job.order.type,
        "database": job.order.database,
        "query": job.order.query,
        "priority": job.order.priority,
        "retry_limit": job.order.retry_limit,
        "domain_key": job.order.domain_key,
        **_result_body(job.rows),
        "result": "",
        "url": "",
        "user_name": "sandbox",
        "cpu_time": None,
        "debug": {"cmdout": f"started at {moment(job.start_at)}", "stderr": job.stderr},
        "linked_result_export_job_id": job.linked_export,
        "result_export_target_job_id": job.export_target,
    }


def _result_body(rows: Rows | None) -> Shown:
    """What `job/show` says of a result, also where there is none."""
    if rows is None:
        return {"hive_result_schema": "", "num_records": 0, "result_size": 0}
    schema = [[column.name, column.trino_type] for column in rows.columns]
    return {
        "hive_result_schema": json.dumps(schema),
        "num_records": len(rows.rows),
        "result_size": results.size(rows),
    }


def table_body(table: Table) -> Shown:
    """A table as `table/list` shows it; its schema leaves out `time`."""
    schema = [
        [column.name, column.api_type, column.name]
        for column in table.columns
        if column.name != "time"
    ]
    return {
        "id": zlib.crc32(table.name.encode()),
        "name": table.name,
        "type": "log",
        "count": table.rows,
        "estimated_storage_size": table.rows * 8 * len(table.columns),
        "schema": json.dumps(schema),
    }


def ranged(request: Request, body: bytes, media: str) -> Response:
    """The body, or the part that a `Range: bytes=a-b` asks for."""
    asked = request.headers.get("range", "")
    unit, _, span = asked.partition("=")
    first, _, last = span.partition("-")
    if unit != "bytes" or not first.isdigit():
        return Response(body, media_type=media)
    size = len(body)
    start = int(first)
    stop = size
    if last.isdigit():
        behind_last = int(last) + 1
        stop = min(size, behind_last)
    if start >= stop:
        headers = {"Content-Range": f"bytes */{size}"}
        return Response(status_code=416, headers=headers)
    headers = {"Content-Range": f"bytes {start}-{stop - 1}/{size}"}
    return Response(body[start:stop], 206, headers, media)
