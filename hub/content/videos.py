"""What a video file says of itself: read from its container, within bounds, without decoding it.

A video is passed on as it came, so nothing here needs a codec: only the few boxes or elements that
tell type, duration, dimensions and codecs are read. Libraries that decode bring a hundred megabytes
and other licences along; a picture to stand for the video is taken where the file carries one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from hub.content import matroska, mp4
from hub.content.containers import Broken, Found, Unreadable

MIMES = ("video/mp4", "video/quicktime", "video/webm")
LONGEST_MS = 12 * 3_600_000
MOST_PIXELS = 8192 * 8192


class Reason(StrEnum):
    """Why a video was refused."""

    NOT_A_VIDEO = "NOT_A_VIDEO"
    LYING_TYPE = "LYING_TYPE"
    NO_PICTURE = "NO_PICTURE"
    BROKEN = "BROKEN"
    TOO_DEMANDING = "TOO_DEMANDING"


class Refused(Exception):
    """The bytes are not a video the hub takes; the message says why to a person."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Video:
    """What is known of a video; `cover` are the bytes of a picture it carries, if any."""

    mime: str
    width: int
    height: int
    duration_ms: int
    codecs: str
    cover: bytes | None


def sniff(head: bytes) -> str | None:
    """Return the media type the first bytes (32 or more) speak of; None for no video."""
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    if head[:4] == matroska.MAGIC:
        return "video/webm"
    return None


def probe(file: BinaryIO, *, declared_mime: str) -> Video:
    """Read what a video says of itself. Raises Refused and nothing else, whatever the bytes are."""
    mime = sniff(file.read(32))
    if mime is None:
        raise Refused(Reason.NOT_A_VIDEO, "Only MP4, QuickTime and WebM videos are taken.")
    if declared_mime != mime:
        raise Refused(Reason.LYING_TYPE, f"It was declared {declared_mime!r} but is {mime}.")
    try:
        found = matroska.read(file) if mime == "video/webm" else mp4.read(file)
    except Unreadable as error:
        raise Refused(Reason.TOO_DEMANDING, str(error)) from error
    except Broken as error:
        raise Refused(Reason.BROKEN, "The file is damaged or incomplete.") from error
    return _checked(mime, found)


def _checked(mime: str, found: Found) -> Video:
    if not found.video_codecs or not found.width or not found.height:
        raise Refused(Reason.NO_PICTURE, "There are no moving pictures in this file.")
    if not 0 < found.duration_ms <= LONGEST_MS or found.width * found.height > MOST_PIXELS:
        raise Refused(Reason.BROKEN, "The file says of itself what no video is.")
    return Video(
        mime=mime,
        width=found.width,
        height=found.height,
        duration_ms=found.duration_ms,
        codecs=", ".join([*found.video_codecs, *found.audio_codecs]),
        cover=found.cover,
    )
