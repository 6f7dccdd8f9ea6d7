--- birthdays of today
SELECT customer_id FROM customers WHERE SUBSTR(birthday, 6) = '04-12'

--- birthdays within a month by date parts
SELECT customer_id FROM customers WHERE MONTH(TRY_CAST(birthday AS DATE)) = 4

--- ages
SELECT customer_id, DATE_DIFF('year', TRY_CAST(birthday AS DATE), DATE '2026-03-31') AS age FROM customers

--- adults
SELECT customer_id FROM customers WHERE TRY_CAST(birthday AS DATE) <= DATE '2026-03-31' - INTERVAL '18' YEAR

--- next birthday
SELECT customer_id, DATE_ADD('year', DATE_DIFF('year', b, DATE '2026-03-31') + 1, b) AS next_birthday FROM (SELECT customer_id, TRY_CAST(birthday AS DATE) AS b FROM customers) WHERE b IS NOT NULL

--- several formats of a date
SELECT customer_id, COALESCE(TRY(DATE_PARSE(birthday, '%Y-%m-%d')), TRY(DATE_PARSE(birthday, '%d/%m/%Y'))) AS b FROM customers

--- addresses cleaned
SELECT DISTINCT LOWER(TRIM(email)) AS email FROM customers WHERE email IS NOT NULL AND TRIM(email) <> ''

--- good addresses
SELECT customer_id FROM customers WHERE REGEXP_LIKE(TRIM(email), '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$')

--- domains
SELECT LOWER(SPLIT_PART(TRIM(email), '@', 2)) AS domain, COUNT(*) AS n FROM customers GROUP BY 1

--- top level domains
SELECT customer_id, ELEMENT_AT(SPLIT(email, '.'), -1) AS tld FROM customers

--- first names
SELECT customer_id, SPLIT_PART(name, ' ', 1) AS first_name, SPLIT_PART(name, ' ', 2) AS last_name, LENGTH(name) AS n FROM customers

--- names without accents
SELECT customer_id, LOWER(REGEXP_REPLACE(NORMALIZE(name, NFD), '[^a-zA-Z ]', '')) AS plain FROM customers

--- initials
SELECT customer_id, ARRAY_JOIN(TRANSFORM(SPLIT(name, ' '), x -> SUBSTR(x, 1, 1)), '') AS initials FROM customers

--- people with the same address
SELECT LOWER(email) AS email, ARRAY_AGG(customer_id ORDER BY customer_id) AS ids FROM customers WHERE email <> '' GROUP BY LOWER(email) HAVING COUNT(*) > 1

--- merged people keep the newest
SELECT email, MAX_BY(customer_id, created_at) AS customer_id FROM customers WHERE email IS NOT NULL GROUP BY email

--- tags
SELECT customer_id FROM customers WHERE CONTAINS(tags, 'vip')

--- tags with nulls
SELECT customer_id, CONTAINS(tags, 'vip') AS vip FROM customers

--- any tag of a list
SELECT customer_id FROM customers WHERE ARRAYS_OVERLAP(tags, ARRAY['vip', 'sale'])

--- all tags of a list
SELECT customer_id FROM customers WHERE CARDINALITY(ARRAY_INTERSECT(tags, ARRAY['vip', 'sale'])) = 2

--- no tags
SELECT customer_id FROM customers WHERE tags IS NULL OR CARDINALITY(tags) = 0

--- tags counted
SELECT tag, COUNT(*) AS n FROM customers CROSS JOIN UNNEST(tags) AS t (tag) GROUP BY tag

--- tags with their place
SELECT customer_id, tag, place FROM customers CROSS JOIN UNNEST(tags) WITH ORDINALITY AS t (tag, place)

--- the first tag
SELECT customer_id, ELEMENT_AT(tags, 1) AS first_tag FROM customers

--- tags as text
SELECT customer_id, ARRAY_JOIN(tags, '|', '?') AS tags FROM customers

--- a tag by any_match
SELECT customer_id FROM customers WHERE ANY_MATCH(tags, t -> t LIKE 'v%')

--- distinct tags
SELECT customer_id, ARRAY_SORT(ARRAY_DISTINCT(tags)) AS tags, CARDINALITY(ARRAY_DISTINCT(tags)) AS n FROM customers

--- cities of profiles
SELECT customer_id, JSON_EXTRACT_SCALAR(profile, '$.city') AS city FROM customers

--- sizes of profiles
SELECT customer_id, TRY_CAST(JSON_EXTRACT_SCALAR(profile, '$.size') AS DOUBLE) AS size FROM customers

