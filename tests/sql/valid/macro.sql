-- a snapshot's members
SELECT
  CAST(CASE number WHEN 0 THEN 'external_id' ELSE '' END AS VARCHAR) AS kind,
  CAST(CASE number WHEN 0 THEN '' ELSE value END AS VARCHAR) AS label,
  CASE number WHEN 1 THEN '' ELSE value END AS value, spellings, type
FROM (
  SELECT number, value, MAX(type) AS type,
    CASE WHEN number = 1 THEN COUNT(*) ELSE 1 END AS spellings
  FROM (
    SELECT number, written AS value, written, type
    FROM (
      SELECT number, CASE number WHEN 0 THEN usable_0 ELSE note END AS written,
        CASE number WHEN 0 THEN type_0 ELSE '' END AS type
      FROM (
        SELECT usable_0, type_0,
          CASE WHEN (usable_0 = '') OR usable_0 <> written_0 THEN 'unusable' ELSE 'usable' END AS note
        FROM (
          SELECT
            written_0, type_0, CASE WHEN LENGTH(written_0) > 1000 OR REGEXP_LIKE(written_0, '[[:cntrl:]]') THEN '' ELSE COALESCE(written_0, '') END AS usable_0
          FROM (
            SELECT
              TRIM(CAST(audience."customer_id" AS VARCHAR)) AS written_0, TYPEOF(audience."customer_id") AS type_0
            FROM (
              SELECT customer_id FROM customers WHERE EXISTS (
                SELECT 1 FROM purchases
                WHERE purchases.customer_id = customers.customer_id AND category = 'kids'
              ) AND NOT EXISTS (
                SELECT 1 FROM purchases
                WHERE purchases.customer_id = customers.customer_id AND category = 'home'
              )
            ) AS audience
          ) AS read
        ) AS cleaned
      ) AS people
      CROSS JOIN UNNEST(ARRAY[0, 1]) AS asked (number)
    ) AS named
    WHERE written <> ''
  ) AS written
  GROUP BY number, value
) AS members

-- exported by external_id
SELECT DISTINCT member AS "user_ids"
FROM (
  SELECT TRIM(CAST(audience."customer_id" AS VARCHAR)) AS member
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
