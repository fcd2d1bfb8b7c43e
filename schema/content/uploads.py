"""Assets over plain HTTP: files come in once by a signed address, and go out by another.

A signature is the right to do exactly this; no token is asked for. Nothing here decodes anything:
what came is kept as it is until a worker has looked at it.
"""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO
from uuid import UUID

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from hub.content import assets, videos
from hub.content.storage import BytesMissing, Storage, picture_key
from hub.kernel.caller import Caller
from hub.kernel.errors import ErrorCode, HubError
from hub.kernel.work import Hub
from schema.base.masking import mask_exception
from schema.base.refusals import DoorCode, code_of

#: The slowest upload that is waited for; beside it, a request has its usual time.
SLOWEST_BYTES_PER_SECOND = 64_000
_IN_MEMORY = 1_000_000
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
#: The first bytes of a file, which say what it is.
_HEAD = 32
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: The three types the hub writes itself; beside videos nothing else is ever served.
_WRITTEN: Mapping[bytes, str] = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"RIFF": "image/webp",
}
_STATUS: Mapping[str, int] = {
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.WRONG_STATE: 409,
    ErrorCode.UNAVAILABLE: 503,
    DoorCode.INTERNAL: 500,
}
_STEADY_HEADERS = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
_PICTURE_HEADERS = {
    "x-content-type-options": "nosniff",
    # The address holds the hash: what is behind it can never change.
    "cache-control": "public, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
    "content-disposition": "inline",
}


@dataclass(frozen=True, kw_only=True)
class Stores:
    """What the routes work with."""

    hub: Hub
    storage: Storage


