--- customers per country, case folded
SELECT upper(country) AS country, count(*) AS n, count(email) AS with_email
FROM customers
GROUP BY upper(country)
--- rfm quintiles for euro buyers
WITH base AS (
  SELECT customer_id,
         date_diff('day', from_unixtime(max(time)), TIMESTAMP '2026-04-01 00:00:00 UTC') AS recency,
         count(DISTINCT purchase_id) AS frequency,
         sum(amount) AS monetary
  FROM purchases
  WHERE currency = 'EUR' AND customer_id IS NOT NULL
  GROUP BY 1
)
SELECT customer_id, recency, frequency, monetary,
       ntile(3) OVER (ORDER BY recency DESC, customer_id) AS r,
       ntile(3) OVER (ORDER BY frequency, customer_id) AS f,
       ntile(3) OVER (ORDER BY monetary, customer_id) AS m
FROM base
--- funnel view cart checkout by cookie
SELECT cookie,
       max(IF(url LIKE '%/p/%', 1, 0)) AS viewed,
       max(IF(url LIKE '%/cart', 1, 0)) AS carted,
       max(IF(url LIKE '%/checkout', 1, 0)) AS checked_out
FROM pageviews
GROUP BY cookie
--- strict funnel with ordered steps
with v as (select cookie, min(time) t from pageviews where url_extract_path(url) like '/p/%' group by cookie),
     c as (select p.cookie, min(p.time) t from pageviews p join v on p.cookie = v.cookie and p.time > v.t where url_extract_path(p.url) = '/cart' group by p.cookie),
     k as (select p.cookie, min(p.time) t from pageviews p join c on p.cookie = c.cookie and p.time > c.t where url_extract_path(p.url) = '/checkout' group by p.cookie)
select (select count(*) from v) as step1, (select count(*) from c) as step2, (select count(*) from k) as step3
--- sessions with td_sessionize_window
SELECT cookie, event_id, time,
       TD_SESSIONIZE_WINDOW(time, 1800) OVER (PARTITION BY cookie ORDER BY time) IS NOT NULL AS has_session
FROM pageviews
--- session counts through td_sessionize_window
SELECT cookie, count(DISTINCT sid) AS sessions, count(*) AS hits
FROM (
  SELECT cookie, TD_SESSIONIZE_WINDOW(time, 60 * 60) OVER (PARTITION BY cookie ORDER BY time, event_id) AS sid
  FROM pageviews
) s
GROUP BY cookie
--- sessions by hand with lag and running sum
SELECT cookie, session_no, min(time) AS started, max(time) - min(time) AS seconds, count(*) AS pages
FROM (
  SELECT *, sum(is_new) OVER (PARTITION BY cookie ORDER BY time, event_id) AS session_no
  FROM (
    SELECT cookie, time, event_id,
           CASE WHEN time - lag(time) OVER (PARTITION BY cookie ORDER BY time, event_id) <= 1800 THEN 0 ELSE 1 END AS is_new
    FROM pageviews
  ) AS flagged
) AS numbered
GROUP BY cookie, session_no
--- dedupe newest profile per email
SELECT customer_id, mail, points
FROM (
  SELECT customer_id, lower(trim(email)) AS mail, points,
         row_number() OVER (PARTITION BY lower(trim(email)) ORDER BY time DESC) AS rn
  FROM customers
  WHERE NULLIF(trim(email), '') IS NOT NULL
) WHERE rn = 1
--- latest consent per channel, false on tie
SELECT customer_id, channel, granted
FROM (
  SELECT c.*, row_number() OVER (PARTITION BY customer_id, channel ORDER BY time DESC, granted ASC NULLS LAST) rn
  FROM consents c
) t
WHERE t.rn = 1
--- qualify instead of subquery
SELECT customer_id, channel, granted
FROM consents
QUALIFY row_number() OVER (PARTITION BY customer_id, channel ORDER BY time DESC) = 1
--- opted in by consent and by profile flag
SELECT customer_id FROM customers WHERE email_opt_in
INTERSECT
SELECT customer_id FROM consents WHERE channel = 'email' AND granted
--- bought but never opened an email
SELECT DISTINCT customer_id FROM purchases
EXCEPT
SELECT customer_id FROM emails WHERE event = 'opened'
--- union keeps nulls once
SELECT customer_id FROM purchases WHERE customer_id IS NULL
UNION
SELECT customer_id FROM carts WHERE customer_id IS NULL
UNION
SELECT CAST(NULL AS varchar)
--- union all with widening types
SELECT points AS v, 'points' AS src FROM customers WHERE country = 'DE'
UNION ALL
SELECT balance, 'balance' FROM customers WHERE country = 'DE'
--- union column count mismatch
SELECT customer_id, email FROM customers
UNION ALL
SELECT customer_id FROM purchases
--- union of text with number
SELECT customer_id AS id FROM customers
UNION ALL
SELECT purchase_id FROM purchases
--- not in with a null inside
SELECT customer_id, name FROM customers
WHERE customer_id NOT IN (SELECT customer_id FROM purchases)
--- not exists audience
SELECT c.customer_id
FROM customers c
WHERE NOT EXISTS (SELECT 1 FROM purchases p WHERE p.customer_id = c.customer_id AND p.amount > 0)
--- exists with two conditions and outer filter
SELECT c.customer_id, c.country
FROM customers AS c
WHERE EXISTS (
    SELECT * FROM pageviews v
    WHERE v.customer_id = c.customer_id AND TD_TIME_RANGE(v.time, '2026-03-01', '2026-04-01', 'UTC')
  )
  OR c.points >= 1000
