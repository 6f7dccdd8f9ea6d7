"""The result export: a query's rows delivered to a Braze cohort over HTTP, as Treasure
Data's connector would.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import requests

from runner.sandbox.bodies import Given, Shown
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


@dataclass(frozen=True, slots=True)
class Exported:
    """A column that is exported, and its place in a row."""

    name: str
    place: int


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier, and the column that says of which kind it is."""

    column: str
    value: str


class Connector:
    """The way to Braze; it remembers the cohorts it made through each connection, and
    their names.
    """

    def __init__(self, chosen: Chosen, rest: str, clock: Clock) -> None:
        self._chosen = chosen
        self._rest = rest
        self._clock = clock
        self._names: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def check(self, given: Given) -> Settings:
        """Settings as they come with a job, by the connector's own keys. Raises ExportFailed."""
        keys = self._chosen.options.setting_keys
        unknown = set(given) - set(keys.values())
        if unknown:
            wrong = ", ".join(sorted(unknown))
            raise ExportFailed(f"Unrecognized field(s): {wrong}")
        values: dict[str, str] = {}
        for name, key in keys.items():
            value = given.get(key) or ""
            values[name] = str(value).strip()
        cohort_id = values["cohort_id"]
        operation = values["operation"]
        if not cohort_id:
            raise ExportFailed(f"{keys['cohort_id']} is required")
        if operation not in {"add", "remove"}:
            raise ExportFailed(f"{keys['operation']} must be add or remove")
        name = values["cohort_name"] or cohort_id
        aliases = _aliases(values["aliases"])
        obeys = self._chosen.options.obeys_operation is Answer.OK
        remove = obeys and operation == "remove"
        return Settings(cohort_id, name, remove, aliases)

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
        columns = _exported(rows, settings)
        if not rows.rows and self._chosen.options.empty_export is Answer.FAIL:
            raise ExportFailed("no rows to export")
        identifiers = list(_identifiers(rows, columns))
        sent = identifiers
        if half:
            middle = len(identifiers) // 2
            sent = identifiers[:middle]
        with requests.Session() as session:
            self._introduce(session, settings, import_key, stop)
            for start in range(0, len(sent), BATCH):
                end = start + BATCH
                change = _change(sent[start:end])
                change["should_remove"] = settings.remove
                body = {"cohort_id": settings.cohort_id, "cohort_changes": [change]}
                self._post(session, "/users", import_key, body, stop)
        if half:
            done = len(sent)
            wanted = len(identifiers)
            raise ExportFailed(f"connection lost after {done} of {wanted} identifiers")

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
        makes_none = self._chosen.options.unknown_removal is Answer.FAIL
        if known is None and settings.remove and makes_none:
            return  # Braze itself will refuse if it knows no such cohort
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        body = {
            "cohort_id": settings.cohort_id,
            "name": settings.cohort_name,
            "created_at": now.isoformat(timespec="seconds"),
        }
        self._post(session, "", import_key, body, stop)
        with self._lock:
            self._names[import_key, settings.cohort_id] = settings.cohort_name

    def _post(
        self,
        session: requests.Session,
        path: str,
        import_key: str,
        body: Given,
        stop: threading.Event,
    ) -> None:
        """Send a body until Braze takes it, a few times at most. Raises ExportFailed."""
        partner = self._chosen.options.partner
        keys = {"partner_api_key": partner.api_key, "client_secret": import_key}
        url = f"{self._rest}/partners/{partner.name}/cohorts{path}"
        problem = ""
        pause = FIRST_PAUSE
        for _ in range(TRIES):
            if stop.is_set():
                raise ExportFailed("interrupted")
            try:
                response = session.post(url, json={**keys, **body}, timeout=30)
            except requests.RequestException as exc:
                problem = f"Braze did not answer ({type(exc).__name__})"
            else:
                status = response.status_code
                if response.ok:
                    complaints = _errors(response)
                    if complaints:
                        raise ExportFailed(
                            f"Braze answered {status} with errors: {complaints}"
                        )
                    return
                problem = f"Braze answered {status}: {response.text[:200]}"
                # only what may pass is tried again
                if status not in {423, 429} and status < 500:
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
    if not isinstance(body, dict):
        return ""
    return str(body.get("errors") or "")[:200]


def _aliases(listed: str) -> tuple[str, ...]:
    """The labels of aliases, with commas between them."""
    labels = map(str.strip, listed.split(","))
    return tuple(label for label in labels if label)


def _exported(rows: Rows, settings: Settings) -> list[Exported]:
    """The columns that are exported; names must be exact. Raises ExportFailed."""
    wanted = (*DIRECT, *settings.aliases)
    names = [column.name for column in rows.columns]
    columns = []
    for place, name in enumerate(names):
        if name in wanted:
            column = Exported(name, place)
            columns.append(column)
    if not columns:
        possible = ", ".join(wanted)
        has = ", ".join(names)
        raise ExportFailed(
            f"the result must have at least one of the columns {possible};"
            f" it has: {has}"
        )
    return columns


def _identifiers(rows: Rows, columns: Sequence[Exported]) -> Iterator[Identifier]:
    """Every identifier, row by row; NULLs are left out."""
    for row in rows.rows:
        for column in columns:
            value = row[column.place]
            if value is not None:
                yield Identifier(column.name, str(value))


def _change(identifiers: Sequence[Identifier]) -> Shown:
    """Identifiers by their kind, as Braze takes them."""
    change: Shown = {}
    for each in identifiers:
        if each.column in DIRECT:
            change.setdefault(each.column, []).append(each.value)
        else:
            alias = {"alias_label": each.column, "alias_name": each.value}
            change.setdefault("aliases", []).append(alias)
    return change
