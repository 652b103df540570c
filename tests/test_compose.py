"""docker-compose.yml: what it starts, with which settings, and that Debian's Compose reads it."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[1]
PROCESSES = {"api", "relay", "projector", "worker", "scheduler"}  # each a command of `ledgerline`


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert isinstance(content, dict)
    return content


def test_it_starts_the_stores_and_each_process_once(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == PROCESSES | {"postgres", "kafka"}
    for name in PROCESSES:
        assert compose["services"][name]["command"] == [name]


def test_top_level_keys_are_those_of_every_compose(compose: dict[str, Any]) -> None:
    assert {key for key in compose if not key.startswith("x-")} == {"services", "volumes"}


def test_every_service_heals_and_tells_its_health(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"
    for name in PROCESSES:
        waits = compose["services"][name]["depends_on"]
        assert waits == {store: {"condition": "service_healthy"} for store in ("postgres", "kafka")}


def test_its_environment_makes_valid_settings(compose: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROCESSES:
        environment = compose["services"][name]["environment"]
        assert {key.removeprefix(PREFIX).lower() for key in environment} <= set(Settings.model_fields)
        for key, value in environment.items():
            monkeypatch.setenv(key, default_of(value))
        settings = Settings(_env_file=None)
        assert settings.database_conninfo()
        kafka = settings.kafka()
        assert kafka is not None
        assert (kafka.bootstrap_servers, kafka.replication, kafka.min_insync) == (("kafka:9092",), 1, 1)


def default_of(value: str) -> str:
    """What Compose makes of `${NAME:-default}` when NAME is not set."""
    return value.split(":-", 1)[1].removesuffix("}") if value.startswith("${") else value


def test_the_password_is_one_and_only_from_the_environment(compose: dict[str, Any]) -> None:
    text = "${LEDGERLINE_DATABASE_PASSWORD:-development-only}"
    assert compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD"] == text
    for service in compose["services"].values():
        for key, value in service["environment"].items():
            if any(word in key for word in ("PASSWORD", "SECRET")):
                assert value == text
            assert "@" not in value or "://" not in value or ":" not in value.split("://")[1].split("@")[0]


def test_what_is_kept_lies_in_named_volumes(compose: dict[str, Any]) -> None:
    mounted = {volume.split(":")[0] for service in compose["services"].values() for volume in service["volumes"]}
    assert mounted == set(compose["volumes"])


def test_nothing_is_published_beyond_this_machine(compose: dict[str, Any]) -> None:
    published = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_the_image_has_every_package_and_the_command() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = {line.split()[1] for line in lines if line.startswith("COPY")}
    assert {"domain", "commands", "projections", "adapters", "services"} <= copied
    assert 'ENTRYPOINT ["ledgerline"]' in lines
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    needed = {name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]}
    assert {f"!{name}" for name in needed} <= set(allowed)


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed")
def test_docker_compose_reads_it(tmp_path: Path) -> None:
    command = [
        "docker-compose",
        "-f",
        str(ROOT / "docker-compose.yml"),
        "--project-directory",
        str(tmp_path),
        "config",
        "-q",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
