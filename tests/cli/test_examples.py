"""The example cohorts, synced to a shop whose users have several identifiers each: exact, user by user."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import tdclient
from runner.sandbox.options import Options, Shop
from runner.sandbox.server import running
from tests.place import KEY, Place

ROOT = Path(__file__).parent.parent.parent
COLUMNS = {"user_ids": "external_id", "device_ids": "device"}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Place]:
    """The repository's own cohorts, beside a small shop."""
    shutil.copytree(ROOT / "cohorts", tmp_path / "cohorts")
    with running(Options(shop=Shop(customers=2_000, purchases=20_000))) as url:
        project = tmp_path / "cohorts" / "project.yml"
        project.write_text(project.read_text("utf-8").replace("http://127.0.0.1:8399", url), "utf-8")
        yield Place(tmp_path, url)


def found_by(users: list[dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Who Braze finds by an identifier; a device of somebody with an external id leads nowhere."""
    known: dict[tuple[str, str], str] = {}
    for user in users:
        names = [user["external_id"], *user["devices"], *user["aliases"].values()]
        shown = user["external_id"] or min(name for name in names if name)
        if user["external_id"]:
            known["external_id", user["external_id"]] = shown
        else:
            known |= {("device", device): shown for device in user["devices"]}
        known |= dict.fromkeys(user["aliases"].items(), shown)
    return known


def test_every_example_is_exact_per_user(shop: Place) -> None:
    assert shop.run("sync").code == 0
    users = requests.get(f"{shop.url}/sandbox/users", timeout=10).json()["users"]
    assert sum(bool(user["external_id"] and user["aliases"] and user["devices"]) for user in users) > 100
    people = found_by(users)
    rendered = re.split(r"^-- (\w+) · .*\n", shop.run("render").out, flags=re.MULTILINE)[1:]
    wanted: dict[str, set[str]] = {}
    with tdclient.Client(apikey=KEY, endpoint=f"{shop.url}/") as client:
        for cohort, sql in zip(rendered[::2], rendered[1::2], strict=True):
            column = re.search(r'AS "(\w+)"', sql)
            assert column
            job = client.query("shop", sql, type="trino")
            job.wait(wait_interval=0.05)
            by = COLUMNS.get(column[1], column[1])
            values = {people.get((by, row[0])) for row in job.result()}
            wanted[cohort] = wanted.get(cohort, set()) | {value for value in values if value}
    assert len(wanted) == 8
    assert {cohort: shop.members(cohort) for cohort in wanted} == wanted
    assert min(len(members) for members in wanted.values()) > 0


@pytest.mark.parametrize(
    ("cohort", "sql"),
    [
        ("example_cohort", 'TRIM(CAST(audience."external_id" AS VARCHAR)) AS member|user_ids'),
        ("example_devices", 'TRIM(CAST(audience."device_ids" AS VARCHAR)) AS member|device_ids'),
        ("example_aliases", 'TRIM(CAST(audience."email" AS VARCHAR)) AS member|email'),
    ],
)
def test_the_columns_of_the_integrations_documentation(shop: Place, cohort: str, sql: str) -> None:
    member, column = sql.split("|")
    out = shop.run("render", cohort).out
    assert f'SELECT DISTINCT member AS "{column}"\n' in out
    assert f"  SELECT {member}\n" in out
    assert out.count("SELECT") == 3
