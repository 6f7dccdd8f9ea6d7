"""Each kind of rule in plain English, and the page of a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from runner.report import described
from tests.place import Place
from tests.rules.test_rule_examples import HERE, asked


def test_every_rule_reads_as_a_sentence(tmp_path: Path) -> None:
    rules: dict[str, Any] = yaml.safe_load((HERE / "operators.yml").read_text("utf-8"))
    lines = []
    for number, (name, rule) in enumerate(rules.items()):
        text = yaml.safe_dump({"id": "me", "name": "Me", "audience": {"from": "customers", "where": rule}})
        found = asked(tmp_path / str(number), text)
        me = next(query.cohort for query in found.queries if query.cohort.id == "me")
        assert me.rule
        assert me.rule.where
        lines += [f"{name}:", *(f"    {line}" for line in described.of_rule(me.rule.where))]
    text = "\n".join(lines) + "\n"
    golden = HERE / "described.txt"
    assert text == (golden.read_text("utf-8") if golden.exists() else ""), f"{golden.name} should be:\n{text}"


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("{event: carts, within: 24h}", "any carts in the last 24 hours"),
        ("{event: carts, within: 48h}", "any carts in the last 48 hours"),
        ("{event: carts, within: 72h}", "any carts in the last 3 days"),
        ("{event: carts, within: 1h}", "any carts in the last 1 hour"),
        ("{event: carts, within: 1d}", "any carts in the last 1 day"),
        ("{event: carts, between: [-2d, -24h]}", "any carts from 2 days ago to 24 hours ago"),
        ("{column: last_seen, within_next: 24h}", "last_seen lies in the next 24 hours"),
        ("{column: birthday, within: 1d}", "birthday lies in the last 1 day"),
    ],
)
def test_hours_stay_hours(tmp_path: Path, rule: str, told: str) -> None:
    text = f"{{id: me, name: Me, audience: {{from: customers, where: {rule}}}}}\n"
    me = next(query.cohort for query in asked(tmp_path, text).queries if query.cohort.id == "me")
    assert described.who(me) == [f"Who: customers with {told}"]


@pytest.mark.parametrize(
    ("cron", "told"),
    [
        ("17 5 * * *", "at 05:17 every day"),
        ("7 * * * *", "at minute 7 of every hour"),
        ("0 6 * * MON", "at 06:00 on Monday"),
        ("0 6 1 * *", "at 06:00 on the first day of every month"),
    ],
)
def test_a_schedule_in_words(tmp_path: Path, cron: str, told: str) -> None:
    text = "audience: {from: customers, sample: {percent: 90, salt: best}}\n"
    schedule = f"schedule: {{cron: '{cron}', timezone: Europe/Berlin}}\n"
    found = asked(tmp_path, f"id: me\nname: Me\n{text}{schedule}")
    me = next(query.cohort for query in found.queries if query.cohort.id == "me")
    page = described.text(me, everybody=[], suppressed=False, sizes="")
    assert f"Refreshed:  {told} (Europe/Berlin)\n" in page
    assert "\nOf them 90 of a hundred, always the same people (salt best).\n" in page


def test_the_page_of_a_cohort(place: Place) -> None:
    place.project(extra="sources: {customers: {table: shop.customers, key: customer_id, columns: {spend: number}}}\n")
    place.cohort("vips", "SELECT customer_id FROM customers")
    rule = "{any: [{column: spend, gte: 5}, {cohort: vips}]}"
    text = f"id: rich\nname: Rich\ntags: [a]\naudience: {{from: customers, where: {rule}}}\nexpires: 2099-01-01\n"
    (place.folder / "cohorts" / "rich.yml").write_text(text, "utf-8")
    assert place.run("describe", "rich").out == (
        "Rich (rich)\n\n"
        "Who: customers with at least one of this:\n"
        "  - spend is at least 5\n"
        "  - in the cohort vips\n\n"
        "Braze is to hold exactly these people.\n\n"
        "Named by:   external_id (customer_id)\n"
        "Owner:      crm-team\n"
        "Tags:       a\n"
        "Reads:      customers (shop.customers)\n"
        "Uses:       vips\n"
        "Expires:    after 2099-01-01\n"
        "Tests:      none\n"
        "Members:    not synced yet (target sandbox)\n"
        "File:       cohorts/rich.yml\n"
    )
    assert place.run("sync").code == 0
    assert "Members:    3, just now (target sandbox)" in place.run("describe", "vips").out
    assert "Used by:    rich" in place.run("describe", "vips", TD_API_KEY="").out
    missing = place.run("describe", "vip")
    assert missing.code == 64
    assert "perhaps you meant vips" in missing.err
