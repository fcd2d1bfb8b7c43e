"""The doors beside GraphQL, and what all of them have in common."""

import asyncio
import socket
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import feedparser
import pytest
from pydantic import SecretStr
from sqlalchemy import text
from starlette.datastructures import Headers
from structlog.testing import capture_logs

from hub.access import operations as access
from hub.access.models import Role
from hub.kernel.ids import new_id
from hub.kernel.log import with_request
from hub.kernel.secrets import new_token
from hub.kernel.settings import Settings
from hub.publishing.models import Publication, PublicationState
from schema.metrics import may_read
from tests.conftest import Database, Servers
from tests.factories import World, a_channel, a_publication, channel
from tests.schema.client.api import Api, Desk, an_api, gid
from tests.schema.client.rows import bring, change, now

VIEWER = "{viewer{name permissions}}"
NOWHERE = "redis://127.0.0.1:1/0"


async def _token(desk: Desk, lifetime: timedelta) -> str:
    member_id = desk.world.editor.member_id
    assert member_id is not None
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        _, secret = await access.issue_token(
            work, member_id=member_id, label="short", lifetime=lifetime
        )
    return secret


# Who asks


async def test_a_token_says_who_asks(desk: Desk) -> None:
    answer = await desk.editor.ask(VIEWER)

    assert answer.status == 200
    assert answer.data["viewer"]["name"] == "Editor of acme"


async def test_what_cannot_be_compiled_by_a_fault_of_ours_is_answered_and_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object) -> None:
        raise KeyError("a field nobody thought of")

    compiler = desk.api.app.state.door.compiler
    monkeypatch.setattr(compiler, "_compile", broken)
    with capture_logs() as logs:
        answer = await desk.editor.ask("query Who {viewer{name}}")

    assert answer.data["viewer"]["name"] == "Editor of acme"
    assert compiler.counts["a fault of the compiler"] == 1
    assert [(one["event"], one["operation"]) for one in logs if one["log_level"] == "error"] == [
        ("an operation could not be compiled", "Who")
    ]


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer hub_pat_nonsense",
        "Bearer hub_pat_" + "x" * 49,
        "Bearer " + "x" * 5000,
        "Bearer ",
        "Bearer",
        "Basic aHViOmh1Yg==",
        "",
    ],
)
async def test_a_wrong_token_is_refused(desk: Desk, authorization: str) -> None:
    answer = await desk.api.sending(authorization=authorization).ask(VIEWER)

    assert (answer.status, answer.codes, answer.data) == (401, ["UNAUTHENTICATED"], None)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_token_of_the_right_form_that_nobody_issued_is_refused(desk: Desk) -> None:
    answer = await desk.api.as_(new_token("pat")).ask(VIEWER)

    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


async def test_an_expired_token_is_refused(desk: Desk) -> None:
    secret = await _token(desk, timedelta(hours=1))
    async with desk.world.hub.unscoped() as session:
        await session.execute(
            text("UPDATE tokens SET expires_at = clock_timestamp() WHERE label = 'short'")
        )

    answer = await desk.api.as_(secret).ask(VIEWER)

    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


async def test_a_revoked_token_stops_working_within_five_seconds(desk: Desk) -> None:
    first = await desk.editor.ask(VIEWER)
    async with desk.world.hub.unscoped() as session:
        await session.execute(text("UPDATE tokens SET revoked_at = clock_timestamp()"))

    async with asyncio.timeout(5):
        while True:
            answer = await desk.editor.ask(VIEWER)
            if answer.status != 200:
                break
            await asyncio.sleep(0.05)

    assert first.status == 200
    assert answer.codes == ["UNAUTHENTICATED"]


async def test_a_known_token_costs_one_statement(desk: Desk) -> None:
    await desk.editor.ask(VIEWER)
    reader = desk.api.app.state.reader
    before = reader.statements

    await desk.editor.ask(VIEWER)

    assert reader.statements - before == 1


