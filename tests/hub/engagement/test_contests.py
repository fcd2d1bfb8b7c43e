"""Contests as they are played: what is promised, what is fixed, and what is refused."""

import asyncio
import hashlib
import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from hub.channels.models import Channel
from hub.cli import app
from hub.content import operations as content
from hub.content.models import ContentItem
from hub.engagement import persons
from hub.engagement.contests import announcing, drawing, entries, operations
from hub.engagement.contests.models import Contest, ContestState
from hub.engagement.contests.proof import failures, verify
from hub.engagement.contests.rules import TRANSITIONS, Conditions
from hub.engagement.models import Person
from hub.kernel.editing import get
from hub.kernel.errors import HubError
from hub.kernel.ids import new_id
from hub.kernel.secrets import Vault
from hub.kernel.work import UnitOfWork
from hub.publishing.models import Publication
from hub.publishing.sending import mark_published
from hub.review.models import Review
from tests.conftest import ROOT, Database
from tests.factories import World, a_channel, approve, in_review, publication
from tests.hub.engagement.contest_play import HOUR, Play, a_play
from tests.hub.engagement.test_operations import published
from tests.hub.traces import events_of, promised, put, refusal


@pytest.fixture
async def play(world: World, database: Database) -> Play:
    return await a_play(world, database)


async def refused(play: Play, operation: Any, **more: Any) -> str:
    """Try something that must be refused and change nothing; return the code."""
    before = await play.contest()

    async def act(work: UnitOfWork) -> None:
        await operation(work, contest_id=play.contest_id, **more)

    code, _ = await refusal(play.world, play.world.editor, act)
    after = await play.contest()
    assert (after.state, after.version) == (before.state, before.version)
    return code


async def told(play: Play, name: str) -> list[dict[str, Any]]:
    return [event.data for event in await events_of(play.world) if event.name == name]


async def item_of(play: Play, contest: Contest) -> ContentItem:
    """Return the text about a contest's winners."""
    assert contest.item_id is not None
    async with play.world.hub.unit_of_work(play.world.system) as work:
        return await get(work, ContentItem, contest.item_id)


async def test_opening_commits_to_a_seed_that_nobody_sees(play: Play, database: Database) -> None:
    contest = await play.open()

    assert (contest.state, contest.version) == (ContestState.OPEN, 2)
    assert contest.seed is None
    (event,) = await told(play, "contest.opened")
    assert event["commitment"] == contest.commitment
    vault = Vault(play.world.hub.settings.secret_key.get_secret_value())
    assert contest.sealed is not None
    seed = bytes.fromhex(vault.open(contest.sealed, row_id=contest.id)["seed"])
    assert hashlib.sha256(seed).hexdigest() == contest.commitment
    owner = await database.owner()
    known = await owner.fetchval(
        "SELECT (SELECT string_agg(c::text, '') FROM contests AS c)"
        " || (SELECT string_agg(e::text, '') FROM events AS e)"
        " || (SELECT string_agg(j::text, '') FROM jobs AS j)"
    )
    await owner.close()
    assert contest.commitment in known
    assert seed.hex() not in known
    assert {("contest.close", f"contest-close:{contest.id}")} <= set(await promised(play.world.hub))


async def test_two_contests_have_different_seeds(play: Play) -> None:
    one, two = (await play.open()).commitment, (await play.open()).commitment

    assert one != two


async def test_the_whole_way_to_the_announcement(play: Play) -> None:
    contest = await play.drawn("ann", "bob", "eve", "joe")

    assert contest.state is ContestState.DRAWN
    assert contest.proof is not None
    assert list(failures(verify(contest.proof, commitment=contest.commitment))) == []
    places = await play.places()
    assert [place.standing for place in places] == ["WINNER", "WINNER", "ALTERNATE"]
    assert [one["handle"] for one in contest.proof["winners"]] == [p.handle for p in places[:2]]
    (drawn,) = await told(play, "contest.drawn")
    assert drawn["seed"] == contest.seed
    assert drawn["winners"] == [place.entrant for place in places[:2]]
    assert drawn["proof_digest"] == contest.proof["digest"]

    written = await play.announce()

    assert written.item_id is not None
    assert written.state is ContestState.DRAWN
    item = await item_of(play, written)
    assert (item.title, item.locale) == ("Le vélo de l'été", "fr")
    row = await _publish(play, item)
    announced = await play.contest()
    assert announced.state is ContestState.ANNOUNCED
    assert announced.announced_at is not None
    assert await told(play, "contest.announced") == [{"publication_id": str(row)}]


