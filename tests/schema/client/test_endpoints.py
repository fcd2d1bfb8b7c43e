"""Endpoints, made and looked at by a client."""

from typing import Any

import pytest
from sqlalchemy import select

from hub.access.models import Role
from hub.automation.delivering import Came, begin, settle
from hub.automation.models import AttemptOutcome, Delivery, Endpoint
from tests.schema.client.api import Desk, gid
from tests.schema.client.rows import seal

URL = "https://tools.example/hook?token=1"
ENDPOINT = (
    "endpoint{id url description events enabled disabledReason lastSequence version "
    "problems{code} availableActions}"
)
LOG = """query ($id: ID!) { node(id: $id) { ... on Endpoint {
  deliveries(first: 10) { totalCount nodes {
    id eventName sequence state aside attemptCount availableActions
    event { id sequence name }
    attempts { number outcome status message }
  } }
} } }"""


async def an_endpoint(desk: Desk, **given: Any) -> tuple[str, str]:
    """Make an endpoint; return its id and its secret."""
    given = {"url": URL, "events": ["brand.*"], **given}
    payload = (await desk.manager.do("endpointCreate", f"secret {ENDPOINT}", **given)).payload
    assert payload["errors"] == []
    return payload["endpoint"]["id"], payload["secret"]


async def one_attempt(desk: Desk, came: Came) -> None:
    """Try what is next, as a worker would."""
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        endpoint_id = await work.one(select(Endpoint.id))
        assert endpoint_id is not None
        turn = await begin(work, endpoint_id=endpoint_id)
        assert turn.call is not None
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        await settle(work, endpoint_id=endpoint_id, call=turn.call, came=came)


async def test_an_endpoint_is_made_and_its_secret_shown_once(desk: Desk) -> None:
    await seal(desk.world)
    answer = await desk.manager.do(
        "endpointCreate", f"secret {ENDPOINT}", url=URL, description="  CRM  "
    )

    made = answer.payload["endpoint"]
    assert answer.payload["secret"].startswith("whsec_")
    assert made["url"] == URL
    assert (made["description"], made["events"]) == ("CRM", ["publication.*"])
    assert (made["enabled"], made["disabledReason"], made["problems"]) == (True, None, [])
    assert made["lastSequence"] > 0
    assert set(made["availableActions"]) == {
        "ENDPOINT_UPDATE",
        "ENDPOINT_ROTATE_SECRET",
        "ENDPOINT_TEST",
        "ENDPOINT_REPLAY",
        "ENDPOINT_DELETE",
    }
    read = await desk.manager.ask("{endpoints{nodes{id url}}}")
    assert read.data["endpoints"]["nodes"] == [{"id": made["id"], "url": URL}]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"url": "http://tools.example/x"}, ["input", "url"]),
        ({"url": "ftp://tools.example/x"}, ["input", "url"]),
        ({"url": "https://me:secret@tools.example/x"}, ["input", "url"]),
        ({"url": ""}, ["input", "url"]),
        ({"events": []}, ["input", "events"]),
        ({"events": ["publication.*", "publicaton.held"]}, ["input", "events", "1"]),
        ({"description": "x" * 1_001}, ["input", "description"]),
    ],
)
async def test_a_bad_endpoint_is_refused(
    desk: Desk, given: dict[str, Any], path: list[str]
) -> None:
    answer = await desk.manager.do(
        "endpointCreate", f"secret {ENDPOINT}", **{"url": URL, "events": ["*"], **given}
    )

    assert answer.refusal == {"code": "INVALID", "path": path}
    assert (await desk.manager.ask("{endpoints{totalCount}}")).data["endpoints"]["totalCount"] == 0


