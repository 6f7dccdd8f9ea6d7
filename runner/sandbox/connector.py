"""The result export: a query's rows delivered to a Braze cohort over HTTP, as Treasure
Data's connector would.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests

from runner.sandbox.clock import Clock
from runner.sandbox.options import Answer, Chosen
from runner.sandbox.query import Rows

BATCH = 1_000
TRIES = 5
FIRST_PAUSE = 0.05
"""Seconds before the second try; doubles with each."""

DIRECT = ("user_ids", "device_ids")


class ExportFailed(Exception):
    """Why an export ended in error; a part may have been delivered."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A connector's settings, checked."""

    cohort_id: str
    cohort_name: str
    remove: bool
    aliases: tuple[str, ...]


class Connector:
    """The way to Braze; it remembers the cohorts it made through each connection, and their names."""

    def __init__(self, chosen: Chosen, rest: str, clock: Clock) -> None:
        self._chosen, self._rest, self._clock = chosen, rest, clock
        self._names: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def check(self, given: Mapping[str, Any]) -> Settings:
        """Settings as they come with a job, by the connector's own keys. Raises ExportFailed."""
        keys = self._chosen.options.setting_keys
        if unknown := sorted(set(given) - set(keys.values())):
            raise ExportFailed(f"Unrecognized field(s): {', '.join(unknown)}")
        values = {name: str(given.get(key) or "").strip() for name, key in keys.items()}
        if not values["cohort_id"]:
            raise ExportFailed(f"{keys['cohort_id']} is required")
        if values["operation"] not in {"add", "remove"}:
            raise ExportFailed(f"{keys['operation']} must be add or remove")
        aliases = tuple(
            alias for part in values["aliases"].split(",") if (alias := part.strip())
        )
        name = values["cohort_name"] or values["cohort_id"]
        remove = (
            values["operation"] == "remove"
            and self._chosen.options.obeys_operation is Answer.OK
        )
        return Settings(values["cohort_id"], name, remove, aliases)

    def deliver(
        self,
        rows: Rows,
        settings: Settings,
        import_key: str,
        *,
        half: bool,
        stop: threading.Event,
    ) -> None:
        """Send every row; `half`: give up after half of the identifiers. Raises ExportFailed."""
        kinds = _kinds(rows, settings)
        if not rows.rows and self._chosen.options.empty_export is Answer.FAIL:
            raise ExportFailed("no rows to export")
        identifiers = list(_identifiers(rows, kinds))
        sent = identifiers[: len(identifiers) // 2] if half else identifiers
        with requests.Session() as session:
            self._introduce(session, settings, import_key, stop)
            for start in range(0, len(sent), BATCH):
                change = {
                    **_change(sent[start : start + BATCH]),
                    "should_remove": settings.remove,
                }
                body = {"cohort_id": settings.cohort_id, "cohort_changes": [change]}
                self._post(session, "/users", import_key, body, stop)
        if half:
            raise ExportFailed(
                f"connection lost after {len(sent)} of {len(identifiers)} identifiers"
            )

    def _introduce(
        self,
        session: requests.Session,
        settings: Settings,
        import_key: str,
        stop: threading.Event,
    ) -> None:
        """Make a cohort that is new to this connector, or rename it."""
        known = self._names.get((import_key, settings.cohort_id))
        if known == settings.cohort_name:
            return
        if (
            known is None
            and settings.remove
            and self._chosen.options.unknown_removal is Answer.FAIL
        ):
            return  # Braze itself will refuse if it knows no such cohort
        body = {
            "cohort_id": settings.cohort_id,
            "name": settings.cohort_name,
            "created_at": datetime.fromtimestamp(self._clock.now(), UTC).isoformat(
                timespec="seconds"
            ),
        }
        self._post(session, "", import_key, body, stop)
        with self._lock:
            self._names[import_key, settings.cohort_id] = settings.cohort_name

    def _post(
        self,
        session: requests.Session,
        path: str,
        import_key: str,
        body: Mapping[str, Any],
        stop: threading.Event,
    ) -> None:
        partner = self._chosen.options.partner
        keys = {"partner_api_key": partner.api_key, "client_secret": import_key}
        url = f"{self._rest}/partners/{partner.name}/cohorts{path}"
        problem, pause = "", FIRST_PAUSE
        for _ in range(TRIES):
            if stop.is_set():
                raise ExportFailed("interrupted")
            try:
                response = session.post(url, json={**keys, **body}, timeout=30)
            except requests.RequestException as exc:
                problem = f"Braze did not answer ({type(exc).__name__})"
            else:
                if response.ok and not (complaints := _errors(response)):
                    return
                if response.ok:
                    raise ExportFailed(
                        f"Braze answered {response.status_code} with errors: {complaints}"
                    )
                problem = (
                    f"Braze answered {response.status_code}: {response.text[:200]}"
                )
                if (
                    response.status_code not in {423, 429}
                    and response.status_code < 500
                ):
                    break
            stop.wait(pause)
            pause *= 2
        raise ExportFailed(problem)


def _errors(response: requests.Response) -> str:
    """The first complaints in the body of a good answer."""
    try:
        body = response.json()
    except ValueError:
        return ""
    return str(body.get("errors") or "")[:200] if isinstance(body, dict) else ""


def _kinds(rows: Rows, settings: Settings) -> list[tuple[int, str]]:
    """Which columns are exported, and as what; their names must be exact. Raises ExportFailed."""
    wanted = (*DIRECT, *settings.aliases)
    kinds = [
        (index, column.name)
        for index, column in enumerate(rows.columns)
        if column.name in wanted
    ]
    if not kinds:
        seen = ", ".join(column.name for column in rows.columns)
        raise ExportFailed(
            f"the result must have at least one of the columns {', '.join(wanted)}; it has: {seen}"
        )
    return kinds


def _identifiers(rows: Rows, kinds: list[tuple[int, str]]) -> Iterator[tuple[str, str]]:
    """Column and value of every identifier, row by row; NULLs are left out."""
    for row in rows.rows:
        yield from (
            (name, str(row[index])) for index, name in kinds if row[index] is not None
        )


def _change(identifiers: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Identifiers by their kind, as Braze takes them."""
    change: dict[str, list[Any]] = {}
    for name, value in identifiers:
        if name in DIRECT:
            change.setdefault(name, []).append(value)
        else:
            change.setdefault("aliases", []).append(
                {"alias_label": name, "alias_name": value}
            )
    return change
