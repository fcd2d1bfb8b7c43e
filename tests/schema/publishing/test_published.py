"""What is out, as pages show it: the words that were sent, in the right language, and no more."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLNamedType,
    GraphQLObjectType,
    get_named_type,
    is_required_argument,
)

from hub.channels.platforms.base import EditionContent, EditionPart, MediaFacts
from hub.content.models import ContentItem, Edition, EditionOrigin, Revision
from hub.kernel.caller import ActorKind, Caller, Permission
from hub.kernel.ids import new_id
from hub.publishing.models import HoldReason, Publication, PublicationState
from hub.strategy.models import Brand
from schema.base.node import to_global_id
from schema.context import Context
from schema.schema import SHOWN, build_schema
from tests.schema.compiled.plans import Explainer, recorded
from tests.schema.conftest import Client
from tests.schema.library import NOON, Library, a_channel

PICTURE = MediaFacts(
    asset_id=str(new_id()),
    sha256="ab" * 32,
    mime="image/png",
    size=10,
    width=4,
    height=3,
    alt="Cat",
)
ALL = """
    id slug locale title summary html tags link brandName platform publishedAt updatedAt
    parts { text images { alt } } images { url alt mime width height }
    addresses { url platform handle channel publishedAt }
"""
BY_SLUG = """
query($slug: String!, $locale: String, $channel: ID, $filter: PublishedContentFilter) {
  publishedContent(slug: $slug, locale: $locale, channel: $channel, filter: $filter) { title }
}
"""
LISTED = """
query($channel: ID, $filter: PublishedContentFilter) {
  publishedContents(channel: $channel, filter: $filter) { totalCount nodes { title } }
}
"""


@pytest.fixture
def page(client: Client, library: Library) -> Client:
    """A web page with a delivery token in it."""
    return client.of(
        Caller(
            workspace_id=library.caller.workspace_id,
            kind=ActorKind.MEMBER,
            member_id=library.caller.member_id,
            token_id=new_id(),
            name="Ada of Acme",
            permissions=frozenset({Permission.DELIVERY_READ}),
        )
    )


async def out(
    library: Library,
    *,
    title: str,
    channel: UUID | None = None,
    item: UUID | None = None,
    locale: str = "en",
    slug: str = "hello",
    hours: float = 0,
    state: PublicationState = PublicationState.PUBLISHED,
    fields: dict[str, Any] | None = None,
    platform: str = "mastodon",
    tags: list[str] | None = None,
    text: str = "Words",
    parts: tuple[EditionPart, ...] | None = None,
    **more: Any,
) -> tuple[UUID, UUID]:
    """Write an item that is out on a channel; return the item and the publication."""
    rows = library.rows
    number = new_id().int % 1_000_000 + 2
    item_id, revision = item or new_id(), new_id()
    if item is None:
        await rows.add(
            ContentItem,
            id=item_id,
            brand_id=library.brand,
            title="INTERNAL title",
            locale=locale,
            current_revision_id=revision,
        )
    await rows.add(
        Revision,
        id=revision,
        item_id=item_id,
        number=number,
        title="INTERNAL revision",
        summary="INTERNAL summary",
        parts=[{"text": "INTERNAL text", "media": []}],
        link="",
        tags=["news"] if tags is None else tags,
        slug=slug,
        locale=locale,
        hash=f"hash {number}",
        author_id=None,
    )
    content = EditionContent(
        platform=platform,
        title=title,
        parts=parts or (EditionPart(text=text, length=len(text), media=(PICTURE,)),),
        fields=fields if fields is not None else {"visibility": "public"},
    )
    edition = await rows.add(
        Edition,
        revision_id=revision,
        channel_id=channel or library.channels[0],
        origin=EditionOrigin.CONTENT,
        body=content.to_bytes().decode(),
        hash=content.digest(),
        basis="",
        problems=[],
    )
    known: dict[str, Any] = {}
    when = NOON + timedelta(hours=hours)
    if state in {PublicationState.PUBLISHED, PublicationState.WITHDRAWN}:
        known = {
            "remote_id": f"r-{edition}",
            "url": f"https://social.example/{title}",
            "sent_hash": content.digest(),
            "published_at": when,
        }
    if state is PublicationState.HELD:
        known = {"hold_reason": HoldReason.PAUSED}
    if state is PublicationState.SCHEDULED:
        known = {"due_at": when}
    if state is PublicationState.PUBLISHING:
        known = {"lease_until": when}
    publication = await rows.add(
        Publication,
        **{
            "edition_id": edition,
            "channel_id": channel or library.channels[0],
            "item_id": item_id,
            "revision_id": revision,
            "origin": EditionOrigin.CONTENT,
            "state": state,
            "idempotency_key": new_id(),
            "checkpoint": {},
            "refs": [],
            "approved_hash": content.digest(),
            "updated_at": when,
            **known,
            **more,
        },
    )
    return item_id, publication


async def titles(page: Client, **given: Any) -> list[str]:
    found = await page.data(LISTED, **given)
    listed = found["publishedContents"]
    assert listed["totalCount"] == len(listed["nodes"])
    return [node["title"] for node in listed["nodes"]]


async def by_slug(page: Client, slug: str = "hello", **given: Any) -> str | None:
    found = (await page.data(BY_SLUG, slug=slug, **given))["publishedContent"]
    return None if found is None else str(found["title"])


# What is shown


async def test_what_is_out_is_shown_as_it_was_sent_in_one_statement(
    page: Client, library: Library
) -> None:
    feed = await a_channel(library.rows, library.brand, name="INTERNAL", platform_key="feed")
    fields = {
        "html": "<p><strong>Words</strong></p>",
        "summary": "Short",
        "link": "https://a.example",
        "tags": ["sent"],
        "language": "en",
    }
    item, _ = await out(library, title="Feed", channel=feed, platform="feed", fields=fields)
    await out(
        library, title="Post", item=item, channel=library.channels[1], hours=1, text="a <b>\n\nc\nd"
    )

    answer = await page.ask(f'{{publishedContent(slug: "hello") {{ {ALL} }} }}')

    assert (answer.errors, answer.statements) == ([], 1)
    shown = answer.data["publishedContent"]
    (image,) = shown.pop("images")
    url = image.pop("url")
    workspace = library.rows.workspace_id
    assert re.fullmatch(
        rf"http://127\.0\.0\.1:8000/assets/{workspace}/{'ab' * 32}\?signature=[0-9a-f]{{64}}", url
    )
    assert image == {"alt": "Cat", "mime": "image/png", "width": 4, "height": 3}
    addresses = shown.pop("addresses")
    assert shown == {
        "id": to_global_id("PublishedContent", item),
        "slug": "hello",
        "locale": "en",
        "title": "Feed",
        "summary": "Short",
        "html": "<p><strong>Words</strong></p>",
        "tags": ["sent"],
        "link": "https://a.example",
        "brandName": "Acme Brand",
        "platform": "feed",
        "publishedAt": "2026-03-01T12:00:00.123456+00:00",
        "updatedAt": "2026-03-01T12:00:00.123456+00:00",
        "parts": [{"text": "Words", "images": [{"alt": "Cat"}]}],
    }
    assert sorted(address["url"] for address in addresses) == [
        "https://social.example/Feed",
        "https://social.example/Post",
    ]
    assert "INTERNAL" not in repr(answer.data)

    channel = to_global_id("Channel", library.channels[1])
    answer = await page.ask(
        f"query($c: ID) {{publishedContents(channel: $c) {{ nodes {{ {ALL} }} }} }}", c=channel
    )
    (post,) = answer.data["publishedContents"]["nodes"]
    assert answer.statements == 1
    # A post has no page of its own: its plain words, escaped.
    assert post["html"] == "<p>a &lt;b&gt;</p><p>c<br>d</p>"
    assert (post["title"], post["tags"], post["summary"]) == ("Post", ["news"], "")


async def test_of_all_states_only_what_is_out_is_shown(page: Client, library: Library) -> None:
    for state in PublicationState:
        await out(library, title=state.value, state=state, slug=state.value.lower())

    assert await titles(page) == ["PUBLISHED"]
    for state in PublicationState:
        found = await by_slug(page, state.value.lower())
        assert found == ("PUBLISHED" if state.value == "PUBLISHED" else None)


async def test_answers_to_people_are_no_content(page: Client, library: Library) -> None:
    await out(library, title="Answer", origin=EditionOrigin.REPLY)

    assert await titles(page) == []


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_what_not_everybody_may_see_there_nobody_sees_here(
    page: Client, library: Library, visibility: str
) -> None:
    item, _ = await out(library, title="Secret", fields={"visibility": visibility}, hours=5)
    assert await titles(page) == []

    await out(library, title="Open", item=item, channel=library.channels[1])

    shown = await page.data("{publishedContents{nodes{title addresses{url}}}}")
    assert shown["publishedContents"]["nodes"] == [
        {"title": "Open", "addresses": [{"url": "https://social.example/Open"}]}
    ]


async def test_an_item_is_shown_once_in_its_fullest_and_latest_words(
    page: Client, library: Library
) -> None:
    feed = await a_channel(library.rows, library.brand, name="F", platform_key="feed")
    item, _ = await out(library, title="Feed 1", channel=feed, platform="feed")
    await out(library, title="Feed 2", item=item, channel=feed, platform="feed", hours=1)
    await out(library, title="Post 1", item=item, hours=2)
    await out(library, title="Post 2", item=item, hours=3)
    only_posts, _ = await out(library, title="Alone", slug="alone", hours=1)

    assert only_posts != item
    assert sorted(await titles(page)) == ["Alone", "Feed 2"]
    assert await by_slug(page) == "Feed 2"
    there = to_global_id("Channel", library.channels[0])
    assert await titles(page, channel=there) == ["Post 2", "Alone"]
    assert await by_slug(page, channel=there) == "Post 2"
    nowhere = to_global_id("Channel", library.channels[1])
    assert await titles(page, channel=nowhere) == []


async def test_what_was_taken_down_gives_way_to_what_is_still_out(
    page: Client, library: Library
) -> None:
    item, _ = await out(library, title="Still out")
    await out(library, title="Gone", item=item, hours=1, state=PublicationState.WITHDRAWN)

    assert await titles(page) == ["Still out"]


# Languages


LOCALES = ["en", "fr", "fr-CA", "de-AT", "de-CH"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("fr", "fr"),
        ("fr-CA", "fr-CA"),
        ("fr-BE", "fr"),  # its language
        ("de", "de-CH"),  # a region of it: the newest
        ("de-DE", "de-CH"),
        ("es", "en"),  # the main language of the brand
        (None, "en"),
    ],
)
async def test_a_language_falls_back_to_a_nearer_one(
    page: Client, library: Library, wanted: str | None, found: str
) -> None:
    for hours, locale in enumerate(LOCALES):
        await out(library, title=locale, locale=locale, hours=hours)

    assert await by_slug(page, locale=wanted) == found


async def test_without_the_main_language_the_newest_is_shown(
    page: Client, library: Library
) -> None:
    for hours, locale in enumerate(["fr", "es", "de"]):
        await out(library, title=locale, locale=locale, hours=hours)

    assert [await by_slug(page, locale=wanted) for wanted in ("it", None, "fr-CA")] == [
        "de",
        "de",
        "fr",
    ]


@pytest.mark.parametrize("locale", ["%", "fr_FR", "x" * 500, "' OR 1=1"])
async def test_what_is_no_language_is_refused(page: Client, locale: str) -> None:
    answer = await page.ask(BY_SLUG, slug="hello", locale=locale)

    assert (answer.codes, answer.path) == (["INVALID"], ["locale"])


# Finding


@pytest.mark.parametrize("slug", ["%", "hell_", "HELLO", "", "h" * 5000, "hello'", "hello\\"])
async def test_a_slug_is_found_by_its_exact_letters(
    page: Client, library: Library, slug: str
) -> None:
    await out(library, title="Hello")

    assert await by_slug(page, slug) is None
    assert await by_slug(page, "hello") == "Hello"


async def test_a_slug_no_database_can_hold_is_refused(page: Client) -> None:
    assert (await page.ask(BY_SLUG, slug="a\x00b")).codes == ["INVALID"]


async def test_lists_are_narrowed_by_brand_language_tag_and_time(
    page: Client, library: Library
) -> None:
    rows = library.rows
    brand = await rows.add(Brand, slug="b2", name="Second", description="", locales=["fr"])
    channel = await a_channel(rows, brand, name="C")
    await out(library, title="One", tags=["a", "b%"], hours=0)
    await out(library, title="Two", tags=["b"], locale="fr-CA", hours=1, channel=channel)
    await out(library, title="Three", tags=["x"], fields={"tags": ["a"]}, locale="fr", hours=2)

    for given, expected in (
        ({}, ["Three", "Two", "One"]),
        ({"tag": "a"}, ["Three", "One"]),
        # What was sent counts, where the place has tags of its own.
        ({"tag": "x"}, []),
        ({"tag": "b%"}, ["One"]),
        ({"tag": "%"}, []),
        ({"localeIn": ["fr"]}, ["Three"]),
        ({"languageIn": ["fr"]}, ["Three", "Two"]),
        ({"brandIn": [to_global_id("Brand", brand)]}, ["Two"]),
        ({"publishedAt": {"from": (NOON + timedelta(hours=1)).isoformat()}}, ["Three", "Two"]),
        ({"publishedAt": {"before": (NOON + timedelta(hours=1)).isoformat()}}, ["One"]),
        ({"tag": "a", "languageIn": ["fr"]}, ["Three"]),
    ):
        assert await titles(page, filter=given) == expected, given
    assert await by_slug(page, filter={"tag": "b"}) == "Two"


async def test_pages_follow_each_other_without_a_gap(page: Client, library: Library) -> None:
    for number in range(7):
        await out(library, title=str(number), slug=str(number), hours=number // 2)
    query = (
        "query($a: String) {publishedContents(first: 2, after: $a)"
        "{nodes{title} pageInfo{hasNextPage endCursor}}}"
    )
    seen, cursor = [], None
    while True:
        listed = (await page.data(query, a=cursor))["publishedContents"]
        seen += [node["title"] for node in listed["nodes"]]
        cursor = listed["pageInfo"]["endCursor"]
        if not listed["pageInfo"]["hasNextPage"]:
            break

    assert seen == ["6", "5", "4", "3", "2", "1", "0"]


async def test_another_workspaces_texts_are_never_shown(
    page: Client, client: Client, library: Library, other: Library
) -> None:
    await out(other, title="Theirs")

    assert await titles(page) == []
    assert await by_slug(page) is None
    theirs = to_global_id("Channel", other.channels[0])
    assert await titles(page, channel=theirs) == []
    assert await titles(page, filter={"brandIn": [to_global_id("Brand", other.brand)]}) == []


async def test_whoever_may_read_nothing_of_it_is_refused(client: Client, library: Library) -> None:
    nobody = client.without(Permission.DELIVERY_READ)

    for query in ("{publishedContents{totalCount}}", '{publishedContent(slug: "x"){id}}'):
        assert (await nobody.ask(query)).codes == ["FORBIDDEN"]


async def test_lists_and_slugs_are_found_by_their_indexes(page: Client, library: Library) -> None:
    for number in range(3):
        await out(library, title=str(number), slug=str(number), hours=number)
    plans = {}
    for name, query in (
        ("list", "{publishedContents(first: 1){nodes{title}}}"),
        ("slug", '{publishedContent(slug: "1"){title}}'),
    ):
        plans[name] = await _plan(page, library, query)

    assert "ix_publications_out" in plans["list"]
    # Which of the two is quicker with three rows depends on what PostgreSQL last counted.
    ways = ("ix_revisions_slug", "Index Scan revisions pk_revisions")
    assert any(way in plans["slug"] for way in ways)
    assert "Seq Scan" not in plans["slug"]


async def _plan(page: Client, library: Library, query: str) -> str:
    """Return how PostgreSQL reads it, when small tables do not tempt it to read them whole."""
    with recorded() as ran:
        await page.data(query)
    explainer = await Explainer.open(page.hub.settings.database_url, page.caller.workspace_id)
    try:
        asked = next(one for one in ran if "FROM publications" in one.sql)
        return str(await explainer.plan(asked, avoid=["seqscan", "sort"]))
    finally:
        await explainer.close()


# What a page's token does not get


def _minimal(kind: Any) -> str:
    """Return the shortest selection of a type."""
    named = get_named_type(kind)
    if not isinstance(named, GraphQLObjectType):
        return "{__typename}" if hasattr(named, "types") or hasattr(named, "fields") else ""
    return "{__typename}"


def _value(kind: Any) -> str:
    """Return some value of an input's type."""
    text = str(kind)
    if not text.endswith("!"):
        return "null"
    if text.startswith("["):
        return "[]"
    named = get_named_type(kind)
    if isinstance(named, GraphQLInputObjectType):
        inner = ", ".join(
            f"{name}: {_value(found.type)}"
            for name, found in named.fields.items()
            if is_required_argument(found)
        )
        return f"{{{inner}}}"
    values = getattr(named, "values", None)
    if values:
        return str(next(iter(values)))
    return {
        "Int": "1",
        "Float": "1",
        "Boolean": "true",
        "JSON": "{}",
        "Date": '"2026-01-01"',
        "DateTime": '"2026-01-01T00:00:00Z"',
    }.get(named.name, '"x"')


