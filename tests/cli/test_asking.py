"""Commands that ask check each answer when it is given, and ask again."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from runner.application.writing import id_of
from runner.errors import ExitCode
from tests.place import Place
from tests.terminal import CTRL_C, typed

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_new_cohort(place: Place) -> None:
    place.cohort("taken", "SELECT customer_id FROM customers")
    answers = ["Läpsed buyers (90 days)", "Bad Id", "taken", "", "People who lapsed"]
    code, screen = typed(place.folder, ["new"], answers)
    assert code == 0, screen
    assert "`id` must be lower-case letters, digits and underscores" in screen
    assert "the cohort taken is there already" in screen
    made = yaml.safe_load((place.folder / "cohorts" / "lapsed_buyers_90_days.yml").read_text("utf-8"))
    assert (made["id"], made["name"]) == ("lapsed_buyers_90_days", "Läpsed buyers (90 days)")
    assert made["description"] == "People who lapsed"


def test_a_new_repository(tmp_path: Path) -> None:
    where = ["cohort-runner", f"acme/cohort-runner@{COMMIT}", "mars", "us"]
    # nothing stands in for a database or a workspace
    named = ["", "  ", "My DB", "shop", "", " ", "shop-us"]
    answers = [*where, *named, "acme", "@acme/crm"]
    code, screen = typed(tmp_path, ["init", "made"], answers)
    assert code == 0, screen
    for refused in ("--runner cannot be", "--site cannot be", "--database must be", "--owner cannot be"):
        assert refused in screen
    for question in ("Database that queries read", "Your name for the Braze workspace"):
        assert f"{question}: " in screen
    made = yaml.safe_load((tmp_path / "made" / "cohorts" / "project.yml").read_text("utf-8"))
    target = made["targets"]["production"]
    assert (target["database"], target["workspace"]) == ("shop", "shop-us")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("VIP customers", "vip_customers"), ("Käufer (90 Tage)", "kaufer_90_tage"), ("  a--b  ", "a_b"), ("日本", "")],
)
def test_an_id_follows_from_a_name(name: str, wanted: str) -> None:
    assert id_of(name) == wanted


@pytest.mark.parametrize(
    ("arguments", "answers", "on"),
    [
        (["new"], ["Läpsed buyers", "", CTRL_C], "cohorts new --name 'Läpsed buyers' lapsed_buyers\n"),
        (
            ["init", "made", "--target", "live"],
            [f"acme/cohort-runner@{COMMIT}", "eu", CTRL_C],
            f"cohorts init made --target live --runner acme/cohort-runner@{COMMIT} --site eu\n",
        ),
    ],
)
def test_what_was_typed_is_not_lost(place: Place, arguments: list[str], answers: list[str], on: str) -> None:
    code, screen = typed(place.folder, arguments, answers)
    assert code == ExitCode.INTERRUPTED
    assert f"Nothing was written. To go on from here: {on}" in screen
    assert "ledger" not in screen


def test_only_answers_that_were_taken_go_on(place: Place) -> None:
    place.project(
        extra="sources:\n"
        "  people: {table: shop.people, key: customer_id, columns: {}}\n"
        "  guests: {table: shop.guests, key: customer_id, columns: {}}\n"
    )
    # a bad id, the one that is proposed, and no description
    _, screen = typed(place.folder, ["new"], ["VIPs", "Bad Id", "", "", CTRL_C])
    assert "To go on from here: cohorts new --name VIPs vips\n" in screen
