"""What a program reads: JSON with a version; a published shape (schema/output.schema.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from runner.definitions.cohort import Cohort, Mode
from runner.errors import CohortsError, ExitCode, Problem
from runner.plan import reviewed
from runner.plan.history import Record
from runner.plan.plan import Action, Change, Plan
from runner.plan.standing import Standing
from runner.report.terminal import NAMES, sql_difference
from runner.sync.attempt import Done
from runner.sync.attempts import Outcome
from runner.sync.run import Summary
from runner.sync.verify import Verified

if TYPE_CHECKING:  # it needs the sandbox's packages
    from runner.testing.local import Result

VERSION = 1


def problems(
    found: Sequence[Problem], warnings: Sequence[Problem], *, cohorts: int
) -> str:
    """The result of a validation."""
    return _text(
        {
            "cohorts": cohorts,
            "problems": [_problem(problem) for problem in found],
            "warnings": [_problem(warning) for warning in warnings],
        }
    )


def tests(
    results: Sequence[Result],
    untested: Sequence[Cohort],
    code: ExitCode,
    found: Sequence[Problem],
) -> str:
    """How the cohorts' own tests ended."""
    return _text(
        {
            "exit_code": int(code),
            "tests": [_tested(result) for result in results],
            "untested": [cohort.id for cohort in untested],
            "problems": [_problem(problem) for problem in found],
        }
    )


def plan(shown: Plan, found: Sequence[Problem], *, commit: str, now: int) -> str:
    """A plan, with the problems of files that are not part of it; of which commit, made
    when (unix seconds).
    """
    of = {"commit": commit or None, "made_at": _moment(now)}
    return _text(
        of | _plan(shown) | {"problems": [_problem(problem) for problem in found]}
    )


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


def status(
    shown: Plan, cohorts: Sequence[Standing], now: int, found: Sequence[Problem]
) -> str:
    """Every cohort by the ledger's account, and what is due; cohorts whose file cannot
    be read have no action.
    """
    return _text(
        {
            "target": shown.target,
            "workspace": shown.workspace,
            "now": _moment(now),
            "not_selected": shown.not_selected,
            "cohorts": [_cohort(each) for each in cohorts],
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
    whole = json.dumps({"version": VERSION, **body}, indent=2, ensure_ascii=False)
    return whole.replace(
        "##[", "##\\u005b"
    )  # the same text in JSON; in a log GitHub would take it for a command


def _plan(shown: Plan) -> dict[str, Any]:
    return {
        "target": shown.target,
        "workspace": shown.workspace,
        "since": shown.since or None,
        "checksum": reviewed.of_plan(shown),
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
        "workspace": change.destination.workspace,
        "braze_id": change.destination.cohort_id,
        "name": change.name,
        "action": change.action.value,
        "wanted": reviewed.item(change).wanted,
        "reasons": list(change.reasons),
        "members": counts
        and {
            "before": counts.before,
            "after": counts.after,
            "added": counts.entering if counts.mode is not Mode.REMOVE else 0,
            "removed": counts.removed
            if counts.mode is not Mode.REMOVE
            else counts.entering,
            "sent_again": counts.added - counts.entering,
            "unusable_rows": counts.unusable,
        },
        "written": counts
        and {
            "this_sync": counts.expected.this_sync,
            "first_week": counts.expected.first_week,
            "usual_month": counts.expected.usual_month,
            "everyone_when_somebody_leaves": counts.is_shared,
        },
        "refusals": [
            _problem(problem) for problem in (*change.questions, *change.refusals)
        ],
        "uncounted": change.uncounted and _problem(change.uncounted),
        "sql_difference": sql_difference(change, NAMES)
        if change.action is Action.UPDATE
        else [],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    error = outcome.error
    return {
        "id": outcome.change.id,
        "action": outcome.change.action.value,
        "done": _done(outcome.done),
        "error": error and _error(error),
        "suppressed": _done(outcome.suppressed),
    }


def _done(done: Done | None) -> dict[str, int] | None:
    if done is None:
        return None
    return {
        "added": done.added,
        "removed": done.removed,
        "sent_again": done.sent_again,
        "members": done.size,
    }


def _cohort(each: Standing) -> dict[str, Any]:
    deployed, change, last, schedule = (
        each.deployed,
        each.change,
        each.deployed.delivered,
        each.schedule,
    )
    return {
        "id": each.id,
        "braze_id": deployed.destination.cohort_id,
        "workspace": deployed.destination.workspace,
        "name": change.name if change else deployed.name,
        "members": last.size if last else None,
        "synced_at": _moment(last.at) if last else None,
        "as_of": None if each.as_of is None else _moment(each.as_of),
        "unfinished": change.is_unfinished
        if change
        else bool(deployed.pending or deployed.unfinished),
        "pending": bool(deployed.pending),
        "failure": deployed.failure or None,
        "failed_at": _moment(deployed.failed_at) if deployed.failure else None,
        "action": change.action.value if change else None,
        "reasons": list(change.reasons) if change else [],
        "held": bool(change and change.is_rolled_back),
        "schedule": schedule and {"cron": schedule.cron, "timezone": schedule.zone},
        "due_at": None
        if each.due_at is None or schedule is None
        else _moment(each.due_at, schedule.zone),
        "due": each.is_due,
        "max_age": each.max_age or None,
        "stale": each.is_stale,
    }


def _moment(at: int, zone: str = "UTC") -> str:
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).isoformat()


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


def _tested(result: Result) -> dict[str, Any]:
    return {
        "id": result.cohort.id,
        "name": result.case.name,
        "path": result.case.at.path,
        "line": result.case.at.line,
        "passed": result.passed,
        "missing": {
            str(handle): list(values) for handle, values in result.missing.items()
        },
        "extra": {str(handle): list(values) for handle, values in result.extra.items()},
        "failure": result.failure or None,
        "unjudged": result.unjudged or None,
        "proves_nothing": result.proves_nothing or None,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "path": problem.at.path,
        "line": problem.at.line,
        "column": problem.at.column,
        "code": problem.code,
        "what": problem.what,
        "fix": problem.fix,
    }
