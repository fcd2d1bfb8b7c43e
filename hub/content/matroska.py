"""WebM: the elements of Matroska (RFC 9559, in the EBML of RFC 8794) that say what is in a file."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from hub.content.containers import Broken, Found, Source, number, word

MAGIC = b"\x1a\x45\xdf\xa3"

_HEADER, _DOC_TYPE = 0x1A45DFA3, 0x4282
_SEGMENT, _INFO, _TRACKS, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0x1F43B675
_SCALE, _DURATION = 0x2AD7B1, 0x4489
_ENTRY, _TYPE, _CODEC = 0xAE, 0x83, 0x86
_VIDEO, _WIDTH, _HEIGHT = 0xE0, 0xB0, 0xBA
_NANOSECONDS = 1_000_000
_MOVING, _HEARD = 1, 2


@dataclass(frozen=True, kw_only=True)
class _Element:
    kind: int
    start: int
    end: int


def read(file: BinaryIO) -> Found:
    """Return what the file says of itself; Broken or Unreadable where it cannot be read."""
    source = Source(file)
    found = Found()
    for element in _elements(source, 0, source.size):
        if element.kind == _HEADER and _text(source, element, _DOC_TYPE) != "webm":
            raise Broken
        if element.kind == _SEGMENT:
            _segment(source, element, found)
            return found
    raise Broken


def _segment(source: Source, segment: _Element, found: Found) -> None:
    for element in _elements(source, segment.start, segment.end):
        if element.kind == _INFO:
            found.duration_ms = _duration(source, element)
        elif element.kind == _TRACKS:
            for entry in _elements(source, element.start, element.end):
                if entry.kind == _ENTRY:
                    _track(source, entry, found)
        elif element.kind == _CLUSTER and found.video_codecs and found.duration_ms:
            # What follows is the video itself.
            return


def _duration(source: Source, info: _Element) -> int:
    scale, duration = _NANOSECONDS, 0.0
    for element in _elements(source, info.start, info.end):
        if element.kind == _SCALE:
            scale = number(source.read(element.start, min(8, element.end - element.start)))
        elif element.kind == _DURATION:
            duration = _real(source.read(element.start, min(8, element.end - element.start)))
    if not 0 <= duration < 1e15:
        raise Broken
    return int(duration * scale) // _NANOSECONDS


def _track(source: Source, entry: _Element, found: Found) -> None:
    kind, codec, width, height = 0, "", 0, 0
    for element in _elements(source, entry.start, entry.end):
        size = element.end - element.start
        if element.kind == _TYPE:
            kind = number(source.read(element.start, min(8, size)))
        elif element.kind == _CODEC:
            codec = word(source.read(element.start, min(40, size)))
        elif element.kind == _VIDEO:
            for side in _elements(source, element.start, element.end):
                value = number(source.read(side.start, min(8, side.end - side.start)))
                width = value if side.kind == _WIDTH else width
                height = value if side.kind == _HEIGHT else height
    if kind == _HEARD and codec:
        found.audio_codecs.append(codec)
    if kind == _MOVING and codec:
        found.video_codecs.append(codec)
        if width * height > found.width * found.height:
            found.width, found.height = width, height


def _elements(source: Source, start: int, end: int) -> Iterator[_Element]:
    at = start
    while at < end:
        source.count()
        kind, at = _variable(source, at, end, keep=True)
        size, at = _variable(source, at, end, keep=False)
        # Live streams leave the size open: it goes to the end of what it is in.
        until = end if size is None else at + size
        if until > end or kind is None:
            raise Broken
        yield _Element(kind=kind, start=at, end=until)
        at = until


def _variable(source: Source, at: int, end: int, *, keep: bool) -> tuple[int | None, int]:
    """Return a number of variable length (None: left open) and where the next one begins."""
    first = source.read(at, 1)[0]
    length = 9 - first.bit_length()
    if length > 8 or at + length > end:
        raise Broken
    value = number(source.read(at, length))
    most = (1 << 7 * length) - 1
    if keep:
        return value, at + length
    bare = value & most
    return (None if bare == most else bare), at + length


def _text(source: Source, parent: _Element, kind: int) -> str:
    for element in _elements(source, parent.start, parent.end):
        if element.kind == kind:
            return word(source.read(element.start, min(40, element.end - element.start)))
    return ""


def _real(data: bytes) -> float:
    if len(data) not in {4, 8}:
        raise Broken
    value: float = struct.unpack(">f" if len(data) == 4 else ">d", data)[0]
    return value
