"""Where a purchase goes: one destination, ever."""