async def _publish(play: Play, item: ContentItem) -> Any:
    """Let the text go the usual way: review, approval, publication."""
    when = await play.world.hub.now()
    await approve(
        play.world,
        review_id=await in_review(
            play.world,
            item_id=item.id,
            channel_ids=[play.publication.channel_id],
            scheduled_for=when,
        ),
    )
    async with play.world.hub.unit_of_work(play.world.system) as work:
        row = await work.one(select(Publication.id).where(Publication.item_id == item.id))
    assert row is not None
    known = await publication(play.world, row)
    await put(play.database, "publications", row, state="PUBLISHING", lease_until=known.created_at)
    async with play.world.hub.unit_of_work(play.world.system) as work:
        found = await get(work, Publication, row)
        mark_published(work, found, [{"remote_id": f"post-{row}", "url": ""}])
    return row


async def test_the_text_about_the_winners_names_them_and_is_reviewed_like_every_other(
    play: Play,
) -> None:
    await play.drawn("ann", "bob")
    contest = await play.announce(
        title="Winners", template="{contest}: {winners} of {entrants}.", locale="en"
    )

    item = await item_of(play, contest)
    async with play.world.hub.unit_of_work(play.world.system) as work:
        revision = await content.revision(work, revision_id=item.current_revision_id)
    names = " and ".join(place.handle for place in await play.places())
    assert (item.title, item.locale) == ("Winners", "en")
    assert revision.parts == [{"text": f"Le vélo de l'été: {names} of 2.", "media": []}]
    async with play.world.hub.unit_of_work(play.world.system) as work:
        assert not await work.all(select(Review.id).where(Review.item_id == item.id))
        assert not await work.all(select(Publication.id).where(Publication.item_id == item.id))
    assert await refused(play, announcing.announce) == "WRONG_STATE"
    assert await refused(play, announcing.announce, template="{nobody}") == "WRONG_STATE"


async def test_a_bad_text_is_refused_and_leaves_nothing(play: Play) -> None:
    await play.drawn("ann")

    assert await refused(play, announcing.announce, template="{nobody}") == "INVALID"
    assert await refused(play, announcing.announce, locale="nl") == "INVALID"
    assert await refused(play, announcing.announce, locale="??") == "INVALID"
    assert await refused(play, announcing.announce, title="x" * 301) == "INVALID"
    assert (await play.contest()).item_id is None


async def test_what_comes_at_the_wrong_time_is_refused(play: Play) -> None:
    steps: dict[str, Any] = {
        "open": (operations.open_contest, {}),
        "close": (operations.close, {"reason": "x"}),
        "freeze": (drawing.freeze, {"unread_reason": "x"}),
        "draw": (drawing.draw_winners, {}),
        "announce": (announcing.announce, {}),
        "replace": (drawing.replace_winner, {"place_id": new_id(), "reason": "x"}),
        "update": (operations.update, {"changes": {"name": "x"}}),
        "cancel": (operations.cancel, {"reason": "x"}),
    }

    async def wrong(*right: str) -> None:
        for name, (operation, more) in steps.items():
            if name not in right:
                assert await refused(play, operation, **more) == "WRONG_STATE", name

    await play.create()
    await wrong("open", "update", "cancel")
    await play.act(operations.open_contest)
    await play.say("ann")
    await wrong("close", "cancel")
    await play.act(operations.close, reason="Trop de monde.")
    await wrong("freeze", "cancel")
    await play.act(drawing.freeze, unread_reason="The network is down.")
    await wrong("draw", "cancel")
    await play.act(drawing.draw_winners)
    await wrong("announce", "replace")
    assert await refused(play, drawing.replace_winner, **steps["replace"][1]) == "NOT_FOUND"


async def test_a_cancelled_contest_can_do_nothing_and_never_tells_its_seed(play: Play) -> None:
    await play.open()

    contest = await play.act(operations.cancel, reason="Annulé.")

    assert (contest.state, contest.cancel_reason, contest.seed) == ("CANCELLED", "Annulé.", None)
    assert await refused(play, operations.open_contest) == "WRONG_STATE"
    assert await refused(play, drawing.draw_winners) == "WRONG_STATE"
    assert await told(play, "contest.cancelled") == [{"reason": "Annulé."}]


