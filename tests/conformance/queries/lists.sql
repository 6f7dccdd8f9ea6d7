--- everybody reachable by mail
SELECT c.customer_id FROM customers c
WHERE COALESCE(c.email_opt_in, false)
  AND c.customer_id NOT IN (SELECT customer_id FROM emails WHERE event IN ('bounced', 'unsubscribed') AND customer_id IS NOT NULL)

--- a long chain of steps
WITH buyers AS (SELECT customer_id, COUNT(*) AS n, MAX(time) AS last_time FROM purchases WHERE customer_id IS NOT NULL GROUP BY customer_id),
openers AS (SELECT customer_id, COUNT(*) AS opened FROM emails WHERE event = 'opened' GROUP BY customer_id),
latest AS (SELECT customer_id, MAX_BY(status, time) AS status FROM carts WHERE customer_id IS NOT NULL GROUP BY customer_id),
people AS (
  SELECT c.customer_id, LOWER(TRIM(c.email)) AS email, COALESCE(b.n, 0) AS n, b.last_time, COALESCE(o.opened, 0) AS opened, l.status
  FROM customers c LEFT JOIN buyers b ON b.customer_id = c.customer_id LEFT JOIN openers o ON o.customer_id = c.customer_id
  LEFT JOIN latest l ON l.customer_id = c.customer_id
)
SELECT customer_id, email, n, opened, status FROM people WHERE n > 0 OR opened > 0 OR status IS NOT NULL

--- one identifier of several
SELECT COALESCE(NULLIF(TRIM(c.email), ''), c.customer_id) AS id FROM customers c

--- identifiers of events and people
SELECT customer_id FROM customers UNION SELECT customer_id FROM purchases WHERE customer_id IS NOT NULL

--- counts of sets
SELECT (SELECT COUNT(*) FROM customers) AS people, (SELECT COUNT(DISTINCT customer_id) FROM purchases) AS buyers, (SELECT MAX(amount) FROM purchases) AS most

--- full outer join of sources
SELECT COALESCE(c.customer_id, p.customer_id) AS id, c.customer_id IS NULL AS unknown FROM customers c FULL OUTER JOIN (SELECT DISTINCT customer_id FROM purchases) p ON c.customer_id = p.customer_id

--- a cross join with parameters
WITH params AS (SELECT 1775000000 AS today, 30 AS days) SELECT DISTINCT p.customer_id FROM purchases p, params WHERE p.time >= params.today - params.days * 86400

--- lookalikes by shared products
SELECT DISTINCT b.customer_id FROM purchases a JOIN purchases b ON a.product_id = b.product_id AND a.customer_id <> b.customer_id WHERE a.customer_id = 'c06'

--- products never bought
SELECT product_id FROM products p WHERE NOT EXISTS (SELECT 1 FROM purchases s WHERE s.product_id = p.product_id)

--- attributes of products
SELECT product_id, JSON_EXTRACT_SCALAR(attributes, '$.color[0]') AS first_color, JSON_EXTRACT_SCALAR(attributes, '$.color') AS color, JSON_FORMAT(JSON_EXTRACT(attributes, '$.color')) AS colors FROM products

--- weights of products
SELECT product_id, CAST(JSON_EXTRACT_SCALAR(attributes, '$.weight') AS BIGINT) / 1000.0 AS kg FROM products

--- parts of a category
SELECT product_id, SPLIT(category, '/')[1] AS top, ELEMENT_AT(SPLIT(category, '/'), 2) AS sub, REVERSE(category) AS back FROM products WHERE category IS NOT NULL

--- active as a flag
SELECT product_id, IF(active = 1, 'yes', 'no') AS a, CAST(active AS BOOLEAN) AS b, active = 1 AND price > 0 AS c FROM products

--- prices in words
SELECT title || ': ' || CAST(price AS VARCHAR) || ' EUR' AS words FROM products

--- prices as decimals in words
SELECT title, CAST(CAST(price AS DECIMAL(10, 2)) AS VARCHAR) AS words FROM products

--- average prices
SELECT AVG(price) AS mean, STDDEV(price) AS spread, APPROX_DISTINCT(category) AS n, MIN(title) AS first_title FROM products

--- rows as json
SELECT product_id, JSON_FORMAT(CAST(ROW(title, price) AS JSON)) AS j FROM products

--- maps as json
SELECT customer_id, JSON_FORMAT(CAST(MAP(ARRAY['points', 'rest'], ARRAY[points, points % 7]) AS JSON)) AS j FROM customers

