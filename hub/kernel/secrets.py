"""Secrets at rest: sealed with AES-256-GCM, bound to their row; tokens only as a keyed digest."""

import hashlib
import hmac
import secrets
import zlib
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.kernel.errors import Invalid

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_LENGTH = 43  # 43 characters of 62 carry 256 bits
_CHECK_LENGTH = 6
_NONCE_LENGTH = 12


class SecretBroken(Exception):
    """A sealed secret cannot be opened: another key, another row, or changed bytes."""


class Vault:
    """Seals and opens secrets with keys derived from the one secret key of the installation."""

    def __init__(self, secret_key: str) -> None:
        self._seal_key = _derive(secret_key, b"hub credentials v1")
        self._token_key = _derive(secret_key, b"hub tokens v1")
        self._link_key = _derive(secret_key, b"hub links v1")
        self._session_key = _derive(secret_key, b"hub sessions v1")
        self._page_key = _derive(secret_key, b"hub pages v1")
        self.key_id = hashlib.sha256(self._seal_key).hexdigest()[:16]

    def seal(self, value: dict[str, str], *, row_id: UUID) -> bytes:
        """Encrypt a small JSON object for one row; another row cannot open it."""
        nonce = secrets.token_bytes(_NONCE_LENGTH)
        return nonce + AESGCM(self._seal_key).encrypt(
            nonce, orjson.dumps(value), self._associated(row_id)
        )

    def open(self, sealed: bytes, *, row_id: UUID) -> dict[str, str]:
        """Decrypt what `seal` made for the same row; raises SecretBroken."""
        nonce, ciphertext = sealed[:_NONCE_LENGTH], sealed[_NONCE_LENGTH:]
        try:
            plain = AESGCM(self._seal_key).decrypt(nonce, ciphertext, self._associated(row_id))
        except (InvalidTag, ValueError) as error:
            raise SecretBroken(f"The secret of row {row_id} cannot be opened.") from error
        opened: dict[str, str] = orjson.loads(plain)
        return opened

    def token_digest(self, token: str) -> bytes:
        """Return the keyed digest a token is stored as."""
        return hmac.digest(self._token_key, token.encode(), "sha256")

    def session_digest(self, text: str) -> bytes:
        """Return the keyed digest a session, or what is tried in order to get one, is stored as."""
        return hmac.digest(self._session_key, text.encode(), "sha256")

    def page_token(self, session: str) -> str:
        """Return what a page must send beside its session's cookie, which it cannot read (hex)."""
        return hmac.new(self._page_key, session.encode(), "sha256").hexdigest()

    def is_page_token(self, session: str, given: str) -> bool:
        """Say whether that is the session's page token, in constant time."""
        return hmac.compare_digest(self.page_token(session).encode(), given.encode())

    def sign_link(self, text: str) -> str:
        """Return a signature (hex) over the text of a link the hub hands out."""
        return hmac.new(self._link_key, text.encode(), "sha256").hexdigest()

    def link_is_genuine(self, text: str, signature: str) -> bool:
        """Say whether the signature was made by `sign_link`, in constant time."""
        return hmac.compare_digest(self.sign_link(text).encode(), signature.encode())

    def _associated(self, row_id: UUID) -> bytes:
        return f"{self.key_id}|{row_id}".encode()


def _derive(secret_key: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(secret_key.encode())


def new_token(kind: str) -> str:
    """Return `hub_<kind>_` + 256 random bits + a checksum, all base 62."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    head = f"hub_{kind}_{body}"
    return head + _checksum(head)


def require_token_form(token: str) -> None:
    """Raise Invalid unless the checksum fits: garbage never reaches the database."""
    head, check = token[:-_CHECK_LENGTH], token[-_CHECK_LENGTH:]
    if not head.startswith("hub_") or not token.isascii() or _checksum(head) != check:
        raise Invalid("This is not a token of the hub.")


def _checksum(head: str) -> str:
    number = zlib.crc32(head.encode())
    digits = ""
    for _ in range(_CHECK_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
