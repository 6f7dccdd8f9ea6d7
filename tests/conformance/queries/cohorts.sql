--- month of the first purchase
WITH firsts AS (SELECT customer_id, MIN(time) AS t FROM purchases WHERE customer_id IS NOT NULL GROUP BY customer_id)
SELECT DATE_FORMAT(FROM_UNIXTIME(t), '%Y-%m') AS cohort, COUNT(*) AS n FROM firsts GROUP BY 1

--- retention by month
WITH firsts AS (SELECT customer_id, MIN(DATE_TRUNC('month', FROM_UNIXTIME(time))) AS cohort FROM purchases WHERE customer_id IS NOT NULL GROUP BY customer_id)
SELECT DATE(f.cohort) AS cohort, DATE_DIFF('month', f.cohort, DATE_TRUNC('month', FROM_UNIXTIME(p.time))) AS month, COUNT(DISTINCT p.customer_id) AS n
FROM firsts f JOIN purchases p ON p.customer_id = f.customer_id GROUP BY 1, 2

--- retention of a week by a self join
SELECT DISTINCT a.customer_id FROM pageviews a JOIN pageviews b ON a.customer_id = b.customer_id AND b.time > a.time AND b.time <= a.time + 7 * 86400

--- churned subscriptions
SELECT customer_id FROM subscriptions WHERE ended IS NOT NULL AND ended <> '' AND TRY_CAST(ended AS DATE) <= DATE '2026-03-31'

--- active subscriptions today
SELECT customer_id, plan FROM subscriptions WHERE TRY_CAST(started AS DATE) <= DATE '2026-03-31' AND (ended IS NULL OR TRY_CAST(ended AS DATE) > DATE '2026-03-31')

--- length of subscriptions in months
SELECT subscription_id, DATE_DIFF('month', TRY_CAST(started AS DATE), COALESCE(TRY_CAST(NULLIF(ended, '') AS DATE), DATE '2026-03-31')) AS months FROM subscriptions

--- renewals in the next days
SELECT customer_id FROM subscriptions WHERE TRY(DATE(ended)) BETWEEN DATE '2026-03-31' AND DATE '2026-03-31' + INTERVAL '7' DAY

--- anniversaries of a start
SELECT subscription_id, DATE_ADD('year', 1, TRY_CAST(started AS DATE)) AS renewal, LAST_DAY_OF_MONTH(TRY_CAST(started AS DATE)) AS month_end FROM subscriptions

--- months of a subscription unnested
SELECT s.subscription_id, DATE_FORMAT(m, '%Y-%m') AS month FROM subscriptions s
CROSS JOIN UNNEST(SEQUENCE(CAST(s.started AS TIMESTAMP), CAST(COALESCE(s.ended, '2026-04-01') AS TIMESTAMP), INTERVAL '1' MONTH)) AS t (m)
WHERE s.subscription_id IN (3, 5)

--- days without anything filled
SELECT d, COUNT(p.purchase_id) AS n FROM UNNEST(SEQUENCE(DATE '2026-03-20', DATE '2026-03-31', INTERVAL '1' DAY)) AS t (d)
LEFT JOIN purchases p ON DATE(FROM_UNIXTIME(p.time)) = d GROUP BY d

--- monthly recurring revenue
SELECT plan, SUM(monthly) AS mrr, COUNT(*) AS n, COUNT(DISTINCT customer_id) AS people FROM subscriptions WHERE ended IS NULL GROUP BY plan

--- win back
SELECT s.customer_id FROM subscriptions s WHERE s.ended IS NOT NULL AND NOT EXISTS (SELECT 1 FROM subscriptions n WHERE n.customer_id = s.customer_id AND n.ended IS NULL) AND s.customer_id IS NOT NULL

--- upgrades
SELECT a.customer_id FROM subscriptions a JOIN subscriptions b ON a.customer_id = b.customer_id AND a.ended = b.started WHERE b.monthly > a.monthly

--- trials that end soon
SELECT customer_id FROM subscriptions WHERE plan = 'trial' AND DATE_DIFF('day', DATE '2026-03-22', CAST(ended AS DATE)) <= 7 AND customer_id = 'c08'

--- duplicates of subscriptions
SELECT customer_id, plan, started, COUNT(*) AS n FROM subscriptions GROUP BY customer_id, plan, started HAVING COUNT(*) > 1

--- new and returning by union
SELECT customer_id, 'new' AS kind FROM purchases GROUP BY customer_id HAVING COUNT(*) = 1
UNION ALL
SELECT customer_id, 'returning' FROM purchases GROUP BY customer_id HAVING COUNT(*) > 1

--- both mail and app
SELECT customer_id FROM emails WHERE event = 'opened' INTERSECT SELECT customer_id FROM purchases WHERE channel = 'app'

--- either without both
(SELECT customer_id FROM emails WHERE event = 'opened' EXCEPT SELECT customer_id FROM purchases WHERE channel = 'app')
UNION
(SELECT customer_id FROM purchases WHERE channel = 'app' EXCEPT SELECT customer_id FROM emails WHERE event = 'opened')

--- all channels of consent
SELECT c.customer_id, MAX(IF(s.channel = 'email' AND s.granted, 1, 0)) AS email, MAX(IF(s.channel = 'push' AND s.granted, 1, 0)) AS push
FROM customers c LEFT JOIN consents s ON s.customer_id = c.customer_id GROUP BY c.customer_id

--- bad: text date compared with a date
SELECT customer_id FROM subscriptions WHERE started > DATE '2024-01-01'

--- bad: date of a bad text
SELECT CAST(started AS DATE) FROM subscriptions WHERE subscription_id = 8

--- bad: date_diff of texts
SELECT DATE_DIFF('day', started, ended) FROM subscriptions

--- bad: datediff
SELECT DATEDIFF('day', CAST(started AS DATE), CAST(ended AS DATE)) FROM subscriptions WHERE ended <> ''

--- bad: dates plus numbers
SELECT CAST(started AS DATE) + 30 FROM subscriptions WHERE subscription_id = 1

--- bad: union of different numbers of columns
SELECT customer_id, plan FROM subscriptions UNION ALL SELECT customer_id FROM purchases

--- bad: union of different types
SELECT customer_id, plan FROM subscriptions UNION ALL SELECT customer_id, quantity FROM purchases

--- bad: a column that the second part has
SELECT customer_id FROM subscriptions UNION SELECT customer_id FROM purchases ORDER BY amount

--- bad: date_trunc of a text
SELECT DATE_TRUNC('month', started) FROM subscriptions

--- bad: date_format of unix seconds
SELECT DATE_FORMAT(time, '%Y-%m') FROM purchases

--- bad: strftime
SELECT STRFTIME(FROM_UNIXTIME(time), '%Y-%m') FROM purchases

--- bad: from_unixtime of a text
SELECT FROM_UNIXTIME(started) FROM subscriptions

--- bad: to_date
SELECT TO_DATE(started) FROM subscriptions

--- bad: interval without quotes
SELECT CAST(started AS DATE) + INTERVAL 30 DAY FROM subscriptions WHERE subscription_id = 1
