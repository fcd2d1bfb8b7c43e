"""Bringing answers back, page by page, each once."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from hub.channels.platforms.base import Capability
from hub.engagement import cases, inboxes, liking, operations
from hub.engagement.contests import entries as contests
from hub.engagement.inboxes import ReadingInbox
from hub.engagement.jobs import CollectMessages, LikeMessage, ReadInbox, WakeThread, WatchTarget
from hub.engagement.liking import Liking
from hub.engagement.operations import Looking
from hub.engagement.placing import Received
from hub.language.markup import sanitise
from hub.publishing.models import AmendmentKind
from hub.publishing.rules import after_amendment
from workers.accounts import account_of, tell_channel
from workers.connectors.errors import PlatformError, RateLimited
from workers.connectors.port import Ref, RemoteMessage
from workers.handling import Again, Toolbox, handles
from workers.publishing import FAILURES

#: Pages read in one go; what is left comes with the next turn.
PAGES = 50


@handles(CollectMessages)
async def collect(job: CollectMessages, tools: Toolbox) -> Again | None:
    """Read what is new; keep each page with its cursor before asking for the next."""
    async with tools.unit_of_work(job.workspace_id) as work:
        looking = await operations.looking(
            work, publication_id=job.publication_id, capability=Capability.MESSAGES
        )
    if looking is None:
        return None
    try:
        await _read(job, looking, tools)
    except PlatformError as error:
        # The cursor stands where the last kept page ended: the next turn goes on there.
        return await in_vain(job.workspace_id, looking, error, tools)
    return Again(due_at=looking.next_look) if looking.next_look else None


async def in_vain(
    workspace_id: UUID, looking: Looking, error: PlatformError, tools: Toolbox
) -> Again | None:
    """Answer when to look again after a look that failed, and let the account rest if it must."""
    wait = error.wait if isinstance(error, RateLimited) else None
    async with tools.unit_of_work(workspace_id) as work:
        due_at = await operations.looked_in_vain(work, looking=looking, wait=wait)
    return Again(due_at=due_at) if due_at else None


async def _read(job: CollectMessages, looking: Looking, tools: Toolbox) -> None:
    if not looking.refs:
        return
    connector = tools.connectors[looking.access.platform]
    refs = [Ref.from_json(ref) for ref in looking.refs]
    cursor = looking.cursor
    for _ in range(PAGES):
        page = await connector.fetch_messages(account_of(looking.access), refs, cursor)
        async with tools.unit_of_work(job.workspace_id) as work:
            await operations.receive(
                work,
                publication_id=job.publication_id,
                messages=[_received(message) for message in page.messages],
                cursor=page.cursor,
                whole=page.whole,
            )
            if not page.more:
                await contests.note_read(
                    work, publication_id=job.publication_id, began_at=looking.began_at
                )
        cursor = page.cursor
        if not page.more:
            return


@handles(ReadInbox)
async def read_inbox(job: ReadInbox, tools: Toolbox) -> Again | None:
    """Read who mentioned a channel's account or wrote to it; then again a little later."""
    async with tools.unit_of_work(job.workspace_id) as work:
        reading = await inboxes.reading(work, channel_id=job.channel_id)
    if reading is None:
        return None
    if reading.rests_until is not None:
        return Again(due_at=reading.rests_until, progressed=False)
    try:
        await _read_inbox(job, reading, tools)
    except PlatformError as error:
        async with tools.unit_of_work(job.workspace_id) as work:
            await tell_channel(work, channel_id=job.channel_id, error=error)
        wait = error.wait if isinstance(error, RateLimited) else inboxes.AFTER_FAILURE
        return Again(due_at=max(reading.next_read, reading.now + wait))
    return Again(due_at=reading.next_read)


