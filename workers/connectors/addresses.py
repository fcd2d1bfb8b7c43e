"""Which network addresses the hub may call, and the backend that connects to no other."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence

import httpcore

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

# Written out rather than asked of `ipaddress`, whose opinion changes between Python releases.
CLOSED_V4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade address translation
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local; cloud metadata lives here
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# Only global unicast is open. That leaves out loopback, link-local, unique local, multicast,
# IPv4-mapped and the NAT64 prefixes, which all lie outside of it.
OPEN_V6 = ipaddress.IPv6Network("2000::/3")
CLOSED_V6 = tuple(
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments; Teredo, benchmarking and ORCHID are in it
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address in disguise
        "3fff::/20",  # documentation
    )
)


class AddressRefused(Exception):
    """The name leads to an address the hub must not call."""


def is_public(address: str) -> bool:
    """Say whether an address is on the public internet."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv4Address):
        return not any(parsed in block for block in CLOSED_V4)
    # A zone ("%eth0") only makes sense on the local link.
    if parsed.scope_id is not None or parsed not in OPEN_V6:
        return False
    return not any(parsed in block for block in CLOSED_V6)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return every address of a host, in the order the system prefers."""
    loop = asyncio.get_running_loop()
    answers = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class GuardedBackend(httpcore.AnyIOBackend):
    """Resolves once, refuses unless *all* answers are public, connects to a checked address.

    Whoever controls a name may answer differently the next time it is asked, so the name is
    never asked again. Host header and TLS name stay those of the URL.
    """

    def __init__(self, *, allow: Iterable[str], resolver: Resolve = resolve) -> None:
        self._allow = frozenset(allow)
        self._resolve = resolver

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the shape httpcore calls
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers; AddressRefused when one is not public."""
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in await self.addresses(host, port):
            try:
                return _Stream(
                    await super().connect_tcp(address, port, timeout, local_address, socket_options)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError(f"{host} has no address.")

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a host; AddressRefused unless it is allowed or all are public."""
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"The name {host} cannot be resolved.") from error
        if f"{host}:{port}" in self._allow or all(is_public(address) for address in found):
            return found
        raise AddressRefused(f"{host} leads to an address that is not on the public internet.")


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that is closed even when its handshake is cancelled by a deadline."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self.read = stream.read  # type: ignore[method-assign]  # passed on as they are
        self.write = stream.write  # type: ignore[method-assign]  # likewise
        self.aclose = stream.aclose  # type: ignore[method-assign]  # likewise
        self.get_extra_info = stream.get_extra_info  # type: ignore[method-assign]  # likewise

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  the shape httpcore calls
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands; the connection does not outlive a failure."""
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            await self._stream.aclose()
            raise
