"""What would be delivered, as one short text: two queries with the same fingerprint
deliver the same members alike.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

from runner.identifiers import Identifier
from runner.sql.tokens import normalised

VERSION = "v1"
"""Part of every fingerprint; to be raised only if all cohorts are meant to be sent again."""


def parts(
    *,
    sql: str,
    cohort_id: str,
    name: str,
    identifiers: Sequence[Identifier],
    mode: str,
    workspace: str,
) -> Mapping[str, str]:
    """A short hash for each part that decides what is delivered, so that a plan can say
    which one changed.
    """
    whole = {
        "identifiers": [_identifier(identifier) for identifier in identifiers],
        "mode": mode,
        "name": name,
        "query": normalised(sql),
        "workspace": [workspace, cohort_id],
    }
    return {part: _hash(value)[:16] for part, value in whole.items()}


SUPPRESSION = "suppression"
"""The part of a query that leaves people out."""


def short(sql: str) -> str:
    """A short hash of what a query says, however it looks."""
    return _hash(normalised(sql))[:16]


def fingerprint(of_parts: Mapping[str, str]) -> str:
    """The fingerprint of all parts together."""
    return f"{VERSION}:{_hash(dict(of_parts))[:32]}"


def _identifier(identifier: Identifier) -> list[str]:
    """What of an identifier counts in a fingerprint."""
    handle = identifier.handle
    normalize = ""
    if identifier.lower:
        normalize = "lower"
    return [handle.kind.value, handle.label, identifier.column, normalize]


def _hash(value: object) -> str:
    """A hash of a value by its JSON, the same on every machine."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
