"""What the warehouse's DuckDB is taught: macros, and functions in Python."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from math import copysign, inf, isnan, log, nan
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling

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

SPACES = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)
"""What Trino's trim takes away (Java's white space); DuckDB's takes only the space."""

_FOREIGN = "regexp_full_match(value, '[+-]?\\pN+') AND regexp_matches(value, '[^ -~]')"
"""A number in other digits than ASCII's, which Java reads."""

_UNTOLD = '"py:fail:{kind}"(\'' + MARK + "a number in other digits')"
_WHOLE = "'[+-]?[0-9]+'"


def _whole(name: str, kind: str, word: str) -> str:
    return (
        f"trino_{name}(value) AS CASE WHEN value IS NULL THEN NULL"
        f" WHEN {_FOREIGN} THEN {_UNTOLD.format(kind=kind)}"
        f" WHEN regexp_full_match(value, {_WHOLE}) AND TRY_CAST(value AS {kind}) IS NOT NULL"
        f" THEN TRY_CAST(value AS {kind})"
        f" ELSE \"py:fail:{kind}\"('Cannot cast ''' || value || ''' to {word}') END"
    )


MACROS = (
    # to look for many letters is slow, and few texts begin or end with anything but a visible one
    *(
        f"trino_{name}(value) AS CASE WHEN regexp_matches(value, '{edge}')"
        f" THEN {name}(value, '{SPACES}') ELSE value END"
        for name, edge in (
            ("trim", "^[^!-~]|[^!-~]$"),
            ("ltrim", "^[^!-~]"),
            ("rtrim", "[^!-~]$"),
        )
    ),
    _whole("tinyint", "TINYINT", "TINYINT"),
    _whole("smallint", "SMALLINT", "SMALLINT"),
    _whole("integer", "INTEGER", "INT"),
    _whole("bigint", "BIGINT", "BIGINT"),
    *(
        f"trino_try_{name}(value) AS CASE WHEN regexp_full_match(value, {_WHOLE}) THEN TRY_CAST(value AS {name})"
        f" WHEN {_FOREIGN} THEN {_UNTOLD.format(kind=name.upper())} END"
        for name in ("tinyint", "smallint", "integer", "bigint")
    ),
    """trino_try_boolean(value) AS CASE WHEN lower(value) IN ('t', 'true', '1') THEN TRUE
      WHEN lower(value) IN ('f', 'false', '0') THEN FALSE END""",
    """trino_boolean(value) AS CASE WHEN value IS NULL THEN NULL
      WHEN lower(value) IN ('t', 'true', '1') THEN TRUE WHEN lower(value) IN ('f', 'false', '0') THEN FALSE
      ELSE "py:fail:BOOLEAN"('Cannot cast ''' || value || ''' to BOOLEAN') END""",
    # a text that is not cut to a length
    """trino_fitting(value, most) AS CASE WHEN length(value) <= most OR value IS NULL THEN value
      ELSE "py:fail:VARCHAR"('Value ' || value || ' cannot be represented as varchar(' || most || ')') END""",
    """trino_upper(value) AS CASE WHEN contains(value, 'ß') THEN "py:upper:VARCHAR"(value)
      ELSE upper(value) END""",
    """trino_substr2(value, start) AS CASE WHEN start = 0 OR start < -length(value) THEN
      CASE WHEN value IS NOT NULL THEN '' END ELSE substring(value, start) END""",
    """trino_substr3(value, start, size) AS CASE WHEN start = 0 OR start < -length(value) OR size <= 0 THEN
      CASE WHEN value IS NOT NULL AND start IS NOT NULL AND size IS NOT NULL THEN '' END
      ELSE substring(value, CASE WHEN start < 0 THEN length(value) + start + 1 ELSE start END, size) END""",
    """trino_subscript(items, place) AS CASE WHEN items IS NULL OR place IS NULL THEN NULL
      WHEN place = 0 THEN items["py:fail:BIGINT"('SQL array indices start at 1')]
      WHEN place < 0 THEN items["py:fail:BIGINT"('Array subscript is negative: ' || place)]
      WHEN place > len(items)
      THEN items["py:fail:BIGINT"('Array subscript must be less than or equal to array length: '
        || place || ' > ' || len(items))]
      ELSE items[place] END""",
    """trino_element_at(items, place) AS CASE WHEN items IS NULL OR place IS NULL THEN NULL
      WHEN place = 0 THEN items["py:fail:BIGINT"('SQL array indices start at 1')]
      WHEN abs(place) > len(items) THEN NULL ELSE items[place] END""",
    """trino_contains(items, wanted) AS CASE WHEN items IS NULL OR wanted IS NULL THEN NULL
      WHEN list_contains(items, wanted) THEN TRUE WHEN list_count(items) < len(items) THEN NULL ELSE FALSE END""",
    """trino_any(found) AS CASE WHEN found IS NULL THEN NULL WHEN list_contains(found, TRUE) THEN TRUE
      WHEN list_count(found) < len(found) THEN NULL ELSE FALSE END""",
    """trino_all(found) AS CASE WHEN found IS NULL THEN NULL WHEN list_contains(found, FALSE) THEN FALSE
      WHEN list_count(found) < len(found) THEN NULL ELSE TRUE END""",
    """trino_none(found) AS CASE WHEN found IS NULL THEN NULL WHEN list_contains(found, TRUE) THEN FALSE
      WHEN list_count(found) < len(found) THEN NULL ELSE TRUE END""",
    # whole milliseconds from `earlier` to `later`
    """trino_milliseconds(later, earlier) AS CAST(floor(epoch_us(later) / 1000.0) AS BIGINT)
      - CAST(floor(epoch_us(earlier) / 1000.0) AS BIGINT)""",
    # whole months, as Joda counts them: the 31st of January and a month is the last of February
    """trino_months_up(low, high) AS (year(high) - year(low)) * 12 + month(high) - month(low)
      - CASE WHEN low + to_months(CAST((year(high) - year(low)) * 12 + month(high) - month(low) AS INTEGER)) > high
      THEN 1 ELSE 0 END""",
    """trino_months(start, stop) AS CASE WHEN start <= stop THEN trino_months_up(start, stop)
      ELSE - trino_months_up(stop, start) END""",
    """trino_days(milliseconds) AS CASE WHEN milliseconds % 86400000 <> 0
      THEN "py:fail:INTEGER"('Cannot add hour, minutes or seconds to a date')
      ELSE CAST(milliseconds // 86400000 AS INTEGER) END""",
    """trino_from_unixtime(seconds) AS
      make_timestamp(CAST(round(CAST(seconds AS DOUBLE) * 1000) AS BIGINT) * 1000) AT TIME ZONE 'UTC'""",
)


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """NULL for NULL; what cannot be told is marked for `words`."""

    def strict(*values: Any) -> Any:
        if any(one is None for one in values):
            return None
        return _marked(function, values)

    return strict


