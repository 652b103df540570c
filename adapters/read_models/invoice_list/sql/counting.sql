-- name: counted
-- What matches, by the counts that the list keeps.
(SELECT coalesce(sum(n), 0)::bigint FROM read_models.invoice_counts
 WHERE what = {what} AND status = ANY(%(shown)s) AND {where})

-- name: counted_types
-- Of some types.
invoice_type = ANY(%(types)s)

-- name: counted_empty
-- With no item, or with some.
empty = %(empty)s

-- name: counted_ready
-- Surely ready, whatever the zone.
ready_from <= %(earliest_day)s

-- name: counted_period_from
-- The period ends on this day or later.
value >= to_char(%(period_from)s, 'YYYY-MM-DD')

-- name: counted_period_to
-- The period begins on this day or earlier.
substr(value, 12) <= to_char(%(period_to)s, 'YYYY-MM-DD')

-- name: counted_between
-- Totals that surely lie between: the buckets of both ends are looked at one by one.
bucket > %(bucket_from)s AND bucket < %(bucket_to)s

-- name: counted_cluster
-- Of customers in these clusters at the request.
value = ANY(%(clusters)s)

-- name: maybe_ready
-- Ready in some zones only.
ready_from > %(earliest_day)s

-- name: last_day
-- No later than the last period that begins in time, so that a look at long ago does not begin with today.
period_to <= (SELECT max(left(value, 10)) FROM read_models.invoice_counts
              WHERE what = 'period' AND n > 0 AND substr(value, 12) <= to_char(%(period_to)s, 'YYYY-MM-DD')
                  AND value >= to_char(%(least_day)s, 'YYYY-MM-DD'))::date

-- name: edge_from
-- What of the lowest bucket is asked for.
coalesce(revenue_total, 0) >= %(total_from)s AND coalesce(revenue_total, 0) < %(edge_from)s

-- name: edge_to
-- What of the highest bucket is asked for; 0 has a bucket of its own.
coalesce(revenue_total, 0) >= %(edge_to)s AND coalesce(revenue_total, 0) <= %(total_to)s
    AND coalesce(revenue_total, 0) <> 0

-- name: counted_total_between
-- The rows of the buckets between both ends.
read_models.total_bucket(coalesce(revenue_total, 0)) > %(bucket_from)s
    AND read_models.total_bucket(coalesce(revenue_total, 0)) < %(bucket_to)s