async def test_anybody_may_look_at_the_contract_in_development_and_at_nothing_else(
    desk: Desk,
) -> None:
    contract = await desk.api.ask("{__schema{queryType{name}}}")
    viewer = await desk.api.ask(VIEWER)

    assert contract.data == {"__schema": {"queryType": {"name": "Query"}}}
    assert viewer.codes == ["UNAUTHENTICATED"]


async def test_in_production_nobody_asks_anything_without_a_token(
    settings: Settings, world: World
) -> None:
    strict = settings.model_copy(update={"environment": "production"})
    async with an_api(strict) as api:
        unknown = await api.ask("{__typename}")
        known = await api.as_(world.tokens[Role.EDITOR]).ask("{__schema{queryType{name}}}")
        page = await api.http.get("/graphql", headers={"accept": "text/html"})
        landing = await api.http.get("/")

    assert (unknown.status, unknown.codes) == (401, ["UNAUTHENTICATED"])
    assert known.status == 200
    assert "graphiql" not in page.text.lower()
    assert landing.status_code == 404


# Malformed requests through the whole application


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "BAD_REQUEST"),
        (b"null", 400, "BAD_REQUEST"),
        (b'{"query":"{"}', 200, "GRAPHQL_PARSE_FAILED"),
        (b'{"query":"{nothing}"}', 200, "GRAPHQL_VALIDATION_FAILED"),
        (b'{"query":"' + b" " * 1_000_001 + b'"}', 413, "BODY_TOO_LARGE"),
    ],
)
async def test_a_malformed_request_gets_a_typed_error(
    desk: Desk, body: bytes, status: int, code: str
) -> None:
    answer = await desk.api.http.post(
        "/graphql",
        content=body,
        headers={**desk.editor.headers, "content-type": "application/json"},
    )

    assert answer.status_code == status
    assert answer.json()["errors"][0]["extensions"]["code"] == code


async def test_a_cursor_of_another_list_is_refused(desk: Desk) -> None:
    made = await desk.editor.ask("{brands{pageInfo{endCursor}}}")
    cursor = made.data["brands"]["pageInfo"]["endCursor"]

    answer = await desk.editor.ask("query($c:String){channels(after:$c){nodes{id}}}", c=cursor)

    assert answer.codes == ["INVALID"]


# Operators


async def test_the_process_says_that_it_lives_and_is_ready(api: Api) -> None:
    health, ready = await api.http.get("/health"), await api.http.get("/ready")

    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    assert ready.status_code == 200
    assert ready.json() == {"status": "ok", "database": "ok", "queue": "ok"}


async def test_readiness_names_the_store_that_is_down(settings: Settings) -> None:
    nowhere = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"
    for broken, down in (
        ({"redis_url": NOWHERE}, "queue"),
        ({"database_url": nowhere}, "database"),
    ):
        async with an_api(settings.model_copy(update=broken)) as api:
            ready, health = await api.http.get("/ready"), await api.http.get("/health")

        states = ready.json()
        assert ready.status_code == 503
        assert [name for name, state in states.items() if state == "down"] == [down]
        assert health.status_code == 200


async def test_without_a_database_every_answer_is_quick_and_typed(
    settings: Settings, world: World
) -> None:
    nowhere = "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"
    async with an_api(settings.model_copy(update={"database_url": nowhere})) as api:
        known = api.as_(world.tokens[Role.MANAGER])
        async with asyncio.timeout(5):
            query = await known.ask(VIEWER)
            mutation = await known.do("brandUpdate", id="x")
            feed = await api.http.get("/feeds/whatever/rss.xml")
            figures = await api.http.get("/metrics")

    assert (query.status, query.codes) == (503, ["UNAVAILABLE"])
    assert (mutation.status, mutation.codes) == (503, ["UNAVAILABLE"])
    assert feed.status_code == 503
    assert 'hub_up{store="database"} 0.0' in figures.text


