"""A repository beside a sandbox of its own, and the real command run in it."""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import requests
from tests.machine.runs import Forge

COHORTS = Path(sys.executable).with_name("cohorts")
KEY = "sandbox-key"

PROJECT = """\
version: 1
defaults:
  owner: crm-team
  identifiers: {{external_id: customer_id}}
guards: {{max_members: 1000}}
vars: {{vip_spend: 100}}
targets:
  sandbox:
    endpoint: {url}
    database: shop
    state_database: cohort_runner
    workspace: sandbox
    connection: {connection}
"""

COHORT = """\
id: {id}
name: {name}
audience:
  sql: |
    {sql}
"""


@cache
def _forge() -> Forge:
    """One for all tests of this process: it has everything imported, so that a run costs no start of Python."""
    made = Forge.start(Path(tempfile.mkdtemp(prefix="cohorts-runs-")))
    atexit.register(made.close)
    return made


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Place:
    """A repository and the sandbox its target points to."""

    folder: Path
    url: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def project(self, *, connection: str = "braze", url: str = "", extra: str = "") -> None:
        """Write the project file."""
        text = PROJECT.format(url=url or self.url, connection=connection) + extra
        (self.folder / "cohorts" / "project.yml").write_text(text, encoding="utf-8")

    def cohort(self, cohort_id: str, sql: str, *, name: str = "", extra: str = "") -> None:
        """Write a cohort's file."""
        text = COHORT.format(id=cohort_id, name=name or cohort_id.title(), sql=sql) + extra
        (self.folder / "cohorts" / f"{cohort_id}.yml").write_text(text, encoding="utf-8")

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start the real command as a user would."""
        # with bytecode kept between runs a command starts in half the time
        around = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        ours = {"TD_API_KEY": KEY, "COHORTS_RETRY_SECONDS": "2", **self.environment, **environment}
        return subprocess.Popen(
            [COHORTS, *arguments],
            cwd=self.folder,
            env=around | ours,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, *arguments: str, typed: str = "", **environment: str) -> Answer:
        """Run the real command to its end, in a process of its own; `typed` is what a person answers."""
        ours = {"TD_API_KEY": KEY, "COHORTS_RETRY_SECONDS": "2", **self.environment, **environment}
        run = _forge().wait(_forge().run(*arguments, folder=self.folder, environment=ours, typed=typed))
        return Answer(run.code, run.text, run.errors)

    def sql(self, text: str) -> list[Any]:
        """Run DuckDB's SQL in the sandbox's warehouse."""
        answer = requests.post(f"{self.url}/sandbox/sql", json={"sql": text}, timeout=10)
        answer.raise_for_status()
        return list(answer.json()["rows"])

    def fault(self, at: str, do: str, **more: Any) -> None:
        """Make something go wrong; all faults are in docs/sandbox.md."""
        self.ask("POST", "faults", {"faults": [{"at": at, "do": do, **more}]})

    def struck(self) -> int:
        """How many faults came to pass."""
        return sum(self.ask("GET", "faults")["struck"].values())

    def advance(self, **time: float) -> None:
        """Move the sandbox's clock forward, by hours or days."""
        self.ask("POST", "clock", {"advance": timedelta(**time).total_seconds()})

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The sandbox's own API (docs/sandbox.md)."""
        answer = requests.request(method, f"{self.url}/sandbox/{path}", json=body, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def members(self, cohort_id: str) -> set[str]:
        """Who is in a cohort in Braze; nobody where Braze has never heard of it."""
        answer = requests.get(f"{self.url}/sandbox/cohorts/{cohort_id}", timeout=10)
        return set(answer.json()["members"]) if answer.ok else set()

    def cohorts(self) -> dict[str, dict[str, Any]]:
        """Every cohort in Braze with its name and what was written to it."""
        answer = requests.get(f"{self.url}/sandbox/cohorts", timeout=10)
        return {cohort["cohort_id"]: cohort for cohort in answer.json()["cohorts"]}

    def requests(self) -> dict[str, Any]:
        """Counts of requests by route, and jobs by kind, since the last time it was asked."""
        found = requests.get(f"{self.url}/sandbox/requests", timeout=10).json()
        requests.delete(f"{self.url}/sandbox/requests", timeout=10).raise_for_status()
        return dict(found)

    def customers(self, *names: str, known: bool = True) -> None:
        """Replace the shop's customers by these; Braze knows them unless told otherwise."""
        self.sql("CREATE OR REPLACE TABLE shop.customers (customer_id VARCHAR, spend BIGINT, time BIGINT)")
        for name in names:
            self.sql(f"INSERT INTO shop.customers VALUES ('{name}', 500, 1)")
        if known:
            users = [{"external_id": name} for name in names]
            requests.post(f"{self.url}/sandbox/users", json={"users": users}, timeout=10).raise_for_status()
