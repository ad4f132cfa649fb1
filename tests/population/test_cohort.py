"""Readouts across people: ranks by hand, response smooth about RECIST, and a contrast that rests on its gate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from hepaxis.population import cohort
from hepaxis.population.panel import Panel

SEED = 5
NIVOLUMAB = "regimen.nivolumab=1@0"


@pytest.fixture(scope="module")
def small():
    """A few people are enough where the sign is asked for."""
    before = cohort.PEOPLE, cohort.GUTS, cohort.HOSTS
    cohort.PEOPLE, cohort.GUTS, cohort.HOSTS = 60, 32, 6
    yield
    cohort.PEOPLE, cohort.GUTS, cohort.HOSTS = before


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(-5, 5)), min_size=4, max_size=30))
def test_rank_correlation_is_spearmans(pairs):
    one, other = np.array(pairs, float).T
    rho, low, high = cohort.rank_correlation(one, other)
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        assert np.isnan(rho)
        return
    assert rho == pytest.approx(spearmanr(one, other).statistic, abs=1e-12)
    assert low <= rho + 1e-9
    assert high >= rho - 1e-9


def test_who_could_not_be_read_is_left_out_of_a_correlation():
    one = np.array([1.0, 2.0, 3.0, 4.0, np.nan])
    assert cohort.rank_correlation(one, np.array([1.0, 2.0, 3.0, 4.0, -9.0]))[0] == pytest.approx(1.0)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.floats(0.05, 0.95), st.integers(0, 2)), min_size=4, max_size=20).filter(
        lambda people: max(map([host for _, _, host in people].count, range(3))) > 1
    )
)
def test_responder_odds_are_those_of_all_pairs_in_one_host(people):
    values, weight, host = np.array(people, float).T
    more = values[:, None] > values[None, :]
    tied = values[:, None] == values[None, :]
    pairs = weight[:, None] * (1 - weight)[None, :] * (host[:, None] == host[None, :])
    np.fill_diagonal(pairs, 0.0)
    wins = (pairs * (more + tied / 2)).sum()
    losses = pairs.sum() - wins
    if losses > 1e-9:
        assert cohort.responder_odds(values, weight, host) == pytest.approx(wins / losses, rel=1e-6, abs=1e-9)


def test_response_is_half_at_thirty_percent_of_the_diameter():
    weight = cohort.responder_weight(np.full(4, 100.0), np.array([100 * 0.7**3, 0.0, 100.0, 40.0]))
    assert weight[0] == pytest.approx(0.5, abs=1e-3)
    assert weight[1] > 0.99
    assert weight[2] < 0.02
    assert 0.2 < weight[3] < 0.5


@pytest.mark.usefixtures("small")
def test_people_of_a_cohort_rest_and_differ():
    panel = Panel(2, SEED)
    panel.correlation("", "share_but ~ share_bac")
    panel.responder_odds("", NIVOLUMAB, 14, "share_but")
    paired, crossed = panel._cohorts.values()
    assert len(paired.gut) == cohort.PEOPLE
    assert len(crossed.gut) == cohort.GUTS * cohort.HOSTS
    assert paired.closed.ok.all()
    assert crossed.closed.ok.all()
    for people, hosts in ((paired, cohort.PEOPLE), (crossed, cohort.HOSTS)):
        assert people.closed.parameters["host_weight"].nunique() == hosts
        assert people.closed.parameters["residual_butyrate"].nunique() == len(np.unique(people.gut))


@pytest.mark.usefixtures("small")
def test_what_makes_a_product_goes_with_it_and_the_residual_loosens_it():
    panel = Panel(2, SEED)
    alone = panel.correlation("", "raw_butyrate ~ share_but/biomass")[0]
    with_residual = panel.correlation("", "made_butyrate ~ share_but/biomass")[0]
    assert alone > with_residual > 0.2


@pytest.mark.usefixtures("small")
def test_a_responder_contrast_rests_on_the_gate_and_turns_with_it():
    """Butyrate helps memory (one gate on): responders have more of it; the sign turned: less; all off: no contrast."""
    others = {"*": 0.0}
    odds = [
        Panel(2, SEED, others | {"butyrate_cd8_memory": factor}, "mouse").responder_odds(
            "", NIVOLUMAB, 112, "butyrate_portal"
        )[0]
        for factor in (1.0, -1.0, 0.0)
    ]
    assert odds[0] > 1.1
    assert odds[1] < 0.9
    assert odds[2] == pytest.approx(1.0, abs=1e-3)
