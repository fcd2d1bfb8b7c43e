"""Changing what is out, and looking whether it still stands."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from hub.content.storage import BytesMissing, WorkspaceMedia
from hub.publishing import amending, standing
from hub.publishing.amending import AmendmentClaim
from hub.publishing.jobs import Amend, ReadBack
from hub.publishing.models import AmendmentKind, Standing
from hub.publishing.rules import after_amendment
from hub.publishing.sending import LeaseLost, NotNow
from hub.publishing.standing import LookingBack
from workers.accounts import account_of, tell_channel
from workers.connectors import errors
from workers.connectors.errors import PlatformError
from workers.connectors.port import Ref, Seen, Sending, StepKind, StepPending
from workers.handling import Again, Toolbox, handles
from workers.publishing import FAILURES

#: Steps that change what others see; whatever else a step does, nobody sees it yet.
_PUBLIC = frozenset({StepKind.COMMIT, StepKind.ENRICH})


@handles(Amend)
async def amend(job: Amend, tools: Toolbox) -> Again | None:
    """Carry out one amendment as far as it goes now."""
    async with tools.unit_of_work(job.workspace_id) as work:
        claim = await amending.claim(work, amendment_id=job.amendment_id)
    if claim is None:
        return None
    if isinstance(claim, NotNow):
        return Again(due_at=claim.due_at, progressed=False)
    await tools.passed("amendment:claimed")
    run = _Run(tools, claim)
    try:
        return await run.go()
    except LeaseLost:
        # Somebody has ended it meanwhile, or another worker has it.
        return None


class _NotYet(Exception):
    """The account must rest, or is being checked: nothing was called."""

    def __init__(self, due_at: datetime) -> None:
        super().__init__(due_at)
        self.due_at = due_at


class _Run:
    """One worker's way through one amendment."""

    def __init__(self, tools: Toolbox, claim: AmendmentClaim) -> None:
        self._tools = tools
        self._claim = claim
        self._workspace_id = claim.access.workspace_id
        self._connector = tools.connectors[claim.access.platform]
        self._checkpoint = claim.checkpoint

    async def go(self) -> Again | None:
        """Do what the amendment says; answer when to go on, if ever."""
        acts: Mapping[AmendmentKind, Callable[[], Awaitable[Again | None]]] = {
            AmendmentKind.EDIT: self._edit,
            AmendmentKind.WITHDRAW: self._withdraw,
            AmendmentKind.HIDE: self._hide,
            AmendmentKind.UNHIDE: self._hide,
        }
        try:
            return await acts[self._claim.kind]()
        except _NotYet as wait:
            return Again(due_at=wait.due_at)
        except PlatformError as error:
            return await self._failed(error)
        except BytesMissing as error:
            return await self._failed(errors.Rejected(str(error), code="MEDIA_MISSING"))

    @property
    def _sending(self) -> Sending:
        claim = self._claim
        if claim.edition is None:
            raise LookupError("an edit has an edition: the database says so")
        return Sending(
            publication_id=claim.publication_id,
            account=account_of(claim.access),
            edition=claim.edition,
            idempotency_key=claim.idempotency_key,
            created_at=claim.frozen_at,
            in_reply_to=Ref.from_json(claim.in_reply_to) if claim.in_reply_to else None,
            checkpoint=self._checkpoint,
            amends=self._refs(),
        )

    def _refs(self) -> tuple[Ref, ...]:
        return tuple(Ref.from_json(ref) for ref in self._claim.refs)

    async def _edit(self) -> Again | None:
        media = WorkspaceMedia(self._tools.storage, self._workspace_id)
        while (step := self._connector.plan(self._sending)) is not None:
            if step.kind in _PUBLIC and not await self._authorised():
                return None
            done = await self._connector.perform(self._sending, step, media)
            await self._tools.passed(f"amendment:{step.kind.value.lower()}")
            if isinstance(done, StepPending):
                await self._save(done.checkpoint)
                return await self._later("The platform is busy with a picture.", done.poll_after)
            await self._save(done.checkpoint)
        refs = [ref.to_json() for ref in self._sending.part_refs()]
        async with self._tools.unit_of_work(self._workspace_id) as work:
            await amending.settle_done(work, claim=self._claim, refs=refs)
        return None

    async def _withdraw(self) -> Again | None:
        if not await self._authorised():
            return None
        # Last part first: what is left of a thread always reads from its beginning.
        for ref in reversed(self._refs()):
            await self._connector.delete(account_of(self._claim.access), ref)
        await self._done()
        return None

    async def _hide(self) -> Again | None:
        if not await self._authorised():
            return None
        target = self._claim.target or {}
        await self._connector.hide(
            account_of(self._claim.access),
            Ref.from_json(target),
            root=self._refs()[0],
            hidden=self._claim.kind is AmendmentKind.HIDE,
        )
        await self._done()
        return None

    async def _authorised(self) -> bool:
        async with self._tools.unit_of_work(self._workspace_id) as work:
            allowed = await amending.authorise(work, claim=self._claim)
        if isinstance(allowed, NotNow):
            raise _NotYet(allowed.due_at)
        await self._tools.passed("amendment:authorised")
        return allowed

    async def _save(self, checkpoint: Mapping[str, object]) -> None:
        self._checkpoint = checkpoint
        async with self._tools.unit_of_work(self._workspace_id) as work:
            await amending.save(work, claim=self._claim, checkpoint=checkpoint)

    async def _done(self) -> None:
        await self._tools.passed("amendment:performed")
        async with self._tools.unit_of_work(self._workspace_id) as work:
            await amending.settle_done(work, claim=self._claim)

    async def _later(self, problem: str, wait: timedelta) -> Again | None:
        async with self._tools.unit_of_work(self._workspace_id) as work:
            due_at = await amending.settle_later(
                work, claim=self._claim, problem=problem, wait=wait
            )
        return Again(due_at=due_at)

    async def _failed(self, error: PlatformError) -> Again | None:
        wait = after_amendment(
            FAILURES[type(error)],
            kind=self._claim.kind,
            tries=self._claim.tries,
            retry_after=error.retry_after,
        )
        async with self._tools.unit_of_work(self._workspace_id) as work:
            await tell_channel(work, channel_id=self._claim.access.channel_id, error=error)
            if wait is None:
                await amending.settle_failed(work, claim=self._claim, problem=error.message)
                return None
            due_at = await amending.settle_later(
                work, claim=self._claim, problem=error.message, wait=wait
            )
        return Again(due_at=due_at)


