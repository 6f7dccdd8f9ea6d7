"""No cohort is sent again because this tool was changed: the fingerprints of many, as an earlier version made them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from runner.definitions import tree
from runner.project import file as project
from runner.project.file import Project
from runner.sql.wanted import Wanted, wanted

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
RULES = HERE.parent / "rules"
KEPT: dict[str, str] = json.loads((HERE / "fingerprints.json").read_text("utf-8"))
"""Made at commit b4f58d7. What is in here stays: a fingerprint that changes is a cohort that is sent again."""

SUPPRESS = """\
suppress:
- {table: shop.out, identifiers: {external_id: customer_id, device_id: device, aliases: {email: mail, phone: phone}}}
- {table: crm.gone, identifiers: {external_id: id, device_id: device, aliases: {email: mail, phone: phone}}}
"""


def asked(root: Path, target: str = "sandbox") -> Wanted:
    loaded = project.load(root)
    assert isinstance(loaded, Project)
    return wanted(tree.load(root, loaded), loaded.targets[target])


def of_examples() -> Iterator[tuple[str, str]]:
    """Those of this repository, for both targets. `vip_customers` was mended since, and is another cohort now."""
    for prefix, target in (("examples", "sandbox"), ("examples/production", "production")):
        for query in asked(ROOT, target).queries:
            if query.cohort.id != "vip_customers":
                yield f"{prefix}/{query.cohort.id}", query.fingerprint


def of_operators(root: Path) -> Iterator[tuple[str, str]]:
    """One rule of every kind."""
    shutil.copytree(RULES / "others", root / "cohorts")
    shutil.copy(RULES / "project.yml", root / "cohorts" / "project.yml")
    shutil.copytree(RULES / "lists", root / "cohorts" / "lists")
    rules: dict[str, Any] = yaml.safe_load((RULES / "operators.yml").read_text("utf-8"))
    for name, rule in rules.items():
        cohort = {"id": "me", "name": "Me", "audience": {"from": "customers", "where": rule}}
        (root / "cohorts" / "me.yml").write_text(yaml.safe_dump(cohort), encoding="utf-8")
        yield from ((f"operators/{name}", each.fingerprint) for each in asked(root).queries if each.cohort.id == "me")


def of_valid(root: Path, prefix: str, more: str) -> Iterator[tuple[str, str]]:
    """Cohorts that are written in SQL; `more` is put into the project's file."""
    (root / "cohorts").mkdir()
    shutil.copytree(HERE / "templates", root / "cohorts" / "templates")
    (root / "cohorts" / "project.yml").write_text(more + (HERE / "project.yml").read_text("utf-8"), encoding="utf-8")
    for example in sorted((HERE / "valid").glob("*.yml")):
        made = shutil.copy(example, root / "cohorts" / example.name)
        for query in asked(root).queries:
            yield f"{prefix}/{example.stem}", query.fingerprint
        Path(made).unlink()


def of(names: str) -> dict[str, str]:
    """Fingerprints kept whose names begin so."""
    return {name: kept for name, kept in KEPT.items() if name.startswith(f"{names}/")}


def test_examples_keep_their_fingerprints() -> None:
    assert dict(of_examples()) == of("examples")


def test_rules_keep_their_fingerprints(tmp_path: Path) -> None:
    assert dict(of_operators(tmp_path / "root")) == of("operators")


@pytest.mark.parametrize(("prefix", "more"), [("valid", ""), ("suppressed valid", SUPPRESS)])
def test_queries_keep_their_fingerprints(prefix: str, more: str, tmp_path: Path) -> None:
    assert dict(of_valid(tmp_path, prefix, more)) == of(prefix)
