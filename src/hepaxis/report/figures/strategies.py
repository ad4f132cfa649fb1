"""The interval column of the strategies table: change in objective response against the base regimen, in points.

Assumes all changes share one axis, with the base regimen as the full-height line at zero (rule 7 of the design).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from hepaxis.plan.schema import Interval, Strategy

from .. import svg
from ..formats import signed, usable
from ..reading import strategy_category

FIRST_LINE = "1.2em"  # middle of a row's first line of text: padding and half a line
LEAST = (-0.05, 0.10)  # the axis shows at least -5 to +10 points, so that small changes look small


@dataclass(frozen=True)
class ChangeColumn:
    """Draws header and cells of the column on one axis."""

    scale: svg.Scale
    ticks: tuple[float, ...]

    @classmethod
    def of(cls, changes: Iterable[Interval | None]) -> ChangeColumn:
        limits = [limit for i in changes if i is not None and usable(i) for limit in (i.lo90, i.hi90)]
        scale = svg.linear_scale(limits, include=(*LEAST, 0.0))
        return cls(scale, tuple(svg.linear_ticks(scale.lo, scale.hi, 5)))

    def header(self) -> Markup:
        labels = svg.join(
            svg.text(
                self.scale.x(t),
                "82%",
                signed(t * 100, 0 if round(t * 100, 6) % 1 == 0 else 1),
                "m f-regimen b" if t == 0 else "m",
            )
            for t in self.ticks
        )
        return svg.drawing(labels + svg.text(self.scale.x(0), "34%", "base regimen", "m f-regimen b"))

    def cell(self, strategy: Strategy) -> Markup:
        grid = svg.gridlines(self.scale, self.ticks, marked=0.0)
        change = strategy.change_response
        if strategy.status == "base":
            return svg.drawing(grid + svg.dot(self.scale.x(0), FIRST_LINE, "f-regimen pt0", 6))
        if change is None or not usable(change):
            return svg.drawing(grid)
        return svg.drawing(grid + svg.interval_marks(self.scale, change, strategy_category(strategy), at=FIRST_LINE))
