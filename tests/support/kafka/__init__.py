"""A real Kafka for tests: jars by Maven, nodes by Java, one node shared by all workers, clusters to break."""
