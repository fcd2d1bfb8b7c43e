"""How a Mastodon server counts a text and turns it into HTML."""

import re
from collections.abc import Mapping
from html import escape

import grapheme

URL = re.compile(r"https?://[^\s<>\"]*[^\s<>\"'.,;:!?)\]]")
MENTION = re.compile(r"(?<![\w/@])@(\w+)(?:@([\w.-]*\w))?")
TAG = re.compile(r"(?<![\w&/#])#(\w*[^\W\d]\w*)")
TOKEN = re.compile(f"{URL.pattern}|{MENTION.pattern}|{TAG.pattern}")


def mastodon_length(text: str, warning: str) -> int:
    """Count as Mastodon does: graphemes, 23 a link, no domains of mentions, the warning too.

    Written apart from the hub's own counters, so that each can prove the other wrong.
    """
    text = URL.sub("x" * 23, text)
    text = MENTION.sub(r"@\1", text)
    return int(grapheme.length(text) + grapheme.length(warning))


def gotosocial_length(text: str, warning: str) -> int:
    """Count as GoToSocial does: code points, nothing is cheaper."""
    return len(text) + len(warning)


def html_of(text: str, *, base: str, known: Mapping[str, str]) -> str:
    """Return a text as a server shows it: paragraphs, links, mentions and tags; the rest escaped.

    `known` gives the address of the accounts that exist, by user name.
    """
    paragraphs = re.split(r"\n{2,}", text.strip()) if text.strip() else []
    return "".join(f"<p>{_line(paragraph, base, known)}</p>" for paragraph in paragraphs)


def mentioned(text: str) -> list[str]:
    """Return the user names a text mentions."""
    return [found[1] for found in MENTION.finditer(URL.sub("", text))]


def tags_of(text: str) -> list[str]:
    """Return the hashtags of a text."""
    return [found[1] for found in TAG.finditer(URL.sub("", text))]


def _line(text: str, base: str, known: Mapping[str, str]) -> str:
    pieces = []
    end = 0
    for found in TOKEN.finditer(text):
        pieces.append(escape(text[end : found.start()], quote=False))
        pieces.append(_token(found[0], base, known))
        end = found.end()
    pieces.append(escape(text[end:], quote=False))
    return "".join(pieces).replace("\n", "<br>")


def _token(token: str, base: str, known: Mapping[str, str]) -> str:
    if token.startswith("#"):
        name = escape(token[1:])
        address = f"{escape(base)}/tags/{name}"
        return f'<a href="{address}" class="mention hashtag" rel="tag">#<span>{name}</span></a>'
    if token.startswith("@"):
        return _mention(token, known)
    return _link(token)


def _mention(token: str, known: Mapping[str, str]) -> str:
    name = token[1:].partition("@")[0]
    if name not in known:
        return escape(token, quote=False)
    link = f'<a href="{escape(known[name])}" class="u-url mention">@<span>{name}</span></a>'
    return f'<span class="h-card">{link}</span>'


def _link(url: str) -> str:
    # Mastodon keeps the whole address in the text and hides the ends of it.
    scheme, _, rest = url.partition("://")
    shown, hidden = rest[:30], rest[30:]
    cut = " ellipsis" if hidden else ""
    return (
        f'<a href="{escape(url)}" rel="nofollow noopener">'
        f'<span class="invisible">{scheme}://</span>'
        f'<span class="{cut.strip()}">{escape(shown, quote=False)}</span>'
        f'<span class="invisible">{escape(hidden, quote=False)}</span></a>'
    )
