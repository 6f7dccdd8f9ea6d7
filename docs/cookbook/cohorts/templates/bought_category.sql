{# who bought something of a category in the last days #}
SELECT DISTINCT customer_id
FROM purchases
WHERE category = {{ category }}
  AND TD_INTERVAL(time, {{ "-" ~ days ~ "d" }})
