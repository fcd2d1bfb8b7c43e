"""Passwords as Argon2id hashes: slow and large on purpose, so few at a time and off the loop."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.kernel.settings import Settings

Result = TypeVar("Result")

#: Each holds `password_memory_kib` while it works: a flood at the door must not fill the memory.
_AT_ONCE = 2
_LANES = 4
_WORKERS = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="password")


class Passwords:
    """Makes and checks hashes with one set of parameters."""

    def __init__(self, *, memory_kib: int, passes: int) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=_LANES)

    @cached_property
    def _decoy(self) -> str:
        return self._hasher.hash("nobody's password")

    async def hashed(self, password: str) -> str:
        """Return the hash of a password, with its salt and parameters."""
        return await _elsewhere(self._hash, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Say whether the password is the stored one; without one it takes as long and is not."""
        found = await _elsewhere(self._verify, stored, password)
        return found and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Say whether the hash was made with other parameters than those of today."""
        return self._hasher.check_needs_rehash(stored)

    def _hash(self, password: str) -> str:
        return self._hasher.hash(_normal(password))

    def _verify(self, stored: str | None, password: str) -> bool:
        # Made by whoever comes first, so that it tells nothing of who that is.
        decoy = self._decoy
        try:
            return self._hasher.verify(stored or decoy, _normal(password))
        except (VerificationError, InvalidHashError):
            return False


def passwords_of(settings: Settings) -> Passwords:
    """Return what checks passwords with the parameters of the settings."""
    return _made(settings.password_memory_kib, settings.password_passes)


@lru_cache(maxsize=4)
def _made(memory_kib: int, passes: int) -> Passwords:
    return Passwords(memory_kib=memory_kib, passes=passes)


async def _elsewhere(work: Callable[..., Result], *arguments: str | None) -> Result:
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, work, *arguments)


def _normal(password: str) -> str:
    # The same letters typed on another system may be other code points.
    return unicodedata.normalize("NFKC", password)
