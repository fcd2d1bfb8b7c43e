"""The one way of every mutation: act in one transaction, answer with what all see after it."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar
from uuid import UUID

import strawberry
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.utils.str_converters import to_camel_case

from hub.kernel.caller import Caller
from hub.kernel.errors import Conflict, ErrorCode, HubError, Invalid, NotFound
from hub.kernel.idempotency import (
    InProgress,
    KeyedRequest,
    KeyReused,
    earlier_outcome,
    keep_outcome,
)
from hub.kernel.work import UnitOfWork
from schema.base.enums import describe
from schema.base.facts import RequestFacts
from schema.base.node import row_id
from schema.base.reading import Info, read_many, read_one


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """Errors of a bulk mutation that changed the rest, by the place of each in its input."""

    errors: Mapping[int, HubError]


#: What an operation hands to the answer: ids of rows by the payload's fields, and refusals.
Made = Mapping[str, UUID | Sequence[UUID] | Refusals]
Act = Callable[[UnitOfWork], Awaitable[Made]]

#: In the metadata of a payload's field: the type of the object it shows.
ANSWERS = "answers"
_REFUSES = "refuses"
_MANY = 100
_RETRY_SECONDS = 1

#: Codes that say nothing about the request itself: the same key may be sent again.
_FLEETING = frozenset(
    {
        ErrorCode.IN_PROGRESS,
        ErrorCode.IDEMPOTENCY_KEY_REUSED,
        ErrorCode.UNAVAILABLE,
    }
)

describe(
    ErrorCode,
    description="What went wrong, in one word to branch on. Codes never change their meaning.",
    values={
        "INVALID": "An input does not have the form or value it must have.",
        "NOT_FOUND": "Nothing of that id is to be seen from this workspace.",
        "FORBIDDEN": "The token may not do this.",
        "UNAUTHENTICATED": "No valid token came with the request.",
        "CONFLICT": "It has changed since it was read; `currentVersion` says to what.",
        "TAKEN": "A name or reference that must be unique is in use.",
        "WRONG_STATE": "It is in a state that does not allow this.",
        "TOO_LATE": "It is on its way already and cannot be called back.",
        "TOO_LONG": "The text is longer than the platform takes.",
        "IN_PAST": "The time is over.",
        "NOT_APPROVED": "Nobody has approved these words for this channel.",
        "FOUR_EYES": "Somebody else must approve what you wrote or submitted.",
        "NOBODY_LEFT": "Nobody is left who may approve it.",
        "REMARKS_OPEN": "A blocking remark is not resolved yet.",
        "TOO_BROAD": "The rule would hide or delete nearly everything; say so if it shall.",
        "UNSUPPORTED": "The platform of this channel cannot do this.",
        "IDEMPOTENCY_KEY_REUSED": "The Idempotency-Key stands for another request.",
        "IN_PROGRESS": "The first request with this Idempotency-Key has not ended yet.",
        "RATE_LIMITED": "Too many calls; wait a little.",
        "UNAVAILABLE": "Something the hub stands on does not answer; try again.",
        "TOO_MANY_TRIES": "Too many wrong passwords; the message says how long to wait.",
    },
)


class WriteContext(Protocol):
    """What performing needs of a request's context."""

    facts: RequestFacts | None
    status: int | None
    response_headers: dict[str, str]

    @property
    def caller(self) -> Caller:
        """Who asks; raises Unauthenticated when nobody in particular does."""

    def unit_of_work(
        self, request: KeyedRequest | None = None
    ) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction for the caller, under the request's key where it has one."""


@strawberry.type(description="Why nothing was done, and what to do about it.")
class UserError:
    code: ErrorCode = strawberry.field(description="What went wrong, for programs.")
    message: str = strawberry.field(description="What went wrong and what to do, for people.")
    path: list[str] = strawberry.field(
        description='The input at fault, outermost first, as ["input", "title"]; may be empty.'
    )
    current_version: int | None = strawberry.field(
        default=None, description="With CONFLICT: the version it is at now."
    )


