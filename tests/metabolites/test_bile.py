"""7a-dehydroxylation saturates and is nearly bimodal; UDCA needs 7b-HSDH; deconjugation is hardly ever limiting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hepaxis.metabolites import bile
from hepaxis.metabolites.carriage import draw_carriage
from hepaxis.metabolites.community import Community
from hepaxis.metabolites.facts import parameter
from hepaxis.metabolites.reference import bai_blind, bai_scale, reference_community

Gut = Callable[[dict[str, float]], Community]
ONE = np.ones(1)


def test_conversion_is_half_of_the_largest_rate_at_the_half_share() -> None:
    rate = bile.dehydroxylation_rate(parameter("bai_half_share"), ONE)
    assert rate[0] == pytest.approx(parameter("bai_rate_max") / 2)


def test_conversion_is_nearly_bimodal_in_the_guild_share() -> None:
    fraction = [bile.dca_fraction(bile.dehydroxylation_rate(share, ONE))[0] for share in (0.0, 0.004, 0.067, 0.2)]
    assert fraction[0] == 0.0
    assert fraction[1] < 0.5
    assert fraction[2] > 0.98
    assert fraction[3] - fraction[2] < 0.01
    assert np.all(np.diff(fraction) > 0)


def test_rate_of_a_measured_fraction_is_the_inverse() -> None:
    fraction = np.array([0.01, 0.5, 0.989])
    assert bile.dca_fraction(bile.rate_of_fraction(fraction)) == pytest.approx(fraction)


def test_carriers_convert_more_than_a_guild_without_them(gut: Gut, rng: np.random.Generator) -> None:
    carriers = bile.bai_carriage(gut({"Clostridium scindens": 1.0}), 400, rng)
    idle = bile.bai_carriage(gut({"Flavonifractor plautii": 1.0}), 400, rng)
    assert np.median(carriers) > 1.5 * np.median(idle)
    assert idle.min() >= parameter("bai_guild_weight")  # the guild counts even where no named carrier is seen
    assert (bile.bai_carriage(gut({"Escherichia coli": 1.0}), 5, rng) == 1).all()


def test_udca_follows_7b_hsdh_carriers(gut: Gut, rng: np.random.Generator) -> None:
    def odds(shares: dict[str, float]) -> float:
        community = gut(shares)
        return float(np.median(bile.udca_odds(draw_carriage(community, bile.UDCA, 300, rng) @ community.share)))

    assert odds({"Mediterraneibacter gnavus": 0.1, "Bacteroides uniformis": 0.9}) > 2 * odds(
        {"Bacteroides uniformis": 1}
    )
    assert bile.odds_to_fraction(np.array([parameter("udca_odds_max")]))[0] < 0.2


def test_deconjugation_needs_bsh_but_little_of_it(gut: Gut, rng: np.random.Generator) -> None:
    some = bile.deconjugation(gut({"Bifidobacterium longum": 0.2, "Escherichia coli": 0.8}), 200, rng)
    none = bile.deconjugation(gut({"Escherichia coli": 1.0}), 200, rng)
    assert np.median(some) > 0.85
    assert np.median(none) < 0.6


def test_each_profiler_is_put_on_the_scale_of_the_half_share() -> None:
    for family in ("metaphlan4", "gtdb", "16s"):
        share = reference_community(family).guild_share("bai") * bai_scale(family)
        fraction = bile.dca_fraction(bile.dehydroxylation_rate(share, ONE))[0]
        assert fraction > 0.95, family
    assert bai_blind("metaphlan2")
    assert not bai_blind("metaphlan4")
