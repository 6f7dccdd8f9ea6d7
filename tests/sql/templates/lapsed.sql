{% from "macros/time.sql" import before %}
SELECT customer_id
FROM purchases
WHERE category IN {{ categories }}
GROUP BY customer_id
HAVING {{ before(days) }}