--- correlated scalar count
SELECT c.customer_id,
       (SELECT count(*) FROM carts k WHERE k.customer_id = c.customer_id AND lower(k.status) = 'abandoned') AS abandoned,
       (SELECT max(p.amount) FROM purchases p WHERE p.customer_id = c.customer_id) AS biggest
FROM customers c
--- scalar subquery with several rows
SELECT name, (SELECT amount FROM purchases WHERE customer_id = 'c06') AS amount FROM customers
--- above average spender
SELECT customer_id, sum(amount) AS total
FROM purchases
GROUP BY customer_id
HAVING sum(amount) > (SELECT avg(amount) FROM purchases WHERE currency = 'EUR')
--- compare with all prices
SELECT product_id, price FROM products WHERE price >= ALL (SELECT price FROM products WHERE price IS NOT NULL)
--- row in subquery
SELECT purchase_id FROM purchases
WHERE (customer_id, product_id) IN (SELECT customer_id, product_id FROM purchases GROUP BY 1, 2 HAVING count(*) > 1)
--- using join hides qualifier
SELECT customer_id, name, plan FROM customers JOIN subscriptions USING (customer_id) WHERE ended IS NULL
--- using column with a qualifier
SELECT c.customer_id, plan FROM customers c LEFT JOIN subscriptions s USING (customer_id)
--- full join using with coalesced key
SELECT customer_id, count(k.cart_id) AS carts, count(s.subscription_id) AS subs
FROM carts k FULL OUTER JOIN subscriptions s USING (customer_id)
GROUP BY customer_id
--- right join people without events
SELECT v.event_id, c.customer_id
FROM pageviews v RIGHT JOIN customers c ON v.customer_id = c.customer_id
WHERE v.event_id IS NULL
--- natural join
SELECT * FROM (SELECT customer_id, plan FROM subscriptions) NATURAL JOIN (SELECT customer_id, name FROM customers)
--- cross join calendar of months and plans
SELECT m.month, p.plan,
       count_if(TRY_CAST(s.started AS date) <= m.month AND COALESCE(TRY_CAST(s.ended AS date), DATE '9999-12-31') > m.month) AS active
