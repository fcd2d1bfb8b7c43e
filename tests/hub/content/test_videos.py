"""Videos: what their container says is read; no file costs more than its bounds."""

import io
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.content.videos import Refused, Video, probe, sniff
from tests.pictures import a_drawing
from tests.videos import TURNED, a_webm, an_mp4, box, element, full

MP4, QUICKTIME, WEBM = "video/mp4", "video/quicktime", "video/webm"


def probed(data: bytes, mime: str = MP4) -> Video:
    return probe(io.BytesIO(data), declared_mime=mime)


def reason(data: bytes, mime: str = MP4) -> str:
    with pytest.raises(Refused) as caught:
        probed(data, mime)
    assert caught.value.message.endswith(".")
    return caught.value.reason.value


@pytest.mark.parametrize(
    ("data", "mime", "codecs"),
    [
        (an_mp4(), MP4, "avc1, mp4a"),
        (an_mp4(brand=b"qt  ", codec=b"hvc1"), QUICKTIME, "hvc1, mp4a"),
        (a_webm(), WEBM, "V_VP9, A_OPUS"),
    ],
    ids=["mp4", "mov", "webm"],
)
def test_a_video_says_what_it_is(data: bytes, mime: str, codecs: str) -> None:
    found = probed(data, mime)

    assert sniff(data) == mime
    assert found == Video(
        mime=mime, width=640, height=360, duration_ms=2_500, codecs=codecs, cover=None
    )


def test_a_video_held_upright_is_higher_than_wide() -> None:
    found = probed(an_mp4(size=(1920, 1080), matrix=TURNED))

    assert (found.width, found.height) == (1080, 1920)


def test_the_picture_a_video_carries_is_found() -> None:
    cover = a_drawing((32, 18))

    assert probed(an_mp4(cover=cover)).cover == cover


@pytest.mark.parametrize(
    ("data", "mime", "why"),
    [
        (b"", MP4, "NOT_A_VIDEO"),
        (a_drawing(), MP4, "NOT_A_VIDEO"),
        (b"<svg/>" * 20, MP4, "NOT_A_VIDEO"),
        (an_mp4(), QUICKTIME, "LYING_TYPE"),
        (a_webm(), MP4, "LYING_TYPE"),
        (a_webm(kind=b"matroska"), WEBM, "BROKEN"),
        (an_mp4()[:-20], MP4, "BROKEN"),
        (a_webm()[:-20], WEBM, "BROKEN"),
        (an_mp4(seconds=0), MP4, "BROKEN"),
        (an_mp4(seconds=13 * 3600), MP4, "BROKEN"),
        (an_mp4(size=(0, 0)), MP4, "NO_PICTURE"),
        (an_mp4(size=(40_000, 40_000)), MP4, "BROKEN"),
        (box(b"ftyp", b"isom", bytes(4)) + box(b"moov", bytes(40)), MP4, "NO_PICTURE"),
        (
            box(b"ftyp", b"isom", bytes(40)) + struct.pack(">I", 1) + b"moov" + b"\xff" * 8,
            MP4,
            "BROKEN",
        ),
        (element(0x1A45DFA3, element(0x4282, b"webm")) + b"\0" * 40, WEBM, "BROKEN"),
    ],
)
def test_what_is_no_video_is_refused_with_its_reason(data: bytes, mime: str, why: str) -> None:
    assert reason(data, mime) == why


def test_a_bomb_of_tiny_parts_is_given_up() -> None:
    bomb = box(b"ftyp", b"isom", bytes(24)) + box(b"free") * 30_000

    assert reason(bomb) == "TOO_DEMANDING"


def test_a_huge_cover_is_not_read() -> None:
    huge = an_mp4(cover=bytes(10_000_001))

    assert reason(huge) == "TOO_DEMANDING"


def test_parts_within_parts_end() -> None:
    nested = b""
    for _ in range(40):
        nested = full(b"meta", nested)
    data = box(b"ftyp", b"isom", bytes(24)) + box(b"moov", box(b"udta", nested))

    assert reason(data) == "BROKEN"


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_is_changed_in_a_file_it_is_read_or_refused(data: st.DataObject) -> None:
    mime, whole = data.draw(st.sampled_from([(MP4, an_mp4(cover=b"x" * 9)), (WEBM, a_webm())]))
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))

    try:
        found = probed(bytes(changed), mime)
    except Refused:
        return
    assert found.width > 0
    assert found.duration_ms > 0
