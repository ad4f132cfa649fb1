"""The page and figure of drawn against real communities, from their record.  Computes nothing."""

from __future__ import annotations

from math import log10
from typing import Any

from sensitivity_figures import _page, _text
from sensitivity_pages import table

HEAD = "Made by `tools/compare_communities.py`; do not edit. Research use only, not for treatment decisions."
LOW, HIGH = 1e-5, 1.0
LEFT, TOP, PANEL, GAP, ROW = 60, 66, 300, 40, 34
APART = 0.75  # AUC above which the drawn communities are said not to look like the real ones
FACTOR = 3.0  # between medians, above which a guild is named as missed


def community_page(record: dict[str, Any]) -> str:
    lines = [
        "# Drawn communities beside real stools of HCC and cirrhosis",
        "",
        HEAD,
        "",
        "A population draws each patient's community from a generator fitted only to cohorts whose licence allows it"
        " (treated cancer patients, not livers), moved by cirrhosis, its severity and proton-pump inhibitors by sizes"
        " worked out of published statistics (`population/gut_conditions.csv`). The cohorts below were **not fitted**:"
        " their licence does not allow it, and they are the test. Energy coefficient: 0 alike, 1 apart; AUC: how well a"
        " classifier tells real from drawn, 0.5 not at all. Intervals are 90%.",
        "",
        "![real and drawn shares by guild](communities.svg)",
        "",
        *_distances(record),
        *_verdict(record),
    ]
    for one in record["comparisons"]:
        lines += [f"## {one['label']}", "", f"Source: {one['source']}. {one['note']}.", ""]
        lines += table(
            ["guild", "real: in", "median", "5-95%", "drawn: in", "median", "5-95%", "real inside drawn 90%"],
            [_guild_row(guild, values) for guild, values in one["guilds"].items()],
        )
    lines += ["## What cirrhosis does to a guild", ""]
    lines += [
        "Shift of the normal score, cirrhosis against healthy, in the shotgun cohort beside the one drawn (from an"
        " earlier cohort of the same centre, so not wholly independent):",
        "",
    ]
    lines += table(
        ["guild", "drawn", "real", "90%"],
        [
            [row["guild"], f"{row['drawn']:+.2f}", f"{row['real']:+.2f}", f"{row['low']:+.2f} to {row['high']:+.2f}"]
            for row in record["cirrhosis_shift"]
        ],
    )
    return "\n".join(lines).rstrip() + "\n"


def _distances(record: dict[str, Any]) -> list[str]:
    rows = []
    for one in record["comparisons"]:
        for name, values in one["distance"].items():
            energy, auc = values["energy"], values["auc"]
            rows.append(
                [
                    one["label"],
                    name,
                    f"{energy['value']:.3f} ({energy['low']:.3f}-{energy['high']:.3f})",
                    f"{energy['by_chance']:.3f}",
                    f"{auc['value']:.2f} ({auc['low']:.2f}-{auc['high']:.2f})",
                ]
            )
    return table(["cohort", "drawn", "energy coefficient", "by chance up to", "classifier AUC"], rows)


def _verdict(record: dict[str, Any]) -> list[str]:
    """Where the generator misses, in sentences that follow from the numbers."""
    lines = ["## Where it misses", ""]
    for one in record["comparisons"]:
        shifted, alone = one["distance"]["with conditions"], one["distance"]["reference alone"]
        energy = [values["energy"]["value"] for values in (alone, shifted)]
        nearer = "nearer" if energy[1] < energy[0] else "farther away"
        auc = shifted["auc"]
        told = "can be told from" if auc["low"] > APART else "can in part be told from"
        told = "cannot be told from" if auc["low"] <= 0.5 else told
        lines.append(
            f"- **{one['label']}**: drawn communities {told} the real ones (AUC {auc['value']:.2f}). The shifts by"
            f" liver and drugs take them {nearer} (energy {energy[0]:.3f} to {energy[1]:.3f}). {_missed(one)}"
        )
    healthy = record["comparisons"][-1]["distance"]["reference alone"]
    far = [row for row in record["cirrhosis_shift"] if not row["low"] <= row["drawn"] <= row["high"]]
    text = ", ".join(f"{row['guild']} ({row['drawn']:+.2f} drawn, {row['real']:+.2f} real)" for row in far)
    return [
        *lines,
        f"- Healthy stools of the shotgun study are told from the generator's too (AUC {healthy['auc']['value']:.2f}):"
        " country, diet and profiler set cohorts apart before any liver does, so an AUC near 1 says little of livers.",
        f"- Shifts of cirrhosis outside the real cohort's interval: {text or 'none'}.",
        "- So levels of a guild are those of the generator's cohorts, not of a liver clinic; what can be used is the"
        " spread between patients and the direction in which a liver moves a guild. A sample of the patient replaces"
        " all of it.",
        "",
    ]


