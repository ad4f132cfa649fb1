"""The axis in this patient: guilds, lumen, portal vein, ports and tumour as a network in five columns.

Layout is computed from the plan's nodes and edges: a node stands level with what feeds it, and neighbours keep their
distance.  An arrow raises, a bar lowers, a dashed line has a disputed sign, width is the link's strength.
On narrow screens the same edges are read as chains of chips; all values stand in the data table.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hepaxis.plan.schema import AxisEdge, AxisNode

from .. import svg
from ..formats import counted, quantity
from ..reading import deviation, deviation_sign
from ..tables import DataTable, Plot

COLUMNS = ("guild", "lumen", "portal", "port", "tumour")
TITLES = ("Gut guilds", "Gut lumen and wall", "Portal vein and node", "Liver and immune ports", "Tumour")
# Geometry in user units; the picture is shown at about one unit a pixel.
LEFT = (0, 227, 454, 681, 908)
WIDTH, BOX = 1090, 176
TOP, PITCH, HEIGHT, TALL = 44, 60, 42, 57
LINE = 17  # user units between two lines of text in a box
NAME, VALUE = 21, 24  # characters that fit a line of a box
MOST_LINES = 2
SHORTEST = 14  # user units an arrow between two boxes of a column needs
MOST_CHAINS = 10  # chains on a narrow screen, the strongest first
THIN, THICK = 1.25, 5.0  # stroke of no strength and of the strongest link


@dataclass(frozen=True)
class _Placed:
    node: AxisNode
    x: float
    y: float
    height: float
    lines: tuple[str, ...]

    @property
    def middle(self) -> float:
        return self.y + self.height / 2


def _name_lines(label: str) -> tuple[str, ...]:
    lines = textwrap.wrap(label, NAME, max_lines=MOST_LINES, placeholder="…") or ["(no name)"]
    return tuple(lines)


def _shown_value(node: AxisNode) -> str:
    words = f"{deviation_sign(node.ratio)} {node.value or quantity(node.ratio) + ' ×'}"
    return words if len(words) <= VALUE else words[: VALUE - 1].rstrip() + "…"


def _place(nodes: Sequence[AxisNode], edges: Sequence[AxisEdge]) -> dict[str, _Placed]:
    columns = [[n for n in nodes if n.column == c] for c in COLUMNS]
    bottom = TOP + PITCH * (max(map(len, columns)) - 1)
    placed: dict[str, _Placed] = {}
    for x, column in zip(LEFT, columns, strict=True):
        wanted = []
        for i, node in enumerate(column):
            feeding = [
                (placed[e.source].middle, max(e.weight, 0.01))
                for e in edges
                if e.target == node.id and e.source in placed
            ]
            even = TOP + HEIGHT / 2 + (bottom - TOP) * (i / (len(column) - 1) if len(column) > 1 else 0.5)
            weight = sum(w for _, w in feeding)
            # Tumour values keep the plan's order, which is causal; the others stand level with what feeds them.
            fed = weight and node.column != "tumour"
            wanted.append(sum(m * w for m, w in feeding) / weight if fed else even)
        tops = svg.spread([w - HEIGHT / 2 for w in wanted], PITCH, TOP, bottom)
        for node, top in zip(column, tops, strict=True):
            lines = _name_lines(node.label)
            height = HEIGHT if len(lines) == 1 else TALL
            placed[node.id] = _Placed(node, x, top - (height - HEIGHT) / 2, height, lines)
    return placed


def _box(p: _Placed, category: str) -> Markup:
    css = deviation(p.node.ratio)
    ink = "tn inv" if css.endswith("3") else "tn"
    first = p.y + 18
    words = svg.join(
        Markup('<text x="{:.0f}" y="{:.0f}" class="{} b">{}</text>').format(p.x + 11, first + i * (LINE - 2), ink, w)
        for i, w in enumerate(p.lines)
    )
    value = Markup('<text x="{:.0f}" y="{:.0f}" class="{}">{}</text>').format(
        p.x + 11, first + (len(p.lines) - 1) * (LINE - 2) + LINE, ink, _shown_value(p.node)
    )
    return Markup(
        '<g><title>{}: {}</title><rect x="{:.0f}" y="{:.0f}" width="{}" height="{}" rx="7" class="{} nd {}"/>{}{}</g>'
    ).format(p.node.label, p.node.value, p.x, p.y, BOX, p.height, css, category, words, value)


def _end(x: float, y: float, sign: int, colour: str, back: bool) -> Markup:
    if sign >= 0:
        reach = -8 if back else 8
        return Markup('<path d="M{:.1f} {:.1f}l{} 5l{} 5z" class="f-{}"/>').format(
            x - reach / 4, y - 5, reach, -reach, colour
        )
    return Markup('<path d="M{:.1f} {:.1f}v14" class="eg s-{}" stroke-width="2.5"/>').format(
        x + (-2 if back else 2), y - 7, colour
    )


def _slots(placed: dict[str, _Placed], edges: Sequence[AxisEdge]) -> dict[tuple[int, bool], float]:
    """Where each edge leaves and enters: edges of one side of a box are spread over its height."""
    at: dict[tuple[int, bool], float] = {}
    for node_id, p in placed.items():
        for leaving in (True, False):
            mine = [i for i, e in enumerate(edges) if (e.source if leaving else e.target) == node_id]
            mine.sort(key=lambda i: placed[edges[i].target if leaving else edges[i].source].middle)
            room = min(11.0, (p.height - 16) / max(len(mine) - 1, 1))
            for k, i in enumerate(mine):
                at[i, leaving] = p.middle + (k - (len(mine) - 1) / 2) * room
    return at


def _upright_end(x: float, y: float, sign: int, colour: str, down: bool) -> Markup:
    if sign >= 0:
        return Markup('<path d="M{:.1f} {:.1f}l5 {}h-10z" class="f-{}"/>').format(x, y, -8 if down else 8, colour)
    bar = y - 4 if down else y + 4
    return Markup('<path d="M{:.1f} {:.1f}h14" class="eg s-{}" stroke-width="2.5"/>').format(x - 7, bar, colour)


def _neighbours(a: _Placed, b: _Placed, placed: dict[str, _Placed]) -> bool:
    """Whether no box stands between two boxes of a column, and an arrow fits in the gap."""
    lo, hi = sorted((a.middle, b.middle))
    gap = abs(a.middle - b.middle) - (a.height + b.height) / 2
    return gap >= SHORTEST and not any(p.x == a.x and lo < p.middle < hi for p in placed.values())


def _edge(e: AxisEdge, placed: dict[str, _Placed], y1: float, y2: float, heaviest: float) -> Markup:
    a, b = placed[e.source], placed[e.target]
    width = THIN + (THICK - THIN) * (max(e.weight, 0.0) / heaviest if heaviest else 0.0)
    colour = "tumour" if a.node.column == b.node.column == "tumour" else "gut"
    dashed = " dash" if e.disputed else ""
    if b.x > a.x:
        x1, x2 = a.x + BOX, b.x - 7
        middle = (x1 + x2) / 2
        d = f"M{x1:.1f} {y1:.1f}C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        tip = _end(x2, y2, e.sign, colour, back=False)
    elif b.x == a.x and _neighbours(a, b, placed):
        x, down = a.x + BOX / 2, b.y > a.y
        y1, y2 = (a.y + a.height, b.y - 3) if down else (a.y, b.y + b.height + 3)
        d = f"M{x:.1f} {y1:.1f}V{y2 - 5 if down else y2 + 5:.1f}"
        tip = _upright_end(x, y2, e.sign, colour, down)
    else:  # within a column, or back towards the gut: round the right side of both boxes
        x1, x2 = a.x + BOX, b.x + BOX + 7
        out = max(x1, x2) + 22
        d = f"M{x1:.1f} {y1:.1f}C{out:.1f} {y1:.1f} {out:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        tip = _end(x2, y2, e.sign, colour, back=True)
    return Markup('<path d="{}" class="eg s-{}{}" stroke-width="{:.2f}"/>').format(d, colour, dashed, width) + tip


def _known(nodes: Sequence[AxisNode], edges: Sequence[AxisEdge]) -> tuple[list[AxisNode], list[AxisEdge]]:
    shown = list({n.id: n for n in nodes if n.column in COLUMNS}.values())
    ids = {n.id for n in shown}
    return shown, [e for e in edges if e.source in ids and e.target in ids and e.source != e.target]


def network(nodes: Sequence[AxisNode], edges: Sequence[AxisEdge]) -> Plot | None:
    """None where the plan has no node of a known column."""
    nodes, edges = _known(nodes, edges)
    if not nodes:
        return None
    placed = _place(nodes, edges)
    bottom = max(p.y + p.height for p in placed.values()) + 12
    zones = ((0, 2, "guild"), (2, 3, "portal"), (3, 5, "port"))
    back = svg.join(
        Markup('<rect x="{}" y="0" width="{}" height="{:.0f}" rx="8" class="zone"/>').format(
            LEFT[a] - 11, LEFT[b - 1] + BOX - LEFT[a] + 22, bottom
        )
        for a, b, _ in zones
    )
    heads = svg.join(
        Markup('<text x="{}" y="24" class="b">{}</text>').format(x, t) for x, t in zip(LEFT, TITLES, strict=True)
    )
    slots = _slots(placed, edges)
    heaviest = max([e.weight for e in edges], default=0.0)
    lines = svg.join(_edge(e, placed, slots[i, True], slots[i, False], heaviest) for i, e in enumerate(edges))
    boxes = svg.join(_box(p, "tum" if p.node.column == "tumour" else "") for p in placed.values())
    picture = Markup(
        '<svg class="axis-wide net" viewBox="-12 -2 {} {:.0f}" width="100%" role="img" aria-label="{}" '
        'focusable="false">{}{}{}{}</svg>'
    ).format(WIDTH + 30, bottom + 4, _sentence(nodes, edges), back, heads, lines, boxes)
    return Plot(picture + _chips(nodes, edges), _data(nodes, edges))


def chains(nodes: Sequence[AxisNode], edges: Sequence[AxisEdge]) -> list[list[AxisEdge]]:
    """All edges as paths from left to right, each edge once, the heaviest first from where it starts."""
    order = {n.id: (COLUMNS.index(n.column), i) for i, n in enumerate(nodes)}
    left = sorted(edges, key=lambda e: (order[e.source], -e.weight))
    out: list[list[AxisEdge]] = []
    while left:
        path = [left.pop(0)]
        while follow := [e for e in left if e.source == path[-1].target]:
            step = max(follow, key=lambda e: e.weight)
            left.remove(step)
            path.append(step)
        out.append(path)
    return out


def strongest_chain(nodes: Sequence[AxisNode], edges: Sequence[AxisEdge]) -> list[AxisEdge]:
    """From the heaviest edge, the heaviest edges before and after it."""
    nodes, edges = _known(nodes, edges)
    if not edges:
        return []
    path = [max(edges, key=lambda e: e.weight)]
    for forward in (False, True):
        while True:
            seen = {e.source for e in path} | {e.target for e in path}
            if forward:
                options = [e for e in edges if e.source == path[-1].target and e.target not in seen]
            else:
                options = [e for e in edges if e.target == path[0].source and e.source not in seen]
            if not options:
                break
            step = max(options, key=lambda e: e.weight)
            path = [*path, step] if forward else [step, *path]
    return path


def _chips(nodes: Sequence[AxisNode], edges: Sequence[AxisEdge]) -> Markup:
    by_id = {n.id: n for n in nodes}

    def chip(node: AxisNode) -> Markup:
        css = deviation(node.ratio).replace("3", "2")
        return Markup('<span class="st {}"><b>{}</b> {} {}</span>').format(
            css, node.label, deviation_sign(node.ratio), node.value
        )

    items = []
    paths = sorted(chains(nodes, edges), key=lambda path: -max(e.weight for e in path))
    for path in paths[:MOST_CHAINS]:
        parts = [chip(by_id[path[0].source])]
        for e in path:
            word = ("raises" if e.sign >= 0 else "lowers") + (", disputed" if e.disputed else "")
            sign = "→" if e.sign >= 0 else "⊣"
            parts.append(Markup('<span class="to">{} {}</span>').format(sign, word))
            parts.append(chip(by_id[e.target]))
        items.append(Markup("<li>{}</li>").format(Markup(" ").join(parts)))
    if rest := sum(len(path) for path in paths[MOST_CHAINS:]):
        items.append(Markup("<li>{}</li>").format(f"{counted(rest, 'weaker link')} in the data table."))
    linked = {e.source for e in edges} | {e.target for e in edges}
    items += [Markup("<li>{}</li>").format(chip(n)) for n in nodes if n.id not in linked]
    return Markup('<ol class="chain axis-phone">{}</ol>').format(svg.join(items))


def _sentence(nodes: Sequence[AxisNode], edges: Sequence[AxisEdge]) -> str:
    high = [n.label for n in nodes if deviation(n.ratio) in {"high2", "high3"}]
    low = [n.label for n in nodes if deviation(n.ratio) in {"low2", "low3"}]
    return (
        f"Network of {len(nodes)} values and {len(edges)} links in five columns from gut guilds through lumen and "
        f"portal vein to liver ports and tumour. Clearly above reference: {', '.join(high) or 'none'}. "
        f"Clearly below reference: {', '.join(low) or 'none'}. The same values are in the data table."
    )


def _data(nodes: Sequence[AxisNode], edges: Sequence[AxisEdge]) -> DataTable:
    by_id = {n.id: n for n in nodes}
    rows = [
        (
            by_id[e.source].label,
            by_id[e.source].value,
            "raises" if e.sign >= 0 else "lowers",
            by_id[e.target].label,
            by_id[e.target].value,
            f"{e.weight:.2f}",
            "disputed" if e.disputed else "agreed",
            e.gate or "–",
        )
        for e in edges
    ]
    linked = {e.source for e in edges} | {e.target for e in edges}
    rows += [(n.label, n.value, "–", "–", "–", "–", "–", "–") for n in nodes if n.id not in linked]
    head = ("From", "Value", "Effect", "To", "Value", "Strength", "Sign", "Gate")
    return DataTable("values and links on the axis", head, tuple(rows))
