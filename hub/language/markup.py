"""Markdown to safe HTML, strangers' HTML to safe HTML or plain text: pure, offline, bounded."""

import html as entities
import re
from html.entities import html5 as known_references

import nh3
from grapheme import safe_split_index
from markdown_it import MarkdownIt

URL_SCHEMES = frozenset({"http", "https", "mailto"})

# Nesting and reopened formatting make an HTML parser quadratic in the number of tags: 200,000
# nested elements take minutes; references cost the same way. No message comes near these.
_MOST_TAGS = 1_000
_MOST_REFERENCES = 20_000
# Taking away an element can leave its children where a parser would not have put them.
_MOST_PASSES = 8
_STAND_IN = "\ufdd0"

_ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
}
_TAGS = {
    *_ATTRIBUTES,
    *("abbr", "b", "blockquote", "br", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
    *("i", "li", "p", "pre", "s", "strong", "sub", "sup", "u", "ul"),
    *("table", "tbody", "td", "th", "thead", "tr"),
}
_ADDRESSES = {"href", "src"}
_LANGUAGE_CLASS = re.compile(r"language-[\w+#.-]{1,40}")


def _keep_attribute(_tag: str, attribute: str, value: str) -> str | None:
    if attribute in _ADDRESSES:
        # A browser takes "\u2028javascript:" for a relative address; other readers may not.
        first = value.lstrip("\t\n\f\r ")[:1]
        return value if first.isprintable() and not first.isspace() else None
    if attribute == "class":
        return value if _LANGUAGE_CLASS.fullmatch(value) else None
    return value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    attribute_filter=_keep_attribute,
    clean_content_tags={"script", "style"},
    url_schemes=set(URL_SCHEMES),
    link_rel="noopener",
)
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def to_html(markdown: str) -> str:
    """Return Markdown (CommonMark with tables and ~~strikethrough~~) as safe HTML.

    HTML in the source is shown as text. Links go to http, https and mailto only.
    """
    # What the renderer writes is well formed, and only "&amp;" is slow to parse: it is carried
    # across as a code point that is no character and that the source may not contain.
    rendered = _MARKDOWN.render(_encodable(markdown).replace(_STAND_IN, ""))
    return _clean(rendered.replace("&amp;", _STAND_IN)).replace(_STAND_IN, "&amp;")


def link_targets(markdown: str) -> set[str]:
    """Return where the links of a Markdown text lead, as `to_html` writes it; see `as_target`."""
    return {
        str(inner.attrs["href"])
        for token in _MARKDOWN.parse(_encodable(markdown))
        for inner in token.children or ()
        if inner.type == "link_open" and "href" in inner.attrs
    }


def as_target(address: str) -> str:
    """Return an address in the spelling that links of Markdown have: percent-encoded."""
    return _MARKDOWN.normalizeLink(address)


def sanitise(html: str) -> str:
    """Return a stranger's HTML with only harmless elements, attributes and addresses left.

    Doing it twice changes nothing. A document of more tags than any message has comes back as
    its text alone.
    """
    html = _encodable(html)
    for _ in range(_MOST_PASSES):
        before, html = html, _sanitise_once(html)
        if html == before:
            return html
    return _flat_html(html)


def to_text(html: str) -> str:
    """Return what a reader of the HTML sees, as plain text.

    Paragraphs are separated by an empty line, line breaks and list items stay lines, white space
    is folded outside `<pre>`, control characters are gone.
    """
    html = _encodable(html)
    if _is_excessive(html):
        return _flat_text(html)
    return _CONTROLS.sub("", _Reader().read(_FLATTENER.clean(_tame_ampersands(html))))


def excerpt(markdown: str, *, length: int) -> str:
    """Return the beginning of a Markdown text as one plain line of at most `length` code points.

    It is cut between words where that costs no more than half of it, and never inside a
    character; what was cut ends in "…".
    """
    text = " ".join(to_text(to_html(markdown)).split())
    if len(text) <= length:
        return text
    if length < 1:
        return ""
    # One character may be many code points, but no reader needs more than these to find its edge.
    cut = text[: safe_split_index(text[: length + 200], length - 1)]
    words = cut if text[len(cut)] == " " else cut.rpartition(" ")[0]
    return (words if len(words) * 2 >= length else cut).rstrip() + "…"


