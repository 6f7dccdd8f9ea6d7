--- newest purchase of each customer by row_number
SELECT customer_id, purchase_id
FROM (
  SELECT customer_id, purchase_id,
    ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY time DESC, purchase_id DESC) AS rn
  FROM purchases
  WHERE customer_id IS NOT NULL
) t
WHERE rn = 1

--- duplicates removed by key
WITH ranked AS (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY customer_id, product_id, time ORDER BY purchase_id) AS n
  FROM purchases
)
SELECT purchase_id, customer_id, product_id FROM ranked WHERE n = 1

--- top two products of each customer by amount
SELECT customer_id, product_id, total, r FROM (
  SELECT customer_id, product_id, SUM(amount) AS total,
    RANK() OVER (PARTITION BY customer_id ORDER BY SUM(amount) DESC) AS r
  FROM purchases GROUP BY customer_id, product_id
) WHERE r <= 2

--- top ten percent by spend
SELECT customer_id FROM (
  SELECT customer_id, NTILE(10) OVER (ORDER BY SUM(amount) DESC, customer_id) AS decile
  FROM purchases WHERE customer_id IS NOT NULL GROUP BY customer_id
) WHERE decile = 1

--- days between purchases
SELECT customer_id, purchase_id,
  DATE_DIFF('day', FROM_UNIXTIME(LAG(time) OVER (PARTITION BY customer_id ORDER BY time, purchase_id)), FROM_UNIXTIME(time)) AS gap
FROM purchases WHERE customer_id IS NOT NULL

--- first and last product
SELECT DISTINCT customer_id,
  FIRST_VALUE(product_id) OVER (PARTITION BY customer_id ORDER BY time, purchase_id) AS first_product,
  LAST_VALUE(product_id) OVER (PARTITION BY customer_id ORDER BY time, purchase_id
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last_product
FROM purchases WHERE customer_id IS NOT NULL

--- running total
SELECT customer_id, purchase_id, SUM(amount) OVER (PARTITION BY customer_id ORDER BY time, purchase_id) AS so_far
FROM purchases

--- share of the total
SELECT customer_id, ROUND(100.0 * SUM(amount) / SUM(SUM(amount)) OVER (), 2) AS share
FROM purchases WHERE currency = 'EUR' GROUP BY 1

--- moving average of three
SELECT purchase_id, AVG(amount) OVER (PARTITION BY customer_id ORDER BY time, purchase_id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS mov
FROM purchases WHERE customer_id IN ('c01', 'c06')

--- second purchase within ninety days
SELECT customer_id FROM (
  SELECT customer_id, time, LEAD(time) OVER (PARTITION BY customer_id ORDER BY time, purchase_id) AS next_time
  FROM purchases
) WHERE next_time - time <= 90 * 86400

--- percentile of spend
SELECT customer_id, ROUND(PERCENT_RANK() OVER (ORDER BY total), 3) AS p
FROM (SELECT customer_id, COALESCE(SUM(amount), 0) AS total FROM purchases WHERE customer_id IS NOT NULL GROUP BY customer_id)

--- dense rank of categories
SELECT category, n, DENSE_RANK() OVER (ORDER BY n DESC) AS place FROM (
  SELECT p.category, COUNT(*) AS n FROM purchases s JOIN products p ON s.product_id = p.product_id GROUP BY p.category
)

--- named window
SELECT customer_id, purchase_id, ROW_NUMBER() OVER w AS n, SUM(quantity) OVER w AS q
FROM purchases WINDOW w AS (PARTITION BY customer_id ORDER BY time, purchase_id)

--- last consent wins
SELECT customer_id FROM (
  SELECT customer_id, granted, ROW_NUMBER() OVER (PARTITION BY customer_id, channel ORDER BY time DESC, granted) AS rn
  FROM consents WHERE channel = 'email'
) WHERE rn = 1 AND granted

--- last consent by max_by
SELECT customer_id FROM consents WHERE channel = 'email' GROUP BY customer_id HAVING MAX_BY(granted, time) = true AND customer_id <> 'c07'

--- change of plan
SELECT customer_id, plan, before FROM (
  SELECT customer_id, plan, LAG(plan) OVER (PARTITION BY customer_id ORDER BY started, subscription_id) AS before FROM subscriptions
) WHERE before IS NOT NULL AND before <> plan

--- streaks of days
WITH days AS (SELECT DISTINCT customer_id, DATE(FROM_UNIXTIME(time)) AS d FROM pageviews WHERE customer_id IS NOT NULL),
numbered AS (SELECT customer_id, d, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY d) AS n FROM days)
SELECT customer_id, DATE_ADD('day', -n, d) AS island, COUNT(*) AS length FROM numbered GROUP BY 1, 2

--- range frame of thirty days
SELECT purchase_id, COUNT(*) OVER (PARTITION BY customer_id ORDER BY time RANGE BETWEEN 2592000 PRECEDING AND CURRENT ROW) AS in_month
FROM purchases WHERE customer_id IS NOT NULL

--- ignore nulls carries a value on
SELECT event_id, LAST_VALUE(duration) IGNORE NULLS OVER (PARTITION BY cookie ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS d
FROM pageviews WHERE cookie IN ('k1', 'k4')

--- bad: a window in where
SELECT customer_id FROM purchases WHERE ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY time) = 1

--- bad: an alias of a window in where
SELECT customer_id, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY time) AS rn FROM purchases WHERE rn = 1

--- bad: qualify
SELECT customer_id FROM purchases QUALIFY ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY time DESC) = 1

--- bad: order by an unknown column in a window
SELECT customer_id, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY purchased_at) AS rn FROM purchases

--- bad: no over
SELECT customer_id, ROW_NUMBER() AS rn FROM purchases

--- bad: lag default of another type
SELECT customer_id, LAG(product_id, 1, 0) OVER (PARTITION BY customer_id ORDER BY time) FROM purchases

--- bad: distinct in a window
SELECT customer_id, COUNT(DISTINCT product_id) OVER (PARTITION BY customer_id) FROM purchases

--- bad: window over an ungrouped column
SELECT customer_id, SUM(amount) OVER (ORDER BY customer_id) FROM purchases GROUP BY customer_id

--- bad: range frame over text
SELECT customer_id, COUNT(*) OVER (ORDER BY customer_id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) FROM purchases
