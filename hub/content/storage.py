"""Where the bytes of pictures lie: a local directory, through a store that can also be S3."""

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from obstore.exceptions import NotFoundError
from obstore.store import LocalStore

if TYPE_CHECKING:
    from obstore import GetResult

#: So many bytes are read at once.
_PIECE = 256 * 1024


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

    async def get(self, key: str) -> bytes:
        """Return the bytes of a key; raises BytesMissing."""
        try:
            found = await self._store.get_async(key)
            return bytes(await found.bytes_async())
        except (NotFoundError, FileNotFoundError) as error:
            raise BytesMissing(f"Nothing is stored under {key}.") from error

    async def put_file(self, key: str, path: Path) -> None:
        """Write what a file holds, piece by piece."""
        await self._store.put_async(key, path)

    async def read(self, key: str) -> "Reading":
        """Begin to read the bytes of a key, piece by piece; raises BytesMissing."""
        try:
            found = await self._store.get_async(key)
        except (NotFoundError, FileNotFoundError) as error:
            raise BytesMissing(f"Nothing is stored under {key}.") from error
        return Reading(size=found.meta["size"], pieces=_pieces(found))

    async def delete(self, key: str) -> None:
        """Remove a key; one that is not there is removed already."""
        try:
            await self._store.delete_async(key)
        except (NotFoundError, FileNotFoundError):
            return


async def _pieces(found: "GetResult") -> AsyncIterator[bytes]:
    async for piece in found.stream(min_chunk_size=_PIECE):
        yield bytes(piece)


def picture_key(workspace_id: UUID, sha256: str) -> str:
    """Return where the bytes of a picture lie."""
    return f"{workspace_id}/{sha256}"


class WorkspaceMedia:
    """Reads approved pictures of one workspace; refuses bytes whose hash is not the one asked."""

    def __init__(self, storage: Storage, workspace_id: UUID) -> None:
        self._storage = storage
        self._workspace_id = workspace_id

    async def read(self, sha256: str) -> bytes:
        """Return the bytes with exactly that SHA-256 (hex)."""
        data = await self._storage.get(picture_key(self._workspace_id, sha256))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise BytesMissing("The stored picture is not the approved one.")
        return data
