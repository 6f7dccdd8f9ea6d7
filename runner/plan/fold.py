"""The ledger's rows folded into what is known of each cohort in Braze; pure."""

from __future__ import annotations

from collections.abc import Iterable

from runner.plan.ledger import (
    DAY,
    KEEP_PREVIOUS,
    Delivered,
    Deployed,
    Destination,
    Entry,
    Event,
    Lease,
    Ledger,
    Pending,
)


def fold(entries: Iterable[Entry], *, now: int) -> Ledger:
    """The ledger's rows, in any order and possibly repeated, as what they mean. `now` is the server's clock."""
    unique = {entry.row_id: entry for entry in entries}
    ordered = sorted(unique.values(), key=lambda entry: (entry.epoch, entry.sequence))
    by_destination: dict[Destination, list[Entry]] = {}
    for entry in ordered:
        by_destination.setdefault(entry.destination, []).append(entry)
    run_rows = by_destination.pop(Destination(), [])
    synced = [row for row in ordered if row.event is Event.SYNCED and row.detail["commit"]]
    return Ledger(
        id=next((str(row.detail["ledger_id"]) for row in run_rows if row.event is Event.BOOTSTRAP), ""),
        epoch=max((row.epoch for row in ordered), default=0),
        now=now,
        cohorts={where: _deployed(where, rows, now) for where, rows in sorted(by_destination.items())},
        lease=_lease(run_rows),
        commit=str(synced[-1].detail["commit"]) if synced else "",
        settled=next((str(row.detail["commit"]) for row in reversed(synced) if row.detail.get("settles")), ""),
        verified=frozenset(str(row.detail["mapping"]) for row in run_rows if row.event is Event.VERIFIED),
    )


def _lease(run_rows: list[Entry]) -> Lease | None:
    last = next((row for row in reversed(run_rows) if row.event is Event.LEASE), None)
    if last is None:
        return None
    detail = last.detail
    return Lease(
        token=detail["token"],
        actor=detail["actor"],
        host=detail["host"],
        process=detail["process"],
        address=detail["address"],
        until=last.time + detail["seconds"],
        released=any(row.event is Event.RELEASED and row.epoch == last.epoch for row in run_rows),
    )


def _deployed(where: Destination, rows: list[Entry], now: int) -> Deployed:
    forgotten = max((place for place, row in enumerate(rows) if row.event is Event.ABANDONED), default=-1)
    rows = rows[forgotten + 1 :]
    ended_well = [row for row in rows if row.event in (Event.SYNCED, Event.HELD)]
    synced = [row for row in ended_well if row.event is Event.SYNCED]
    last = ended_well[-1] if ended_well else None
    resolved = {attempt for row in ended_well for attempt in row.detail["resolves"]}
    # an attempt that failed before `sending` ended in its own process: it can send nothing any more
    ended = resolved | {row.detail["attempt"] for row in rows if row.event is Event.FAILED and row.detail["unsent"]}
    failures = [row for row in rows if row.event is Event.FAILED and row.detail["attempt"] not in resolved]
    intents = [row for row in rows if row.event is Event.INTENT]
    # a cohort of nobody is synced, and adopted ones are there, without ever sending
    reached = [row.detail for row in rows if row.detail.get("connection")]
    unresolved = [row.detail["attempt"] for row in intents if row.detail["attempt"] not in resolved]
    last_failed = failures and unresolved[-1:] == [failures[-1].detail["attempt"]]
    claimed = (row for row in rows if row.event in (Event.SENDING, Event.ADOPTED))
    open_rows = [row for row in claimed if row.detail["attempt"] not in resolved]
    used = {row.detail["attempt"]: row.detail["keys"] for row in failures if not row.detail["unsent"]}
    delivered = _delivered(last) if last else None
    previous = _previous(ended_well, now)
    return Deployed(
        destination=where,
        delivered=delivered,
        pending=tuple(
            Pending(
                row.detail["attempt"],
                row.detail["table"],
                row.detail["name"],
                tuple(used.get(row.detail["attempt"], row.detail["export_keys"])),
                adopted=row.event is Event.ADOPTED,
            )
            for row in open_rows
        ),
        unfinished=tuple(unresolved),
        failure=str(failures[-1].detail["what"]) if failures else "",
        ever_added=any(row.detail["added"] for row in synced),
        largest_today=_largest(ended_well, _agreed(intents), now),
        tables=frozenset().union(
            delivered.tables if delivered else (),
            previous.tables if previous else (),
            *(_named(row) for row in (*intents, *open_rows) if row.detail["attempt"] not in ended),
        ),
        connection=reached[-1]["connection"] if reached else "",
        setting_keys=reached[-1].get("setting_keys", {}) if reached else {},
        previous=previous,
        failure_code=str(failures[-1].detail["code"]) if last_failed else "",
        failed_at=failures[-1].time if failures else 0,
        tried_at=next((row.time for row in intents if row.detail["attempt"] not in resolved), 0),
        heir_of={str(row.detail["moved_from"]): row.epoch for row in intents if "moved_from" in row.detail},
        made_in=max((row.epoch for row in intents if row.detail["action"] == "create"), default=0),
    )


