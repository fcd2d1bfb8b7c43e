"""Reading containers that strangers made: never further than their end, never more than allowed."""

from dataclasses import dataclass, field
from typing import BinaryIO

#: Boxes or elements looked at in one file.
PIECES = 20_000
#: Bytes of one piece that are read at all: names, numbers, and a picture for the cover.
PIECE_BYTES = 10_000_000


class Broken(Exception):
    """The bytes do not keep to the format."""


class Unreadable(Exception):
    """The file may be right, but asks for more than is spent on one."""


@dataclass(kw_only=True)
class Found:
    """What was read so far."""

    width: int = 0
    height: int = 0
    duration_ms: int = 0
    video_codecs: list[str] = field(default_factory=list)
    audio_codecs: list[str] = field(default_factory=list)
    cover: bytes | None = None


class Source:
    """A file that is read piece by piece, within bounds."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = PIECES
        self.size = file.seek(0, 2)

    def read(self, at: int, size: int) -> bytes:
        """Return exactly so many bytes from a place; Broken where the file ends before."""
        if size > PIECE_BYTES:
            raise Unreadable("A part of the file is far larger than such parts are.")
        if at < 0 or size < 0 or at + size > self.size:
            raise Broken
        self._file.seek(at)
        data = self._file.read(size)
        if len(data) != size:
            raise Broken
        return data

    def count(self) -> None:
        """Note that one more piece is looked at; Unreadable for far too many."""
        self._left -= 1
        if self._left < 0:
            raise Unreadable("The file is made of too many parts.")


def number(data: bytes) -> int:
    """Return a number as both formats write it: the highest byte first."""
    return int.from_bytes(data, "big")


def word(data: bytes) -> str:
    """Return a name as text that can be shown."""
    text = data.split(b"\0")[0].decode("ascii", errors="replace").strip()
    return "".join(letter for letter in text if letter.isprintable() and letter.isascii())[:40]
