"""Cases and what came of them: each by name, each against one other party, none skipped."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Stage = TypeVar("Stage")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Something that was measured beside the most it may be; seconds, unless it says otherwise."""

    name: str
    value: float
    bar: float
    unit: str = " s"

    @property
    def met(self) -> bool:
        """Whether it is within its bar."""
        return self.value <= self.bar

    def shown(self, value: float) -> str:
        """Return a value as people read it."""
        return f"{value:.1f}{self.unit}" if self.unit else f"{value:.0f}"


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a case has to say beside that it held: a remark, and what it measured."""

    remark: str = ""
    figures: Sequence[Figure] = ()


Said = str | Told | None


@dataclass(frozen=True, kw_only=True)
class Case(Generic[Stage]):
    """One thing that must hold against one other party; what it returns is worth a remark."""

    name: str
    party: str
    play: Callable[[Stage], Said]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a case came to: `error` is empty when it held."""

    name: str
    party: str
    seconds: float
    error: str = ""
    remark: str = ""
    figures: Sequence[Figure] = ()


@dataclass(kw_only=True)
class Cases(Generic[Stage]):
    """The cases against one party, in the order they are written down."""

    party: str
    cases: list[Case[Stage]] = field(default_factory=list)

    def case(
        self, name: str, *, party: str | None = None
    ) -> Callable[[Callable[[Stage], Said]], Callable[[Stage], Said]]:
        """Add a function as a case."""

        def add(play: Callable[[Stage], Said]) -> Callable[[Stage], Said]:
            self.cases.append(Case(name=name, party=party or self.party, play=play))
            return play

        return add


@dataclass(frozen=True, kw_only=True)
class Lane(Generic[Stage]):
    """Cases that are played one after the other on one stage, beside other lanes."""

    cases: Sequence[Case[Stage]]
    stage: Stage


def play(lanes: Sequence[Lane[Stage]], *, tell: Callable[[Result], None]) -> list[Result]:
    """Play all lanes at once and return the results in the order of the lanes."""
    with ThreadPoolExecutor(len(lanes)) as pool:
        played = pool.map(lambda lane: _walked(lane, tell), lanes)
        return [result for results in played for result in results]


def _walked(lane: Lane[Stage], tell: Callable[[Result], None]) -> list[Result]:
    return [_played(case, lane.stage, tell) for case in lane.cases]


def _played(case: Case[Stage], stage: Stage, tell: Callable[[Result], None]) -> Result:
    started = time.monotonic()
    error, told = "", Told()
    try:
        said = case.play(stage)
        told = said if isinstance(said, Told) else Told(remark=said or "")
    except Exception as problem:  # noqa: BLE001 - one broken case must not hide the others
        error = f"{type(problem).__name__}: {problem}"
    result = Result(
        name=case.name,
        party=case.party,
        seconds=time.monotonic() - started,
        error=error,
        remark=told.remark,
        figures=told.figures,
    )
    tell(result)
    return result
