"""What the warehouse's DuckDB is taught in its own SQL, of what Trino has."""

from __future__ import annotations

from runner.sandbox.duck.nothere import MARK

SPACES = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)
"""What Trino's trim takes away (Java's white space); DuckDB's takes only the space."""

_FOREIGN = "regexp_full_match(value, '[+-]?\\pN+') AND regexp_matches(value, '[^ -~]')"
"""A number in other digits than ASCII's, which Java reads."""

_UNTOLD = '"py:fail:{kind}"(\'' + MARK + "a number in other digits')"
_WHOLE = "'[+-]?[0-9]+'"
_TRUE = "('t', 'true', '1')"
_FALSE = "('f', 'false', '0')"


def _trimming(name: str, edge: str) -> str:
    """A macro that takes white space away from an edge, where a pattern finds any.

    To look for many letters is slow, and few texts begin or end with anything but a
    visible one.
    """
    return f"""trino_{name}(value) AS
      CASE WHEN regexp_matches(value, '{edge}') THEN {name}(value, '{SPACES}')
      ELSE value END"""


def _reading(name: str, word: str = "") -> str:
    """A macro that reads a whole number of a text, or fails with Trino's words.

    `word` is what they call the type, where that is not its name.
    """
    kind = name.upper()
    word = word or kind
    return f"""trino_{name}(value) AS
      CASE WHEN value IS NULL THEN NULL
      WHEN {_FOREIGN} THEN {_UNTOLD.format(kind=kind)}
      WHEN regexp_full_match(value, {_WHOLE}) AND TRY_CAST(value AS {kind}) IS NOT NULL
      THEN TRY_CAST(value AS {kind})
      ELSE "py:fail:{kind}"('Cannot cast ''' || value || ''' to {word}') END"""


def _trying(name: str) -> str:
    """A macro that reads a whole number of a text, and is NULL for any other."""
    kind = name.upper()
    return f"""trino_try_{name}(value) AS
      CASE WHEN regexp_full_match(value, {_WHOLE}) THEN TRY_CAST(value AS {name})
      WHEN {_FOREIGN} THEN {_UNTOLD.format(kind=kind)} END"""


def _of_truths(name: str, deciding: str, decision: str, otherwise: str) -> str:
    """A macro of an array of truths, of which a `deciding` one makes the decision.

    Without such a one it is NULL if any of them is NULL.
    """
    return f"""trino_{name}(found) AS
      CASE WHEN found IS NULL THEN NULL
      WHEN list_contains(found, {deciding}) THEN {decision}
      WHEN list_count(found) < len(found) THEN NULL
      ELSE {otherwise} END"""


MACROS = (
    _trimming("trim", "^[^!-~]|[^!-~]$"),
    _trimming("ltrim", "^[^!-~]"),
    _trimming("rtrim", "[^!-~]$"),
    _reading("tinyint"),
    _reading("smallint"),
    _reading("integer", "INT"),
    _reading("bigint"),
    _trying("tinyint"),
    _trying("smallint"),
    _trying("integer"),
    _trying("bigint"),
    f"""trino_try_boolean(value) AS
      CASE WHEN lower(value) IN {_TRUE} THEN TRUE
      WHEN lower(value) IN {_FALSE} THEN FALSE END""",
    f"""trino_boolean(value) AS
      CASE WHEN value IS NULL THEN NULL
      WHEN lower(value) IN {_TRUE} THEN TRUE
      WHEN lower(value) IN {_FALSE} THEN FALSE
      ELSE "py:fail:BOOLEAN"('Cannot cast ''' || value || ''' to BOOLEAN') END""",
    # a text that is not cut to a length
    """trino_fitting(value, most) AS
      CASE WHEN length(value) <= most OR value IS NULL THEN value
      ELSE "py:fail:VARCHAR"(
        'Value ' || value || ' cannot be represented as varchar(' || most || ')'
      ) END""",
    """trino_upper(value) AS
      CASE WHEN contains(value, 'ß') THEN "py:upper:VARCHAR"(value)
      ELSE upper(value) END""",
    """trino_substr2(value, start) AS
      CASE WHEN start = 0 OR start < -length(value)
      THEN CASE WHEN value IS NOT NULL THEN '' END
      ELSE substring(value, start) END""",
    """trino_substr3(value, start, size) AS
      CASE WHEN start = 0 OR start < -length(value) OR size <= 0
      THEN CASE
        WHEN value IS NOT NULL AND start IS NOT NULL AND size IS NOT NULL THEN ''
      END
      ELSE substring(
        value, CASE WHEN start < 0 THEN length(value) + start + 1 ELSE start END, size
      ) END""",
    """trino_subscript(items, place) AS
      CASE WHEN items IS NULL OR place IS NULL THEN NULL
      WHEN place = 0 THEN items["py:fail:BIGINT"('SQL array indices start at 1')]
      WHEN place < 0
      THEN items["py:fail:BIGINT"('Array subscript is negative: ' || place)]
      WHEN place > len(items)
      THEN items["py:fail:BIGINT"(
        'Array subscript must be less than or equal to array length: '
        || place || ' > ' || len(items)
      )]
      ELSE items[place] END""",
    """trino_element_at(items, place) AS
      CASE WHEN items IS NULL OR place IS NULL THEN NULL
      WHEN place = 0 THEN items["py:fail:BIGINT"('SQL array indices start at 1')]
      WHEN abs(place) > len(items) THEN NULL
      ELSE items[place] END""",
    """trino_contains(items, wanted) AS
      CASE WHEN items IS NULL OR wanted IS NULL THEN NULL
      WHEN list_contains(items, wanted) THEN TRUE
      WHEN list_count(items) < len(items) THEN NULL
      ELSE FALSE END""",
    _of_truths("any", "TRUE", "TRUE", otherwise="FALSE"),
    _of_truths("all", "FALSE", "FALSE", otherwise="TRUE"),
    _of_truths("none", "TRUE", "FALSE", otherwise="TRUE"),
    # whole milliseconds from `earlier` to `later`
    """trino_milliseconds(later, earlier) AS
      CAST(floor(epoch_us(later) / 1000.0) AS BIGINT)
      - CAST(floor(epoch_us(earlier) / 1000.0) AS BIGINT)""",
    # whole months, as Joda counts them: the 31st of January and a month is the last of
    # February
    """trino_months_up(low, high) AS
      (year(high) - year(low)) * 12 + month(high) - month(low)
      - CASE WHEN low + to_months(
        CAST((year(high) - year(low)) * 12 + month(high) - month(low) AS INTEGER)
      ) > high THEN 1 ELSE 0 END""",
    """trino_months(start, stop) AS
      CASE WHEN start <= stop THEN trino_months_up(start, stop)
      ELSE - trino_months_up(stop, start) END""",
    """trino_days(milliseconds) AS
      CASE WHEN milliseconds % 86400000 <> 0
      THEN "py:fail:INTEGER"('Cannot add hour, minutes or seconds to a date')
      ELSE CAST(milliseconds // 86400000 AS INTEGER) END""",
    """trino_from_unixtime(seconds) AS
      make_timestamp(CAST(round(CAST(seconds AS DOUBLE) * 1000) AS BIGINT) * 1000)
      AT TIME ZONE 'UTC'""",
)
"""Definitions behind CREATE MACRO, each after those that it uses."""
