"""Structured logs on stderr: JSON for machines, colours on a terminal, secrets left out, repeated complaints thinned.

Every process calls `configure_logging` once, first. The standard library's loggers (uvicorn, kafka, yoyo) go the same
way.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor

HIDDEN = "[hidden]"
QUIET_SECONDS = 30.0  # one and the same complaint of a noisy library is logged once in this time

_SECRET_NAME = re.compile(r"password|secret|token|authorization|cookie|api_?key|private_?key|credential", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"(?P<before>\w+://[^\s:/@]*:)[^\s@/]+@")
_CONNINFO_PASSWORD = re.compile(r"(?P<before>\bpassword=)('(?:[^'\\]|\\.)*'|\S+)", re.IGNORECASE)
_BEARER = re.compile(r"(?P<before>\bBearer\s+)[^\s'\",]+", re.IGNORECASE)
_NUMBERS = re.compile(r"\d+")


def configure_logging(
    level: str = "info", form: Literal["auto", "json", "console"] = "auto", stream: TextIO | None = None
) -> None:
    """Set up logging of this process; repeating it replaces the earlier set-up. `stream` is stderr unless given."""
    target = stream or sys.stderr
    console = form == "console" or (form == "auto" and target.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if console:
        # Plain tracebacks: pretty ones show local variables, and with them keys and names of people.
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=target.isatty(), exception_formatter=plain)
        last += [structlog.processors.format_exc_info, redact, renderer]
    else:
        last += [structlog.processors.format_exc_info, redact, structlog.processors.JSONRenderer(default=str)]
    handler = logging.StreamHandler(target)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    handler.addFilter(Thinned())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("kafka", "yoyo", "httpx", "httpcore", "fsspec"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def redact(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Hide what is secret: by the name of a field, and passwords in URLs, connection strings and headers in texts."""
    return {key: _hide(key, value) for key, value in event.items()}


def _hide(key: str, value: object) -> object:
    if isinstance(value, Mapping):
        return {inner: _hide(str(inner), content) for inner, content in value.items()}
    if _SECRET_NAME.search(key):
        return HIDDEN
    if isinstance(value, list | tuple):
        return [_hide("", item) for item in value]
    return _hide_in_text(value) if isinstance(value, str) else value


def _hide_in_text(text: str) -> str:
    text = _URL_PASSWORD.sub(rf"\g<before>{HIDDEN}@", text)
    text = _CONNINFO_PASSWORD.sub(rf"\g<before>{HIDDEN}", text)
    return _BEARER.sub(rf"\g<before>{HIDDEN}", text)


class Thinned(logging.Filter):
    """Lets one and the same complaint of kafka-python through once in a while, with the number left out since.

    It logs every refused connection as an error while a node is away: many a second.
    """

    def __init__(self, seconds: float = QUIET_SECONDS) -> None:
        super().__init__()
        self._seconds = seconds
        self._seen: MutableMapping[str, tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide by the record's own time; numbers (ports, ids) do not make a complaint another one."""
        if record.name.partition(".")[0] != "kafka":
            return True
        complaint = record.name + _NUMBERS.sub("#", record.getMessage())
        since, left_out = self._seen.get(complaint, (float("-inf"), 0))
        if record.created - since < self._seconds:
            self._seen[complaint] = (since, left_out + 1)
            return False
        if len(self._seen) > 1000:  # noqa: PLR2004 - far more than there are different complaints
            self._seen.clear()
        self._seen[complaint] = (record.created, 0)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} (and {left_out} more like it)", ()
        return True


def get_logger(name: str) -> Any:  # noqa: ANN401 - structlog's loggers are made dynamically
    """Return a structlog logger; `logger.info("what_happened", field=value)`."""
    return structlog.get_logger(name)
