"""Plays the statements that the mirror wrote down on a real Trino, from the same tables, and compares the outcome."""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from tests.conformance.compare import alike, in_order, ours, theirs
from tests.conformance.corpus import Answer, Table
from tests.conformance.engine import Engine

OWN = frozenset({"time", "now"})
"""Columns that each engine fills by its own clock, where it cannot be told the time."""


IDS = re.compile(r"[0-9a-f]{8,}|\d+")
"""What is another in each run: ids, numbers, times."""

ALIKE = 5
"""How many statements of one shape are played, of each process."""

OWN_RULES = re.compile(
    r"is not supported by Treasure Data|Schema 'information_schema' does not exist"
    r"|(Table|Column) name '.*' is invalid: "
)
"""What the sandbox says of a statement that a Trino carries out and Treasure Data does not. Such a statement is not
played: one of them drops the schema that all others need.
"""

WITHOUT_TIME = re.compile(r"Table: \[(?P<table>.*), bigint\], Query: \[(?P<query>.*)\]$")
"""What the engine says of an INSERT by position that leaves out the last column, which is `time`."""

ALL_COLUMNS = re.compile(r"^\s*SELECT \* FROM \w+\s*$", re.IGNORECASE)

INTERRUPTED = "Interrupted"
"""What DuckDB says of a statement that a test killed."""


class Outcome(Enum):
    """How a statement went on the engine, beside the sandbox."""

    SAME = "same"
    REFUSED = "refused by both"
    OWN_RULE = "refused by a rule that is Treasure Data's alone: not played"
    OWN_TIME = "without `time`, which Treasure Data adds: refused by the engine"
    NOT_HERE = "not here: the sandbox said that it cannot tell"
    DIFFERENT = "different rows"
    WRITTEN = "different rows written"
    TAKEN = "taken by the sandbox alone"
    MISTAKEN = "taken by the engine alone"
    SKIPPED = "not played: killed, too many rows, or a type that is not mirrored"


GOOD = frozenset({Outcome.SAME, Outcome.REFUSED, Outcome.OWN_RULE, Outcome.OWN_TIME, Outcome.NOT_HERE, Outcome.SKIPPED})


@dataclass(frozen=True, slots=True)
class Played:
    """One statement as the mirror wrote it, and how it went."""

    entry: Mapping[str, Any]
    outcome: Outcome
    told: str = ""
    seconds: float = 0.0


