"""Functions of Trino that DuckDB lacks or does otherwise, as DuckDB macros."""

from __future__ import annotations

SPACES = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2008\u2009\u200a\u2028\u2029\u205f\u3000"
)
"""What Trino's trim takes away (Java's white space); DuckDB's takes only the space."""

MACROS = (
    # Java's text of a double: 1.2E7, 1.0E-4, else plain
    """trino_double(value, text) AS CASE
  WHEN NOT isfinite(value) THEN CASE WHEN isnan(value) THEN 'NaN' WHEN value > 0 THEN 'Infinity' ELSE '-Infinity' END
  WHEN value = 0 OR (abs(value) >= 0.001 AND abs(value) < 10000000) THEN text
  WHEN contains(text, 'e') THEN split_part(text, 'e', 1)
    || CASE WHEN contains(split_part(text, 'e', 1), '.') THEN '' ELSE '.0' END
    || 'E' || CAST(CAST(split_part(text, 'e', 2) AS INTEGER) AS VARCHAR)
  WHEN abs(value) >= 1 THEN CASE WHEN value < 0 THEN '-' ELSE '' END || left(ltrim(text, '-'), 1) || '.'
    || coalesce(nullif(rtrim(substr(replace(regexp_replace(ltrim(text, '-'), '\\.0$', ''), '.', ''), 2), '0'), ''), '0')
    || 'E' || CAST(length(split_part(ltrim(text, '-'), '.', 1)) - 1 AS VARCHAR)
  ELSE CASE WHEN value < 0 THEN '-' ELSE '' END || left(ltrim(split_part(text, '.', 2), '0'), 1) || '.'
    || coalesce(nullif(substr(ltrim(split_part(text, '.', 2), '0'), 2), ''), '0')
    || 'E-' || CAST(length(split_part(text, '.', 2)) - length(ltrim(split_part(text, '.', 2), '0')) + 1 AS VARCHAR)
END""",
    """trino_text(value) AS CASE typeof(value)
  WHEN 'DOUBLE' THEN trino_double(TRY_CAST(CAST(value AS VARCHAR) AS DOUBLE), CAST(value AS VARCHAR))
  WHEN 'TIMESTAMP' THEN strftime(TRY_CAST(CAST(value AS VARCHAR) AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g')
  WHEN 'TIMESTAMP WITH TIME ZONE'
    THEN strftime(TRY_CAST(CAST(value AS VARCHAR) AS TIMESTAMPTZ) AT TIME ZONE 'UTC', '%Y-%m-%d %H:%M:%S.%g UTC')
  ELSE CAST(value AS VARCHAR) END""",
    # seconds since 1970 of a number, or of a text in a zone that is `shift` seconds east of UTC
    """td_seconds(value, shift) AS coalesce(
  TRY_CAST(CAST(value AS VARCHAR) AS BIGINT),
  CAST(floor(TRY_CAST(CAST(value AS VARCHAR) AS DOUBLE)) AS BIGINT),
  CAST(floor(epoch(TRY_CAST(CAST(value AS VARCHAR) AS TIMESTAMP))) AS BIGINT) - shift)""",
    """td_zoned_seconds(value, zone) AS coalesce(
  TRY_CAST(CAST(value AS VARCHAR) AS BIGINT),
  CAST(floor(epoch(TRY_CAST(CAST(value AS VARCHAR) AS TIMESTAMP) AT TIME ZONE zone)) AS BIGINT))""",
    "arrays_overlap(left_items, right_items) AS list_has_any(left_items, right_items)",
    "at_timezone(moment, zone) AS moment AT TIME ZONE zone",
    "from_iso8601_date(text) AS CAST(text AS DATE)",
    "url_extract_host(url) AS nullif(regexp_extract(url, '^[^:]+://([^/:?#]+)', 1), '')",
    # not the real hash, but as stable and as even
    "xxhash64(bytes) AS unhex(substr(md5(bytes), 1, 16))",
    """from_big_endian_64(bytes) AS CAST(CAST('0x' || hex(bytes) AS UBIGINT) AS HUGEINT)
  - CASE WHEN hex(bytes) >= '8000000000000000' THEN 18446744073709551616::HUGEINT ELSE 0::HUGEINT END""",
    "crc32(bytes) AS CAST(CAST('0x' || substr(md5(bytes), 1, 8) AS UBIGINT) AS BIGINT)",
    """from_base(text, radix) AS
  CAST(CASE WHEN radix = 16 THEN '0x' || text WHEN radix = 2 THEN '0b' || text ELSE text END AS BIGINT)""",
)
