"""Sending through the whole engine, to a stateful stand-in of the platform over real HTTP."""

import hashlib
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hub.channels import operations as channels
from hub.channels.models import Channel, ChannelState
from hub.channels.platforms.base import Capability, Limits
from hub.content import operations as content
from hub.content.models import Edition
from hub.content.rules import Part, Words
from hub.kernel.editing import get
from hub.kernel.errors import Taken, TooLate, WrongState
from hub.publishing import operations as publishing
from hub.publishing.models import HoldReason, Publication, PublicationState
from hub.publishing.rules import ATTEMPTS, POLLS
from hub.review import operations as review
from hub.review.models import Approval, Review, Verdict
from tests.conftest import Database
from tests.factories import (
    World,
    a_channel,
    a_publication,
    an_item,
    approve,
    channel,
    in_review,
    publication,
)
from tests.workers.interleaving import run_to
from tests.workers.stands import (
    UPLOADS,
    Account,
    Stand,
    a_picture,
    an_account,
    attempts,
    item_of,
    job_of,
    outcomes,
    to_next_try,
)
from tests.working import a_toolbox, due_jobs, jobs_left, move_clock, work_off
from workers.handling import Toolbox, run
from workers.simulators.serving import served

S = PublicationState
HOUR = timedelta(hours=1)
PICTURE = b"\x89PNG\r\n\x1a\n" + b"a picture" * 20
PICTURE_HASH = hashlib.sha256(PICTURE).hexdigest()


@pytest.fixture
async def mastodon(world: World, tools: Toolbox, stands: dict[str, Stand]) -> Account:
    return await an_account(world, tools, stands["mastodon"])


async def approved(world: World, account: Account, text: str = "Hello, world") -> Any:
    """Write something and have it approved for an account, without a time."""
    item_id = await an_item(world, text=text)
    await approve(
        world,
        review_id=await in_review(world, item_id=item_id, channel_ids=[account.channel_id]),
    )
    return item_id


async def edition_of(world: World, row: Publication) -> Edition:
    async with world.hub.unit_of_work(world.system) as work:
        return await get(work, Edition, row.edition_id)


async def test_an_approved_text_reaches_a_feed(world: World, tools: Toolbox) -> None:
    channel_id = await a_channel(world, platform_key="feed")
    made = await a_publication(world, channel_id=channel_id)

    await work_off(tools)

    found = await publication(world, made.id)
    assert found.state is S.PUBLISHED
    assert found.sent_hash == found.approved_hash


