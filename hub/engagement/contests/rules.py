"""Decisions about contests: what may follow what, who takes part, and what a winners' text says."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from hub.engagement.contests.models import ContestState, EntryReason, Ruling
from hub.kernel.errors import Invalid
from hub.kernel.locales import language_of
from hub.kernel.texts import require_storable
from hub.language.folding import folded

S = ContestState
R = EntryReason

#: What may follow what. A trigger in the database holds the same table; a test compares them.
TRANSITIONS: Mapping[ContestState, frozenset[ContestState]] = {
    S.DRAFT: frozenset({S.OPEN, S.CANCELLED}),
    S.OPEN: frozenset({S.CLOSED, S.CANCELLED}),
    S.CLOSED: frozenset({S.FROZEN, S.CANCELLED}),
    S.FROZEN: frozenset({S.DRAWN, S.CANCELLED}),
    S.DRAWN: frozenset({S.ANNOUNCED}),
    # A winner who is replaced after the announcement: the new one is to be announced, too.
    S.ANNOUNCED: frozenset({S.DRAWN}),
    S.CANCELLED: frozenset(),
}

#: While this lasts comments are judged, and members may rule on them.
JUDGED = frozenset({S.OPEN, S.CLOSED})

#: How long a platform may take to show a comment: the last reading begins no earlier.
SETTLES = timedelta(seconds=60)

#: How long comments that have arrived wait to be judged together with those behind them.
GATHERS = timedelta(seconds=5)

#: How soon comments that could not be read are tried again at first, and at the latest.
_READ_AGAIN = (timedelta(minutes=2), timedelta(hours=1))

#: Reasons that a member may overrule: the conditions are strict where people are not.
OVERRULABLE = frozenset(
    {R.CONDITION_MISSING, R.TOO_FEW_MENTIONS, R.WRONG_ANSWER, R.PERSON_TOO_NEW, R.BY_HAND}
    | {R.EDITED_LATE}
)

PLACES_MAX = 100
SOURCES_MAX = 50
EXCLUDED_MAX = 100
RULES_MAX = 20_000
REASON_MAX = 1_000
ENTROPY_MAX = 500
TEMPLATE_MAX = 20_000
_WORDINGS = 20
_WORDING = 200
_MENTIONS = 10
_DAYS = 3_650


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What a comment must have to take part; whatever is empty or zero is not asked for.

    One of the `phrases`, one of the `hashtags` and one of the `answers` must stand in it, as whole
    words, in letters of any case, with or without accents. `mentions` counts different accounts,
    neither the writer's nor the brand's own. `known_days` is how long the hub must have known the
    person: platforms do not tell it how old an account is.
    """

    phrases: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    mentions: int = 0
    known_days: int = 0
    excluded_handles: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the conditions as plain JSON."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the conditions that `to_json` wrote."""
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in stored.items()
        }
        return cls(**plain)


@dataclass(frozen=True, kw_only=True)
class Who:
    """A person as a contest sees them; `own` is an account of the brand.

    `group` is the same for accounts that members know to be one human's.
    """

    id: UUID
    handle: str
    own: bool
    known_since: datetime
    group: UUID | None = None

    @property
    def human(self) -> UUID:
        """Return what all accounts of one human have in common, as far as members know it."""
        return self.group or self.id


@dataclass(frozen=True, kw_only=True)
class Comment:
    """An answer as a contest sees it."""

    message_id: UUID
    who: Who | None
    text: str
    written_at: datetime
    hidden: bool
    edited_at: datetime | None = None
    deleted: bool = False


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What comments are judged by: the window, up to but not including its end, and the rest.

    `excluded` are humans: all accounts that are known to be theirs.
    """

    opens_at: datetime
    ends_at: datetime
    conditions: Conditions
    own_handles: frozenset[str] = frozenset()
    excluded: frozenset[UUID] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Why a comment does not take part; with no reason it does."""

    message_id: UUID
    reasons: tuple[EntryReason, ...]


