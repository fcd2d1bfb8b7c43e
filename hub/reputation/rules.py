"""What a monitor looks for, where the same thing is the same, and how often to look: all pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from hub.kernel.errors import Invalid
from hub.kernel.locales import language_of, require_locale
from hub.kernel.texts import require_storable
from hub.language.folding import fold
from hub.language.phrases import PhraseRefused, Phrases

TERMS_MAX = 50
TERM_MAX = 200
SOURCES_MAX = 20
URL_MAX = 2_000
#: Terms a platform is asked for at each look; what they find is matched with all of the query.
ASKED_MAX = 5

_HASHTAG = re.compile(r"[#＃](\w{1,100})")  # noqa: RUF001 - the wide one is a hashtag, too
_HANDLE = re.compile(r"(?<![\w/@])@([\w.-]{1,100}(?:@[\w.-]{1,100})?)")
#: Words that are in nearly every text; alone they say nothing.
_EVERYWHERE = frozenset(
    re.findall(
        r"\w+",
        """
    a about after all also am an and any are as at be been before being but by can could did do
    does done for from get go got had has have he her here him his how i if in into is it its
    just let like me more most my new no not now of off on one only or other our out over own
    people say see she so some such than that the their them then there these they this those
    time to today too up us very was way we well were what when where which who why will with
    would yes you your http https www com
    afin ai ainsi alors apres au aucun aussi autre aux avant avec avoir bien bon car ce cela ces
    cet cette chez ci comme comment contre dans de depuis des deux dire dit donc dont du elle
    elles en encore entre es est et etaient etait ete etes etre eu eux fait faire fois font fr
    ici il ils jamais je jour la le les leur leurs lui ma mais me meme mes moi moins mon ne ni
    non nos notre nous on ont ou oui par pas peu peut plus pour pourquoi pres puis quand que
    quel quelle quels qui quoi sa sans se sera ses si son sont sous suis sur ta te tes toi ton
    toujours tous tout toute toutes tres trop tu un une vos votre vous y
    """,
    )
)


@dataclass(frozen=True, kw_only=True)
class Query:
    """What a monitor looks for: every one of `all`, none of `none`, and one of what is left.

    A term of several words is an exact phrase; `word*` stands for what begins so. No language
    means every language.
    """

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the query as plain JSON."""
        return {known.name: list(getattr(self, known.name)) for known in fields(self)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Sequence[str]]) -> "Query":
        """Read a query stored by `to_json`."""
        return cls(**{name: tuple(values) for name, values in stored.items()})


def require_query(given: Query, *, path: tuple[str, ...]) -> Query:
    """Return the query as it is kept; raise Invalid for one that finds everything or nothing."""
    clean = Query(
        all=_terms(given.all, path=(*path, "all")),
        any=_terms(given.any, path=(*path, "any")),
        none=_terms(given.none, path=(*path, "none")),
        hashtags=_names(given.hashtags, "#", path=(*path, "hashtags")),
        handles=_names(given.handles, "@", path=(*path, "handles")),
        languages=_languages(given.languages, path=(*path, "languages")),
    )
    _require_telling(clean, path=path)
    return clean


def _terms(given: Sequence[str], *, path: tuple[str, ...]) -> tuple[str, ...]:
    terms = _short(given, path=path)
    for index, term in enumerate(terms):
        try:
            Phrases([term])
        except PhraseRefused as error:
            raise Invalid(str(error), path=(*path, str(index))) from None
    return terms


def _short(given: Sequence[str], *, path: tuple[str, ...]) -> tuple[str, ...]:
    if len(given) > TERMS_MAX:
        raise Invalid(f"These are {len(given)} terms; {TERMS_MAX} are allowed.", path=path)
    for index, one in enumerate(given):
        where = (*path, str(index))
        if not one.strip():
            raise Invalid("This must not be empty.", path=where)
        if len(one) > TERM_MAX:
            raise Invalid(f"A term has {TERM_MAX} characters at most.", path=where)
        require_storable(one, path=where)
    return tuple(dict.fromkeys(" ".join(one.split()) for one in given))


