"""What every resolver can reach: who asks, the reader, and the one way to write."""

from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from hub.content.shortening import base_of
from hub.kernel.caller import Caller
from hub.kernel.errors import Unauthenticated
from hub.kernel.opening import KeyedRequest
from hub.kernel.reading import Reader
from hub.kernel.work import Hub, UnitOfWork
from schema.base.facts import RequestFacts
from schema.freshness import Freshness, Workspace

#: The ends of the time of signed addresses of files are so many seconds apart.
FILE_STEP = 300


@dataclass(kw_only=True)
class Context:
    """One request. `known` is None for a request without a token: it may only introspect.

    `vouch` says whether the same header would still be taken for the same caller, unasked.
    """

    hub: Hub
    reader: Reader
    known: Caller | None
    freshness: Freshness | None = None
    vouch: Callable[[], bool] | None = None
    facts: RequestFacts | None = None
    response_headers: dict[str, str] = field(default_factory=dict)
    status: int | None = None
    position: int | None = None
    batches: dict[Hashable, Any] = field(default_factory=dict)

    @property
    def caller(self) -> Caller:
        """Return who asks; raise Unauthenticated when nobody in particular does."""
        if self.known is None:
            raise Unauthenticated(
                "Send a token, Authorization: Bearer hub_pat_… (`hub token issue` makes one), or "
                "sign in at /session."
            )
        return self.known

    @property
    def holder(self) -> Hashable:
        """Return whose open streams and points are counted together: a token's, or nobody's."""
        if self.known is None:
            return None
        return self.known.token_id or self.known.member_id or self.known.workspace_id

    @property
    def audience(self) -> Workspace | None:
        """Return the workspace for those who all see the same of it: only what is published."""
        if self.known is None or not self.known.sees_only_published:
            return None
        return self.standing()

    def standing(self) -> Workspace:
        """Return how far the caller's workspace has come."""
        freshness = self.freshness or Freshness(self.reader)
        return freshness.of(self.caller.workspace_id)

    def changed(self) -> None:
        """Have everybody look again, in this process: the request may have changed something."""
        if self.known is not None:
            self.standing().forget()

    @property
    def anonymous(self) -> bool:
        """Say whether nobody in particular asks."""
        return self.known is None

    @property
    def page_max(self) -> int:
        """Return the most items of one page."""
        return self.hub.settings.page_max

    @property
    def public_url(self) -> str:
        """Return how the outside reaches this API."""
        return self.hub.settings.public_url.rstrip("/")

    async def now(self) -> datetime:
        """Return the hub's clock."""
        return await self.hub.now()

    def asset_url(self, storage_key: str) -> str:
        """Return a signed address of a stored picture."""
        signature = self.hub.vault.sign_link(f"asset:{storage_key}")
        return f"{self.public_url}/assets/{quote(storage_key)}?signature={signature}"

    @property
    def short_base(self) -> str:
        """Return what short addresses begin with."""
        return base_of(self.hub.settings)

    def file_url(self, path: str, *, until: datetime) -> str:
        """Return a signed address of a file of the caller's workspace, good until then."""
        # In steps, so that who asks again soon gets the same address.
        end = rounded(until, seconds=FILE_STEP)
        signature = self.hub.vault.sign_link(file_words(self.caller.workspace_id, path, end))
        return (
            f"{self.public_url}/{path}?workspace={self.caller.workspace_id}&until={end}"
            f"&signature={signature}"
        )

    @asynccontextmanager
    async def unit_of_work(self, request: KeyedRequest | None = None) -> AsyncIterator[UnitOfWork]:
        """Open a transaction for the caller, under the request's key where it has one."""
        async with self.hub.unit_of_work(self.caller, request=request) as work:
            yield work


def rounded(at: datetime, *, seconds: int) -> int:
    """Return an instant as Unix time, at the next whole step of so many seconds."""
    return -(-int(at.timestamp()) // seconds) * seconds


def file_words(workspace_id: UUID, path: str, end: int) -> str:
    """Return the words that the signature of a file's address covers."""
    return f"file:{workspace_id}:{path}:{end}"