def _roots() -> list[tuple[str, str]]:
    contract = build_schema()._schema
    found = []
    for operation, root in (
        ("query", contract.query_type),
        ("mutation", contract.mutation_type),
        ("subscription", contract.subscription_type),
    ):
        assert root is not None
        for name, field in root.fields.items():
            given = ", ".join(
                f"{argument}: {_value(known.type)}"
                for argument, known in field.args.items()
                if is_required_argument(known)
            )
            arguments = f"({given})" if given else ""
            found.append((name, f"{operation} {{{name}{arguments}{_minimal(field.type)}}}"))
    return found


ROOTS = _roots()


async def test_a_pages_token_is_refused_every_other_field_of_the_root(
    page: Client, client: Client, library: Library
) -> None:
    assert len(ROOTS) > 50
    assert {name for name, _ in ROOTS} > SHOWN
    for name, document in ROOTS:
        if document.startswith("subscription"):
            answers = await _followed(page, document)
        else:
            answer = await page.ask(document)
            answers = answer.codes
        expected = [] if name in SHOWN else ["FORBIDDEN"]
        assert answers == expected, document


async def _followed(page: Client, document: str) -> list[str]:
    context = Context(hub=page.hub, reader=page.reader, known=page.caller)
    answers: Any = await page.schema.subscribe(document, context_value=context)
    result = await anext(answers)
    await answers.aclose()
    return [str((error.extensions or {})["code"]) for error in result.errors]


def test_nothing_else_can_be_reached_from_what_is_published() -> None:
    contract = build_schema()._schema
    assert contract.query_type is not None
    reached: set[str] = set()
    waiting: list[GraphQLNamedType] = [
        get_named_type(contract.query_type.fields[name].type) for name in SHOWN
    ]
    while waiting:
        kind = waiting.pop()
        if kind.name in reached:
            continue
        reached.add(kind.name)
        if isinstance(kind, GraphQLObjectType):
            waiting.extend(get_named_type(field.type) for field in kind.fields.values())

    assert reached - {"ID", "Int", "String", "Boolean", "DateTime"} == {
        "PageInfo",
        "PublishedAddress",
        "PublishedContent",
        "PublishedContentConnection",
        "PublishedContentEdge",
        "PublishedImage",
        "PublishedPart",
    }
