"""Functions of numbers, and those that choose among values."""

from __future__ import annotations

from collections.abc import Mapping

from runner.sandbox.duck import expressions
from runner.sandbox.duck.casts import coerced
from runner.sandbox.duck.operators import compared
from runner.sandbox.duck.site import Emitter, Site, in_python
from runner.sandbox.duck.storage import (
    FLOATS,
    INTEGERS,
    UNKNOWN,
    decimal,
    is_composite,
    python,
    storage,
    text,
)
from runner.trino.tree import Comparator


def _double(name: str) -> Emitter:
    """A function of doubles, which DuckDB hands to the same C library."""
    return lambda site: f"{name}({', '.join(site.arguments)})"


def _guarded(name: str, bad: str) -> Emitter:
    """A function of a double that is NaN where DuckDB would fail."""

    def emit(site: Site) -> str:
        value = site.arguments[0]
        condition = bad.format(value=value)
        return (
            f"CASE WHEN {condition} THEN CAST('NaN' AS DOUBLE) ELSE {name}({value}) END"
        )

    return emit


def _logarithm(name: str) -> Emitter:
    def emit(site: Site) -> str:
        value = site.arguments[-1]
        low = "CAST('-Infinity' AS DOUBLE)"
        nan = "CAST('NaN' AS DOUBLE)"
        return f"CASE WHEN {value} = 0 THEN {low} WHEN {value} < 0 THEN {nan} ELSE {name}({value}) END"

    return emit


def _abs(site: Site) -> str:
    return f"abs({site.arguments[0]})"


def _rounded(site: Site) -> str:
    kind = site.returns
    digits = site.arguments[1] if len(site.arguments) > 1 else "0"
    if kind.base in INTEGERS:
        if len(site.arguments) == 1:
            return site.arguments[0]
        return python(
            "round_whole", storage(kind), site.arguments[0], digits, text(kind.base)
        )
    if kind.base == "double":
        if len(site.arguments) == 1:
            return f"round({site.arguments[0]})"
        return python("round_double", "DOUBLE", site.arguments[0], digits)
    if kind.base == "decimal":
        return python(
            "round_decimal",
            storage(kind),
            site.arguments[0],
            digits,
            str(decimal(kind)[1]),
        )
    raise site.refuse()


def _truncated(site: Site) -> str:
    kind = site.returns
    if kind.base == "double" and len(site.arguments) == 1:
        return python("truncate_double", "DOUBLE", site.arguments[0])
    if kind.base == "decimal":
        digits = site.arguments[1] if len(site.arguments) > 1 else "0"
        return python(
            "truncate_decimal",
            storage(kind),
            site.arguments[0],
            digits,
            str(decimal(kind)[1]),
        )
    raise site.refuse()


def _whole(name: str) -> Emitter:
    def emit(site: Site) -> str:
        if site.returns.base in INTEGERS:
            return site.arguments[0]
        if site.returns.base not in {"double", "decimal"}:
            raise site.refuse()
        return f"CAST({name}({site.arguments[0]}) AS {storage(site.returns)})"

    return emit


def _sign(site: Site) -> str:
    if site.returns.base not in {*INTEGERS, "decimal", "double"}:
        raise site.refuse()
    if site.returns.base == "double":
        value = site.arguments[0]
        return f"CASE WHEN isnan({value}) THEN {value} ELSE CAST(sign({value}) AS DOUBLE) END"
    return f"CAST(sign({site.arguments[0]}) AS {storage(site.returns)})"


def _modulus(site: Site) -> str:
    if site.returns.base in {*INTEGERS, *FLOATS}:
        return f"({site.arguments[0]} % {site.arguments[1]})"
    return site.python("modulus")


def _extreme(name: str) -> Emitter:
    """GREATEST and LEAST: NULL where any value is."""

    def emit(site: Site) -> str:
        if is_composite(site.returns) or site.returns.base in {"real", "json", "char"}:
            raise site.refuse()
        if len(site.arguments) == 1:
            return site.arguments[0]
        missing = " OR ".join(f"{one} IS NULL" for one in site.arguments)
        chosen = (
            f"{name}({', '.join(_ignoring(site, one, name) for one in site.arguments)})"
        )
        if site.returns.base == "double":
            nan = " AND ".join(f"isnan({one})" for one in site.arguments)
            chosen = f"CASE WHEN {nan} THEN {site.arguments[0]} ELSE {chosen} END"
        return f"CASE WHEN {missing} THEN NULL ELSE {chosen} END"

    return emit


