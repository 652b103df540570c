"""A key's secret: shown once, kept as its SHA-256 only."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

from domain.keys.decisions import SECRET_BYTES, SECRET_PREFIX

_SECRET: Final = re.compile(re.escape(SECRET_PREFIX) + r"[A-Za-z0-9_-]{43}")


def secret_of(entropy: bytes) -> str:
    """The secret that callers send; `entropy` is 32 random bytes. ValueError for fewer."""
    if len(entropy) != SECRET_BYTES:
        raise ValueError(f"a secret is made of {SECRET_BYTES} random bytes, not {len(entropy)}")
    return SECRET_PREFIX + urlsafe_b64encode(entropy).decode().rstrip("=")


def looks_like_one(text: str) -> bool:
    """Whether a text has the form of a secret; what has not is refused without being looked up."""
    return _SECRET.fullmatch(text) is not None


def digest_of(secret: str) -> str:
    """What is kept of a secret. It has 256 random bits, so a plain hash can't be guessed backwards."""
    return sha256(secret.encode()).hexdigest()
