"""What the connector itself must do on the real network of Bluesky, below the hub's API."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from hub.channels.platforms.bluesky import BlueskySettings
from tests.targets import names
from tests.targets.bluesky_cases import PUT, Sky
from tests.targets.bluesky_server import NAME, Person
from tests.targets.campaign import Cases
from tests.targets.conformance import conforms, known
from tests.targets.newsroom import Broken, Json, expect
from tests.workers.connectors import test_bluesky as special
from tests.workers.connectors import test_conformance as suite
from tests.workers.connectors.places import Place, a_sending, publish
from workers.connectors.errors import RateLimited
from workers.connectors.http import Http, open_http
from workers.connectors.port import Account
from workers.connectors.registry import connectors

LOGINS = 30
PATIENCE_SECONDS = 30.0

cases: Cases[Sky] = Cases(party=NAME)


@dataclass(frozen=True, kw_only=True)
class RealPlace(Place):
    """An account at the real server, with the same back door as at the simulator."""

    sky: Sky = field(repr=False)
    person: Person = field(repr=False)

    async def stored(self) -> list[dict[str, Any]]:
        """Return what is really there."""
        return [_entry(record) for record in self.person.records()]

    async def fault(
        self, effect: str, *, method: str = "POST", path: str = "", **more: Any
    ) -> None:
        """Let the next answer be lost: the one thing that can be done to a server from outside."""
        expect("the effect", (effect, more), ("drop_after", {"status": 502}))
        self.sky.proxy.cut(method, path or self.commit_path)

    async def adjust(self, **settings: Any) -> None:
        """Nothing can be adjusted here."""
        raise Broken(f"A real server has no {settings}.")


def _entry(record: Json) -> Json:
    value = record["value"]
    reply = value.get("reply", {})
    return {
        "id": record["uri"],
        "text": value["text"],
        "created_at": value["createdAt"],
        "in_reply_to_id": reply.get("parent", {}).get("uri"),
        "root_id": reply.get("root", {}).get("uri"),
        "record": value,
        "deleted": False,
    }


def a_place(sky: Sky) -> Callable[[Http], Awaitable[Place]]:
    """Return what makes a place with a fresh account behind the proxy."""

    async def make(http: Http) -> Place:
        person = await asyncio.to_thread(sky.network.person, "conform")
        account = Account(
            channel_id=uuid4(),
            platform="bluesky",
            settings=BlueskySettings.model_validate(sky.settings).model_dump(mode="json"),
            secrets={"identifier": person.handle, "app_password": person.app_password},
        )
        place = RealPlace(
            name="bluesky",
            connector=connectors(http)["bluesky"],
            account=account,
            base=f"http://{sky.proxy.address}",
            commit_path=PUT,
            sky=sky,
            person=person,
        )
        return await known(place, http)

    return make


@cases.case(names.CONFORMS)
def conforming(sky: Sky) -> str:
    """What the simulator was shown to do, the real server does."""
    nobody = {
        "name": "bluesky",
        "nobody": f"at://{sky.reader.did}/app.bsky.feed.post/3kaaaaaaaaa2a",
    }
    return conforms(
        a_place(sky),
        [
            (suite.test_a_check_says_who_we_are_and_what_is_allowed, {}),
            (suite.test_a_publication_goes_out_once_with_its_picture, {}),
            (suite.test_the_words_arrive_as_they_were_approved, {}),
            (suite.test_the_same_key_twice_is_one_post_where_the_place_promises_it, {}),
            (
                suite.test_a_lost_answer_is_an_unknown_outcome_and_can_be_settled,
                {"effect": "drop_after"},
            ),
            (suite.test_a_server_that_is_not_there_was_sent_nothing, {}),
            (suite.test_a_wrong_secret_needs_auth_and_is_never_repeated_in_the_error, {}),
            (suite.test_what_is_taken_down_twice_is_gone_once, {}),
            (
                suite.test_what_is_out_can_be_read_back_whether_it_stands_was_changed_or_is_gone,
                {},
            ),
            (suite.test_a_text_at_the_limit_goes_out_and_one_over_it_is_refused, {}),
            (suite.test_what_is_written_has_the_same_digest_in_every_plan, {}),
            (suite.test_an_answer_to_something_gone_is_told_apart, nobody),
            (special.test_a_post_is_written_exactly_as_it_was_approved, {}),
            (special.test_pictures_are_uploaded_once_and_described, {}),
            (special.test_a_card_is_shown_below_the_first_part_alone, {}),
            (special.test_a_mention_leads_to_who_it_names_and_nobody_stays_plain_text, {}),
            (special.test_a_thread_names_its_root_and_the_part_before, {}),
            (special.test_another_record_under_the_key_is_never_written_over, {}),
            (special.test_creating_under_a_taken_key_is_a_500_which_is_why_it_is_put, {}),
            (special.test_what_was_never_hidden_needs_no_gate_to_be_shown, {}),
            (special.test_there_is_an_end_to_what_can_be_hidden, {}),
        ],
        allow=[sky.proxy.address],
    )


def played(sky: Sky, play: Callable[[Place, Person], Awaitable[str | None]]) -> str | None:
    """Play something with a fresh account and the connector alone."""

    async def run() -> str | None:
        async with open_http(allow=[sky.proxy.address]) as http:
            place = await a_place(sky)(http)
            assert isinstance(place, RealPlace)
            return await play(place, place.person)

    return asyncio.run(run())


@cases.case(names.LOGINS)
def logins(sky: Sky) -> str:
    """Thirty in five minutes are allowed; the thirty-first says when to come back."""

    async def play(place: Place, person: Person) -> str:
        asked = {"identifier": person.handle, "password": person.app_password}
        async with httpx.AsyncClient(base_url=place.base, trust_env=False, timeout=30) as client:
            answers = [
                await client.post("/xrpc/com.atproto.server.createSession", json=asked)
                for _ in range(LOGINS + 1)
            ]
        let_in = sum(answer.is_success for answer in answers)
        expect("the last answer", answers[-1].status_code, 429)
        # What is logged in already goes on.
        await publish(place, a_sending(place, "Still here"))
        try:
            await place.connector.check(replace(place.account, channel_id=uuid4()))
        except RateLimited as limited:
            wait = limited.wait
        else:
            raise Broken("The connector was let in.")
        if not timedelta() < wait <= timedelta(minutes=5):
            raise Broken(f"It is to wait {wait}.")
        return f"refused after {let_in} logins; wait {wait.total_seconds():.0f} s"

    return played(sky, play) or ""