def _lenient(function: Callable[..., Any]) -> Callable[..., Any]:
    """For functions that answer NULL themselves."""
    return lambda *values: _marked(function, values)


def _fail(message: str) -> bool:
    if message.startswith(MARK):
        raise NotHere(message.removeprefix(MARK))
    raise Rejected(message)


def _marked(function: Callable[..., Any], values: tuple[Any, ...]) -> Any:
    made = function(*values)
    return repr(made) if isinstance(made, float) else made


def _power(base: float, exponent: float) -> float:
    try:
        made = base**exponent
    except ZeroDivisionError:
        odd = exponent == int(exponent) and int(exponent) % 2 == 1
        return copysign(inf, base) if odd else inf
    except OverflowError:
        return -inf if base < 0 and exponent % 2 == 1 else inf
    if isinstance(made, complex):
        return nan
    return nan if isnan(exponent) or (abs(base) == 1 and abs(exponent) == inf) else made


def _logarithm(base: float, value: float) -> float:
    if value < 0 or base < 0 or isnan(value) or isnan(base):
        return nan
    over = -inf if value == 0 else (inf if value == inf else log(value))
    under = -inf if base == 0 else (inf if base == inf else log(base))
    if under == 0:
        return nan if over == 0 else copysign(inf, over)
    return over / under if not (abs(over) == inf and abs(under) == inf) else nan


