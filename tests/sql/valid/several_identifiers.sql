-- a snapshot's members
SELECT
  CAST(CASE number WHEN 0 THEN 'external_id' WHEN 1 THEN 'device_id' WHEN 2 THEN 'alias' ELSE '' END AS VARCHAR) AS kind,
  CAST(CASE number WHEN 0 THEN '' WHEN 1 THEN '' WHEN 2 THEN 'email' ELSE value END AS VARCHAR) AS label,
  CASE number WHEN 3 THEN '' ELSE value END AS value, spellings, type
FROM (
  SELECT number, value, MAX(type) AS type,
    CASE WHEN number = 3 THEN COUNT(*) WHEN MIN(written) = MAX(written) THEN 1 ELSE 2 END AS spellings
  FROM (
    SELECT number, CASE WHEN number IN (2) THEN LOWER(written) ELSE written END AS value, written, type
    FROM (
      SELECT number, CASE number WHEN 0 THEN usable_0 WHEN 1 THEN usable_1 WHEN 2 THEN usable_2 ELSE note END AS written,
        CASE number WHEN 0 THEN type_0 WHEN 1 THEN type_1 WHEN 2 THEN type_2 ELSE '' END AS type
      FROM (
        SELECT usable_0, type_0, usable_1, type_1, usable_2, type_2,
          CASE WHEN (usable_0 = '' AND usable_1 = '' AND usable_2 = '') OR usable_0 <> written_0 OR usable_1 <> written_1 OR usable_2 <> written_2 THEN 'unusable' ELSE 'usable' END AS note
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
          ) AS read
        ) AS cleaned
      ) AS people
      CROSS JOIN UNNEST(ARRAY[0, 1, 2, 3]) AS asked (number)
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
