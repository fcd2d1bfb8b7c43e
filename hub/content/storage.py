"""Where the bytes of assets lie: a local directory, through a store that can also be S3."""

import hashlib
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO
from uuid import UUID

from obstore.exceptions import NotFoundError
from obstore.store import LocalStore

#: How much of a large file is in memory at once.
PIECE = 4_000_000


class BytesMissing(Exception):
    """The storage does not hold these bytes, or holds others under their hash."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Bytes on their way, and how many there are."""

    size: int
    pieces: AsyncIterator[bytes]


class Storage:
    """Bytes by key. Pictures lie under `<workspace>/<sha256>`, uploads under `uploads/<id>`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # Pictures that nobody has approved yet are nobody else's business on this machine.
        folder.chmod(0o700)
        self._store = LocalStore(folder)

    async def put(self, key: str, data: bytes) -> None:
        """Write the bytes; the same key is overwritten."""
        await self._store.put_async(key, data)

    async def put_file(self, key: str, file: IO[bytes]) -> None:
        """Write all of a file, piece by piece; the same key is overwritten."""
        file.seek(0)
        await self._store.put_async(key, file)

    async def copy(self, key: str, to: str) -> None:
        """Let the same bytes lie under another key as well; raises BytesMissing."""
        try:
            await self._store.copy_async(key, to)
        except (NotFoundError, FileNotFoundError) as error:
            raise BytesMissing(f"Nothing is stored under {key}.") from error

    async def size(self, key: str) -> int:
        """Return how many bytes lie under a key; raises BytesMissing."""
        try:
            return (await self._store.head_async(key))["size"]
        except (NotFoundError, FileNotFoundError) as error:
            raise BytesMissing(f"Nothing is stored under {key}.") from error

    async def pieces(
        self, key: str, *, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """Yield the bytes of a key from a place to another, a piece at a time."""
        end = await self.size(key) if end is None else end
        while start < end:
            until = min(end, start + PIECE)
            yield bytes(await self._store.get_range_async(key, start=start, end=until))
            start = until

    async def read(self, key: str) -> Reading:
        """Begin to read the bytes of a key, a piece at a time; raises BytesMissing."""
        size = await self.size(key)
        return Reading(size=size, pieces=self.pieces(key, end=size))

    async def get(self, key: str) -> bytes:
        """Return the bytes of a key; raises BytesMissing."""
        try:
            found = await self._store.get_async(key)
            return bytes(await found.bytes_async())
        except (NotFoundError, FileNotFoundError) as error:
            raise BytesMissing(f"Nothing is stored under {key}.") from error

    async def delete(self, key: str) -> None:
        """Remove a key; one that is not there is removed already."""
        try:
            await self._store.delete_async(key)
        except (NotFoundError, FileNotFoundError):
            return


def picture_key(workspace_id: UUID, sha256: str) -> str:
    """Return where the bytes of a picture lie."""
    return f"{workspace_id}/{sha256}"


class WorkspaceMedia:
    """Reads approved assets of one workspace; refuses bytes whose hash is not the one asked."""

    def __init__(self, storage: Storage, workspace_id: UUID) -> None:
        self._storage = storage
        self._workspace_id = workspace_id

    async def read(self, sha256: str) -> bytes:
        """Return the bytes with exactly that SHA-256 (hex)."""
        data = await self._storage.get(picture_key(self._workspace_id, sha256))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise BytesMissing("The stored picture is not the approved one.")
        return data

    @asynccontextmanager
    async def file(self, sha256: str) -> AsyncIterator[BinaryIO]:
        """Give the bytes with exactly that SHA-256 as a file, which is gone afterwards."""
        with tempfile.TemporaryFile() as file:
            found = await fill(file, self._storage, picture_key(self._workspace_id, sha256))
            if found != sha256:
                raise BytesMissing("The stored video is not the approved one.")
            yield file


async def fill(file: IO[bytes], storage: Storage, key: str) -> str:
    """Write the bytes of a key to a file, go back to its begin, and return their SHA-256."""
    digest = hashlib.sha256()
    async for piece in storage.pieces(key):
        digest.update(piece)
        file.write(piece)
    file.seek(0)
    return digest.hexdigest()
