"""A place where people comment, the team that looks after it, and what both do all the time."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.targets.campaign import Case, Said
from tests.targets.communities import Community
from tests.targets.network_cases import a_text
from tests.targets.newsroom import Broken, Json, Refused, Text, expect
from tests.targets.team import Team

PRAISE = "Thank you so much, the new menu is wonderful and I love it!"


@dataclass(frozen=True, kw_only=True)
class Town:
    """A place with people around it, and the team that looks after them."""

    place: Community
    team: Team


Play = Callable[[Town], Said]


def plays(party: str, by_name: Mapping[str, Play]) -> list[Case[Town]]:
    """Return cases for a party."""
    return [Case(name=name, party=party, play=play) for name, play in by_name.items()]


def published(town: Town, words: str, *, locale: str = "en") -> Json:
    """Publish something after two approvals and return the publication."""
    place, team = town.place, town.team
    text = Text(title=a_text(f"{words} Title."), parts=[a_text(words)], locale=locale)
    publication = team.published(text, place.channel_id)
    expect("how often it is out", len(place.found(text.parts[0])), 1)
    expect("the hash that was sent", publication["sentHash"], publication["approvedHash"])
    return publication


def commented(town: Town, publication: Json, words: str) -> tuple[str, Json, float]:
    """Let the reader comment; return the words, the message, and how long it took to come."""
    text = a_text(words)
    remote_id = town.place.answer(publication, text)
    since = time.monotonic()
    message = town.team.came(publication["id"], remote_id)
    took = time.monotonic() - since
    expect("the words", message["text"], text)
    expect("who wrote it", message["direction"], "INBOUND")
    return text, message, took


def refused(act: Callable[[], object]) -> Refused:
    """Return how something is refused; Broken when it is not."""
    try:
        act()
    except Refused as error:
        return error
    raise Broken("It was not refused.")


def calls(town: Town) -> int:
    """Return how often the hub asked the server to change anything."""
    return len([call for call in town.place.proxy.calls if call.method != "GET"])
