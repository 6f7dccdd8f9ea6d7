"""Each kind of rule in plain English, and the page of a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
