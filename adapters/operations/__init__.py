"""Operations on PostgreSQL."""
