"""Which form of a function or an operator a call means: Trino's FunctionBinder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from runner.trino.binding import Form, Given, bind, formals
from runner.trino.functions import UNTOLD, Signature, declared, signatures
from runner.trino.types import UNKNOWN, Type, Types


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several forms fit equally well: Trino asks for a CAST."""

    forms: tuple[Form, ...]

    @property
    def message(self) -> str:
        """Trino's words."""
        shown = "\n".join(f"\t * {_shown(one)}" for one in self.forms)
        return (
            "Could not choose a best candidate operator."
            " Explicit type casts must be added.\n"
            f"Candidates are:\n{shown}\n"
        )


def _shown(form: Form) -> str:
    """A form as Trino shows it among candidates."""
    name = form.signature.name.replace("$", "$operator$")
    arguments = ",".join(map(declared, form.arguments))
    returned = declared(form.returns)
    return f"{name}({arguments}):{returned}"


def resolve(name: str, given: Sequence[Given]) -> Form | Ambiguous | None:
    """The form of a function for arguments of these types; None where none takes them.

    Raises Unsettled where a lambda's type is not known, and NoEnd where lambdas' types
    never meet.
    """
    types = _only_types(given)
    if types is None:
        return _resolve(name, given)
    return _of_types(name, types)


def _only_types(given: Sequence[Given]) -> Types | None:
    """The arguments' types; None where one of them is a lambda, which has none yet."""
    types = tuple(one for one in given if isinstance(one, Type))
    if len(types) < len(given):
        return None
    return types


# The same operators of the same types stand in every query. A lambda is known to one
# statement only, so a call with one is not kept.
@lru_cache(maxsize=20_000)
def _of_types(name: str, given: Types) -> Form | Ambiguous | None:
    """The form for arguments that are types alone, remembered."""
    return _resolve(name, given)


def _resolve(name: str, given: Sequence[Given]) -> Form | Ambiguous | None:
    """Trino tries forms without type variables first, then those with them, then both
    with conversions of the arguments.
    """
    count = len(given)
    known = [one for one in signatures(name) if formals(one, count) is not None]
    plain = [one for one in known if not one.variables]
    generic = [one for one in known if one.variables]
    for candidates in (plain, generic):
        found = _applicable(candidates, given, converting=False)
        if found:
            return _only_one(found)
    found = _applicable(known, given, converting=True)
    if not found:
        return None
    return _only_one(_most_specific(found, given))


def _only_one(forms: Sequence[Form]) -> Form | Ambiguous:
    """The form, if it is the only one."""
    if len(forms) > 1:
        return Ambiguous(tuple(forms))
    return forms[0]


def _applicable(
    candidates: Sequence[Signature], given: Sequence[Given], *, converting: bool
) -> list[Form]:
    """The forms that take these arguments, as they are or converted."""
    forms = (bind(one, given, converting=converting) for one in candidates)
    return [one for one in forms if one is not None]


def _most_specific(forms: Sequence[Form], given: Sequence[Given]) -> Sequence[Form]:
    """Those of several forms that ask most of their arguments: one, if Trino can tell."""
    if len(forms) == 1:
        return forms
    kept = _representatives(forms)
    types = _only_types(given)
    if len(kept) <= 1 or types is None or UNKNOWN not in types:
        return kept
    only_nulls = [one for one in forms if _converts_only_nulls(one, types)]
    kept = only_nulls or kept
    if len(kept) > 1 and _are_all_null(kept, types):
        # whichever is called, the value is NULL of one type
        return [max(kept, key=_shown)]
    return kept


def _representatives(forms: Sequence[Form]) -> list[Form]:
    """The forms of which none is more specific than another of them."""
    kept: list[Form] = []
    for form in forms:
        for at, one in enumerate(kept):
            if _is_more_specific(form, one):
                kept[at] = form
                break
            if _is_more_specific(one, form):
                break
        else:
            kept.append(form)
    return kept


def _is_more_specific(form: Form, than: Form) -> bool:
    """True where the other form takes whatever this one does."""
    if UNTOLD in form.arguments:
        return False
    return bind(than.signature, form.arguments, converting=True) is not None


def _converts_only_nulls(form: Form, types: Sequence[Type]) -> bool:
    """True where no argument but the bare NULL is converted."""
    pairs = zip(types, form.arguments, strict=True)
    return all(given in (UNKNOWN, wanted) for given, wanted in pairs)


def _are_all_null(forms: Sequence[Form], types: Sequence[Type]) -> bool:
    """True where all these forms return the same type, and NULL."""
    returned = {one.returns for one in forms}
    if len(returned) > 1:
        return False
    return all(_is_null(one, types) for one in forms)


def _is_null(form: Form, types: Sequence[Type]) -> bool:
    """True where the function is NULL because an argument is the bare NULL."""
    if form.signature.kind != "scalar":
        return True
    nullable = form.signature.nullable
    last = len(nullable) - 1
    for at, kind in enumerate(types):
        # the last argument of a variadic function stands for all that follow
        takes_null = nullable[min(at, last)]
        if kind == UNKNOWN and not takes_null:
            return True
    return False
