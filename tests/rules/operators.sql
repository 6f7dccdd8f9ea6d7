-- equals
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.country = 'US'

-- equals, a quote in it
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.country = 'O''Neil -- /* ; {{ x }}'

-- equals, a number
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.lifetime_value = (-2.5)

-- equals, true
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE CAST(customers.email_opt_in AS BOOLEAN)

-- equals, false
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE NOT CAST(customers.email_opt_in AS BOOLEAN)

-- equals, a date
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.birthday = '1990-02-28'

-- not_equals
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.country IS DISTINCT FROM 'US'

-- not_equals, true
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE COALESCE(NOT (CAST(customers.email_opt_in AS BOOLEAN)), TRUE)

-- in
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.country IN ('US', 'CA')

-- in a file
WITH purchases_ever AS (
  SELECT customer_id,
    COUNT(*) AS count_1
  FROM shop.purchases
  WHERE sku IN ('SKU-1', 'SKU-2')
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_ever ON purchases_ever.customer_id = customers.customer_id
WHERE purchases_ever.count_1 >= 1

-- in a file of numbers
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.lifetime_value IN (10, 2.5)

-- not_in
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE COALESCE(customers.country NOT IN ('US', 'CA'), TRUE)

-- gt and lte
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.lifetime_value > 100
  AND customers.lifetime_value <= 500

-- between, numbers
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.lifetime_value >= 100
  AND customers.lifetime_value <= 500

-- contains
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE STRPOS(customers.country, 'S') > 0

-- contains one of several
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE (STRPOS(customers.country, 'S') > 0 OR STRPOS(customers.country, 'A%') > 0)

-- starts_with
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE STARTS_WITH(customers.country, 'U')

-- ends_with
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE SUBSTR(customers.country, -2) = 'SS'

-- matches
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE REGEXP_LIKE(customers.country, '^[A-Z]{2}$')

-- is_null
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.country IS NULL

-- is not null
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.country IS NOT NULL

-- before, a date
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.birthday < '2000-01-01'

-- after, a date
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.birthday >= '2000-01-02'

-- before, a time
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE TD_TIME_RANGE(customers.last_seen, NULL, '2026-01-01', 'Europe/Berlin')

-- after, a time
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE TD_TIME_RANGE(customers.last_seen, '2026-01-02', NULL, 'Europe/Berlin')

-- within, a time
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE TD_TIME_RANGE(customers.last_seen, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-36h'), TD_SCHEDULED_TIME())

-- within, a date
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.birthday >= TD_TIME_FORMAT(TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'Europe/Berlin') - 475200, 'yyyy-MM-dd', 'Europe/Berlin') AND customers.birthday < TD_TIME_FORMAT(TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'Europe/Berlin') + 129600, 'yyyy-MM-dd', 'Europe/Berlin')

-- within_next, a time
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE TD_TIME_RANGE(customers.last_seen, TD_SCHEDULED_TIME(), TD_TIME_ADD(TD_SCHEDULED_TIME(), '14d'))

-- within_next, a date
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.birthday >= TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'yyyy-MM-dd', 'Europe/Berlin') AND customers.birthday < TD_TIME_FORMAT(TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'Europe/Berlin') + 648000, 'yyyy-MM-dd', 'Europe/Berlin')

-- between times from now
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE TD_TIME_RANGE(customers.last_seen, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-30d'), TD_TIME_ADD(TD_SCHEDULED_TIME(), '-7d'))

-- between dates
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.birthday >= '2026-03-01' AND customers.birthday < '2026-04-01'

-- between days, a time
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE TD_TIME_RANGE(customers.last_seen, '2026-03-01', '2026-04-01', 'Europe/Berlin')

-- calendar, a time
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE TD_TIME_RANGE(customers.last_seen, TD_DATE_TRUNC('month', TD_DATE_TRUNC('month', TD_SCHEDULED_TIME(), 'Europe/Berlin') - 1, 'Europe/Berlin'), TD_DATE_TRUNC('month', TD_SCHEDULED_TIME(), 'Europe/Berlin'))

-- calendar, a date
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers.birthday >= TD_TIME_FORMAT(TD_DATE_TRUNC('week', TD_SCHEDULED_TIME(), 'Europe/Berlin'), 'yyyy-MM-dd', 'Europe/Berlin') AND customers.birthday < TD_TIME_FORMAT(TD_DATE_TRUNC('week', TD_DATE_TRUNC('week', TD_SCHEDULED_TIME(), 'Europe/Berlin') + 691200, 'Europe/Berlin'), 'yyyy-MM-dd', 'Europe/Berlin')

-- anniversary_within_next
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE CASE WHEN TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'MM-dd', 'Europe/Berlin') <= CASE WHEN TD_TIME_FORMAT(TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'Europe/Berlin') + 648000, 'MM-dd', 'Europe/Berlin') = '03-01' THEN '02-29' ELSE TD_TIME_FORMAT(TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'Europe/Berlin') + 561600, 'MM-dd', 'Europe/Berlin') END
    THEN SUBSTR(customers.birthday, 6, 5) BETWEEN TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'MM-dd', 'Europe/Berlin') AND CASE WHEN TD_TIME_FORMAT(TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'Europe/Berlin') + 648000, 'MM-dd', 'Europe/Berlin') = '03-01' THEN '02-29' ELSE TD_TIME_FORMAT(TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'Europe/Berlin') + 561600, 'MM-dd', 'Europe/Berlin') END
    ELSE SUBSTR(customers.birthday, 6, 5) >= TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'MM-dd', 'Europe/Berlin') OR SUBSTR(customers.birthday, 6, 5) <= CASE WHEN TD_TIME_FORMAT(TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'Europe/Berlin') + 648000, 'MM-dd', 'Europe/Berlin') = '03-01' THEN '02-29' ELSE TD_TIME_FORMAT(TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'Europe/Berlin') + 561600, 'MM-dd', 'Europe/Berlin') END
  END

