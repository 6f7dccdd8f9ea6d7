"""Whether a signature takes arguments of given types, and what its variables then are:
Trino's SignatureBinder.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from runner.trino.casts import castable
from runner.trino.functions import UNTOLD, Signature, Variable
from runner.trino.lengths import computed
from runner.trino.types import (
    LONGEST_CHAR,
    UNBOUNDED,
    UNKNOWN,
    VARCHAR,
    Type,
    Types,
    coerces,
    common,
    comparable,
    orderable,
    to_base,
)

MOST_ROUNDS = 4
"""After so many rounds Trino gives up with an internal error."""

_WITH_NUMBERS = frozenset(
    {
        "varchar",
        "char",
        "decimal",
        "time",
        "timestamp",
        "time with time zone",
        "timestamp with time zone",
    }
)
_COVARIANT = frozenset({"array", "map", "row"})

Lambda = Callable[[Types], Type | None]
"""The type that a lambda returns for arguments of these types; None where it is not known."""

Given = Type | Lambda


class Unsettled(Exception):
    """The types of a call cannot be told: a lambda returns what is not known."""


class NoEnd(Exception):
    """The types of a call's lambdas never meet. Trino fails with an internal error."""


@dataclass(slots=True)
class Bound:
    """What the variables of a signature are, by name in lower case."""

    types: dict[str, Type] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)


class _Outcome(IntEnum):
    """What a step found; of several, the greatest counts."""

    SATISFIED = 0
    WAITING = 1
    CHANGED = 2
    IMPOSSIBLE = 3


@dataclass(frozen=True, slots=True)
class _Related:
    """An argument must be of a declared type, or convertible to it."""

    formal: Type
    given: Type
    converting: bool


@dataclass(frozen=True, slots=True)
class _Parameter:
    """An argument is one of those that a type variable stands for."""

    variable: Variable
    given: Type


@dataclass(frozen=True, slots=True)
class _Numbers:
    """An argument has numbers, such as a length, that variables stand for."""

    formal: Type
    given: Type


@dataclass(frozen=True, slots=True)
class _Castable:
    """An argument can be cast to a type, or from it."""

    wanted: Type
    given: Type
    backwards: bool


@dataclass(frozen=True, slots=True)
class _Function:
    """An argument is a lambda, or already a function's type."""

    formal: Type
    given: Given


_Step = _Related | _Parameter | _Numbers | _Castable | _Function


@dataclass(frozen=True, slots=True)
class Form:
    """A signature that fits: the types that its arguments are converted to, and what it returns."""

    signature: Signature
    arguments: Types
    returns: Type


def formals(signature: Signature, count: int) -> Types | None:
    """The declared types of so many arguments; None where the function takes another number."""
    declared = signature.arguments
    if not signature.variadic:
        if len(declared) != count:
            return None
        return declared
    *first, last = declared
    repeated = count - len(first)
    if repeated < 0:
        return None
    return (*first, *[last] * repeated)


def bind(
    signature: Signature, given: Sequence[Given], *, converting: bool
) -> Form | None:
    """The signature for arguments of these types; None where it does not take them.
    Raises Unsettled and NoEnd.
    """
    declared = formals(signature, len(given))
    if declared is None:
        return None
    if not signature.told:
        # nothing is documented of its arguments, so they stay as they are
        arguments = tuple(one if isinstance(one, Type) else UNTOLD for one in given)
        return Form(signature, arguments, signature.returns)
    return _Binder(signature).bind(declared, given, converting=converting)


