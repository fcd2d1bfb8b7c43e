"""What reaches an account by itself, and its likes: at every place that knows them."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from hub.channels.platforms.base import Capability
from tests.workers.connectors.conftest import PlaceMaker
from tests.workers.connectors.places import Place, a_sending, publish
from tests.workers.connectors.test_mastodon import as_user
from workers.connectors import bluesky_inbox
from workers.connectors.errors import Gone, Unsupported
from workers.connectors.port import Page, Ref


async def mentioned(ours: Place, theirs: Place, text: str, **more: Any) -> str:
    """Let somebody mention the account; return the post's id."""
    if ours.name == "bluesky":
        body = {"account": "ann", "of": ours.account.identity, "text": text}
        return str((await ours.ask("POST", "mention", json=body)).json()["id"])
    name = ours.account.secrets["username"]
    body = {"status": f"@{name} {text}", **more}
    return str((await as_user(theirs, "POST", "statuses", json=body))["id"])


async def read(place: Place, cursor: str = "") -> Page:
    return await place.connector.fetch_inbox(place.account, cursor)


async def test_places_without_an_inbox_or_likes_say_so(place: Place) -> None:
    able = (await place.connector.check(place.account)).capabilities
    if not {Capability.NOTIFICATIONS, Capability.DIRECT_MESSAGES} & able:
        with pytest.raises(Unsupported):
            await read(place)
    if Capability.LIKE not in able:
        with pytest.raises(Unsupported):
            await place.connector.like(place.account, Ref(remote_id="1"), liked=True)


@pytest.mark.parametrize("name", ["mastodon", "gotosocial", "bluesky"])
async def test_mentions_come_once_behind_the_cursor(place_at: PlaceMaker, name: str) -> None:
    ours, theirs = await place_at(name), await place_at(name)
    first = await mentioned(ours, theirs, "Bonjour !")

    page = await read(ours)
    again = await read(ours, page.cursor)
    second = await mentioned(ours, theirs, "Encore là ?")
    later = await read(ours, page.cursor)

    (message,) = page.messages
    assert message.remote_id == first
    assert "Bonjour !" in message.text
    assert (message.private, message.audience) == (False, "")
    assert message.person.remote_id
    # A network that sorts by what authors claim hands a day over again.
    assert [one.remote_id for one in again.messages] == ([first] if name == "bluesky" else [])
    assert [one.remote_id for one in later.messages][-1:] == [second]
    assert later.cursor >= page.cursor


async def test_what_is_private_is_told_apart_and_keeps_its_language(place_at: PlaceMaker) -> None:
    ours, theirs = await place_at("mastodon"), await place_at("mastodon")
    await mentioned(ours, theirs, "Entre nous", visibility="direct", language="fr")
    await mentioned(ours, theirs, "Pour mes abonnés", visibility="private")

    direct, followers = (await read(ours)).messages

    assert (direct.private, direct.audience, direct.language) == (True, "direct", "fr")
    assert (followers.private, followers.audience) == (False, "private")


async def test_a_private_answer_below_a_post_is_private_and_an_edit_has_its_time(
    place_at: PlaceMaker,
) -> None:
    ours, theirs = await place_at("mastodon"), await place_at("mastodon")
    post = (await publish(ours, a_sending(ours))).refs[0]
    below = {"visibility": "direct", "in_reply_to_id": post.remote_id}
    answer = await mentioned(ours, theirs, "Psst", **below)
    await as_user(
        theirs,
        "PUT",
        f"statuses/{answer}",
        json={"status": f"@{ours.account.secrets['username']} Pssst"},
    )

    page = await ours.connector.fetch_messages(ours.account, [post], "")

    (message,) = page.messages
    assert (message.private, page.whole) == (True, True)
    assert message.edited_at is not None
    gone = await ours.connector.fetch_messages(ours.account, [post, Ref(remote_id="1")], "")
    assert gone.whole is False


async def test_a_page_that_is_full_asks_for_the_next(place_at: PlaceMaker) -> None:
    ours, theirs = await place_at("mastodon"), await place_at("mastodon")
    await mentioned(ours, theirs, "0")
    cursor = (await read(ours)).cursor
    sent = [await mentioned(ours, theirs, str(number)) for number in range(1, 43)]

    first = await read(ours, cursor)
    second = await read(ours, first.cursor)

    assert (first.more, second.more) == (True, False)
    assert [one.remote_id for one in (*first.messages, *second.messages)] == sent


async def test_a_token_that_may_not_read_reads_no_inbox(place_at: PlaceMaker) -> None:
    place = await place_at("writeonly")

    with pytest.raises(Unsupported):
        await read(place)


@pytest.mark.parametrize("name", ["mastodon", "bluesky", "misago"])
async def test_a_like_is_given_once_and_taken_back(place_at: PlaceMaker, name: str) -> None:
    ours, theirs = await place_at(name), await place_at(name)
    (ref,) = (await publish(theirs, a_sending(theirs, f"Aimez-moi {uuid4().hex}"))).refs

    async def likes() -> int:
        (measured,) = await theirs.connector.fetch_metrics(theirs.account, [ref])
        return measured.counters["LIKES"]

    for liked, expected in ((True, 1), (True, 1), (False, 0), (False, 0)):
        await ours.connector.like(ours.account, ref, liked=liked)
        assert await likes() == expected


@pytest.mark.parametrize(
    ("name", "nobody"), [("mastodon", "1"), ("bluesky", "at://did:plc:a/app.bsky.feed.post/b")]
)
async def test_what_is_gone_cannot_be_liked(place_at: PlaceMaker, name: str, nobody: str) -> None:
    place = await place_at(name)

    with pytest.raises(Gone):
        await place.connector.like(place.account, Ref(remote_id=nobody), liked=True)


async def test_a_like_given_elsewhere_is_not_given_again_and_can_be_taken_back(
    place_at: PlaceMaker,
) -> None:
    ours, theirs = await place_at("bluesky"), await place_at("bluesky")
    (ref,) = (await publish(theirs, a_sending(theirs))).refs
    liking = {"account": ours.account.secrets["username"], "post": ref.remote_id}
    await ours.ask("POST", "like", json=liking)

    await ours.connector.like(ours.account, ref, liked=True)
    (measured,) = await theirs.connector.fetch_metrics(theirs.account, [ref])
    assert measured.counters["LIKES"] == 1
    await ours.connector.like(ours.account, replace(ref, extra={}), liked=False)
    (measured,) = await theirs.connector.fetch_metrics(theirs.account, [ref])
    assert measured.counters["LIKES"] == 0


def test_the_key_of_a_like_is_a_tid_and_always_the_same() -> None:
    keys = {bluesky_inbox.like_key(f"at://did:plc:a/app.bsky.feed.post/{n}") for n in range(50)}

    assert len(keys) == 50
    assert all(len(key) == 13 and key[0] in "234567abcdefghij" for key in keys)
