"""`cohorts/tables.yml`: how it comes about, where it is behind, and what is told of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.place import Place

READS = """\
# The names and types of the tables that queries read, as Treasure Data has them; no data. Written by
# `cohorts sources pull --tables`; `cohorts sources check` says where it is behind.
version: 1
tables:
  shop.people:
    country: varchar
    customer_id: varchar
    n: double
    tags: array(varchar)
    time: bigint
  shop.visits:
    customer_id: varchar
    pages: bigint
    time: bigint
"""

JOINED = "WITH v AS (SELECT customer_id FROM Visits) SELECT p.customer_id FROM shop.people p JOIN v ON true"


@pytest.fixture
def shop(place: Place) -> Place:
    place.project()
    place.sql("CREATE TABLE shop.people (customer_id VARCHAR, country VARCHAR, tags VARCHAR[], n DOUBLE, time BIGINT)")
    place.sql("CREATE TABLE shop.visits (customer_id VARCHAR, pages BIGINT, time BIGINT)")
    place.sql("CREATE TABLE shop.unread (customer_id VARCHAR, time BIGINT)")
    place.cohort("visitors", JOINED)
    return place


def kept(place: Place) -> Path:
    return place.folder / "cohorts" / "tables.yml"


def test_names_and_types_of_what_queries_read_are_kept(shop: Place) -> None:
    answer = shop.run("sources", "pull", "--tables")
    assert (answer.code, answer.out) == (0, "2 tables in cohorts/tables.yml.\n")
    assert kept(shop).read_text("utf-8") == READS
    answer = shop.run("sources", "pull", "--tables")
    assert answer.out == "2 tables in cohorts/tables.yml: nothing has changed.\n"
    assert shop.run("sources", "check").out == "0 sources and 2 tables checked: no problems.\n"
    # it is no cohort
    assert shop.run("validate").out.splitlines()[-1] == "1 cohort checked: no problems."
    assert shop.run("fmt", "--check").code == 0


def test_what_is_behind_is_told_with_its_place(shop: Place) -> None:
    shop.run("sources", "pull", "--tables")
    shop.sql("DROP TABLE shop.visits")
    shop.sql("ALTER TABLE shop.people DROP COLUMN country")
    shop.sql("ALTER TABLE shop.people DROP COLUMN n")
    shop.sql("ALTER TABLE shop.people ADD COLUMN n BIGINT")
    shop.sql("ALTER TABLE shop.people ADD COLUMN level VARCHAR")
    answer = shop.run("sources", "check")
    assert answer.code == 1
    pull = "run `cohorts sources pull --tables`"
    assert answer.out.splitlines() == [
        "cohorts/tables.yml:6:5 C025 shop.people has no column country any more; "
        f"mend the queries that use it, then {pull}",
        f"cohorts/tables.yml:8:8 C026 shop.people.n is bigint there, not double; {pull}",
        f"cohorts/tables.yml:11:3 C024 the table shop.visits does not exist any more; "
        f"mend the queries that read it, then {pull}",
        "information: shop.people: new columns level",
    ]


def test_new_columns_and_tables_alone_are_information(shop: Place) -> None:
    shop.run("sources", "pull", "--tables")
    shop.sql("ALTER TABLE shop.people ADD COLUMN level VARCHAR")
    shop.cohort("more", "SELECT customer_id FROM unread")
    kept(shop).write_text(READS + "  shop.unread: unknown\n", encoding="utf-8")
    answer = shop.run("sources", "check")
    assert (answer.code, answer.out.splitlines()[0]) == (0, "information: shop.people: new columns level")
    shop.run("sources", "pull", "--tables")
    assert "  shop.unread:\n    customer_id: varchar\n    time: bigint\n" in kept(shop).read_text("utf-8")


def test_what_no_query_reads_any_more_goes_and_another_targets_stays(shop: Place) -> None:
    other = """\
  production:
    site: us
    database: crm
    state_database: cohort_runner
    workspace: shop-us
    connection: braze
