"""The simulator behaves as the real server is documented to."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from workers.simulators.mastodon import create_simulator, routes
from workers.simulators.mastodon_text import gotosocial_length, html_of, mastodon_length
from workers.simulators.serving import Faults, fault_routes, served

CONTROL = "/api/v1/_sim"
PICTURE = {"file": ("boat.png", b"\x89PNG picture", "image/png")}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["mastodon"])
def base(request: pytest.FixtureRequest, clock: Clock) -> Iterator[str]:
    with served(create_simulator(dialect=request.param, clock=clock)) as address:
        yield address


@pytest.fixture
async def web(base: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=base, trust_env=False, verify=False) as client:
        yield client


class User:
    """Somebody with a token."""

    def __init__(self, web: httpx.AsyncClient, joined: dict[str, str]) -> None:
        self.web = web
        self.id = joined["id"]
        self.headers = {"Authorization": f"Bearer {joined['access_token']}"}

    async def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return await self.web.request(method, f"/api/v1/{path}", headers=headers, **more)

    async def post(self, text: str, **more: Any) -> dict[str, Any]:
        answer = await self.ask("POST", "statuses", json={"status": text, **more})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


async def join(web: httpx.AsyncClient, username: str, **more: str) -> User:
    answer = await web.post(f"{CONTROL}/accounts", json={"username": username, **more})
    return User(web, answer.json())


@pytest.fixture
async def ann(web: httpx.AsyncClient) -> User:
    return await join(web, "ann")


@pytest.fixture
async def bob(web: httpx.AsyncClient) -> User:
    return await join(web, "bob")


def test_every_route_names_what_it_imitates() -> None:
    named = [
        getattr(route, "endpoint", None).__doc__
        for route in (*routes(), *fault_routes(Faults(), prefix="/"))
    ]

    assert len(named) == 31
    assert all(named)


@pytest.mark.parametrize(
    ("text", "warning", "mastodon", "gotosocial"),
    [
        ("hello", "", 5, 5),
        ("hello", "careful", 12, 12),
        ("\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}", "", 1, 5),
        ("https://example.org/" + "x" * 80, "", 23, 100),
        ("http://a.b", "", 23, 10),
        ("@bob@example.org hi", "", 7, 19),
    ],
)
def test_lengths_are_those_of_the_dialects(
    text: str, warning: str, mastodon: int, gotosocial: int
) -> None:
    assert mastodon_length(text, warning) == mastodon
    assert gotosocial_length(text, warning) == gotosocial


def test_a_text_becomes_html_that_runs_nothing() -> None:
    html = html_of(
        '<script>alert("1")</script> https://example.org/?a=1&b="2"\n#tag @ann @nobody',
        base="https://here.example",
        known={"ann": "https://here.example/@ann"},
    )

    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert 'href="https://example.org/?a=1&amp;b="' in html
    assert 'href="https://here.example/@ann"' in html
    assert "@nobody" in html
    assert "@nobody</a>" not in html


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "accounts/verify_credentials"),
        ("GET", "apps/verify_credentials"),
        ("POST", "statuses"),
        ("GET", "statuses?id[]=1"),
        ("GET", "notifications"),
    ],
)
async def test_without_a_token_everything_is_refused(
    web: httpx.AsyncClient, method: str, path: str
) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = await web.request(method, f"/api/v1/{path}", headers=headers)

        assert answer.status_code == 401
        assert answer.json() == {"error": "The access token is invalid"}


async def test_a_narrow_token_is_refused_by_its_scope(web: httpx.AsyncClient) -> None:
    reader = await join(web, "reader", scopes="read")
    writer = await join(web, "writer", scopes="write")

    assert (await reader.ask("POST", "statuses", json={"status": "x"})).status_code == 403
    refused = await writer.ask("GET", "accounts/verify_credentials")
    assert refused.status_code == 403
    assert refused.json() == {"error": "This action is outside the authorized scopes"}
    assert (await writer.ask("GET", "apps/verify_credentials")).status_code == 200


async def test_a_key_gives_the_same_post_for_an_hour(ann: User, bob: User, clock: Clock) -> None:
    key = {"Idempotency-Key": "k"}
    ask = {"json": {"status": "Hi"}, "headers": key}
    first = (await ann.ask("POST", "statuses", **ask)).json()

    clock.now += timedelta(minutes=59)
    second = (await ann.ask("POST", "statuses", **ask)).json()
    other = (await bob.ask("POST", "statuses", **ask)).json()
    clock.now += timedelta(minutes=1)
    late = (await ann.ask("POST", "statuses", **ask)).json()

    assert second["id"] == first["id"]
    assert other["id"] != first["id"]
    assert late["id"] != first["id"]


@pytest.mark.parametrize("base", ["gotosocial"], indirect=True)
async def test_gotosocial_never_looks_at_the_key(ann: User) -> None:
    ask = {"json": {"status": "Hi"}, "headers": {"Idempotency-Key": "k"}}

    first = (await ann.ask("POST", "statuses", **ask)).json()
    second = (await ann.ask("POST", "statuses", **ask)).json()

    assert first["id"] != second["id"]
    assert (await ann.ask("GET", "statuses?id[]=1")).status_code == 404


async def test_forms_are_read_like_json(ann: User) -> None:
    upload = await ann.web.post("/api/v2/media", headers=ann.headers, files=PICTURE)

    answer = await ann.ask(
        "POST", "statuses", data={"status": "é & ü", "media_ids[]": [upload.json()["id"]]}
    )

    assert answer.json()["content"] == "<p>é &amp; ü</p>"
    assert [one["id"] for one in answer.json()["media_attachments"]] == [upload.json()["id"]]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"status": "x" * 501}, "Validation failed: Text character limit of 500 exceeded"),
        ({"status": " "}, "Validation failed: Text can't be blank"),
        ({"status": "x", "visibility": "all"}, "Visibility"),
        ({"status": "x", "media_ids": ["1"] * 5}, "Cannot attach more than 4 files"),
    ],
)
async def test_a_post_that_breaks_a_rule_is_422(ann: User, wish: dict[str, Any], said: str) -> None:
    answer = await ann.ask("POST", "statuses", json=wish)

    assert answer.status_code == 422
    assert said in answer.json()["error"]
    assert (await ann.web.get(f"{CONTROL}/ledger")).json()["count"] == 0


@pytest.mark.parametrize("body", [b"[1]", b"{", b"\xff"])
async def test_a_malformed_body_is_400_and_not_a_crash(ann: User, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    assert (await ann.ask("POST", "statuses", content=body, headers=headers)).status_code == 400


async def test_a_picture_belongs_to_one_post_and_one_account(ann: User, bob: User) -> None:
    upload = await ann.web.post("/api/v2/media", headers=ann.headers, files=PICTURE)
    picture = {"media_ids": [upload.json()["id"]]}

    stolen = await bob.ask("POST", "statuses", json={"status": "mine", **picture})
    posted = await ann.post("mine", **picture)
    again = await ann.ask("POST", "statuses", json={"status": "again", **picture})

    assert (stolen.status_code, again.status_code) == (404, 404)
    page = await ann.web.get(posted["media_attachments"][0]["url"])
    assert page.content == PICTURE["file"][1]
    assert page.headers["content-type"] == "image/png"


async def test_a_picture_can_take_its_time(ann: User) -> None:
    await ann.web.post(f"{CONTROL}/settings", json={"media_polls": 1})
    upload = await ann.web.post("/api/v2/media", headers=ann.headers, files=PICTURE)
    path = f"media/{upload.json()['id']}"

    early = await ann.ask("POST", "statuses", json={"media_ids": [upload.json()["id"]]})
    polls = [(await ann.ask("GET", path)).status_code for _ in range(2)]

    assert (upload.status_code, upload.json()["url"]) == (202, None)
    assert early.status_code == 422
    assert polls == [206, 200]


async def test_a_conversation_is_told_depth_first(ann: User, bob: User) -> None:
    root = await ann.post("root")
    one = await bob.post("one", in_reply_to_id=root["id"])
    two = await bob.post("two", in_reply_to_id=root["id"])
    deep = await ann.post("deep", in_reply_to_id=one["id"])
    hidden = await bob.post("hidden", in_reply_to_id=root["id"], visibility="direct")

    below = (await ann.ask("GET", f"statuses/{root['id']}/context")).json()
    above = (await ann.ask("GET", f"statuses/{deep['id']}/context")).json()

    assert [found["id"] for found in below["descendants"]] == [one["id"], deep["id"], two["id"]]
    assert [found["id"] for found in above["ancestors"]] == [root["id"], one["id"]]
    assert (await ann.ask("GET", f"statuses/{hidden['id']}")).status_code == 404


async def test_what_happens_to_an_account_is_told_once(ann: User, bob: User) -> None:
    post = await ann.post("Hello")
    for _ in range(2):
        await bob.ask("POST", f"statuses/{post['id']}/favourite")
        await bob.ask("POST", f"statuses/{post['id']}/reblog")
    await bob.post("@ann hello", in_reply_to_id=post["id"])

    told = (await ann.ask("GET", "notifications")).json()
    mentions = (await ann.ask("GET", "notifications?types[]=mention")).json()
    seen = (await ann.ask("GET", f"statuses/{post['id']}")).json()

    assert [one["type"] for one in told] == ["mention", "reblog", "favourite"]
    assert [one["type"] for one in mentions] == ["mention"]
    assert (seen["favourites_count"], seen["reblogs_count"], seen["replies_count"]) == (1, 1, 1)


async def test_lists_are_paged_by_id_in_both_directions(ann: User) -> None:
    ids = [(await ann.post(f"number {number}"))["id"] for number in range(5)]
    path = f"accounts/{ann.id}/statuses"

    async def listed(query: str) -> list[str]:
        return [one["id"] for one in (await ann.ask("GET", f"{path}?{query}")).json()]

    assert await listed("limit=2") == [ids[4], ids[3]]
    assert await listed(f"limit=2&max_id={ids[3]}") == [ids[2], ids[1]]
    assert await listed(f"limit=2&min_id={ids[0]}") == [ids[2], ids[1]]
    assert await listed(f"limit=2&since_id={ids[0]}") == [ids[4], ids[3]]
    assert await listed(f"max_id={ids[0]}") == []


async def test_a_share_is_left_out_of_a_list_when_asked(ann: User, bob: User) -> None:
    post = await bob.post("Theirs")
    await ann.ask("POST", f"statuses/{post['id']}/reblog")

    everything = (await ann.ask("GET", f"accounts/{ann.id}/statuses")).json()
    own = (await ann.ask("GET", f"accounts/{ann.id}/statuses?exclude_reblogs=true")).json()

    assert [one["reblog"]["id"] for one in everything] == [post["id"]]
    assert own == []


async def test_only_its_author_edits_or_deletes_a_post(ann: User, bob: User) -> None:
    post = await ann.post("Hello")
    path = f"statuses/{post['id']}"

    assert (await bob.ask("PUT", path, json={"status": "Mine"})).status_code == 404
    assert (await bob.ask("DELETE", path)).status_code == 404
    edited = (await ann.ask("PUT", path, json={"status": "Better"})).json()
    assert (edited["content"], edited["edited_at"]) == ("<p>Better</p>", "2026-03-01T12:00:00.000Z")
    assert (await ann.ask("DELETE", path)).json()["text"] == "Better"
    assert (await ann.ask("DELETE", path)).status_code == 404
    ledger = (await ann.web.get(f"{CONTROL}/ledger?account=ann")).json()
    assert [one["deleted"] for one in ledger["statuses"]] == [True]


async def test_the_server_dates_its_answers_by_its_own_clock(ann: User) -> None:
    await ann.web.post(f"{CONTROL}/settings", json={"offset_seconds": 3600})

    answer = await ann.ask("GET", "accounts/verify_credentials")

    assert answer.headers["date"] == "Sun, 01 Mar 2026 13:00:00 GMT"
    assert answer.headers["x-ratelimit-reset"] == "2026-03-01T13:05:00.000Z"
    assert answer.headers["x-ratelimit-limit"] == "300"


async def test_a_person_can_open_the_link_of_a_post(ann: User, bob: User) -> None:
    upload = await ann.web.post(
        "/api/v2/media", headers=ann.headers, files=PICTURE, data={"description": 'A "boat"'}
    )
    post = await ann.post("<b>Hello</b>", media_ids=[upload.json()["id"]], spoiler_text="<i>")
    await bob.post("Lovely", in_reply_to_id=post["id"])

    page = await ann.web.get(post["url"])
    profile, home = await ann.web.get("/@ann"), await ann.web.get("/")

    assert page.status_code == 200
    assert "&lt;b&gt;Hello&lt;/b&gt;" in page.text
    assert "<b>Hello" not in page.text
    assert "&lt;i&gt;" in page.text
    assert 'alt="A &quot;boat&quot;"' in page.text
    assert "Lovely" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "Lovely" not in profile.text
    assert "Lovely" in home.text


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_a_page_shows_nothing_that_is_not_for_everyone(ann: User, visibility: str) -> None:
    post = await ann.post("Whisper", visibility=visibility)

    assert (await ann.web.get(post["url"])).status_code == 404
    assert "Whisper" not in (await ann.web.get("/@ann")).text
    assert "Whisper" not in (await ann.web.get("/")).text
