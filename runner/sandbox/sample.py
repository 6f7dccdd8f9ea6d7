"""A small shop to try cohorts on: customers, purchases and who of them Braze knows; the same at every start."""

from __future__ import annotations

from runner.sandbox.braze import Braze, User
from runner.sandbox.options import Shop
from runner.sandbox.warehouse import Warehouse

SEED = 20240229
DAY = 86_400

EXAMPLE = (("TDCohort1", "1a2b3c"), ("TDCohort2", "4d5f6g"), ("TDCohort3", "7h8j9k"), ("TDCohort4", "1ab2cd"))
"""External ids and devices of the example in the documentation of the integration; Braze does not know the last."""

ANONYMOUS = 5
"""Users that Braze knows only by a device."""


def _share(salt: str) -> str:
    """SQL of a number in [0, 1) that depends on `n` and the salt alone."""
    # one text, not several arguments: DuckDB combines the hashes of arguments so that salted numbers are related
    return f"(hash('{SEED} {salt} ' || n) / 18446744073709551616.0)"


CUSTOMERS = f"""
CREATE TABLE shop.customers AS
SELECT
  'c' || lpad(CAST(n AS VARCHAR), 6, '0') AS customer_id,
  'customer' || n || '@example.com' AS email,
  CASE WHEN country < 0.45 THEN 'US' WHEN country < 0.60 THEN 'CA' WHEN country < 0.73 THEN 'GB'
    WHEN country < 0.83 THEN 'DE' WHEN country < 0.91 THEN 'FR' WHEN country < 0.97 THEN 'JP' ELSE 'AU' END AS country,
  strftime(DATE '1950-01-01' + CAST(floor({_share("birthday")} * 20450) AS INTEGER), '%Y-%m-%d') AS birthday,
  round(2500 * pow(value, 3), 2) AS lifetime_value,
  CAST({_share("opt in")} < 0.7 AS BIGINT) AS email_opt_in,
  CASE WHEN value < 0.6 THEN 'bronze' WHEN value < 0.9 THEN 'silver' ELSE 'gold' END AS tier,
  'd' || left(md5('device' || n), 12) AS device_id,
  CAST(? - (1 + floor({_share("signed up")} * 1095 * {DAY})) AS BIGINT) AS time
FROM (SELECT n, {_share("country")} AS country, {_share("value")} AS value FROM range(1, ? + 1) AS numbers (n))
"""

# a fifth of the customers never buys, every fourth buyer stopped at least 120 days ago
PURCHASES = f"""
CREATE TABLE shop.purchases AS
SELECT
  'p' || lpad(CAST(n AS VARCHAR), 7, '0') AS purchase_id,
  'c' || lpad(CAST(buyer AS VARCHAR), 6, '0') AS customer_id,
  CASE WHEN kind < 0.25 THEN 'running' WHEN kind < 0.45 THEN 'outdoor' WHEN kind < 0.65 THEN 'home'
    WHEN kind < 0.80 THEN 'kids' WHEN kind < 0.92 THEN 'electronics' ELSE 'garden' END AS category,
  'SKU-' || lpad(CAST(CAST(floor({_share("sku")} * 500) AS INTEGER) AS VARCHAR), 4, '0') AS sku,
  round(5 + 245 * pow({_share("amount")}, 2), 2) AS amount,
  CAST(? - CASE WHEN hash({SEED}, 'lapsed', buyer) % 4 = 0 THEN 120 * {DAY} ELSE 0 END
    - (1 + floor(pow({_share("when")}, 3) * 610 * {DAY})) AS BIGINT) AS time
FROM (
  SELECT n, {_share("kind")} AS kind, 1 + CAST(floor(pow({_share("buyer")}, 1.5) * buyers) AS BIGINT) AS buyer
  FROM (SELECT n, greatest(1, CAST(? * 0.8 AS BIGINT)) AS buyers FROM range(1, ? + 1) AS numbers (n))
)
"""

KNOWN = f"SELECT customer_id, email, device_id FROM shop.customers WHERE hash({SEED}, 'known', customer_id) % 100 < 96"


def fill(warehouse: Warehouse, braze: Braze, shop: Shop, now: int) -> None:
    """Make the database `shop` and Braze's users; times lie before `now` (unix seconds)."""
    warehouse.create_database("shop")
    warehouse.fetch(CUSTOMERS, [now, shop.customers])
    warehouse.fetch(PURCHASES, [now, shop.customers, shop.purchases])
    rows = ", ".join(f"('{name}', '{name}@gmail.com', '{device}', {now})" for name, device in EXAMPLE)
    warehouse.fetch(
        "CREATE TABLE shop.example_cohort_table AS"
        f" SELECT external_id, email, device_ids, CAST(time AS BIGINT) AS time"
        f" FROM (VALUES {rows}) AS rows (external_id, email, device_ids, time)"
    )
    braze.put_users(
        User(customer, frozenset({("email", email)} if number % 3 else ()), frozenset({device}))
        for number, (customer, email, device) in enumerate(warehouse.fetch(f"{KNOWN} ORDER BY 1"))
    )
    braze.put_users(
        User(name, frozenset({("email", f"{name}@gmail.com")}), frozenset({device})) for name, device in EXAMPLE[:-1]
    )
    braze.put_users(User(devices=frozenset({f"anonymous-{number}"})) for number in range(ANONYMOUS))
