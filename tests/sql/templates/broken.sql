SELECT customer_id
FROM customers
ORDER BY {{ "id" | identifier }}