class _Refused(Exception):
    """An upload the door does not take, as it is answered."""

    def __init__(self, code: str, message: str, *, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def picture_routes(
    stores: Callable[[Request], Stores], *, slowest: float = SLOWEST_BYTES_PER_SECOND
) -> list[Route]:
    """Return the routes for uploads and pictures; `slowest` is in bytes per second."""

    async def put(request: Request) -> Response:
        return await _answered(_upload(request, stores(request), slowest=slowest))

    async def get(request: Request) -> Response:
        return await _answered(_picture(request, stores(request)))

    return [
        Route("/uploads/{id}", put, methods=["PUT"], name="upload"),
        Route("/assets/{workspace}/{sha256}", get, methods=["GET"], name="asset"),
    ]


async def _answered(answer: Awaitable[Response]) -> Response:
    try:
        return await answer
    except _Refused as refused:
        return _refusal(refused.code, refused.message, status=refused.status)
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a code
        shown = mask_exception(error)
        return _refusal(code_of(shown), shown.message, status=_STATUS.get(code_of(shown), 400))


async def _upload(request: Request, stores: Stores, *, slowest: float) -> Response:
    hub = stores.hub
    workspace_id, upload_id = _address(request, hub)
    caller = Caller.system(workspace_id)
    async with hub.unit_of_work(caller) as work:
        upload = await assets.expected_upload(work, upload_id=upload_id)
    _require_type(request, upload.mime)
    seconds = hub.settings.request_seconds + upload.size / slowest
    # A name of its own for every try: of two at once, the later cannot overwrite the earlier.
    key = f"{upload.storage_key}-{secrets.token_hex(8)}"
    async with _body(request, size=upload.size, seconds=seconds) as body:
        await stores.storage.put_file(key, body)
    try:
        async with hub.unit_of_work(caller) as work:
            await assets.receive_upload(work, upload_id=upload_id, storage_key=key)
    except HubError:
        # Only a refusal is certain: when the database fell silent, the row may name these bytes.
        await stores.storage.delete(key)
        raise
    return Response(status_code=204, headers=_STEADY_HEADERS)


def _address(request: Request, hub: Hub) -> tuple[UUID, UUID]:
    upload, workspace = request.path_params["id"], request.query_params.get("workspace", "")
    if not _UUID.fullmatch(upload) or not _UUID.fullmatch(workspace):
        raise assets.invalid_address()
    workspace_id, upload_id = UUID(workspace), UUID(upload)
    assets.require_genuine(
        hub.vault,
        workspace_id=workspace_id,
        upload_id=upload_id,
        signature=request.query_params.get("signature", ""),
    )
    return workspace_id, upload_id


def _require_type(request: Request, mime: str) -> None:
    given = request.headers.getlist("content-type")
    name = given[0].partition(";")[0].strip().lower() if len(given) == 1 else ""
    if name == mime and request.headers.get("content-encoding", "identity") == "identity":
        return
    raise _Refused(
        DoorCode.UNSUPPORTED_MEDIA_TYPE,
        f"Send it as it was announced: Content-Type {mime}, not compressed.",
        status=415,
    )


@asynccontextmanager
async def _body(request: Request, *, size: int, seconds: float) -> AsyncIterator[IO[bytes]]:
    """Give exactly the announced number of bytes; more are not even waited for."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and (len(length) > 15 or int(length) > size):
        raise _too_large(size)
    # On disk while it trickles in: many slow uploads must not fill the memory.
    with SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:
        try:
            async with asyncio.timeout(seconds):
                came = await _spooled(request, spool, most=size)
        except TimeoutError:
            raise _Refused(
                DoorCode.BODY_TOO_SLOW,
                f"The file did not arrive within {seconds:.0f} seconds.",
                status=408,
            ) from None
        if came != size:
            raise _Refused(
                ErrorCode.INVALID,
                f"{size:,} bytes were announced and {came:,} came. Send the whole file.",
                status=400,
            )
        spool.seek(0)
        yield spool


async def _spooled(request: Request, spool: IO[bytes], *, most: int) -> int:
    came = 0
    async for chunk in request.stream():
        came += len(chunk)
        if came > most:
            raise _too_large(most)
        spool.write(chunk)
    return came


def _too_large(size: int) -> _Refused:
    return _Refused(
        DoorCode.BODY_TOO_LARGE,
        f"{size:,} bytes were announced; more are not taken.",
        status=413,
    )


async def _picture(request: Request, stores: Stores) -> Response:
    workspace, sha256 = request.path_params["workspace"], request.path_params["sha256"]
    if not _UUID.fullmatch(workspace) or not _SHA256.fullmatch(sha256):
        return _nothing()
    key = picture_key(UUID(workspace), sha256)
    signature = request.query_params.get("signature", "")
    if not stores.hub.vault.link_is_genuine(f"asset:{key}", signature):
        return _nothing()
    headers = {**_PICTURE_HEADERS, "etag": f'"{sha256}"'}
    if f'"{sha256}"' in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    try:
        size = await stores.storage.size(key)
        head = b"".join([piece async for piece in stores.storage.pieces(key, end=min(size, _HEAD))])
        mime = next((mime for begin, mime in _WRITTEN.items() if head.startswith(begin)), None)
        if mime is not None:
            return Response(await stores.storage.get(key), media_type=mime, headers=headers)
    except BytesMissing:
        return _nothing()
    mime = videos.sniff(head)
    return _nothing() if mime is None else _video(request, stores, key, size, mime, headers)


def _video(
    request: Request, stores: Stores, key: str, size: int, mime: str, headers: Mapping[str, str]
) -> Response:
    """Send a video piece by piece, or the part of it a player asks for (RFC 9110, 14.2)."""
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    start, end = _span(asked, size) if asked else (0, size)
    if start >= end:
        return Response(
            status_code=416, headers={**_STEADY_HEADERS, "content-range": f"bytes */{size}"}
        )
    part = {"content-range": f"bytes {start}-{end - 1}/{size}"} if asked else {}
    return StreamingResponse(
        stores.storage.pieces(key, start=start, end=end),
        status_code=206 if asked else 200,
        media_type=mime,
        headers={
            **headers,
            **part,
            "accept-ranges": "bytes",
            "content-length": str(end - start),
        },
    )


def _span(asked: re.Match[str], size: int) -> tuple[int, int]:
    first, last = asked[1], asked[2]
    if not first:
        return max(0, size - int(last or 0)), size
    return int(first), min(size, int(last) + 1) if last else size


def _nothing() -> Response:
    return _refusal(ErrorCode.NOT_FOUND, "There is nothing at this address.", status=404)


def _refusal(code: str, message: str, *, status: int) -> Response:
    # Part of a refused body may still be on its way: such a connection cannot be used again.
    closing = {"connection": "close"} if status in {408, 413} else {}
    return Response(
        orjson.dumps({"code": code, "message": message}),
        status_code=status,
        media_type="application/json",
        headers={**_STEADY_HEADERS, **closing},
    )
