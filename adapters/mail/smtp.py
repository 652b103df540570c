"""Handing mails to an SMTP server: one connection a mail, every step bounded in time."""

import aiosmtplib

from adapters.mail.address import SmtpAddress
from adapters.mail.message import message_of
from commands.ports.mail import HandedOver, Mail, MailRefused, MailUnavailable

_FOR_GOOD = 500
"""SMTP answers from here on say "never", those below "later"."""


class SmtpMailer:
    """`commands.ports.mail.Mailer` on an SMTP server."""

    def __init__(self, url: str) -> None:
        self._at = SmtpAddress.parse(url)

    async def send(self, mail: Mail) -> HandedOver:
        """Hand the mail over for as many recipients as the server takes."""
        try:
            message = message_of(mail)
        except ValueError as wrong:
            raise MailRefused(f"The mail can't be sent: {wrong}.") from None
        client = self._client()
        try:
            await client.connect()
            refused, _ = await client.sendmail(mail.sender, list(mail.to), message)
        except aiosmtplib.SMTPRecipientsRefused as none:
            said = "; ".join(f"{r.recipient}: {r.code} {r.message}" for r in none.recipients)
            raise self._failure(max(r.code for r in none.recipients), f"takes none of the recipients: {said}") from None
        except aiosmtplib.SMTPAuthenticationError as wrong:
            raise MailUnavailable(self._sentence(f"refuses the login: {wrong.code} {wrong.message}")) from None
        except aiosmtplib.SMTPResponseException as wrong:
            raise self._failure(wrong.code, f"answered {wrong.code} {wrong.message}") from None
        except aiosmtplib.SMTPNotSupported as wrong:
            raise MailUnavailable(self._sentence(f"can't do what is asked of it: {wrong.message}")) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as away:
            raise MailUnavailable(self._sentence(f"is away or too slow: {away or type(away).__name__}")) from None
        finally:
            client.close()
        accepted = tuple(address for address in mail.to if address not in refused)
        return HandedOver(accepted, {address: f"{r.code} {r.message}" for address, r in refused.items()})

    def _client(self) -> aiosmtplib.SMTP:
        at = self._at
        return aiosmtplib.SMTP(
            hostname=at.host,
            port=at.port,
            username=at.user,
            password=at.password,
            timeout=at.timeout,
            use_tls=at.tls == "implicit",
            start_tls={"none": False, "offered": None, "starttls": True, "implicit": False}[at.tls],
        )

    def _failure(self, code: int, what: str) -> MailRefused | MailUnavailable:
        return (MailRefused if code >= _FOR_GOOD else MailUnavailable)(self._sentence(what))

    def _sentence(self, what: str) -> str:
        return f"The mail server {self._at.host}:{self._at.port} {what[:500].rstrip('. ')}."


class NoMailServer:
    """`Mailer` where none is set: letters wait, as a problem."""

    async def send(self, mail: Mail) -> HandedOver:  # noqa: ARG002 - the port's name
        """Never."""
        raise MailUnavailable("No mail server is set: give LEDGERLINE_SMTP_URL.")
