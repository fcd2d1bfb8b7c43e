"""Video files for tests: containers written by hand, a few hundred bytes each."""

import struct

#: Every number of a matrix that shows a picture as it is; and turned by a quarter.
UPRIGHT = struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
TURNED = struct.pack(">9i", 0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000)


def box(kind: bytes, *inside: bytes) -> bytes:
    """Return a box of ISO/IEC 14496-12."""
    data = b"".join(inside)
    return struct.pack(">I", 8 + len(data)) + kind + data


def full(kind: bytes, *inside: bytes, version: int = 0) -> bytes:
    """Return a box with a version and flags."""
    return box(kind, bytes([version, 0, 0, 0]), *inside)


def track(
    handler: bytes, codec: bytes, *, size: tuple[int, int] = (0, 0), matrix: bytes = UPRIGHT
) -> bytes:
    """Return a track of one codec."""
    header = bytes(20) + bytes(16) + matrix + struct.pack(">II", size[0] << 16, size[1] << 16)
    entry = box(codec, bytes(70))
    table = box(b"stbl", full(b"stsd", struct.pack(">I", 1), entry))
    media = box(b"mdia", full(b"hdlr", bytes(4), handler, bytes(12), b"\0"), box(b"minf", table))
    return box(b"trak", full(b"tkhd", header), media)


def an_mp4(
    *,
    size: tuple[int, int] = (640, 360),
    seconds: float = 2.5,
    brand: bytes = b"isom",
    codec: bytes = b"avc1",
    matrix: bytes = UPRIGHT,
    cover: bytes | None = None,
    padding: int = 64,
) -> bytes:
    """Return an MP4 or QuickTime file that says of itself what is asked, and shows nothing."""
    movie = full(b"mvhd", bytes(8), struct.pack(">II", 1_000, int(seconds * 1_000)), bytes(80))
    tracks = track(b"vide", codec, size=size, matrix=matrix) + track(b"soun", b"mp4a")
    meta = b""
    if cover is not None:
        data = box(b"data", struct.pack(">II", 13, 0), cover)
        meta = box(b"udta", full(b"meta", box(b"ilst", box(b"covr", data))))
    return (
        box(b"ftyp", brand, bytes(4), brand, b"mp42")
        + box(b"free", bytes(8))
        + box(b"mdat", bytes(padding))
        + box(b"moov", movie, tracks, meta)
    )


def element(kind: int, data: bytes) -> bytes:
    """Return an element of EBML (RFC 8794)."""
    name = kind.to_bytes((kind.bit_length() + 7) // 8, "big")
    return name + struct.pack(">Q", len(data) | 1 << 56) + data


def a_webm(
    *, size: tuple[int, int] = (640, 360), seconds: float = 2.5, kind: bytes = b"webm"
) -> bytes:
    """Return a WebM file that says of itself what is asked, and shows nothing."""
    header = element(0x1A45DFA3, element(0x4282, kind))
    info = element(
        0x1549A966,
        element(0x2AD7B1, (1_000_000).to_bytes(3, "big"))
        + element(0x4489, struct.pack(">d", seconds * 1_000)),
    )
    sides = element(0xB0, size[0].to_bytes(2, "big")) + element(0xBA, size[1].to_bytes(2, "big"))
    seen = element(0x83, b"\x01") + element(0x86, b"V_VP9") + element(0xE0, sides)
    heard = element(0x83, b"\x02") + element(0x86, b"A_OPUS")
    tracks = element(0x1654AE6B, element(0xAE, seen) + element(0xAE, heard))
    return header + element(0x18538067, info + tracks + element(0x1F43B675, bytes(16)))
