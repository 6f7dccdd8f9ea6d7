"""`cohorts new` writes what is valid and tested; `cohorts fmt` moves keys with their comments, and no meaning."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from runner.definitions import layout
from runner.files import documents
from runner.files.documents import Document
from tests.place import Place

ROOT = Path(__file__).parents[2]
SOURCES = (ROOT / "tests" / "rules" / "project.yml").read_text("utf-8")


@pytest.fixture
def files(tmp_path: Path) -> Place:
    (tmp_path / "cohorts").mkdir()
    (tmp_path / "cohorts" / "project.yml").write_text(SOURCES, "utf-8")
    return Place(tmp_path, "http://127.0.0.1:1")


IDENTIFIERS = [
    "{external_id: customer_id}",
    "{external_id: customer_id, aliases: {email: email}}",
    "{aliases: {email: email}}",
    "{device_id: email}",
]


@pytest.mark.parametrize("named", IDENTIFIERS)
@pytest.mark.parametrize("how", [[], ["--from", "customers"], ["--event", "purchases"], ["--from", "companies"]])
def test_what_is_new_is_valid_and_its_test_passes(files: Place, named: str, how: list[str]) -> None:
    if "companies" in how and "email" in named:
        pytest.skip("companies have no e-mail")
    named = named.replace("customer_id", "company_id") if "companies" in how else named
    text = SOURCES.replace("{external_id: customer_id}", named, 1).replace("company_id: number", "company_id: text")
    (files.folder / "cohorts" / "project.yml").write_text(text, "utf-8")
    answer = files.run("new", "my_cohort", *how, "--folder", "cohorts/growth/", "--description", 'Say: "hi" # there')
    assert answer.code == 0, answer.err
    assert answer.out.startswith("cohorts/growth/my_cohort.yml is written")
    assert files.run("validate").out == "1 cohort checked: no problems.\n"
    told = files.run("test", "-s", "my_cohort")
    assert told.code == 0, told.out
    assert "it proves little" not in told.out
    made = yaml.safe_load((files.folder / "cohorts" / "growth" / "my_cohort.yml").read_text("utf-8"))
    assert made["description"] == 'Say: "hi" # there'
    assert "0 of 1 files" in files.run("fmt", "--check").out


@pytest.mark.parametrize("column", ["text", "number", "boolean", "date", "time", "list"])
def test_every_type_of_column_makes_a_rule(files: Place, column: str) -> None:
    text = SOURCES.replace("      country: text\n", f"      country: {column}\n")
    (files.folder / "cohorts" / "project.yml").write_text(text, "utf-8")
    assert files.run("new", "my_cohort").code == 0
    assert files.run("test").code == 0


def test_without_sources_it_is_sql(files: Place) -> None:
    head, _, tail = SOURCES.partition("sources:")
    (files.folder / "cohorts" / "project.yml").write_text(head + tail[tail.index("targets:") :], "utf-8")
    assert files.run("new", "my_cohort").code == 0
    assert "sql: |" in (files.folder / "cohorts" / "my_cohort.yml").read_text("utf-8")
    assert files.run("test").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 64, "no id"),
        (["My-Cohort"], 64, "write my_cohort"),
        (
            ["Big Spenders"],
            64,
            "P112 `id` must be lower-case letters, digits and underscores,"
            " but it is 'Big Spenders'; write big_spenders\n",
        ),
        (["9lives"], 3, "S005"),
        (["mine", "--from", "customer"], 64, "perhaps you meant customers"),
        (
            ["mine", "--from", "purchases"],
            64,
            "P112 purchases is a source of events, and --from takes people;"
            " write --from with one of: customers, companies; events go to --event purchases\n",
        ),
        (
            ["mine", "--event", "customers"],
            64,
            "P112 customers is a source of people, and --event takes events;"
            " write --event with one of: purchases, carts\n",
        ),
        (["mine", "--from", "nobody"], 64, "there is no such source 'nobody'; use one of: customers, companies"),
        (["mine", "--folder", "../elsewhere"], 64, "no folder under cohorts/"),
        (["mine", "--folder", "templates"], 64, "does not hold cohorts"),
        (["mine", "--name", "a\nb"], 3, "S005"),
    ],
)
def test_what_cannot_be_is_refused(files: Place, arguments: list[str], code: int, says: str) -> None:
    answer = files.run("new", *arguments)
    assert answer.code == code
    assert says in answer.err
    assert [path.name for path in (files.folder / "cohorts").rglob("*.yml")] == ["project.yml"]


def test_nothing_is_overwritten(files: Place) -> None:
    assert files.run("new", "mine").code == 0
    assert "is there already" in files.run("new", "mine").err
    assert "is there already: cohorts/mine.yml" in files.run("new", "mine", "--folder", "growth").err


MIXED = """\
# yaml-language-server: $schema=x
# about the file

