"""Pictures come out clean, bounded and the same every time; everything else is refused by name."""

import hashlib
import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from hub.content.images import (
    MAX_BYTES,
    MAX_PIXELS,
    Encoded,
    Picture,
    Reason,
    Refused,
    process,
    sniff,
)

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def opened(file: Encoded) -> Image.Image:
    """Open a result and check that it is what it says."""
    image = Image.open(io.BytesIO(file.data))
    image.load()
    assert Image.MIME[image.format or ""] == file.mime
    assert image.size == (file.width, file.height)
    assert file.size == len(file.data)
    assert file.sha256 == hashlib.sha256(file.data).hexdigest()
    return image


def processed(data: bytes) -> Picture:
    return process(data, declared_mime=None)


def refusal(data: bytes, declared_mime: str | None = None) -> Reason:
    with pytest.raises(Refused) as caught:
        process(data, declared_mime=declared_mime)
    assert caught.value.message
    return caught.value.reason


def near(pixel: Any, colour: tuple[int, ...], *, by: int = 12) -> bool:
    return all(abs(one - other) <= by for one, other in zip(pixel, colour, strict=True))


def split(size: tuple[int, int] = (64, 32)) -> Image.Image:
    """Return a picture whose left half is red and right half blue."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def with_chunk(png: bytes, added: bytes) -> bytes:
    """Put a chunk behind the header of a PNG: 8 bytes of signature and 25 of IHDR."""
    return png[:33] + added + png[33:]


def located(image: Image.Image, *, orientation: int = 1) -> bytes:
    """Return a JPEG that says where it was taken, by whom, and which way is up."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x013B] = "Ada <script>"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 24.0), 3: "E", 4: (2.0, 21.0, 7.0)})
    return encoded(image, "JPEG", quality=95, exif=exif, comment=b"secret comment")


def test_a_photograph_comes_back_with_its_renditions() -> None:
    picture = processed(encoded(split((2000, 1000)), "JPEG"))
    assert (picture.mime, picture.width, picture.height) == ("image/jpeg", 2000, 1000)
    assert near(opened(picture).getpixel((10, 10)), RED)
    assert near(opened(picture).getpixel((1990, 10)), BLUE)
    sizes = {name: (one.mime, one.width, one.height) for name, one in picture.renditions.items()}
    assert sizes == {
        "preview": ("image/webp", 1280, 640),
        "thumbnail": ("image/webp", 320, 160),
    }
    for rendition in picture.renditions.values():
        assert near(opened(rendition).convert("RGB").getpixel((5, 5)), RED)


def test_a_small_picture_is_never_made_larger() -> None:
    picture = processed(encoded(split((100, 40)), "PNG"))
    assert {(one.width, one.height) for one in picture.renditions.values()} == {(100, 40)}


def test_a_line_keeps_at_least_one_pixel_of_width() -> None:
    picture = processed(encoded(Image.new("RGB", (5000, 1)), "PNG"))
    assert (picture.renditions["thumbnail"].width, picture.renditions["thumbnail"].height) == (
        320,
        1,
    )


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF"])
def test_the_same_bytes_in_give_the_same_bytes_out(format_: str) -> None:
    data = encoded(Image.effect_noise((400, 300), 50).convert("RGB"), format_)
    assert processed(data) == processed(data)


def test_everything_but_the_pixels_is_gone() -> None:
    data = located(split())
    assert b"secret comment" in data
    assert b"Ada <script>" in data
    picture = processed(data)
    for file in (picture, *picture.renditions.values()):
        image = opened(file)
        assert dict(image.getexif()) == {}
        assert not {"exif", "icc_profile", "comment", "xmp"} & image.info.keys()
        for trace in (b"secret comment", b"Ada", b"Exif", b"GPS", b"ICC_PROFILE"):
            assert trace not in file.data


@pytest.mark.parametrize("name", [b"tEXt", b"eXIf", b"iTXt"])
def test_what_a_png_says_of_itself_is_gone(name: bytes) -> None:
    body = {
        b"tEXt": b"Comment\0<script>secret",
        b"iTXt": b"XML:com.adobe.xmp\0\0\0\0\0<script>secret",
        b"eXIf": Image.Exif().tobytes().removeprefix(b"Exif\0\0"),
    }[name]
    picture = processed(with_chunk(encoded(split(), "PNG"), chunk(name, body)))
    assert name not in picture.data
    assert b"secret" not in picture.data


