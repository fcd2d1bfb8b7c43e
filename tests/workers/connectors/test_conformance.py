"""What every connector must do, at every place, over real HTTP."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from hub.channels.platforms import PLATFORMS
from hub.channels.platforms.base import Capability, Guarantee
from hub.language.markup import to_html
from tests.workers.connectors.conftest import PlaceMaker
from tests.workers.connectors.places import (
    PICTURE_HASH,
    VIDEO_HASH,
    Place,
    Shelf,
    a_picture,
    a_sending,
    a_video,
    commit_step,
    publish,
    ready,
)
from workers.connectors import errors
from workers.connectors.errors import (
    NeedsAuth,
    NotSent,
    OutcomeUnknown,
    PlatformError,
    RateLimited,
    Rejected,
    Transient,
)
from workers.connectors.http import DEADLINE_SECONDS, Http, open_http
from workers.connectors.mastodon import Mastodon
from workers.connectors.port import Found, NotFound, Ref, Unsupported
from workers.connectors.registry import connectors


def sent_text(stored: Mapping[str, Any]) -> Any:
    if "payload" in stored:
        return stored["payload"]["data"]["edition"]["parts"][0]["text"]
    return stored["text"]


def written(place: Place, text: str) -> str:
    """Return a text as the place is sent it: a blog gets HTML."""
    return to_html(text).strip() if place.account.platform == "wordpress" else text


def test_every_platform_has_a_connector(http: Http) -> None:
    assert set(connectors(http)) == set(PLATFORMS)


async def test_a_check_says_who_we_are_and_what_is_allowed(place: Place) -> None:
    identity = await place.connector.check(place.account)

    expected = {
        "mastodon": ("mastodon", Guarantee.REPLAY, 500),
        "gotosocial": ("gotosocial", Guarantee.SEARCH, 5000),
        "writeonly": ("mastodon", Guarantee.BLIND, 500),
        "misago": ("misago", Guarantee.SEARCH, 60_000),
        "webhook": ("standard", Guarantee.IDENTITY, 20_000),
        "wordpress": ("wordpress", Guarantee.IDENTITY, 100_000),
        "feed": ("hub", Guarantee.IDENTITY, 200_000),
        "bluesky": ("atproto", Guarantee.IDENTITY, 300),
    }
    assert (identity.dialect, identity.guarantee, identity.limits.text_max) == expected[place.name]
    assert (identity.remote_id == "") == (place.name == "writeonly")


async def test_a_publication_goes_out_once_with_its_picture(place: Place) -> None:
    story = await publish(place, a_sending(place, media=(a_picture(),)))

    assert story.steps[-1] == "commit:0"
    assert len(story.refs) == 1
    assert story.refs == story.sending.part_refs()
    assert place.connector.plan(story.sending) is None
    if place.base:
        assert len(await place.stored()) == 1


async def test_a_video_goes_out_where_the_place_takes_it(place: Place) -> None:
    sending = a_sending(place, media=(a_video(),))
    limits = PLATFORMS[place.account.platform].limits
    if limits.video is None:
        return

    story = await publish(place, sending)

    assert story.steps[-1] == "commit:0"
    assert len(story.refs) == 1
    if place.base:
        (stored,) = await place.stored()
        assert "640" in str(stored) or VIDEO_HASH[:16] in str(stored) or stored.get("media")


async def test_the_words_arrive_as_they_were_approved(remote: Place) -> None:
    text = "Été à la mer: <b>café</b> & \N{FAMILY} — line one\nline two\n\nnew paragraph"

    await publish(remote, a_sending(remote, text))

    (stored,) = await remote.stored()
    sent = (
        stored["payload"]["data"]["edition"]["parts"][0]["text"] if remote.inbox else stored["text"]
    )
    assert sent == written(remote, text)


async def test_the_same_key_twice_is_one_post_where_the_place_promises_it(remote: Place) -> None:
    sending = a_sending(remote)

    first = await publish(remote, sending)
    second = await publish(remote, sending)

    # GoToSocial never looks at the key, a forum knows none: there a search comes before a repeat.
    forgets = remote.name in {"gotosocial", "misago"}
    assert len(await remote.stored()) == (2 if forgets else 1)
    assert (first.refs == second.refs) == (not forgets)


@pytest.mark.parametrize("effect", ["drop_after", "html", "huge", "status_after"])
async def test_a_lost_answer_is_an_unknown_outcome_and_can_be_settled(
    remote: Place, effect: str
) -> None:
    sending = await ready(remote, a_sending(remote))
    step = commit_step(remote, sending)
    since = datetime.now(UTC)
    await remote.fault(effect, status=502)

    if remote.inbox and effect == "html":
        # A receiver may answer with whatever it likes: a 2xx is a yes.
        await remote.connector.perform(sending, step, Shelf())
    else:
        with pytest.raises((OutcomeUnknown, Transient)):
            await remote.connector.perform(sending, step, Shelf())
    found = await remote.connector.find_existing(sending, step, since)

    (stored,) = await remote.stored()
    match remote.name:
        case "writeonly":
            assert found == Unsupported()
        case "webhook":
            assert found == NotFound(strong=True)
        case _:
            assert isinstance(found, Found)
            assert found.ref.remote_id == stored["id"]


async def test_a_request_that_was_lost_leaves_nothing_and_that_is_certain(remote: Place) -> None:
    sending = await ready(remote, a_sending(remote))
    step = commit_step(remote, sending)
    since = datetime.now(UTC)
    await remote.fault("drop_before")

    with pytest.raises(OutcomeUnknown):
        await remote.connector.perform(sending, step, Shelf())
    found = await remote.connector.find_existing(sending, step, since)

    assert await remote.stored() == []
    assert found == (Unsupported() if remote.name == "writeonly" else NotFound(strong=True))


@pytest.mark.parametrize("effect", ["hang_after", "slow"])
async def test_a_silent_server_is_left_before_the_deadline_of_a_commit(
    remote: Place, effect: str
) -> None:
    sending = await ready(remote, a_sending(remote))
    step = commit_step(remote, sending)
    await remote.fault(effect)

    began = time.monotonic()
    async with open_http(allow=[urlsplit(remote.base).netloc], deadline=0.5) as impatient:
        with pytest.raises(OutcomeUnknown):
            await connectors(impatient)[remote.account.platform].perform(sending, step, Shelf())

    assert time.monotonic() - began < 2
    assert DEADLINE_SECONDS == 8.0
    assert len(await remote.stored()) == 1


async def test_a_rate_limit_says_how_long_to_wait(remote: Place) -> None:
    sending = await ready(remote, a_sending(remote))
    says = remote.name in {"webhook", "misago", "wordpress"}
    retry = {"Retry-After": "7"} if says else {}
    await remote.fault("ratelimit", headers=retry)

    with pytest.raises(RateLimited) as limited:
        await remote.connector.perform(sending, commit_step(remote, sending), Shelf())

    # Mastodon says when, in ISO 8601: its window is five minutes.
    asked = timedelta(seconds=7) if says else timedelta(minutes=5)
    assert limited.value.retry_after is not None
    assert abs(limited.value.retry_after - asked) < timedelta(seconds=2)
    assert await remote.stored() == []


async def test_an_unwell_server_is_transient_and_its_wish_to_wait_is_kept(remote: Place) -> None:
    sending = await ready(remote, a_sending(remote))
    await remote.fault("status", status=503, headers={"Retry-After": "30"})

    with pytest.raises(Transient) as unwell:
        await remote.connector.perform(sending, commit_step(remote, sending), Shelf())

    assert unwell.value.retry_after == timedelta(seconds=30)
    assert unwell.value.status == 503


@pytest.mark.parametrize(
    ("status", "kind"),
    [(301, Rejected), (308, Rejected), (401, NeedsAuth), (410, errors.Gone), (422, Rejected)],
)
async def test_a_clear_refusal_is_told_apart(
    remote: Place, status: int, kind: type[PlatformError]
) -> None:
    sending = await ready(remote, a_sending(remote))
    elsewhere = {"Location": f"{remote.base}/elsewhere"}
    await remote.fault("status", status=status, headers=elsewhere if status < 400 else {})

    with pytest.raises(kind) as refused:
        await remote.connector.perform(sending, commit_step(remote, sending), Shelf())

    assert type(refused.value) is kind
    assert refused.value.status == status
    assert await remote.stored() == []


async def test_a_server_that_is_not_there_was_sent_nothing(remote: Place, unused: str) -> None:
    settings = {
        **remote.account.settings,
        "base_url": f"http://{unused}",
        "url": f"http://{unused}/hook",
        "service": f"http://{unused}",
    }
    sending = await ready(remote, a_sending(remote))
    sending = replace(sending, account=replace(remote.account, settings=settings))
    async with open_http(allow=[unused]) as http:
        connector = connectors(http)[remote.account.platform]

        with pytest.raises(NotSent):
            await connector.perform(sending, commit_step(remote, sending), Shelf())


async def test_a_wrong_secret_needs_auth_and_is_never_repeated_in_the_error(remote: Place) -> None:
    wrong = "whsec_" + "d3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmcgd3Jvbmc="
    account = replace(remote.account, secrets=dict.fromkeys(remote.account.secrets, wrong))
    sending = replace(await ready(remote, a_sending(remote)), account=account)

    with pytest.raises(NeedsAuth) as refused:
        await remote.connector.perform(sending, commit_step(remote, sending), Shelf())

    assert wrong not in str(refused.value)
    assert wrong not in repr(account)
    assert await remote.stored() == []


async def test_what_is_taken_down_twice_is_gone_once(place: Place) -> None:
    story = await publish(place, a_sending(place))
    if Capability.DELETE not in PLATFORMS[place.account.platform].capabilities:
        with pytest.raises(errors.Unsupported):
            await place.connector.delete(place.account, story.refs[0])
        return

    await place.connector.delete(place.account, story.refs[0])
    await place.connector.delete(place.account, story.refs[0])

    if place.base:
        assert await place.stored() == []


async def test_other_words_take_the_place_of_a_post_and_twice_is_once(place: Place) -> None:
    story = await publish(place, a_sending(place, "As it was first approved"))
    if Capability.EDIT not in PLATFORMS[place.account.platform].capabilities:
        return
    amended = replace(
        a_sending(place, "As it was approved later"), amends=tuple(story.sending.part_refs())
    )

    first = await publish(place, amended)
    second = await publish(place, amended)

    assert first.refs == second.refs
    assert [ref.remote_id for ref in first.refs] == [ref.remote_id for ref in story.refs]
    if place.base:
        assert [sent_text(one) for one in await place.stored()] == [
            written(place, "As it was approved later")
        ]


async def test_what_is_out_can_be_read_back_whether_it_stands_was_changed_or_is_gone(
    place: Place,
) -> None:
    story = await publish(place, a_sending(place, "Words to be found again & again"))
    if Capability.READ_BACK not in await capabilities_of(place):
        return

    stands = await place.connector.read_back(story.sending, 0)
    other = a_sending(place, "Other words")
    changed = await place.connector.read_back(
        replace(other, checkpoint=story.sending.checkpoint), 0
    )
    await place.connector.delete(place.account, story.refs[0])
    gone = await place.connector.read_back(story.sending, 0)

    assert (stands.found, stands.changed) == (True, False)
    assert stands.text == "Words to be found again & again"
    assert (changed.found, changed.changed) == (True, True)
    assert gone.found is False


async def capabilities_of(place: Place) -> frozenset[Capability]:
    return (await place.connector.check(place.account)).capabilities


async def test_hiding_is_offered_only_where_it_can_be_done(place: Place) -> None:
    if Capability.HIDE in PLATFORMS[place.account.platform].capabilities:
        return
    one = Ref(remote_id="1")

    with pytest.raises(errors.Unsupported):
        await place.connector.hide(place.account, one, root=one, hidden=True)


async def test_a_text_at_the_limit_goes_out_and_one_over_it_is_refused(network: Place) -> None:
    limits = network.account.limits
    assert limits is not None
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
    # Seven code points of a joined emoji are one character for Mastodon, five for GoToSocial.
    weight = 5 if limits.counter == "codepoint" else 1
    text = "x" * (limits.text_max - weight) + family

    await publish(network, a_sending(network, text))
    with pytest.raises(Rejected) as refused:
        await publish(network, a_sending(network, text + "y"))

    assert refused.value.code == "TEXT_TOO_LONG"
    assert [len(one["text"]) for one in await network.stored()] == [len(text)]


async def test_hub_and_server_agree_on_the_length_of_links_and_mentions(mastodon: Place) -> None:
    limits = mastodon.account.limits
    assert limits is not None
    start = f"Look https://example.org/{'a' * 60} @bob@example.org "
    platform = PLATFORMS["mastodon"]
    used = a_sending(mastodon, start + "x").edition.parts[0].length - 1
    text = start + "x" * (limits.text_max - used)

    at_limit, over = a_sending(mastodon, text), a_sending(mastodon, text + "x")

    assert at_limit.edition.parts[0].length == limits.text_max
    await publish(mastodon, at_limit)
    with pytest.raises(Rejected):
        await publish(mastodon, over)
    assert platform.limits.url_weight == 23


async def test_a_picture_that_is_still_processed_is_waited_for(mastodon: Place) -> None:
    await mastodon.adjust(media_polls=2)

    story = await publish(mastodon, a_sending(mastodon, media=(a_picture("A boat"),)))

    assert story.steps == ["upload:0.0", "wait:0.0", "wait:0.0", "wait:0.0", "commit:0"]
    (stored,) = await mastodon.stored()
    assert stored["media"] == [f"{PICTURE_HASH[:16]}.png"]
    assert stored["descriptions"] == ["A boat"]


async def test_a_thread_goes_on_where_it_was_broken_off(network: Place) -> None:
    sending = a_sending(network, "First of three", "Second of three", "Third of three")
    first = await publish(network, sending, steps=1)
    await network.fault("status", status=503)
    with pytest.raises(Transient):
        await publish(network, first.sending)

    story = await publish(network, first.sending)

    assert story.steps == ["commit:1", "commit:2"]
    stored = await network.stored()
    assert [one["text"] for one in stored] == [
        "First of three",
        "Second of three",
        "Third of three",
    ]
    ids = [one["id"] for one in stored]
    assert [one["in_reply_to_id"] for one in stored] == [None, ids[0], ids[1]]
    assert [ref.remote_id for ref in story.sending.part_refs()] == ids


async def test_an_upload_that_was_lost_is_simply_repeated(network: Place) -> None:
    sending = a_sending(network, media=(a_picture(),))
    await network.fault("drop_after", path=network.upload_path)
    with pytest.raises(OutcomeUnknown):
        await publish(network, sending)

    story = await publish(network, sending)

    assert story.steps == ["upload:0.0", "commit:0"]
    assert len(await network.stored()) == 1


async def test_what_is_written_has_the_same_digest_in_every_plan(place: Place, http: Http) -> None:
    sending = await ready(place, a_sending(place))
    step = commit_step(place, sending)
    again = connectors(http)[place.account.platform]

    digest = place.connector.wire_digest(sending, step)
    story = await publish(place, sending)

    assert len(digest) == 64
    assert again.wire_digest(sending, step) == digest
    assert again.wire_digest(story.sending, step) == digest
    other = await ready(place, a_sending(place, "Something else"))
    assert place.connector.wire_digest(other, commit_step(place, other)) != digest


async def test_a_plan_is_the_same_however_often_it_is_made(place: Place) -> None:
    sending = a_sending(place, media=(a_picture(),))

    steps = [place.connector.plan(sending) for _ in range(2)]

    assert steps[0] == steps[1]
    assert steps[0] is not None


@pytest.mark.parametrize("name", ["mastodon", "bluesky"])
async def test_a_reply_hangs_below_what_it_answers(place_at: PlaceMaker, name: str) -> None:
    ours, theirs = await place_at(name), await place_at(name)
    question = (await publish(theirs, a_sending(theirs, "When do you open?"))).refs[0]

    answer = await publish(ours, a_sending(ours, "At nine.", in_reply_to=question))

    (stored,) = await ours.stored()
    assert stored["in_reply_to_id"] == question.remote_id
    assert answer.refs[0].remote_id == stored["id"]


@pytest.mark.parametrize(
    ("name", "nobody"), [("mastodon", "1"), ("bluesky", "at://did:plc:a/app.bsky.feed.post/b")]
)
async def test_an_answer_to_something_gone_is_told_apart(
    place_at: PlaceMaker, name: str, nobody: str
) -> None:
    ours = await place_at(name)

    with pytest.raises(errors.Gone):
        await publish(ours, a_sending(ours, "Too late", in_reply_to=Ref(remote_id=nobody)))

    assert await ours.stored() == []


async def test_places_without_engagement_say_so(place: Place) -> None:
    if {Capability.METRICS, Capability.MESSAGES} & await capabilities_of(place):
        return
    with pytest.raises(errors.Unsupported):
        await place.connector.fetch_metrics(place.account, [Ref(remote_id="1")])
    with pytest.raises(errors.Unsupported):
        await place.connector.fetch_messages(place.account, [Ref(remote_id="1")], "")


def test_the_connector_of_mastodon_serves_its_platform() -> None:
    assert Mastodon.platform == "mastodon"
