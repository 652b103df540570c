"""The jars of Apache Kafka, fetched once by Maven into the cache."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from tests.support.locks import file_lock
from tests.support.paths import CACHE

POM = Path(__file__).with_name("pom.xml")


class KafkaUnavailable(Exception):
    """No broker can be had on this machine; the message says what is missing."""


def java() -> str:
    """Return the path of Java, or raise KafkaUnavailable."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None) or shutil.which("java")
    if found is None:
        raise KafkaUnavailable("there is no Java (17 or newer)")
    return found


def classpath() -> str:
    """Return the class path of all jars, fetching them when the cache has none for this pom.xml."""
    version = hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    folder = CACHE / "kafka" / f"jars-{version}"
    with file_lock(CACHE / "kafka" / "jars.lock"):
        if not folder.exists():
            _fetch(folder)
    return f"{POM.parent}{os.pathsep}{folder}/*"  # the first has log4j2.properties


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaUnavailable("Maven, which fetches Kafka's jars, is not installed")
    partial = folder.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    goal = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
    command = [maven, "-q", "-B", "-f", str(POM), goal, "-DincludeScope=runtime", f"-DoutputDirectory={partial}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0 or not list(partial.glob("kafka_*.jar")):
        lines = (done.stdout + done.stderr).strip().splitlines()
        raise KafkaUnavailable(f"Maven could not fetch Kafka's jars: {lines[0] if lines else 'it said nothing'}")
    partial.rename(folder)
