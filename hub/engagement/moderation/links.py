"""Links in what people write, shown or behind words: pure, linear in the text and its HTML."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote


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
# As the HTML of messages is kept (`hub.language.markup.sanitise`): every link is closed, and its
# address stands in double quotes.
_ANCHOR = re.compile(
    r'<a [^>]{0,2000}?\bhref="https?://(?P<host>[^"/?#]{1,255})(?P<path>[^"]{0,2000})"[^>]*>',
    re.IGNORECASE,
)
_LABEL_MAX = 2_000
_TAG = re.compile(r"<[^<>]*>")
_CLOSING = ".,;:!?'*~|\u2019\u201d\u00bb\u2026)]}"


def links_in(text: str) -> list[tuple[str, Span]]:
    """Return the sites a text links to, lower case, and where."""
    return [
        (_host(found["full"] or found["bare"]), Span(found.start(), found.start() + length))
        for found in _LINK.finditer(text)
        if (length := len(found[0].rstrip(_CLOSING)))
    ]


def links_of(text: str, html: str) -> list[tuple[str, Span]]:
    """Return the sites a message leads to, lower case, and where its words do so.

    A link behind words that name another site, or none, is one of its own. The place is empty
    where nothing is shown, as with a picture that leads somewhere.
    """
    shown = links_in(text)
    return sorted([*shown, *_behind(text, html, shown)], key=lambda link: link[1])


def _behind(text: str, html: str, shown: Sequence[tuple[str, Span]]) -> Iterator[tuple[str, Span]]:
    at = 0
    for found in _ANCHOR.finditer(html):
        closed = html.find("</a>", found.end())
        if closed < 0:
            return
        label = _plain(html[found.end() : closed][:_LABEL_MAX])
        start = text.find(label, at)
        # Somewhere else than the text has it, it is looked for no further.
        span = Span(start, start + len(label)) if label and start >= 0 else Span(at, at)
        at = span.end
        host = _host(unescape(found["host"]))
        if _is_a_name(label, found["path"]):
            continue
        if not any(known == host and _touch(place, span) for known, place in shown):
            yield host, span


def _plain(html: str) -> str:
    return " ".join(unescape(_TAG.sub("", html)).split())


def _touch(one: Span, other: Span) -> bool:
    return one.start <= other.end and other.start <= one.end


def _is_a_name(label: str, path: str) -> bool:
    """Say whether a link is how networks show `@somebody` and `#something`."""
    last = unquote(unescape(path)).rstrip("/").rpartition("/")[2]
    names = label[:1] in {"@", "#"} and len(label) > 1
    return names and last.removeprefix("@").casefold() == label[1:].partition("@")[0].casefold()


def _host(written: str) -> str:
    host = written.rsplit("@", 1)[-1].partition(":")[0].rstrip(_CLOSING).casefold()
    return host.removeprefix("www.")


def is_under(host: str, domains: Iterable[str]) -> bool:
    """Say whether a site is one of these, or below one."""
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
