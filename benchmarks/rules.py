"""A rule with five conditions on events against SQL written by hand for the same
people: size, and time in DuckDB.

`python benchmarks/rules.py`: medians of alternating runs on the sandbox's shop, and their ratio.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

from runner.definitions import rule_reader
from runner.files import documents
from runner.files.documents import Document
from runner.project import sources
from runner.sandbox import query
from runner.sandbox.options import Shop
from runner.sandbox.sample import fill_warehouse
from runner.sandbox.warehouse import Warehouse
from runner.sql.rule_writer import select

RUNS = 15
PROJECT = {
    "sources": {
        "customers": {
            "table": "shop.customers",
            "key": "customer_id",
            "columns": {"country": "text"},
        },
        "purchases": {
            "table": "shop.purchases",
            "join": "customer_id",
            "time": "time",
            "columns": {"category": "text", "amount": "number", "sku": "text"},
        },
    }
}
RULE = {
    "all": [
        {"column": "country", "in": ["US", "CA"]},
        {"event": "purchases", "within": "180d", "count": {"gte": 2}},
        {
            "event": "purchases",
            "within": "180d",
            "sum": {"column": "amount", "gte": 100},
        },
        {
            "event": "purchases",
            "within": "180d",
            "where": {"column": "category", "equals": "running"},
        },
        {
            "event": "purchases",
            "within": "180d",
            "distinct": {"column": "sku", "gte": 2},
        },
    ],
    "none": [{"event": "purchases", "within": "14d"}],
}
BY_HAND = """\
SELECT c.customer_id
FROM shop.customers AS c
JOIN (
  SELECT customer_id
  FROM shop.purchases
  WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-180d'), TD_SCHEDULED_TIME())
  GROUP BY customer_id
  HAVING COUNT(*) >= 2
    AND SUM(amount) >= 100
    AND COUNT_IF(category = 'running') >= 1
    AND COUNT(DISTINCT sku) >= 2
    AND MAX(time) < TD_TIME_ADD(TD_SCHEDULED_TIME(), '-14d')
) AS p ON p.customer_id = c.customer_id
WHERE c.country IN ('US', 'CA')"""


def main() -> None:
    """Run both in turn, and print what they took."""
    warehouse, now = Warehouse(), int(time.time())
    fill_warehouse(warehouse, Shop(), now)
    project = documents.parse(json.dumps(PROJECT).encode(), "project.yml")
    cohort = documents.parse(
        json.dumps({"audience": {"from": "customers", "where": RULE}}).encode(),
        "cohort.yml",
    )
    assert isinstance(project, Document)
    assert isinstance(cohort, Document)
    audience, problems = rule_reader.read(cohort, sources.read(project), {}, "UTC")
    assert audience, problems
    texts = {"the rule": select(audience, ["customer_id"], {}), "by hand": BY_HAND}
    took: dict[str, list[float]] = {name: [] for name in texts}
    found: dict[str, set[Any]] = {}
    for _ in range(RUNS):
        for name, sql in texts.items():
            begun = time.perf_counter()
            with warehouse.cursor() as cursor:
                answer = query.execute(
                    sql,
                    database="shop",
                    scheduled_time=now,
                    now=now,
                    warehouse=warehouse,
                    cursor=cursor,
                )
            took[name].append(time.perf_counter() - begun)
            found[name] = {row[0] for row in answer.rows} if answer else set()
    assert found["the rule"] == found["by hand"]
    for name, sql in texts.items():
        print(
            f"{name:9} {len(sql):6,} characters {statistics.median(took[name]) * 1000:7.1f} ms"
        )
    ratios = [
        one / other
        for one, other in zip(took["the rule"], took["by hand"], strict=True)
    ]
    print(
        f"{statistics.median(ratios):.2f} times, {len(found['by hand']):,} people found by both"
    )


if __name__ == "__main__":
    main()
