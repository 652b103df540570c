"""Kafka: topics, clients, and events as CloudEvents."""
