"""What an unknown is worth: the share of the variance over draws that it explains, and nothing for noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hepaxis.plan.missing import explained

RNG = np.random.default_rng(3)
N = 400
DRAWS = pd.DataFrame({"residual.butyrate": RNG.lognormal(size=N), "residual.ipa": RNG.lognormal(size=N)})


def test_what_fixes_the_answer_explains_all_of_it():
    assert explained(3 * DRAWS["residual.ipa"].to_numpy(), DRAWS[["residual.ipa"]]) == pytest.approx(1.0)


def test_half_of_the_variance_is_a_half():
    x, noise = stats.zscore(RNG.normal(size=(2, N)), axis=1)
    noise -= x * (x @ noise) / N  # exactly uncorrelated
    assert explained(x + noise / noise.std(), pd.DataFrame({"x": x})) == pytest.approx(0.5, abs=0.002)


def test_noise_explains_nothing_even_with_few_draws():
    shares = [
        explained(np.random.default_rng(k).normal(size=12), DRAWS.iloc[12 * k : 12 * k + 12].reset_index(drop=True))
        for k in range(30)
    ]
    assert np.mean([share for share in shares if share is not None]) < 0.15
    assert min(share for share in shares if share is not None) == 0.0


def test_too_few_draws_or_no_variance_say_nothing():
    assert explained(RNG.normal(size=5), DRAWS.iloc[:5]) is None
    assert explained(np.ones(N), DRAWS) is None
    assert explained(RNG.normal(size=N), pd.DataFrame(index=range(N))) is None


def test_draws_that_failed_are_left_out():
    response = 2 * DRAWS["residual.ipa"].to_numpy()
    response[:100] = np.nan
    assert explained(response, DRAWS[["residual.ipa"]]) == pytest.approx(1.0)
