"""Where a forum sets traps: flood control, sessions, languages, moderators and moving pages."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.channels.platforms.base import Capability
from tests.workers.connectors.conftest import PlaceMaker
from tests.workers.connectors.places import (
    PICTURE_HASH,
    Place,
    Shelf,
    Story,
    a_picture,
    a_sending,
    commit_step,
    publish,
)
from workers.connectors import errors
from workers.connectors.errors import NeedsAuth, OutcomeUnknown, RateLimited, Rejected
from workers.connectors.misago import CLOCK_SKEW
from workers.connectors.misago_failures import FLOOD_WAIT
from workers.connectors.misago_posts import OVERLAP_PAGES, SMALL_PAGES, Reading, short_name
from workers.connectors.port import Found, NotFound, Ref, Several, StepKind, StepPending


@pytest.fixture
async def forum(place_at: PlaceMaker) -> Place:
    """A moderator's account at the forum."""
    return await place_at("misago")


async def a_thread(forum: Place, *texts: str) -> Story:
    return await publish(forum, a_sending(forum, *texts))


async def answered(forum: Place, post: Ref, text: str, *, account: str = "reader") -> str:
    """Let somebody write below a post; return the id."""
    given = {"account": account, "post": post.remote_id, "text": text}
    return str((await forum.ask("POST", "answer", json=given)).json()["id"])


async def moderated(forum: Place, act: str, **what: str) -> None:
    (await forum.ask("POST", "moderate", json={"act": act, **what})).raise_for_status()


async def read_all(
    forum: Place,
    refs: list[Ref],
    cursor: str = "",
    between: Callable[[int], Awaitable[None]] | None = None,
) -> tuple[list[str], str, int]:
    """Read pages until there is no more; return the ids in the order they came."""
    came: list[str] = []
    for number in range(100):
        page = await forum.connector.fetch_messages(forum.account, refs, cursor)
        came += [message.remote_id for message in page.messages]
        cursor = page.cursor
        if not page.more:
            return came, cursor, number + 1
        if between is not None:
            await between(number)
    raise AssertionError("It never ended.")


async def test_a_thread_of_parts_is_one_thread_with_a_rest_before_each_further_post(
    forum: Place,
) -> None:
    sending = a_sending(forum, "First part", "Second part", media=(a_picture("A [small] boat"),))

    story = await publish(forum, sending)

    assert story.steps == ["upload:0.0", "commit:0", "rest:1", "commit:1"]
    first, second = await forum.stored()
    assert (first["title"], first["category"], first["media"]) == (
        "Harbour news",
        3,
        [f"{PICTURE_HASH[:16]}.png"],
    )
    words, _, picture = first["text"].partition("\n\n")
    assert words == "First part"
    assert picture.startswith("![A \\[small\\] boat](/a/")
    assert (second["text"], second["in_reply_to_id"]) == ("Second part", first["id"])
    assert [ref.extra for ref in story.refs] == [
        {"thread": first["thread"], "opens": True},
        {"thread": first["thread"]},
    ]
    assert story.refs[0].url == f"{forum.base}/t/harbour-news/{first['thread']}/"
    assert story.refs[1].url.endswith(f"/{first['thread']}/post/{second['id'][6:]}/")


async def test_a_rest_asks_the_engine_to_come_back_and_holds_nothing(forum: Place) -> None:
    begun = await publish(forum, a_sending(forum, "First part", "Second part"), steps=1)
    step = forum.connector.plan(begun.sending)
    assert step is not None
    assert step.kind is StepKind.WAIT

    done = await forum.connector.perform(begun.sending, step, Shelf())

    assert isinstance(done, StepPending)
    assert done.poll_after == FLOOD_WAIT
    following = forum.connector.plan(replace(begun.sending, checkpoint=done.checkpoint))
    assert following is not None
    assert following.key == "commit:1"


