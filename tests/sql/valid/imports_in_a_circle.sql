-- a snapshot's members
SELECT kind, label, value,
  CASE WHEN kind = '' THEN COUNT(*) ELSE COUNT(DISTINCT written) END AS spellings, MAX(type) AS type
FROM (
  SELECT kind, CASE WHEN kind = '' THEN written ELSE label END AS label,
    CASE WHEN kind = '' THEN '' ELSE written END AS value, written, type
  FROM (
    SELECT asked.kind, asked.label,
      CASE asked.number WHEN 0 THEN usable_0 ELSE CASE WHEN (usable_0 = '') OR usable_0 <> written_0 THEN 'unusable' ELSE 'usable' END END AS written,
      CASE asked.number WHEN 0 THEN type_0 ELSE CAST('' AS VARCHAR) END AS type
    FROM (
      SELECT
        written_0, type_0, CASE WHEN LENGTH(written_0) > 1000 OR REGEXP_LIKE(written_0, '[[:cntrl:]]') THEN '' ELSE COALESCE(written_0, '') END AS usable_0
      FROM (
        SELECT
          TRIM(CAST(audience."customer_id" AS VARCHAR)) AS written_0, TYPEOF(audience."customer_id") AS type_0
        FROM (
          SELECT customer_id FROM customers WHERE 2 IN (2, 2)
        ) AS audience
      ) AS named
    ) AS people
    CROSS JOIN (VALUES (0, CAST('external_id' AS VARCHAR), CAST('' AS VARCHAR)), (1, CAST('' AS VARCHAR), CAST('' AS VARCHAR))) AS asked (number, kind, label)
  ) AS written
  WHERE written <> ''
) AS members
GROUP BY kind, label, value

-- exported by external_id
SELECT DISTINCT member AS "user_ids"
FROM (
  SELECT TRIM(CAST(audience."customer_id" AS VARCHAR)) AS member
  FROM (
    SELECT customer_id FROM customers WHERE 2 IN (2, 2)
  ) AS audience
) AS members
WHERE member <> ''
