"""Everybody the hub is played against: how each is installed, started, and which cases it plays."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from tests.targets import (
    automation_cases,
    bluesky_cases,
    bluesky_connector_cases,
    bluesky_fault_cases,
    bluesky_server,
    community_cases,
    elsewhere_cases,
    fault_cases,
    feed_cases,
    misago_cases,
    misago_direct,
    misago_killed,
    misago_server,
    mock_server,
    moderating_cases,
    network_cases,
    webhook_cases,
    wordpress_agreement,
    wordpress_cases,
    wordpress_fault_cases,
    wordpress_server,
)
from tests.targets.amendment_cases import amendments, moderation
from tests.targets.campaign import Case, Lane, Result
from tests.targets.communities import (
    BlueskyCommunity,
    Community,
    MisagoCommunity,
    WordPressCommunity,
)
from tests.targets.installing import Tell, installed
from tests.targets.network_cases import Network
from tests.targets.newsroom import Newsroom
from tests.targets.outlets import OnBluesky, OnMastodon, OnMisago, OnWordPress
from tests.targets.proxy import a_proxy
from tests.targets.receiver import Receiver, a_receiver
from tests.targets.team import Team
from tests.targets.town import Play, Town, plays


@dataclass(frozen=True, kw_only=True)
class Hubs:
    """The people at the hub, and those at another one, whose clock nobody else moves."""

    news: Newsroom
    beside: Newsroom
    receiver: Receiver

    def team(self) -> Team:
        """Return a team with a brand of its own."""
        return Team(beside=self.beside, receiver=self.receiver)


Lanes = Callable[[Hubs], Sequence[Lane[Any]]]


@dataclass(frozen=True, kw_only=True)
class Started:
    """A party that runs: its version, the addresses the hub may call, and its lanes."""

    version: str
    addresses: Sequence[str]
    lanes: Lanes


@dataclass(frozen=True, kw_only=True)
class Party:
    """One other party. `install` comes before any clock runs; `start` registers its end."""

    name: str
    cases: Sequence[Case[Any]]
    install: Callable[[Tell], Any]
    start: Callable[[ExitStack, Any], Started]


@dataclass(kw_only=True)
class Gathering:
    """The parties that run, and why the others do not."""

    started: dict[str, Started] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def versions(self) -> dict[str, str]:
        """Return the version of each party, in their order; of one that is missing, that it is."""
        return {
            party.name: self.started[party.name].version
            if party.name in self.started
            else "did not start"
            for party in PARTIES
        }

    def not_played(self) -> list[Result]:
        """Return a failed result for every case of a party that did not start."""
        return [
            Result(name=case.name, party=case.party, seconds=0.0, error=self.missing[party.name])
            for party in PARTIES
            if party.name in self.missing
            for case in party.cases
        ]


def install(gathering: Gathering, *, tell: Tell) -> dict[str, Any]:
    """Install what each party needs; note whose packages cannot be had."""
    programs: dict[str, Any] = {}
    for party in PARTIES:
        try:
            programs[party.name] = party.install(tell)
        except Exception as error:  # noqa: BLE001 - whatever it is, the party is named with it
            gathering.missing[party.name] = f"could not be installed: {error}"
    return programs


def start(gathering: Gathering, programs: dict[str, Any], stack: ExitStack) -> None:
    """Start every installed party, all at once; note who does not start."""

    def begin(party: Party) -> tuple[Party, ExitStack, Started | Exception]:
        own = ExitStack()
        try:
            return party, own, party.start(own, programs[party.name])
        except Exception as error:  # noqa: BLE001 - whatever it is, the party is named with it
            own.close()
            return party, own, error

    waiting = [party for party in PARTIES if party.name in programs]
    with ThreadPoolExecutor(len(waiting) or 1) as pool:
        for party, own, outcome in pool.map(begin, waiting):
            if isinstance(outcome, Exception):
                gathering.missing[party.name] = f"did not start: {outcome}"
            else:
                stack.callback(own.close)
                gathering.started[party.name] = outcome


def _network(stack: ExitStack, program: Any) -> Started:
    server, slow = (stack.enter_context(mock_server.a_mock_server(program)) for _ in range(2))
    proxy, slow_proxy = (stack.enter_context(a_proxy(one.port)) for one in (server, slow))

    def lanes(hubs: Hubs) -> list[Lane[Any]]:
        slowly = Network(news=hubs.news, server=slow, proxy=slow_proxy)
        slowly.channel = slowly.connect(slowly.account.token, name="Slow network")
        return [
            Lane(
                cases=_NETWORK,
                stage=Network(news=hubs.news, server=server, proxy=proxy),
            ),
            Lane(cases=fault_cases.slow_cases.cases, stage=slowly),
        ]

    return Started(
        version=f"{program.version} (Mastodon {server.says['version']})",
        addresses=[proxy.address, slow_proxy.address],
        lanes=lanes,
    )


def _bluesky(stack: ExitStack, program: Any) -> Started:
    network = stack.enter_context(bluesky_server.a_bluesky_network(program, rate_limits=True))
    proxy, direct, near = (stack.enter_context(a_proxy(network.port)) for _ in range(3))

    def lanes(hubs: Hubs) -> list[Lane[Any]]:
        return [
            Lane(
                cases=_BLUESKY,
                stage=bluesky_cases.Sky(news=hubs.news, network=network, proxy=proxy),
            ),
            Lane(
                cases=bluesky_connector_cases.cases.cases,
                stage=bluesky_cases.Sky(news=hubs.news, network=network, proxy=direct),
            ),
            _community(
                _BLUESKY_COMMUNITY,
                team := hubs.team(),
                BlueskyCommunity(bluesky_cases.Sky(news=team, network=network, proxy=near)),
            ),
        ]

    return Started(version=program.version, addresses=[proxy.address, near.address], lanes=lanes)


def _wordpress(stack: ExitStack, tell: Tell) -> Started:
    # One of them is closed for maintenance, slowed down and put into another zone now and then.
    site, quiet = (
        stack.enter_context(wordpress_server.a_wordpress_server(tell=tell)) for _ in range(2)
    )
    proxy, near = (stack.enter_context(a_proxy(one.port)) for one in (site, quiet))

    def lanes(hubs: Hubs) -> list[Lane[Any]]:
        stage = wordpress_cases.Blog(news=hubs.news, server=site, proxy=proxy)
        team = hubs.team()
        beside = wordpress_cases.Blog(news=team, server=quiet, proxy=near)
        return [
            Lane(cases=_WORDPRESS, stage=stage),
            _community(_WORDPRESS_COMMUNITY, team, WordPressCommunity(beside)),
        ]

    return Started(version=site.version, addresses=[proxy.address, near.address], lanes=lanes)


def _misago(stack: ExitStack, program: Any) -> Started:
    forum = stack.enter_context(misago_server.a_forum(program))
    proxy, beside, near = (stack.enter_context(a_proxy(forum.port)) for _ in range(3))

    def lanes(hubs: Hubs) -> list[Lane[Any]]:
        return [
            Lane(
                cases=_MISAGO,
                stage=misago_cases.Board(news=hubs.news, forum=forum, proxy=proxy),
            ),
            Lane(
                cases=misago_killed.cases.cases,
                stage=misago_cases.Board(news=hubs.news, forum=forum, proxy=beside),
            ),
            _community(
                _MISAGO_COMMUNITY,
                team := hubs.team(),
                MisagoCommunity(
                    misago_cases.Board(
                        news=team,
                        forum=forum,
                        proxy=near,
                        people=(misago_server.HOST, misago_server.GUEST),
                    )
                ),
            ),
        ]

    return Started(version=program.version, addresses=[proxy.address, near.address], lanes=lanes)


def _feeds(_stack: ExitStack, _program: Any) -> Started:
    def lanes(hubs: Hubs) -> list[Lane[Any]]:
        return [Lane(cases=feed_cases.cases.cases, stage=feed_cases.Feeds(news=hubs.news))]

    return Started(version=feed_cases.VERSION, addresses=[], lanes=lanes)


def _webhooks(stack: ExitStack, _program: Any) -> Started:
    receiver = stack.enter_context(a_receiver())

    def lanes(hubs: Hubs) -> list[Lane[Any]]:
        stage = webhook_cases.Hooks(news=hubs.news, receiver=receiver)
        return [Lane(cases=webhook_cases.cases.cases, stage=stage)]

    return Started(version=webhook_cases.VERSION, addresses=[receiver.address], lanes=lanes)


def _community(cases: Sequence[Case[Town]], team: Team, place: Community) -> Lane[Town]:
    return Lane(cases=cases, stage=Town(place=place, team=team))


def _with_packages(tell: Tell) -> Tell:
    wordpress_server.install(tell=tell)
    return tell


_NETWORK = [
    *network_cases.cases.cases,
    *fault_cases.cases.cases,
    *amendments(mock_server.NAME, OnMastodon),
]
_BLUESKY = [
    *bluesky_cases.cases.cases,
    *bluesky_fault_cases.cases.cases,
    *amendments(bluesky_server.NAME, OnBluesky, editing=False),
    *moderation(bluesky_server.NAME, OnBluesky),
]
_WORDPRESS = [
    *wordpress_cases.cases.cases,
    *wordpress_fault_cases.cases.cases,
    *amendments(wordpress_server.NAME, OnWordPress),
    *moderation(wordpress_server.NAME, OnWordPress),
    *wordpress_agreement.cases.cases,
]
_MISAGO = [
    *misago_cases.cases.cases,
    *misago_direct.cases.cases,
    *amendments(misago_server.NAME, OnMisago),
    *moderation(misago_server.NAME, OnMisago),
]
_TEAM: dict[str, Play] = {**community_cases.PLAYS, **moderating_cases.PLAYS}
_BLUESKY_COMMUNITY, _WORDPRESS_COMMUNITY, _MISAGO_COMMUNITY = (
    plays(name, {**_TEAM, **more, **automation_cases.PLAYS})
    for name, more in (
        (bluesky_server.NAME, elsewhere_cases.PLAYS),
        (wordpress_server.NAME, moderating_cases.APPROVING_PLAYS),
        (misago_server.NAME, moderating_cases.APPROVING_PLAYS),
    )
)

PARTIES: Sequence[Party] = (
    Party(
        name=mock_server.NAME,
        cases=[*_NETWORK, *fault_cases.slow_cases.cases],
        install=lambda tell: installed(mock_server.NAME, tell=tell),
        start=_network,
    ),
    Party(
        name=bluesky_server.NAME,
        cases=[*_BLUESKY, *bluesky_connector_cases.cases.cases, *_BLUESKY_COMMUNITY],
        install=lambda tell: bluesky_server.installed_network(tell=tell),
        start=_bluesky,
    ),
    Party(
        name=wordpress_server.NAME,
        cases=[*_WORDPRESS, *_WORDPRESS_COMMUNITY],
        install=_with_packages,
        start=_wordpress,
    ),
    Party(
        name=misago_server.NAME,
        cases=[*_MISAGO, *misago_killed.cases.cases, *_MISAGO_COMMUNITY],
        install=lambda tell: installed(misago_server.NAME, tell=tell),
        start=_misago,
    ),
    Party(
        name=feed_cases.NAME,
        cases=feed_cases.cases.cases,
        install=lambda _tell: None,
        start=_feeds,
    ),
    Party(
        name=webhook_cases.NAME,
        cases=webhook_cases.cases.cases,
        install=lambda _tell: None,
        start=_webhooks,
    ),
)