# who it is for
name: Some   # as Braze shows it
tests:
  - name: one
    given: {}
    expect: []

# what it is
id: some
audience:
  sql: |
    SELECT a
    -- # id: not a key

    FROM b
# the end
"""
ORDERED = """\
# yaml-language-server: $schema=x
# about the file

# what it is
id: some
# who it is for
name: Some   # as Braze shows it
audience:
  sql: |
    SELECT a
    -- # id: not a key

    FROM b
# the end
tests:
  - name: one
    given: {}
    expect: []
"""


def formatted(text: str) -> str:
    document = documents.parse(text.encode(), "cohorts/some.yml")
    assert isinstance(document, Document), document
    return layout.formatted(document)


def test_keys_move_with_their_comments() -> None:
    assert formatted(MIXED) == ORDERED
    assert formatted(ORDERED) == ORDERED


def test_a_file_on_one_line_and_one_that_is_no_group_stay() -> None:
    assert formatted("{name: a, id: b}\n") == "{name: a, id: b}\n"
    assert formatted("[1, 2]\n") == "[1, 2]\n"
    assert formatted("{}\n") == "{}\n"


def test_the_command_writes_and_checks(files: Place) -> None:
    path = files.folder / "cohorts" / "some.yml"
    path.write_text(MIXED, "utf-8")
    check = files.run("fmt", "--check")
    assert (check.code, path.read_text("utf-8")) == (1, MIXED)
    assert check.out == "cohorts/some.yml would be brought into order\n1 of 1 files would change.\n"
    assert files.run("fmt").code == 0
    assert path.read_text("utf-8") == ORDERED
    assert files.run("fmt", "--check").code == 0
    (files.folder / "cohorts" / "bad.yml").write_text("id: [", "utf-8")
    assert files.run("fmt").code == 3


def test_the_examples_are_in_order(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "cohorts", tmp_path / "cohorts")
    assert Place(tmp_path, "").run("fmt", "--check").code == 0


PIECES = st.permutations(
    ["id: some\n", "name: |\n  a\n\n", "# c\nowner: x # y\n", "tags:\n- a\n\n\n", "audience: {sql: 'SELECT\n\n  1'}\n",
     "zebra: >-\n  b\n  c\n", "\n# d\nmode: add\n", "other: |+\n  a  \n\n"]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(pieces=PIECES, header=st.sampled_from(["", "# h\n\n", "---\n", "# yaml-language-server: x\n"]))
def test_order_changes_no_meaning_and_loses_no_line(pieces: list[str], header: str) -> None:
    text = header + "".join(pieces)
    again = formatted(text)
    assert formatted(again) == again

    def meant(of: str) -> Any:
        found = documents.parse(of.encode(), "cohorts/some.yml")
        assert isinstance(found, Document)
        return found.data

    assert meant(again) == meant(text)
    assert sorted(line.strip() for line in again.split("\n") if line.strip()) == sorted(
        line.strip() for line in text.split("\n") if line.strip()
    )