--- likes bags
SELECT customer_id FROM customers WHERE JSON_ARRAY_CONTAINS(JSON_EXTRACT(profile, '$.likes'), 'bags')

--- likes unnested
SELECT customer_id, l FROM customers CROSS JOIN UNNEST(TRY(CAST(JSON_EXTRACT(profile, '$.likes') AS ARRAY(VARCHAR)))) AS t (l)

--- nested field
SELECT customer_id, JSON_EXTRACT_SCALAR(profile, '$.address.zip') AS zip FROM customers WHERE JSON_EXTRACT_SCALAR(profile, '$.address.zip') IS NOT NULL

--- json with SQL's own functions
SELECT customer_id, JSON_VALUE(profile, 'lax $.city') AS city FROM customers WHERE profile LIKE '{%'

--- countries in one spelling
SELECT UPPER(country) AS country, COUNT(*) AS n FROM customers GROUP BY UPPER(country)

--- blank as null
SELECT customer_id, COALESCE(NULLIF(TRIM(country), ''), 'unknown') AS country FROM customers

--- gender in words
SELECT customer_id, CASE LOWER(gender) WHEN 'f' THEN 'female' WHEN 'm' THEN 'male' ELSE 'other' END AS gender FROM customers

--- opted in
SELECT customer_id FROM customers WHERE email_opt_in

--- opted in or unknown
SELECT customer_id FROM customers WHERE COALESCE(email_opt_in, true)

--- not opted in, with nulls
SELECT customer_id FROM customers WHERE NOT email_opt_in

--- is distinct from
SELECT customer_id FROM customers WHERE email_opt_in IS DISTINCT FROM true

--- points in steps
SELECT customer_id, WIDTH_BUCKET(points, 0, 1000, 4) AS step FROM customers WHERE points IS NOT NULL

--- points against a list
SELECT customer_id FROM customers WHERE points IN (0, 7, 120)

--- points between
SELECT customer_id FROM customers WHERE points BETWEEN 33 AND 120 AND balance > -5

--- balance as text
SELECT customer_id, CAST(balance AS VARCHAR) AS b, CAST(points AS VARCHAR) AS p FROM customers

--- balance formatted
SELECT customer_id, FORMAT('%,.2f', balance) AS b, FORMAT('%05d', points) AS p FROM customers WHERE balance IS NOT NULL

--- balance rounded
SELECT customer_id, ROUND(balance), ROUND(balance, 1), CAST(balance AS BIGINT), FLOOR(balance), CEIL(balance) FROM customers

--- balance as decimal
SELECT customer_id, CAST(balance AS DECIMAL(12, 2)) AS b, CAST(balance AS DECIMAL(12, 2)) * 1.19 AS gross FROM customers

--- registered since
SELECT customer_id FROM customers WHERE TRY_CAST(created_at AS TIMESTAMP) >= TIMESTAMP '2023-09-01 00:00:00'

--- registered by unix time
SELECT customer_id FROM customers WHERE FROM_UNIXTIME(time) >= TIMESTAMP '2023-09-01 00:00:00 UTC'

--- registered on a day in Tokyo
SELECT customer_id, CAST(FROM_UNIXTIME(time) AT TIME ZONE 'Asia/Tokyo' AS DATE) AS d FROM customers

--- registered by week
SELECT DATE_TRUNC('week', FROM_UNIXTIME(time)) AS week, COUNT(*) AS n FROM customers GROUP BY 1

--- ids from a list of values
SELECT c.customer_id FROM customers c JOIN (VALUES 'c01', 'c03', 'nobody') AS wanted (id) ON c.customer_id = wanted.id

--- rows as values
SELECT customer_id FROM customers WHERE (country, gender) IN (('DE', 'f'), ('US', 'm'))

--- sorted and limited
SELECT customer_id, points FROM customers WHERE points IS NOT NULL ORDER BY points DESC, customer_id LIMIT 3

--- offset
SELECT customer_id FROM customers ORDER BY customer_id OFFSET 10

--- similar names
SELECT a.customer_id, b.customer_id AS other FROM customers a JOIN customers b ON a.customer_id < b.customer_id AND LEVENSHTEIN_DISTANCE(a.name, b.name) <= 2

--- quoted and odd names
SELECT c."customer_id" AS "Customer ID", c.NAME AS "näme" FROM "customers" AS C WHERE "c".points > 100

--- bad: misspelt column
SELECT customer_id FROM customers WHERE countri = 'DE'

--- bad: misspelt column in select
SELECT custmer_id FROM customers

--- bad: misspelt table
SELECT customer_id FROM custommers

