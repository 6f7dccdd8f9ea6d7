"""Ask an account's engine what statements mean that no documentation explains, and
compare the answers with what the runner needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from runner.errors import CohortsError
from runner.treasuredata.client import JobFailed, Rows, TreasureData
from runner.treasuredata.ledger import MISSING_COLUMN, TABLE, TYPES

RANGES = {
    "TD_TIME_RANGE(time, NULL, NULL)": True,
    "TD_TIME_RANGE(time, 5, NULL)": True,
    "TD_TIME_RANGE(time, 6, NULL)": False,
    "TD_TIME_RANGE(time, NULL, 5)": False,
    "TD_TIME_RANGE(time, NULL, 6)": True,
    "TD_TIME_RANGE(time, 5, '1970-01-02')": True,
    "TD_TIME_RANGE(time, '1970-01-01', 5)": False,
    "TD_TIME_RANGE(time, NULL, '1970-01-02')": True,
    "TD_TIME_RANGE(time, '1970-01-02', NULL)": False,
    "TD_TIME_RANGE(time, '1970-01-01', TD_TIME_ADD(TD_SCHEDULED_TIME(), '-1d'))": True,
    "TD_TIME_RANGE(time, '1970-01-01', NULL, 'America/New_York')": False,
}
"""Conditions as rules write them, and whether the fifth second of 1970 meets each."""

DAY = 86_400

WHOLE_NUMBERS = ("bigint", "integer")


@dataclass(frozen=True, slots=True)
class Difference:
    """An answer that is not what the runner needs: an error code, what was found, and
    what to do about it.
    """

    code: str
    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class Asker:
    """Where to ask: a client, the state database, what job keys begin with, and this
    machine's time (unix seconds).
    """

    client: TreasureData
    state: str
    key: str
    clock: int

    def select(self, name: str, sql: str) -> Rows:
        """Rows of a query; `name` is unique to it. Raises CohortsError."""
        key = f"{self.key}-{name}"
        what = "a statement to try"
        return self.client.select(
            self.state, sql, key=key, scheduled_time=self.clock, what=what
        )


def time_ranges(asker: Asker) -> Difference | None:
    """The difference in how TD_TIME_RANGE takes open ends, and ends of two kinds; None
    where there is none. Read-only. Raises CohortsError.
    """
    wrong: list[str] = []
    try:
        rows = asker.select("ranges", _ranges(RANGES))
        found = dict(zip(RANGES, rows[0], strict=True))
        for sql, wanted in RANGES.items():
            if found[sql] != int(wanted):
                wrong.append(f"{sql} is {str(not wanted).upper()}")
    except JobFailed:
        wrong = [*_refused(asker)]
        if not wrong:
            raise
    if not wrong:
        return None
    what = f"where time is 5, {wrong[0]}"
    if len(wrong) > 1:
        others = len(wrong) - 1
        what = f"{what}, and {others} more"
    fix = (
        "report it; until then, write conditions on times"
        " (`within`, `before`, `between`) as SQL of your own"
    )
    return Difference("R051", what, fix)


def _ranges(conditions: Iterator[str] | dict[str, bool]) -> str:
    """A query that says of each condition whether it holds at time 5."""
    asked = ",\n".join(
        f"  CASE WHEN {condition} THEN 1 ELSE 0 END AS range_{number}"
        for number, condition in enumerate(conditions)
    )
    return f"SELECT\n{asked}\nFROM (VALUES 5) AS moments (time)"


def _refused(asker: Asker) -> Iterator[str]:
    """The conditions that are refused, asked one by one."""
    for number, condition in enumerate(RANGES):
        try:
            asker.select(f"range-{number}", _ranges({condition: True}))
        except JobFailed:
            yield f"{condition} is refused"


def ledger_columns(asker: Asker) -> Difference | None:
    """The difference in the types that the engine gives the ledger's columns; None where
    they are wide enough. Read-only. Raises CohortsError.
    """
    asked = ", ".join(f"TYPEOF({name}) AS {name}" for name in TYPES)
    sql = f'SELECT {asked}\nFROM "{asker.state}"."{TABLE}"\nLIMIT 1'
    ((*kinds,),) = asker.select("columns", sql)
    narrow = []
    for name, found in zip(TYPES, kinds, strict=True):
        kind = str(found).lower()
        if kind not in _wide_enough(TYPES[name]):
            narrow.append(f"{name} is {kind}")
    if not narrow:
        return None
    listed = ", ".join(narrow)
    what = f"the ledger's columns are too narrow for its rows: {listed}"
    return Difference("L022", what, "`cohorts explain L022` tells how it is made anew")


def _wide_enough(wanted: str) -> tuple[str, ...]:
    """The types of a column that hold all values of the wanted one."""
    if wanted == "BIGINT":
        return WHOLE_NUMBERS
    return ("varchar",)


def new_tables(asker: Asker) -> Difference | str:
    """The difference where a new table has no `time` that nobody gave it; else the type
    that the engine gives a text of three letters. Makes a table, and drops it. Raises
    CohortsError.
    """
    token = asker.key.rsplit("-", maxsplit=1)[-1]
    table = f"cohort_doctor_{token}_time"
    made = f'CREATE TABLE "{asker.state}"."{table}" AS\nSELECT \'abc\' AS word'
    what = "making a table to try"
    now = asker.clock
    asker.client.run(
        asker.state, made, key=f"{asker.key}-time", scheduled_time=now, what=what
    )
    try:
        sql = (
            "SELECT LOWER(TYPEOF(word)) AS word, COALESCE(time, 0) AS time\n"
            f'FROM "{asker.state}"."{table}"'
        )
        ((word, time),) = asker.select("time-read", sql)
    except JobFailed as exc:
        if MISSING_COLUMN not in exc.what:
            raise
        return _no_time("has no column `time`")
    finally:
        with suppress(CohortsError):
            asker.client.delete_table(asker.state, table)
    if abs(int(time) - now) <= DAY:
        return str(word)
    if time:
        return _no_time(f"got {time} as its `time`")
    return _no_time("got no `time` of the moment when it was made")


def _no_time(what: str) -> Difference:
    """The difference in how a new table gets its `time`."""
    fix = (
        "report it; the ledger is read by its `time`, so nothing should be sent before"
    )
    return Difference("R052", f"a new table {what}", fix)
