"""Pictures of the mechanisms: every variable stands in one, nothing overlaps, and signs are those of the equations."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from hepaxis import axis
from hepaxis.exchange.diagram import PALETTE, gates_svg, mechanism_svg, overview_svg
from hepaxis.exchange.layout import place
from hepaxis.exchange.structure import INPUT, LEVER, STATE, mechanisms

COLOURS = dict.fromkeys(PALETTE, "#123456")
SVG = "{http://www.w3.org/2000/svg}"


def boxes(text: str) -> list[tuple[float, float, float, float]]:
    rects = [r for r in ElementTree.fromstring(text).iter(f"{SVG}rect") if r.get("class") != "page"]
    return [tuple(float(r.get(name)) for name in ("x", "y", "width", "height")) for r in rects]


def overlaps(found: list[tuple[float, float, float, float]]) -> int:
    return sum(
        a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
        for k, a in enumerate(found)
        for b in found[:k]
    )


def pictures() -> dict[str, str]:
    made = {name: mechanism_svg(name, COLOURS) for name in mechanisms()}
    return made | {"overview": overview_svg(COLOURS), "gates": gates_svg(COLOURS)}


def test_no_box_overlaps_another_and_all_lie_on_the_page():
    for name, text in pictures().items():
        wide, tall = map(float, re.search(r'width="(\d+)" height="(\d+)"', text).groups())
        found = boxes(text)
        assert overlaps(found) == 0, name
        assert all(x >= 0 and x + w <= wide for x, _, w, _ in found), name
        assert max(y + h for _, y, _, h in found) - min(y for _, y, _, _ in found) <= tall, name


def test_every_state_stands_in_the_picture_of_its_mechanism():
    states = sum(n.copies for one in mechanisms().values() for n in one.nodes if n.kind == STATE and n.home == one.name)
    assert states == len(axis.build().states)
    for name, one in mechanisms().items():
        text = mechanism_svg(name, COLOURS)
        for node in one.nodes:
            if node.kind == STATE and node.home == name:
                assert f">{node.label.replace('{guild}', '{g}')}'</text>" in text


def test_every_gate_stands_in_the_picture_of_the_gates():
    text = gates_svg(COLOURS)
    assert all(f">{gate}</text>" in text for gate in axis.build().gates.index)


@pytest.mark.parametrize(
    ("source", "target", "sign"),
    [
        ("vegf_block", "growth_now", -1),
        ("tumour_volume", "growth_slowing", -1),
        ("growth_now", "net_sensitive", 1),
        ("tki_kill", "kill_tki", 1),
        ("total_{guild}", "press_{guild}", 0),
        ("bai_block", "dehydroxylation", -1),
        ("share_{guild}", "biomass", 1),
    ],
)
def test_signs_are_those_of_the_equations(source, target, sign):
    links = {(link.source, link.target): link.sign for one in mechanisms().values() for link in one.links}
    assert links[source, target] == sign


def test_what_enters_says_from_where_and_levers_are_told_apart():
    kinds = {node.id: node.kind for node in mechanisms()["60_tumour"].nodes}
    assert kinds["vegf_block"] == INPUT
    assert kinds["local_kill"] == LEVER


def test_a_loop_is_turned_and_a_long_link_passes_every_layer():
    heights = dict.fromkeys("abcd", 20.0)
    placed = place(heights, [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("d", "b")], gap=10, thin=5)
    assert [placed.layer[n] for n in "abcd"] == [0, 1, 2, 3]
    assert placed.turned == {("d", "b")}
    assert [layer for layer, _ in placed.routes["a", "d"]] == [1, 2]
    assert [layer for layer, _ in placed.routes["d", "b"]] == [2]


def test_the_same_model_gives_the_same_picture():
    assert mechanism_svg("55_cd8", COLOURS) == mechanism_svg("55_cd8", COLOURS)