async def test_it_closes_by_itself_and_not_before_its_time(play: Play) -> None:
    await play.open()
    async with play.world.hub.unit_of_work(play.world.system) as work:
        due = await operations.close_when_due(work, contest_id=play.contest_id)
    assert due == play.now + HOUR
    assert (await play.contest()).state is ContestState.OPEN
    assert await refused(play, operations.close) == "INVALID"

    await play.close()

    contest = await play.contest()
    assert (contest.state, contest.close_reason) == (ContestState.CLOSED, "")
    assert ("contest.read_comments", f"contest-read:{contest.id}") in await promised(play.world.hub)


async def test_the_freeze_waits_until_comments_were_read_after_the_close(play: Play) -> None:
    await play.open()
    await play.say("ann")
    await play.later(HOUR)
    await play.act(operations.close)
    await play.read()
    assert await refused(play, drawing.freeze) == "WRONG_STATE"

    async def turn() -> Any:
        async with play.world.hub.unit_of_work(play.world.system) as work:
            return await entries.read_out(work, contest_id=play.contest_id), work.now

    # A platform may take a minute to show what was written in time.
    due, now = await turn()
    assert timedelta() < due - now <= timedelta(seconds=60)
    await play.later(timedelta(seconds=61))
    due, now = await turn()
    assert due - now == timedelta(minutes=2)
    assert ("engagement.collect", f"collect:{play.publication.id}") in await promised(
        play.world.hub
    )
    assert await refused(play, drawing.freeze) == "WRONG_STATE"
    late = await play.say("bob", minutes=59)
    await play.read()
    assert (await turn())[0] is None
    assert len(await told(play, "contest.read")) == 1

    frozen = await play.act(drawing.freeze)

    assert frozen.unread_reason == ""
    assert late in {entry.message_id for entry in await play.entries()}
    assert len(frozen.proof["entrants"]) == 2
    assert frozen.proof["publications"][0]["readAt"] is not None


async def test_a_freeze_without_the_last_reading_says_why(play: Play) -> None:
    await play.open()
    await play.say("ann")
    await play.act(operations.close, reason="Early.")

    frozen = await play.act(drawing.freeze, unread_reason="Le forum est fermé.")

    assert frozen.proof["unreadReason"] == "Le forum est fermé."
    assert frozen.proof["contest"]["closeReason"] == "Early."
    (event,) = await told(play, "contest.frozen")
    assert (event["unread_reason"], event["entrants"]) == ("Le forum est fermé.", 1)
    assert event["list_hash"] == frozen.list_hash
    assert {check.name for check in failures(verify(frozen.proof))} == {"commitment", "draw"}


async def test_nobody_is_drawn_where_nobody_takes_part(play: Play) -> None:
    await play.open(conditions=Conditions(phrases=("je participe",)))
    await play.say("ann", "non")
    await play.close()

    assert await refused(play, drawing.freeze) == "WRONG_STATE"


async def test_every_comment_is_an_entry_with_its_reasons(play: Play) -> None:
    async with play.world.hub.unit_of_work(play.world.system) as work:
        channel = await get(work, Channel, play.publication.channel_id)
    await play.open(
        conditions=Conditions(hashtags=("#Été",), mentions=1, excluded_handles=("@mod",))
    )
    good = await play.say("ann", "@brand @bob #ete")
    second = await play.say("ann", "@bob #été")
    bare = await play.say("bob", "moi")
    staff = await play.say("mod", "@ann #été")
    own = await play.say(channel.remote_id, "@ann #été")
    twin = await play.say("brand", "@ann #été")
    early = await play.say("eve", "@ann #été", minutes=-61)
    late = await play.say("joe", "@ann #été", minutes=61)

    assert await play.judge() == {
        good: [],
        second: ["DUPLICATE_PERSON"],
        bare: ["CONDITION_MISSING", "TOO_FEW_MENTIONS"],
        staff: ["EXCLUDED_PERSON"],
        own: ["EXCLUDED_PERSON"],
        twin: ["EXCLUDED_PERSON"],
        early: ["OUT_OF_WINDOW"],
        late: ["OUT_OF_WINDOW"],
    }
    assert await play.judge() == await play.judge()
    assert ("contest.judge", f"contest-judge:{play.contest_id}") in await promised(play.world.hub)


