-- a snapshot's members
SELECT kind, label, value,
  CASE WHEN kind = '' THEN COUNT(*) ELSE COUNT(DISTINCT written) END AS spellings, MAX(type) AS type
FROM (
  SELECT kind, CASE WHEN kind = '' THEN written ELSE label END AS label,
    CASE WHEN kind = '' THEN '' ELSE LOWER(written) END AS value, written, type
  FROM (
    SELECT asked.kind, asked.label,
      CASE asked.number WHEN 0 THEN usable_0 ELSE CASE WHEN (usable_0 = '') OR usable_0 <> written_0 THEN 'unusable' ELSE 'usable' END END AS written,
      CASE asked.number WHEN 0 THEN type_0 ELSE CAST('' AS VARCHAR) END AS type
    FROM (
      SELECT
        written_0, type_0, CASE WHEN LENGTH(written_0) > 1000 OR REGEXP_LIKE(written_0, '[[:cntrl:]]') THEN '' ELSE COALESCE(written_0, '') END AS usable_0
      FROM (
        SELECT
          TRIM(CAST(audience."email_address" AS VARCHAR)) AS written_0, TYPEOF(audience."email_address") AS type_0
        FROM (
          SELECT email_address FROM people
        ) AS audience
      ) AS named
    ) AS people
    CROSS JOIN (VALUES (0, CAST('alias' AS VARCHAR), CAST('email' AS VARCHAR)), (1, CAST('' AS VARCHAR), CAST('' AS VARCHAR))) AS asked (number, kind, label)
  ) AS written
  WHERE written <> ''
) AS members
GROUP BY kind, label, value

-- exported by alias email
SELECT DISTINCT member AS "email"
FROM (
  SELECT LOWER(TRIM(CAST(audience."email_address" AS VARCHAR))) AS member
  FROM (
    SELECT email_address FROM people
  ) AS audience
) AS members
WHERE member <> ''