-- any_of
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE (CONTAINS(customers.tags, 'gold') OR CONTAINS(customers.tags, 'silver'))

-- all_of
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE (CONTAINS(customers.tags, 'gold') AND CONTAINS(customers.tags, 'silver'))

-- a reserved word
SELECT customers.customer_id
FROM shop.customers AS customers
WHERE customers."order" >= 1

-- event, ever
WITH purchases_ever AS (
  SELECT customer_id,
    COUNT(*) AS count_1
  FROM shop.purchases
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_ever ON purchases_ever.customer_id = customers.customer_id
WHERE purchases_ever.count_1 >= 1

-- event, an hour ago counts
WITH purchases_last_90d AS (
  SELECT customer_id,
    COUNT(*) AS count_1
  FROM shop.purchases
  WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-90d'), TD_SCHEDULED_TIME())
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_last_90d ON purchases_last_90d.customer_id = customers.customer_id
WHERE purchases_last_90d.count_1 >= 1

-- event, never
WITH purchases_ever AS (
  SELECT customer_id,
    COUNT(*) AS count_1
  FROM shop.purchases
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_ever ON purchases_ever.customer_id = customers.customer_id
WHERE COALESCE(purchases_ever.count_1, 0) < 1

-- event, today
WITH purchases_today AS (
  SELECT customer_id,
    COUNT(*) AS count_1
  FROM shop.purchases
  WHERE TD_TIME_RANGE(time, TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'Europe/Berlin'), TD_DATE_TRUNC('day', TD_DATE_TRUNC('day', TD_SCHEDULED_TIME(), 'Europe/Berlin') + 108000, 'Europe/Berlin'))
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_today ON purchases_today.customer_id = customers.customer_id
WHERE purchases_today.count_1 >= 1

-- event, between days
WITH purchases_then AS (
  SELECT customer_id,
    COUNT(*) AS count_1
  FROM shop.purchases
  WHERE TD_TIME_RANGE(time, '2026-03-01', '2026-04-01', 'Europe/Berlin')
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_then ON purchases_then.customer_id = customers.customer_id
WHERE purchases_then.count_1 >= 1

-- event, between times
WITH purchases_then AS (
  SELECT customer_id,
    COUNT(*) AS count_1
  FROM shop.purchases
  WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-60d'), TD_TIME_ADD(TD_SCHEDULED_TIME(), '-30d'))
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_then ON purchases_then.customer_id = customers.customer_id
WHERE purchases_then.count_1 >= 1

-- count
WITH purchases_last_90d AS (
  SELECT customer_id,
    COUNT(*) AS count_1
  FROM shop.purchases
  WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-90d'), TD_SCHEDULED_TIME())
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_last_90d ON purchases_last_90d.customer_id = customers.customer_id
WHERE purchases_last_90d.count_1 >= 2

-- count of those who may have none
WITH purchases_last_90d AS (
  SELECT customer_id,
    COUNT(*) AS count_1
  FROM shop.purchases
  WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-90d'), TD_SCHEDULED_TIME())
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_last_90d ON purchases_last_90d.customer_id = customers.customer_id
WHERE COALESCE(purchases_last_90d.count_1, 0) < 2

-- distinct
WITH purchases_ever AS (
  SELECT customer_id,
    COUNT(DISTINCT sku) AS count_1
  FROM shop.purchases
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_ever ON purchases_ever.customer_id = customers.customer_id
WHERE purchases_ever.count_1 >= 3

-- sum
WITH purchases_ever AS (
  SELECT customer_id,
    SUM(amount) AS sum_1
  FROM shop.purchases
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_ever ON purchases_ever.customer_id = customers.customer_id
WHERE (purchases_ever.sum_1 > 100 AND COALESCE(purchases_ever.sum_1, 0) <= 500)

-- sum, the rest
WITH purchases_ever AS (
  SELECT customer_id,
    SUM(amount) AS sum_1
  FROM shop.purchases
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_ever ON purchases_ever.customer_id = customers.customer_id
WHERE COALESCE(NOT (purchases_ever.sum_1 > 100), TRUE)

-- avg
WITH purchases_ever AS (
  SELECT customer_id,
    AVG(amount) AS avg_1
  FROM shop.purchases
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_ever ON purchases_ever.customer_id = customers.customer_id
WHERE purchases_ever.avg_1 >= 50

-- min
WITH purchases_ever AS (
  SELECT customer_id,
    MIN(amount) AS min_1
  FROM shop.purchases
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_ever ON purchases_ever.customer_id = customers.customer_id
WHERE purchases_ever.min_1 >= 5

-- max
WITH purchases_ever AS (
  SELECT customer_id,
    MAX(amount) AS max_1
  FROM shop.purchases
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_ever ON purchases_ever.customer_id = customers.customer_id
WHERE (purchases_ever.max_1 >= 50 AND purchases_ever.max_1 <= 100)

-- where of an event
WITH purchases_last_30d AS (
  SELECT customer_id,
    COUNT(*) AS count_1
  FROM shop.purchases
  WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-30d'), TD_SCHEDULED_TIME())
    AND (category IN ('kids', 'home') AND COALESCE(NOT (amount < 10), TRUE))
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_last_30d ON purchases_last_30d.customer_id = customers.customer_id
WHERE purchases_last_30d.count_1 >= 1

-- none_after
WITH carts_last_7d AS (
  SELECT customer_id,
    COUNT(*) AS count_1,
    MAX(time) AS max_2
  FROM carts
  WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-7d'), TD_SCHEDULED_TIME())
  GROUP BY customer_id
),
purchases_last_7d AS (
  SELECT customer_id,
    MAX(time) AS max_1
  FROM shop.purchases
  WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-7d'), TD_SCHEDULED_TIME())
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN carts_last_7d ON carts_last_7d.customer_id = customers.customer_id
LEFT JOIN purchases_last_7d ON purchases_last_7d.customer_id = customers.customer_id
WHERE (
    carts_last_7d.count_1 >= 1
    AND carts_last_7d.max_2 IS NOT NULL
    AND COALESCE(purchases_last_7d.max_1 <= carts_last_7d.max_2, TRUE)
  )

-- cohort
WITH cohort_churned AS (
  SELECT DISTINCT customer_id
  FROM (
    WITH purchases_last_365d AS (
      SELECT customer_id,
        COUNT(*) AS count_1
      FROM shop.purchases
      WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-365d'), TD_SCHEDULED_TIME())
      GROUP BY customer_id
    )
    SELECT customers.customer_id
    FROM shop.customers AS customers
    LEFT JOIN purchases_last_365d ON purchases_last_365d.customer_id = customers.customer_id
    WHERE COALESCE(purchases_last_365d.count_1, 0) < 1
  ) AS members
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN cohort_churned ON cohort_churned.customer_id = customers.customer_id
WHERE cohort_churned.customer_id IS NOT NULL

-- not in a cohort
WITH cohort_churned AS (
  SELECT DISTINCT customer_id
  FROM (
    WITH purchases_last_365d AS (
      SELECT customer_id,
        COUNT(*) AS count_1
      FROM shop.purchases
      WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-365d'), TD_SCHEDULED_TIME())
      GROUP BY customer_id
    )
    SELECT customers.customer_id
    FROM shop.customers AS customers
    LEFT JOIN purchases_last_365d ON purchases_last_365d.customer_id = customers.customer_id
    WHERE COALESCE(purchases_last_365d.count_1, 0) < 1
  ) AS members
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN cohort_churned ON cohort_churned.customer_id = customers.customer_id
WHERE cohort_churned.customer_id IS NULL

-- one read for many facts
WITH purchases_last_90d AS (
  SELECT customer_id,
    COUNT(*) FILTER (WHERE category = 'kids') AS count_1,
    COUNT(*) FILTER (WHERE category = 'home') AS count_2,
    SUM(amount) AS sum_3
  FROM shop.purchases
  WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-90d'), TD_SCHEDULED_TIME())
  GROUP BY customer_id
),
purchases_last_30d AS (
  SELECT customer_id,
    COUNT(*) AS count_1
  FROM shop.purchases
  WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-30d'), TD_SCHEDULED_TIME())
  GROUP BY customer_id
)
SELECT customers.customer_id
FROM shop.customers AS customers
LEFT JOIN purchases_last_90d ON purchases_last_90d.customer_id = customers.customer_id
LEFT JOIN purchases_last_30d ON purchases_last_30d.customer_id = customers.customer_id
WHERE purchases_last_90d.count_1 >= 2
  AND purchases_last_90d.count_2 >= 1
  AND purchases_last_90d.sum_3 >= 100
  AND COALESCE(purchases_last_30d.count_1, 0) < 1
