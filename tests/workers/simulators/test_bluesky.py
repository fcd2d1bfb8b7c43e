"""The simulated network behaves as a real one was seen to."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from workers.simulators import bluesky_control, bluesky_pages
from workers.simulators.bluesky import CONTROL, create_simulator, routes
from workers.simulators.bluesky_world import content_id
from workers.simulators.serving import served

POST = "app.bsky.feed.post"
KEY = "3kaaaaaaaaa2a"
RECORD = {"$type": POST, "text": "Hello", "createdAt": "2026-03-01T12:00:00.000Z"}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def base(clock: Clock) -> Iterator[str]:
    with served(create_simulator(clock=clock)) as address:
        yield address


@pytest.fixture
async def web(base: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=base, trust_env=False, verify=False) as client:
        yield client


class User:
    """Somebody who is logged in."""

    def __init__(self, web: httpx.AsyncClient, joined: dict[str, Any], session: Any) -> None:
        self.web = web
        self.joined = joined
        self.did = joined["did"]
        self.session = session

    async def ask(self, name: str, **params: Any) -> httpx.Response:
        return await self.web.get(f"/xrpc/{name}", params=params, headers=self.headers)

    async def tell(self, name: str, **body: Any) -> httpx.Response:
        return await self.web.post(f"/xrpc/{name}", json=body, headers=self.headers)

    async def put(self, record: Any, *, rkey: str = KEY, **more: Any) -> httpx.Response:
        return await self.tell(
            "com.atproto.repo.putRecord",
            repo=self.did,
            collection=record["$type"],
            rkey=rkey,
            record=record,
            **more,
        )

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.session['accessJwt']}"}


async def control(web: httpx.AsyncClient, path: str, **body: Any) -> Any:
    return (await web.post(f"{CONTROL}{path}", json=body)).raise_for_status().json()


async def a_user(web: httpx.AsyncClient, name: str) -> User:
    joined = await control(web, "accounts", username=name)
    secrets = joined["secrets"]
    asked = {"identifier": secrets["identifier"], "password": secrets["app_password"]}
    session = await web.post("/xrpc/com.atproto.server.createSession", json=asked)
    return User(web, joined, session.json())


@pytest.fixture
async def ann(web: httpx.AsyncClient) -> User:
    return await a_user(web, "ann")


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def test_every_route_names_what_it_imitates() -> None:
    made = [*routes(), *bluesky_control.routes(prefix="/"), *bluesky_pages.routes()]

    assert all((route.endpoint.__doc__ or "").strip() for route in made)  # type: ignore[attr-defined]  # all are routes


async def test_an_account_is_made_ready_to_connect(ann: User, base: str) -> None:
    assert ann.joined["settings"] == {"service": base, "app": base}
    assert ann.joined["secrets"]["identifier"] == "ann.test"
    assert (ann.session["did"], ann.session["handle"]) == (ann.did, "ann.test")
    again = await control(ann.web, "accounts", username="ann")
    assert again == ann.joined


async def test_the_same_record_twice_is_one_and_another_takes_its_place_only_when_allowed(
    ann: User,
) -> None:
    first = await ann.put(RECORD, swapRecord=None)
    again = await ann.put(RECORD, swapRecord=None)
    other = await ann.put({**RECORD, "text": "Other"}, swapRecord=None)
    forced = await ann.put({**RECORD, "text": "Forced"})

    assert "commit" in first.json()
    assert "commit" not in again.json()
    assert (again.json()["uri"], again.json()["cid"]) == (
        first.json()["uri"],
        first.json()["cid"],
    )
    assert refusal(other) == (400, "InvalidSwap")
    assert forced.status_code == 200
    ledger = (await ann.web.get(f"{CONTROL}ledger?account=ann")).json()["statuses"]
    assert [one["text"] for one in ledger] == ["Hello", "Forced"]


async def test_creating_under_a_taken_key_is_a_500(ann: User) -> None:
    await ann.put(RECORD)

    answer = await ann.tell(
        "com.atproto.repo.createRecord", repo=ann.did, collection=POST, rkey=KEY, record=RECORD
    )

    assert refusal(answer) == (500, "InternalServerError")


async def test_a_record_that_is_not_there_is_400_and_deleting_it_is_200(ann: User) -> None:
    named = {"repo": ann.did, "collection": POST, "rkey": KEY}
    await ann.put(RECORD)
    deleted = [await ann.tell("com.atproto.repo.deleteRecord", **named) for _ in range(2)]

    missing = await ann.web.get("/xrpc/com.atproto.repo.getRecord", params=named)

    assert [answer.status_code for answer in deleted] == [200, 200]
    assert refusal(missing) == (400, "RecordNotFound")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": "x" * 301}, "grapheme too big (maximum 300, got 301)"),
        ({"text": "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}" * 200}, "string too big (maximum 3000"),
        ({"createdAt": "today"}, "Invalid datetime"),
        ({"tags": ["x"] * 9}, "array too big (maximum 8)"),
        ({"langs": ["en"] * 4}, "array too big (maximum 3)"),
        ({"text": None}, "Expected string"),
    ],
)
async def test_a_record_that_breaks_the_lexicon_is_400(
    ann: User, change: dict[str, Any], said: str
) -> None:
    answer = await ann.put({**RECORD, **change})

    assert refusal(answer) == (400, "InvalidRequest")
    assert said in answer.json()["message"]


async def test_a_key_that_is_no_time_and_a_picture_nobody_uploaded_are_refused(ann: User) -> None:
    blob = {"$type": "blob", "ref": {"$link": content_id(b"x", codec=0x55)}, "size": 1}
    embed = {"$type": "app.bsky.embed.images", "images": [{"alt": "", "image": blob}]}

    assert refusal(await ann.put(RECORD, rkey="self")) == (400, "InvalidRequest")
    assert refusal(await ann.put({**RECORD, "embed": embed})) == (400, "BlobNotFound")


async def test_bad_expired_and_missing_tokens_are_told_apart(ann: User, clock: Clock) -> None:
    fresh = await ann.ask("app.bsky.actor.getProfile", actor=ann.did)
    clock.now += timedelta(hours=2)
    expired = await ann.ask("app.bsky.actor.getProfile", actor=ann.did)
    refresh = {"Authorization": f"Bearer {ann.session['refreshJwt']}"}
    renewed = await ann.web.post("/xrpc/com.atproto.server.refreshSession", headers=refresh)
    twice = await ann.web.post("/xrpc/com.atproto.server.refreshSession", headers=refresh)
    missing = await ann.web.get("/xrpc/app.bsky.actor.getProfile")

    assert fresh.json()["displayName"] == "Ann"
    assert refusal(expired) == (400, "ExpiredToken")
    assert renewed.json()["did"] == ann.did
    assert refusal(twice) == (400, "InvalidToken")
    assert refusal(missing) == (401, "AuthMissing")


async def test_the_thirty_first_login_in_five_minutes_is_too_many(ann: User, clock: Clock) -> None:
    async def login(password: str) -> httpx.Response:
        asked = {"identifier": "ann.test", "password": password}
        return await ann.web.post("/xrpc/com.atproto.server.createSession", json=asked)

    wrong = [await login("wrong") for _ in range(29)]
    right = ann.joined["secrets"]["app_password"]
    refused = await login(right)
    clock.now += timedelta(minutes=5)

    assert {refusal(answer) for answer in wrong} == {(401, "AuthenticationRequired")}
    assert refusal(refused) == (429, "RateLimitExceeded")
    assert refused.headers["ratelimit-reset"] == str(int(clock.now.timestamp()))
    assert (await login(right)).status_code == 200


async def test_a_conversation_is_cut_off_where_it_gets_too_deep(ann: User) -> None:
    root = (await ann.put(RECORD)).json()["uri"]
    answer = await control(ann.web, "answer", account="ben", post=root, text="One")
    await control(ann.web, "answer", account="ben", post=answer["id"], text="Two")

    found = (await ann.ask("app.bsky.feed.getPostThread", uri=root, depth=1)).json()["thread"]

    assert found["post"]["replyCount"] == 1
    (one,) = found["replies"]
    assert one["post"]["record"]["reply"]["root"]["uri"] == root
    assert one["post"]["replyCount"] == 1
    assert "replies" not in one


async def test_the_index_may_be_behind_or_away(ann: User) -> None:
    await control(ann.web, "settings", behind=True)
    uri = (await ann.put(RECORD)).json()["uri"]
    unseen = (await ann.ask("app.bsky.feed.getPosts", uris=[uri])).json()["posts"]
    not_found = await ann.ask("app.bsky.feed.getPostThread", uri=uri)
    await control(ann.web, "settings", behind=False, appview=False)
    away = await ann.ask("app.bsky.feed.getPosts", uris=[uri])
    await control(ann.web, "settings", appview=True)
    seen = (await ann.ask("app.bsky.feed.getPosts", uris=[uri])).json()["posts"]

    assert unseen == []
    assert refusal(not_found) == (400, "NotFound")
    assert refusal(away) == (502, "UpstreamFailure")
    assert [one["uri"] for one in seen] == [uri]


async def test_others_like_repost_and_answer(ann: User) -> None:
    uri = (await ann.put(RECORD)).json()["uri"]
    for act in ("like", "repost"):
        await control(ann.web, act, account="ben", post=uri)
    await control(ann.web, "answer", account="ben", post=uri, text="Yes")

    (view,) = (await ann.ask("app.bsky.feed.getPosts", uris=[uri])).json()["posts"]

    counts = ("likeCount", "repostCount", "replyCount", "quoteCount")
    assert [view[name] for name in counts] == [1, 1, 1, 0]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"repo":"ann.test"}', b"\xff"])
async def test_a_malformed_body_is_400_and_not_a_crash(ann: User, body: bytes) -> None:
    answer = await ann.web.post(
        "/xrpc/com.atproto.repo.putRecord", content=body, headers=ann.headers
    )

    assert refusal(answer) == (400, "InvalidRequest")


async def test_a_stranger_cannot_write_for_another(ann: User, web: httpx.AsyncClient) -> None:
    ben = await a_user(web, "ben")

    answer = await ben.tell(
        "com.atproto.repo.putRecord", repo=ann.did, collection=POST, rkey=KEY, record=RECORD
    )

    assert refusal(answer) == (401, "AuthenticationRequired")


async def test_a_person_can_open_the_link_of_a_post(ann: User) -> None:
    upload = await ann.web.post(
        "/xrpc/com.atproto.repo.uploadBlob",
        content=b"\x89PNG picture",
        headers={**ann.headers, "Content-Type": "image/png"},
    )
    image = {"alt": 'A "boat"', "image": upload.json()["blob"]}
    text = "<b>Été</b> https://a.example"
    link = {
        "index": {"byteStart": 13, "byteEnd": 30},
        "features": [{"uri": "https://a.example"}],
    }
    embed = {"$type": "app.bsky.embed.images", "images": [image]}
    uri = (await ann.put({**RECORD, "text": text, "embed": embed, "facets": [link]})).json()["uri"]
    await control(ann.web, "answer", account="ben", post=uri, text="Lovely")

    page = await ann.web.get(f"/profile/{ann.did}/post/{KEY}")
    others = [await ann.web.get(path) for path in ("/", "/profile/ben.test")]
    missing = await ann.web.get(f"/profile/{ann.did}/post/3kaaaaaaaaa2b")
    shown = await ann.web.get(f"/blob/{image['image']['ref']['$link']}")

    assert "&lt;b&gt;Été&lt;/b&gt;" in page.text
    assert '<a href="https://a.example" rel="nofollow">https://a.example</a>' in page.text
    assert 'alt="A &quot;boat&quot;"' in page.text
    assert "Lovely" in page.text
    assert all("Lovely" in other.text for other in others)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert missing.status_code == 404
    assert (shown.content, shown.headers["content-type"]) == (b"\x89PNG picture", "image/png")
