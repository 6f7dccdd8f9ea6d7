{# who bought something of a category several times in the last full days #}
SELECT customers.customer_id, customers.email
FROM customers
JOIN purchases ON purchases.customer_id = customers.customer_id
WHERE purchases.category = {{ category }}
  AND TD_INTERVAL(purchases.time, {{ "-" ~ days ~ "d" }})
GROUP BY customers.customer_id, customers.email
HAVING COUNT(*) >= {{ times }}