def _delivered(row: Entry) -> Delivered:
    detail = row.detail
    return Delivered(
        table=detail["table"],
        size=detail["size"],
        name=detail["name"],
        fingerprint=detail["fingerprint"],
        parts=detail["parts"],
        sql=detail["sql"],
        at=row.time,
        recent_at=detail["recent_at"],
        full_at=detail["full_at"],
        rejected=detail["rejected"],
        as_of=detail.get("as_of", row.time),  # rows of earlier versions have none
        held_at=detail.get("held_at", 0),
        owed=detail.get("owed", False),
        names=tuple(detail.get("names", ())),
        certain=detail.get("certain", detail["table"]),
        taken_out=detail.get("taken_out"),
        mode=detail.get("mode", "mirror"),
    )


def _named(row: Entry) -> frozenset[str]:
    """The snapshots that an attempt's row names: it may make two."""
    return frozenset(table for table in (row.detail.get("table"), *row.detail.get("tables", ())) if table)


def _previous(ended_well: list[Entry], now: int) -> Delivered | None:
    """What was delivered before the last sync, while a rollback may still want it."""
    last = max((place for place, row in enumerate(ended_well) if row.event is Event.SYNCED), default=0)
    if not last or now - ended_well[last].time >= KEEP_PREVIOUS:
        return None
    return _delivered(ended_well[last - 1])


def _agreed(intents: Iterable[Entry]) -> frozenset[str]:
    """The attempts whose removals a person had agreed to: by an override of that guard, or by a
    rollback. Both are on record in the rows of every version.
    """
    return frozenset(
        str(row.detail["attempt"])
        for row in intents
        if "max_removed" in row.detail.get("allowed", ()) or row.detail["action"] == "rollback"
    )


def _begins_anew(row: Entry, agreed: frozenset[str]) -> bool:
    # mode `remove` counts those whom it takes out: 0 of them says nothing of who is in the cohort
    is_left_empty = not row.detail["size"] and row.detail.get("mode") != "remove"
    return is_left_empty or row.detail["attempt"] in agreed


def _largest(ended_well: list[Entry], agreed: frozenset[str], now: int) -> int:
    """The largest size the cohort had in the last 24 hours, that of a day ago included; in its
    mode of now, and without those who had to leave since.

    It begins anew at a delivery whose removals were `agreed`, since nobody has to agree twice to
    the same people leaving; and where nobody was left, since a first sync has nothing to lose.
    """
    synced = [row for row in ended_well if row.event is Event.SYNCED]
    left, sizes = 0, dict[str, int]()
    for row in reversed(ended_well):
        sizes[row.row_id] = row.detail["size"] - left
        left += row.detail.get("barred", 0)
    anew = [place for place, row in enumerate(synced) if _begins_anew(row, agreed)]
    synced = synced[max(anew, default=0) :]
    modes = [row.detail.get("mode", "mirror") for row in synced]  # rows of earlier versions have none
    alike = [row for row, mode in zip(synced, modes, strict=True) if mode == modes[-1]]
    recent = [sizes[row.row_id] for row in alike if now - row.time < DAY]
    before = [sizes[row.row_id] for row in alike if now - row.time >= DAY]
    return max([*recent, *before[-1:]], default=0)
