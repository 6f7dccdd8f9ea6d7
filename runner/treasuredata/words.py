"""What the service says, in our words: errors translated, members hidden."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import urllib3
from tdclient import errors as td_errors

from runner.errors import AuthenticationFailed, CohortsError
from runner.sql.tokens import Kind, tokens
from runner.treasuredata.wire import NoAnswer

NAMED = re.compile(r"\b(?:Column|Table|Schema|Function|Catalog|column|table) '[\w.]+'")
"""What a message may name."""

PLACE = re.compile(r"\bline (\d+):(\d+): ")
"""How Trino says where in the SQL an error is, all of which it finds before any row is read."""


class NotThere(CohortsError):
    """The service knows no such thing (404), such as an old job (docs/services.md,
    Following a job).
    """


@contextmanager
def translated(what: str) -> Iterator[None]:
    """td-client's and urllib3's errors as ours, without the bodies they carry."""
    try:
        yield
    except td_errors.AuthError:
        raise AuthenticationFailed(
            "R003",
            "Treasure Data refused the key (401)",
            "check TD_API_KEY, and the target's site:"
            " a key of another region fails like this too",
        ) from None
    except td_errors.ForbiddenError:
        raise AuthenticationFailed(
            "R004",
            f"the key may not use {what} (403)",
            "give its user the rights, or use another key",
        ) from None
    except td_errors.NotFoundError:
        raise NotThere(
            "R005",
            f"Treasure Data knows no {what} (404)",
            "check the name in cohorts/project.yml",
        ) from None
    except (urllib3.exceptions.HTTPError, OSError):
        raise NoAnswer("broke off its answer") from None
    except td_errors.APIError as exc:
        raise CohortsError(
            "R006",
            f"Treasure Data refused {what}: {hidden(str(exc))}",
            "this is not expected: please report it with this message",
        ) from None


def hidden(text: str) -> str:
    """A service's words with everything quoted or address-like hidden: it may be a
    member. One line, 300 characters.
    """
    return _one_line(_masked(text, ""))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]


def _masked(text: str, sql: str) -> str:
    """From the first quote to the last, since what is quoted may hold quotes and line
    breaks. Names of columns, tables and functions stay, and what else names something
    in the query: they are what the reader must mend.
    """
    named: list[str] = []

    def kept(match: re.Match[str]) -> str:
        named.append(match[0])
        return f"\0{len(named) - 1}\0"

    text = NAMED.sub(kept, text.replace("\0", ""))
    # an expression may hold texts in quotes of their own: what stands between two such
    # pairs would be shown
    if sql and PLACE.search(text) and text.count("'") == 2:
        names, values = _spoken(sql)
        name = re.search(r"'([^']+)'", text)
        if name and _is_named(name[1], names, values):
            before = text[: name.start()]
            after = text[name.end() :]
            text = before + kept(name) + after
    text = re.sub(r"(['\"]).*['\"]", "'…'", text, flags=re.DOTALL)
    text = re.sub(r"['\"](?!…|(?<=…')).*", "'…", text, flags=re.DOTALL)
    text = re.sub(r"(cannot be cast to [\w() ]+:).*", r"\1 …", text, flags=re.DOTALL)
    text = re.sub(r"\S+@\S+", "…", text)
    text = re.sub(r"\S*\d{5,}\S*", "…", text)
    return re.sub(r"\0(\d+)\0", lambda match: named[int(match[1])], text)


def _spoken(sql: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names in a query, and its texts, in small letters."""
    names = set()
    values = set()
    for kind, text in tokens(sql):
        lower = text.lower()
        if kind is Kind.TEXT:
            begin = lower.index("'") + 1
            values.add(lower[begin:-1])
        elif kind in (Kind.WORD, Kind.QUOTED):
            names.add(lower.strip('"'))
    return frozenset(names), frozenset(values)


def _is_named(quoted: str, names: frozenset[str], values: frozenset[str]) -> bool:
    """True for a name of the query, such as `p.country`, and for an expression that is
    made of nothing else. What is a text of the query too may be a member.
    """
    words = set()
    for kind, text in tokens(quoted):
        if kind in (Kind.TEXT, Kind.NUMBER, Kind.COMMENT):
            return False
        if kind in (Kind.WORD, Kind.QUOTED):
            words.add(text.strip('"').lower())
    if not words or quoted.lower() in values:
        return False
    return words <= names - values


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a job failed, in the service's words with all values hidden; and the line and
    column (from 1) of its SQL that this is about, 0 where it names none.
    """

    text: str = ""
    line: int = 0
    column: int = 0

    @property
    def without_place(self) -> str:
        """The same without the place that the service names."""
        return PLACE.sub("", self.text, count=1)


NO_REASON = Reason()


def reason(debug: object, sql: str) -> Reason:
    """The last line that a failed job wrote, hidden like any other word of the service
    but for the names in its SQL.
    """
    if not isinstance(debug, Mapping):
        return NO_REASON
    written = str(debug.get("stderr") or debug.get("cmdout") or "")
    # what is quoted is hidden before the last line is looked for: a value may hold a
    # line break
    lines = _masked(written, sql).strip().splitlines()
    if not lines:
        return NO_REASON
    text = _one_line(_without_data(lines[-1]))
    place = PLACE.search(text)
    if place is None:
        return Reason(text)
    return Reason(text, int(place[1]), int(place[2]))


def _without_data(text: str) -> str:
    """A failure while rows were read quotes values (`Cannot cast value to UUID: ann`,
    `Duplicate map keys (ann) are not allowed`): what comes after a colon or a bracket
    is hidden. One of the query itself has a place in it, and was found before any row
    was read.
    """
    if PLACE.search(text):
        return text
    begin = ""
    failed = re.match(r"Query \S+ failed: ", text)
    if failed:
        begin = failed[0]
    told, *data = re.split(r": | ?[(\[]", text.removeprefix(begin), maxsplit=1)
    if not data:
        return text
    return f"{begin}{told}: …"


def conflicting_job(text: str) -> str | None:
    """The job id in a 409, or None where it names none."""
    # td-client hands over only `Query failed: {json}` (measured with 1.7.0)
    try:
        begin = text.index("{")
        answer = json.loads(text[begin:])
        details = answer.get("details") or {}
        return str(details["conflicts_with"])
    except (ValueError, KeyError, AttributeError):
        return None
