"""The one outgoing HTTP client: guarded addresses, one deadline, bounded answers, no retries."""

import asyncio
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from http.cookies import CookieError, SimpleCookie
from typing import Any, BinaryIO

import httpcore
import httpx
import orjson

from workers.connectors.addresses import AddressRefused, GuardedBackend, Resolve, resolve
from workers.connectors.errors import NotSent, OutcomeUnknown, PlatformError, Rejected

DEADLINE_SECONDS = 8.0
CONNECT_SECONDS = 4.0
ANSWER_BYTES = 1_000_000
PIECE = 262_144
SHORTEST_SECRET = 6
LONGEST_WAIT = timedelta(days=1)
# Seconds since 1970 have had ten digits since 2001.
EPOCH_DIGITS = 10
USER_AGENT = "content-hub"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back, whole and bounded. `secrets` are struck out of everything it is quoted in."""

    status: int
    headers: httpx.Headers
    body: bytes
    host: str
    secrets: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Say whether the status is a 2xx."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the body as JSON; OutcomeUnknown when it is none."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError as error:
            raise OutcomeUnknown(
                f"{self.host} answered {self.status} with something that is not JSON.",
                status=self.status,
            ) from error

    def json_object(self) -> dict[str, Any]:
        """Return the body as a JSON object; OutcomeUnknown when it is none."""
        value = self.json()
        if isinstance(value, dict):
            return value
        raise OutcomeUnknown(
            f"{self.host} answered {self.status} with JSON of an unknown shape.", status=self.status
        )

    def complaint(self) -> str:
        """Return what an error answer says, short and without secrets."""
        try:
            said = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            said = None
        text = said.get("error") if isinstance(said, dict) else None
        return scrub(text if isinstance(text, str) else "", self.secrets)[:200]

    def cookies(self) -> dict[str, str]:
        """Return the cookies the answer sets; one it deletes is left out."""
        found: dict[str, str] = {}
        for line in self.headers.get_list("set-cookie"):
            try:
                parsed = SimpleCookie(line)
            except CookieError:
                continue
            found |= {name: morsel.value for name, morsel in parsed.items() if morsel.value}
        return found

    def wait(self) -> timedelta | None:
        """Return how long the answer asks to wait, from Retry-After or (X-)RateLimit-Reset."""
        # Servers put the end of the window on every answer; only a refusal makes it a wish.
        if self.status == 429 or "retry-after" in self.headers:
            return retry_after(self.headers)
        return None


class Http:
    """Sends one request at a time and says exactly what is known about its fate."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        backend: GuardedBackend,
        *,
        allow: frozenset[str],
        deadline: float,
    ) -> None:
        self._client = client
        self._backend = backend
        self._allow = allow
        self._deadline = deadline

    async def admit(self, url: str) -> None:
        """Check an address as `send` would, without calling it.

        Rejected when it may not be called, NotSent when its name cannot be resolved now.
        """
        target = self._target(url)
        try:
            await self._backend.addresses(target.host, _port(target))
        except AddressRefused as error:
            raise Rejected(str(error), code="ADDRESS_REFUSED") from error
        except httpcore.ConnectError as error:
            raise NotSent(str(error)) from error

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Iterable[tuple[str, str]] = (),
        content: bytes | BinaryIO | None = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str, bytes | BinaryIO, str]] | None = None,
        secrets: Iterable[str] = (),
        most: int = ANSWER_BYTES,
        deadline: float | None = None,
    ) -> Answer:
        """Send one request and return its answer, whatever its status but a redirect.

        `most` is how many bytes of an answer are read: a success that is longer is not believed.
        A file is sent from its begin, piece by piece; `deadline` (seconds) is for such uploads.
        NotSent when the request certainly did not leave, OutcomeUnknown when it may have
        arrived, Rejected when the address may not be called or answers with a redirect.
        """
        target = self._target(url)
        fate = _Fate()
        deadline = self._deadline if deadline is None else max(self._deadline, deadline)
        length = {} if content is None or isinstance(content, bytes) else _length(content)
        request = self._client.build_request(
            method,
            target.copy_merge_params(list(params)) if params else target,
            headers={**(headers or {}), **length},
            content=_pieces(content) if length else content,  # type: ignore[arg-type]  # a file has a length
            data=dict(form) if form else None,
            files=dict(files) if files else None,
            timeout=httpx.Timeout(deadline, connect=min(CONNECT_SECONDS, deadline)),
            extensions={"trace": fate.trace},
        )
        try:
            async with asyncio.timeout(deadline):
                answer = await self._exchange(request, tuple(secrets), most)
        except AddressRefused as error:
            raise Rejected(str(error), code="ADDRESS_REFUSED") from error
        except TimeoutError as error:
            raise fate.failure(f"{target.host} did not answer within {deadline:g} s.") from error
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            said = scrub(f"{type(error).__name__}: {error}", secrets)[:200]
            raise fate.failure(f"{target.host} could not be asked ({said}).") from error
        if 300 <= answer.status < 400:
            raise Rejected(
                f"{target.host} answered with a redirect, which is never followed.",
                status=answer.status,
                code="REDIRECT",
            )
        return answer

    async def _exchange(
        self, request: httpx.Request, secrets: tuple[str, ...], most: int
    ) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            body = await _body(response, most)
        finally:
            await response.aclose()
        return Answer(
            status=response.status_code,
            headers=response.headers,
            body=body,
            host=request.url.host,
            secrets=secrets,
        )

    def _target(self, url: str) -> httpx.URL:
        try:
            target = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise Rejected("The address is not a valid URL.", code="ADDRESS_INVALID") from error
        if target.userinfo or not target.host:
            raise Rejected("The address must name a host and no user.", code="ADDRESS_INVALID")
        if f"{target.host}:{_port(target)}" in self._allow:
            return _only_web(target)
        if target.scheme != "https" or _port(target) != 443:
            raise Rejected(
                "Only https on port 443 may be called; HUB_OUTGOING_ALLOW names exceptions.",
                code="ADDRESS_REFUSED",
            )
        return target


