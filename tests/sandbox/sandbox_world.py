"""A served sandbox and what tests do with it, over the real td-client and requests."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import requests
import tdclient
from tdclient.util import create_url

NOW = 1466929425
"""2016-06-26 08:23:45 UTC, 01:23:45 in PDT."""


@dataclass(frozen=True, slots=True)
class World:
    """A served sandbox and a client of it."""

    url: str
    client: tdclient.Client

    def issue(self, sql: str, database: str = "shop", **fields: Any) -> str:
        return self.client.api.query(sql, type="trino", db=database, **fields)

    def ended(self, job_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + 20
        while self.client.api.job_status(job_id) not in {"success", "error", "killed"}:
            assert time.monotonic() < deadline, f"job {job_id} does not end"
            time.sleep(0.005)
        return self.client.api.show_job(job_id)

    def until_running(self, job_id: str) -> None:
        deadline = time.monotonic() + 20
        while self.client.api.job_status(job_id) != "running":
            assert time.monotonic() < deadline, f"job {job_id} does not begin"
            time.sleep(0.005)

    def run(self, sql: str, **fields: Any) -> dict[str, Any]:
        return self.ended(self.issue(sql, **fields))

    def rows(self, sql: str, **fields: Any) -> list[Any]:
        shown = self.run(sql, **fields)
        assert shown["status"] == "success", shown["debug"]
        return list(self.client.api.job_result_format_each(shown["job_id"], "msgpack"))

    def done(self, sql: str, **fields: Any) -> None:
        shown = self.run(sql, **fields)
        assert shown["status"] == "success", shown["debug"]

    def error(self, sql: str, **fields: Any) -> str:
        """Why a query failed, without the words that name the job."""
        shown = self.run(sql, **fields)
        assert shown["status"] == "error"
        name, told, reason = str(shown["debug"]["stderr"]).partition(" failed: ")
        assert (name, told) == (f"Query {shown['job_id']}", " failed: ")
        return reason

    def export(self, sql: str, **settings: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The query job and its linked export, both ended."""
        query = self.run(sql, result_connection_id="17", result_connection_settings=json.dumps(settings))
        return query, self.ended(query["linked_result_export_job_id"])

    def members(self, cohort_id: str) -> list[str]:
        return requests.get(f"{self.url}/sandbox/cohorts/{cohort_id}", timeout=10).json()["members"]

    def users(self, *users: dict[str, Any]) -> None:
        requests.post(f"{self.url}/sandbox/users", json={"users": users}, timeout=10).raise_for_status()

    def fault(self, **fault: Any) -> None:
        requests.post(f"{self.url}/sandbox/faults", json={"faults": [fault]}, timeout=10).raise_for_status()

    def admin(self, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> dict[str, Any]:
        """The admin API: what it answers to a body, or to a look without one."""
        answer = requests.request(
            "GET" if body is None else method, f"{self.url}/sandbox/{path}", json=body, timeout=20
        )
        assert answer.ok, answer.text
        return answer.json()

    def held(self, after: int = 0) -> dict[str, Any]:
        """What is held first, waited for."""
        return self.admin(f"held?wait=10&after={after}")["held"][0]

    def get(self, path: str, **values: str) -> tuple[int, dict[str, Any]]:
        with self.client.api.get(create_url(path, **values)) as response:
            return response.status, json.loads(response.read())

    def post(self, path: str, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        with self.client.api.post(path, fields) as response:
            return response.status, json.loads(response.read())
