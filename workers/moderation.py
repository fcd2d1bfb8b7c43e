"""Doing at the platform what rules and sanctions want, until it is done or cannot be."""

from datetime import datetime

from hub.channels.platforms.base import Capability
from hub.engagement.moderation import doing, sanctioning
from hub.engagement.moderation.doing import Deleting
from hub.engagement.moderation.jobs import ActOnMessage, EnforceSanction
from hub.engagement.moderation.models import SanctionKind
from hub.engagement.moderation.sanctioning import Enforcing
from hub.publishing.models import AmendmentKind
from hub.publishing.rules import after_amendment
from workers.accounts import account_of, tell_channel
from workers.connectors.errors import PlatformError
from workers.connectors.port import Ref
from workers.handling import Again, Toolbox, handles
from workers.publishing import FAILURES

_KINDS = {SanctionKind.MUTE: Capability.MUTE, SanctionKind.BLOCK: Capability.BLOCK}


@handles(ActOnMessage)
async def act(job: ActOnMessage, tools: Toolbox) -> Again | None:
    """Hide or answer in the hub's own way; take down what others wrote at the platform."""
    async with tools.unit_of_work(job.workspace_id) as work:
        begun = await doing.begin(work, action_id=job.action_id)
    if begun is None:
        return None
    if isinstance(begun, datetime):
        return Again(due_at=begun, progressed=False)
    connector = tools.connectors[begun.access.platform]
    try:
        await connector.delete(account_of(begun.access), Ref.from_json(begun.target))
    except PlatformError as error:
        return await _not_deleted(job, begun, error, tools)
    await tools.passed("moderation:performed")
    async with tools.unit_of_work(job.workspace_id) as work:
        await doing.settle_deleted(work, action_id=job.action_id)
    return None


async def _not_deleted(
    job: ActOnMessage, begun: Deleting, error: PlatformError, tools: Toolbox
) -> Again | None:
    # Like every amendment, done twice it is done once.
    wait = after_amendment(
        FAILURES[type(error)],
        kind=AmendmentKind.WITHDRAW,
        tries=begun.tries,
        retry_after=error.retry_after,
    )
    async with tools.unit_of_work(job.workspace_id) as work:
        await tell_channel(work, channel_id=begun.access.channel_id, error=error)
        if wait is None:
            await doing.fail(work, action_id=job.action_id, problem=error.message)
            return None
        await doing.settle_later(work, action_id=job.action_id, problem=error.message)
        return Again(due_at=work.now + wait)


@handles(EnforceSanction)
async def enforce(job: EnforceSanction, tools: Toolbox) -> Again | None:
    """Mute or block somebody, or do so no more, until that is what is wanted."""
    async with tools.unit_of_work(job.workspace_id) as work:
        begun = await sanctioning.begin(work, sanction_id=job.sanction_id)
    if begun is None:
        return None
    if isinstance(begun, datetime):
        return Again(due_at=begun, progressed=False)
    connector = tools.connectors[begun.access.platform]
    try:
        await connector.restrict(
            account_of(begun.access), begun.person, how=_KINDS[begun.kind], on=begun.on
        )
    except PlatformError as error:
        return await _not_enforced(job, begun, error, tools)
    await tools.passed("sanction:performed")
    async with tools.unit_of_work(job.workspace_id) as work:
        due_at = await sanctioning.settle(work, enforcing=begun)
    return Again(due_at=due_at) if due_at else None


async def _not_enforced(
    job: EnforceSanction, begun: Enforcing, error: PlatformError, tools: Toolbox
) -> Again | None:
    wait = after_amendment(
        FAILURES[type(error)],
        kind=AmendmentKind.HIDE,
        tries=begun.tries,
        retry_after=error.retry_after,
    )
    async with tools.unit_of_work(job.workspace_id) as work:
        await tell_channel(work, channel_id=begun.access.channel_id, error=error)
        if wait is None:
            await sanctioning.fail(work, enforcing=begun, problem=error.message)
            return None
        await sanctioning.settle_later(work, enforcing=begun, problem=error.message)
        return Again(due_at=work.now + wait)
