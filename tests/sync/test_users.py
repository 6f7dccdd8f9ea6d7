"""Membership in Braze belongs to a user: random histories of cut-off attempts, each healed by one clean attempt.

The members, counts and steps are the product's own, run on a real engine; only Braze is a set of Python.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st
from runner.identifiers import Handle, Kind
from runner.plan.ledger import Delivered, Deployed, Destination, Pending
from runner.plan.plan import Action, Change
from runner.plan.resending import Resend
from runner.sync import delta
from runner.sync.attempt import Attempt
from runner.sync.steps import Step, steps_of
from runner.treasuredata.export import Operation, Route

HERE = Destination("shop", "vips")
EXTERNAL, DEVICE, EMAIL = Handle(Kind.EXTERNAL_ID), Handle(Kind.DEVICE_ID), Handle(Kind.ALIAS, "email")
Member = tuple[Handle, str]

# who Braze finds by what: a and b have two names each, c two devices; nobody has e2 and d3
USERS: dict[Member, str] = {
    (EXTERNAL, "x1"): "a",
    (EMAIL, "e1"): "a",
    (EXTERNAL, "x2"): "b",
    (EMAIL, "e3"): "b",
    (DEVICE, "d1"): "c",
    (DEVICE, "d2"): "c",
}
NAMES = [*USERS, (EMAIL, "e2"), (DEVICE, "d3"), (EXTERNAL, "x3")]
WANTED = st.frozensets(st.sampled_from(NAMES))


@dataclass(slots=True)
class World:
    """A state database and a Braze cohort."""

    engine: duckdb.DuckDBPyConnection
    deployed: Deployed = field(default_factory=lambda: Deployed(HERE))
    in_braze: set[str] = field(default_factory=set)
    exists: bool = False
    tables: int = 0

    def attempt(self, wanted: frozenset[Member] | None, *, exports: int | None = None, half: bool = False) -> None:
        """Try to bring the cohort there; only so many exports are done, the next one by half at most."""
        table = None
        if wanted is not None:
            table, self.tables = f"t{self.tables}", self.tables + 1
            self.engine.execute(
                f"CREATE TABLE state.{table} (kind VARCHAR, label VARCHAR, value VARCHAR,"
                " spellings BIGINT, type VARCHAR, since BIGINT)"
            )
            for handle, value in wanted:
                row = [handle.kind.value, handle.label, value]
                self.engine.execute(f"INSERT INTO state.{table} VALUES (?, ?, ?, 1, 'varchar', 0)", row)
        change = Change(HERE, Action.UPDATE, (), None, self.deployed)
        attempt = Attempt(change, "x", table, None, "braze", Route(1, {}), Resend())
        which = delta.sets(self.deployed, next_sql=delta.members_of(table, "state"), state="state")
        rows = self.engine.execute(delta.count({"": which})).fetchall()
        counts = delta.counted(rows, "", self.deployed, whole=False)
        steps = steps_of(attempt, counts)
        for number, step in enumerate(steps):
            if exports is not None and number >= exports:
                if half:
                    self._export(which, step, whole=counts.whole, some=True)
                break
            self._export(which, step, whole=counts.whole)
        if exports is None:
            before = Delivered(table, 0, "VIPs", "v1:x", {}, "", 0, certain=table)
            self.deployed = Deployed(HERE, before, ever_added=self.deployed.ever_added or counts.added > 0)
        else:
            pending = Pending("x", table, "VIPs", ())
            old = self.deployed
            self.deployed = Deployed(HERE, old.delivered, (*old.pending, pending), ever_added=old.ever_added)

    def _export(self, which: delta.Sets, step: Step, *, whole: bool, some: bool = False) -> None:
        removing = step.operation is Operation.REMOVE
        members = which.removals(step.handle) if removing else which.additions(step.handle, whole=whole)
        if step.one:
            members = which.next if self.engine.execute(which.next).fetchone() else which.possible
            members = delta.values_of(members, step.handle)
        values = [
            value for (value,) in self.engine.execute(delta.export(members, step.handle, one=step.one)).fetchall()
        ]
        assert values, "an export of nobody"
        assert not removing or self.exists, "a removal from a cohort that Braze has never heard of"
        self.exists = True
        found = {
            USERS[step.handle, value]
            for value in values[: len(values) // 2 if some else None]
            if (step.handle, value) in USERS
        }
        self.in_braze = self.in_braze - found if removing else self.in_braze | found


ATTEMPTS = st.lists(st.tuples(st.none() | WANTED, st.none() | st.integers(0, 4), st.booleans()), max_size=5)


@settings(max_examples=120, deadline=None)
@given(ATTEMPTS, st.none() | WANTED)
def test_one_clean_attempt_heals_every_history(
    history: list[tuple[frozenset[Member] | None, int | None, bool]], last: frozenset[Member] | None
) -> None:
    with duckdb.connect() as engine:
        engine.execute("CREATE SCHEMA state")
        world = World(engine)
        for wanted, exports, half in history:
            world.attempt(wanted, exports=exports, half=half)
        world.attempt(last)
        assert world.in_braze == {USERS[member] for member in last or () if member in USERS}
