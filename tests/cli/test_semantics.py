"""What `validate` finds of names and types without any key, at the author's own place."""

from __future__ import annotations

import re

import pytest
from tests.place import Place

TABLES = """\
version: 1
tables:
  shop.customers:
    customer_id: varchar
    country: varchar
    email_opt_in: boolean
    spend: bigint
    score: decimal(10,2)
    tags: array(varchar)
    born: date
    größe: bigint
    order: bigint
  shop.orders:
    customer_id: varchar
    amount: double
    sku: varchar
  shop.odd: unknown
"""

SOURCES = """
sources:
  customers:
    table: customers
    key: customer_id
    columns: {country: text, spend: number, opt_in: boolean, born: date, tags: list}
  orders: {table: shop.orders, join: customer_id, time: time, columns: {amount: number}}
"""


def test_problems_of_sql_are_told_beside_an_id_that_is_there_twice(place: Place) -> None:
    place.project()
    for name in ("one", "two"):
        place.cohort(name, "SELECT customer_id FROM customers WHERE ifnull(country, '') = 'US'")
        path = place.folder / "cohorts" / f"{name}.yml"
        path.write_text(path.read_text("utf-8").replace(f"id: {name}", "id: same"), "utf-8")
    codes = re.findall(r"(?m)^cohorts/(\w+)\.yml:\S+ (\w+)", place.run("validate").out)
    assert codes == [("one", "D001"), ("one", "Q014"), ("two", "D001"), ("two", "Q014")]


@pytest.fixture
def files(place: Place) -> Place:
    place.project()
    return place


def tables(place: Place, text: str = TABLES) -> None:
    (place.folder / "cohorts" / "tables.yml").write_text(text, encoding="utf-8")


def told(place: Place, sql: str) -> str:
    """The first problem of a cohort, from its place on; nothing where there is none."""
    place.cohort("c", sql)
    answer = place.run("validate")
    lines = [line for line in answer.out.splitlines() if " Q" in line or " C0" in line]
    assert answer.code == (3 if lines else 0), answer
    return lines[0].removeprefix("cohorts/c.yml:") if lines else ""


REFUSED = {
    "SELECT customer_id FROM custmers": "5:29 Q011 there is no table shop.custmers in cohorts/tables.yml; "
    "perhaps you meant customers; correct its name, or run `cohorts sources pull --tables` if it is new",
    "SELECT customer_id FROM customers WHERE countri = 'US'": "5:45 Q012 there is no column countri; "
    "perhaps you meant country",
    "SELECT customer_id, lower(country) AS land FROM customers WHERE land = 'us'": "5:69 Q013 land is a name that "
    "this SELECT gives, which is not known inside it; repeat the expression, or put this SELECT into a WITH and go on "
    "from there",
    "SELECT customer_id FROM customers WHERE lenght(country) = 2": "5:45 Q014 Trino has no function lenght; "
    "perhaps you meant length",
    "SELECT customer_id FROM customers WHERE ifnull(country, '') = 'US'": "5:45 Q014 Trino has no function ifnull; "
    "write COALESCE(a, b)",
    "SELECT customer_id FROM customers WHERE td_time_rage(time, '2026-01-01')": "5:45 Q014 Trino has no function "
    "td_time_rage; perhaps you meant td_time_range",
    "SELECT c.customer_id FROM customers c JOIN orders o ON customer_id = o.customer_id": "5:60 Q015 the column "
    "customer_id is in more than one table here; say of which: table.column",
    "SELECT customer_id, country FROM customers GROUP BY customer_id": "5:25 Q016 'country' must be an aggregate "
    "expression or appear in GROUP BY clause; add it to GROUP BY, or take an aggregate of it such as MAX(…)",
    "SELECT customer_id FROM customers WHERE spend > '100'": "5:51 Q017 Cannot apply operator: bigint < varchar(3); "
    "write a CAST where two types meet: Trino converts none by itself",
    "SELECT customer_id FROM customers WHERE coalesce(email_opt_in, 0) = 1": "5:68 Q017",
    "SELECT customer_id FROM customers WHERE lower(spend) = 'a'": "5:45 Q017 Unexpected parameters (bigint) for "
    "function lower",
    "SELECT customer_id FROM customers UNION SELECT spend FROM customers": "Q018 column 1 in UNION query has "
    "incompatible types: varchar, bigint",
    "SELECT customer_id FROM customers EXCEPT SELECT customer_id, sku FROM orders": "Q018 EXCEPT query has "
    "different number of fields: 1, 2",
}


@pytest.mark.parametrize("sql", REFUSED)
def test_what_treasure_data_would_refuse(files: Place, sql: str) -> None:
    tables(files)
    assert REFUSED[sql] in told(files, sql)
    # everything that checks queries refuses the same, before anything is asked
    for command in (["plan"], ["sync"], ["render", "c"]):
        answer = files.run(*command)
        assert answer.code == 3, answer
        assert re.search(r"cohorts/c.yml:5:\d+ Q01\d ", answer.err + answer.out)


