"""What the deployment itself did: syncs, summaries, keys."""
