"""What a rule looks for and finds: pure, total, the same for the same message.

A condition that nobody can answer (the language is unknown) does not hold, and neither does its
negation: nothing is done to a message for what nobody knows of it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from hub.engagement.contests.rules import handle_key
from hub.engagement.models import Priority, ThreadKind
from hub.engagement.moderation.links import Span, is_under, links_of
from hub.engagement.moderation.models import (
    ActionKind,
    ConditionKind,
    RuleMatch,
    SanctionKind,
    WordStrength,
)
from hub.kernel.locales import language_of
from hub.language.folding import Folded, Strength, fold
from hub.language.patterns import Pattern, PatternRefused, readable
from hub.language.phrases import PhraseRefused, Phrases

SPANS_MAX = 50
QUOTE_MAX = 200
NEARLY_EVERYTHING = 0.5
#: Shares of fewer messages say nothing.
ENOUGH = 10
REPLY_REST = timedelta(hours=24)

STRENGTHS = {WordStrength.PLAIN: Strength.PLAIN, WordStrength.HARD: Strength.HARD}


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One thing to look for; only the fields of its kind say something (`FIELDS`)."""

    kind: ConditionKind
    negate: bool = False
    phrases: tuple[str, ...] = ()
    strength: WordStrength = WordStrength.HARD
    pattern: str = ""
    at_least: int = 1
    domains: tuple[str, ...] = ()
    allowed_domains: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    at_most: int = 0
    handles: tuple[str, ...] = ()
    first_message: bool = False
    person_tags: tuple[str, ...] = ()
    sanctions: tuple[SanctionKind, ...] = ()
    messages: int = 0
    minutes: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return what is said as plain JSON."""
        told = {name: _plain(getattr(self, name)) for name in FIELDS[self.kind]}
        return {"kind": self.kind.value, "negate": self.negate, **told}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Condition":
        """Read a condition stored by `to_json`."""
        kind = ConditionKind(stored["kind"])
        told = {name: stored[name] for name in FIELDS[kind] if name in stored}
        for name in _LISTS & told.keys():
            told[name] = tuple(told[name])
        if "sanctions" in told:
            told["sanctions"] = tuple(SanctionKind(one) for one in told["sanctions"])
        if "strength" in told:
            told["strength"] = WordStrength(told["strength"])
        return cls(kind=kind, negate=stored["negate"], **told)


#: What each kind of condition says.
FIELDS: Mapping[ConditionKind, tuple[str, ...]] = {
    ConditionKind.WORDS: ("phrases", "strength"),
    ConditionKind.PATTERN: ("pattern",),
    ConditionKind.LINKS: ("at_least", "domains", "allowed_domains"),
    ConditionKind.LANGUAGE: ("languages",),
    ConditionKind.SENTIMENT: ("at_most",),
    ConditionKind.AUTHOR: ("handles", "first_message", "person_tags", "sanctions"),
    ConditionKind.RATE: ("messages", "minutes"),
}
_LISTS = frozenset({"phrases", "domains", "allowed_domains", "languages", "handles", "person_tags"})


@dataclass(frozen=True, kw_only=True)
class Act:
    """One thing to do; only the fields of its kind say something (`ACT_FIELDS`)."""

    kind: ActionKind
    tags: tuple[str, ...] = ()
    assignee_id: UUID | None = None
    priority: Priority | None = None
    saved_reply_id: UUID | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what is said as plain JSON."""
        told = {name: _plain(getattr(self, name)) for name in ACT_FIELDS[self.kind]}
        return {"kind": self.kind.value, **told}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Act":
        """Read an act stored by `to_json`."""
        return cls(
            kind=ActionKind(stored["kind"]),
            tags=tuple(stored.get("tags", ())),
            assignee_id=_uuid(stored.get("assignee_id")),
            priority=Priority(stored["priority"]) if stored.get("priority") else None,
            saved_reply_id=_uuid(stored.get("saved_reply_id")),
        )


#: What each kind of act says.
ACT_FIELDS: Mapping[ActionKind, tuple[str, ...]] = {
    **dict.fromkeys(ActionKind, ()),
    ActionKind.TAG: ("tags",),
    ActionKind.ASSIGN: ("assignee_id",),
    ActionKind.PRIORITY: ("priority",),
    ActionKind.REPLY: ("saved_reply_id",),
}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [str(one) for one in value]
    return str(value) if isinstance(value, UUID) else value


