"""Signing in and out: `/session` gives a browser a cookie, says who it is, and takes it away."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from hub.access.errors import TooManyTries
from hub.access.queries import Who, who_is
from hub.access.signing import Knock, sign_in, sign_out
from hub.kernel.caller import Caller
from hub.kernel.errors import ErrorCode, HubError, Invalid, Unauthenticated
from hub.kernel.settings import Settings
from schema.access.cookies import Cookies
from schema.base.masking import mask_exception
from schema.base.media import require_json
from schema.base.refusals import Refusal, bad_request, code_of
from schema.base.requests import read_json

_BODY_BYTES = 10_000
_STEADY_HEADERS = {
    "cache-control": "no-store",
    "vary": "cookie",
    "x-content-type-options": "nosniff",
}
_STATUS: Mapping[str, int] = {
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.TOO_MANY_TRIES: 429,
    ErrorCode.UNAVAILABLE: 503,
    "INTERNAL": 500,
}

Act = Callable[[Request, Cookies], Awaitable[Response]]


def session_routes(settings: Settings) -> list[Route]:
    """Return the one route, with an act for each method."""
    cookies = Cookies(settings)
    acts: Mapping[str, Act] = {"POST": _begin, "GET": _show, "HEAD": _show, "DELETE": _end}

    async def serve(request: Request) -> Response:
        try:
            async with asyncio.timeout(settings.request_seconds):
                return await acts[request.method](request, cookies)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a code
            return _refusal(error)

    return [Route("/session", serve, methods=["GET", "POST", "DELETE"])]


async def _begin(request: Request, cookies: Cookies) -> Response:
    # A page that may not read the answer must not sign anybody in either.
    cookies.require_page(request.headers)
    require_json(request.headers.getlist("content-type"), request.headers.get("content-encoding"))
    given = await _body(request)
    state = request.app.state
    done = await sign_in(
        state.hub,
        Knock(
            workspace=_text(given, "workspace", needed=False) or None,
            email=_text(given, "email").strip(),
            password=_text(given, "password"),
            address=address_of(request, proxies=state.hub.settings.proxies),
            agent=_printable(request.headers.get("user-agent", "")),
            device=request.cookies.get(cookies.device, ""),
            session=request.cookies.get(cookies.session, ""),
        ),
    )
    if cookies.session in request.cookies:
        state.authenticator.forget_session(request.cookies[cookies.session])
    response = _answer(await _shown(request, done.caller, done.secret), status=201)
    cookies.keep(
        response,
        session=done.secret,
        device=done.device,
        seconds=state.hub.settings.session_seconds,
    )
    return response


async def _show(request: Request, cookies: Cookies) -> Response:
    caller, secret = await _signed_in(request, cookies)
    return _answer(await _shown(request, caller, secret))


async def _end(request: Request, cookies: Cookies) -> Response:
    caller, secret = await _signed_in(request, cookies)
    await sign_out(request.app.state.hub, caller)
    request.app.state.authenticator.forget_session(secret)
    response = Response(status_code=204, headers=_STEADY_HEADERS)
    cookies.drop(response)
    return response


async def _signed_in(request: Request, cookies: Cookies) -> tuple[Caller, str]:
    state = request.app.state
    secret = cookies.session_of(request, state.hub.vault)
    if secret is None:
        raise Unauthenticated("Nobody is signed in here.")
    return await state.authenticator.of_session(secret), secret


async def _shown(request: Request, caller: Caller, secret: str) -> dict[str, Any]:
    state = request.app.state
    who: Who | None = await who_is(state.reader, caller)
    if who is None:
        raise Unauthenticated("You are not signed in any more.")
    return {
        "viewer": {
            "name": who.name,
            "email": who.email,
            "role": who.role,
            "permissions": sorted(caller.permissions),
            "workspace": {"slug": who.workspace_slug, "name": who.workspace_name},
        },
        "expiresAt": who.expires_at.isoformat(),
        "idleUntil": who.idle_until.isoformat(),
        "csrfToken": state.hub.vault.page_token(secret),
    }


def address_of(request: Request, *, proxies: int) -> str:
    """Return where a request came from, seen through as many proxies as stand in front.

    What stands further to the left in the header is the client's own invention. Of an IPv6
    address only the network counts: a home has 2⁶⁴ of them.
    """
    peer = request.client.host if request.client else ""
    given = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    hops = [hop.strip() for hop in given if hop.strip()]
    address = hops[-proxies] if 0 < proxies <= len(hops) else peer
    try:
        known = ip_address(address)
    except ValueError:
        return address[:100]
    if known.version == 4:
        return str(known)
    return str(known.ipv4_mapped or ip_network((int(known), 64), strict=False).network_address)


async def _body(request: Request) -> dict[str, Any]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_BYTES:
            raise bad_request("BODY_TOO_LARGE", "This is too long.", status=413, connection="close")
    try:
        given = read_json(body.decode())
    except UnicodeDecodeError:
        raise Invalid("The body is not valid UTF-8.") from None
    if not isinstance(given, dict):
        raise Invalid("Send a JSON object with workspace, email and password.")
    return given


def _text(given: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    value = given.get(name)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or not value:
        raise Invalid(f"`{name}` is text and not empty.", path=(name,))
    return value


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())


def _answer(content: Any, *, status: int = 200, headers: Mapping[str, str] = {}) -> Response:
    return Response(
        orjson.dumps(content),
        status_code=status,
        media_type="application/json",
        headers={**_STEADY_HEADERS, **headers},
    )


def _refusal(error: Exception) -> Response:
    if isinstance(error, Refusal):
        content = {"code": code_of(error.errors[0]), "message": error.errors[0].message}
        return _answer(content, status=error.status, headers=error.headers)
    shown = mask_exception(error)
    code = code_of(shown)
    content = {"code": code, "message": shown.message}
    if isinstance(error, HubError) and error.path:
        content["path"] = ".".join(error.path)
    waiting = {"retry-after": str(error.seconds)} if isinstance(error, TooManyTries) else {}
    return _answer(content, status=_STATUS.get(code, 400), headers=waiting)
