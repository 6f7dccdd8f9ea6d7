SELECT DISTINCT member AS user_ids
FROM (
  SELECT TRIM(CAST("customer_id" AS VARCHAR)) AS member
  FROM (
    SELECT customer_id
    FROM customers
    WHERE country = 'O''Brien''s' AND country IN ('US', 'CA')
      AND spend > 500 AND refund <> 1 -(-5)
  ) AS audience
) AS members
WHERE member <> ''
