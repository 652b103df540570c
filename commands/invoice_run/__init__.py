"""Invoice runs: of a day, by the scheduler or by hand, and of named contracts on request."""
