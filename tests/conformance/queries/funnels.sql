--- funnel of three steps
SELECT COUNT(DISTINCT IF(url LIKE '%/p/%', cookie)) AS viewed,
  COUNT(DISTINCT IF(url LIKE '%/cart', cookie)) AS carted,
  COUNT(DISTINCT IF(url LIKE '%/checkout', cookie)) AS checked
FROM pageviews

--- ordered funnel by joins
WITH v AS (SELECT cookie, MIN(time) AS t FROM pageviews WHERE url LIKE '%/p/%' GROUP BY cookie),
c AS (SELECT cookie, MIN(time) AS t FROM pageviews WHERE url LIKE '%/cart%' GROUP BY cookie),
o AS (SELECT cookie, MIN(time) AS t FROM pageviews WHERE url LIKE '%/checkout%' GROUP BY cookie)
SELECT v.cookie, c.t IS NOT NULL AS carted, o.t IS NOT NULL AS checked
FROM v LEFT JOIN c ON v.cookie = c.cookie AND c.t >= v.t LEFT JOIN o ON c.cookie = o.cookie AND o.t >= c.t

--- abandoned carts of the last day
SELECT customer_id, cart_id FROM carts WHERE LOWER(status) = 'abandoned' AND time >= 1775000000 - 86400 * 7 AND customer_id IS NOT NULL

--- abandoned and not bought since
SELECT c.customer_id FROM carts c LEFT JOIN purchases p ON p.customer_id = c.customer_id AND p.time > c.time
WHERE c.status = 'abandoned' AND p.purchase_id IS NULL AND c.customer_id IS NOT NULL

--- items of carts
SELECT cart_id, JSON_EXTRACT_SCALAR(item, '$.id') AS product_id, TRY_CAST(JSON_EXTRACT_SCALAR(item, '$.qty') AS BIGINT) AS qty
FROM carts CROSS JOIN UNNEST(TRY(CAST(JSON_PARSE(items) AS ARRAY(JSON)))) AS t (item)
WHERE cart_id <> 'k10'

--- number of items
SELECT cart_id, JSON_ARRAY_LENGTH(items) AS n FROM carts

--- emails' funnel
SELECT campaign, COUNT(DISTINCT CASE WHEN event = 'sent' THEN message_id END) AS sent,
  COUNT(DISTINCT CASE WHEN event = 'opened' THEN message_id END) AS opened,
  COUNT(DISTINCT CASE WHEN event = 'clicked' THEN message_id END) AS clicked
FROM emails GROUP BY campaign

--- open rate in percent
SELECT campaign, 100 * COUNT_IF(event = 'opened') / COUNT_IF(event = 'sent') AS whole,
  ROUND(100.0 * COUNT_IF(event = 'opened') / COUNT_IF(event = 'sent'), 1) AS rate,
  CAST(COUNT_IF(event = 'opened') AS DOUBLE) / COUNT_IF(event = 'sent') AS ratio
FROM emails GROUP BY campaign

--- never opened any
SELECT customer_id FROM emails WHERE customer_id IS NOT NULL GROUP BY customer_id HAVING COUNT_IF(event = 'opened') = 0

--- opened but did not click
SELECT DISTINCT o.customer_id FROM emails o WHERE o.event = 'opened'
  AND NOT EXISTS (SELECT * FROM emails c WHERE c.message_id = o.message_id AND c.event = 'clicked')

--- sent and not opened by except
SELECT message_id FROM emails WHERE event = 'sent' EXCEPT SELECT message_id FROM emails WHERE event = 'opened'

--- hours until opened
SELECT s.message_id, DATE_DIFF('hour', FROM_UNIXTIME(s.time), FROM_UNIXTIME(MIN(o.time))) AS hours
FROM emails s JOIN emails o ON s.message_id = o.message_id AND o.event = 'opened'
WHERE s.event = 'sent' GROUP BY s.message_id, s.time

--- steps as a set
SELECT message_id, ARRAY_SORT(ARRAY_DISTINCT(ARRAY_AGG(event))) AS events FROM emails GROUP BY message_id

--- reached all steps
SELECT customer_id FROM emails GROUP BY customer_id HAVING COUNT(DISTINCT event) FILTER (WHERE event IN ('sent', 'opened', 'clicked')) = 3

--- bad: filter on a number
SELECT customer_id, COUNT(*) FILTER (WHERE time) FROM emails GROUP BY customer_id

--- bad: count_if of a text
SELECT COUNT_IF(event) FROM emails

--- bad: an aggregate in where
SELECT customer_id FROM emails WHERE COUNT(*) > 1

--- bad: having names an alias
SELECT customer_id, COUNT(*) AS n FROM emails GROUP BY customer_id HAVING n > 1

--- bad: nested aggregate
SELECT MAX(COUNT(*)) FROM emails GROUP BY customer_id

--- bad: ambiguous column of a join
SELECT customer_id FROM emails e JOIN customers c ON e.customer_id = c.customer_id

--- bad: unnest of a text
SELECT cart_id, item FROM carts CROSS JOIN UNNEST(items) AS t (item)

--- bad: explode
SELECT cart_id, item FROM carts LATERAL VIEW EXPLODE(SPLIT(items, ',')) t AS item

--- bad: json function of another dialect
SELECT cart_id, GET_JSON_OBJECT(items, '$[0].id') FROM carts
