"""Logs: JSON or console, no secrets, no floods."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from services.logging import Thinned, configure_logging, get_logger


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _put_back() -> Iterator[None]:
    """Logging belongs to the whole process: leave it as it was found."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_where_nobody_looks() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    with structlog.contextvars.bound_contextvars(correlation_id="c-1"):
        get_logger("ledgerline.api").info("invoice_activated", invoice="i-1", total="12.50")
    logging.getLogger("uvicorn.error").warning("port %s is taken", 8000)
    logging.getLogger("x").debug("not at this level")
    first, second = lines(stream)
    assert str(first.pop("timestamp")).endswith("Z")
    assert first == {
        "event": "invoice_activated", "invoice": "i-1", "total": "12.50", "correlation_id": "c-1", "level": "info",
        "logger": "ledgerline.api",
    }  # fmt: skip
    assert (second["event"], second["level"], second["logger"]) == ("port 8000 is taken", "warning", "uvicorn.error")


def test_a_person_gets_a_console() -> None:
    stream = Terminal()
    configure_logging(stream=stream)
    get_logger("x").info("started", port=8000)
    assert "started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_secrets_are_hidden_by_name_and_in_texts_also_in_tracebacks() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    log = get_logger("x")
    log.info(
        "connecting", url="postgresql://app:hush@db/x", conninfo="host=db password='hu\\'sh hush' user=a", Authorization="hush",
        headers={"authorization": "Bearer hush", "accept": "json"}, lines=["Bearer hush", "fine"], smtp_password="hush",
    )  # fmt: skip
    log.error("mail_failed", exc_info=RuntimeError("no route to smtp://mail:hush@host"))
    assert "hush" not in stream.getvalue()
    first, second = lines(stream)
    assert first["url"] == "postgresql://app:[hidden]@db/x"
    assert first["headers"] == {"authorization": "[hidden]", "accept": "json"}
    assert "RuntimeError" in str(second["exception"])


def test_kafka_complaints_are_thinned_and_counted() -> None:
    thinned = Thinned(seconds=30)

    def complain(at: float, text: str = "connection to 127.0.0.1:9092 refused", name: str = "kafka.net") -> str | None:
        record = logging.LogRecord(name, logging.ERROR, __file__, 1, text, (), None)
        record.created = at
        return record.getMessage() if thinned.filter(record) else None

    assert complain(0) is not None
    assert [complain(at, f"connection to 127.0.0.1:{9000 + at} refused") for at in range(1, 30)] == [None] * 29
    assert complain(5, "leader not available") == "leader not available"
    assert complain(31) == "connection to 127.0.0.1:9092 refused (and 29 more like it)"
    assert [complain(at, name="ledgerline") for at in (32, 33)] == ["connection to 127.0.0.1:9092 refused"] * 2


def test_repeating_the_set_up_does_not_double_lines() -> None:
    stream = io.StringIO()
    configure_logging(stream=stream)
    configure_logging(stream=stream)
    get_logger("x").info("once")
    assert len(lines(stream)) == 1


def test_tracebacks_on_a_console_show_no_local_variables():
    stream = io.StringIO()
    configure_logging("info", "console", stream)
    key = "ll_" + "k" * 43
    try:
        int(key[:2])
    except ValueError:
        structlog.get_logger("test").exception("failed")
    said = stream.getvalue()
    assert "ValueError: invalid literal" in said
    assert key not in said
