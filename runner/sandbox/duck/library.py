"""What the warehouse's DuckDB is taught in Python, of what Trino has."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from math import copysign, inf, isinf, isnan, log, nan, pi
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling

from runner.sandbox.duck import macros
from runner.sandbox.duck.nothere import MARK, NotHere, Rejected
from runner.sandbox.functions import (
    addresses,
    codes,
    documents,
    formats,
    lists,
    moments,
    numbers,
    patterns,
    texts,
    treasure,
)

Function = Callable[..., Any]
"""A function in Python; its arguments are values of DuckDB."""


def _strict(function: Function) -> Function:
    """A function that is NULL where any argument is."""

    def strict(*values: Any) -> Any:
        if any(one is None for one in values):
            return None
        return _marked(function, values)

    return strict


def _lenient(function: Function) -> Function:
    """A function that answers NULL itself."""

    def lenient(*values: Any) -> Any:
        return _marked(function, values)

    return lenient


def _marked(function: Function, values: tuple[Any, ...]) -> Any:
    """What a function makes; a float as a text, since a NaN would arrive as NULL."""
    made = function(*values)
    if isinstance(made, float):
        return repr(made)
    return made


def _fail(message: str) -> bool:
    """Ends the query with these words. Raises NotHere where they are marked so."""
    if message.startswith(MARK):
        raise NotHere(message.removeprefix(MARK))
    raise Rejected(message)


def _power(base: float, exponent: float) -> float:
    """Java's Math.pow, which never fails."""
    is_odd = exponent % 2 == 1
    try:
        made = base**exponent
    except ZeroDivisionError:
        # 0 and -0 to a negative exponent
        if is_odd:
            return copysign(inf, base)
        return inf
    except OverflowError:
        if base < 0 and is_odd:
            return -inf
        return inf
    # Python says 1 where Java says NaN
    if isnan(exponent) or (abs(base) == 1 and isinf(exponent)):
        return nan
    # a root of a negative number
    if isinstance(made, complex):
        return nan
    return float(made)


def _logarithm(base: float, value: float) -> float:
    """Java's quotient of two logarithms, which never fails."""
    over = _natural(value)
    under = _natural(base)
    if under == 0:
        if isnan(over) or over == 0:
            return nan
        return copysign(inf, over)
    # Python has NaN too for two infinities
    return over / under


def _natural(value: float) -> float:
    """Java's Math.log: -Infinity of 0, and NaN of a negative number."""
    if value < 0:
        return nan
    if value == 0:
        return -inf
    return log(value)


def _chr(code: int) -> str:
    """CHR: the letter of a code point. Raises Rejected."""
    if not 0 <= code <= 0x10FFFF:
        raise Rejected(f"Not a valid Unicode code point: {code}")
    return chr(code)


def _codepoint(letter: str) -> int:
    """CODEPOINT of a text of one letter. Raises Rejected."""
    if len(letter) != 1:
        raise Rejected("Input string must be a single character string")
    return ord(letter)