@pytest.fixture
def silence() -> Iterator[str]:
    """Where connections are taken and nothing is ever answered."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield f"127.0.0.1:{listener.getsockname()[1]}"


async def test_a_database_that_never_answers_does_not_outlast_the_deadline(
    settings: Settings, world: World, silence: str
) -> None:
    hung = settings.model_copy(
        update={"database_url": f"postgresql+asyncpg://x@{silence}/x", "request_seconds": 0.5}
    )
    async with an_api(hung) as api:
        known = api.as_(world.tokens[Role.MANAGER]).sending(
            accept="application/graphql-response+json"
        )
        async with asyncio.timeout(3):
            answers = await asyncio.gather(known.ask(VIEWER), known.do("brandUpdate", id="x"))
            ready = await api.http.get("/ready")

    assert [(answer.status, answer.codes) for answer in answers] == [(503, ["DEADLINE"])] * 2
    assert ready.json()["database"] == "down"


async def test_a_queue_that_never_answers_delays_a_mutation_and_does_not_fail_it(
    settings: Settings, world: World, silence: str
) -> None:
    channel_id = gid("Channel", await a_channel(world))
    async with an_api(settings.model_copy(update={"redis_url": f"redis://{silence}/0"})) as api:
        desk = Desk(world=world, api=api)
        async with asyncio.timeout(8):
            answer = await desk.manager.do("channelCheck", "channel{state}", id=channel_id)

    assert answer.payload == {"channel": {"state": "CHECKING"}, "errors": []}


async def test_a_database_that_goes_away_is_an_error_of_the_request_and_comes_back(
    desk: Desk, database: Database, servers: Servers
) -> None:
    await desk.manager.ask(VIEWER)
    admin = await asyncpg.connect(servers.url("postgres").replace("+asyncpg", ""))
    name = database.name
    await admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
    )
    async with asyncio.timeout(10):
        query = await desk.manager.ask(VIEWER)
        mutation = await desk.manager.do("brandUpdate", id=desk.brand, name="New")
    await admin.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
    await admin.close()

    after = await desk.manager.ask("{brands{nodes{name}}}")
    assert query.codes == mutation.codes == ["UNAVAILABLE"]
    assert after.data["brands"]["nodes"] == [{"name": "Brand"}]


async def test_without_a_queue_mutations_succeed_and_the_promise_is_kept(
    settings: Settings, world: World
) -> None:
    channel_id = await a_channel(world)
    async with an_api(settings.model_copy(update={"redis_url": NOWHERE})) as api:
        desk = Desk(world=world, api=api)
        async with asyncio.timeout(5):
            answer = await desk.manager.do(
                "channelCheck", "channel{state}", id=gid("Channel", channel_id)
            )

    async with world.hub.unscoped() as session:
        jobs = (await session.execute(text("SELECT name FROM jobs"))).scalars().all()
    assert answer.payload == {"channel": {"state": "CHECKING"}, "errors": []}
    assert jobs == ["channels.check"]


async def test_figures_show_requests_queues_and_publications(desk: Desk) -> None:
    channel_id = await a_channel(desk.world)
    late = await a_publication(desk.world, channel_id=channel_id)
    held = await a_publication(desk.world, channel_id=channel_id, text="Something else")
    await bring(desk.world, held, PublicationState.HELD)
    await change(desk.world, Publication, late.id, due_at=now() - timedelta(minutes=5))
    await desk.editor.ask(VIEWER)
    await desk.editor.ask("{nothing}")
    await desk.api.as_("wrong").ask(VIEWER)

    answer = await desk.api.http.get("/metrics")

    figures = _figures(answer.text)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert figures['hub_graphql_requests_total{outcome="ok"}'] == 1
    assert figures['hub_graphql_requests_total{outcome="errors"}'] == 1
    assert figures['hub_graphql_operations_total{how="kept"}'] == 0
    assert {f'hub_graphql_operations_total{{how="{how}"}}' for how in ("compiled", "declined")} <= (
        figures.keys()
    )
    assert figures['hub_graphql_requests_total{outcome="refused"}'] == 1
    assert figures["hub_graphql_request_duration_seconds_count"] == 3
    assert figures['hub_publications{hold_reason="MISSED",state="HELD"}'] == 1
    assert figures['hub_publications{hold_reason="",state="UNCONFIRMED"}'] == 0
    assert figures['hub_publications{hold_reason="",state="SCHEDULED"}'] == 1
    assert 300 <= figures["hub_publications_most_late_seconds"] < 330
    assert figures['hub_queue_depth{queue="publishing"}'] == 2
    assert figures['hub_queue_oldest_seconds{queue="media"}'] == 0
    assert figures['hub_jobs{queue="publishing",state="WAITING"}'] == 2
    assert figures['hub_deliveries{outcome="pending"}'] == 0
    assert figures['hub_deliveries{outcome="delivered"}'] == 0
    assert figures["hub_deliveries_oldest_seconds"] == 0
    assert (figures['hub_up{store="database"}'], figures['hub_up{store="queue"}']) == (1, 1)
    assert "acme" not in answer.text


def _figures(exposed: str) -> dict[str, float]:
    lines = [line for line in exposed.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


@pytest.mark.parametrize(
    ("token", "peer", "headers", "allowed"),
    [
        (None, "127.0.0.1", {}, True),
        (None, "::1", {}, True),
        (None, "192.0.2.1", {}, False),
        (None, "127.0.0.1", {"x-forwarded-for": "192.0.2.1"}, False),
        (None, "127.0.0.1", {"forwarded": "for=192.0.2.1"}, False),
        (None, "192.0.2.1", {"authorization": "Bearer None"}, False),
        ("figures", "192.0.2.1", {"authorization": "Bearer figures"}, True),
        ("figures", "192.0.2.1", {"authorization": "Bearer figure"}, False),
        ("figures", "127.0.0.1", {}, False),
    ],
)
def test_figures_are_for_this_machine_or_for_who_has_the_token(
    token: str | None, peer: str, headers: dict[str, str], *, allowed: bool
) -> None:
    settings = Settings(
        database_url="postgresql+asyncpg://x",
        redis_url="redis://x",
        secret_key=SecretStr("x" * 32),
        metrics_token=SecretStr(token) if token else None,
    )

    assert may_read({"type": "http", "client": (peer, 1)}, Headers(headers), settings) is allowed


async def test_figures_are_refused_to_others(settings: Settings) -> None:
    async with an_api(settings) as api:
        answer = await api.http.get("/metrics", headers={"x-forwarded-for": "192.0.2.1"})

    assert answer.status_code == 403
    assert "hub_" not in answer.text.replace("HUB_METRICS_TOKEN", "")


# Browsers


async def test_only_known_origins_are_let_in_and_may_read_the_headers_they_need(
    settings: Settings,
) -> None:
    asked = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,idempotency-key",
    }
    async with an_api(
        settings.model_copy(update={"cors_origins": ("https://app.example",)})
    ) as api:
        known = await api.http.options(
            "/graphql", headers={"origin": "https://app.example", **asked}
        )
        unknown = await api.http.options(
            "/graphql", headers={"origin": "https://evil.example", **asked}
        )
        answer = await api.http.post(
            "/graphql", json={"query": "{__typename}"}, headers={"origin": "https://app.example"}
        )

    assert known.status_code == 200
    assert known.headers["access-control-allow-origin"] == "https://app.example"
    assert unknown.status_code == 400
    assert "access-control-allow-origin" not in unknown.headers
    exposed = answer.headers["access-control-expose-headers"].lower()
    assert {name.strip() for name in exposed.split(",")} == {
        "etag",
        "idempotency-replayed",
        "retry-after",
        "x-request-id",
    }
    assert answer.headers["access-control-allow-credentials"] == "true"


async def test_every_answer_has_steady_headers(api: Api) -> None:
    for path in ("/health", "/ready", "/", "/nothing", "/graphql?query={__typename}"):
        answer = await api.http.get(path)

        assert answer.headers["x-content-type-options"] == "nosniff", path
        assert answer.headers["x-frame-options"] == "DENY", path
        assert answer.headers["referrer-policy"] == "no-referrer", path


async def test_every_answer_has_the_id_of_its_request_and_logs_say_it(desk: Desk) -> None:
    mine, bad = {"x-request-id": "trace-1:a/b"}, {"x-request-id": "a b\tc"}
    http = desk.api.http
    for path in ("/health", "/nothing", "/graphql?query={__typename}", "/graphql"):
        kept = await http.get(path, headers=mine)
        made = await http.get(path)
        other = await http.get(path, headers=bad)

        assert kept.headers.get_list("x-request-id") == ["trace-1:a/b"], path
        assert len(made.headers["x-request-id"]) >= 28, path
        assert other.headers["x-request-id"] not in {"a b\tc", made.headers["x-request-id"]}
    async with an_api(
        desk.api.app.state.hub.settings.model_copy(
            update={"database_url": "postgresql+asyncpg://nobody@127.0.0.1:1/nothing"}
        )
    ) as broken:
        with capture_logs(processors=[with_request]) as logs:
            answer = await broken.as_(desk.world.tokens[Role.EDITOR]).sending(**mine).ask(VIEWER)

    assert answer.codes == ["UNAVAILABLE"]
    assert [entry["request_id"] for entry in logs] == ["trace-1:a/b"]


async def test_the_short_way_says_the_same_to_browsers_as_the_long_one(
    settings: Settings,
) -> None:
    for origins in (("https://app.example",), ("*",), ()):
        async with an_api(settings.model_copy(update={"cors_origins": origins})) as api:
            for origin in ({"origin": "https://app.example"}, {"origin": "https://evil.example"}):
                short = await api.http.post(
                    "/graphql", json={"query": "{__typename}"}, headers=origin
                )
                long = await api.http.get("/health", headers=origin)

                names = [name for name in long.headers if name.startswith("access-control-")]
                assert names == [
                    name for name in short.headers if name.startswith("access-control-")
                ]
                assert {name: short.headers[name] for name in names} == {
                    name: long.headers[name] for name in names
                }
                assert "origin" in short.headers["vary"]
                assert "Origin" in long.headers["vary"]


async def test_no_redirect_is_built_from_the_host_header(api: Api) -> None:
    answer = await api.http.get("/health/", headers={"host": "evil.example"})

    assert answer.status_code == 404


async def test_the_landing_page_and_graphiql_are_there_in_development(api: Api) -> None:
    landing = await api.http.get("/")
    graphiql = await api.http.get("/graphql", headers={"accept": "text/html"})

    assert 'href="/graphql"' in landing.text
    assert "graphiql" in graphiql.text.lower()


# Feeds


@pytest.fixture
async def feed(desk: Desk) -> tuple[str, UUID, Publication]:
    """A feed with one publication: its path, its channel, and the publication."""
    channel_id = await a_channel(desk.world, platform_key="feed")
    row = await a_publication(
        desk.world, channel_id=channel_id, text="**Hello**, <script>alert(1)</script> & co"
    )
    await bring(desk.world, row, PublicationState.PUBLISHED)
    key = (await channel(desk.world, channel_id)).public_key
    return f"/feeds/{key}", channel_id, row


async def test_a_feed_is_read_in_three_formats(
    desk: Desk, feed: tuple[str, UUID, Publication]
) -> None:
    path, _, row = feed
    http = desk.api.http

    rss, atom, plain = [
        await http.get(f"{path}/{name}") for name in ("rss.xml", "atom.xml", "feed.json")
    ]

    for answer, kind in ((rss, "rss20"), (atom, "atom10")):
        parsed = feedparser.parse(answer.content)
        assert (parsed.bozo, parsed.version) == (False, kind)
        (entry,) = parsed.entries
        assert (parsed.feed.title, entry.title, entry.id) == ("News", "Hello", row.id.urn)
        assert entry.link == f"http://127.0.0.1:8000{path}/{row.id}"
    (item,) = plain.json()["items"]
    assert item["id"] == row.id.urn
    assert "<strong>Hello</strong>" in item["content_html"]
    assert "<script" not in item["content_html"]
    assert rss.headers["cache-control"] == "public, max-age=60"


async def test_a_feed_that_has_not_changed_is_not_sent_again(
    desk: Desk, feed: tuple[str, UUID, Publication]
) -> None:
    path, channel_id, _ = feed
    http = desk.api.http
    tag = (await http.get(f"{path}/rss.xml")).headers["etag"]

    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = await http.get(f"{path}/rss.xml", headers={"if-none-match": given})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    more = await a_publication(desk.world, channel_id=channel_id, text="More")
    await bring(desk.world, more, PublicationState.PUBLISHED)
    changed = await http.get(f"{path}/rss.xml", headers={"if-none-match": tag})

    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    ids = [entry.id for entry in feedparser.parse(changed.content).entries]
    assert ids[0] == more.id.urn
    assert len(ids) == 2


async def test_only_what_is_out_is_in_the_feed(
    desk: Desk, feed: tuple[str, UUID, Publication]
) -> None:
    path, channel_id, row = feed
    waiting = await a_publication(desk.world, channel_id=channel_id, text="Not yet")
    await change(desk.world, Publication, row.id, state=PublicationState.WITHDRAWN)

    answer = await desk.api.http.get(f"{path}/feed.json")
    pages = [await desk.api.http.get(f"{path}/{one.id}") for one in (waiting, row)]

    assert answer.json()["items"] == []
    assert [page.status_code for page in pages] == [404, 404]


async def test_an_entry_has_a_page_on_which_nothing_runs(
    desk: Desk, feed: tuple[str, UUID, Publication]
) -> None:
    path, _, row = feed

    page = await desk.api.http.get(f"{path}/{row.id}")
    index = await desk.api.http.get(path)

    assert page.status_code == 200
    assert "<h1>Hello</h1>" in page.text
    assert "<script" not in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "script-src" not in policy
    assert f"{path}/{row.id}" in index.text
    assert f"{path}/rss.xml" in index.text


async def test_what_is_no_feed_has_no_address(
    desk: Desk, feed: tuple[str, UUID, Publication]
) -> None:
    path, _, row = feed
    social = await channel(desk.world, await a_channel(desk.world))
    other = await a_channel(desk.world, platform_key="feed", name="Other")
    other_key = (await channel(desk.world, other)).public_key

    wrong = [
        f"/feeds/{social.public_key}/rss.xml",
        "/feeds/unknown/rss.xml",
        f"/feeds/{'x' * 5000}/rss.xml",
        "/feeds/%00/rss.xml",
        f"{path}/rss.json",
        f"{path}/{new_id()}",
        f"/feeds/{other_key}/{row.id}",
    ]
    answers = [await desk.api.http.get(one) for one in wrong]

    assert [answer.status_code for answer in answers] == [404] * len(wrong)


async def test_uploads_and_pictures_have_their_routes(api: Api) -> None:
    upload = await api.http.put(f"/uploads/{new_id()}?workspace=x&signature=x", content=b"x")
    picture = await api.http.get(f"/assets/{new_id()}/{'0' * 64}?signature=x")

    assert 400 <= upload.status_code < 500
    assert upload.json()["code"]
    assert picture.status_code == 404


# Web pages with a token


async def test_a_page_with_a_delivery_token_shows_what_is_out_and_gets_nothing_else(
    desk: Desk, feed: tuple[str, UUID, Publication]
) -> None:
    member_id = desk.world.editor.member_id
    assert member_id is not None
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        _, secret = await access.issue_token(work, member_id=member_id, label="site", delivery=True)
    page = desk.api.as_(secret)
    shown = (
        "{publishedContents{nodes{slug html addresses{channel}}} "
        'publishedContent(slug:"hello",locale:"en-GB"){title}}'
    )

    found = await page.ask(shown)
    as_editor = await desk.editor.ask(shown)
    viewer = await page.ask("{viewer{name}}")
    mixed = await page.ask("{publishedContents{totalCount} members{nodes{name}}}")
    node = await page.ask("query($id:ID!){node(id:$id){id}}", id=gid("Channel", feed[1]))
    doing = await page.do("brandCreate", slug="x", name="X", locales=["en"])

    (text,) = found.data["publishedContents"]["nodes"]
    assert text["slug"] == "hello"
    assert "<strong>Hello</strong>" in text["html"]
    assert "<script" not in text["html"]
    assert found.data["publishedContent"] == {"title": "Hello"}
    assert as_editor.data == found.data
    assert [one.codes for one in (viewer, mixed, node, doing)] == [["FORBIDDEN"]] * 4
