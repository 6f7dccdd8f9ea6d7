"""The statement that reads the newest part of a ledger, for people who look back."""

from __future__ import annotations

from collections.abc import Collection

from runner.plan.events import Event
from runner.treasuredata.rows import READ, counting, text

ACTS = (
    Event.BOOTSTRAP,
    Event.VERIFIED,
    Event.INTENT,
    Event.ADOPTED,
    Event.ABANDONED,
)
"""The events with which an attempt begins, or which are acts of a person."""


def select(ledger: str, most: int, cohorts: Collection[str] | None) -> str:
    """A query for all rows of the newest epochs that hold `most` attempts and acts (0:
    for all rows), for the first row, and for how many attempts and acts there are
    (`rows.counting`). `ledger` is a quoted name; `cohorts` are ids in Braze, None for all.
    """
    events = ", ".join(f"'{event}'" for event in ACTS)
    about = "TRUE"
    of_runs = "TRUE"
    if cohorts is not None:
        listed = ", ".join(text(each) for each in sorted(cohorts))
        about = f"cohort_id IN ({listed})"
        of_runs = f"(cohort_id = '' OR {about})"
    enough = "TRUE"
    if most:
        enough = f"so_far - acts < {most}"
    return (
        "WITH per_epoch AS (\n"
        f"  SELECT epoch, COUNT(DISTINCT row_id) AS acts\n  FROM {ledger}\n"
        f"  WHERE event IN ({events}) AND {about}\n  GROUP BY epoch\n"
        "), counted AS (\n"
        "  SELECT epoch, acts, SUM(acts) OVER (ORDER BY epoch DESC) AS so_far\n"
        "  FROM per_epoch\n"
        "), oldest AS (\n"
        f"  SELECT COALESCE(MIN(epoch), 0) AS first_epoch\n  FROM counted\n  WHERE {enough}\n"
        ")\n"
        f"SELECT {READ}\nFROM {ledger} CROSS JOIN oldest\n"
        f"WHERE (epoch >= first_epoch AND {of_runs}) OR epoch = 0\n"
        "UNION ALL\n"
        f"SELECT {counting('COALESCE(SUM(acts), 0)')}\n"
        "FROM per_epoch"
    )