FROM UNNEST(sequence(DATE '2024-01-01', DATE '2024-06-01', INTERVAL '1' MONTH)) AS m(month)
CROSS JOIN (VALUES 'basic', 'plus') AS p(plan)
LEFT JOIN subscriptions s ON s.plan = p.plan
GROUP BY m.month, p.plan
--- self join of repeat buyers within ninety days
SELECT a.purchase_id AS first_id, b.purchase_id AS next_id, (b.time - a.time) / 86400 AS days
FROM purchases a
JOIN purchases b ON a.customer_id = b.customer_id AND b.time > a.time AND b.time <= a.time + 90 * 86400
--- ambiguous customer id
SELECT customer_id, name, amount
FROM customers c JOIN purchases p ON c.customer_id = p.customer_id
--- join with or and like
SELECT v.event_id, p.product_id
FROM pageviews v
LEFT JOIN products p ON url_extract_path(v.url) LIKE '%/' || p.product_id OR v.url = p.title
--- ungrouped column
SELECT country, name, count(*) FROM customers GROUP BY country
--- lateral alias in select
SELECT amount * quantity AS gross, gross * 0.19 AS vat FROM purchases
--- alias in where
SELECT customer_id, points / 10 AS level FROM customers WHERE level > 5
--- alias in group by
SELECT channel AS ch, count(*) AS n FROM purchases GROUP BY ch
--- alias in order by with expression
SELECT product_id, sum(quantity) AS q FROM purchases GROUP BY product_id ORDER BY q + 0 DESC, product_id LIMIT 3
--- group by ordinal out of range
SELECT channel, currency, count(*) FROM purchases GROUP BY 1, 4
--- order by a column not in distinct
SELECT DISTINCT country FROM customers ORDER BY points
--- aggregate in where
SELECT customer_id FROM purchases WHERE sum(amount) > 100 GROUP BY customer_id
--- window in where
SELECT purchase_id FROM purchases WHERE row_number() OVER (ORDER BY time) <= 3
--- first touch and last touch source
SELECT customer_id,
       min_by(COALESCE(url_extract_parameter(url, 'utm_source'), NULLIF(url_extract_host(referrer), ''), 'direct'), time) AS first_touch,
       max_by(COALESCE(url_extract_parameter(url, 'utm_source'), NULLIF(url_extract_host(referrer), ''), 'direct'), time) AS last_touch
FROM pageviews
WHERE customer_id IN ('c01', 'c07', 'c12')
GROUP BY customer_id
--- linear attribution of sale revenue
WITH touches AS (
  SELECT p.purchase_id, p.amount, e.campaign, count(*) OVER (PARTITION BY p.purchase_id) AS n
  FROM purchases p
  JOIN emails e ON e.customer_id = p.customer_id AND e.event IN ('opened', 'clicked') AND e.time <= p.time
)
SELECT campaign, round(sum(amount / n), 2) AS credit, count(DISTINCT purchase_id) AS orders
FROM touches GROUP BY campaign
--- last click before order, seven day window
SELECT p.purchase_id, max_by(e.campaign, e.time) AS campaign
FROM purchases p LEFT JOIN emails e
  ON p.customer_id = e.customer_id AND e.event = 'clicked' AND e.time BETWEEN p.time - 7 * 24 * 3600 AND p.time
GROUP BY p.purchase_id
--- email rates per campaign
SELECT campaign,
       count(DISTINCT message_id) FILTER (WHERE event = 'sent') AS sent,
       count(DISTINCT message_id) FILTER (WHERE event = 'opened') AS opened,
       1.0 * count(DISTINCT IF(event = 'clicked', message_id)) / NULLIF(count(DISTINCT IF(event = 'sent', message_id)), 0) AS ctr
