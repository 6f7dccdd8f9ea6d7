"""Literals, fingerprints and hidden members, for any text."""

from __future__ import annotations

from typing import Any

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from runner.identifiers import Handle, Identifier, Kind
from runner.sql.fingerprint import fingerprint, parts
from runner.sql.literals import CONTROLS, Refused, literal
from runner.sql.shown import masked
from runner.sql.templates import Fault, Rendered, render
from runner.sql.tokens import indented, normalised, tokens, without_end
from sqlglot import exp

TEXTS = st.text(st.characters(exclude_categories=["Cs", "Co"])).filter(lambda text: not CONTROLS.search(text))


ID = Identifier(Handle(Kind.EXTERNAL_ID), "id")


def made(sql: str, **other: str) -> str:
    given_parts: dict[str, Any] = {
        "cohort_id": "a",
        "name": "A",
        "identifiers": (ID,),
        "mode": "mirror",
        "workspace": "w",
    } | other
    return fingerprint(parts(sql=sql, **given_parts))


@given(TEXTS)
def test_a_text_is_one_literal_and_nothing_more(text: str) -> None:
    tree = sqlglot.parse_one(f"SELECT {literal(text)}", read="trino")
    assert [found.this for found in tree.find_all(exp.Literal)] == [text]
    assert len(list(tree.walk())) == 2


@given(TEXTS)
def test_a_template_prints_a_text_as_its_literal(text: str) -> None:
    found = render("SELECT {{ value }}", {"value": text})
    assert isinstance(found, Rendered)
    assert found.text == f"SELECT {literal(text)}"


@pytest.mark.parametrize("value", [[], {}, {"a": 1}, [[1]], "\x00", float("nan"), float("inf"), 2**63, object()])
def test_what_has_no_literal_is_refused(value: object) -> None:
    with pytest.raises(Refused):
        literal(value)


@pytest.mark.parametrize(
    ("value", "printed"),
    [(None, "NULL"), (True, "TRUE"), (0.1, "0.1"), (-5, "(-5)"), (["a", 1], "('a', 1)"), ("it's", "'it''s'")],
)
def test_literals(value: object, printed: str) -> None:
    assert literal(value) == printed


@pytest.mark.parametrize(
    "template",
    [
        "{{ ().__class__.__bases__[0].__subclasses__() }}",
        "{{ lipsum.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ self }}",
        "{{ range }}",
        "{{ names.append(1) }}",
        "{{ name.format(1) }}",
        "{{ '%s' % name }}",
        "{{ name | attr('__class__') }}",
        "{{ name | tojson }}",
        "{{ names | map('upper') }}",
        "{{ names | sort(attribute='__class__') | first | length }}",
        "{{ name * 100000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ [name] * 1000000000 }}",
        "{% set x = 'aaaaaaaaaaaaaaaa' %}" + "{% set x = x ~ x %}" * 40 + "{{ x }}",
        "{% set x = 'a' %}" + "{% set x = x | replace('a', 'aaaaaaaaaaaaaaaaaaaa') %}" * 12 + "{{ x }}",
        "{% for a in range(300) %}{% for b in range(300) %}x{% endfor %}{% endfor %}",
        "{% macro a(n) %}{% if n %}{{ a(n - 1) }}{{ a(n - 1) }}{% endif %}{% endmacro %}{{ a(40) }}",
        "{% for a in names recursive %}{{ loop(names) }}{% endfor %}",
        "{{ now() }}",
        "{% extends 'x' %}",
        "{% from 'x' import y %}",
        "\ue0001\ue001",
    ],
)
def test_the_sandbox_holds(template: str) -> None:
    found = render(template, {"name": "O'Brien", "names": ["a", "b"]})
    assert isinstance(found, Fault)
    assert found.code.startswith("T00")
    assert found.line == 1


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{{ "O\'Brien <b> & co" }}', "'O''Brien <b> & co'"),
        ("{{ name ~ ' & ' ~ 1 }}", "'O''Brien & 1'"),
        ("{% set x %}a < {{ name }}{% endset %}{{ x }}", "a < 'O''Brien'"),
        ("{% macro m(x) %}b > {{ x }}{% endmacro %}{{ m(2) }}", "b > 2"),
        ("{{ names | join('-') }}", "'a-b'"),
        ("{% for k, v in map.items() %}{{ k }}={{ v }};{% endfor %}", "'k'=1;"),
        ("{{ map.k }} {{ names[1] }} {{ loop is defined }}", "1 'b' FALSE"),
    ],
)
def test_values_are_quoted_once_and_never_for_html(template: str, text: str) -> None:
    found = render(template, {"name": "O'Brien", "names": ["a", "b"], "map": {"k": 1}})
    assert isinstance(found, Rendered)
    assert found.text == text


