"""The ledger's rows, folded: what is delivered, what may be, what a sweep must leave."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from runner.plan.events import Event, read
from runner.plan.fold import fold
from runner.plan.ledger import DAY, KEEP_PREVIOUS, Deployed, Destination, Entry, Row

HERE = Destination("shop", "vips")
NOW = 1_800_000_000


def row(number: int, event: Event, *, epoch: int = 1, at: int = NOW, **detail: Any) -> Entry:
    return Row(f"l-{epoch}-{number}", epoch, number, HERE, read(event, detail, at), at)


def intent(number: int, attempt: str, *, epoch: int = 1, action: str = "update", **more: Any) -> Entry:
    told = {"attempt": attempt, "tables": [f"m_{attempt}"], "action": action, **more}
    return row(number, Event.INTENT, epoch=epoch, **told)


def sending(number: int, attempt: str, *, epoch: int = 1, table: bool = True) -> Entry:
    made = f"m_{attempt}" if table else None
    how = {"connection": "braze", "setting_keys": {}, "export_keys": ["k1", "k2"]}
    return row(number, Event.SENDING, epoch=epoch, attempt=attempt, table=made, name="VIPs", **how)


def synced(number: int, attempt: str, *, epoch: int = 1, at: int = NOW, **other: Any) -> Entry:
    detail = {
        "attempt": attempt,
        "table": f"m_{attempt}",
        "size": 10,
        "added": 10,
        "removed": 0,
        "name": "VIPs",
        "fingerprint": "v1:x",
        "parts": {},
        "sql": "SELECT 1",
        "resolves": [attempt],
        "commit": "",
        "recent_at": at,
        "full_at": at,
        "rejected": "",
        "certain": f"m_{attempt}",
        "taken_out": None,
        "mode": "mirror",
    } | other
    return row(number, Event.SYNCED, epoch=epoch, at=at, **detail)


def deployed(*rows: Entry) -> Deployed:
    return fold(rows, now=NOW).cohorts[HERE]


def test_a_finished_attempt_is_delivered_and_nothing_is_pending() -> None:
    found = deployed(intent(1, "a"), sending(2, "a"), synced(3, "a"))
    assert (found.possible, found.certain, found.pending, found.unfinished) == (("m_a",), ("m_a",), (), ())
    assert found.tables == {"m_a"}


def test_an_unfinished_one_may_have_delivered() -> None:
    found = deployed(intent(1, "a"), sending(2, "a"), synced(3, "a"), intent(4, "b"), sending(5, "b"))
    assert (found.possible, found.certain) == (("m_a", "m_b"), ("m_a", "m_b"))
    assert found.unfinished == ("b",)
    assert found.tables == {"m_a", "m_b"}


def test_nobody_is_certain_before_the_first_delivery_or_under_a_pending_withdrawal() -> None:
    assert deployed(intent(1, "a"), sending(2, "a")).certain == ()
    withdrawing = deployed(intent(1, "a"), synced(2, "a"), sending(3, "b", table=False))
    assert (withdrawing.possible, withdrawing.certain) == (("m_a",), ())


def test_order_is_epoch_and_sequence_whatever_the_clock_says() -> None:
    early = synced(3, "a", at=NOW + 500)
    late = synced(1, "b", epoch=2, at=NOW - 500)
    assert deployed(late, early).possible == ("m_b",)


def test_a_late_row_of_a_resolved_attempt_changes_nothing() -> None:
    rows = [intent(1, "a"), intent(1, "b", epoch=2), synced(2, "b", epoch=2, resolves=["a", "b"]), sending(9, "a")]
    assert deployed(*rows).pending == ()


def test_a_failure_before_sending_is_harmless_but_due() -> None:
    failed = row(2, Event.FAILED, attempt="a", code="R020", what="the query failed", unsent=True)
    found = deployed(intent(1, "a"), failed)
    assert (found.in_braze, found.unfinished, found.failure, found.tables) == (False, ("a",), "the query failed", set())


def test_the_code_of_a_failure_is_that_of_the_last_attempt() -> None:
    failed = row(2, Event.FAILED, attempt="a", code="G003", what="too many would leave", unsent=True)
    assert deployed(intent(1, "a"), failed).failure_code == "G003"
    cut_off = deployed(intent(1, "a"), failed, intent(1, "b", epoch=2))
    assert (cut_off.failure, cut_off.failure_code) == ("too many would leave", "")
    assert deployed(intent(1, "a"), failed, synced(1, "b", epoch=2, resolves=["a", "b"])).failure_code == ""


def test_the_replaced_snapshot_is_kept_for_a_week() -> None:
    recent = [synced(1, "a", at=NOW - 9 * DAY), synced(2, "b", at=NOW - KEEP_PREVIOUS + 1)]
    assert deployed(*recent).tables == {"m_a", "m_b"}
    old = [synced(1, "a", at=NOW - 9 * DAY), synced(2, "b", at=NOW - KEEP_PREVIOUS)]
    assert deployed(*old).tables == {"m_b"}


def test_the_largest_size_of_a_day_counts_what_it_began_with() -> None:
    sizes = [synced(1, "a", at=NOW - 2 * DAY, size=90), synced(2, "b", at=NOW - 60, size=50)]
    assert deployed(*sizes).largest_today == 90


def shrunk(*, action: str = "update", size: int = 50, **more: Any) -> Deployed:
    """A cohort of 90 members that shrank an hour ago, and lost two members since."""
    before = [intent(1, "a"), synced(2, "a", at=NOW - 7200, size=90)]
    shrinking = [intent(3, "b", action=action, **more), synced(4, "b", at=NOW - 3600, size=size)]
    after = [intent(5, "c"), synced(6, "c", at=NOW - 60, size=size - 2)]
    return deployed(*before, *shrinking, *after)


def test_the_largest_size_begins_anew_where_the_removal_was_allowed() -> None:
    assert shrunk().largest_today == 90
    assert shrunk(allowed=["max_removed"]).largest_today == 50
    assert shrunk(allowed=["max_added", "max_removed"]).largest_today == 50


def test_an_override_of_another_guard_leaves_the_largest_size() -> None:
    assert shrunk(allowed=["max_added", "min_members"]).largest_today == 90


def test_an_allowed_removal_that_was_not_delivered_leaves_the_largest_size() -> None:
    failed = row(4, Event.FAILED, attempt="b", code="R020", what="failed", unsent=True)
    rows = [synced(2, "a", at=NOW - 7200, size=90), intent(3, "b", allowed=["max_removed"]), failed]
    after = [intent(5, "c"), synced(6, "c", at=NOW - 60, size=80, resolves=["b", "c"])]
    assert deployed(*rows, *after).largest_today == 90


def test_the_largest_size_begins_anew_after_a_rollback() -> None:
    assert shrunk(action="rollback").largest_today == 50


def test_the_largest_size_begins_anew_where_nobody_was_left() -> None:
    gone = synced(2, "b", at=NOW - 3600, table=None, certain=None, size=0, added=0, name="")
    back = synced(3, "c", at=NOW - 60, size=40)
    assert deployed(synced(1, "a", at=NOW - 7200, size=90), gone, back).largest_today == 40


def test_nobody_to_take_out_is_not_nobody_left() -> None:
    taking_out = synced(2, "b", at=NOW - 3600, size=0, mode="remove")
    back = synced(3, "c", at=NOW - 60, size=40)
    assert deployed(synced(1, "a", at=NOW - 7200, size=90), taking_out, back).largest_today == 90


def test_a_withdrawn_cohort_is_not_in_braze() -> None:
    gone = deployed(synced(1, "a"), synced(2, "b", table=None, size=0, added=0, name=""))
    assert not gone.in_braze
    assert gone.ever_added


@given(st.randoms(use_true_random=False))
def test_rows_come_in_any_order_and_more_than_once(shuffle: random.Random) -> None:
    rows = [intent(1, "a"), sending(2, "a"), synced(3, "a"), intent(1, "b", epoch=2), sending(2, "b", epoch=2)]
    mixed = [*rows, *shuffle.sample(rows, 3)]
    shuffle.shuffle(mixed)
    assert fold(mixed, now=NOW) == fold(rows, now=NOW)


def test_every_name_that_braze_may_show_is_known() -> None:
    found = deployed(intent(1, "a"), synced(2, "a", name="Old"), intent(3, "b"), sending(4, "b"))
    assert (found.names, found.name) == (("Old", "VIPs"), "VIPs")


def test_an_attempt_that_failed_after_sending_may_only_have_used_what_it_says() -> None:
    failed = row(3, Event.FAILED, attempt="a", code="R021", what="the export failed", unsent=False, keys=["k1"])
    found = deployed(intent(1, "a"), sending(2, "a"), failed)
    assert [pending.export_keys for pending in found.pending] == [("k1",)]
    assert found.failure == "the export failed"


def test_an_adopted_cohort_is_possible_and_not_certain() -> None:
    adopted = row(1, Event.ADOPTED, attempt="a", table="m_a", size=9, name="", export_keys=[])
    found = deployed(adopted)
    assert (found.possible, found.certain, found.unfinished, found.names) == (("m_a",), (), (), ())
    assert found.tables == {"m_a"}
    assert deployed(adopted, synced(2, "b", resolves=["a", "b"])).pending == ()


def test_what_is_abandoned_is_forgotten() -> None:
    forgotten = row(4, Event.ABANDONED, actor="ann", reason="gone")
    found = deployed(intent(1, "a"), sending(2, "a"), synced(3, "a"), forgotten)
    assert (found.in_braze, found.delivered, found.tables) == (False, None, frozenset())
    assert deployed(synced(3, "a"), forgotten, synced(5, "b")).possible == ("m_b",)


def test_what_was_replaced_can_come_back_for_a_week() -> None:
    found = deployed(synced(1, "a", at=NOW - 9 * DAY), synced(2, "b", at=NOW - DAY))
    assert found.previous
    assert found.previous.table == "m_a"
    assert deployed(synced(1, "a"), synced(2, "b", at=NOW - 8 * DAY)).previous is None


def lease(epoch: int, token: str, *, number: int = 0, at: int = NOW) -> Entry:
    detail = {"token": token, "actor": "ann", "host": "h", "process": 1, "address": "", "seconds": 600}
    return Row(f"l-{epoch}-{number}", epoch, number, Destination(), read(Event.LEASE, detail, at), at)


def test_a_lease_holds_until_it_ends_is_renewed_or_let_go() -> None:
    def held(*rows: Entry, now: int = NOW) -> bool:
        found = fold(rows, now=now).lease
        return bool(found and found.holds(now))

    released = Row("l-1-9", 1, 9, Destination(), read(Event.RELEASED, {"token": "a"}, NOW), NOW)
    assert held(lease(1, "a"))
    assert not held(lease(1, "a"), now=NOW + 600)
    assert held(lease(1, "a"), lease(1, "a", number=5, at=NOW + 500), now=NOW + 600)
    assert not held(lease(1, "a"), released)
    assert held(lease(1, "a"), released, lease(2, "b"))