class _Binder:
    """The variables of one signature, and the steps that find what they are."""

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self.variables = {one.name.lower(): one for one in signature.variables}
        self.bound = Bound()
        self.steps: list[_Step] = []

    def bind(
        self, declared: Sequence[Type], given: Sequence[Given], *, converting: bool
    ) -> Form | None:
        """See `bind`."""
        pairs = list(zip(declared, given, strict=True))
        if not all(self._may_fit(*pair, converting=converting) for pair in pairs):
            return None
        # Trino looks at the arguments as a whole first, and then at what is inside them
        for formal, one in pairs:
            if isinstance(one, Type):
                self.steps.append(_Related(formal, one, converting))
        for formal, one in pairs:
            if not _add(self.steps, self.variables, formal, one, converting=converting):
                return None
        if not self._solved():
            return None
        return self._form(declared)

    def _form(self, declared: Sequence[Type]) -> Form | None:
        """The form with all variables filled in; None where one is not bound."""
        bound = self.bound
        for length, text in self.signature.lengths:
            bound.numbers[length] = computed(text, bound.numbers)
        if not all(name in bound.types for name in self.variables):
            return None
        arguments = tuple(filled(formal, bound) for formal in declared)
        returns = filled(self.signature.returns, bound)
        return Form(self.signature, arguments, returns)

    def _may_fit(self, formal: Type, given: Given, *, converting: bool) -> bool:
        """False for what cannot fit: told early, since most forms of a function are of
        another base.
        """
        if not isinstance(given, Type):
            return formal.base == "function"
        base = formal.base.lower()
        if base in self.variables and not formal.arguments:
            return True
        if given.base == base:
            return True
        if not converting:
            return False
        return given == UNKNOWN or to_base(given, base) is not None

    def _solved(self) -> bool:
        """True where every step is satisfied. Raises NoEnd and Unsettled."""
        # a step that tells a variable lets others, which waited for it, go on
        for _ in range(MOST_ROUNDS):
            outcome = _outcome(self.steps, self)
            if outcome is not _Outcome.CHANGED:
                return outcome is _Outcome.SATISFIED
        raise NoEnd


def _add(
    steps: list[_Step],
    variables: dict[str, Variable],
    formal: Type,
    given: Given,
    *,
    converting: bool,
) -> bool:
    """Add the steps of one argument and what is inside it. False where it can never fit."""
    if formal.base == "function":
        steps.append(_Function(formal, given))
        return True
    if not isinstance(given, Type):
        return False
    if not formal.arguments:
        variable = variables.get(formal.base.lower())
        if variable is not None:
            steps += [_Castable(one, given, backwards=False) for one in variable.to]
            steps += [_Castable(one, given, backwards=True) for one in variable.from_]
            steps.append(_Parameter(variable, given))
        return True
    if formal.base in _WITH_NUMBERS:
        steps.append(_Numbers(formal, given))
        return True
    inner = given.elements
    if given == UNKNOWN:
        # NULL is an array of NULLs, a map of NULLs, and so on
        inner = (UNKNOWN,) * len(formal.arguments)
    if len(inner) != len(formal.arguments):
        return False
    # an array(integer) is converted to an array(bigint), but a qdigest is not
    into = converting and formal.base in _COVARIANT
    for one, each in zip(formal.elements, inner, strict=True):
        if not _add(steps, variables, one, each, converting=into):
            return False
    return True


def _outcome(steps: Sequence[_Step], binder: _Binder) -> _Outcome:
    """What several steps found, one after another; it ends at the first impossible one."""
    found = _Outcome.SATISFIED
    for step in steps:
        found = max(found, _update(step, binder))
        if found is _Outcome.IMPOSSIBLE:
            break
    return found


def _update(step: _Step, binder: _Binder) -> _Outcome:
    """Take a step, and tell what it found."""
    match step:
        case _Related():
            return _related(step, binder)
        case _Parameter():
            return _parameter(step, binder.bound)
        case _Numbers():
            return _numbers(step, binder.bound)
        case _Castable():
            return _castable(step, binder)
        case _Function():
            return _function(step, binder)


def _related(step: _Related, binder: _Binder) -> _Outcome:
    """Wait until an argument fits its declared type."""
    if not _is_bound(step.formal, binder):
        return _Outcome.WAITING
    wanted = filled(step.formal, binder.bound)
    fits = step.given == wanted
    if step.converting:
        fits = coerces(step.given, wanted)
    if fits:
        return _Outcome.SATISFIED
    return _Outcome.WAITING


def _is_bound(formal: Type, binder: _Binder) -> bool:
    """True when all variables of a declared type are known."""
    if formal.base in _WITH_NUMBERS:
        names = [one.base.lower() for one in formal.elements]
        return all(name in binder.bound.numbers for name in names)
    if formal.arguments:
        return all(_is_bound(one, binder) for one in formal.elements)
    name = formal.base.lower()
    return name not in binder.variables or name in binder.bound.types


def _parameter(step: _Parameter, bound: Bound) -> _Outcome:
    """Widen what a type variable stands for, so that it takes this argument too."""
    name = step.variable.name.lower()
    known = bound.types.get(name, UNKNOWN)
    shared = common(known, step.given)
    if shared is None or not _allowed(step.variable, shared):
        return _Outcome.IMPOSSIBLE
    if bound.types.get(name) == shared:
        return _Outcome.SATISFIED
    bound.types[name] = shared
    return _Outcome.CHANGED


