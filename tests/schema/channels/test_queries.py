"""Platforms and channels: everything but credentials."""

from hub.channels.models import ChannelState, Credential
from hub.kernel.caller import Permission
from schema.base.node import to_global_id
from tests.schema.conftest import Client
from tests.schema.library import Library, a_channel


async def test_platforms_describe_themselves_without_a_statement(client: Client) -> None:
    answer = await client.ask(
        """{ platforms { key name kind guarantee guaranteeExplanation capabilities
          limits { counter textMax mediaTypes } settingsSchema credentialsSchema } }"""
    )

    assert answer.errors == []
    assert answer.statements == 0
    known = {one["key"]: one for one in answer.data["platforms"]}
    assert known.keys() >= {"mastodon", "bluesky", "wordpress", "misago", "webhook", "feed"}
    mastodon, feed = known["mastodon"], known["feed"]
    assert mastodon["guarantee"] == "REPLAY"
    assert "Nothing is posted twice" in feed["guaranteeExplanation"]
    assert mastodon["limits"]["textMax"] == 500
    assert mastodon["credentialsSchema"]["properties"].keys() >= {"access_token"}
    assert feed["credentialsSchema"]["properties"] == {}


async def test_a_channel_shows_what_it_can_and_what_is_wrong_but_no_secret(
    client: Client, library: Library
) -> None:
    channel = await a_channel(
        library.rows,
        library.brand,
        name="Broken",
        state=ChannelState.NEEDS_AUTH,
        state_message="The token was revoked.",
        enabled=False,
    )
    await library.rows.add(Credential, channel_id=channel, key_id="1", sealed=b"top secret")

    found = await client.data(
        """query($id: ID!) { node(id: $id) { ... on Channel {
          name enabled state stateMessage guarantee capabilities platform { key kind }
          limits { textMax partsMax } feedUrls { rss } problems { code severity }
          availableActions settings } } }""",
        id=to_global_id("Channel", channel),
    )

    assert found["node"] == {
        "name": "Broken",
        "enabled": False,
        "state": "NEEDS_AUTH",
        "stateMessage": "The token was revoked.",
        "guarantee": "REPLAY",
        "capabilities": [
            "ALT_TEXT",
            "AUDIENCE",
            "BLOCK",
            "DELETE",
            "DIRECT_MESSAGES",
            "EDIT",
            "IMAGE",
            "LIKE",
            "MESSAGES",
            "METRICS",
            "MUTE",
            "NOTIFICATIONS",
            "READ_BACK",
            "REPLY",
            "SEARCH_MENTIONS",
            "THREAD",
        ],
        "platform": {"key": "mastodon", "kind": "NETWORK"},
        "limits": {"textMax": 500, "partsMax": 25},
        "feedUrls": None,
        "problems": [
            {"code": "CHANNEL_NEEDS_AUTH", "severity": "ERROR"},
            {"code": "CHANNEL_DISABLED", "severity": "WARNING"},
        ],
        "availableActions": ["CHANNEL_UPDATE", "CHANNEL_CHECK", "CHANNEL_ENABLE"],
        "settings": {"base_url": "https://social.example"},
    }


async def test_a_feed_says_where_it_can_be_read(client: Client, library: Library) -> None:
    await a_channel(library.rows, library.brand, name="News", platform_key="feed", public_key="key")

    found = await client.data(
        '{ channels(filter: {platformIn: ["feed"]}) { nodes { feedUrls { rss atom json } } } }'
    )

    feed = "http://127.0.0.1:8000/feeds/key"
    assert found["channels"]["nodes"] == [
        {
            "feedUrls": {
                "rss": f"{feed}/rss.xml",
                "atom": f"{feed}/atom.xml",
                "json": f"{feed}/feed.json",
            }
        }
    ]


async def test_channels_are_filtered_by_switch_and_state(
    client: Client, library: Library, other: Library
) -> None:
    await a_channel(library.rows, library.brand, name="Off", enabled=False)

    found = await client.data(
        """{ on: channels(filter: {enabled: true, stateIn: [READY]}) { nodes { name } }
          off: channels(filter: {enabled: false}) { nodes { name } } }"""
    )

    assert found == {
        "on": {"nodes": [{"name": "Channel 1"}, {"name": "Channel 2"}]},
        "off": {"nodes": [{"name": "Off"}]},
    }


async def test_the_address_of_a_webhook_is_shown_to_those_who_may_change_it(
    client: Client, library: Library
) -> None:
    url = "https://hooks.example:8443/services/T0/B0/only-secret?key=x"
    await a_channel(
        library.rows, library.brand, name="Hook", platform_key="webhook", settings={"url": url}
    )
    asked = '{ channels(filter: {nameContains: "Hook"}) { nodes { settings } } }'

    whole = await client.data(asked)
    masked = await client.without(Permission.CHANNELS_WRITE).data(asked)

    assert whole["channels"]["nodes"] == [{"settings": {"url": url}}]
    assert masked["channels"]["nodes"] == [{"settings": {"url": "https://hooks.example:8443/…"}}]
