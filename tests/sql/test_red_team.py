"""Templates written to break out, to crash, or to run for ever: each is one clear fault, and soon."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from runner.identifiers import Handle, Identifier, Kind
from runner.sql.checks import check
from runner.sql.literals import CONTROLS
from runner.sql.templates import Fault, Rendered, render

VARS = {"n": 5, "name": "O'Brien", "names": ["a", "b"], "map": {"a": 1}, "odd": "%", "lines": "a\nb", "zero": -0.0}

TWICE = "{% set a = [1, 1] %}{% set b = [1, 1] %}" + "{% set a = [a, a] %}{% set b = [b, b] %}" * 40
PAIRS = "{% set a = (1, 1) %}" + "{% set a = (a, a) %}" * 40
MANY = "{% set k = range(19000) | list %}{% set l = range(19000) | list %}{% for i in range(900) %}"


@pytest.mark.parametrize(
    "template",
    [
        TWICE + "{{ a == b }}",
        TWICE + "{{ a | join }}",
        TWICE + "{{ a | lower }}",
        TWICE + "{{ a ~ 'x' }}",
        TWICE + "{{ a | replace('a', 'b') }}",
        TWICE + "{{ [a, b] | max }}",
        TWICE + "{% if a is eq b %}x{% endif %}",
        TWICE + "{{ a }}",
        PAIRS + "{{ [a] | unique }}",
        PAIRS + "{{ {a: 1} }}",
        PAIRS + "{{ map[a] }}",
        "{% macro f(d) %}{% if d %}{{ f(d - 1, varargs, varargs) }}{% endif %}{% endmacro %}{{ f(39, 1, 1) }}",
        MANY + "{% if k == l %}{% endif %}" * 100 + "{% endfor %}",
        MANY + "{% set q = l | reverse | sort %}" * 100 + "{% endfor %}",
        MANY + "{% set q = l[1:] %}" * 100 + "{% endfor %}",
        "{% macro f() %}"
        + "{% set x = 1 + 1 %}" * 5000
        + "{% endmacro %}{% for i in range(900) %}{{ f() }}{% endfor %}",
        "{% for i in range(20000) %}" + "x" * 50000 + "{% endfor %}",
        "{% set x %}" + "x" * 50000 + "{% endset %}{% for i in range(20000) %}{{ x }}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% for a in names %}" * 25 + "x" + "{% endfor %}" * 25,
        "{% if n %}" * 120 + "x" + "{% endif %}" * 120,
        "{{ " + "[" * 300 + "1" + "]" * 300 + " }}",
        "{{ " + "not " * 3000 + "1 }}",
        "{{ name" + " | lower" * 3000 + " }}",
        "{{ range(20000) | join('" + "x" * 1000 + "') }}",
    ],
)
@pytest.mark.timeout(20)
def test_too_much_is_a_fault(template: str) -> None:
    found = render(template, VARS)
    assert isinstance(found, Fault)
    assert (found.code, found.line) == ("T004", 1)


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("{{ ''.__class__.__mro__ }}", "T005"),
        ("{{ ''['__class__'] }}", "T005"),
        ("{{ cycler.__init__.__globals__ }}", "T005"),
        ("{{ self.__init__.__globals__ }}", "T005"),
        ("{% macro f() %}{% endmacro %}{{ f.__globals__ }}", "T005"),
        ("{{ names | unique(attribute='__class__.__mro__') }}", "T005"),
        ("{{ lipsum }}", "T001"),
        ("{{ request }}", "T001"),
        ("{{ super() }}", "T001"),
        ("{{ namespace(a=1) }}", "T001"),
        ("{{ name.upper() }}", "T001"),
        ("{{ map.pop('a') }}", "T001"),
        ("{{ self }}", "T006"),
        ("{{ map.items }}", "T006"),
        ("{{ name | safe }}", "T003"),
        ("{{ name | _text }}", "T003"),
        ("{{ name is callable }}", "T003"),
        ('{% filter replace("\'\'", "\'") %}{{ name }}{% endfilter %}', "T005"),
        ("{% autoescape false %}{{ name }}{% endautoescape %}", "T005"),
        ("{{ 1 | round(999999999, 'ceil') }}", "T007"),
        ("{{ 9 ** 9 ** 9 }}", "T007"),
        ("{{ range(99999999999999999999) }}", "T007"),
        ("{{ " + "9" * 5000 + " }}", "T002"),
        ("{{ 1e999 }}", "T002"),
        ("{{ 1 / 0 }}", "T007"),
        ("{{ -name }}", "T007"),
        ("{{ 1 < 'a' }}", "T007"),
        ("{{ names | join(',', attribute='x') }}", "T007"),
        ("{% for letter in name %}{{ letter }}{% endfor %}", "T007"),
        (r'{{ "\ud800" }}', "T006"),
        (r'{{ "\u202e" }}', "T006"),
        (r'{{ "\ue0005\ue001" }}', "T006"),
    ],
)
def test_what_is_not_allowed_is_a_fault(template: str, code: str) -> None:
    found = render(f"SELECT 1\n{template}", VARS)
    assert isinstance(found, Fault)
    assert (found.code, found.line) == (code, 2)
    assert "Sandbox" not in found.what


@pytest.mark.parametrize(
    "use",
    ["x | length", "x == 'abc'", "x | upper", "x | reverse", "x[0:2]", "x | trim", "[x, x] | join", "[x]", "x ~ 'a'"],
)
def test_sql_text_is_printed_and_nothing_else(use: str) -> None:
    made = "{% set x %}abc{% endset %}"
    found = render(f"{made}{{{{ {use} }}}}", {})
    assert isinstance(found, Fault)
    assert found.code in {"T006", "T007"}
    assert render(made + "{{ x }}", {}).text == "abc"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("template", "place"),
    [
        ("SELECT a\nWHERE b = '{{ odd }}'", (2, 12)),
        ("SELECT a WHERE b LIKE '%{{ odd }}%'", (1, 25)),
        ("SELECT a WHERE b = 'two\nlines {{ odd }}'", (2, 7)),
        ('SELECT "{{ odd }}"', (1, 9)),
        ("SELECT a -- {{ lines }}", (1, 13)),
    ],
)
def test_a_text_inside_quotes_is_a_fault(template: str, place: tuple[int, int]) -> None:
    found = render(template, VARS)
    assert isinstance(found, Fault)
    assert (found.code, found.line, found.column) == ("T008", *place)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("TD_INTERVAL(time, '-{{ n }}d')", "TD_INTERVAL(time, '-5d')"),
        ("a LIKE {{ '%' ~ name ~ '%' }}", "a LIKE '%O''Brien%'"),
        ("SELECT 1 -- {{ name }}\n+ {{ n }}", "SELECT 1 -- 'O''Brien'\n+ 5"),
        ("5 -{{ zero }}", "5 -(-0.0)"),
        ("{{ names | unique }}{{ names | reverse }}", "('a', 'b')('b', 'a')"),
        ("{{ 2.345 | round(2, 'floor') }}", "2.34"),
        ("{% for k in map %}{{ k | identifier }}{% endfor %}", '"a"'),
    ],
)
def test_what_is_useful_still_works(template: str, text: str) -> None:
    found = render(template, VARS)
    assert isinstance(found, Rendered)
    assert found.text == text


TEXTS = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: not CONTROLS.search(text))


@given(TEXTS)
def test_no_text_ends_its_literal_for_trino(text: str) -> None:
    found = render("SELECT {{ value }} AS customer_id FROM t WHERE a IN {{ [value, 1] }}", {"value": text})
    assert isinstance(found, Rendered)
    assert check(found.text, found.text, (Identifier(Handle(Kind.EXTERNAL_ID), "customer_id"),)) == ()
    assert "&#" not in found.text.replace(text.replace("'", "''"), "")


@given(st.text(st.sampled_from("{}%#'\" \n|.[]()~-:axn_01"), max_size=40), st.sampled_from(["{{", "{%", ""]))
def test_rendering_never_raises(inner: str, tag: str) -> None:
    end = {"{{": "}}", "{%": "%}", "": ""}[tag]
    assert isinstance(render(f"{tag} {inner} {end}", VARS), Fault | Rendered)


PIECES = ["{{ ", " }}", "{% for x in names %}", "{% endfor %}", "{% set y %}", "{% endset %}", "{{ y }}", "{# ", " #}"]
PIECES += ["x", "n", "name", " ~ ", "\n", "[", "]", "'", "(", ")", "| join", " - "]


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_rendering_pieces_of_templates_never_raises(template: str) -> None:
    found = render(template, VARS)
    assert isinstance(found, Fault | Rendered)
    if isinstance(found, Rendered):
        assert not set(found.text) & set("\ue000\ue001\ue002\ue003")
