"""Several nodes of one's own, to kill and to start again."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kafka.admin import KafkaAdminClient

from adapters.kafka.failed_sockets import close_failed_sockets
from tests.support.kafka.node import JavaNode, properties
from tests.support.paths import quick_folder
from tests.support.ports import free_port
from tests.support.waiting import eventually

close_failed_sockets()  # of the tests' own clients, too: every session loads this module
CLUSTER_ID = "ledgerlinetestclusterA"  # 22 characters of base64, as Kafka wants it


class KafkaCluster:
    """Nodes 1 to `nodes`, started together; topics get three replicas, two in sync, when there are three nodes."""

    def __init__(self, folder: Path, nodes: int = 3) -> None:
        numbers = range(1, nodes + 1)
        brokers = {n: free_port() for n in numbers}
        controllers = {n: free_port() for n in numbers}
        self.bootstrap_servers = ",".join(f"127.0.0.1:{port}" for port in brokers.values())
        self._nodes = {
            n: JavaNode(
                folder / f"node{n}", properties(n, brokers, controllers, folder / f"node{n}" / "data"), CLUSTER_ID
            )
            for n in numbers
        }

    def start_all(self) -> None:
        """Start every node and wait for all."""
        for node in self._nodes.values():
            node.launch()
        for node in self._nodes.values():
            node.wait_until_started()

    def start(self, node: int) -> None:
        """Start one node again and wait until it serves."""
        self._nodes[node].launch()
        self._nodes[node].wait_until_started()

    def kill(self, node: int) -> None:
        """Kill one node (SIGKILL)."""
        self._nodes[node].kill()

    def kill_all(self) -> None:
        """Kill every node (SIGKILL)."""
        for node in self._nodes.values():
            node.kill()

    def alive(self) -> list[int]:
        """Return the numbers of the nodes that run."""
        return [n for n, node in self._nodes.items() if node.alive()]

    def create_topic(self, topic: str, partitions: int = 1) -> None:
        """Make a topic replicated over all nodes, and wait until it can be used."""
        with admin(self.bootstrap_servers) as client:
            options = {"num_partitions": partitions, "replication_factor": len(self._nodes)}
            client.create_topics({topic: options}, wait_for_metadata=True)

    def leader_of(self, topic: str, partition: int = 0, *, other_than: int | None = None) -> int:
        """Return the node that leads a partition, waiting for one (and for another than `other_than`)."""

        def look() -> int | None:
            with admin(self.bootstrap_servers) as client:
                [described] = client.describe_topics([topic])
            leader = next(p["leader_id"] for p in described["partitions"] if p["partition_index"] == partition)
            return leader if leader > 0 and leader != other_than and leader in self.alive() else None

        return eventually(look, within=180, every=0.2, what=f"a leader of {topic}-{partition}") or 0


@contextlib.contextmanager
def admin(bootstrap_servers: str) -> Iterator[KafkaAdminClient]:
    """Yield an admin client, closed afterwards."""
    client = KafkaAdminClient(bootstrap_servers=bootstrap_servers.split(","), request_timeout_ms=30_000)
    try:
        yield client
    finally:
        client.close()


@contextlib.contextmanager
def running_cluster(nodes: int = 3) -> Iterator[KafkaCluster]:
    """Yield a started cluster with data in a folder of its own; killed and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="ledgerline-kafka-", dir=quick_folder()) as folder:
        cluster = KafkaCluster(Path(folder), nodes)
        try:
            cluster.start_all()
            yield cluster
        finally:
            cluster.kill_all()
