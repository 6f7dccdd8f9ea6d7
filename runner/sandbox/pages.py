"""A page for people: cohorts in Braze, tables and the last jobs of Treasure Data; counts only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from runner.sandbox.bodies import Given
from runner.sandbox.history import Job
from runner.sandbox.warehouse import Table

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c2733; max-width: 60rem; \
margin: 2.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #e3e8ee; }
th { color: #5b6b7b; font-weight: 600; } .n \
{ text-align: right; font-variant-numeric: tabular-nums; }
td.n, th.n { padding-right: 0; padding-left: .8rem; } p { color: #5b6b7b; }
label { display: inline-block; margin-right: 1.2rem; } input, button \
{ font: inherit; padding: .25rem .6rem; }
nav { margin-bottom: 1.5rem; }
@media (prefers-color-scheme: dark) \
{ body { background: #14191f; color: #dde4ec; } th, td { border-color: #2b343e; } }
"""


COHORT_KEYS = {
    "workspace": "Workspace",
    "cohort_id": "Cohort",
    "name": "Name",
    "members": "Members",
    "members_written": "Written",
    "requests": "Requests",
}
"""What the page shows of a cohort, and what each column is called."""


def overview(
    cohorts: Iterable[Given],
    tables: Iterable[tuple[str, Table]],
    jobs: Iterable[Job],
) -> str:
    """The whole page as HTML."""
    in_braze = [[cohort[key] for key in COHORT_KEYS] for cohort in cohorts]
    stored = [[database, table.name, table.rows] for database, table in tables]
    last = []
    for job in jobs:
        order = job.order
        last.append([job.id, order.type, order.database, job.status])
    head = _head(
        "Sandbox",
        "Treasure Data and Braze on this machine. Nothing here has left it.",
    )
    sections = [
        _section("Cohorts in Braze", list(COHORT_KEYS.values()), in_braze),
        _section("Tables in Treasure Data", ["Database", "Table", "Rows"], stored),
        _section("Last jobs", ["Job", "Type", "Database", "Status"], last),
    ]
    return "".join([head, *sections, "</html>"])


def connections(made: Iterable[Given]) -> str:
    """What stands in for the console's page where a Braze authentication is made."""
    rows = [
        [connection["name"], connection["workspace"], str(connection["id"])]
        for connection in made
    ]
    return (
        _head(
            "Authentications",
            "In Treasure Data's console this is Integrations Hub → Authentications.",
        )
        + _section("Braze", ["Name", "Workspace", "Number"], rows)
        + "<h2>New authentication</h2>"
        '<form method="post"><label>Name <input name="name" value="braze_cohorts" required></label>'
        '<label>Braze workspace <input name="workspace" value="shop-us" required></label>'
        "<button>Create</button></form>"
        "<p>The real console asks for the workspace's REST endpoint and its data import"
        " key, which Braze shows under Partner Integrations.</p></html>"
    )


def _head(title: str, words: str) -> str:
    """What every page begins with: its title, the ways to the other pages, a sentence."""
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style>"
        '<nav><a href="/sandbox/cohorts">Sandbox</a> · '
        '<a href="/sandbox/connections">Authentications</a></nav>'
        f"<h1>{escape(title)}</h1><p>{escape(words)}</p>"
    )


def _section(title: str, heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A title and a table below it, or that there is nothing yet."""
    name = escape(title)
    if not rows:
        return f"<h2>{name}</h2><p>None yet.</p>"
    # a column of numbers, such as members, is set flush right with its head
    numeric = [isinstance(value, int) for value in rows[0]]
    head = _row("th", heads, numeric)
    lines = [_row("td", row, numeric) for row in rows]
    body = "".join(lines)
    return f"<h2>{name}</h2><table>{head}{body}</table>"


def _row(tag: str, values: Sequence[object], numeric: Sequence[bool]) -> str:
    """A row of a table, of heads or of values."""
    inside = ""
    for value, is_numeric in zip(values, numeric, strict=True):
        inside += _cell(tag, value, is_numeric=is_numeric)
    return f"<tr>{inside}</tr>"


def _cell(tag: str, value: object, *, is_numeric: bool) -> str:
    """One cell of a table; numbers have separators and are set flush right."""
    text = str(value)
    if isinstance(value, int):
        text = f"{value:,}"
    begin = tag
    if is_numeric:
        begin = f"{tag} class=n"
    return f"<{begin}>{escape(text)}</{tag}>"
