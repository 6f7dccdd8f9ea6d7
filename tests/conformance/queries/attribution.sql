--- last touch before a purchase
SELECT purchase_id, source FROM (
  SELECT p.purchase_id, URL_EXTRACT_PARAMETER(v.url, 'utm_source') AS source,
    ROW_NUMBER() OVER (PARTITION BY p.purchase_id ORDER BY v.time DESC, v.event_id DESC) AS rn
  FROM purchases p JOIN pageviews v ON v.customer_id = p.customer_id AND v.time < p.time AND v.url LIKE 'http%'
) WHERE rn = 1

--- first touch of each cookie
SELECT cookie, MIN_BY(COALESCE(URL_EXTRACT_PARAMETER(url, 'utm_source'), URL_EXTRACT_HOST(referrer), 'direct'), time) AS source
FROM pageviews WHERE url LIKE 'https:%' AND cookie <> 'k9' GROUP BY cookie

--- linear attribution
WITH touches AS (
  SELECT p.purchase_id, p.amount, e.campaign FROM purchases p
  JOIN emails e ON e.customer_id = p.customer_id AND e.event = 'opened' AND e.time BETWEEN p.time - 30 * 86400 AND p.time
)
SELECT campaign, SUM(share) AS revenue FROM (
  SELECT campaign, amount / COUNT(*) OVER (PARTITION BY purchase_id) AS share FROM touches
) GROUP BY campaign

--- positions of touches
SELECT customer_id, message_id, n, total,
  CASE WHEN total = 1 THEN 1.0 WHEN n = 1 THEN 0.4 WHEN n = total THEN 0.4 ELSE 0.2 / (total - 2) END AS weight
FROM (
  SELECT customer_id, message_id, time, ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY time, message_id, event) AS n,
    COUNT(*) OVER (PARTITION BY customer_id) AS total
  FROM emails WHERE customer_id IS NOT NULL
)

--- time decay
SELECT message_id, ROUND(SUM(POWER(0.5, (1775000000 - time) / 604800.0)), 4) AS weight FROM emails WHERE event = 'opened' GROUP BY message_id

--- source of a page by rules
SELECT event_id, CASE
  WHEN REGEXP_LIKE(url, 'utm_medium=email') THEN 'email'
  WHEN REGEXP_LIKE(referrer, '(google|bing|yahoo)\.') THEN 'search'
  WHEN STRPOS(referrer, 'facebook') > 0 THEN 'social'
  WHEN referrer IS NULL OR referrer = '' THEN 'direct'
  ELSE 'other' END AS medium FROM pageviews

--- query parameters as a map
SELECT event_id, ELEMENT_AT(SPLIT_TO_MAP(SPLIT_PART(url, '?', 2), '&', '='), 'utm_campaign') AS campaign FROM pageviews WHERE url LIKE '%utm_campaign%'

--- search words of a referrer
SELECT DISTINCT cookie, URL_DECODE(REGEXP_EXTRACT(referrer, '[?&]q=([^&]*)', 1)) AS q FROM pageviews WHERE referrer LIKE '%google%'

--- journeys as arrays
SELECT customer_id, ARRAY_AGG(event ORDER BY time, event) AS steps, CARDINALITY(ARRAY_AGG(event)) AS n FROM emails WHERE customer_id IS NOT NULL GROUP BY customer_id

--- journeys as maps
SELECT customer_id, MAP_AGG(campaign, n) AS by_campaign FROM (SELECT customer_id, campaign, COUNT(*) AS n FROM emails GROUP BY customer_id, campaign) WHERE customer_id IS NOT NULL GROUP BY customer_id

--- histogram of events
SELECT campaign, HISTOGRAM(event) AS events FROM emails GROUP BY campaign

--- touches near a purchase by exists
SELECT p.purchase_id FROM purchases p WHERE EXISTS (SELECT 1 FROM emails e WHERE e.customer_id = p.customer_id AND e.event = 'clicked' AND p.time - e.time BETWEEN 0 AND 2592000)

--- pairs of products bought together
SELECT a.product_id, b.product_id AS other, COUNT(*) AS n FROM purchases a JOIN purchases b ON a.customer_id = b.customer_id AND a.product_id < b.product_id GROUP BY a.product_id, b.product_id

--- conversion by source
WITH sources AS (SELECT customer_id, MAX(URL_EXTRACT_PARAMETER(url, 'utm_source')) AS source FROM pageviews WHERE url LIKE 'https:%' GROUP BY customer_id)
SELECT COALESCE(s.source, '(none)') AS source, COUNT(DISTINCT s.customer_id) AS people, COUNT(DISTINCT p.customer_id) AS buyers
FROM sources s LEFT JOIN purchases p ON p.customer_id = s.customer_id GROUP BY COALESCE(s.source, '(none)')

--- salted and hashed addresses
SELECT TO_HEX(SHA256(TO_UTF8(LOWER(TRIM(email))))) AS hashed FROM customers WHERE email IS NOT NULL

--- a tenth of people by hash
SELECT customer_id FROM customers WHERE MOD(ABS(FROM_BIG_ENDIAN_64(XXHASH64(TO_UTF8(customer_id)))), 10) < 3

--- a control group by crc32
SELECT customer_id, MOD(CRC32(TO_UTF8(customer_id)), 5) AS bucket FROM customers

--- bad: md5 of a text
SELECT MD5(email) FROM customers

--- bad: sha2 of another dialect
SELECT SHA2(LOWER(email), 256) FROM customers

--- bad: hash
SELECT HASH(customer_id) % 10 FROM customers

--- bad: mod of a text
SELECT customer_id FROM customers WHERE MOD(customer_id, 10) = 1

--- bad: string_agg
SELECT customer_id, STRING_AGG(event, ',') FROM emails GROUP BY customer_id

--- bad: collect_set
SELECT customer_id, COLLECT_SET(event) FROM emails GROUP BY customer_id

--- bad: array_agg then a scalar
SELECT customer_id, UPPER(ARRAY_AGG(event)) FROM emails GROUP BY customer_id

--- bad: unknown alias of a joined table
SELECT p.purchase_id FROM purchases p JOIN emails e ON m.customer_id = p.customer_id

--- bad: lateral alias in a join
SELECT SPLIT_PART(url, '?', 2) AS q, SPLIT(q, '&') AS parts FROM pageviews