@given(st.text())
def test_tokens_are_the_text(text: str) -> None:
    assert "".join(piece for _, piece in tokens(text)) == text


def test_looks_do_not_matter_to_a_fingerprint() -> None:
    plain = made("SELECT id FROM t WHERE a = 'X'")
    assert made("select  ID\n from T /* why */ where A='X' -- because") == plain
    assert made("SELECT id FROM t WHERE a = 'x'") != plain
    assert made("SELECT \"ID\" FROM t WHERE a = 'X'") != plain


@pytest.mark.parametrize("part", ["cohort_id", "name", "mode", "workspace"])
def test_everything_that_is_delivered_matters(part: str) -> None:
    assert made("SELECT 1", **{part: "other"}) != made("SELECT 1")


def test_a_fingerprint_never_changes() -> None:
    """Every cohort of every user would be sent again."""
    assert made("SELECT id FROM t WHERE a = 'X'") == "v1:cbe528c5644a8e32160c54d02926c9ec"


@given(st.text(st.sampled_from("ab'\"-/*;\n ")))
def test_what_is_cut_off_the_end_means_nothing(sql: str) -> None:
    kept = without_end(sql)
    assert sql.startswith(kept)
    assert not normalised(sql[len(kept) :]).strip(" ;")


def test_indenting_spares_texts_with_line_breaks() -> None:
    assert indented("SELECT 1\nFROM t") == "  SELECT 1\n  FROM t"
    assert indented("SELECT 'a\nb'") == "SELECT 'a\nb'"


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        (
            "SELECT id FROM t WHERE id IN ('u1', 'u2') AND c = 'US'",
            "SELECT id FROM t WHERE id IN ('•••', '•••') AND c = 'US'",
        ),
        ("SELECT mail AS id FROM t WHERE 'a' = lower(mail)", "SELECT mail AS id FROM t WHERE '•••' = lower(mail)"),
        ("SELECT id FROM t WHERE c = 'me@example.com'", "SELECT id FROM t WHERE c = '•••'"),
        ("SELECT id FROM (VALUES ('u1')) AS v (id)", "SELECT id FROM (VALUES ('•••')) AS v (id)"),
        ("SELECT id FROM t HAVING COUNT(id) > 2", "SELECT id FROM t HAVING COUNT(id) > 2"),
        (
            "WITH vips(who) AS (VALUES ('ann'), ('bob')) SELECT id FROM t WHERE id IN (SELECT who FROM vips)",
            "WITH vips(who) AS (VALUES ('•••'), ('•••')) SELECT id FROM t WHERE id IN (SELECT who FROM vips)",
        ),
        (
            "SELECT id FROM t JOIN (VALUES ('ann')) v(who) ON lower(t.id) = lower(v.who)",
            "SELECT id FROM t JOIN (VALUES ('•••')) v(who) ON lower(t.id) = lower(v.who)",
        ),
        (
            "SELECT id FROM t EXCEPT SELECT who FROM (VALUES (4711)) v(who)",
            "SELECT id FROM t EXCEPT SELECT who FROM (VALUES ('•••')) v(who)",
        ),
        (
            "SELECT t.id FROM t CROSS JOIN UNNEST(split('ann,bob', ',')) u(x) WHERE strpos(t.name, u.x) > 0",
            "SELECT t.id FROM t CROSS JOIN UNNEST(split('•••', '•••')) u(x) WHERE strpos(t.name, u.x) > 0",
        ),
        (
            "WITH a AS (SELECT 'ann' AS who) SELECT id FROM t, a WHERE t.name = a.who",
            "WITH a AS (SELECT '•••' AS who) SELECT id FROM t, a WHERE t.name = a.who",
        ),
        ("SELECT id FROM t /* all\nbut 4711 */ WHERE x = 'y'", "SELECT id FROM t /* •••\n */ WHERE x = 'y'"),
        ("SELECT id FROM t -- not me@example.com", "SELECT id FROM t -- •••"),
    ],
)
def test_members_are_hidden(sql: str, shown: str) -> None:
    assert masked(sql, {"id"}) == shown
