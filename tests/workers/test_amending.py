"""Changing and taking down what is out, through the whole engine, against a stand-in."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select, text

from hub.channels import operations as channels
from hub.channels.models import ChannelState
from hub.content import operations as content
from hub.content.rules import Part, Words
from hub.publishing import amendments
from hub.publishing import operations as publishing
from hub.publishing.models import (
    Amendment,
    AmendmentKind,
    AmendmentState,
    Publication,
    PublicationState,
    Standing,
)
from hub.publishing.rules import WITHDRAWAL_TRIES
from hub.review import operations as review
from hub.review.models import Verdict
from tests.conftest import Database
from tests.factories import (
    World,
    a_channel,
    a_publication,
    approve,
    channel,
    in_review,
    publication,
)
from tests.hub.traces import events_of, put, refusal
from tests.workers.stands import STATUSES, Account, Stand, an_account, item_of
from tests.working import jobs_left, move_clock, work_off
from workers.handling import Toolbox, run

S = PublicationState
A = AmendmentState


@pytest.fixture
async def mastodon(world: World, tools: Toolbox, stands: dict[str, Stand]) -> Account:
    return await an_account(world, tools, stands["mastodon"])


async def out(world: World, tools: Toolbox, account: Account, *texts: str) -> Publication:
    """Publish something, a thread where there are several texts."""
    made = await a_publication(
        world, channel_id=account.channel_id, parts=[Part(text=text) for text in texts]
    )
    await work_off(tools)
    found = await publication(world, made.id)
    assert found.state is S.PUBLISHED
    return found


async def rewrite(world: World, row: Publication, *texts: str) -> None:
    """Write other words; nobody has approved them yet."""
    async with world.hub.unit_of_work(world.editor) as work:
        await content.revise_item(
            work,
            item_id=item_of(row),
            words=Words(parts=tuple(Part(text=text) for text in texts)),
        )


async def reapprove(world: World, row: Publication) -> UUID:
    """Have the words as they are now approved for the same channel, without a time."""
    review_id = await in_review(world, item_id=item_of(row), channel_ids=[row.channel_id])
    await approve(world, review_id=review_id)
    return review_id


async def ask(world: World, name: str, row: Publication, **more: Any) -> None:
    """Ask for something as the editor."""
    async with world.hub.unit_of_work(world.editor) as work:
        await getattr(amendments, name)(work, publication_id=row.id, **more)


async def amendments_of(world: World, row: Publication) -> list[Amendment]:
    async with world.hub.unit_of_work(world.system) as work:
        found = await work.all(
            select(Amendment).where(Amendment.publication_id == row.id).order_by(Amendment.id)
        )
    return list(found)


async def the_job(world: World, tools: Toolbox) -> None:
    """Run the jobs of amendments that are due, and nothing else."""
    for row in await jobs_left(world.hub):
        if row.name == "publishing.amend":
            await run(row.id, tools)


async def living(account: Account) -> list[str]:
    return [post["text"] for post in await account.posts() if not post["deleted"]]


async def test_newly_approved_words_take_the_place_of_those_that_are_out(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "The fair is on Monday")
    await rewrite(world, row, "The fair is on Tuesday")
    await reapprove(world, row)

    await ask(world, "edit", row)
    await work_off(tools)

    found = await publication(world, row.id)
    (done,) = await amendments_of(world, row)
    assert await living(mastodon) == ["The fair is on Tuesday"]
    assert len(await mastodon.posts()) == 1
    assert (found.state, found.remote_id, found.url) == (S.PUBLISHED, row.remote_id, row.url)
    assert found.approved_hash == found.sent_hash == done.hash != row.approved_hash
    assert (found.edition_id, found.revision_id) == (done.edition_id, found.revision_id)
    assert found.revision_id != row.revision_id
    assert (done.kind, done.state, done.former_edition_id) == (
        AmendmentKind.EDIT,
        A.DONE,
        row.edition_id,
    )
    assert done.requested_by == world.editor.member_id
    assert found.edited_at is not None
    assert [event.name for event in await events_of(world)][-3:] == [
        "amendment.requested",
        "publication.edited",
        "amendment.done",
    ]


async def test_every_part_of_a_thread_is_changed_and_stays_where_it_is(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "one", "two", "three")
    await rewrite(world, row, "One", "Two", "Three")
    await reapprove(world, row)

    await ask(world, "edit", row)
    await work_off(tools)

    posts = await mastodon.posts()
    assert [post["text"] for post in posts] == ["One", "Two", "Three"]
    assert [post["in_reply_to_id"] for post in posts] == [None, posts[0]["id"], posts[1]["id"]]
    assert [ref["remote_id"] for ref in (await publication(world, row.id)).refs] == [
        post["id"] for post in posts
    ]


async def test_words_nobody_approved_are_never_put_there(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "Approved")
    edit = partial(amendments.edit, publication_id=row.id)

    assert await refusal(world, world.editor, edit) == ("WRONG_STATE", ("input", "id"))
    # Written again, and approved again: but nothing else is said.
    await rewrite(world, row, "Another")
    await rewrite(world, row, "Approved")
    await reapprove(world, row)
    assert await refusal(world, world.editor, edit) == ("WRONG_STATE", ("input", "id"))
    await rewrite(world, row, "Not approved")
    assert await refusal(world, world.editor, edit) == ("NOT_APPROVED", ("input", "id"))
    await in_review(world, item_id=item_of(row), channel_ids=[row.channel_id])
    assert await refusal(world, world.editor, edit) == ("NOT_APPROVED", ("input", "id"))

    assert await living(mastodon) == ["Approved"]
    assert await amendments_of(world, row) == []


@pytest.mark.parametrize("how", ["revoke", "rewrite", "archive", "disable", "move"])
async def test_what_changes_before_the_moment_of_truth_stops_an_edit(
    world: World, tools: Toolbox, mastodon: Account, database: Database, how: str
) -> None:
    row = await out(world, tools, mastodon, "Before")
    await rewrite(world, row, "After")
    review_id = await reapprove(world, row)
    await ask(world, "edit", row)

    async def meanwhile(milestone: str) -> None:
        if milestone == "amendment:claimed":
            await _change(world, database, row, review_id, how)

    await the_job(world, tools_with(tools, meanwhile))

    (stopped,) = await amendments_of(world, row)
    assert (stopped.state, stopped.attempted_at) == (A.FAILED, None)
    assert stopped.problem
    assert await living(mastodon) == ["Before"]
    assert (await publication(world, row.id)).sent_hash == row.sent_hash


async def _change(
    world: World, database: Database, row: Publication, review_id: UUID, how: str
) -> None:
    match how:
        case "revoke":
            async with world.hub.unit_of_work(world.approver) as work:
                await review.decide(
                    work, review_id=review_id, verdict=Verdict.REQUEST_CHANGES, remark="No."
                )
        case "rewrite":
            await rewrite(world, row, "Later still")
        case "archive":
            async with world.hub.unit_of_work(world.editor) as work:
                await content.archive_item(work, item_id=item_of(row))
        case "disable":
            async with world.hub.unit_of_work(world.manager) as work:
                await channels.set_enabled(work, channel_id=row.channel_id, enabled=False)
        case _:
            await put(database, "channels", row.channel_id, basis="another")


def tools_with(tools: Toolbox, passed: Any) -> Toolbox:
    return replace(tools, passed=passed)


@pytest.mark.parametrize("effect", ["drop_after", "drop_before", "status_after"])
async def test_a_lost_answer_is_followed_by_the_same_again(
    world: World, tools: Toolbox, mastodon: Account, database: Database, effect: str
) -> None:
    row = await out(world, tools, mastodon, "Before")
    await rewrite(world, row, "After")
    await reapprove(world, row)
    await mastodon.stand.fault(effect, method="PUT", path=f"{STATUSES}/*", status=502)
    await ask(world, "edit", row)

    await work_off(tools)
    (waiting,) = await amendments_of(world, row)
    assert (waiting.state, waiting.attempts) == (A.PENDING, 1)
    assert waiting.problem
    await move_clock(world.hub, database.owner_url, timedelta(seconds=16))
    await work_off(tools)

    (done,) = await amendments_of(world, row)
    assert (done.state, done.attempts, done.problem) == (A.DONE, 2, "")
    assert await living(mastodon) == ["After"]
    assert await mastodon.stand.faults_left() == 0


async def test_an_edit_the_platform_refuses_changes_nothing_and_says_why(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "Before")
    await rewrite(world, row, "After")
    await reapprove(world, row)
    await mastodon.stand.fault("status", method="PUT", path=f"{STATUSES}/*", status=422)
    await ask(world, "edit", row)

    await work_off(tools)

    (failed,) = await amendments_of(world, row)
    found = await publication(world, row.id)
    assert failed.state is A.FAILED
    assert "422" in failed.problem
    assert (found.sent_hash, found.edition_id) == (row.sent_hash, row.edition_id)
    assert await living(mastodon) == ["Before"]
    # It was looked at, for a call had been made.
    assert found.standing is Standing.STANDS


async def test_a_withdrawal_is_tried_for_half_a_day_and_then_given_up(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    row = await out(world, tools, mastodon, "Here")
    await mastodon.stand.fault("status", method="DELETE", path=f"{STATUSES}/*", count=0)
    await ask(world, "withdraw", row)

    for _ in range(WITHDRAWAL_TRIES):
        await the_job(world, tools)
        await move_clock(world.hub, database.owner_url, timedelta(minutes=31))
    await mastodon.stand.quiet()

    (failed,) = await amendments_of(world, row)
    assert (failed.state, failed.attempts) == (A.FAILED, WITHDRAWAL_TRIES)
    assert (await publication(world, row.id)).state is S.PUBLISHED


async def test_an_account_that_is_being_checked_keeps_an_edit_waiting_between_its_parts(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    row = await out(world, tools, mastodon, "one", "two")
    await rewrite(world, row, "One", "Two")
    await reapprove(world, row)
    await ask(world, "edit", row)

    async def meanwhile(milestone: str) -> None:
        if milestone == "amendment:commit":
            await put(database, "channels", row.channel_id, state="CHECKING")

    await the_job(world, tools_with(tools, meanwhile))
    (waiting,) = await amendments_of(world, row)
    assert (waiting.state, await living(mastodon)) == (A.PENDING, ["One", "two"])
    await put(database, "channels", row.channel_id, state="READY")
    await move_clock(world.hub, database.owner_url, timedelta(seconds=3))
    await work_off(tools)

    (done,) = await amendments_of(world, row)
    assert (done.state, await living(mastodon)) == (A.DONE, ["One", "Two"])


async def test_a_thread_is_taken_down_from_its_end_and_may_go_out_again(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "one", "two")

    await ask(world, "withdraw", row, reason="A wrong date")
    await work_off(tools)

    found = await publication(world, row.id)
    (done,) = await amendments_of(world, row)
    assert await living(mastodon) == []
    assert (found.state, found.standing) == (S.WITHDRAWN, Standing.GONE)
    assert (done.state, done.reason) == (A.DONE, "A wrong date")
    assert [event.name for event in await events_of(world)][-2:] == [
        "publication.withdrawn",
        "amendment.done",
    ]
    async with world.hub.unit_of_work(world.editor) as work:
        again = await publishing.schedule(work, item_id=item_of(row), channel_id=row.channel_id)
    await work_off(tools)
    assert (await publication(world, again.id)).state is S.PUBLISHED
    assert await living(mastodon) == ["one", "two"]


async def test_a_withdrawal_goes_through_where_the_channel_is_switched_off(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "Oops")
    async with world.hub.unit_of_work(world.manager) as work:
        await channels.set_enabled(work, channel_id=row.channel_id, enabled=False)

    await ask(world, "withdraw", row)
    await work_off(tools)

    assert (await publication(world, row.id)).state is S.WITHDRAWN
    assert await living(mastodon) == []


async def test_a_withdrawal_takes_over_from_an_edit_and_nothing_else_does(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "Before")
    await rewrite(world, row, "After")
    await reapprove(world, row)
    await ask(world, "edit", row)

    for act in (
        partial(amendments.edit, publication_id=row.id),
        partial(publishing.schedule, item_id=item_of(row), channel_id=row.channel_id),
    ):
        code, _ = await refusal(world, world.editor, act)
        assert code == "TAKEN"
    await ask(world, "withdraw", row)
    withdraw = partial(amendments.withdraw, publication_id=row.id)
    assert (await refusal(world, world.editor, withdraw))[0] == "TAKEN"
    await work_off(tools)

    assert [(one.kind, one.state) for one in await amendments_of(world, row)] == [
        (AmendmentKind.EDIT, A.FAILED),
        (AmendmentKind.WITHDRAW, A.DONE),
    ]
    assert (await publication(world, row.id)).state is S.WITHDRAWN
    assert await living(mastodon) == []
    assert [post["text"] for post in await mastodon.posts()] == ["Before"]


async def test_words_that_are_scheduled_by_themselves_are_no_edit(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "Before")
    await rewrite(world, row, "After")
    await reapprove(world, row)
    async with world.hub.unit_of_work(world.editor) as work:
        now = work.now
        await publishing.schedule(
            work,
            item_id=item_of(row),
            channel_id=row.channel_id,
            scheduled_for=now + timedelta(hours=1),
        )

    edit = partial(amendments.edit, publication_id=row.id)
    assert await refusal(world, world.editor, edit) == ("TAKEN", ("input", "id"))


async def test_a_thread_of_another_length_is_refused(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "one", "two")
    await rewrite(world, row, "one", "two", "three")
    await reapprove(world, row)

    edit = partial(amendments.edit, publication_id=row.id)
    assert await refusal(world, world.editor, edit) == ("UNSUPPORTED", ("input", "id"))


@pytest.mark.parametrize("state", ["SCHEDULED", "HELD", "FAILED", "WITHDRAWN"])
@pytest.mark.parametrize("name", ["edit", "withdraw", "read_back"])
async def test_only_what_is_out_is_amended(
    world: World,
    tools: Toolbox,
    mastodon: Account,
    database: Database,
    state: str,
    name: str,
) -> None:
    row = await out(world, tools, mastodon, "Here")
    reason = "PAUSED" if state == "HELD" else None
    await put(
        database, "publications", row.id, state=state, hold_reason=reason, due_at=row.published_at
    )

    act = partial(getattr(amendments, name), publication_id=row.id)
    assert await refusal(world, world.editor, act) == ("WRONG_STATE", ("input", "id"))


async def test_a_stale_version_is_a_conflict(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "Here")

    act = partial(amendments.withdraw, publication_id=row.id, expected_version=row.version - 1)
    assert (await refusal(world, world.editor, act))[0] == "CONFLICT"


async def test_a_webhook_can_neither_change_nor_take_back_nor_be_asked(
    world: World, tools: Toolbox, stands: dict[str, Stand]
) -> None:
    account = await an_account(world, tools, stands["webhook"])
    row = await out(world, tools, account, "Delivered")

    for name in ("edit", "withdraw", "read_back"):
        act = partial(getattr(amendments, name), publication_id=row.id)
        assert (await refusal(world, world.editor, act))[0] == "UNSUPPORTED"
    assert all(row.name != "publishing.read_back" for row in await jobs_left(world.hub))


@pytest.mark.parametrize("kind", ["wordpress", "feed"])
async def test_where_parts_are_one_post_their_number_may_change(
    world: World, tools: Toolbox, stands: dict[str, Stand], kind: str
) -> None:
    channel_id = (
        (await an_account(world, tools, stands[kind])).channel_id
        if kind in stands
        else await a_channel(world, platform_key=kind)
    )
    made = await a_publication(world, channel_id=channel_id, text="One")
    await work_off(tools)
    row = await publication(world, made.id)
    await rewrite(world, row, "One", "Two")
    await reapprove(world, row)

    await ask(world, "edit", row)
    await work_off(tools)

    found = await publication(world, made.id)
    assert [one.state for one in await amendments_of(world, row)] == [A.DONE]
    assert (found.remote_id, len(found.refs)) == (row.remote_id, 1)


async def test_a_feed_shows_the_new_words_and_then_nothing(world: World, tools: Toolbox) -> None:
    channel_id = await a_channel(world, platform_key="feed")
    made = await a_publication(world, channel_id=channel_id, text="Before")
    await work_off(tools)
    await rewrite(world, made, "After")
    row = await publication(world, made.id)
    await reapprove(world, row)

    await ask(world, "edit", row)
    await work_off(tools)
    edited = await publication(world, made.id)
    await ask(world, "withdraw", edited)
    await work_off(tools)

    assert edited.sent_hash != row.sent_hash
    assert (edited.remote_id, edited.url) == (row.remote_id, row.url)
    assert (await publication(world, made.id)).state is S.WITHDRAWN


async def test_what_was_changed_or_taken_down_elsewhere_is_noticed(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    row = await out(world, tools, mastodon, "As approved")
    token = await _token(world, row)

    seen = [await _looked(world, tools, database, row)]
    await _elsewhere(mastodon, "PUT", row, token, json={"status": "Something else"})
    seen.append(await _looked(world, tools, database, row))
    await _elsewhere(mastodon, "DELETE", row, token)
    seen.append(await _looked(world, tools, database, row))

    assert seen == [Standing.STANDS, Standing.CHANGED, Standing.GONE]
    found = await publication(world, row.id)
    assert (found.state, found.sent_hash) == (S.PUBLISHED, row.sent_hash)
    told = [event for event in await events_of(world) if event.name == "publication.seen"]
    assert [event.data["standing"] for event in told] == ["STANDS", "CHANGED", "GONE"]


async def _looked(
    world: World, tools: Toolbox, database: Database, row: Publication
) -> Standing | None:
    await move_clock(world.hub, database.owner_url, timedelta(minutes=3))
    await work_off(tools)
    return (await publication(world, row.id)).standing


async def _token(world: World, row: Publication) -> str:
    async with world.hub.unit_of_work(world.system) as work:
        access = await channels.access(work, channel_id=row.channel_id)
    assert access is not None
    return str(access.secrets["access_token"])


async def _elsewhere(
    account: Account, method: str, row: Publication, token: str, **more: Any
) -> None:
    async with httpx.AsyncClient(base_url=account.stand.base, trust_env=False) as client:
        answer = await client.request(
            method,
            f"{STATUSES}/{row.remote_id}",
            headers={"Authorization": f"Bearer {token}"},
            **more,
        )
        answer.raise_for_status()


async def test_somebody_can_have_it_looked_at_at_once(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "Here")
    assert row.standing is None

    await ask(world, "read_back", row)
    await work_off(tools)

    found = await publication(world, row.id)
    assert (found.standing, found.standing_at is not None) == (Standing.STANDS, True)


async def test_revoked_credentials_end_an_amendment_and_the_channel_says_so(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "Here")
    await mastodon.stand.fault("status", method="DELETE", path=f"{STATUSES}/*", status=401)
    await ask(world, "withdraw", row)

    await work_off(tools)

    (failed,) = await amendments_of(world, row)
    assert failed.state is A.FAILED
    assert (await channel(world, row.channel_id)).state is ChannelState.NEEDS_AUTH
    assert (await publication(world, row.id)).state is S.PUBLISHED
    assert await living(mastodon) == ["Here"]


async def test_a_rate_limit_holds_the_amendment_and_the_account(
    world: World, tools: Toolbox, mastodon: Account, database: Database
) -> None:
    row = await out(world, tools, mastodon, "Here")
    await mastodon.stand.fault(
        "ratelimit", method="DELETE", path=f"{STATUSES}/*", headers={"Retry-After": "40"}
    )
    await ask(world, "withdraw", row)

    await work_off(tools)
    await move_clock(world.hub, database.owner_url, timedelta(seconds=30))
    await work_off(tools)
    (waiting,) = await amendments_of(world, row)
    assert (waiting.state, waiting.attempts) == (A.PENDING, 1)
    assert (await channel(world, row.channel_id)).rate_held_until is not None
    assert await living(mastodon) == ["Here"]


async def test_a_worker_that_died_after_the_platform_did_it_is_replaced(
    world: World, tools: Toolbox, mastodon: Account
) -> None:
    row = await out(world, tools, mastodon, "Here")
    await ask(world, "withdraw", row)

    class Died(Exception):
        pass

    async def die(milestone: str) -> None:
        if milestone == "amendment:performed":
            raise Died

    await the_job(world, tools_with(tools, die))
    assert await living(mastodon) == []
    assert (await publication(world, row.id)).state is S.PUBLISHED
    async with world.hub.unscoped() as session:
        await session.execute(text("UPDATE jobs SET due_at = hub_now()"))
    await work_off(tools)

    assert (await publication(world, row.id)).state is S.WITHDRAWN
    (done,) = await amendments_of(world, row)
    assert (done.state, done.attempts) == (A.DONE, 2)
