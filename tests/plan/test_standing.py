"""Due, held and stale: what the plan and the status make of a schedule and an age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from runner.definitions.cohort import Cohort, Life, Mode, Suspension
from runner.files import documents
from runner.files.documents import Document
from runner.identifiers import Handle, Identifier, Kind
from runner.plan.build import build_plan
from runner.plan.ledger import Delivered, Deployed, Destination, Ledger, Pending
from runner.plan.plan import Action, Change
from runner.plan.reason import Reason, Why
from runner.plan.standing import Standing, standings
from runner.project.file import Guards
from runner.project.schedules import Schedule
from runner.report.status import ago, status
from runner.sql.query import Query
from runner.sql.suppressed import NO_ONE, Suppressed

HOUR, NOW = 3_600, 1_795_500_000  # 2026-11-24 06:00:00 UTC
HERE = Destination("shop", "vips")
SIX = Schedule("0 6 * * *", "UTC")
SYNCED = Deployed(HERE, Delivered("m_a", 10, "VIPs", "v1:x", {}, "", NOW - HOUR, as_of=NOW - HOUR))


def query(schedule: Schedule | None, max_age: int = 0) -> Query:
    document = documents.parse(b"id: vips\n", "cohorts/vips.yml")
    assert isinstance(document, Document)
    by = (Identifier(Handle(Kind.EXTERNAL_ID), "id"),)
    cohort = Cohort("vips", "vips", "VIPs", "", "crm", (), "", "", {}, by, Mode.MIRROR, Guards(9), document)
    made = Query(cohort, "shop", "vips", "", "", {})
    return replace(made, cohort=replace(cohort, schedule=schedule, max_age=max_age), fingerprint="v1:x")


def delivered(deployed: Deployed, **changes: object) -> Deployed:
    assert deployed.delivered
    return replace(deployed, delivered=replace(deployed.delivered, **changes))  # type: ignore[arg-type]


def change(wanted: Query, deployed: Deployed, *, now: int = NOW, due: bool = True, refresh: bool = False) -> Change:
    ledger = Ledger("l", 1, now, {HERE: deployed})
    made = build_plan([wanted], ledger, target="t", workspace="shop", refresh=refresh, may_withdraw=True, due=due)
    return made.changes[0]


SIX_FOLLOWS = (Action.REFRESH, ("due since 2026-11-24 06:00 UTC",))
UNCHANGED = (Action.NONE, ("unchanged",))


@pytest.mark.parametrize(
    ("deployed", "now", "schedule", "due", "expected"),
    [
        pytest.param(SYNCED, NOW, SIX, True, SIX_FOLLOWS, id="due on the second"),
        pytest.param(SYNCED, NOW - 1, SIX, True, UNCHANGED, id="a second before"),
        pytest.param(SYNCED, NOW, SIX, False, UNCHANGED, id="not asked"),
        pytest.param(SYNCED, NOW + 99 * 24 * HOUR, None, True, UNCHANGED, id="no schedule"),
        pytest.param(delivered(SYNCED, at=NOW + 120), NOW + 180, SIX, True, SIX_FOLLOWS, id="a run across the time"),
        pytest.param(delivered(SYNCED, as_of=NOW), NOW + 180, SIX, True, UNCHANGED, id="a run at the time"),
        pytest.param(
            delivered(SYNCED, rejected="v1:x"),
            NOW,
            SIX,
            True,
            (Action.NONE, ("rolled back; held until its definition changes, or `--refresh`",)),
            id="held",
        ),
        pytest.param(
            replace(SYNCED, unfinished=("b",), failure="no luck"),
            NOW,
            SIX,
            True,
            (Action.RETRY, ("the last attempt did not finish: no luck",)),
            id="failed",
        ),
        pytest.param(Deployed(HERE), NOW, SIX, True, (Action.CREATE, ("not in Braze yet",)), id="never synced"),
        pytest.param(
            delivered(SYNCED, table=None), NOW, SIX, True, (Action.CREATE, ("was withdrawn before",)), id="withdrawn"
        ),
        pytest.param(
            delivered(SYNCED, fingerprint="v1:y"),
            NOW,
            SIX,
            True,
            (Action.UPDATE, ("fingerprint changed",)),
            id="a change comes first",
        ),
    ],
)
def test_what_is_due(
    deployed: Deployed, now: int, schedule: Schedule | None, due: bool, expected: tuple[Action, Sequence[str]]
) -> None:
    found = change(query(schedule), deployed, now=now, due=due)
    assert (found.action, tuple(map(str, found.reasons))) == expected


def test_a_refresh_asked_for_needs_no_schedule() -> None:
    assert change(query(SIX), SYNCED, refresh=True).reasons == (Reason(Why.REFRESH_ASKED_FOR),)


def stand(wanted: Query, deployed: Deployed, *, now: int = NOW) -> Standing:
    ledger = Ledger("l", 1, now, {HERE: deployed})
    made = build_plan([wanted], ledger, target="t", workspace="shop", refresh=False, may_withdraw=True, due=True)
    return standings(ledger, made)[0]


@pytest.mark.parametrize(
    ("deployed", "max_age", "stale"),
    [
        pytest.param(SYNCED, HOUR, False, id="just as old as it may be"),
        pytest.param(SYNCED, HOUR - 1, True, id="a second older"),
        pytest.param(SYNCED, 0, False, id="any age will do"),
        pytest.param(delivered(SYNCED, at=NOW), HOUR - 1, True, id="by the data, not by the row"),
        pytest.param(delivered(SYNCED, rejected="v1:x"), HOUR - 1, True, id="held, and old all the same"),
        pytest.param(Deployed(HERE), 60, False, id="never tried"),
        pytest.param(Deployed(HERE, tried_at=NOW - 60), 60, False, id="tried a minute ago"),
        pytest.param(Deployed(HERE, tried_at=NOW - 61), 60, True, id="tried for longer"),
        pytest.param(delivered(SYNCED, table=None), 60, False, id="withdrawn, and wanted again"),
    ],
)
def test_what_is_stale(deployed: Deployed, max_age: int, stale: bool) -> None:
    assert stand(query(None, max_age), deployed).is_stale is stale


def test_a_pending_attempt_is_told() -> None:
    pending = Pending("b", "m_b", "VIPs", ("k",))
    told = status([stand(query(SIX), replace(SYNCED, pending=(pending,), unfinished=("b",)))])
    assert "\n    pending: an attempt may have sent something, and nothing shows that it ended" in told
    assert told.splitlines()[1].split()[-4:] == ["next", "sync", "to", "retry"]


def test_the_next_time_is_told_by_the_clock_of_its_zone() -> None:
    shown = stand(query(Schedule("0 6 * * *", "Europe/Berlin")), SYNCED, now=NOW - HOUR)
    assert "2026-11-25 06:00 CET  in sync" in status([shown])


def living(wanted: Query, life: Life, **parts: str) -> Query:
    barred = Suppressed("SELECT 1", mark=parts["suppression"]) if "suppression" in parts else NO_ONE
    return replace(wanted, cohort=replace(wanted.cohort, life=life), parts=parts, suppression=barred)


SUSPENDED = Life(suspended=Suspension("a test", date(2026, 12, 24)))


@pytest.mark.parametrize(
    ("looked", "now", "action"),
    [
        pytest.param(NOW - HOUR, NOW, Action.SUPPRESS, id="due"),
        pytest.param(NOW - HOUR, NOW - 1, Action.SUSPENDED, id="a second before"),
        pytest.param(NOW, NOW + HOUR, Action.SUSPENDED, id="looked for already"),
    ],
)
def test_a_suspended_cohort_is_searched_for_those_who_must_leave_by_its_schedule(
    looked: int, now: int, action: Action
) -> None:
    wanted = living(query(SIX), SUSPENDED, suppression="x")
    deployed = delivered(SYNCED, parts={"suppression": "x"}, held_at=looked)
    assert change(wanted, deployed, now=now).action is action
    assert change(wanted, deployed, now=now, due=False).action is Action.SUSPENDED


def test_a_suspended_cohort_is_not_stale_and_not_due() -> None:
    shown = stand(living(query(SIX, 1), SUSPENDED), SYNCED)
    assert (shown.is_stale, shown.due_at) == (False, None)
    assert status([shown]).splitlines()[1].split()[-2:] == ["-", "suspended"]


def test_an_expired_cohort_is_not_stale() -> None:
    over = Life(expires=date(2026, 11, 1))
    leaving, gone = (stand(living(query(SIX, 1), over), each) for each in (SYNCED, delivered(SYNCED, table=None)))
    assert (leaving.is_stale, gone.is_stale) == (False, False)
    assert status([leaving]).splitlines()[1].endswith("next sync  to withdraw")
    assert status([gone]).splitlines()[1].endswith("expired")


def test_who_is_kept_out_is_as_old_as_who_is_in() -> None:
    kept_out = delivered(SYNCED, table=None, taken_out="m_a")
    shown = stand(query(SIX, HOUR - 1), kept_out)
    assert (shown.is_stale, shown.is_due, shown.change and shown.change.action) == (True, True, Action.REFRESH)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (2 * HOUR - 1, "119 min ago"),
        (2 * HOUR, "2 h ago"),
        (48 * HOUR - 1, "47 h ago"),
        (48 * HOUR, "2 days ago"),
    ],
)
def test_ages_in_words(seconds: int, words: str) -> None:
    assert ago(seconds) == words
