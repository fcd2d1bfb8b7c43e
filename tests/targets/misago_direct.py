"""The connector itself against the real forum, and a hub of its own whose worker is killed."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from tests.running import a_folder, a_running_hub
from tests.targets import names
from tests.targets.campaign import Cases
from tests.targets.fault_cases import outcomes
from tests.targets.hub_clock import HubClock
from tests.targets.misago_cases import Board, a_topic, one_thread
from tests.targets.misago_server import CATEGORY, HELD_CATEGORY, MEMBER, NAME, PUBLISHER, Person
from tests.targets.network_cases import a_text
from tests.targets.newsroom import WAIT_SECONDS, Broken, Newsroom, expect
from tests.workers.connectors import test_conformance as suite
from tests.workers.connectors.conftest import known
from tests.workers.connectors.places import Place, Story, a_sending, commit_step, publish
from workers.connectors import errors
from workers.connectors.http import Http, open_http
from workers.connectors.misago import Misago
from workers.connectors.port import Account, Found, Ref

#: A dead worker is noticed when its lease has run out.
LEASE_SECONDS = 3

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


@cases.case(names.TAKEN_DOWN)
def taken_down(board: Board) -> None:
    """A moderator's thread is deleted with all that is in it."""
    played(board, suite.test_what_is_taken_down_twice_is_gone_once)


@cases.case(names.EDITED)
def edited(board: Board) -> None:
    """Every part has other words, and the thread another title; doing it again changes nothing."""
    played(board, suite.test_other_words_take_the_place_of_a_post_and_twice_is_once)

    async def play(place: RealPlace) -> None:
        story = await a_thread(place, "First as it was", "Second as it was")
        refs = tuple(story.sending.part_refs())
        sending = replace(a_sending(place, "First as it is", "Second as it is"), amends=refs)
        title = a_text("Another title")
        sending = replace(sending, edition=replace(sending.edition, title=title))
        amended = await publish(place, sending)
        await publish(place, sending)
        expect("the steps", amended.steps, ["commit:0", "title:0", "commit:1"])
        expect(
            "the posts", [ref.remote_id for ref in amended.refs], [one.remote_id for one in refs]
        )
        texts = [one["text"] for one in await place.stored()]
        expect("the words", texts, ["First as it is", "Second as it is"])
        (thread,) = [one for one in place.person.threads() if one["id"] not in place.before]
        expect("the title", thread["title"], title)

    played(board, play)


@cases.case(names.STANDS)
def stands(board: Board) -> None:
    """Also in the middle of a thread, and when a moderator has hidden it."""
    played(board, suite.test_what_is_out_can_be_read_back_whether_it_stands_was_changed_or_is_gone)

    async def play(place: RealPlace) -> None:
        story = await a_thread(place, "The first of two", "The second of two")
        second, root = story.refs[1], story.refs[0]
        seen = await place.connector.read_back(story.sending, 1)
        expect("it stands", (seen.found, seen.changed, seen.hidden), (True, False, False))
        await place.connector.hide(place.account, second, root=root, hidden=True)
        seen = await place.connector.read_back(story.sending, 1)
        expect("it is hidden", (seen.found, seen.changed, seen.hidden), (True, False, True))
        await place.connector.delete(place.account, second)
        seen = await place.connector.read_back(story.sending, 1)
        expect("it is gone", seen.found, wanted=False)

    played(board, play)


@cases.case(names.HIDDEN)
def hidden(board: Board) -> None:
    """A guest sees no words while it is hidden, and all of them afterwards."""

    async def play(place: RealPlace) -> None:
        story = await a_thread(place, "What do you say?")
        root = story.refs[0]
        thread = int(root.extra["thread"])
        board.reader.write(thread, "Something rude")
        page = await place.connector.fetch_messages(place.account, [root], "")
        (message,) = page.messages
        answer = Ref(remote_id=message.remote_id, extra=message.extra)
        for hide in (True, True, False, False):
            await place.connector.hide(place.account, answer, root=root, hidden=hide)
            shown = board.reader.posts(thread)[1]
            expect("whether it is hidden", shown["is_hidden"], hide)

    played(board, play)


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


@cases.case(names.KILLED)
def killed(board: Board) -> str:
    """A hub of its own: nobody else's workers are in danger."""
    env = {"HUB_OUTGOING_ALLOW": board.proxy.address, "HUB_LEASE_SECONDS": str(LEASE_SECONDS)}
    with a_folder() as folder, a_running_hub(folder, env=env) as hub:
        news = Newsroom(url=hub.url, tokens=hub.tokens, clock=HubClock(hub.data_dir))
        with closing(news):
            own = replace(board, news=news)
            own.channel = own.connect(PUBLISHER, board.forum.password)
            text = a_topic("A worker dies over this.")
            item = news.approved(text, [own.channel_id])
            held = board.proxy.hold("POST", "/api/threads/")
            made = news.schedule(item, own.channel_id)
            expect("the thread is stored", held.came.wait(WAIT_SECONDS), wanted=True)
            dying = [one for one in hub.processes() if "workers" in one.cmdline()]
            for one in dying:
                one.kill()
            held.released.set()
            publication = news.settled(made)
            one_thread(board, publication, text)
            expect("the first try", publication["attempts"][0]["outcome"], "SILENT")
            return f"{len(dying)} processes killed; {outcomes(publication)}"
