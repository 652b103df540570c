"""Settings: read once, frozen, clear when wrong, silent about secrets."""

import os
import ssl
from decimal import Decimal
from pathlib import Path

import pytest
from kafka import KafkaProducer
from psycopg.conninfo import conninfo_to_dict
from pydantic import ValidationError

from services.settings import Settings, SettingsError, load_settings


@pytest.fixture(autouse=True)
def _nothing_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run without our variables and in a folder without .env."""
    for name in list(os.environ):
        if name.startswith("LEDGERLINE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def set_env(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"LEDGERLINE_{name}", value)


def test_with_nothing_set_everything_is_embedded() -> None:
    settings = load_settings()
    assert settings.database_conninfo() is None
    assert settings.kafka() is None
    assert settings.override_limit == Decimal("0.50")
    assert (settings.rate_limit, settings.max_body, settings.time_zone) == (200, 10 * 1024 * 1024, "UTC")
    assert settings.files_location == ".ledgerline/files"
    with pytest.raises(ValidationError):
        settings.rate_limit = 1  # type: ignore[misc]  # that is the point


def test_environment_over_dotenv_over_default_and_given_over_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("LEDGERLINE_RATE_LIMIT=5\nLEDGERLINE_PORT=8100\nLEDGERLINE_HOST=0.0.0.0\nOTHER=1\n")
    set_env(monkeypatch, RATE_LIMIT="7", PORT="", DATABASE_URL="")
    settings = load_settings(host="::1")
    assert (settings.rate_limit, settings.port, settings.host) == (7, 8100, "::1")
    assert settings.database_url is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("OVERRIDE_LIMIT", "0.51", "LEDGERLINE_OVERRIDE_LIMIT: can only be lowered: a number from 0 to 0.50"),
        ("OVERRIDE_LIMIT", "NaN", "LEDGERLINE_OVERRIDE_LIMIT"),
        ("OVERRIDE_LIMIT", "-1", "can only be lowered"),
        ("TIME_ZONE", "Mars/Olympus", "LEDGERLINE_TIME_ZONE: is the name of a time zone"),
        ("TIME_ZONE", "../etc/passwd", "is the name of a time zone"),
        ("KAFKA_BOOTSTRAP_SERVERS", "broker", "is a list of host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "broker:9092", "KAFKA_BOOTSTRAP_SERVERS needs DATABASE_URL"),
        ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL", "needs KAFKA_SASL_MECHANISM"),
        ("KAFKA_SASL_MECHANISM", "PLAIN", "needs KAFKA_SECURITY_PROTOCOL"),
        ("KAFKA_MIN_INSYNC", "4", "at most KAFKA_REPLICATION"),
        ("CLOCK", "sundial", "LEDGERLINE_CLOCK: Input should be 'system' or 'test'"),
        ("RATE_LIMIT", "many", "LEDGERLINE_RATE_LIMIT: Input should be a valid integer"),
        ("SMTP_URL", "mailto:x", "LEDGERLINE_SMTP_URL: begins with smtp:// or smtps://"),
        ("MAIL_FROM", "nobody", "LEDGERLINE_MAIL_FROM"),
        ("OVERIDE_LIMIT", "0.1", "is no setting; did you mean LEDGERLINE_OVERRIDE_LIMIT?"),
    ],
)
def test_wrong_values_are_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str) -> None:
    set_env(monkeypatch, **{name: value})
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert message in str(refused.value)


def test_a_misspelt_line_of_dotenv_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LEDGERLINE_RATELIMIT=5\n")
    with pytest.raises(SettingsError, match="did you mean LEDGERLINE_RATE_LIMIT"):
        load_settings()


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(SettingsError, match="LEDGERLINE_PROT is no setting; did you mean LEDGERLINE_PORT"):
        load_settings(prot=1)


def test_secrets_show_neither_in_the_object_nor_in_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    set_env(monkeypatch, DATABASE_URL="postgresql://app:hush@db/x", SMTP_URL="smtp://u:hush@mail", SYNC_SECRET="hush")
    assert "hush" not in repr(load_settings())
    set_env(monkeypatch, DATABASE_URL="mysql://app:hush@db/x", RATE_LIMIT="hush")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert "hush" not in str(refused.value)
    assert "LEDGERLINE_DATABASE_URL: begins with postgresql://" in str(refused.value)


def test_the_override_limit_may_be_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    set_env(monkeypatch, OVERRIDE_LIMIT="0.10")
    assert load_settings().override_limit == Decimal("0.10")


def test_postgresql_gets_password_and_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    set_env(
        monkeypatch, DATABASE_URL="postgresql://app@db1,db2:5433/x?target_session_attrs=read-write",
        DATABASE_PASSWORD="a b'c", DATABASE_SSLMODE="verify-full", DATABASE_SSLROOTCERT="/ca.pem",
    )  # fmt: skip
    assert conninfo_to_dict(str(load_settings().database_conninfo())) == {
        "user": "app", "host": "db1,db2", "port": ",5433", "dbname": "x", "target_session_attrs": "read-write",
        "password": "a b'c", "sslmode": "verify-full", "sslrootcert": "/ca.pem",
    }  # fmt: skip


def test_kafka_gets_addresses_tls_and_sasl(monkeypatch: pytest.MonkeyPatch) -> None:
    set_env(
        monkeypatch, DATABASE_URL="postgresql://db/x", KAFKA_BOOTSTRAP_SERVERS="b1:9092, b2:9093",
        KAFKA_SECURITY_PROTOCOL="SASL_SSL", KAFKA_SASL_MECHANISM="SCRAM-SHA-512", KAFKA_SASL_USERNAME="app",
        KAFKA_SASL_PASSWORD="hush", KAFKA_SSL_CAFILE=str(ssl.get_default_verify_paths().cafile), KAFKA_REPLICATION="3",
    )  # fmt: skip
    settings = load_settings()
    kafka = settings.kafka()
    assert kafka is not None
    assert kafka.bootstrap_servers == ("b1:9092", "b2:9093")
    assert (kafka.replication, kafka.min_insync) == (3, 2)
    assert kafka.security == {
        "security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512", "sasl_plain_username": "app",
        "sasl_plain_password": "hush", "ssl_cafile": ssl.get_default_verify_paths().cafile,
    }  # fmt: skip
    assert set(kafka.security) <= set(KafkaProducer.DEFAULT_CONFIG)


def test_every_argument_for_kafka_is_one_that_it_knows() -> None:
    paths = {name: Path("/x") for name in ("kafka_ssl_cafile", "kafka_ssl_certfile", "kafka_ssl_keyfile")}
    settings = Settings(kafka_security_protocol="SSL", kafka_ssl_password="hush", **paths)  # type: ignore[arg-type]
    arguments = settings.kafka_security()
    assert set(arguments) == {"security_protocol", "ssl_cafile", "ssl_certfile", "ssl_keyfile", "ssl_password"}
    assert set(arguments) <= set(KafkaProducer.DEFAULT_CONFIG)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"CHARGE_URL": "http://127.0.0.1:1/x", "CHARGE_SECRET": "s"}, "LEDGERLINE_CHARGE_URL: begins with https://"),
        ({"SYNC_URL": "https://u:p@example.test", "SYNC_SECRET": "s"}, "names a host, and neither user nor password"),
        ({"SYNC_URL": "https:///x", "SYNC_SECRET": "s"}, "LEDGERLINE_SYNC_URL: names a host"),
        ({"CHARGE_URL": "https://example.test"}, "CHARGE_URL needs CHARGE_SECRET"),
        ({"TASK_CA_FILE": "nowhere.pem"}, "LEDGERLINE_TASK_CA_FILE"),
        ({"TASK_CA_FILE": __file__}, "LEDGERLINE_TASK_CA_FILE: is no file of certificates in PEM"),
        ({"TASK_TIMEOUT": "61"}, "LEDGERLINE_TASK_TIMEOUT"),
    ],
)
def test_endpoints_are_asked_over_tls_and_signed(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, str], said: str
) -> None:
    set_env(monkeypatch, **values)
    with pytest.raises(SettingsError, match=said):
        load_settings()
