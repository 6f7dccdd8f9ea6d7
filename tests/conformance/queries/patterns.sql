--- viewed, put into the cart, checked out
SELECT * FROM pageviews MATCH_RECOGNIZE (
  PARTITION BY cookie
  ORDER BY time
  MEASURES FIRST(V.time) AS started, LAST(O.time) AS ended, COUNT(*) AS pages
  ONE ROW PER MATCH
  AFTER MATCH SKIP PAST LAST ROW
  PATTERN (V+ C+ O)
  DEFINE V AS url LIKE '%/p/%', C AS url LIKE '%/cart%' OR url LIKE '%/login', O AS url LIKE '%/checkout%'
)

--- cart without a checkout
SELECT cookie, cart_time FROM pageviews MATCH_RECOGNIZE (
  PARTITION BY cookie ORDER BY time
  MEASURES LAST(C.time) AS cart_time
  PATTERN (C N* $)
  DEFINE C AS url LIKE '%/cart%', N AS url NOT LIKE '%/checkout%'
)

--- all rows of a match
SELECT customer_id, message_id, label FROM emails MATCH_RECOGNIZE (
  PARTITION BY customer_id ORDER BY time
  MEASURES CLASSIFIER() AS label
  ALL ROWS PER MATCH
  PATTERN (S O C?)
  DEFINE S AS event = 'sent', O AS event = 'opened', C AS event = 'clicked'
) WHERE customer_id <> 'c06'

--- rising amounts
SELECT customer_id, n FROM purchases MATCH_RECOGNIZE (
  PARTITION BY customer_id ORDER BY purchase_id
  MEASURES COUNT(*) AS n
  PATTERN (A UP+)
  DEFINE UP AS amount > PREV(amount)
)

--- bad: a label that the pattern lacks
SELECT * FROM pageviews MATCH_RECOGNIZE (
  PARTITION BY cookie ORDER BY time MEASURES X.time AS t PATTERN (V+) DEFINE V AS url LIKE '%/p/%'
)

--- bad: an unknown column in define
SELECT * FROM pageviews MATCH_RECOGNIZE (
  PARTITION BY cookie ORDER BY time MEASURES COUNT(*) AS n PATTERN (V+) DEFINE V AS page LIKE '%/p/%'
)

--- bad: a definition that is no condition
SELECT * FROM pageviews MATCH_RECOGNIZE (
  PARTITION BY cookie ORDER BY time MEASURES COUNT(*) AS n PATTERN (V+) DEFINE V AS duration
)

--- reachable pairs by a recursive query
WITH RECURSIVE steps (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM steps WHERE n < 4) SELECT n FROM steps

--- bad: recursive without columns
WITH RECURSIVE steps AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM steps WHERE n < 4) SELECT n FROM steps

--- bad: recursion not declared
WITH steps (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM steps WHERE n < 4) SELECT n FROM steps