def _chr(code: int) -> str:
    if not 0 <= code <= 0x10FFFF:
        raise Rejected(f"Not a valid Unicode code point: {code}")
    return chr(code)


def _codepoint(letter: str) -> int:
    if len(letter) != 1:
        raise Rejected("Input string must be a single character string")
    return ord(letter)


def _url_decoded(text: str) -> str | None:
    """TD_URL_DECODE: NULL where the encoding is wrong."""
    return (
        None
        if re.search(r"%(?![0-9A-Fa-f]{2})", text)
        else addresses.address_decoded(text)
    )


def _split(text: str, delimiter: str, most: int | None = None) -> list[str]:
    return texts.split(text, delimiter, most)


def _padded(text: str, length: int, filling: str, side: str) -> str:
    return texts.padded(text, length, filling, side)


def _format_datetime(moment: Any, pattern: str, zoned: bool) -> str:  # noqa: FBT001
    if not zoned and re.search("[zZ]", re.sub(r"'[^']*'", "", pattern)):
        raise Rejected(
            "format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format, as this type does"
            " not contain TZ information"
        )
    return moments.format_datetime(moment, pattern)


def _average(total: Any, number: int, precision: int, scale: int) -> Any:
    return (
        None
        if not number or total is None
        else numbers.divided(total, Decimal(number), precision, scale)
    )


def _real_text(value: float) -> str:
    return numbers.scientific_real(value)


STRICT: Mapping[str, Callable[..., Any]] = {
    "fail": _fail,
    "double_text": numbers.scientific,
    "real_text": _real_text,
    "text_double": numbers.read_double,
    "text_real": numbers.read_real,
    "text_decimal": numbers.read_decimal,
    "double_decimal": numbers.double_decimal,
    "real_decimal": numbers.real_decimal,
    "decimal_double": numbers.decimal_double,
    "decimal_text": lambda value: format(value, "f"),
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
    "degrees": lambda value: value * (180 / 3.141592653589793),
    "radians": lambda value: value / 180 * 3.141592653589793,
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
    "replace": lambda text, old, new: text.replace(old, new),
    "split": _split,
    "split_part": texts.split_part,
    "split_to_map": texts.split_to_map,
    "split_to_multimap": texts.split_to_multimap,
    "padded": _padded,
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
LENIENT: Mapping[str, Callable[..., Any]] = {
    "equal": lists.equal,
    "contains": lists.contains,
    "repeat": lambda value, number: (
        None if number is None else lists.repeated(value, number)
    ),
    "concat_ws": lambda separator, parts: texts.concat_ws(separator, parts or []),
    "format": lambda pattern, *values: (
        None if pattern is None else formats.formatted(pattern, *values)
    ),
    "to_json": documents.to_json,
    "from_json": documents.from_json,
    "map_agg": lists.map_agg,
    "histogram": lists.histogram,
    "average": _average,
}
NAMED = re.compile(r'"py:(\w+):([^"]+)"\(')
ALWAYS = (
    "upper:VARCHAR",
    *(
        f"fail:{kind}"
        for kind in ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "VARCHAR")
    ),
)
"""What macros call."""


def functions_in(sql: str) -> frozenset[tuple[str, str]]:
    """The functions in Python that DuckDB's SQL calls, with DuckDB's type of what they return."""
    return frozenset(
        (name, kind)
        for name, kind in NAMED.findall(sql)
        if name in STRICT or name in LENIENT
    )


def teach(connection: duckdb.DuckDBPyConnection, function: str, returns: str) -> None:
    """Make a function in Python known to DuckDB."""
    known = STRICT.get(function)
    made = _strict(known) if known else _lenient(LENIENT[function])
    connection.create_function(
        f"py:{function}:{returns}",
        made,
        None,
        returns,
        null_handling=FunctionNullHandling.SPECIAL,
    )