def _names(given: Sequence[str], sign: str, *, path: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(name.removeprefix(sign) for name in _short(given, path=path))
    for index, name in enumerate(names):
        found = (_HASHTAG if sign == "#" else _HANDLE).fullmatch(f"{sign}{name}")
        if found is None:
            said = "hashtag" if sign == "#" else "handle"
            raise Invalid(f"{name} is no {said}.", path=(*path, str(index)))
    return names


def _languages(given: Sequence[str], *, path: tuple[str, ...]) -> tuple[str, ...]:
    tags = [
        require_locale(tag, path=(*path, str(index))) for index, tag in enumerate(given[:TERMS_MAX])
    ]
    return tuple(dict.fromkeys(language_of(tag) for tag in tags))


def _require_telling(query: Query, *, path: tuple[str, ...]) -> None:
    """Raise Invalid where a text that says nothing special would be found."""
    named = [*query.hashtags, *query.handles]
    if not (query.all or query.any or named):
        raise Invalid(
            "This would find everything: name at least one word, hashtag or handle to look for.",
            path=path,
        )
    if any(_is_telling(term) for term in query.all):
        return
    if query.all and not (query.any or named):
        raise Invalid(_TOO_COMMON.format(term=query.all[0]), path=(*path, "all", "0"))
    for index, term in enumerate(query.any):
        if not _is_telling(term):
            raise Invalid(_TOO_COMMON.format(term=term), path=(*path, "any", str(index)))


_TOO_COMMON = '"{term}" is in nearly every text: look for it together with another word.'


def _is_telling(term: str) -> bool:
    """Say whether a term is rare enough to look for it alone."""
    words = re.findall(r"\w+", fold(term).text)
    # Other scripts say more with fewer characters.
    rare = [
        word
        for word in words
        if len(word) >= (3 if word.isascii() else 2) and word not in _EVERYWHERE
    ]
    if term.endswith("*") and len(words) == 1:
        return bool(rare) and len(words[0]) >= 4
    return bool(rare) or len(words) >= 4


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text to look at; an empty language is one nobody knows."""

    text: str
    language: str = ""


def found_in(query: Query, said: Text) -> tuple[str, ...] | None:
    """Return the terms of a query that a text has, in the query's spelling; None: it does not fit.

    Case, accents and ligatures make no difference, and only whole words count. A text in a
    language nobody knows fits every choice of languages: hearing of it is better than not.
    """
    if query.languages and said.language and language_of(said.language) not in query.languages:
        return None
    if query.none and _compiled(query.none).find(said.text):
        return None
    required = _found(query.all, said.text)
    if len(required) < len(query.all):
        return None
    some = [*_found(query.any, said.text), *_tags(query, said), *_handles(query, said)]
    if not some and (query.any or query.hashtags or query.handles):
        return None
    return tuple(dict.fromkeys([*required, *some]))


@lru_cache(maxsize=500)
def _compiled(terms: tuple[str, ...]) -> Phrases:
    return Phrases(terms)


def _found(terms: tuple[str, ...], text: str) -> list[str]:
    if not terms:
        return []
    found = {match.phrase for match in _compiled(terms).find(text)}
    return [term for term in terms if term in found]


def _tags(query: Query, said: Text) -> list[str]:
    if not query.hashtags:
        return []
    there = {fold(found[1]).text for found in _HASHTAG.finditer(said.text)}
    return [f"#{tag}" for tag in query.hashtags if fold(tag).text in there]


def _handles(query: Query, said: Text) -> list[str]:
    if not query.handles:
        return []
    there = set()
    for found in _HANDLE.finditer(said.text):
        whole = found[1].rstrip(".-").casefold()
        there |= {whole, whole.partition("@")[0]}
    return [f"@{name}" for name in query.handles if name.casefold() in there]


def asked_for(query: Query) -> tuple[str, ...]:
    """Return what a platform's own search is asked for: few terms that find all that can fit."""
    telling = next((term for term in query.all if _is_telling(term)), None)
    if telling is not None:
        return (telling.rstrip("*"),)
    tags = [f"#{tag}" for tag in query.hashtags]
    handles = [f"@{name}" for name in query.handles]
    return tuple([*tags, *handles, *(term.rstrip("*") for term in query.any)][:ASKED_MAX])


_TRACKING = re.compile(r"(utm_\w+|fbclid|gclid|dclid|msclkid|mc_cid|mc_eid|igshid|ref_src|xtor)")


def canonical_url(url: str) -> str:
    """Return an address as it is compared: without scheme, www, fragment and what only counts.

    An empty text where it is no address of the web.
    """
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").removeprefix("www.")
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host:
        return ""
    place = host if port in {None, 80, 443} else f"{host}:{port}"
    known = parse_qsl(parts.query, keep_blank_values=True)[:100]
    kept = urlencode([pair for pair in known if not _TRACKING.fullmatch(pair[0].lower())])
    return urlunsplit(("", place, parts.path.rstrip("/"), kept, "")).removeprefix("//")


FEED_PACE = timedelta(minutes=15)
SEARCH_PACE = timedelta(minutes=5)
#: A place that has been silent for a week is looked at less often, an ill one hardly.
_SILENT = timedelta(days=7)
_SLOW = 4
_LONGEST = timedelta(hours=12)


def next_look(
    *,
    pace: timedelta,
    now: datetime,
    last_found_at: datetime | None,
    failures: int = 0,
    asked_to_wait: timedelta | None = None,
) -> datetime:
    """Return when to look again: after the pace, more and more rarely while it goes wrong."""
    wait = pace
    if last_found_at is not None and now - last_found_at > _SILENT:
        wait = pace * _SLOW
    if failures:
        wait = min(pace * 2 ** min(failures, 10), _LONGEST)
    return now + max(wait, asked_to_wait or timedelta())


#: What an author says of the time of an article is believed so far.
_OLDEST = timedelta(days=3650)


def believable(published_at: datetime | None, *, now: datetime) -> datetime:
    """Return when something was published: now where that is unknown, ahead of us or absurd."""
    if published_at is None or published_at > now or now - published_at > _OLDEST:
        return now
    return published_at