async def test_the_name_of_a_category_is_looked_up_before_anything_is_sent(forum: Place) -> None:
    settings = {**forum.account.settings, "category": "held-for-approval"}
    named = replace(forum, account=replace(forum.account, settings=settings))

    story = await publish(named, a_sending(named))

    assert story.steps == ["category", "commit:0"]
    assert [one["category"] for one in await forum.stored()] == [4]


@pytest.mark.parametrize("category", ["99", "no-such-place"])
async def test_a_category_that_is_none_fails_the_check(forum: Place, category: str) -> None:
    settings = {**forum.account.settings, "category": category}

    with pytest.raises(Rejected) as refused:
        await forum.connector.check(replace(forum.account, settings=settings))

    assert refused.value.code == "CATEGORY_REFUSED"


def test_a_category_is_named_as_in_its_address() -> None:
    assert short_name("Été & Mer: News!") == "ete-mer-news"


async def test_flood_control_is_a_wait_and_certainly_nothing_was_stored(forum: Place) -> None:
    sending = a_sending(forum)
    await forum.adjust(floods=1)

    with pytest.raises(RateLimited) as limited:
        await forum.connector.perform(sending, commit_step(forum, sending), Shelf())

    assert (limited.value.code, limited.value.wait) == ("FLOOD", timedelta(seconds=4))
    assert await forum.stored() == []


async def test_flood_control_counts_seconds_by_the_clock_of_the_forum(forum: Place) -> None:
    await forum.adjust(flood_seconds=3)
    await publish(forum, a_sending(forum))
    with pytest.raises(RateLimited):
        await publish(forum, a_sending(forum))

    await forum.adjust(offset_seconds=3)
    await publish(forum, a_sending(forum))

    assert len(await forum.stored()) == 2


async def test_a_limit_in_another_language_is_told_from_a_closed_thread(
    forum: Place, place_at: PlaceMaker
) -> None:
    theirs = (await a_thread(await place_at("misago"), "Somebody else's")).refs[0]
    await forum.adjust(language="de", floods=1)

    with pytest.raises(RateLimited) as limited:
        await publish(forum, a_sending(forum, "An answer", in_reply_to=theirs))

    assert (limited.value.code, limited.value.retry_after) == ("LIMIT", FLOOD_WAIT)


@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_closed_thread_refuses_for_good(forum: Place, http: Any, language: str) -> None:
    member = await a_member(forum)
    story = await a_thread(forum, "Nobody may answer")
    await moderated(forum, "close", post=story.refs[0].remote_id)
    await forum.adjust(language=language)

    with pytest.raises(Rejected) as refused:
        await publish(member, a_sending(member, "An answer", in_reply_to=story.refs[0]))

    assert (refused.value.status, refused.value.code) == (403, "FORBIDDEN")


async def a_member(forum: Place, role: str = "member") -> Place:
    """Another account at the forum, who moderates nothing."""
    name = f"{role}-{forum.account.channel_id.hex[:12]}"
    asked = {"username": name, "role": role}
    joined = (await forum.ask("POST", "accounts", json=asked)).json()
    account = replace(forum.account, secrets=joined["secrets"], identity=str(joined["id"]))
    return replace(forum, account=account)


async def test_a_session_that_has_ended_is_opened_again_and_nothing_is_sent_twice(
    forum: Place,
) -> None:
    await moderated(forum, "sign_out", account=forum.account.secrets["username"])
    await forum.adjust(language="de")

    await a_thread(forum, "Sent by a new session")

    assert [one["text"] for one in await forum.stored()] == ["Sent by a new session"]


async def test_a_refused_token_in_a_web_page_is_answered_with_a_new_session(forum: Place) -> None:
    await forum.adjust(csrf_pages=1)

    await a_thread(forum, "Sent with a new token")

    assert len(await forum.stored()) == 1


async def test_a_forum_that_refuses_every_token_is_not_asked_for_ever(forum: Place) -> None:
    await forum.adjust(csrf_pages=5)

    with pytest.raises((Rejected, NeedsAuth)):
        await a_thread(forum, "Never sent")

    assert await forum.stored() == []


