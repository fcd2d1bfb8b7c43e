"""How to deliver a publication to a webhook, signed as Standard Webhooks says."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from hub.channels.platforms.base import Capability, Guarantee
from hub.channels.platforms.webhook import LIMITS, PLATFORM
from hub.kernel.signatures import secret_bytes, signed
from workers.connectors.errors import (
    Gone,
    NeedsAuth,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Rejected,
    Transient,
    Unsupported,
)
from workers.connectors.http import Answer, Http
from workers.connectors.port import (
    Account,
    Identity,
    Lookup,
    Measured,
    Media,
    NotFound,
    Page,
    Ref,
    Seen,
    Sending,
    Step,
    StepDone,
    StepKind,
)

EVENT = "publication.published"


def utc_now() -> datetime:
    """Return the real time: signatures are checked against clocks that cannot be moved."""
    return datetime.now(UTC)


class Webhook:
    """One POST per publication; the receiver drops repeats by its `webhook-id`."""

    platform: ClassVar[str] = PLATFORM.key

    def __init__(self, http: Http, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._http = http
        self._clock = clock

    async def check(self, account: Account) -> Identity:
        """Check that the address may be called and the secrets are usable; nothing is sent."""
        url = account.settings["url"]
        await self._http.admit(url)
        _keys(account)
        host = urlsplit(url).hostname or ""
        return Identity(
            # The path of a webhook is often a secret of its own, so it is not shown.
            remote_id=hashlib.sha256(url.encode()).hexdigest()[:32],
            handle=host,
            name=host,
            url="",
            dialect="standard",
            guarantee=Guarantee.IDENTITY,
            capabilities=PLATFORM.capabilities,
            limits=LIMITS,
        )

    def plan(self, sending: Sending) -> Step | None:
        """Return the one delivery, whatever the number of parts."""
        if sending.part_refs():
            return None
        return Step(kind=StepKind.COMMIT, key="commit:0")

    def wire_digest(self, sending: Sending, step: Step) -> str:  # noqa: ARG002  the shape of the port
        """Return the SHA-256 (hex) of the body; time and signature belong to the attempt."""
        return hashlib.sha256(body_of(sending)).hexdigest()

    async def perform(self, sending: Sending, step: Step, media: Media) -> StepDone:  # noqa: ARG002  the shape of the port
        """Deliver the publication once."""
        account, body = sending.account, body_of(sending)
        answer = await self._http.send(
            "POST",
            account.settings["url"],
            headers={
                "Content-Type": "application/json",
                **signed(
                    _keys(account),
                    message_id=message_id(sending.idempotency_key),
                    at=self._clock(),
                    body=body,
                ),
            },
            content=body,
            secrets=[str(secret) for secret in account.secrets.values() if secret],
        )
        if not answer.ok:
            raise _failure(answer)
        ref = _ref(sending, answer)
        return StepDone(checkpoint={**sending.checkpoint, "parts": [ref.to_json()]}, ref=ref)

    async def find_existing(self, sending: Sending, step: Step, since: datetime) -> Lookup:  # noqa: ARG002  the shape of the port
        """Say that repeating is safe: the same id is sent, and receivers drop what they had."""
        return NotFound(strong=True)

    async def fetch_metrics(self, account: Account, refs: Sequence[Ref]) -> Sequence[Measured]:  # noqa: ARG002  the shape of the port
        """A webhook counts nothing."""
        raise Unsupported("A webhook has no counters.")

    async def fetch_messages(self, account: Account, refs: Sequence[Ref], cursor: str) -> Page:  # noqa: ARG002  the shape of the port
        """A webhook answers nothing."""
        raise Unsupported("A webhook brings no messages.")

    async def fetch_inbox(self, account: Account, cursor: str) -> Page:  # noqa: ARG002  the shape of the port
        """A webhook is written to by nobody."""
        raise Unsupported("A webhook brings no messages.")

    async def like(self, account: Account, message: Ref, *, liked: bool) -> None:  # noqa: ARG002  the shape of the port
        """A webhook brings nothing that could be liked."""
        raise Unsupported("A webhook brings no messages.")

    async def restrict(self, account: Account, person: str, *, how: Capability, on: bool) -> None:  # noqa: ARG002  the shape of the port
        """A webhook knows nobody."""
        raise Unsupported("A webhook knows nobody who could be muted or blocked.")

    async def delete(self, account: Account, ref: Ref) -> None:  # noqa: ARG002  the shape of the port
        """What a webhook delivered cannot be called back."""
        raise Unsupported("What a webhook delivered cannot be called back.")

    async def read_back(self, sending: Sending, part: int) -> Seen:  # noqa: ARG002  the shape of the port
        """A receiver cannot be asked what it made of a delivery."""
        raise Unsupported("A webhook cannot be asked what became of a delivery.")

    async def hide(self, account: Account, message: Ref, *, root: Ref, hidden: bool) -> None:  # noqa: ARG002  the shape of the port
        """A webhook brings no answers that could be hidden."""
        raise Unsupported("A webhook brings no messages.")


def body_of(sending: Sending) -> bytes:
    """Return the body: the same bytes for every attempt."""
    edition = sending.edition
    return orjson.dumps(
        {
            "type": EVENT,
            "timestamp": sending.created_at.astimezone(UTC).isoformat(),
            "data": {
                "publicationId": str(sending.publication_id),
                "editionHash": edition.digest(),
                "inReplyTo": sending.in_reply_to.remote_id if sending.in_reply_to else None,
                "edition": edition.to_json(),
            },
        },
        option=orjson.OPT_SORT_KEYS,
    )


def message_id(key: UUID) -> str:
    """Return the id of a delivery; it has no full stop, which separates what is signed."""
    return f"msg_{key.hex}"


def _keys(account: Account) -> list[bytes]:
    secrets = (account.secrets.get("secret"), account.secrets.get("previous_secret"))
    try:
        return [secret_bytes(secret) for secret in secrets if secret]
    except ValueError as error:
        raise NeedsAuth(str(error)) from error


def _ref(sending: Sending, answer: Answer) -> Ref:
    reported = _reported(answer)
    url = reported.get("url")
    return Ref(
        # Ours, not the receiver's: many answer every delivery with one and the same id.
        remote_id=message_id(sending.idempotency_key),
        url=url if isinstance(url, str) and url.startswith(("https://", "http://")) else "",
        extra={"reported_id": str(reported["id"])[:200]} if "id" in reported else {},
    )


def _reported(answer: Answer) -> Mapping[str, Any]:
    # A receiver may say where the text now lives; most say nothing, or "ok".
    try:
        return answer.json_object()
    except OutcomeUnknown:
        return {}


def _failure(answer: Answer) -> PlatformError:
    status, wait = answer.status, answer.wait()
    message = f"{answer.host} answered {status}: {answer.complaint() or 'no reason given'}"
    match status:
        case 401 | 403:
            return NeedsAuth(message, status=status)
        case 410:
            return Gone(message, status=status)
        case 429:
            return RateLimited(message, status=status, retry_after=wait)
        case _ if status >= 500 or status in {408, 409, 425}:
            return Transient(message, status=status, retry_after=wait)
        case _:
            return Rejected(message, status=status, code="REFUSED")
