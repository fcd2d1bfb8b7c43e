"""MP4 and QuickTime: the boxes of ISO/IEC 14496-12 that say what is in the file."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from hub.content.containers import Broken, Found, Source, number, word

_HEADER = 8
_LARGE = 16
_TRACK_HEADER = 84
_FIXED = 16
_DEEPEST = 12


@dataclass(frozen=True, kw_only=True)
class _Box:
    kind: bytes
    start: int
    end: int


@dataclass(kw_only=True)
class _Track:
    handler: bytes = b""
    codec: str = ""
    width: int = 0
    height: int = 0
    turned: bool = False


def read(file: BinaryIO) -> Found:
    """Return what the file says of itself; Broken or Unreadable where it cannot be read."""
    source = Source(file)
    found = Found()
    for box in _boxes(source, 0, source.size):
        if box.kind == b"moov":
            _movie(source, box, found)
            return found
    raise Broken


def _boxes(source: Source, start: int, end: int) -> Iterator[_Box]:
    at = start
    while at + _HEADER <= end:
        source.count()
        header = source.read(at, _HEADER)
        size, own = number(header[:4]), _HEADER
        if size == 1:
            size, own = number(source.read(at + _HEADER, 8)), _LARGE
        elif size == 0:
            size = end - at
        if size < own or at + size > end:
            raise Broken
        yield _Box(kind=header[4:8], start=at + own, end=at + size)
        at += size


def _movie(source: Source, movie: _Box, found: Found) -> None:
    for box in _boxes(source, movie.start, movie.end):
        if box.kind == b"mvhd":
            found.duration_ms = found.duration_ms or _duration(source, box)
        elif box.kind == b"trak":
            _note(_track(source, box), found)
        elif box.kind == b"udta":
            found.cover = found.cover or _cover(source, box, depth=0)


def _duration(source: Source, box: _Box) -> int:
    wide = source.read(box.start, 1)[0] == 1
    at, size = (box.start + 20, 8) if wide else (box.start + 12, 4)
    scale = number(source.read(at, 4))
    if not scale:
        raise Broken
    return number(source.read(at + 4, size)) * 1_000 // scale


def _track(source: Source, box: _Box) -> _Track:
    track = _Track()
    for inner in _boxes(source, box.start, box.end):
        if inner.kind == b"tkhd":
            _header(source, inner, track)
        elif inner.kind == b"mdia":
            _media(source, inner, track)
    return track


def _header(source: Source, box: _Box, track: _Track) -> None:
    more = 12 if source.read(box.start, 1)[0] == 1 else 0
    data = source.read(box.start + more, _TRACK_HEADER)
    # A matrix of 3 by 3 numbers says how it is shown: a quarter turn has nothing on its diagonal.
    matrix = data[40:76]
    track.turned = number(matrix[0:4]) == 0 and number(matrix[4:8]) != 0
    track.width, track.height = number(data[76:80]) >> _FIXED, number(data[80:84]) >> _FIXED


def _media(source: Source, box: _Box, track: _Track) -> None:
    for inner in _boxes(source, box.start, box.end):
        if inner.kind == b"hdlr":
            track.handler = source.read(inner.start + 8, 4)
        elif inner.kind == b"minf":
            for table in _boxes(source, inner.start, inner.end):
                if table.kind == b"stbl":
                    track.codec = _codec(source, table) or track.codec


def _codec(source: Source, box: _Box) -> str:
    for inner in _boxes(source, box.start, box.end):
        if inner.kind == b"stsd" and number(source.read(inner.start + 4, 4)):
            return word(source.read(inner.start + 12, 4))
    return ""


def _note(track: _Track, found: Found) -> None:
    if track.handler == b"soun" and track.codec:
        found.audio_codecs.append(track.codec)
    if track.handler != b"vide" or not track.codec:
        return
    found.video_codecs.append(track.codec)
    if track.width * track.height > found.width * found.height:
        sides = (track.height, track.width) if track.turned else (track.width, track.height)
        found.width, found.height = sides


def _cover(source: Source, box: _Box, *, depth: int) -> bytes | None:
    """Return the picture that programs keep under udta/meta/ilst/covr/data."""
    if depth > _DEEPEST:
        raise Broken
    for inner in _boxes(source, box.start, box.end):
        if inner.kind == b"data" and box.kind == b"covr":
            return source.read(inner.start + 8, max(0, inner.end - inner.start - 8))
        if inner.kind == b"meta":
            # A full box: four bytes of version and flags come before what is in it.
            inside = _Box(kind=inner.kind, start=inner.start + 4, end=inner.end)
        elif inner.kind in {b"ilst", b"covr"}:
            inside = inner
        else:
            continue
        if (found := _cover(source, inside, depth=depth + 1)) is not None:
            return found
    return None
