"""Contents with their revisions, editions and pictures."""

from typing import Any

from hub.content.models import Asset, AssetState, Rendition
from hub.kernel.caller import Permission
from hub.kernel.ids import new_id
from hub.review.models import Approval, Review, ReviewState
from schema.base.node import to_global_id
from tests.schema.conftest import Client
from tests.schema.library import Library, a_variant

ACTIONS = "{ contentItems { nodes { availableActions } } }"


async def test_a_content_with_all_its_words_and_pictures_takes_one_statement(
    client: Client, library: Library
) -> None:
    item = await library.an_item(
        title="Spring", campaign=library.campaign, external_reference="cms-7"
    )
    revision = await library.revision_of(item)
    await a_variant(
        library, revision, parts=[{"text": "Short", "media": [str(library.asset)]}], tags=["x"]
    )
    edition, digest = await library.an_edition(revision, library.channels[0], text="Spring!")
    await library.rows.add(Approval, edition_id=edition, hash=digest, policy="test")

    answer = await client.ask(
        """{ contentItemByReference(externalReference: "cms-7") {
          title version externalReference
          currentRevision {
            number tags author { name } parts { text media { filename alt { locale text } } }
            variants { title parts { text media { sha256 } } tags }
            editions { approved hash fields channel { name } parts {
              text length media { alt sha256 mime width asset { filename } } } }
          }
        } }"""
    )

    assert answer.errors == []
    assert answer.statements == 1
    found = answer.data["contentItemByReference"]
    revised = found.pop("currentRevision")
    assert found == {"title": "Spring", "version": 1, "externalReference": "cms-7"}
    assert revised == {
        "number": 1,
        "tags": ["news"],
        "author": {"name": "Ada of Acme"},
        "parts": [
            {
                "text": "Spring, first",
                "media": [
                    {
                        "filename": "cat.png",
                        "alt": [
                            {"locale": "en", "text": "A cat"},
                            {"locale": "fr", "text": "Un chat"},
                        ],
                    }
                ],
            },
            {"text": "Spring, second", "media": []},
        ],
        "variants": [
            {
                "title": None,
                "parts": [{"text": "Short", "media": [{"sha256": "ab" * 32}]}],
                "tags": ["x"],
            }
        ],
        "editions": [
            {
                "approved": True,
                "hash": digest,
                "fields": {"visibility": "public"},
                "channel": {"name": "Channel 1"},
                "parts": [
                    {
                        "text": "Spring!",
                        "length": 7,
                        "media": [
                            {
                                "alt": "A cat",
                                "sha256": "ab" * 32,
                                "mime": "image/png",
                                "width": 4,
                                "asset": {"filename": "cat.png"},
                            }
                        ],
                    }
                ],
            }
        ],
    }


async def test_a_reference_nobody_gave_is_null(client: Client, other: Library) -> None:
    await other.an_item(title="Theirs", external_reference="cms-7")

    found = await client.data('{ contentItemByReference(externalReference: "cms-7") { id } }')

    assert found == {"contentItemByReference": None}


async def test_a_revoked_approval_or_one_of_another_hash_approves_nothing(
    client: Client, library: Library
) -> None:
    revision = await library.revision_of(await library.an_item(title="One"))
    edition, digest = await library.an_edition(revision, library.channels[0], text="One")
    await library.rows.add(Approval, edition_id=edition, hash="other", policy="test")
    await library.rows.add(
        Approval,
        edition_id=edition,
        hash=digest,
        policy="test",
        revoked_at=(await client.hub.now()),
    )

    found = await client.data(
        "{ contentItems { nodes { currentRevision { editions { approved } } } } }"
    )

    (node,) = found["contentItems"]["nodes"]
    assert node["currentRevision"]["editions"] == [{"approved": False}]


async def test_what_is_offered_follows_review_and_approval(
    client: Client, library: Library
) -> None:
    async def offered() -> Any:
        return (await client.data(ACTIONS))["contentItems"]["nodes"][0]["availableActions"]

    item = await library.an_item(title="One")
    revision = await library.revision_of(item)
    edit = ["CONTENT_ITEM_UPDATE", "CONTENT_ITEM_ARCHIVE"]
    assert await offered() == [*edit, "REVIEW_SUBMIT"]

    await library.rows.add(Review, item_id=item, revision_id=revision, state=ReviewState.IN_REVIEW)
    assert await offered() == edit

    edition, digest = await library.an_edition(revision, library.channels[0], text="One")
    await library.rows.add(Approval, edition_id=edition, hash=digest, policy="test")
    assert await offered() == [*edit, "PUBLICATION_SCHEDULE"]


async def test_problems_are_those_of_the_newest_edition_per_channel(
    client: Client, library: Library
) -> None:
    def too_long(limit: int) -> list[dict[str, Any]]:
        return [
            {
                "code": "TEXT_TOO_LONG",
                "message": "Too long",
                "severity": "ERROR",
                "field": "parts.0.text",
                "limit": limit,
                "actual": 600,
            }
        ]

    revision = await library.revision_of(await library.an_item(title="One"))
    first, second = library.channels
    await library.an_edition(revision, first, text="old", problems=too_long(500))
    await library.an_edition(revision, first, text="new", problems=[])
    await library.an_edition(revision, second, text="two", problems=too_long(300))

    found = await client.data(
        "{ contentItems { nodes { problems { code severity field limit actual } } } }"
    )

    assert found["contentItems"]["nodes"][0]["problems"] == [
        {
            "code": "TEXT_TOO_LONG",
            "severity": "ERROR",
            "field": "parts.0.text",
            "limit": 300,
            "actual": 600,
        }
    ]


