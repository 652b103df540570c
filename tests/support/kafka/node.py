"""One Kafka node (broker and controller in one), as a Java process of ours or a Docker container."""

import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path

from tests.support.children import spawn
from tests.support.kafka.jars import KafkaUnavailable, classpath, java

JVM = ["-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
STARTED = b"Kafka Server started"
START_SECONDS = 150
DOCKER_IMAGE = "apache/kafka:4.3.1"


def properties(node: int, brokers: Mapping[int, int], controllers: Mapping[int, int], data: Path) -> dict[str, str]:
    """Return the settings of one of several nodes; the mappings are node id to port on 127.0.0.1."""
    many = len(brokers) > 1
    replicas, in_sync = ("3", "2") if many else ("1", "1")
    settings = {
        "process.roles": "broker,controller",
        "node.id": str(node),
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAIN://127.0.0.1:{brokers[node]},CONTROLLER://127.0.0.1:{controllers[node]}",
        "advertised.listeners": f"PLAIN://127.0.0.1:{brokers[node]}",
        "listener.security.protocol.map": "PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "PLAIN",
        "log.dirs": str(data),
        "controller.quorum.voters": ",".join(f"{n}@127.0.0.1:{port}" for n, port in controllers.items()),
        "auto.create.topics.enable": "false",
        "log.cleaner.dedupe.buffer.size": "2097152",
        "group.initial.rebalance.delay.ms": "0",
        "log.retention.ms": "-1",
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
    }
    for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
        settings[f"{topic}.num.partitions"] = "5"
        settings[f"{topic}.replication.factor"] = replicas
    for topic in ("transaction.state.log", "share.coordinator.state.topic"):
        settings[f"{topic}.min.isr"] = in_sync
    if many:
        settings["broker.session.timeout.ms"] = "3000"
        settings["broker.heartbeat.interval.ms"] = "500"
    return settings


class JavaNode:
    """A node from the jars. Its folder keeps its settings, data and log (node.log) over restarts."""

    def __init__(self, folder: Path, settings: Mapping[str, str], cluster_id: str) -> None:
        self.folder = folder
        self.log = folder / "node.log"
        # Unpacked native libraries stay behind when a node is killed, so they go to its own folder.
        self._java = [java(), *JVM, f"-Djava.io.tmpdir={folder}", "-cp", classpath()]
        self._file = folder / "server.properties"
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        self._format = ["kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(self._file)]

    def launch(self) -> None:
        """Start the process without waiting for it."""
        if not (self.folder / "formatted").exists():
            done = subprocess.run([*self._java, *self._format, "--ignore-formatted"], capture_output=True, check=False)
            if done.returncode != 0:
                raise KafkaUnavailable(f"a node's storage could not be made: {done.stderr.decode()[-500:]}")
            (self.folder / "formatted").touch()
        self.log.unlink(missing_ok=True)
        self._process = spawn([*self._java, "kafka.Kafka", str(self._file)], self.log)

    def wait_until_started(self) -> None:
        """Wait for the log to say so."""
        deadline = time.monotonic() + START_SECONDS
        while STARTED not in (said := self.log.read_bytes()):
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise KafkaUnavailable(f"a node did not start: {said.decode(errors='replace')[-1500:]}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once (SIGKILL) and reap it."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order (SIGTERM) and reap it."""
        self._end(signal.SIGTERM)

    def alive(self) -> bool:
        """Tell whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.send_signal(how)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class DockerNode:
    """A single node from the image, where there is Docker but no Java."""

    def __init__(self, folder: Path, settings: Mapping[str, str], cluster_id: str) -> None:
        self.log = folder / "node.log"
        self._name = f"ledgerline-test-{uuid.uuid4().hex[:12]}"
        variables = {"CLUSTER_ID": cluster_id}
        for name, value in settings.items():
            if name != "log.dirs":
                variables["KAFKA_" + name.upper().replace(".", "_")] = value
        self._options = [f"--env={name}={value}" for name, value in variables.items()]
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @staticmethod
    def usable() -> bool:
        """Tell whether there is a Docker engine that answers."""
        docker = shutil.which("docker")
        return docker is not None and subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0

    def launch(self) -> None:
        """Start the container; it shares the host's network, so that its ports are ours."""
        command = ["docker", "run", "--rm", "--network=host", f"--name={self._name}", *self._options, DOCKER_IMAGE]
        self._process = spawn(command, self.log)

    def wait_until_started(self) -> None:
        """Wait for the log to say so."""
        JavaNode.wait_until_started(self)  # type: ignore[arg-type]  # it reads log, _process and kill only

    def kill(self) -> None:
        """Remove the container."""
        subprocess.run(["docker", "rm", "--force", self._name], capture_output=True, check=False)
        if self._process is not None:
            self._process.wait()
            self._process = None

    stop = kill

    def alive(self) -> bool:
        """Tell whether the container runs."""
        return self._process is not None and self._process.poll() is None
