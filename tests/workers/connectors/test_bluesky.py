"""What is special about the AT Protocol: keys that are times, sessions, facets, gates, threads."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from tests.workers.connectors.conftest import PlaceMaker
from tests.workers.connectors.places import (
    PICTURE,
    PICTURE_HASH,
    Place,
    Shelf,
    a_picture,
    a_sending,
    commit_step,
    publish,
)
from workers.connectors import bluesky_wire as wire
from workers.connectors.bluesky_failures import failure
from workers.connectors.bluesky_posts import message_of
from workers.connectors.bluesky_session import Session
from workers.connectors.errors import (
    Gone,
    NeedsAuth,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
    Unsupported,
)
from workers.connectors.http import Answer, Http, open_http
from workers.connectors.port import Found, NotFound, Ref, RemoteMessage, Sending
from workers.connectors.registry import connectors

SESSIONS = "/xrpc/com.atproto.server.createSession"
REFRESH = "/xrpc/com.atproto.server.refreshSession"
PUT = "/xrpc/com.atproto.repo.putRecord"
GET = "/xrpc/com.atproto.repo.getRecord"
AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
async def bluesky(place_at: PlaceMaker) -> Place:
    return await place_at("bluesky")


@pytest.fixture
async def stranger(http: Http) -> AsyncIterator[Http]:
    """Another process: it has no session yet."""
    async with open_http(allow=http._allow) as other:
        yield other


async def record_of(place: Place) -> dict[str, Any]:
    (stored,) = await place.stored()
    return dict(stored["record"])


def fixed(place: Place, *texts: str, **more: Any) -> Sending:
    """Return a sending whose frozen facts are known."""
    sending = a_sending(place, *texts, **more)
    return replace(sending, created_at=AT, idempotency_key=UUID(int=7))


async def test_a_post_is_written_exactly_as_it_was_approved(bluesky: Place) -> None:
    text = "Été: https://a.example/x #harbour"
    sending = fixed(bluesky, text, settings={"languages": ["fr"], "labels": ["nudity"]})

    story = await publish(bluesky, sending)

    assert await record_of(bluesky) == {
        "$type": "app.bsky.feed.post",
        "text": text,
        "createdAt": "2026-03-01T12:00:00.123Z",
        "langs": ["fr"],
        "labels": {
            "$type": "com.atproto.label.defs#selfLabels",
            "values": [{"val": "nudity"}],
        },
        "facets": [
            {
                "index": {"byteStart": 7, "byteEnd": 26},
                "features": [
                    {"$type": "app.bsky.richtext.facet#link", "uri": "https://a.example/x"}
                ],
            },
            {
                "index": {"byteStart": 27, "byteEnd": 35},
                "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "harbour"}],
            },
        ],
    }
    (ref,) = story.refs
    did, rkey = bluesky.account.identity, wire.rkey_of(sending, commit_step(bluesky, sending))
    assert ref.remote_id == f"at://{did}/app.bsky.feed.post/{rkey}"
    assert ref.url == f"{bluesky.account.settings['app']}/profile/{did}/post/{rkey}"
    assert ref.published_at == datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)
    assert ref.extra == {"uri": ref.remote_id, "cid": ref.extra["cid"]}
    assert ref.extra["cid"].startswith("bafyrei")


async def test_pictures_are_uploaded_once_and_described(bluesky: Place) -> None:
    sending = a_sending(bluesky, media=(a_picture("A boat"), a_picture("The same boat")))

    story = await publish(bluesky, sending)

    assert story.steps == ["upload:0.0", "commit:0"]
    embed = (await record_of(bluesky))["embed"]
    blob = {
        "$type": "blob",
        "ref": {"$link": story.sending.checkpoint["media"][PICTURE_HASH]["ref"]["$link"]},
        "mimeType": "image/png",
        "size": len(PICTURE),
    }
    shape = {"width": 3, "height": 2}
    assert embed == {
        "$type": "app.bsky.embed.images",
        "images": [
            {"alt": "A boat", "image": blob, "aspectRatio": shape},
            {"alt": "The same boat", "image": blob, "aspectRatio": shape},
        ],
    }


async def test_uploads_that_the_server_has_thrown_away_are_sent_again_once(
    bluesky: Place,
) -> None:
    uploaded = await publish(bluesky, a_sending(bluesky, media=(a_picture(),)), steps=1)
    await bluesky.adjust(forget_blobs=True)

    story = await publish(bluesky, uploaded.sending)

    assert story.steps == ["commit:0", "upload:0.0", "commit:0"]
    assert len(story.refs) == len(await bluesky.stored()) == 1


async def test_uploads_that_are_gone_again_are_a_refusal(bluesky: Place) -> None:
    uploaded = await publish(bluesky, a_sending(bluesky, media=(a_picture(),)), steps=1)
    await bluesky.adjust(forget_blobs=True)
    again = await publish(bluesky, uploaded.sending, steps=2)
    await bluesky.adjust(forget_blobs=True)

    with pytest.raises(Rejected) as refused:
        await publish(bluesky, again.sending)

    assert refused.value.code == "MEDIA_GONE"
    assert await bluesky.stored() == []


async def test_a_card_is_shown_below_the_first_part_alone(bluesky: Place) -> None:
    card = {"uri": "https://a.example", "title": "A", "description": "B"}
    sending = a_sending(bluesky, "First", "Second")
    fields = {**sending.edition.fields, "card": card, "tags": ["harbour"]}
    sending = replace(sending, edition=replace(sending.edition, fields=fields))

    await publish(bluesky, sending)

    first, second = [one["record"] for one in await bluesky.stored()]
    assert first["embed"] == {"$type": "app.bsky.embed.external", "external": card}
    assert first["tags"] == ["harbour"]
    assert "embed" not in second
    assert "tags" not in second


async def test_a_mention_leads_to_who_it_names_and_nobody_stays_plain_text(
    bluesky: Place, place_at: PlaceMaker
) -> None:
    other = await place_at("bluesky")
    handle = other.account.secrets["identifier"]
    text = f"Hello @{handle.upper()} and @nobody.example and @{handle}"
    sending = a_sending(bluesky, text)

    story = await publish(bluesky, sending)

    assert story.steps == ["mention:0", "mention:1", "commit:0"]
    assert story.sending.checkpoint["mentions"] == {
        handle: other.account.identity,
        "nobody.example": "",
    }
    facets = (await record_of(bluesky))["facets"]
    assert [facet["features"][0]["did"] for facet in facets] == [other.account.identity] * 2


async def test_a_thread_names_its_root_and_the_part_before(bluesky: Place) -> None:
    story = await publish(bluesky, a_sending(bluesky, "One", "Two", "Three"))

    one, two, three = [ref.remote_id for ref in story.refs]
    stored = await bluesky.stored()
    assert [part["in_reply_to_id"] for part in stored] == [None, one, two]
    assert [part["root_id"] for part in stored] == [None, one, one]
    assert [uri.rpartition("/")[2] for uri in (one, two, three)] == sorted(
        uri.rpartition("/")[2] for uri in (one, two, three)
    )
    made = [datetime.fromisoformat(part["created_at"]) for part in stored]
    assert [later - made[0] for later in made] == [timedelta(milliseconds=n) for n in range(3)]


def test_a_key_is_a_time() -> None:
    assert wire.tid(0, 0) == "2222222222222"
    # What the network's own library (@atproto/common-web 0.5) makes of the same.
    assert wire.tid(1_704_067_200_000_000, 1) == "3khuwc44c2223"
    assert wire.tid(1_767_225_600_123_456, 1023) == "3mbd3546cm2zz"
    assert wire.tid((1 << 53) - 1, 1023) == "b" + "z" * 12


async def test_keys_of_one_moment_do_not_meet(bluesky: Place) -> None:
    sending = fixed(bluesky)
    step = commit_step(bluesky, sending)
    others = [replace(sending, idempotency_key=UUID(int=number)) for number in range(2000)]

    keys = {wire.rkey_of(other, step) for other in others}

    assert len(keys) == 2000
    assert all(re.fullmatch("[234567a-j][234567a-z]{12}", key) for key in keys)
    assert wire.rkey_of(sending, step) == wire.rkey_of(fixed(bluesky, "Other"), step)


async def test_another_record_under_the_key_is_never_written_over(bluesky: Place) -> None:
    sending = fixed(bluesky, "First")
    step = commit_step(bluesky, sending)
    await publish(bluesky, sending)
    other = replace(fixed(bluesky, "Second"), created_at=AT + timedelta(milliseconds=1))

    found = await bluesky.connector.find_existing(other, step, AT)
    with pytest.raises(Rejected) as refused:
        await bluesky.connector.perform(other, step, Shelf())

    assert found == NotFound(strong=True)
    assert refused.value.code == "TAKEN"
    assert [one["text"] for one in await bluesky.stored()] == ["First"]


async def test_creating_under_a_taken_key_is_a_500_which_is_why_it_is_put(bluesky: Place) -> None:
    sending = fixed(bluesky, "First")
    await publish(bluesky, sending)
    body = wire.body_of(sending, commit_step(bluesky, sending))
    session = await bluesky.connector._sessions.of(bluesky.account)  # type: ignore[attr-defined]  # a look inside

    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(
            f"{bluesky.base}/xrpc/com.atproto.repo.createRecord",
            json=body,
            headers={"Authorization": f"Bearer {session.access}"},
        )

    assert (answer.status_code, answer.json()["error"]) == (500, "InternalServerError")


# Sessions


async def logins(place: Place) -> int:
    """Return how many logins are left to be refused: the account may log in thirty times."""
    for count in range(31):
        answer = await login(place)
        if answer.status_code == 429:
            return 30 - count
    raise AssertionError


async def login(place: Place) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(
            f"{place.base}{SESSIONS}",
            json={
                "identifier": place.account.secrets["identifier"],
                "password": place.account.secrets["app_password"],
            },
        )


async def test_one_login_serves_many_requests(bluesky: Place) -> None:
    for _ in range(3):
        await publish(bluesky, a_sending(bluesky, media=(a_picture(),)))

    assert await logins(bluesky) == 1


async def test_many_at_once_log_in_once(bluesky: Place, stranger: Http) -> None:
    connector = connectors(stranger)["bluesky"]
    place = replace(bluesky, connector=connector)

    await asyncio.gather(*(publish(place, a_sending(place)) for _ in range(8)))

    assert len(await bluesky.stored()) == 8
    # One for the check that made the account, one for all of these.
    assert await logins(bluesky) == 2


async def test_an_expired_session_is_renewed_within_the_step_and_nothing_is_sent_twice(
    bluesky: Place,
) -> None:
    await publish(bluesky, a_sending(bluesky, "Before"))
    await bluesky.adjust(offset_seconds=7201)

    await publish(bluesky, a_sending(bluesky, "After"))

    assert [one["text"] for one in await bluesky.stored()] == ["Before", "After"]
    # It was refreshed: the only login, the one of the check, is out of the window by now.
    assert await logins(bluesky) == 0


async def test_a_session_that_another_task_renewed_and_that_ran_out_since_is_renewed_again(
    bluesky: Place,
) -> None:
    for _ in range(2):
        await bluesky.fault("status", path=PUT, status=400, said="ExpiredToken")

    await publish(bluesky, a_sending(bluesky))

    assert len(await bluesky.stored()) == 1


async def test_a_token_that_is_expired_however_often_it_is_renewed_needs_a_person(
    bluesky: Place,
) -> None:
    await bluesky.fault("status", path=PUT, status=400, said="ExpiredToken", count=0)
    sending = a_sending(bluesky)

    with pytest.raises(NeedsAuth, match="ExpiredToken"):
        await bluesky.connector.perform(sending, commit_step(bluesky, sending), Shelf())

    assert await bluesky.stored() == []


async def test_a_session_whose_refresh_is_over_is_a_new_login(bluesky: Place) -> None:
    await bluesky.adjust(offset_seconds=91 * 86_400)

    await publish(bluesky, a_sending(bluesky))

    assert len(await bluesky.stored()) == 1
    assert await logins(bluesky) == 1


async def test_a_server_that_forgot_all_sessions_is_logged_in_to_again(bluesky: Place) -> None:
    await bluesky.adjust(forget_tokens=True)

    await publish(bluesky, a_sending(bluesky))

    assert len(await bluesky.stored()) == 1


@pytest.mark.parametrize("effect", ["drop_after", "html", "hang_after"])
async def test_a_login_that_gets_lost_was_no_commit(
    bluesky: Place, http: Http, effect: str
) -> None:
    await bluesky.fault(effect, path=SESSIONS)
    sending = a_sending(bluesky)
    async with open_http(allow=http._allow, deadline=0.5) as other:
        with pytest.raises(NotSent):
            await connectors(other)["bluesky"].perform(
                sending, commit_step(bluesky, sending), Shelf()
            )

    assert await bluesky.stored() == []


async def test_an_answer_lost_after_a_renewal_is_still_in_doubt(bluesky: Place) -> None:
    await bluesky.adjust(forget_tokens=True)
    sending = a_sending(bluesky)
    step = commit_step(bluesky, sending)
    # The first request is refused for its token; only the second one is stored.
    await bluesky.fault("status", path=PUT, status=400, said="InvalidToken")
    await bluesky.fault("drop_after", path=PUT)

    with pytest.raises(OutcomeUnknown):
        await bluesky.connector.perform(sending, step, Shelf())

    assert len(await bluesky.stored()) == 1
    assert isinstance(await bluesky.connector.find_existing(sending, step, AT), Found)


async def test_too_many_logins_are_a_rate_limit_that_ends(bluesky: Place, stranger: Http) -> None:
    while (await login(bluesky)).status_code == 200:
        pass

    with pytest.raises(RateLimited) as limited:
        await connectors(stranger)["bluesky"].check(bluesky.account)

    assert limited.value.retry_after is not None
    assert timedelta(minutes=4) < limited.value.retry_after <= timedelta(minutes=5)


async def test_a_password_that_was_withdrawn_is_noticed_by_a_check(bluesky: Place) -> None:
    withdrawn = replace(
        bluesky.account, secrets={**bluesky.account.secrets, "app_password": "aaaa-bbbb-cccc"}
    )

    with pytest.raises(NeedsAuth) as refused:
        await bluesky.connector.check(withdrawn)

    assert refused.value.code == "AuthenticationRequired"
    assert "aaaa-bbbb-cccc" not in str(refused.value)


async def test_other_credentials_never_use_the_session_of_the_old_ones(bluesky: Place) -> None:
    await publish(bluesky, a_sending(bluesky))
    wrong = replace(
        bluesky.account, secrets={**bluesky.account.secrets, "app_password": "aaaa-bbbb-cccc"}
    )

    with pytest.raises(NeedsAuth):
        await bluesky.connector.fetch_metrics(wrong, [Ref(remote_id="at://x/y/z")])


async def test_a_server_of_another_kind_is_no_place_for_this(
    place_at: PlaceMaker, bluesky: Place
) -> None:
    elsewhere = await place_at("mastodon")
    account = replace(
        bluesky.account, settings={**bluesky.account.settings, "service": elsewhere.base}
    )

    with pytest.raises(Unsupported):
        await bluesky.connector.check(account)


def test_tokens_are_not_shown() -> None:
    session = Session(did="d", handle="h", access="acc-token", refresh="ref-token", credentials="c")

    assert "token" not in repr(session)


# Failures


def an_answer(status: int, body: bytes, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=httpx.Headers(named), body=body, host="pds.example")


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, b'{"error":"ExpiredToken","message":"Token has expired"}', NeedsAuth, "ExpiredToken"),
        (400, b'{"error":"InvalidToken"}', NeedsAuth, "InvalidToken"),
        (401, b'{"error":"AccountTakedown"}', NeedsAuth, "AccountTakedown"),
        (401, b"<html>", NeedsAuth, ""),
        (400, b'{"error":"RecordNotFound"}', Gone, "RecordNotFound"),
        (400, b'{"error":"NotFound"}', Gone, "NotFound"),
        (400, b'{"error":"InvalidSwap","message":"Record was at b"}', Rejected, "TAKEN"),
        (400, b'{"error":"RateLimitExceeded"}', RateLimited, ""),
        (429, b"", RateLimited, ""),
        (502, b'{"error":"UpstreamFailure"}', Transient, ""),
        (400, b'{"error":"UpstreamTimeout"}', Transient, ""),
        (500, b'{"error":"InternalServerError"}', Transient, ""),
        (413, b'{"error":"PayloadTooLarge","message":"x"}', Rejected, "REFUSED"),
        (
            400,
            b'{"error":"InvalidRequest","message":"grapheme too big (maximum 300, got 301)"}',
            Rejected,
            "TEXT_TOO_LONG",
        ),
        (400, b'{"error":["odd"],"message":{}}', Rejected, "REFUSED"),
        (400, b"[1]", Rejected, "REFUSED"),
    ],
)
def test_an_error_is_known_by_its_code_before_its_status(
    status: int, body: bytes, kind: type[Exception], code: str
) -> None:
    error = failure(an_answer(status, body))

    assert type(error) is kind
    assert error.code == code


def test_only_a_rate_limit_waits_for_the_limit_to_begin_anew() -> None:
    headers = {
        "ratelimit_reset": "1767225900",
        "date": "Thu, 01 Jan 2026 00:00:00 GMT",
    }

    limited = failure(an_answer(429, b"{}", **headers))
    unwell = failure(an_answer(503, b"{}", **headers))

    assert limited.retry_after == timedelta(seconds=300)
    assert unwell.retry_after is None
    assert failure(an_answer(503, b"{}", retry_after="7")).retry_after == timedelta(seconds=7)


# Looking back


async def test_what_was_changed_elsewhere_or_hidden_by_moderators_is_seen(bluesky: Place) -> None:
    story = await publish(bluesky, a_sending(bluesky, "Words", media=(a_picture("A boat"),)))
    stands = await bluesky.connector.read_back(story.sending, 0)
    await bluesky.ask("POST", "label", json={"post": story.refs[0].remote_id, "val": "!takedown"})
    hidden = await bluesky.connector.read_back(story.sending, 0)
    part = story.sending.edition.parts[0]
    described = replace(part, media=(a_picture("Another boat"),))
    edition = replace(story.sending.edition, parts=(described,))
    changed = await bluesky.connector.read_back(replace(story.sending, edition=edition), 0)

    assert (stands.found, stands.changed, stands.hidden) == (True, False, False)
    assert (stands.text, stands.url) == ("Words", story.refs[0].url)
    assert (hidden.changed, hidden.hidden) == (False, True)
    assert changed.changed is True


async def test_a_post_can_be_read_back_while_the_network_is_away(bluesky: Place) -> None:
    story = await publish(bluesky, a_sending(bluesky))
    await bluesky.adjust(appview=False)

    seen = await bluesky.connector.read_back(story.sending, 0)

    assert (seen.found, seen.changed) == (True, False)
    with pytest.raises(Transient):
        await bluesky.connector.fetch_metrics(bluesky.account, story.refs)
    with pytest.raises(Transient):
        await bluesky.connector.fetch_messages(bluesky.account, story.refs, "")
    assert (await bluesky.connector.check(bluesky.account)).name.startswith("user")


async def test_counters_are_read_for_many_posts_and_the_missing_are_left_out(
    bluesky: Place,
) -> None:
    story = await publish(bluesky, a_sending(bluesky, *(f"Part {n}" for n in range(25))))
    first = story.refs[0].remote_id
    for who in ("ann", "ben"):
        await bluesky.ask("POST", "like", json={"account": who, "post": first})
    await bluesky.ask("POST", "repost", json={"account": "ann", "post": first})
    await bluesky.ask("POST", "answer", json={"account": "ann", "post": first, "text": "Yes"})
    gone = Ref(remote_id="at://did:plc:a/app.bsky.feed.post/b")

    measured = await bluesky.connector.fetch_metrics(bluesky.account, [*story.refs, gone])

    assert [one.ref for one in measured] == story.refs
    assert measured[0].counters == {"LIKES": 2, "SHARES": 1, "REPLIES": 1, "QUOTES": 0}
    # The next part of a thread is no answer to it.
    assert {one.counters["REPLIES"] for one in measured[1:]} == {0}
    assert all(one.approximate for one in measured)


# Answers


async def answered(place: Place, post: str, text: str, who: str = "ann", **more: Any) -> str:
    body = {"account": who, "post": post, "text": text, **more}
    return str((await place.ask("POST", "answer", json=body)).json()["id"])


async def messages(place: Place, refs: list[Ref]) -> list[RemoteMessage]:
    page = await place.connector.fetch_messages(place.account, refs, "")
    assert (page.cursor, page.more) == ("", False)
    return sorted(page.messages, key=lambda message: message.text)


async def test_answers_come_back_once_each_with_all_that_a_reply_needs(bluesky: Place) -> None:
    story = await publish(bluesky, a_sending(bluesky, "One", "Two"))
    first, second = story.refs
    to_first = await answered(bluesky, first.remote_id, "a: to the first")
    to_second = await answered(bluesky, second.remote_id, "b: to the second")
    to_answer = await answered(bluesky, to_first, "c: to an answer", who="ben")

    found = await messages(bluesky, [first, second])

    assert [one.remote_id for one in found] == [to_first, to_second, to_answer]
    assert [one.parent_remote_id for one in found] == [
        first.remote_id,
        second.remote_id,
        to_first,
    ]
    assert {one.root_remote_id for one in found} == {first.remote_id}
    assert found[2].person.handle == "ben.test"
    assert found[2].person.name == "Ben"
    assert found[0].html == "<p>a: to the first</p>"
    for message in found:
        assert message.extra["root_uri"] == first.remote_id
        assert message.extra["root_cid"] == first.extra["cid"]
        assert message.extra["cid"].startswith("bafyrei")
        assert message.url.startswith(f"{bluesky.base}/profile/did:plc:")


async def test_what_a_message_knows_makes_a_reply_pure_and_nothing_makes_it_look(
    bluesky: Place,
) -> None:
    story = await publish(bluesky, a_sending(bluesky, "One"))
    await answered(bluesky, story.refs[0].remote_id, "When?")
    (message,) = await messages(bluesky, story.refs)
    knowing = Ref(remote_id=message.remote_id, extra={**message.extra, "thread_id": "x"})
    unknowing = Ref(remote_id=message.remote_id, extra={"thread_id": "x"})

    short = await publish(bluesky, a_sending(bluesky, "At nine.", in_reply_to=knowing))
    long = await publish(bluesky, a_sending(bluesky, "At ten.", in_reply_to=unknowing))

    assert short.steps == ["commit:0"]
    assert long.steps == ["parent", "commit:0"]
    replies = [one["record"]["reply"] for one in (await bluesky.stored())[1:]]
    assert (
        replies[0]
        == replies[1]
        == {
            "root": {"uri": story.refs[0].remote_id, "cid": story.refs[0].extra["cid"]},
            "parent": {"uri": message.remote_id, "cid": message.extra["cid"]},
        }
    )
    assert [one.remote_id for one in await messages(bluesky, story.refs)] == [message.remote_id]


async def test_no_answer_is_missed_however_late_or_back_dated_it_is(bluesky: Place) -> None:
    story = await publish(bluesky, a_sending(bluesky))
    post = story.refs[0].remote_id
    await answered(bluesky, post, "1 at once")
    seen = {one.remote_id for one in await messages(bluesky, story.refs)}
    late = await answered(bluesky, post, "2 back-dated", created_at="2001-01-01T00:00:00Z")
    odd = await answered(bluesky, post, "3 to come", created_at="2101-01-01T00:00:00Z")
    await bluesky.adjust(behind=True)
    unseen = await answered(bluesky, post, "4 not indexed yet")
    found = await messages(bluesky, story.refs)
    await bluesky.adjust(behind=False)
    later = await messages(bluesky, story.refs)

    assert [one.remote_id for one in found if one.remote_id not in seen] == [late, odd]
    assert [one.remote_id for one in later[3:]] == [unseen]
    assert later[1].published_at == datetime(2001, 1, 1, tzinfo=UTC)


async def test_a_conversation_is_followed_where_the_network_cuts_it_off(bluesky: Place) -> None:
    story = await publish(bluesky, a_sending(bluesky))
    await bluesky.adjust(depth_max=3)
    at = story.refs[0].remote_id
    for number in range(8):
        at = await answered(bluesky, at, f"{number}")

    found = await messages(bluesky, story.refs)

    assert [one.text for one in found] == [f"{number}" for number in range(8)]


async def test_a_post_that_is_gone_has_no_answers_and_no_error(bluesky: Place) -> None:
    story = await publish(bluesky, a_sending(bluesky))
    await bluesky.connector.delete(bluesky.account, story.refs[0])

    assert await messages(bluesky, story.refs) == []


def a_view(**record: Any) -> dict[str, Any]:
    return {
        "uri": "at://did:plc:a/app.bsky.feed.post/b",
        "cid": "bafyrei",
        "author": {"did": "did:plc:a", "handle": "ann.test"},
        "record": {"text": "", "createdAt": "2026-01-01T00:00:00Z", **record},
        "indexedAt": "2026-01-02T00:00:00.000Z",
    }


@pytest.mark.parametrize(
    ("said", "believed"),
    [
        ("2026-01-01T12:00:00+02:00", "2026-01-01T10:00:00+00:00"),
        ("2030-01-01T00:00:00Z", "2026-01-02T00:00:00+00:00"),
        ("2026-01-01T00:00:00", "2026-01-02T00:00:00+00:00"),
        ("yesterday", "2026-01-02T00:00:00+00:00"),
        ("0001-01-01T00:00:00+14:00", "2026-01-02T00:00:00+00:00"),
        ("9999-12-31T23:59:59-14:00", "2026-01-02T00:00:00+00:00"),
        (None, "2026-01-02T00:00:00+00:00"),
    ],
)
def test_what_an_author_says_about_the_time_is_believed_within_reason(
    said: str | None, believed: str
) -> None:
    message = message_of(a_view(createdAt=said), Ref(remote_id="r"), app="https://bsky.app")

    assert message.published_at.isoformat() == believed


def test_links_of_others_are_escaped_and_nonsense_is_not_followed() -> None:
    def link(start: object, end: object, uri: object) -> dict[str, Any]:
        return {"index": {"byteStart": start, "byteEnd": end}, "features": [{"uri": uri}]}

    facets = [
        link(4, 8, 'https://a.example/"x'),
        link(4, 8, "https://overlapping.example"),
        link(0, 999, "https://a.example"),
        link("0", 2, "https://a.example"),
        link(0, 2, "javascript:alert(1)"),
        {"features": None},
        "nonsense",
    ]

    message = message_of(
        a_view(text="<é> here\n&", facets=facets), Ref(remote_id="r"), app="https://bsky.app"
    )

    assert message.text == "<é> here\n&"
    assert message.html == (
        '<p>&lt;é&gt;<a href="https://a.example/&quot;x"> her</a>e<br>&amp;</p>'
    )


# Hiding


async def gate_of(place: Place, root: Ref) -> Any:
    key = root.remote_id.rpartition("/")[2]
    stored = await place.connector._record(place.account, wire.GATE, key)  # type: ignore[attr-defined]  # a look inside
    return stored and stored["value"]


async def test_an_answer_is_hidden_and_shown_again_and_twice_is_once(bluesky: Place) -> None:
    root = (await publish(bluesky, a_sending(bluesky))).refs[0]
    await answered(bluesky, root.remote_id, "Rude")
    await answered(bluesky, root.remote_id, "Ruder")
    rude, ruder = [
        Ref(remote_id=one.remote_id, extra=one.extra) for one in await messages(bluesky, [root])
    ]
    hide = bluesky.connector.hide

    for message in (rude, ruder, rude):
        await hide(bluesky.account, message, root=root, hidden=True)
    both = await gate_of(bluesky, root)
    for message in (rude, rude):
        await hide(bluesky.account, message, root=root, hidden=False)
    one = await gate_of(bluesky, root)

    assert both["hiddenReplies"] == [rude.remote_id, ruder.remote_id]
    assert both["post"] == root.remote_id
    assert "allow" not in both
    assert one == {**both, "hiddenReplies": [ruder.remote_id]}


async def test_what_was_never_hidden_needs_no_gate_to_be_shown(bluesky: Place) -> None:
    root = (await publish(bluesky, a_sending(bluesky))).refs[0]

    await bluesky.connector.hide(bluesky.account, Ref(remote_id="at://x"), root=root, hidden=False)

    assert await gate_of(bluesky, root) is None


async def test_what_others_allow_or_hide_meanwhile_is_not_lost(
    bluesky: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = (await publish(bluesky, a_sending(bluesky))).refs[0]
    first, second = (Ref(remote_id=f"at://did:plc:a/app.bsky.feed.post/{n}") for n in "bc")
    connector: Any = bluesky.connector
    write = connector._write

    async def beaten(account: Any, name: str, body: Any) -> Answer:
        """Somebody is faster, in the app of the network."""
        monkeypatch.setattr(connector, "_write", write)
        await connector.hide(account, second, root=root, hidden=True)
        return await write(account, name, body)  # type: ignore[no-any-return]  # patched

    monkeypatch.setattr(connector, "_write", beaten)
    with pytest.raises(Transient):
        await connector.hide(bluesky.account, first, root=root, hidden=True)
    await connector.hide(bluesky.account, first, root=root, hidden=True)

    gate = await gate_of(bluesky, root)
    assert gate["hiddenReplies"] == [second.remote_id, first.remote_id]


async def test_there_is_an_end_to_what_can_be_hidden(bluesky: Place) -> None:
    root = (await publish(bluesky, a_sending(bluesky))).refs[0]
    uris = [f"at://did:plc:a/app.bsky.feed.post/{number}" for number in range(300)]
    key = root.remote_id.rpartition("/")[2]
    gate = {"$type": wire.GATE, "post": root.remote_id, "hiddenReplies": uris}
    body = {
        "repo": bluesky.account.identity,
        "collection": wire.GATE,
        "rkey": key,
        "record": {**gate, "createdAt": "2026-01-01T00:00:00Z", "allow": []},
    }
    connector: Any = bluesky.connector
    await connector._write(bluesky.account, "com.atproto.repo.putRecord", orjson.dumps(body))

    with pytest.raises(Rejected) as refused:
        await bluesky.connector.hide(
            bluesky.account, Ref(remote_id="at://one/more/1"), root=root, hidden=True
        )
    await bluesky.connector.hide(bluesky.account, Ref(remote_id=uris[0]), root=root, hidden=False)

    assert refused.value.code == "TOO_MANY_HIDDEN"
    kept = await gate_of(bluesky, root)
    assert (kept["hiddenReplies"], kept["allow"]) == (uris[1:], [])


async def test_nobody_hides_answers_in_the_conversation_of_another(
    bluesky: Place, place_at: PlaceMaker
) -> None:
    other = await place_at("bluesky")
    root = (await publish(other, a_sending(other))).refs[0]
    ours = (await publish(bluesky, a_sending(bluesky, "Hello", in_reply_to=root))).refs[0]
    below = await answered(bluesky, ours.remote_id, "Rude")
    message = Ref(remote_id=below, extra={"root_uri": root.remote_id})

    with pytest.raises(Unsupported):
        await bluesky.connector.hide(bluesky.account, message, root=ours, hidden=True)
