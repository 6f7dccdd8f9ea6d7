-- a snapshot's members
SELECT kind, label, value,
  CASE WHEN kind = '' THEN COUNT(*) ELSE COUNT(DISTINCT written) END AS spellings, MAX(type) AS type
FROM (
  SELECT kind, CASE WHEN kind = '' THEN written ELSE label END AS label,
    CASE WHEN kind = '' THEN '' ELSE CASE WHEN (kind = 'alias' AND label = 'email') THEN LOWER(written) ELSE written END END AS value, written, type
  FROM (
    SELECT asked.kind, asked.label,
      CASE asked.number WHEN 0 THEN usable_0 WHEN 1 THEN usable_1 WHEN 2 THEN usable_2 ELSE CASE WHEN (usable_0 = '' AND usable_1 = '' AND usable_2 = '') OR usable_0 <> written_0 OR usable_1 <> written_1 OR usable_2 <> written_2 THEN 'unusable' ELSE 'usable' END END AS written,
      CASE asked.number WHEN 0 THEN type_0 WHEN 1 THEN type_1 WHEN 2 THEN type_2 ELSE CAST('' AS VARCHAR) END AS type
    FROM (
      SELECT
        written_0, type_0, CASE WHEN LENGTH(written_0) > 1000 OR REGEXP_LIKE(written_0, '[[:cntrl:]]') THEN '' ELSE COALESCE(written_0, '') END AS usable_0,
        written_1, type_1, CASE WHEN LENGTH(written_1) > 1000 OR REGEXP_LIKE(written_1, '[[:cntrl:]]') THEN '' ELSE COALESCE(written_1, '') END AS usable_1,
        written_2, type_2, CASE WHEN LENGTH(written_2) > 1000 OR REGEXP_LIKE(written_2, '[[:cntrl:]]') THEN '' ELSE COALESCE(written_2, '') END AS usable_2
      FROM (
        SELECT
          TRIM(CAST(audience."customer_id" AS VARCHAR)) AS written_0, TYPEOF(audience."customer_id") AS type_0,
          TRIM(CAST(audience."device" AS VARCHAR)) AS written_1, TYPEOF(audience."device") AS type_1,
          TRIM(CAST(audience."email" AS VARCHAR)) AS written_2, TYPEOF(audience."email") AS type_2
        FROM (
          SELECT customer_id, device, email FROM people
        ) AS audience
      ) AS named
    ) AS people
    CROSS JOIN (VALUES (0, CAST('external_id' AS VARCHAR), CAST('' AS VARCHAR)), (1, CAST('device_id' AS VARCHAR), CAST('' AS VARCHAR)), (2, CAST('alias' AS VARCHAR), CAST('email' AS VARCHAR)), (3, CAST('' AS VARCHAR), CAST('' AS VARCHAR))) AS asked (number, kind, label)
  ) AS written
  WHERE written <> ''
) AS members
GROUP BY kind, label, value

-- exported by external_id
SELECT DISTINCT member AS "user_ids"
FROM (
  SELECT TRIM(CAST(audience."customer_id" AS VARCHAR)) AS member
  FROM (
    SELECT customer_id, device, email FROM people
  ) AS audience
) AS members
WHERE member <> ''

-- exported by device_id
SELECT DISTINCT member AS "device_ids"
FROM (
  SELECT TRIM(CAST(audience."device" AS VARCHAR)) AS member
  FROM (
    SELECT customer_id, device, email FROM people
  ) AS audience
) AS members
WHERE member <> ''

-- exported by alias email
SELECT DISTINCT member AS "email"
FROM (
  SELECT LOWER(TRIM(CAST(audience."email" AS VARCHAR))) AS member
  FROM (
    SELECT customer_id, device, email FROM people
  ) AS audience
) AS members
WHERE member <> ''
