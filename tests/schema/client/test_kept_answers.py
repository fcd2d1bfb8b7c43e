"""What web pages are shown again and again is kept, and is never old, wrong or somebody else's."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from hub.access import operations as access
from hub.kernel.settings import Settings
from hub.publishing.events import PublicationWithdrawn
from hub.publishing.models import Publication, PublicationState
from schema.freshness import ELSEWHERE, Freshness
from tests.factories import World, a_channel, a_publication
from tests.schema.client.api import Api, Desk, an_api
from tests.schema.client.rows import bring, change, seal

LISTED = "{publishedContents{totalCount nodes{title brandName}}}"


async def a_page(desk: Desk) -> Api:
    """Return the API as a web page asks it, with a delivery token."""
    member_id = desk.world.editor.member_id
    assert member_id is not None
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        _, secret = await access.issue_token(work, member_id=member_id, label="site", delivery=True)
    return desk.api.as_(secret)


@pytest.fixture
async def page(desk: Desk) -> Api:
    return await a_page(desk)


async def out(desk: Desk, words: str, channel_id: UUID | None = None) -> Publication:
    """Publish a text."""
    channel_id = channel_id or await a_channel(desk.world, platform_key="feed", name=words)
    row = await a_publication(desk.world, channel_id=channel_id, text=words)
    await bring(desk.world, row, PublicationState.PUBLISHED)
    return row


async def withdraw(world: World, row: Publication) -> None:
    """Take it down, as a worker does: the row and its event in one transaction."""
    async with world.hub.unit_of_work(world.system) as work:
        found = await work.session.get(Publication, row.id)
        assert found is not None
        found.state = PublicationState.WITHDRAWN
        work.record(
            PublicationWithdrawn(subject_id=row.id, channel_id=row.channel_id, reason="test")
        )


def statements(api: Api) -> int:
    count: int = api.app.state.reader.statements
    return count


async def costs(api: Api, ask: Callable[[], Awaitable[Any]]) -> int:
    """Return how many statements a request needs, that of a look at the workspace included."""
    before = statements(api)
    await ask()
    return statements(api) - before


async def look_again(desk: Desk) -> None:
    """Let the half second pass in which a look counts."""
    desk.api.app.state.freshness.of(desk.world.workspace_id).forget()


async def total(api: Api) -> int:
    count: int = (await api.ask(LISTED)).data["publishedContents"]["totalCount"]
    return count


async def test_the_second_of_two_equal_requests_asks_the_database_nothing(
    desk: Desk, page: Api
) -> None:
    await out(desk, "Hello")
    first = await page.ask(LISTED)
    before = statements(page)
    second = await page.ask(LISTED)

    assert statements(page) == before
    assert second.data == first.data
    assert first.data["publishedContents"]["totalCount"] == 1
    assert second.headers["cache-control"] == "no-store"
    assert await costs(page, lambda: page.ask(LISTED, other=1)) == 1


async def test_a_look_at_the_workspace_is_one_statement_for_all_kept_answers(
    desk: Desk, page: Api
) -> None:
    await out(desk, "Hello")
    await page.ask(LISTED)
    await look_again(desk)

    assert await costs(page, lambda: page.ask(LISTED)) == 1
    assert await costs(page, lambda: page.ask(LISTED)) == 0


async def test_a_change_is_seen_by_the_next_read_once_followers_can_see_it(
    desk: Desk, page: Api
) -> None:
    row = await out(desk, "Hello")
    assert await total(page) == 1
    standing = desk.api.app.state.freshness.of(desk.world.workspace_id)
    await seal(desk.world)
    before = await standing.last()
    await withdraw(desk.world, row)
    await seal(desk.world)

    # Asked all the time, without a pause: nothing forgets but time.
    async with asyncio.timeout(5):
        while await standing.last() == before:
            await page.ask(LISTED)
            await asyncio.sleep(0.01)

    assert await total(page) == 0


async def test_a_change_is_seen_before_it_has_its_place_in_the_stream(
    desk: Desk, page: Api
) -> None:
    row = await out(desk, "Hello")
    assert await total(page) == 1
    await withdraw(desk.world, row)
    await look_again(desk)

    assert await total(page) == 0


async def test_another_process_sees_a_change_within_half_a_second(
    desk: Desk, page: Api, settings: Settings
) -> None:
    row = await out(desk, "Hello")
    async with an_api(settings) as other:
        there = other.sending(**dict(page.headers))
        assert [await total(page), await total(there)] == [1, 1]
        await withdraw(desk.world, row)
        committed = asyncio.get_running_loop().time()
        while await total(there) or await total(page):
            await asyncio.sleep(0.01)
            assert asyncio.get_running_loop().time() - committed < 2


async def test_who_changes_something_here_reads_it_here_at_once(desk: Desk, page: Api) -> None:
    await out(desk, "Hello")
    before = await page.ask(LISTED)
    done = await desk.manager.do("brandUpdate", "brand{name}", id=desk.brand, name="Renamed")
    after = await page.ask(LISTED)

    assert done.payload["brand"] == {"name": "Renamed"}
    assert [one.data["publishedContents"]["nodes"][0]["brandName"] for one in (before, after)] == [
        "Brand",
        "Renamed",
    ]


async def test_what_cannot_change_what_is_published_keeps_the_answers(
    desk: Desk, page: Api
) -> None:
    await out(desk, "Hello")
    # What is not sealed yet is looked at again and again, and this is about what comes after it.
    await seal(desk.world)
    await page.ask(LISTED)
    item = await desk.editor.do(
        "contentItemCreate",
        "contentItem{id}",
        brandId=desk.brand,
        title="Draft",
        parts=[{"text": "Draft"}],
        locale="en",
    )
    assert item.payload["contentItem"]

    # One look at how far the workspace has come, and no read.
    assert await costs(page, lambda: page.ask(LISTED)) == 1


async def test_sealing_what_was_seen_before_changes_nothing(desk: Desk, page: Api) -> None:
    await out(desk, "Hello")
    await page.ask(LISTED)
    assert await seal(desk.world) > 0
    await look_again(desk)

    assert await costs(page, lambda: page.ask(LISTED)) == 1


async def test_two_workspaces_with_the_same_request_never_get_each_others_answers(
    desk: Desk, stranger: Desk, page: Api
) -> None:
    theirs = await a_page(stranger)
    await out(desk, "Ours")
    await out(stranger, "Theirs")
    await out(stranger, "Theirs too")

    for _ in range(3):
        assert [await total(page), await total(theirs)] == [1, 2]
    shown = await theirs.ask("{publishedContents{nodes{html}}}")
    assert "Ours" not in str(shown.data)
    assert "Theirs too" in str(shown.data)


async def test_a_members_token_neither_gets_nor_leaves_a_kept_answer(desk: Desk, page: Api) -> None:
    row = await out(desk, "Hello")
    await desk.editor.ask(LISTED)
    assert await costs(page, lambda: page.ask(LISTED)) == 2
    # A change past the stream, which a kept answer does not notice.
    await change(desk.world, Publication, row.id, state=PublicationState.WITHDRAWN)

    assert await total(page) == 1
    assert await total(desk.editor) == 0


async def test_a_kept_answer_ends_with_its_time(settings: Settings, world: World) -> None:
    async with an_api(settings.model_copy(update={"response_cache_seconds": 0.05})) as api:
        desk = Desk(world=world, api=api)
        page = await a_page(desk)
        row = await out(desk, "Hello")
        assert await total(page) == 1
        await change(desk.world, Publication, row.id, state=PublicationState.WITHDRAWN)
        async with asyncio.timeout(5):
            while True:
                if await total(page) == 0:
                    break
                await asyncio.sleep(0.01)


async def test_without_memory_for_them_no_answers_are_kept(
    settings: Settings, world: World
) -> None:
    async with an_api(settings.model_copy(update={"response_cache_bytes": 0})) as api:
        page = await a_page(Desk(world=world, api=api))
        await page.ask(LISTED)

        assert await costs(page, lambda: page.ask(LISTED)) == 1


async def test_a_revoked_token_gets_no_kept_answer(desk: Desk, page: Api) -> None:
    await out(desk, "Hello")
    await page.ask(LISTED)
    async with desk.world.hub.unscoped() as session:
        await session.execute(text("UPDATE tokens SET revoked_at = clock_timestamp()"))

    async with asyncio.timeout(6):
        while True:
            if (await page.ask(LISTED)).status == 401:
                break
            await asyncio.sleep(0.05)


async def test_errors_and_other_operations_are_not_kept(desk: Desk, page: Api) -> None:
    wrong = '{publishedContents(after:"x"){totalCount}}'
    first, second = await page.ask(wrong), await page.ask(wrong)
    mixed = await page.ask("{publishedContents{totalCount} members{nodes{name}}}")

    assert first.codes == second.codes == ["INVALID"]
    assert mixed.codes == ["FORBIDDEN"]
    assert await costs(page, lambda: page.ask(wrong)) == 0


async def test_a_page_asks_by_name_and_hears_that_nothing_has_changed(
    desk: Desk, page: Api
) -> None:
    row = await out(desk, "Hello")
    name = {
        "version": 1,
        "sha256Hash": hashlib.sha256(LISTED.encode()).hexdigest(),
    }
    body = {"query": LISTED, "extensions": {"persistedQuery": name}}
    await page.http.post("/graphql", json=body, headers=page.headers)
    given = {"extensions": json.dumps({"persistedQuery": name})}
    first = await page.http.get("/graphql", params=given, headers=page.headers)
    again = {**page.headers, "if-none-match": first.headers["etag"]}
    same = await page.http.get("/graphql", params=given, headers=again)
    await withdraw(desk.world, row)
    await look_again(desk)
    changed = await page.http.get("/graphql", params=given, headers=again)

    assert first.headers["cache-control"] == "private, no-cache"
    assert (same.status_code, same.content) == (304, b"")
    assert changed.status_code == 200
    assert changed.json()["data"]["publishedContents"]["totalCount"] == 0


async def test_a_kept_answer_costs_a_token_nothing(settings: Settings, world: World) -> None:
    few = settings.model_copy(update={"token_points_per_minute": 1})
    async with an_api(few) as api:
        page = await a_page(Desk(world=world, api=api))
        answers = [await page.ask("{publishedContents{totalCount}}") for _ in range(5)]
        other = await page.ask("{publishedContents(first:1){totalCount}}")

    assert [one.status for one in answers] == [200] * 5
    assert (other.status, other.codes) == (429, ["RATE_LIMITED"])
    assert int(other.headers["retry-after"]) > 0


async def test_documents_are_shared_by_processes_through_redis(
    desk: Desk, settings: Settings
) -> None:
    query = f"query Shared{desk.world.workspace_id.hex}{{viewer{{name}}}}"
    name = {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}
    by_name = {"extensions": {"persistedQuery": name}}
    editor = desk.editor.headers
    unknown = await desk.api.http.post("/graphql", json=by_name, headers=editor)
    await desk.api.http.post("/graphql", json={**by_name, "query": query}, headers=editor)
    async with an_api(settings) as other:
        known = await other.http.post("/graphql", json=by_name, headers=editor)
    async with an_api(settings.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"})) as alone:
        without = await alone.http.post("/graphql", json=by_name, headers=editor)
        kept = await alone.http.post("/graphql", json={**by_name, "query": query}, headers=editor)
        again = await alone.http.post("/graphql", json=by_name, headers=editor)

    codes = [one.json()["errors"][0]["extensions"]["code"] for one in (unknown, without)]
    assert codes == ["PERSISTED_QUERY_NOT_FOUND"] * 2
    names = [one.json()["data"] for one in (known, kept, again)]
    assert names == [{"viewer": {"name": "Editor of acme"}}] * 3


async def test_a_change_during_a_look_is_for_the_next_look(desk: Desk) -> None:
    standing = Freshness(desk.api.app.state.reader).of(desk.world.workspace_id)
    looking = asyncio.create_task(standing.look())
    await asyncio.sleep(0)
    assert not looking.done()
    standing.forget()
    first = await looking

    assert standing.version() is None
    row = await out(desk, "Hello")
    await withdraw(desk.world, row)
    assert await standing.look() == first + 1
    assert standing.version() == first + 1


async def test_a_look_counts_for_half_a_second(desk: Desk) -> None:
    now = [0.0]
    standing = Freshness(desk.api.app.state.reader, clock=lambda: now[0]).of(
        desk.world.workspace_id
    )
    version = await standing.look()
    now[0] = 0.49
    assert standing.version() == version
    now[0] = 0.5
    assert standing.version() is None


def test_what_concerns_what_is_published_is_never_left_out() -> None:
    assert not ELSEWHERE & {"Publication", "Amendment", "Channel", "Brand", "Edition", "Workspace"}