class _Fate:
    """Remembers whether any byte of the request may have left."""

    def __init__(self) -> None:
        self.left = False

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:  # noqa: ARG002  the shape httpcore calls
        if event.endswith("send_request_headers.started"):
            self.left = True

    def failure(self, message: str) -> PlatformError:
        """Return the error that says no more than what is known."""
        return OutcomeUnknown(message) if self.left else NotSent(message)


@asynccontextmanager
async def open_http(
    *,
    allow: Iterable[str] = (),
    deadline: float = DEADLINE_SECONDS,
    resolver: Resolve = resolve,
) -> AsyncIterator[Http]:
    """Open the client. `allow` lists "host:port" that may be private and plain http.

    `deadline` is in seconds, for one request from the name to the last byte of the answer.
    """
    allowed = frozenset(re.sub(r"[\[\] ]", "", entry).lower() for entry in allow)
    backend = GuardedBackend(allow=allowed, resolver=resolver)
    async with httpx.AsyncClient(
        transport=_GuardedTransport(backend),
        timeout=httpx.Timeout(deadline, connect=min(CONNECT_SECONDS, deadline)),
        trust_env=False,
        follow_redirects=False,
        headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
    ) as client:
        # Cookies would tie the calls of one account to another's.
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        yield Http(client, backend, allow=allowed, deadline=deadline)


def _length(file: BinaryIO) -> dict[str, str]:
    return {"Content-Length": str(file.seek(0, 2))}


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    file.seek(0)
    while piece := file.read(PIECE):
        yield piece


@contextmanager
def understood() -> Iterator[None]:
    """Turn a failure to read a parsed answer into OutcomeUnknown: its shape is not what it was."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise OutcomeUnknown("The answer has a shape that is not understood.") from error


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Strike secrets out of a text, and anything that looks like a bearer token."""
    for secret in secrets:
        # A shorter one is no secret, and would strike out half of the words.
        text = text.replace(secret, "…") if len(secret) >= SHORTEST_SECRET else text
    return re.sub(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+", r"\1 …", text)


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Return the wait that headers ask for, between nothing and a day; None when they are silent.

    Absolute times are compared with the answer's own Date, so a wrong clock here does not matter.
    """
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return min(timedelta(seconds=int(said[:9])), LONGEST_WAIT)
    until = _moment(said) or _moment(headers.get("x-ratelimit-reset", ""))
    reset = headers.get("ratelimit-reset", "").strip()
    if until is None and reset.isascii() and reset.isdigit() and len(reset) < EPOCH_DIGITS:
        # The draft of a standard for this header counts from now; AT Protocol servers from 1970.
        return min(timedelta(seconds=int(reset)), LONGEST_WAIT)
    until = until or _moment(reset)
    if until is None:
        return None
    now = _moment(headers.get("date", "")) or datetime.now(UTC)
    return max(timedelta(), min(until - now, LONGEST_WAIT))


def _moment(said: str) -> datetime | None:
    """Read an HTTP date, an ISO 8601 time or seconds since 1970."""
    if said.isascii() and said.isdigit():
        return datetime.fromtimestamp(int(said[:11]), UTC)
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(said)
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


async def _body(response: httpx.Response, most: int) -> bytes:
    raw = bytearray()
    async for piece in response.aiter_raw():
        raw += piece
        if len(raw) > most:
            return _cut(response, bytes(raw), most)
    return _plain(response, bytes(raw), most)


def _plain(response: httpx.Response, raw: bytes, most: int) -> bytes:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"", "identity"}:
        return raw
    # Nobody was asked to compress; whoever does all the same cannot make a bomb of it.
    try:
        plain = zlib.decompressobj(wbits=47).decompress(raw, most + 1)
    except zlib.error:
        return _cut(response, b"", most)
    return plain if len(plain) <= most else _cut(response, plain, most)


def _cut(response: httpx.Response, body: bytes, most: int) -> bytes:
    # The status of an error is evidence enough; a success must be readable to be believed.
    if response.status_code >= 300:
        return body[:most]
    raise httpx.ReadError("The answer is too large or unreadable.")


def _port(target: httpx.URL) -> int:
    return target.port or (443 if target.scheme == "https" else 80)


def _only_web(target: httpx.URL) -> httpx.URL:
    if target.scheme in {"http", "https"}:
        return target
    raise Rejected("Only http and https addresses can be called.", code="ADDRESS_INVALID")


class _GuardedTransport(httpx.AsyncHTTPTransport):
    """The usual transport on connections that go through the guard."""

    def __init__(self, backend: GuardedBackend) -> None:
        super().__init__(verify=_trusted(), trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=_trusted(),
            max_connections=100,
            # A kept connection may be dead, and finding out would cost an unknown outcome.
            max_keepalive_connections=0,
            network_backend=backend,
        )


@cache
def _trusted() -> ssl.SSLContext:
    # Reading the authorities takes longer than many a request.
    return httpx.create_ssl_context(trust_env=False)
