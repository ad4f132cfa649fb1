"""What chance gives: candidates found beside both nulls, and the patient's claim beside permuted antigens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ... import svg
from ...captions import Caption
from ...formats import counted, percent, quantity
from ...tables import DataTable
from ..plots import framed, y_axis
from ..trial.panel import Panel, legend

MOST_DRAWN = 4
SURPRISING = 0.05
LINES = (
    ("found", "found", "s-gut w2"),
    ("markov", "Markov chain", "s-exposure w2 dash"),
    ("permuted", "permuted", "s-liver w2 dot"),
)
TABLE_ROWS = 9


def counts(targets: Sequence[Mapping[str, Any]]) -> list[Panel]:
    """Number of peptides at most so far from an antigen, for those whose best candidate is the most surprising."""
    able = [one for one in targets if one.get("curve") and one["best_distance"] is not None]
    able.sort(key=lambda one: (_p(one), one["antigen_id"]))
    return [_count(one) for one in able[:MOST_DRAWN]]


def _p(one: Mapping[str, Any]) -> float:
    return max((p for p in (one["p_best_decoys"], one["p_best_permuted"]) if p is not None), default=1.0)


def _count(one: Mapping[str, Any]) -> Panel:
    curve = one["curve"]
    drawn = [(words, css, curve[name]) for name, words, css in LINES if all(v is not None for v in curve[name])]
    across = svg.Scale(0.0, curve["distance"][-1])
    up = svg.linear_scale([v for _, _, values in drawn for v in values])
    ticks = svg.linear_ticks(0.0, up.hi)
    lines = svg.join(svg.curve(curve["distance"], values, across, up, css) for _, css, values in drawn)
    grid = svg.join(svg.level(up.y(t), "ax" if t == 0 else "gl") for t in ticks)
    labels = svg.linear_ticks(0.0, across.hi)
    axis = svg.join(svg.text(across.x(t), "60%", f"{t:g}", "m") for t in labels)
    told = f"{counted(one['hits'], 'candidate')} within the cut-off"
    p = [one[f"p_best_{name}"] for name in ("decoys", "permuted")]
    usual = any(value is None or value > SURPRISING for value in p)
    finding = f"{told}; the closest is no nearer than chance allows." if usual else f"{told}."
    how = " ".join(
        f"{words} has one as surprising with probability {quantity(value)}."
        for words, value in zip(("A decoy", "A permuted antigen"), p, strict=True)
        if value is not None
    )
    step = max(1, len(curve["distance"]) // TABLE_ROWS)
    rows = tuple(
        (f"{curve['distance'][i]:.2f}", *(quantity(values[i]) for _, _, values in drawn))
        for i in range(step - 1, len(curve["distance"]), step)
    )
    searched = "binders" if one["binders_only"] else "peptides"
    return Panel(
        f"{one['antigen']} {one['peptide']}",
        f"Peptides at most so far (logits), of {quantity(one['searched'])} {searched}; {one['allele']}.",
        Caption(finding, how),
        (DataTable(f"{one['peptide']}, found and by chance", ("Distance", *(w for w, _, _ in drawn)), rows),),
        picture=framed(
            y_axis(up, [(t, f"{t:g}") for t in ticks], "h10"),
            svg.drawing(grid + svg.stretched(lines), css="h10", label=f"{one['peptide']}: {told}. {how}"),
            svg.drawing(svg.join([]), css="h10"),
            svg.drawing(axis, css="h1"),
            unit="",
            css="lab0",
        ),
        legend=legend((svg.line("0", "6", "18", "6", css), words) for words, css, _ in drawn),
    )


CLAIMS = (
    (
        "decoys",
        "Against natural peptides",
        "Surprise: sum over antigens of -ln P of the closest candidate. Drawn: peptides of this gut read backwards, "
        "which the same molecules bind.",
    ),
    (
        "permuted",
        "Against permuted antigens",
        "Strength: sum of P(cross-activation) above unrelated peptides, weighted by share of the species. Real "
        "peptides, reversed ones too, exceed their permutations: alone this null claims too much.",
    ),
)


def claims(found: Mapping[str, Any]) -> list[Panel]:
    """All antigens together beside what each null draws; [] where none was run."""
    return [_claim(found[name], title, how) for name, title, how in CLAIMS if found[name]]


def _claim(null: Mapping[str, Any], title: str, how: str) -> Panel:
    drawn, observed = null["quantiles"], null["observed"]
    across = svg.linear_scale([*drawn, observed], include=())
    up = svg.Scale(0.0, 1.0, pad=2.0)
    shares = [i / (len(drawn) - 1) for i in range(len(drawn))]
    grid = svg.join(svg.level(up.y(t), "ax" if t == 0 else "gl") for t in (0.0, 0.5, 1.0))
    mark = svg.upright(across.x(observed), "s-gut mk")
    curve = svg.stretched(svg.curve(drawn, shares, across, up, "s-exposure w2"))
    ticks = svg.linear_ticks(across.lo, across.hi)
    axis = svg.join(svg.text(across.x(t), "60%", f"{t:.3g}", "m") for t in ticks)
    words = (
        f"{null['of'].capitalize()} {quantity(observed)}; by chance {quantity(null['median'])} "
        f"({quantity(null['low'])} to {quantity(null['high'])}), p = {quantity(null['p'])}."
    )
    rows = tuple((percent(shares[i]), quantity(drawn[i])) for i in range(0, len(drawn), 10))
    return Panel(
        title,
        f"Share of {counted(null['draws'], 'draw')} with at most this {null['of']}; line: found.",
        Caption(words, how),
        (DataTable(f"{null['of']} by chance, {title.lower()}", ("Share of draws", null["of"].capitalize()), rows),),
        picture=framed(
            y_axis(up, [(0.0, "0"), (0.5, "50%"), (1.0, "100%")], "h10"),
            svg.drawing(grid + curve + mark, css="h10", label=words),
            svg.drawing(svg.join([]), css="h10"),
            svg.drawing(axis, css="h1"),
            unit="",
            css="lab0",
        ),
        legend=legend(
            (
                (svg.line("0", "6", "18", "6", "s-gut w2"), "found"),
                (svg.line("0", "6", "18", "6", "s-exposure w2"), "by chance"),
            )
        ),
    )
