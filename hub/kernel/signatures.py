"""Signing and checking messages as the Standard Webhooks specification says: pure, no clock.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

PREFIX = "whsec_"
#: How far a timestamp may be from the clock that checks it, to both sides.
WINDOW = timedelta(minutes=5)
KEY_BYTES = 32

# A full stop separates what is signed, so an id that has one could be read in two ways.
_ID = re.compile(r"[A-Za-z0-9_:+/=-]{1,200}")
_MOMENT = re.compile(r"[0-9]{1,12}")
_SIGNATURES_LONGEST = 2_000


@dataclass(frozen=True, kw_only=True)
class Signed:
    """The three headers of a message as they came, and its raw body."""

    id: str
    moment: str
    signatures: str
    body: bytes


def new_secret() -> str:
    """Return a fresh secret: `whsec_` and 32 random bytes in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def secret_bytes(secret: str) -> bytes:
    """Return the key in a `whsec_…` secret; ValueError when it is not one of 24 to 64 bytes."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"A webhook secret begins with {PREFIX}.")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("The webhook secret is not base64.") from error
    if not 24 <= len(key) <= 64:
        raise ValueError(f"A webhook secret has 24 to 64 bytes; this one has {len(key)}.")
    return key


def signed(
    keys: Sequence[bytes], *, message_id: str, at: datetime, body: bytes
) -> Mapping[str, str]:
    """Return the three headers; several keys give several signatures, newest first."""
    moment = str(int(at.timestamp()))
    content = _content(message_id, moment, body)
    digests = (hmac.digest(key, content, "sha256") for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(
            f"v1,{base64.b64encode(digest).decode()}" for digest in digests
        ),
    }


def is_genuine(message: Signed, keys: Sequence[bytes], *, now: datetime) -> bool:
    """Say whether one of the keys signed exactly this, within the window around `now`.

    Every key is compared with every signature, so that time tells nothing about them.
    """
    content = _content(message.id, message.moment, message.body)
    given = _digests(message.signatures)
    fits = False
    for key in keys:
        wanted = hmac.digest(key, content, "sha256")
        for digest in given:
            fits = hmac.compare_digest(wanted, digest) or fits
    return fits and _is_well_formed(message) and _is_timely(message.moment, now)


def _content(message_id: str, moment: str, body: bytes) -> bytes:
    return b".".join((message_id.encode(), moment.encode(), body))


def _is_well_formed(message: Signed) -> bool:
    return bool(_ID.fullmatch(message.id) and _MOMENT.fullmatch(message.moment))


def _is_timely(moment: str, now: datetime) -> bool:
    return abs(now.timestamp() - int(moment)) <= WINDOW.total_seconds()


def _digests(signatures: str) -> list[bytes]:
    found = []
    for signature in signatures[:_SIGNATURES_LONGEST].split(" "):
        version, _, digest = signature.partition(",")
        if version != "v1":
            continue
        try:
            found.append(base64.b64decode(digest, validate=True))
        except (binascii.Error, ValueError):
            continue
    return found