async def test_a_sign_in_that_fails_before_sending_leaves_no_doubt(forum: Place) -> None:
    await moderated(forum, "sign_out", account=forum.account.secrets["username"])
    await forum.fault("status", path="/api/auth/", status=502)

    with pytest.raises(errors.NotSent):
        await a_thread(forum, "Never sent")

    assert await forum.stored() == []


async def test_a_login_page_instead_of_the_answer_leaves_the_outcome_open(forum: Place) -> None:
    sending = a_sending(forum)
    await forum.fault("html")

    with pytest.raises(OutcomeUnknown):
        await forum.connector.perform(sending, commit_step(forum, sending), Shelf())


async def test_a_thread_whose_first_post_cannot_be_read_is_looked_up(forum: Place) -> None:
    sending = a_sending(forum)
    step, since = commit_step(forum, sending), datetime.now(UTC)
    await forum.fault("status", method="GET", path="/api/threads/*/posts/", status=429)

    with pytest.raises(OutcomeUnknown):
        await forum.connector.perform(sending, step, Shelf())
    found = await forum.connector.find_existing(sending, step, since)

    (stored,) = await forum.stored()
    assert isinstance(found, Found)
    assert found.ref.remote_id == stored["id"]


async def test_a_banned_account_needs_a_person(forum: Place) -> None:
    await moderated(forum, "ban", account=forum.account.secrets["username"])

    with pytest.raises(NeedsAuth) as refused:
        await forum.connector.check(forum.account)

    assert refused.value.code == "BANNED"
    assert forum.account.secrets["password"] not in str(refused.value)


async def test_capabilities_are_those_of_the_account(forum: Place) -> None:
    moderator = (await forum.connector.check(forum.account)).capabilities
    member = await a_member(forum)
    plain = (await member.connector.check(member.account)).capabilities
    author = await a_member(forum, "author")
    unknown = (await author.connector.check(author.account)).capabilities
    await a_thread(author, "My own thread")
    proven = (await author.connector.check(author.account)).capabilities

    collected = frozenset(Capability) - {
        Capability.NOTIFICATIONS,
        Capability.DIRECT_MESSAGES,
        Capability.SEARCH_MENTIONS,
        Capability.DELETE_MESSAGES,
        Capability.MUTE,
        Capability.BLOCK,
    }
    assert moderator == collected
    assert plain == collected - {Capability.DELETE, Capability.HIDE}
    assert unknown == plain
    assert proven == collected - {Capability.HIDE}


async def test_who_may_not_take_a_post_down_is_told_so(forum: Place) -> None:
    member = await a_member(forum)
    story = await a_thread(member, "Here to stay", "This too")

    for ref in story.refs:
        with pytest.raises(errors.Unsupported):
            await member.connector.delete(member.account, ref)

    seen = await member.connector.read_back(story.sending, 0)
    assert (seen.found, seen.hidden) == (True, False)


async def test_a_title_goes_with_the_other_words_and_the_same_leaves_no_trace(
    forum: Place,
) -> None:
    story = await a_thread(forum, "As it was", "And this")
    sending = replace(a_sending(forum, "As it is", "And that"), amends=tuple(story.refs))
    other = replace(sending, edition=replace(sending.edition, title="Other news"))

    first = await publish(forum, other)
    again = await publish(forum, other)

    assert first.steps == again.steps == ["commit:0", "title:0", "commit:1"]
    stored = await forum.stored()
    assert [one["title"] for one in stored] == ["Other news"] * 2
    assert [one["text"] for one in stored] == ["As it is", "And that"]
    seen = await forum.connector.read_back(first.sending, 0)
    titled = await forum.connector.read_back(
        replace(sending, checkpoint=first.sending.checkpoint), 0
    )
    assert (seen.changed, titled.changed) == (False, True)


