"""How to publish in a feed: the hub serves it, so nothing leaves the house."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from hub.channels.platforms.base import Capability, Guarantee
from hub.channels.platforms.feed import LIMITS, PLATFORM
from workers.connectors.errors import Unsupported
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


class Feed:
    """An item is in the feed as soon as its publication is settled."""

    platform: ClassVar[str] = PLATFORM.key

    async def check(self, account: Account) -> Identity:
        """Return the feed itself: there is nobody else to ask."""
        title = account.settings["title"]
        return Identity(
            remote_id=str(account.channel_id),
            handle=title,
            name=title,
            url=account.settings.get("site_url") or "",
            dialect="hub",
            guarantee=Guarantee.IDENTITY,
            capabilities=PLATFORM.capabilities,
            limits=LIMITS,
        )

    def plan(self, sending: Sending) -> Step | None:
        """Return the one commit, whatever the number of parts."""
        if sending.part_refs():
            return None
        return Step(kind=StepKind.COMMIT, key="commit:0")

    def wire_digest(self, sending: Sending, step: Step) -> str:  # noqa: ARG002  the shape of the port
        """Return the SHA-256 (hex) of the edition, which is what readers are served."""
        return hashlib.sha256(sending.edition.to_bytes()).hexdigest()

    async def perform(self, sending: Sending, step: Step, media: Media) -> StepDone:  # noqa: ARG002  the shape of the port
        """Give the item its lasting id; it is read where its text points to, or on our own page.

        An item that is amended keeps its id: readers take it for the same one.
        """
        own = f"{sending.account.page}/{sending.publication_id}" if sending.account.page else ""
        ref = Ref(
            remote_id=sending.amends[0].remote_id
            if sending.amends
            else f"urn:uuid:{sending.publication_id}",
            url=str(sending.edition.fields.get("link") or own),
            published_at=sending.created_at,
        )
        return StepDone(checkpoint={**sending.checkpoint, "parts": [ref.to_json()]}, ref=ref)

    async def find_existing(self, sending: Sending, step: Step, since: datetime) -> Lookup:  # noqa: ARG002  the shape of the port
        """Say that repeating is safe: the id is the publication's own."""
        return NotFound(strong=True)

    async def fetch_metrics(self, account: Account, refs: Sequence[Ref]) -> Sequence[Measured]:  # noqa: ARG002  the shape of the port
        """A feed counts nothing."""
        raise Unsupported("A feed has no counters.")

    async def fetch_messages(self, account: Account, refs: Sequence[Ref], cursor: str) -> Page:  # noqa: ARG002  the shape of the port
        """A feed answers nothing."""
        raise Unsupported("A feed brings no messages.")

    async def fetch_inbox(self, account: Account, cursor: str) -> Page:  # noqa: ARG002  the shape of the port
        """A feed is written to by nobody."""
        raise Unsupported("A feed brings no messages.")

    async def like(self, account: Account, message: Ref, *, liked: bool) -> None:  # noqa: ARG002  the shape of the port
        """A feed brings nothing that could be liked."""
        raise Unsupported("A feed brings no messages.")

    async def restrict(self, account: Account, person: str, *, how: Capability, on: bool) -> None:  # noqa: ARG002  the shape of the port
        """A feed knows nobody."""
        raise Unsupported("A feed knows nobody who could be muted or blocked.")

    async def delete(self, account: Account, ref: Ref) -> None:
        """Leave it to the hub, which stops serving what is withdrawn."""

    async def read_back(self, sending: Sending, part: int) -> Seen:
        """Say that it stands as it was sent: the hub itself serves it."""
        ref = sending.part_refs()[part]
        return Seen(found=True, text=sending.edition.parts[part].text, url=ref.url)

    async def hide(self, account: Account, message: Ref, *, root: Ref, hidden: bool) -> None:  # noqa: ARG002  the shape of the port
        """A feed brings no answers that could be hidden."""
        raise Unsupported("A feed brings no messages.")
