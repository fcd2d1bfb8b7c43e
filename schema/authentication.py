"""From a token or a session to its caller, without asking the database each time."""

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from hub.access.operations import authenticate
from hub.access.signing import authenticate_session
from hub.kernel.caller import Caller
from hub.kernel.errors import Unauthenticated
from hub.kernel.work import Hub

#: How long a token is taken for valid after the database said so: revocation works within it.
KNOWN_SECONDS = 4.0
_KNOWN_MOST = 1_000
_TOKEN_MOST = 200


class Authenticator:
    """Knows the secrets it has just seen, by their keyed digest; never the secrets themselves."""

    def __init__(self, hub: Hub, *, seconds: float | None = None) -> None:
        self._hub = hub
        self._seconds = KNOWN_SECONDS if seconds is None else seconds
        self._known: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()
        # The same by the header as it came, for the many requests of one client.
        self._headers: OrderedDict[bytes, tuple[float, Caller]] = OrderedDict()
        self._key = secrets.token_bytes(32)
        self._asking: dict[bytes, asyncio.Task[Caller]] = {}

    def known(self, header: bytes) -> Caller | None:
        """Return who an Authorization header speaks for, if that was found out just now."""
        found = self._headers.get(self._mark(header))
        if found is None or time.monotonic() - found[0] >= self._seconds:
            return None
        return found[1]

    def vouch(self, header: bytes, caller: Caller) -> bool:
        """Say whether a header is known, without asking, to speak for exactly this caller."""
        return self.known(header) == caller

    async def of_header(self, header: bytes) -> Caller | None:
        """Return who an Authorization header speaks for; Unauthenticated for a wrong one."""
        text = header.decode("latin-1")
        caller = await self.caller(text)
        # No longer than the answer of the database counts: it may be seconds old already.
        known = self._known.get(self._hub.vault.token_digest(_secret_of(text)))
        if known is not None:
            self._headers[self._mark(header)] = known
            while len(self._headers) > _KNOWN_MOST:
                self._headers.popitem(last=False)
        return caller

    def _mark(self, header: bytes) -> bytes:
        return hashlib.blake2b(header, key=self._key, digest_size=16).digest()

    async def caller(self, authorization: str | None) -> Caller | None:
        """Return who a header speaks for, None without one; Unauthenticated for a wrong one."""
        if authorization is None:
            return None
        secret = _secret_of(authorization)
        return await self._knowing(
            self._hub.vault.token_digest(secret), lambda: self._of_token(secret)
        )

    async def of_session(self, secret: str) -> Caller:
        """Return who a session's secret speaks for; Unauthenticated when it is over."""
        if not 0 < len(secret) <= _TOKEN_MOST:
            raise Unauthenticated("You are not signed in any more.")
        return await self._knowing(
            self._hub.vault.session_digest(secret), lambda: self._of_session(secret)
        )

    def forget_session(self, secret: str) -> None:
        """Ask anew next time: this process has just ended the session."""
        self._known.pop(self._hub.vault.session_digest(secret), None)

    async def _knowing(self, digest: bytes, ask: Callable[[], Awaitable[Caller]]) -> Caller:
        known = self._known.get(digest)
        if known is not None and time.monotonic() - known[0] < self._seconds:
            return known[1]
        # Many requests with one token, and one question to the database for all of them.
        task = self._asking.get(digest)
        if task is None:
            task = asyncio.create_task(self._ask(digest, ask))
            self._asking[digest] = task
            task.add_done_callback(lambda done: self._answered(digest, done))
        return await asyncio.shield(task)

    async def _of_token(self, secret: str) -> Caller:
        async with self._hub.unscoped() as session:
            return await authenticate(session, self._hub.vault, secret)

    async def _of_session(self, secret: str) -> Caller:
        hub = self._hub
        async with hub.unscoped() as session:
            return await authenticate_session(session, hub.vault, hub.settings, secret)

    async def _ask(self, digest: bytes, ask: Callable[[], Awaitable[Caller]]) -> Caller:
        asked_at = time.monotonic()
        self._known.pop(digest, None)
        caller = await ask()
        self._known[digest] = (asked_at, caller)
        while len(self._known) > _KNOWN_MOST:
            self._known.popitem(last=False)
        return caller

    def _answered(self, digest: bytes, done: asyncio.Task[Caller]) -> None:
        self._asking.pop(digest, None)
        if not done.cancelled():
            # Whoever waits gets it too; if all of them have left, nobody needs to know.
            done.exception()


def _secret_of(authorization: str) -> str:
    scheme, _, secret = authorization.strip().partition(" ")
    secret = secret.strip()
    if scheme.lower() != "bearer" or not 0 < len(secret) <= _TOKEN_MOST:
        raise Unauthenticated("Send the token as `Authorization: Bearer hub_pat_…`.")
    return secret


def authorization_of(
    headers: Mapping[str, str], parameters: Mapping[str, Any] | None
) -> str | None:
    """Return the Authorization of a request, or of what a socket's client said at its start."""
    given = headers.get("authorization")
    if given is not None or not parameters:
        return given
    said = {name.lower(): value for name, value in parameters.items()}.get("authorization")
    if said is not None and not isinstance(said, str):
        raise Unauthenticated("The authorization of `connection_init` is text.")
    return said
