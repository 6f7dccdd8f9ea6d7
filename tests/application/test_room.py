"""The application takes values and returns values, and start-up does not pay for it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tests.place import KEY, Place

ROOM = Path(__file__).parents[2] / "runner" / "application"

THE_DOOR = {"print", "input", "os.environ", "os.getenv", "sys.argv", "sys.stdin", "sys.stdout", "sys.stderr"}
"""What only the command line may use."""

STARTED = """
import sys
sys.argv = ["cohorts", *{arguments}]
from runner.cli import main
try:
    main()
except SystemExit:
    print(*sorted(sys.modules), file=sys.stderr)
"""


def names(tree: ast.AST) -> set[str]:
    """Every name that a module uses, and every attribute of a name."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(f"{node.value.id}.{node.attr}")
    return found


@pytest.mark.parametrize("module", sorted(ROOM.glob("*.py")), ids=lambda module: module.stem)
def test_it_neither_prints_nor_looks_at_the_process(module: Path) -> None:
    assert names(ast.parse(module.read_text("utf-8"))) & THE_DOOR == set()


def imported(folder: Path, *arguments: str) -> set[str]:
    """The modules that a command has imported when it ends."""
    program = STARTED.format(arguments=list(arguments))
    ended = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=True)
    return set(ended.stderr.split())


def test_help_imports_no_application(place: Place) -> None:
    found = imported(place.folder, "--help")
    assert "runner.cli" in found
    assert [name for name in found if name.startswith(("runner.application", "runner.report", "rich"))] == []


def test_a_sync_without_a_terminal_imports_no_view(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TD_API_KEY", KEY)
    place.cohort("vips", "SELECT customer_id FROM customers")
    found = imported(place.folder, "sync")
    assert place.members("vips") == {"ann", "bob", "eve"}
    assert "runner.report.progress" in found
    assert [name for name in found if name.startswith(("rich", "runner.cli.view"))] == []


def test_validate_imports_nothing_that_talks_to_a_service(place: Place) -> None:
    place.cohort("vips", "SELECT customer_id FROM customers")
    found = imported(place.folder, "validate")
    assert "runner.application.checking" in found
    assert found & {"tdclient", "requests", "urllib3", "stamina", "runner.sync", "runner.treasuredata"} == set()
