"""From SVG to pixels and from a text to pages: one library, without anything of the system.

Typst reads SVG, sets text, and writes PNG and PDF; it works in Rust and lets other threads run
meanwhile. Its package ships the fonts it sets text in; the plain one of charts comes with
matplotlib.
"""

from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import typst

#: The one font of charts; every browser has one like it.
FONT = "DejaVu Sans"

_PICTURE = b"""
#set page(width: auto, height: auto, margin: 0pt, fill: none)
#image(bytes(sys.inputs.svg), format: "svg")
"""
#: An SVG's pixel is three quarters of a point; so many pixels per inch keep its size.
_PIXELS_PER_INCH = 96.0


def to_png(svg: str, *, zoom: float = 2.0) -> bytes:
    """Return an SVG as PNG, each of its pixels `zoom` pixels wide; blocks, so use a thread."""
    made = typst.compile(
        _PICTURE,
        format="png",
        ppi=_PIXELS_PER_INCH * zoom,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"svg": svg},
    )
    return _one(made)


def to_pdf(source: bytes, inputs: Mapping[str, str]) -> bytes:
    """Set a text in the language of Typst as PDF that screen readers can follow; blocks.

    `inputs` are texts the source reads from `sys.inputs`: nothing in them is taken for markup.
    """
    made = typst.compile(
        source,
        format="pdf",
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs=dict(inputs),
        pdf_standards="ua-1",
    )
    return _one(made)


def _one(made: bytes | list[bytes] | None) -> bytes:
    if isinstance(made, list):
        made = made[0] if made else None
    if not made:
        raise RuntimeError("Typst wrote nothing.")
    return made


@cache
def _fonts() -> typst.Fonts:
    # Looked for without importing it: that takes longer than to draw.
    found = find_spec("matplotlib")
    places = list(found.submodule_search_locations or ()) if found else []
    folders = [Path(place) / "mpl-data" / "fonts" / "ttf" for place in places]
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[folder for folder in folders if folder.is_dir()],
    )
