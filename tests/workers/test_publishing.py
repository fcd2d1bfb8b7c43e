"""Sending through the whole engine, to a stateful stand-in of the platform over real HTTP."""

from tests.factories import a_channel, a_publication, a_world, publication
from tests.working import a_toolbox, work_off
from hub.kernel.work import Hub
from hub.publishing.models import PublicationState


async def test_an_approved_text_reaches_a_feed(hub: Hub) -> None:
    world = await a_world(hub)
    channel_id = await a_channel(world, platform_key="feed")
    made = await a_publication(world, channel_id=channel_id)

    async with a_toolbox(hub) as tools:
        await work_off(tools)

    found = await publication(world, made.id)
    assert found.state is PublicationState.PUBLISHED
    assert found.sent_hash == found.approved_hash
