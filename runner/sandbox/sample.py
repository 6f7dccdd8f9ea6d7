"""A small shop to try cohorts on: customers, purchases and who of them Braze knows; the
same at every start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from runner.sandbox.braze import Braze, User
from runner.sandbox.options import Shop
from runner.sandbox.warehouse import Warehouse

SEED = 20240229
DAY = 86_400

EXAMPLE = (
    ("TDCohort1", "1a2b3c"),
    ("TDCohort2", "4d5f6g"),
    ("TDCohort3", "7h8j9k"),
    ("TDCohort4", "1ab2cd"),
)
"""External ids and devices of the example in the integration's documentation; Braze
knows the last by device alone.
"""

People = Sequence[tuple[str, str, str]]
"""Customers that Braze knows: the external id, the email, the device."""

SHOP = "shop"
TABLES = frozenset({"customers", "purchases", "example_cohort_table"})
"""The database of the sample shop, and its tables."""

ANONYMOUS = 5
"""Users that Braze knows only by a device."""


def _share(salt: str, *, of: str = "n") -> str:
    """SQL of a number in [0, 1) that depends on a column and the salt alone."""
    # one text, not several arguments: DuckDB combines the hashes of arguments so that
    # salted numbers are related
    return f"(hash('{SEED} {salt} ' || {of}) / 18446744073709551616.0)"


def _id(prefix: str, digits: int, number: str) -> str:
    """SQL of an identifier such as c000001."""
    return f"'{prefix}' || lpad(CAST({number} AS VARCHAR), {digits}, '0')"


# a lifetime value is log-normal: half of them above 555, a tenth from 2000 on, the best cut at 5000
CUSTOMERS = f"""
CREATE TABLE shop.customers AS
SELECT
  {_id("c", 6, "n")} AS customer_id,
  'customer' || n || '@example.com' AS email,
  CASE WHEN country < 0.45 THEN 'US' WHEN country < 0.60 THEN 'CA' WHEN country < 0.73 THEN 'GB'
    WHEN country < 0.83 THEN 'DE' WHEN country < 0.91 THEN 'FR' WHEN country < 0.97 THEN 'JP' \
ELSE 'AU' END AS country,
  strftime(DATE '1950-01-01' + CAST(floor({_share("birthday")} * 20450) AS INTEGER), '%Y-%m-%d') \
AS birthday,
  value AS lifetime_value,
  CAST({_share("opt in")} < 0.7 AS BIGINT) AS email_opt_in,
  CASE WHEN value < 700 THEN 'bronze' WHEN value < 2000 THEN 'silver' ELSE 'gold' END AS tier,
  'd' || left(md5('device' || n), 12) AS device_id,
  CAST(? - (1 + floor({_share("signed up")} * 1095 * {DAY})) AS BIGINT) AS time
FROM (
  SELECT
    n,
    {_share("country")} AS country,
    round(least(5000, exp(6.32 + sqrt(-2 * ln(1 - {_share("value")})) * cos(2 * pi() * \
{_share("angle")}))), 2) AS value
  FROM range(1, ? + 1) AS numbers (n)
)
"""

# 15 % of the customers never buy; three in ten of those who do stopped at least 120 days ago
PURCHASES = f"""
CREATE TABLE shop.purchases AS
SELECT
  {_id("p", 7, "n")} AS purchase_id,
  {_id("c", 6, "buyer")} AS customer_id,
  CASE WHEN kind < 0.28 THEN 'running' WHEN kind < 0.50 THEN 'outdoor' WHEN kind < 0.72 THEN 'home'
    WHEN kind < 0.87 THEN 'kids' ELSE 'electronics' END AS category,
  {_id("SKU-", 4, "article")} AS sku,
  round(5 + 245 * pow({_share("amount")}, 2), 2) AS amount,
  CAST(? - CASE WHEN {_share("lapsed", of="buyer")} < 0.3 THEN 120 * {DAY} ELSE 0 END
    - (1 + floor(pow({_share("when")}, 3) * 610 * {DAY})) AS BIGINT) AS time
FROM (
  SELECT
    n,
    {_share("kind")} AS kind,
    CAST(floor({_share("sku")} * 500) AS BIGINT) AS article,
    1 + CAST(floor(pow({_share("buyer")}, 1.5) * greatest(1, total * 0.85)) AS BIGINT) * 7919 % \
total AS buyer
  FROM (SELECT CAST(? AS BIGINT) AS total), range(1, ? + 1) AS numbers (n)
)
"""

KNOWN = (
    "SELECT customer_id, email, device_id FROM shop.customers"
    f" WHERE {_share('known', of='customer_id')} < 0.96"
)


def fill_warehouse(warehouse: Warehouse, shop: Shop, now: int) -> None:
    """Make the database `shop`; times lie before `now` (unix seconds)."""
    warehouse.create_database(SHOP)
    warehouse.fetch(CUSTOMERS, [now, shop.customers])
    warehouse.fetch(PURCHASES, [now, shop.customers, shop.purchases])
    rows = ", ".join(
        f"('{name}', '{name}@gmail.com', '{device}', {now})" for name, device in EXAMPLE
    )
    warehouse.fetch(
        "CREATE TABLE shop.example_cohort_table AS"
        f" SELECT external_id, email, device_ids, CAST(time AS BIGINT) AS time"
        f" FROM (VALUES {rows}) AS rows (external_id, email, device_ids, time)"
    )


def known(warehouse: Warehouse) -> People:
    """The customers of the database `shop` whom Braze knows, as they are now."""
    return [
        (customer, email, device)
        for customer, email, device in warehouse.fetch(f"{KNOWN} ORDER BY 1")
    ]


def _users(people: People) -> Iterator[User]:
    """Every third has no email, and every second no device."""
    for number, (customer, email, device) in enumerate(people):
        aliases: set[tuple[str, str]] = set()
        devices: set[str] = set()
        if number % 3:
            aliases.add(("email", email))
        if number % 2:
            devices.add(device)
        yield User(customer, frozenset(aliases), frozenset(devices))


def fill_braze(people: People, braze: Braze) -> None:
    """Give a workspace the users that it knows of the database `shop`."""
    braze.put_users(_users(people))
    users = []
    for name, device in EXAMPLE[:-1]:
        alias = ("email", f"{name}@gmail.com")
        user = User(name, frozenset({alias}), frozenset({device}))
        users.append(user)
    braze.put_users(users)
    braze.put_users([User(devices=frozenset({EXAMPLE[-1][1]}))])
    braze.put_users(
        User(devices=frozenset({f"anonymous-{number}"})) for number in range(ANONYMOUS)
    )
