"""Links in words get the parameters of their campaign, found as platforms find them: pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from hub.channels.platforms.base import Draft, Kind
from hub.language.markup import as_target, link_targets
from hub.strategy.utm import Tracking, tagged

# What surrounds an address ends it; brackets and what closes a sentence are looked at one by one.
# A longer one than this is nobody's.
_CANDIDATE = re.compile(r"(?<![\w@#/])https?://[^\s<>\"\u3000]{1,2000}+", re.IGNORECASE)
_CLOSING = ".,;:!?'*~|\u2019\u201d\u00bb\u2026"
#: Brackets of one candidate that are tried as its end.
_ENDS_MAX = 40
_PAIRS = {")": "(", "]": "["}


def tracked(draft: Draft, kind: Kind, by: Tracking) -> Draft:
    """Return a draft whose links have the parameters, its one address included."""
    change = _FINDERS[kind]
    return replace(
        draft,
        parts=tuple(replace(part, text=change(part.text, draft.link, by)) for part in draft.parts),
        link=tagged(draft.link, by) if draft.link else "",
    )


def has_links(body: str) -> bool:
    """Say whether an edition has an address in it, from its stored bytes."""
    return "://" in body


def _plain(text: str, _link: str, by: Tracking) -> str:
    """Change the addresses of a text that its readers see as it is written."""
    return _changed(text, _length, by)


def _markdown(text: str, link: str, by: Tracking) -> str:
    """Change the addresses that Markdown makes links of; others are only words there."""
    if "://" not in text:
        return text
    known = link_targets(text)

    def length(said: str) -> int:
        leading = (
            end for end in _ends(said) if said[:end] == link or as_target(said[:end]) in known
        )
        return next(leading, 0)

    return _changed(text, length, by)


def _changed(text: str, length: Callable[[str], int], by: Tracking) -> str:
    """Change what `length` says is an address at the beginning of a candidate."""
    pieces: list[str] = []
    place = 0
    while found := _CANDIDATE.search(text, place):
        start, end = found.start(), found.start() + length(found[0])
        pieces += (text[place:start], tagged(text[start:end], by) if end > start else "")
        place = end if end > start else start + len("https://")
        if end == start:
            pieces.append(text[start:place])
    return "".join([*pieces, text[place:]])


def _both(text: str, link: str, by: Tracking) -> str:
    """Change the links of Markdown, and addresses that a forum makes links of by itself."""
    return _plain(_markdown(text, link, by), link, by)


def _ends(said: str) -> list[int]:
    """Return where an address may end: Markdown closes it with a bracket, or with nothing."""
    cuts = [place for place, letter in enumerate(said) if letter in _PAIRS]
    return [*cuts[:_ENDS_MAX], _length(said), len(said)]


def _length(said: str) -> int:
    """Return the length of an address without what belongs to the sentence around it."""
    surplus = {last: said.count(last) - said.count(first) for last, first in _PAIRS.items()}
    end = len(said)
    while end:
        last = said[end - 1]
        if last not in _CLOSING and surplus.get(last, 0) <= 0:
            break
        if last in surplus:
            surplus[last] -= 1
        end -= 1
    return end


_FINDERS: Mapping[Kind, Callable[[str, str, Tracking], str]] = {
    Kind.NETWORK: _plain,
    Kind.CHAT: _plain,
    Kind.BLOG: _markdown,
    Kind.FEED: _markdown,
    Kind.WEBHOOK: _markdown,
    Kind.FORUM: _both,
}
