"""A folded ledger as JSON, so that it can be kept and compared."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

from runner.plan.ledger import Destination


def shown(value: Any) -> Any:
    """A value of the ledger as JSON has it; destinations as one text, sets sorted."""
    match value:
        case Destination():
            return f"{value.workspace}/{value.cohort_id}"
        case dict():
            return {str(shown(key)): shown(each) for key, each in value.items()}
        case frozenset():
            return sorted(map(shown, value))
        case tuple() | list():
            return list(map(shown, value))
        case _ if is_dataclass(value):
            return {field.name: shown(getattr(value, field.name)) for field in fields(value)}
    return value
