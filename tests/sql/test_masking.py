"""No literal that may be a member is shown, wherever an author put it; lines stay where they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runner.sql.shown import masked


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT id FROM t WHERE 'u77' = lower(trim(id))",
        "SELECT id FROM t WHERE CASE id WHEN 'u77' THEN true ELSE false END",
        "SELECT id FROM t WHERE contains(ARRAY['u77', 'b'], id)",
        "SELECT id FROM t WHERE id = ANY (VALUES 'u77')",
        "SELECT id FROM t WHERE (id, a) IN (('u77', 'b'))",
        "SELECT id FROM t WHERE id = U&'\\0075u77'",
        "SELECT id FROM t WHERE id NOT IN (SELECT a FROM (VALUES 'u77') AS x (a))",
        "SELECT id FROM t WHERE EXISTS (SELECT 1 FROM o WHERE o.id = 'u77')",
        "SELECT id FROM t WHERE id = 7777777",
        "SELECT id FROM t JOIN (VALUES ('u77')) AS v (a) ON t.id = v.a",
        "SELECT 'u77' AS id",
        "SELECT id FROM t UNION SELECT 'u77'",
        "SELECT id FROM t UNION SELECT a FROM b WHERE 'u77' = id",
        "WITH ids (id) AS (SELECT 'u77' UNION ALL SELECT 'b') SELECT id FROM ids",
        "SELECT id FROM UNNEST(ARRAY['u77']) AS x (id)",
        "SELECT u AS id FROM (SELECT v AS u FROM r WHERE v = 'u77') AS t",
        "SELECT id FROM t -- not u77\nWHERE id <> 'u77'",
        "SELECT id FROM t WHERE a = 'me.u77@example.com'",
        "unreadable ' sql 'u77' (",
        "SELECT FROM WHERE 'u77'",
    ],
)
def test_hidden(sql: str) -> None:
    shown = masked(sql, {"id"})
    assert "u77" not in shown
    assert "7777777" not in shown
    assert shown.count("\n") == sql.count("\n")


@pytest.mark.parametrize("sql", ["SELECT id FROM t WHERE a = 'US' AND n > 5", "SELECT id FROM t HAVING COUNT(id) > 2"])
def test_the_rest_stays(sql: str) -> None:
    assert masked(sql, {"id"}) == sql


def test_the_empty_text_names_nobody() -> None:
    sql = "SELECT COALESCE(id, '') AS id FROM t WHERE id <> ''"
    assert masked(sql, {"id"}) == sql
    both = "SELECT id FROM t WHERE id IN ('', '{}')"
    assert masked(both.format("u77"), {"id"}) == both.format("•••")


@given(st.text(st.sampled_from("ab'\"-/*;,()=\n ")), st.text(st.sampled_from("ab\n")))
def test_lines_stay(before: str, value: str) -> None:
    for sql in (before, f"SELECT id FROM t WHERE id = '{value}'\nAND a = 1", f"{before} id = '{value}'"):
        assert masked(sql, {"id"}).count("\n") == sql.count("\n")
