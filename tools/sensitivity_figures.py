"""Figures of the sensitivity and tau pages: SVG files that stand alone, in the tokens of the report's figures.

Held: text is 12 px and never scaled; colours come from the report's token file, so a figure follows the reader's light
or dark setting.  Returns text; writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files

RULES = (
    "text{font:12px var(--font);fill:var(--ink-2)}.b{font-weight:650;fill:var(--ink)}.e{text-anchor:end}"
    ".m{text-anchor:middle}.in{fill:#17202a}.axis{stroke:var(--rule-2)}.grid{stroke:var(--grid)}"
    ".paper{fill:var(--paper)}.zero{stroke:var(--c-regimen);stroke-width:1.5}.line{fill:none;stroke-width:2}"
)
COLOURS = ("--c-gut", "--c-tumour", "--c-regimen", "--c-liver", "--c-exposure")
CELL, ROW = 84, 22


def _page(width: float, height: float, body: Sequence[str], label: str) -> str:
    tokens = files("hepaxis.report").joinpath("style/tokens.css").read_text(encoding="utf-8")
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" role="img"'
    frame = f'<rect class="paper" width="{width:g}" height="{height:g}"/>'
    title = f"<title>{escape(label)}</title>"
    return "\n".join([f"{head}>", title, f"<style>{escape(tokens + RULES)}</style>", frame, *body, "</svg>", ""])


def _text(x: float, y: float, words: str, css: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{css}">{escape(words)}</text>'


def heatmap(
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[float | None]],
    title: str,
    *,
    full: float,
    signed: bool,
    percent: bool,
) -> str:
    """rows x columns of numbers; ``full`` is where the colour is deepest; None is left blank."""
    left = 14 + 6.6 * max(len(row) for row in rows)
    top = 96
    body = [_text(14, 22, title, "b")]
    for k, column in enumerate(columns):
        for line, words in enumerate(_wrapped(column)):
            body.append(_text(left + CELL * (k + 0.5), 44 + 14 * line, words, "m"))
    for r, row in enumerate(rows):
        y = top + ROW * r
        body.append(_text(left - 8, y + 15, row, "e"))
        for k, value in enumerate(values[r]):
            if value is None:
                continue
            depth = min(abs(value) / full, 1.0)
            colour = "var(--c-gut)" if not signed else "var(--d-high3)" if value > 0 else "var(--d-low3)"
            cell = f'x="{left + CELL * k + 1:g}" y="{y + 1}" width="{CELL - 2}" height="{ROW - 2}"'
            body.append(f'<rect {cell} fill="{colour}" fill-opacity="{0.75 * depth:.2f}"/>')
            words = f"{value:.0%}" if percent else f"{value:+.2f}"
            body.append(_text(left + CELL * (k + 0.5), y + 15, words, "m"))
    return _page(left + CELL * len(columns) + 14, top + ROW * len(rows) + 14, body, title)


def curves(
    series: Mapping[str, Sequence[tuple[float, float, float]]],
    title: str,
    across: str,
    up: str,
    *,
    marked: float | None,
) -> str:
    """name -> points (x, y, standard error), drawn as lines with error bars; ``marked`` is an upright."""
    width, height, left, top = 640, 330, 64, 44
    points = [point for line in series.values() for point in line]
    hi_x = max(x for x, _, _ in points) or 1.0
    lo, hi = min(y - e for _, y, e in points), max(y + e for _, y, e in points)
    hi = hi if hi > lo else lo + 1.0

    def at(x: float, y: float) -> tuple[float, float]:
        return left + (width - left - 150) * x / hi_x, top + (height - top - 52) * (hi - y) / (hi - lo)

    body = [_text(14, 22, title, "b")]
    for k in range(6):
        y = lo + (hi - lo) * k / 5
        body.append(
            f'<line class="grid" x1="{left}" x2="{width - 150}" y1="{at(0, y)[1]:.1f}" y2="{at(0, y)[1]:.1f}"/>'
        )
        body.append(_text(left - 6, at(0, y)[1] + 4, f"{y:.2f}", "e"))
        x = hi_x * k / 5
        body.append(_text(at(x, lo)[0], height - 34, f"{x:.2g}", "m"))
    body += [_text((left + width - 150) / 2, height - 12, across, "m"), _text(14, 38, up)]
    if marked is not None:
        x = at(marked, lo)[0]
        body.append(f'<line class="zero" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{height - 52}"/>')
    for (name, line), colour in zip(series.items(), COLOURS, strict=False):
        path = " ".join(f"{'ML'[k > 0]}{at(x, y)[0]:.1f} {at(x, y)[1]:.1f}" for k, (x, y, _) in enumerate(line))
        body.append(f'<path class="line" d="{path}" stroke="var({colour})"/>')
        for x, y, error in line:
            (px, low), (_, high) = at(x, y - error), at(x, y + error)
            body.append(f'<line x1="{px:.1f}" x2="{px:.1f}" y1="{low:.1f}" y2="{high:.1f}" stroke="var({colour})"/>')
        end = at(*line[-1][:2])
        body.append(f'<text x="{end[0] + 8:.1f}" y="{end[1] + 4:.1f}" style="fill:var({colour})">{escape(name)}</text>')
    return _page(width, height, body, title)


def _wrapped(words: str, width: int = 12) -> list[str]:
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines[:4]
