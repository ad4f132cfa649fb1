"""Geometry: nothing overlaps, nothing is lost, nothing leaves its box."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import plans
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepaxis.report import svg
from hepaxis.report.figures import attribution, course, gut, missing, network, timeline, trade
from hepaxis.report.figures.strategies import ChangeColumn
from hepaxis.report.reading import Italics, base_strategy, deviation, guild_ratio, link_of, shown_in_order

FINITE = st.floats(-1e6, 1e6)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=12), st.floats(0.5, 8))
def test_labels_keep_their_distance_and_order(wanted: list[float], gap: float) -> None:
    placed = svg.spread(wanted, gap, 0, 100)
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    for a, b in itertools.pairwise(order):
        assert placed[b] - placed[a] >= gap - 1e-6
    if gap * (len(wanted) - 1) <= 100:
        assert min(placed) >= -1e-6
        assert max(placed) <= 100 + 1e-6


@given(st.lists(FINITE, min_size=1, max_size=20))
def test_an_axis_holds_all_values_and_few_ticks(values: list[float]) -> None:
    scale = svg.linear_scale(values)
    assert all(-1e-6 <= scale.raw(v) <= 100 + 1e-6 for v in values)
    ticks = svg.linear_ticks(scale.lo, scale.hi, 5)
    assert 1 <= len(ticks) <= 7
    assert all(scale.lo - 1e-6 <= t <= scale.hi + 1e-6 for t in ticks)


def test_strategy_intervals_are_drawn_where_the_numbers_are() -> None:
    rows = shown_in_order(plans.RANKED)
    column = ChangeColumn.of(s.change_response for s in rows)
    drawn = str(column.cell(rows[0]))
    change = rows[0].change_response
    assert change is not None
    thin = re.search(r'x1="([\d.]+)%" y1="1.2em" x2="([\d.]+)%" y2="1.2em" class="iv90', drawn)
    assert thin is not None
    assert float(thin[1]) == pytest.approx(column.scale.raw(change.lo90), abs=0.01)
    assert float(thin[2]) == pytest.approx(column.scale.raw(change.hi90), abs=0.01)
    assert 'class="zero"' in drawn
    for s in rows:
        assert s.change_response is not None
        assert 0 <= column.scale.raw(s.change_response.lo90) <= column.scale.raw(s.change_response.hi90) <= 100


def boxes(picture: str) -> list[tuple[float, float, float, float]]:
    found = re.findall(r'<rect x="([\d.-]+)" y="([\d.-]+)" width="(\d+)" height="(\d+)" rx="7"', picture)
    return [(float(x), float(y), float(w), float(h)) for x, y, w, h in found]


@pytest.mark.parametrize("name", ["base_default", "long_names"])
def test_network_boxes_do_not_overlap(name: str) -> None:
    plan = plans.EVERY[name]
    plot = network.network(plan.nodes, plan.edges)
    assert plot is not None
    placed = boxes(str(plot.body))
    assert len(placed) == len(plan.nodes)
    for i, (x, y, w, h) in enumerate(placed):
        for X, Y, W, H in placed[i + 1 :]:
            assert x + w <= X or x >= X + W or y + h <= Y or y >= Y + H


def test_chains_hold_every_link_once() -> None:
    chained = [e for path in network.chains(plans.NODES, plans.EDGES) for e in path]
    assert sorted(chained, key=repr) == sorted(plans.EDGES, key=repr)
    for path in network.chains(plans.NODES, plans.EDGES):
        assert all(a.target == b.source for a, b in itertools.pairwise(path))


def test_network_draws_disputed_dashed_and_lowering_as_bar() -> None:
    def body(**change: object) -> str:
        edges = (replace(plans.EDGES[0], **change),)  # type: ignore[arg-type]
        plot = network.network(plans.NODES, edges)
        assert plot is not None
        return str(plot.body)

    assert " dash" in body(disputed=True)
    assert " dash" not in body(disputed=False)
    assert "v14" in body(sign=-1)
    assert "v14" not in body(sign=1)
    assert "⊣ lowers" in body(sign=-1)


def test_network_survives_loops_and_unknown_names() -> None:
    nodes = (*plans.NODES, replace(plans.NODES[0], id="odd", column="moon"))
    edges = (
        *plans.EDGES,
        replace(plans.EDGES[0], source="t.grow", target="g.but"),
        replace(plans.EDGES[0], target="g.but"),
        replace(plans.EDGES[0], target="odd"),
    )
    assert network.network(nodes, edges) is not None
    assert network.strongest_chain(nodes, edges)


def test_course_cuts_explosive_growth_and_says_so() -> None:
    base = plans.CURVES[0]
    wild = replace(base, hi90=tuple(1 + 9.0 * i for i in range(len(base.days))))
    plot = course.course((wild,))
    assert plot is not None
    assert any("cut" in note for note in plot.notes)
    assert course.course(()) is None
    assert course.course((replace(base, median=base.median[:-1]),)) is None


def test_course_keeps_all_curves_in_the_data() -> None:
    many = tuple(replace(plans.CURVES[0], id=str(i), label=f"curve {i}") for i in range(6))
    plot = course.course(many)
    assert plot is not None
    assert len(plot.data.head) == 1 + 3 * 6
    assert "3 more in the data table." in plot.notes


def test_plots_carry_a_sentence_and_their_data() -> None:
    for plot in (
        course.course(plans.CURVES),
        network.network(plans.NODES, plans.EDGES),
        trade.trade(base_strategy(plans.RANKED), shown_in_order(plans.RANKED)),
    ):
        assert plot is not None
        assert 'role="img" aria-label="' in str(plot.body)
        assert plot.data.rows


def test_row_charts_hold_every_record() -> None:
    plan = plans.RANKED
    italics = Italics(())
    assert len(attribution.steps(plan.attribution).rows) == len(plan.attribution)
    assert len(gut.guilds(plans.GUILDS, italics).rows) == len(plans.GUILDS)
    assert len(gut.capacities(plan.capacities, italics).rows) == len(plan.capacities)
    assert len(attribution.counterfactuals(plan).rows) == len(plan.counterfactuals) + 1
    assert len(timeline.timeline(plan.timeline).rows) == len({(t.kind, t.label) for t in plan.timeline})


def test_what_is_unknown_or_not_found_is_hollow_and_dashed() -> None:
    rows = {str(r[1].body): str(r[2].body) for r in gut.capacities(plans.CAPACITIES, Italics(())).rows}
    assert "dsh" in rows["Propionate"]
    assert "iv50" not in rows["Propionate"]
    assert "dsh" not in rows["Butyrate"]
    found = {str(r[0].body): str(r[1].body) for r in gut.guilds(plans.GUILDS, Italics(())).rows}
    assert "dsh" in found["Akkermansia"]
    assert "dsh" not in found["Bifidobacteria"]


@pytest.mark.parametrize(
    ("ratio", "css"),
    [
        (0.0, "low3"),
        (0.11, "low3"),
        (0.12, "low2"),
        (0.45, "low1"),
        (0.8, "mid"),
        (1.25, "high1"),
        (2.2, "high2"),
        (8.0, "high3"),
        (float("nan"), "mid"),
    ],
)
def test_deviation_classes_follow_the_design(ratio: float, css: str) -> None:
    assert deviation(ratio) == css


def test_species_are_set_in_italics_and_escaped() -> None:
    italics = Italics(t for t in ("Akkermansia muciniphila", "Enterobacteriaceae"))
    assert italics("+ Akkermansia product") == "+ <i>Akkermansia</i> product"
    assert italics("Akkermansia muciniphila rises") == "<i>Akkermansia muciniphila</i> rises"
    assert italics("E. coli <b>") == "<i>E. coli</i> &lt;b&gt;"
    assert italics("Enterobacteriaceae") == "Enterobacteriaceae"


@pytest.mark.parametrize(
    ("locator", "address"),
    [
        ("10.1126/science.aan5931", "https://doi.org/10.1126/science.aan5931"),
        ("https://doi.org/10.1016/S0140-6736(25)00403-9", "https://doi.org/10.1016/S0140-6736(25)00403-9"),
        ("NCT05690048", "https://clinicaltrials.gov/study/NCT05690048"),
        ("PMID: 31337439", "https://pubmed.ncbi.nlm.nih.gov/31337439/"),
        ("https://www.ema.europa.eu/x", "https://www.ema.europa.eu/x"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("label", None),
        ("", None),
    ],
)
def test_only_known_locators_become_links(locator: str, address: str | None) -> None:
    assert link_of(locator) == address


def test_missing_items_without_a_value_are_told_in_words() -> None:
    chart = missing.missing(plans.MISSING)
    assert chart is not None
    assert len(chart.rows) == len([m for m in plans.MISSING if m.value is not None])
    assert "HLA and neoantigens" in missing.unvalued(plans.MISSING)
    assert missing.unvalued(plans.MISSING[:2]) == ""
    assert missing.missing(plans.MISSING[-1:]) is None


def test_a_guild_above_a_reference_of_zero_is_above_it() -> None:
    rare = replace(plans.GUILDS[0], share=0.02, ref_lo=0.0, ref_median=0.0, ref_hi=0.01)
    assert deviation(guild_ratio(rare)) == "high3"
    assert deviation(guild_ratio(replace(rare, share=0.005))) == "mid"


def test_a_long_exposure_does_not_squeeze_the_time_line() -> None:
    ppi = replace(plans.TIMELINE[1], start=-3000.0)
    chart = timeline.timeline((ppi, *plans.TIMELINE[3:]))
    head = str(chart.head[1].body)
    assert "−3" not in head
    assert any("since day −3000" in str(row[2].body) for row in chart.rows)
    for row in chart.rows:
        for x, width in re.findall(r'<rect x="([\d.-]+)%" [^>]*width="([\d.]+)%"', str(row[1].body)):
            assert 0 <= float(x) <= float(x) + float(width) <= 100 + 1e-6


def test_the_phone_shows_the_strongest_chains_and_counts_the_rest() -> None:
    many = tuple(replace(plans.EDGES[0], source=n.id, weight=0.01) for n in plans.NODES if n.column == "lumen")
    plot = network.network(plans.NODES, (*plans.EDGES, *many))
    assert plot is not None
    shown = str(plot.body).split('class="chain', 1)[1]
    assert shown.count("<li>") <= network.MOST_CHAINS + 1 + len(plans.NODES)
    assert "in the data table" in shown