def _ignoring(site: Site, sql: str, name: str) -> str:
    """A double that no NaN is chosen for."""
    if site.returns.base != "double" or name == "least":
        return sql
    return f"CASE WHEN isnan({sql}) THEN NULL ELSE {sql} END"


def _coalesced(site: Site) -> str:
    return f"coalesce({', '.join(_shared(site))})"


def _shared(site: Site) -> list[str]:
    return [
        sql
        if kind in {site.returns, UNKNOWN}
        else coerced(sql, kind, site.returns, site.zone(number))
        for number, (sql, kind) in enumerate(
            zip(site.arguments, site.types, strict=True)
        )
    ]


def _if(site: Site) -> str:
    shared = _shared(
        Site(
            site.node,
            site.scope,
            site.arguments,
            (site.returns, *site.types[1:]),
            site.returns,
        )
    )
    last = f" ELSE {shared[2]}" if len(shared) > 2 else ""
    return f"CASE WHEN {site.arguments[0]} THEN {shared[1]}{last} END"


def _nullif(site: Site) -> str:
    one, other = site.node.arguments
    if site.types[1] == UNKNOWN:
        return site.arguments[0]
    same = compared(Comparator.EQUAL, one, other, site.scope, expressions.expression)
    return f"CASE WHEN {same} THEN NULL ELSE {site.arguments[0]} END"


def _try(site: Site) -> str:
    if "SELECT" in site.arguments[0]:
        raise site.refuse("a subquery")
    return f"TRY({site.arguments[0]})"


def _bucket(site: Site) -> str:
    return site.python(
        "width_bucket" if len(site.arguments) == 4 else "width_bucket_of"
    )


def _power(site: Site) -> str:
    return site.python("power")


def _typeof(site: Site) -> str:
    return text(str(site.types[0]))


def _constant(sql: str) -> Emitter:
    return lambda _: sql


NUMBERS: Mapping[str, Emitter] = {
    "abs": _abs,
    "ceil": _whole("ceil"),
    "ceiling": _whole("ceil"),
    "floor": _whole("floor"),
    "round": _rounded,
    "truncate": _truncated,
    "sign": _sign,
    "mod": _modulus,
    "pow": _power,
    "power": _power,
    "sqrt": _guarded("sqrt", "{value} < 0"),
    "cbrt": _double("cbrt"),
    "exp": _double("exp"),
    "ln": _logarithm("ln"),
    "log10": _logarithm("log10"),
    "log2": _logarithm("log2"),
    "log": in_python("log"),
    "degrees": in_python("degrees"),
    "radians": in_python("radians"),
    "sin": _double("sin"),
    "cos": _double("cos"),
    "tan": _double("tan"),
    "atan": _double("atan"),
    "atan2": _double("atan2"),
    "asin": _guarded("asin", "abs({value}) > 1"),
    "acos": _guarded("acos", "abs({value}) > 1"),
    "pi": _constant("pi()"),
    "e": _constant("CAST('2.718281828459045' AS DOUBLE)"),
    "nan": _constant("CAST('NaN' AS DOUBLE)"),
    "infinity": _constant("CAST('Infinity' AS DOUBLE)"),
    "is_nan": lambda site: f"isnan({site.arguments[0]})",
    "is_finite": lambda site: f"isfinite({site.arguments[0]})",
    "is_infinite": lambda site: f"isinf({site.arguments[0]})",
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
    "bitwise_and": lambda site: f"({site.arguments[0]} & {site.arguments[1]})",
    "bitwise_or": lambda site: f"({site.arguments[0]} | {site.arguments[1]})",
    "bitwise_xor": lambda site: f"xor({site.arguments[0]}, {site.arguments[1]})",
    "sinh": _double("sinh"),
    "cosh": _double("cosh"),
    "tanh": _double("tanh"),
    "bitwise_not": lambda site: f"(~ {site.arguments[0]})",
}
