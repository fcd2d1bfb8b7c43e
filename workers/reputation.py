"""Looking at the sources of monitors, and judging what they found."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime

from hub.channels.operations import ChannelAccess
from hub.reputation import judging, watching
from hub.reputation.jobs import CheckSource, JudgeMonitor
from hub.reputation.watching import Looking, Said
from workers import feeds
from workers.accounts import account_of
from workers.connectors.errors import PlatformError, RateLimited, Unsupported
from workers.connectors.port import RemoteMessage, Searching
from workers.handling import Again, Toolbox, handles

#: Pages read at one look; what is left comes with the next.
PAGES = 5


@handles(CheckSource, apart=True)
async def check_source(job: CheckSource, tools: Toolbox) -> Again | None:
    """Look at a source, keep what fits, and come again."""
    async with tools.apart.place() if tools.apart else nullcontext():
        return await _check(job, tools)


async def _check(job: CheckSource, tools: Toolbox) -> Again | None:
    async with tools.unit_of_work(job.workspace_id) as work:
        looked = await watching.looking(work, source_id=job.source_id)
    if looked is None:
        return None
    if not isinstance(looked, Looking):
        return Again(due_at=looked, progressed=False)
    try:
        due_at = await _look(job, looked, tools)
    except PlatformError as error:
        wait = error.wait if isinstance(error, RateLimited) else error.retry_after
        async with tools.unit_of_work(job.workspace_id) as work:
            due_at = await watching.settle_vain_look(
                work, looked=looked, problem=error.message, wait=wait
            )
    return Again(due_at=due_at) if due_at else None


async def _look(job: CheckSource, looked: Looking, tools: Toolbox) -> datetime | None:
    if looked.access is None:
        return await _read_feed(job, looked, tools)
    return await _search(job, looked, looked.access, tools)


async def _read_feed(job: CheckSource, looked: Looking, tools: Toolbox) -> datetime | None:
    feed = await feeds.fetch(tools.http, looked.url, looked.validators)
    async with tools.unit_of_work(job.workspace_id) as work:
        return await watching.settle_look(
            work, looked=looked, said=feed.said, validators=feed.validators, title=feed.title
        )


async def _search(
    job: CheckSource, looked: Looking, access: ChannelAccess, tools: Toolbox
) -> datetime | None:
    connector = tools.connectors[access.platform]
    if not isinstance(connector, Searching):
        raise Unsupported("This platform cannot be searched.")
    for _ in range(PAGES):
        page = await connector.search_mentions(account_of(access), looked.terms, looked.cursor)
        async with tools.unit_of_work(job.workspace_id) as work:
            due_at = await watching.settle_look(
                work,
                looked=looked,
                said=[_said(message, access.platform) for message in page.messages],
                cursor=page.cursor,
            )
        looked = replace(looked, cursor=page.cursor)
        if not page.more:
            break
    return due_at


def _said(message: RemoteMessage, platform: str) -> Said:
    return Said(
        # The same post is known by one address in the whole network, on whatever server it is seen.
        identity=f"{platform}:{message.extra.get('uri') or message.remote_id}",
        platform=platform,
        text=message.text,
        url=message.url,
        language=str(message.extra.get("language") or ""),
        author_name=message.person.name,
        author_handle=message.person.handle,
        author_url=message.person.url,
        published_at=message.published_at,
        remote={
            "remote_id": message.remote_id,
            "parent_remote_id": message.parent_remote_id,
            "person_remote_id": message.person.remote_id,
            "extra": dict(message.extra),
        },
    )


@handles(JudgeMonitor)
async def judge_monitor(job: JudgeMonitor, tools: Toolbox) -> None:
    """Raise what alarms a monitor's rules ask for."""
    async with tools.unit_of_work(job.workspace_id) as work:
        await judging.judge(work, monitor_id=job.monitor_id)
