-- a snapshot's members
SELECT kind, label, written AS value, CAST(1 AS BIGINT) AS spellings, MAX(type) AS type
FROM (
  SELECT CAST('external_id' AS VARCHAR) AS kind, CAST('' AS VARCHAR) AS label, TRIM(CAST(audience."customer_id" AS VARCHAR)) AS written, TYPEOF(audience."customer_id") AS type
  FROM (
    SELECT customer_id FROM purchases GROUP BY customer_id HAVING MAX(time) < TD_TIME_ADD(TD_SCHEDULED_TIME(), '-30d')
  ) AS audience
) AS members
WHERE written <> ''
GROUP BY kind, label, written

-- exported by external_id
SELECT DISTINCT member AS "user_ids"
FROM (
  SELECT TRIM(CAST(audience."customer_id" AS VARCHAR)) AS member
  FROM (
    SELECT customer_id FROM purchases GROUP BY customer_id HAVING MAX(time) < TD_TIME_ADD(TD_SCHEDULED_TIME(), '-30d')
  ) AS audience
) AS members
WHERE member <> ''
