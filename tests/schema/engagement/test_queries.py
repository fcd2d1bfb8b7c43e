"""The inbox: conversations, messages, persons."""

from datetime import timedelta

import pytest

from hub.engagement.models import Direction, Message, Person, Thread
from hub.kernel.caller import Permission
from hub.publishing.models import PublicationState
from schema.base.node import to_global_id
from tests.schema.conftest import Client
from tests.schema.library import NOON, Library


@pytest.fixture
async def thread(library: Library) -> str:
    """A conversation of three: two answers of Zoe, one of the brand; the publication's id."""
    item = await library.an_item(title="One")
    channel = library.channels[0]
    publication = await library.a_publication(
        item, await library.revision_of(item), channel, state=PublicationState.PUBLISHED
    )
    person = await library.rows.add(
        Person, channel_id=channel, remote_id="9", handle="@zoe", name="Zoe", url=""
    )
    thread = await library.rows.add(
        Thread, channel_id=channel, publication_id=publication, last_message_at=NOON
    )
    for number in range(3):
        brand = number == 1
        await library.rows.add(
            Message,
            thread_id=thread,
            channel_id=channel,
            person_id=None if brand else person,
            publication_id=publication if brand else None,
            direction=Direction.OUTBOUND if brand else Direction.INBOUND,
            remote_id=f"m{number}",
            parent_remote_id="",
            text=f"Message {number}",
            html=f"<p>Message {number}</p>",
            url="",
            written_at=NOON + timedelta(minutes=number),
        )
    return to_global_id("Publication", publication)


async def test_a_conversation_hangs_under_its_publication(client: Client, thread: str) -> None:
    answer = await client.ask(
        """query($id: ID!) { node(id: $id) { ... on Publication { thread {
          lastMessageAt publication { id } messages { nodes {
            direction text html writtenAt person { handle messages { totalCount } }
            publication { state } availableActions } } } } } }""",
        id=thread,
    )

    assert answer.errors == []
    assert answer.statements == 1
    found = answer.data["node"]["thread"]
    assert found["publication"] == {"id": thread}
    assert found["lastMessageAt"] == "2026-03-01T12:00:00.123456+00:00"
    assert found["messages"]["nodes"] == [
        {
            "direction": "OUTBOUND" if number == 1 else "INBOUND",
            "text": f"Message {number}",
            "html": f"<p>Message {number}</p>",
            "writtenAt": f"2026-03-01T12:0{number}:00.123456+00:00",
            "person": None if number == 1 else {"handle": "@zoe", "messages": {"totalCount": 2}},
            "publication": {"state": "PUBLISHED"} if number == 1 else None,
            "availableActions": [] if number == 1 else ["MESSAGE_REPLY", "MESSAGE_LIKE"],
        }
        for number in range(3)
    ]


async def test_the_inbox_is_newest_first_and_filtered(client: Client, thread: str) -> None:
    found = await client.data(
        """query($publication: ID!) {
          inbox: messages(filter: {directionIn: [INBOUND]}) { nodes { text } }
          under: messages(filter: {publicationIn: [$publication], textContains: "E 2"}) {
            nodes { text thread { messages { totalCount } } } }
          threads(filter: {publicationIn: [$publication]}) { nodes { channel { name } } }
        }""",
        publication=thread,
    )

    assert found == {
        "inbox": {"nodes": [{"text": "Message 2"}, {"text": "Message 0"}]},
        "under": {"nodes": [{"text": "Message 2", "thread": {"messages": {"totalCount": 3}}}]},
        "threads": {"nodes": [{"channel": {"name": "Channel 1"}}]},
    }


async def test_who_may_not_answer_is_not_offered_to(client: Client, thread: str) -> None:
    reader = client.without(Permission.ENGAGEMENT_REPLY)

    found = await reader.data("{ messages(last: 1) { nodes { availableActions } } }")

    assert found["messages"]["nodes"] == [{"availableActions": []}]
