"""Conditions on the baseline: what they mean, and quantiles of the population before anybody is selected."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hepaxis.population import draw_population
from hepaxis.problems import InputError
from hepaxis.trial import condition, feature_table, features, stratum

TABLE = pd.DataFrame({
    "afp": [10.0, 400.0, 5000.0, 80.0],
    "aetiology": ["hbv", "hcv", "non_viral", "hbv"],
    "mvi": [0.0, 1.0, 0.0, 1.0],
    "butyrate_producers": [0.1, 0.2, 0.3, 0.4],
    "child_pugh": [5.0, 5.0, 6.0, 7.0],
})  # fmt: skip


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("afp >= 400", [0, 1, 1, 0]),
        ("AFP<400", [1, 0, 0, 1]),
        ("aetiology in hbv, hcv", [1, 1, 0, 1]),
        ("aetiology not in hbv", [0, 1, 1, 0]),
        ("aetiology = non_viral", [0, 0, 1, 0]),
        ("aetiology != hbv", [0, 1, 1, 0]),
        ("mvi = yes", [0, 1, 0, 1]),
        ("macrovascular invasion = no", [1, 0, 1, 0]),
        ("child_pugh == 5", [1, 1, 0, 0]),
        ("butyrate producers below the median", [1, 0, 0, 0]),
        ("butyrate_producers above the 75th percentile", [0, 0, 1, 1]),
    ],
)
def test_what_a_condition_selects(text, who):
    assert condition(text).resolved(TABLE).holds(TABLE).astype(int).tolist() == who


def test_a_quantile_is_that_of_the_population_and_not_of_those_selected():
    one = condition("afp above the median").resolved(TABLE)
    chosen = TABLE[TABLE["aetiology"] == "hbv"]
    assert one.holds(chosen).tolist() == [False, True]
    weighted = condition("afp above the median").resolved(TABLE, np.array([10.0, 1, 1, 1]))
    assert weighted.values == (10.0,)
    with pytest.raises(ValueError, match="resolved"):
        condition("afp above the median").holds(TABLE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("high afp", "not a condition"),
        ("afb >= 400", "best matches are afp"),
        ("afp >= many", "give a number"),
        ("afp >= 3, 4", "several values"),
        ("afp in 3, 4", "lists numbers"),
        ("aetiology = hdv", "aetiology is one of hbv, hcv, non_viral"),
        ("aetiology >= hbv", "orders words"),
        ("mvi = perhaps", "give yes or no"),
        ("mvi below the median", "no such quantile"),
        ("afp below the 100th percentile", "no such quantile"),
    ],
)
def test_each_fault_is_answered(text, said):
    with pytest.raises(InputError, match=said):
        condition(text)


def test_a_stratum_is_a_factor_or_a_condition():
    assert stratum("aetiology") == "aetiology"
    assert stratum("mvi") == "mvi"
    assert stratum("afp >= 400").text == "afp >= 400"
    with pytest.raises(InputError, match="afp is a number"):
        stratum("afp")


def test_every_feature_is_there_for_every_patient():
    population = draw_population("trial_default", 40, 3)
    table = feature_table(population)
    assert list(table.columns) == list(features())
    assert len(table) == 40
    assert table.notna().all().all()
    for name, feature in features().items():
        if feature.kind == "word":
            assert set(table[name]) <= set(feature.words), name
        elif feature.kind == "switch":
            assert set(table[name]) <= {0.0, 1.0}, name
        else:
            assert pd.api.types.is_float_dtype(table[name]), name
    assert table["guild_diversity"].between(0, np.log(12)).all()
    guilds = [name for name, feature in features().items() if feature.of.startswith("guild:")]
    assert (table[guilds].sum(axis=1) <= 1 + 1e-9).all()
