-- name: not_deleted
-- Deleted ones are listed only when they are asked for by name.
status <> 'deleted'

-- name: one_status
-- Of one status.
status = {status}

-- name: any_status
-- Of some statuses.
status = ANY({statuses})

-- name: after
-- Beyond the last row of the page before.
(period_to, created_position) < (%(after_period)s, %(after_position)s::bigint)

-- name: ready
-- Its period is past where the customer is. Only around today does the zone matter.
ready_from <= %(latest_day)s AND (ready_from <= %(earliest_day)s OR ready_from <= coalesce((
    SELECT (%(now)s AT TIME ZONE (z.body ->> 'time_zone'))::date FROM read_models.reference_list AS z
    WHERE z.kind = 'customer' AND z.code = i.customer AND z.body ->> 'time_zone' IS NOT NULL
), %(today)s))

-- name: customer
-- Of one customer.
customer = %(customer)s

-- name: cluster
-- Of customers in these clusters: now, or as at the request.
(snapshot_version IS NULL AND customer IN (
    SELECT r.code FROM read_models.reference_list AS r
    WHERE r.kind = 'customer' AND r.body ->> 'cluster' = ANY(%(clusters)s)
) OR snapshot_version IS NOT NULL AND snapshot_cluster = ANY(%(clusters)s))

-- name: cluster_now
-- Of customers in these clusters now.
snapshot_version IS NULL AND customer IN (SELECT code FROM members)

-- name: cluster_then
-- Of customers in these clusters at the request.
snapshot_version IS NOT NULL AND snapshot_cluster = ANY(%(clusters)s)

-- name: contract
-- Of one contract.
contract = %(contract)s

-- name: contracts
-- Of some contracts, by number.
contract = ANY(%(contracts)s)

-- name: schedule
-- That bill one schedule entry.
schedules @> ARRAY[%(schedule)s]

-- name: reference
-- With this text in its reference.
lower(reference) LIKE lower(%(reference)s)

-- name: number
-- With this text in its number.
lower(number) LIKE lower(%(number)s)

-- name: types
-- Of some types.
invoice_type = ANY(%(types)s)

-- name: empty
-- With no item, or with some.
(coalesce(items, lines) = 0) = %(empty)s

-- name: total_from
-- Of so much or more; there is nothing to bill before the first calculation.
coalesce(revenue_total, 0) >= %(total_from)s

-- name: total_to
-- Of so much or less.
coalesce(revenue_total, 0) <= %(total_to)s

-- name: period_from
-- Its period ends on this day or later.
period_to >= %(period_from)s

-- name: period_to
-- Its period begins on this day or earlier.
period_from <= %(period_to)s
