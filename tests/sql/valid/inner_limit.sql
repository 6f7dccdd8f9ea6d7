SELECT DISTINCT member AS user_ids
FROM (
  SELECT TRIM(CAST("customer_id" AS VARCHAR)) AS member
  FROM (
    WITH best AS (SELECT * FROM customers ORDER BY spend DESC LIMIT 10)
    SELECT customer_id FROM best
  ) AS audience
) AS members
WHERE member <> ''
