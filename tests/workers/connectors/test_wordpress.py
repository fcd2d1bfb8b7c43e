"""What is peculiar about WordPress: drafts, slugs, comments, roles, and pages instead of JSON."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from hub.channels.platforms.base import Capability
from tests.workers.connectors.blogs import API, as_role, change, ledger
from tests.workers.connectors.conftest import PlaceMaker, known
from tests.workers.connectors.places import (
    PICTURE_HASH,
    Place,
    Shelf,
    a_picture,
    a_sending,
    commit_step,
    publish,
    ready,
)
from workers.connectors.errors import (
    Gone,
    NeedsAuth,
    OutcomeUnknown,
    Rejected,
    Transient,
    Unsupported,
)
from workers.connectors.http import Answer
from workers.connectors.port import Found, NotFound, Ref, Sending
from workers.connectors.wordpress_failures import failure
from workers.connectors.wordpress_wire import target_of


@pytest.fixture
async def blog(place_at: PlaceMaker) -> Place:
    """A blog and its editor."""
    return await place_at("wordpress")


def filed(sending: Sending, **fields: Any) -> Sending:
    edition = replace(sending.edition, fields={**sending.edition.fields, **fields})
    return replace(sending, edition=edition)


async def test_a_post_has_its_pictures_terms_excerpt_and_address(blog: Place) -> None:
    sending = filed(
        a_sending(blog, "Words", media=(a_picture("First"), a_picture("Second"))),
        categories=["News", "Q&A"],
        tags=["harbour"],
        excerpt="In short",
        comment_status="closed",
    )

    story = await publish(blog, sending)

    assert story.steps == [
        *("upload:0", "upload:1", "describe:0", "describe:1"),
        *("term:0", "term:1", "term:2", "draft", "commit:0"),
    ]
    (stored,) = await blog.stored()
    assert stored["id"] == story.refs[0].remote_id
    assert stored["title"] == "Harbour news"
    assert stored["excerpt"] == "In short"
    assert stored["alt"] == "First"
    assert stored["featured"].startswith(f"hub-{PICTURE_HASH[:24]}-")
    assert stored["categories"] == ["News", "Q&amp;A"]
    assert stored["tags"] == ["harbour"]
    assert stored["comment_status"] == "closed"
    assert stored["slug"].startswith("harbour-news-")
    url = story.sending.checkpoint["media"][f"1:{PICTURE_HASH}"]["url"]
    assert stored["text"] == (
        f'<p>Words</p>\n\n<figure class="wp-block-image"><img src="{url}" alt="Second" '
        'width="3" height="2" /></figure>'
    )
    assert (await ledger(blog))["drafts"] == []


async def test_a_picture_is_kept_once_for_each_user(blog: Place) -> None:
    author = await as_role(blog, "author")
    alt = "Everybody's harbour"

    for place in (blog, blog, author, author):
        await publish(place, a_sending(place, media=(a_picture(alt),)))

    for place in (blog, author):
        assert [one["alt"] for one in (await ledger(place))["media"]] == [alt]
        assert {one["alt"] for one in await place.stored()} == {alt}


async def test_nothing_is_public_before_the_commit(blog: Place) -> None:
    prepared = await ready(blog, a_sending(blog, media=(a_picture(),)))

    assert await blog.stored() == []
    assert [one["id"] for one in (await ledger(blog))["drafts"]] == [
        f"posts/{prepared.checkpoint['draft']}"
    ]
    found = await blog.connector.find_existing(
        prepared, commit_step(blog, prepared), datetime.now(UTC)
    )
    assert found == NotFound(strong=True)


@pytest.mark.parametrize(
    ("lost", "path"),
    [
        ("upload:0", f"{API}/media"),
        ("describe:0", f"{API}/media/*"),
        ("term:0", f"{API}/categories"),
        ("draft", f"{API}/posts"),
        ("commit:0", f"{API}/posts/*"),
    ],
)
@pytest.mark.parametrize("effect", ["drop_after", "html", "status_after", "drop_before"])
async def test_whatever_answer_is_lost_there_is_one_post_and_one_picture(
    blog: Place, lost: str, path: str, effect: str
) -> None:
    sending = filed(
        a_sending(blog, media=(a_picture(f"Alt {lost} {effect}"),)),
        categories=[f"New {lost} {effect}"],
    )
    await blog.fault(effect, path=path, status=502)

    with pytest.raises((OutcomeUnknown, Transient)):
        await publish(blog, sending)
    story = await publish(blog, sending)

    assert story.steps[-2:] == ["draft", "commit:0"]
    (stored,) = await blog.stored()
    kept = await ledger(blog)
    assert stored["id"] == story.refs[0].remote_id
    assert not stored["slug"].endswith("-2")
    assert kept["drafts"] == []
    assert len(kept["media"]) == 1
    assert stored["categories"] == [f"New {lost} {effect}"]


async def test_two_drafts_made_at_once_become_one(blog: Place) -> None:
    sending = a_sending(blog)
    step = blog.connector.plan(sending)
    assert step is not None

    # Both look before either has made one: the second is given the address with -2.
    both = await asyncio.gather(*(blog.connector.perform(sending, step, Shelf()) for _ in range(2)))

    (draft,) = (await ledger(blog))["drafts"]
    assert not draft["slug"].endswith("-2")
    assert [f"posts/{done.checkpoint['draft']}" for done in both] == [draft["id"]] * 2


async def test_a_commit_publishes_what_was_approved_whatever_became_of_the_draft(
    blog: Place,
) -> None:
    prepared = await ready(blog, a_sending(blog, "As approved"))
    draft = f"posts/{prepared.checkpoint['draft']}"
    await change(blog, draft, title="Somebody else's", content="<p>Other words</p>")

    await publish(blog, prepared)

    (stored,) = await blog.stored()
    assert (stored["title"], stored["text"]) == ("Harbour news", "<p>As approved</p>")


async def test_a_draft_somebody_destroyed_is_told_apart(blog: Place) -> None:
    prepared = await ready(blog, a_sending(blog))
    route = f"/wp/v2/posts/{prepared.checkpoint['draft']}"
    secrets = blog.account.secrets
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        destroyed = await client.delete(
            f"{blog.base}/",
            params={"rest_route": route, "force": "true"},
            auth=(secrets["username"], secrets["application_password"]),
        )
    assert destroyed.json()["deleted"] is True

    step = commit_step(blog, prepared)
    with pytest.raises(Gone):
        await blog.connector.perform(prepared, step, Shelf())
    found = await blog.connector.find_existing(prepared, step, datetime.now(UTC))

    assert found == NotFound(strong=True)


async def test_publishing_again_changes_neither_date_nor_address(blog: Place) -> None:
    prepared = await ready(blog, a_sending(blog))
    first = await publish(blog, prepared)
    await blog.adjust(offset_seconds=3600)
    second = await publish(blog, prepared)

    assert second.refs == first.refs
    assert [ref.url for ref in first.refs] == [f"{blog.base}/{(await blog.stored())[0]['slug']}/"]


async def test_an_edit_leaves_the_address_and_does_not_bring_back_what_was_hidden(
    blog: Place,
) -> None:
    story = await publish(blog, a_sending(blog, "First"))
    await change(blog, story.refs[0].remote_id, status="private")

    amended = await publish(blog, replace(a_sending(blog, "Second"), amends=tuple(story.refs)))

    (stored,) = await blog.stored()
    assert stored["status"] == "private"
    assert stored["slug"] == story.refs[0].extra["slug"]
    seen = await blog.connector.read_back(amended.sending, 0)
    assert (seen.found, seen.changed, seen.hidden) == (True, False, True)


async def test_a_lost_answer_to_an_edit_is_settled_by_looking(blog: Place) -> None:
    story = await publish(blog, a_sending(blog, "First"))
    sending = replace(a_sending(blog, "Second"), amends=tuple(story.refs))
    step = commit_step(blog, sending)

    before = await blog.connector.find_existing(sending, step, datetime.now(UTC))
    await blog.fault("drop_after")
    with pytest.raises(OutcomeUnknown):
        await blog.connector.perform(sending, step, Shelf())
    after = await blog.connector.find_existing(sending, step, datetime.now(UTC))

    assert before == NotFound(strong=True)
    assert after == Found(ref=story.refs[0])


async def test_an_edit_of_what_is_in_the_bin_is_gone(blog: Place) -> None:
    story = await publish(blog, a_sending(blog, "First"))
    await blog.connector.delete(blog.account, story.refs[0])

    with pytest.raises(Gone):
        await publish(blog, replace(a_sending(blog, "Second"), amends=tuple(story.refs)))


async def test_the_bin_renames_a_post_and_it_is_gone_all_the_same(blog: Place) -> None:
    story = await publish(blog, a_sending(blog))

    await blog.connector.delete(blog.account, story.refs[0])

    (post,) = (await ledger(blog))["statuses"]
    assert post["slug"].endswith("__trashed")
    assert (await blog.connector.read_back(story.sending, 0)).found is False


async def test_an_author_may_publish_and_the_filter_of_the_site_is_no_change(blog: Place) -> None:
    author = await as_role(blog, "author")
    sending = a_sending(author, "Bold **words** & a [link](https://a.example/?a=1&b=2)")
    sending = filed(sending, content=sending.edition.fields["content"] + "<script></script>")

    story = await publish(author, sending)

    (stored,) = await author.stored()
    assert "<script" not in stored["text"]
    seen = await author.connector.read_back(story.sending, 0)
    assert (seen.found, seen.changed) == (True, False)
    await change(author, story.refs[0].remote_id, content="<p>Bold words & a link</p>")
    assert (await author.connector.read_back(story.sending, 0)).changed is True


async def test_an_author_may_use_categories_and_not_make_them(blog: Place) -> None:
    author = await as_role(blog, "author")
    await publish(blog, filed(a_sending(blog), categories=["Existing & known"]))

    await publish(author, filed(a_sending(author), categories=["existing & KNOWN"], tags=["own"]))
    with pytest.raises(Rejected) as refused:
        await publish(author, filed(a_sending(author), categories=["Unheard of"]))

    assert refused.value.code == "TERM_MISSING"
    assert [one["categories"] for one in await author.stored()] == [["Existing &amp; known"]]


@pytest.mark.parametrize("role", ["contributor", "subscriber"])
async def test_who_may_not_publish_is_not_connected(blog: Place, role: str) -> None:
    with pytest.raises(NeedsAuth) as refused:
        await as_role(blog, role)

    assert refused.value.code == "SCOPE"


async def test_rights_decide_what_a_channel_can_do(blog: Place) -> None:
    identity = await blog.connector.check(blog.account)

    assert Capability.HIDE in identity.capabilities
    assert Capability.THREAD not in identity.capabilities
    assert identity.handle == blog.account.secrets["username"]


async def test_a_password_works_without_its_spaces_and_a_wrong_one_is_not_repeated(
    blog: Place,
) -> None:
    secrets = dict(blog.account.secrets)
    bare = {**secrets, "application_password": secrets["application_password"].replace(" ", "")}
    wrong = {**secrets, "application_password": "wrong wrong wrong"}

    await known(replace(blog, account=replace(blog.account, secrets=bare)))
    with pytest.raises(NeedsAuth) as refused:
        await blog.connector.check(replace(blog.account, secrets=wrong))

    assert "wrong" not in str(refused.value)


async def test_a_password_that_was_withdrawn_needs_auth_at_every_step(blog: Place) -> None:
    sending = filed(a_sending(blog, media=(a_picture("Withdrawn"),)), categories=["Withdrawn"])
    gone = {**blog.account.secrets, "application_password": "withdrawn"}
    steps = []

    while (step := blog.connector.plan(sending)) is not None:
        steps.append(step.key)
        stranger = replace(sending, account=replace(sending.account, secrets=gone))
        with pytest.raises(NeedsAuth):
            await blog.connector.perform(stranger, step, Shelf())
        done = await blog.connector.perform(sending, step, Shelf())
        sending = replace(sending, checkpoint=done.checkpoint)
    with pytest.raises(NeedsAuth):
        await blog.connector.read_back(
            replace(sending, account=replace(sending.account, secrets=gone)), 0
        )

    assert steps == ["upload:0", "describe:0", "term:0", "draft", "commit:0"]


async def test_maintenance_is_a_page_and_no_answer(blog: Place) -> None:
    prepared = await ready(blog, a_sending(blog))
    await blog.adjust(maintenance=True)

    with pytest.raises(Transient) as unwell:
        await blog.connector.perform(prepared, commit_step(blog, prepared), Shelf())
    with pytest.raises(Transient):
        await blog.connector.check(blog.account)

    assert (unwell.value.status, unwell.value.retry_after) == (503, timedelta(minutes=10))


async def test_a_page_with_200_is_believed_nowhere(blog: Place) -> None:
    story = await publish(blog, a_sending(blog))
    ref = story.refs[0]
    await blog.fault("html", method="*", path=f"{API}/*", count=0)

    with pytest.raises(OutcomeUnknown):
        await blog.connector.check(blog.account)
    with pytest.raises(OutcomeUnknown):
        await blog.connector.delete(blog.account, ref)
    with pytest.raises(OutcomeUnknown):
        await blog.connector.read_back(story.sending, 0)
    with pytest.raises(OutcomeUnknown):
        await blog.connector.hide(blog.account, ref, root=ref, hidden=True)
    with pytest.raises(OutcomeUnknown):
        await blog.connector.fetch_metrics(blog.account, [ref])


async def test_an_address_that_is_no_wordpress_is_told_apart(
    blog: Place, servers: dict[str, str]
) -> None:
    elsewhere = replace(blog.account, settings={"base_url": servers["mastodon"]})

    with pytest.raises((Unsupported, OutcomeUnknown)):
        await blog.connector.check(elsewhere)


async def test_what_the_site_calls_its_picture_cannot_break_out_of_the_text(blog: Place) -> None:
    sending = await ready(blog, a_sending(blog, media=(a_picture("A"), a_picture("B"))))
    media = dict(sending.checkpoint["media"])
    place = f"1:{PICTURE_HASH}"
    media[place] = {**media[place], "url": 'https://a.example/x"><script>.png'}
    sending = replace(sending, checkpoint={**sending.checkpoint, "media": media})

    await publish(blog, sending)

    (stored,) = await blog.stored()
    assert "<script" not in stored["text"]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, {"code": "rest_cannot_edit", "message": "No"}, NeedsAuth),
        (403, {"error": "blocked"}, Rejected),
        (400, {"code": "rest_invalid_param", "message": "Invalid"}, Rejected),
        (
            500,
            {"code": "internal_server_error", "message": "<p>Critical <b>error</b></p>"},
            Transient,
        ),
    ],
)
async def test_the_code_in_the_body_comes_before_the_status(
    blog: Place, status: int, body: dict[str, str], kind: type[Exception]
) -> None:
    answer = Answer(
        status=status, headers=httpx.Headers(), body=orjson.dumps(body), host="blog.example"
    )

    assert type(failure(answer)) is kind
    assert "<" not in str(failure(answer))


async def test_a_page_with_404_says_nothing_about_a_post(blog: Place) -> None:
    story = await publish(blog, a_sending(blog))
    await blog.fault("status_after", method="*", path=f"{API}/*", count=0, status=404)

    with pytest.raises(Transient):
        await blog.connector.read_back(story.sending, 0)
    with pytest.raises(Transient):
        await blog.connector.delete(blog.account, story.refs[0])


@pytest.mark.parametrize("typed", ["pages/3", "users/1", "settings", "posts/3/revisions/2", "3"])
async def test_an_id_somebody_typed_leads_nowhere_but_to_posts_and_comments(
    blog: Place, typed: str
) -> None:
    ref = Ref(remote_id=typed)
    sending = replace(a_sending(blog), amends=(ref,), checkpoint={"parts": [ref.to_json()]})

    with pytest.raises(Rejected):
        await blog.connector.delete(blog.account, ref)
    with pytest.raises(Rejected):
        await blog.connector.read_back(sending, 0)
    with pytest.raises(Rejected):
        await blog.connector.hide(blog.account, ref, root=ref, hidden=True)
    with pytest.raises(Rejected):
        target_of(sending)