async def test_an_edit_in_doubt_is_settled_by_reading_it(forum: Place) -> None:
    story = await a_thread(forum, "As it was")
    sending = replace(a_sending(forum, "As it is"), amends=tuple(story.refs))
    step, since = commit_step(forum, sending), datetime.now(UTC)

    before = await forum.connector.find_existing(sending, step, since)
    await forum.connector.perform(sending, step, Shelf())
    after = await forum.connector.find_existing(sending, step, since)

    assert before == NotFound(strong=True)
    assert after == Found(ref=story.refs[0])


async def test_what_waits_for_approval_is_found_and_seen_to_be_hidden(forum: Place) -> None:
    await forum.adjust(hold=True)
    member = await a_member(forum)
    sending = a_sending(member)
    since = datetime.now(UTC)

    story = await publish(member, sending)
    found = await member.connector.find_existing(sending, commit_step(member, sending), since)
    seen = await member.connector.read_back(story.sending, 0)

    assert found == Found(ref=story.refs[0])
    assert (seen.found, seen.changed, seen.hidden) == (True, False, True)


async def test_a_thread_a_moderator_hides_is_gone_for_its_author(forum: Place) -> None:
    member = await a_member(forum)
    story = await a_thread(member, "Here today")
    await moderated(forum, "unlist", post=story.refs[0].remote_id)

    assert (await member.connector.read_back(story.sending, 0)).found is False
    await member.connector.delete(member.account, story.refs[0])


async def test_only_what_is_young_enough_says_the_same_and_stands_there_is_found(
    forum: Place,
) -> None:
    sending = a_sending(forum, "The same words twice")
    story = await publish(forum, sending)
    step = commit_step(forum, sending)
    at = story.refs[0].published_at
    assert at is not None

    later = at + CLOCK_SKEW + timedelta(seconds=1)
    assert await forum.connector.find_existing(sending, step, later) == NotFound(strong=True)
    other = a_sending(forum, "Other words")
    assert await forum.connector.find_existing(other, step, at) == NotFound(strong=True)
    await publish(forum, sending)
    twice = await forum.connector.find_existing(sending, step, at)
    assert isinstance(twice, Several)
    assert len(twice.refs) == 2


async def test_a_reply_is_found_at_the_end_of_a_long_thread(forum: Place) -> None:
    root = (await a_thread(forum, "A long talk")).refs[0]
    sending = a_sending(forum, "Our answer", in_reply_to=root)
    step, since = commit_step(forum, sending), datetime.now(UTC)
    for number in range(60):
        await answered(forum, root, f"Answer {number}")
    await forum.fault("drop_after", path="/api/threads/*/posts/")
    with pytest.raises(OutcomeUnknown):
        await forum.connector.perform(sending, step, Shelf())
    for number in range(30):
        await answered(forum, root, f"Later {number}")

    found = await forum.connector.find_existing(sending, step, since)

    stored = (await forum.stored())[-1]
    assert isinstance(found, Found)
    assert found.ref.remote_id == stored["id"]
    seen = await forum.connector.read_back(
        replace(sending, checkpoint={"parts": [found.ref.to_json()]}), 0
    )
    assert (seen.found, seen.changed) == (True, False)


async def test_own_threads_are_listed_past_their_first_page(forum: Place) -> None:
    since = datetime.now(UTC)
    sending = a_sending(forum, "The oldest of many")
    story = await publish(forum, sending)
    for number in range(30):
        await a_thread(forum, f"Another one {number}")

    found = await forum.connector.find_existing(sending, commit_step(forum, sending), since)

    assert found == Found(ref=story.refs[0])


async def test_likes_and_the_replies_of_others_are_counted(forum: Place) -> None:
    story = await a_thread(forum, "First part", "Second part")
    first, second = story.refs
    await answered(forum, first, "An answer")
    for post in (first, first, second):
        await forum.ask("POST", "like", json={"account": "reader", "post": post.remote_id})
    gone = Ref(remote_id="posts/999999", extra={"thread": first.extra["thread"]})
    nowhere = Ref(remote_id="whatever a person wrote")

    measured = await forum.connector.fetch_metrics(forum.account, [first, second, gone, nowhere])

    assert [(one.ref, one.counters) for one in measured] == [
        (first, {"LIKES": 1, "REPLIES": 1}),
        (second, {"LIKES": 1}),
    ]