async def test_a_hidden_comment_leaves_and_comes_back(play: Play, database: Database) -> None:
    await play.open()
    first, second = await play.say("ann"), await play.say("ann")
    assert await play.judge() == {first: [], second: ["DUPLICATE_PERSON"]}

    await put(database, "messages", first, hidden=True)
    assert await play.judge() == {first: ["HIDDEN"], second: []}

    await put(database, "messages", first, hidden=False)
    assert await play.judge() == {first: [], second: ["DUPLICATE_PERSON"]}


async def test_what_was_taken_down_or_changed_late_leaves(play: Play, database: Database) -> None:
    await play.open()
    first, second, late = await play.say("ann"), await play.say("ann"), await play.say("bob")
    await put(database, "messages", first, deleted_at=play.now)
    await put(database, "messages", late, edited_at=play.now + 2 * HOUR)

    assert await play.judge() == {first: ["DELETED"], second: [], late: ["EDITED_LATE"]}


async def test_persons_linked_as_one_human_have_one_entry(play: Play) -> None:
    await play.open()
    ann, joe = await play.say("ann"), await play.say("joe")
    assert await play.judge() == {ann: [], joe: []}
    here, there = [entry.person_id for entry in await play.entries()]
    assert here is not None
    assert there is not None

    async with play.world.hub.unit_of_work(play.world.editor) as work:
        await persons.link_persons(work, person_id=here, other_id=there)

    assert await play.judge() == {ann: [], joe: ["DUPLICATE_PERSON"]}


async def test_an_earlier_comment_that_arrives_later_takes_the_place(play: Play) -> None:
    await play.open()
    second = await play.say("ann", minutes=5)
    assert await play.judge() == {second: []}

    first = await play.say("ann", minutes=1)

    assert await play.judge() == {first: [], second: ["DUPLICATE_PERSON"]}


async def test_a_member_takes_a_comment_out_and_lets_another_in_with_reasons(play: Play) -> None:
    await play.open(conditions=Conditions(phrases=("oui",)))
    yes, typo = await play.say("ann", "oui"), await play.say("bob", "ouii")
    await play.judge()
    by_message = {entry.message_id: entry for entry in await play.entries()}

    async with play.world.hub.unit_of_work(play.world.editor) as work:
        await entries.disqualify(work, entry_id=by_message[yes].id, reason=" A robot. ")
    async with play.world.hub.unit_of_work(play.world.editor) as work:
        await entries.readmit(work, entry_id=by_message[typo].id, reason="A typo.")

    one, two = await play.entries()
    assert (one.state, one.reasons) == (
        "DISQUALIFIED",
        [{"code": "BY_HAND", "text": "A robot."}],
    )
    assert (two.state, two.ruling, two.ruled_by) == (
        "ELIGIBLE",
        "READMITTED",
        play.world.editor.member_id,
    )
    assert await told(play, "contest_entry.readmitted") == [
        {"contest_id": str(play.contest_id), "reason": "A typo."}
    ]
    await play.close()
    frozen = await play.act(drawing.freeze)
    assert frozen.proof["disqualified"][0]["reasons"] == [{"code": "BY_HAND", "text": "A robot."}]
    assert frozen.proof["readmitted"][0]["reason"] == "A typo."


async def test_rulings_that_make_no_sense_are_refused(play: Play) -> None:
    await play.open(conditions=Conditions(phrases=("oui",)))
    good, late = await play.say("ann", "oui"), await play.say("bob", "oui", minutes=61)
    await play.judge()
    ids = {entry.message_id: entry.id for entry in await play.entries()}
    editor = play.world.editor

    async def code(operation: Any, message: Any, reason: str = "x") -> tuple[str, Any]:
        return await refusal(
            play.world,
            editor,
            lambda work: operation(work, entry_id=ids.get(message, message), reason=reason),
        )

    assert await code(entries.readmit, good) == ("WRONG_STATE", ("input", "id"))
    assert await code(entries.readmit, late) == ("WRONG_STATE", ("input", "id"))
    assert await code(entries.disqualify, good, " ") == ("INVALID", ("input", "reason"))
    assert await code(entries.disqualify, new_id()) == ("NOT_FOUND", ("input", "id"))
    async with play.world.hub.unit_of_work(editor) as work:
        await entries.disqualify(work, entry_id=ids[late], reason="x")
    assert await code(entries.disqualify, late) == ("WRONG_STATE", ("input", "id"))
    await play.close()
    await play.act(drawing.freeze)
    assert await code(entries.disqualify, good) == ("WRONG_STATE", ("input", "id"))
    assert await code(entries.readmit, late) == ("WRONG_STATE", ("input", "id"))


