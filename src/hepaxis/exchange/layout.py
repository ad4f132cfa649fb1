"""Layered layout of a directed graph, left to right: loops turned, layers, crossings lowered, then positions.

Source: K. Sugiyama, S. Tagawa, M. Toda (doi:10.1109/TSMC.1981.4308636); barycentres for the order within a layer.  Pure
functions of names and links in their given order, so that the same model gives the same picture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 24
SETTLING = 40  # rounds in which nodes move level with their neighbours

Pair = tuple[str, str]


@dataclass(frozen=True)
class Placed:
    """``layer`` and ``middle`` (y) of each node; ``routes`` the y at which a link passes each layer between."""

    layer: dict[str, int]
    middle: dict[str, float]
    routes: dict[Pair, list[tuple[int, float]]]
    turned: frozenset[Pair]


def place(
    heights: Mapping[str, float],
    links: Sequence[Pair],
    *,
    gap: float,
    thin: float,
    layers: Mapping[str, int] | None = None,
) -> Placed:
    """Positions for nodes of these heights; ``gap`` between two nodes, ``thin`` the room of a link that passes.

    ``layers`` where they are given; a link that does not lead to a later layer is turned and told in ``turned``.
    """
    nodes = list(heights)
    turned = _turned(nodes, links) if layers is None else {p for p in links if layers[p[0]] >= layers[p[1]]}
    forward = [(b, a) if (a, b) in turned else (a, b) for a, b in links]
    layer = _layers(nodes, forward) if layers is None else dict(layers)
    forward = [p for p in dict.fromkeys(forward) if layer[p[0]] < layer[p[1]]]
    segments, chains = _segments(forward, layer)
    columns: dict[int, list[str]] = defaultdict(list)
    for node in [*nodes, *(d for chain in chains.values() for d in chain)]:
        columns[layer[node]].append(node)
    _order(columns, segments)
    size = {node: heights.get(node, thin) for column in columns.values() for node in column}
    middle = _settled(columns, segments, size, gap, set(heights))
    routes = {}
    for a, b in links:
        pair = (b, a) if (a, b) in turned else (a, b)
        chain = [(layer[d], middle[d]) for d in chains.get(pair, [])]
        routes[a, b] = chain[::-1] if (a, b) in turned else chain
    return Placed({n: layer[n] for n in nodes}, {n: middle[n] for n in nodes}, routes, frozenset(turned))


def _turned(nodes: Sequence[str], links: Sequence[Pair]) -> set[Pair]:
    """Links that close a loop in a depth-first walk from what nothing feeds."""
    after: dict[str, list[str]] = defaultdict(list)
    fed = set()
    for a, b in links:
        after[a].append(b)
        fed.add(b)
    state: dict[str, int] = {}
    turned: set[Pair] = set()

    def walk(node: str) -> None:
        state[node] = 1
        for other in after[node]:
            if state.get(other) == 1:
                turned.add((node, other))
            elif other not in state:
                walk(other)
        state[node] = 2

    for node in sorted(nodes, key=lambda n: n in fed):
        if node not in state:
            walk(node)
    return turned


def _layers(nodes: Sequence[str], links: Sequence[Pair]) -> dict[str, int]:
    """Longest path from the left; what feeds others and is fed by nothing stands just before them."""
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for a, b in links:
        before[b].append(a)
        after[a].append(b)
    layer: dict[str, int] = {}

    def depth(node: str) -> int:
        if node not in layer:
            layer[node] = 0
            layer[node] = max((depth(other) + 1 for other in before[node]), default=0)
        return layer[node]

    for node in nodes:
        depth(node)
    for node in nodes:
        if not before[node] and after[node]:
            layer[node] = min(layer[other] for other in after[node]) - 1
    return layer


def _segments(links: Sequence[Pair], layer: dict[str, int]) -> tuple[list[Pair], dict[Pair, list[str]]]:
    """Links cut at every layer they pass; the points between are added to ``layer``."""
    segments: list[Pair] = []
    chains: dict[Pair, list[str]] = {}
    for a, b in links:
        chain = []
        for k in range(layer[a] + 1, layer[b]):
            point = f"|{a}|{b}|{k}"
            layer[point] = k
            chain.append(point)
        chains[a, b] = chain
        path = [a, *chain, b]
        segments += list(pairwise(path))
    return segments, chains


def _neighbours(segments: Sequence[Pair]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    before: dict[str, list[str]] = defaultdict(list)
    after: dict[str, list[str]] = defaultdict(list)
    for a, b in segments:
        before[b].append(a)
        after[a].append(b)
    return before, after


def _order(columns: dict[int, list[str]], segments: Sequence[Pair]) -> None:
    """Sorts each layer by the mean place of its neighbours, keeping the best order met."""
    before, after = _neighbours(segments)
    best = {k: list(column) for k, column in columns.items()}
    least = _crossings(best, after)
    for sweep in range(SWEEPS):
        rightwards = sweep % 2 == 0
        for k in sorted(columns, reverse=not rightwards):
            sides = before if rightwards else after
            place = {n: i for column in columns.values() for i, n in enumerate(column)}
            mean = {n: _mean([place[o] for o in sides[n]], place[n]) for n in columns[k]}
            columns[k].sort(key=lambda n: mean[n])
        now = _crossings(columns, after)
        if now < least:
            best, least = {k: list(column) for k, column in columns.items()}, now
    columns.update(best)


def _crossings(columns: dict[int, list[str]], after: dict[str, list[str]]) -> int:
    total = 0
    for k in columns:
        place = {n: i for i, n in enumerate(columns.get(k + 1, ()))}
        ends = [place[o] for n in columns[k] for o in sorted(after[n], key=lambda o: place.get(o, 0)) if o in place]
        total += sum(ends[i] > ends[j] for i in range(len(ends)) for j in range(i + 1, len(ends)))
    return total


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _settled(
    columns: dict[int, list[str]], segments: Sequence[Pair], size: Mapping[str, float], gap: float, real: set[str]
) -> dict[str, float]:
    """Middles: each node as level with its neighbours as the order and the distances allow."""
    before, after = _neighbours(segments)
    middle: dict[str, float] = {}
    for column in columns.values():
        y = 0.0
        for node in column:
            middle[node] = y + size[node] / 2
            y += size[node] + gap
    for round_ in range(SETTLING):
        for k in sorted(columns, reverse=round_ % 2 == 1):
            wanted = [_mean([middle[o] for o in (*before[n], *after[n])], middle[n]) for n in columns[k]]
            for node, y in zip(columns[k], _apart(wanted, [size[n] for n in columns[k]], gap), strict=True):
                middle[node] = y
    top = min(middle[n] - size[n] / 2 for n in real)
    return {n: y - top for n, y in middle.items()}


def _apart(wanted: Sequence[float], sizes: Sequence[float], gap: float) -> list[float]:
    """The places nearest to ``wanted`` (least squares) that keep their order and do not overlap."""
    # With the room taken off, the order alone is left: pool neighbours that want to swap at their mean.
    room = [0.0]
    for a, b in pairwise(sizes):
        room.append(room[-1] + (a + b) / 2 + gap)
    blocks: list[list[float]] = []  # sum, count
    for want, off in zip(wanted, room, strict=True):
        blocks.append([want - off, 1.0])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] > blocks[-1][0] / blocks[-1][1]:
            total, count = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += count
    flat = [total / count for total, count in blocks for _ in range(int(count))]
    return [y + off for y, off in zip(flat, room, strict=True)]
