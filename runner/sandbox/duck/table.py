"""The table of all that Trino 423 and Treasure Data have: answered alike by this
sandbox, or not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from runner.sandbox.duck.calls import SAME
from runner.sandbox.duck.families.aggregates import AGGREGATES
from runner.sandbox.duck.families.collections import COLLECTIONS
from runner.sandbox.duck.families.numbers import NUMBERS
from runner.sandbox.duck.families.rankings import RANKINGS
from runner.sandbox.duck.families.texts import TEXTS
from runner.sandbox.duck.families.times import TIMES
from runner.sandbox.duck.families.treasure import TREASURE
from runner.sandbox.duck.site import Emitters

NOT_HERE = frozenset(
    [
        "approx_most_frequent",
        "approx_percentile",
        "approx_set",
        "array_histogram",
        "bar",
        "beta_cdf",
        "bit_count",
        "bitwise_left_shift",
        "bitwise_right_shift",
        "bitwise_right_shift_arithmetic",
        "checksum",
        "color",
        "combine_hash",
        "cosine_similarity",
        "current_groups",
        "empty_approx_set",
        "fail",
        "format_number",
        "from_base32",
        "from_ieee754_32",
        "from_ieee754_64",
        "from_iso8601_timestamp_nanos",
        "from_unixtime_nanos",
        "hash_counts",
        "intersection_cardinality",
        "inverse_beta_cdf",
        "inverse_normal_cdf",
        "jaccard_index",
        "kurtosis",
        "listagg",
        "make_set_digest",
        "map_union",
        "map_zip_with",
        "merge",
        "merge_set_digest",
        "multimap_agg",
        "murmur3",
        "normal_cdf",
        "not",
        "numeric_histogram",
        "parse_data_size",
        "parse_presto_data_size",
        "qdigest_agg",
        "quantile_at_value",
        "rand",
        "random",
        "reduce_agg",
        "render",
        "rgb",
        "shuffle",
        "skewness",
        "soundex",
        "spooky_hash_v2_32",
        "spooky_hash_v2_64",
        "tdigest_agg",
        "timezone_hour",
        "timezone_minute",
        "to_ieee754_32",
        "to_ieee754_64",
        "transform_keys",
        "uuid",
        "value_at_quantile",
        "values_at_quantiles",
        "version",
        "wilson_interval_lower",
        "wilson_interval_upper",
        "word_stem",
    ]
)
"""Functions of Trino that have no proven form in DuckDB."""

NOT_HERE_OF_TREASURE_DATA = frozenset(
    [
        "smart_digest",
        "td_currency_conv",
        "td_interval_range",
        "td_ip_to_city_name",
        "td_ip_to_connection_type",
        "td_ip_to_country_code",
        "td_ip_to_country_name",
        "td_ip_to_domain",
        "td_ip_to_latitude",
        "td_ip_to_least_specific_subdivision_name",
        "td_ip_to_longitude",
        "td_ip_to_metro_code",
        "td_ip_to_most_specific_subdivision_name",
        "td_ip_to_postal_code",
        "td_ip_to_subdivision_names",
        "td_ip_to_time_zone",
        "td_lat_long_to_country",
        "td_parse_agent",
        "td_parse_user_agent",
        "td_sessionize",
        "td_sessionize_window",
    ]
)
"""Functions of Treasure Data that hang on its own data, make random names, or are not
defined by its pages.
"""

MISSING = NOT_HERE | NOT_HERE_OF_TREASURE_DATA

FAMILIES: Mapping[str, Emitters] = {
    "Texts, codes, JSON, regular expressions and web addresses": TEXTS,
    "Numbers and choices": NUMBERS,
    "Dates and moments": TIMES,
    "Arrays and maps": COLLECTIONS,
    "Aggregates": AGGREGATES,
    "Windows": RANKINGS,
    "Treasure Data": TREASURE,
}

FORMS = {
    "Statements": (
        "SELECT, CREATE TABLE AS, INSERT, DELETE, DROP TABLE, ALTER TABLE ADD COLUMN",
        "CREATE TABLE AS with columns' names",
    ),
    "Queries": (
        "WITH, WITH RECURSIVE (UNION ALL), VALUES,"
        " UNION, INTERSECT and EXCEPT with and without ALL, DISTINCT, WHERE,"
        " GROUP BY with ROLLUP, CUBE and GROUPING SETS, HAVING, WINDOW,"
        " ORDER BY, OFFSET, LIMIT, FETCH FIRST",
        "GROUP BY DISTINCT, WITH TIES, WITH FUNCTION, correlated subqueries with LIMIT",
    ),
    "Relations": (
        "tables, subqueries, LATERAL, UNNEST of arrays and maps, joins with ON and USING",
        "NATURAL JOIN, TABLESAMPLE, table functions, MATCH_RECOGNIZE",
    ),
    "Types": (
        "boolean, tinyint, smallint, integer, bigint, real, double, decimal,"
        " varchar, varbinary, json, date,"
        " timestamp and timestamp with time zone to microseconds,"
        " intervals, array, map, row",
        "char, time, ipaddress, uuid, geometries, sketches;"
        " columns of moments in other time zones than UTC",
    ),
    "Expressions": (
        "arithmetic, comparison, BETWEEN, IN, LIKE, IS NULL, IS DISTINCT FROM,"
        " AND, OR, NOT, CASE, CAST, TRY_CAST,"
        " EXTRACT, AT TIME ZONE, subscripts, EXISTS, ANY and ALL, lambdas",
        "order of arrays and rows, JSON_VALUE, JSON_QUERY, JSON_EXISTS, JSON_OBJECT, JSON_ARRAY",
    ),
}
"""What else there is, by kind: answered alike, and not here."""


def is_known(name: str) -> bool:
    """True for a function that stands in the table, one way or the other."""
    return name in SAME or name in MISSING


def page() -> str:
    """The table as a page of documentation, in Markdown."""
    lines = [
        "# What the sandbox's DuckDB answers as Trino does",
        "",
        (
            "Written by `runner/sandbox/duck/table.py` (`make reference`)."
            " Everything under *same* was held against"
        ),
        (
            "Trino 423; everything else is told as *not here*,"
            " also where only an argument has no proven form: run"
        ),
        "those with `--engine trino`.",
        "",
        f"{len(SAME)} functions are the same, {len(MISSING)} are not here.",
        "",
        "| kind | same | not here |",
        "| --- | --- | --- |",
    ]
    for kind, (same, missing) in FORMS.items():
        lines.append(f"| {kind} | {same} | {missing} |")
    lines.append("")
    for family, held in FAMILIES.items():
        lines += _section(family, held)
    lines += _section("Not here", MISSING)
    return "\n".join(lines)


def _section(title: str, names: Iterable[str]) -> list[str]:
    """A heading and the functions below it, sorted."""
    listed = ", ".join(f"`{name}`" for name in sorted(names))
    return [f"## {title}", "", listed, ""]
