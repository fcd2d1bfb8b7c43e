"""The simulated site behaves as a running WordPress was seen to."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.pictures import a_drawing
from workers.simulators.serving import served
from workers.simulators.wordpress import CONTROL, create_simulator

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMED = {"Content-Disposition": 'attachment; filename="boat.png"'}


class Clock:
    def __init__(self) -> None:
        self.now = NOON

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
    """Somebody with an application password, or nobody."""

    def __init__(self, web: httpx.AsyncClient, secrets: dict[str, str] | None) -> None:
        self.web = web
        self.auth = (secrets["username"], secrets["application_password"]) if secrets else None

    async def ask(self, method: str, route: str, **more: Any) -> httpx.Response:
        params = {"rest_route": f"/wp/v2/{route}", **more.pop("params", {})}
        auth: dict[str, Any] = {"auth": self.auth} if self.auth else {}
        return await self.web.request(method, "/", params=params, **auth, **more)

    async def post(self, **wish: Any) -> dict[str, Any]:
        wished = {"title": "T", "content": "<p>Hi</p>", "status": "publish", **wish}
        answer = await self.ask("POST", "posts", json=wished)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


async def joined(web: httpx.AsyncClient, name: str, role: str = "editor") -> User:
    asked = {"username": name, "role": role}
    return User(web, (await web.post(f"{CONTROL}accounts", json=asked)).json()["secrets"])


@pytest.fixture
async def editor(web: httpx.AsyncClient) -> User:
    return await joined(web, "editor")


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("code", ""))


async def test_the_api_answers_at_both_of_its_addresses(
    web: httpx.AsyncClient, editor: User
) -> None:
    plain = await editor.ask("GET", "users/me", params={"_fields": "slug"})
    pretty = await web.get("/wp-json/wp/v2/users/me", auth=editor.auth, params={"_fields": "slug"})

    assert plain.json() == pretty.json() == {"slug": "editor"}
    assert said(await editor.ask("GET", "nothing/at/all")) == (404, "rest_no_route")


async def test_a_slug_that_is_taken_gets_a_number_even_by_a_draft(editor: User) -> None:
    slugs = [(await editor.post(slug="same", status="draft"))["slug"] for _ in range(3)]

    assert slugs == ["same", "same-2", "same-3"]


async def test_the_bin_renames_and_leaves_the_lists(editor: User) -> None:
    post = await editor.post(slug="here")
    asked = {"slug": "here", "status": "any"}

    first = await editor.ask("DELETE", f"posts/{post['id']}")
    second = await editor.ask("DELETE", f"posts/{post['id']}")
    forced = await editor.ask("DELETE", f"posts/{post['id']}", params={"force": "true"})
    third = await editor.ask("DELETE", f"posts/{post['id']}")

    assert first.json()["slug"] == "here__trashed"
    assert said(second) == (410, "rest_already_trashed")
    assert forced.json() == {"deleted": True}
    assert said(third) == (404, "rest_post_invalid_id")
    assert (await editor.ask("GET", "posts", params=asked)).json() == []


async def test_a_draft_gets_its_date_when_it_comes_out_and_meta_is_dropped(
    editor: User, clock: Clock
) -> None:
    draft = await editor.post(status="draft", meta={"hub": "x"})
    clock.now += timedelta(hours=1)
    out = [
        (await editor.ask("POST", f"posts/{draft['id']}", json={"status": "publish"})).json()
        for _ in range(2)
    ]

    assert draft["meta"] == []
    assert [one["date_gmt"] for one in out] == ["2026-03-01T13:00:00"] * 2
    assert out[0]["date"] == "2026-03-01T15:00:00"


async def test_comments_are_compared_with_the_clock_on_the_wall(editor: User) -> None:
    post = await editor.post()
    await editor.ask("POST", "comments", json={"post": post["id"], "content": "Hi"})

    async def after(moment: str) -> int:
        asked = {"post": post["id"], "after": moment}
        return len((await editor.ask("GET", "comments", params=asked)).json())

    # Written at noon; the wall says two hours more, whatever zone the question names.
    assert await after("2026-03-01T13:59:00Z") == 1
    assert await after("2026-03-01T14:01:00Z") == 0


async def test_pages_have_an_end_and_a_size(editor: User) -> None:
    await editor.post()

    too_many = await editor.ask("GET", "comments", params={"per_page": "101"})
    past = await editor.ask("GET", "posts", params={"page": "2"})
    empty = await editor.ask("GET", "comments", params={"page": "9"})

    assert said(too_many) == (400, "rest_invalid_param")
    assert said(past) == (400, "rest_post_invalid_page_number")
    assert (empty.status_code, empty.json()) == (200, [])


async def test_doubled_and_hasty_comments_are_refused(
    web: httpx.AsyncClient, editor: User, clock: Clock
) -> None:
    post = await editor.post()
    reader = await joined(web, "reader", "subscriber")
    given = {"post": post["id"], "content": "Hi"}
    await reader.ask("POST", "comments", json=given)

    hasty = await reader.ask("POST", "comments", json={**given, "content": "Ho"})
    clock.now += timedelta(seconds=16)
    doubled = await reader.ask("POST", "comments", json=given)
    fine = await reader.ask("POST", "comments", json={**given, "content": "Ho"})

    assert said(hasty) == (400, "comment_flood")
    assert said(doubled) == (409, "comment_duplicate")
    assert fine.status_code == 201


async def test_an_answer_to_a_comment_that_never_was_is_taken(editor: User) -> None:
    post = await editor.post()

    answer = await editor.ask(
        "POST", "comments", json={"post": post["id"], "parent": 999, "content": "Hi"}
    )

    assert (answer.status_code, answer.json()["parent"]) == (201, 999)


async def test_approved_said_of_what_is_approved_is_an_error_and_approve_is_not(
    editor: User,
) -> None:
    post = await editor.post()
    given = {"post": post["id"], "content": "Hi"}
    route = f"comments/{(await editor.ask('POST', 'comments', json=given)).json()['id']}"

    wrong = await editor.ask("POST", route, json={"status": "approved"})
    right = await editor.ask("POST", route, json={"status": "approve"})

    assert said(wrong) == (500, "rest_comment_failed_edit")
    assert (right.status_code, right.json()["status"]) == (200, "approved")


async def test_roles_decide(web: httpx.AsyncClient, editor: User) -> None:
    author = await joined(web, "author", "author")
    contributor = await joined(web, "contributor", "contributor")
    stranger = User(web, None)
    draft = {"title": "T", "status": "draft"}
    post = await editor.post()

    assert said(await contributor.ask("POST", "posts", json={**draft, "status": "publish"})) == (
        403,
        "rest_cannot_publish",
    )
    assert said(await contributor.ask("POST", "media", content=b"x", headers=NAMED)) == (
        403,
        "rest_cannot_create",
    )
    assert said(await author.ask("POST", "categories", json={"name": "New"})) == (
        403,
        "rest_cannot_create",
    )
    assert (await author.ask("POST", "tags", json={"name": "new"})).status_code == 201
    assert said(await author.ask("POST", f"posts/{post['id']}", json=draft)) == (
        403,
        "rest_cannot_edit",
    )
    assert said(await stranger.ask("POST", "posts", json=draft)) == (401, "rest_cannot_create")
    assert said(await stranger.ask("GET", "users/me")) == (401, "rest_not_logged_in")
    wish = await stranger.ask("GET", "posts", params={"status": "any"})
    assert said(wish) == (400, "rest_invalid_param")
    assert wish.json()["data"]["details"]["status"]["code"] == "rest_forbidden_status"


async def test_only_an_editor_may_write_scripts(web: httpx.AsyncClient, editor: User) -> None:
    author = await joined(web, "author", "author")
    written = {"content": '<p onclick="x()">Hi<script>alert(1)</script></p>'}

    kept = await editor.post(**written)
    filtered = await author.post(**written)

    assert kept["content"]["raw"] == written["content"]
    assert filtered["content"]["raw"] == "<p>Hialert(1)</p>"


async def test_a_picture_is_named_by_its_file_and_anything_else_is_500(editor: User) -> None:
    data = a_drawing((3, 2))
    slugs = [
        (await editor.ask("POST", "media", content=data, headers=NAMED)).json()["slug"]
        for _ in range(2)
    ]
    junk = await editor.ask("POST", "media", content=b"junk", headers=NAMED)

    assert slugs == ["boat", "boat-1"]
    assert said(junk) == (500, "rest_upload_sideload_error")
    assert said(await editor.ask("POST", "media", content=b"", headers=NAMED)) == (
        400,
        "rest_upload_no_data",
    )
    assert said(await editor.ask("POST", "media", content=data)) == (
        400,
        "rest_upload_no_content_disposition",
    )


async def test_a_name_is_kept_as_html_and_found_as_it_is_kept(editor: User) -> None:
    made = (await editor.ask("POST", "tags", json={"name": "R&D <b>"})).json()
    again = await editor.ask("POST", "tags", json={"name": "r&d"})

    assert made["name"] == "R&amp;D"
    assert said(again) == (400, "term_exists")
    assert again.json()["data"]["term_id"] == made["id"]
    assert (await editor.ask("GET", "tags", params={"search": "R&D"})).json() == []
    assert len((await editor.ask("GET", "tags", params={"search": "R&amp;D"})).json()) == 1


async def test_people_can_look_at_what_is_public(web: httpx.AsyncClient, editor: User) -> None:
    post = await editor.post(title="Rock &amp; roll", slug="rock")
    await editor.post(title="Secret", status="draft", slug="secret")
    asked = {"account": "reader", "post": f"posts/{post['id']}", "text": "Nice <b>"}
    await web.post(f"{CONTROL}answer", json=asked)

    front, page = (await web.get("/")).text, (await web.get("/rock/")).text

    assert "Rock &amp; roll" in front
    assert "Secret" not in front
    assert "reader" in page
    assert (await web.get("/secret/")).status_code == 404
    assert (await web.post(f"{CONTROL}like", json=asked)).status_code == 422


async def test_maintenance_shuts_every_door_but_the_back_one(
    web: httpx.AsyncClient, editor: User
) -> None:
    await web.post(f"{CONTROL}settings", json={"maintenance": True})

    answer = await editor.ask("GET", "users/me")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "600")
    assert answer.headers["content-type"].startswith("text/html")
    assert (await web.get(f"{CONTROL}ledger?account=editor")).status_code == 200
