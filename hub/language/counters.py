"""How long a text is in the unit each network counts in: pure, exact and linear in its length."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from itertools import pairwise
from types import MappingProxyType

# The library is annotated but ships no py.typed marker.
from grapheme.finder import GraphemeIterator, UState
from grapheme.grapheme_property_group import (
    RANGE_TREE,
    SINGLE_CHAR_MAPPINGS,
)
from grapheme.grapheme_property_group import (
    GraphemePropertyGroup as Group,
)
from grapheme.grapheme_property_group import get_group as group_of
from grapheme.incb_property_group import (
    InCBPropertyGroup as Conjunct,
)
from grapheme.incb_property_group import get_group as conjunct_of

URL_WEIGHT = 23
X_MAX = 280


class UnknownCounter(KeyError):
    """No counter of that name exists."""

    def __init__(self, counter: str) -> None:
        super().__init__(counter)
        self.counter = counter

    def __str__(self) -> str:
        """Say what was asked for and what there is."""
        return f"There is no counter {self.counter!r}; there are {', '.join(COUNTERS)}."


def count(text: str, *, counter: str, url_weight: int | None = None) -> int:
    """Return the length of a text in the unit of `counter`, one of `COUNTERS`.

    `url_weight` is what one address costs where a counter gives addresses a fixed price
    (mastodon, x_weighted); 23 unless the server says otherwise. Raises UnknownCounter.
    """
    measure = COUNTERS.get(counter)
    if measure is None:
        raise UnknownCounter(counter)
    if url_weight is not None and url_weight < 0:
        raise ValueError("url_weight must not be negative")
    return measure(text, URL_WEIGHT if url_weight is None else url_weight)


# The rules are the library's. Its iterator copies the cluster it is in at every step, which is
# quadratic for a letter under a million accents, so its steps are taken here one at a time and
# remembered: there are few states and few kinds of character.

_GROUPS = tuple(Group)
_CONJUNCTS = tuple(Conjunct)
_STATES = tuple(UState)


@lru_cache(maxsize=65_536)
def _kind(character: str) -> int:
    """Number what the rules of segmentation know of a character."""
    group = _GROUPS.index(group_of(character))
    return group * len(_CONJUNCTS) + _CONJUNCTS.index(conjunct_of(character))


@cache
def _step(state: int, last: int, kind: int) -> tuple[int, int]:
    """Return whether a new cluster begins (1 or 0) before this kind, and the state after it."""
    before = _GROUPS[last // len(_CONJUNCTS)]
    group = _GROUPS[kind // len(_CONJUNCTS)]
    conjunct = _CONJUNCTS[kind % len(_CONJUNCTS)]
    begins, after = GraphemeIterator.fsm(_STATES[state], before, group, conjunct)
    # After a line end the library forgets what it has just read, and cuts a flag there in two.
    if group is Group.REGIONAL_INDICATOR and before is not group:
        after = UState.GB12_First
    if conjunct is Conjunct.LINKER:
        after = UState.GB9c_Linker
    return int(begins), _STATES.index(after)


def _graphemes(text: str) -> int:
    if not text:
        return 0
    if text.isascii():
        return len(text) - text.count("\r\n")
    state = _STATES.index(GraphemeIterator(text[0]).state)
    last = _kind(text[0])
    total = 0
    for kind in map(_kind, text[1:]):
        begins, state = _step(state, last, kind)
        last = kind
        total += begins
    return total + 1


def _members(*groups: Group) -> str:
    """Return the inside of a regular expression's [...] holding every character of the groups."""
    spans = [(first, last) for first, last, group in RANGE_TREE[1] if group in groups]
    spans += [(single, single) for single, group in SINGLE_CHAR_MAPPINGS.items() if group in groups]
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in sorted(spans))


# These four are letters and signs of text unless a variation selector asks for the picture.
_TEXT_FIRST = "\u00a9\u00ae\u2122\u265f"
_SKIN = "\U0001f3fb-\U0001f3ff"
_PICTURE = (
    f"(?:[{_TEXT_FIRST}]\ufe0f"
    f"|(?![{_TEXT_FIRST}])[{_members(Group.EXTENDED_PICTOGRAPHIC)}{_SKIN}](?!\ufe0e)[\ufe0f{_SKIN}]?)"
)
_EMOJI = re.compile(
    "[0-9#*]\ufe0f?\u20e3"  # keycaps
    "|[\U0001f1e6-\U0001f1ff]{2}"  # flags of countries
    "|\U0001f3f4[\U000e0020-\U000e007e]++\U000e007f"  # flags of regions
    f"|{_PICTURE}(?:\u200d{_PICTURE})*+"
)


def emoji_in(text: str) -> list[tuple[int, int]]:
    """Return where in a text its emoji stand, each once however many code points it has."""
    return [found.span() for found in _EMOJI.finditer(text)]


# Every repetition is bounded, possessive or over disjoint classes, so no text makes these slow.

