"""A world beside the real command and the sandbox: what they are told, what they say, and what must hold."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.machine import truth
from tests.machine.runs import FarSide, Forge, Run
from tests.machine.truth import Clean
from tests.machine.world import LIFTED, PEOPLE, TWO_DEVICES, WORKSPACES, User, Wanted, Where, World, Wrong

PROJECT = """\
version: 1
defaults: {{owner: crm-team}}
guards: {{max_members: 1000, max_added: 1000, max_removed: 1000, max_withdrawn: 1000, allow_empty: true}}
vars: {{bar: {bar}}}
{suppress}
targets:
  sandbox:
    endpoint: {url}
    database: shop{number}
    state_database: state{number}
    workspace: w{number}_{workspace}
    connection: k{number}_{workspace}
"""
SUPPRESS = (
    "suppress: [{{table: shop{number}.barred, identifiers: {{external_id: customer_id, device_id: device,"
    " aliases: {{email: email}}}}}}]"
)
SHARED = "SELECT customer_id, email, device FROM people WHERE score >= {{ low }}"
ENVIRONMENT = {
    "TD_API_KEY": "sandbox-key",
    "COHORTS_RETRY_SECONDS": "1",
    "COHORTS_JOB_SECONDS": "30",
    "COHORTS_CHECKPOINT_ROWS": "15",  # the ledger of a history is short
}
RENEW = 300
"""Worlds after which a sandbox is replaced: it forgets nothing."""


@dataclass(slots=True)
class Table:
    """What all games of a process share: the forge, the sandbox, and what happened so far."""

    forge: Forge = field(default_factory=Forge.start)
    far: FarSide = field(default_factory=FarSide.start)
    tally: Counter[str] = field(default_factory=Counter)
    numbers: Any = field(default_factory=lambda: count(1))
    games: int = 0
    last_held: int = 0
    hours: int = 0

    def sit(self) -> Game:
        """A new game."""
        self.games += 1
        if self.games % RENEW == 0 or self.hours > LIFTED:  # its clock only goes on, and suspensions have an end
            self.far.close()
            self.far, self.last_held, self.hours = FarSide.start(), 0, 0
        return Game(self, next(self.numbers), World(hours=self.hours))

    def close(self) -> None:
        """End the processes."""
        self.forge.close()
        self.far.close()


@dataclass(slots=True)
class Zombie:
    """A request of a run that is dead, still on its way; and what that run was asked for."""

    id: int
    line: str
    asked: Mapping[Where, Wanted]

    @property
    def is_job(self) -> bool:
        """True for what goes on in the far side, where whoever comes next waits for it."""
        return is_job(self.line)


@dataclass(slots=True)
class Game:
    """One world with databases, workspaces and a folder of its own. `journal` tells how it went."""

    table: Table
    number: int
    world: World = field(default_factory=World)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="cohorts-machine-")))
    dirty: set[str] = field(default_factory=lambda: {"rows", "files", "project"})
    zombies: list[Zombie] = field(default_factory=list)
    journal: list[str] = field(default_factory=list)
    seen: dict[Where, int] = field(default_factory=dict)
    sent: int = 0
    was_killed: bool = False

    def __post_init__(self) -> None:
        (self.folder / "cohorts" / "templates").mkdir(parents=True)
        for workspace in range(WORKSPACES):
            given = {"name": f"k{self.number}_{workspace}", "workspace": f"w{self.number}_{workspace}"}
            self.far.ask("POST", "connections", given)
        self.far.sql(f"CREATE SCHEMA shop{self.number}")

    @property
    def far(self) -> FarSide:
        """The sandbox."""
        return self.table.far

    def leave(self) -> None:
        """Give back what the game took."""
        self.bury()
        self.far.ask("DELETE", "faults")
        if self.epoch():
            held = self.far.sql(f"SELECT COUNT(*) FROM state{self.number}.cohort_ledger WHERE event = 'held'")
            self.table.tally["cohorts held: folded, or suppressed while suspended"] += held[0][0]
        self.far.sql(f"DROP SCHEMA IF EXISTS shop{self.number} CASCADE")
        self.far.sql(f"DROP SCHEMA IF EXISTS state{self.number} CASCADE")
        shutil.rmtree(self.folder, ignore_errors=True)

    # what the world is told

    def tell(self) -> None:
        """Bring files, the warehouse and Braze to what the world says."""
        world, cohorts = self.world, self.folder / "cohorts"
        if "rows" in self.dirty:
            rows = ", ".join(self._row(person) for person in range(PEOPLE))
            self.far.sql(
                f"CREATE OR REPLACE TABLE shop{self.number}.people AS SELECT * FROM (VALUES {rows})"
                " AS rows (customer_id, email, device, f0, f1, score, time)"
            )
            barred = ", ".join(f"('X{p} ', 'E{p}', 'd{p}')" for p in world.barred) or "(NULL, NULL, NULL)"
            self.far.sql(
                f"CREATE OR REPLACE TABLE shop{self.number}.barred AS"
                " SELECT CAST(customer_id AS VARCHAR) AS customer_id, CAST(email AS VARCHAR) AS email,"
                " CAST(device AS VARCHAR) AS device, 1 AS time"
                f" FROM (VALUES {barred}) AS rows (customer_id, email, device)"
            )
        if "project" in self.dirty:
            given = {"number": self.number, "workspace": world.workspace, "bar": world.bar}
            suppress = SUPPRESS.format(number=self.number) if world.suppress else ""
            text = PROJECT.format(url=self.far.url, suppress=suppress, **given)
            (cohorts / "project.yml").write_text(text, encoding="utf-8")
            shared = SHARED + (" AND f0 = 1" if world.strict else "")
            (cohorts / "templates" / "shared.sql").write_text(shared, encoding="utf-8")
        if "files" in self.dirty:
            for file in world.files:
                path = cohorts / f"{file.slot}.yml"
                if file.there:
                    path.write_text(file.text, encoding="utf-8")
                else:
                    path.unlink(missing_ok=True)
        self.dirty.clear()

    def user(self, workspace: int, person: int, *, there: bool, identified: bool, email: bool, device: bool) -> None:
        """A user of Braze comes, goes, gains or loses names. Whoever has an external id keeps it."""
        before = self.world.users[workspace].get(person)
        after = None
        if there:
            key = before.key if before else next(self.world.serials)
            after = User(key, identified or bool(before and before.identified), email, device)
        path = f"users?workspace=w{self.number}_{workspace}"
        anybody = {"external_id": f"x{person}"} if before and before.identified else {"devices": [f"a{person}"]}
        if before and after:
            is_, was = self._profile(person, after), self._profile(person, before)
            change = {"who": anybody, "gains": is_, "loses": {}}
            change["loses"] = {
                "aliases": {} if after.email else was["aliases"],
                "devices": [] if after.device else [name for name in was["devices"] if name not in is_["devices"]],
            }
            self.far.ask("POST", path, {"change": [change]})
        elif after:
            self.far.ask("POST", path, {"users": [self._profile(person, after)]})
        elif before:
            self.far.ask("DELETE", path, {"users": [anybody]})
        self.world.set_user(workspace, person, after)

    def _profile(self, person: int, user: User) -> dict[str, Any]:
        devices = [f"d{number}" for number in range(PEOPLE) if TWO_DEVICES.get(number, number) == person]
        return {
            **({"external_id": f"x{person}"} if user.identified else {}),
            "aliases": {"email": f"e{person}"} if user.email else {},
            "devices": [f"a{person}", *(devices if user.device else [])],
        }

    def _row(self, person: int) -> str:
        row = self.world.rows[person]
        names = [
            f"'{letter}{person}'" if there else "CAST(NULL AS VARCHAR)"
            for letter, there in (("x", row.customer_id), ("e", row.email), ("d", row.device))
        ]
        return f"({', '.join(names)}, {int(row.f0)}, {int(row.f1)}, {row.score}, 1)"

    # runs

    def start(self, *arguments: str) -> Run:
        """Start the command in this world."""
        self.tell()
        self.table.tally["runs"] += 1
        return self.table.forge.run(*arguments, folder=self.folder, environment=ENVIRONMENT)

    def arguments(self, how: Clean) -> list[str]:
        """How a sync is asked for; new cohorts that look like gone ones are meant to be new."""
        new = [f"--allow=moved:{file.id}" for file in self.world.files if file.there and not file.broken]
        asked = ["sync", *(["--refresh"] if how.refresh else []), *(["--reassert"] if how.reassert else [])]
        return [*asked, *new, *(["--reason", "they are new"] if new else [])]

    def end(self, run: Run) -> Run:
        """Wait for it."""
        return self.table.forge.wait(run)

    # holding requests

    def hold(self, run: Run) -> list[tuple[int, str]]:
        """What the sandbox holds of this run; nothing when it ended without."""
        wire = self.far.connection(self.far.url)
        try:
            while True:
                wire.request("GET", f"/sandbox/held?wait=5&after={self.table.last_held}")
                if self.table.forge.hears_before(wire.sock, run):
                    return []
                found = _json(wire)["held"]
                if found:
                    self.table.last_held = max(one["id"] for one in found)
                    return [(one["id"], one["line"]) for one in found]
        finally:
            wire.close()

    def release(self, number: int | str, how: str) -> None:
        """Let what is held go on, or lose it."""
        self.far.ask("POST", "held", {"release": number, "how": how})

    def bury(self) -> None:
        """The last requests of dead runs arrive."""
        for zombie in self.zombies:
            self.release(zombie.id, "go")
            self.table.tally["zombies"] += 1
        self.zombies.clear()

    # what must be so

    def check(self, asked: Mapping[Where, Wanted], how: Clean, *, counted: bool) -> None:
        """Braze holds what it must, and no more was sent than the protocol calls for."""
        written = self.written()
        for where, wanted in asked.items():
            held = self.world.held[where]
            kind = "withdrawn" if wanted.definition is None and wanted.mode != "hold" else wanted.mode
            self.table.tally[f"checked: {kind}{', some barred' if wanted.barred else ''}"] += 1
            least, most = truth.most_written(held, wanted, how)
            sent = written.get(where, 0)
            if counted and not least <= sent <= most:
                raise Wrong(f"{where}: {sent} members were sent, must be {least} to {most}\n{self._states(where)}")
            plain = truth.is_plain(held, wanted) and not (held.unsure or held.aged or len(held.options) > 1)
            if counted and plain and how.refresh and not how.reassert:
                self.table.tally["without faults: members written"] += sent
                self.table.tally["without faults: members that had to change"] += truth.had_to_change(held, wanted)
            self.sent += sent
            truth.settle(self.world, where, wanted, self.members(where), how)

    def check_still(self, when: str) -> None:
        """Nothing was sent since the last check."""
        self.settled()
        if moved := {where: sent for where, sent in self.written().items() if sent}:
            raise Wrong(f"{when}, members were sent: {moved}")

    def epoch(self) -> int:
        """The highest epoch of the ledger, or 0."""
        state = f"state{self.number}"
        if not self.far.sql(f"SELECT 1 FROM duckdb_tables() WHERE schema_name = '{state}'"):
            return 0
        return int(self.far.sql(f"SELECT MAX(epoch) FROM {state}.cohort_ledger")[0][0])

    def settled(self) -> None:
        """Until no job is under way."""
        headers = {"authorization": "TD1 sandbox-key"}
        for status in ("queued", "running"):
            while True:
                self.far.wire.request("GET", f"/v3/job/list?status={status}", headers=headers)
                if not _json(self.far.wire)["jobs"]:
                    break

    def nothing_to_do(self) -> None:
        """A sync right after a clean one costs one job, and sends nothing."""
        self.far.ask("DELETE", "requests")
        run = self.end(self.start("sync"))
        jobs = self.far.ask("GET", "requests")["jobs"]
        if self.world.any_valid and (sum(jobs.values()) != 1 or "Nothing to do" not in run.text):
            raise Wrong(f"a second sync had something to do ({jobs}):\n{run.text}")

    def check_tables(self) -> None:
        """After a clean run no snapshot is left but the last two of each cohort, and two checkpoints at most."""
        world, state = self.world, f"state{self.number}"
        if not world.any_valid or world.any_broken or any(file.there and file.suspended for file in world.files):
            return
        left = self.far.sql(
            f"SELECT table_name FROM duckdb_tables() WHERE schema_name = '{state}' AND table_name <> 'cohort_ledger'"
            " AND table_name NOT LIKE 'barred_%' AND table_name NOT LIKE 'cohort_ledger_until_%'"
            " AND NOT EXISTS (SELECT 1 FROM"
            " (SELECT detail, row_number() OVER (PARTITION BY workspace, cohort_id ORDER BY epoch DESC, sequence DESC)"
            f" AS place FROM {state}.cohort_ledger WHERE event IN ('synced', 'held')) AS rows"
            " WHERE place <= 3 AND contains(detail, table_name))"
        )
        barred = self.far.sql(
            f"SELECT table_name FROM duckdb_tables() WHERE schema_name = '{state}' AND table_name LIKE 'barred_%'"
        )
        copies = self.far.sql(
            f"SELECT table_name FROM duckdb_tables() WHERE schema_name = '{state}'"
            " AND table_name LIKE 'cohort_ledger_until_%'"
        )
        if left or len(barred) > 1 or len(copies) > 2:
            raise Wrong(f"tables are left that nothing names: {left} {barred} {copies}")

    def verify(self) -> None:
        """The ledger has no row that it cannot explain, and no snapshot that is not as it says."""
        if self.world.any_valid:
            run = self.end(self.start("verify"))
            if run.code:
                raise Wrong(f"the ledger does not agree with what is there:\n{run.text}")

    def members(self, where: Where) -> set[int]:
        """Keys of the users who are in a cohort."""
        workspace, cohort = where
        shown = self.far.ask("GET", f"cohorts/{cohort}?workspace=w{self.number}_{workspace}")
        known = {
            f"{'x' if user.identified else 'a'}{person}": user.key
            for person, user in self.world.users[workspace].items()
        }
        return {known.get(name, -1) for name in shown["members"]} if shown else set()

    def written(self) -> dict[Where, int]:
        """Members written to each cohort since last asked."""
        written = {}
        for workspace in {where[0] for where in self.world.held} | {self.world.workspace}:
            for shown in self.far.ask("GET", f"cohorts?workspace=w{self.number}_{workspace}")["cohorts"]:
                where = (workspace, shown["cohort_id"])
                written[where] = shown["members_written"] - self.seen.get(where, 0)
                self.seen[where] = shown["members_written"]
        return written

    def _states(self, where: Where) -> str:
        held = self.world.held[where]
        options = [(option.definition, sorted(option.members)) for option in held.options]
        return f"options {options}; unsure {held.unsure}, aged {held.aged}"

    def say(self, what: str) -> None:
        """For the story that is told when something is wrong."""
        self.journal.append(what)


def is_job(line: str) -> bool:
    return " job " in line or "/partners/" in line


def _json(wire: Any) -> Any:
    return json.loads(wire.getresponse().read())
