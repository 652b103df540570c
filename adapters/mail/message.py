"""A mail as bytes: headers that nobody can add lines to."""

import re
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from commands.ports.mail import Mail

MAX_SUBJECT: Final = 500
_MESSAGE_ID: Final = re.compile(r"<[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,200}@[A-Za-z0-9.-]{1,100}>")
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


def message_of(mail: Mail) -> bytes:
    """The message; ValueError for an address or Message-ID that could be more than that."""
    if not _MESSAGE_ID.fullmatch(mail.message_id):
        raise ValueError(f"{mail.message_id[:100]!r} is no Message-ID")
    for address in (mail.sender, *mail.to):
        if not _ADDRESS.fullmatch(address):
            raise ValueError(f"{address[:100]!r} is no e-mail address")
    message = EmailMessage(policy=SMTP)
    message["Message-ID"] = mail.message_id
    message["Date"] = format_datetime(mail.date)
    message["From"] = mail.sender
    message["To"] = ", ".join(mail.to)
    message["Subject"] = _CONTROL.sub(" ", mail.subject).strip()[:MAX_SUBJECT]
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body.encode("utf-8", "replace").decode(), charset="utf-8", cte="quoted-printable")
    return message.as_bytes()
