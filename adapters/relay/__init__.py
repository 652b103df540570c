"""From the event store to the topics: in order, nothing skipped, repeats allowed."""
