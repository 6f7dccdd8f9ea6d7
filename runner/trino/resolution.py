"""Which form of a function or an operator a call means: Trino's FunctionBinder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from runner.trino.binding import Form, Given, bind, formals
from runner.trino.functions import UNTOLD, Signature, declared, signatures
from runner.trino.types import UNKNOWN, Type


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several forms fit equally well: Trino asks for a CAST."""

    forms: tuple[Form, ...]

    @property
    def message(self) -> str:
        """Trino's words."""
        shown = "\n".join(f"\t * {_shown(one)}" for one in self.forms)
        first = "Could not choose a best candidate operator. Explicit type casts must be added."
        return f"{first}\nCandidates are:\n{shown}\n"


def _shown(form: Form) -> str:
    name = form.signature.name.replace("$", "$operator$")
    return f"{name}({','.join(map(declared, form.arguments))}):{declared(form.returns)}"


def resolve(name: str, given: Sequence[Given]) -> Form | Ambiguous | None:
    """The form of a function for arguments of these types; None where none takes them.

    Raises Unsettled where a lambda's type is not known, and NoEnd where lambdas' types never meet.
    """
    types = tuple(one for one in given if isinstance(one, Type))
    return _of_types(name, types) if len(types) == len(given) else _resolve(name, given)


@lru_cache(maxsize=20_000)
def _of_types(name: str, given: tuple[Type, ...]) -> Form | Ambiguous | None:
    return _resolve(name, given)


def _resolve(name: str, given: Sequence[Given]) -> Form | Ambiguous | None:
    known = [one for one in signatures(name) if formals(one, len(given)) is not None]
    plain = [one for one in known if not one.variables]
    generic = [one for one in known if one.variables]
    for candidates in (plain, generic):
        if found := _applicable(candidates, given, converting=False):
            return found[0] if len(found) == 1 else Ambiguous(tuple(found))
    found = _applicable(known, given, converting=True)
    if len(found) > 1:
        found = _most_specific(found, given)
    if len(found) > 1:
        return Ambiguous(tuple(found))
    return found[0] if found else None


def _applicable(
    candidates: Sequence[Signature], given: Sequence[Given], *, converting: bool
) -> list[Form]:
    forms = (bind(one, given, converting=converting) for one in candidates)
    return [one for one in forms if one is not None]


def _most_specific(forms: Sequence[Form], given: Sequence[Given]) -> list[Form]:
    kept = _representatives(forms)
    types = [one for one in given if isinstance(one, Type)]
    if len(kept) <= 1 or len(types) != len(given) or UNKNOWN not in types:
        return kept
    only_nulls = [one for one in forms if _converts_only_nulls(one, types)]
    if only_nulls:
        kept = only_nulls
    if (
        len(kept) > 1
        and len({one.returns for one in kept}) == 1
        and all(_is_null(one, types) for one in kept)
    ):
        return [max(kept, key=_shown)]
    return kept


def _representatives(forms: Sequence[Form]) -> list[Form]:
    kept: list[Form] = []
    for form in forms:
        for at, one in enumerate(kept):
            more = _is_more_specific(form, one)
            if more:
                kept[at] = form
            if more or _is_more_specific(one, form):
                break
        else:
            kept.append(form)
    return kept


def _is_more_specific(form: Form, than: Form) -> bool:
    return (
        UNTOLD not in form.arguments
        and bind(than.signature, form.arguments, converting=True) is not None
    )


def _converts_only_nulls(form: Form, types: Sequence[Type]) -> bool:
    return all(
        mine in (UNKNOWN, its) for mine, its in zip(types, form.arguments, strict=True)
    )


def _is_null(form: Form, types: Sequence[Type]) -> bool:
    """True where the function is NULL because an argument is the bare NULL."""
    nullable = form.signature.nullable
    if form.signature.kind != "scalar":
        return True
    last = len(nullable) - 1
    return any(
        kind == UNKNOWN and not nullable[min(at, last)] for at, kind in enumerate(types)
    )
