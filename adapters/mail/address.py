"""Where the mail server is: an `SMTP_URL` taken apart.

smtp://host:25                 TLS by STARTTLS where the server offers it
smtp://user:secret@host:587    STARTTLS is required, as a secret is sent (but to this very machine)
smtps://user:secret@host:465   TLS from the first byte
...?tls=none|starttls|implicit&timeout=20   says it explicitly; seconds for each step
"""

from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import parse_qs, unquote, urlsplit

Tls = Literal["none", "offered", "starttls", "implicit"]
_PORTS: Final[dict[Tls, int]] = {"none": 25, "offered": 25, "starttls": 587, "implicit": 465}
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_OPTIONS: Final = frozenset({"tls", "timeout"})


@dataclass(frozen=True, slots=True)
class SmtpAddress:
    """A mail server and how to speak to it."""

    host: str
    port: int
    tls: Tls
    timeout: float
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> "SmtpAddress":
        """ValueError, without the secret, for a URL that is none of the above."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("SMTP_URL has to be smtp://host:port or smtps://host:port")
        options = parse_qs(parts.query)
        if unknown := set(options) - _OPTIONS:
            raise ValueError(f"SMTP_URL has the option {min(unknown)!r}: only tls and timeout are known")
        user = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        tls: Tls = "implicit" if parts.scheme == "smtps" else "offered"
        if tls == "offered" and password is not None and parts.hostname not in _LOCAL:
            tls = "starttls"
        match options.get("tls"):
            case None:
                pass
            case ["none" | "starttls" | "implicit" as said]:
                tls = said
            case _:
                raise ValueError("SMTP_URL: tls is none, starttls or implicit")
        timeout = float(options.get("timeout", ["20"])[0])
        if not 0 < timeout <= 120:  # noqa: PLR2004 - the lease on a letter has to be longer than all steps together
            raise ValueError("SMTP_URL: timeout is more than 0 and at most 120 seconds")
        return cls(parts.hostname, parts.port or _PORTS[tls], tls, timeout, user, password)