_BYTE_ORDER_MARK = "\ufeff"
_CONTROLS = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f{_BYTE_ORDER_MARK}]")
_TAG = re.compile(r"<[^<>]*+>?")
_AMPERSAND = re.compile(r"&(#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[a-zA-Z][a-zA-Z0-9]{1,31};)?")


def _encodable(text: str) -> str:
    """Return the text with halves of surrogate pairs replaced: they are no characters."""
    return text.encode("utf-8", "replace").decode()


def _clean(html: str) -> str:
    # A parser drops this mark at the very beginning only, so the next one would go next time.
    return _CLEANER.clean(html).replace(_BYTE_ORDER_MARK, "")


def _sanitise_once(html: str) -> str:
    return _flat_html(html) if _is_excessive(html) else _clean(_tame_ampersands(html))


def _flat_html(html: str) -> str:
    return entities.escape(_flat_text(html), quote=False)


def _is_excessive(html: str) -> bool:
    return html.count("<") > _MOST_TAGS or html.count("&") > _MOST_REFERENCES


def _flat_text(html: str) -> str:
    """Return the text between the tags as one line, without parsing anything."""
    return _CONTROLS.sub("", " ".join(entities.unescape(_TAG.sub(" ", html)).split()))


def _tame_ampersands(html: str) -> str:
    """Escape every ampersand that begins no reference; the parser is quadratic in those."""
    return _AMPERSAND.sub(_tame_ampersand, html)


def _tame_ampersand(found: re.Match[str]) -> str:
    reference = found[1]
    if reference and (reference[0] == "#" or reference in known_references):
        return found[0]
    return f"&amp;{reference or ''}"


# How many line breaks an element asks for around itself.
_BREAKS = {"div": 1, "dd": 1, "dt": 1, "li": 1, "tr": 1} | dict.fromkeys(
    (
        *("article", "blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
        *("ol", "p", "pre", "section", "table", "ul"),
    ),
    2,
)
_FLATTENER = nh3.Cleaner(
    tags={*_BREAKS, "br", "img", "td", "th"},
    attributes={"img": {"alt"}},
    clean_content_tags={"script", "style"},
    link_rel=None,
)
# Exactly the tags the flattener writes.
_TOKEN = re.compile(r'<(/?)([a-z0-9]+)(?: alt="([^"]*)")?>|([^<]+)')
_SPACES = re.compile(r"[ \t\n\f\r]+")


class _Reader:
    """Walks through flattened HTML and collects its text; used once."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._breaks = 0
        self._bullet = ""
        self._preformatted = 0

    def read(self, html: str) -> str:
        for closing, tag, alt, text in _TOKEN.findall(html):
            if text:
                self._text(text)
            elif tag == "img":
                self._text(alt)
            else:
                self._tag(tag, closing=bool(closing))
        return "".join(self._out).rstrip()

    def _tag(self, tag: str, *, closing: bool) -> None:
        if tag == "br":
            self._breaks = min(self._breaks + 1, 2)
            return
        if tag in {"td", "th"}:
            self._text(" ")
            return
        self._breaks = max(self._breaks, _BREAKS[tag])
        if tag == "li":
            self._bullet = "" if closing else "- "
        if tag == "pre":
            self._preformatted += -1 if closing else 1

    def _text(self, escaped: str) -> None:
        text = entities.unescape(escaped)
        if not self._preformatted:
            text = _SPACES.sub(" ", text)
            if self._breaks or not self._out or self._out[-1].endswith(" "):
                text = text.removeprefix(" ")
        if not text:
            return
        if self._out and self._breaks:
            self._out[-1] = self._out[-1].rstrip(" \n")
            self._out.append("\n" * self._breaks)
        self._out.append(self._bullet + text)
        self._breaks = 0
        self._bullet = ""
