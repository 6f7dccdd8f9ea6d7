-- a snapshot's members
SELECT kind, label, CASE WHEN (kind = 'alias' AND label = 'email') THEN LOWER(written) ELSE written END AS value, COUNT(DISTINCT written) AS spellings, MAX(type) AS type
FROM (
  SELECT asked.kind, asked.label,
    CASE asked.number WHEN 0 THEN TRIM(CAST(audience."customer_id" AS VARCHAR)) WHEN 1 THEN TRIM(CAST(audience."device" AS VARCHAR)) WHEN 2 THEN TRIM(CAST(audience."email" AS VARCHAR)) END AS written,
    CASE asked.number WHEN 0 THEN TYPEOF(audience."customer_id") WHEN 1 THEN TYPEOF(audience."device") WHEN 2 THEN TYPEOF(audience."email") END AS type
  FROM (
    SELECT customer_id, device, email FROM people
  ) AS audience
  CROSS JOIN (VALUES (0, CAST('external_id' AS VARCHAR), CAST('' AS VARCHAR)), (1, CAST('device_id' AS VARCHAR), CAST('' AS VARCHAR)), (2, CAST('alias' AS VARCHAR), CAST('email' AS VARCHAR))) AS asked (number, kind, label)
) AS members
WHERE written <> ''
GROUP BY kind, label, CASE WHEN (kind = 'alias' AND label = 'email') THEN LOWER(written) ELSE written END

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