@dataclass(slots=True)
class Replayer:
    """One catalog of the engine, the states of its tables, and the types of those that the engine made itself."""

    address: str
    catalog: str
    folder: Path
    keeps_time: bool
    states: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, Mapping[str, str]] = field(default_factory=dict)
    schemas: set[str] = field(default_factory=set)
    warehouse: int = 0

    def play(self, entries: Sequence[Mapping[str, Any]]) -> Iterator[Played]:
        """Each statement in order."""
        for entry in entries:
            yield self._played(entry)

    def _played(self, entry: Mapping[str, Any]) -> Played:
        """One statement; one whose tables cannot be made is not played, and said to be so."""
        if INTERRUPTED in entry.get("error", ""):
            return Played(entry, Outcome.SKIPPED)
        if OWN_RULES.search(entry.get("error", "")):
            return Played(entry, Outcome.OWN_RULE, entry["error"])
        if any(state.startswith("!") for state in (*entry["before"].values(), *entry["after"].values())):
            return Played(entry, Outcome.SKIPPED)
        if "not_here" in entry:
            return Played(entry, Outcome.NOT_HERE, entry["not_here"])
        now = entry["now"] if self.keeps_time else None
        if entry["warehouse"] != self.warehouse:
            # another sandbox: a table of the same name is another one, in types of its own
            self.warehouse = entry["warehouse"]
            for name in tuple(self.kinds):
                self._spoil(name)
        engine = Engine(self.address, entry["database"], self.catalog, entry["scheduled_time"], now)
        try:
            self._prepare(engine, entry)
        except RuntimeError as exc:
            return Played(entry, Outcome.SKIPPED, str(exc))
        began = time.monotonic()
        answer = engine.ask(entry["sql"])
        took = time.monotonic() - began
        outcome, told = self._outcome(entry, answer, engine)
        return Played(entry, outcome, told, took)

    def _prepare(self, engine: Engine, entry: Mapping[str, Any]) -> None:
        """The tables as they were when the sandbox carried the statement out, and no others."""
        for schema in entry["databases"]:
            if schema not in self.schemas:
                engine.done(f"CREATE SCHEMA IF NOT EXISTS {self.catalog}.{schema}")
                self.schemas.add(schema)
                left = engine.ask(f"SHOW TABLES FROM {self.catalog}.{schema}").rows or ()
                self.states |= {f"{schema}.{name}": "" for (name,) in left}
        for name in [name for name in self.states if name not in entry["before"]]:
            engine.done(f"DROP TABLE IF EXISTS {name}")
            self._forget(name)
        for name, state in entry["before"].items():
            if self.states.get(name) != state:
                self._fill(engine, name, state)
                self.states[name] = state

    def _fill(self, engine: Engine, name: str, state: str) -> None:
        """The table, in the types that the engine gave it where it made it itself. Raises RuntimeError."""
        try:
            engine.fill(self._table(name, state))
        except RuntimeError:  # a test may have changed the type of a column
            self._spoil(name)
            engine.fill(self._table(name, state))

    def _table(self, name: str, state: str) -> Table:
        kept = json.loads((self.folder / f"{state}.json").read_text(encoding="utf-8"))
        return Table(name, kept["columns"] | self.kinds.get(name, {}), kept["rows"])

    def _forget(self, name: str) -> None:
        self.states.pop(name, None)
        self.kinds.pop(name, None)

    def _spoil(self, name: str) -> None:
        """The table is to be made anew, in the types that the sandbox has."""
        self.states[name] = ""
        self.kinds.pop(name, None)

    def _outcome(self, entry: Mapping[str, Any], answer: Answer, engine: Engine) -> tuple[Outcome, str]:
        if answer.error:
            told = f"{answer.error['name']}: {answer.error['message']}"
            for name in entry["after"]:
                self._spoil(name)
            if "error" in entry:
                return Outcome.REFUSED, told
            return (Outcome.OWN_TIME if _lacks_time(told) else Outcome.TAKEN), told
        if "error" in entry:
            self.states = dict.fromkeys(self.states, "")
            return Outcome.MISTAKEN, str(answer.rows)[:200]
        if entry["rows"] is None:
            return self._written(entry, engine)
        told = self._difference(_with_time_last(entry["sql"], answer), entry["rows"])
        return (Outcome.DIFFERENT, told) if told else (Outcome.SAME, "")

    def _difference(self, answer: Answer, rows: Sequence[Sequence[Any]]) -> str:
        """What is different of rows; nothing where they are the same."""
        names = [name for name, _ in answer.columns]
        compared = [index for index, name in enumerate(names) if self.keeps_time or name not in OWN]
        kinds = [answer.columns[index][1] for index in compared]
        got = in_order(
            [tuple(theirs(row[i], kind) for i, kind in zip(compared, kinds, strict=True)) for row in answer.rows or ()]
        )
        wanted = in_order([tuple(ours(row[i], kind) for i, kind in zip(compared, kinds, strict=True)) for row in rows])
        if alike(got, wanted):
            return ""
        pairs = [f"{one} instead of {other}" for one, other in zip(got, wanted, strict=False) if not alike(one, other)]
        return "; ".join(pairs[:3]) or f"{len(got)} rows instead of {len(wanted)}"

    def _written(self, entry: Mapping[str, Any], engine: Engine) -> tuple[Outcome, str]:
        """Whether the statement left the same tables."""
        for name in entry["gone"]:
            self._forget(name)
        for name, state in entry["after"].items():
            table = self._table(name, state)
            listed = ", ".join(f'"{column}"' for column in table.columns)
            answer = engine.ask(f"SELECT {listed} FROM {name}")
            if answer.error:
                self._spoil(name)
                return Outcome.WRITTEN, f"{name}: {answer.error['message']}"
            self.kinds[name] = dict(answer.columns)
            told = self._difference(answer, table.rows)
            # with another time than the sandbox's it is written anew before it is read, in the engine's own types
            self.states[name] = state if self.keeps_time and not told else ""
            if told:
                return Outcome.WRITTEN, f"{name}: {told}"
        return Outcome.SAME, ""