async def test_what_comes_after_the_freeze_changes_nothing(play: Play) -> None:
    await play.open()
    await play.say("ann")
    await play.close()
    frozen = await play.act(drawing.freeze)

    await play.say("bob", minutes=1)

    assert len(await play.judge()) == 1
    assert (await play.contest()).list_hash == frozen.list_hash


async def test_a_winner_gives_way_to_the_next_alternate(play: Play) -> None:
    await play.drawn("ann", "bob", "eve")
    first, second, third = await play.places()
    written = await play.announce()

    contest = await play.act(drawing.replace_winner, place_id=first.id, reason="Pas de réponse.")

    assert list(failures(verify(contest.proof))) == []
    assert [one["entrant"] for one in contest.proof["winners"]] == [second.entrant, third.entrant]
    assert contest.proof["alternates"] == []
    places = await play.places()
    assert [place.standing for place in places] == ["REPLACED", "WINNER", "WINNER"]
    assert (places[0].replaced_reason, places[2].replaces_id) == ("Pas de réponse.", first.id)
    assert (await item_of(play, written)).archived
    assert contest.item_id is None
    assert await refused(play, drawing.replace_winner, place_id=first.id, reason="x") == (
        "WRONG_STATE"
    )
    assert await refused(play, drawing.replace_winner, place_id=third.id, reason="") == "INVALID"
    (event,) = await told(play, "contest.winner_replaced")
    assert (event["entrant"], event["replaced_by"]) == (first.entrant, third.entrant)

    # Nobody is left: the place stays empty.
    again = await play.act(drawing.replace_winner, place_id=third.id, reason="Mineur.")

    assert list(failures(verify(again.proof))) == []
    assert [one["entrant"] for one in again.proof["winners"]] == [second.entrant]


async def test_a_winner_replaced_after_the_announcement_is_announced_anew(play: Play) -> None:
    await play.drawn("ann", "bob", "eve")
    contest = await play.announce()
    item = await item_of(play, contest)
    await _publish(play, item)

    first, *_ = await play.places()
    back = await play.act(drawing.replace_winner, place_id=first.id, reason="x")

    assert (back.state, back.item_id, back.announced_at) == (ContestState.DRAWN, None, None)
    async with play.world.hub.unit_of_work(play.world.system) as work:
        assert not (await get(work, ContentItem, item.id)).archived
    assert (await play.announce()).item_id not in {None, item.id}


async def test_a_text_that_is_still_to_come_elsewhere_waits_when_a_winner_is_replaced(
    play: Play,
) -> None:
    await play.drawn("ann", "bob", "eve")
    item = await item_of(play, await play.announce())
    out = await _publish(play, item)
    other = await a_channel(play.world)
    tomorrow = await play.world.hub.now() + timedelta(days=1)
    await approve(
        play.world,
        review_id=await in_review(
            play.world, item_id=item.id, channel_ids=[other], scheduled_for=tomorrow
        ),
    )

    first, *_ = await play.places()
    await play.act(drawing.replace_winner, place_id=first.id, reason="x")

    async with play.world.hub.unit_of_work(play.world.system) as work:
        rows = await work.all(select(Publication).where(Publication.item_id == item.id))
    assert {row.channel_id: (row.state, row.hold_reason) for row in rows} == {
        play.publication.channel_id: ("PUBLISHED", None),
        other: ("HELD", "PROBLEM"),
    }
    assert (await publication(play.world, out)).problem == ""


async def test_whoever_is_excluded_by_a_handle_is_so_with_their_other_accounts(
    play: Play,
) -> None:
    await play.open(conditions=Conditions(excluded_handles=("@Mod",)))
    mod, private, eve = [await play.say(name) for name in ("mod", "private", "eve")]
    async with play.world.hub.unit_of_work(play.world.editor) as work:
        ids = {row.handle: row.id for row in await work.all(select(Person))}
        await persons.link_persons(work, person_id=ids["@mod"], other_id=ids["@private"])

    assert await play.judge() == {
        mod: ["EXCLUDED_PERSON"],
        private: ["EXCLUDED_PERSON"],
        eve: [],
    }


