"""Connecting channels, checking them, switching them off."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.channels import operations as channels
from hub.channels.models import Channel, ChannelState, Credential
from hub.channels.operations import Checked
from hub.channels.platforms.base import Capability, Guarantee, Limits
from hub.channels.platforms.mastodon import LIMITS
from hub.kernel.errors import Invalid
from hub.kernel.ids import new_id
from hub.kernel.work import UnitOfWork
from hub.publishing import operations as publishing
from tests import factories
from tests.conftest import Database
from tests.factories import World, a_channel, a_publication
from tests.hub.traces import error_of, promised, put, refusal, tell

VALID: dict[str, Any] = {
    "platform": "mastodon",
    "name": "Town square",
    "settings": {"base_url": "https://social.example"},
    "credentials": {"access_token": "hush-hush"},
    "timezone": "Europe/Paris",
    "external_reference": "crm-1",
}
FOUND = Checked(
    remote_id="remote-1",
    handle="@brand",
    url="https://social.example/@brand",
    dialect="gotosocial",
    guarantee=Guarantee.SEARCH,
    capabilities=frozenset({Capability.REPLY, Capability.IMAGE}),
    limits=replace(LIMITS, text_max=5000),
)


async def connect(world: World, **changes: Any) -> UUID:
    async with world.hub.unit_of_work(world.manager) as work:
        made = await channels.connect(work, brand_id=world.brand_id, **{**VALID, **changes})
    return made.id


async def test_a_channel_is_connected_and_a_job_checks_it(world: World) -> None:
    made: list[Channel] = []

    async def act(work: UnitOfWork) -> None:
        made.append(await channels.connect(work, brand_id=world.brand_id, **VALID))

    (told,) = await tell(world, world.manager, act)

    channel = made[0]
    assert (told.name, told.subject_id) == ("channel.connected", channel.id)
    assert told.data == {"platform": "mastodon"}
    assert await promised(world.hub) == [("channels.check", f"check:{channel.id}")]
    assert (channel.state, channel.enabled, channel.version) == (ChannelState.CHECKING, True, 1)
    assert channel.settings == {"base_url": "https://social.example", "visibility": "public"}
    assert (channel.timezone, channel.external_reference) == ("Europe/Paris", "crm-1")
    assert (channel.guarantee, channel.remote_id) == (Guarantee.REPLAY, "")
    assert Limits.from_json(channel.limits) == LIMITS


async def test_the_secret_is_sealed_and_only_a_worker_reads_it(world: World) -> None:
    channel_id = await connect(world)

    async with world.hub.unit_of_work(world.system) as work:
        credential = await work.one(select(Credential))
        assert credential is not None
        assert b"hush" not in credential.sealed
        assert credential.key_id == work.vault.key_id
        access = await channels.access(work, channel_id=channel_id)
        assert access is not None
        assert access.secrets == {"access_token": "hush-hush"}
        assert "hush" not in repr(access)
        assert await channels.access(work, channel_id=new_id()) is None


NO_CHANNELS: list[tuple[dict[str, Any], tuple[str, tuple[str, ...]]]] = [
    ({"brand_id": new_id()}, ("NOT_FOUND", ("input", "brandId"))),
    ({"platform": "myspace"}, ("INVALID", ("input", "platform"))),
    ({"name": " "}, ("INVALID", ("input", "name"))),
    ({"timezone": "Mars"}, ("INVALID", ("input", "timezone"))),
    ({"external_reference": "taken"}, ("TAKEN", ("input", "externalReference"))),
    ({"settings": {}}, ("INVALID", ("input", "settings", "base_url"))),
    (
        {"settings": {"base_url": "https://a.example", "colour": "red"}},
        ("INVALID", ("input", "settings", "colour")),
    ),
    ({"credentials": {}}, ("INVALID", ("input", "credentials", "access_token"))),
    (
        {"credentials": {"access_token": "a\x00b"}},
        ("INVALID", ("input", "credentials", "access_token")),
    ),
]


async def test_a_channel_that_cannot_be_is_refused(world: World) -> None:
    await connect(world, external_reference="taken")

    for change, answer in NO_CHANNELS:
        act = partial(channels.connect, **{"brand_id": world.brand_id, **VALID, **change})
        assert await refusal(world, world.manager, act) == answer, change
    assert len(await promised(world.hub)) == 1


async def test_what_the_platform_said_is_kept(world: World) -> None:
    channel_id = await connect(world)

    (told,) = await tell(
        world,
        world.system,
        lambda work: channels.settle_check(work, channel_id=channel_id, found=FOUND),
    )

    assert (told.name, told.subject_id) == ("channel.checked", channel_id)
    assert told.data == {"state": "READY"}
    channel = await factories.channel(world, channel_id)
    assert (channel.state, channel.state_message) == (ChannelState.READY, "")
    assert (channel.remote_id, channel.handle, channel.url) == (
        "remote-1",
        "@brand",
        "https://social.example/@brand",
    )
    assert (channel.dialect, channel.guarantee) == ("gotosocial", Guarantee.SEARCH)
    assert channel.capabilities == ["IMAGE", "REPLY"]
    assert Limits.from_json(channel.limits).text_max == 5000
    assert channel.version == 2
    assert channel.checked_at is not None


async def test_the_same_answer_again_leaves_editions_valid(world: World) -> None:
    channel_id = await connect(world)
    bases = []
    for _ in range(2):
        async with world.hub.unit_of_work(world.system) as work:
            await channels.settle_check(work, channel_id=channel_id, found=FOUND)
        bases.append((await factories.channel(world, channel_id)).basis)
    async with world.hub.unit_of_work(world.system) as work:
        shorter = replace(FOUND, limits=replace(FOUND.limits, text_max=400))
        await channels.settle_check(work, channel_id=channel_id, found=shorter)

    assert bases[0] == bases[1]
    assert (await factories.channel(world, channel_id)).basis != bases[0]


async def test_credentials_of_another_account_are_refused(world: World) -> None:
    channel_id = await connect(world)
    async with world.hub.unit_of_work(world.system) as work:
        await channels.settle_check(work, channel_id=channel_id, found=FOUND)

    async with world.hub.unit_of_work(world.system) as work:
        other = replace(FOUND, remote_id="remote-2", handle="@rival")
        await channels.settle_check(work, channel_id=channel_id, found=other)

    channel = await factories.channel(world, channel_id)
    assert channel.state is ChannelState.FAILED
    assert channel.state_message == (
        "These credentials belong to @rival, not to @brand. "
        "Connect the other account as a channel of its own."
    )
    assert (channel.remote_id, channel.handle) == ("remote-1", "@brand")


@pytest.mark.parametrize(
    ("needs_auth", "state"), [(True, ChannelState.NEEDS_AUTH), (False, ChannelState.FAILED)]
)
async def test_a_check_that_failed_says_why(
    world: World, needs_auth: bool, state: ChannelState
) -> None:
    channel_id = await a_channel(world)

    (told,) = await tell(
        world,
        world.system,
        lambda work: channels.settle_failed_check(
            work, channel_id=channel_id, message="It said no.", needs_auth=needs_auth
        ),
    )

    assert told.data == {"state": state.value}
    channel = await factories.channel(world, channel_id)
    assert (channel.state, channel.state_message) == (state, "It said no.")


async def test_a_change_of_settings_is_checked_again_and_makes_editions_stale(
    world: World,
) -> None:
    channel_id = await a_channel(world)
    before = await factories.channel(world, channel_id)

    (told,) = await tell(
        world,
        world.manager,
        lambda work: channels.update(
            work,
            channel_id=channel_id,
            expected_version=before.version,
            changes={
                "name": "Square",
                "settings": {"base_url": "https://social.example", "visibility": "unlisted"},
            },
        ),
    )

    assert (told.name, told.data) == ("channel.updated", {"fields": ["name", "settings"]})
    after = await factories.channel(world, channel_id)
    assert (after.name, after.state) == ("Square", ChannelState.CHECKING)
    assert after.basis != before.basis
    assert after.version == before.version + 1
    assert await promised(world.hub) == [("channels.check", f"check:{channel_id}")]


async def test_new_credentials_are_sealed_counted_and_checked(world: World) -> None:
    channel_id = await a_channel(world)
    before = await factories.channel(world, channel_id)

    (told,) = await tell(
        world,
        world.manager,
        lambda work: channels.update(
            work, channel_id=channel_id, changes={"credentials": {"access_token": "new-secret"}}
        ),
    )

    assert told.data == {"fields": ["credentials"]}
    after = await factories.channel(world, channel_id)
    assert (after.state, after.version) == (ChannelState.CHECKING, before.version + 1)
    assert after.basis == before.basis
    async with world.hub.unit_of_work(world.system) as work:
        access = await channels.access(work, channel_id=channel_id)
        assert access is not None
        assert access.secrets == {"access_token": "new-secret"}
        assert len(await work.all(select(Credential.id))) == 1


async def test_a_change_of_name_alone_asks_nobody(world: World) -> None:
    channel_id = await a_channel(world)

    told = await tell(
        world,
        world.manager,
        lambda work: channels.update(work, channel_id=channel_id, changes={"name": "A channel"}),
    )

    assert told == []
    assert await promised(world.hub) == []
    assert (await factories.channel(world, channel_id)).state is ChannelState.READY


NO_CHANGES: list[tuple[dict[str, Any], tuple[str, tuple[str, ...]]]] = [
    ({"name": ""}, ("INVALID", ("input", "name"))),
    ({"timezone": "x"}, ("INVALID", ("input", "timezone"))),
    ({"settings": {"base_url": "x"}}, ("INVALID", ("input", "settings", "base_url"))),
    ({"credentials": {"token": "x"}}, ("INVALID", ("input", "credentials", "access_token"))),
]


async def test_a_wrong_change_changes_nothing(world: World) -> None:
    channel_id = await a_channel(world)

    for change, answer in NO_CHANGES:
        act = partial(channels.update, channel_id=channel_id, changes={"name": "New", **change})
        assert await refusal(world, world.manager, act) == answer, change
    assert (await factories.channel(world, channel_id)).name == "A channel"
    stale = partial(
        channels.update, channel_id=channel_id, expected_version=1, changes={"name": "New"}
    )
    assert await refusal(world, world.manager, stale) == (
        "CONFLICT",
        ("input", "expectedVersion"),
    )


async def test_a_person_can_ask_for_a_check(world: World) -> None:
    channel_id = await a_channel(world)

    assert (
        await tell(world, world.manager, lambda work: channels.check(work, channel_id=channel_id))
        == []
    )

    assert (await factories.channel(world, channel_id)).state is ChannelState.CHECKING
    assert await promised(world.hub) == [("channels.check", f"check:{channel_id}")]


async def test_a_channel_is_switched_off_and_on_once(world: World) -> None:
    channel_id = await a_channel(world)

    async def switch(enabled: bool) -> list[str]:
        told = await tell(
            world,
            world.manager,
            lambda work: channels.set_enabled(work, channel_id=channel_id, enabled=enabled),
        )
        return [event.name for event in told]

    assert await switch(enabled=False) == ["channel.disabled"]
    assert await switch(enabled=False) == []
    assert await switch(enabled=True) == ["channel.enabled"]
    assert await switch(enabled=True) == []


async def test_what_was_past_its_moment_of_truth_is_named(world: World, database: Database) -> None:
    channel_id = await a_channel(world)
    gone = await a_publication(world, channel_id=channel_id, text="gone")
    waiting = await a_publication(world, channel_id=channel_id, text="waiting")
    elsewhere = await a_publication(world, channel_id=await a_channel(world), text="elsewhere")
    for row in (gone, elsewhere):
        await put(
            database,
            "publications",
            row.id,
            state="PUBLISHING",
            lease_until=row.created_at,
            commit_attempted_at=row.created_at,
        )

    async with world.hub.unit_of_work(world.manager) as work:
        await channels.set_enabled(work, channel_id=channel_id, enabled=False)
        assert await publishing.in_flight(work, channel_id=channel_id) == [gone.id]
    assert (await factories.publication(world, gone.id)).state == "PUBLISHING"
    assert (await factories.publication(world, waiting.id)).state == "HELD"


async def test_the_longest_rate_hold_counts(world: World) -> None:
    channel_id = await a_channel(world)
    async with world.hub.unit_of_work(world.system) as work:
        clock = work.clock
    for minutes in (5, 9, 2):
        async with world.hub.unit_of_work(world.system) as work:
            await channels.hold_for_rate(
                work, channel_id=channel_id, until=clock + timedelta(minutes=minutes)
            )

    held = (await factories.channel(world, channel_id)).rate_held_until
    assert held == clock + timedelta(minutes=9)


async def test_a_public_address_leads_to_its_channel_and_no_further(world: World) -> None:
    channel_id = await a_channel(world, platform_key="feed")
    key = (await factories.channel(world, channel_id)).public_key

    async with world.hub.unscoped() as session:
        assert await channels.public_channel(session, key=key) == (world.workspace_id, channel_id)
        assert await channels.public_channel(session, key=key[:-1]) is None
        assert await channels.public_channel(session, key="") is None
    assert len(key) >= 20


async def test_a_channel_that_is_not_there_is_not_found(world: World) -> None:
    gone = new_id()
    acts = (
        lambda work: channels.update(work, channel_id=gone, changes={}),
        lambda work: channels.check(work, channel_id=gone),
        lambda work: channels.set_enabled(work, channel_id=gone, enabled=False),
    )
    for act in acts:
        error = await error_of(world.hub, world.manager, act)
        assert error is not None
        assert (error.code, error.path) == ("NOT_FOUND", ("input", "id"))


async def test_a_channel_stays_where_its_posts_are(world: World) -> None:
    channel_id = await a_channel(world)
    before = await factories.channel(world, channel_id)

    with pytest.raises(Invalid) as refused:
        async with world.hub.unit_of_work(world.manager) as work:
            await channels.update(
                work,
                channel_id=channel_id,
                changes={"settings": {"base_url": "https://elsewhere.example"}},
            )

    assert refused.value.path == ("input", "settings", "base_url")
    after = await factories.channel(world, channel_id)
    assert (after.settings, after.state, after.version) == (
        before.settings,
        before.state,
        before.version,
    )
