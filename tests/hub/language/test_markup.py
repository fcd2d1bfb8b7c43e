"""Markdown and strangers' HTML come out harmless, readable and in bounded time."""

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.language.markup import excerpt, sanitise, to_html, to_text

SCHEME = re.compile(r"""(?:href|src)="\s*([a-z][a-z0-9+.-]*):""", re.IGNORECASE)
FRAGMENTS = st.lists(
    st.sampled_from(
        [
            *("<p>", "</p>", "<div>", "<b>", "</b>", "<i a=1>", "<a href='javascript:x'>", "</a>"),
            *("<table>", "<tr>", "<td>", "<svg>", "<math>", "<style>", "<script>", "</script>"),
            *("<img src=x onerror=1>", "<a href='https://a.io?b&c=d'>", "<!--", "-->", "<![CDATA["),
            *(
                "<select>",
                "<template>",
                "<noscript>",
                "<textarea>",
                "<plaintext>",
                "<mtext>",
                "<br",
            ),
            *("&", "&amp;", "&lt;", "&copy", "&#0;", "&#x80;", "&b;", "<", ">", '"', "'", "\r\n"),
            *(
                "text",
                "\u00a0",
                "\u2028",
                "\ufeff",
                "&#xfeff;",
                "\0",
                "\x1f",
                "\ufdd0",
                "\U0010ffff",
                "]]>",
            ),
        ]
    ),
    max_size=15,
).map("".join)
MARKDOWN = st.lists(
    st.sampled_from(
        [
            *("# ", "- ", "> ", "1. ", "    ", "\n", "\n\n", "*", "**", "_", "~~", "`", "```\n"),
            *("[a](", "![", "]", "(", ")", "https://a.io", "javascript:x", "|a|b|\n|-|-|\n", "<b>"),
            *("&amp;", "&", "text", "\\", "<https://a.io>", "\u00a0", "\ufdd0", "\ud800", '"'),
        ]
    ),
    max_size=15,
).map("".join)

RENDERED = [
    ("Hello *you* and **you**", "<p>Hello <em>you</em> and <strong>you</strong></p>\n"),
    ("~~gone~~", "<p><s>gone</s></p>\n"),
    ("## Title", "<h2>Title</h2>\n"),
    ("a\\\nb", "<p>a<br>\nb</p>\n"),
    (
        '[here](https://a.io/?b=1&c=2 "why")',
        '<p><a href="https://a.io/?b=1&amp;c=2" title="why" rel="noopener">here</a></p>\n',
    ),
    ("[us](mailto:a@b.io)", '<p><a href="mailto:a@b.io" rel="noopener">us</a></p>\n'),
    ("![alt](https://a.io/b.png)", '<p><img src="https://a.io/b.png" alt="alt"></p>\n'),
    ("```py\n1 < 2\n```", '<pre><code class="language-py">1 &lt; 2\n</code></pre>\n'),
    ("3. three", '<ol start="3">\n<li>three</li>\n</ol>\n'),
    ("AT&T &amp; &copy;", "<p>AT&amp;T &amp; \u00a9</p>\n"),
    ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
    ("x\ufdd0y", "<p>xy</p>\n"),
    ("", ""),
]

HARMFUL = [
    ("a<script>alert(1)</script>b", "ab"),
    ("<style>p{}</style>x", "x"),
    ("<p onclick=x style=y id=z>a</p>", "<p>a</p>"),
    ("<img src=x onerror=alert(1)>", '<img src="x">'),
    ("<img src='data:text/html,x'>", "<img>"),
    ('<a href="javascript:x">a</a>', '<a rel="noopener">a</a>'),
    ('<a href="JaVa\tScript:x">a</a>', '<a rel="noopener">a</a>'),
    ('<a href="\u2028javascript:x">a</a>', '<a rel="noopener">a</a>'),
    ('<a href="\u00a0javascript:x">a</a>', '<a rel="noopener">a</a>'),
    ('<a href="\u200bjavascript:x">a</a>', '<a rel="noopener">a</a>'),
    ('<a href="&#x2029;javascript:x">a</a>', '<a rel="noopener">a</a>'),
    ('<a href="&#1;javascript:x">a</a>', '<a rel="noopener">a</a>'),
    ("<svg><use href='#x'/></svg><math><mi>x</mi></math>", ""),
    ("<iframe src='https://a.io'></iframe>", ""),
    ("<form><input name=a><button>b</button></form>", "b"),
    ('<code class="language-py evil">x</code>', "<code>x</code>"),
    ("<p>a<select><p>b", "<p>a</p><p>b</p><p></p>"),
]