def _uuid(stored: str | None) -> UUID | None:
    return UUID(stored) if stored else None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule as it is tried: which messages it is about, what it looks for, what it does."""

    id: UUID | None
    name: str
    version: int
    channel_ids: frozenset[UUID]
    thread_kinds: frozenset[ThreadKind]
    match: RuleMatch
    conditions: tuple[Condition, ...]
    acts: tuple[Act, ...]
    stop: bool


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a message and its writer when rules are tried on it.

    `html` is the text with its links, as it is kept. `language` and `sentiment` (-100 to 100) are
    None where nobody knows; `times` says when the writer wrote on this channel, this message
    included.
    """

    text: str
    html: str = ""
    channel_id: UUID
    thread_kind: ThreadKind
    written_at: datetime
    language: str | None = None
    sentiment: int | None = None
    handle: str = ""
    first_message: bool = False
    person_tags: frozenset[str] = frozenset()
    sanctions: frozenset[SanctionKind] = frozenset()
    times: Sequence[datetime] = ()

    @cached_property
    def folded(self) -> Folded:
        """The text as phrases are looked for in it."""
        return fold(self.text)

    @cached_property
    def bare(self) -> Folded:
        """The text as patterns read it."""
        return readable(self.text)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A rule that holds for a message: why, in words, and where in its text."""

    rule: Rule
    reason: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """Whether a condition holds, None where nobody knows; why (not); and where."""

    holds: bool | None
    reason: str = ""
    spans: tuple[Span, ...] = ()


_UNKNOWN = _Answer(holds=None)


def evaluate(rules: Iterable[Rule], facts: Facts) -> list[Verdict]:
    """Return what rules, in their order, find in a message; one that stops is the last."""
    found: list[Verdict] = []
    for rule in rules:
        verdict = judge(rule, facts)
        if verdict is None:
            continue
        found.append(verdict)
        if rule.stop:
            break
    return found


def judge(rule: Rule, facts: Facts) -> Verdict | None:
    """Return what a rule finds in a message; None where it does not hold, or is not about it."""
    if rule.channel_ids and facts.channel_id not in rule.channel_ids:
        return None
    if rule.thread_kinds and facts.thread_kind not in rule.thread_kinds:
        return None
    met: list[_Answer] = []
    for condition in rule.conditions:
        answer = _answered(condition, facts)
        if answer.holds:
            met.append(answer)
        elif rule.match is RuleMatch.ALL:
            return None
    if not met:
        return None
    spans = sorted({span for answer in met for span in answer.spans})[:SPANS_MAX]
    return Verdict(rule=rule, reason=" ".join(answer.reason for answer in met), spans=tuple(spans))


def quoted(text: str, spans: Iterable[Span]) -> list[dict[str, Any]]:
    """Return places with the words that stand there, as plain JSON."""
    return [
        {"start": span.start, "end": span.end, "text": text[span.start : span.end][:QUOTE_MAX]}
        for span in spans
    ]


def share(matched: int, looked_at: int) -> float:
    """Return which part of the messages a rule holds for, from 0 to 1."""
    return matched / looked_at if looked_at else 0.0


def is_broad(matched: int, looked_at: int) -> bool:
    """Say whether a rule holds for nearly everything, as far as enough messages tell."""
    return looked_at >= ENOUGH and share(matched, looked_at) >= NEARLY_EVERYTHING


def _answered(condition: Condition, facts: Facts) -> _Answer:
    answer = _ANSWERS[condition.kind](condition, facts)
    if answer.holds is None or not condition.negate:
        return answer
    return _Answer(holds=not answer.holds, reason=_DENIED[condition.kind](condition, facts))


# --- what each kind of condition finds ------------------------------------------------------------


def _words(condition: Condition, facts: Facts) -> _Answer:
    phrases = _phrases(condition.phrases, condition.strength)
    if phrases is None:
        return _UNKNOWN
    found = phrases.find(facts.folded)
    named = _listed(dict.fromkeys(match.phrase for match in found))
    return _Answer(
        holds=bool(found),
        reason=f"It has the words {named}.",
        spans=tuple(Span(match.start, match.end) for match in found),
    )


def _patterns(condition: Condition, facts: Facts) -> _Answer:
    pattern = _pattern(condition.pattern)
    if pattern is None:
        return _UNKNOWN
    found = pattern.find(facts.bare)
    return _Answer(
        holds=bool(found),
        reason=f"It matches the pattern {condition.pattern}.",
        spans=tuple(Span(match.start, match.end) for match in found),
    )


def _links(condition: Condition, facts: Facts) -> _Answer:
    found = [
        (host, span)
        for host, span in links_of(facts.text, facts.html)
        if not is_under(host, condition.allowed_domains)
        and (not condition.domains or is_under(host, condition.domains))
    ]
    links = "a link" if len(found) == 1 else f"{len(found)} links"
    return _Answer(
        holds=len(found) >= condition.at_least,
        reason=f"It has {links} to {_listed(dict.fromkeys(host for host, _ in found))}.",
        spans=tuple(span for _, span in found if span.end > span.start),
    )


def _language(condition: Condition, facts: Facts) -> _Answer:
    if facts.language is None:
        return _UNKNOWN
    known = language_of(facts.language)
    return _Answer(
        holds=known in condition.languages, reason=f"It is written in the language {known}."
    )


def _sentiment(condition: Condition, facts: Facts) -> _Answer:
    if facts.sentiment is None:
        return _UNKNOWN
    return _Answer(
        holds=facts.sentiment <= condition.at_most,
        reason=f"It sounds like {facts.sentiment} of 100.",
    )


def _author(condition: Condition, facts: Facts) -> _Answer:
    reasons = list(_author_reasons(condition, facts))
    asked = (condition.handles, condition.first_message, condition.person_tags, condition.sanctions)
    return _Answer(
        holds=len(reasons) == sum(map(bool, asked)) and bool(reasons), reason=" ".join(reasons)
    )


def _author_reasons(condition: Condition, facts: Facts) -> Iterator[str]:
    if handle_key(facts.handle) in map(handle_key, condition.handles):
        yield f"{facts.handle} wrote it."
    if condition.first_message and facts.first_message:
        yield "It is the first message of its writer."
    tags = sorted(facts.person_tags & set(condition.person_tags))
    if tags:
        yield f"Its writer has the tags {_listed(tags)}."
    sanctions = [one.value for one in condition.sanctions if one in facts.sanctions]
    if sanctions:
        yield f"Its writer is sanctioned: {', '.join(sanctions)}."


def _rate(condition: Condition, facts: Facts) -> _Answer:
    since = facts.written_at - timedelta(minutes=condition.minutes)
    count = sum(since < at <= facts.written_at for at in facts.times)
    return _Answer(
        holds=count >= condition.messages,
        reason=f"It is message {count} of its writer within {condition.minutes} minutes.",
    )


_ANSWERS: Mapping[ConditionKind, Callable[[Condition, Facts], _Answer]] = {
    ConditionKind.WORDS: _words,
    ConditionKind.PATTERN: _patterns,
    ConditionKind.LINKS: _links,
    ConditionKind.LANGUAGE: _language,
    ConditionKind.SENTIMENT: _sentiment,
    ConditionKind.AUTHOR: _author,
    ConditionKind.RATE: _rate,
}

_DENIED: Mapping[ConditionKind, Callable[[Condition, Facts], str]] = {
    ConditionKind.WORDS: lambda _condition, _facts: "It has none of the words.",
    ConditionKind.PATTERN: lambda condition, _facts: (
        f"It does not match the pattern {condition.pattern}."
    ),
    ConditionKind.LINKS: lambda condition, _facts: (
        "It has no such link." if condition.at_least == 1 else "It has fewer such links."
    ),
    ConditionKind.LANGUAGE: lambda _condition, facts: (
        f"It is written in the language {language_of(facts.language or '')}."
    ),
    ConditionKind.SENTIMENT: lambda _condition, facts: f"It sounds like {facts.sentiment} of 100.",
    ConditionKind.AUTHOR: lambda _condition, _facts: "Somebody else wrote it.",
    ConditionKind.RATE: lambda _condition, _facts: "Its writer does not write often.",
}


# Compiled once for many messages. What an older version took and this one refuses finds nothing:
# a rule must never keep a message from being received.
@lru_cache(maxsize=256)
def _phrases(phrases: tuple[str, ...], strength: WordStrength) -> Phrases | None:
    try:
        return Phrases(phrases, strength=STRENGTHS[strength])
    except PhraseRefused:
        return None


@lru_cache(maxsize=256)
def _pattern(source: str) -> Pattern | None:
    try:
        return Pattern(source)
    except PatternRefused:
        return None


def _listed(words: Iterable[str]) -> str:
    some = [f"“{word}”" for word in words]
    more = f" and {len(some) - 5} more" if len(some) > 5 else ""
    return ", ".join(some[:5]) + more