async def test_pictures_have_signed_addresses_once_they_are_ready(
    client: Client, library: Library
) -> None:
    await library.rows.add(
        Asset, filename="new.png", state=AssetState.PROCESSING, alt={}, brand_id=None
    )
    await library.rows.add(
        Rendition,
        asset_id=library.asset,
        name="thumbnail",
        mime="image/webp",
        size=3,
        width=2,
        height=1,
        sha256="cd" * 32,
        storage_key="cd/thumb.webp",
    )

    found = await client.data(
        """{ assets(orderBy: [FILENAME_ASC]) {
          nodes { filename state url brand { name } renditions { name width url } } } }"""
    )

    cat, new = found["assets"]["nodes"]
    assert cat["url"].startswith("http://127.0.0.1:8000/assets/ab/cat.png?signature=")
    assert cat["renditions"][0].pop("url").startswith("http://127.0.0.1:8000/assets/cd/thumb.webp")
    assert cat["renditions"] == [{"name": "thumbnail", "width": 2}]
    assert new == {
        "filename": "new.png",
        "state": "PROCESSING",
        "url": None,
        "brand": None,
        "renditions": [],
    }


async def test_words_come_without_their_pictures_when_nobody_asks_for_them(
    client: Client, library: Library
) -> None:
    await library.an_item(title="One")

    found = await client.data("{ contentItems { nodes { currentRevision { parts { text } } } } }")

    assert found["contentItems"]["nodes"][0]["currentRevision"] == {
        "parts": [{"text": "One, first"}, {"text": "One, second"}]
    }


async def test_contents_are_filtered_by_what_they_belong_to(
    client: Client, library: Library
) -> None:
    await library.an_item(title="In", campaign=library.campaign)
    await library.an_item(title="Out", archived=True)

    found = await client.data(
        """query($campaign: ID!) {
          in: contentItems(filter: {campaignIn: [$campaign]}) { nodes { title } }
          old: contentItems(filter: {archived: true, titleContains: "OU"}) { nodes { title } }
          not: contentItems(filter: {not: {campaignIn: [$campaign]}}) { nodes { title } }
          never: contentItems(filter: {createdAt: {before: "2000-01-01T00:00:00Z"}}) {
            totalCount }
          since: contentItems(filter: {createdAt: {from: "2000-01-01T00:00:00Z"}}) {
            totalCount }
        }""",
        campaign=to_global_id("Campaign", library.campaign),
    )

    assert found == {
        "in": {"nodes": [{"title": "In"}]},
        "old": {"nodes": [{"title": "Out"}]},
        # A content without a campaign is not in this one.
        "not": {"nodes": [{"title": "Out"}]},
        "never": {"totalCount": 0},
        "since": {"totalCount": 2},
    }


async def test_a_filter_by_an_id_of_another_type_is_refused_where_it_stands(
    client: Client, library: Library
) -> None:
    answer = await client.ask(
        "query($id: ID!) { contentItems(filter: {or: [{brandIn: [$id]}]}) { totalCount } }",
        id=to_global_id("Campaign", library.campaign),
    )

    assert answer.codes == ["NOT_FOUND"]
    assert answer.path == ["filter", "or", "brandIn"]
    assert answer.statements == 0


async def test_a_filter_that_nests_too_deeply_or_has_too_many_conditions_is_refused(
    client: Client,
) -> None:
    deep: dict[str, Any] = {"archived": True}
    for _ in range(9):
        deep = {"not": deep}
    asked = "query($f: ContentItemFilter) { contentItems(filter: $f) { totalCount } }"

    nested = await client.ask(asked, f=deep)
    many = await client.ask(asked, f={"or": [{"archived": True}] * 60})

    assert nested.codes == many.codes == ["INVALID"]


async def test_an_items_versions_are_paged_and_know_their_item(
    client: Client, library: Library
) -> None:
    item = await library.an_item(title="One")
    newest = new_id()
    await library.a_revision(item, id=newest, title="Two", number=2)

    found = await client.data(
        """query($id: ID!) { node(id: $id) { ... on ContentItem {
          revisions(first: 1) { totalCount nodes { number contentItem { title } } } } } }""",
        id=to_global_id("ContentItem", item),
    )

    assert found["node"]["revisions"] == {
        "totalCount": 2,
        "nodes": [{"number": 2, "contentItem": {"title": "One"}}],
    }


async def test_without_the_permission_for_contents_no_picture_is_reached(
    client: Client, library: Library
) -> None:
    answer = await client.without(Permission.CONTENT_READ).ask("{ assets { nodes { url } } }")

    assert answer.codes == ["FORBIDDEN"]
