"""The stream of events."""

from hub.audit.models import EventRow
from hub.kernel.caller import ActorKind, Permission
from schema.base.node import to_global_id
from tests.schema.conftest import Client
from tests.schema.library import NOON, Library


async def _events(library: Library) -> None:
    for sequence in (1, 2, 3, None):
        await library.rows.add(
            EventRow,
            name="brand.created" if sequence == 1 else "brand.changed",
            subject_type="Brand",
            subject_id=library.brand,
            actor_kind=ActorKind.MEMBER,
            actor_id=library.caller.member_id,
            actor_name="Ada",
            data={"sequence": sequence},
            occurred_at=NOON,
            sequence=sequence,
            hash=None if sequence is None else f"h{sequence}",
        )


async def test_events_come_sealed_and_latest_first(client: Client, library: Library) -> None:
    await _events(library)
    brand = to_global_id("Brand", library.brand)

    found = await client.data(
        """query($subject: ID!) {
          events(first: 1) { totalCount nodes {
            sequence name subjectType subjectId actorKind actorName data occurredAt hash } }
          after: events(filter: {afterSequence: 1}, orderBy: [SEQUENCE_ASC]) {
            nodes { sequence } }
          created: events(filter: {nameIn: ["brand.created"], subjectIn: [$subject]}) {
            nodes { sequence } }
        }""",
        subject=brand,
    )

    assert found == {
        "events": {
            "totalCount": 3,
            "nodes": [
                {
                    "sequence": 3,
                    "name": "brand.changed",
                    "subjectType": "Brand",
                    "subjectId": brand,
                    "actorKind": "MEMBER",
                    "actorName": "Ada",
                    "data": {"sequence": 3},
                    "occurredAt": "2026-03-01T12:00:00.123456+00:00",
                    "hash": "h3",
                }
            ],
        },
        "after": {"nodes": [{"sequence": 2}, {"sequence": 3}]},
        "created": {"nodes": [{"sequence": 1}]},
    }


async def test_an_event_that_is_not_sealed_yet_cannot_be_asked_for(
    client: Client, library: Library
) -> None:
    event = await library.rows.add(
        EventRow,
        name="brand.created",
        subject_type="Brand",
        subject_id=library.brand,
        actor_kind=ActorKind.SYSTEM,
        actor_name="hub",
        data={},
        occurred_at=NOON,
    )

    answer = await client.ask(
        "query($id: ID!) { node(id: $id) { id } }", id=to_global_id("Event", event)
    )

    assert answer.codes == ["NOT_FOUND"]


async def test_the_stream_is_for_those_who_may_audit(client: Client) -> None:
    answer = await client.without(Permission.AUDIT_READ).ask("{ events { totalCount } }")

    assert answer.codes == ["FORBIDDEN"]


async def test_events_are_found_by_who_acted(client: Client, library: Library) -> None:
    await _events(library)
    member = to_global_id("Member", library.caller.member_id or "")

    found = await client.data(
        """query($member: ID!) {
          theirs: events(filter: {actorIn: [$member]}) { totalCount nodes { actorId } }
          ours: events(filter: {actorKindIn: [SYSTEM]}) { totalCount }
        }""",
        member=member,
    )

    assert found == {
        "theirs": {"totalCount": 3, "nodes": [{"actorId": member}] * 3},
        "ours": {"totalCount": 0},
    }


async def test_every_kind_of_event_is_described(client: Client) -> None:
    found = await client.data("{ eventTypes { name description subjectType dataSchema } }")

    known = {one["name"]: one for one in found["eventTypes"]}
    assert known["publication.published"]["subjectType"] == "Publication"
    assert known["publication.published"]["description"] == "It is out."
    assert known["publication.published"]["dataSchema"]["properties"]["channel_id"] == {
        "description": "The id of a Channel.",
        "title": "Channel Id",
        "type": "string",
    }
