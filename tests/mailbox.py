"""A mail server for tests: it takes mail over real sockets, or fails in the way it is told to."""

import asyncio
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(kw_only=True)
class Mailbox:
    """What a mail server took, and how it behaves.

    `answers` maps a command to what is said to it in place of yes; `drop` hangs up after taking
    the words of a mail, so that its sender cannot know.
    """

    port: int = 0
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    starttls: ssl.SSLContext | None = None
    signed_in: list[tuple[str, str]] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)


class _Call:
    def __init__(
        self, box: Mailbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.box, self.reader, self.writer = box, reader, writer
        self.to: list[str] = []

    async def serve(self) -> None:
        await self.say("220 mail")
        while line := await self.reader.readline():
            command = line.decode().split()[0].upper() if line.split() else ""
            said = self.box.answers.get(command)
            if said is not None:
                await self.say(said)
                continue
            if await self.obey(command, line.decode().strip()):
                return

    async def obey(self, command: str, line: str) -> bool:
        match command:
            case "EHLO":
                extra = [
                    *(["STARTTLS"] if self.box.starttls and not self.is_tls else []),
                    "AUTH PLAIN",
                ]
                await self.say("250-mail", *(f"250-{one}" for one in extra), "250 SMTPUTF8")
            case "STARTTLS":
                await self.say("220 go on")
                assert self.box.starttls is not None
                await self.writer.start_tls(self.box.starttls)
            case "AUTH":
                _, user, password = b64decode(line.split()[2]).decode().split("\0")
                self.box.signed_in.append((user, password))
                await self.say("235 come in")
            case "RCPT":
                self.to.append(line.partition("<")[2].partition(">")[0])
                await self.say("250 yes")
            case "DATA":
                return await self.take()
            case "QUIT":
                await self.say("221 bye")
                return True
            case _:
                await self.say("250 yes")
        return False

    async def take(self) -> bool:
        await self.say("354 go on")
        words = await self.reader.readuntil(b"\r\n.\r\n")
        mail: Any = message_from_bytes(words[:-5].replace(b"\r\n..", b"\r\n."), policy=default)
        self.box.mails.extend((one, mail) for one in self.to)
        self.box.over_tls.append(self.is_tls)
        if self.box.drop:
            return True
        await self.say(self.box.answers.get("BODY", "250 taken"))
        return False

    @property
    def is_tls(self) -> bool:
        return self.writer.get_extra_info("ssl_object") is not None

    async def say(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self.writer.drain()


@asynccontextmanager
async def a_mailbox(tls: ssl.SSLContext | None = None, **how: Any) -> AsyncIterator[Mailbox]:
    """Run a mail server on a port of its own; with `tls` it speaks nothing else."""
    box = Mailbox(**how)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await _Call(box, reader, writer).serve()
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        box.port = server.sockets[0].getsockname()[1]
        yield box


def certificates(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return what a server on this machine shows, and what believes it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    pem = folder / "mail.pem"
    pem.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(pem)
    return shown, ssl.create_default_context(cafile=str(pem))