async def test_an_answer_says_who_wrote_it_and_where_it_stands(forum: Place) -> None:
    root = (await a_thread(forum, "Any questions?")).refs[0]
    known = await answered(forum, root, "Is **this** it? https://example.org/a <b>", account="ada")

    page = await forum.connector.fetch_messages(forum.account, [root], "")

    (message,) = page.messages
    assert (message.remote_id, message.parent_remote_id) == (known, root.remote_id)
    assert message.text == "Is this it? example.org/a <b>"
    assert (message.person.handle, message.person.name) == ("ada", "ada")
    assert message.extra == {"thread": root.extra["thread"]}
    assert message.url.startswith(f"{forum.base}/t/harbour-news/")
    assert page.more is False


async def test_a_reply_to_an_answer_goes_into_its_thread(forum: Place) -> None:
    root = (await a_thread(forum, "Any questions?")).refs[0]
    await answered(forum, root, "When do you open?")
    (message,) = (await forum.connector.fetch_messages(forum.account, [root], "")).messages
    question = Ref(remote_id=message.remote_id, extra={**message.extra, "thread_id": "ours"})

    await publish(forum, a_sending(forum, "At nine.", in_reply_to=question))

    stored = await forum.stored()
    assert [one["text"] for one in stored] == ["Any questions?", "At nine."]
    assert stored[1]["in_reply_to_id"] == root.remote_id


async def test_a_post_a_person_confirmed_is_addressed_by_its_url(forum: Place) -> None:
    story = await a_thread(forum, "Confirmed by hand", "And more")
    by_hand = [Ref(remote_id=f"id {n}", url=ref.url) for n, ref in enumerate(story.refs)]

    measured = await forum.connector.fetch_metrics(forum.account, by_hand)

    assert [one.counters for one in measured] == [{"LIKES": 0, "REPLIES": 0}, {"LIKES": 0}]


async def test_an_answer_below_nothing_known_is_gone(forum: Place) -> None:
    with pytest.raises(errors.Gone):
        await publish(forum, a_sending(forum, "Too late", in_reply_to=Ref(remote_id="posts/1")))


async def test_no_answer_is_missed_while_others_are_deleted_between_pages(forum: Place) -> None:
    root = (await a_thread(forum, "A long talk")).refs[0]
    ids = [await answered(forum, root, f"Answer {n}") for n in range(80)]
    doomed = iter(ids[:20])

    async def delete_some(_: int) -> None:
        for _ in range(5):
            await moderated(forum, "delete", post=next(doomed))

    came, _, pages = await read_all(forum, [root], between=delete_some)

    assert pages >= 4
    assert set(ids[20:]) <= set(came)


async def test_no_answer_is_missed_while_others_appear_between_pages(forum: Place) -> None:
    root = (await a_thread(forum, "A long talk")).refs[0]
    ids = [await answered(forum, root, f"Answer {n}") for n in range(60)]
    for late in ids[10:20]:
        await moderated(forum, "hold", post=late)
    member = await a_member(forum)
    fresh: list[str] = []

    async def approve_some(page: int) -> None:
        fresh.append(await answered(forum, root, f"Late {page}"))
        for late in ids[10 + 5 * page : 15 + 5 * page]:
            await moderated(forum, "approve", post=late)

    came, cursor, _ = await read_all(member, [root], between=approve_some)
    again, _, _ = await read_all(member, [root], cursor)

    assert set(ids + fresh) <= set(came + again)


