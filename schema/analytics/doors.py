"""Figures over plain HTTP: charts, files and reports by signed addresses, and short links."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from hub.analytics import exports, reports
from hub.analytics.clicks import is_code
from hub.analytics.report_pages import POLICY
from hub.content.storage import BytesMissing, Storage
from hub.kernel.caller import Caller
from hub.kernel.errors import ErrorCode, HubError
from hub.kernel.reading import Reader
from hub.kernel.work import Hub
from schema.analytics.charts import ChartFormat, draw, read_token
from schema.analytics.clicking import Counter
from schema.base.masking import mask_exception
from schema.base.refusals import code_of
from schema.context import file_words

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{1,12}")
_NOSNIFF = {"x-content-type-options": "nosniff"}
_PRIVATE = {**_NOSNIFF, "cache-control": "private, no-store"}
_CHART_TYPES = {ChartFormat.SVG: "image/svg+xml", ChartFormat.PNG: "image/png"}
_REPORT_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
#: A chart may stand in any page; nothing in it runs.
_CHART_HEADERS = {
    **_NOSNIFF,
    "cache-control": "private, max-age=60",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
    "content-disposition": "inline",
}


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the routes work with."""

    hub: Hub
    reader: Reader
    storage: Storage
    clicks: Counter


def figure_routes(desk_of: Callable[[Request], Desk]) -> list[Route]:
    """Return the routes of charts, exports, reports and short links."""

    async def chart(request: Request) -> Response:
        return await _answered(_chart, request, desk_of(request))

    async def export(request: Request) -> Response:
        return await _answered(_export, request, desk_of(request))

    async def report(request: Request) -> Response:
        return await _answered(_report, request, desk_of(request))

    async def link(request: Request) -> Response:
        return await _answered(_link, request, desk_of(request))

    return [
        Route("/charts/{token}.{format}", chart, methods=["GET"], name="chart"),
        Route("/exports/{id}", export, methods=["GET"], name="export"),
        Route("/reports/{id}.{format}", report, methods=["GET"], name="report"),
        Route("/l/{code}", link, methods=["GET"], name="link"),
    ]


async def _answered(
    answer: Callable[[Request, Desk], Awaitable[Response]], request: Request, desk: Desk
) -> Response:
    try:
        return await answer(request, desk)
    except BytesMissing:
        return _nothing()
    except HubError as error:
        return _nothing() if error.code is ErrorCode.NOT_FOUND else _failed(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a code
        return _failed(error)


async def _chart(request: Request, desk: Desk) -> Response:
    token = request.path_params["token"]
    signature = request.query_params.get("signature", "")
    if not desk.hub.vault.link_is_genuine(f"chart:{token}", signature):
        return _nothing()
    chart = read_token(token)
    if chart is None or request.path_params["format"] != chart.format.lower():
        return _nothing()
    if (await desk.hub.now()).timestamp() > chart.until:
        return _nothing()
    return Response(
        await draw(desk.reader, chart),
        media_type=_CHART_TYPES[chart.format],
        headers=_CHART_HEADERS,
    )


async def _export(request: Request, desk: Desk) -> Response:
    caller = await _holder(request, desk)
    found = _id(request)
    if caller is None or found is None:
        return _nothing()
    async with desk.hub.unit_of_work(caller) as work:
        file = await exports.ready(work, export_id=found)
    reading = await desk.storage.read(file.storage_key)
    return StreamingResponse(
        reading.pieces,
        media_type=file.mime,
        headers={
            **_PRIVATE,
            "content-length": str(reading.size),
            "content-disposition": f'attachment; filename="{file.name}"',
        },
    )


async def _report(request: Request, desk: Desk) -> Response:
    caller = await _holder(request, desk)
    found, form = _id(request), request.path_params["format"]
    if caller is None or found is None or form not in _REPORT_TYPES:
        return _nothing()
    async with desk.hub.unit_of_work(caller) as work:
        await reports.require_ready(work, report_id=found)
    return Response(
        await desk.storage.get(reports.storage_key(found, form)),
        media_type=_REPORT_TYPES[form],
        headers={
            **_PRIVATE,
            "content-security-policy": POLICY,
            "content-disposition": f'inline; filename="report.{form}"',
        },
    )


async def _holder(request: Request, desk: Desk) -> Caller | None:
    """Return who may fetch a file by its address: whoever has a genuine one, in its time."""
    given = request.query_params
    workspace, until = given.get("workspace", ""), given.get("until", "")
    if not _UUID.fullmatch(workspace) or not _MOMENT.fullmatch(until):
        return None
    words = file_words(UUID(workspace), request.url.path.lstrip("/"), int(until))
    if not desk.hub.vault.link_is_genuine(words, given.get("signature", "")):
        return None
    if (await desk.hub.now()).timestamp() > int(until):
        return None
    return Caller.system(UUID(workspace))


def _id(request: Request) -> UUID | None:
    given = request.path_params["id"]
    return UUID(given) if _UUID.fullmatch(given) else None


async def _link(request: Request, desk: Desk) -> Response:
    code = request.path_params["code"]
    target = await desk.clicks.target(code) if is_code(code) else None
    if target is None:
        return _nothing()
    # Starlette answers HEAD where it answers GET: whoever only asks for the head has seen nothing.
    if request.method == "GET":
        desk.clicks.count(target, request.headers)
    return RedirectResponse(
        target.address,
        status_code=302,
        headers={"cache-control": "no-store", "referrer-policy": "no-referrer-when-downgrade"},
    )


def _nothing() -> Response:
    return _refusal(ErrorCode.NOT_FOUND, "There is nothing at this address.", status=404)


def _failed(error: Exception) -> Response:
    shown = mask_exception(error)
    status = 503 if code_of(shown) == ErrorCode.UNAVAILABLE else 500
    return _refusal(code_of(shown), shown.message, status=status)


def _refusal(code: str, message: str, *, status: int) -> Response:
    return Response(
        orjson.dumps({"code": code, "message": message}),
        status_code=status,
        media_type="application/json",
        headers=_PRIVATE,
    )
