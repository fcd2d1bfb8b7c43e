"""People sign in with a password: as a browser sees it, and as those who want in without one."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import websockets
from sqlalchemy import func, select, update
from websockets.typing import Origin, Subprotocol

from hub.access.models import Role, Session, SignInTry
from hub.access.passwords import Passwords
from hub.access.rules import ACCOUNT_TRIES, ADDRESS_TRIES
from hub.audit.models import EventRow
from hub.kernel.settings import Settings
from schema.access.cookies import Cookies
from tests.conftest import Database
from tests.factories import World, a_world
from tests.hub.traces import events_of
from tests.schema.client.api import Api, Desk, an_api, gid
from tests.schema.client.people import ORIGIN, PASSWORD, Browser, code, give_password
from tests.schema.client.serving import served

VIEWER = "{viewer{name workspace{slug} permissions}}"
SESSIONS = "{sessions{nodes{id agent current revokedAt}}}"


@pytest.fixture
async def browser(desk: Desk) -> Browser:
    """A browser of the editor, who has a password."""
    await give_password(desk.world, Role.EDITOR)
    return Browser(api=desk.api)


async def rows(world: World, *columns: Any) -> list[Any]:
    async with world.hub.unit_of_work(world.system) as work:
        return list((await work.session.execute(select(*columns))).all())


async def all_tries(world: World) -> int:
    async with world.hub.unscoped() as session:
        return int((await session.execute(select(func.sum(SignInTry.tries)))).scalar_one() or 0)


async def later(world: World, seconds: int) -> None:
    """Let time pass for the tries that were counted."""
    span = timedelta(seconds=seconds)
    async with world.hub.unscoped() as session:
        await session.execute(
            update(SignInTry).values(
                last_at=SignInTry.last_at - span, free_at=SignInTry.free_at - span
            )
        )


# In and out


async def test_a_person_signs_in_acts_and_signs_out(desk: Desk, browser: Browser) -> None:
    made = await browser.sign_in(headers={"user-agent": "Firefox"})

    assert made.status_code == 201
    told = made.json()
    assert told["viewer"]["name"] == "Editor of acme"
    assert told["viewer"]["email"] == "editor@acme.example"
    assert told["viewer"]["role"] == "EDITOR"
    assert told["viewer"]["workspace"] == {"slug": "acme", "name": "Acme"}
    assert "content.write" in told["viewer"]["permissions"]
    assert browser.session not in made.text
    assert made.headers["cache-control"] == "no-store"

    asked = await browser.ask(VIEWER)
    assert asked.json()["data"]["viewer"]["workspace"] == {"slug": "acme"}
    shown = await browser.send("GET", "/session")
    assert shown.json() == told

    kept = dict(browser.jar)
    out = await browser.send("DELETE", "/session")
    assert (out.status_code, "hub_session" in browser.jar) == (204, False)
    browser.jar = kept
    for again in (await browser.ask(VIEWER), await browser.send("GET", "/session")):
        assert (again.status_code, code(again)) == (401, "UNAUTHENTICATED")
    told_of = [(event.name, event.data) for event in await events_of(desk.world)][-2:]
    member = str(desk.world.editor.member_id)
    assert told_of == [
        ("session.created", {"member_id": member}),
        ("session.revoked", {"member_id": member, "reason": "SIGNED_OUT"}),
    ]


async def test_what_a_person_changes_bears_their_name(desk: Desk, browser: Browser) -> None:
    await browser.sign_in()

    made = await browser.ask(
        "mutation($input:ContentItemCreateInput!){contentItemCreate(input:$input)"
        "{contentItem{title} errors{code}}}",
        input={"brandId": desk.brand, "title": "Hello", "parts": [{"text": "x"}], "locale": "en"},
    )

    assert made.json()["data"]["contentItemCreate"]["errors"] == []
    (actor,) = await rows_of_event(desk.world, "content_item.created")
    assert actor == "Editor of acme"


async def rows_of_event(world: World, name: str) -> list[str]:
    async with world.hub.unit_of_work(world.system) as work:
        found = await work.all(select(EventRow.actor_name).where(EventRow.name == name))
        return list(found)


async def test_the_cookie_cannot_be_read_by_pages_nor_planted_by_other_hosts(
    settings: Settings, world: World
) -> None:
    await give_password(world, Role.EDITOR)
    attributes = {}
    for url, same_site in (
        ("http://127.0.0.1:8000", "lax"),
        ("https://hub.example", "strict"),
        ("http://hub.example", "lax"),
    ):
        changed = settings.model_copy(update={"public_url": url, "session_same_site": same_site})
        async with an_api(changed) as api:
            answer = await Browser(api=api, origin=url).sign_in()
        attributes[url] = sorted(
            ";".join(cookie.split(";")[1:]) + " " + cookie.partition("=")[0]
            for cookie in answer.headers.get_list("set-cookie")
        )

    device, session = " HttpOnly; Max-Age=15552000; Path=/", " HttpOnly; Max-Age=604800; Path=/"
    assert attributes == {
        "http://127.0.0.1:8000": [
            f"{device}; SameSite=lax hub_device",
            f"{session}; SameSite=lax hub_session",
        ],
        "https://hub.example": [
            f"{device}; SameSite=strict; Secure __Host-hub_device",
            f"{session}; SameSite=strict; Secure __Host-hub_session",
        ],
        "http://hub.example": [
            f"{device}; SameSite=lax; Secure __Host-hub_device",
            f"{session}; SameSite=lax; Secure __Host-hub_session",
        ],
    }


async def test_the_secret_of_a_session_and_the_password_are_stored_nowhere(
    desk: Desk, browser: Browser, database: Database
) -> None:
    await browser.sign_in()
    connection = await asyncpg.connect(database.admin_url.replace("+asyncpg", ""))
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname='public'")
        dump = ""
        for table in tables:
            found = await connection.fetch(f"SELECT t::text AS t FROM {table['tablename']} AS t")
            dump += "".join(row["t"] for row in found)
    finally:
        await connection.close()

    assert "Editor of acme" in dump
    for secret in (browser.session, browser.csrf, PASSWORD, browser.session.encode().hex()):
        assert secret not in dump


# Who does not get in


async def test_whatever_is_wrong_is_wrong_in_the_same_words(
    desk: Desk, stranger: Desk, browser: Browser
) -> None:
    answers = [
        await browser.sign_in(password="not the password"),
        await browser.sign_in("nobody@acme.example"),
        await browser.sign_in("viewer@acme.example"),  # who has no password
        await browser.sign_in(workspace="nowhere"),
        await browser.sign_in(workspace="other"),
        await browser.sign_in("editor%@acme.example"),
        await browser.sign_in("' OR 1=1 --"),
    ]

    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}
    assert code(answers[0]) == "UNAUTHENTICATED"
    assert all("set-cookie" not in answer.headers for answer in answers)


async def test_whoever_does_not_exist_takes_as_long_as_a_wrong_password(
    desk: Desk, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[tuple[bool, str]] = []
    verify = Passwords._verify

    def watched(self: Passwords, stored: str | None, password: str) -> bool:
        checked.append((stored is None, (stored or self._decoy).rsplit("$", 2)[0]))
        return verify(self, stored, password)

    monkeypatch.setattr(Passwords, "_verify", watched)
    await browser.sign_in(password="not the password")
    await browser.sign_in("nobody@acme.example")
    await browser.sign_in(workspace="nowhere")

    # One check each, the same kind of work; only the hash it is done on differs.
    assert [decoy for decoy, _ in checked] == [False, True, True]
    assert {parameters for _, parameters in checked} == {checked[0][1]}


async def test_an_address_nobody_has_is_not_kept_in_clear(desk: Desk, browser: Browser) -> None:
    await browser.sign_in(password="not the password")
    await browser.sign_in("typed-a-password-here@acme.example")

    known, unknown = [
        event for event in await events_of(desk.world) if event.name == "session.refused"
    ]
    assert known.data["member_id"] == str(desk.world.editor.member_id)
    assert unknown.data["member_id"] is None
    assert len(unknown.data["email_digest"]) == 16
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        kept = await work.all(select(EventRow.data))
    assert "typed-a-password" not in repr(kept)


async def test_a_person_in_several_workspaces_names_the_one(
    desk: Desk, stranger: Desk, browser: Browser
) -> None:
    for world in (desk.world, stranger.world):
        async with world.hub.unit_of_work(world.system) as work:
            from hub.access import operations as access

            member = await access.add_member(
                work, name="Zoe", email="zoe@both.example", role=Role.EDITOR
            )
            await access.set_password(
                work, member_id=member.id, password=f"{PASSWORD} {world.workspace_id}"
            )
    mine, theirs = (f"{PASSWORD} {one.world.workspace_id}" for one in (desk, stranger))

    nameless = await browser.sign_in("zoe@both.example", mine, workspace=None)
    crossed = await browser.sign_in("zoe@both.example", theirs, workspace="acme")
    right = await browser.sign_in("Zoe@both.example", theirs, workspace="other")

    assert (nameless.status_code, code(nameless), nameless.json()["path"]) == (
        400,
        "INVALID",
        "workspace",
    )
    assert crossed.status_code == 401
    assert right.json()["viewer"]["workspace"]["slug"] == "other"
    asked = await browser.ask(VIEWER)
    assert asked.json()["data"]["viewer"]["workspace"] == {"slug": "other"}
    foreign = await browser.ask("query($id:ID!){node(id:$id){id}}", id=desk.brand)
    assert code(foreign) == "NOT_FOUND"


async def test_where_there_is_one_workspace_it_needs_no_name(browser: Browser) -> None:
    assert (await browser.sign_in(workspace=None)).status_code == 201


@pytest.mark.parametrize(
    ("content", "kind", "status", "expected"),
    [
        (b"{", "application/json", 400, "BAD_REQUEST"),
        (b"[]", "application/json", 400, "INVALID"),
        (b"\xff", "application/json", 400, "INVALID"),
        (b'{"email":"a@b"}', "application/json", 400, "INVALID"),
        (b'{"email":1,"password":"x"}', "application/json", 400, "INVALID"),
        (b'{"email":"a\\u0000","password":"x"}', "application/json", 400, "INVALID_TEXT"),
        (
            b'{"workspace":"w","email":"a@b","password":"%s"}' % (b"x" * 1001),
            "application/json",
            400,
            "INVALID",
        ),
        (b"x" * 20_000, "application/json", 413, "BODY_TOO_LARGE"),
        (b"email=a&password=b", "application/x-www-form-urlencoded", 415, "UNSUPPORTED_MEDIA_TYPE"),
        (b'{"email":"a@b","password":"x"}', "text/plain", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
async def test_what_is_malformed_is_refused_with_a_code(
    browser: Browser, content: bytes, kind: str, status: int, expected: str
) -> None:
    answer = await browser.send("POST", "/session", content=content, headers={"content-type": kind})

    assert (answer.status_code, code(answer)) == (status, expected)
    assert await all_tries_of(browser) == 0


async def all_tries_of(browser: Browser) -> int:
    hub = browser.api.app.state.hub
    async with hub.unscoped() as session:
        return int((await session.execute(select(func.count(SignInTry.id)))).scalar_one())


# Other pages


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:8001"])
async def test_another_page_can_neither_sign_in_nor_act(browser: Browser, origin: str) -> None:
    await browser.sign_in()
    kept, browser.origin = browser.csrf, origin

    # Even with the token of the page, which it cannot have.
    refused = [
        await browser.sign_in(),
        await browser.ask(VIEWER),
        await browser.send("GET", "/session"),
        await browser.send("DELETE", "/session"),
        await browser.send("GET", "/graphql?query={viewer{name}}"),
    ]

    assert kept
    assert [(one.status_code, code(one)) for one in refused] == [(403, "FORBIDDEN")] * 5
    assert all("access-control-allow-origin" not in one.headers for one in refused)
    browser.origin = ORIGIN
    assert (await browser.ask(VIEWER)).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "\xe9"])
async def test_a_cookie_without_the_page_token_changes_nothing(
    browser: Browser, token: str
) -> None:
    await browser.sign_in()
    right, browser.csrf = browser.csrf, ""
    headers = {"x-csrf-token": token.encode("latin-1")} if token else {}

    asked = await browser.send("POST", "/graphql", json={"query": VIEWER}, headers=headers)
    ended = await browser.send("DELETE", "/session", headers=headers)
    plain = await browser.send("GET", "/graphql?query={viewer{name}}")

    assert [(one.status_code, code(one)) for one in (asked, ended)] == [(403, "FORBIDDEN")] * 2
    # Asking changes nothing, and no other page may read the answer.
    assert plain.json()["data"]["viewer"] == {"name": "Editor of acme"}
    browser.csrf = right
    assert (await browser.ask(VIEWER)).status_code == 200


async def test_the_page_token_of_another_session_is_not_enough(
    desk: Desk, browser: Browser
) -> None:
    other = Browser(api=desk.api)
    await browser.sign_in()
    await other.sign_in()
    browser.csrf = other.csrf

    assert code(await browser.ask(VIEWER)) == "FORBIDDEN"


async def test_a_request_without_an_origin_from_elsewhere_is_refused(browser: Browser) -> None:
    await browser.sign_in()
    browser.origin = None

    answers = {
        site: (
            await browser.send(
                "GET", "/graphql?query={viewer{name}}", headers={"sec-fetch-site": site}
            )
        ).status_code
        for site in ("cross-site", "same-site", "same-origin", "none")
    }

    assert answers == {"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200}


async def test_a_token_needs_neither_origin_nor_page_token_and_goes_before_the_cookie(
    desk: Desk, browser: Browser
) -> None:
    await browser.sign_in()
    browser.origin, browser.csrf = "https://evil.example", ""
    token = desk.world.tokens[Role.MANAGER]

    answer = await browser.send(
        "POST",
        "/graphql",
        json={"query": VIEWER},
        headers={"authorization": f"Bearer {token}"},
    )

    assert answer.json()["data"]["viewer"]["name"] == "Manager of acme"


async def test_pages_of_listed_origins_use_cookies_and_no_others(
    settings: Settings, world: World
) -> None:
    await give_password(world, Role.EDITOR)
    listed = settings.model_copy(
        update={"cors_origins": ("https://app.example",), "session_same_site": "none"}
    )
    asked = {
        "access-control-request-method": "DELETE",
        "access-control-request-headers": "content-type,x-csrf-token,idempotency-key",
    }
    async with an_api(listed) as api:
        page = Browser(api=api, origin="https://app.example")
        flight = await api.http.options(
            "/session", headers={"origin": "https://app.example", **asked}
        )
        foreign = await api.http.options(
            "/session", headers={"origin": "https://evil.example", **asked}
        )
        made = await page.sign_in()
        answer = await page.ask(VIEWER)
        gone = await page.send("DELETE", "/session")

    assert flight.status_code == 200
    assert flight.headers["access-control-allow-origin"] == "https://app.example"
    assert flight.headers["access-control-allow-credentials"] == "true"
    assert foreign.status_code == 400
    assert "access-control-allow-origin" not in foreign.headers
    assert [made.status_code, answer.status_code, gone.status_code] == [201, 200, 204]
    for one in (made, answer):
        assert one.headers["access-control-allow-origin"] == "https://app.example"
        assert one.headers["access-control-allow-credentials"] == "true"
        assert "origin" in one.headers["vary"].lower()
    assert "; SameSite=none; Secure" in made.headers["set-cookie"]


async def test_where_everybody_is_let_in_cookies_are_not(settings: Settings, world: World) -> None:
    await give_password(world, Role.EDITOR)
    async with an_api(settings.model_copy(update={"cors_origins": ("*",)})) as api:
        foreign = await Browser(api=api, origin="https://evil.example").sign_in()
        own = Browser(api=api)
        await own.sign_in()
        own.origin = "https://evil.example"
        asked = await own.ask(VIEWER)

    assert (foreign.status_code, asked.status_code) == (403, 403)
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in asked.headers


@pytest.fixture
async def address(settings: Settings) -> AsyncIterator[str]:
    """The application behind a real server."""
    async with served(settings) as found:
        yield found


async def test_a_socket_takes_the_cookie_only_from_a_page_of_ours(
    desk: Desk, browser: Browser, address: str
) -> None:
    await browser.sign_in()
    cookie = {"cookie": f"hub_session={browser.session}"}

    async def opened(origin: str | None) -> bool:
        try:
            async with websockets.connect(
                address.replace("http", "ws") + "/graphql",
                subprotocols=[Subprotocol("graphql-transport-ws")],
                origin=None if origin is None else Origin(origin),
                additional_headers=cookie,
            ) as socket:
                await socket.send('{"type":"connection_init"}')
                return "connection_ack" in str(await socket.recv())
        except websockets.WebSocketException:
            return False

    assert [await opened(origin) for origin in (ORIGIN, None, "https://evil.example")] == [
        True,
        False,
        False,
    ]


async def test_an_upload_begun_by_a_person_needs_nothing_but_its_address(
    desk: Desk, browser: Browser
) -> None:
    await browser.sign_in()
    made = await browser.ask(
        "mutation($input:AssetUploadCreateInput!){assetUploadCreate(input:$input)"
        "{upload{url} errors{code}}}",
        input={"filename": "a.png", "mime": "image/png", "size": 3},
    )
    url = made.json()["data"]["assetUploadCreate"]["upload"]["url"]

    put = await desk.api.http.put(
        url.removeprefix(ORIGIN), content=b"abc", headers={"content-type": "image/png"}
    )

    assert put.status_code == 204


# Sessions that end


async def test_a_cookie_that_was_planted_is_never_adopted(desk: Desk, browser: Browser) -> None:
    attacker = Browser(api=desk.api)
    await give_password(desk.world, Role.VIEWER, "another fine password")
    await attacker.sign_in("viewer@acme.example", "another fine password")
    for planted in (attacker.session, "hub_ses_" + "x" * 49, "planted"):
        victim = Browser(api=desk.api, jar={"hub_session": planted})

        await victim.sign_in()

        assert victim.session != planted
        asked = await victim.ask(VIEWER)
        assert asked.json()["data"]["viewer"]["name"] == "Editor of acme"
    mine = await attacker.ask(VIEWER)
    assert mine.json()["data"]["viewer"]["name"] == "Viewer of acme"


async def test_signing_in_again_ends_the_session_this_browser_had(browser: Browser) -> None:
    await browser.sign_in()
    old = Browser(api=browser.api, jar=dict(browser.jar), csrf=browser.csrf)

    await browser.sign_in()

    assert browser.session != old.session
    assert (await old.ask(VIEWER)).status_code == 401
    listed = await browser.ask(SESSIONS)
    assert len(listed.json()["data"]["sessions"]["nodes"]) == 1


async def test_a_session_ends_when_it_is_idle_and_when_it_is_old(
    desk: Desk, browser: Browser, settings: Settings
) -> None:
    for column in ("idle_until", "expires_at"):
        await browser.sign_in()
        values: dict[str, Any] = {"idle_until": func.clock_timestamp()}
        if column == "expires_at":
            values = {
                "idle_until": func.clock_timestamp() + timedelta(seconds=60),
                "expires_at": func.clock_timestamp() + timedelta(seconds=60),
                "used_at": func.clock_timestamp() - timedelta(hours=1),
            }
        await change_sessions(desk.world, values)
        async with an_api(settings) as fresh:
            if column == "expires_at":
                # Use moves the idle end on, but never past the end.
                late = Browser(api=fresh, jar=dict(browser.jar), csrf=browser.csrf)
                assert (await late.ask(VIEWER)).status_code == 200
                (*_, (idle, end)) = await rows(desk.world, Session.idle_until, Session.expires_at)
                assert idle == end
                await change_sessions(desk.world, {"idle_until": func.clock_timestamp()})
        async with an_api(settings) as fresh:
            again = Browser(api=fresh, jar=dict(browser.jar), csrf=browser.csrf)
            assert (await again.ask(VIEWER)).status_code == 401


async def change_sessions(world: World, values: dict[str, Any]) -> None:
    async with world.hub.unit_of_work(world.system) as work:
        await work.change(update(Session).where(Session.revoked_at.is_(None)).values(**values))


async def test_a_session_that_is_used_stays(
    desk: Desk, browser: Browser, settings: Settings
) -> None:
    await browser.sign_in()
    soon = func.clock_timestamp() + timedelta(minutes=1)
    earlier = func.clock_timestamp() - timedelta(hours=1)
    await change_sessions(desk.world, {"idle_until": soon, "used_at": earlier})

    async with an_api(settings) as fresh:
        used = Browser(api=fresh, jar=dict(browser.jar), csrf=browser.csrf)
        assert (await used.ask(VIEWER)).status_code == 200

    ((used_at, idle_until),) = await rows(desk.world, Session.used_at, Session.idle_until)
    assert idle_until - used_at == timedelta(seconds=settings.session_idle_seconds)


async def test_one_lists_ones_own_sessions_and_ends_one(desk: Desk, browser: Browser) -> None:
    phone, other = Browser(api=desk.api), Browser(api=desk.api)
    await give_password(desk.world, Role.VIEWER, "another fine password")
    await other.sign_in("viewer@acme.example", "another fine password")
    await phone.sign_in(headers={"user-agent": "Phone"})
    await browser.sign_in(headers={"user-agent": "Desk"})

    nodes = (await browser.ask(SESSIONS)).json()["data"]["sessions"]["nodes"]
    assert [(node["agent"], node["current"]) for node in nodes] == [
        ("Desk", True),
        ("Phone", False),
    ]
    theirs = (await other.ask(SESSIONS)).json()["data"]["sessions"]["nodes"][0]["id"]
    revoke = "mutation($id:ID!){sessionRevoke(input:{id:$id}){session{revokedAt} errors{code}}}"
    ended = await browser.ask(revoke, id=nodes[1]["id"])
    refused = await browser.ask(revoke, id=theirs)
    unseen = await browser.ask("query($id:ID!){node(id:$id){id}}", id=theirs)

    assert ended.json()["data"]["sessionRevoke"]["session"]["revokedAt"]
    assert refused.json()["data"]["sessionRevoke"]["errors"] == [{"code": "NOT_FOUND"}]
    assert code(unseen) == "NOT_FOUND"
    await ends(phone)
    assert (await other.ask(VIEWER)).status_code == 200


async def ends(browser: Browser) -> None:
    """Wait until a session has ended, which takes five seconds at most."""
    async with asyncio.timeout(5):
        while True:
            answer = await browser.ask(VIEWER)
            if answer.status_code != 200:
                break
            await asyncio.sleep(0.05)
    assert code(answer) == "UNAUTHENTICATED"


async def test_tokens_have_no_sessions(desk: Desk) -> None:
    listed = await desk.manager.ask(SESSIONS)
    change = await desk.manager.do("passwordChange", currentPassword="x", newPassword=PASSWORD)

    assert listed.codes == ["FORBIDDEN"]
    assert change.refusal["code"] == "FORBIDDEN"


async def test_changing_ones_password_takes_the_current_one_and_ends_the_other_sessions(
    desk: Desk, browser: Browser
) -> None:
    phone = Browser(api=desk.api)
    await phone.sign_in()
    await browser.sign_in()
    change = (
        "mutation($a:String!,$b:String!){passwordChange(input:{currentPassword:$a,newPassword:$b})"
        "{member{name} errors{code path}}}"
    )

    wrong = await browser.ask(change, a="not the password", b="a whole new password")
    weak = await browser.ask(change, a=PASSWORD, b="short")
    right = await browser.ask(change, a=PASSWORD, b="a whole new password")

    assert wrong.json()["data"]["passwordChange"]["errors"] == [
        {"code": "INVALID", "path": ["input", "currentPassword"]}
    ]
    assert weak.json()["data"]["passwordChange"]["errors"] == [
        {"code": "INVALID", "path": ["input", "newPassword"]}
    ]
    assert right.json()["data"]["passwordChange"]["errors"] == []
    await ends(phone)
    assert (await browser.ask(VIEWER)).status_code == 200
    assert (await Browser(api=desk.api).sign_in()).status_code == 401
    assert (await Browser(api=desk.api).sign_in(password="a whole new password")).status_code == 201


async def test_a_stolen_session_cannot_guess_the_password(browser: Browser) -> None:
    await browser.sign_in()
    change = (
        "mutation($a:String!){passwordChange(input:{currentPassword:$a,newPassword:$a})"
        "{errors{code}}}"
    )

    codes = [
        (await browser.ask(change, a=f"guess number {number}")).json()["data"]["passwordChange"][
            "errors"
        ][0]["code"]
        for number in range(8)
    ]

    assert codes == ["INVALID"] * 5 + ["TOO_MANY_TRIES"] * 3


async def test_whoever_manages_sets_passwords_ends_sessions_and_removes_people(
    desk: Desk, browser: Browser
) -> None:
    admin = desk.as_(Role.ADMIN)
    member = gid("Member", _editor(desk.world))
    await browser.sign_in()

    ended = await admin.do("memberSessionsRevoke", "member{name}", memberId=member)
    await ends(browser)
    set_ = await admin.do(
        "memberPasswordSet", "member{name}", memberId=member, password="a whole new password"
    )
    again = await browser.sign_in(password="a whole new password")
    removed = await admin.do("memberRemove", "member{removedAt}", memberId=member)
    await ends(browser)

    assert ended.payload["member"] == set_.payload["member"] == {"name": "Editor of acme"}
    assert again.status_code == 201
    assert removed.payload["member"]["removedAt"]
    assert (await browser.sign_in(password="a whole new password")).status_code == 401
    listed = await admin.ask("{members{nodes{name}}}")
    assert "Editor of acme" not in repr(listed.data)
    reasons = [
        event.data["reason"]
        for event in await events_of(desk.world)
        if event.name == "session.revoked"
    ]
    assert reasons == ["REVOKED", "MEMBER_REMOVED"]


def _editor(world: World) -> UUID:
    member_id = world.editor.member_id
    assert member_id is not None
    return member_id


async def test_a_member_who_was_removed_has_no_token_and_can_come_back(desk: Desk) -> None:
    from hub.access import operations as access

    admin = desk.as_(Role.ADMIN)
    member = gid("Member", _editor(desk.world))
    own = await admin.ask("{viewer{member{id}}}")

    await admin.do("memberRemove", memberId=member)
    oneself = await admin.do("memberRemove", memberId=own.data["viewer"]["member"]["id"])
    twice = await admin.do("memberRemove", memberId=member)

    assert oneself.refusal["code"] == "WRONG_STATE"
    assert twice.refusal["code"] == "NOT_FOUND"
    assert (await desk.editor.ask(VIEWER)).status == 401
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        back = await access.add_member(
            work, name="Back", email="editor@acme.example", role=Role.VIEWER
        )
    assert back.id == desk.world.editor.member_id
    # What was revoked stays so.
    assert (await desk.editor.ask(VIEWER)).status == 401


# Guessing


async def test_a_guesser_waits_longer_and_longer(desk: Desk, browser: Browser) -> None:
    free = [(await browser.sign_in(password=f"guess {number}")) for number in range(5)]
    refused = await browser.sign_in(password="guess")

    assert [answer.status_code for answer in free] == [401] * 5
    assert (refused.status_code, code(refused)) == (429, "TOO_MANY_TRIES")
    assert refused.headers["retry-after"] == "1"
    waits = []
    for _ in range(8):
        await later(desk.world, 60)
        await browser.sign_in(password="guess")
        waits.append(int((await browser.sign_in(password="guess")).headers["retry-after"]))
    assert waits == [2, 4, 8, 16, 32, 60, 60, 60]
    # Waiting, even for long, is all it takes: the person is never locked out for good.
    await later(desk.world, 60)
    assert (await browser.sign_in()).status_code == 201


async def test_nobody_can_lock_a_person_out_of_the_browser_they_use(
    desk: Desk, browser: Browser
) -> None:
    await browser.sign_in()
    await browser.send("DELETE", "/session")
    attacker = Browser(api=desk.api)
    for number in range(7):
        last = await attacker.sign_in(password=f"guess {number}")
    assert last.status_code == 429

    assert (await browser.sign_in()).status_code == 201
    # The mark is good for its own account only, and cannot be made up.
    for device in ("x.y", attacker.jar.get("hub_device", ""), f"{browser.jar['hub_device']}0"):
        forger = Browser(api=desk.api, jar={"hub_device": device})
        assert (await forger.sign_in()).status_code == 429
    other = Browser(api=desk.api, jar=dict(browser.jar))
    answers = [await other.sign_in("viewer@acme.example", "guess") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


async def test_one_address_cannot_try_every_account(desk: Desk) -> None:
    answers = [
        await Browser(api=desk.api).sign_in(f"person-{number}@acme.example", "password1234")
        for number in range(ADDRESS_TRIES.free + 2)
    ]

    statuses = [answer.status_code for answer in answers]
    assert statuses == [401] * ADDRESS_TRIES.free + [429] * 2


async def test_of_a_thousand_tries_at_once_only_the_free_ones_are_checked(
    desk: Desk, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = Passwords._verify

    def watched(self: Passwords, stored: str | None, password: str) -> bool:
        checked.append(password)
        return verify(self, stored, password)

    monkeypatch.setattr(Passwords, "_verify", watched)
    statuses: dict[int, int] = {}

    async def guess(many: int) -> None:
        for number in range(many):
            answer = await Browser(api=desk.api).sign_in(password=f"guess {number}")
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1

    await asyncio.gather(*(guess(50) for _ in range(20)))

    assert sum(statuses.values()) == 1_000
    assert set(statuses) == {401, 429}
    # A few more than at once are free, as time goes by while they come.
    assert ACCOUNT_TRIES.free <= len(checked) <= ACCOUNT_TRIES.free + 5
    assert len(checked) == statuses[401]


async def test_tries_from_long_ago_are_forgotten(desk: Desk, browser: Browser) -> None:
    for number in range(6):
        await browser.sign_in(password=f"guess {number}")
    await later(desk.world, 3_601)

    answers = [await browser.sign_in(password=f"guess {number}") for number in range(6)]
    await later(desk.world, 90_000)
    await browser.sign_in()

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    # Rows of a day ago and those of whoever got in are gone; today's count of the address stays.
    assert await all_tries(desk.world) <= 1


async def test_an_address_is_seen_through_the_proxies_in_front_and_no_further(
    settings: Settings, world: World
) -> None:
    await give_password(world, Role.EDITOR)
    seen = {}
    for proxies in (0, 1, 2):
        async with an_api(settings.model_copy(update={"proxies": proxies})) as api:
            await Browser(api=api).sign_in(
                headers={"x-forwarded-for": "6.6.6.6, 192.0.2.7, 2001:db8:1:2:3:4:5:6"}
            )
        seen[proxies] = sorted(row.address for row in await rows(world, Session.address))

    assert seen == {
        0: ["127.0.0.1"],
        1: ["127.0.0.1", "2001:db8:1:2::"],
        2: ["127.0.0.1", "192.0.2.7", "2001:db8:1:2::"],
    }


async def test_another_workspaces_cookie_sees_its_own_workspace(
    desk: Desk, stranger: Desk, browser: Browser
) -> None:
    await give_password(stranger.world, Role.EDITOR, "another fine password")
    other = Browser(api=desk.api)
    await other.sign_in("editor@other.example", "another fine password", workspace="other")

    found = await other.ask("query($id:ID!){brands{nodes{id}} node(id:$id){id}}", id=desk.brand)

    assert found.json()["data"]["brands"]["nodes"] == [{"id": stranger.brand}]
    assert found.json()["data"]["node"] is None


async def test_a_world_of_its_own_has_no_open_door(api: Api, world: World) -> None:
    """Nobody has a password until somebody sets one."""
    assert (await a_world(world.hub, slug="third")).tokens
    answer = await Browser(api=api).sign_in(password="")
    wrong = await Browser(api=api).sign_in(password=" ")

    assert (answer.status_code, wrong.status_code) == (400, 401)


@pytest.mark.parametrize(
    ("public_url", "own"),
    [
        ("https://hub.example", {"https://hub.example"}),
        ("https://Hub.example:443/", {"https://hub.example"}),
        ("https://hub.example:8443", {"https://hub.example:8443"}),
        (
            "http://localhost:8000",
            {"http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"},
        ),
    ],
)
def test_the_hubs_own_pages_are_those_of_its_address(
    settings: Settings, public_url: str, own: set[str]
) -> None:
    changed = settings.model_copy(
        update={"public_url": public_url, "cors_origins": ("*", "null", "https://App.example/")}
    )

    assert Cookies(changed).origins == {*own, "https://app.example"}
