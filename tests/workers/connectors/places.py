"""What the tests of connectors share: real servers on loopback, and a publication to send."""

import hashlib
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, BinaryIO
from uuid import uuid4

import httpx

from hub.channels.platforms import PLATFORMS
from hub.channels.platforms.base import Draft, DraftPart, MediaFacts
from tests.pictures import a_drawing
from tests.videos import an_mp4
from workers.connectors.port import Account, Connector, Ref, Sending, Step, StepKind, StepPending

PICTURE = a_drawing((3, 2))
PICTURE_HASH = hashlib.sha256(PICTURE).hexdigest()
VIDEO = an_mp4()
VIDEO_HASH = hashlib.sha256(VIDEO).hexdigest()
SECRET = "whsec_" + "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0"


class Shelf:
    """The picture and the video that were approved."""

    async def read(self, sha256: str) -> bytes:
        assert sha256 == PICTURE_HASH
        return PICTURE

    @asynccontextmanager
    async def file(self, sha256: str) -> AsyncIterator[BinaryIO]:
        assert sha256 == VIDEO_HASH
        yield io.BytesIO(VIDEO)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One account at one platform, and the back door to the server behind it."""

    name: str
    connector: Connector
    account: Account
    base: str = ""
    control: str = ""
    inbox: str = ""
    commit_path: str = ""
    upload_path: str = ""

    async def fault(
        self, effect: str, *, method: str = "POST", path: str = "", **more: Any
    ) -> None:
        """Let the next matching request fail."""
        body = {"method": method, "path": path or self.commit_path, "effect": effect, **more}
        (await self.ask("POST", "faults", json=body)).raise_for_status()

    async def adjust(self, **settings: Any) -> None:
        """Change how the server behaves."""
        (await self.ask("POST", "settings", json=settings)).raise_for_status()

    async def stored(self) -> list[dict[str, Any]]:
        """Return what is really there."""
        if self.inbox:
            return list((await self.ask("GET", f"inboxes/{self.inbox}")).json()["messages"])
        user = self.account.secrets["username"]
        ledger = (await self.ask("GET", f"ledger?account={user}")).json()
        return [one for one in ledger["statuses"] if not one["deleted"]]

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Use a control route."""
        async with httpx.AsyncClient(trust_env=False, verify=False) as client:
            return await client.request(method, f"{self.base}{self.control}{path}", **more)


@dataclass
class Story:
    """What happened on the way of one publication."""

    sending: Sending
    steps: list[str] = field(default_factory=list)
    refs: list[Ref] = field(default_factory=list)


def a_picture(alt: str = "A lighthouse at dusk") -> MediaFacts:
    return MediaFacts(
        asset_id="asset-1",
        sha256=PICTURE_HASH,
        mime="image/png",
        size=len(PICTURE),
        width=3,
        height=2,
        alt=alt,
    )


def a_video(alt: str = "A boat leaves the harbour") -> MediaFacts:
    return MediaFacts(
        asset_id="asset-2",
        sha256=VIDEO_HASH,
        mime="video/mp4",
        size=len(VIDEO),
        width=640,
        height=360,
        alt=alt,
        duration_ms=2_500,
    )


def a_sending(
    place: Place,
    *texts: str,
    media: tuple[MediaFacts, ...] = (),
    in_reply_to: Ref | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Sending:
    """Return a publication as it is after its first claim."""
    first, *rest = texts or (f"Hello from the harbour {uuid4().hex}",)
    described = PLATFORMS[place.account.platform]
    usual = {
        name: value
        for name, value in place.account.settings.items()
        if name in described.settings.model_fields
    }
    draft = Draft(
        title="Harbour news",
        parts=(DraftPart(text=first, media=media), *(DraftPart(text=text) for text in rest)),
        settings=settings or {},
        in_reply_to=in_reply_to.remote_id if in_reply_to else None,
    )
    limits = place.account.limits or described.limits
    rendering = described.render(draft, limits, described.settings.model_validate(usual))
    return Sending(
        publication_id=uuid4(),
        account=place.account,
        edition=rendering.edition,
        idempotency_key=uuid4(),
        created_at=datetime.now(UTC),
        in_reply_to=in_reply_to,
        checkpoint={},
    )


async def publish(place: Place, sending: Sending, *, steps: int = 50) -> Story:
    """Walk the plan to its end, saving the checkpoint between steps as the engine does."""
    story = Story(sending)
    for _ in range(steps):
        step = place.connector.plan(story.sending)
        if step is None:
            return story
        story.steps.append(step.key)
        done = await place.connector.perform(story.sending, step, Shelf())
        story.sending = replace(story.sending, checkpoint=done.checkpoint)
        if not isinstance(done, StepPending) and done.ref:
            story.refs.append(done.ref)
    return story


async def ready(place: Place, sending: Sending) -> Sending:
    """Take every step that comes before the first commit."""
    while (step := place.connector.plan(sending)) and step.kind is not StepKind.COMMIT:
        done = await place.connector.perform(sending, step, Shelf())
        sending = replace(sending, checkpoint=done.checkpoint)
    return sending


def commit_step(place: Place, sending: Sending) -> Step:
    """Return the next step, which must be a commit."""
    step = place.connector.plan(sending)
    assert step is not None
    assert step.kind is StepKind.COMMIT
    return step