"""
    shop.project(extra=other)
    crm = "  crm.visits:\n    customer_id: varchar\n    time: bigint\n"
    kept(shop).write_text(
        READS.replace("  shop.people", crm + "  shop.people") + "  shop.gone:\n    a: varchar\n", encoding="utf-8"
    )
    shop.run("sources", "pull", "--tables")
    assert kept(shop).read_text("utf-8") == READS.replace("  shop.people", crm + "  shop.people")
    # while a cohort has problems of its own, nobody knows what it reads
    shop.cohort("broken", "SELECT nothing")
    kept(shop).write_text(READS + "  shop.zebras: unknown\n", encoding="utf-8")
    shop.run("sources", "pull", "--tables")
    assert kept(shop).read_text("utf-8") == READS + "  shop.zebras: unknown\n"


def test_a_table_that_is_not_there_is_told(shop: Place) -> None:
    shop.cohort("more", "SELECT customer_id FROM nowhere")
    answer = shop.run("sources", "pull", "--tables")
    assert answer.code == 0
    assert "information: a query reads shop.nowhere, which does not exist (target sandbox)" in answer.out


def test_options_that_do_not_go_together(shop: Place) -> None:
    answer = shop.run("sources", "pull", "--tables", "people")
    assert answer.code == 64
    assert "P114 --tables keeps the tables that queries read, and takes no TABLE" in answer.err


WRONG = {
    "another version": ("version: 2\ntables: {}\n", "1:10 S004 `version` must be 1"),
    "empty": ("", "1:1 F006 the file is empty"),
    "no YAML": ("version: 1\ntables:\n\tx\n", "3:1 F007"),
    "a list": ("[1]", "1:1 S003"),
    "no version": ("tables: {}\n", "1:1 S002 `version` is missing"),
    "a table twice": (
        "version: 1\ntables:\n  s.a: {x: varchar}\n  s.a: {y: varchar}\n",
        '4:3 F008 "s.a" is given twice',
    ),
    "a column twice": ("version: 1\ntables:\n  s.a: {x: varchar, X: date}\n", '3:21 F008 the columns "x" and "X"'),
    "no database": ("version: 1\ntables:\n  people: {}\n", '3:3 S005 the name "people" must be a database and a table'),
    "capitals": ("version: 1\ntables:\n  Shop.People: {}\n", '3:3 S005 the name "Shop.People" must be'),
    "no columns": ("version: 1\ntables:\n  s.a: 5\n", "3:8 S003"),
    "a word for columns": ("version: 1\ntables:\n  s.a: whatever\n", "3:8 S005"),
    "no name": ("version: 1\ntables:\n  s.a: {'': varchar}\n", '3:9 S005 the name "" must be a column'),
    "no such type": ("version: 1\ntables:\n  s.a: {x: varchar, y: string}\n", '3:24 C023 "string" is not a type'),
    "an array of no type": ("version: 1\ntables:\n  s.a:\n    x: array(text)\n", '4:8 C023 "array(text)" is not'),
    "more than a type": ("version: 1\ntables:\n  s.a: {x: 'varchar), (1'}\n", "3:12 C023"),
    "a number": ("version: 1\ntables:\n  s.a: {x: 1}\n", "3:12 S003"),
    "a cohort": ("id: tables\nname: Tables\naudience: {sql: SELECT 1}\n", '1:1 S001 unknown name "id"'),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_told_at_its_place(shop: Place, name: str) -> None:
    text, told = WRONG[name]
    kept(shop).write_text(text, encoding="utf-8")
    answer = shop.run("validate")
    assert answer.code == 3
    assert f"cohorts/tables.yml:{told}" in answer.out
    assert shop.run("sources", "check").code == 3
    # it is written anew, whatever was wrong with it
    assert shop.run("sources", "pull", "--tables").code == 0
    assert kept(shop).read_text("utf-8") == READS


def test_a_wrong_name_and_a_wrong_kind_of_file(shop: Place) -> None:
    kept(shop).with_suffix(".yaml").write_text(READS, encoding="utf-8")
    assert "cohorts/tables.yaml:1:1 P002 the file of tables has the wrong name" in shop.run("validate").out
    kept(shop).with_suffix(".yaml").unlink()
    kept(shop).write_bytes(b"version: \xff\n")
    assert "cohorts/tables.yml:1:10 F004 the file is not UTF-8 text" in shop.run("validate").out
    kept(shop).unlink()
    kept(shop).symlink_to("/etc/hostname")
    assert "cohorts/tables.yml:1:1 F002" in shop.run("validate").out


def test_names_in_other_letters_are_written_so_that_they_can_be_read(shop: Place) -> None:
    shop.sql('CREATE TABLE shop.odd (customer_id VARCHAR, "größe" BIGINT, "order" BIGINT, "on" BIGINT, "1" BIGINT)')
    shop.cohort("odd", "SELECT customer_id FROM odd")
    shop.run("sources", "pull", "--tables")
    text = kept(shop).read_text("utf-8")
    columns = "'1': bigint", "customer_id: varchar", "'größe': bigint", "'on': bigint", "order: bigint", "time: bigint"
    assert "".join(f"    {column}\n" for column in columns) in text
    assert shop.run("sources", "check").code == 0
