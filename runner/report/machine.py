"""What a program reads: JSON with a version; a published shape (schema/output.schema.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from runner.definitions.cohort import Mode
from runner.errors import CohortsError, ExitCode, Problem
from runner.plan.history import Record
from runner.plan.ledger import Deployed, Ledger
from runner.plan.plan import Action, Change, Plan
from runner.report.terminal import sql_difference
from runner.sync.attempt import Done
from runner.sync.attempts import Outcome
from runner.sync.run import Summary
from runner.sync.verify import Verified

VERSION = 1


def problems(found: Sequence[Problem], warnings: Sequence[Problem], *, cohorts: int) -> str:
    """The result of a validation."""
    return _text(
        {
            "cohorts": cohorts,
            "problems": [_problem(problem) for problem in found],
            "warnings": [_problem(warning) for warning in warnings],
        }
    )


def plan(shown: Plan, found: Sequence[Problem]) -> str:
    """A plan, with the problems of files that are not part of it."""
    return _text(_plan(shown) | {"problems": [_problem(problem) for problem in found]})


def summary(shown: Summary, code: ExitCode, found: Sequence[Problem]) -> str:
    """How a sync ended."""
    return _text(
        _plan(shown.plan)
        | {
            "problems": [_problem(problem) for problem in found],
            "exit_code": int(code),
            "outcomes": [_outcome(outcome) for outcome in shown.outcomes],
        }
    )


def status(ledger: Ledger, shown: Plan, found: Sequence[Problem]) -> str:
    """Every cohort by the ledger's account, and what is due; cohorts whose file cannot be read have no action."""
    cohorts = [_cohort(change.deployed, change.id, change) for change in shown.changes]
    cohorts += [_cohort(ledger.cohorts[where], where.cohort_id, None) for where in shown.withheld]
    return _text(
        {
            "target": shown.target,
            "workspace": shown.workspace,
            "not_selected": shown.not_selected,
            "cohorts": cohorts,
            "problems": [_problem(problem) for problem in found],
        }
    )


def history(shown: Sequence[Record]) -> str:
    """The ledger as a log, newest first."""
    return _text({"records": [_record(record) for record in shown]})


def verified(shown: Verified, *, target: str) -> str:
    """What is not as the ledger says."""
    return _text(
        {
            "target": target,
            "cohorts": shown.cohorts,
            "snapshots": shown.snapshots,
            "exit_code": int(shown.exit_code),
            "findings": [
                {
                    "workspace": each.destination.workspace or None,
                    "id": each.destination.cohort_id or None,
                    "code": each.code,
                    "warning": each.is_warning,
                    "what": each.what,
                    "fix": each.fix,
                }
                for each in shown.found
            ],
        }
    )


def _text(body: Mapping[str, Any]) -> str:
    return json.dumps({"version": VERSION, **body}, indent=2, ensure_ascii=False)


def _plan(shown: Plan) -> dict[str, Any]:
    return {
        "target": shown.target,
        "workspace": shown.workspace,
        "withdrawals_refused": shown.stop or None,
        "not_selected": shown.not_selected,
        "withheld": [where.cohort_id for where in shown.withheld],
        "warnings": [_problem(warning) for warning in shown.warnings],
        "changes": [_change(change) for change in shown.changes],
    }


def _change(change: Change) -> dict[str, Any]:
    counts = change.counts
    return {
        "id": change.id,
        "name": change.name,
        "action": change.action.value,
        "reasons": list(change.reasons),
        "members": counts
        and {
            "before": counts.before,
            "after": counts.after,
            "added": counts.entering if counts.mode is not Mode.REMOVE else 0,
            "removed": counts.removed if counts.mode is not Mode.REMOVE else counts.entering,
            "sent_again": counts.added - counts.entering,
            "unusable_rows": counts.unusable,
        },
        "refusals": [_problem(problem) for problem in (*change.questions, *change.refusals)],
        "sql_difference": sql_difference(change) if change.action is Action.UPDATE else [],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    error = outcome.error
    return {
        "id": outcome.change.id,
        "action": outcome.change.action.value,
        "done": _done(outcome.done),
        "error": error and _error(error),
        "suppressed": _done(outcome.held),
    }


def _done(done: Done | None) -> dict[str, int] | None:
    if done is None:
        return None
    return {"added": done.added, "removed": done.removed, "sent_again": done.sent_again, "members": done.size}


def _cohort(deployed: Deployed, cohort_id: str, change: Change | None) -> dict[str, Any]:
    last = deployed.delivered
    return {
        "id": cohort_id,
        "braze_id": deployed.destination.cohort_id,
        "workspace": deployed.destination.workspace,
        "name": change.name if change else deployed.name,
        "members": last.size if last else None,
        "synced_at": _moment(last.at) if last else None,
        "unfinished": change.is_unfinished if change else bool(deployed.pending or deployed.unfinished),
        "failure": deployed.failure or None,
        "action": change.action.value if change else None,
        "reasons": list(change.reasons) if change else [],
    }


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def _record(record: Record) -> dict[str, Any]:
    return {
        "at": _moment(record.at),
        "workspace": record.destination.workspace or None,
        "id": record.destination.cohort_id or None,
        "what": record.what,
        "result": record.result.value,
        "members": record.members,
        "added": record.added,
        "removed": record.removed,
        "error": record.error or None,
        "allowed": list(record.allowed),
        "actor": record.who.actor or None,
        "commit": record.who.commit or None,
        "run": record.who.address or None,
        "reason": record.who.reason or None,
    }


def _error(error: CohortsError) -> dict[str, Any]:
    return {"code": error.code, "what": error.what, "fix": error.fix}


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.at.path,
        "line": problem.at.line,
        "column": problem.at.column,
        "code": problem.code,
        "what": problem.what,
        "fix": problem.fix,
    }
