"""Bringing answers back, page by page, each once."""

from dataclasses import replace
from uuid import UUID

from hub.channels.platforms.base import Capability
from hub.engagement import operations
from hub.engagement.contests import entries as contests
from hub.engagement.jobs import CollectMessages
from hub.engagement.operations import Looking, Received
from hub.language.markup import sanitise
from workers.accounts import account_of
from workers.connectors.errors import PlatformError, RateLimited
from workers.connectors.port import Ref, RemoteMessage
from workers.handling import Again, Toolbox, handles

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
            )
            if not page.more:
                await contests.note_read(
                    work, publication_id=job.publication_id, began_at=looking.began_at
                )
        cursor = page.cursor
        if not page.more:
            return


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
