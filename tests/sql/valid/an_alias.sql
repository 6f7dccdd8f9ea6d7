-- a snapshot's members
SELECT kind, label, LOWER(written) AS value, COUNT(DISTINCT written) AS spellings, MAX(type) AS type
FROM (
  SELECT CAST('alias' AS VARCHAR) AS kind, CAST('email' AS VARCHAR) AS label, TRIM(CAST(audience."email_address" AS VARCHAR)) AS written, TYPEOF(audience."email_address") AS type
  FROM (
    SELECT email_address FROM people
  ) AS audience
) AS members
WHERE written <> ''
GROUP BY kind, label, LOWER(written)

-- exported by alias email
SELECT DISTINCT member AS "email"
FROM (
  SELECT LOWER(TRIM(CAST(audience."email_address" AS VARCHAR))) AS member
  FROM (
    SELECT email_address FROM people
  ) AS audience
) AS members
WHERE member <> ''