@handles(ReadBack)
async def read_back(job: ReadBack, tools: Toolbox) -> Again | None:
    """Look at every post of a publication and keep how it stands."""
    async with tools.unit_of_work(job.workspace_id) as work:
        looking = await standing.looking_back(work, publication_id=job.publication_id)
    if looking is None:
        return None
    following = Again(due_at=looking.next_look) if looking.next_look else None
    if not looking.refs:
        return following
    try:
        seen = await _seen(looking, tools)
    except PlatformError as error:
        wait = error.wait if isinstance(error, errors.RateLimited) else None
        async with tools.unit_of_work(job.workspace_id) as work:
            due_at = await standing.looked_back_in_vain(work, looking=looking, wait=wait)
        return Again(due_at=due_at) if due_at else None
    async with tools.unit_of_work(job.workspace_id) as work:
        await standing.note_standing(work, looking=looking, seen=seen)
    return following


async def _seen(looking: LookingBack, tools: Toolbox) -> list[Standing]:
    connector = tools.connectors[looking.access.platform]
    sending = Sending(
        publication_id=looking.publication_id,
        account=account_of(looking.access),
        edition=looking.edition,
        idempotency_key=looking.idempotency_key,
        created_at=looking.frozen_at,
        in_reply_to=Ref.from_json(looking.in_reply_to) if looking.in_reply_to else None,
        checkpoint=looking.checkpoint,
    )
    return [
        _standing(await connector.read_back(sending, part)) for part in range(len(looking.refs))
    ]


def _standing(seen: Seen) -> Standing:
    if not seen.found:
        return Standing.GONE
    if seen.hidden:
        return Standing.HIDDEN
    return Standing.CHANGED if seen.changed else Standing.STANDS