async def test_a_public_value_is_asked_for_where_it_was_named_and_only_there(play: Play) -> None:
    await play.open(entropy_source="drand quicknet, round 14000000")
    for person in ("ann", "bob", "eve"):
        await play.say(person)
    await play.close()
    await play.act(drawing.freeze)

    assert await refused(play, drawing.draw_winners) == "INVALID"
    assert await refused(play, drawing.draw_winners, entropy_value=" ") == "INVALID"
    contest = await play.act(drawing.draw_winners, entropy_value=" 9f86d081 ")

    assert contest.proof["entropy"] == {
        "source": "drand quicknet, round 14000000",
        "value": "9f86d081",
    }
    assert list(failures(verify(contest.proof))) == []


async def test_nothing_can_be_added_to_a_draw_that_named_no_public_value(play: Play) -> None:
    await play.open()
    await play.say("ann")
    await play.close()
    await play.act(drawing.freeze)

    assert await refused(play, drawing.draw_winners, entropy_value="lucky") == "INVALID"


async def test_a_seed_that_cannot_be_opened_draws_nobody(play: Play, database: Database) -> None:
    await play.open()
    await play.say("ann")
    await play.close()
    await play.act(drawing.freeze)
    await put(database, "contests", play.contest_id, sealed=b"x" * 60)

    assert await refused(play, drawing.draw_winners) == "UNAVAILABLE"
    assert await play.places() == []


def run_script(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", str(ROOT / "docs/examples/verify_draw.py"), str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_a_thousand_take_part_and_everybody_finds_the_same_winners(
    play: Play, tmp_path: Path
) -> None:
    await play.open(winner_count=5, alternate_count=5)
    await play.crowd(1_000)
    await play.close()
    await play.act(drawing.freeze)
    contest = await play.act(drawing.draw_winners)
    path = tmp_path / "proof.json"
    path.write_text(json.dumps((await play.contest()).proof), encoding="utf-8")

    script = await asyncio.to_thread(run_script, path)
    command = CliRunner().invoke(
        app, ["contest", "verify", str(path), "--commitment", contest.commitment]
    )

    winners = [place for place in await play.places() if place.standing == "WINNER"]
    assert len(contest.proof["entrants"]) == 1_000
    assert script.returncode == 0, script.stderr
    assert script.stdout.splitlines() == [
        f"{place.rank} {place.entrant} {place.handle}" for place in winners
    ]
    assert command.exit_code == 0, command.stdout
    assert len(winners) == 5


async def test_terms_are_changed_until_it_opens(play: Play, database: Database) -> None:
    await play.create()
    other = await published(play.world, database, channel_id=play.publication.channel_id)

    contest = await play.act(
        operations.update,
        expected_version=1,
        changes={"name": " Neu ", "winner_count": 3, "publication_ids": [other.id]},
    )
    same = await play.act(operations.update, changes={"publication_ids": [other.id]})

    assert (contest.name, contest.winner_count, contest.version) == ("Neu", 3, 2)
    assert same.version == 2
    moved = await play.act(operations.update, changes={"publication_ids": [play.publication.id]})
    assert moved.version == 3
    assert [event["fields"] for event in await told(play, "contest.updated")] == [
        ["name", "winner_count", "publication_ids"],
        ["publication_ids"],
    ]
    assert await refused(play, operations.update, expected_version=2, changes={}) == "CONFLICT"


BAD: list[tuple[dict[str, Any], str, tuple[str, ...]]] = [
    ({"name": " "}, "INVALID", ("name",)),
    ({"locale": "??"}, "INVALID", ("locale",)),
    ({"rules": [("fr", "a"), ("fr", "b")]}, "INVALID", ("rules", "1", "locale")),
    ({"rules": [("fr", " ")]}, "INVALID", ("rules", "0", "text")),
    ({"publication_ids": []}, "INVALID", ("publicationIds",)),
    ({"publication_ids": [new_id()]}, "NOT_FOUND", ("publicationIds", "0")),
    ({"excluded_person_ids": [new_id()]}, "NOT_FOUND", ("excludedPersonIds", "0")),
    ({"brand_id": new_id()}, "NOT_FOUND", ("brandId",)),
    ({"winner_count": 0}, "INVALID", ("winnerCount",)),
    ({"entropy_source": "x" * 501}, "INVALID", ("entropySource",)),
]


