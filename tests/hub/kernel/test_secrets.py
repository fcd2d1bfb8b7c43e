"""Secrets at rest and tokens."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.kernel.errors import Invalid
from hub.kernel.ids import new_id
from hub.kernel.secrets import SecretBroken, Vault, new_token, require_token_form

VAULT = Vault("a secret key of an installation, long enough")
OTHER = Vault("another secret key of an installation, as long")
ROW = UUID("01900000-0000-7000-8000-000000000001")
SECRET = {"access_token": "s3cret", "note": "ü"}


def test_what_is_sealed_for_a_row_opens_for_that_row_and_shows_nothing() -> None:
    sealed = VAULT.seal(SECRET, row_id=ROW)

    assert VAULT.open(sealed, row_id=ROW) == SECRET
    assert b"s3cret" not in sealed
    assert b"access_token" not in sealed


def test_sealing_twice_gives_different_bytes() -> None:
    assert VAULT.seal(SECRET, row_id=ROW) != VAULT.seal(SECRET, row_id=ROW)


def test_another_row_cannot_open_it() -> None:
    with pytest.raises(SecretBroken, match="cannot be opened"):
        VAULT.open(VAULT.seal(SECRET, row_id=ROW), row_id=new_id())


def test_another_key_cannot_open_it() -> None:
    with pytest.raises(SecretBroken):
        OTHER.open(VAULT.seal(SECRET, row_id=ROW), row_id=ROW)
    assert OTHER.key_id != VAULT.key_id


def test_no_byte_of_it_can_be_changed_or_cut() -> None:
    sealed = VAULT.seal(SECRET, row_id=ROW)
    broken = [
        *(
            sealed[:index] + bytes([sealed[index] ^ 1]) + sealed[index + 1 :]
            for index in range(len(sealed))
        ),
        *(sealed[:length] for length in range(len(sealed))),
    ]

    for one in broken:
        with pytest.raises(SecretBroken) as refused:
            VAULT.open(one, row_id=ROW)
        assert "s3cret" not in str(refused.value)


def test_a_token_has_256_random_bits_and_a_checksum() -> None:
    token = new_token("pat")

    assert re.fullmatch(r"hub_pat_[0-9A-Za-z]{49}", token)
    assert new_token("pat") != token
    require_token_form(token)


def test_a_token_with_any_character_changed_is_no_token() -> None:
    token = new_token("pat")

    for index in range(len(token)):
        other = "A" if token[index] != "A" else "B"
        with pytest.raises(Invalid):
            require_token_form(token[:index] + other + token[index + 1 :])


@pytest.mark.parametrize(
    "garbage", ["", "hub_", "x" * 6, "hub_pat_", "hub_é" + "0" * 60, "hub_\ud800" + "0" * 60]
)
def test_garbage_is_no_token(garbage: str) -> None:
    with pytest.raises(Invalid):
        require_token_form(garbage)


@given(st.text(max_size=80))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    with pytest.raises(Invalid):
        require_token_form(text)


def test_a_token_is_stored_as_a_digest_that_needs_the_key() -> None:
    token = new_token("pat")

    assert VAULT.token_digest(token) == VAULT.token_digest(token)
    assert len(VAULT.token_digest(token)) == 32
    assert VAULT.token_digest(token) != OTHER.token_digest(token)
    assert token.encode() not in VAULT.token_digest(token)


def test_links_are_signed_for_exactly_their_text() -> None:
    signature = VAULT.sign_link("upload:1:10")

    assert VAULT.link_is_genuine("upload:1:10", signature)
    assert not VAULT.link_is_genuine("upload:1:11", signature)
    assert not VAULT.link_is_genuine("upload:1:10", signature[:-1] + "x")
    assert not VAULT.link_is_genuine("upload:1:10", "")
    assert not VAULT.link_is_genuine("upload:1:10", "é")
    assert not OTHER.link_is_genuine("upload:1:10", signature)


def test_keys_for_different_purposes_differ() -> None:
    assert VAULT.token_digest("same").hex() != VAULT.sign_link("same")
