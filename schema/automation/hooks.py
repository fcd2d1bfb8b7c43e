"""Where automation tools call their triggers, signed, and follow what they began."""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable
from uuid import UUID

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from hub.automation import calling, following, rules
from hub.automation.acting import Answer
from hub.automation.errors import TooManyCalls
from hub.kernel.caller import Caller
from hub.kernel.errors import ErrorCode, HubError, Taken, Unauthenticated, Unavailable
from hub.kernel.ids import new_id
from hub.kernel.signatures import Signed
from hub.kernel.work import Hub
from schema.base.masking import mask_exception
from schema.base.refusals import DoorCode, code_of

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAMED = ("webhook-id", "webhook-timestamp", "webhook-signature")
_HEADERS = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
#: A call that met somebody else's transaction is done again so often.
_TRIES = 3
_RETRY_SECONDS = 1
#: One and the same for everything that is not a genuine call of a trigger that is switched on.
_NOT_GENUINE = Answer(
    status=401,
    body={
        "code": ErrorCode.UNAUTHENTICATED.value,
        "message": "This is no valid call: see webhook-id, webhook-timestamp, webhook-signature.",
        "path": [],
    },
)


def hook_routes(hub_of: Callable[[Request], Hub]) -> list[Route]:
    """Return the routes of all triggers, and of what their calls began."""

    async def post(request: Request) -> Response:
        return await _answered(_called(request, hub_of(request)))

    async def get(request: Request) -> Response:
        return await _answered(_operation(request, hub_of(request)))

    return [
        Route("/hooks/{key}", post, methods=["POST"], name="hook"),
        Route("/operations/{id}", get, methods=["GET"], name="operation"),
    ]


class _Refused(Exception):
    """A body the door does not take, whoever sent it."""

    def __init__(self, code: str, message: str, *, status: int) -> None:
        super().__init__(message)
        self.answer = Answer(status=status, body={"code": code, "message": message, "path": []})


async def _answered(call: Awaitable[Answer]) -> Response:
    try:
        return _written(await call)
    except Unauthenticated:
        return _written(_NOT_GENUINE)
    except TooManyCalls as error:
        seconds = max(1, math.ceil(error.wait.total_seconds()))
        return _written(calling.refused(error), **{"retry-after": str(seconds)})
    except _Refused as refused:
        # Part of the body may still be on its way: such a connection cannot be used again.
        return _written(refused.answer, connection="close")
    except ClientDisconnect:
        return Response(status_code=400)
    except Exception as error:  # noqa: BLE001 - whatever it is, the client gets a code
        return _failed(error)


def _failed(error: Exception) -> Response:
    if isinstance(error, HubError) and not isinstance(error, Unavailable):
        return _written(calling.refused(error))
    shown = mask_exception(error)
    status = 503 if code_of(shown) == ErrorCode.UNAVAILABLE else 500
    body = {"code": code_of(shown), "message": shown.message, "path": []}
    return _written(Answer(status=status, body=body), **{"retry-after": str(_RETRY_SECONDS)})


async def _called(request: Request, hub: Hub) -> Answer:
    message = await _message(request, seconds=hub.settings.request_seconds)
    for _ in range(_TRIES - 1):
        try:
            return await _once(request.path_params["key"], message, hub)
        except (Taken, Unavailable):
            # Somebody did the same in the same moment, and nothing was done here: look again.
            continue
    return await _once(request.path_params["key"], message, hub)


async def _once(key: str, message: Signed, hub: Hub) -> Answer:
    found = None
    if _KEY.fullmatch(key):
        async with hub.unscoped() as session:
            found = await calling.trigger_by_key(session, key=key)
    # An unknown key takes the same steps as a known one, in nobody's workspace.
    workspace_id, trigger_id = found or (new_id(), new_id())
    async with hub.unit_of_work(Caller.nobody(workspace_id)) as work:
        caller = await calling.authenticate(work, trigger_id=trigger_id, message=message)
    async with hub.unit_of_work(caller) as work:
        return await calling.answer(work, message=message)


async def _operation(request: Request, hub: Hub) -> Answer:
    call, workspace = request.path_params["id"], request.query_params.get("workspace", "")
    if not _UUID.fullmatch(call) or not _UUID.fullmatch(workspace):
        raise following.unknown()
    workspace_id, call_id = UUID(workspace), UUID(call)
    following.require_genuine(
        hub.vault,
        workspace_id=workspace_id,
        call_id=call_id,
        signature=request.query_params.get("signature", ""),
    )
    async with hub.unit_of_work(Caller.system(workspace_id)) as work:
        return Answer(status=200, body=await following.operation(work, call_id=call_id))


async def _message(request: Request, *, seconds: float) -> Signed:
    given = [request.headers.getlist(name) for name in _NAMED]
    # A header that is there twice is not there: nobody knows which one was meant.
    message_id, moment, signatures = (one[0] if len(one) == 1 else "" for one in given)
    try:
        async with asyncio.timeout(seconds):
            body = await _body(request)
    except TimeoutError:
        raise _Refused(
            DoorCode.BODY_TOO_SLOW,
            f"The body did not arrive within {seconds:g} seconds.",
            status=408,
        ) from None
    return Signed(id=message_id, moment=moment, signatures=signatures, body=body)


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > rules.BODY_BYTES:
            raise _Refused(
                DoorCode.BODY_TOO_LARGE,
                f"A call has {rules.BODY_BYTES:,} bytes at most.",
                status=413,
            )
    return bytes(body)


def _written(answer: Answer, **headers: str) -> Response:
    replayed = {"webhook-replayed": "true"} if answer.replayed else {}
    return Response(
        # Sorted: a repeat is answered with the very same bytes.
        orjson.dumps(answer.body, option=orjson.OPT_SORT_KEYS),
        status_code=answer.status,
        media_type="application/json",
        headers={**_HEADERS, **replayed, **headers},
    )
