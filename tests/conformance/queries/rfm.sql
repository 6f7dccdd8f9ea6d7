--- recency, frequency, monetary
SELECT customer_id, DATE_DIFF('day', FROM_UNIXTIME(MAX(time)), FROM_UNIXTIME(1775000000)) AS recency, COUNT(*) AS frequency, ROUND(SUM(amount), 2) AS monetary
FROM purchases WHERE customer_id IS NOT NULL GROUP BY customer_id

--- scores by ntile
WITH base AS (
  SELECT customer_id, MAX(time) AS last_time, COUNT(*) AS n, SUM(amount) AS total FROM purchases WHERE customer_id IS NOT NULL GROUP BY customer_id
), scored AS (
  SELECT customer_id, NTILE(3) OVER (ORDER BY last_time, customer_id) AS r, NTILE(3) OVER (ORDER BY n, customer_id) AS f,
    NTILE(3) OVER (ORDER BY total, customer_id) AS m FROM base
)
SELECT customer_id, r, f, m, CAST(r AS VARCHAR) || CAST(f AS VARCHAR) || CAST(m AS VARCHAR) AS cell, r + f + m AS score FROM scored

--- segments by case
WITH base AS (SELECT customer_id, MAX(time) AS t, COUNT(*) AS n FROM purchases GROUP BY customer_id)
SELECT customer_id, CASE WHEN t >= 1772000000 AND n >= 3 THEN 'champion' WHEN t >= 1772000000 THEN 'recent' WHEN n >= 2 THEN 'at risk' ELSE 'lost' END AS segment
FROM base WHERE customer_id IS NOT NULL

--- percentiles as limits
WITH totals AS (SELECT customer_id, SUM(amount) AS total FROM purchases WHERE customer_id IS NOT NULL GROUP BY customer_id),
limits AS (SELECT APPROX_PERCENTILE(total, 0.5) AS p50 FROM totals)
SELECT customer_id FROM totals CROSS JOIN limits WHERE total > p50

--- average basket
SELECT customer_id, AVG(amount) AS mean, AVG(quantity) AS pieces, MAX(amount) - MIN(amount) AS spread FROM purchases GROUP BY customer_id

--- big spenders of a currency
SELECT customer_id FROM purchases WHERE currency = 'EUR' GROUP BY customer_id HAVING SUM(amount) >= 100 AND COUNT(DISTINCT product_id) >= 2

--- customers with no purchase
SELECT c.customer_id FROM customers c LEFT JOIN purchases p ON c.customer_id = p.customer_id WHERE p.purchase_id IS NULL

--- not in with a null finds nobody
SELECT customer_id FROM customers WHERE customer_id NOT IN (SELECT customer_id FROM purchases)

--- not in without nulls
SELECT customer_id FROM customers WHERE customer_id NOT IN (SELECT customer_id FROM purchases WHERE customer_id IS NOT NULL)

--- lapsed buyers
SELECT customer_id FROM purchases GROUP BY customer_id HAVING MAX(time) < 1775000000 - 180 * 86400 AND COUNT(*) >= 1

--- bought both products
SELECT customer_id FROM purchases WHERE product_id IN ('p1', 'p3') GROUP BY customer_id HAVING COUNT(DISTINCT product_id) = 2

--- bought one and never the other
SELECT customer_id FROM purchases GROUP BY customer_id HAVING BOOL_OR(product_id = 'p1') AND NOT BOOL_OR(product_id = 'p3')

--- favourite category
SELECT customer_id, MAX_BY(category, n) AS favourite FROM (
  SELECT s.customer_id, p.category, SUM(s.quantity) AS n FROM purchases s JOIN products p USING (product_id) GROUP BY s.customer_id, p.category
) WHERE customer_id <> 'c01' GROUP BY customer_id

--- pivot of channels
SELECT customer_id, SUM(CASE WHEN channel = 'web' THEN amount ELSE 0 END) AS web, SUM(CASE WHEN channel = 'app' THEN amount ELSE 0 END) AS app,
  SUM(CASE WHEN channel = 'store' THEN amount END) AS store FROM purchases GROUP BY customer_id

--- bad: unpivot by lateral values
SELECT c.customer_id, v.name, v.value FROM customers c CROSS JOIN LATERAL (VALUES ('points', CAST(c.points AS DOUBLE)), ('balance', c.balance)) AS v (name, value)

