"""Being logged in at AT Protocol servers: one session per account, kept in memory alone.

A login is a scarce thing: `createSession` may be called 30 times in five minutes and 300 times a
day (documentation of Bluesky, rate limits). So its tokens are kept, and renewed when they expire.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import orjson

from workers.connectors.bluesky_failures import failure
from workers.connectors.errors import Gone, NeedsAuth, NotSent, OutcomeUnknown, Transient
from workers.connectors.errors import Unsupported as CannotDo
from workers.connectors.http import Answer, Http, understood
from workers.connectors.port import Account


@dataclass(frozen=True, kw_only=True)
class Session:
    """Who is logged in, and the tokens that prove it."""

    did: str
    handle: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    credentials: str = field(repr=False)


class Sessions:
    """The sessions of all accounts of this process.

    Whatever fails here, the request that needed the session was not sent: answers that are lost
    or unwell become NotSent.
    """

    def __init__(self, http: Http) -> None:
        self._http = http
        self._kept: dict[UUID, Session] = {}
        self._locks: defaultdict[UUID, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def of(self, account: Account) -> Session:
        """Return the account's session, logging in where there is none for its credentials."""
        async with self._locks[account.channel_id]:
            kept = self._kept.get(account.channel_id)
            if kept is not None and kept.credentials == _digest(account):
                return kept
            return await self._login(account)

    async def fresh(self, account: Account) -> Session:
        """Log in whatever is kept: only this proves that the credentials still hold."""
        async with self._locks[account.channel_id]:
            return await self._login(account)

    async def renewed(self, account: Account, spent: Session, *, refreshable: bool) -> Session:
        """Return another session than the spent one: refreshed where it can be, else a new one."""
        async with self._locks[account.channel_id]:
            kept = self._kept.get(account.channel_id, spent)
            if kept.access != spent.access and kept.credentials == spent.credentials:
                # Another task was here first.
                return kept
            if refreshable:
                try:
                    return await self._refresh(account, kept)
                except NeedsAuth:
                    # That token has an end of its own; the password decides.
                    pass
            return await self._login(account)

    async def _login(self, account: Account) -> Session:
        self._kept.pop(account.channel_id, None)
        asked = {
            "identifier": account.secrets["identifier"],
            "password": account.secrets["app_password"],
        }
        answer = await self._ask(
            account,
            "createSession",
            headers={"Content-Type": "application/json"},
            content=orjson.dumps(asked),
        )
        return self._keep(account, answer)

    async def _refresh(self, account: Account, spent: Session) -> Session:
        headers = {"Authorization": f"Bearer {spent.refresh}"}
        return self._keep(account, await self._ask(account, "refreshSession", headers=headers))

    async def _ask(
        self,
        account: Account,
        method: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
    ) -> Answer:
        try:
            answer = await self._http.send(
                "POST",
                f"{account.settings['service']}/xrpc/com.atproto.server.{method}",
                headers=headers,
                content=content,
                secrets=secrets_of(account),
            )
        except OutcomeUnknown as error:
            raise NotSent(error.message) from error
        if answer.ok:
            return answer
        refused = failure(answer)
        if isinstance(refused, Transient):
            raise NotSent(refused.message, status=refused.status, retry_after=refused.retry_after)
        if isinstance(refused, Gone):
            raise CannotDo("This server does not speak the AT Protocol.", status=refused.status)
        raise refused

    def _keep(self, account: Account, answer: Answer) -> Session:
        try:
            with understood():
                said = answer.json_object()
                session = Session(
                    did=str(said["did"]),
                    handle=str(said["handle"]),
                    access=str(said["accessJwt"]),
                    refresh=str(said["refreshJwt"]),
                    credentials=_digest(account),
                )
        except OutcomeUnknown as error:
            raise NotSent(error.message) from error
        if said.get("active") is False:
            raise NeedsAuth(
                f"The account is not active: {said.get('status') or 'no reason given'}."
            )
        self._kept[account.channel_id] = session
        return session


def secrets_of(account: Account) -> tuple[str, ...]:
    """Return what of an account's credentials must not be quoted: all but its public name."""
    return (str(account.secrets["app_password"]),)


def _digest(account: Account) -> str:
    """Name the credentials and the server they are for, without keeping them."""
    pieces = (
        account.settings["service"],
        account.secrets["identifier"],
        account.secrets["app_password"],
    )
    return hashlib.sha256("\0".join(map(str, pieces)).encode()).hexdigest()
