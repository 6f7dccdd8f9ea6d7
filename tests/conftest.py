"""What every test may use. Tripwires: nothing of ours is in the environment, only loopback can be reached."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.sandbox.options import Options, Shop
from runner.sandbox.server import running
from tests.place import Place

LONG = ("tests/machine/", "tests/workflows/")
"""What takes a minute at a time is begun first: at the end everybody would wait for it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first; otherwise in their order."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("TD_", "BRAZE_", "COHORTS_", "GITHUB_")) or name == "CI":
            monkeypatch.delenv(name)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A repository with a project file, and a sandbox with an empty shop, both its own."""
    (tmp_path / "cohorts").mkdir()
    with running(Options(shop=Shop(customers=1, purchases=1))) as url:
        made = Place(tmp_path, url)
        made.project()
        made.customers("ann", "bob", "eve")
        yield made
