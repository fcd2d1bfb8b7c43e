"""Sending: claim, step by step with the moment of truth before each commit, settle."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from hub.channels.platforms.base import Guarantee
from hub.content.storage import BytesMissing, WorkspaceMedia
from hub.publishing import claiming, sending
from hub.publishing.jobs import Publish
from hub.publishing.rules import (
    DOUBTFUL,
    Failure,
    Next,
    Turn,
    after_failure,
    after_pending,
    after_weak_look,
)
from hub.publishing.sending import Claim, LeaseLost, NotNow, NotOurs, Outcome
from workers.accounts import account_of, tell_channel
from workers.connectors import errors
from workers.connectors.errors import PlatformError
from workers.connectors.port import (
    Connector,
    Found,
    Lookup,
    NotFound,
    Ref,
    Sending,
    Several,
    Step,
    StepDone,
    StepKind,
    StepPending,
)
from workers.handling import Again, Toolbox, handles

#: What each error of a connector means to the rules.
FAILURES: Mapping[type[PlatformError], Failure] = {
    errors.NotSent: Failure.NOT_SENT,
    errors.Transient: Failure.TRANSIENT,
    errors.OutcomeUnknown: Failure.UNKNOWN,
    errors.RateLimited: Failure.RATE_LIMITED,
    errors.NeedsAuth: Failure.NEEDS_AUTH,
    errors.Rejected: Failure.REJECTED,
    errors.Duplicate: Failure.DUPLICATE,
    errors.Gone: Failure.GONE,
    errors.Unsupported: Failure.UNSUPPORTED,
}

#: How far a platform's clock may be behind ours when we look for what we sent.
_SKEW = timedelta(minutes=2)


@handles(Publish)
async def publish(job: Publish, tools: Toolbox) -> Again | None:
    """Bring one publication as far as it goes now; answer when to go on, if ever."""
    await tools.passed("before_claim")
    async with tools.unit_of_work(job.workspace_id) as work:
        claim = await claiming.claim(work, publication_id=job.publication_id, worker=tools.worker)
    if claim is None:
        return None
    if isinstance(claim, NotNow):
        return Again(due_at=claim.due_at, progressed=False)
    await tools.passed("after_claim")
    run = _Run(tools, claim)
    try:
        async with run.lease():
            return await run.go()
    except LeaseLost:
        # A person or another worker has it now; they decide what becomes of it.
        return None


class _Run:
    """One worker's way through one claimed publication."""

    def __init__(self, tools: Toolbox, claim: Claim) -> None:
        self._tools = tools
        self._claim = claim
        self._workspace_id = claim.access.workspace_id
        self._connector: Connector = tools.connectors[claim.access.platform]
        self._media = WorkspaceMedia(tools.storage, self._workspace_id)
        self._checkpoint = claim.checkpoint
        # An earlier try of the commit at hand may have taken effect.
        self._in_doubt = claim.commit_attempted_at is not None

    @property
    def _sending(self) -> Sending:
        claim = self._claim
        return Sending(
            publication_id=claim.publication_id,
            account=account_of(claim.access),
            edition=claim.edition,
            idempotency_key=claim.idempotency_key,
            created_at=claim.frozen_at,
            in_reply_to=Ref.from_json(claim.in_reply_to) if claim.in_reply_to else None,
            checkpoint=self._checkpoint,
        )

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[None]:
        """Renew the publication's lease while the block runs."""
        keeper = asyncio.create_task(self._renew())
        try:
            yield
        finally:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._tools.hub.settings.lease_seconds / 3)
            with suppress(SQLAlchemyError, OSError):
                async with self._tools.unit_of_work(self._workspace_id) as work:
                    await sending.renew(work, claim=self._claim)

    async def go(self) -> Again | None:
        """Bring the publication as far as it goes now; answer when to go on, if ever."""
        try:
            return await self._go()
        except NotOurs:
            return await self._ask_person(
                "The platform answered with a post that is another publication."
            )

    async def _go(self) -> Again | None:
        """Look first where an outcome is unknown; then take step after step."""
        if self._claim.commit_attempted_at is not None:
            settled, following = await self._reconcile()
            if settled:
                return following
        while (step := self._connector.plan(self._sending)) is not None:
            settled, following = await self._take(step)
            if settled:
                return following
        refs = [ref.to_json() for ref in self._sending.part_refs()]
        await self._tools.passed("before_settle")
        async with self._tools.unit_of_work(self._workspace_id) as work:
            await sending.settle_published(work, claim=self._claim, refs=refs)
        return None

    async def _take(self, step: Step) -> tuple[bool, Again | None]:
        """Do one step; answer whether the try is over, and when the next one is due."""
        committing = step.kind is StepKind.COMMIT
        if committing:
            settled, following = await self._authorise(step)
            if settled:
                return True, following
        try:
            done = await self._connector.perform(self._sending, step, self._media)
        except PlatformError as error:
            return True, await self._failed(error, committing=committing)
        except BytesMissing as error:
            missing = errors.Rejected(str(error), code="MEDIA_MISSING")
            return True, await self._failed(missing, committing=committing)
        if isinstance(done, StepPending):
            return True, await self._pending(done)
        await self._tools.passed(f"performed:{step.kind.value.lower()}")
        await self._save(done, committed=committing)
        await self._tools.passed(f"saved:{step.kind.value.lower()}")
        return False, None

    async def _authorise(self, step: Step) -> tuple[bool, Again | None]:
        """Pass the moment of truth; answer whether the try is over, and when the next is due."""
        await self._tools.passed("before_truth")
        digest = self._connector.wire_digest(self._sending, step)
        asked = time.monotonic()
        async with self._tools.unit_of_work(self._workspace_id) as work:
            refused = await claiming.authorise_commit(
                work, claim=self._claim, step=step.key, wire_digest=digest
            )
        if isinstance(refused, NotNow):
            return True, Again(due_at=refused.due_at)
        if refused is not None:
            return True, None
        await self._tools.passed("after_truth")
        if time.monotonic() - asked > self._tools.hub.settings.lease_seconds:
            # Asleep for longer than the lease: somebody else may be looking for this already.
            return True, Again(due_at=None)
        return False, None

    async def _save(self, done: StepDone, *, committed: bool) -> None:
        self._checkpoint = done.checkpoint
        all_out = committed and self._connector.plan(self._sending) is None
        async with self._tools.unit_of_work(self._workspace_id) as work:
            await sending.save_step(
                work,
                claim=self._claim,
                checkpoint=done.checkpoint,
                committed=committed and not all_out,
                remote_id=done.ref.remote_id if committed and done.ref else None,
            )
        self._in_doubt = False

    async def _pending(self, pending: StepPending) -> Again | None:
        following = after_pending(polls=self._claim.polls, poll_after=pending.poll_after)
        if following.turn is Turn.FAIL:
            never = errors.Rejected("The platform never finished with a picture.", code="PENDING")
            return await self._failed(never, committing=False)
        async with self._tools.unit_of_work(self._workspace_id) as work:
            due_at = await sending.settle_pending(
                work, claim=self._claim, checkpoint=pending.checkpoint, wait=following.wait
            )
        return Again(due_at=due_at)

    async def _failed(self, error: PlatformError, *, committing: bool) -> Again | None:
        failure = FAILURES[type(error)]
        in_doubt = committing and self._in_doubt
        following = after_failure(
            failure,
            committing=committing,
            guarantee=self._claim.access.guarantee,
            attempts=self._claim.tries,
            settle=self._claim.guarantee_settle,
            retry_after=error.retry_after,
            in_doubt=in_doubt,
        )
        async with self._tools.unit_of_work(self._workspace_id) as work:
            await tell_channel(work, channel_id=self._claim.access.channel_id, error=error)
            due_at = await sending.settle_failure(
                work,
                claim=self._claim,
                following=following,
                outcome=_outcome(failure.value, error),
                certain=committing and not in_doubt and failure not in DOUBTFUL,
            )
        return Again(due_at=due_at) if due_at else None

    async def _reconcile(self) -> tuple[bool, Again | None]:
        """Find out what an earlier commit came to; answer whether the try is over."""
        claim = self._claim
        step = self._connector.plan(self._sending)
        if step is None or step.key != claim.commit_step:
            # The checkpoint says that this very step is done: nothing is in doubt.
            return False, None
        if claim.access.guarantee is Guarantee.BLIND:
            return True, await self._ask_person(
                "The answer was lost, and this place cannot be asked whether it is out."
            )
        if self._may_replay():
            return False, None
        try:
            found = await self._connector.find_existing(
                self._sending, step, self._looked_for_since()
            )
        except PlatformError as error:
            return True, await self._look_failed(error)
        match await self._ours(found):
            case Found(ref=ref):
                await self._save(self._with(ref), committed=True)
                return False, None
            case NotFound(strong=True) if claim.obstacle is not None:
                async with self._tools.unit_of_work(self._workspace_id) as work:
                    await sending.settle_not_out(work, claim=claim)
                return True, None
            case NotFound(strong=True):
                self._in_doubt = False
                return False, None
            case NotFound():
                return True, await self._unclear(
                    Outcome(outcome="NOT_FOUND", message="It is not to be seen yet.")
                )
            case _:
                return True, await self._ask_person(
                    "The answer was lost, and the platform cannot say which post it is, if any."
                )

    async def _ours(self, found: Lookup) -> Lookup:
        """Leave out what another publication of this channel is known to have sent.

        The same words may go out twice on purpose; a post has only one publication.
        """
        match found:
            case Found(ref=ref):
                candidates: Sequence[Ref] = [ref]
            case Several(refs=refs):
                candidates = refs
            case _:
                return found
        async with self._tools.unit_of_work(self._workspace_id) as work:
            taken = await sending.taken(
                work, claim=self._claim, remote_ids=[ref.remote_id for ref in candidates]
            )
        free = [ref for ref in candidates if ref.remote_id not in taken]
        match free:
            case []:
                return NotFound(strong=False)
            case [ref]:
                return Found(ref=ref)
            case _:
                return Several(refs=free)

    def _may_replay(self) -> bool:
        claim = self._claim
        return (
            claim.access.guarantee is Guarantee.REPLAY
            and claim.obstacle is None
            # What a repeat could not settle is looked for.
            and claim.looks == 0
            and claim.commit_age is not None
            and claim.commit_age < claim.replay_window
        )

    def _looked_for_since(self) -> datetime:
        return (self._claim.commit_attempted_at or datetime.now(UTC)) - _SKEW

    def _with(self, ref: Ref) -> StepDone:
        parts: list[Any] = [*self._checkpoint.get("parts", []), ref.to_json()]
        return StepDone(checkpoint={**self._checkpoint, "parts": parts}, ref=ref)

    async def _unclear(self, outcome: Outcome) -> Again | None:
        following = after_weak_look(
            looks=self._claim.looks + 1, settle=self._claim.guarantee_settle
        )
        async with self._tools.unit_of_work(self._workspace_id) as work:
            due_at = await sending.settle_look(
                work, claim=self._claim, following=following, outcome=outcome
            )
        return Again(due_at=due_at) if due_at else None

    async def _look_failed(self, error: PlatformError) -> Again | None:
        following = after_weak_look(
            looks=self._claim.looks + 1,
            settle=self._claim.guarantee_settle,
            failed=True,
            retry_after=error.retry_after,
        )
        async with self._tools.unit_of_work(self._workspace_id) as work:
            await tell_channel(work, channel_id=self._claim.access.channel_id, error=error)
            due_at = await sending.settle_look(
                work,
                claim=self._claim,
                following=following,
                outcome=_outcome("LOOK_FAILED", error),
            )
        return Again(due_at=due_at) if due_at else None

    async def _ask_person(self, message: str) -> Again | None:
        async with self._tools.unit_of_work(self._workspace_id) as work:
            await sending.settle_look(
                work,
                claim=self._claim,
                following=Next(turn=Turn.ASK_PERSON),
                outcome=Outcome(outcome="UNKNOWN", message=message),
            )
        return None


def _outcome(outcome: str, error: PlatformError) -> Outcome:
    return Outcome(
        outcome=outcome,
        error=error.code or type(error).__name__,
        message=error.message,
        status=error.status,
    )