async def test_what_was_approved_is_what_goes_out_and_its_digest_is_kept(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    made = await a_publication(world, channel_id=mastodon.channel_id, text="Ahoy, é 🐙")

    await work_off(tools)

    found = await publication(world, made.id)
    edition = await edition_of(world, found)
    (post,) = await mastodon.posts()
    wire = {"language": "en", "status": "Ahoy, é 🐙", "visibility": "public"}
    (attempt,) = await attempts(world, made.id)
    assert post["text"] == "Ahoy, é 🐙" == orjson.loads(edition.body)["parts"][0]["text"]
    assert found.state is S.PUBLISHED
    assert found.remote_id == post["id"]
    assert [ref["remote_id"] for ref in found.refs] == [post["id"]]
    assert found.approved_hash == found.sent_hash == edition.hash
    assert edition.hash == hashlib.sha256(edition.body.encode()).hexdigest()
    assert (attempt.number, attempt.outcome, attempt.step) == (1, "PUBLISHED", "commit:0")
    assert attempt.wire_digest == hashlib.sha256(orjson.dumps(wire)).hexdigest()
    assert (found.lease_until, found.commit_attempted_at, found.due_at) == (None, None, None)
    assert await job_of(world.hub, made.id) is None


async def test_a_picture_is_uploaded_once_and_waited_for(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    await mastodon.stand.ask("POST", "settings", json={"media_polls": 2})
    asset_id = await a_picture(world, tools, PICTURE, sha256=PICTURE_HASH, alt="A lighthouse")
    made = await a_publication(
        world, channel_id=mastodon.channel_id, parts=[Part(text="Look", media=(asset_id,))]
    )

    for _ in range(3):
        await work_off(tools)
        await move_clock(world.hub, database.owner_url, timedelta(seconds=3))
    await mastodon.stand.ask("POST", "settings", json={"media_polls": 0})

    (post,) = await mastodon.posts()
    assert post["media"] == [f"{PICTURE_HASH[:16]}.png"]
    assert post["descriptions"] == ["A lighthouse"]
    assert await outcomes(world, made.id) == ["PENDING", "PENDING", "PUBLISHED"]
    assert (await publication(world, made.id)).state is S.PUBLISHED


async def test_waiting_for_a_picture_uses_up_no_tries_but_ends(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    await mastodon.stand.ask("POST", "settings", json={"media_polls": 1000})
    asset_id = await a_picture(world, tools, PICTURE, sha256=PICTURE_HASH, alt="A lighthouse")
    made = await a_publication(
        world, channel_id=mastodon.channel_id, parts=[Part(text="Look", media=(asset_id,))]
    )

    async def polled(times: int) -> None:
        for _ in range(times):
            await work_off(tools)
            await move_clock(world.hub, database.owner_url, timedelta(minutes=6))

    await polled(ATTEMPTS + 2)
    await mastodon.stand.fault("status", method="GET", path="/api/v1/media/*", status=502)
    await polled(1)
    after_one_error = (await publication(world, made.id)).state
    await polled(POLLS)
    await mastodon.stand.ask("POST", "settings", json={"media_polls": 0})

    found = await publication(world, made.id)
    said = await outcomes(world, made.id)
    assert after_one_error is S.SCHEDULED
    assert (found.state, found.problem) == (
        S.FAILED,
        "The platform never finished with a picture.",
    )
    assert (said.count("PENDING"), said.count("TRANSIENT"), said[-1]) == (POLLS, 1, "REJECTED")
    assert await mastodon.posts() == []


async def test_a_picture_that_is_not_the_approved_one_is_never_sent(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    asset_id = await a_picture(world, tools, b"another", sha256=PICTURE_HASH, alt="A lighthouse")
    made = await a_publication(
        world, channel_id=mastodon.channel_id, parts=[Part(text="Look", media=(asset_id,))]
    )

    await work_off(tools)

    (attempt,) = await attempts(world, made.id)
    assert (await publication(world, made.id)).state is S.FAILED
    assert (attempt.outcome, attempt.error) == ("REJECTED", "MEDIA_MISSING")
    assert await mastodon.posts() == []


async def test_a_thread_is_one_chain_and_resumes_where_it_stopped(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    parts = [Part(text="One"), Part(text="Two"), Part(text="Three")]
    made = await a_publication(world, channel_id=mastodon.channel_id, parts=parts)
    await mastodon.stand.fault("status", status=429, count=1)
    await work_off(tools)
    held = await publication(world, made.id)
    await forget_rate(world, mastodon)
    await move_clock(world.hub, database.owner_url, timedelta(minutes=6))
    await work_off(tools)

    posts = await mastodon.posts()
    assert held.state is S.SCHEDULED
    assert [post["text"] for post in posts] == ["One", "Two", "Three"]
    assert [post["in_reply_to_id"] for post in posts] == [None, posts[0]["id"], posts[1]["id"]]
    assert [ref["remote_id"] for ref in (await publication(world, made.id)).refs] == [
        post["id"] for post in posts
    ]


async def forget_rate(world: World, account: Account) -> None:
    """Let the time pass that the platform asked to wait."""
    async with world.hub.unit_of_work(world.system) as work:
        await work.change(
            update(Channel)
            .where(Channel.id == account.channel_id)
            .values(rate_held_until=work.clock - timedelta(seconds=1))
        )


ERRORS: dict[str, tuple[dict[str, Any], S, HoldReason | None, tuple[Any, ...], bool]] = {
    "the platform refuses the text": (
        {"effect": "status", "status": 422, "said": "Validation failed: Text can't be blank"},
        S.FAILED,
        None,
        ("REJECTED", "TEXT_EMPTY", 422),
        False,
    ),
    "the target is gone": (
        {"effect": "status", "status": 404, "said": "Record not found"},
        S.FAILED,
        None,
        ("GONE", "Gone", 404),
        False,
    ),
    "the token is not valid": (
        {"effect": "status", "status": 401, "said": "The access token is invalid"},
        S.HELD,
        HoldReason.NEEDS_AUTH,
        ("NEEDS_AUTH", "NeedsAuth", 401),
        False,
    ),
    "too many requests": (
        {"effect": "ratelimit", "headers": {"retry-after": "60"}},
        S.SCHEDULED,
        None,
        ("RATE_LIMITED", "RateLimited", 429),
        False,
    ),
    "the server is unwell": (
        {"effect": "status", "status": 503},
        S.UNCONFIRMED,
        None,
        ("TRANSIENT", "Transient", 503),
        True,
    ),
    "the connection is cut": (
        {"effect": "drop_before"},
        S.UNCONFIRMED,
        None,
        ("UNKNOWN", "OutcomeUnknown", None),
        True,
    ),
}


@pytest.mark.parametrize("case", ERRORS)
async def test_each_error_leads_to_its_state_and_is_kept_as_evidence(
    world: World, tools: Toolbox, mastodon: Account, case: str
) -> None:
    fault, state, reason, evidence, in_doubt = ERRORS[case]
    await mastodon.stand.fault(**fault)
    made = await a_publication(world, channel_id=mastodon.channel_id)

    await work_off(tools)

    found = await publication(world, made.id)
    (attempt,) = await attempts(world, made.id)
    assert (found.state, found.hold_reason) == (state, reason)
    assert (attempt.outcome, attempt.error, attempt.status) == evidence
    assert attempt.finished_at is not None
    assert (found.commit_attempted_at is not None) is in_doubt
    assert found.problem == attempt.message != ""
    assert await mastodon.posts() == []


async def test_an_address_nobody_listens_at_is_tried_again_and_nothing_is_in_doubt(
    world: World, database: Database, tools: Toolbox, mastodon: Account
) -> None:
    made = await a_publication(world, channel_id=mastodon.channel_id)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        netloc = f"127.0.0.1:{silent.getsockname()[1]}"
        await point_at(world, mastodon, f"http://{netloc}")
        async with a_toolbox(world.hub, allow=(netloc,), deadline=1.0) as cut_off:
            await work_off(cut_off)
    found = await publication(world, made.id)
    await point_at(world, mastodon, mastodon.stand.base)
    await move_clock(world.hub, database.owner_url, timedelta(seconds=16))
    await work_off(tools)

    assert (found.state, found.commit_attempted_at) == (S.SCHEDULED, None)
    assert await outcomes(world, made.id) == ["NOT_SENT", "PUBLISHED"]
    assert await mastodon.texts() == ["Hello, world"]


async def point_at(world: World, account: Account, base_url: str) -> None:
    """Let the server of a channel be elsewhere, as a change of its DNS would."""
    async with world.hub.unit_of_work(world.system) as work:
        row = await get(work, Channel, account.channel_id)
        row.settings = {**row.settings, "base_url": base_url}


async def test_a_place_that_never_works_is_given_up_and_may_be_reopened(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    asset_id = await a_picture(world, tools, PICTURE, sha256=PICTURE_HASH, alt="A lighthouse")
    await mastodon.stand.fault("status", path=UPLOADS, status=500, count=0)
    made = await a_publication(
        world, channel_id=mastodon.channel_id, parts=[Part(text="Look", media=(asset_id,))]
    )
    for _ in range(ATTEMPTS):
        await to_next_try(world, database.owner_url, made.id)
        await work_off(tools)
    given_up = await publication(world, made.id)
    await mastodon.stand.quiet()
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.retry(work, publication_id=made.id)
    await work_off(tools)

    assert given_up.state is S.FAILED
    assert await outcomes(world, made.id) == ["TRANSIENT"] * ATTEMPTS + ["PUBLISHED"]
    assert await mastodon.texts() == ["Look"]


async def test_nobody_calls_before_the_platform_allows_it(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    await mastodon.stand.fault("ratelimit", headers={"retry-after": "3600"})
    first = await a_publication(world, channel_id=mastodon.channel_id, text="First")
    await work_off(tools)
    second = await a_publication(world, channel_id=mastodon.channel_id, text="Second")
    await move_clock(world.hub, database.owner_url, timedelta(minutes=59))
    await work_off(tools)
    called_early = await mastodon.posts()
    early = [await publication(world, made.id) for made in (first, second)]

    await forget_rate(world, mastodon)
    for made in (first, second):
        await to_next_try(world, database.owner_url, made.id)
        await work_off(tools)

    assert called_early == []
    assert [row.state for row in early] == [S.SCHEDULED, S.SCHEDULED]
    assert sorted(await mastodon.texts()) == ["First", "Second"]
    assert await outcomes(world, second.id) == ["PUBLISHED"]


async def test_a_rate_limit_met_by_one_stops_another_that_was_claimed_already(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    made = await a_publication(world, channel_id=mastodon.channel_id)
    until = datetime.now(UTC) + HOUR

    async def limited() -> None:
        async with world.hub.unit_of_work(world.system) as work:
            await channels.hold_for_rate(work, channel_id=mastodon.channel_id, until=until)

    await run_with(tools, made, at="before_truth", do=limited)

    found = await publication(world, made.id)
    assert (found.state, found.commit_attempted_at) == (S.SCHEDULED, None)
    assert await outcomes(world, made.id) == ["RATE_HELD"]
    assert await mastodon.posts() == []


async def run_with(tools: Toolbox, made: Publication, *, at: str, do: Any) -> None:
    """Run the job of a publication; something else happens exactly at a milestone of it."""
    async with run_to(tools, made.id, at):
        await do()


async def test_a_token_that_stopped_working_holds_the_channel_until_it_is_renewed(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    await mastodon.stand.fault("status", status=401)
    first = await a_publication(world, channel_id=mastodon.channel_id, text="First")
    second = await a_publication(world, channel_id=mastodon.channel_id, text="Second")
    await work_off(tools)
    held = [await publication(world, made.id) for made in (first, second)]
    broken = await channel(world, mastodon.channel_id)

    async with world.hub.unit_of_work(world.manager) as work:
        await channels.check(work, channel_id=mastodon.channel_id)
    await work_off(tools)
    for made in (first, second):
        if (await publication(world, made.id)).state is S.HELD:
            async with world.hub.unit_of_work(world.editor) as work:
                await publishing.resume(work, publication_id=made.id)
    await work_off(tools)

    assert broken.state is ChannelState.NEEDS_AUTH
    assert S.HELD in {row.state for row in held}
    assert {row.hold_reason for row in held} <= {HoldReason.NEEDS_AUTH, None}
    assert sorted(await mastodon.texts()) == ["First", "Second"]


async def test_new_credentials_are_not_used_before_it_is_known_whose_they_are(
    world: World, tools: Toolbox, mastodon: Account, stands: dict[str, Stand], database: Database
) -> None:
    other = await an_account(world, tools, stands["mastodon"])
    made = await a_publication(world, channel_id=mastodon.channel_id)
    joined = await mastodon.stand.ask("POST", "accounts", json={"username": other.name})
    async with world.hub.unit_of_work(world.manager) as work:
        await channels.update(
            work,
            channel_id=mastodon.channel_id,
            changes={"credentials": {"access_token": joined["access_token"]}},
        )
    row = await job_of(world.hub, made.id)

    await run(row.id, tools)
    waiting = await publication(world, made.id)
    for _ in range(2):
        await move_clock(world.hub, database.owner_url, timedelta(seconds=5))
        await work_off(tools)

    assert (waiting.state, waiting.attempts) == (S.SCHEDULED, 0)
    assert (await channel(world, mastodon.channel_id)).state is ChannelState.FAILED
    assert (await publication(world, made.id)).hold_reason is HoldReason.NEEDS_AUTH
    assert await mastodon.posts() == await other.posts() == []


async def test_what_was_refused_may_be_reopened_with_another_key(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    await mastodon.stand.fault("status", status=422)
    made = await a_publication(world, channel_id=mastodon.channel_id)
    await work_off(tools)
    refused = await publication(world, made.id)
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.retry(work, publication_id=made.id)
    await work_off(tools)

    found = await publication(world, made.id)
    assert (refused.state, found.state) == (S.FAILED, S.PUBLISHED)
    assert found.idempotency_key != refused.idempotency_key
    assert await outcomes(world, made.id) == ["REJECTED", "PUBLISHED"]
    assert await mastodon.texts() == ["Hello, world"]


async def test_two_channels_do_not_share_their_fate(
    world: World, tools: Toolbox, mastodon: Account, stands: dict[str, Stand]
) -> None:
    hook = await an_account(world, tools, stands["webhook"])
    await mastodon.stand.fault("status", status=422)
    item_id = await an_item(world)
    await approve(
        world,
        review_id=await in_review(
            world,
            item_id=item_id,
            channel_ids=[mastodon.channel_id, hook.channel_id],
            scheduled_for=await world.hub.now(),
        ),
    )

    await work_off(tools)

    async with world.hub.unit_of_work(world.system) as work:
        rows = await work.all(select(Publication).where(Publication.item_id == item_id))
    states = {row.channel_id: row.state for row in rows}
    assert states == {mastodon.channel_id: S.FAILED, hook.channel_id: S.PUBLISHED}
    (delivered,) = await hook.posts()
    sent = next(row for row in rows if row.channel_id == hook.channel_id)
    assert delivered["payload"]["data"]["editionHash"] == sent.sent_hash == sent.approved_hash
    assert await mastodon.posts() == []


async def test_what_missed_its_time_is_held_and_not_dropped(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    made = await a_publication(
        world, channel_id=mastodon.channel_id, scheduled_for=await world.hub.now() + HOUR
    )
    early = await work_off(tools)
    await move_clock(world.hub, database.owner_url, HOUR + timedelta(minutes=16))
    await work_off(tools)
    missed = await publication(world, made.id)
    before = await mastodon.posts()
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.resume(work, publication_id=made.id)
    await work_off(tools)

    assert early == 0
    assert (missed.state, missed.hold_reason) == (S.HELD, HoldReason.MISSED)
    assert (missed.scheduled_for, before) == (made.scheduled_for, [])
    assert (await publication(world, made.id)).state is S.PUBLISHED


async def test_what_is_a_little_late_goes_out_and_nothing_goes_out_early(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    made = await a_publication(
        world, channel_id=mastodon.channel_id, scheduled_for=await world.hub.now() + HOUR
    )
    await move_clock(world.hub, database.owner_url, timedelta(minutes=59))
    early = await due_jobs(world.hub)
    await move_clock(world.hub, database.owner_url, timedelta(minutes=15))
    await work_off(tools)

    assert early == []
    assert (await publication(world, made.id)).state is S.PUBLISHED


async def test_what_is_past_its_latest_time_expires(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    item_id = await approved(world, mastodon)
    now = await world.hub.now()
    async with world.hub.unit_of_work(world.editor) as work:
        made = await publishing.schedule(
            work,
            item_id=item_id,
            channel_id=mastodon.channel_id,
            scheduled_for=now + HOUR,
            expires_at=now + HOUR + timedelta(minutes=5),
        )
    await move_clock(world.hub, database.owner_url, HOUR + timedelta(minutes=6))
    await work_off(tools)

    found = await publication(world, made.id)
    assert (found.state, found.hold_reason, found.due_at) == (S.EXPIRED, None, None)
    assert (await mastodon.posts(), await jobs_left(world.hub)) == ([], [])


async def test_a_channel_that_is_switched_off_keeps_all_back_until_it_is_switched_on(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    due = await a_publication(world, channel_id=mastodon.channel_id, text="Now")
    later = await a_publication(
        world,
        channel_id=mastodon.channel_id,
        text="Later",
        scheduled_for=await world.hub.now() + timedelta(minutes=5),
    )
    async with world.hub.unit_of_work(world.manager) as work:
        await channels.set_enabled(work, channel_id=mastodon.channel_id, enabled=False)
    await move_clock(world.hub, database.owner_url, timedelta(minutes=6))
    await work_off(tools)
    held = [await publication(world, made.id) for made in (due, later)]
    before = await mastodon.posts()
    async with world.hub.unit_of_work(world.manager) as work:
        await channels.set_enabled(work, channel_id=mastodon.channel_id, enabled=True)
    await work_off(tools)

    assert [row.hold_reason for row in held] == [HoldReason.PAUSED, HoldReason.PAUSED]
    assert before == []
    assert sorted(await mastodon.texts()) == ["Later", "Now"]


async def test_an_edition_made_for_other_settings_is_stale(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    made = await a_publication(world, channel_id=mastodon.channel_id)
    async with world.hub.unit_of_work(world.manager) as work:
        await channels.update(
            work,
            channel_id=mastodon.channel_id,
            changes={"settings": {"base_url": mastodon.stand.base, "visibility": "unlisted"}},
        )
    await work_off(tools)
    await move_clock(world.hub, database.owner_url, timedelta(seconds=5))
    await work_off(tools)

    found = await publication(world, made.id)
    assert (found.state, found.hold_reason) == (S.HELD, HoldReason.EDITION_STALE)
    with pytest.raises(WrongState, match="Submit the text for review again"):
        async with world.hub.unit_of_work(world.editor) as work:
            await publishing.resume(work, publication_id=made.id)
    assert await mastodon.posts() == []


async def test_an_edit_holds_the_approved_words_until_somebody_sends_them_knowingly(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    made = await a_publication(world, channel_id=mastodon.channel_id, text="Approved")
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(
            work, item_id=item_of(made), words=Words(parts=(Part(text="Changed"),))
        )
    await work_off(tools)
    held = await publication(world, made.id)
    before = await mastodon.posts()
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.resume(work, publication_id=made.id)
    await work_off(tools)

    assert (held.state, held.hold_reason, before) == (S.HELD, HoldReason.SUPERSEDED, [])
    assert await mastodon.texts() == ["Approved"]


async def archived(world: World, made: Publication) -> None:
    async with world.hub.unit_of_work(world.editor) as work:
        await content.archive_item(work, item_id=item_of(made))


async def revoked(world: World, made: Publication) -> None:
    async with world.hub.unit_of_work(world.approver) as work:
        reviews = await work.all(select(Review).where(Review.item_id == made.item_id))
        await review.decide(work, review_id=reviews[0].id, verdict=Verdict.REQUEST_CHANGES)


@pytest.mark.parametrize("withdrawn", [archived, revoked])
@pytest.mark.parametrize("moment", ["", "after_claim", "before_truth"])
async def test_without_a_valid_approval_nothing_goes_out_not_even_when_resumed(
    world: World, tools: Toolbox, mastodon: Account, withdrawn: Any, moment: str
) -> None:
    made = await a_publication(world, channel_id=mastodon.channel_id)
    if moment:
        await run_with(tools, made, at=moment, do=lambda: withdrawn(world, made))
    else:
        await withdrawn(world, made)
    await work_off(tools)
    held = await publication(world, made.id)
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.resume(work, publication_id=made.id)
    await work_off(tools)

    again = await publication(world, made.id)
    assert (held.state, held.hold_reason) == (S.HELD, HoldReason.UNAPPROVED)
    assert (again.state, again.hold_reason) == (S.HELD, HoldReason.UNAPPROVED)
    assert await mastodon.posts() == []


async def approval_gone(world: World, made: Publication, owner_url: str) -> None:
    async with world.hub.unit_of_work(world.system) as work:
        await work.change(
            update(Approval)
            .where(Approval.edition_id == made.edition_id)
            .values(revoked_at=work.now)
        )


async def limits_changed(world: World, made: Publication, owner_url: str) -> None:
    row = await channel(world, made.channel_id)
    async with world.hub.unit_of_work(world.system) as work:
        await channels.settle_check(
            work,
            channel_id=row.id,
            found=channels.Checked(
                remote_id=row.remote_id,
                handle=row.handle,
                url=row.url,
                dialect=row.dialect,
                guarantee=row.guarantee,
                capabilities=frozenset(Capability(name) for name in row.capabilities),
                limits=replace(Limits.from_json(row.limits), text_max=7),
            ),
        )


async def check_failed(world: World, made: Publication, owner_url: str) -> None:
    async with world.hub.unit_of_work(world.system) as work:
        await channels.settle_failed_check(
            work, channel_id=made.channel_id, message="No such server.", needs_auth=False
        )


async def time_passed(world: World, made: Publication, owner_url: str) -> None:
    await move_clock(world.hub, owner_url, timedelta(minutes=16))


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (approval_gone, HoldReason.UNAPPROVED),
        (limits_changed, HoldReason.EDITION_STALE),
        (check_failed, HoldReason.NEEDS_AUTH),
        (time_passed, HoldReason.MISSED),
    ],
)
async def test_all_is_asked_once_more_at_the_moment_of_truth(
    world: World,
    tools: Toolbox,
    mastodon: Account,
    database: Database,
    happens: Any,
    reason: HoldReason,
) -> None:
    made = await a_publication(world, channel_id=mastodon.channel_id)

    await run_with(
        tools, made, at="before_truth", do=lambda: happens(world, made, database.owner_url)
    )

    found = await publication(world, made.id)
    assert (found.state, found.hold_reason, found.lease_until) == (S.HELD, reason, None)
    assert found.commit_attempted_at is None
    assert await outcomes(world, made.id) == ["STOPPED"]
    assert (await mastodon.posts(), await jobs_left(world.hub)) == ([], [])


@pytest.mark.parametrize("moment", ["before_claim", "after_claim", "before_truth"])
async def test_a_publication_is_called_back_in_time(
    world: World, tools: Toolbox, mastodon: Account, moment: str
) -> None:
    made = await a_publication(world, channel_id=mastodon.channel_id)

    async def call_back() -> None:
        async with world.hub.unit_of_work(world.editor) as work:
            await publishing.cancel(work, publication_id=made.id)

    await run_with(tools, made, at=moment, do=call_back)
    await work_off(tools)

    assert (await publication(world, made.id)).state is S.CANCELLED
    assert (await mastodon.posts(), await jobs_left(world.hub)) == ([], [])


@pytest.mark.parametrize(
    "moment", ["after_truth", "performed:commit", "saved:commit", "before_settle"]
)
async def test_past_its_moment_of_truth_it_is_too_late_to_stop_it(
    world: World, tools: Toolbox, mastodon: Account, moment: str
) -> None:
    made = await a_publication(world, channel_id=mastodon.channel_id)
    told: list[str] = []

    async def stop() -> None:
        with pytest.raises(TooLate):
            async with world.hub.unit_of_work(world.editor) as work:
                await publishing.cancel(work, publication_id=made.id)
        async with world.hub.unit_of_work(world.manager) as work:
            await channels.set_enabled(work, channel_id=mastodon.channel_id, enabled=False)
            told.extend(
                str(found)
                for found in await publishing.in_flight(work, channel_id=mastodon.channel_id)
            )
        async with world.hub.unit_of_work(world.editor) as work:
            await content.revise_item(
                work, item_id=item_of(made), words=Words(parts=(Part(text="Changed"),))
            )
        await revoked(world, made)

    await run_with(tools, made, at=moment, do=stop)

    assert told == [str(made.id)]
    assert (await publication(world, made.id)).state is S.PUBLISHED
    assert await mastodon.texts() == ["Hello, world"]
    with pytest.raises(WrongState):
        async with world.hub.unit_of_work(world.editor) as work:
            await publishing.cancel(work, publication_id=made.id)


async def unconfirmed(world: World, tools: Toolbox, account: Account) -> Publication:
    """Lose the answer of a place that cannot be asked."""
    await account.stand.fault("drop_after")
    made = await a_publication(world, channel_id=account.channel_id)
    await work_off(tools)
    found = await publication(world, made.id)
    assert (found.state, found.due_at) == (S.UNCONFIRMED, None)
    return found


async def test_a_person_confirms_what_nobody_could_ask_about(
    world: World, tools: Toolbox, stands: dict[str, Stand]
) -> None:
    blind = await an_account(world, tools, stands["writeonly"])
    made = await unconfirmed(world, tools, blind)
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.confirm(work, publication_id=made.id, url="https://social.example/1")
    await work_off(tools)

    found = await publication(world, made.id)
    assert (found.state, found.url) == (S.PUBLISHED, "https://social.example/1")
    assert found.sent_hash == found.approved_hash
    assert len(await blind.posts()) == 1


async def test_a_person_lets_it_be(world: World, tools: Toolbox, stands: dict[str, Stand]) -> None:
    blind = await an_account(world, tools, stands["writeonly"])
    made = await unconfirmed(world, tools, blind)
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.abandon(work, publication_id=made.id)
    await work_off(tools)

    assert (await publication(world, made.id)).state is S.FAILED
    assert len(await blind.posts()) == 1


async def test_only_a_person_may_send_again_and_then_it_is_a_second_post(
    world: World, tools: Toolbox, stands: dict[str, Stand], database: Database
) -> None:
    blind = await an_account(world, tools, stands["writeonly"])
    made = await unconfirmed(world, tools, blind)
    await move_clock(world.hub, database.owner_url, timedelta(days=1))
    await work_off(tools)
    alone = len(await blind.posts())
    async with world.hub.unit_of_work(world.editor) as work:
        await publishing.retry(work, publication_id=made.id)
    await work_off(tools)

    assert alone == 1
    assert (await publication(world, made.id)).state is S.PUBLISHED
    assert len(await blind.posts()) == 2


async def test_the_same_words_are_not_scheduled_twice_on_a_channel(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    item_id = await approved(world, mastodon)

    async def schedule() -> Publication:
        async with world.hub.unit_of_work(world.editor) as work:
            return await publishing.schedule(work, item_id=item_id, channel_id=mastodon.channel_id)

    made = await schedule()
    with pytest.raises(Taken):
        await schedule()
    await work_off(tools)
    with pytest.raises(Taken):
        await schedule()

    assert (await publication(world, made.id)).state is S.PUBLISHED
    assert await mastodon.texts() == ["Hello, world"]


async def test_moving_a_publication_moves_its_job_both_ways(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    now = await world.hub.now()
    made = await a_publication(
        world, channel_id=mastodon.channel_id, scheduled_for=now + timedelta(hours=2)
    )
    for hours in (3, 1):
        async with world.hub.unit_of_work(world.editor) as work:
            await publishing.reschedule(
                work, publication_id=made.id, scheduled_for=now + timedelta(hours=hours)
            )
    await move_clock(world.hub, database.owner_url, HOUR + timedelta(seconds=1))
    await work_off(tools)

    assert (await publication(world, made.id)).state is S.PUBLISHED


async def test_a_place_that_answers_with_another_post_is_not_believed(
    world: World, tools: Toolbox
) -> None:
    async def always_one(request: Request) -> JSONResponse:
        address = "https://social.example/@brand/1"
        return JSONResponse(
            {
                "id": "1",
                "url": address,
                "uri": address,
                "created_at": "2026-01-01T00:00:00Z",
                "account": {"id": "1"},
            }
        )

    with served(Starlette(routes=[Route("/api/v1/statuses", always_one, methods=["POST"])])) as at:
        async with a_toolbox(world.hub, allow=(at.removeprefix("http://"),)) as reaching:
            channel_id = await a_channel(world, settings={"base_url": at})
            first = await a_publication(world, channel_id=channel_id, text="First")
            await work_off(reaching)
            second = await a_publication(world, channel_id=channel_id, text="Second")
            await work_off(reaching)

    found = await publication(world, second.id)
    assert (await publication(world, first.id)).state is S.PUBLISHED
    assert (found.state, found.due_at) == (S.UNCONFIRMED, None)
    assert found.problem == "The platform answered with a post that is another publication."


async def test_a_receiver_that_always_answers_the_same_id_gets_every_delivery(
    world: World, tools: Toolbox
) -> None:
    async def always_ok(request: Request) -> JSONResponse:
        return JSONResponse({"id": "ok"})

    with served(Starlette(routes=[Route("/in", always_ok, methods=["POST"])])) as at:
        async with a_toolbox(world.hub, allow=(at.removeprefix("http://"),)) as reaching:
            channel_id = await a_channel(
                world, platform_key="webhook", settings={"url": f"{at}/in"}
            )
            made = [
                await a_publication(world, channel_id=channel_id, text=words)
                for words in ("First", "Second")
            ]
            await work_off(reaching)

    found = [await publication(world, row.id) for row in made]
    assert [row.state for row in found] == [S.PUBLISHED, S.PUBLISHED]
    assert len({row.remote_id for row in found}) == 2


async def test_the_worker_of_a_try_is_named(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    made = await a_publication(world, channel_id=mastodon.channel_id)

    await work_off(replace(tools, worker="ship:7"))

    assert [attempt.worker for attempt in await attempts(world, made.id)] == ["ship:7"]
