"""What is particular to Mastodon and its dialects."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.channels.platforms.base import Capability, Guarantee
from tests.workers.connectors.conftest import PlaceMaker
from tests.workers.connectors.places import (
    Place,
    Shelf,
    a_picture,
    a_sending,
    commit_step,
    publish,
)
from workers.connectors.errors import (
    Gone,
    NeedsAuth,
    OutcomeUnknown,
    Rejected,
    Transient,
    Unsupported,
)
from workers.connectors.port import Found, NotFound, Ref, Several


async def as_user(place: Place, method: str, path: str, **more: Any) -> Any:
    """Do something at the server as the account itself, past the connector."""
    headers = {"Authorization": f"Bearer {place.account.secrets['access_token']}"}
    bare = replace(place, control="/api/v1/")
    return (await bare.ask(method, path, headers=headers, **more)).json()


async def test_the_identity_is_that_of_the_token(place_at: PlaceMaker) -> None:
    place = await place_at("mastodon")

    identity = await place.connector.check(place.account)

    username = place.account.secrets["username"]
    assert identity.handle == f"@{username}@{place.base.removeprefix('http://')}"
    assert identity.name == username.title()
    assert identity.url == f"{place.base}/@{username}"
    assert Capability.METRICS in identity.capabilities


async def test_gotosocial_is_searched_and_counts_code_points(place_at: PlaceMaker) -> None:
    place = await place_at("gotosocial")

    identity = await place.connector.check(place.account)

    limits = identity.limits
    assert identity.guarantee is Guarantee.SEARCH
    assert (limits.counter, limits.url_weight, limits.text_max) == ("codepoint", None, 5000)
    assert (limits.media_max, limits.alt_max, limits.media_bytes_max) == (6, 5000, 41_943_040)


async def test_a_token_that_may_only_write_is_blind_and_says_so(place_at: PlaceMaker) -> None:
    place = await place_at("writeonly")

    identity = await place.connector.check(place.account)
    story = await publish(place, a_sending(place))

    assert identity.guarantee is Guarantee.BLIND
    assert identity.capabilities.isdisjoint({Capability.METRICS, Capability.MESSAGES})
    assert (identity.remote_id, identity.handle) == ("", "")
    assert identity.name == "Simulated application"
    # The first post is what tells the account.
    assert story.refs[0].extra["account_id"] != ""


async def test_a_bad_token_fails_the_check(mastodon: Place) -> None:
    account = replace(mastodon.account, secrets={"access_token": "nobody"})

    with pytest.raises(NeedsAuth):
        await mastodon.connector.check(account)


async def test_a_server_without_the_api_fails_the_check(place_at: PlaceMaker) -> None:
    webhook, place = await place_at("webhook"), await place_at("mastodon")
    account = replace(place.account, settings={"base_url": webhook.base})

    with pytest.raises(Unsupported):
        await place.connector.check(account)


async def test_likes_shares_and_replies_are_counted(mastodon: Place, place_at: PlaceMaker) -> None:
    if mastodon.name == "writeonly":
        return
    friend = await place_at(mastodon.name)
    refs = [(await publish(mastodon, a_sending(mastodon))).refs[0] for _ in range(23)]
    await as_user(friend, "POST", f"statuses/{refs[0].remote_id}/favourite")
    await as_user(friend, "POST", f"statuses/{refs[0].remote_id}/favourite")
    await as_user(friend, "POST", f"statuses/{refs[0].remote_id}/reblog")
    await publish(friend, a_sending(friend, "Well said", in_reply_to=refs[0]))
    await mastodon.connector.delete(mastodon.account, refs[22])

    measured = await mastodon.connector.fetch_metrics(mastodon.account, refs)

    assert [one.ref for one in measured] == refs[:22]
    assert measured[0].counters == {"LIKES": 1, "SHARES": 1, "REPLIES": 1}
    assert measured[1].counters == {"LIKES": 0, "SHARES": 0, "REPLIES": 0}


async def test_the_parts_of_a_thread_are_no_answers_to_it(
    mastodon: Place, place_at: PlaceMaker
) -> None:
    if mastodon.name == "writeonly":
        return
    friend = await place_at(mastodon.name)
    story = await publish(mastodon, a_sending(mastodon, "Part one", "Part two", "Part three"))
    await publish(friend, a_sending(friend, "And then?", in_reply_to=story.refs[1]))

    measured = await mastodon.connector.fetch_metrics(mastodon.account, story.refs)

    assert [one.counters["REPLIES"] for one in measured] == [0, 1, 0]


async def test_answers_come_back_as_text_and_our_own_do_not(
    mastodon: Place, place_at: PlaceMaker
) -> None:
    if mastodon.name == "writeonly":
        return
    friend = await place_at(mastodon.name)
    story = await publish(mastodon, a_sending(mastodon, "Part one", "Part two"))
    told = await publish(
        friend,
        a_sending(
            friend,
            f"@{mastodon.account.secrets['username']} 1 < 2 & <b>so</b>\n\nhttps://example.org/a",
            in_reply_to=story.refs[1],
        ),
    )
    await publish(mastodon, a_sending(mastodon, "Thank you", in_reply_to=told.refs[0]))
    deeper = await publish(friend, a_sending(friend, "More", in_reply_to=told.refs[0]))
    gone = Ref(remote_id="12345")

    page = await mastodon.connector.fetch_messages(mastodon.account, [*story.refs, gone], "")

    assert [one.remote_id for one in page.messages] == [
        told.refs[0].remote_id,
        deeper.refs[0].remote_id,
    ]
    first = page.messages[0]
    assert first.text == (
        f"@{mastodon.account.secrets['username']} 1 < 2 & <b>so</b>\n\nhttps://example.org/a"
    )
    assert first.parent_remote_id == story.refs[1].remote_id
    assert first.root_remote_id == story.refs[0].remote_id
    assert first.person.handle == friend.account.secrets["username"]
    assert first.html.startswith("<p>")
    assert not page.more


async def test_a_post_is_found_by_its_text_pictures_and_parent(place_at: PlaceMaker) -> None:
    place = await place_at("gotosocial")
    since = datetime.now(UTC)
    text = "Look: @bob@example.org at https://example.org/" + "long/" * 20 + " #été\n\nSoon!"
    sending = a_sending(place, text, media=(a_picture(),))
    uploaded = await publish(place, sending, steps=1)
    step = commit_step(place, uploaded.sending)
    await publish(place, a_sending(place, text))
    await publish(place, a_sending(place, text + " Not this one.", media=(a_picture(),)))

    before = await place.connector.find_existing(uploaded.sending, step, since)
    out = await publish(place, uploaded.sending)
    after = await place.connector.find_existing(uploaded.sending, step, since)

    assert before == NotFound(strong=True)
    assert after == Found(ref=out.refs[0])


async def test_two_posts_that_fit_are_left_to_a_person(place_at: PlaceMaker) -> None:
    place = await place_at("gotosocial")
    sending = a_sending(place)
    step = commit_step(place, sending)
    since = datetime.now(UTC)
    first = await publish(place, sending)
    second = await publish(place, sending)

    found = await place.connector.find_existing(sending, step, since)

    assert isinstance(found, Several)
    assert {ref.remote_id for ref in found.refs} == {
        first.refs[0].remote_id,
        second.refs[0].remote_id,
    }


async def test_an_older_post_with_the_same_words_is_not_this_one(place_at: PlaceMaker) -> None:
    place = await place_at("mastodon")
    await place.adjust(offset_seconds=-120)
    await publish(place, a_sending(place, "Good morning!"))
    await place.adjust(offset_seconds=0)
    sending = a_sending(place, "Good morning!")

    found = await place.connector.find_existing(
        sending, commit_step(place, sending), datetime.now(UTC)
    )

    assert found == NotFound(strong=True)


async def test_part_two_of_a_thread_is_not_taken_for_part_one(place_at: PlaceMaker) -> None:
    place = await place_at("mastodon")
    since = datetime.now(UTC)
    sending = a_sending(place, "Again", "Again")
    first = await publish(place, sending, steps=1)
    step = commit_step(place, first.sending)

    before = await place.connector.find_existing(first.sending, step, since)
    out = await publish(place, first.sending)
    after = await place.connector.find_existing(first.sending, step, since)

    assert before == NotFound(strong=True)
    assert after == Found(ref=out.refs[0])


async def test_the_search_goes_back_page_by_page(place_at: PlaceMaker) -> None:
    place = await place_at("gotosocial")
    since = datetime.now(UTC)
    sending = a_sending(place, "The first of many")
    step = commit_step(place, sending)
    wanted = await publish(place, sending)
    for number in range(85):
        await as_user(place, "POST", "statuses", json={"status": f"number {number}"})

    found = await place.connector.find_existing(sending, step, since)

    assert found == Found(ref=wanted.refs[0])


async def test_an_absence_is_weak_when_the_list_did_not_reach_back(
    place_at: PlaceMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.connectors.mastodon.LIST_PAGES", 1)
    place = await place_at("gotosocial")
    for number in range(41):
        await as_user(place, "POST", "statuses", json={"status": f"number {number}"})
    sending = a_sending(place)

    found = await place.connector.find_existing(
        sending, commit_step(place, sending), datetime.now(UTC) - timedelta(minutes=5)
    )

    assert found == NotFound(strong=False)


async def test_the_key_is_forgotten_after_an_hour(place_at: PlaceMaker) -> None:
    place = await place_at("mastodon")
    sending = a_sending(place)
    await publish(place, sending)

    await place.adjust(offset_seconds=3590)
    await publish(place, sending)
    within = len(await place.stored())
    await place.adjust(offset_seconds=3610)
    await publish(place, sending)

    assert within == 1
    assert len(await place.stored()) == 2


async def test_each_part_has_a_key_of_its_own(place_at: PlaceMaker) -> None:
    place = await place_at("mastodon")

    await publish(place, a_sending(place, "Same words", "Same words"))

    assert len(await place.stored()) == 2


async def test_settings_of_the_text_reach_the_server(place_at: PlaceMaker) -> None:
    place = await place_at("mastodon")
    settings: Mapping[str, Any] = {
        "visibility": "unlisted",
        "spoiler_text": "Harbour",
        "sensitive": True,
    }

    story = await publish(place, a_sending(place, "Hello", settings=settings))

    status = await as_user(place, "GET", f"statuses/{story.refs[0].remote_id}")
    assert (
        status["visibility"],
        status["spoiler_text"],
        status["sensitive"],
        status["language"],
    ) == (
        "unlisted",
        "Harbour",
        True,
        "en",
    )


@pytest.mark.parametrize(
    ("status", "said", "kind", "code"),
    [
        (403, "This action is outside the authorized scopes", NeedsAuth, "SCOPE"),
        (403, "Your login is currently disabled", Rejected, "REFUSED"),
        (404, "Record not found", Gone, ""),
        (409, "Running", Transient, ""),
        (500, "", Transient, ""),
    ],
)
async def test_errors_are_told_apart_by_what_the_body_says(
    place_at: PlaceMaker, status: int, said: str, kind: type[Exception], code: str
) -> None:
    place = await place_at("mastodon")
    sending = a_sending(place)
    await place.fault("status", status=status, said=said)

    with pytest.raises(kind) as failed:
        await place.connector.perform(sending, commit_step(place, sending), Shelf())

    assert getattr(failed.value, "code") == code  # noqa: B009  the kinds are of one base


async def test_a_picture_the_server_refuses_is_rejected(place_at: PlaceMaker) -> None:
    place = await place_at("mastodon")
    drawing = replace(a_picture(), mime="image/svg+xml")

    with pytest.raises(Rejected) as refused:
        await publish(place, a_sending(place, media=(drawing,)))

    assert refused.value.code == "MEDIA_TYPE"
    assert await place.stored() == []


async def test_an_answer_without_an_id_leaves_the_outcome_open(place_at: PlaceMaker) -> None:
    place = await place_at("mastodon")
    sending = a_sending(place)
    await place.fault("status", status=200)

    with pytest.raises(OutcomeUnknown):
        await place.connector.perform(sending, commit_step(place, sending), Shelf())
