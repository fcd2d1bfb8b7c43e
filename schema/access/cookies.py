"""The cookies of people who are signed in, and which pages may use them."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from hub.kernel.errors import Forbidden
from hub.kernel.secrets import Vault
from hub.kernel.settings import Settings

CSRF_HEADER = "x-csrf-token"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_DEVICE_SECONDS = 180 * 86_400


class Cookies:
    """Writes and reads the two cookies: the session, and the mark of a browser that is known.

    Over HTTPS their names begin with `__Host-`: no other host and no page without TLS can plant
    them. Only a hub that is itself reached over HTTP on this machine goes without.
    """

    def __init__(self, settings: Settings) -> None:
        own = urlsplit(settings.public_url)
        self._same_site: Literal["strict", "lax", "none"] = settings.session_same_site
        self._secure = (
            own.scheme != "http"
            or own.hostname not in {"127.0.0.1", "localhost", "::1"}
            or self._same_site == "none"
        )
        prefix = "__Host-" if self._secure else ""
        self.session = f"{prefix}hub_session"
        self.device = f"{prefix}hub_device"
        named = {origin.rstrip("/").lower() for origin in settings.cors_origins} - {"*", "null"}
        self.origins = frozenset({*named, *_own_origins(settings.public_url)})

    def session_of(self, connection: HTTPConnection, vault: Vault) -> str | None:
        """Return the secret of a request's session; Forbidden when another page sent it.

        A browser adds the cookie to whatever any page makes it send. So what may change something
        must carry the page token, which only a page that may read our answers knows.
        """
        secret = connection.cookies.get(self.session)
        if secret is None:
            return None
        self.require_page(connection.headers, socket=connection.scope["type"] == "websocket")
        method = str(connection.scope.get("method", "GET"))
        given = connection.headers.get(CSRF_HEADER, "")
        if method not in _SAFE and not vault.is_page_token(secret, given):
            raise Forbidden(
                "Send the csrfToken that /session answered as the header X-CSRF-Token, or a token "
                "as Authorization."
            )
        return secret

    def require_page(self, headers: Mapping[str, str], *, socket: bool = False) -> None:
        """Raise Forbidden for a request of a page that is neither ours nor on the list."""
        origin = headers.get("origin")
        foreign = origin is not None and origin.lower() not in self.origins
        if origin is None:
            foreign = socket or headers.get("sec-fetch-site") in {"cross-site", "same-site"}
        if foreign:
            raise Forbidden(
                "A page of this origin may not act for the people who are signed in; "
                "HUB_CORS_ORIGINS names those that may."
            )

    def keep(self, response: Response, *, session: str, device: str, seconds: int) -> None:
        """Put both cookies into the browser."""
        self._set(response, self.session, session, seconds)
        self._set(response, self.device, device, _DEVICE_SECONDS)

    def drop(self, response: Response) -> None:
        """Take the session out of the browser; it stays known."""
        self._set(response, self.session, "", 0)

    def _set(self, response: Response, name: str, value: str, seconds: int) -> None:
        response.set_cookie(
            name,
            value,
            max_age=seconds,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite=self._same_site,
        )


def _own_origins(public_url: str) -> set[str]:
    own = urlsplit(public_url.lower())
    # As browsers write it: the port of the scheme is left out.
    usual = {"http": 80, "https": 443}.get(own.scheme)
    port = "" if own.port in {None, usual} else f":{own.port}"
    here = own.hostname in {"127.0.0.1", "localhost", "::1"}
    # One machine has several names for itself.
    host = own.hostname or ""
    names = _LOOPBACK if here else (f"[{host}]" if ":" in host else host,)
    return {f"{own.scheme}://{name}{port}" for name in names}