--- coupons used
SELECT customer_id, ARRAY_SORT(ARRAY_AGG(DISTINCT coupon)) AS coupons FROM purchases WHERE coupon IS NOT NULL AND coupon <> '' GROUP BY customer_id

--- year over year
SELECT customer_id, SUM(IF(YEAR(FROM_UNIXTIME(time)) = 2026, amount, 0)) AS this_year, SUM(IF(YEAR(FROM_UNIXTIME(time)) = 2025, amount, 0)) AS last_year
FROM purchases GROUP BY customer_id HAVING SUM(IF(YEAR(FROM_UNIXTIME(time)) = 2026, amount, 0)) > 0

--- grouping sets of channel and currency
SELECT channel, currency, COUNT(*) AS n, GROUPING(channel, currency) AS level FROM purchases GROUP BY GROUPING SETS ((channel, currency), (channel), ())

--- bad: cube of an expression
SELECT channel, coupon IS NULL AS plain, SUM(quantity) AS q FROM purchases GROUP BY CUBE (channel, coupon IS NULL)

--- bad: rollup of expressions
SELECT SPLIT_PART(category, '/', 1) AS top, SPLIT_PART(category, '/', 2) AS sub, COUNT(*) AS n FROM products GROUP BY ROLLUP (SPLIT_PART(category, '/', 1), SPLIT_PART(category, '/', 2))

--- average order value by decimals
SELECT channel, CAST(SUM(amount) AS DECIMAL(12, 2)) / COUNT(*) AS aov FROM purchases WHERE amount IS NOT NULL GROUP BY channel

--- integer division of points
SELECT customer_id, points / 100 AS level, points % 100 AS rest FROM customers

--- correlated total
SELECT c.customer_id, (SELECT SUM(p.amount) FROM purchases p WHERE p.customer_id = c.customer_id) AS total FROM customers c

--- correlated count compared
SELECT c.customer_id FROM customers c WHERE (SELECT COUNT(*) FROM purchases p WHERE p.customer_id = c.customer_id) >= 2

--- scalar subquery
SELECT customer_id FROM purchases WHERE amount > (SELECT AVG(amount) FROM purchases WHERE currency = 'EUR') AND currency = 'EUR'

--- bad: a flag of a boolean compared with a number
SELECT customer_id FROM customers WHERE email_opt_in = 1

--- bad: text against number
SELECT customer_id FROM purchases WHERE amount > '100'

--- bad: default of another type
SELECT customer_id FROM customers WHERE COALESCE(email_opt_in, 0) = 1

--- bad: sum of text
SELECT customer_id, SUM(coupon) FROM purchases GROUP BY customer_id

--- bad: round of text
SELECT ROUND(currency, 2) FROM purchases

--- bad: case branches differ
SELECT CASE WHEN amount > 100 THEN 'big' ELSE 0 END FROM purchases

--- bad: subquery of two columns
SELECT customer_id FROM customers WHERE customer_id IN (SELECT customer_id, amount FROM purchases)

--- bad: scalar subquery of many rows
SELECT customer_id FROM customers WHERE customer_id = (SELECT customer_id FROM purchases)

--- correlated with order and limit
SELECT c.customer_id, (SELECT p.product_id FROM purchases p WHERE p.customer_id = c.customer_id ORDER BY p.time DESC, p.purchase_id LIMIT 1) AS last_product FROM customers c

--- bad: pivot
SELECT * FROM purchases PIVOT (SUM(amount) FOR channel IN ('web', 'app'))

--- bad: median
SELECT customer_id, MEDIAN(amount) FROM purchases GROUP BY customer_id

--- bad: percentile_cont
SELECT PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY amount) FROM purchases

--- bad: ungrouped in having
SELECT customer_id FROM purchases GROUP BY customer_id HAVING amount > 10

--- bad: ungrouped in order by
SELECT customer_id FROM purchases GROUP BY customer_id ORDER BY amount

--- bad: group by an alias
SELECT LOWER(channel) AS ch, COUNT(*) FROM purchases GROUP BY ch

--- bad: division by zero
SELECT purchase_id, 100 / (quantity - quantity) FROM purchases WHERE quantity IS NOT NULL
