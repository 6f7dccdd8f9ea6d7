"""Functions of numbers, and those that choose among values."""

from __future__ import annotations

from runner.sandbox.duck.casts import coerced
from runner.sandbox.duck.operators import compared
from runner.sandbox.duck.site import Emitter, Emitters, Site, in_python, native
from runner.sandbox.duck.storage import (
    FLOATS,
    INTEGERS,
    UNKNOWN,
    as_stored,
    decimal,
    is_composite,
    python,
    storage,
    text,
)
from runner.trino.tree import Comparator

NAN = "CAST('NaN' AS DOUBLE)"


def _guarded(name: str, bad: str) -> Emitter:
    """A function of a double that is NaN where DuckDB would fail."""

    def emit(site: Site) -> str:
        condition = bad.format(value=site.first)
        return f"CASE WHEN {condition} THEN {NAN} ELSE {name}({site.first}) END"

    return emit


def _logarithm(name: str) -> Emitter:
    """A logarithm, which Java has for 0 and for negative numbers too."""

    def emit(site: Site) -> str:
        value = site.arguments[-1]
        low = "CAST('-Infinity' AS DOUBLE)"
        return (
            f"CASE WHEN {value} = 0 THEN {low}"
            f" WHEN {value} < 0 THEN {NAN}"
            f" ELSE {name}({value}) END"
        )

    return emit


def _rounded(site: Site) -> str:
    """ROUND, half away from zero. Raises NotHere for a real."""
    kind = site.returns
    if kind.base == "decimal":
        return _decimal(site, "round_decimal")
    if site.count == 1:
        return _rounded_to_whole(site)
    digits = site.second
    if kind.base in INTEGERS:
        base = text(kind.base)
        return python("round_whole", storage(kind), site.first, digits, base)
    if kind.base == "double":
        return python("round_double", "DOUBLE", site.first, digits)
    raise site.refuse()


def _rounded_to_whole(site: Site) -> str:
    """ROUND without digits, which a whole number need not be."""
    if site.returns.base in INTEGERS:
        return site.first
    if site.returns.base == "double":
        return f"round({site.first})"
    raise site.refuse()


def _decimal(site: Site, function: str) -> str:
    """ROUND or TRUNCATE of a decimal to digits, which are 0 where nothing is said."""
    digits = "0"
    if site.count > 1:
        digits = site.second
    _, scale = decimal(site.returns)
    return python(function, storage(site.returns), site.first, digits, str(scale))


def _truncated(site: Site) -> str:
    """TRUNCATE of doubles and decimals. Raises NotHere."""
    kind = site.returns
    if kind.base == "double" and site.count == 1:
        return python("truncate_double", "DOUBLE", site.first)
    if kind.base == "decimal":
        return _decimal(site, "truncate_decimal")
    raise site.refuse()


def _whole(name: str) -> Emitter:
    """CEIL and FLOOR, which leave a whole number as it is."""

    def emit(site: Site) -> str:
        if site.returns.base in INTEGERS:
            return site.first
        if site.returns.base not in {"double", "decimal"}:
            raise site.refuse()
        return as_stored(f"{name}({site.first})", site.returns)

    return emit


def _sign(site: Site) -> str:
    """SIGN: -1, 0 or 1 in the type that Trino gives it. Raises NotHere."""
    if site.returns.base not in {*INTEGERS, "decimal", "double"}:
        raise site.refuse()
    sign = as_stored(f"sign({site.first})", site.returns)
    if site.returns.base != "double":
        return sign
    # DuckDB's sign of NaN is 0
    return f"CASE WHEN isnan({site.first}) THEN {site.first} ELSE {sign} END"


def _modulus(site: Site) -> str:
    """MOD; Python divides decimals."""
    if site.returns.base in {*INTEGERS, *FLOATS}:
        return f"({site.first} % {site.second})"
    return site.python("modulus")


def _extreme(name: str) -> Emitter:
    """GREATEST and LEAST: NULL where any value is."""

    def emit(site: Site) -> str:
        if is_composite(site.returns) or site.returns.base in {"real", "json", "char"}:
            raise site.refuse()
        if site.count == 1:
            return site.first
        listed = ", ".join(site.arguments)
        chosen = f"{name}({listed})"
        if site.returns.base == "double":
            chosen = _extreme_double(site, name)
        missing = " OR ".join(f"{one} IS NULL" for one in site.arguments)
        return f"CASE WHEN {missing} THEN NULL ELSE {chosen} END"

    return emit


