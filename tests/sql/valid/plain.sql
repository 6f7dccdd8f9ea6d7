SELECT DISTINCT member AS user_ids
FROM (
  SELECT TRIM(CAST("customer_id" AS VARCHAR)) AS member
  FROM (
    SELECT customer_id FROM customers
  ) AS audience
) AS members
WHERE member <> ''