def _url_decoded(text: str) -> str | None:
    """TD_URL_DECODE: NULL where the encoding is wrong."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        return None
    return addresses.address_decoded(text)


def _format_datetime(moment: Any, pattern: str, zoned: bool) -> str:  # noqa: FBT001
    """FORMAT_DATETIME, which shows no zone of a TIMESTAMP. Raises Rejected, NotHere."""
    unquoted = re.sub(r"'[^']*'", "", pattern)
    if not zoned and re.search("[zZ]", unquoted):
        raise Rejected(
            "format_datetime for TIMESTAMP type,"
            " cannot use 'Z' nor 'z' in format,"
            " as this type does not contain TZ information"
        )
    return moments.format_datetime(moment, pattern)


def _average(total: Any, number: int, precision: int, scale: int) -> Any:
    """AVG of decimals; NULL of no value."""
    if not number or total is None:
        return None
    return numbers.divided(total, Decimal(number), precision, scale)


def _decimal_text(value: Decimal) -> str:
    """A decimal in digits, without an exponent."""
    return format(value, "f")


def _degrees(radians: float) -> float:
    return radians * (180 / pi)


def _radians(degrees: float) -> float:
    # another order would round otherwise
    return degrees / 180 * pi


def _repeat(value: Any, number: int | None) -> list[Any] | None:
    """REPEAT, also of NULL. Raises Rejected."""
    if number is None:
        return None
    return lists.repeated(value, number)


def _concat_ws(separator: str | None, parts: list[str | None] | None) -> str | None:
    """CONCAT_WS, also of an array that is NULL."""
    return texts.concat_ws(separator, parts or [])


def _format(pattern: str | None, *values: Any) -> str | None:
    """FORMAT, also of NULL. Raises Rejected, NotHere."""
    if pattern is None:
        return None
    return formats.formatted(pattern, *values)


STRICT: Mapping[str, Function] = {
    "fail": _fail,
    "double_text": numbers.scientific,
    "real_text": numbers.scientific_real,
    "text_double": numbers.read_double,
    "text_real": numbers.read_real,
    "text_decimal": numbers.read_decimal,
    "double_decimal": numbers.double_decimal,
    "real_decimal": numbers.real_decimal,
    "decimal_double": numbers.decimal_double,
    "decimal_text": _decimal_text,
    "rounded": numbers.rounded,
    "divided": numbers.divided,
    "modulus": numbers.modulus,
    "multiplied": numbers.multiplied,
    "round_decimal": numbers.round_decimal,
    "truncate_decimal": numbers.truncate_decimal,
    "round_double": numbers.round_double,
    "truncate_double": numbers.truncate_double,
    "round_whole": numbers.round_whole,
    "number_to_base": numbers.to_base,
    "from_base": numbers.from_base,
    "width_bucket": numbers.width_bucket,
    "width_bucket_of": numbers.width_bucket_of,
    "power": _power,
    "log": _logarithm,
    "degrees": _degrees,
    "radians": _radians,
    "text_date": moments.read_date,
    "text_timestamp": moments.read_timestamp,
    "text_moment": moments.read_moment,
    "iso_date": moments.iso_date,
    "iso_moment": moments.iso_moment,
    "date_format": moments.date_format,
    "date_parse": moments.date_parse,
    "format_datetime": _format_datetime,
    "parse_datetime": moments.parse_datetime,
    "day_interval_text": moments.day_interval_text,
    "year_interval_text": moments.year_interval_text,
    "human_readable_seconds": moments.human_readable_seconds,
    "duration": moments.duration,
    "json_parse": documents.json_parse,
    "json_extract": documents.extract,
    "json_extract_scalar": documents.extract_scalar,
    "json_size": documents.size,
    "json_array_length": documents.array_length,
    "json_array_get": documents.array_get,
    "json_array_contains": documents.array_contains,
    "is_json_scalar": documents.is_scalar,
    "regexp_like": patterns.like,
    "regexp_extract": patterns.extract,
    "regexp_extract_all": patterns.extract_all,
    "regexp_replace": patterns.replace,
    "regexp_split": patterns.split,
    "regexp_count": patterns.count,
    "regexp_position": patterns.position,
    "upper": texts.upper,
    "reverse": texts.reverse,
    "replace": str.replace,
    "split": texts.split,
    "split_part": texts.split_part,
    "split_to_map": texts.split_to_map,
    "split_to_multimap": texts.split_to_multimap,
    "padded": texts.padded,
    "position": texts.position,
    "translate": texts.translate,
    "trimmed": texts.trimmed,
    "levenshtein": texts.levenshtein,
    "hamming": texts.hamming,
    "luhn": texts.luhn,
    "normalize": texts.normalized,
    "chr": _chr,
    "codepoint": _codepoint,
    "from_hex": codes.from_hex,
    "to_base": codes.base64_of,
    "from_base64": codes.from_base64,
    "digest": codes.digest,
    "keyed_digest": codes.keyed_digest,
    "crc32": codes.crc32,
    "xxhash64": codes.xxhash64,
    "big_endian": codes.big_endian,
    "to_big_endian": codes.to_big_endian,
    "from_utf8": codes.decoded,
    "address_part": addresses.address_part,
    "address_port": addresses.address_port,
    "address_parameter": addresses.address_parameter,
    "address_encoded": addresses.address_encoded,
    "address_decoded": addresses.address_decoded,
    "map_subscript": lists.map_subscript,
    "map_at": lists.map_at,
    "map": lists.made_map,
    "map_entries": lists.map_entries,
    "map_from_entries": lists.map_from_entries,
    "multimap_from_entries": lists.multimap_from_entries,
    "map_concat": lists.map_concat,
    "array_distinct": lists.distinct,
    "array_union": lists.union,
    "array_intersect": lists.intersect,
    "array_except": lists.without,
    "array_remove": lists.removed,
    "array_join": lists.joined,
    "arrays_overlap": lists.overlap,
    "slice": lists.sliced,
    "sequence": lists.sequence,
    "date_sequence": lists.date_sequence,
    "flatten": lists.flattened,
    "zip": lists.zipped,
    "ngrams": texts.ngrams,
    "combinations": lists.combined,
    "trim_array": lists.trimmed,
    "contains_sequence": lists.contains_sequence,
    "td_url_decode": _url_decoded,
    "td_seconds": treasure.seconds,
    "td_bound": treasure.bound,
    "td_truncate": treasure.truncated,
    "td_string": treasure.string,
    "td_format": treasure.formatted,
}
"""Functions that are NULL where any argument is."""

LENIENT: Mapping[str, Function] = {
    "equal": lists.equal,
    "contains": lists.contains,
    "repeat": _repeat,
    "concat_ws": _concat_ws,
    "format": _format,
    "to_json": documents.to_json,
    "from_json": documents.from_json,
    "map_agg": lists.map_agg,
    "histogram": lists.histogram,
    "average": _average,
}
"""Functions that have an answer of their own for NULL."""

NAMED = re.compile(r'"py:(\w+):([^"]+)"\(')
ALWAYS = (
    "upper:VARCHAR",
    "fail:BOOLEAN",
    "fail:TINYINT",
    "fail:SMALLINT",
    "fail:INTEGER",
    "fail:BIGINT",
    "fail:VARCHAR",
)
"""What macros call."""

MACROS = macros.MACROS
"""What DuckDB is taught in its own SQL, after what that calls."""


def functions_in(sql: str) -> frozenset[tuple[str, str]]:
    """The functions in Python that DuckDB's SQL calls, with DuckDB's type of what they return."""
    return frozenset(
        (name, kind)
        for name, kind in NAMED.findall(sql)
        if name in STRICT or name in LENIENT
    )


def _taught(function: str) -> Function:
    """A function as DuckDB calls it, with what it makes of NULL."""
    if function in STRICT:
        return _strict(STRICT[function])
    return _lenient(LENIENT[function])


def teach(connection: duckdb.DuckDBPyConnection, function: str, returns: str) -> None:
    """Make a function in Python known to DuckDB, by its name and what it returns."""
    connection.create_function(
        f"py:{function}:{returns}",
        _taught(function),
        None,
        returns,
        null_handling=FunctionNullHandling.SPECIAL,
    )
