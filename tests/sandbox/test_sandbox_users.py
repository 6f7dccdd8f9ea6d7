"""Users who are deleted or change their identifiers; cohorts hold profiles, so memberships stay with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests
from runner.sandbox.options import Options
from tests.sandbox.sandbox_world import World


@pytest.fixture
def known(make_world: Callable[[Options], World]) -> World:
    """Members of `a`: u1 (with an e-mail address) and the anonymous user of the device d2; u3 is not."""
    world = make_world(Options(shop=None))
    world.client.api.create_database("shop")
    world.users(
        {"external_id": "u1", "aliases": {"email": "one@example.com"}, "devices": ["d1"]},
        {"devices": ["d2"]},
        {"external_id": "u3"},
    )
    send(world, "SELECT 'u1' AS user_ids")
    send(world, "SELECT 'd2' AS device_ids")
    assert world.members("a") == ["d2", "u1"]
    return world


def send(world: World, sql: str, operation: str = "add") -> None:
    assert world.export(sql, cohort_id="a", operation=operation, aliases="email")[1]["status"] == "success"


def change(world: World, **fields: Any) -> requests.Response:
    return requests.post(f"{world.url}/sandbox/users", json={"change": [fields]}, timeout=10)


def test_a_deleted_user_is_in_no_cohort(known: World) -> None:
    assert known.admin("users", {"users": [{"external_id": "u1"}, {"devices": ["d9"]}]}, "DELETE") == {"users": 1}
    assert known.members("a") == ["d2"]
    known.users({"external_id": "u1"})
    assert known.members("a") == ["d2"]
    send(known, "SELECT 'u1' AS user_ids")
    assert known.members("a") == ["d2", "u1"]


def test_an_anonymous_user_is_identified_and_stays_a_member(known: World) -> None:
    assert change(known, who={"devices": ["d2"]}, gains={"external_id": "u2"}).json() == {"users": 0, "changed": 1}
    assert known.members("a") == ["u1", "u2"]
    send(known, "SELECT 'd2' AS device_ids", "remove")
    assert known.members("a") == ["u1", "u2"]  # the device leads there no more
    send(known, "SELECT 'u2' AS user_ids", "remove")
    assert known.members("a") == ["u1"]


def test_an_alias_is_gained_and_lost(known: World) -> None:
    change(known, who={"external_id": "u1"}, loses={"aliases": {"email": "one@example.com"}})
    send(known, "SELECT 'one@example.com' AS email", "remove")
    assert known.members("a") == ["d2", "u1"]
    change(known, who={"external_id": "u3"}, gains={"aliases": {"email": "one@example.com"}})
    send(known, "SELECT 'one@example.com' AS email")
    assert known.members("a") == ["d2", "u1", "u3"]


def test_a_label_holds_one_alias(known: World) -> None:
    change(known, who={"external_id": "u1"}, gains={"aliases": {"email": "new@example.com"}})
    assert known.admin("users")["users"][0]["aliases"] == {"email": "new@example.com"}


def test_a_device_changes_hands(known: World) -> None:
    known.users({"aliases": {"email": "four@example.com"}})
    change(known, who={"aliases": {"email": "four@example.com"}}, gains={"devices": ["d2"]})
    send(known, "SELECT 'd2' AS device_ids")
    assert known.members("a") == ["?", "d2", "u1"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"who": {"external_id": "nobody"}, "gains": {"devices": ["d"]}}, 404),
        ({"who": {"external_id": "u1"}, "gains": {"external_id": "u3"}}, 400),
        ({"who": {"external_id": "u1"}, "loses": {"external_id": "u1"}}, 400),
        ({"gains": {"external_id": "u1"}}, 400),
        ({"who": "u1"}, 400),
    ],
)
def test_changes_that_cannot_be(known: World, given: dict[str, Any], status: int) -> None:
    assert change(known, **given).status_code == status
    assert known.members("a") == ["d2", "u1"]