TAKEN = (
    'SELECT customer_id FROM Customers WHERE Country = \'US\' AND "größe" > 1 AND "order" = 2 AND time > 0',
    "SELECT customer_id FROM customers WHERE spend > 1.5 AND score > 1 AND contains(tags, 'a') AND born > current_date",
    "SELECT customer_id FROM odd WHERE anything = 1 AND another LIKE 'x%'",
    "SELECT x.customer_id FROM odd x JOIN customers c ON c.customer_id = x.customer_id WHERE whatever > country",
    "SELECT customer_id FROM elsewhere.people WHERE anything = 1",
    "SELECT customer_id FROM hive.shop.people",
    "SELECT customer_id FROM customers WHERE td_parse_agent(country)['os'] = 'x' AND st_distance(spend, score) > 1",
    "WITH customers AS (SELECT customer_id, 1 AS n FROM customers) SELECT customer_id FROM customers WHERE n = 1",
    "SELECT customer_id FROM (SELECT * FROM odd) o WHERE o.anything > 1 GROUP BY customer_id",
    "SELECT customer_id FROM odd CROSS JOIN UNNEST(items) AS t (item, count) WHERE item = 'a' AND count > 1",
    "SELECT customer_id FROM orders JOIN customers USING (customer_id) WHERE amount > spend",
    "SELECT customer_id FROM odd UNION SELECT customer_id FROM customers",
)


@pytest.mark.parametrize("sql", TAKEN)
def test_what_is_right_or_not_certain_passes(files: Place, sql: str) -> None:
    tables(files)
    assert told(files, sql) == ""


def test_with_sources_alone_what_neither_knows_passes(files: Place) -> None:
    files.project(extra=SOURCES)
    for sql in (
        "SELECT customer_id FROM customers WHERE not_declared = 1 AND time > 1 AND spend > 1 AND opt_in = 1",
        "SELECT customer_id FROM customers WHERE opt_in AND spend > 1.5",
        "SELECT customer_id FROM nowhere WHERE anything = 1",
        "SELECT o.customer_id FROM orders o JOIN customers c ON c.customer_id = o.customer_id WHERE sku = 'a'",
    ):
        assert told(files, sql) == ""
    for sql, where in {
        "SELECT customer_id FROM customers WHERE country = 1": "5:53 Q017",
        "SELECT customer_id FROM customers WHERE contains(country, 'a')": "5:45 Q017",
        "SELECT customer_id FROM customers WHERE born > date '2000-01-01'": "5:50 Q017",
        "SELECT customer_id FROM customers WHERE nvl(spend, 0) > 1": "5:45 Q014",
        "SELECT c.customer_id FROM orders o JOIN customers c ON customer_id = o.customer_id": "5:60 Q015",
    }.items():
        assert where in told(files, sql)


def test_without_anything_known_functions_and_aliases_are_resolved_all_the_same(files: Place) -> None:
    assert told(files, "SELECT customer_id FROM customers WHERE ifnull(country, '') = 'US'").startswith("5:45 Q014")
    assert "Q012" in told(files, "WITH a AS (SELECT customer_id AS x FROM customers) SELECT customer_id FROM a")
    assert told(files, "SELECT customer_id, spend AS x FROM customers WHERE x > 1") == ""


def test_names_resolve_in_the_targets_database(files: Place) -> None:
    files.project(
        extra="""\
  production:
    site: us
    database: crm
    state_database: cohort_runner
    workspace: shop-us
    connection: braze
"""
    )
    tables(files, TABLES + "  crm.customers: {customer_id: varchar}\n")
    assert told(files, "SELECT customer_id FROM customers WHERE country = 'US'").startswith(
        "5:45 Q012 there is no column"
    )
    assert files.run("plan").code == 0  # of the sandbox's target


def write(place: Place, name: str, text: str) -> None:
    file = place.folder / "cohorts" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def test_in_templates_and_macros(files: Place) -> None:
    tables(files)
    write(files, "c.yml", "id: c\nname: C\naudience: {template: all.sql, params: {least: 10}}\n")
    write(files, "templates/macros/money.sql", "{% macro spent(least) %}spendd >= {{ least }}{% endmacro %}\n")
    head = '{% from "macros/money.sql" import spent %}\nSELECT customer_id\nFROM customers\n'
    write(files, "templates/all.sql", f"{head}WHERE spend > {{{{ least }}}} AND sped > 1\n")
    assert (
        "cohorts/templates/all.sql:4:31 Q012 there is no column sped (used by c); perhaps" in files.run("validate").out
    )
    write(files, "templates/all.sql", f"{head}WHERE {{{{ spent(least) }}}}\n")
    assert "cohorts/templates/macros/money.sql:1:25 Q012 there is no column spendd" in files.run("validate").out


