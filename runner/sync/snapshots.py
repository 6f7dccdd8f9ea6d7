"""Snapshots that the ledger names and the state database has lost: without them nobody
knows who is in Braze; pure.
"""

from __future__ import annotations

from collections.abc import Collection

from runner.errors import CohortsError
from runner.plan.ledger import Deployed
from runner.plan.plan import Change


def rests_on(deployed: Deployed) -> list[str]:
    """The snapshots that tell who is in Braze, each once."""
    taken_out = [deployed.taken_out] if deployed.taken_out else []
    return list(dict.fromkeys([*deployed.possible, *deployed.certain, *taken_out]))


def refuse_lost(change: Change, tables: Collection[str]) -> None:
    """Raise CohortsError where a snapshot that this change rests on is not among the
    state database's tables.
    """
    lost = [table for table in rests_on(change.deployed) if table not in tables]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        what = f"{change.id}: the snapshot {lost[0]}{more} is gone, so it is not known who is in Braze"
        raise CohortsError(
            "L013",
            what,
            ways_out(
                change.id, change.destination.cohort_id, defined=bool(change.query)
            ),
        )
    if change.restored and change.restored not in tables:
        what = f"{change.id}: the snapshot {change.restored}, which was to come back, is gone"
        raise CohortsError(
            "L013", what, "mend the definition instead; nothing was changed"
        )


def ways_out(cohort: str, braze_id: str, *, defined: bool) -> str:
    """What to do about a cohort whose snapshot is gone; `defined`: a file still wants it."""
    forget = f'bring the table back, or forget the cohort: `cohorts abandon {braze_id} --reason "…"`'
    if not defined:
        return f"{forget}, and delete it in Braze"
    return f"{forget}, then `cohorts adopt {cohort} --members-from DB.TABLE`, or let a sync create it anew"