def _allowed(variable: Variable, kind: Type) -> bool:
    """True where a type variable may stand for a type."""
    if variable.comparable and not comparable(kind):
        return False
    if variable.orderable and not orderable(kind):
        return False
    if not variable.base or kind == UNKNOWN:
        return True
    return kind.base == variable.base


def _numbers(step: _Numbers, bound: Bound) -> _Outcome:
    """Widen the numbers of a type, such as a length, so that it takes this argument too."""
    formal = step.formal
    based = to_base(step.given, formal.base)
    if based is None:
        return _Outcome.IMPOSSIBLE
    start = [
        _known_number(declared, number, bound)
        for declared, number in zip(formal.arguments, based.numbers, strict=False)
    ]
    shared = common(_numbered(formal.base, start), step.given)
    if shared is None or shared.base != formal.base:
        return _Outcome.IMPOSSIBLE
    outcome = _Outcome.SATISFIED
    for declared, number in zip(formal.arguments, shared.numbers, strict=True):
        if isinstance(declared, int):
            if declared != number:
                return _Outcome.IMPOSSIBLE
            continue
        name = declared.base.lower()
        if bound.numbers.get(name) != number:
            bound.numbers[name] = number
            outcome = _Outcome.CHANGED
    return outcome


def _known_number(declared: Type | int, given: int, bound: Bound) -> int:
    """What a number of a declared type is so far; the argument's own where it is not known."""
    if isinstance(declared, int):
        return declared
    return bound.numbers.get(declared.base.lower(), given)


def _castable(step: _Castable, binder: _Binder) -> _Outcome:
    """Wait until the types of a cast are known and have one."""
    if not _is_bound(step.wanted, binder):
        return _Outcome.WAITING
    wanted = filled(step.wanted, binder.bound)
    source = step.given
    target = wanted
    if step.backwards:
        source = wanted
        target = step.given
    if castable(source, target):
        return _Outcome.SATISFIED
    return _Outcome.WAITING


def _function(step: _Function, binder: _Binder) -> _Outcome:
    """Find what a lambda returns as soon as the types of its arguments are known."""
    *taken, returned = step.formal.elements
    if not all(_is_bound(one, binder) for one in taken):
        return _Outcome.WAITING
    arguments = tuple(filled(one, binder.bound) for one in taken)
    result = _result(step.given, arguments)
    if result is None:
        return _Outcome.IMPOSSIBLE
    steps: list[_Step] = [_Related(returned, result, converting=False)]
    if not _add(steps, binder.variables, returned, result, converting=False):
        return _Outcome.IMPOSSIBLE
    return _outcome(steps, binder)


def _result(given: Given, arguments: Types) -> Type | None:
    """What a lambda, or a function's type, returns for these arguments; None where it
    takes others. Raises Unsettled.
    """
    if not isinstance(given, Type):
        found = given(arguments)
        if found is None:
            raise Unsettled
        return found
    if given.base != "function":
        return None
    *taken, returned = given.elements
    if tuple(taken) != arguments:
        return None
    return returned


# declared types with their variables filled in


def filled(formal: Type, bound: Bound) -> Type:
    """A declared type with its variables replaced by what they are."""
    if not formal.arguments:
        return bound.types.get(formal.base.lower(), _plain(formal))
    if formal.base in _WITH_NUMBERS:
        numbers = [_filled_number(one, bound) for one in formal.arguments]
        return _numbered(formal.base, numbers)
    inner = tuple(filled(one, bound) for one in formal.elements)
    return Type(formal.base, inner)


def _filled_number(declared: Type | int, bound: Bound) -> int:
    """A number of a declared type, such as a length. Raises KeyError."""
    if isinstance(declared, int):
        return declared
    return bound.numbers[declared.base.lower()]


def _plain(formal: Type) -> Type:
    """A type without variables: signatures write some with capitals."""
    base = formal.base
    if base.islower():
        return formal
    return Type(base.lower())


def _numbered(base: str, numbers: Sequence[int]) -> Type:
    """A type of these numbers, within what Trino allows."""
    first = numbers[0]
    if base == "char":
        return Type(base, (min(first, LONGEST_CHAR),))
    if base == "varchar" and first >= UNBOUNDED:
        return VARCHAR
    return Type(base, tuple(numbers))
