"""Absent guilds are a mixture of no niche and open niche; no profile means the prior; the reference is one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hepaxis import axis
from hepaxis.metabolites import capacities
from hepaxis.population import gut_from_capacities, gut_from_prior, reference_gut, reference_shares
from hepaxis.population.assumptions import assumed
from hepaxis.population.sampling import arguments, quantile
from hepaxis.profile.guilds import GUILDS

N = 400
RANKS = ("kingdom", "phylum", "class", "order", "family", "genus", "species")
TAXA = {
    "Faecalibacterium prausnitzii": ("Bacteria", "Firmicutes", "Clostridia", "Eubacteriales", "Oscillospiraceae"),
    "Bacteroides uniformis": ("Bacteria", "Bacteroidota", "Bacteroidia", "Bacteroidales", "Bacteroidaceae"),
}


@pytest.fixture(scope="module")
def able():
    abundance = pd.Series([0.4, 0.6], index=list(TAXA))
    rows = [(*above, name.split()[0], name) for name, above in TAXA.items()]
    lineages = pd.DataFrame(rows, index=list(TAXA), columns=list(RANKS))
    return capacities(abundance, lineages, measured=None, profiler="metaphlan4", n=N, seed=1)


def drawn(able, reference, *, recent=False, load=None, n=N, seed=2):
    return gut_from_capacities(able, reference, n, seed, recent_antibiotic=recent, load=load)


def test_the_profile_fixes_the_shares_and_what_was_found_is_open(able, reference):
    gut = drawn(able, reference)
    assert gut.source == "profile"
    assert gut.shares[:, GUILDS.index("but")] == pytest.approx(0.4)
    assert gut.shares[:, GUILDS.index("bac")] == pytest.approx(0.6)
    assert gut.shares.sum(axis=1) == pytest.approx(1.0)
    assert (gut.open[gut.shares > 0] == 1.0).all()


@pytest.mark.parametrize(("recent", "name"), [(False, "open_niche"), (True, "open_niche_after_antibiotic")])
def test_an_absent_guild_is_open_with_the_stated_chance(able, reference, recent, name):
    gut = drawn(able, reference, recent=recent)
    absent = gut.open[:, gut.shares[0] == 0]
    assert set(np.unique(absent)) == {0.0, 1.0}
    assert absent.shape[1] >= 9
    assert absent.mean(axis=0) == pytest.approx(assumed(name), abs=0.02)  # each guild of its own, evenly covered
    assert (gut.absent > 0).all()


def test_openness_differs_from_guild_to_guild(able, reference):
    gut = drawn(able, reference)
    absent = gut.open[:, gut.shares[0] == 0]
    correlation = np.corrcoef(absent.T) - np.eye(absent.shape[1])
    assert np.abs(correlation).max() < 0.25


def test_load_is_drawn_or_the_measured_one(able, reference):
    args = arguments(axis.build().heterogeneity.query("input == 'load'")["args"].iloc[0])
    u = np.array([0.1, 0.5, 0.9])
    free, counted = drawn(able, reference), drawn(able, reference, load=1.7)
    assert np.quantile(free.inputs["load"], u) == pytest.approx(quantile("lognormal", args, u), rel=0.03)
    assert (counted.inputs["load"] == 1.7).all()


def test_more_draws_than_the_capacities_hold_are_refused(able, reference):
    with pytest.raises(ValueError, match="400 draws, 401 are needed"):
        drawn(able, reference, n=N + 1)


def test_without_a_profile_communities_come_from_the_reference_generator(reference):
    gut = gut_from_prior(reference, N, 3)
    assert gut.source == "prior"
    assert gut.shares.sum(axis=1) == pytest.approx(1.0)
    assert np.unique(gut.shares, axis=0).shape[0] == N
    common = [GUILDS.index(guild) for guild in ("but", "bac", "oth")]
    expected = reference.quantiles[50].reindex(list(GUILDS)).to_numpy(float)[common]
    assert np.median(gut.shares[:, common], axis=0) == pytest.approx(expected, rel=0.25)
    again = gut_from_prior(reference, N, 3)
    assert gut.shares.tobytes() == again.shares.tobytes()
    assert gut.inputs.to_numpy().tobytes() == again.inputs.to_numpy().tobytes()


def test_prior_residuals_match_the_heterogeneity_table(reference):
    gut = gut_from_prior(reference, N, 3)
    rows = axis.build().heterogeneity.query("input.str.startswith('residual.')")
    assert len(rows) >= 7
    for row in rows.itertuples():
        args = arguments(row.args)
        values = np.log(gut.inputs[row.input])
        assert values.median() == pytest.approx(np.log(args["median"]), abs=0.02), row.input
        assert values.std() == pytest.approx(args["sd_log"], rel=0.03), row.input


def test_a_recent_antibiotic_opens_niches_of_the_prior_too(reference):
    calm, recent = (gut_from_prior(reference, N, 3, recent_antibiotic=flag) for flag in (False, True))
    empty = calm.shares <= 1e-6
    assert empty.any()
    assert recent.open[empty].mean() > calm.open[empty].mean() + 0.2


def test_the_reference_gut_is_the_median_community_with_every_niche_open(reference):
    gut = reference_gut(reference)
    assert len(gut) == 1
    assert (gut.open == 1.0).all()
    assert gut.shares[0] == pytest.approx(reference_shares(reference))
    assert reference_shares(reference).sum() == pytest.approx(1.0)
    assert list(gut.inputs.columns) == ["carriage.bai"]  # residuals and traits stay at the model's 1
