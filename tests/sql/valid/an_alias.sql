-- a snapshot's members
SELECT
  CAST(CASE number WHEN 0 THEN 'alias' ELSE '' END AS VARCHAR) AS kind,
  CAST(CASE number WHEN 0 THEN 'email' ELSE value END AS VARCHAR) AS label,
  CASE number WHEN 1 THEN '' ELSE value END AS value, spellings, type
FROM (
  SELECT number, value, MAX(type) AS type,
    CASE WHEN number = 1 THEN COUNT(*) WHEN MIN(written) = MAX(written) THEN 1 ELSE 2 END AS spellings
  FROM (
    SELECT number, CASE WHEN number IN (0) THEN LOWER(written) ELSE written END AS value, written, type
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
              TRIM(CAST(audience."email_address" AS VARCHAR)) AS written_0, TYPEOF(audience."email_address") AS type_0
            FROM (
              SELECT email_address FROM people
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

-- exported by alias email
SELECT DISTINCT member AS "email"
FROM (
  SELECT LOWER(TRIM(CAST(audience."email_address" AS VARCHAR))) AS member
  FROM (
    SELECT email_address FROM people
  ) AS audience
) AS members
WHERE member <> ''
