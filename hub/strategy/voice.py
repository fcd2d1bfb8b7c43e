"""What a brand's voice asks of words, and what is wrong with some: pure, offline, bounded."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from hub.language.counters import emoji_in
from hub.language.folding import folded
from hub.strategy.folding import Span, occurrences

#: Most findings of one check: whoever has these many mends a few and looks again.
FINDINGS_MAX = 100


class VoiceSeverity(StrEnum):
    """Whether a rule of a voice guide stops what breaks it, or only says so."""

    BLOCKING = "BLOCKING"
    ADVISING = "ADVISING"


class DisclosureWhen(StrEnum):
    """When a disclosure must be there."""

    ALWAYS = "ALWAYS"
    TAGGED = "TAGGED"
    PAID = "PAID"


@dataclass(frozen=True, kw_only=True)
class BannedWord:
    """A word or phrase that is not said, what to say instead, and why."""

    phrase: str
    suggestion: str = ""
    reason: str = ""
    severity: VoiceSeverity = VoiceSeverity.BLOCKING


@dataclass(frozen=True, kw_only=True)
class Disclosure:
    """Texts one of which must be there: always, for contents with a tag, or in paid campaigns."""

    alternatives: tuple[str, ...]
    when: DisclosureWhen = DisclosureWhen.ALWAYS
    tag: str = ""
    severity: VoiceSeverity = VoiceSeverity.BLOCKING


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """A way to write that is replaced by another."""

    wrong: str
    right: str
    severity: VoiceSeverity = VoiceSeverity.ADVISING


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How many there are at least and at most; None is no bound."""

    least: int | None = None
    most: int | None = None
    severity: VoiceSeverity = VoiceSeverity.ADVISING


@dataclass(frozen=True, kw_only=True)
class Guide:
    """All of a voice guide that can be checked."""

    banned_words: tuple[BannedWord, ...] = ()
    required_disclosures: tuple[Disclosure, ...] = ()
    preferred_spellings: tuple[Spelling, ...] = ()
    hashtags: Bounds | None = None
    emoji: Bounds | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the guide as plain JSON, by the columns it is stored in."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Guide":
        """Read a guide stored by `to_json`; other names are left alone."""
        return cls(
            banned_words=tuple(
                BannedWord(**{**one, "severity": VoiceSeverity(one["severity"])})
                for one in stored["banned_words"]
            ),
            required_disclosures=tuple(
                Disclosure(
                    alternatives=tuple(one["alternatives"]),
                    when=DisclosureWhen(one["when"]),
                    tag=one["tag"],
                    severity=VoiceSeverity(one["severity"]),
                )
                for one in stored["required_disclosures"]
            ),
            preferred_spellings=tuple(
                Spelling(**{**one, "severity": VoiceSeverity(one["severity"])})
                for one in stored["preferred_spellings"]
            ),
            hashtags=_bounds(stored["hashtags"]),
            emoji=_bounds(stored["emoji"]),
        )


def _bounds(stored: Mapping[str, Any] | None) -> Bounds | None:
    if stored is None:
        return None
    return Bounds(**{**stored, "severity": VoiceSeverity(stored["severity"])})


