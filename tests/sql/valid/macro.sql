SELECT DISTINCT member AS user_ids
FROM (
  SELECT TRIM(CAST("customer_id" AS VARCHAR)) AS member
  FROM (
    SELECT customer_id FROM customers WHERE EXISTS (
      SELECT 1 FROM purchases
      WHERE purchases.customer_id = customers.customer_id AND category = 'kids'
    ) AND NOT EXISTS (
      SELECT 1 FROM purchases
      WHERE purchases.customer_id = customers.customer_id AND category = 'home'
    )
  ) AS audience
) AS members
WHERE member <> ''
