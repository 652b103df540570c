"""Invoice numbers without a gap: one stream per series and year."""