async def test_a_long_thread_is_not_read_whole_every_time(forum: Place) -> None:
    root = (await a_thread(forum, "A very long talk")).refs[0]
    ids = [await answered(forum, root, f"Answer {n}") for n in range(150)]
    came, cursor, pages = await read_all(forum, [root])
    assert pages > SMALL_PAGES
    assert sorted(set(came)) == sorted(ids)

    fresh = await answered(forum, root, "One more")
    second, later, few = await read_all(forum, [root], cursor)
    assert few == OVERLAP_PAGES
    assert fresh in second

    # One that was held appears far above: the numbers no longer add up, and all is read again.
    member = await a_member(forum)
    await moderated(forum, "hold", post=ids[0])
    _, before, _ = await read_all(member, [root], later)
    await moderated(forum, "approve", post=ids[0])
    third, _, whole = await read_all(member, [root], before)
    assert whole == pages
    assert ids[0] in third


async def test_hidden_answers_come_when_they_are_shown_again_and_own_ones_never(
    forum: Place,
) -> None:
    member = await a_member(forum)
    root = (await a_thread(member, "Any questions?", "More of ours")).refs[0]
    rude = await answered(forum, root, "Something rude")
    await moderated(forum, "hide", post=rude)

    hidden, cursor, _ = await read_all(member, [root])
    await moderated(forum, "show", post=rude)
    shown, _, _ = await read_all(member, [root], cursor)

    assert (hidden, shown) == ([], [rude])


async def test_what_waits_for_approval_comes_to_a_moderator_and_is_let_through(
    forum: Place,
) -> None:
    root = (await a_thread(forum, "Any questions?")).refs[0]
    held = await answered(forum, root, "May I?")
    await moderated(forum, "hold", post=held)

    (waiting,) = (await forum.connector.fetch_messages(forum.account, [root], "")).messages
    ref = Ref(remote_id=held, url=waiting.url, extra=waiting.extra)
    for _ in range(2):
        await forum.connector.hide(forum.account, ref, root=root, hidden=False)
    (after,) = (await forum.connector.fetch_messages(forum.account, [root], "")).messages

    assert (waiting.hidden, waiting.extra) == (
        True,
        {"thread": root.extra["thread"], "waits": True},
    )
    assert (after.hidden, after.extra["thread"]) == (False, root.extra["thread"])
    member = await a_member(forum)
    await moderated(forum, "hold", post=held)
    with pytest.raises(errors.Gone):
        await member.connector.hide(member.account, ref, root=root, hidden=False)


async def test_hiding_an_answer_twice_is_once_and_only_for_moderators(forum: Place) -> None:
    root = (await a_thread(forum, "Any questions?")).refs[0]
    rude = Ref(remote_id=await answered(forum, root, "Something rude"))
    member = await a_member(forum)

    for hidden in (True, True, False, False):
        await forum.connector.hide(forum.account, rude, root=root, hidden=hidden)
        ledger = (await forum.ask("GET", "ledger?account=reader")).json()["statuses"]
        assert ledger[-1]["hidden"] is hidden

    with pytest.raises(errors.Unsupported):
        await member.connector.hide(member.account, rude, root=root, hidden=True)


async def test_a_thread_that_is_gone_has_no_answers(forum: Place) -> None:
    root = (await a_thread(forum, "Here today")).refs[0]
    await forum.connector.delete(forum.account, root)

    page = await forum.connector.fetch_messages(forum.account, [root], "")

    assert (list(page.messages), page.more) == ([], False)


@pytest.mark.parametrize("cursor", ["", "[]", "3", '{"other":1}', "not json"])
def test_a_cursor_of_somebody_else_begins_anew(cursor: str) -> None:
    assert Reading.from_cursor(cursor) == Reading()


def test_a_cursor_says_the_same_again() -> None:
    reading = Reading(pages=7, seen=99, count=12, page=3, top=120, fresh=4, total=16, grown=True)

    assert Reading.from_cursor(reading.to_cursor()) == reading
    assert Reading().to_cursor() == "{}"


async def test_a_page_with_404_does_not_take_a_thread_down(forum: Place) -> None:
    story = await a_thread(forum, "Still there")
    await forum.fault("status_after", method="DELETE", path="/api/threads/*", status=404)

    with pytest.raises(errors.Transient):
        await forum.connector.delete(forum.account, story.refs[0])
