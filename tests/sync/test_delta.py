"""The algebra of a delta: its SQL, run on a real engine, against sets of Python."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from runner.identifiers import Handle, Kind
from runner.plan.ledger import Delivered, Deployed, Destination, Pending
from runner.sync import delta

HERE = Destination("shop", "vips")
ID = Handle(Kind.EXTERNAL_ID)
Members = frozenset[str]
SOME = st.frozensets(st.sampled_from("abcdefgh"))


def delivered(table: str | None) -> Delivered:
    return Delivered(table, 0, "VIPs", "v1:x", {}, "", 0, certain=table)


def keep(cursor: duckdb.DuckDBPyConnection, name: str, members: Members) -> None:
    cursor.execute(
        f"CREATE OR REPLACE TABLE state.{name} (kind VARCHAR, label VARCHAR, value VARCHAR,"
        " spellings BIGINT, type VARCHAR, since BIGINT)"
    )
    for member in members:
        cursor.execute(f"INSERT INTO state.{name} VALUES ('external_id', '', ?, 1, 'varchar', 0)", [member])


def values(cursor: duckdb.DuckDBPyConnection, sql: str) -> Members:
    return frozenset(row[-1] for row in cursor.execute(sql).fetchall())


@settings(max_examples=60, deadline=None)
@given(st.none() | SOME, st.lists(st.none() | SOME, max_size=3), SOME | st.none())
def test_certain_possible_and_what_follows(
    before: Members | None, pending: list[Members | None], wanted: Members | None
) -> None:
    with duckdb.connect() as root:
        root.execute("CREATE SCHEMA state")
        for number, members in enumerate([before, *pending, wanted]):
            keep(root, f"t{number}", members or frozenset())
        tables = [None if members is None else f"t{number}" for number, members in enumerate([before, *pending])]
        deployed = Deployed(
            HERE,
            delivered(tables[0]),
            tuple(Pending(str(number), table, "VIPs", ()) for number, table in enumerate(tables[1:])),
        )
        following = delta.members_of(None if wanted is None else f"t{len(tables)}", "state")
        found = delta.sets(deployed, next_sql=following, state="state")
        states = [before or frozenset(), *(members or frozenset() for members in pending)]
        possible, certain, after = frozenset().union(*states), states[0].intersection(*states), wanted or frozenset()
        assert values(root, delta.export(found.removals(ID), ID)) == possible - after
        assert values(root, delta.export(found.additions(ID, whole=False), ID)) == after - certain
        counts = delta.counted(root.execute(delta.count({"": found})).fetchall(), "", deployed, whole=False)
        assert (counts.before, counts.after, counts.added) == (len(possible), len(after), len(after - certain))
        assert (counts.entering, counts.removed) == (len(after - possible), len(possible - after))


def test_first_wanted_is_remembered() -> None:
    sql = delta.create_snapshot("SELECT 1", "t0", table="t1", state="state")
    assert sql == (
        'CREATE TABLE "state"."t1" AS\n'
        "SELECT wanted.kind, wanted.label, wanted.value, wanted.spellings, wanted.type,"
        " COALESCE(before.since, TD_SCHEDULED_TIME()) AS since\n"
        "FROM (\n  SELECT 1\n) AS wanted\n"
        'LEFT JOIN "state"."t0" AS before\n'
        "  ON before.kind = wanted.kind AND before.label = wanted.label AND before.value = wanted.value"
    )


@pytest.mark.parametrize("cohort_id", ["a", "a" * 63])
def test_table_names_are_allowed_and_of_one_width(cohort_id: str) -> None:
    name = delta.table_name(Destination("shop", cohort_id), 7, 0)
    assert len(name) == 36
    assert delta.snapshot_epoch(name) == 7


@pytest.mark.parametrize("name", ["cohort_ledger", "members_x", "members_0123456789abcdef_0000000x_00", "customers"])
def test_other_tables_are_not_snapshots(name: str) -> None:
    assert delta.snapshot_epoch(name) is None
