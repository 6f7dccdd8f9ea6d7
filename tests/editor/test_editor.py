"""What an editor shows of the published schemas: completion, hover and problems, by yaml-language-server itself.

It is a Node package, which `make test-editor` installs; without it these tests are skipped.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.editor.language_server import SERVER, LanguageServer
from tests.place import Place

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not SERVER, reason="yaml-language-server is not installed: make test-editor")

COHORT = """\
id: lapsed
name: Lapsed
audience:
  from: customers
  where:
    all:
      - event: purchases
        within: 90d
      - column: country
        equals: US
"""


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    """An editor of this repository's cohorts, with the project's own schema."""
    folder = tmp_path_factory.mktemp("editor")
    shutil.copytree(ROOT / "cohorts", folder / "cohorts")
    made = Place(folder, "").run("schema", "cohort", "--project")
    assert made.code == 0
    (folder / "cohort.schema.json").write_text(made.out, "utf-8")
    schemas = {
        (folder / "cohort.schema.json").as_uri(): ["cohorts/**/*.yml", "!cohorts/project.yml", "!cohorts/tables.yml"],
        (ROOT / "schema" / "project.schema.json").as_uri(): ["cohorts/project.yml"],
        (ROOT / "schema" / "tables.schema.json").as_uri(): ["cohorts/tables.yml"],
    }
    server = LanguageServer(folder, schemas)
    yield server
    server.close()


def test_a_good_file_has_no_problem(editor: LanguageServer) -> None:
    assert editor.open("cohorts/good.yml", COHORT) == []


def test_what_is_wrong_is_marked(editor: LanguageServer) -> None:
    found = editor.open("cohorts/bad.yml", COHORT.replace("within: 90d", "withn: 90d").replace("name: Lapsed\n", ""))
    assert any(("withn" in line and line.startswith("7: ")) or "withn" in line for line in found)
    assert any("name" in line for line in found)
    found = editor.open("cohorts/bad2.yml", COHORT.replace("event: purchases", "event: purchase"))
    assert len(found) == 1
    assert found[0].startswith("7: ")


def test_keys_are_offered_with_what_they_mean(editor: LanguageServer) -> None:
    editor.open("cohorts/keys.yml", COHORT + "\n")
    offered = editor.offered("cohorts/keys.yml", 11, 1)
    assert {"owner", "tags", "schedule", "guards", "tests"} <= offered.keys()
    editor.open("cohorts/rule.yml", COHORT.replace("        within: 90d\n", "        \n"))
    offered = editor.offered("cohorts/rule.yml", 8, 9)
    assert {"within", "count", "where", "none_after"} <= offered.keys()
    assert "nobody's count is 0" in offered["count"]


def test_names_of_the_project_are_offered(editor: LanguageServer) -> None:
    editor.open("cohorts/names.yml", COHORT.replace("event: purchases", "event: ").replace("from: customers", "from: "))
    assert "purchases" in editor.offered("cohorts/names.yml", 7, 16)
    assert "customers" in editor.offered("cohorts/names.yml", 4, 9)
    editor.open("cohorts/columns.yml", COHORT.replace("column: country", "column: "))
    offered = editor.offered("cohorts/columns.yml", 9, 17)
    assert {"country", "birthday", "category"} <= offered.keys()
    editor.open("cohorts/refers.yml", COHORT.replace("event: purchases\n        within: 90d", "cohort: "))
    assert {"vip_customers", "lapsed_buyers"} <= editor.offered("cohorts/refers.yml", 7, 17).keys()


def test_what_a_key_means_is_shown(editor: LanguageServer) -> None:
    editor.open("cohorts/hover.yml", COHORT)
    assert "Never change it" in editor.hover("cohorts/hover.yml", 1, 2)
    assert "that long before now" in editor.hover("cohorts/hover.yml", 8, 11)


def test_the_project_file_is_known_too(editor: LanguageServer) -> None:
    text = (ROOT / "cohorts" / "project.yml").read_text("utf-8")
    assert editor.open("cohorts/project.yml", text) == []