# How Mastodon writes a mention and an address.
MASTODON = (
    '<p><span class="h-card"><a href="https://m.io/@ada">@<span>ada</span></a></span> see '
    '<a href="https://a.io/bc"><span class="invisible">https://</span>'
    '<span class="ellipsis">a.io/b</span><span class="invisible">c</span></a></p>'
)
READ = [
    ("<p>One</p><p>Two</p>", "One\n\nTwo"),
    ("<p>One<br>two<br />three</p>", "One\ntwo\nthree"),
    ("a<br><br><br><br>b", "a\n\nb"),
    ("  <p> a\n b </p>\n<p>c</p> ", "a b\n\nc"),
    ("<div>a</div><div>b</div>", "a\nb"),
    ("<ul><li>one</li><li>two</li></ul>after", "- one\n- two\n\nafter"),
    ("<pre>a\n  b</pre>c", "a\n  b\n\nc"),
    ("<p>a <b>bold</b> word</p>", "a bold word"),
    ("fish &amp; chips &lt;b&gt; &copy; &nope;", "fish & chips <b> \u00a9 &nope;"),
    ("a < b & c > d", "a < b & c > d"),
    ("a<script>b</script><style>c</style>", "a"),
    ("<img alt=':blob:' src=x> hi", ":blob: hi"),
    ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    ("a\0b&#1;c\x1fd\x85", "abcd"),
    ("\ud800", "?"),
    ("", ""),
    (MASTODON, "@ada see https://a.io/bc"),
]


@pytest.mark.parametrize(("markdown", "html"), RENDERED)
def test_markdown_becomes_exactly_this_html(markdown: str, html: str) -> None:
    assert to_html(markdown) == html


def test_a_table_keeps_its_cells() -> None:
    html = to_html("|a|b|\n|-|-:|\n|1|2|")
    assert re.findall(r"<(?:th|td)>(.)", html) == ["a", "b", "1", "2"]


@pytest.mark.parametrize(("html", "clean"), HARMFUL)
def test_what_could_harm_is_gone(html: str, clean: str) -> None:
    assert sanitise(html) == clean


@pytest.mark.parametrize(("html", "text"), READ)
def test_html_reads_as_text(html: str, text: str) -> None:
    assert to_text(html) == text


@settings(deadline=None)
@given(FRAGMENTS | st.text(st.characters(exclude_categories=())))
def test_cleaning_twice_changes_nothing(html: str) -> None:
    once = sanitise(html)
    assert sanitise(once) == once
    assert {scheme.lower() for scheme in SCHEME.findall(once)} <= {"http", "https", "mailto"}
    assert "<script" not in once.lower()


@settings(deadline=None)
@given(FRAGMENTS)
def test_cleaning_a_flattened_document_twice_changes_nothing(html: str) -> None:
    once = sanitise("<i>" * 1_001 + html)
    assert sanitise(once) == once
    assert "<" not in once


@settings(deadline=None)
@given(MARKDOWN | st.text())
def test_what_markdown_becomes_needs_no_more_cleaning(markdown: str) -> None:
    html = to_html(markdown)
    assert sanitise(html) == html


@settings(deadline=None)
@given(FRAGMENTS)
def test_a_text_read_from_html_holds_no_control_characters(html: str) -> None:
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", to_text(html))


def test_a_document_of_too_many_tags_keeps_only_its_text() -> None:
    assert sanitise("<b>x &amp; y</b> " * 600) == " ".join(["x &amp; y"] * 600)
    assert to_text("<b>x &lt; y</b> " * 600) == " ".join(["x < y"] * 600)
    assert sanitise("<b>x</b>" * 500) == "<b>x</b>" * 500


def test_an_excerpt_is_cut_between_words() -> None:
    text = "# Title\n\nSome **bold** text that goes on, and on."
    assert excerpt(text, length=100) == "Title Some bold text that goes on, and on."
    assert excerpt(text, length=42) == "Title Some bold text that goes on, and on."
    assert excerpt(text, length=30) == "Title Some bold text that\u2026"
    assert excerpt(text, length=26) == "Title Some bold text that\u2026"
    assert excerpt(text, length=25) == "Title Some bold text\u2026"


def test_an_excerpt_of_one_long_word_is_cut_inside_it() -> None:
    assert excerpt("a" * 50, length=10) == "a" * 9 + "\u2026"


def test_an_excerpt_never_cuts_a_character_in_two() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert excerpt(family * 3, length=8) == family + "\u2026"
    assert excerpt(family * 3, length=5) == "\u2026"


@settings(deadline=None)
@given(MARKDOWN, st.integers(min_value=0, max_value=40))
def test_an_excerpt_is_never_too_long_and_always_one_line(markdown: str, length: int) -> None:
    text = excerpt(markdown, length=length)
    assert len(text) <= length
    assert text.split("\n") == [text]


HOSTILE = {
    "elements": "<div>" * 200_000,
    "quotations": "<blockquote>" * 83_000,
    "open tags": "<a " * 330_000,
    "angle brackets": "<" * 1_000_000,
    "ampersands": "&" * 1_000_000,
    "references": "&amp;" * 200_000,
    "unknown references": "&a;" * 330_000,
    "comments": "<!--" * 250_000,
    "reopened formatting": "<p>" + "".join(f"<b a={n}>" for n in range(490)) + "</p><p>x" * 250,
    "words": "hello world " * 83_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_of_html_takes_less_than_a_second(name: str) -> None:
    for work in (sanitise, to_text):
        began = time.process_time()
        work(HOSTILE[name])
        assert time.process_time() - began < 3, work.__name__


@pytest.mark.parametrize("name", ["elements", "ampersands", "words"])
def test_a_megabyte_of_markdown_takes_seconds_not_minutes(name: str) -> None:
    began = time.process_time()
    to_html(HOSTILE[name])
    assert time.process_time() - began < 8