async def test_the_log_of_an_endpoint_can_be_read(desk: Desk) -> None:
    await seal(desk.world)
    endpoint_id, secret = await an_endpoint(desk)
    await desk.manager.do("brandCreate", "brand{id}", name="N", slug="n", locales=["en"])
    await seal(desk.world)
    await one_attempt(desk, Came(outcome=AttemptOutcome.UNWELL, status=503, message="Sorry"))

    answer = await desk.manager.ask(LOG, id=endpoint_id)

    found = answer.data["node"]["deliveries"]
    (delivery,) = found["nodes"]
    event = delivery.pop("event")
    assert delivery.pop("id")
    assert found["totalCount"] == 1
    assert delivery == {
        "eventName": "brand.created",
        "sequence": event["sequence"],
        "state": "PENDING",
        "aside": False,
        "attemptCount": 1,
        "availableActions": ["DELIVERY_REPLAY"],
        "attempts": [{"number": 1, "outcome": "UNWELL", "status": 503, "message": "Sorry"}],
    }
    assert event["name"] == "brand.created"
    assert secret not in str(answer.data)

    shown = await desk.manager.ask("{endpoints{nodes{failingSince problems{code severity}}}}")
    (endpoint,) = shown.data["endpoints"]["nodes"]
    assert endpoint["failingSince"] is not None
    assert endpoint["problems"] == [{"code": "ENDPOINT_UNREACHED", "severity": "WARNING"}]


async def test_an_endpoint_that_is_gone_says_so(desk: Desk) -> None:
    await seal(desk.world)
    endpoint_id, _ = await an_endpoint(desk)
    await desk.manager.do("brandCreate", "brand{id}", name="N", slug="n", locales=["en"])
    await seal(desk.world)
    await one_attempt(desk, Came(outcome=AttemptOutcome.GONE, status=410))

    answer = await desk.manager.ask(
        "query($id:ID!){node(id:$id){...on Endpoint{enabled disabledReason problems{code} "
        "availableActions deliveries{nodes{availableActions}}}}}",
        id=endpoint_id,
    )

    node = answer.data["node"]
    assert (node["enabled"], node["disabledReason"]) == (False, "GONE")
    assert node["problems"] == [{"code": "ENDPOINT_GONE"}]
    assert "ENDPOINT_TEST" not in node["availableActions"]
    assert node["deliveries"]["nodes"] == [{"availableActions": []}]
    for mutation, given in (
        ("endpointTest", {}),
        ("endpointReplay", {"fromSequence": 1}),
    ):
        refused = await desk.manager.do(mutation, "endpoint{id}", id=endpoint_id, **given)
        assert refused.refusal == {"code": "WRONG_STATE", "path": ["input", "id"]}

    again = await desk.manager.do("endpointUpdate", ENDPOINT, id=endpoint_id, enabled=True)
    assert again.payload["endpoint"]["disabledReason"] is None


async def test_deliveries_are_filtered_and_sent_again(desk: Desk) -> None:
    await seal(desk.world)
    endpoint_id, _ = await an_endpoint(desk)
    await desk.manager.do("brandCreate", "brand{id}", name="N", slug="n", locales=["en"])
    await seal(desk.world)
    await one_attempt(desk, Came(outcome=AttemptOutcome.DELIVERED, status=200))
    asked = (
        "query($e:[ID!],$s:[DeliveryState!]){deliveries(filter:{endpointIn:$e,stateIn:$s})"
        "{nodes{id state}}}"
    )

    done = await desk.manager.ask(asked, e=[endpoint_id], s=["DELIVERED"])
    (delivery,) = done.data["deliveries"]["nodes"]
    replayed = await desk.manager.do(
        "deliveryReplay", "delivery{id state attemptCount}", id=delivery["id"]
    )

    assert replayed.payload["delivery"] == {
        "id": delivery["id"],
        "state": "PENDING",
        "attemptCount": 1,
    }
    none = await desk.manager.ask(asked, e=[endpoint_id], s=["GIVEN_UP"])
    assert none.data["deliveries"]["nodes"] == []


