--- h1
select cu.customer_id, lower(trim(cu.email)) as email
from customers cu
where cu.email is not null and length(trim(cu.email)) > 0 and cu.email_opt_in
--- h2
select customer_id, count(*) c, sum(amount) s, max(time) last_seen
from purchases
where customer_id is not null and time >= to_unixtime(timestamp '2025-01-01 00:00:00 UTC')
group by 1
having count(*) >= 2
--- h3
with x as (
  select customer_id, date_trunc('month', from_unixtime(time)) m, sum(amount) rev
  from purchases group by 1, 2
)
select customer_id, m, rev, rev - lag(rev) over (partition by customer_id order by m) as delta from x
--- h4
select * from (
  select p.*, row_number() over (partition by customer_id order by amount desc nulls last, purchase_id) rn from purchases p
) z where z.rn = 1
--- h5
select e.customer_id
from emails e
group by e.customer_id
having max(case when e.event = 'clicked' then 1 else 0 end) = 1 and max(case when e.event = 'unsubscribed' then 1 else 0 end) = 0
--- h6
select c.customer_id, coalesce(array_join(c.tags, ','), 'none') as tags, cardinality(c.tags) as n from customers c
--- h7
select t.tag, count(distinct c.customer_id) as people from customers c, unnest(c.tags) as t(tag) where t.tag <> '' group by t.tag having count(*) > 1
--- h8
select c.customer_id from customers c where exists (select 1 from consents k where k.customer_id = c.customer_id and k.channel = 'email' and k.granted) and not exists (select 1 from emails e where e.customer_id = c.customer_id and e.event = 'bounced')
--- h9
select customer_id from customers except select customer_id from emails where customer_id is not null
--- h10
select customer_id, product_id from purchases where (customer_id, time) in (select customer_id, max(time) from purchases group by customer_id)
--- h11
select coalesce(channel, 'all') as channel, coalesce(currency, 'all') as currency, count(*) as n, sum(quantity) q from purchases group by rollup (channel, currency)
--- h12
select date(from_unixtime(time)) as d, count(distinct coalesce(customer_id, cookie)) as visitors from pageviews group by 1
--- h13
select customer_id, try_cast(json_extract_scalar(profile, '$.size') as double) > 40 as big from customers where json_extract_scalar(profile, '$.size') is not null
--- h14
select product_id, c from products cross join unnest(cast(json_extract(attributes, '$.color') as array(varchar))) as u(c) where attributes like '%[%'
--- h15
select s.customer_id, s.plan, case when s.ended is null or s.ended = '' then 'active' when cast(s.ended as date) < date '2026-04-01' then 'ended' else 'ending' end as state from subscriptions s where s.customer_id is not null
--- h16
select approx_percentile(amount, 0.9) as p90, min(amount) as low, max(amount) as high, avg(amount) as mean, count(*) as n from purchases where currency = 'EUR'
--- h17
with r as (select customer_id, ntile(4) over (order by max(time), customer_id) q from purchases where customer_id is not null group by customer_id) select q, count(*) n, array_agg(customer_id order by customer_id) ids from r group by q
--- h18
select regexp_extract(url, '^https?://([^/]+)', 1) as host, split_part(split_part(url, '?', 1), '/', 4) as first_part, count(*) as n from pageviews where url is not null group by 1, 2
--- h19
select url_extract_parameter(url, 'utm_campaign') as campaign, count(*) as n from pageviews where url like 'https://%' group by 1
--- h20
select customer_id, sum(if(channel = 'web', 1, 0)) as web, sum(if(channel <> 'web', 1, 0)) as other, count_if(coupon is not null and coupon <> '') as coupons from purchases group by customer_id
--- h21
select a.customer_id, count(*) as opens_before_buy from purchases a join emails b on a.customer_id = b.customer_id and b.event = 'opened' and b.time < a.time group by a.customer_id
--- h22
select customer_id, format_datetime(from_unixtime(max(time)) at time zone 'America/New_York', 'yyyy-MM-dd HH:mm') as last_local from pageviews where customer_id is not null group by customer_id
--- h23
select customer_id from purchases where day_of_week(from_unixtime(time)) = 7 or hour(from_unixtime(time)) >= 22 group by customer_id
--- h24
select customer_id, date_diff('day', from_unixtime(min(time)), from_unixtime(max(time))) / nullif(count(*) - 1, 0) as mean_gap from purchases where customer_id is not null group by customer_id
--- h25
select m.customer_id, m.n from (select customer_id, count(*) n, rank() over (order by count(*) desc) r from pageviews where customer_id is not null group by customer_id) m where m.r <= 2
--- h26
select c.country, p.category, sum(s.amount) as total from purchases s inner join customers c on c.customer_id = s.customer_id inner join products p on p.product_id = s.product_id group by c.country, p.category having sum(s.amount) > 50
--- h27
select upper(substr(coalesce(nullif(trim(country), ''), 'XX'), 1, 2)) as cc, count(*) from customers group by 1
--- h28
select customer_id, birthday, date_diff('year', cast(birthday as date), date '2026-03-31') as age from customers where regexp_like(birthday, '^\d{4}-\d{2}-\d{2}$')
--- h29
select customer_id from customers where date_format(try_cast(birthday as date), '%m-%d') between '04-01' and '04-30'
--- h30
select p.customer_id, listagg(distinct p.product_id, '+') within group (order by p.product_id) from purchases p group by p.customer_id
--- h31
select p.customer_id, array_join(array_sort(array_agg(distinct p.product_id)), '+') as set_of from purchases p where p.customer_id is not null group by p.customer_id
--- h32
select x.customer_id, x.kind from (select customer_id, 'buyer' as kind from purchases union select customer_id, 'opener' from emails where event = 'opened' union select customer_id, 'subscriber' from subscriptions) x where x.customer_id is not null
--- h33
select count(*) filter (where ended is null) as active, count(*) filter (where ended is not null) as ended, sum(monthly) filter (where ended is null) as mrr from subscriptions
--- h34
select customer_id, max(amount) over (partition by customer_id) - amount as below_best from purchases where amount is not null
--- h35
select customer_id, points, case when points >= 500 then 'gold' when points >= 100 then 'silver' else 'none' end as level from customers order by points desc nulls last limit 5
--- h36
select c.customer_id, l.product_id from customers c left join (select customer_id, max_by(product_id, purchase_id) as product_id from purchases group by customer_id) l on l.customer_id = c.customer_id
--- h37
with recursive days(d) as (select date '2026-03-29' union all select d + interval '1' day from days where d < date '2026-03-31') select d, (select count(*) from purchases where date(from_unixtime(time)) = d) as n from days
--- h38
select customer_id, histogram(channel) as channels from purchases where customer_id is not null group by customer_id
--- h39
select k.cart_id, t.n, json_extract_scalar(t.item, '$.id') as id from carts k cross join unnest(cast(json_parse(k.items) as array(json))) with ordinality as t(item, n) where k.cart_id in ('k1', 'k3', 'k8')
--- h40
select customer_id, cast(sum(amount) as decimal(12,2)) as total, format('%.2f', sum(amount)) as words from purchases where amount is not null group by customer_id
--- h41
select mod(abs(from_big_endian_64(xxhash64(to_utf8(customer_id)))), 4) as arm, count(*) as n from customers group by 1
--- h42
select customer_id, lead(event) over (partition by customer_id, message_id order by time, event) as next_event, event from emails where customer_id = 'c01'
--- h43
select distinct on_list.customer_id from (values ('c01'), ('c02'), ('x')) as on_list(customer_id) join customers using (customer_id)
--- h44
select customer_id, greatest(coalesce(points, 0), 10) as g, least(points, 10) as l, abs(balance) as b, sign(balance) as s from customers
--- h45
select cookie, array_agg(split_part(url, '/', 4) order by time) filter (where url like 'https%') as path from pageviews group by cookie
--- h46
select customer_id, sum(quantity * coalesce(p.price, 0)) as list_value from purchases s left join products p on s.product_id = p.product_id group by customer_id
--- h47
select customer_id, approx_distinct(product_id) as n, bool_or(coupon = 'SPRING') as spring, every(amount > 0) as paid from purchases group by customer_id
--- h48
select customer_id from customers where lower(name) like any (values 'a%')
--- h49
select customer_id from customers where name not like '% %' and country in ('DE', 'de', 'PL', 'KR')
--- h50
select if(td_time_range(time, '2026-03-01', null), 'new', 'old') as age, count(*) from purchases group by 1
--- h51
select td_time_format(time, 'yyyy-MM') as month, count(distinct customer_id) from purchases where td_time_range(time, '2025-01-01', '2026-04-01') group by 1
--- h52
select customer_id, td_time_string(max(time), 'd!') as day from purchases where td_interval(time, '-30d') group by customer_id
--- h53
select customer_id, (td_scheduled_time() - max(time)) / 86400 as days from purchases where customer_id is not null group by customer_id
--- h54
select customer_id, date_add('day', 30, date(from_unixtime(max(time)))) as due from purchases where customer_id is not null group by customer_id
--- h55
select e.campaign, round(avg(case when e.event = 'opened' then 1.0 else 0.0 end), 2) as rate, round(avg(if(e.event = 'opened', 1e0, 0e0)), 3) as rate2 from emails e group by e.campaign
--- h56
select percent_rank() over (partition by category order by price) as p, product_id from products
--- h57
select customer_id from (select customer_id, sum(amount) over (partition by customer_id order by time, purchase_id rows between unbounded preceding and current row) as so_far from purchases) where so_far > 200 group by customer_id
--- h58
select x.customer_id, y.customer_id as twin from customers x, customers y where x.customer_id < y.customer_id and x.birthday = y.birthday and x.gender is not distinct from y.gender
--- h59
select customer_id, map_agg(plan, monthly) from subscriptions where customer_id is not null and subscription_id not in (9) group by customer_id
--- h60
select nullif(regexp_replace(name, '[^A-Za-z]', ''), '') as letters, reverse(name) as back, strpos(name, ' ') as at from customers
--- h61
select count(*) as n, count(email) as with_email, count(distinct email) as different, count(*) - count(email) as without from customers
--- h62
select sum(points) / count(*) as whole, sum(points) / count(points) as of_known, avg(points) as mean from customers
--- h63
select customer_id, quantity, amount / quantity as each, round(amount / nullif(quantity, 0), 2) as each2 from purchases where quantity is not null
--- h64
select customer_id, cast(time / 86400 as integer) as day, time % 86400 as rest from purchases
--- b1
select customer_id, count(*) as orders from purchases where orders > 1 group by customer_id
--- b2
select customerid from customers
--- b3
select c.customer_id, p.ammount from customers c join purchases p on p.customer_id = c.customer_id
--- b4
select customer_id, time from customers c join purchases p on p.customer_id = c.customer_id
--- b5
select customer_id, channel, sum(amount) from purchases group by customer_id
--- b6
select customer_id from purchases where amount > '50'
--- b7
select customer_id from purchases where time > date '2026-01-01'
--- b8
select customer_id from customers where created_at > timestamp '2024-01-01 00:00:00'
--- b9
select customer_id from customers where email_opt_in = 'true'
--- b10
select date_diff('day', created_at, now()) from customers
--- b11
select datediff('day', from_unixtime(time), now()) from purchases
--- b12
select to_timestamp(time) from purchases
--- b13
select customer_id, group_concat(product_id) from purchases group by customer_id
--- b14
select customer_id, max(time) as t from purchases group by customer_id having t > 1770000000
--- b15
select sum(amount) as total, total / count(*) as mean from purchases
--- b16
select customer_id from customers where tags contains 'vip'
--- b17
select customer_id from customers where 'vip' in tags
--- b18
select customer_id, tags[2] from customers where cardinality(tags) = 1
--- b19
select customer_id from customers where birthday like 1990
--- b20
select a.customer_id from customers a join purchase b on a.customer_id = b.customer_id
--- b21
select customer_id from shop.customers
--- b22
select customer_id from customers where points = (select points from customers where country = 'DE')
--- b23
select customer_id from customers union all select purchase_id from purchases
--- b24
select customer_id, rank() from purchases
--- b25
select customer_id from purchases order by time limit 10 offset 5
--- b26
select customer_id from purchases where year(time) = 2026
--- b27
select customer_id from purchases where amount is null or amount = ''
--- b28
select nvl(country, 'DE') from customers
--- b29
select customer_id || points from customers
--- b30
select cast(birthday as date) from customers
--- b31
select from_unixtime(time) - 7 from purchases
--- b32
select customer_id from purchases where coupon = SPRING
--- b33
select customer_id from purchases where coupon = "SPRING"
--- b34
select customer_id from purchases group by 1, 2
--- b35
select distinct customer_id, count(*) from purchases
--- b36
select count(distinct customer_id, product_id) from purchases
--- b37
select p.product_id, avg(price) from products p group by p.category
--- b38
with a as (select customer_id from customers) select a.email from a
--- b39
select customer_id from customers where
--- b40
select customer_id form customers
--- b41
select customer_id from customers where country is 'DE'
--- b42
select json_extract_scalar(tags, '$[0]') from customers
--- b43
select unnest(tags) from customers
--- b44
select p.customer_id from purchases p where not exists (select 1 from customers where customer_id = p.customer_id and emial is null)
--- b45
select case when amount > 100 then 'high' when amount > 10 then 2 end from purchases
--- b46
select trim(points) from customers
