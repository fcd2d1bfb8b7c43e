"""What the tests of WordPress share: its users, its ledger, and what its readers do."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from tests.workers.connectors.conftest import known
from tests.workers.connectors.places import Place
from workers.connectors.port import Ref, RemoteMessage

API = "/wp-json/wp/v2"


async def as_role(blog: Place, role: str) -> Place:
    """Return another user of the same blog."""
    asked = {"username": f"user{uuid4().hex[:12]}", "role": role}
    joined = (await blog.ask("POST", "accounts", json=asked)).json()
    return await known(replace(blog, account=replace(blog.account, secrets=joined["secrets"])))


async def ledger(place: Place) -> dict[str, Any]:
    user = place.account.secrets["username"]
    return dict((await place.ask("GET", f"ledger?account={user}")).json())


async def answered(
    place: Place, below: str, *texts: str, who: str = "reader", held: bool = False
) -> list[str]:
    """Let somebody write below a post or a comment; return the ids. `held`: it waits there."""
    given = {"account": who, "post": below, "held": held}
    answers = [await place.ask("POST", "answer", json={**given, "text": text}) for text in texts]
    return [str(answer.json()["id"]) for answer in answers]


async def change(place: Place, remote_id: str, **values: Any) -> None:
    """Let somebody at the site change something behind our back."""
    (await place.ask("POST", "change", json={"id": remote_id, **values})).raise_for_status()


async def collected(
    place: Place, refs: Sequence[Ref], *, between: Any = None
) -> list[RemoteMessage]:
    """Read every page, with something happening before each but the first."""
    found: list[RemoteMessage] = []
    cursor = ""
    for _ in range(60):
        page = await place.connector.fetch_messages(place.account, refs, cursor)
        found += page.messages
        cursor = page.cursor
        if not page.more:
            assert cursor == ""
            return found
        if between:
            await between(cursor)
    raise AssertionError("It never came to an end.")