def require_conditions(given: Conditions) -> Conditions:
    """Return the conditions in their form; raise Invalid for what cannot be asked for."""
    path = ("input", "conditions")
    if not 0 <= given.mentions <= _MENTIONS:
        raise Invalid(f"0 to {_MENTIONS} accounts can be asked for.", path=(*path, "mentions"))
    if not 0 <= given.known_days <= _DAYS:
        raise Invalid(f"0 to {_DAYS} days can be asked for.", path=(*path, "knownDays"))
    return replace(
        given,
        phrases=_wordings(given.phrases, (*path, "phrases")),
        answers=_wordings(given.answers, (*path, "answers")),
        hashtags=tuple(
            _hashtag(tag, (*path, "hashtags", str(index)))
            for index, tag in enumerate(_wordings(given.hashtags, (*path, "hashtags")))
        ),
        excluded_handles=_wordings(
            given.excluded_handles, (*path, "excludedHandles"), most=EXCLUDED_MAX
        ),
    )


def _wordings(
    given: Sequence[str], path: tuple[str, ...], *, most: int = _WORDINGS
) -> tuple[str, ...]:
    if len(given) > most:
        raise Invalid(f"At most {most} are allowed.", path=path)
    found = []
    for index, text in enumerate(given):
        require_storable(text, path=(*path, str(index)))
        words = " ".join(text.split())
        if not folded(words):
            raise Invalid("This must not be empty.", path=(*path, str(index)))
        if len(words) > _WORDING:
            raise Invalid(f"At most {_WORDING} characters are allowed.", path=(*path, str(index)))
        found.append(words)
    return tuple(found)


def _hashtag(tag: str, path: tuple[str, ...]) -> str:
    word = tag.removeprefix("#")
    if not re.fullmatch(r"\w+", word):
        raise Invalid("A hashtag is one word.", path=path)
    return word


def require_window(opens_at: datetime, closes_at: datetime) -> None:
    """Raise Invalid for a window without a zone or that ends before it begins."""
    for name, when in (("opensAt", opens_at), ("closesAt", closes_at)):
        if when.tzinfo is None:
            raise Invalid(
                "A time needs its zone, as in 2030-01-31T09:00:00+01:00.", path=("input", name)
            )
    if closes_at <= opens_at:
        raise Invalid("A contest closes after it opens.", path=("input", "closesAt"))


def require_counts(winners: int, alternates: int) -> None:
    """Raise Invalid for numbers of places that cannot be drawn."""
    if winners < 1:
        raise Invalid("Somebody must be able to win.", path=("input", "winnerCount"))
    if alternates < 0:
        raise Invalid("This cannot be negative.", path=("input", "alternateCount"))
    if winners + alternates > PLACES_MAX:
        raise Invalid(
            f"Winners and alternates are {PLACES_MAX} at most.", path=("input", "alternateCount")
        )


def read_again(*, since: datetime, now: datetime) -> datetime:
    """Return when to try again to read what could not be read `since` then, ever more slowly."""
    soonest, latest = _READ_AGAIN
    return now + min(max((now - since) / 4, soonest), latest)


def window_end(closes_at: datetime, closed_at: datetime | None) -> datetime:
    """Return when the window ends: as announced, or when somebody closed it earlier."""
    return closes_at if closed_at is None else min(closes_at, closed_at)


def judge(
    comments: Iterable[Comment], *, terms: Terms, rulings: Mapping[UUID, Ruling]
) -> list[Judgement]:
    """Judge every comment; of a person's comments the first that has no fault takes part."""
    taking_part: set[UUID] = set()
    found = []
    for comment in sorted(comments, key=lambda one: (one.written_at, one.message_id)):
        reasons = _faults(comment, terms)
        match rulings.get(comment.message_id):
            case Ruling.READMITTED:
                reasons = [reason for reason in reasons if reason not in OVERRULABLE]
            case Ruling.DISQUALIFIED:
                reasons.append(R.BY_HAND)
        if not reasons and comment.who is not None:
            if comment.who.human in taking_part:
                reasons.append(R.DUPLICATE_PERSON)
            taking_part.add(comment.who.human)
        found.append(Judgement(message_id=comment.message_id, reasons=tuple(reasons)))
    return found


