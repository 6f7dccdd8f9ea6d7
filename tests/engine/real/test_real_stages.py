"""No statement has more stages than Trino runs, however many cohorts, lists, identifiers and attempts there are."""

from __future__ import annotations

import re

import pytest
from benchmarks.engine import Engine
from runner.identifiers import Handle, Identifier, Kind
from runner.plan.ledger import Delivered, Deployed, Destination, Pending
from runner.sql.members import export, members, suppressed
from runner.sync import audit, delta
from runner.sync.attempts import COUNTED_TOGETHER
from runner.sync.counting import OTHERS_AT_ONCE, SUPPRESSED
from runner.sync.verify import COUNTED_TOGETHER as VERIFIED_TOGETHER

MOST = 125
"""Trino refuses more than 150; an author's own query takes some too."""

STATE = "cohort_statements"
COLUMNS = ("customer_id", "device", "email", "phone")
IDENTIFIERS = tuple(
    Identifier(Handle(Kind.ALIAS, column) if number else Handle(Kind.EXTERNAL_ID), column, lower=number == 2)
    for number, column in enumerate(COLUMNS)
)
AUDIENCE = "SELECT customer_id, device, email, phone FROM people WHERE spend > 1"
LISTS = suppressed([(f"SELECT {', '.join(COLUMNS)} FROM people WHERE spend > {n}", IDENTIFIERS) for n in range(40)])
DEPLOYED = Deployed(
    Destination("shop", "vips"),
    Delivered("snap0", 0, "", "", {}, "", 0, certain="snap0"),
    tuple(Pending(str(number), f"snap{number}", "", ()) for number in range(1, 9)),
)
TABLE = f'SELECT kind, label, value FROM "{STATE}"."snap9"'


def planned(sql: str) -> str:
    """As `plan --members` asks it: the lists written once."""
    return f"WITH barred_people AS (\n{LISTS}\n)\n{sql}"


def counted(wanted: str, *, removing: bool = False) -> str:
    make = delta.taking_out if removing else delta.sets
    return delta.count({"": make(DEPLOYED, next_sql=wanted, state=STATE, recent_since=5)})


def together() -> str:
    wanted = delta.members_of("snap9", STATE)
    sets = delta.sets(DEPLOYED, next_sql=wanted, state=STATE, recent_since=5)
    return delta.count({f"attempt_{number}": sets for number in range(COUNTED_TOGETHER)})


OTHERS = {f"c{number}": f"snap{number % 10}" for number in range(OTHERS_AT_ONCE)}
SETS = delta.sets(DEPLOYED, next_sql=delta.members_of("snap9", STATE), state=STATE, recent_since=5)
STATEMENTS = {
    "barred people": LISTS,
    "a snapshot": delta.create_snapshot(members(AUDIENCE, IDENTIFIERS, TABLE), "snap0", table="made", state=STATE),
    "a snapshot of mode add": delta.create_snapshot(
        delta.everybody(members(AUDIENCE, IDENTIFIERS, TABLE), DEPLOYED, state=STATE, suppressed=TABLE),
        "snap0", table="made", state=STATE,
    ),
    "counts of a plan": planned(counted(members(AUDIENCE, IDENTIFIERS, SUPPRESSED))),
    "counts of a plan of mode add": planned(
        counted(
            delta.everybody(members(AUDIENCE, IDENTIFIERS, SUPPRESSED), DEPLOYED, state=STATE, suppressed=SUPPRESSED)
        )
    ),
    "counts of a plan of mode remove": planned(
        counted(
            delta.with_suppressed(members(AUDIENCE, IDENTIFIERS), DEPLOYED, state=STATE, suppressed=SUPPRESSED),
            removing=True,
        )
    ),
    "who is barred": planned(delta.leaving_suppressed(DEPLOYED, state=STATE, suppressed=SUPPRESSED)),
    "whom it shares": planned(
        delta.shared(members(AUDIENCE, IDENTIFIERS, SUPPRESSED), OTHERS, state=STATE)
    ),
    "counts of several attempts": together(),
    "whom to add": SETS.additions(IDENTIFIERS[0].handle, whole=False),
    "whom to remove": SETS.removals(IDENTIFIERS[0].handle),
    "what is left": delta.left_over(DEPLOYED, "snap9", state=STATE),
    "an export": export(AUDIENCE, IDENTIFIERS[0], LISTS),
    "sizes": audit.sizes([f"snap{n % 10}" for n in range(VERIFIED_TOGETHER)], STATE),
}  # fmt: skip


@pytest.mark.parametrize("name", STATEMENTS)
def test_stages_are_few(asked: Engine, name: str) -> None:
    rows, _ = asked.run(f"EXPLAIN (TYPE DISTRIBUTED) {STATEMENTS[name]}")
    stages = len(re.findall(r"^Fragment \d+ ", "\n".join(str(row[0]) for row in rows), re.MULTILINE))
    assert 0 < stages < MOST, f"{stages} stages"
