"""Links in what people write, with or without their scheme: pure, linear in the text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a text, in code points."""

    start: int
    end: int


# What surrounds an address ends it; what closes a sentence is not part of it. Without a scheme only
# what looks like a site is one: `fin.Bonjour` is two sentences.
_LINK = re.compile(
    r"(?<![\w@./])(?:https?://(?P<full>[^\s/?#<>\"]{1,255})|(?P<bare>(?:www\.)?(?:[a-z0-9]"
    r"[a-z0-9-]{0,62}\.){1,5}(?:com|net|org|info|biz|io|co|me|ly|gg|tv|app|dev|xyz|top|shop|site|"
    r"store|online|click|link|club|live|vip|win|fun|pro|ru|cn|su|tk|ml|ga|cf|eu|fr|be|ch|ca|uk|de|"
    r"es|it|nl|pt|us))(?![\w-]))(?:[/?#:][^\s<>\"]{0,2000})?",
    re.IGNORECASE,
)
_CLOSING = ".,;:!?'*~|\u2019\u201d\u00bb\u2026)]}"


def links_in(text: str) -> list[tuple[str, Span]]:
    """Return the sites a text links to, lower case, and where."""
    return [
        (_host(found["full"] or found["bare"]), Span(found.start(), found.start() + length))
        for found in _LINK.finditer(text)
        if (length := len(found[0].rstrip(_CLOSING)))
    ]


def _host(written: str) -> str:
    host = written.rsplit("@", 1)[-1].partition(":")[0].rstrip(_CLOSING).casefold()
    return host.removeprefix("www.")


def is_under(host: str, domains: Iterable[str]) -> bool:
    """Say whether a site is one of these, or below one."""
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