@strawberry.input
class Given:
    """Base of every mutation's input: what may be left out is None when it was.

    Such a field defaults to `strawberry.UNSET`, so that the contract shows no default for it.
    """

    def __post_init__(self) -> None:
        """Take what was left out for None."""
        given = vars(self)
        for name, value in given.items():
            if value is strawberry.UNSET:
                given[name] = None


@strawberry.type
class Payload:
    """Base of every mutation's answer; its other fields are made with `result` and may be null."""

    errors: list[UserError] = strawberry.field(
        default_factory=list,
        description="Why nothing was done; empty when it was. Then nothing at all has changed.",
    )


@strawberry.type(description="One of several that was left as it is, and why.")
class RowError:
    index: int = strawberry.field(description="Its place in the input, from 0.")
    code: ErrorCode = strawberry.field(description="What went wrong, for programs.")
    message: str = strawberry.field(description="What went wrong and what to do, for people.")
    path: list[str] = strawberry.field(description="The input at fault, outermost first.")


Answer = TypeVar("Answer", bound=Payload)


def refusals(description: str) -> Any:
    """Make a payload's field for the rows that a bulk mutation has refused."""
    return strawberry.field(default=None, description=description, metadata={_REFUSES: True})


def result(kind: str, description: str) -> Any:
    """Make a payload's field for an object (or a list of objects) of a type."""
    return strawberry.field(default=None, description=description, metadata={ANSWERS: kind})


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What a request ended in: ids by field, or errors. Both are plain JSON."""

    made: Mapping[str, Any] | None = None
    errors: tuple[Mapping[str, Any], ...] = ()
    replayed: bool = False

    def to_json(self) -> dict[str, Any]:
        return {"made": self.made, "errors": list(self.errors)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "_Outcome":
        return cls(made=stored["made"], errors=tuple(stored["errors"]), replayed=True)


async def perform(info: Info, payload: type[Answer], act: Act) -> Answer:
    """Run the act as the caller; answer with its errors, or with what it made as it is read now.

    `act` returns ids by the payload's field names. With an Idempotency-Key the outcome is kept in
    the act's own transaction, and a repeat only reads it again.
    """
    context: WriteContext = info.context
    # Nobody in particular: a fault of the request as a whole, as it is for queries.
    _ = context.caller
    outcome = await _outcome(context, act)
    _tell_transport(context, outcome)
    if outcome.errors:
        return payload(errors=[_user_error(stored) for stored in outcome.errors])
    return await _answer(info, payload, outcome.made or {})


def refused(payload: type[Answer], error: HubError) -> Answer:
    """Answer with an error that came before the act."""
    return payload(errors=[_user_error(_stored(error))])


def wanted(global_id: str, kind: str, *path: str) -> UUID:
    """Return the row's id of an input; a malformed or foreign one does not exist."""
    where = ("input", *path)
    try:
        return row_id(global_id, kind, path=where)
    except NotFound:
        # In the very words of the operations, which do the same for ids of no row of ours.
        raise NotFound("There is nothing with this id.", path=where) from None


def changes(given: Any, *names: str, empty: Sequence[str] = ()) -> dict[str, Any]:
    """Return the fields of an update's input that were given; absent ones stay as they are.

    An explicit null is refused but for the names in `empty`, which it empties.
    """
    found: dict[str, Any] = {}
    for name in (*names, *empty):
        some = getattr(given, name)
        if some is None:
            continue
        if some.value is None and name not in empty:
            raise Invalid(
                "This cannot be null. Leave it out to keep it as it is.",
                path=("input", to_camel_case(name)),
            )
        found[name] = some.value
    return found


