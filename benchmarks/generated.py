"""Repositories of cohorts for benchmarks: a third rules, a third templates, a third SQL,
each cohort with a test. The same number gives the same files on every machine.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

SEED = 21
PER_FOLDER = 250
TEMPLATES = 10
COUNTRIES = ("AU", "CA", "DE", "FR", "GB", "JP", "US")
CATEGORIES = ("camping", "climbing", "cycling", "fishing", "running", "skiing")

PROJECT = """\
# A generated repository: python -m benchmarks
version: 1

defaults:
  owner: crm-team
  identifiers: {external_id: customer_id}
  schedule: {cron: "17 5 * * *"}
  max_age: 26h

guards:
  max_members: 40000

sources:
  customers:
    table: shop.customers
    key: customer_id
    columns:
      country: text
      email: {type: text, personal: true}
      birthday: date
      lifetime_value: {type: number, description: in dollars}
      tier: text
      email_opt_in: boolean
      time: time
  purchases:
    table: shop.purchases
    join: customer_id
    time: time
    columns:
      category: text
      sku: text
      amount: {type: number, description: in dollars}

vars:
  vip_spend: 1500

targets:
  production:
    site: us
    database: shop
    state_database: cohort_runner
    workspace: shop-us
    connection: braze_cohorts
"""

TABLES = """\
version: 1
tables:
  shop.customers:
    birthday: varchar
    country: varchar
    customer_id: varchar
    email: varchar
    email_opt_in: bigint
    lifetime_value: double
    tier: varchar
    time: bigint
  shop.purchases:
    amount: double
    category: varchar
    customer_id: varchar
    sku: varchar
    time: bigint
"""

MACRO = """\
{% macro recent(column, days) %}\
TD_INTERVAL({{ column | identifier }}, {{ "-" ~ days ~ "d" }}){% endmacro %}
"""

TEMPLATE = """\
{{# variant {number}: who bought of a category several times #}}
{{% from "macros/recent.sql" import recent %}}
SELECT customers.customer_id
FROM customers
JOIN purchases ON purchases.customer_id = customers.customer_id
WHERE purchases.category = {{{{ category }}}}
  AND customers.country IN {{{{ countries }}}}
  AND {{{{ recent("purchases.time", days) }}}}
  AND purchases.amount >= {number}
GROUP BY customers.customer_id
HAVING COUNT(*) >= {{{{ times }}}}
"""

HEAD = """\
id: {id}
name: "{kind} {number}: {category} in {one} and {other}"
description: >-
  Everybody in two countries who bought something for {category} at least {times} times in the last
  {days} days. Campaign {number} of the season writes to them; ask its owner before you change it.
owner: team-{team}
tags: [season, {category}, team-{team}]
"""

RULE = """\
audience:
  from: customers
  where:
    all:
      - {{column: country, in: [{one}, {other}]}}
      - {{column: email_opt_in, equals: true}}
      - event: purchases
        within: {days}d
        count: {{gte: {times}}}
        where: {{column: category, equals: {category}}}
    none:
      - {{column: lifetime_value, lt: {least}}}
"""

FROM_TEMPLATE = """\
audience:
  template: bought_{template}.sql
  params:
    category: {category}
    countries: [{one}, {other}]
    days: {days}
    times: {times}
"""

SQL = """\
audience:
  sql: |
    WITH bought AS (
      SELECT customer_id, COUNT(*) AS times, SUM(amount) AS spent
      FROM purchases
      WHERE category = '{category}'
        AND TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-{days}d'), TD_SCHEDULED_TIME())
      GROUP BY customer_id
    )
    SELECT c.customer_id
    FROM customers AS c
    JOIN bought AS b ON b.customer_id = c.customer_id
    WHERE c.country IN ('{one}', '{other}')
      AND b.times >= {times}
      AND COALESCE(c.lifetime_value, 0) >= {least}
"""

TEST = """\
guards: {{max_members: {most}}}
tests:
  - name: bought often enough, in one of the countries
    given:
      customers:
        - {{customer_id: often, country: {one}, email_opt_in: true, lifetime_value: 9000}}
        - {{customer_id: once, country: {other}, email_opt_in: true, lifetime_value: 9000}}
      purchases:
{purchases}
        - {{customer_id: once, category: {category}, amount: 90, time: -2d}}
    expect: [often]
"""

KINDS = (("rule", RULE), ("template", FROM_TEMPLATE), ("sql", SQL))


def write(folder: Path, cohorts: int) -> None:
    """Write a repository of so many cohorts."""
    top = folder / "cohorts"
    (top / "templates" / "macros").mkdir(parents=True)
    (top / "project.yml").write_text(PROJECT, "utf-8")
    (top / "tables.yml").write_text(TABLES, "utf-8")
    (top / "templates" / "macros" / "recent.sql").write_text(MACRO, "utf-8")
    for number in range(TEMPLATES):
        text = TEMPLATE.format(number=number + 1)
        (top / "templates" / f"bought_{number}.sql").write_text(text, "utf-8")
    for number in range(cohorts):
        path = file(folder, number)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text_of(number), "utf-8")


def file(folder: Path, number: int) -> Path:
    """Where a cohort stands; a folder holds some hundreds."""
    return (
        folder
        / "cohorts"
        / f"season_{number // PER_FOLDER:02}"
        / f"cohort_{number:05}.yml"
    )


def files(folder: Path, cohorts: int) -> tuple[Path, ...]:
    """The files of all cohorts."""
    return tuple(file(folder, number) for number in range(cohorts))


def change(folder: Path, number: int) -> None:
    """Change who belongs to a cohort."""
    file(folder, number).write_text(text_of(number, later=7), "utf-8")


def text_of(number: int, *, later: int = 0) -> str:
    """The file of a cohort; `later` days are added to its window."""
    random = Random(f"{SEED} {number}")
    kind, audience = KINDS[number % len(KINDS)]
    one, other = random.sample(COUNTRIES, 2)
    times = random.randint(2, 6)
    category = random.choice(CATEGORIES)
    purchase = (
        f"        - {{customer_id: often, category: {category}, amount: 90, time: -2d}}"
    )
    values = {
        "id": f"cohort_{number:05}",
        "number": number,
        "kind": kind.title(),
        "one": one,
        "other": other,
        "category": category,
        "times": times,
        "days": random.randint(14, 360) + later,
        "least": random.randint(10, 4000),
        "team": random.randint(1, 12),
        "template": random.randrange(TEMPLATES),
        "most": random.randint(10_000, 40_000),
        "purchases": "\n".join([purchase] * times),
    }
    return "".join(part.format(**values) for part in (HEAD, audience, TEST))