FROM emails
GROUP BY campaign
--- integer ratio pitfall as decimal and double
SELECT event, count(*) / 19 AS as_int, count(*) * 100.0 / 19 AS as_dec, CAST(count(*) AS double) / 19 AS as_dbl
FROM emails GROUP BY event
--- pivot of events with map_agg
SELECT campaign, m['sent'] AS sent, element_at(m, 'bounced') AS bounced
FROM (
  SELECT campaign, map_agg(event, n) AS m
  FROM (SELECT campaign, event, count(*) AS n FROM emails GROUP BY campaign, event)
  GROUP BY campaign
)
--- pivot map key missing
SELECT customer_id, map_agg(channel, granted)['sms'] AS sms
FROM (SELECT DISTINCT customer_id, channel, granted FROM consents WHERE time >= 1720000000)
GROUP BY customer_id
--- multimap of products by buyer
SELECT customer_id, transform_values(multimap_agg(channel, product_id), (k, v) -> array_sort(array_distinct(v))) AS by_channel
FROM purchases
WHERE customer_id IS NOT NULL
GROUP BY customer_id
--- tags exploded with counts
SELECT tag, count(*) AS n, count(DISTINCT customer_id) AS people
FROM customers CROSS JOIN UNNEST(tags) AS t(tag)
GROUP BY tag
--- left join unnest keeps people without tags
SELECT customer_id, tag, pos
FROM customers LEFT JOIN UNNEST(tags) WITH ORDINALITY AS t (tag, pos) ON TRUE
--- lateral subquery over tags
SELECT c.customer_id, x.n
FROM customers c CROSS JOIN LATERAL (SELECT count(*) AS n FROM UNNEST(c.tags) AS u(tag) WHERE tag LIKE 's%') AS x
--- unnest of wrong type
SELECT customer_id, t.item FROM carts CROSS JOIN UNNEST(items) AS t(item)
--- lateral view explode
SELECT customer_id, tag FROM customers LATERAL VIEW explode(tags) t AS tag
--- cart items from json text
SELECT k.cart_id, json_extract_scalar(item, '$.id') AS product_id, COALESCE(TRY_CAST(json_extract_scalar(item, '$.qty') AS bigint), 1) AS qty
FROM carts k
CROSS JOIN UNNEST(TRY_CAST(TRY(json_parse(k.items)) AS array(json))) AS t(item)
--- cart items as rows, broken json
SELECT cart_id, i.id, i.qty
FROM carts
CROSS JOIN UNNEST(CAST(json_parse(items) AS array(ROW(id varchar, qty bigint)))) AS i(id, qty)
WHERE cart_id IN ('k1', 'k6')
--- cart items as rows, bought only
SELECT cart_id, sum(qty) AS pieces, array_agg(DISTINCT id) AS ids
FROM carts
CROSS JOIN UNNEST(CAST(json_parse(items) AS array(ROW(id varchar, qty bigint)))) AS i(id, qty)
WHERE status = 'bought'
GROUP BY cart_id
--- profile city with size typed in three ways
SELECT customer_id,
       json_extract_scalar(profile, '$.city') AS city,
       json_extract_scalar(profile, '$.size') AS size_text,
       TRY_CAST(json_extract_scalar(profile, '$.size') AS double) AS size_num,
       json_array_length(json_extract(profile, '$.likes')) AS likes
FROM customers
--- json dot path on text column
SELECT customer_id, profile.city FROM customers
--- json contains like
SELECT customer_id FROM customers
WHERE contains(TRY_CAST(json_extract(profile, '$.likes') AS array(varchar)), 'bags')
--- json_value with lax path and defaults
SELECT product_id, json_value(attributes, 'lax $.color[0]' DEFAULT 'n/a' ON EMPTY DEFAULT 'bad' ON ERROR) AS color,
       json_exists(attributes, 'lax $.waterproof') AS has_wp