async def test_a_contest_that_cannot_be_is_refused(play: Play) -> None:
    good: dict[str, Any] = {
        "brand_id": play.world.brand_id,
        "name": "x",
        "publication_ids": [play.publication.id],
        "opens_at": play.now,
        "closes_at": play.now + HOUR,
    }
    for given, code, path in BAD:

        async def act(work: UnitOfWork, given: dict[str, Any] = given) -> None:
            await operations.create(work, **{**good, **given})

        found = await refusal(play.world, play.world.editor, act)
        assert found == (code, ("input", *path)), given


async def test_publications_must_be_the_brands_and_open_to_comments(
    play: Play, database: Database
) -> None:
    feed = await published(play.world, database, platform_key="feed")
    for ids, code, where in (
        ([play.publication.id, feed.id], "UNSUPPORTED", "1"),
        ([play.publication.id] * 2, "INVALID", None),
    ):

        async def act(work: UnitOfWork, given: Any = ids) -> None:
            await operations.create(
                work,
                brand_id=play.world.brand_id,
                name="x",
                publication_ids=given,
                opens_at=play.now,
                closes_at=play.now + HOUR,
            )

        path = ("input", "publicationIds", *([where] if where else []))
        assert await refusal(play.world, play.world.editor, act) == (code, path)


async def test_a_contest_without_rules_or_time_left_is_not_opened(play: Play) -> None:
    await play.create(rules=[])
    assert await refused(play, operations.open_contest) == "WRONG_STATE"
    await play.create(closes_at=play.now)
    assert await refused(play, operations.open_contest) == "IN_PAST"


async def test_the_database_itself_keeps_what_was_promised(play: Play, database: Database) -> None:
    await play.drawn("ann", "bob")
    owner = await database.owner()
    try:
        for statement in (
            "UPDATE contests SET state = 'OPEN'",
            "UPDATE contests SET closes_at = closes_at + interval '1 day'",
            "UPDATE contests SET conditions = '{}'",
            "UPDATE contests SET commitment = 'x'",
            "UPDATE contests SET sealed = 'x'",
            "UPDATE contests SET entrant_list = entrant_list || 'x'",
            "UPDATE contests SET list_hash = 'x'",
            "UPDATE contests SET seed = repeat('0', 64)",
            "UPDATE contests SET seed = NULL",
            "UPDATE contests SET frozen_at = NULL",
            "UPDATE contest_sources SET publication_id = gen_random_uuid()",
            "DELETE FROM contest_sources",
            "UPDATE contest_entries SET state = 'DISQUALIFIED', reasons = '[{}]'",
            "DELETE FROM contest_entries",
            "UPDATE contest_places SET rank = rank + 10",
            "UPDATE contest_places SET handle = '@me'",
            "DELETE FROM contest_places",
        ):
            with pytest.raises(asyncpg.CheckViolationError):
                await owner.execute(statement)
        with pytest.raises(asyncpg.CheckViolationError, match="frozen"):
            await owner.execute(
                "INSERT INTO contest_entries SELECT (jsonb_populate_record(e, "
                "jsonb_build_object('id', gen_random_uuid()))).* FROM contest_entries AS e LIMIT 1"
            )
    finally:
        await owner.close()


async def test_the_database_knows_the_same_transitions(database: Database) -> None:
    owner = await database.owner()
    source = await owner.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'keep_contest'")
    await owner.close()

    (listed,) = re.findall(r"'\{([A-Z>,]+)\}'", source)
    assert set(listed.split(",")) == {
        f"{state}>{after}" for state, following in TRANSITIONS.items() for after in following
    }


async def test_two_members_who_draw_at_once_draw_once(play: Play) -> None:
    await play.open()
    for person in ("ann", "bob", "eve"):
        await play.say(person)
    await play.close()
    await play.act(drawing.freeze)

    async def one() -> str:
        try:
            await play.act(drawing.draw_winners)
        except HubError as error:
            return error.code.value
        return "drawn"

    assert sorted(await asyncio.gather(*(one() for _ in range(4)))) == [
        *["WRONG_STATE"] * 3,
        "drawn",
    ]
    assert len(await play.places()) == 3


async def test_publishing_something_else_announces_nothing(play: Play, database: Database) -> None:
    await play.drawn("ann")
    await play.announce()

    await published(play.world, database, channel_id=await a_channel(play.world))

    assert (await play.contest()).state is ContestState.DRAWN