async def _outcome(context: WriteContext, act: Act) -> _Outcome:
    async def done(work: UnitOfWork) -> _Outcome:
        return _Outcome(made=_plain(await act(work)))

    request = _keyed(context)
    try:
        return await _once(context, request, done)
    except HubError as error:
        outcome = _Outcome(errors=(_stored(error),))
        if request is None or error.code in _FLEETING:
            return outcome

    async def kept(_work: UnitOfWork) -> _Outcome:
        return outcome

    # The transaction that failed took its record with it. Whoever used the key in between has won.
    try:
        return await _once(context, request, kept)
    except (InProgress, KeyReused) as error:
        return _Outcome(errors=(_stored(error),))


async def _once(
    context: WriteContext,
    request: KeyedRequest | None,
    decide: Callable[[UnitOfWork], Awaitable[_Outcome]],
) -> _Outcome:
    async with context.unit_of_work(request) as work:
        if request is None:
            outcome = await decide(work)
        elif (earlier := await earlier_outcome(work, request)) is not None:
            outcome = _Outcome.from_json(earlier)
        else:
            outcome = await decide(work)
            await keep_outcome(work, request, outcome.to_json())
    return outcome


def _keyed(context: WriteContext) -> KeyedRequest | None:
    facts = context.facts
    if facts is None or facts.idempotency_key is None:
        return None
    # What a narrower token of the same member may not do, it cannot repeat either.
    scope = ",".join(sorted(context.caller.permissions))
    whole = hashlib.sha256(f"{facts.request_hash}|{scope}".encode()).hexdigest()
    return KeyedRequest(key=facts.idempotency_key, request_hash=whole)


def _tell_transport(context: WriteContext, outcome: _Outcome) -> None:
    codes = {stored["code"] for stored in outcome.errors}
    if outcome.replayed:
        context.response_headers["idempotency-replayed"] = "true"
    if ErrorCode.IN_PROGRESS in codes:
        context.status = 409
        context.response_headers["retry-after"] = str(_RETRY_SECONDS)
    if ErrorCode.IDEMPOTENCY_KEY_REUSED in codes:
        context.status = 422


def _plain(made: Made) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in made.items()}


def _plain_value(value: UUID | Sequence[UUID] | Refusals) -> Any:
    match value:
        case UUID():
            return str(value)
        case Refusals(errors=errors):
            return [{"index": index, **_stored(error)} for index, error in errors.items()]
        case _:
            return [str(one) for one in value]


def _stored(error: HubError) -> dict[str, Any]:
    return {
        "code": error.code.value,
        "message": error.message,
        "path": list(error.path),
        "current_version": error.current_version if isinstance(error, Conflict) else None,
    }


def _user_error(stored: Mapping[str, Any]) -> UserError:
    return UserError(**{**stored, "code": ErrorCode(stored["code"])})


def _row_error(stored: Mapping[str, Any]) -> RowError:
    return RowError(
        index=stored["index"],
        code=ErrorCode(stored["code"]),
        message=stored["message"],
        path=stored["path"],
    )


async def _answer(info: Info, payload: type[Answer], made: Mapping[str, Any]) -> Answer:
    definition: StrawberryObjectDefinition = payload.__strawberry_definition__  # type: ignore[attr-defined]  # set by strawberry
    values: dict[str, Any] = {}
    for known in definition.fields:
        given = made.get(known.python_name)
        if given is not None and _REFUSES in known.metadata:
            values[known.python_name] = [_row_error(stored) for stored in given]
        elif given is not None:
            values[known.python_name] = await _read(
                info, known.metadata[ANSWERS], given, under=(to_camel_case(known.python_name),)
            )
    return payload(**values)


async def _read(
    info: Info, kind: str, given: str | Sequence[str], *, under: tuple[str, ...]
) -> Any:
    try:
        if isinstance(given, str):
            return await read_one(info, kind, UUID(given), under=under)
        found = await read_many(info, kind, [UUID(one) for one in given][:_MANY], under=under)
    except Exception as error:  # noqa: BLE001 - it is done: what cannot be shown must not hide that
        # An error for a value is raised by the executor where the field stands, and masked there.
        return error
    return [one for one in found if one is not None]
