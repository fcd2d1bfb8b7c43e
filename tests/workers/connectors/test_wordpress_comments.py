"""Comments at WordPress: written once, hidden, and read while others come and go."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.workers.connectors.blogs import API, answered, as_role, change, collected
from tests.workers.connectors.conftest import PlaceMaker
from tests.workers.connectors.places import (
    Place,
    Shelf,
    a_sending,
    commit_step,
    publish,
    ready,
)
from workers.connectors.errors import (
    Duplicate,
    Gone,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
)
from workers.connectors.port import Found, NotFound, Ref
from workers.connectors.wordpress_comments import Walk


@pytest.fixture
async def blog(place_at: PlaceMaker) -> Place:
    """A blog and its editor."""
    return await place_at("wordpress")


async def test_a_reply_hangs_below_what_it_answers(blog: Place) -> None:
    post = (await publish(blog, a_sending(blog))).refs[0]
    (question,) = await answered(blog, post.remote_id, "When do you open?")

    story = await publish(
        blog, a_sending(blog, 'At "nine" < ten...', in_reply_to=Ref(remote_id=question))
    )

    assert story.steps == ["parent", "commit:0"]
    reply = (await blog.stored())[-1]
    assert reply["in_reply_to_id"] == question
    assert reply["text"] == 'At "nine" &lt; ten...'
    assert reply["id"] == story.refs[0].remote_id
    seen = await blog.connector.read_back(story.sending, 0)
    assert (seen.found, seen.changed, seen.hidden) == (True, False, False)


@pytest.mark.parametrize("effect", ["drop_after", "status_after", "html"])
@pytest.mark.parametrize("text", ['At "nine" -- or 2x3...', ":)", "Été & <b>"])
async def test_a_lost_answer_to_a_reply_is_settled_by_looking(
    blog: Place, effect: str, text: str
) -> None:
    post = (await publish(blog, a_sending(blog))).refs[0]
    (question,) = await answered(blog, post.remote_id, "When do you open?")
    sending = await ready(blog, a_sending(blog, text, in_reply_to=Ref(remote_id=question)))
    step, since = commit_step(blog, sending), datetime.now(UTC)
    before = await blog.connector.find_existing(sending, step, since)
    await blog.fault(effect, path=f"{API}/comments", status=502)

    with pytest.raises((OutcomeUnknown, Transient)):
        await blog.connector.perform(sending, step, Shelf())
    after = await blog.connector.find_existing(sending, step, since)
    with pytest.raises(Duplicate):
        await blog.connector.perform(sending, step, Shelf())

    assert before == NotFound(strong=True)
    assert isinstance(after, Found)
    assert after.ref.remote_id == (await blog.stored())[-1]["id"]


async def test_a_reply_that_waits_for_a_moderator_is_found_too(blog: Place) -> None:
    post = (await publish(blog, a_sending(blog))).refs[0]
    author = await as_role(blog, "author")
    await blog.adjust(moderation=True)

    sending = await ready(author, a_sending(author, "Mine", in_reply_to=post))
    story = await publish(author, sending)
    found = await author.connector.find_existing(
        sending, commit_step(author, sending), datetime.now(UTC)
    )

    assert found == Found(ref=story.refs[0])
    assert (await author.connector.read_back(story.sending, 0)).hidden is True


async def test_refused_replies_are_told_apart(blog: Place) -> None:
    post = (await publish(blog, a_sending(blog))).refs[0]
    author = await as_role(blog, "author")
    await blog.adjust(flood=True)
    await publish(author, a_sending(author, "One", in_reply_to=post))

    with pytest.raises(RateLimited) as hasty:
        await publish(author, a_sending(author, "Two", in_reply_to=post))
    await change(blog, post.remote_id, comment_status="closed")
    with pytest.raises(Rejected) as closed:
        await publish(blog, a_sending(blog, "Late", in_reply_to=post))

    assert hasty.value.retry_after == timedelta(seconds=15)
    assert closed.value.code == "COMMENTS_CLOSED"


async def test_an_answer_to_a_comment_that_is_gone_is_not_sent(blog: Place) -> None:
    post = (await publish(blog, a_sending(blog))).refs[0]
    (question,) = await answered(blog, post.remote_id, "Hello?")
    await blog.connector.delete(blog.account, Ref(remote_id=question))

    for remote_id in (question, "comments/999999"):
        with pytest.raises(Gone):
            await publish(blog, a_sending(blog, "Yes", in_reply_to=Ref(remote_id=remote_id)))

    assert [one["id"] for one in await blog.stored()] == [post.remote_id]


async def test_a_comment_is_hidden_and_shown_again_and_twice_is_once(blog: Place) -> None:
    post = (await publish(blog, a_sending(blog))).refs[0]
    (rude,) = await answered(blog, post.remote_id, "Rude words")
    ref = Ref(remote_id=rude)

    for hidden, left in ((True, 0), (False, 1)):
        for _ in range(2):
            await blog.connector.hide(blog.account, ref, root=post, hidden=hidden)
        found = [(one.remote_id, one.hidden) for one in await collected(blog, [post])]
        assert found == [(rude, left == 0)]


async def test_what_waits_for_approval_comes_too_is_seen_to_be_hidden_and_let_through(
    blog: Place,
) -> None:
    post = (await publish(blog, a_sending(blog))).refs[0]
    (first,) = await answered(blog, post.remote_id, "Hello")
    (held,) = await answered(blog, post.remote_id, "May I?", held=True)
    (below,) = await answered(blog, first, "I may not, either", held=True)

    came = {one.remote_id: one.hidden for one in await collected(blog, [post])}
    await blog.connector.hide(blog.account, Ref(remote_id=held), root=post, hidden=False)
    after = {one.remote_id: one.hidden for one in await collected(blog, [post])}

    assert came == {first: False, held: True, below: True}
    assert after == {first: False, held: False, below: True}
    with pytest.raises(Gone, match="waits for approval"):
        await publish(blog, a_sending(blog, "Yes", in_reply_to=Ref(remote_id=below)))


async def test_a_reply_is_edited_and_taken_down(blog: Place) -> None:
    post = (await publish(blog, a_sending(blog))).refs[0]
    story = await publish(blog, a_sending(blog, "At nine", in_reply_to=post))

    amended = replace(a_sending(blog, "At ten", in_reply_to=post), amends=tuple(story.refs))
    assert [(await publish(blog, amended)).refs for _ in range(2)] == [story.refs] * 2
    assert (await blog.stored())[-1]["text"] == "At ten"
    for _ in range(2):
        await blog.connector.delete(blog.account, story.refs[0])

    assert (await blog.connector.read_back(story.sending, 0)).found is False


async def test_comments_come_as_messages_without_our_own(blog: Place) -> None:
    post = (await publish(blog, a_sending(blog))).refs[0]
    (question,) = await answered(blog, post.remote_id, 'Is it "open" -- yet?')
    (deeper,) = await answered(blog, question, "I ask, too")
    ours = await publish(blog, a_sending(blog, "Yes", in_reply_to=Ref(remote_id=question)))
    (last,) = await answered(blog, ours.refs[0].remote_id, "Thanks")

    found = await collected(blog, [post])

    assert [one.remote_id for one in found] == [question, deeper, last]
    assert [one.parent_remote_id for one in found] == [
        post.remote_id,
        question,
        ours.refs[0].remote_id,
    ]
    assert {one.root_remote_id for one in found} == {post.remote_id}
    assert found[0].text.encode() == "Is it “open” — yet?".encode()
    assert found[0].extra == {
        "id": int(question.partition("/")[2]),
        "post": int(post.remote_id.partition("/")[2]),
    }
    assert found[0].person.handle == "reader"
    assert found[0].url == f"{post.url}#comment-{found[0].extra['id']}"
    assert abs(found[0].published_at - datetime.now(UTC)) < timedelta(minutes=2)
    below = await collected(blog, ours.refs)
    assert [one.remote_id for one in below] == [last]


@pytest.mark.parametrize("zone_hours", [-11, 2, 14])
async def test_the_time_on_the_wall_of_the_site_hides_no_comment(
    blog: Place, zone_hours: int
) -> None:
    await blog.adjust(zone_hours=zone_hours)
    post = (await publish(blog, a_sending(blog))).refs[0]
    ids = await answered(blog, post.remote_id, "Hello")

    (found,) = await collected(blog, [post])

    assert found.remote_id == ids[0]
    assert abs(found.published_at - datetime.now(UTC)) < timedelta(minutes=2)


async def many(blog: Place, count: int) -> tuple[Ref, list[str]]:
    post = (await publish(blog, a_sending(blog))).refs[0]
    asked = {"account": "reader", "post": post.remote_id, "text": "Hello", "count": count}
    return post, list((await blog.ask("POST", "answer", json=asked)).json()["ids"])


async def test_every_page_is_read(blog: Place) -> None:
    post, ids = await many(blog, 230)

    found = [one.remote_id for one in await collected(blog, [post])]

    assert list(dict.fromkeys(found)) == ids


@pytest.mark.parametrize("vanishing", [1, 9, 40, 99])
async def test_no_comment_is_missed_while_others_vanish_between_pages(
    blog: Place, vanishing: int
) -> None:
    post, ids = await many(blog, 230)
    gone: list[str] = []

    async def vanish(_cursor: str) -> None:
        if not gone:
            gone.extend(ids[:vanishing])
            for one in gone:
                await change(blog, one, status="trash")

    found = {one.remote_id for one in await collected(blog, [post], between=vanish)}

    assert set(ids) - found == set()


async def test_no_comment_is_missed_while_others_come_between_pages(blog: Place) -> None:
    post, ids = await many(blog, 150)
    late: list[str] = []
    for one in ids[:3]:
        await change(blog, one, status="hold")

    async def come(_cursor: str) -> None:
        late.extend(await answered(blog, post.remote_id, "Late"))
        # A moderator approves what was written long ago, in the middle of what was read already.
        await change(blog, ids[len(late) - 1], status="approved")

    first = {one.remote_id for one in await collected(blog, [post], between=come)}
    again = {one.remote_id for one in await collected(blog, [post])}

    assert {*ids[3:], *late} <= first
    assert again >= {*ids[: len(late)], *ids[3:], *late}


async def test_a_page_may_be_asked_for_again_and_a_strange_cursor_begins_anew(
    blog: Place,
) -> None:
    post, ids = await many(blog, 120)
    read = blog.connector.fetch_messages
    first = await read(blog.account, [post], "")

    second = [await read(blog.account, [post], first.cursor) for _ in range(2)]

    assert second[0] == second[1]
    for strange in ("nonsense", "[9,0,0,100]", "[0,-1,0,100]", "[0,0,0,0]", "{}"):
        page = await read(blog.account, [post], strange)
        assert [one.remote_id for one in page.messages] == ids[:100]


async def test_comments_that_are_too_long_together_are_read_a_few_at_a_time(blog: Place) -> None:
    post = (await publish(blog, a_sending(blog))).refs[0]
    long = {"account": "reader", "post": post.remote_id, "text": "x" * 60_000, "count": 30}
    ids = (await blog.ask("POST", "answer", json=long)).json()["ids"]

    found = [one.remote_id for one in await collected(blog, [post])]

    assert list(dict.fromkeys(found)) == ids


def test_a_walk_steps_back_where_a_page_does_not_begin_with_what_was_seen() -> None:
    refs = [Ref(remote_id="posts/1"), Ref(remote_id="comments/2")]
    walk = Walk(offset=90, last=100)

    assert walk.after([], refs, total=20) == Walk(offset=40, last=100)
    assert walk.after([101, 102], refs, total=92) == Walk(offset=40, last=100)
    assert walk.after([100, 101], refs, total=92) == Walk(ref=1)
    assert Walk(ref=1).after([], refs, total=0) is None
    assert Walk().after(list(range(1, 101)), refs, total=None) == Walk(offset=90, last=100)
    assert Walk(offset=90, last=100).after([100, 101], refs, total=None) == Walk(ref=1)
    assert Walk(ref=1).params(refs)[0] == ("parent", "2")


async def test_comments_are_counted_and_what_is_gone_is_left_out(blog: Place) -> None:
    post, ids = await many(blog, 3)
    gone = (await publish(blog, a_sending(blog))).refs[0]
    await answered(blog, ids[0], "Deeper")
    await blog.connector.delete(blog.account, gone)
    comment = Ref(remote_id=ids[0])

    measured = await blog.connector.fetch_metrics(blog.account, [post, gone, comment])

    assert [(one.ref, one.counters, one.approximate) for one in measured] == [
        (post, {"REPLIES": 4}, False),
        (comment, {"REPLIES": 1}, False),
    ]
