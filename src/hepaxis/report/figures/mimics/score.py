"""How good the score is: predicted beside measured answers of epitopes that the fit had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ... import svg
from ...captions import Caption
from ...formats import percent
from ...tables import DataTable
from ..plots import framed, y_axis
from ..trial.panel import Panel

FEWEST = 50  # substitutions of a bin that is drawn


def calibration(score: Mapping[str, Any]) -> Panel:
    """Held-out reliability with the AUROC and its interval."""
    rows = score["held_out"]["reliability"]
    drawn = [row for row in rows if row["n"] >= FEWEST]
    auroc = score["held_out"]["auroc"]["facing"]
    across = up = svg.Scale(0.0, 1.0, pad=2.0)
    ticks = (0.0, 0.25, 0.5, 0.75, 1.0)
    grid = svg.join(svg.level(up.y(t), "ax" if t == 0 else "gl") for t in ticks)
    equal = svg.stretched(svg.curve([0.0, 1.0], [0.0, 1.0], across, up, "s-exposure w1 dash"))
    dots = svg.join(svg.dot(across.x(row["predicted"]), up.y(row["measured"]), "f-gut pt0") for row in drawn)
    axis = svg.join(svg.text(across.x(t), "60%", percent(t), "m") for t in ticks)
    finding = (
        f"AUROC {auroc['mean']:.2f} ({auroc['low']:.2f} to {auroc['high']:.2f}) on epitopes left out, "
        f"{auroc['worst']:.2f} to {auroc['best']:.2f} by epitope."
    )
    how = (
        "Single substitutions facing the receptor, half of the activity kept; dashed: as often as predicted. What is "
        "shown for candidates is brought down to what picked candidates did when tested: "
        f"{percent(score['ceiling']['mean'])} at distance 0."
    )
    table = tuple(
        (f"{row['low']:g} to {row['high']:g}", str(row["n"]), percent(row["predicted"]), percent(row["measured"]))
        for row in rows
    )
    return Panel(
        "Predicted and measured answers",
        "Share of substitutions that a clone still answers; across predicted, up measured.",
        Caption(finding, how),
        (DataTable("held-out answers by distance", ("Distance", "n", "Predicted", "Measured"), table),),
        picture=framed(
            y_axis(up, [(t, percent(t)) for t in ticks], "h14"),
            svg.drawing(grid + equal + dots, css="h14", label=finding),
            svg.drawing(svg.join([]), css="h14"),
            svg.drawing(axis, css="h1"),
            unit="",
            css="lab0",
        ),
    )
