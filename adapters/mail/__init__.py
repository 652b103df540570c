"""Mail over SMTP, and the outbox of letters that wait for it."""

from adapters.mail.outbox import StoredOutbox, write_outbox
from adapters.mail.smtp import NoMailServer, SmtpMailer

__all__ = ["NoMailServer", "SmtpMailer", "StoredOutbox", "write_outbox"]