def _extreme_double(site: Site, name: str) -> str:
    """The greatest or the least double: NaN only where all values are NaN."""
    all_nan = " AND ".join(f"isnan({one})" for one in site.arguments)
    values = list(site.arguments)
    if name == "greatest":
        # DuckDB holds NaN for the greatest, and leaves out NULL
        values = [f"CASE WHEN isnan({one}) THEN NULL ELSE {one} END" for one in values]
    listed = ", ".join(values)
    chosen = f"{name}({listed})"
    return f"CASE WHEN {all_nan} THEN {site.first} ELSE {chosen} END"


def _coalesced(site: Site) -> str:
    """COALESCE of values of one type."""
    shown = [_as_returned(site, number) for number in range(site.count)]
    values = ", ".join(shown)
    return f"coalesce({values})"


def _as_returned(site: Site, position: int) -> str:
    """An argument as one of the type that a call returns."""
    sql = site.arguments[position]
    kind = site.types[position]
    if kind in {site.returns, UNKNOWN}:
        return sql
    return coerced(sql, kind, site.returns, site.zone(position))


def _if(site: Site) -> str:
    """IF with one result or two."""
    result = _as_returned(site, 1)
    last = ""
    if site.count > 2:
        other = _as_returned(site, 2)
        last = f" ELSE {other}"
    return f"CASE WHEN {site.first} THEN {result}{last} END"


def _nullif(site: Site) -> str:
    """NULLIF: NULL where both values are equal as Trino compares them."""
    one, other = site.node.arguments
    if site.types[1] == UNKNOWN:
        return site.first
    same = compared(Comparator.EQUAL, one, other, site.scope)
    return f"CASE WHEN {same} THEN NULL ELSE {site.first} END"


def _try(site: Site) -> str:
    """TRY: NULL where an expression fails. Raises NotHere."""
    # DuckDB's TRY takes no subquery
    if "SELECT" in site.first:
        raise site.refuse("a subquery")
    return f"TRY({site.first})"


def _bucket(site: Site) -> str:
    """WIDTH_BUCKET of two bounds and a count, or of an array of bounds."""
    if site.count == 4:
        return site.python("width_bucket")
    return site.python("width_bucket_of")


def _typeof(site: Site) -> str:
    """TYPEOF: the name of a type, which is known before the query runs."""
    return text(str(site.kind))


def _constant(sql: str) -> Emitter:
    """The same words for every call."""

    def emit(_: Site) -> str:
        return sql

    return emit


def _between(operator: str) -> Emitter:
    """The two arguments with an operator of DuckDB between them."""

    def emit(site: Site) -> str:
        left, right = site.arguments
        return f"({left} {operator} {right})"

    return emit


def _bitwise_not(site: Site) -> str:
    """BITWISE_NOT of a whole number."""
    return f"(~ {site.first})"


# DuckDB hands functions of doubles to the same C library
NUMBERS: Emitters = {
    "abs": native("abs"),
    "ceil": _whole("ceil"),
    "ceiling": _whole("ceil"),
    "floor": _whole("floor"),
    "round": _rounded,
    "truncate": _truncated,
    "sign": _sign,
    "mod": _modulus,
    "pow": in_python("power"),
    "power": in_python("power"),
    "sqrt": _guarded("sqrt", "{value} < 0"),
    "cbrt": native("cbrt"),
    "exp": native("exp"),
    "ln": _logarithm("ln"),
    "log10": _logarithm("log10"),
    "log2": _logarithm("log2"),
    "log": in_python("log"),
    "degrees": in_python("degrees"),
    "radians": in_python("radians"),
    "sin": native("sin"),
    "cos": native("cos"),
    "tan": native("tan"),
    "atan": native("atan"),
    "atan2": native("atan2"),
    "asin": _guarded("asin", "abs({value}) > 1"),
    "acos": _guarded("acos", "abs({value}) > 1"),
    "pi": _constant("pi()"),
    "e": _constant("CAST('2.718281828459045' AS DOUBLE)"),
    "nan": _constant(NAN),
    "infinity": _constant("CAST('Infinity' AS DOUBLE)"),
    "is_nan": native("isnan"),
    "is_finite": native("isfinite"),
    "is_infinite": native("isinf"),
    "greatest": _extreme("greatest"),
    "least": _extreme("least"),
    "coalesce": _coalesced,
    "if": _if,
    "nullif": _nullif,
    "try": _try,
    "typeof": _typeof,
    "to_base": in_python("number_to_base"),
    "from_base": in_python("from_base"),
    "width_bucket": _bucket,
    "bitwise_and": _between("&"),
    "bitwise_or": _between("|"),
    "bitwise_xor": native("xor"),
    "sinh": native("sinh"),
    "cosh": native("cosh"),
    "tanh": native("tanh"),
    "bitwise_not": _bitwise_not,
}
