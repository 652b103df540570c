"""Mail over SMTP."""

from adapters.mail.smtp import NoMailServer, SmtpMailer

__all__ = ["NoMailServer", "SmtpMailer"]
