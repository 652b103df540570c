"""Everything that an operator sets, read once into a frozen object.

Each field is the environment variable `LEDGERLINE_` + its name in capitals, or a line of `.env`; the environment wins.
An empty value counts as unset. A name with our prefix that is no setting is refused, since a misspelt limit that is
silently ignored is worse than a process that does not start.
"""

import difflib
import json
import os
import ssl
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from psycopg.conninfo import make_conninfo
from pydantic import Field, FilePath, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from adapters.kafka.settings import KafkaSettings

PREFIX = "LEDGERLINE_"
TEST_PREFIX = "LEDGERLINE_TEST_"  # the test harness's own variables
OVERRIDE_LIMIT = Decimal("0.50")
MEBIBYTE = 1024 * 1024

Port = Annotated[int, Field(ge=1, le=65535)]
Names = Annotated[tuple[str, ...], NoDecode]
Secrets = Annotated[dict[str, SecretStr], NoDecode]


class SettingsError(Exception):
    """Settings that cannot be used: one line for each, with its name and what is wrong; never a value."""


class Settings(BaseSettings):
    """The settings; comments give units and what unset means."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, frozen=True,
        extra="ignore", hide_input_in_errors=True,
    )  # fmt: skip

    # Where things are kept.
    data: Path = Path(".ledgerline")  # folder of the embedded PostgreSQL, and of files and keys unless set below
    files: str | None = None  # raw files and results: a folder or a bucket's URL; unset: DATA/files
    keys: Path | None = None  # keys of personal data, outside the event store; unset: DATA/keys

    # PostgreSQL; unset: the embedded one.
    database_url: SecretStr | None = None  # a libpq URL
    database_password: SecretStr | None = None  # instead of one in the URL
    database_sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] | None = None
    database_sslrootcert: Path | None = None
    database_sslcert: Path | None = None
    database_sslkey: Path | None = None
    database_pool: int = Field(10, ge=1, le=200)  # connections of a process

    # Kafka; unset: the feed is read from the event store.
    kafka_bootstrap_servers: Names | None = None  # host:port,host:port
    kafka_topic_prefix: str = Field("ledgerline", pattern=r"^[a-zA-Z0-9._-]{1,100}$")
    kafka_replication: int = Field(3, ge=1)  # 1 on a single node
    kafka_min_insync: int = Field(2, ge=1)
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_ssl_cafile: Path | None = None
    kafka_ssl_certfile: Path | None = None
    kafka_ssl_keyfile: Path | None = None
    kafka_ssl_password: SecretStr | None = None  # of the key file
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None

    # The outside world.
    smtp_url: SecretStr | None = None  # smtp://user:password@host:port; smtps:// for TLS from the start
    mail_from: str = Field("ledgerline@localhost", pattern=r"^[^@\s]+@[^@\s]+$")
    sync_url: str | None = None  # where finished invoices are posted
    sync_secret: SecretStr | None = None
    charge_url: str | None = None  # where payments are asked for
    charge_secret: SecretStr | None = None
    task_ca_file: FilePath | None = None  # authorities that these two are verified by, PEM; unset: the system's
    task_timeout: float = Field(20, gt=0, le=60)  # seconds that an answer of theirs may take
    import_roots: Names = ()  # folders that provider files may be read from
    import_hosts: Names = ()  # hosts that they may be fetched from, over https
    provider_secrets: Secrets = Field(default_factory=dict)  # {"name": "value of Authorization"}, named by connections

    # Rules.
    time_zone: str = "UTC"  # of the business date
    override_limit: Decimal = OVERRIDE_LIMIT  # largest difference an override may accept; can only be lowered
    retention_years: int = Field(10, ge=1, le=100)  # legal term that keeps a customer from being erased
    operation_days: int = Field(90, ge=1)  # how long operations that ended can be looked at
    clock: Literal["system", "test"] = "system"  # test: an admin sets the date; only on a store made with it

    # Limits.
    rate_limit: int = Field(200, ge=0)  # commands a second and key; 0: none
    max_body: int = Field(10 * MEBIBYTE, ge=1024)  # bytes
    max_bulk_body: int = Field(64 * MEBIBYTE, ge=1024)  # bytes
    max_bulk_items: int = Field(100_000, ge=1)

    # Processes.
    host: str = "127.0.0.1"  # to listen on
    port: Port = 8000
    operations_port: Port = 9000  # health and metrics of the processes without an API
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "console"] = "auto"  # auto: console on a terminal

    @field_validator("kafka_bootstrap_servers", "import_roots", "import_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("provider_secrets", mode="before")
    @classmethod
    def _object(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("is a JSON object: a value of Authorization by the secret's name") from None

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _addresses(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for address in value or ():
            host, colon, port = address.rpartition(":")
            if not (host and colon and port.isdecimal()):
                raise ValueError("is a list of host:port, separated by commas")
        return value or None

    @field_validator("database_url", "smtp_url", "sync_url", "charge_url")
    @classmethod
    def _scheme(cls, value: SecretStr | str | None, info: Any) -> SecretStr | str | None:  # noqa: ANN401 - pydantic's
        schemes = {
            "database_url": ("postgresql://", "postgres://"),
            "smtp_url": ("smtp://", "smtps://"),
        }.get(info.field_name, ("https://",))
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if text is not None and not text.startswith(schemes):
            raise ValueError(f"begins with {' or '.join(schemes)}")
        return value

    @field_validator("sync_url", "charge_url")
    @classmethod
    def _bare(cls, value: str | None) -> str | None:
        address = urlsplit(value or "https://none")
        if not address.hostname or "@" in address.netloc:
            raise ValueError("names a host, and neither user nor password: calls are signed with the secret")
        return value

    @field_validator("task_ca_file")
    @classmethod
    def _certificates(cls, value: Path | None) -> Path | None:
        try:
            ssl.create_default_context(cafile=value)
        except ssl.SSLError:
            raise ValueError("is no file of certificates in PEM") from None
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is the name of a time zone such as Europe/Berlin or UTC") from None
        return value

    @field_validator("override_limit")
    @classmethod
    def _only_lowered(cls, value: Decimal) -> Decimal:
        if not value.is_finite() or not 0 <= value <= OVERRIDE_LIMIT:
            raise ValueError(f"can only be lowered: a number from 0 to {OVERRIDE_LIMIT}")
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        sasl = self.kafka_security_protocol.startswith("SASL")
        if sasl and not (self.kafka_sasl_mechanism and self.kafka_sasl_username and self.kafka_sasl_password):
            raise ValueError("KAFKA_SECURITY_PROTOCOL with SASL needs KAFKA_SASL_MECHANISM, _USERNAME and _PASSWORD")
        if not sasl and self.kafka_sasl_mechanism:
            raise ValueError("KAFKA_SASL_MECHANISM needs KAFKA_SECURITY_PROTOCOL SASL_SSL or SASL_PLAINTEXT")
        if self.kafka_min_insync > self.kafka_replication:
            raise ValueError("KAFKA_MIN_INSYNC is at most KAFKA_REPLICATION")
        for name in ("sync", "charge"):
            if getattr(self, f"{name}_url") and not getattr(self, f"{name}_secret"):
                raise ValueError(f"{name.upper()}_URL needs {name.upper()}_SECRET: calls are signed")
        if self.kafka_bootstrap_servers and self.database_url is None:
            raise ValueError("KAFKA_BOOTSTRAP_SERVERS needs DATABASE_URL: separate processes share one database")
        return self

    def database_conninfo(self) -> str | None:
        """Return the libpq connection string with password and TLS; None: start the embedded server."""
        if self.database_url is None:
            return None
        options = {
            "password": _text(self.database_password),
            "sslmode": self.database_sslmode,
            "sslrootcert": self.database_sslrootcert,
            "sslcert": self.database_sslcert,
            "sslkey": self.database_sslkey,
        }
        given = {name: str(value) for name, value in options.items() if value}
        return make_conninfo(self.database_url.get_secret_value(), **given)

    def kafka_security(self) -> dict[str, Any]:
        """Return kafka-python's arguments for TLS and SASL; they hold secrets."""
        arguments = {
            "security_protocol": self.kafka_security_protocol,
            "ssl_cafile": self.kafka_ssl_cafile and str(self.kafka_ssl_cafile),
            "ssl_certfile": self.kafka_ssl_certfile and str(self.kafka_ssl_certfile),
            "ssl_keyfile": self.kafka_ssl_keyfile and str(self.kafka_ssl_keyfile),
            "ssl_password": _text(self.kafka_ssl_password),
            "sasl_mechanism": self.kafka_sasl_mechanism,
            "sasl_plain_username": self.kafka_sasl_mechanism and self.kafka_sasl_username,
            "sasl_plain_password": self.kafka_sasl_mechanism and _text(self.kafka_sasl_password),
        }
        return {name: value for name, value in arguments.items() if value is not None}

    def kafka(self) -> KafkaSettings | None:
        """Return how to speak to Kafka; None: the feed is read from the event store."""
        if self.kafka_bootstrap_servers is None:
            return None
        return KafkaSettings(
            bootstrap_servers=self.kafka_bootstrap_servers,
            prefix=self.kafka_topic_prefix,
            replication=self.kafka_replication,
            min_insync=self.kafka_min_insync,
            security=self.kafka_security(),
        )

    @property
    def files_location(self) -> str:
        """Where raw files and results are kept."""
        return self.files or str(self.data / "files")

    @property
    def keys_folder(self) -> Path:
        """Where the keys of personal data are kept."""
        return self.keys or self.data / "keys"


def load_settings(**given: object) -> Settings:
    """Read the settings from the environment and `.env`; `given` ones (a command's options) win.

    Raises SettingsError with every fault, by the variable's name, without values.
    """
    _refuse_unknown([*os.environ, *dotenv_values(".env"), *(PREFIX + name.upper() for name in given)])
    try:
        return Settings(**given)  # type: ignore[arg-type]  # checked by pydantic
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_input=False, include_url=False):
            name = "".join(str(part) for part in fault["loc"][:1]).upper().removeprefix(PREFIX)
            said = fault["msg"].removeprefix("Value error, ")
            faults.append(f"{PREFIX}{name}: {said}" if name else f"{PREFIX}{said}")
        raise SettingsError("\n".join(faults)) from None


def _refuse_unknown(names: Iterable[str]) -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in names:
        if name.upper().startswith(PREFIX) and name.upper() not in known and not name.startswith(TEST_PREFIX):
            near = difflib.get_close_matches(name.upper(), known, n=1)
            raise SettingsError(f"{name} is no setting" + (f"; did you mean {near[0]}?" if near else "."))


def _text(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None
