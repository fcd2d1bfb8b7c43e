"""What the connector itself must do at the real forum, below the hub's API."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, BinaryIO
from uuid import uuid4

import httpx

from tests.targets import names
from tests.targets.campaign import Cases
from tests.targets.misago_cases import Board
from tests.targets.misago_server import CATEGORY, HELD_CATEGORY, MEMBER, NAME, PUBLISHER, Person
from tests.targets.network_cases import a_text
from tests.targets.newsroom import Broken, expect
from tests.workers.connectors import test_conformance as suite
from tests.workers.connectors.conftest import known
from tests.workers.connectors.places import Place, Story, a_sending, commit_step, publish
from workers.connectors import errors
from workers.connectors.http import Http, open_http
from workers.connectors.misago import Misago
from workers.connectors.port import Account, Found, Ref

cases: Cases[Board] = Cases(party=NAME)


@dataclass(frozen=True, kw_only=True)
class RealPlace(Place):
    """An account at the real forum, as the conformance suite sees a place."""

    board: Board
    person: Person
    before: frozenset[int]

    async def fault(
        self, effect: str, *, method: str = "POST", path: str = "", **more: Any
    ) -> None:
        """Let the proxy lose the next answer."""
        expect("the effect", (effect, path, more), ("drop_after", "", {"status": 502}))
        self.board.proxy.cut(method, self.commit_path)

    async def stored(self) -> list[dict[str, Any]]:
        """Return what this account has written since the place was made."""
        fresh = [one["id"] for one in self.person.threads() if one["id"] not in self.before]
        return [
            {"id": f"posts/{post['id']}", "text": self.person.source(thread, post["id"])}
            for thread in fresh
            for post in self.person.posts(thread)
            if post["poster"]["id"] == self.person.id
        ]


@asynccontextmanager
async def a_place(
    board: Board, name: str = PUBLISHER, *, category: str = str(CATEGORY)
) -> AsyncIterator[tuple[RealPlace, Http]]:
    """Sign an account in and check it, as connecting a channel does."""
    person = board.forum.person(name)
    base = f"http://{board.proxy.address}"
    async with open_http(allow=[board.proxy.address]) as http:
        made = RealPlace(
            name="misago",
            connector=Misago(http),
            account=Account(
                channel_id=uuid4(),
                platform="misago",
                settings={"base_url": base, "category": category},
                secrets={"username": name, "password": board.forum.password},
            ),
            base=base,
            commit_path="/api/threads/",
            board=board,
            person=person,
            before=frozenset(one["id"] for one in person.threads()),
        )
        place = await known(made)
        assert isinstance(place, RealPlace)
        yield place, http


def played(
    board: Board, play: Callable[[RealPlace], Awaitable[Any]], name: str = PUBLISHER, **more: str
) -> Any:
    """Do something at a fresh place, from beginning to end."""

    async def run() -> Any:
        async with a_place(board, name, **more) as (place, _):
            return await play(place)

    return asyncio.run(run())


async def a_thread(place: RealPlace, *texts: str) -> Story:
    """Publish texts as one thread."""
    return await publish(place, a_sending(place, *texts))


@cases.case(names.CONFORMS)
def conforms(board: Board) -> str:
    """The same functions that judge the simulator judge the server it imitates."""
    plain: list[Callable[[Place], Awaitable[None]]] = [
        suite.test_a_check_says_who_we_are_and_what_is_allowed,
        suite.test_the_words_arrive_as_they_were_approved,
        suite.test_the_same_key_twice_is_one_post_where_the_place_promises_it,
        suite.test_a_wrong_secret_needs_auth_and_is_never_repeated_in_the_error,
        suite.test_a_plan_is_the_same_however_often_it_is_made,
        suite.test_what_is_taken_down_twice_is_gone_once,
        suite.test_other_words_take_the_place_of_a_post_and_twice_is_once,
        suite.test_what_is_out_can_be_read_back_whether_it_stands_was_changed_or_is_gone,
        lambda place: suite.test_a_lost_answer_is_an_unknown_outcome_and_can_be_settled(
            place, "drop_after"
        ),
    ]
    for case in plain:
        played(board, case)

    async def with_clients() -> None:
        with closing(socket.socket()) as held:
            held.bind(("127.0.0.1", 0))
            unused = f"127.0.0.1:{held.getsockname()[1]}"
            async with a_place(board) as (place, http):
                await suite.test_a_server_that_is_not_there_was_sent_nothing(place, unused)
                await suite.test_what_is_written_has_the_same_digest_in_every_plan(place, http)

    asyncio.run(with_clients())
    return f"{len(plain) + 2} cases of the suite"


@cases.case(names.NOT_ALLOWED)
def not_allowed(board: Board) -> str:
    """A plain member may neither delete nor hide, not even what is their own."""
    said = ""

    async def play(place: RealPlace) -> None:
        nonlocal said
        can = (await place.connector.check(place.account)).capabilities
        expect("what is offered", {"DELETE", "HIDE"} & {str(one) for one in can}, set())
        (thread, *_) = place.person.threads()
        first = place.person.posts(thread["id"])[0]
        ref = Ref(remote_id=f"posts/{first['id']}", extra={"thread": thread["id"], "opens": True})
        try:
            await place.connector.delete(place.account, ref)
        except errors.Unsupported as error:
            said = str(error)
            return
        raise Broken("A plain member took a thread down.")

    played(board, play, MEMBER)
    return said


@cases.case(names.HELD)
def held(board: Board) -> None:
    """Nobody else sees it: not lost, not sent again."""

    async def play(place: RealPlace) -> None:
        await asyncio.sleep(3.1)
        sending = a_sending(place, a_text("This waits for a moderator."))
        sending = await after_category(place, sending)
        step = commit_step(place, sending)
        since = datetime.now(UTC)
        await place.fault("drop_after", status=502)
        try:
            await place.connector.perform(sending, step, NoPictures())
        except errors.OutcomeUnknown:
            pass
        else:
            raise Broken("The answer was not lost.")
        found = await place.connector.find_existing(sending, step, since)
        expect("what is found", isinstance(found, Found), wanted=True)
        assert isinstance(found, Found)
        out = replace(sending, checkpoint={**sending.checkpoint, "parts": [found.ref.to_json()]})
        seen = await place.connector.read_back(out, 0)
        expect("how it stands", (seen.found, seen.changed, seen.hidden), (True, False, True))

    played(board, play, MEMBER, category=HELD_CATEGORY)


class NoPictures:
    """There are none to read."""

    async def read(self, sha256: str) -> bytes:
        raise AssertionError(sha256)

    def file(self, sha256: str) -> AbstractAsyncContextManager[BinaryIO]:
        raise AssertionError(sha256)


async def after_category(place: RealPlace, sending: Any) -> Any:
    """Look the number of the category up, as the plan wants it first."""
    step = place.connector.plan(sending)
    assert step is not None
    done = await place.connector.perform(sending, step, NoPictures())
    return replace(sending, checkpoint=done.checkpoint)


@cases.case(names.SIGNED_OUT)
def signed_out(board: Board) -> None:
    """Somebody signs the account out everywhere while the hub is at work."""

    async def play(place: RealPlace) -> None:
        connector = place.connector
        assert isinstance(connector, Misago)
        session = connector._sessions._open[place.account.channel_id]
        async with httpx.AsyncClient(trust_env=False, cookies=dict(session.cookies)) as client:
            left = await client.post(
                f"{place.base}/logout/",
                data={"csrfmiddlewaretoken": session.cookies["csrftoken"]},
            )
        expect("the sign-out", left.status_code < 400, wanted=True)
        text = a_text("Sent by a session of its own.")
        await publish(place, a_sending(place, text))
        expect("the words", [one["text"] for one in await place.stored()], [text])

    played(board, play)