_ASCII_LABEL = r"(?:(?![-_])[a-z0-9_-]{1,63}(?<![-_])\.)"
_ASCII_NAME = r"(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)"
_ASCII_TOP = r"(?:xn--[a-z0-9-]{2,59}+|[a-z]{2,63}+)"
_ASCII_DOMAIN = rf"(?>{_ASCII_LABEL}{{0,125}}{_ASCII_NAME}{_ASCII_TOP})(?![0-9a-z@+_-])"
_WIDE_LABEL = r"(?:(?!-)(?:[^\W_]|-){1,63}(?<!-)\.)"
_WIDE_DOMAIN = rf"(?P<wide>{_WIDE_LABEL}{{1,126}}[^\W\d_]{{2,63}})(?![\w@+-])"
_URL = (
    rf"(?<![a-z0-9@\uff20$#\uff03])https?://(?:{_ASCII_DOMAIN}|{_WIDE_DOMAIN})(?::[0-9]{{1,5}}+)?+"
)
_REMOTE_MENTION = (
    r"(?<![=/\w])(?P<mention>@(?>[a-z0-9_]+(?:[.-]+[a-z0-9_]+)*))"
    r"(?>@\w+(?:[.-]+\w+)*)(?!@|://)"
)
_ADDRESS = re.compile(_URL, re.IGNORECASE)
_ADDRESS_OR_MENTION = re.compile(f"{_REMOTE_MENTION}|{_URL}", re.IGNORECASE)

_ANY_TAIL = re.compile(r"[/?][^\s<>\"{}\\^`\u300c\u300d]*+")
# X ends an address at the first character that is neither Latin nor Cyrillic.
_LATIN_TAIL = re.compile(
    r"[/?](?:[a-z0-9!*'();:=+,.$/%#\[\]_~&|@?\u2010-\u2015-]"
    r"|[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0400-\u04ff\u1e00-\u1eff])*+",
    re.IGNORECASE,
)
_NOT_LAST_IN_PATH = "?!*\"'();:=,.$%[]~&|@"
_NOT_LAST_IN_QUERY = "?!*\"'();:,.$%[]~|@+"


def _is_registrable(domain: str) -> bool:
    """Say whether every label fits into 63 characters in the ASCII form that DNS knows."""
    wide = [label for label in domain.split(".") if not label.isascii()]
    return all(
        not label.startswith("xn--") and len(b"xn--" + label.encode("punycode")) <= 63
        for label in wide
    )


def _tail_length(tail: str) -> int:
    """Return how much of what follows a domain belongs to the address, not to the sentence."""
    not_last = _NOT_LAST_IN_QUERY if "?" in tail else _NOT_LAST_IN_PATH
    surplus = tail.count(")") - tail.count("(")
    end = len(tail)
    while end > 1 and tail[end - 1] in not_last:
        if tail[end - 1] == ")" and surplus <= 0:
            return end
        surplus -= {")": 1, "(": -1}.get(tail[end - 1], 0)
        end -= 1
    return 0 if tail[:end] == "?" else end


def _shortened(
    text: str, *, pattern: re.Pattern[str], tail: re.Pattern[str], address: str
) -> tuple[str, int]:
    """Return the text with `address` for every address and no host in any mention.

    The number is how many addresses there were.
    """
    pieces: list[str] = []
    addresses = 0
    position = 0
    while found := pattern.search(text, position):
        pieces.append(text[position : found.start()])
        position = found.end()
        parts = found.groupdict()
        if mention := parts.get("mention"):
            pieces.append(mention)
            continue
        if parts["wide"] and not _is_registrable(parts["wide"]):
            pieces.append(found[0])
            continue
        rest = tail.match(text, position)
        position += _tail_length(rest[0]) if rest else 0
        pieces.append(address)
        addresses += 1
    pieces.append(text[position:])
    return "".join(pieces), addresses


def _mastodon(text: str, url_weight: int) -> int:
    shortened, _ = _shortened(
        text, pattern=_ADDRESS_OR_MENTION, tail=_ANY_TAIL, address="x" * url_weight
    )
    return _graphemes(shortened)


_LIGHT = re.compile("[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]+")
_MARKS_IN_A_ROW = re.compile(f"[{_members(Group.EXTEND, Group.SPACING_MARK)}]{{30}}")


def _composed(text: str) -> str:
    """Return the text in NFC, cut after every 30th mark in a row.

    Python sorts a run of marks in quadratic time; no language stacks thirty of them.
    """
    if text.isascii():
        return text
    cuts = [0, *(found.end() for found in _MARKS_IN_A_ROW.finditer(text)), len(text)]
    return "".join(unicodedata.normalize("NFC", text[start:end]) for start, end in pairwise(cuts))


def _x_weighted(text: str, url_weight: int) -> int:
    # Each address stands as one light character, so that nothing joins across it.
    shortened, addresses = _shortened(
        _composed(text), pattern=_ADDRESS, tail=_LATIN_TAIL, address="x"
    )
    plain, emoji = _EMOJI.subn("", shortened)
    heavy = len(_LIGHT.sub("", plain))
    return len(plain) + heavy + 2 * emoji + (url_weight - 1) * addresses


def _threads(text: str) -> int:
    extra = sum(_bytes(found[0]) - len(found[0]) for found in _EMOJI.finditer(text))
    return len(text) + extra


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


COUNTERS: Mapping[str, Callable[[str, int], int]] = MappingProxyType(
    {
        # What a reader takes for one character (Unicode extended grapheme clusters).
        "grapheme": lambda text, _: _graphemes(text),
        "codepoint": lambda text, _: len(text),
        "utf16": lambda text, _: _utf16(text),
        "bytes": lambda text, _: _bytes(text),
        # Graphemes; an address has a fixed price, the host of a mention is free.
        "mastodon": _mastodon,
        # Composed text; Latin and its neighbours weigh 1, the rest and every emoji 2.
        "x_weighted": _x_weighted,
        # Code points, but an emoji costs its UTF-8 bytes.
        "threads": lambda text, _: _threads(text),
    }
)
