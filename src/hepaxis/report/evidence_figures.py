"""Forest and funnel of a question to the published evidence: SVG files that stand alone, in the report's tokens.

Held: text is 12 px and never scaled; colours come from the token file, so that a figure follows the reader's light or
dark setting.  Studies with immunotherapy in the regimen's colour, without it (the negative control) in that of
exposures; what is not pooled stands below with the reason, a retracted study struck through.  Takes an answer, computes
none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from textwrap import wrap

from hepaxis.evidence import vocabulary
from hepaxis.evidence.effects import Effect
from hepaxis.evidence.pooling import Answer, LeftOut, Pool

RULES = (
    "text{font:12px var(--font);fill:var(--ink-2)}.b{font-weight:650;fill:var(--ink)}.e{text-anchor:end}"
    ".m{text-anchor:middle}.x{text-decoration:line-through}.paper{fill:var(--paper)}.grid{stroke:var(--grid)}"
    ".zero{stroke:var(--c-regimen);stroke-width:1.5}.axis{stroke:var(--rule-2)}.regimen{fill:var(--c-regimen);"
    "stroke:var(--c-regimen)}.exposure{fill:var(--c-exposure);stroke:var(--c-exposure)}.gut{fill:var(--c-gut);stroke:var(--c-gut)}.liver{fill:var(--c-liver);"
    "stroke:var(--c-liver)}.ink{fill:var(--ink);stroke:var(--ink)}.hollow{fill:var(--paper)}.bar{stroke-width:1.75}"
    ".dash{stroke-dasharray:5 3;fill:none}"
)
WIDTH, ROW, TOP = 1140, 22, 62
LABEL, PLOT, PLOT_END, NUMBERS, SHARES, BASIS = 14, 330, 660, 680, 870, 890
TICKS = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 10, 20, 50, 100)
WIDEST = math.log(60)  # an interval that goes further is cut, with an arrow
LIST, LINE, TITLE = 170, 130, 90  # left edge and letters of a list of studies; letters of a funnel's title
FUNNEL_HEIGHT, FUNNEL_LEFT, FUNNEL_RIGHT, FUNNEL_TOP, FUNNEL_BOTTOM = 380, 70, 620, 62, 330
Z95 = 1.959964
NAMES = {"hr": "HR", "or": "OR", "rr": "RR", "md": "mean difference", "smd": "standardised difference", "median": "HR"}


@dataclass(frozen=True)
class _Axis:
    """The shown range of the pooling scale onto the plot's width."""

    low: float
    high: float
    left: float = PLOT
    right: float = PLOT_END

    def x(self, y: float) -> float:
        share = (min(max(y, self.low), self.high) - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left)


def forest(answer: Answer, labels: dict[str, str]) -> str:
    """Forest plot as SVG text.  labels: printed names of studies by id."""
    axis = _axis([answer.pool, answer.control], answer.reviews)
    treated = vocabulary.label("treatment", answer.question.treatment)
    body: list[str] = []
    y: float = TOP + ROW
    for title, pool, css in (
        (f"On {treated}", answer.pool, "regimen"),
        ("The same exposure without immunotherapy (negative control)", answer.control, "exposure"),
    ):
        if not pool.used:
            continue
        body.append(text(LABEL, y, title, "b"))
        y += ROW
        shares = pool.model.weights if pool.model else ()
        for one, share in zip(pool.used, shares, strict=True):
            body += _study(one, labels.get(one.study, one.study), y, axis, css, f"{share:.0%}", math.sqrt(share))
            y += ROW
        made, y = _pooled(pool, y, axis)
        body += made
        y += ROW // 2
    if answer.reviews:
        body.append(text(LABEL, y, "Published pooled values (shown, not entered)", "b"))
        y += ROW
        for one in answer.reviews:
            body += _study(one, labels.get(one.study, one.study), y, axis, "liver", "", 0.4)
            y += ROW
        y += ROW // 2
    foot = y
    rest = [left for left in (*answer.pool.left_out, *answer.control.left_out) if left.effect not in answer.reviews]
    if rest:
        body.append(text(LABEL, y, "Not pooled", "b"))
        y += ROW
        for left in rest:
            body += _left_out(left, labels.get(left.effect.study, left.effect.study), y)
            y += ROW
    made, y = _directions(answer, labels, y)
    body += made
    height = y + ROW // 2
    grid = _grid(axis, TOP + 8, foot - ROW, answer.pool.ratio)
    name = NAMES.get(answer.pool.used[0].measure if answer.pool.used else "hr", "effect")
    head = [text(LABEL, 24, answer.question.text, "b"), text(NUMBERS, TOP - 4, f"{name} (95%)", "b")]
    head.append(text(SHARES, TOP - 4, "weight", "b e"))
    return page(WIDTH, height, [*grid, *head, *body], f"Forest plot: {answer.question.text}")


