"""Picture files for tests: small, and with everything in them that must not get out."""

import io
from typing import Any

from PIL import Image

#: Words that the metadata of `a_photo` carries.
ARTIST = "Ada Lovelace"


def written(image: Image.Image, format_: str, **options: Any) -> bytes:
    """Return the image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def a_photo(size: tuple[int, int] = (640, 480), *, colour: str = "red") -> bytes:
    """Return a JPEG that says by whom and where it was taken."""
    exif = Image.Exif()
    exif[0x013B] = ARTIST
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    return written(Image.new("RGB", size, colour), "JPEG", exif=exif.tobytes())


def a_drawing(size: tuple[int, int] = (640, 480), *, colour: str = "blue") -> bytes:
    """Return a PNG."""
    return written(Image.new("RGB", size, colour), "PNG")