def _faults(comment: Comment, terms: Terms) -> list[EntryReason]:
    wanted, text = terms.conditions, folded(comment.text)
    found = []
    if not terms.opens_at <= comment.written_at < terms.ends_at:
        found.append(R.OUT_OF_WINDOW)
    if comment.hidden:
        found.append(R.HIDDEN)
    if comment.deleted:
        found.append(R.DELETED)
    if comment.edited_at is not None and comment.edited_at >= terms.ends_at:
        found.append(R.EDITED_LATE)
    found += _faults_of_person(comment, terms)
    tags = [f"#{tag}" for tag in wanted.hashtags]
    if not (_has_one(text, wanted.phrases) and _has_one(text, tags)):
        found.append(R.CONDITION_MISSING)
    if wanted.mentions and len(_mentioned(comment, terms)) < wanted.mentions:
        found.append(R.TOO_FEW_MENTIONS)
    if not _has_one(text, wanted.answers):
        found.append(R.WRONG_ANSWER)
    return found


def _faults_of_person(comment: Comment, terms: Terms) -> Iterable[EntryReason]:
    who, wanted = comment.who, terms.conditions
    if who is None:
        yield R.PERSON_UNKNOWN
        return
    barred = {handle_key(handle) for handle in wanted.excluded_handles}
    if who.own or who.human in terms.excluded or handle_key(who.handle) in barred:
        yield R.EXCLUDED_PERSON
    known = comment.written_at - who.known_since
    # Whom the hub has first seen by this very comment, it has known for less than no time.
    if wanted.known_days and known < timedelta(days=wanted.known_days):
        yield R.PERSON_TOO_NEW


def _has_one(text: str, wordings: Sequence[str]) -> bool:
    return not wordings or any(_stands_in(text, folded(one)) for one in wordings)


def _stands_in(text: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


_MENTION = re.compile(r"(?<![\w@/.])@(\w[\w.-]{0,200})")


def _mentioned(comment: Comment, terms: Terms) -> set[str]:
    """Return the different accounts a comment names, but for the writer's and the brand's own.

    Networks write the brand's handle at the head of every answer: that names nobody.
    """
    own = {local_name(handle) for handle in terms.own_handles}
    own.add(local_name(comment.who.handle if comment.who else ""))
    return {local_name(found) for found in _MENTION.findall(comment.text)} - own


def handle_key(handle: str) -> str:
    """Return a handle as handles are compared: without its @, letters of one case."""
    return handle.strip().removeprefix("@").casefold()


def local_name(handle: str) -> str:
    """Return a handle without the server it is on, and without the full stop after it."""
    return handle_key(handle).partition("@")[0].rstrip(".-")


_VARIABLE = re.compile(r"\{(\w*)\}")
#: What stands before the last of several names.
_AND: Mapping[str, str] = {"en": " and ", "fr": " et ", "de": " und ", "es": " y ", "it": " e "}


def together(names: Sequence[str], *, locale: str) -> str:
    """Return names as a language lists them: "a, b et c"."""
    last = _AND.get(language_of(locale), ", ")
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])}{last}{names[-1]}"


def filled(template: str, values: Mapping[str, str], *, path: tuple[str, ...]) -> str:
    """Return a template with its {variables} filled in; raise Invalid for one there is not."""
    unknown = sorted(set(_VARIABLE.findall(template)) - set(values))
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in sorted(values))
        raise Invalid(f"There is no {{{unknown[0]}}}; there are {known}.", path=path)
    return _VARIABLE.sub(lambda found: values[found[1]], template)


#: What a winners' text says unless somebody writes another, by language.
TEMPLATES: Mapping[str, str] = {
    "en": "The winners of “{contest}” are {winners}. Congratulations, and thank you to all "
    "{entrants} of you who took part!",
    "fr": "Le tirage au sort de « {contest} » désigne {winners}. Bravo, et merci aux {entrants} "
    "personnes qui ont participé !",
}


def template_for(locale: str, given: str | None, *, path: tuple[str, ...]) -> str:
    """Return the text to fill in: the one that was given, or the one of the language."""
    if given is not None:
        return given
    found = TEMPLATES.get(language_of(locale))
    if found is None:
        raise Invalid(f"Write a text: there is none in {locale}.", path=path)
    return found
