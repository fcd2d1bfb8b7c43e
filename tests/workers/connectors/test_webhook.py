"""Signatures as Standard Webhooks has them, with its own library as the judge."""

import base64
import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import orjson
import pytest
from standardwebhooks import Webhook as Judge
from standardwebhooks.webhooks import WebhookVerificationError

from hub.kernel.signatures import secret_bytes, signed
from tests.workers.connectors.conftest import PlaceMaker
from tests.workers.connectors.places import SECRET, Shelf, a_sending, commit_step, publish
from workers.connectors.errors import NeedsAuth, Rejected
from workers.connectors.http import Http, open_http
from workers.connectors.webhook import Webhook, body_of, message_id
from workers.simulators.receiver import new_secret


def test_the_published_vector_comes_out() -> None:
    headers = signed(
        [base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
        body=b'{"test": 2432232314}',
    )

    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_the_judge_accepts_two_hundred_random_messages() -> None:
    for _ in range(200):
        secret, body = new_secret(), orjson.dumps({"a": secrets.token_urlsafe(40), "é": "☃"})
        headers = signed(
            [secret_bytes(secret)], message_id=message_id(uuid4()), at=datetime.now(UTC), body=body
        )

        Judge(secret).verify(body, dict(headers))


def test_the_judge_refuses_every_change() -> None:
    body = b'{"type":"publication.published"}'
    headers = dict(
        signed([secret_bytes(SECRET)], message_id="msg_1", at=datetime.now(UTC), body=body)
    )
    judge = Judge(SECRET)

    for mutant in (
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)},
        {"webhook-signature": headers["webhook-signature"].replace("v1,", "v2,")},
    ):
        with pytest.raises(WebhookVerificationError):
            judge.verify(body, {**headers, **mutant})
    for position in range(len(body)):
        changed = bytes([*body[:position], body[position] ^ 1, *body[position + 1 :]])
        with pytest.raises(WebhookVerificationError):
            judge.verify(changed, headers, json_parse=False)


def test_while_a_secret_is_rotated_both_ends_understand_each_other() -> None:
    old, new, strange = new_secret(), new_secret(), new_secret()
    body = b"{}"
    headers = dict(
        signed(
            [secret_bytes(new), secret_bytes(old)],
            message_id="msg_1",
            at=datetime.now(UTC),
            body=body,
        )
    )

    Judge(new).verify(body, headers)
    Judge(old).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Judge(strange).verify(body, headers)


def test_an_id_never_holds_the_sign_that_separates_what_is_signed() -> None:
    key = UUID("12345678-1234-5678-1234-567812345678")

    assert message_id(key) == "msg_12345678123456781234567812345678"


async def test_a_delivery_carries_what_was_approved(place_at: PlaceMaker) -> None:
    place = await place_at("webhook")
    sending = a_sending(place, "# Harbour\n\nOpen **now**.")

    story = await publish(place, sending)

    (kept,) = await place.stored()
    payload = kept["payload"]
    assert payload["type"] == "publication.published"
    assert payload["timestamp"] == sending.created_at.isoformat()
    assert payload["data"]["publicationId"] == str(sending.publication_id)
    assert payload["data"]["editionHash"] == sending.edition.digest()
    assert payload["data"]["edition"] == sending.edition.to_json()
    assert "<strong>now</strong>" in payload["data"]["edition"]["fields"]["html"]
    assert kept["id"] == message_id(sending.idempotency_key)
    assert story.refs[0].url.startswith(place.base)


async def test_a_repeat_has_the_same_id_and_body_and_is_kept_once(place_at: PlaceMaker) -> None:
    place = await place_at("webhook")
    sending = a_sending(place)

    await publish(place, sending)
    await publish(place, sending)

    inbox = (await place.ask("GET", f"inboxes/{place.inbox}")).json()
    assert inbox["count"] == 1
    assert inbox["deliveries"] == [message_id(sending.idempotency_key)] * 2
    assert body_of(sending) == body_of(sending)


async def test_a_receiver_with_the_old_secret_is_served_during_a_rotation(
    place_at: PlaceMaker,
) -> None:
    place = await place_at("webhook")
    rotating = {"secret": new_secret(), "previous_secret": SECRET}
    account = replace(place.account, secrets=rotating)

    await publish(place, replace(a_sending(place), account=account))

    assert len(await place.stored()) == 1


@pytest.mark.parametrize("drift", [timedelta(seconds=-301), timedelta(seconds=302)])
async def test_a_receiver_refuses_a_time_that_is_too_far_away(
    place_at: PlaceMaker, http: Http, drift: timedelta
) -> None:
    place = await place_at("webhook")
    late = Webhook(http, clock=lambda: datetime.now(UTC) + drift)
    sending = a_sending(place)

    with pytest.raises(NeedsAuth):
        await late.perform(sending, commit_step(place, sending), Shelf())

    assert await place.stored() == []


@pytest.mark.parametrize("secret", ["", "hello", "whsec_!!!", "whsec_c2hvcnQ="])
async def test_an_unusable_secret_fails_the_check(place_at: PlaceMaker, secret: str) -> None:
    place = await place_at("webhook")
    account = replace(place.account, secrets={"secret": secret or "x"})

    with pytest.raises(NeedsAuth):
        await place.connector.check(account)


async def test_an_address_at_home_fails_the_check(place_at: PlaceMaker) -> None:
    place = await place_at("webhook")
    async with open_http() as strict:
        with pytest.raises(Rejected):
            await Webhook(strict).check(place.account)


async def test_a_path_that_may_be_secret_is_not_shown(place_at: PlaceMaker) -> None:
    place = await place_at("webhook")

    identity = await place.connector.check(place.account)

    assert place.inbox not in f"{identity.handle}{identity.name}{identity.url}{identity.remote_id}"