--- zipped arrays
SELECT p, q FROM (VALUES ('a,b', '1,2,3')) AS t (x, y) CROSS JOIN UNNEST(SPLIT(x, ','), SPLIT(y, ',')) AS u (p, q)

--- everything of an empty result
SELECT customer_id, SUM(amount) AS total FROM purchases WHERE false GROUP BY customer_id

--- sums of an empty result
SELECT SUM(amount) AS total, COUNT(*) AS n, MAX(channel) AS c FROM purchases WHERE false

--- star of a join
SELECT * FROM consents c JOIN subscriptions s ON c.customer_id = s.customer_id WHERE c.channel = 'push'

--- star of an alias
SELECT s.*, c.country FROM subscriptions s JOIN customers c ON c.customer_id = s.customer_id

--- sample of all
SELECT customer_id FROM customers TABLESAMPLE BERNOULLI (100)

--- distinct of two columns
SELECT DISTINCT channel, currency FROM purchases

--- numbers in texts
SELECT purchase_id FROM purchases WHERE TRY_CAST(REGEXP_EXTRACT(product_id, '[0-9]+') AS INTEGER) >= 3

--- like with an underscore
SELECT purchase_id FROM purchases WHERE coupon LIKE 'K__'

--- not like leaves nulls out
SELECT purchase_id FROM purchases WHERE coupon NOT LIKE 'SPRING%'

--- greatest of times
SELECT c.customer_id, GREATEST(COALESCE(MAX(p.time), 0), COALESCE(MAX(v.time), 0)) AS seen FROM customers c LEFT JOIN purchases p ON p.customer_id = c.customer_id LEFT JOIN pageviews v ON v.customer_id = c.customer_id GROUP BY c.customer_id

--- lateral subquery
SELECT c.customer_id, l.n FROM customers c CROSS JOIN LATERAL (SELECT COUNT(*) AS n FROM purchases p WHERE p.customer_id = c.customer_id) l

--- comparison with all
SELECT customer_id FROM customers WHERE points >= ALL (SELECT points FROM customers WHERE points IS NOT NULL)

--- comparison with any
SELECT purchase_id FROM purchases WHERE customer_id = ANY (SELECT customer_id FROM customers WHERE country = 'KR')

--- try around a bad cast
SELECT customer_id, TRY(CAST(country AS INTEGER)) AS n FROM customers

--- nested cases
SELECT customer_id, CASE WHEN points IS NULL THEN 'none' WHEN points < 100 THEN CASE WHEN email_opt_in THEN 'low in' ELSE 'low out' END ELSE 'high' END AS level FROM customers

--- quantified counts
SELECT channel, COUNT(*) AS n, COUNT(coupon) AS with_coupon, COUNT(DISTINCT coupon) AS coupons, COUNT(*) - COUNT(coupon) AS without FROM purchases GROUP BY channel HAVING COUNT(*) > 2

--- listagg of products
SELECT customer_id, LISTAGG(product_id, ',') WITHIN GROUP (ORDER BY purchase_id) AS products FROM purchases WHERE customer_id IS NOT NULL GROUP BY customer_id

--- percentiles in one go
SELECT APPROX_PERCENTILE(points, ARRAY[0.25, 0.5, 0.75]) AS p FROM customers

--- two levels of grouping
SELECT n, COUNT(*) AS people FROM (SELECT customer_id, COUNT(*) AS n FROM purchases GROUP BY customer_id) GROUP BY n

--- filter and case agree
SELECT SUM(amount) FILTER (WHERE channel = 'web') AS a, SUM(CASE WHEN channel = 'web' THEN amount END) AS b FROM purchases WHERE currency = 'EUR'

--- columns named like functions
SELECT c.n AS count, c.m AS max FROM (SELECT COUNT(*) AS n, MAX(points) AS m FROM customers) c

--- comments everywhere
-- people of Germany
SELECT customer_id /* the id */
FROM customers -- all
WHERE country = 'DE' -- ISO

--- a trailing semicolon
SELECT customer_id FROM customers WHERE country = 'JP';

--- a qualified table
SELECT customer_id FROM td.conformance.customers WHERE points > 900

--- a schema's table
SELECT conformance.customers.customer_id FROM conformance.customers WHERE points > 900

--- values alone
VALUES ('a', 1), ('b', 2)

--- table alone
TABLE products

--- with and values
WITH t (a, b) AS (VALUES (1, 'x'), (2, NULL)) SELECT a, COALESCE(b, '?') AS b FROM t