async def test_a_rotation_shows_the_new_secret_and_when_the_old_one_ends(desk: Desk) -> None:
    endpoint_id, secret = await an_endpoint(desk)

    answer = await desk.manager.do(
        "endpointRotateSecret", "secret endpoint{previousSecretUntil version}", id=endpoint_id
    )
    wrong = await desk.manager.do(
        "endpointRotateSecret", "endpoint{id}", id=endpoint_id, overlapHours=169
    )

    assert answer.payload["secret"] not in {None, secret}
    assert answer.payload["endpoint"]["previousSecretUntil"] is not None
    assert answer.payload["endpoint"]["version"] == 2
    assert wrong.refusal == {"code": "INVALID", "path": ["input", "overlapHours"]}


async def test_a_stale_change_of_an_endpoint_is_refused(desk: Desk) -> None:
    endpoint_id, _ = await an_endpoint(desk)

    answer = await desk.manager.do(
        "endpointUpdate", ENDPOINT, id=endpoint_id, events=["*"], expectedVersion=7
    )

    assert answer.refusal == {
        "code": "CONFLICT",
        "path": ["input", "expectedVersion"],
        "currentVersion": 1,
    }


async def test_a_deleted_endpoint_is_no_more(desk: Desk) -> None:
    endpoint_id, _ = await an_endpoint(desk)

    answer = await desk.manager.do("endpointDelete", "deletedId", id=endpoint_id)
    again = await desk.manager.do("endpointDelete", "deletedId", id=endpoint_id)

    assert answer.payload == {"deletedId": endpoint_id, "errors": []}
    assert again.refusal == {"code": "NOT_FOUND", "path": ["input", "id"]}


async def test_an_endpoint_of_another_workspace_does_not_exist(desk: Desk, stranger: Desk) -> None:
    endpoint_id, _ = await an_endpoint(desk)

    for mutation, selection, given in (
        ("endpointUpdate", "endpoint{id}", {}),
        ("endpointRotateSecret", "endpoint{id}", {}),
        ("endpointTest", "endpoint{id}", {}),
        ("endpointReplay", "endpoint{id}", {"fromSequence": 1}),
        ("endpointDelete", "deletedId", {}),
    ):
        answer = await stranger.manager.do(mutation, selection, id=endpoint_id, **given)
        assert answer.refusal == {"code": "NOT_FOUND", "path": ["input", "id"]}, mutation
    answer = await stranger.manager.ask(LOG, id=endpoint_id)
    assert answer.codes == ["NOT_FOUND"]


async def test_a_replay_begins_at_a_number(desk: Desk) -> None:
    endpoint_id, _ = await an_endpoint(desk)

    answer = await desk.manager.do("endpointReplay", ENDPOINT, id=endpoint_id, fromSequence=0)

    assert answer.refusal == {"code": "INVALID", "path": ["input", "fromSequence"]}


@pytest.mark.parametrize("role", [Role.EDITOR, Role.APPROVER, Role.VIEWER])
async def test_only_who_manages_sees_endpoints(desk: Desk, role: Role) -> None:
    endpoint_id, _ = await an_endpoint(desk)

    made = await desk.as_(role).do("endpointCreate", "secret endpoint{id}", url=URL, events=["*"])
    seen = await desk.as_(role).ask("{endpoints{nodes{url}}}")
    tested = await desk.as_(role).do("endpointTest", "endpoint{id}", id=endpoint_id)

    assert made.refusal["code"] == tested.refusal["code"] == "FORBIDDEN"
    assert seen.codes == ["FORBIDDEN"]


async def test_a_delivery_has_an_id_of_its_own(desk: Desk) -> None:
    await seal(desk.world)
    await an_endpoint(desk)
    await desk.manager.do("brandCreate", "brand{id}", name="N", slug="n", locales=["en"])
    await seal(desk.world)
    await one_attempt(desk, Came(outcome=AttemptOutcome.DELIVERED, status=200))
    async with desk.world.hub.unit_of_work(desk.world.system) as work:
        row_id = await work.one(select(Delivery.id))
    assert row_id is not None

    answer = await desk.manager.ask(
        "query($id:ID!){node(id:$id){id ...on Delivery{state}}}", id=gid("Delivery", row_id)
    )

    assert answer.data["node"] == {"id": gid("Delivery", row_id), "state": "DELIVERED"}
