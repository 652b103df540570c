"""Operations on PostgreSQL: `StoredOperations(pool)` is the port, `ROW_WRITERS` go to the event store."""

from adapters.operations.reaction_positions import ReactionPositions
from adapters.operations.row_writers import MANY_ROWS_WRITERS, ROW_WRITERS
from adapters.operations.stored_operations import StoredOperations

__all__ = ["MANY_ROWS_WRITERS", "ROW_WRITERS", "ReactionPositions", "StoredOperations"]
