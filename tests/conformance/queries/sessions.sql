--- sessions by a gap of thirty minutes
WITH marked AS (
  SELECT cookie, event_id, time,
    CASE WHEN time - LAG(time) OVER (PARTITION BY cookie ORDER BY time, event_id) <= 1800 THEN 0 ELSE 1 END AS starts
  FROM pageviews
)
SELECT cookie, event_id, SUM(starts) OVER (PARTITION BY cookie ORDER BY time, event_id) AS session FROM marked

--- length of sessions
WITH marked AS (
  SELECT cookie, event_id, time,
    IF(time - LAG(time) OVER (PARTITION BY cookie ORDER BY time, event_id) <= 1800, 0, 1) AS starts FROM pageviews
), numbered AS (
  SELECT *, SUM(starts) OVER (PARTITION BY cookie ORDER BY time, event_id) AS session FROM marked
)
SELECT cookie, session, COUNT(*) AS pages, MAX(time) - MIN(time) AS seconds FROM numbered GROUP BY cookie, session

--- sessions by td_sessionize_window have ids
SELECT COUNT(DISTINCT session) AS sessions FROM (
  SELECT TD_SESSIONIZE_WINDOW(time, 1800) OVER (PARTITION BY cookie ORDER BY time) AS session FROM pageviews
)

--- landing pages
SELECT cookie, MIN_BY(url, time) AS landing, MAX_BY(url, time) AS exit_page FROM pageviews WHERE url IS NOT NULL AND cookie <> 'k9' GROUP BY cookie

--- paths as text
SELECT cookie, ARRAY_JOIN(ARRAY_AGG(URL_EXTRACT_PATH(url) ORDER BY time, event_id), ' > ') AS path FROM pageviews WHERE url LIKE 'https:%' GROUP BY cookie

--- bounces
SELECT cookie FROM pageviews GROUP BY cookie HAVING COUNT(*) = 1

--- identity by a shared cookie
SELECT p.event_id, COALESCE(p.customer_id, k.customer_id) AS who
FROM pageviews p LEFT JOIN (SELECT cookie, MAX(customer_id) AS customer_id FROM pageviews GROUP BY cookie) k ON p.cookie = k.cookie

--- viewed but not bought
SELECT DISTINCT v.customer_id FROM pageviews v
WHERE v.url LIKE '%/p/%' AND v.customer_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM purchases s WHERE s.customer_id = v.customer_id AND s.time > v.time)

--- a product page by its id
SELECT customer_id, REGEXP_EXTRACT(url, '/p/([a-z0-9]+)', 1) AS product, COUNT(*) AS n FROM pageviews WHERE customer_id IS NOT NULL GROUP BY 1, 2

--- campaign of a page
SELECT event_id, URL_EXTRACT_PARAMETER(url, 'utm_source') AS source, URL_EXTRACT_PARAMETER(url, 'utm_medium') AS medium FROM pageviews WHERE url LIKE 'http%'

--- referrer's host
SELECT event_id, COALESCE(NULLIF(URL_EXTRACT_HOST(referrer), ''), 'direct') AS host FROM pageviews

--- device by agent
SELECT CASE
    WHEN agent LIKE '%iPhone%' OR agent LIKE '%iPad%' THEN 'ios'
    WHEN REGEXP_LIKE(agent, '(?i)android') THEN 'android'
    WHEN agent IS NULL OR agent = '' THEN 'unknown'
    ELSE 'other' END AS device, COUNT(DISTINCT cookie) AS n
FROM pageviews GROUP BY 1

--- long visits
SELECT customer_id, SUM(COALESCE(duration, 0)) AS seconds FROM pageviews GROUP BY customer_id HAVING SUM(COALESCE(duration, 0)) > 60

--- hour of the day in Tokyo
SELECT event_id, HOUR(FROM_UNIXTIME(time) AT TIME ZONE 'Asia/Tokyo') AS h FROM pageviews

--- weekend visitors
SELECT DISTINCT customer_id FROM pageviews WHERE DAY_OF_WEEK(FROM_UNIXTIME(time)) IN (6, 7)

--- bad: misspelt column
SELECT event_id, URL_EXTRACT_HOST(refferer) FROM pageviews

--- bad: a time compared with text
SELECT event_id FROM pageviews WHERE time > '2026-01-01'

--- bad: a duration compared with text
SELECT event_id FROM pageviews WHERE duration > '10'

--- bad: an alias in where
SELECT event_id, URL_EXTRACT_HOST(url) AS host FROM pageviews WHERE host = 'shop.example.com'

--- bad: session id by an unknown function
SELECT cookie, SESSION_ID(time, 1800) FROM pageviews

--- bad: in with mixed types
SELECT event_id FROM pageviews WHERE duration IN (1, '5')

--- bad: concatenation of a number
SELECT cookie || '-' || time FROM pageviews

--- bad: group by leaves a column out
SELECT cookie, url, COUNT(*) FROM pageviews GROUP BY cookie

--- bad: unknown table
SELECT customer_id FROM page_views

--- bad: unknown schema
SELECT customer_id FROM web.pageviews
