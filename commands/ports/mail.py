"""The port to the mail server."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain text mail. `message_id` is the caller's, with angle brackets: a repeat of a mail carries the same one."""

    message_id: str
    sender: str
    to: tuple[str, ...]
    subject: str
    body: str
    date: datetime


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The server took the mail for these recipients; `refused` says of the others why not."""

    accepted: tuple[str, ...]
    refused: Mapping[str, str]


class MailUnavailable(Exception):
    """The server is away, too slow, or asks to come back later. The mail may be out all the same: see the letter."""


class MailRefused(Exception):
    """The server took the mail for nobody, and says that it never will."""


class Mailer(Protocol):
    """Hands mails over, one at a time."""

    async def send(self, mail: Mail) -> HandedOver:
        """Hand the mail over; MailUnavailable or MailRefused with a sentence for people when that failed."""
        ...