@dataclass(frozen=True, kw_only=True)
class Text:
    """Words and the field they stand in, as a dotted path ("parts.0.text")."""

    field: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that breaks a rule: its stable code, where, and what might stand there.

    `start` and `end` count code points in the field's text; both are None where something is
    missing.
    """

    code: str
    message: str
    severity: VoiceSeverity
    field: str
    start: int | None = None
    end: int | None = None
    suggestion: str | None = None
    limit: int | None = None
    actual: int | None = None


def word_findings(guide: Guide, texts: Sequence[Text]) -> list[Finding]:
    """Return what single words break: those that are banned, and spellings that are not ours."""
    found = [finding for text in texts for finding in (*_banned(guide, text), *_spelt(guide, text))]
    return found[:FINDINGS_MAX]


def whole_findings(
    guide: Guide, body: Sequence[Text], *, tags: Sequence[str], paid: bool, at: str = "parts"
) -> list[Finding]:
    """Return what a text as a whole breaks: disclosures, and numbers of hashtags and emoji.

    `tags` go out beside the words, `paid` says whether somebody pays for it; `at` is the field
    that is named where something is missing.
    """
    hashtags = [
        (text, span, text.text[span[0] + 1 : span[1]])
        for text in body
        for span in hashtags_in(text.text)
    ]
    written = {folded(name) for _, _, name in hashtags}
    beside = {folded(tag) for tag in tags} - written
    emoji = [(text, span) for text in body for span in emoji_in(text.text)]
    return [
        *_undisclosed(guide, body, tags, paid=paid, at=at),
        *_outside(
            guide.hashtags,
            [(text, span) for text, span, _ in hashtags],
            ("HASHTAGS", "hashtags"),
            more=len(beside),
            at=at,
        ),
        *_outside(guide.emoji, emoji, ("EMOJI", "emoji"), more=0, at=at),
    ]


def candidates(locale: str) -> list[str]:
    """Return the locales a guide may be for, nearest first: fr-CA, then fr."""
    parts = locale.split("-")
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]


def _banned(guide: Guide, text: Text) -> Iterator[Finding]:
    for number, start, end in occurrences(text.text, [one.phrase for one in guide.banned_words]):
        rule = guide.banned_words[number]
        said = text.text[start:end]
        instead = f" Say “{rule.suggestion}” instead." if rule.suggestion else ""
        why = f" {rule.reason}" if rule.reason else ""
        yield Finding(
            code="VOICE_BANNED_WORD",
            message=f"“{said}” is not a word of this brand.{instead}{why}",
            severity=rule.severity,
            field=text.field,
            start=start,
            end=end,
            suggestion=rule.suggestion or None,
        )


def _spelt(guide: Guide, text: Text) -> Iterator[Finding]:
    wrong = [one.wrong for one in guide.preferred_spellings]
    for number, start, end in occurrences(text.text, wrong):
        rule = guide.preferred_spellings[number]
        said = text.text[start:end]
        if said == rule.right or _is_within(text.text, rule.right, start, end):
            continue
        yield Finding(
            code="VOICE_SPELLING",
            message=f"This brand writes “{rule.right}”, not “{said}”.",
            severity=rule.severity,
            field=text.field,
            start=start,
            end=end,
            suggestion=rule.right,
        )


def _is_within(text: str, right: str, start: int, end: int) -> bool:
    """Say whether a span is part of what is right already: mail of e-mail."""
    first = text.find(right, max(0, end - len(right)), start + len(right))
    return first != -1 and first <= start and end <= first + len(right)


def _undisclosed(
    guide: Guide, body: Sequence[Text], tags: Sequence[str], *, paid: bool, at: str
) -> Iterator[Finding]:
    known = {folded(tag) for tag in tags}
    for rule in guide.required_disclosures:
        wanted = {
            DisclosureWhen.ALWAYS: True,
            DisclosureWhen.TAGGED: folded(rule.tag) in known,
            DisclosureWhen.PAID: paid,
        }[rule.when]
        if not wanted or _is_disclosed(rule, body, known):
            continue
        said = ", ".join(f"“{one}”" for one in rule.alternatives)
        yield Finding(
            code="VOICE_DISCLOSURE_MISSING",
            message=f"One of these must be there: {said}.",
            severity=rule.severity,
            field=at,
            suggestion=rule.alternatives[0],
        )


def _is_disclosed(rule: Disclosure, body: Sequence[Text], tags: set[str]) -> bool:
    if any(one.startswith("#") and folded(one[1:]) in tags for one in rule.alternatives):
        return True
    return any(occurrences(text.text, rule.alternatives) for text in body)


def _outside(
    bounds: Bounds | None,
    found: Sequence[tuple[Text, Span]],
    words: tuple[str, str],
    *,
    more: int,
    at: str,
) -> Iterator[Finding]:
    if bounds is None:
        return
    code, word = words
    count = len(found) + more
    if bounds.most is not None and count > bounds.most:
        # What is too much begins here; tags beside the text have no place in it.
        text, (start, end) = (
            found[bounds.most] if bounds.most < len(found) else (None, (None, None))
        )
        yield Finding(
            code=f"VOICE_TOO_MANY_{code}",
            message=f"There are {count} {word}; at most {bounds.most} may be.",
            severity=bounds.severity,
            field=at if text is None else text.field,
            start=start,
            end=end,
            limit=bounds.most,
            actual=count,
        )
    if bounds.least is not None and count < bounds.least:
        yield Finding(
            code=f"VOICE_TOO_FEW_{code}",
            message=f"There are {count} {word}; this brand has {bounds.least} or more.",
            severity=bounds.severity,
            field=at,
            limit=bounds.least,
            actual=count,
        )


_HASHTAG = re.compile(r"(?<![\w&/#\uff03])[#\uff03]\w*[^\W\d_]\w*")


def hashtags_in(text: str) -> list[Span]:
    """Return where in a text its hashtags stand, their signs included."""
    return [found.span() for found in _HASHTAG.finditer(text)]
