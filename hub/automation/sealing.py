"""Secrets of triggers and endpoints: made here, shown once, sealed for their row."""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

from hub.automation.models import Sealed
from hub.kernel.errors import Invalid
from hub.kernel.secrets import Vault
from hub.kernel.signatures import new_secret
from hub.kernel.work import UnitOfWork

#: How long the secret before a rotation stays good, unless said otherwise; and at most.
OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=7)

_NOBODY = UUID(int=0)


def fresh(vault: Vault, row_id: UUID) -> tuple[bytes, str]:
    """Return a new secret, sealed for a row and as it is shown once."""
    secret = new_secret()
    return vault.seal({"secret": secret}, row_id=row_id), secret


def opened(work: UnitOfWork, row: Sealed, *, row_id: UUID) -> Sequence[str]:
    """Return the secrets of a row that are good now, newest first."""
    kept = work.vault.open(row.sealed, row_id=row_id)
    overlaps = row.previous_until is not None and row.previous_until > work.clock
    return [kept["secret"], *([kept["previous"]] if overlaps else [])]


def nobodys(vault: Vault) -> Sequence[str]:
    """Return a secret nobody has, opened in the same steps as somebody's."""
    return [vault.open(_sealed_for_nobody(vault), row_id=_NOBODY)["secret"]]


@lru_cache(maxsize=8)
def _sealed_for_nobody(vault: Vault) -> bytes:
    return fresh(vault, _NOBODY)[0]


def rotate(work: UnitOfWork, row: Sealed, *, row_id: UUID, overlap: timedelta) -> str:
    """Give a row a new secret and return it; the one before stays good for the overlap."""
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise Invalid(
            f"The overlap has 0 to {LONGEST_OVERLAP // timedelta(hours=1)} hours.",
            path=("input", "overlapHours"),
        )
    secret = new_secret()
    kept = work.vault.open(row.sealed, row_id=row_id)
    row.sealed = work.vault.seal({"secret": secret, "previous": kept["secret"]}, row_id=row_id)
    row.key_id = work.vault.key_id
    row.previous_until = work.clock + overlap
    return secret
