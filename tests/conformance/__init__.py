"""What Trino 423 answers to expressions and queries of the kinds that audiences are made of, kept as data.

- `expressions/*.txt`: one expression a line, played as `SELECT <line>`; lines that begin with `# ` are headings.
- `queries/tables.yml`: a shop's tables; `queries/*.sql`: whole queries on them, each below a line `--- its name`.
- `answers-423.jsonl`: one JSON object a statement, in the order of the files:
  `{"file": …, "name": …, "sql": …}` and either `"columns": [[name, type], …]` with `"rows"` (sorted; values as Trino's
  HTTP API writes them) or `"error": {"name", "type", "message", "line", "column"}`. The message has no `line 1:2: `
  before it; a place is kept where Trino gave one. The session's zone is UTC, the scheduled time 1775000000.
  `"rows": null` means that they are not the same each time, so that only the types are kept.
- `held_out/`: the same once more, of statements that nobody may look at who works on the sandbox or the analyzer:
  what is right there was not tuned to it. `held_out/answers-423.jsonl` has the answers; only figures of it are told.

`make conformance` plays all of this on a real Trino, with much more (`run.py`).
`python -m tests.conformance.record --engine http://HOST:PORT` writes the answers anew;
`python -m tests.conformance.compare` plays the same on the DuckDB of the sandbox and tells what differs (`--all`);
`python -m tests.conformance.semantics` on the analyzer (`--show false`, `--show missed`).
"""