async def _read_inbox(job: ReadInbox, reading: ReadingInbox, tools: Toolbox) -> None:
    connector = tools.connectors[reading.access.platform]
    cursor = reading.cursor
    for _ in range(PAGES):
        page = await connector.fetch_inbox(account_of(reading.access), cursor)
        async with tools.unit_of_work(job.workspace_id) as work:
            await operations.receive_inbox(
                work,
                channel_id=job.channel_id,
                messages=[_received(message) for message in page.messages],
                cursor=page.cursor,
            )
        cursor = page.cursor
        if not page.more:
            return


@handles(LikeMessage)
async def like(job: LikeMessage, tools: Toolbox) -> Again | None:
    """Give a like, or take it back, until that is what is wanted."""
    async with tools.unit_of_work(job.workspace_id) as work:
        begun = await liking.begin(work, message_id=job.message_id)
    if begun is None:
        return None
    if isinstance(begun, datetime):
        return Again(due_at=begun, progressed=False)
    connector = tools.connectors[begun.access.platform]
    try:
        await connector.like(
            account_of(begun.access), Ref.from_json(begun.target), liked=begun.liked
        )
    except PlatformError as error:
        return await _not_liked(job, begun, error, tools)
    await tools.passed("like:performed")
    async with tools.unit_of_work(job.workspace_id) as work:
        more = await liking.settle(work, liking=begun)
    return Again(due_at=None) if more else None


async def _not_liked(
    job: LikeMessage, begun: Liking, error: PlatformError, tools: Toolbox
) -> Again | None:
    # Like every amendment, done twice it is done once.
    wait = after_amendment(
        FAILURES[type(error)],
        kind=AmendmentKind.HIDE,
        tries=begun.tries,
        retry_after=error.retry_after,
    )
    async with tools.unit_of_work(job.workspace_id) as work:
        await tell_channel(work, channel_id=begun.access.channel_id, error=error)
        if wait is None:
            await liking.fail(work, message_id=job.message_id, problem=error.message)
            return None
        await liking.settle_later(work, liking=begun, problem=error.message)
        return Again(due_at=work.now + wait)


@handles(WatchTarget)
async def watch_target(job: WatchTarget, tools: Toolbox) -> Again | None:
    """Look whether a conversation was answered in time."""
    async with tools.unit_of_work(job.workspace_id) as work:
        due_at = await cases.look_at_target(work, thread_id=job.thread_id)
    return Again(due_at=due_at, progressed=False) if due_at else None


@handles(WakeThread)
async def wake(job: WakeThread, tools: Toolbox) -> Again | None:
    """End the rest of a conversation."""
    async with tools.unit_of_work(job.workspace_id) as work:
        due_at = await cases.end_rest(work, thread_id=job.thread_id)
    return Again(due_at=due_at, progressed=False) if due_at else None


def _received(message: RemoteMessage) -> Received:
    message = _storable(message)
    return Received(
        remote_id=message.remote_id,
        parent_remote_id=message.parent_remote_id,
        person_remote_id=message.person.remote_id,
        person_handle=message.person.handle,
        person_name=message.person.name,
        person_url=message.person.url,
        text=message.text,
        html=sanitise(message.html),
        url=message.url,
        written_at=message.published_at,
        edited_at=message.edited_at,
        private=message.private,
        hidden=message.hidden,
        audience=message.audience,
        language=message.language,
        extra=message.extra,
    )


def _storable(message: RemoteMessage) -> RemoteMessage:
    """Return a message without NUL: anybody may send one, and no row can hold it."""
    return replace(
        message,
        person=replace(
            message.person,
            remote_id=_clean(message.person.remote_id),
            handle=_clean(message.person.handle),
            name=_clean(message.person.name),
            url=_clean(message.person.url),
        ),
        remote_id=_clean(message.remote_id),
        parent_remote_id=_clean(message.parent_remote_id),
        text=_clean(message.text),
        html=_clean(message.html),
        url=_clean(message.url),
        extra={
            name: _clean(value) if isinstance(value, str) else value
            for name, value in message.extra.items()
        },
    )


def _clean(text: str) -> str:
    return text.replace("\x00", "")
