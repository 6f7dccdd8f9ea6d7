--- events of the last days
SELECT customer_id, COUNT(*) AS n FROM pageviews WHERE TD_INTERVAL(time, '-30d') GROUP BY customer_id

--- events of yesterday in Tokyo
SELECT event_id FROM pageviews WHERE TD_INTERVAL(time, '-1d', 'Asia/Tokyo')

--- events since the start of last month
SELECT event_id FROM pageviews WHERE TD_TIME_RANGE(time, TD_DATE_TRUNC('month', TD_SCHEDULED_TIME()), TD_SCHEDULED_TIME())

--- events of a fixed range
SELECT event_id FROM pageviews WHERE TD_TIME_RANGE(time, '2026-03-01', '2026-04-01', 'UTC')

--- open ended range
SELECT event_id FROM pageviews WHERE TD_TIME_RANGE(time, '2026-03-20', NULL)

--- a range counted back from the scheduled time
SELECT purchase_id FROM purchases WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_SCHEDULED_TIME(), '-90d'), TD_SCHEDULED_TIME())

--- a range counted back from a formatted day
SELECT purchase_id FROM purchases WHERE TD_TIME_RANGE(time, TD_TIME_ADD(TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'yyyy-MM-dd'), '-7d'), TD_TIME_FORMAT(TD_SCHEDULED_TIME(), 'yyyy-MM-dd'))

--- purchases by day
SELECT TD_TIME_FORMAT(time, 'yyyy-MM-dd', 'JST') AS day, COUNT(*) AS n, SUM(amount) AS total FROM purchases GROUP BY TD_TIME_FORMAT(time, 'yyyy-MM-dd', 'JST')

--- purchases by month
SELECT TD_TIME_STRING(time, 'M!') AS month, COUNT(*) AS n FROM purchases GROUP BY 1

--- purchases by week's start
SELECT TD_DATE_TRUNC('week', time) AS week, COUNT(*) AS n FROM purchases GROUP BY 1

--- text to unix seconds
SELECT subscription_id, TD_TIME_PARSE(started) AS t FROM subscriptions WHERE subscription_id < 8

--- ended within a week of now
SELECT customer_id FROM subscriptions WHERE TD_TIME_RANGE(TD_TIME_PARSE(ended), TD_SCHEDULED_TIME() - 7 * 86400, TD_SCHEDULED_TIME()) AND ended LIKE '2%'

--- lapsed for ninety days by td
SELECT customer_id FROM purchases GROUP BY customer_id HAVING MAX(time) < TD_TIME_ADD(TD_SCHEDULED_TIME(), '-90d')

--- weekly buckets since a day
SELECT customer_id, (time - TD_TIME_PARSE('2026-01-01')) / 604800 AS week FROM purchases WHERE TD_TIME_RANGE(time, '2026-01-01', NULL)

--- age from a birthday by td functions
SELECT customer_id, CAST(FLOOR((TD_SCHEDULED_TIME() - TD_TIME_PARSE(birthday)) / 31557600.0) AS INTEGER) AS age FROM customers WHERE birthday LIKE '____-__-__'

--- sessions
SELECT cookie, COUNT(DISTINCT session_id) AS n FROM (
  SELECT cookie, TD_SESSIONIZE_WINDOW(time, 60 * 30) OVER (PARTITION BY cookie ORDER BY time) AS session_id FROM pageviews
) GROUP BY cookie

--- crawlers left out
SELECT event_id FROM pageviews WHERE NOT ELEMENT_AT(TD_PARSE_AGENT(agent), 'category') = 'crawler'

--- md5 of addresses
SELECT customer_id, TD_MD5(LOWER(TRIM(email))) AS hashed FROM customers WHERE email IS NOT NULL

--- countries of addresses
SELECT event_id, TD_IP_TO_COUNTRY_CODE(ip) AS country FROM pageviews

--- urls decoded
SELECT event_id, TD_URL_DECODE(url) AS url FROM pageviews

--- bad: an unknown td function
SELECT TD_TIME_FORMATT(time, 'yyyy') FROM purchases

--- bad: a time range over text
SELECT purchase_id FROM purchases WHERE TD_TIME_RANGE(coupon, '2026-01-01', NULL)

--- bad: a time range without ends
SELECT purchase_id FROM purchases WHERE TD_TIME_RANGE(time)

--- bad: td_interval with a word
SELECT purchase_id FROM purchases WHERE TD_INTERVAL(time, 'last week')

--- bad: td_time_add without a unit
SELECT TD_TIME_ADD(time, 7) FROM purchases

--- bad: td_time_format of a text
SELECT TD_TIME_FORMAT(started, 'yyyy') FROM subscriptions

--- bad: comparing a formatted day with a number
SELECT purchase_id FROM purchases WHERE TD_TIME_FORMAT(time, 'yyyyMMdd') >= 20260101

--- bad: a hive function
SELECT UNIX_TIMESTAMP(started) FROM subscriptions

--- bad: hive's from_unixtime with a format
SELECT FROM_UNIXTIME(time, 'yyyy-MM-dd') FROM purchases
