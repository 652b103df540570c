"""The feed's two adapters: straight from the event store, and through Kafka."""
