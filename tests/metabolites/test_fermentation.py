"""Carbon is neither made nor lost, substrate bounds the flux, and each cross-feeding step does its own work."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaxis.metabolites import fermentation
from hepaxis.metabolites.community import Community
from hepaxis.metabolites.facts import ACIDS, CARBON, HEXOSE_CARBON, parameter
from hepaxis.metabolites.product_yields import draw_yields

Gut = Callable[[dict[str, float]], Community]
CARBON_OF = np.array([CARBON[acid] for acid in ACIDS])
amounts = st.lists(st.floats(0, 300), min_size=6, max_size=6)
consumers = st.lists(st.floats(0, 1), min_size=7, max_size=7)


def weights_of(**steps: float) -> dict[str, np.ndarray]:
    return {step: np.array([steps.get(step, 0.0)]) for step in fermentation.STEPS}


def fluxes_of(primary: dict[str, float], **steps: float) -> fermentation.Fluxes:
    row = np.array([[primary.get(acid, 0.0) for acid in ACIDS]])
    return fermentation.crossfeed(row, weights_of(**steps), hexose=100.0)


@given(primary=amounts, weights=consumers)
def test_cross_feeding_conserves_carbon_and_never_goes_negative(primary: list[float], weights: list[float]) -> None:
    steps = {step: np.array([w]) for step, w in zip(fermentation.STEPS, weights, strict=True)}
    net = fermentation.crossfeed(np.array([primary]), steps, hexose=100.0)
    assert net.carbon()[0] == pytest.approx(float(np.array(primary) @ CARBON_OF), abs=1e-9)
    for name in (*ACIDS, "methane", "carbon_dioxide"):
        assert getattr(net, name)[0] >= -1e-12


@settings(max_examples=15, deadline=None)
@given(cut=st.floats(0.01, 1.0), seed=st.integers(0, 2**20))
def test_products_never_hold_more_carbon_than_the_hexose(cut: float, seed: int) -> None:
    from hepaxis.metabolites.reference import reference_community

    community = reference_community("metaphlan4")
    rng = np.random.default_rng(seed)
    yields = draw_yields(community, 20, rng)
    assert (yields @ CARBON_OF <= HEXOSE_CARBON + 1e-9).all()
    net = fermentation.ferment(community, yields, 20, rng, supply=220 * cut)
    assert (net.carbon_recovered() <= 1 + 1e-9).all()


def test_lactate_becomes_butyrate_only_through_its_consumers() -> None:
    fed = {"lactate": 100.0, "acetate": 100.0}
    without, full = fluxes_of(fed), fluxes_of(fed, lactate_butyrate=0.5)
    used = 100 * 0.5 / (0.5 + parameter("crossfeeding_half_use"))
    assert without.butyrate[0] == 0
    assert full.butyrate[0] == pytest.approx(0.75 * used)
    assert full.acetate[0] == pytest.approx(100 - used / 2)


def test_lactate_to_butyrate_stops_where_acetate_ends() -> None:
    starved = fluxes_of({"lactate": 100.0, "acetate": 10.0}, lactate_butyrate=1.0)
    assert starved.butyrate[0] == pytest.approx(15.0)
    assert starved.acetate[0] == pytest.approx(0.0, abs=1e-9)
    assert starved.lactate[0] == pytest.approx(80.0)


def test_lactate_and_succinate_become_propionate_only_through_their_consumers() -> None:
    assert fluxes_of({"lactate": 90.0, "succinate": 50.0}).propionate[0] == 0
    lactate = fluxes_of({"lactate": 90.0}, lactate_propionate=1.0)
    assert lactate.propionate[0] == pytest.approx(2 * lactate.acetate[0])
    assert fluxes_of({"succinate": 50.0}, succinate_propionate=1.0).propionate[0] == pytest.approx(50 / 1.02)


def test_formate_goes_to_acetate_or_methane_by_who_is_there() -> None:
    acetogens, methanogens = (fluxes_of({"formate": 80.0}, **{step: 1.0}) for step in
                              ("formate_acetate", "formate_methane"))  # fmt: skip
    assert acetogens.acetate[0] == pytest.approx(20 / 1.02)
    assert acetogens.methane[0] == 0
    assert methanogens.methane[0] == pytest.approx(20 / 1.02)
    assert methanogens.acetate[0] == 0


def test_butyrate_producers_take_up_acetate() -> None:
    taken = fluxes_of({"acetate": 100.0}, acetate_butyrate=0.3)
    assert taken.butyrate[0] == pytest.approx((100 - taken.acetate[0]) / 2)
    assert taken.butyrate[0] > 0


@pytest.mark.parametrize(
    ("species", "step"),
    [
        ("Anaerostipes caccae", "lactate_butyrate"),
        ("Veillonella parvula", "lactate_propionate"),
        ("Coprococcus catus", "lactate_propionate"),
        ("Desulfovibrio piger", "lactate_acetate"),
        ("Phascolarctobacterium faecium", "succinate_propionate"),
        ("Dialister invisus", "succinate_propionate"),
        ("Blautia hydrogenotrophica", "formate_acetate"),
        ("Methanobrevibacter smithii", "formate_methane"),
        ("Faecalibacterium prausnitzii", "acetate_butyrate"),
    ],
)
def test_named_consumers_carry_their_step(species: str, step: str, gut: Gut, rng: np.random.Generator) -> None:
    base = {"Bacteroides thetaiotaomicron": 1.0}
    without = fermentation.consumers(gut(base), 200, rng)[step].mean()
    with_it = fermentation.consumers(gut(base | {species: 1.0}), 200, rng)[step].mean()
    assert with_it > 0.4 > 10 * without


def test_substrate_bounds_the_flux_and_an_empty_gut_makes_nothing(gut: Gut, healthy: dict[str, float]) -> None:
    community = gut(healthy)
    assert fermentation.hexose_fermented(community, 100.0) < 100.0
    assert fermentation.hexose_fermented(community, 200.0) == pytest.approx(
        2 * fermentation.hexose_fermented(community, 100.0)
    )
    assert fermentation.hexose_fermented(gut({"Methanobrevibacter smithii": 1.0}), 100.0) == 0.0


def test_habitual_diet_gives_the_published_production() -> None:
    """Primary products 350-580 mmol/d on 35.7 g/d of carbohydrate (10.5281/zenodo.10445505)."""
    from hepaxis.metabolites.reference import reference_community

    community, rng = reference_community("metaphlan4"), np.random.default_rng(0)
    yields = draw_yields(community, 400, rng)
    made = fermentation.primary_products(community, yields, fermentation.hexose_fermented(community))
    assert 350 <= np.median(made.sum(axis=1)) <= 580


def test_butyrate_falls_when_its_producers_are_taken_out(gut: Gut, healthy: dict[str, float]) -> None:
    def butyrate(shares: dict[str, float]) -> float:
        community, rng = gut(shares), np.random.default_rng(3)
        return float(np.mean(fermentation.ferment(community, draw_yields(community, 200, rng), 200, rng).butyrate))

    producers = ("Faecalibacterium prausnitzii", "Agathobacter rectalis", "Anaerostipes hadrus")
    left = {name: share for name, share in healthy.items() if name not in producers}
    assert butyrate(left) < 0.25 * butyrate(healthy)