--- bad: double quotes for a text
SELECT customer_id FROM customers WHERE country = "DE"

--- bad: country compared with a number
SELECT customer_id FROM customers WHERE country = 1

--- bad: ifnull
SELECT IFNULL(country, 'x') FROM customers

--- bad: nvl
SELECT NVL(country, 'x') FROM customers

--- bad: len
SELECT customer_id FROM customers WHERE LEN(name) > 3

--- bad: isnull
SELECT customer_id FROM customers WHERE ISNULL(country)

--- bad: ilike
SELECT customer_id FROM customers WHERE name ILIKE 'anna%'

--- bad: contains of a text
SELECT customer_id FROM customers WHERE CONTAINS(name, 'Anna')

--- bad: contains of another type
SELECT customer_id FROM customers WHERE CONTAINS(tags, 1)

--- bad: tags compared with a text
SELECT customer_id FROM customers WHERE tags = 'vip'

--- bad: any of an array
SELECT customer_id FROM customers WHERE 'vip' = ANY(tags)

--- bad: the first tag of an empty array
SELECT tags[1] FROM customers WHERE tags IS NOT NULL

--- bad: an alias in where
SELECT LOWER(email) AS m FROM customers WHERE m = 'anna@example.com'

--- bad: is true
SELECT customer_id FROM customers WHERE email_opt_in IS TRUE

--- bad: boolean in a list of numbers
SELECT customer_id FROM customers WHERE email_opt_in IN (1)

--- bad: where a number
SELECT customer_id FROM customers WHERE points

--- bad: a birthday as a date that is none
SELECT CAST(birthday AS DATE) FROM customers WHERE customer_id = 'c09'

--- bad: year of a text
SELECT customer_id FROM customers WHERE YEAR(birthday) < 2000

--- bad: a text and a number joined
SELECT name || points FROM customers

--- bad: select except
SELECT * EXCEPT (email) FROM customers

--- bad: distinct on
SELECT DISTINCT ON (email) customer_id FROM customers

--- bad: order by a column that distinct drops
SELECT DISTINCT country FROM customers ORDER BY points

--- bad: ambiguous after a join
SELECT time FROM customers c JOIN purchases p ON c.customer_id = p.customer_id

--- bad: qualified after using
SELECT c.customer_id FROM customers c JOIN purchases p USING (customer_id)

--- bad: natural join
SELECT * FROM customers NATURAL JOIN purchases

--- bad: using a column that is not there
SELECT name FROM customers JOIN products USING (customer_id)

--- bad: comma missing
SELECT customer_id email name FROM customers

--- bad: comma too many
SELECT customer_id, FROM customers

--- bad: no from
SELECT customer_id WHERE country = 'DE'

--- bad: two wheres
SELECT customer_id FROM customers WHERE country = 'DE' WHERE points > 1

--- bad: parenthesis left open
SELECT customer_id FROM customers WHERE (country = 'DE' AND points > 1

--- bad: quote left open
SELECT customer_id FROM customers WHERE country = 'DE

--- bad: back quotes
SELECT `customer_id` FROM customers

--- bad: double equals
SELECT customer_id FROM customers WHERE country == 'DE'

--- bad: limit with two numbers
SELECT customer_id FROM customers LIMIT 5, 10

--- bad: top
SELECT TOP 5 customer_id FROM customers

--- bad: cast with colons
SELECT points::varchar FROM customers

--- bad: a reserved word as a name
SELECT customer_id AS end FROM customers

--- bad: unknown type
SELECT CAST(points AS TEXT) FROM customers

--- bad: group by misses a column
SELECT country, gender, COUNT(*) FROM customers GROUP BY country

--- bad: a column of the outer query only
SELECT customer_id FROM customers c WHERE EXISTS (SELECT 1 FROM purchases p WHERE p.customer_id = c.custmer_id)

--- bad: a cte's column
WITH t AS (SELECT customer_id AS id FROM customers) SELECT customer_id FROM t

--- bad: a cte used before it is there
WITH a AS (SELECT id FROM b), b AS (SELECT customer_id AS id FROM customers) SELECT id FROM a

--- bad: too many names for a cte's columns
WITH t (a, b) AS (SELECT customer_id FROM customers) SELECT a FROM t

--- bad: subquery's alias not known outside
SELECT t.points FROM (SELECT customer_id FROM customers) t

--- bad: delete
DELETE FROM no_such_table WHERE points > 1

--- bad: update
UPDATE customers SET points = 1

--- bad: two statements
SELECT customer_id FROM customers; SELECT customer_id FROM purchases
