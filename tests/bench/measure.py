"""Rounds: every query against every server in turn, so that a slow minute is slow for all."""

import asyncio
import re
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx

from tests.bench.asking import FLAT, Facts, facts_of
from tests.bench.load import Loaded, Wrk, load, megabytes, tree
from tests.bench.place import Place, clean
from tests.bench.same import Different, ask, data_of, learn_tag, leaves, require_same
from tests.bench.servers import ANEW, Bodies, Running, Server, running

#: Writes come last: what they add changes what reads find.
WRITES = ("M1",)
#: Documents nobody has sent before, for each query.
_UNSEEN = 7
_WARM = 9
#: How far another server's number of leaves may be from the hub's.
_LEAVES = 0.1

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a run shall measure; servers named in `once` only in the first round, unwarmed."""

    servers: Sequence[Server]
    queries: Sequence[str]
    rounds: int
    seconds: int
    warm_seconds: int
    flat: int = FLAT
    once: Sequence[str] = ()


def processor_ms(one: Loaded) -> float:
    """Return what a request costs server and database together."""
    return one.server_ms + one.database_ms


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """A document's first run beside its later ones, in milliseconds."""

    first: float
    warm: float


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Everything one run measured, by server and query."""

    runs: dict[Key, list[Loaded]] = field(default_factory=dict)
    refusals: dict[Key, str] = field(default_factory=dict)
    leaves: dict[Key, int] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    unseen: dict[Key, Unseen] = field(default_factory=dict)

    def median(self, server: str, query: str) -> Loaded | None:
        """Return the medians of all rounds; None where nothing was measured, or not answers."""
        runs = self.runs.get((server, query))
        if not runs or any(run.errors for run in runs):
            return None
        names = Loaded.__dataclass_fields__
        middle = {name: statistics.median(getattr(run, name) for run in runs) for name in names}
        return Loaded(**middle)


Tell = Callable[[str], None]


class Bench:
    """Servers that run beside each other on one place, and what is known about them."""

    def __init__(self, place: Place, asked: Asked, tool: Wrk, *, tell: Tell) -> None:
        self.measured = Measured()
        self._place = place
        self._asked = asked
        self._tool = tool
        self._tell = tell
        self._running: list[Running] = []
        self._bodies: dict[str, Bodies] = {}

    def run(self) -> Measured:
        """Check, warm up, measure, clean up."""
        # Whoever was here before may not have come to the end.
        asyncio.run(clean(self._place))
        asyncio.run(self._prepare())
        try:
            with ExitStack() as stack:
                self._start(stack)
                self._check()
                self._rounds([name for name in self._asked.queries if name not in WRITES])
                self._first_runs()
                self._rounds([name for name in self._asked.queries if name in WRITES])
                for one in self._running:
                    self.measured.memory[one.server.name] = megabytes(tree(one.process))
        finally:
            self._tell("cleaning up")
            asyncio.run(clean(self._place))
        return self.measured

    async def _facts(self) -> Facts:
        connection = await self._place.connect()
        try:
            return await facts_of(connection, self._place.world.contents, flat=self._asked.flat)
        finally:
            await connection.close()

    async def _prepare(self) -> None:
        for server in self._asked.servers:
            if server.prepare is not None:
                self._tell(f"preparing {server.name}")
                await server.prepare(self._place)

    def _start(self, stack: ExitStack) -> None:
        facts = asyncio.run(self._facts())
        for server in self._asked.servers:
            self._tell(f"starting {server.name}")
            self._running.append(stack.enter_context(running(server, self._place)))
        for one in self._running:
            self._tell(f"walking to deep pages of {one.server.name}")
            walk = one.server.walk if "Q4" in self._asked.queries else None
            cursors = walk(one, self._place, facts) if walk else []
            self._bodies[one.server.name] = one.server.bodies(facts, cursors)

    def _check(self) -> None:
        """Ask every server everything once; what it refuses is not measured."""
        with httpx.Client(trust_env=False, timeout=60) as client:
            for query in self._asked.queries:
                self._tell(f"{query}: the same answers?")
                self._check_one(client, query)

    def _check_one(self, client: httpx.Client, query: str) -> None:
        many = max((len(self._of(one, query)) for one in self._running), default=0)
        for number in range(many):
            answers = []
            for order, one in enumerate(self._running):
                bodies = self._of(one, query)
                key = (one.server.name, query)
                if number >= len(bodies) or key in self.measured.refusals:
                    continue
                # A creation must be new for every server, and look alike.
                nth = 1_000 * (order + 1) if query in WRITES else number
                try:
                    answer = ask(client, one, query, bodies[number], nth=nth)
                    self.measured.leaves[key] = leaves(data_of(one.server.name, answer))
                    if one.server.conditional:
                        learn_tag(client, one, query, bodies[number])
                except (Different, httpx.HTTPError) as error:
                    self.measured.refusals[key] = str(error)
                    continue
                if one.server.same:
                    answers.append((one.server.name, answer))
            try:
                require_same(query, answers)
            except Different as error:
                for name, _ in answers[1:]:
                    self.measured.refusals[name, query] = str(error)
        self._compare_leaves(query)

    def _compare_leaves(self, query: str) -> None:
        """Refuse an answer that says much more or much less than the limit's."""
        expected = self.measured.leaves.get(("limit", query))
        for one in self._running:
            key = (one.server.name, query)
            found = self.measured.leaves.get(key)
            if expected and found and not one.server.same:
                wrong = abs(found - expected) > _LEAVES * expected
                if wrong:
                    self.measured.refusals[key] = f"{found} leaves, not {expected}"

    def _of(self, one: Running, query: str) -> Sequence[bytes]:
        return self._bodies[one.server.name].get(query, ())

    def _able(self, query: str) -> list[Running]:
        return [
            one
            for one in self._running
            if self._of(one, query) and (one.server.name, query) not in self.measured.refusals
        ]

    def _repeated(self, query: str) -> list[Running]:
        return [one for one in self._able(query) if one.server.name not in self._asked.once]

    def _rounds(self, queries: Sequence[str]) -> None:
        for query in queries:
            for one in self._repeated(query):
                self._tell(f"{query}: warming {one.server.name}")
                self._load(one, query, self._asked.warm_seconds)
        for number in range(self._asked.rounds):
            for query in queries:
                able = self._repeated(query) if number else self._able(query)
                # Whoever is first in one round is last in the next.
                turn = number % len(able) if able else 0
                for one in able[turn:] + able[:turn]:
                    self._tell(f"round {number + 1}, {query}: {one.server.name}")
                    found = self._load(one, query, self._asked.seconds)
                    self.measured.runs.setdefault((one.server.name, query), []).append(found)

    def _load(self, one: Running, query: str, seconds: int) -> Loaded:
        return load(
            self._tool,
            running=one,
            query=query,
            bodies=self._of(one, query),
            seconds=seconds,
            database=self._place.postmaster,
        )

    def _first_runs(self) -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            for one in self._running:
                if one.server.name != ANEW.name:
                    continue
                for query in ("Q1", "Q2", "Q3", "Q4"):
                    if one in self._able(query) and query in self._asked.queries:
                        self._tell(f"{query}: documents {one.server.name} never saw")
                        body = self._of(one, query)[0]
                        key = (one.server.name, query)
                        self.measured.unseen[key] = _unseen(client, one, query, body)


def _unseen(client: httpx.Client, one: Running, query: str, body: bytes) -> Unseen:
    first, warm = [], []
    for number in range(_UNSEEN):
        # Another name in the answer makes another document, plan and statement.
        new = re.sub(rb"\btitle\b", b"t%d%d: title" % (time.time_ns(), number), body, count=1)
        times = []
        for _ in range(1 + _WARM):
            started = time.perf_counter()
            ask(client, one, query, new, nth=0)
            times.append((time.perf_counter() - started) * 1000)
        first.append(times[0])
        warm.extend(times[1:])
    return Unseen(first=statistics.median(first), warm=statistics.median(warm))


def spread(values: Sequence[float]) -> float:
    """Return how far the rounds lie apart, as a part of their median."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def ratio(measured: Measured, ours: Key, theirs: Key) -> float | None:
    """Return the ratio of two median rates; None where one is missing."""
    one, other = measured.median(*ours), measured.median(*theirs)
    if one is None or other is None or not other.rate:
        return None
    return one.rate / other.rate
