"""It converges, whatever happens: random histories of a small world, each run of them the real command."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from tests.machine import ways
from tests.machine.game import Game, Table
from tests.machine.truth import Clean
from tests.machine.world import AUDIENCES, IDENTIFIERS, LIFTED, PEOPLE, SLOTS, WORKSPACES, Row

BITS = st.booleans()
PERSON, SLOT = st.integers(0, PEOPLE - 1), st.integers(0, SLOTS - 1)
WHERE = st.sampled_from([0, 0, 0, *range(1, WORKSPACES)])
MOSTLY = st.sampled_from([True, True, True, False])
ROW = st.builds(Row, MOSTLY, MOSTLY, MOSTLY, BITS, BITS, st.integers(0, 3))
ROWS = st.lists(ROW, min_size=PEOPLE, max_size=PEOPLE)
HOW = st.sampled_from([Clean(), Clean(refresh=True), Clean(refresh=True, reassert=True)])
WHOLE = Clean(refresh=True, reassert=True)
MODE = st.sampled_from(["mirror", "mirror", "add", "remove"])
COHORT = st.tuples(st.integers(0, len(AUDIENCES) - 2), st.integers(0, len(IDENTIFIERS) - 1), MODE)
PLACE = st.sampled_from(range(33))
FOLDED = 9
"""Attempts cut off one after another, one more than are folded."""

HELD = st.one_of(
    st.builds(
        lambda do, after: {"at": "request", "do": do, "after": after},
        st.sampled_from(["hold_before", "hold_after"]),
        PLACE,
    ),
    st.builds(
        lambda do, match: {"at": "request", "do": do, "match": match},
        st.sampled_from(["hold_before", "hold_after"]),
        st.sampled_from(["POST /v3/job/issue", "GET /v3/job/show", "GET /v3/job/result", "/v3/table/delete"]),
    ),
    st.builds(
        lambda do, after: {"at": "request", "do": do, "match": "POST /v3/job/issue", "after": after},
        st.sampled_from(["hold_before", "hold_after"]),
        st.sampled_from(range(15)),
    ),
    st.builds(
        lambda do, after: {"at": "braze", "do": do, "after": after},
        st.sampled_from(["hold_before", "hold_after"]),
        st.integers(0, 3),
    ),
    st.builds(
        lambda at, after: {"at": at, "do": "hold", "after": after},
        st.sampled_from(["export", "query"]),
        st.integers(0, 4),
    ),
)
FAULT = st.one_of(
    st.builds(
        lambda do, after: {"at": "request", "do": do, "after": after, "times": 1},
        st.sampled_from(["reset_before", "reset_after", "status:503", "status:429", "truncate"]),
        PLACE,
    ),
    st.builds(
        lambda after: {"at": "request", "do": "key_taken", "match": "POST /v3/job/issue", "after": after, "times": 1},
        st.sampled_from(range(15)),
    ),
    st.builds(
        lambda do, after, times: {"at": "braze", "do": do, "after": after, "times": times},
        st.sampled_from(["reset_before", "reset_after", "status:500", "status:400"]),
        st.integers(0, 3),
        st.sampled_from([1, 9]),
    ),
    st.builds(
        lambda do, after: {"at": "query", "do": do, "after": after},
        st.sampled_from(["fail", "killed", "applied_error", "no_export", "late"]),
        st.integers(0, 12),
    ),
    st.builds(
        lambda do, after: {"at": "export", "do": do, "after": after},
        st.sampled_from(["fail", "killed", "half", "half", "export_error_after_delivery"]),
        st.integers(0, 4),
    ),
)


@cache
def table() -> Table:
    """What all games of this process share."""
    return Table()


class Machine(RuleBasedStateMachine):
    """The rules. A rule for something new goes where its kind is; what must hold after it is in `truth`."""

    def __init__(self) -> None:
        super().__init__()
        self.game: Game = table().sit()
        self.world = self.game.world

    def teardown(self) -> None:
        """A last look at everything, unless something is wrong already."""
        try:
            if not self.failed:
                self._act(lambda: ways.clean(self.game, WHOLE, again=True))
                self._act(self.game.verify)
        finally:
            table().tally["games"] += 1
            self.game.leave()

    failed = may_fold = False

    def _act(self, act: Any) -> None:
        table().tally["steps"] += 1
        try:
            act()
        except BaseException as exc:
            self.failed = True
            exc.add_note("the story:\n  " + "\n  ".join(self.game.journal))
            raise

    def _dirty(self, what: str) -> None:
        table().tally["steps"] += 1
        self.game.dirty.add(what)

    @initialize(
        rows=ROWS,
        unknown=st.sets(PERSON, max_size=2),
        anonymous=st.sets(PERSON, max_size=2),
        cohorts=st.lists(COHORT, min_size=1, max_size=SLOTS),
        barred=st.sets(PERSON, max_size=2),
        may_fold=st.sampled_from([False, False, False, True]),
    )
    def begin(
        self,
        rows: list[Row],
        unknown: set[int],
        anonymous: set[int],
        cohorts: list[tuple[int, int, str]],
        barred: set[int],
        may_fold: bool,
    ) -> None:
        """A shop, users, some cohorts."""
        self.may_fold = may_fold
        self.world.rows[:] = rows
        for workspace in range(WORKSPACES):
            for person in sorted(set(range(PEOPLE)) - unknown):
                identified = person not in anonymous
                self.game.user(workspace, person, there=True, identified=identified, email=True, device=True)
        for slot, (audience, identifiers, mode) in enumerate(cohorts):
            self._file(slot, there=True, audience=audience, identifiers=identifiers, mode=mode)
        self.world.suppress, self.world.barred = bool(barred), barred

    # the warehouse

    @rule(person=PERSON, row=ROW)
    def person_changes(self, person: int, row: Row) -> None:
        """Somebody qualifies, or does not any more, or has other names."""
        self.world.rows[person] = row
        self._dirty("rows")

    @rule(rows=ROWS)
    def tables_are_swapped(self, rows: list[Row]) -> None:
        """Everybody is different."""
        self.world.rows[:] = rows
        self._dirty("rows")

    # Braze's users

    @rule(workspace=WHERE, person=PERSON, there=BITS, identified=BITS, email=BITS, device=BITS)
    def user_changes(
        self, workspace: int, person: int, there: bool, identified: bool, email: bool, device: bool
    ) -> None:
        """A user appears, goes, gains or loses names."""
        self._act(
            lambda: self.game.user(workspace, person, there=there, identified=identified, email=email, device=device)
        )

    @rule(workspace=WHERE, person=PERSON)
    def user_appears(self, workspace: int, person: int) -> None:
        """A user whom Braze finds by everything."""
        self._act(lambda: self.game.user(workspace, person, there=True, identified=True, email=True, device=True))

    # the files

    @rule(slot=SLOT, audience=st.integers(0, len(AUDIENCES) - 1))
    def sql_is_edited(self, slot: int, audience: int) -> None:
        """Another audience."""
        self._file(slot, audience=audience)

    @rule(slot=SLOT, identifiers=st.integers(0, len(IDENTIFIERS) - 1))
    def identifiers_are_changed(self, slot: int, identifiers: int) -> None:
        """People are named otherwise."""
        self._file(slot, identifiers=identifiers)

    @rule(slot=SLOT, name=st.integers(0, 2))
    def cohort_is_renamed(self, slot: int, name: int) -> None:
        """Another name in Braze."""
        self._file(slot, name=name)

    @rule(slot=SLOT, variant=st.integers(0, 1), moved=BITS)
    def id_is_changed(self, slot: int, variant: int, moved: bool) -> None:
        """Another cohort, and the old one is gone; or it is the old one, moved on purpose."""
        self._file(slot, variant=variant, moved=moved and not self.world.files[slot].suspended)

    @rule(slot=SLOT, mode=MODE)
    def mode_is_changed(self, slot: int, mode: str) -> None:
        """Nobody leaves any more, or somebody is only taken out; or a mirror again."""
        self._file(slot, mode=mode)

    @rule(slot=SLOT, expired=BITS, suspended=BITS)
    def life_is_changed(self, slot: int, expired: bool, suspended: bool) -> None:
        """A cohort expires, or is brought back; it is suspended, or goes on."""
        suspended = suspended and self.world.hours <= LIFTED and not self.world.files[slot].moved
        self._file(slot, expired=expired and not suspended, suspended=suspended)

    @rule(suppress=st.sampled_from([True, True, False]), barred=st.lists(PERSON, max_size=2))
    def people_opt_out(self, suppress: bool, barred: list[int]) -> None:
        """Some must be taken out of every cohort, whatever else is said."""
        self.world.suppress, self.world.barred = suppress, set(barred)
        self.game.dirty.add("project")
        self._dirty("rows")

    @rule(slot=SLOT, there=BITS)
    def file_is_deleted_or_restored(self, slot: int, there: bool) -> None:
        """A cohort goes or comes back."""
        self._file(slot, there=there)

    @rule(slot=SLOT, broken=st.sampled_from([False, False, True]))
    def file_is_broken_or_mended(self, slot: int, broken: bool) -> None:
        """Invalid YAML, or valid again."""
        self._file(slot, broken=broken)

    @rule(bar=st.integers(1, 3), strict=BITS)
    def shared_files_are_edited(self, bar: int, strict: bool) -> None:
        """A variable, and a template that cohorts share."""
        self.world.bar, self.world.strict = bar, strict
        self._dirty("project")

    @rule(workspace=WHERE)
    def workspace_is_changed(self, workspace: int) -> None:
        """The target leads to another workspace, over another connection."""
        self.world.workspace = workspace
        self._dirty("project")

    def _file(self, slot: int, **changes: Any) -> None:
        self.world.files[slot] = replace(self.world.files[slot], **changes)
        self._dirty("files")

    # runs

    @rule(how=HOW, late=st.sampled_from(["before", "during", "after"]), again=BITS)
    def clean_run(self, how: Clean, late: str, again: bool) -> None:
        """Nothing goes wrong."""
        self._act(lambda: ways.clean(self.game, how, late=late, again=again))

    @rule(
        cut=st.lists(st.tuples(HELD, HOW, st.sampled_from(["go", "drop", "late"])), min_size=1, max_size=2),
    )
    def killed_runs(self, cut: list[tuple[dict[str, Any], Clean, str]]) -> None:
        """SIGKILL between two exchanges; and again, before one gets through."""
        for fault, how, then in cut:
            self._act(lambda fault=fault, how=how, then=then: ways.killed(self.game, fault, how, then=then))

    @rule(
        cut=st.lists(st.tuples(ROWS, HELD, st.sampled_from(["go", "drop", "late"])), min_size=1, max_size=3),
        back=BITS,
        how=HOW,
    )
    def killed_while_people_come_and_go(
        self, cut: list[tuple[list[Row], dict[str, Any], str]], back: bool, how: Clean
    ) -> None:
        """Run after run is killed, each with other people, who may all come back before one gets through."""
        before = list(self.world.rows)
        self._act(lambda: ways.clean(self.game, Clean(refresh=True)))
        for rows, fault, then in cut:
            self.tables_are_swapped(rows)
            self.killed_runs([(fault, Clean(refresh=True), then)])
        self.tables_are_swapped(before if back else cut[0][0])
        self.clean_run(how if how.refresh else Clean(refresh=True), "during", back)

    @precondition(lambda self: self.may_fold)
    @rule(
        rows=st.lists(ROW, min_size=FOLDED, max_size=FOLDED),
        after=st.integers(0, 1),
        then=st.sampled_from(["go", "drop"]),
    )
    def many_killed_runs(self, rows: list[Row], after: int, then: str) -> None:
        """So many attempts are cut off that they are folded. It takes long: in some games, and once."""
        self.may_fold = False
        fault = {"at": "export", "do": "hold", "after": after}
        for number, row in enumerate(rows):
            self.world.rows[number % PEOPLE] = row
            self._dirty("rows")
            self._act(lambda: ways.killed(self.game, fault, WHOLE, then=then))
            if not self.game.was_killed:
                break

    @rule(faults=st.lists(FAULT, min_size=1, max_size=2), how=HOW)
    def run_with_faults(self, faults: list[dict[str, Any]], how: Clean) -> None:
        """Requests, queries, exports and Braze fail here and there."""
        self._act(lambda: ways.faulty(self.game, faults, how))

    @rule(fault=HELD, how=HOW, by=st.sampled_from(["unlock", "clock", "itself"]), frozen=BITS)
    def two_runs(self, fault: dict[str, Any], how: Clean, by: str, frozen: bool) -> None:
        """A run sleeps while another does its work; or both go on side by side."""
        if by == "itself":
            self._act(lambda: ways.at_once(self.game, how))
        else:
            self._act(lambda: ways.stalled(self.game, fault, how, by=by, frozen=frozen))

    @rule(hours=st.sampled_from([0, 1, 25, 24 * 8, 24 * 31]))
    def time_passes(self, hours: int) -> None:
        """Hours, days, a month; or somebody takes the ledger away from whoever may have it."""
        self._act(lambda: ways.advance(self.game, hours * 3600) if hours else ways.unlock(self.game))


class StormyMachine(Machine):
    """With storms, which take long: a client that is not answered waits before it asks again."""

    @rule(seed=st.integers(0, 10_000), rate=st.sampled_from([0.05, 0.2]))
    def run_in_a_storm(self, seed: int, rate: float) -> None:
        """Faults of every kind."""
        self._act(lambda: ways.storm(self.game, seed, rate))


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


@pytest.fixture(scope="module", autouse=True)
def _tables() -> Iterator[None]:
    yield
    table().close()
    table.cache_clear()


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("machine", "part"), [(Machine, 1), (Machine, 2), (Machine, 3), (StormyMachine, 1)])
def test_it_converges(machine: type[Machine], part: int) -> None:
    profile = settings(
        max_examples=2,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=CHECKS,
        database=None,
        phases=[Phase.generate],  # the story is told as it was; the soak makes it shorter
    )
    run_state_machine_as_test(seed(part)(type(machine.__name__, (machine,), {})), settings=profile)