FROM products
--- json_table
SELECT k.cart_id, j.id FROM carts k, JSON_TABLE(k.items, 'lax $[*]' COLUMNS (id varchar PATH 'lax $.id')) AS j
--- monthly revenue in tokyo time
SELECT TD_TIME_FORMAT(time, 'yyyy-MM', 'JST') AS month, currency, sum(amount) AS revenue
FROM purchases
GROUP BY TD_TIME_FORMAT(time, 'yyyy-MM', 'JST'), currency
--- daily trend by truncated unix time
SELECT TD_DATE_TRUNC('day', time, 'UTC') AS d, count(*) AS views, approx_distinct(cookie) AS cookies
FROM pageviews
WHERE TD_TIME_RANGE(time, TD_TIME_ADD('2026-04-01', '-14d'), '2026-04-01')
GROUP BY 1
--- month interval purchases
SELECT purchase_id, customer_id FROM purchases WHERE TD_INTERVAL(time, '-1M/2026-04-10', 'UTC')
--- hour of day heat map in berlin
SELECT day_of_week(local) AS dow, hour(local) AS h, count(*) AS n
FROM (SELECT from_unixtime(time) AT TIME ZONE 'Europe/Berlin' AS local FROM pageviews) z
GROUP BY day_of_week(local), hour(local)
--- week label from time string
SELECT TD_TIME_STRING(time, 'w!', 'UTC') AS wk, sum(quantity) AS q
FROM purchases WHERE time >= TD_TIME_PARSE('2026-01-01') GROUP BY TD_TIME_STRING(time, 'w!', 'UTC')
--- time compared with a date text
SELECT purchase_id FROM purchases WHERE time >= '2026-01-01'
--- birthday parsing with fallbacks
SELECT customer_id, birthday,
       COALESCE(TRY(date(birthday)), TRY(CAST(date_parse(birthday, '%d/%m/%Y') AS date))) AS born,
       date_diff('year', COALESCE(TRY(date(birthday)), TRY(CAST(date_parse(birthday, '%d/%m/%Y') AS date))), DATE '2026-04-01') AS age
FROM customers
--- birthday cast without try
SELECT customer_id, CAST(birthday AS date) AS born FROM customers
--- created_at mixed precision
SELECT customer_id, CAST(created_at AS timestamp) AS ts, to_unixtime(CAST(created_at AS timestamp)) = time AS same
FROM customers
--- birthdays in the coming thirty days
SELECT customer_id
FROM customers
WHERE date_format(TRY_CAST(birthday AS date), '%m-%d') BETWEEN '04-01' AND '05-01'
--- retention by signup month
WITH cohort AS (
  SELECT customer_id, date_trunc('month', from_unixtime(time)) AS m0 FROM customers
), activity AS (
  SELECT DISTINCT customer_id, date_trunc('month', from_unixtime(time)) AS m FROM purchases
)
SELECT date_format(m0, '%Y-%m') AS cohort, date_diff('month', m0, m) AS months_later, count(DISTINCT c.customer_id) AS people
FROM cohort c JOIN activity a ON a.customer_id = c.customer_id AND a.m >= c.m0
GROUP BY m0, date_diff('month', m0, m)
--- churned subscriptions with bad dates
SELECT subscription_id, plan, date_diff('day', TRY_CAST(started AS date), TRY_CAST(NULLIF(ended, '') AS date)) AS lived
FROM subscriptions
WHERE ended IS NOT NULL
--- plan change with lead
SELECT customer_id, plan AS from_plan, lead(plan) OVER w AS to_plan, lead(started, 1, 'none') OVER w AS at
FROM subscriptions
WHERE customer_id IS NOT NULL
WINDOW w AS (PARTITION BY customer_id ORDER BY started, subscription_id)
--- running total and share
SELECT purchase_id, customer_id,
       sum(amount) OVER (PARTITION BY customer_id ORDER BY time, purchase_id) AS running,
       round(100 * amount / sum(amount) OVER (PARTITION BY customer_id), 1) AS pct
