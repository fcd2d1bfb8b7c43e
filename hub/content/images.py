"""Uploaded pictures made safe: sniffed, bounded, decoded once, written anew from the pixels."""

import hashlib
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from PIL import Image, ImageCms, ImageOps

MAX_PIXELS = 40_000_000
MAX_BYTES = 20_000_000
RENDITION_SIDES = MappingProxyType({"thumbnail": 320, "preview": 1280})

_UNKNOWN = "application/octet-stream"
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}
_SAVE_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "JPEG": {"quality": 90, "optimize": True, "progressive": True},
    "PNG": {"compress_level": 6},
    "WEBP": {"quality": 82, "method": 4},
}
_LARGEST_PROFILE = 1_000_000
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

# Where Pillow only warns (a bomb below twice its bound, a corrupt header) the file is refused.
# The filter is for the whole process because filters cannot be set for one thread.
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)
warnings.filterwarnings("error", module=r"PIL\.")


class Reason(StrEnum):
    """Why a picture was refused."""

    NOT_AN_IMAGE = "NOT_AN_IMAGE"
    LYING_TYPE = "LYING_TYPE"
    TOO_MANY_PIXELS = "TOO_MANY_PIXELS"
    TOO_LARGE = "TOO_LARGE"
    ANIMATED = "ANIMATED"
    BROKEN = "BROKEN"


class Refused(Exception):
    """The bytes are not a picture the hub takes; the message says why to a person."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """Pixels written in one format; `sha256` in hex, of `data`."""

    mime: str
    width: int
    height: int
    sha256: str
    data: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Return the length of the file in bytes."""
        return len(self.data)

    @classmethod
    def of(cls, image: Image.Image, *, format_: str, **more: Any) -> Self:
        """Write an image; the same pixels always give the same bytes."""
        buffer = io.BytesIO()
        image.save(buffer, format_, **_SAVE_OPTIONS[format_])
        data = buffer.getvalue()
        return cls(
            mime=f"image/{format_.lower()}",
            width=image.width,
            height=image.height,
            sha256=hashlib.sha256(data).hexdigest(),
            data=data,
            **more,
        )


@dataclass(frozen=True, kw_only=True)
class Picture(Encoded):
    """A processed picture (JPEG, or PNG where that keeps more) and its smaller WebP renditions."""

    renditions: Mapping[str, Encoded]


def sniff(data: bytes) -> str:
    """Return the media type the first bytes speak of; application/octet-stream when unknown."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return _UNKNOWN


def process(data: bytes, *, declared_mime: str | None) -> Picture:
    """Decode a picture within bounds and write it anew without any metadata.

    Turned upright, in sRGB, 8 bits. Raises Refused and nothing else, whatever the bytes are.
    """
    mime = _checked_type(data, declared_mime)
    image = _decoded(data, mime)
    # What had transparency or came from a lossless format stays lossless.
    lossless = image.mode == "RGBA" or mime in {"image/png", "image/gif"}
    renditions = {}
    smaller = image
    for name, side in sorted(RENDITION_SIDES.items(), key=lambda item: -item[1]):
        smaller = _within(smaller, side)
        renditions[name] = Encoded.of(smaller, format_="WEBP")
    return Picture.of(image, format_="PNG" if lossless else "JPEG", renditions=renditions)


def _checked_type(data: bytes, declared_mime: str | None) -> str:
    if len(data) > MAX_BYTES:
        raise Refused(Reason.TOO_LARGE, f"The file is larger than {MAX_BYTES:,} bytes.")
    mime = sniff(data)
    if mime == _UNKNOWN:
        raise Refused(Reason.NOT_AN_IMAGE, "Only JPEG, PNG, WebP and GIF pictures are taken.")
    declared = (declared_mime or _UNKNOWN).partition(";")[0].strip().lower()
    if declared not in {mime, _UNKNOWN} and (declared, mime) != ("image/jpg", "image/jpeg"):
        raise Refused(Reason.LYING_TYPE, f"It was declared {declared!r} but is {mime}.")
    return mime


def _decoded(data: bytes, mime: str) -> Image.Image:
    """Return the picture upright, in mode L, RGB or RGBA, with nothing but pixels."""
    try:
        with Image.open(io.BytesIO(data), formats=[_FORMATS[mime]]) as opened:
            _check_header(opened, mime)
            opened.load()
            upright = ImageOps.exif_transpose(opened)
            profile = upright.info.get("icc_profile")
            plain = _in_srgb(_in_eight_bits(upright), profile)
    except Refused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels() from error
    except Exception as error:  # decoders raise anything at hostile bytes
        raise Refused(Reason.BROKEN, "The file is damaged or incomplete.") from error
    plain.info.clear()
    return plain


def _check_header(opened: Image.Image, mime: str) -> None:
    if opened.width * opened.height > MAX_PIXELS:
        raise _too_many_pixels()
    # Photographs carry further pictures too (previews, depth, HDR), and are not animations.
    if mime != "image/jpeg" and getattr(opened, "is_animated", False):
        raise Refused(Reason.ANIMATED, "Animations are not supported; upload a still picture.")


def _too_many_pixels() -> Refused:
    return Refused(
        Reason.TOO_MANY_PIXELS, f"The picture has more than {MAX_PIXELS // 1_000_000} megapixels."
    )


def _in_eight_bits(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        is_opaque = image.getchannel("A").getextrema() == (255, 255)
        return image.convert("RGB") if is_opaque else image
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode == "1":
        return image.convert("L")
    if image.mode in {"L", "RGB", "CMYK"}:
        return image
    return image.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the picture as a screen shows it, so that its colour profile can go."""
    wanted = image.mode if image.mode in {"L", "RGBA"} else "RGB"
    if profile and image.mode != "L" and len(profile) <= _LARGEST_PROFILE:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode=wanted)
        except (ImageCms.PyCMSError, OSError):
            # A profile that does not fit the pixels says nothing about them.
            converted = None
        if converted is not None:
            return converted
    return image if image.mode == wanted else image.convert(wanted)


def _within(image: Image.Image, side: int) -> Image.Image:
    """Return the image no longer than `side` pixels either way; never larger than it was."""
    scale = min(1.0, side / max(image.size))
    if scale == 1.0:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