def funnel(answer: Answer, labels: dict[str, str]) -> str:
    """Funnel plot as SVG text: effects against their standard errors, with the 95% limits of no spread."""
    pool = answer.pool
    used = [one for one in pool.used if one.y is not None and one.se]
    if not used or pool.fixed is None:
        return page(640, 80, [text(LABEL, 40, "nothing to pool: no funnel")], "Funnel plot without studies")
    centre = pool.fixed.pooled.estimate
    deepest = 1.1 * max(float(one.se or 0) for one in used)
    reach = max(Z95 * deepest, *(abs(float(one.y or 0) - centre) * 1.15 for one in used))
    axis = _Axis(centre - reach, centre + reach, FUNNEL_LEFT, FUNNEL_RIGHT)

    def depth(se: float) -> float:
        return FUNNEL_TOP + se / deepest * (FUNNEL_BOTTOM - FUNNEL_TOP)

    top, foot = depth(0), depth(deepest)
    sides = [axis.x(centre - Z95 * deepest), axis.x(centre + Z95 * deepest)]
    outline = f"M{axis.x(centre):.1f} {top:.1f}L{sides[0]:.1f} {foot:.1f}M{axis.x(centre):.1f} {top:.1f}"
    body = [
        *(text(LABEL, 18 + 15 * i, words, "b") for i, words in enumerate(wrap(answer.question.text, TITLE))),
        f'<path d="{outline}L{sides[1]:.1f} {foot:.1f}" class="dash axis"/>',
        f'<line x1="{axis.x(centre):.1f}" y1="{top:.1f}" x2="{axis.x(centre):.1f}" y2="{foot:.1f}" class="axis"/>',
        f'<line x1="{FUNNEL_LEFT}" y1="{foot:.1f}" x2="{FUNNEL_RIGHT}" y2="{foot:.1f}" class="axis"/>',
        text(FUNNEL_LEFT - 8, top + 4, "0", "e"),
        text(FUNNEL_LEFT - 8, foot + 4, f"{deepest:.2f}", "e"),
        text(LABEL, FUNNEL_TOP - 14, "standard error"),
    ]
    for tick, words in _ticks(axis, pool.ratio):
        body.append(text(axis.x(tick), foot + 18, words, "m"))
    for one in used:
        x, y = axis.x(float(one.y or 0)), depth(float(one.se or 0))
        body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" class="regimen"/>')
        end = x > (FUNNEL_LEFT + FUNNEL_RIGHT) / 2
        body.append(text(x + (-9 if end else 9), y + 4, labels.get(one.study, one.study), "e" if end else ""))
    told = "too few studies for a test of small-study effects"
    if pool.egger:
        told = f"Egger's test p = {pool.egger[1].p:.2g}"
    body.append(text(FUNNEL_LEFT, FUNNEL_HEIGHT - 8, told))
    return page(660, FUNNEL_HEIGHT, body, f"Funnel plot: {answer.question.text}")