--- bad: list_contains
SELECT customer_id FROM customers WHERE LIST_CONTAINS(tags, 'vip')

--- bad: array_contains
SELECT customer_id FROM customers WHERE ARRAY_CONTAINS(tags, 'vip')

--- bad: array length
SELECT customer_id FROM customers WHERE ARRAY_LENGTH(tags) > 1

--- bad: full join using a wrong column
SELECT * FROM customers FULL JOIN purchases USING (id)

--- bad: join on a number and a text
SELECT * FROM customers c JOIN purchases p ON c.points = p.customer_id

--- bad: join without a condition
SELECT * FROM customers c JOIN purchases p

--- bad: an alias twice
SELECT p.customer_id FROM customers p JOIN purchases p ON p.customer_id = p.customer_id

--- bad: star of an unknown alias
SELECT x.* FROM customers c

--- bad: not in of another type
SELECT customer_id FROM customers WHERE customer_id NOT IN (SELECT purchase_id FROM purchases)

--- bad: exists without a query
SELECT customer_id FROM customers WHERE EXISTS (customer_id)

--- bad: like on a number
SELECT customer_id FROM customers WHERE points LIKE '1%'

--- bad: between of mixed types
SELECT purchase_id FROM purchases WHERE amount BETWEEN 10 AND '100'

--- bad: lower of a number
SELECT LOWER(points) FROM customers

--- bad: coalesce of mixed types
SELECT COALESCE(points, 'none') FROM customers

--- bad: if of mixed types
SELECT IF(points > 1, points, name) FROM customers

--- bad: nullif of mixed types
SELECT NULLIF(points, '') FROM customers

--- bad: greatest of mixed types
SELECT GREATEST(points, name) FROM customers

--- bad: concat of a number
SELECT CONCAT(name, points) FROM customers

--- bad: substr of a number
SELECT SUBSTR(points, 1, 1) FROM customers

--- bad: split_part index of zero
SELECT SPLIT_PART(name, ' ', 0) FROM customers

--- bad: too few arguments
SELECT SPLIT_PART(name, ' ') FROM customers

--- bad: too many arguments
SELECT LOWER(name, 'x') FROM customers

--- bad: cast of a bad text
SELECT CAST(country AS BIGINT) FROM customers WHERE country = 'DE'

--- bad: json_parse of no json
SELECT JSON_PARSE(profile) FROM customers

--- bad: a lambda outside
SELECT x -> x + 1 FROM customers

--- bad: transform with a wrong lambda
SELECT TRANSFORM(tags, x -> x + 1) FROM customers

--- bad: filter with no condition
SELECT FILTER(tags, x -> LENGTH(x)) FROM customers

--- bad: unnest in select
SELECT UNNEST(tags) FROM customers

--- bad: cross join with on
SELECT * FROM customers CROSS JOIN purchases ON true

--- bad: having without a group
SELECT customer_id FROM purchases HAVING COUNT(*) > 1

--- bad: group by a number out of range
SELECT channel, COUNT(*) FROM purchases GROUP BY 5

--- bad: order by a number out of range
SELECT channel FROM purchases ORDER BY 3

--- bad: group by an aggregate
SELECT COUNT(*) FROM purchases GROUP BY COUNT(*)

--- bad: union all by name
SELECT customer_id FROM purchases UNION ALL BY NAME SELECT customer_id FROM customers

--- bad: minus
SELECT customer_id FROM purchases MINUS SELECT customer_id FROM customers

--- bad: for update
SELECT customer_id FROM purchases FOR UPDATE

--- bad: with no query
WITH t AS (SELECT customer_id FROM purchases)

--- bad: a cte twice
WITH t AS (SELECT 1 AS a), t AS (SELECT 2 AS a) SELECT a FROM t

--- bad: a table function that is none
SELECT * FROM GENERATE_SERIES(1, 3)

--- bad: a parameter
SELECT customer_id FROM customers WHERE country = ?

--- bad: a variable of digdag
SELECT customer_id FROM customers WHERE time > ${last_session_time}

--- bad: hive's array literal
SELECT ARRAY('a', 'b') FROM customers

--- bad: hive's rlike
SELECT customer_id FROM customers WHERE name RLIKE 'Anna'

--- bad: hive's sort by
SELECT customer_id FROM customers SORT BY customer_id

--- bad: escaped quote
SELECT customer_id FROM customers WHERE name = 'Hugo O\'Neil'