def test_of_a_rule_it_is_the_rule(files: Place) -> None:
    files.project(extra=SOURCES)
    rule = "id: c\nname: C\naudience:\n  from: customers\n  where: {column: spend, gt: 5}\n"
    write(files, "c.yml", rule)
    assert files.run("validate").code == 0
    tables(files, TABLES.replace("spend: bigint", "spend: varchar"))
    answer = files.run("validate")
    assert "cohorts/c.yml:5:10 Q017 in the SQL of this rule: Cannot apply operator" in answer.out


def test_of_suppressed_people_it_is_the_projects_file(files: Place) -> None:
    tables(files)
    for listed, told in {
        "{table: shop.custmers, identifiers: {external_id: customer_id}}": "14:20 Q011 there is no table shop.custmers",
        "{table: shop.customers, identifiers: {external_id: custmer_id}}": "14:63 Q012 shop.customers has no column "
        "custmer_id; perhaps you meant customer_id",
        "{table: shop.odd, identifiers: {external_id: anything}}": "",
        "{table: elsewhere.people, identifiers: {external_id: anything}}": "",
    }.items():
        files.project(extra=f"suppress: [{listed}]\n")
        files.cohort("c", "SELECT customer_id FROM customers")
        answer = files.run("validate")
        assert answer.code == (3 if told else 0), answer
        assert told in answer.out.removeprefix("cohorts/project.yml:")


def test_no_member_is_in_a_message(files: Place) -> None:
    tables(files)
    for sql in (
        "SELECT customer_id FROM customers WHERE spend = 'hedwig'",
        "SELECT lower(customer_id || 'hedwig') AS customer_id, count(*) AS n FROM customers GROUP BY country",
        "SELECT customer_id FROM customers WHERE customer_id IN ('hedwig', 1)",
    ):
        found = told(files, sql)
        assert found
        assert "hedwig" not in found


LARGE = {
    "a million characters": (
        "SELECT customer_id FROM customers WHERE country = '" + "x" * 1_000_000 + "'",
        "1:1 F003 ",
    ),
    "a million characters of a template": (
        "SELECT customer_id FROM customers {% for i in range(9000) %}/* about thirty-five letters again */{% endfor %}",
        "T004",
    ),
    "a list of 50,000": ("SELECT customer_id FROM customers WHERE spend IN (" + "1, " * 50_000 + "1)", ""),
    "a list of 50,000, one of them a text": (
        "SELECT customer_id FROM customers WHERE spend IN (" + "1, " * 50_000 + "'1')",
        "Q017",
    ),
    "900 parentheses": ("SELECT customer_id FROM customers WHERE " + "(" * 900 + "spend > 1" + ")" * 900, ""),
    "5,000 terms": ("SELECT customer_id FROM customers WHERE " + " OR ".join(["spend = 1"] * 5_000), ""),
    "a sum of 3,000": ("SELECT customer_id FROM customers WHERE 0 < " + " + ".join(["spend"] * 3_000), None),
    "100,000 parentheses": ("SELECT customer_id FROM customers WHERE " + "(" * 100_000 + "1" + ")" * 100_000, "Q002"),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_and_deep_queries_are_answered(files: Place, name: str) -> None:
    tables(files)
    sql, expected = LARGE[name]
    files.cohort("c", sql)
    answer = files.run("validate")
    assert "Traceback" not in answer.out + answer.err
    # how long a chain may be is not for this check to say: Treasure Data's own limit is another
    if expected is not None:
        assert (answer.code, expected in answer.out) == (3 if expected else 0, True), answer.out[:500]


@pytest.mark.parametrize("word", ["select", "from", "order", "group", "user", "table", "end", "länge", "имя", "名前"])
def test_reserved_words_and_other_letters_are_names_in_quotes(files: Place, word: str) -> None:
    tables(files, f"version: 1\ntables:\n  shop.customers: {{customer_id: varchar, '{word}': bigint}}\n")
    assert told(files, f'SELECT customer_id FROM customers WHERE "{word}" > 1 AND customers."{word.upper()}" < 5') == ""
    assert "Q017" in told(files, f"SELECT customer_id FROM customers WHERE \"{word}\" = 'x'")
    assert "Q012" in told(files, f'SELECT customer_id FROM customers WHERE "{word}s" > 1')


def test_a_table_without_a_column_that_it_had(files: Place) -> None:
    sql = "SELECT customer_id FROM customers WHERE spend > 1"
    tables(files)
    assert told(files, sql) == ""
    tables(files, TABLES.replace("    spend: bigint\n", ""))
    assert told(files, sql).startswith("5:45 Q012 there is no column spend; ")
