"""The frame of a plot: axis labels and direct labels live in grid columns outside the picture, so text never scales."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from .. import svg


def y_axis(scale: svg.Scale, labels: Iterable[tuple[float, str]], css: str = "h16") -> Markup:
    return svg.drawing(svg.join(svg.text("100%", scale.y(v), words, "e", dx=-6) for v, words in labels), css=css)


def framed(left: Markup, main: Markup, right: Markup, below: Markup, *, unit: str, css: str) -> Markup:
    """``left`` and ``right`` of the picture, ``below`` it the x axis with its ``unit``."""
    return Markup('<div class="yplot {}">{}{}{}<span></span>{}<span class="xl">{}</span></div>').format(
        css, left, main, right, below, unit
    )