def _directions(answer: Answer, labels: dict[str, str], y: float) -> tuple[list[str], float]:
    """Who says better and who says worse, over all outcomes and treatments."""
    if not answer.disputed:
        return [], y
    marks = [text(LABEL, y + ROW // 2, "Where the studies contradict each other (all outcomes and treatments)", "b")]
    y += ROW + ROW // 2
    for name in ("better", "worse"):
        told: dict[str, list[str]] = {}
        for one in answer.contradictions[name]:
            told.setdefault(labels.get(one.study, one.study), []).append(f"{one.outcome.upper()} on {one.treatment}")
        lines = wrap("; ".join(f"{who} ({', '.join(what)})" for who, what in told.items()), LINE)
        for place, line in enumerate(lines):
            marks += [text(LABEL, y, f"{name.capitalize()} when exposed" if not place else ""), text(LIST, y, line)]
            y += ROW
    return marks, y


def _study(one: Effect, label: str, y: float, axis: _Axis, css: str, share: str, size: float) -> list[str]:
    effect, se = float(one.y or 0), float(one.se or 0)
    low, high = effect - Z95 * se, effect + Z95 * se
    side = 4 + 8 * size
    x = axis.x(effect)
    words = [label, f"n = {one.n}"] if one.n else [label]
    if css == "exposure":
        words.append(one.treatment)
    square = f'x="{x - side / 2:.1f}" y="{y - 4 - side / 2:.1f}" width="{side:.1f}" height="{side:.1f}"'
    marks = [text(LABEL, y, ", ".join(words)), *_interval(low, high, y - 4, axis, css)]
    marks.append(f'<rect {square} class="{css if one.basis == "limits" else css + " hollow"}"/>')
    marks.append(text(NUMBERS, y, _numbers(effect, low, high, one.ratio or one.measure == "median")))
    if share:
        marks.append(text(SHARES, y, share, "e"))
    basis = "" if one.basis == "limits" else f"from {one.basis}"
    marks.append(text(BASIS, y, basis))
    return marks


def _pooled(pool: Pool, y: float, axis: _Axis) -> tuple[list[str], float]:
    if pool.model is None or pool.model.k < 2:
        return [], y
    one = pool.model.pooled
    x, left, right = axis.x(one.estimate), axis.x(one.low), axis.x(one.high)
    diamond = f"M{left:.1f} {y - 4}L{x:.1f} {y - 11}L{right:.1f} {y - 4}L{x:.1f} {y + 3}Z"
    told = f"I2 {pool.model.i2:.0%}, tau {math.sqrt(pool.model.tau2):.2f}"
    marks = [
        text(LABEL, y, "Pooled (REML, Knapp-Hartung)", "b"),
        f'<path d="{diamond}" class="ink"/>',
        text(NUMBERS, y, _numbers(one.estimate, one.low, one.high, pool.ratio), "b"),
        text(BASIS, y, told),
    ]
    y += ROW
    for words, interval in _more(pool):
        estimate, low, high = interval
        marks += [text(LABEL, y, words), *_interval(low, high, y - 4, axis, "ink dash")]
        if estimate is not None:
            marks.append(f'<circle cx="{axis.x(estimate):.1f}" cy="{y - 4}" r="3.5" class="ink"/>')
        shown = _numbers(estimate, low, high, pool.ratio)
        marks.append(text(NUMBERS, y, shown))
        y += ROW
    return marks, y


def _more(pool: Pool) -> Iterable[tuple[str, tuple[float | None, float, float]]]:
    if pool.shrunk:
        mu = pool.shrunk.mu
        yield "Shrunk for few studies (Bayes)", (mu.median, mu.low, mu.high)
        new = pool.shrunk.new
        yield "A new study (Bayes)", (None, new.low, new.high)


def _left_out(left: LeftOut, label: str, y: float) -> list[str]:
    one = left.effect
    told = [one.direction, one.medians, left.reason]
    words = f"{one.outcome.upper()}: {'; '.join(part for part in told if part)}"
    return [text(LABEL, y, label, "x" if left.reason == "retracted" else ""), text(PLOT, y, words)]


def _interval(low: float, high: float, y: float, axis: _Axis, css: str) -> list[str]:
    left, right = axis.x(low), axis.x(high)
    marks = [f'<line x1="{left:.1f}" y1="{y}" x2="{right:.1f}" y2="{y}" class="bar {css}"/>']
    for value, edge, x, turn in ((low, axis.low, left, 6), (high, axis.high, right, -6)):
        if (value < edge) if turn > 0 else (value > edge):
            marks.append(f'<path d="M{x:.1f} {y}l{turn} -4l0 8Z" class="{css.split()[0]}"/>')
    return marks


def _axis(pools: Sequence[Pool], reviews: Iterable[Effect]) -> _Axis:
    used = [one for pool in pools for one in pool.used] + list(reviews)
    ends = [0.0]
    for one in used:
        if one.y is not None and one.se:
            ends += [one.y - Z95 * one.se, one.y + Z95 * one.se]
    for pool in pools:
        if pool.shrunk and pool.model and pool.model.k > 1:
            ends += [pool.shrunk.new.low, pool.shrunk.new.high]
    low, high = max(min(ends), -WIDEST), min(max(ends), WIDEST)
    room = 0.05 * (high - low) or 0.5
    return _Axis(low - room, high + room)


def _ticks(axis: _Axis, ratio: bool) -> list[tuple[float, str]]:
    if ratio:
        return [(math.log(t), f"{t:g}") for t in TICKS if axis.low <= math.log(t) <= axis.high]
    step = (axis.high - axis.low) / 4
    return [(axis.low + step * i, f"{axis.low + step * i:.2f}") for i in range(1, 4)]


def _grid(axis: _Axis, top: float, foot: float, ratio: bool) -> list[str]:
    marks = []
    for tick, words in _ticks(axis, ratio):
        x = axis.x(tick)
        css = "zero" if tick == 0 else "grid"
        marks.append(f'<line x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{foot}" class="{css}"/>')
        marks.append(text(x, top - 6, words, "m"))
    return marks


def _numbers(estimate: float | None, low: float, high: float, ratio: bool) -> str:
    shown = [None if one is None else math.exp(one) if ratio else one for one in (estimate, low, high)]
    first = "" if shown[0] is None else f"{shown[0]:.2f} "
    return f"{first}({shown[1]:.2f} to {shown[2]:.2f})"


def text(x: float, y: float, words: str, css: str = "") -> str:
    """A line of text, escaped; '' without words."""
    return f'<text x="{x:g}" y="{y:g}" class="{css}">{escape(words)}</text>' if words else ""


def page(width: float, height: float, body: Sequence[str], label: str) -> str:
    """Marks as a picture that stands alone, in the tokens of the report."""
    tokens = files("hepaxis.report").joinpath("style/tokens.css").read_text(encoding="utf-8")
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" role="img"'
    frame = f'<rect class="paper" width="{width:g}" height="{height:g}"/>'
    title = f"<title>{escape(label)}</title>"
    marks = [mark for mark in body if mark]
    return "\n".join([f"{head}>", title, f"<style>{escape(tokens + RULES)}</style>", frame, *marks, "</svg>", ""])
