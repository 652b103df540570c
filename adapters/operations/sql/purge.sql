-- name: purge_operations
-- Remove operations that ended long ago, with the results of their items; so many at once. What they did stays.
WITH old AS (
    SELECT operation FROM operation WHERE ended_at < %(before)s ORDER BY ended_at LIMIT %(limit)s
), items AS (
    DELETE FROM operation_item USING old WHERE operation_item.operation = old.operation
), targets AS (
    DELETE FROM bulk_target USING old WHERE bulk_target.operation = old.operation
)
DELETE FROM operation USING old WHERE operation.operation = old.operation;
