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
    named = [*deployed.possible, *deployed.certain]
    if deployed.taken_out:
        named.append(deployed.taken_out)
    return list(dict.fromkeys(named))


def refuse_lost(change: Change, tables: Collection[str]) -> None:
    """Raise CohortsError where a snapshot that this change rests on is not among the
    state database's tables.
    """
    lost = [table for table in rests_on(change.deployed) if table not in tables]
    if lost:
        named = lost[0]
        if len(lost) > 1:
            others = len(lost) - 1
            named = f"{named} and {others} more"
        gone = f"{change.id}: the snapshot {named} is gone"
        what = f"{gone}, so it is not known who is in Braze"
        braze_id = change.destination.cohort_id
        is_defined = bool(change.query)
        fix = ways_out(change.id, braze_id, defined=is_defined)
        raise CohortsError("L013", what, fix)
    if change.restored and change.restored not in tables:
        named = f"the snapshot {change.restored}, which was to come back"
        fix = "mend the definition instead; nothing was changed"
        raise CohortsError("L013", f"{change.id}: {named}, is gone", fix)


def ways_out(cohort: str, braze_id: str, *, defined: bool) -> str:
    """What to do about a cohort whose snapshot is gone; `defined`: a file still wants it."""
    command = f'`cohorts abandon {braze_id} --reason "…"`'
    forget = f"bring the table back, or forget the cohort: {command}"
    if not defined:
        return f"{forget}, and delete it in Braze"
    adopt = f"`cohorts adopt {cohort} --members-from DB.TABLE`"
    return f"{forget}, then {adopt}; without such a table, let a sync create it anew"
