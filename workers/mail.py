"""Sending one mail by SMTP: what the server says becomes one of a few typed failures."""

import asyncio
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from urllib.parse import unquote, urlsplit

from hub.review.mailing import Outgoing
from hub.review.models import NoticeFailure

#: How long the server may take for each of its answers, in seconds.
PATIENCE = 15.0

_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
# What a mail server takes for one mailbox and nothing else.
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\\\"@]+@[^\s<>()\[\],;:\\\"@]+")


class MailFailed(Exception):
    """A mail did not leave; `failure` says why in one word, the message in the server's."""

    def __init__(self, failure: NoticeFailure, message: str) -> None:
        super().__init__(message)
        self.failure = failure
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where mail leaves, read from HUB_SMTP_URL."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""

    @classmethod
    def of(cls, url: str) -> "Server":
        """Read an address such as smtps://user:password@host:465."""
        parts = urlsplit(url)
        return cls(
            scheme=parts.scheme,
            host=parts.hostname or "",
            port=parts.port or _PORTS[parts.scheme],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


def composed(mail: Outgoing, *, sender: str) -> EmailMessage:
    """Return the message; raise MailFailed for an address that is not exactly one mailbox.

    The same notice is the same message: its Message-ID is made of the notice's id.
    """
    if not _ADDRESS.fullmatch(mail.address):
        raise MailFailed(NoticeFailure.BAD_ADDRESS, "This is not the address of one mailbox.")
    name, address = parseaddr(sender)
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = Address(display_name=name, addr_spec=address)
        message["To"] = Address(display_name=mail.name, addr_spec=mail.address)
        message["Subject"] = mail.letter.subject
    except ValueError as error:
        raise MailFailed(NoticeFailure.BAD_ADDRESS, str(error)) from error
    message["Message-ID"] = f"<{mail.notice_id}@{address.rpartition('@')[2]}>"
    # Nobody's "out of office" shall answer.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.letter.text)
    message.add_alternative(mail.letter.html, subtype="html")
    return message


async def send(
    message: EmailMessage, *, server: Server, trust: ssl.SSLContext | None = None
) -> None:
    """Hand a message to the server; raise MailFailed when it does not take it.

    `trust` says whose certificates are believed; by default those the system believes.
    """
    await asyncio.to_thread(_send, message, server, trust)


def _send(message: EmailMessage, server: Server, trust: ssl.SSLContext | None) -> None:
    sender = parseaddr(message["From"])[1].rpartition("@")[2]
    if trust is None and server.scheme != "smtp":
        # Reading all certificates of the system takes a while: here, and only where TLS is spoken.
        trust = ssl.create_default_context()
    with _typed(), _connected(server, trust, name=sender) as smtp:
        if server.scheme == "smtp+starttls":
            # Refused where the server does not offer it: nobody in between can talk it away.
            smtp.starttls(context=trust)
        if server.user:
            smtp.login(server.user, server.password)
        smtp.send_message(message)


@contextmanager
def _connected(
    server: Server, trust: ssl.SSLContext | None, *, name: str
) -> Iterator[smtplib.SMTP]:
    # Without a name smtplib asks the network for one, which may take longer than the mail.
    if server.scheme == "smtps":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, name, timeout=PATIENCE, context=trust
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, name, timeout=PATIENCE)
    try:
        yield smtp
        # The mail is taken by now: how they part makes no difference.
        smtp.close()
    finally:
        smtp.close()


@contextmanager
def _typed() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        raise _answered(code, words) from error
    except smtplib.SMTPAuthenticationError as error:
        raise MailFailed(NoticeFailure.NOT_ALLOWED, _text(error.smtp_error)) from error
    except (smtplib.SMTPNotSupportedError, ssl.SSLError, UnicodeError) as error:
        raise MailFailed(NoticeFailure.NOT_ALLOWED, str(error)) from error
    except smtplib.SMTPServerDisconnected as error:
        raise MailFailed(NoticeFailure.UNREACHABLE, str(error)) from error
    except smtplib.SMTPResponseException as error:
        raise _answered(error.smtp_code, error.smtp_error) from error
    except (smtplib.SMTPException, OSError, socket.gaierror) as error:
        raise MailFailed(NoticeFailure.UNREACHABLE, str(error)) from error


def _answered(code: int, words: bytes | str) -> MailFailed:
    """Return the failure of an answer: 4xx may be otherwise later, 5xx will not.

    https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1
    """
    for_good = 500 <= code < 600
    failure = NoticeFailure.REFUSED if for_good else NoticeFailure.UNREACHABLE
    return MailFailed(failure, f"{code} {_text(words)}")


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words