FROM purchases
WHERE customer_id IN ('c01', 'c12')
--- running total with peers in range frame
SELECT purchase_id, sum(amount) OVER (PARTITION BY customer_id ORDER BY time) AS peers_total
FROM purchases WHERE customer_id = 'c12'
--- first and last value frames
SELECT event_id,
       first_value(url) OVER (PARTITION BY cookie ORDER BY time, event_id) AS landing,
       last_value(url) OVER (PARTITION BY cookie ORDER BY time, event_id) AS here,
       last_value(url) OVER (PARTITION BY cookie ORDER BY time, event_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS exit_page
FROM pageviews
--- moving average over three orders
SELECT purchase_id, avg(amount) OVER (ORDER BY time, purchase_id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS ma3
FROM purchases WHERE currency = 'EUR'
--- range frame in seconds
SELECT event_id, count(*) OVER (PARTITION BY cookie ORDER BY time RANGE BETWEEN 300 PRECEDING AND 300 FOLLOWING) AS near
FROM pageviews
--- stitch cookie to known person ignoring nulls
SELECT event_id, COALESCE(customer_id, first_value(customer_id) IGNORE NULLS OVER (PARTITION BY cookie ORDER BY time ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)) AS person
FROM pageviews
WHERE cookie = 'k3'
--- rank kinds with ties
SELECT customer_id, points, rank() OVER (ORDER BY points DESC) AS r, dense_rank() OVER (ORDER BY points DESC NULLS FIRST) AS dr, round(percent_rank() OVER (ORDER BY points), 4) AS pr
FROM customers
--- window over aggregate
SELECT country, sum(points) AS pts, sum(sum(points)) OVER () AS total, rank() OVER (ORDER BY sum(points) DESC NULLS LAST) AS r
FROM customers
GROUP BY country
--- lag with a text default on a number
SELECT purchase_id, lag(amount, 1, 'none') OVER (ORDER BY time) FROM purchases
--- rolled up revenue with grouping
SELECT COALESCE(currency, '(none)') AS currency, channel, grouping(currency, channel) AS g, sum(amount) AS revenue
FROM purchases
GROUP BY ROLLUP (currency, channel)
--- cube of consent
SELECT channel, source, count(*) AS n, count_if(granted) AS yes FROM consents GROUP BY CUBE (channel, source)
--- grouping sets with empty set
SELECT campaign, event, count(*) AS n
FROM emails
GROUP BY GROUPING SETS ((campaign, event), (event), ())
--- mixed group by with rollup and column
SELECT plan, year(TRY_CAST(started AS date)) AS y, sum(monthly) AS mrr
FROM subscriptions
GROUP BY plan, ROLLUP (year(TRY_CAST(started AS date)))
--- with rollup as in mysql
SELECT channel, sum(amount) FROM purchases GROUP BY channel WITH ROLLUP
--- group by all with distinct sets
SELECT gender, email_opt_in, count(*) AS n FROM customers GROUP BY DISTINCT ROLLUP (gender, email_opt_in), ROLLUP (gender)
--- match recognize view then cart then checkout
SELECT m.cookie, m.seen, m.paid, m.steps
FROM pageviews MATCH_RECOGNIZE (
  PARTITION BY cookie
  ORDER BY time, event_id
  MEASURES FIRST(V.time) AS seen, LAST(K.time) AS paid, count(*) AS steps
  ONE ROW PER MATCH
  AFTER MATCH SKIP PAST LAST ROW
  PATTERN (V+ C X* K)
  DEFINE V AS url LIKE '%/p/%', C AS url LIKE '%/cart', X AS url NOT LIKE '%/checkout', K AS url LIKE '%/checkout'
) AS m
--- match recognize rising amounts
SELECT customer_id, start_amount, top_amount
FROM purchases
MATCH_RECOGNIZE (
  PARTITION BY customer_id ORDER BY time, purchase_id
  MEASURES A.amount AS start_amount, LAST(UP.amount) AS top_amount
  PATTERN (A UP+)
  DEFINE UP AS amount > PREV(amount)
)
--- match recognize all rows with classifier
SELECT customer_id, time, event, cls, n
FROM emails MATCH_RECOGNIZE (
  PARTITION BY customer_id ORDER BY time, event
  MEASURES CLASSIFIER() AS cls, MATCH_NUMBER() AS n
  ALL ROWS PER MATCH
  PATTERN (S O*)
  DEFINE S AS event = 'sent', O AS event IN ('opened', 'clicked')
) WHERE customer_id IN ('c01', 'c06')
--- nested ctes with column names and shadowing
WITH a(id, pts) AS (SELECT customer_id, points FROM customers WHERE points IS NOT NULL),
     b AS (WITH a AS (SELECT id, pts * 2 AS pts FROM a) SELECT * FROM a WHERE pts > 200)
SELECT a.id, a.pts, b.pts AS doubled FROM a LEFT JOIN b ON a.id = b.id
--- cte shadows a table
WITH customers AS (SELECT 'c99' AS customer_id, 'Ghost' AS name)
SELECT name FROM customers
--- recursive days
WITH RECURSIVE d(n, day) AS (
  SELECT 1, DATE '2026-02-26'
  UNION ALL
  SELECT n + 1, day + INTERVAL '1' DAY FROM d WHERE n < 5
)
SELECT n, day, count(e.message_id) AS mails FROM d LEFT JOIN emails e ON e.day = CAST(d.day AS varchar) GROUP BY n, day
--- cte referenced before its definition
WITH late AS (SELECT * FROM early), early AS (SELECT 1 AS x) SELECT x FROM late
--- missing table
SELECT * FROM customer WHERE country = 'DE'
--- missing column
SELECT customer_id, e_mail FROM customers
--- double quoted literal
SELECT customer_id FROM customers WHERE country = "DE"
--- backticks
SELECT `customer_id`, `points` FROM `customers`
--- ilike search
SELECT product_id FROM products WHERE title ILIKE '%sock%'
--- double colon cast
SELECT purchase_id, amount::decimal(10,2) AS amt FROM purchases
--- limit with comma
SELECT customer_id FROM customers ORDER BY customer_id LIMIT 2, 3
--- offset then limit
SELECT customer_id, points FROM customers ORDER BY points DESC NULLS LAST, customer_id OFFSET 2 ROWS LIMIT 4
--- fetch with ties
SELECT customer_id, points FROM customers WHERE points IS NOT NULL ORDER BY points DESC FETCH FIRST 4 ROWS WITH TIES
--- wrong argument count
SELECT customer_id, split_part(email, '@') AS domain FROM customers
--- email domain counts
SELECT split_part(lower(trim(email)), '@', 2) AS domain, count(*) AS n, listagg(customer_id, '|') WITHIN GROUP (ORDER BY customer_id) AS ids
FROM customers GROUP BY 1 HAVING count(*) >= 1
--- concat of text and number
SELECT customer_id || '-' || points AS label FROM customers
--- boolean compared with one
SELECT customer_id FROM customers WHERE email_opt_in = 1
--- hive style sha and nvl
SELECT sha2(lower(email), 256) AS em, nvl(name, '') AS nm FROM customers
--- hashed audience upload
SELECT lower(to_hex(sha256(to_utf8(lower(trim(email)))))) AS em, CASE WHEN length(trim(email)) > 0 THEN 1 ELSE 0 END AS ok
FROM customers WHERE email IS NOT NULL
--- mixed case, quoting and odd comments
SeLeCt /* people */ C."CUSTOMER_ID" aS "Customer Id" -- the key
  , c.Name /* a 'quote' in a comment; and -- dashes */ "n"
fRoM "customers" c -- trailing
WHERE /**/ c.country <> '' and C.POINTS > 100
--- select star with extra column and table alias columns
SELECT t.*, t.a || '!' AS shout FROM (VALUES ('x', 1), ('y', NULL)) AS t (a, b) WHERE b IS NULL OR b = 1
--- device share by regex
SELECT COALESCE(regexp_extract(agent, '\(([^;)]+)', 1), 'unknown') AS device, count(*) AS n, avg(duration) AS avg_s, approx_percentile(duration, 0.5) AS med
FROM pageviews GROUP BY 1
--- td_sessionize over an ordered subquery
SELECT count(DISTINCT session_id) AS sessions, count(*) AS hits
FROM (
  SELECT TD_SESSIONIZE(time, 3600, cookie) AS session_id
  FROM (SELECT time, cookie FROM pageviews ORDER BY cookie, time) t
) x
--- inactive since half a year with last order day
SELECT c.customer_id, l.last_day
FROM customers c
LEFT JOIN (
  SELECT customer_id, TD_TIME_FORMAT(max(time), 'yyyy-MM-dd', 'UTC') AS last_day, max(time) AS last_time
  FROM purchases GROUP BY customer_id
) l ON l.customer_id = c.customer_id
WHERE l.last_time IS NULL OR l.last_time < TD_TIME_ADD(TD_TIME_PARSE('2026-04-01', 'UTC'), '-180d', 'UTC')
--- lookup table from values with join using two columns
SELECT label, count(*) AS n
FROM purchases
JOIN (VALUES ('web', 'EUR', 'online euro'), ('store', 'EUR', 'shop euro'), ('web', NULL, 'never')) AS l (channel, currency, label) USING (channel, currency)
GROUP BY label
--- null safe join on currency rates
SELECT p.purchase_id, CAST(p.amount * r.rate AS decimal(12, 2)) AS eur
FROM purchases p
JOIN (VALUES ('EUR', 1.0), ('USD', 0.9), ('JPY', 0.006), (CAST(NULL AS varchar), 1.0)) r(cur, rate)
  ON p.currency IS NOT DISTINCT FROM r.cur
--- product affinity pairs
SELECT a.product_id AS left_item, b.product_id AS right_item, count(DISTINCT a.customer_id) AS buyers
FROM purchases a INNER JOIN purchases b USING (customer_id)
WHERE a.product_id < b.product_id
GROUP BY a.product_id, b.product_id
--- click path as text
SELECT cookie, array_join(array_agg(COALESCE(NULLIF(url_extract_path(url), ''), '-') ORDER BY time, event_id), ' > ') AS path
FROM pageviews
WHERE url IS NOT NULL
GROUP BY cookie
--- except and intersect with parentheses
(SELECT product_id FROM purchases EXCEPT SELECT product_id FROM products)
UNION ALL
(SELECT category FROM products WHERE active = 0 INTERSECT SELECT 'gifts')
--- tag sets compared
SELECT customer_id, cardinality(tags) AS n, array_distinct(tags) AS uniq,
       arrays_overlap(tags, ARRAY['vip', 'sale']) AS hot, array_position(tags, 'vip') AS pos,
       reduce(tags, 0, (s, t) -> s + COALESCE(length(t), 0), s -> s) AS letters
FROM customers
--- percentiles and spread by channel
SELECT channel, min(amount) AS lo, approx_percentile(amount, 0.5) AS med, max(amount) AS hi,
       round(stddev_pop(amount), 3) AS sd, max_by(product_id, amount, 2) AS top_two
FROM purchases
WHERE currency = 'EUR' AND amount IS NOT NULL AND channel <> 'store'
GROUP BY channel
--- category tree first level
SELECT element_at(split(category, '/'), 1) AS top, element_at(split(category, '/'), 2) AS sub,
       sum(price) AS price_sum, bool_and(active = 1) AS all_active
FROM products
GROUP BY 1, 2
--- campaign parameters of all urls
SELECT event_id, kv.k, kv.v
FROM pageviews
CROSS JOIN UNNEST(split_to_multimap(url_extract_query(url), '&', '=')) AS kv (k, v)
WHERE strpos(url, 'utm_') > 0
--- gaps and islands of consent changes
SELECT customer_id, channel, granted, min(time) AS since, count(*) AS times
FROM (
  SELECT *, row_number() OVER (PARTITION BY customer_id, channel ORDER BY time, granted)
          - row_number() OVER (PARTITION BY customer_id, channel, granted ORDER BY time) AS island
  FROM consents
)
GROUP BY customer_id, channel, granted, island
--- segment labels by case with group by the case
SELECT CASE WHEN points IS NULL THEN 'unknown' WHEN points >= 500 THEN 'gold' WHEN points BETWEEN 50 AND 499 THEN 'silver' ELSE 'basic' END AS segment,
       count(*) AS n, avg(balance) AS avg_balance, array_agg(customer_id ORDER BY customer_id) AS ids
FROM customers
GROUP BY CASE WHEN points IS NULL THEN 'unknown' WHEN points >= 500 THEN 'gold' WHEN points BETWEEN 50 AND 499 THEN 'silver' ELSE 'basic' END
--- table keyword and parenthesised query with order
(TABLE products) ORDER BY price DESC NULLS LAST, product_id LIMIT 2
