"""A chart of what the others did with every text."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLOURS = {"likes": "#D65A3A", "shares": "#2E7D78", "answers": "#EBB04A"}
INK = "#22303C"
PAPER = "#FFFDF8"
GROUP = 0.72


def draw(rows: Sequence[tuple[str, Mapping[str, int]]], *, path: Path) -> None:
    """Write a PNG with one group of bars per text: likes, shares and answers."""
    with mpl.rc_context({"font.family": "DejaVu Sans", "text.color": INK, "font.size": 10}):
        figure = Figure(figsize=(11, 1.2 + 0.78 * len(rows)), dpi=130, facecolor=PAPER)
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.set_facecolor(PAPER)
        height = GROUP / len(COLOURS)
        for place, (name, colour) in enumerate(COLOURS.items()):
            at = [row + (place - (len(COLOURS) - 1) / 2) * height for row in range(len(rows))]
            values = [counters.get(name, 0) for _, counters in rows]
            bars = axes.barh(at, values, height * 0.86, color=colour, label=name)
            axes.bar_label(bars, padding=4, color=INK, fontsize=9)
        axes.set_yticks(range(len(rows)), [fill(title, 26) for title, _ in rows])
        axes.invert_yaxis()
        axes.tick_params(length=0, pad=10, colors=INK)
        axes.xaxis.set_visible(False)
        axes.spines[:].set_visible(False)
        axes.margins(x=0.08)
        axes.set_title(
            "What the others did", loc="left", fontsize=15, fontweight="bold", color=INK, pad=18
        )
        axes.legend(loc="lower right", frameon=False, ncols=len(COLOURS), bbox_to_anchor=(1, 1))
        figure.tight_layout()
        figure.savefig(path)