def _lacks_time(told: str) -> bool:
    """True where nothing but the last column is missing: as many columns of the same kinds stand before it."""
    found = WITHOUT_TIME.search(told)
    return bool(found) and _bases(found["table"]) == _bases(found["query"])


def _bases(listed: str) -> list[str]:
    """Types without their lengths: a text of another length fits, and an integer where a bigint stands."""
    bases = [kind.partition("(")[0] for kind in listed.split(", ")]
    return ["bigint" if base == "integer" else base for base in bases]


def _with_time_last(sql: str, answer: Answer) -> Answer:
    """The answer to `SELECT *` with `time` as its last column, where Treasure Data has it."""
    names = [name for name, _ in answer.columns]
    if not ALL_COLUMNS.match(sql) or "time" not in names or answer.rows is None:
        return answer
    order = sorted(range(len(names)), key=lambda index: names[index] == "time")
    rows = tuple(tuple(row[index] for index in order) for row in answer.rows)
    return replace(answer, columns=tuple(answer.columns[index] for index in order), rows=rows)


def entries(path: Path) -> list[Mapping[str, Any]]:
    """The statements of one process, in order."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def of_shapes(given: Sequence[Mapping[str, Any]], most: int) -> list[Mapping[str, Any]]:
    """Of statements that are alike but for names of runs and numbers, so many; those that failed differently,
    or wrote something, are shapes of their own.
    """
    seen: Counter[tuple[str, str, bool]] = Counter()
    kept = []
    for entry in given:
        shape = (IDS.sub("#", entry["sql"]), entry.get("error", ""), bool(entry["after"]))
        seen[shape] += 1
        if seen[shape] <= most:
            kept.append(entry)
    return kept


def played(
    folder: Path,
    address: str,
    catalogs: Sequence[str],
    tell: Callable[[Played], None] = lambda _: None,
    most: int = ALIKE,
) -> list[Played]:
    """The statements of a folder, each process's in a catalog of its own; each is told as soon as it was played."""
    paths = [path for path in sorted(folder.glob("statements-*.jsonl")) if path.stat().st_size]
    if len(paths) > len(catalogs):
        raise ValueError(f"{len(paths)} processes need as many catalogs; there are {len(catalogs)}")
    keeps_time = Engine(address, "").keeps_time()

    def one(given: tuple[Path, str]) -> list[Played]:
        found = []
        for each in Replayer(address, given[1], folder, keeps_time).play(of_shapes(entries(given[0]), most)):
            tell(each)
            found.append(each)
        return found

    with ThreadPoolExecutor(len(catalogs)) as pool:
        return [each for some in pool.map(one, zip(paths, catalogs, strict=False)) for each in some]


def summary(found: Sequence[Played]) -> str:
    """How many of each, and how long they took."""
    counts = Counter(each.outcome for each in found)
    lines = [f"  {outcome.value:60}{counts[outcome]:6}" for outcome in Outcome]
    seconds = sum(each.seconds for each in found)
    lines.append(f"  {len(found)} statements, {seconds:.0f} s on the engine")
    return "\n".join(lines)


def described(each: Played) -> str:
    """One that differs."""
    told = each.entry.get("error", "")
    sandbox = f"\n  sandbox: {told}" if told else ""
    return (
        f"{each.entry['test']}: {each.outcome.value}\n  {each.entry['sql'][:2000]}\n  engine:  {each.told}{sandbox}\n"
    )


def main() -> None:
    """The command `python -m tests.conformance.replay`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--engine", required=True)
    parser.add_argument("--catalogs", default="td0,td1,td2,td3")
    chosen = parser.parse_args()

    def tell(each: Played) -> None:
        if each.outcome not in GOOD:
            print(described(each), flush=True)

    print(summary(played(chosen.folder, chosen.engine, chosen.catalogs.split(","), tell)))


if __name__ == "__main__":
    main()
