"""Signing and checking: what one library signs the other believes, and nothing else."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from hub.kernel.signatures import Signed, is_genuine, new_secret, secret_bytes, signed

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SECRET = new_secret()
KEY = secret_bytes(SECRET)


def a_message(body: bytes = b"{}", *, at: datetime = NOW, message_id: str = "msg_1") -> Signed:
    headers = signed([KEY], message_id=message_id, at=at, body=body)
    return Signed(
        id=message_id,
        moment=headers["webhook-timestamp"],
        signatures=headers["webhook-signature"],
        body=body,
    )


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_signatures_are_those_of_the_library(text: str) -> None:
    made = a_message(text.encode())

    assert made.signatures == Webhook(SECRET).sign("msg_1", NOW, text)
    assert is_genuine(made, [KEY], now=NOW)


@pytest.mark.parametrize(
    ("drift", "genuine"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
)
def test_the_window_has_exact_ends(drift: int, genuine: bool) -> None:
    made = a_message(at=NOW + timedelta(seconds=drift))

    assert is_genuine(made, [KEY], now=NOW) is genuine


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_another_body_is_never_genuine(body: bytes, other: bytes) -> None:
    made = a_message(body)
    swapped = Signed(id=made.id, moment=made.moment, signatures=made.signatures, body=other)

    assert is_genuine(swapped, [KEY], now=NOW) is (body == other)


def test_parts_cannot_be_shifted_over_a_full_stop() -> None:
    made = a_message(b"1.{}", message_id="msg")
    shifted = Signed(id=f"msg.{made.moment}", moment="1", signatures=made.signatures, body=b"{}")

    assert not is_genuine(shifted, [KEY], now=datetime.fromtimestamp(1, UTC))


@pytest.mark.parametrize("message_id", ["", "a b", "a.b", "ü", "x" * 201, "a\n"])
def test_an_id_has_a_form(message_id: str) -> None:
    assert not is_genuine(a_message(message_id=message_id), [KEY], now=NOW)


@pytest.mark.parametrize("moment", ["", "-1", "1e9", " 1", "1" * 13, "١٢"])
def test_a_time_is_plain_digits(moment: str) -> None:
    made = a_message()
    content = f"{made.id}.{moment}.".encode() + made.body
    assert content
    other = Signed(id=made.id, moment=moment, signatures=made.signatures, body=made.body)

    assert not is_genuine(other, [KEY], now=NOW)


@pytest.mark.parametrize("signatures", ["", "v1", "v1,", "v1,%%%", "v2,AAAA", "v1,AAAA " * 900])
def test_what_is_no_signature_does_no_harm(signatures: str) -> None:
    made = a_message()
    other = Signed(id=made.id, moment=made.moment, signatures=signatures, body=made.body)

    assert not is_genuine(other, [KEY], now=NOW)


def test_nobody_without_a_key_is_believed() -> None:
    assert not is_genuine(a_message(), [], now=NOW)
    assert not is_genuine(a_message(), [secret_bytes(new_secret())], now=NOW)


def test_secrets_are_new_each_time_and_long_enough() -> None:
    assert new_secret() != new_secret()
    assert len(secret_bytes(new_secret())) == 32