def _missed(one: dict[str, Any]) -> str:
    """Guilds whose medians lie apart by more than ``FACTOR``."""
    words = []
    for guild, values in one["guilds"].items():
        real, drawn = (max(values[side]["q50"], LOW) for side in ("real", "drawn"))
        if max(real / drawn, drawn / real) > FACTOR and max(real, drawn) > 1e-3:
            words.append(f"{guild} ({_percent(values['real']['q50'])} real, {_percent(values['drawn']['q50'])} drawn)")
    return f"Medians apart by more than {FACTOR:g}x: {', '.join(words)}." if words else "No median is far off."


def _guild_row(guild: str, values: dict[str, Any]) -> list[str]:
    cells = [guild]
    for side in ("real", "drawn"):
        one = values[side]
        span = f"{_percent(one['q05'])} - {_percent(one['q95'])}"
        cells += [f"{100 * one['prevalence']:.0f}%", _percent(one["q50"]), span]
    return [*cells, f"{100 * values['real_inside_90']:.0f}%"]


def _percent(share: float) -> str:
    return "0" if share == 0 else f"{100 * share:.2g}%"


def community_figure(record: dict[str, Any]) -> str:
    """Panels of one cohort each: real (above) and drawn (below) 5-95% and 25-75% of each guild's share."""
    panels = record["comparisons"]
    guilds = list(panels[0]["guilds"])
    width = LEFT + len(panels) * (PANEL + GAP)
    height = TOP + ROW * len(guilds) + 40
    body = [_text(12, 22, "Share of each guild: real stools and drawn communities", "b")]
    body += [_text(12, 40, "thin 5-95%, thick 25-75%, dot median; upper bar real, lower bar drawn")]
    body += [_text(12, TOP + ROW * k + 20, guild, "b") for k, guild in enumerate(guilds)]
    for place, one in enumerate(panels):
        body += _panel(one, LEFT + place * (PANEL + GAP), height)
    return _page(width, height, body, "Shares of guilds in real stools and in drawn communities")


def _panel(one: dict[str, Any], left: float, height: float) -> list[str]:
    parts = [_text(left, TOP - 8, one["label"], "b")]
    for power in range(-5, 1):
        x = _x(left, 10.0**power)
        parts.append(f'<line class="grid" x1="{x:g}" x2="{x:g}" y1="{TOP}" y2="{height - 34:g}"/>')
        if power % 2:  # every other power has a label
            parts.append(_text(x, height - 16, f"{100 * 10.0**power:g}%", "m"))
    for k, values in enumerate(one["guilds"].values()):
        for side, colour, y in (("real", "--c-liver", 11), ("drawn", "--c-gut", 21)):
            parts += _bar(left, TOP + ROW * k + y, values[side], colour)
    return parts


def _bar(left: float, y: float, values: dict[str, float], colour: str) -> list[str]:
    at = {name: _x(left, values[name]) for name in ("q05", "q25", "q50", "q75", "q95")}
    style = f'style="stroke:var({colour})"'
    return [
        f'<line class="line" {style} x1="{at["q05"]:.1f}" x2="{at["q95"]:.1f}" y1="{y:g}" y2="{y:g}"/>',
        f'<line {style} stroke-width="6" x1="{at["q25"]:.1f}" x2="{at["q75"]:.1f}" y1="{y:g}" y2="{y:g}"/>',
        f'<circle class="paper" {style} cx="{at["q50"]:.1f}" cy="{y:g}" r="3"/>',
    ]


def _x(left: float, share: float) -> float:
    held = min(max(share, LOW), HIGH)
    return left + PANEL * (log10(held) - log10(LOW)) / (log10(HIGH) - log10(LOW))
