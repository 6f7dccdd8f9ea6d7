"""What a program reads: JSON with a version; a published shape (schema/output.schema.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from runner.application.listing import Kind
from runner.application.rendering import Statement
from runner.codes import Code
from runner.definitions.cohort import Cohort
from runner.errors import CohortsError, ExitCode, InvalidDefinitions, Problem
from runner.files.keys import Key
from runner.identifiers import Handle
from runner.plan import reviewed
from runner.plan.guards import Counts
from runner.plan.history import Record
from runner.plan.ledger import Delivered, Deployed
from runner.plan.plan import Action, Change, Plan
from runner.plan.standing import Standing
from runner.report.cost import crossing
from runner.report.terminal import NAMES, sql_difference

if (
    TYPE_CHECKING
):  # who needs no service must not pay for its client, nor for the sandbox
    from runner.application.describing import Description
    from runner.application.drift import Drift
    from runner.application.reviewing import Answer
    from runner.sync.attempt import Done
    from runner.sync.attempts import Outcome
    from runner.sync.audit import Discrepancy
    from runner.sync.doctor import Finding as Check
    from runner.sync.run import Summary
    from runner.sync.verify import Verified
    from runner.testing.local import Result

VERSION = 1

Json = dict[str, Any]
"""An object of JSON."""


def problems(
    found: Sequence[Problem], warnings: Sequence[Problem], *, cohorts: int
) -> str:
    """The result of a validation."""
    return _text(
        {
            "cohorts": cohorts,
            "problems": _problems(found),
            "warnings": _problems(warnings),
        }
    )


def cohorts(
    found: Sequence[Cohort], kinds: Sequence[Kind], problems: Sequence[Problem]
) -> str:
    """The cohorts that the files define."""
    return _text(
        {
            "cohorts": [_listed(*each) for each in zip(found, kinds, strict=True)],
            "problems": _problems(problems),
        }
    )


def _listed(cohort: Cohort, kind: Kind) -> Json:
    """A cohort that the files define."""
    schedule = None
    if cohort.schedule:
        schedule = {"cron": cohort.schedule.cron, "timezone": cohort.schedule.zone}
    return {
        "id": cohort.id,
        "name": cohort.name,
        "owner": cohort.owner,
        "kind": kind.value,
        "tags": list(cohort.tags),
        "schedule": schedule,
        "file": cohort.document.path,
    }


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
            "problems": _problems(found),
        }
    )


def plan(
    shown: Plan,
    found: Sequence[Problem],
    *,
    commit: str,
    now: int,
    uncommitted: bool = False,
) -> str:
    """A plan, with the problems of files that are not part of it. `commit` is the one it
    was made of, `now` the time when it was made, in unix seconds.
    """
    return _text(
        {
            "commit": commit or None,
            "uncommitted": uncommitted,
            "made_at": _moment(now),
            **_plan(shown),
            "problems": _problems(found),
        }
    )


def summary(shown: Summary, code: ExitCode, found: Sequence[Problem]) -> str:
    """How a sync ended."""
    return _text(
        {
            **_plan(shown.plan),
            "problems": _problems(found),
            "exit_code": int(code),
            "outcomes": [_outcome(outcome) for outcome in shown.outcomes],
        }
    )


def status(
    shown: Plan, cohorts: Sequence[Standing], now: int, found: Sequence[Problem]
) -> str:
    """Every cohort by the ledger's account, and what is due. A cohort whose file cannot
    be read has no action. `now` is in unix seconds.
    """
    return _text(
        {
            "target": shown.target,
            "workspace": shown.workspace,
            "now": _moment(now),
            "not_selected": shown.not_selected,
            "cohorts": [_cohort(each) for each in cohorts],
            "problems": _problems(found),
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
            "findings": [_finding(each) for each in shown.found],
        }
    )


def failure(exc: CohortsError) -> str:
    """A command that could not do its work at all, and why."""
    problems: Sequence[Problem] = ()
    if isinstance(exc, InvalidDefinitions):
        problems = exc.problems
    return _text(
        {
            "exit_code": int(exc.exit_code),
            "error": _error(exc),
            "problems": _problems(problems),
        }
    )


def misused(what: str, code: ExitCode) -> str:
    """A command line that nobody can carry out."""
    error = {"code": None, "what": what, "fix": "see `cohorts COMMAND --help`"}
    return _text({"exit_code": int(code), "error": error, "problems": []})


def rendered(found: Sequence[Statement], problems: Sequence[Problem]) -> str:
    """The SQL that a sync would run, with values that may name people hidden."""
    statements = [
        {
            "id": each.cohort,
            "target": each.target,
            "identifier": str(each.handle),
            "sql": each.sql,
        }
        for each in found
    ]
    return _text({"statements": statements, "problems": _problems(problems)})


def described(found: Sequence[Description], texts: Sequence[str], target: str) -> str:
    """Cohorts in words, with their sizes at the last sync."""
    cohorts = [
        {
            "id": each.cohort.id,
            "name": each.cohort.name,
            "text": text,
            "members": each.size.members,
            "unknown": each.size.unknown or None,
        }
        for each, text in zip(found, texts, strict=True)
    ]
    return _text({"target": target, "cohorts": cohorts})


def drifted(shown: Drift, code: ExitCode) -> str:
    """What differs between the files and what the ledger says is in Braze."""
    wrong = [_finding(each) for each in shown.wrong]
    return _text(
        {
            "target": shown.target,
            "drift": shown.is_there,
            "exit_code": int(code),
            "error": _error(shown.failure),
            "changes": [_change(change) for change in shown.due],
            "withdrawals_refused": shown.refused or None,
            "held": [change.id for change in shown.held],
            "stale": [each.id for each in shown.stale],
            "findings": wrong,
            "invalid_files": shown.invalid_files,
        }
    )


def diagnosed(found: Sequence[Check], target: str, code: ExitCode) -> str:
    """What a target needs, and what of it is there."""
    checks = [
        {
            "name": each.name,
            "state": each.state.value,
            "found": each.found,
            "fix": each.fix or None,
        }
        for each in found
    ]
    return _text({"target": target, "exit_code": int(code), "checks": checks})


def explained(found: Sequence[Code]) -> str:
    """What codes mean."""
    codes = [
        {
            "code": each.code,
            "meaning": each.meaning,
            "example": each.example or None,
            "fix": each.cure,
        }
        for each in found
    ]
    return _text({"codes": codes})


def explained_keys(found: Sequence[Key]) -> str:
    """What the keys of one name mean."""
    keys = [
        {
            "name": each.name,
            "where": each.where,
            "meaning": each.meaning,
            "example": each.example or None,
        }
        for each in found
    ]
    return _text({"keys": keys})


def reviewed_branch(shown: Answer) -> str:
    """The checks, the tests and the plans of a branch."""
    checked = shown.checked
    return _text(
        {
            "exit_code": int(shown.exit_code),
            "cohorts": checked.good,
            "problems": _problems(checked.errors),
            "warnings": _problems(checked.warnings),
            "tests": [_tested(result) for result in shown.results],
            "untested": [cohort.id for cohort in shown.untested],
            "plans": [_plan(plan) for plan in shown.plans],
            "failures": [
                {"target": each.target, "error": _error(each.failure)}
                for each in shown.reviews
                if each.failure
            ],
        }
    )


def _finding(each: Discrepancy) -> Json:
    """A thing that is not as the ledger says."""
    return {
        "workspace": each.destination.workspace or None,
        "id": each.destination.cohort_id or None,
        "code": each.code,
        "warning": each.is_warning,
        "what": each.what,
        "fix": each.fix,
    }


def _text(body: Mapping[str, Any]) -> str:
    """The answer as JSON, with the version of its shape."""
    whole = json.dumps({"version": VERSION, **body}, indent=2, ensure_ascii=False)
    # the same text in JSON; in a log GitHub would take `##[` for a command
    return whole.replace("##[", "##\\u005b")


def _plan(shown: Plan) -> Json:
    """A plan with its changes."""
    return {
        "target": shown.target,
        "workspace": shown.workspace,
        "since": shown.since or None,
        "checksum": reviewed.of_plan(shown),
        "withdrawals_refused": shown.stop or None,
        "not_selected": shown.not_selected,
        "withheld": [where.cohort_id for where in shown.withheld],
        "warnings": _problems(shown.warnings),
        "changes": [_change(change) for change in shown.changes],
    }


def _change(change: Change) -> Json:
    """A change of a plan."""
    return {
        "id": change.id,
        "workspace": change.destination.workspace,
        "braze_id": change.destination.cohort_id,
        "name": change.name,
        "owner": _owner(change),
        "action": change.action.value,
        # a hash: a later sync shows by it whether it is what was reviewed
        "wanted": reviewed.item(change).wanted,
        **_reasons(change),
        "members": _members(change.counts),
        "written": _written(change.counts),
        "refusals": _problems([*change.questions, *change.refusals]),
        "uncounted": _uncounted(change),
        "sql_difference": _sql_difference(change),
    }


def _reasons(change: Change) -> dict[str, list[str]]:
    """The reasons in words, and their codes in the same order."""
    return {
        "reasons": list(map(str, change.reasons)),
        "reason_codes": [reason.why.code for reason in change.reasons],
    }


def _owner(change: Change) -> str | None:
    """Who answers for a cohort; None where no file says it."""
    if change.cohort is None:
        return None
    return change.cohort.owner or None


def _members(counts: Counts | None) -> dict[str, int] | None:
    """The sizes of a cohort and its delta; None where nobody was counted."""
    if counts is None:
        return None
    entering, leaving = crossing(counts)
    return {
        "before": counts.before,
        "after": counts.after,
        "added": entering,
        "removed": leaving,
        "sent_again": counts.added - counts.entering,
        "unusable_rows": counts.unusable,
    }


def _written(counts: Counts | None) -> dict[str, int] | None:
    """Identifiers written to Braze, now and later; None where nobody was counted."""
    if counts is None:
        return None
    return {
        "this_sync": counts.expected.this_sync,
        "first_week": counts.expected.first_week,
        "usual_month": counts.expected.usual_month,
        "everyone_when_somebody_leaves": counts.is_shared,
    }


def _uncounted(change: Change) -> Json | None:
    """Why members could not be counted, if they could not."""
    if change.uncounted is None:
        return None
    return _problem(change.uncounted)


def _sql_difference(change: Change) -> list[str]:
    """The lines by which the SQL of an update differs; none for any other change."""
    # a new cohort and one that ends have SQL on one side only: all of it would differ
    if change.action is not Action.UPDATE:
        return []
    return sql_difference(change, NAMES)


def _outcome(outcome: Outcome) -> Json:
    """How the sync of one cohort ended."""
    return {
        "id": outcome.change.id,
        "action": outcome.change.action.value,
        "done": _done(outcome.done),
        "error": _error(outcome.error),
        "suppressed": _done(outcome.suppressed),
    }


def _done(done: Done | None) -> dict[str, int] | None:
    """What an attempt did; None where it did not succeed."""
    if done is None:
        return None
    return {
        "added": done.added,
        "removed": done.removed,
        "sent_again": done.sent_again,
        "members": done.size,
    }


def _cohort(each: Standing) -> Json:
    """The standing of one cohort."""
    deployed = each.deployed
    return {
        "id": each.id,
        "braze_id": deployed.destination.cohort_id,
        "workspace": deployed.destination.workspace,
        "name": _name(each),
        "owner": _owner_of(each),
        **_last_sync(deployed.delivered),
        "as_of": _moment_or_none(each.as_of),
        "unfinished": _is_unfinished(each),
        "pending": bool(deployed.pending),
        **_failure(deployed),
        **_intended(each.change),
        **_due(each),
        "due": each.is_due,
        "max_age": each.max_age or None,
        "stale": each.is_stale,
    }


def _owner_of(each: Standing) -> str | None:
    """Who answers for a cohort; None where no file says it."""
    if each.change is None:
        return None
    return _owner(each.change)


def _name(each: Standing) -> str:
    """The name that Braze is to show; the one it shows where no file says it."""
    if each.change is None:
        return each.deployed.name
    return each.change.name


def _last_sync(last: Delivered | None) -> Json:
    """How many qualified at the last sync, and when it was."""
    if last is None:
        return {"members": None, "synced_at": None}
    return {"members": last.size, "synced_at": _moment(last.at)}


def _is_unfinished(each: Standing) -> bool:
    """True when the last attempt failed or was cut off."""
    if each.change is None:
        return bool(each.deployed.pending or each.deployed.unfinished)
    return each.change.is_unfinished


def _failure(deployed: Deployed) -> Json:
    """The last failure and when it was; None where the last attempt did not fail."""
    if not deployed.failure:
        return {"failure": None, "failed_at": None}
    return {"failure": deployed.failure, "failed_at": _moment(deployed.failed_at)}


def _intended(change: Change | None) -> Json:
    """What a sync would do with a cohort; nothing where its file cannot be read."""
    if change is None:
        return {"action": None, "reasons": [], "reason_codes": [], "held": False}
    return {
        "action": change.action.value,
        **_reasons(change),
        "held": change.is_rolled_back,
    }


def _due(each: Standing) -> Json:
    """A cohort's schedule, and when it is due next by it, in the schedule's zone."""
    schedule = each.schedule
    if schedule is None:
        return {"schedule": None, "due_at": None}
    return {
        "schedule": {"cron": schedule.cron, "timezone": schedule.zone},
        "due_at": _moment_or_none(each.due_at, schedule.zone),
    }


def _moment(at: int, zone: str = "UTC") -> str:
    """A time in unix seconds as ISO 8601, in a zone."""
    return datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).isoformat()


def _moment_or_none(at: int | None, zone: str = "UTC") -> str | None:
    if at is None:
        return None
    return _moment(at, zone)


def _record(record: Record) -> Json:
    """A record of the ledger."""
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
        "uncommitted": record.who.uncommitted,
        "run": record.who.address or None,
        "reason": record.who.reason or None,
    }


def _error(error: CohortsError | None) -> Json | None:
    """An error by its code, what happened and what to do; None for none."""
    if error is None:
        return None
    return {"code": error.code, "what": error.what, "fix": error.fix}


def _tested(result: Result) -> Json:
    """How one test ended."""
    return {
        "id": result.cohort.id,
        "name": result.case.name,
        "path": result.case.at.path,
        "line": result.case.at.line,
        "passed": result.passed,
        "missing": _people(result.missing),
        "extra": _people(result.extra),
        "failure": result.failure or None,
        "unjudged": result.unjudged or None,
        "proves_nothing": result.proves_nothing or None,
    }


def _people(found: Mapping[Handle, tuple[str, ...]]) -> dict[str, list[str]]:
    """The values of people, by the identifier that they are values of."""
    people = {}
    for handle, values in found.items():
        people[str(handle)] = list(values)
    return people


def _problems(found: Sequence[Problem]) -> list[Json]:
    return [_problem(problem) for problem in found]


def _problem(problem: Problem) -> Json:
    """A problem with its place."""
    return {
        "path": problem.at.path,
        "line": problem.at.line,
        "column": problem.at.column,
        "code": problem.code,
        "what": problem.what,
        "fix": problem.fix,
    }
