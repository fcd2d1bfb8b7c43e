"""Signing in to a Misago forum as a person does, and asking it something as that person.

The shared client keeps no cookies, so that no account's ever reach another's request: the
session of each channel is kept here and sent by hand.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from workers.connectors.errors import (
    NotSent,
    OutcomeUnknown,
    PlatformError,
    Transient,
)
from workers.connectors.http import Answer, Http
from workers.connectors.misago_failures import failure, is_about_the_session, refused_login
from workers.connectors.port import Account

SIGN_IN = "/api/auth/"
_UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, kw_only=True)
class Session:
    """Who is signed in: the cookies to send, and the forum's front page as a guest sees it."""

    key: str
    cookies: Mapping[str, str] = field(repr=False)
    front: str = field(repr=False)


class Sessions:
    """One session per channel, in memory alone: another worker signs in for itself."""

    def __init__(self, http: Http) -> None:
        self._http = http
        self._open: dict[UUID, Session] = {}

    async def sign_in(self, account: Account) -> Session:
        """Sign in anew and keep the session; NeedsAuth when the forum does not want to."""
        self._open.pop(account.channel_id, None)
        front = await self._send(account, "GET", "/", {})
        if not front.ok:
            raise failure(front)
        guest = front.cookies()
        if not _token(guest):
            raise Transient(f"{front.host} does not answer like a forum that can be signed in to.")
        asked = orjson.dumps({name: account.secrets[name] for name in ("username", "password")})
        answer = await self._send(account, "POST", SIGN_IN, guest, content=asked)
        if not answer.ok:
            raise refused_login(answer)
        answer.json_object()
        session = Session(
            key=_key(account),
            cookies={**guest, **answer.cookies()},
            front=front.body.decode("utf-8", "replace"),
        )
        self._open[account.channel_id] = session
        return session

    async def call(
        self,
        account: Account,
        method: str,
        path: str,
        *,
        params: Iterable[tuple[str, str]] = (),
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
    ) -> Answer:
        """Ask as the account, signing in first where that is needed.

        A session that has ended is noticed by a refusal, which is certainly not carried out: only
        then the request is sent once more. NotSent when the account could not be signed in.
        """
        asked = list(params)
        session = self._open.get(account.channel_id)
        fresh = session is None or session.key != _key(account)
        if session is None or fresh:
            session = await self._before_sending(account)
        answer = await self._send(
            account, method, path, session.cookies, params=asked, content=content, files=files
        )
        if not fresh and await self._has_ended(account, session, answer):
            session = await self._before_sending(account)
            answer = await self._send(
                account, method, path, session.cookies, params=asked, content=content, files=files
            )
        if answer.ok:
            return answer
        raise failure(answer)

    async def _before_sending(self, account: Account) -> Session:
        try:
            return await self.sign_in(account)
        except (OutcomeUnknown, Transient) as error:
            # Whatever became of the sign-in, what was to be sent has not left.
            raise NotSent(
                f"The account could not be signed in: {error.message}",
                status=error.status,
                retry_after=error.retry_after,
            ) from error

    async def _has_ended(self, account: Account, session: Session, answer: Answer) -> bool:
        if answer.status not in {401, 403}:
            return False
        if is_about_the_session(answer):
            return True
        # What a guest is told depends on the language of the forum; who we are does not.
        try:
            known = await self._send(account, "GET", SIGN_IN, session.cookies)
            return known.ok and not known.json_object().get("is_authenticated")
        except PlatformError:
            return False

    async def _send(
        self, account: Account, method: str, path: str, cookies: Mapping[str, str], **more: Any
    ) -> Answer:
        base = str(account.settings["base_url"])
        headers = {"Accept": "application/json, text/html;q=0.5", "Accept-Language": "en"}
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if method in _UNSAFE:
            headers |= {"X-CSRFToken": _token(cookies), "Referer": f"{base}/"}
        if more.get("content") is not None:
            headers["Content-Type"] = "application/json"
        return await self._http.send(
            method,
            f"{base}{path}",
            headers=headers,
            secrets=(account.secrets["password"], *cookies.values()),
            **more,
        )


def _token(cookies: Mapping[str, str]) -> str:
    """Return what proves that a request was meant: the same as in its cookie."""
    return next((value for name, value in cookies.items() if "csrf" in name.lower()), "")


def _key(account: Account) -> str:
    """Return what a session was opened with, without keeping it: other credentials, other key."""
    said = [account.settings["base_url"], account.secrets["username"], account.secrets["password"]]
    return hashlib.sha256(orjson.dumps(said)).hexdigest()