def test_the_way_a_camera_was_held_is_applied_and_forgotten() -> None:
    picture = processed(located(split((64, 32)), orientation=6))
    image = opened(picture)
    assert image.size == (32, 64)
    assert near(image.getpixel((16, 5)), RED)
    assert near(image.getpixel((16, 60)), BLUE)
    assert 0x0112 not in image.getexif()


def test_a_tail_behind_the_picture_is_cut_off() -> None:
    for format_ in ("JPEG", "PNG", "GIF"):
        data = encoded(split(), format_) + b"PK\x03\x04<script>alert(1)</script>"
        assert b"script" not in processed(data).data


def test_a_cmyk_photograph_becomes_rgb() -> None:
    picture = processed(encoded(split().convert("CMYK"), "JPEG", quality=95))
    image = opened(picture)
    assert (picture.mime, image.mode) == ("image/jpeg", "RGB")
    assert near(image.getpixel((5, 5)), RED)


def test_a_colour_profile_is_applied_and_forgotten() -> None:
    # A profile whose red is blue: sRGB with the names of two of its tags exchanged.
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    for format_ in ("PNG", "JPEG", "WEBP"):
        result = opened(processed(encoded(split(), format_, icc_profile=profile, quality=95)))
        assert near(result.getpixel((5, 5)), BLUE)
        assert near(result.getpixel((60, 5)), RED)
        assert "icc_profile" not in result.info


def test_a_colour_profile_of_nonsense_is_ignored() -> None:
    picture = processed(encoded(split(), "PNG", icc_profile=b"nonsense" * 20))
    assert opened(picture).getpixel((5, 5)) == RED
    assert b"iCCP" not in picture.data


def test_a_palette_with_transparency_keeps_it() -> None:
    image = Image.new("P", (20, 20), 0)
    image.putpalette([*RED, *GREEN])
    image.paste(1, (10, 0, 20, 20))
    for format_ in ("PNG", "GIF"):
        result = opened(processed(encoded(image, format_, transparency=1)))
        assert result.mode == "RGBA"
        assert result.getpixel((5, 5)) == (*RED, 255)
        pixel = result.getpixel((15, 5))
        assert isinstance(pixel, tuple)
        assert pixel[3] == 0


def test_transparency_decides_what_a_webp_becomes() -> None:
    clear = processed(encoded(Image.new("RGBA", (9, 9), (*RED, 100)), "WEBP", lossless=True))
    assert (clear.mime, opened(clear).getpixel((4, 4))) == ("image/png", (*RED, 100))
    opaque = processed(encoded(Image.new("RGBA", (9, 9), (*RED, 255)), "WEBP", lossless=True))
    assert (opaque.mime, opened(opaque).mode) == ("image/jpeg", "RGB")


def test_sixteen_bits_become_eight_in_proportion() -> None:
    image = Image.new("I;16", (256, 2))
    for x in range(256):
        image.putpixel((x, 0), x * 257)
    result = opened(processed(encoded(image, "PNG")))
    assert result.mode == "L"
    assert [result.getpixel((x, 0)) for x in range(256)] == list(range(256))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_pixel_is_taken(mode: str) -> None:
    result = opened(processed(encoded(Image.new(mode, (10, 10)), "PNG")))
    assert result.mode in {"L", "RGB", "RGBA"}


def test_a_photograph_with_a_second_picture_inside_is_still_a_photograph() -> None:
    data = encoded(split(), "MPO", save_all=True, append_images=[Image.new("RGB", (64, 32), GREEN)])
    assert near(opened(processed(data)).getpixel((5, 5)), RED)


def test_one_frame_is_a_picture() -> None:
    assert processed(encoded(split(), "GIF", save_all=True)).mime == "image/png"


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP"])
def test_an_animation_is_refused(format_: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in (RED, GREEN, BLUE)]
    data = encoded(frames[0], format_, save_all=True, append_images=frames[1:], duration=50)
    assert refusal(data) is Reason.ANIMATED


