"""The draw itself: a list as bytes, and an order of it that only the seed and the list decide.

Whoever has the proof recomputes it with SHA-256 and HMAC; `docs/examples/verify_draw.py` does.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

#: Named in every proof. Another way of drawing gets another name.
ALGORITHM = "hmac-sha256-rank-1"

#: Bytes of a seed: 256 bits.
SEED_BYTES = 32

_ENTRANT_LETTERS = 32


@dataclass(frozen=True, kw_only=True)
class Entrant:
    """Somebody who takes part: the name in this contest, the handle, when the comment was written.

    A line of the list is those three, the handle last, with tabs between them.
    """

    entrant: str
    written_at: datetime
    handle: str

    @property
    def line(self) -> str:
        """Return the entrant's line, without its line feed."""
        return f"{self.entrant}\t{instant(self.written_at)}\t{shown(self.handle)}"


def instant(when: datetime) -> str:
    """Return a time as lists and proofs write it: UTC, to the microsecond, RFC 3339."""
    return when.astimezone(UTC).isoformat(timespec="microseconds")


def shown(handle: str) -> str:
    """Return a handle on one line: whatever cannot be printed is a space."""
    return "".join(letter if letter.isprintable() else " " for letter in handle)


def entrant_name(*, contest_id: UUID, person_id: UUID) -> str:
    """Return the name of a person in a contest: steady there, and of no use anywhere else."""
    told = hashlib.sha256(f"{contest_id}:{person_id}".encode()).hexdigest()
    return told[:_ENTRANT_LETTERS]


def commitment_to(seed: bytes) -> str:
    """Return SHA-256 (hex) of a seed: shown before the close, it binds without telling."""
    return hashlib.sha256(seed).hexdigest()


def listed(entrants: Iterable[Entrant]) -> str:
    """Return the list in its one form: a line for each, sorted by its bytes, each ended by LF."""
    lines = sorted((one.line for one in entrants), key=str.encode)
    return "".join(f"{line}\n" for line in lines)


def list_hash(text: str) -> str:
    """Return SHA-256 (hex) of a list's bytes in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def names_in(text: str) -> list[str]:
    """Return the names that stand in a list, in its order."""
    return [line.partition("\t")[0] for line in text.split("\n")[:-1]]


def ranked(names: Sequence[str], *, seed: bytes, hash_of_list: str, entropy: str) -> list[str]:
    """Return the names as they are drawn, first first.

    Each name's lot is HMAC-SHA256 under the seed over the list's hash, the public value and the
    name; the lowest comes first. Equal lots, which nobody will ever see, stand by name. No lot can
    be known, nor sought, before the list is frozen, and every order is as likely as any other.
    """

    def lot(name: str) -> tuple[bytes, str]:
        message = f"{hash_of_list}\n{entropy}\n{name}".encode()
        return hmac.digest(seed, message, "sha256"), name

    return sorted(names, key=lot)
