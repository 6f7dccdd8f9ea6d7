"""What statements mean and what is refused of them.

The types, places and messages of expressions are what Trino 423 answered. Whole queries stand here one of a kind:
tests/conformance holds the analysis to what Trino answered to far more of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from runner.trino.analysis import Analysis, ColumnType, ReferenceKind, Unknown, analyze
from runner.trino.parser import parse
from runner.trino.tree import Call, Column, Lambda, Number, place, walk
from runner.trino.types import parse_type

TABLES = {
    "users": {
        "id": "bigint",
        "email": "varchar",
        "country": "varchar",
        "score": "double",
        "amount": "decimal(10,2)",
        "vip": "boolean",
        "born": "date",
        "tags": "array(varchar)",
        "props": "map(varchar, varchar)",
        "address": "row(zip bigint, city varchar)",
        "time": "bigint",
    },
    "orders": {"id": "bigint", "user_id": "bigint", "status": "varchar", "total": "double", "time": "bigint"},
}


def lookup(parts: tuple[str, ...]) -> Sequence[ColumnType] | Unknown | None:
    if parts[-1] == "elsewhere":
        return Unknown.UNKNOWN
    columns = TABLES.get(parts[-1])
    return None if columns is None else [ColumnType(name, parse_type(kind)) for name, kind in columns.items()]


def analyzed(sql: str) -> Analysis:
    return analyze(parse(sql), lookup)


def types(sql: str) -> list[str]:
    found = analyzed(sql)
    assert not found.refusals
    return [str(one.type) for one in found.columns]


def told(sql: str) -> list[tuple[str, str, str]]:
    """Place, name and message of each refusal."""
    shown = []
    for one in analyzed(sql).refusals:
        line, column = place(sql, one.at)
        shown.append((f"{line}:{column}", one.name, one.message))
    return shown


@pytest.mark.parametrize(
    ("expressions", "expected"),
    [
        ("NULL + 1, NULL || 'a', 'a' || 'bcd'", "integer; array(varchar(1)); varchar"),
        ("ARRAY[1, 2.5], ARRAY[], ARRAY[NULL]", "array(decimal(11,1)); array(unknown); array(unknown)"),
        ("ARRAY['a', 'bcd'], MAP(), ROW(1, 'a')", "array(varchar(3)); map(unknown, unknown); row(integer, varchar(1))"),
        ("reduce(ARRAY[1, 2], 0, (s, x) -> s + x, s -> s)", "integer"),
        ("reduce(ARRAY[1, 2], 0e0, (s, x) -> s + x, s -> s)", "double"),
        ("transform(ARRAY[1], x -> CAST(x AS varchar))", "array(varchar)"),
        ("if(true, 1, 2.5), nullif(1, 2.5), if(true, 1)", "decimal(11,1); integer; integer"),
        ("coalesce(1, NULL, 3000000000)", "bigint"),
        ("0xff, 2147483648, -2147483648", "integer; bigint; integer"),
        ("-9223372036854775808, 9223372036854775807", "bigint; bigint"),
        ("1., .5, 0.05, 00.5, 1.50", "decimal(1,0); decimal(1,1); decimal(2,2); decimal(1,1); decimal(3,2)"),
        ("DECIMAL '0.05', DECIMAL '-12.30'", "decimal(2,2); decimal(4,2)"),
        ("TIMESTAMP '2020-01-01', TIMESTAMP '2020-01-01 00:00:00.12345'", "timestamp(0); timestamp(5)"),
        ("TIMESTAMP '2020-01-01 00:00 UTC'", "timestamp(0) with time zone"),
        ("TIME '01:02:03', TIME '01:02:03.5 +01:00'", "time(0); time(1) with time zone"),
        ("current_timestamp, localtimestamp(6), current_date", "timestamp(3) with time zone; timestamp(6); date"),
        ("extract(year FROM DATE '2020-01-01'), trim('a ')", "bigint; varchar(2)"),
        ("trim(BOTH 'x' FROM CAST('a' AS varchar(5)))", "varchar(5)"),
        ("TIME '10:00:00' AT TIME ZONE 'UTC'", "time(0) with time zone"),
        ("format('%s', 1), INTERVAL '1' DAY, X'00'", "varchar; interval day to second; varbinary"),
        ("(SELECT 1, 2), (SELECT 1)", "row(integer, integer); integer"),
        ("filter(NULL, x -> true), transform(NULL, x -> 1)", "array(unknown); array(integer)"),
        ("try(1 / 0), (1, 2) IN ((1, 2), (3, 4.5))", "integer; boolean"),
        ("listagg('a', ',') WITHIN GROUP (ORDER BY 1)", "varchar"),
    ],
)
def test_expressions_have_the_types_that_trino_gives_them(expressions: str, expected: str) -> None:
    assert "; ".join(types(f"SELECT {expressions}")) == expected


@pytest.mark.parametrize(
    ("expression", "at", "message"),
    [
        ("1 = 'a'", "1:10", "Cannot apply operator: integer = varchar(1)"),
        ("DATE '2020-01-01' + 1", "1:26", "Cannot apply operator: date + integer"),
        ("(1, 2) = (1, 'a')", "1:15", "Cannot apply operator: row(integer, integer) = row(integer, varchar(1))"),
        ("1 BETWEEN 'a' AND 'b'", "1:10", "Cannot check if integer is BETWEEN varchar(1) and varchar(1)"),
        ("1 IS DISTINCT FROM 'a'", "1:10", "Cannot check if integer is distinct from varchar(1)"),
        ("JSON '1' < JSON '2'", "1:17", "Cannot apply operator: json < json"),
        ("CASE WHEN 1 THEN 2 END", "1:18", "CASE WHEN clause must evaluate to a boolean (actual: integer)"),
        (
            "CASE 1 WHEN 'a' THEN 2 END",
            "1:20",
            "CASE operand type does not match WHEN clause operand type: integer vs varchar(1)",
        ),
        ("1 AND true", "1:8", "Logical expression term must evaluate to a boolean (actual: integer)"),
        ("NOT 1", "1:12", "Value of logical NOT expression must evaluate to a boolean (actual: integer)"),
        ("1 LIKE 'a'", "1:8", "Left side of LIKE expression must evaluate to a varchar (actual: integer)"),
        ("'a' LIKE 1", "1:17", "Pattern for LIKE expression must evaluate to a varchar (actual: integer)"),
        ("nullif(1, 'a')", "1:8", "Types are not comparable with NULLIF: integer vs varchar(1)"),
        ("if(1, 2, 3)", "1:11", "IF condition must evaluate to a boolean (actual: integer)"),
        ("if(true, 2, 'a')", "1:8", "Result types for IF must be the same: integer vs varchar(1)"),
        ("ARRAY[1]['a']", "1:8", "Cannot use varchar(1) for subscript of array(integer)"),
        ("'a'[1]", "1:8", "Cannot use integer for subscript of varchar(1)"),
        ("-'a'", "1:8", "Cannot negate varchar(1)"),
        ("+'a'", "1:8", "Unary '+' operator cannot by applied to varchar(1) type"),
        ("CAST(1 AS foo)", "1:8", "Unknown type: foo"),
        ("CAST(1 AS date)", "1:8", "Cannot cast integer to date"),
        ("CAST(NULL AS unknown)", "1:8", "UNKNOWN is not a valid type"),
        ("extract(hour FROM DATE '2020-01-01')", "1:26", "Cannot extract HOUR from date"),
        (
            "1 AT TIME ZONE 'UTC'",
            "1:8",
            "Type of value must be a time or timestamp with or without time zone (actual integer)",
        ),
        ("1 = (SELECT 1, 2)", "1:10", "Cannot apply operator: integer = row(integer, integer)"),
        (
            "1 IN (SELECT 'a')",
            "1:10",
            "Value expression and result of subquery must be of the same type: row(integer) vs row(varchar(1))",
        ),
        ("x -> 1", "1:8", "Lambda expression should always be used inside a function"),
    ],
)
def test_types_that_do_not_meet_are_refused(expression: str, at: str, message: str) -> None:
    assert told(f"SELECT {expression}") == [(at, "TYPE_MISMATCH", message)]


@pytest.mark.parametrize(
    ("expression", "at", "what"),
    [
        ("1 IN (1, '2')", "1:17", "IN value and list items"),
        ("coalesce(1, 'a')", "1:20", "All COALESCE operands"),
        ("ARRAY[1, 'a']", "1:17", "All ARRAY elements"),
        ("CASE WHEN true THEN 1 ELSE 'a' END", "1:35", "All CASE results"),
    ],
)
def test_values_of_one_type_are_asked_for(expression: str, at: str, what: str) -> None:
    message = (
        f"{what} must be the same type or coercible to a common type. Cannot find common type between integer and "
        "varchar(1), all types (without duplicates): [integer, varchar(1)]"
    )
    assert told(f"SELECT {expression}") == [(at, "TYPE_MISMATCH", message)]


@pytest.mark.parametrize(
    ("expression", "at", "name", "message"),
    [
        ("foo(1)", "1:8", "FUNCTION_NOT_FOUND", "Function 'foo' not registered"),
        ("a.foo(1)", "1:8", "FUNCTION_NOT_FOUND", "Function 'a.foo' not registered"),
        (
            "count(1, 2)",
            "1:8",
            "FUNCTION_NOT_FOUND",
            "Unexpected parameters (integer, integer) for function count. Expected: count(), count(t) T",
        ),
        (
            "filter(ARRAY[1], x -> x)",
            "1:8",
            "FUNCTION_NOT_FOUND",
            "Unexpected parameters (array(integer), <function>) for function filter. "
            "Expected: filter(array(t), function(t,boolean)) T",
        ),
        ("filter(ARRAY[1], x -> foo)", "1:30", "COLUMN_NOT_FOUND", "Column 'foo' cannot be resolved"),
        (
            "transform(ARRAY[1], (x, y) -> 1)",
            "1:28",
            "INVALID_PARAMETER_USAGE",
            "Expected a lambda that takes 1 argument(s) but got 2",
        ),
        ("lag(1)", "1:8", "MISSING_OVER", "Window function lag requires an OVER clause"),
        ("ROW(1, 2)[3]", "1:18", "INVALID_FUNCTION_ARGUMENT", "Subscript index out of bounds: 3, max value is 2"),
        ("DATE 'x'", "1:8", "INVALID_LITERAL", "'…' is not a valid DATE literal"),
        ("BIGINT '1.5'", "1:8", "INVALID_LITERAL", "'…' is not a valid BIGINT literal"),
    ],
)
def test_calls_that_mean_nothing_are_refused(expression: str, at: str, name: str, message: str) -> None:
    assert told(f"SELECT {expression}") == [(at, name, message)]


@pytest.mark.parametrize(
    ("sql", "at", "name"),
    [
        ("SELECT x FROM nowhere", "1:15", "TABLE_NOT_FOUND"),
        ("SELECT lower(email) AS m FROM users WHERE m = 'a'", "1:43", "COLUMN_NOT_FOUND"),
        ("SELECT id FROM users u JOIN orders o ON u.id = o.user_id", "1:8", "AMBIGUOUS_NAME"),
        ("SELECT u.id FROM users u JOIN orders o USING (id)", "1:8", "COLUMN_NOT_FOUND"),
        ("SELECT 1 FROM users JOIN orders USING (email)", "1:40", "COLUMN_NOT_FOUND"),
        ("SELECT country, count(*) FROM users", "1:8", "EXPRESSION_NOT_AGGREGATE"),
        ("SELECT country AS c, count(*) FROM users GROUP BY c", "1:51", "COLUMN_NOT_FOUND"),
        ("SELECT country FROM users GROUP BY 2", "1:36", "INVALID_COLUMN_REFERENCE"),
        ("SELECT country FROM users ORDER BY 2", "1:36", "INVALID_COLUMN_REFERENCE"),
        ("SELECT id FROM users WHERE count(*) > 1", "1:37", "EXPRESSION_NOT_SCALAR"),
        ("SELECT max(count(*)) FROM users GROUP BY id", "1:8", "NESTED_AGGREGATION"),
        ("SELECT id FROM users WHERE id", "1:28", "TYPE_MISMATCH"),
        ("SELECT 1 UNION SELECT 'a'", "1:10", "TYPE_MISMATCH"),
        ("SELECT 1 UNION SELECT 1, 2", "1:10", "TYPE_MISMATCH"),
        ("WITH a AS (SELECT 1 x), a AS (SELECT 2 x) SELECT x FROM a", "1:25", "DUPLICATE_NAMED_QUERY"),
        ("SELECT DISTINCT country FROM users ORDER BY score", "1:1", "EXPRESSION_NOT_IN_DISTINCT"),
        ("SELECT id FROM users NATURAL JOIN orders", "1:16", "NOT_SUPPORTED"),
        ("SELECT x FROM users CROSS JOIN UNNEST(id) t(x)", "1:39", "INVALID_FUNCTION_ARGUMENT"),
        ("SELECT address.street FROM users", "1:8", "COLUMN_NOT_FOUND"),
        ("SELECT id.x FROM users", "1:8", "TYPE_MISMATCH"),
        ("SELECT a FROM (VALUES (1, 2)) t(a)", "1:15", "MISMATCHED_COLUMN_ALIASES"),
        ("SELECT x.* FROM users", "1:8", "TABLE_NOT_FOUND"),
    ],
)
def test_queries_are_refused(sql: str, at: str, name: str) -> None:
    assert [(where, what) for where, what, _ in told(sql)] == [(at, name)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT country, count(*) AS n FROM users GROUP BY 1 HAVING count(*) > 1 ORDER BY n DESC, country",
        "SELECT id, user_id FROM users JOIN orders USING (id)",
        "SELECT country, count(*) FROM users GROUP BY 01 ORDER BY 002",
        "SELECT ROW(1, 'a')[01] FROM users ORDER BY 0x1",
        "SELECT td.shop.users.id FROM users",
        "SELECT address.city, tags[1], props['a'] FROM users ORDER BY city",
        "SELECT lower(country), max(score) OVER (PARTITION BY lower(country)) FROM users",
        "SELECT lower(u.country), sum(o.total) FROM users u, orders o WHERE o.user_id = u.id GROUP BY lower(country)",
        "SELECT address.city FROM users GROUP BY address",
        "SELECT u.id FROM users u WHERE EXISTS (SELECT 1 FROM orders WHERE user_id = u.id AND total > u.amount)",
        "SELECT t.x, n FROM users CROSS JOIN UNNEST(tags) WITH ORDINALITY AS t (x, n) WHERE x LIKE 'a%'",
        "SELECT DISTINCT country, score + 1 AS s FROM users ORDER BY score + 1, country",
        "SELECT any_match(tags, t -> t = country) FROM users",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT sum(i) FROM n",
        "SELECT id FROM users WHERE TD_TIME_RANGE(time, '2026-01-01', NULL, 'JST') AND st_contains(email, 1) IS NULL",
        "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY country ORDER BY score) AS r FROM users) WHERE r = 1",
    ],
)
def test_what_trino_takes_is_not_refused(sql: str) -> None:
    assert told(sql) == []


def test_independent_refusals_are_all_told() -> None:
    sql = "SELECT emial, foo(1) FROM users WHERE country = 1 AND scroe > 2 ORDER BY 9"
    assert [one.identifier for one in analyzed(sql).refusals] == ["emial", "foo", "", "scroe", ""]


def test_what_is_not_known_makes_nothing_else_fail() -> None:
    sql = "SELECT nope + 'a' FROM users GROUP BY nope ORDER BY lower(nope)"
    assert {one.identifier for one in analyzed(sql).refusals} == {"nope"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a + 'x', b.c FROM elsewhere WHERE anything = 1 ORDER BY z",
        "SELECT e.a, u.email FROM users u JOIN elsewhere e ON e.id = u.id WHERE whatever > 1",
        "SELECT * FROM elsewhere UNION SELECT 1, 2, 3",
        "SELECT a, count(*) FROM (SELECT * FROM elsewhere) GROUP BY a",
        "SELECT id FROM users WHERE id IN (SELECT user FROM elsewhere WHERE x = users.id)",
    ],
)
def test_a_table_that_nothing_is_known_of_passes(sql: str) -> None:
    assert told(sql) == []


def test_a_known_table_beside_an_unknown_one_is_still_looked_at() -> None:
    assert told("SELECT u.emial FROM users u JOIN elsewhere e ON e.id = u.id") == [
        ("1:8", "COLUMN_NOT_FOUND", "Column 'u.emial' cannot be resolved")
    ]


def test_a_refusal_has_the_names_that_there_are_instead() -> None:
    refused = analyzed("SELECT emial FROM users").refusals[0]
    assert (refused.identifier, refused.at, refused.end) == ("emial", 7, 12)
    assert "email" in refused.candidates
    assert "lower" in analyzed("SELECT lowr('a')").refusals[0].candidates


def test_no_text_of_a_query_is_in_a_message() -> None:
    for sql in (
        "SELECT DATE 'anna@example.com'",
        "SELECT concat(country, 'anna@example.com'), count(*) FROM users",
        "SELECT max(count('anna@example.com')) FROM users",
    ):
        assert told(sql)
        assert all("anna" not in message for _, _, message in told(sql))


# what the sandbox asks for


def test_conversions_calls_and_names_are_told() -> None:
    statement = parse("SELECT any_match(tags, t -> t = email), score + 1, amount * 2 FROM users")
    found = analyze(statement, lookup)
    nodes = list(walk(statement))
    numbers = [one for one in nodes if isinstance(one, Number)]
    assert [str(found.conversions[one]) for one in numbers] == ["double", "decimal(10,0)"]
    call = next(one for one in nodes if isinstance(one, Call))
    assert [str(one) for one in found.calls[call].arguments] == ["array(varchar)", "function(varchar, boolean)"]
    inside = next(one for one in nodes if isinstance(one, Lambda)).body
    kinds = {one.name.key: found.names[one].kind for one in walk(inside) if isinstance(one, Column)}
    assert kinds == {"t": ReferenceKind.ARGUMENT, "email": ReferenceKind.COLUMN}
    assert [one.name for one in found.columns] == ["", "", ""]
    assert [str(one.type) for one in found.columns] == ["boolean", "double", "decimal(20,2)"]


def test_outer_columns_are_told_apart() -> None:
    statement = parse("SELECT id FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)")
    found = analyze(statement, lookup)
    assert sorted(reference.outer for reference in found.names.values()) == [0, 0, 1]


def test_long_chains_are_followed() -> None:
    assert types("SELECT 1" + " + 1" * 20_000) == ["integer"]
    assert types("SELECT 'a'" + " || 'a'" * 5_000) == ["varchar"]
    assert types("SELECT 1" + " UNION ALL SELECT 1.5" * 2_000) == ["decimal(11,1)"]
    assert told("SELECT 1 FROM users WHERE id IN (" + "1, " * 50_000 + "'a')")[0][1] == "TYPE_MISMATCH"


def test_a_lambda_for_a_function_without_documented_types_passes() -> None:
    assert told("SELECT td_url_decode(email, (x, y) -> x + y) FROM users") == []


def test_what_is_too_deep_to_follow_passes() -> None:
    assert analyzed("SELECT " + "lower(" * 2_500 + "'a'" + ")" * 2_500).refusals == ()
