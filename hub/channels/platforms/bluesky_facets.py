"""What in a text is a link, a mention or a hashtag on Bluesky: pure, and linear in its length.

The network finds nothing in a text by itself: whoever posts must say what is where, in bytes of
UTF-8. The rules follow the network's own library (@atproto/api, rich-text/detection), but a
domain without "https://" is left alone: "node.js" would be one.
"""

import re
import unicodedata
from itertools import accumulate
from typing import Any
from urllib.parse import urlsplit

from hub.language import counters

# Lexicon app.bsky.richtext.facet#tag, in graphemes and in bytes.
TAG_LENGTH_MAX = 64
TAG_BYTES_MAX = 640
_HANDLE_MAX = 253

# Possessive or over disjoint classes: no text makes these slow.
_LINK = r"(?P<link>(?<![\w@#/])https?://[^\s<>\"\u3000]++)"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?+"
_MENTION = rf"(?P<mention>(?<![^\s(\[{{])@(?:{_LABEL}\.)++{_LABEL})"
# Spaces of no width and the mark that turns a number sign into a keycap end or forbid a tag.
_INVISIBLE = r"\u00ad\u2060\u200a-\u200d\u20e2"
_TAG = rf"(?P<tag>(?<!\S)[#\uff03](?!\ufe0f)[^\s{_INVISIBLE}#\uff03]++)"
_SIGNS = re.compile(f"{_LINK}|{_MENTION}|{_TAG}", re.IGNORECASE)

Facet = dict[str, Any]


def facets_of(text: str) -> list[Facet]:
    """Return what to mark: start and end in UTF-8 bytes, and a "link", "mention" or "tag"."""
    found = [
        (start, end, kind, value)
        for sign in _SIGNS.finditer(text)
        for start, end, kind, value in _marked(sign)
    ]
    if not found:
        return []
    at = _offsets(text)
    return [{"start": at[start], "end": at[end], kind: value} for start, end, kind, value in found]


def tags_in(text: str) -> list[str]:
    """Return the hashtags a text marks, without their sign."""
    return [
        value
        for sign in _SIGNS.finditer(text)
        for _, _, kind, value in _marked(sign)
        if kind == "tag"
    ]


def _offsets(text: str) -> list[int]:
    """Return for each place between characters how many bytes come before it."""
    sizes = (_size(character) for character in text)
    return [0, *accumulate(sizes)]


def _size(character: str) -> int:
    code = ord(character)
    return 1 + (code > 0x7F) + (code > 0x7FF) + (code > 0xFFFF)


def _marked(sign: re.Match[str]) -> list[tuple[int, int, str, str]]:
    kind, start = str(sign.lastgroup), sign.start()
    match kind:
        case "link":
            value = _link(sign[0])
        case "mention":
            value = sign[0] if _is_handle(sign[0][1:]) else ""
        case _:
            value = _tag(sign[0])
    if not value:
        return []
    end = start + len(value)
    return [(start, end, kind, value if kind == "link" else value[1:])]


def _link(said: str) -> str:
    """Return an address without what belongs to the sentence around it."""
    end = len(said)
    surplus = said.count(")") - said.count("(")
    while said[end - 1] in ".,;:!?'" or (said[end - 1] == ")" and surplus > 0):
        surplus -= said[end - 1] == ")"
        end -= 1
    try:
        host = urlsplit(said[:end]).hostname
    except ValueError:
        return ""
    return said[:end] if host else ""


def _is_handle(name: str) -> bool:
    return len(name) <= _HANDLE_MAX and not name.rpartition(".")[2][0].isdigit()


def _tag(said: str) -> str:
    end = len(said)
    while end > 1 and unicodedata.category(said[end - 1]).startswith("P"):
        end -= 1
    word = said[1:end]
    telling = any(not one.isdigit() and unicodedata.category(one)[0] != "P" for one in word)
    if not telling or not fits(word):
        return ""
    return said[:end]


def fits(tag: str) -> bool:
    """Say whether the network takes a tag that long: a few emoji have as many bytes as a page."""
    short = counters.count(tag, counter="grapheme") <= TAG_LENGTH_MAX
    return short and len(tag.encode()) <= TAG_BYTES_MAX