@pytest.mark.parametrize("side", [13_000, 20_000, 65_000])
def test_a_bomb_is_refused_by_its_header(side: int) -> None:
    # One bit a pixel, all the same: the file is small whatever it unfolds to.
    row = zlib.compressobj(9)
    line = b"\0" * (1 + (side + 7) // 8)
    pixels = b"".join(row.compress(line) for _ in range(side)) + row.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)
    assert len(data) < 600_000
    assert refusal(data + chunk(b"IEND", b"")) is Reason.TOO_MANY_PIXELS


def test_the_bound_on_pixels_is_exact() -> None:
    assert MAX_PIXELS == 40_000_000
    assert processed(encoded(Image.new("1", (40_000, 1_000)), "PNG")).width == 40_000
    data = encoded(Image.new("1", (40_001, 1_000)), "PNG")
    assert refusal(data) is Reason.TOO_MANY_PIXELS


def test_a_picture_that_only_claims_to_be_huge_is_refused_too() -> None:
    gif = bytearray(encoded(split(), "GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    assert refusal(bytes(gif)) is Reason.TOO_MANY_PIXELS


@pytest.mark.parametrize("name", [b"zTXt", b"iCCP"])
def test_a_bomb_in_the_small_print_is_refused(name: bytes) -> None:
    bomb = chunk(name, b"x\0\0" + zlib.compress(b"\0" * 80_000_000, 9))
    assert len(bomb) < 80_000
    assert refusal(with_chunk(encoded(split(), "PNG"), bomb)) is Reason.BROKEN


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "WEBP"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_half_a_file_is_refused(format_: str, kept: float) -> None:
    data = encoded(Image.effect_noise((200, 200), 80).convert("RGB"), format_)
    assert refusal(data[: int(len(data) * kept)]) is Reason.BROKEN


NO_PICTURES = {
    "nothing": b"",
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "pdf": b"%PDF-1.7\n",
    "zip": b"PK\x03\x04",
    "psd": b"8BPS\x00\x01",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "bmp": b"BM\x00\x00",
    "tiff": b"II*\x00",
    "fits": b"SIMPLE  =                    T",
    "sound in the same container": b"RIFF\x00\x00\x00\x00WAVE",
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_is_refused_whatever_it_is_called(name: str) -> None:
    assert sniff(NO_PICTURES[name]) == "application/octet-stream"
    assert refusal(NO_PICTURES[name]) is Reason.NOT_AN_IMAGE
    assert refusal(NO_PICTURES[name], "image/jpeg") is Reason.NOT_AN_IMAGE
    assert refusal(NO_PICTURES[name], "image/svg+xml") is Reason.NOT_AN_IMAGE


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "WEBP"])
def test_the_type_is_read_from_the_first_bytes(format_: str) -> None:
    data = encoded(split(), format_)
    assert sniff(data) == f"image/{format_.lower()}"
    assert process(data, declared_mime=f"image/{format_.lower()}").width == 64


def test_a_lying_type_is_refused() -> None:
    jpeg = encoded(split(), "JPEG")
    assert refusal(jpeg, "image/png") is Reason.LYING_TYPE
    assert refusal(jpeg, "text/html") is Reason.LYING_TYPE
    assert refusal(encoded(split(), "PNG"), "image/jpg") is Reason.LYING_TYPE


@pytest.mark.parametrize(
    "declared", [None, "", "image/jpg", "IMAGE/JPEG; q=1", "application/octet-stream"]
)
def test_an_honest_or_empty_declaration_is_taken(declared: str | None) -> None:
    assert process(encoded(split(), "JPEG"), declared_mime=declared).mime == "image/jpeg"


def test_a_file_over_the_bound_is_refused_unread() -> None:
    assert refusal(b"\xff\xd8\xff" + b"\0" * (MAX_BYTES - 2)) is Reason.TOO_LARGE


FILES = [encoded(split(), format_) for format_ in ("JPEG", "PNG", "GIF", "WEBP")]


@settings(deadline=None)
@given(
    st.sampled_from(FILES),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_a_damaged_file_is_a_picture_or_a_refusal_and_nothing_else(
    data: bytes, damage: list[tuple[int, int]]
) -> None:
    damaged = bytearray(data)
    for place, value in damage:
        damaged[place % len(damaged)] = value
    try:
        picture = processed(bytes(damaged))
    except Refused as refused:
        assert refused.reason in Reason  # noqa: PT017 - either end is right
        return
    opened(picture)
