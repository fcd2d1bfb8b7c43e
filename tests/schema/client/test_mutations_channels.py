"""Channels, connected and switched by a client."""

from typing import Any

import pytest
from sqlalchemy import text

from hub.publishing.models import PublicationState
from tests.factories import a_channel, a_publication, channel
from tests.schema.client.api import Desk, gid

CHANNEL = "channel{id name state enabled timezone settings version platform{key}}"
SECRET = "a-secret-nobody-sees"


def _mastodon(desk: Desk, **other: Any) -> dict[str, Any]:
    return {
        "brandId": desk.brand,
        "platform": "mastodon",
        "name": "Social",
        "settings": {"base_url": "https://social.example"},
        "credentials": {"access_token": SECRET},
        **other,
    }


async def _channels(desk: Desk) -> int:
    answer = await desk.manager.ask("{channels{totalCount}}")
    return int(answer.data["channels"]["totalCount"])


async def _jobs(desk: Desk) -> list[str]:
    async with desk.world.hub.unscoped() as session:
        return list((await session.execute(text("SELECT name FROM jobs ORDER BY id"))).scalars())


async def test_a_channel_is_connected_and_checked_by_a_job(desk: Desk) -> None:
    answer = await desk.manager.do("channelConnect", CHANNEL, **_mastodon(desk))

    made = answer.payload["channel"]
    assert (made["state"], made["enabled"], made["version"]) == ("CHECKING", True, 1)
    assert made["platform"] == {"key": "mastodon"}
    assert await _jobs(desk) == ["channels.check"]
    assert SECRET not in str(answer.data)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        (
            {"settings": {"base_url": "https://social.example", "colour": "red"}},
            {"code": "INVALID", "path": ["input", "settings", "colour"]},
        ),
        ({"settings": {}}, {"code": "INVALID", "path": ["input", "settings", "base_url"]}),
        (
            {"credentials": {"access_token": SECRET, "password": SECRET}},
            {"code": "INVALID", "path": ["input", "credentials", "password"]},
        ),
        (
            {"credentials": {}},
            {"code": "INVALID", "path": ["input", "credentials", "access_token"]},
        ),
        ({"timezone": "Mars/Olympus"}, {"code": "INVALID", "path": ["input", "timezone"]}),
        ({"name": " "}, {"code": "INVALID", "path": ["input", "name"]}),
        ({"brandId": "x"}, {"code": "NOT_FOUND", "path": ["input", "brandId"]}),
    ],
)
async def test_a_bad_channel_is_refused_and_no_secret_comes_back(
    desk: Desk, given: dict[str, Any], error: dict[str, Any]
) -> None:
    answer = await desk.manager.do("channelConnect", CHANNEL, **_mastodon(desk, **given))

    assert answer.refusal == error
    assert SECRET not in str(answer.data)
    assert (await _channels(desk), await _jobs(desk)) == (0, [])


async def test_an_unknown_platform_is_refused(desk: Desk) -> None:
    answer = await desk.manager.do("channelConnect", CHANNEL, **_mastodon(desk, platform="myspace"))

    assert answer.refusal["code"] == "INVALID"
    assert await _channels(desk) == 0


async def test_an_update_changes_what_is_given_and_asks_the_platform_again(desk: Desk) -> None:
    channel_id = gid("Channel", await a_channel(desk.world))

    renamed = await desk.manager.do("channelUpdate", CHANNEL, id=channel_id, name="Renamed")
    moved = await desk.manager.do(
        "channelUpdate",
        CHANNEL,
        id=channel_id,
        settings={"base_url": "https://social.example", "visibility": "unlisted"},
    )
    elsewhere = await desk.manager.do(
        "channelUpdate", CHANNEL, id=channel_id, settings={"base_url": "https://other.example"}
    )

    assert (renamed.payload["channel"]["name"], renamed.payload["channel"]["state"]) == (
        "Renamed",
        "READY",
    )
    assert moved.payload["channel"]["name"] == "Renamed"
    assert moved.payload["channel"]["state"] == "CHECKING"
    assert moved.payload["channel"]["settings"]["visibility"] == "unlisted"
    # What is out is known by its numbers at the address it has.
    assert elsewhere.refusal == {"code": "INVALID", "path": ["input", "settings", "base_url"]}
    assert await _jobs(desk) == ["channels.check"]


async def test_a_stale_update_of_a_channel_changes_nothing(desk: Desk) -> None:
    row = await channel(desk.world, await a_channel(desk.world))

    answer = await desk.manager.do(
        "channelUpdate", CHANNEL, id=gid("Channel", row.id), name="Late", expectedVersion=0
    )

    after = await channel(desk.world, row.id)
    assert answer.refusal == {
        "code": "CONFLICT",
        "path": ["input", "expectedVersion"],
        "currentVersion": row.version,
    }
    assert (after.name, after.version) == ("A channel", row.version)


async def test_a_check_is_promised(desk: Desk) -> None:
    channel_id = await a_channel(desk.world)

    answer = await desk.manager.do("channelCheck", CHANNEL, id=gid("Channel", channel_id))

    assert answer.payload["channel"]["state"] == "CHECKING"
    assert await _jobs(desk) == ["channels.check"]


async def test_switching_off_names_what_is_in_flight_and_switching_on_again_works(
    desk: Desk,
) -> None:
    channel_id = await a_channel(desk.world)
    waiting = await a_publication(desk.world, channel_id=channel_id)
    flying = await a_publication(desk.world, channel_id=channel_id, text="Something else")
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        row = await work.session.get_one(type(flying), flying.id)
        row.state = PublicationState.PUBLISHING
        row.lease_until = row.commit_attempted_at = work.clock

    off = await desk.manager.do(
        "channelDisable", f"{CHANNEL} inFlight{{id state}}", id=gid("Channel", channel_id)
    )
    held = await desk.manager.ask(
        "query($id:ID!){node(id:$id){... on Publication{state holdReason}}}",
        id=gid("Publication", waiting.id),
    )
    on = await desk.manager.do("channelEnable", CHANNEL, id=gid("Channel", channel_id))

    assert off.payload["channel"]["enabled"] is False
    assert off.payload["inFlight"] == [{"id": gid("Publication", flying.id), "state": "PUBLISHING"}]
    assert held.data["node"] == {"state": "HELD", "holdReason": "PAUSED"}
    assert on.payload["channel"]["enabled"] is True


@pytest.mark.parametrize(
    "mutation", ["channelUpdate", "channelCheck", "channelEnable", "channelDisable"]
)
async def test_another_workspaces_channel_does_not_exist(
    desk: Desk, stranger: Desk, mutation: str
) -> None:
    foreign = await a_channel(stranger.world)
    before = await channel(stranger.world, foreign)

    answer = await desk.manager.do(mutation, CHANNEL, id=gid("Channel", foreign))

    after = await channel(stranger.world, foreign)
    assert answer.refusal == {"code": "NOT_FOUND", "path": ["input", "id"]}
    assert (after.version, after.enabled, after.state) == (before.version, True, before.state)
