"""Network pictures of the mechanisms as standalone SVG, laid out from the equations.

A box is a state, a thin outline an assignment rule, a filled pill a port; what enters from another mechanism is a grey
pill that says from where, a lever a dashed one.  An arrow raises, a bar lowers, a dashed line with a ring does either,
depending on where one is: the sign never rests on colour alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from xml.sax.saxutils import escape

from hepaxis import axis
from hepaxis.exchange.layout import Pair, Placed, place
from hepaxis.exchange.structure import INPUT, LEVER, PORT, STATE, Link, Mechanism, Node, mechanisms, module_links

CHARACTER, BOLD, PADDING = 6.9, 7.7, 20  # width of a character of the labels, of a state's, and around them
ROOM = 9.0  # between two links on one side of a box
LINE = 15  # between two lines of a label
GAP, THIN, BETWEEN = 12.0, 7.0, 74.0  # between nodes, for a passing link, between two layers
MARGIN, LEGEND = 24.0, 34.0
PALETTE = (
    *("paper", "sunk", "ink", "ink-2", "ink-3", "rule-2"),
    *("c-gut", "c-tumour", "c-exposure", "c-regimen", "c-liver", "c-regimen-2"),
)
SIGNS = {1: "up", -1: "down", 0: "either"}


@dataclass(frozen=True)
class Box:
    """A node as it is drawn: lines of text and a class."""

    id: str
    lines: tuple[str, ...]
    css: str
    links: int = 0  # most links on one side

    @property
    def width(self) -> float:
        wide = BOLD if self.css == STATE else CHARACTER
        return max(len(line) for line in self.lines) * wide + PADDING

    @property
    def height(self) -> float:
        return max(LINE * len(self.lines) + 9.0, ROOM * (self.links - 1) + 10.0)


def mechanism_svg(name: str, palette: Mapping[str, str]) -> str:
    """The picture of one mechanism.  ``palette`` gives the colours named in ``PALETTE``."""
    if name == PORTS:
        return gates_svg(palette)
    one = mechanisms()[name]
    return _drawn([_box(node, one) for node in one.nodes], one.links, palette, f"Mechanism {name}")


PORTS = "40_ports"


def gates_svg(palette: Mapping[str, str]) -> str:
    """Exposures, gates and ports: which exposure acts on which port, and how."""
    gates = axis.build().gates
    homes = {node.id: node.home for node in mechanisms()[PORTS].nodes}
    boxes: dict[str, Box] = {}
    links: list[Link] = []
    layers: dict[str, int] = {}
    for gate, row in gates.sort_values("port", kind="stable").iterrows():
        exposure, port = f"x {row['exposure']}", f"port {row['port']}"
        home = homes.get(str(row["exposure"]), "")
        boxes.setdefault(exposure, Box(exposure, (str(row["exposure"]), *([f"from {home}"] if home else [])), INPUT))
        boxes[f"g {gate}"] = Box(f"g {gate}", (str(gate),), "gate")
        boxes.setdefault(port, Box(port, (str(row["port"]),), PORT))
        sign = 0 if str(row["agreement"]).startswith("disputed") else int(row["sign"])
        links += [Link(exposure, f"g {gate}", 2), Link(f"g {gate}", port, sign)]
        layers |= {exposure: 0, f"g {gate}": 1, port: 2}
    return _drawn(list(boxes.values()), links, palette, "Gates: exposures on ports; a dashed line is disputed", layers)


def overview_svg(palette: Mapping[str, str]) -> str:
    """Mechanisms and how many variables of one stand in the equations of another."""
    boxes = []
    for name, one in mechanisms().items():
        states = sum(node.copies for node in one.nodes if node.kind == STATE)
        said = () if not states else ("1 state",) if states == 1 else (f"{states} states",)
        boxes.append(Box(name, (name[3:].replace("_", " "), *said), STATE if states else "rule"))
    tens = sorted({int(name[:2]) // 5 for name in mechanisms()})
    layers = {name: tens.index(int(name[:2]) // 5) for name in mechanisms()}
    links = [Link(a, b, 2) for a, b in module_links()]
    return _drawn(boxes, links, palette, "The mechanisms; a dashed line leads back", layers)


def _box(node: Node, one: Mechanism) -> Box:
    label = node.label.replace("{guild}", "{g}")
    lines = [f"{label}'" if node.kind == STATE else label]
    if node.kind in (INPUT, PORT) and node.home != one.name:
        lines.append(f"from {node.home}")
    if node.kind == LEVER:
        lines.append("lever")
    return Box(node.id, tuple(lines), node.kind)


def _drawn(
    boxes: Sequence[Box],
    links: Sequence[Link],
    palette: Mapping[str, str],
    title: str,
    layers: Mapping[str, int] | None = None,
) -> str:
    pairs = [(link.source, link.target) for link in links]
    counts = [Counter(pair[side] for pair in pairs) for side in (0, 1)]
    boxes = [replace(box, links=max(count[box.id] for count in counts)) for box in boxes]
    placed = place({box.id: box.height for box in boxes}, pairs, gap=GAP, thin=THIN, layers=layers)
    first = min(placed.layer.values())
    widths = [
        max((box.width for box in boxes if placed.layer[box.id] == k), default=0.0)
        for k in range(first, max(placed.layer.values()) + 1)
    ]
    left = [MARGIN]
    for width in widths[:-1]:
        left.append(left[-1] + width + BETWEEN)
    columns = {first + k: (x, width) for k, (x, width) in enumerate(zip(left, widths, strict=True))}
    by_id = {box.id: box for box in boxes}
    ends = _ends(by_id, links, placed)
    lines = [_link(link, k, by_id, placed, columns, ends) for k, link in enumerate(links)]
    shapes = [_shape(box, columns[placed.layer[box.id]][0], placed.middle[box.id] + MARGIN) for box in boxes]
    spots = [*placed.middle.values(), *(y for route in placed.routes.values() for _, y in route)]
    wide = max(left[-1] + widths[-1] + MARGIN, LEAST_WIDTH)
    top = min(0.0, min(spots) - GAP)
    tall = max(placed.middle[b.id] + b.height / 2 for b in boxes)
    tall = max(tall, *spots) + 2 * MARGIN + LEGEND - top
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 {top:.0f} {wide:.0f} {tall:.0f}" width="{wide:.0f}" '
        f'height="{tall:.0f}" role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>\n'
        f"<style>{style_of(palette)}</style>\n"
        f'<rect class="page" x="0" y="{top:.0f}" width="{wide:.0f}" height="{tall:.0f}"/>\n'
        + "\n".join([*lines, *shapes, _legend(tall + top - LEGEND)])
        + "\n</svg>\n"
    )


LEAST_WIDTH = 860.0  # the legend's


def _ends(boxes: Mapping[str, Box], links: Sequence[Link], placed: Placed) -> dict[tuple[int, bool], float]:
    """Where each link leaves (True) and enters its boxes: spread over the side in the order of the other ends."""
    found: dict[tuple[int, bool], float] = {}
    for id, box in boxes.items():
        for leaving in (True, False):
            mine = [k for k, link in enumerate(links) if (link.source if leaving else link.target) == id]
            mine.sort(key=lambda k: _next(links[k], placed, leaving=leaving))
            room = min(ROOM, (box.height - 8) / max(len(mine) - 1, 1))
            for i, k in enumerate(mine):
                found[k, leaving] = placed.middle[id] + MARGIN + (i - (len(mine) - 1) / 2) * room
    return found


def _next(link: Link, placed: Placed, *, leaving: bool) -> float:
    route = placed.routes[link.source, link.target]
    if route:
        return route[0 if leaving else -1][1]
    return placed.middle[link.target if leaving else link.source]


def _link(
    link: Link,
    k: int,
    boxes: Mapping[str, Box],
    placed: Placed,
    columns: Mapping[int, tuple[float, float]],
    ends: Mapping[tuple[int, bool], float],
) -> str:
    pair: Pair = (link.source, link.target)
    back = pair in placed.turned
    x1, _ = columns[placed.layer[link.source]]
    x2, _ = columns[placed.layer[link.target]]
    start = (x1 if back else x1 + boxes[link.source].width, ends[k, True])
    end = (x2 + boxes[link.target].width + 7 if back else x2 - 7, ends[k, False])
    edge = (x1 if back else x1 + columns[placed.layer[link.source]][1], start[1])
    points = [start, edge]
    if back and placed.layer[link.source] == placed.layer[link.target]:  # round the left side of the column
        points[0] = (x1, start[1])
        out = x1 - BETWEEN / 3
        end = (x2 - 7, end[1])
        path = f"M{x1:.0f} {start[1]:.1f}C{out:.0f} {start[1]:.1f} {out:.0f} {end[1]:.1f} {end[0]:.0f} {end[1]:.1f}"
        return _signed(path, end, link.sign, back=False, css="back")
    for layer, y in placed.routes[pair]:
        x, width = columns[layer]
        sides = (x + width, x) if back else (x, x + width)
        points += [(side, y + MARGIN) for side in sides]
    points += [(x2 + columns[placed.layer[link.target]][1] + 7, end[1])] if back else []
    points.append(end)
    path = f"M{start[0]:.0f} {start[1]:.1f}"
    for (xa, ya), (xb, yb) in pairwise(points):
        if abs(ya - yb) < 0.05:
            path += f"L{xb:.0f} {yb:.1f}"
        else:
            half = (xa + xb) / 2
            path += f"C{half:.0f} {ya:.1f} {half:.0f} {yb:.1f} {xb:.0f} {yb:.1f}"
    return _signed(path, end, link.sign, back=back, css="back" if back and link.sign == 2 else "")


def _signed(path: str, end: tuple[float, float], sign: int, *, back: bool, css: str) -> str:
    x, y = end
    css = f"{SIGNS.get(sign, 'plain')} {css}".strip()
    side = -1 if back else 1
    line = f'<path class="l {css}" d="{path}"/>'
    if sign == -1:
        return f'{line}<path class="tip-bar" d="M{x + 4 * side:.0f} {y - 5:.1f}v10"/>'
    if sign == 0:
        return f'{line}<circle class="tip-ring" cx="{x + 3 * side:.0f}" cy="{y:.1f}" r="3"/>'
    css = "tip-up" if sign == 1 else "tip-plain"
    return f'{line}<path class="{css}" d="M{x - side:.0f} {y - 3.5:.1f}l{7 * side} 3.5l{-7 * side} 3.5z"/>'


def _shape(box: Box, x: float, y: float) -> str:
    round_ = 11 if box.css in (INPUT, LEVER, PORT) else 3
    shape = (
        f'<rect class="n {box.css}" x="{x:.0f}" y="{y - box.height / 2:.1f}" width="{box.width:.0f}" '
        f'height="{box.height:.0f}" rx="{round_}"/>'
    )
    first = y - (len(box.lines) - 1) * LINE / 2 + 4
    words = "".join(
        f'<text class="{box.css}{" second" if k else ""}" x="{x + box.width / 2:.0f}" y="{first + k * LINE:.1f}">'
        f"{escape(line)}</text>"
        for k, line in enumerate(box.lines)
    )
    return shape + words


def _legend(y: float) -> str:
    x, parts = MARGIN, []
    for words, kind in (
        ("state", STATE),
        ("rule", "rule"),
        ("port", PORT),
        ("from elsewhere", INPUT),
        ("lever", LEVER),
    ):
        box = Box(words, (words,), kind)
        parts.append(_shape(box, x, y))
        x += box.width + 14
    for words, sign in (("raises", 1), ("lowers", -1), ("depends", 0)):
        parts.append(_signed(f"M{x + 6:.0f} {y:.1f}h32", (x + 38, y), sign, back=False, css=""))
        parts.append(f'<text class="key" x="{x + 52:.0f}" y="{y + 4:.1f}">{words}</text>')
        x += 68 + len(words) * CHARACTER
    return "".join(parts)


def style_of(palette: Mapping[str, str]) -> str:
    """The rules a picture is drawn by, for a page that puts several into its own style sheet."""
    colour = {name: palette[name] for name in PALETTE}
    return (
        f".page{{fill:{colour['paper']}}}"
        "text{font:12px system-ui,'Segoe UI','Noto Sans','DejaVu Sans',sans-serif;text-anchor:middle;"
        f"fill:{colour['ink']}}}"
        f"text.key{{text-anchor:start}}text.state{{font-weight:650}}text.second{{fill:{colour['ink-2']};font-size:11px;font-weight:400}}"
        f".n{{fill:{colour['paper']};stroke:{colour['rule-2']};stroke-width:1}}"
        f".n.state{{stroke:{colour['ink']};stroke-width:2;fill:{colour['paper']}}}"
        f".n.port{{fill:{colour['c-regimen-2']};stroke:{colour['c-regimen']}}}"
        f".n.gate{{stroke:{colour['c-regimen']}}}"
        f".n.input{{fill:{colour['sunk']};stroke:{colour['rule-2']}}}"
        f".n.lever{{stroke:{colour['c-liver']};stroke-width:1.5;stroke-dasharray:4 3}}"
        f".l{{fill:none;stroke-width:1.25;stroke:{colour['ink-3']};opacity:.85}}"
        f".up{{stroke:{colour['c-gut']}}}.down{{stroke:{colour['c-tumour']}}}"
        f".either{{stroke:{colour['c-exposure']};stroke-dasharray:5 3}}.back{{stroke-dasharray:2 3}}"
        f".tip-up{{fill:{colour['c-gut']}}}.tip-plain{{fill:{colour['ink-3']}}}"
        f".tip-bar{{stroke:{colour['c-tumour']};stroke-width:2.5;fill:none}}"
        f".tip-ring{{fill:{colour['paper']};stroke:{colour['c-exposure']};stroke-width:1.5}}"
    )
