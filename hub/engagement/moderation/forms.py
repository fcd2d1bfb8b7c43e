"""Which conditions and acts a rule may have: their form and their bounds, pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hub.engagement.models import Priority
from hub.engagement.moderation.models import (
    ActionKind,
    ConditionKind,
    SanctionKind,
    WordStrength,
)
from hub.engagement.moderation.rules import ACT_FIELDS, FIELDS, STRENGTHS, Act, Condition
from hub.engagement.rules import require_tags
from hub.kernel.errors import Invalid
from hub.kernel.locales import language_of, require_locale
from hub.kernel.texts import require_storable
from hub.language.patterns import Pattern, PatternRefused
from hub.language.phrases import PhraseRefused, Phrases

RULES_MAX = 100
CONDITIONS_MAX = 10
PHRASES_MAX = 500
DOMAINS_MAX = 100
HANDLES_MAX = 100
LANGUAGES_MAX = 20
LINKS_MAX = 50
RATE_MESSAGES_MAX = 100
RATE_MINUTES_MAX = 24 * 60
_WORD_MAX = 255

Path = tuple[str, ...]
#: The spelling of the API.
SPELT: Mapping[str, str] = {
    "at_least": "atLeast",
    "allowed_domains": "allowedDomains",
    "at_most": "atMost",
    "first_message": "firstMessage",
    "person_tags": "personTags",
    "sanctions": "withSanction",
    "assignee_id": "assigneeId",
    "saved_reply_id": "savedReplyId",
}


def require_conditions(given: Sequence[Mapping[str, Any]], *, path: Path) -> list[Condition]:
    """Return the conditions of a rule; Invalid names the one at fault and says what to do."""
    if not 1 <= len(given) <= CONDITIONS_MAX:
        raise Invalid(f"A rule has 1 to {CONDITIONS_MAX} conditions.", path=path)
    return [_condition(one, (*path, str(index))) for index, one in enumerate(given)]


def require_acts(given: Sequence[Mapping[str, Any]], *, path: Path) -> list[Act]:
    """Return what a rule does, each kind once; who or what is named is not looked up here."""
    if not given:
        raise Invalid("A rule does something: name at least one action.", path=path)
    acts = [_act(one, (*path, str(index))) for index, one in enumerate(given)]
    for index, act in enumerate(acts):
        if act.kind in {other.kind for other in acts[:index]}:
            raise Invalid(f"{act.kind.value} is there already.", path=(*path, str(index), "kind"))
    return acts


def _condition(given: Mapping[str, Any], path: Path) -> Condition:
    kind = ConditionKind(given["kind"])
    told = _only(given, FIELDS[kind], kind.value, path)
    clean = {name: _CLEAN[name](value, (*path, _spelt(name))) for name, value in told.items()}
    condition = Condition(kind=kind, negate=bool(given.get("negate")), **clean)
    _REQUIRED[kind](condition, path)
    return condition


def _act(given: Mapping[str, Any], path: Path) -> Act:
    kind = ActionKind(given["kind"])
    told = _only(given, ACT_FIELDS[kind], kind.value, path)
    for name in ACT_FIELDS[kind]:
        if not told.get(name):
            raise Invalid(f"{kind.value} needs {_spelt(name)}.", path=(*path, _spelt(name)))
    if "tags" in told:
        told["tags"] = tuple(require_tags(told["tags"], path=(*path, "tags")))
    if "priority" in told:
        told["priority"] = Priority(told["priority"])
    return Act(kind=kind, **told)


def _only(given: Mapping[str, Any], names: Sequence[str], kind: str, path: Path) -> dict[str, Any]:
    """Return what was said; Invalid where it says something its kind does not know."""
    told = {
        name: value
        for name, value in given.items()
        if name not in {"kind", "negate"} and value is not None
    }
    for name in told:
        if name not in names:
            raise Invalid(
                f"{_spelt(name)} says nothing in {kind}; leave it out.", path=(*path, _spelt(name))
            )
    return told


def _spelt(name: str) -> str:
    return SPELT.get(name, name)


# --- the form of each field -----------------------------------------------------------------------


def _words(most: int, clean: Callable[[str, Path], str]) -> Callable[[Any, Path], tuple[str, ...]]:
    def cleaned(given: Sequence[str], path: Path) -> tuple[str, ...]:
        if len(given) > most:
            raise Invalid(f"There may be {most} at most.", path=path)
        return tuple(
            dict.fromkeys(clean(word, (*path, str(index))) for index, word in enumerate(given))
        )

    return cleaned


def _word(word: str, path: Path) -> str:
    text = word.strip()
    require_storable(text, path=path)
    if not 1 <= len(text) <= _WORD_MAX:
        raise Invalid(f"This has 1 to {_WORD_MAX} characters.", path=path)
    return text


def _domain(word: str, path: Path) -> str:
    text = _word(word, path).casefold().removeprefix("www.")
    if "/" in text or " " in text or "." not in text.strip("."):
        raise Invalid(f"{text} is not a site's name, such as example.org.", path=path)
    return text.strip(".")


def _locale(word: str, path: Path) -> str:
    return language_of(require_locale(word, path=path))


def _number(least: int, most: int) -> Callable[[Any, Path], int]:
    def cleaned(number: int, path: Path) -> int:
        if not least <= number <= most:
            raise Invalid(f"This is a number from {least} to {most}.", path=path)
        return number

    return cleaned


def _source(text: str, path: Path) -> str:
    require_storable(text, path=path)
    return text


_CLEAN: Mapping[str, Callable[[Any, Path], Any]] = {
    "phrases": _words(PHRASES_MAX, _word),
    "strength": lambda value, _path: WordStrength(value),
    "pattern": _source,
    "at_least": _number(1, LINKS_MAX),
    "domains": _words(DOMAINS_MAX, _domain),
    "allowed_domains": _words(DOMAINS_MAX, _domain),
    "languages": _words(LANGUAGES_MAX, _locale),
    "at_most": _number(-100, 100),
    "handles": _words(HANDLES_MAX, _word),
    "first_message": lambda value, _path: bool(value),
    "person_tags": lambda value, path: tuple(require_tags(value, path=path)),
    "sanctions": lambda value, _path: tuple(dict.fromkeys(map(SanctionKind, value))),
    "messages": _number(2, RATE_MESSAGES_MAX),
    "minutes": _number(1, RATE_MINUTES_MAX),
}


# --- what each kind needs -------------------------------------------------------------------------


def _needs_phrases(condition: Condition, path: Path) -> None:
    where = (*path, "phrases")
    if not condition.phrases:
        raise Invalid("Name at least one word or phrase.", path=where)
    for index, phrase in enumerate(condition.phrases):
        try:
            Phrases([phrase], strength=STRENGTHS[condition.strength])
        except PhraseRefused as refusal:
            raise Invalid(str(refusal), path=(*where, str(index))) from refusal


def _needs_pattern(condition: Condition, path: Path) -> None:
    where = (*path, "pattern")
    if not condition.pattern:
        raise Invalid("Write a pattern.", path=where)
    try:
        Pattern(condition.pattern)
    except PatternRefused as refusal:
        raise Invalid(str(refusal), path=where) from refusal


def _needs_languages(condition: Condition, path: Path) -> None:
    if not condition.languages:
        raise Invalid("Name at least one language.", path=(*path, "languages"))


def _needs_author(condition: Condition, path: Path) -> None:
    said = (condition.handles, condition.first_message, condition.person_tags, condition.sanctions)
    if not any(said):
        raise Invalid(
            "Say something of the author: handles, firstMessage, personTags or withSanction.",
            path=path,
        )


def _needs_rate(condition: Condition, path: Path) -> None:
    for name in ("messages", "minutes"):
        if not getattr(condition, name):
            raise Invalid(f"RATE needs {name}.", path=(*path, name))


def _needs_nothing(_condition: Condition, _path: Path) -> None:
    return


_REQUIRED: Mapping[ConditionKind, Callable[[Condition, Path], None]] = {
    ConditionKind.WORDS: _needs_phrases,
    ConditionKind.PATTERN: _needs_pattern,
    ConditionKind.LINKS: _needs_nothing,
    ConditionKind.LANGUAGE: _needs_languages,
    ConditionKind.SENTIMENT: _needs_nothing,
    ConditionKind.AUTHOR: _needs_author,
    ConditionKind.RATE: _needs_rate,
}
