"""Communities: tests hold their level under covariates, studies and repeats; designs that cannot answer are refused."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaxis.cohort.community import (
    alpha_diversity,
    anosim,
    compare_groups,
    dispersion,
    distances,
    permanova,
    principal_coordinates,
    rarefaction_curve,
)
from hepaxis.cohort.community.groups import auc_interval
from hepaxis.problems import InputError

LEVEL = 0.05
ROUNDS = 120


def binomial_limit(rounds: int, level: float = LEVEL) -> float:
    """Share of rejections that a test of this level passes in all but one of 1,000 such runs."""
    return level + 3.1 * np.sqrt(level * (1 - level) / rounds)


def community(rng: np.random.Generator, means: np.ndarray) -> pd.DataFrame:
    """Log-normal communities around sample-wise means (samples x taxa of logs)."""
    values = np.exp(means + rng.normal(size=means.shape))
    index = pd.Index([f"S{k}" for k in range(len(values))], name="sample")
    return pd.DataFrame(values / values.sum(axis=1, keepdims=True), index=index)


def rejections(draw, rng: np.random.Generator) -> float:
    return float(np.mean([draw(rng) < LEVEL for _ in range(ROUNDS)]))


def test_a_covariate_that_explains_the_difference_takes_it(rng):
    def one(rng: np.random.Generator) -> tuple[float, float]:
        age = rng.normal(size=40)
        group = (age + rng.normal(size=40) > 0).astype(float)
        table = community(rng, np.outer(age, np.r_[np.full(6, 1.0), np.zeros(14)]))
        data = pd.DataFrame({"age": age, "group": np.where(group > 0, "a", "b")}, index=table.index)
        found = distances(table, "bray_curtis")
        adjusted = permanova(found, data, ["age", "group"], permutations=99, seed=int(rng.integers(1e9)))
        alone = permanova(found, data, ["group"], permutations=99, seed=int(rng.integers(1e9)))
        return adjusted.table.loc["group", "p"], alone.table.loc["group", "p"]

    both = np.array([one(rng) for _ in range(ROUNDS)])
    assert (both[:, 0] <= LEVEL).mean() <= binomial_limit(ROUNDS)
    assert (both[:, 1] <= LEVEL).mean() > 0.5


def test_strata_keep_a_study_from_passing_for_response(rng):
    def one(rng: np.random.Generator) -> tuple[float, float]:
        study = np.repeat(["x", "y"], 20)
        group = np.where(rng.random(40) < np.where(study == "x", 0.8, 0.2), "r", "n")
        table = community(rng, np.outer(study == "x", np.r_[np.full(6, 1.5), np.zeros(14)]))
        data = pd.DataFrame({"study": study, "group": group}, index=table.index)
        found, seed = distances(table, "aitchison"), int(rng.integers(1e9))
        inside = permanova(found, data, ["group"], strata=data["study"], permutations=99, seed=seed)
        blind = permanova(found, data, ["group"], permutations=99, seed=seed)
        return inside.table.loc["group", "p"], blind.table.loc["group", "p"]

    both = np.array([one(rng) for _ in range(ROUNDS)])
    assert (both[:, 0] <= LEVEL).mean() <= binomial_limit(ROUNDS)
    assert (both[:, 1] <= LEVEL).mean() > 0.5


def test_repeated_samples_do_not_multiply_people(rng):
    def one(rng: np.random.Generator) -> tuple[float, float]:
        people = np.repeat(np.arange(16), rng.integers(1, 5, size=16))
        own = rng.normal(size=(16, 20)) * 1.5
        table = community(rng, own[people])
        data = pd.DataFrame({"group": np.where(people % 2, "a", "b")}, index=table.index)
        who, found = pd.Series(people, index=table.index), distances(table, "bray_curtis")
        honest = permanova(found, data, ["group"], subject=who, permutations=99, seed=int(rng.integers(1e9)))
        assert (honest.unit, honest.n) == ("person", 16)
        blind = permanova(found, data, ["group"], permutations=99, seed=int(rng.integers(1e9)))
        return honest.table.loc["group", "p"], blind.table.loc["group", "p"]

    both = np.array([one(rng) for _ in range(ROUNDS)])
    assert (both[:, 0] <= LEVEL).mean() <= binomial_limit(ROUNDS)
    assert (both[:, 1] <= LEVEL).mean() > 0.3


def test_what_changes_within_people_is_tested_within_people(rng):
    people = np.repeat(np.arange(12), 2)
    after = np.tile([0, 1], 12)
    table = community(rng, rng.normal(size=(12, 20))[people] * 2 + np.outer(after, np.r_[2.0, 2.0, np.zeros(18)]))
    data = pd.DataFrame({"after": np.where(after, "yes", "no")}, index=table.index)
    found = permanova(distances(table, "aitchison"), data, ["after"], subject=pd.Series(people, index=table.index))
    assert found.unit == "sample"
    assert found.table.loc["after", "p"] < 0.02
    assert any(p.code == "cohort.within_people" for p in found.problems)


def test_sums_of_squares_are_a_partition(rng):
    table = community(rng, rng.normal(size=(30, 12)))
    data = pd.DataFrame({"a": rng.integers(0, 3, 30).astype(str), "b": rng.normal(size=30)}, index=table.index)
    found = permanova(distances(table, "bray_curtis"), data, ["a", "b", "a:b"], by="terms", permutations=9).table
    assert found["sum_of_squares"].iloc[:-1].sum() == pytest.approx(found.loc["total", "sum_of_squares"])
    assert found["df"].iloc[:-1].sum() == 29
    margin = permanova(distances(table, "bray_curtis"), data, ["a", "b", "a:b"], permutations=9).table
    assert list(margin.index) == ["a:b", "residual", "total"]  # main effects of an interaction are not tested
    whole = permanova(distances(table, "bray_curtis"), data, ["a", "b"], by="whole", permutations=9).table
    assert whole.loc["model", "df"] == 3


def test_euclidean_permanova_of_one_variable_is_the_analysis_of_variance(rng):
    values = rng.normal(size=24)
    group = np.repeat(["a", "b", "c"], 8)
    index = pd.Index([f"S{k}" for k in range(24)])
    from scipy.stats import f_oneway

    from hepaxis.cohort.community import Distances

    table = Distances(np.abs(values[:, None] - values[None, :]), index, "bray_curtis")
    found = permanova(table, pd.DataFrame({"g": group}, index=index), ["g"], permutations=4999, seed=3)
    test = f_oneway(*(values[group == g] for g in "abc"))
    assert found.table.loc["g", "F"] == pytest.approx(test.statistic)
    assert found.table.loc["g", "p"] == pytest.approx(test.pvalue, abs=0.02)
    assert (
        pytest.approx(f_oneway(*(np.abs(values[group == g] - values[group == g].mean()) for g in "abc")).statistic)
        == dispersion(table, pd.Series(group, index=index), centre="centroid").F
    )


def test_designs_that_cannot_answer_are_refused_by_name(rng):
    table = community(rng, rng.normal(size=(12, 8)))
    found = distances(table, "bray_curtis")
    data = pd.DataFrame(
        {"study": ["a"] * 6 + ["b"] * 6, "group": ["r"] * 6 + ["n"] * 6, "one": ["x"] * 12}, index=table.index
    )
    with pytest.raises(InputError, match=r"cannot be told apart.*cohort\.aliased"):
        permanova(found, data, ["study", "group"])
    with pytest.raises(InputError, match="does not vary within the strata"):
        permanova(found, data, ["group"], strata=data["study"])
    with pytest.raises(InputError, match="'one' does not vary"):
        permanova(found, data, ["one"])
    with pytest.raises(InputError, match="no column 'age'"):
        permanova(found, data, ["age"])
    with pytest.raises(InputError, match="there is no distance"):
        distances(table, "euclid")


def test_missing_covariates_are_left_out_by_name(rng):
    table = community(rng, rng.normal(size=(14, 8)))
    data = pd.DataFrame({"age": [np.nan, *rng.normal(size=13)], "g": list("ab") * 7}, index=table.index)
    found = permanova(distances(table, "bray_curtis"), data, ["age", "g"], permutations=19)
    assert found.omitted == ("S0",)
    assert found.n == 13
    assert "19 permutations" in found.sentence()


def test_the_seed_alone_decides(rng):
    table = community(rng, rng.normal(size=(20, 8)))
    data = pd.DataFrame({"g": list("ab") * 10}, index=table.index)
    found = distances(table, "bray_curtis")
    one, two = (permanova(found, data, ["g"], seed=5).table for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert anosim(found, data["g"], seed=5) == anosim(found, data["g"], seed=5)


def test_999_permutations_of_four_factors_on_500_samples_take_less_than_5_s(rng):
    table = community(rng, rng.normal(size=(500, 60)))
    data = pd.DataFrame(
        {
            "a": rng.integers(0, 2, 500).astype(str),
            "b": rng.normal(size=500),
            "c": rng.integers(0, 5, 500).astype(str),
            "d": rng.integers(0, 10, 500).astype(str),
        },
        index=table.index,
    )
    found = distances(table, "bray_curtis")
    start = time.process_time()
    permanova(found, data, list("abcd"), permutations=999)
    assert time.process_time() - start < 5.0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 30))
def test_rarefied_richness_falls_with_depth_and_ends_at_the_truth(seed: int, taxa: int):
    row = np.random.default_rng(seed).integers(0, 40, size=taxa)
    row[0] += 5
    counts = pd.DataFrame([row])
    depths = np.unique([1, row.sum() // 3 + 1, row.sum(), row.sum() + 1])
    curve = rarefaction_curve(counts, depths).iloc[0]
    assert curve.iloc[0] == pytest.approx(1.0)
    assert (np.diff(curve.dropna()) >= -1e-9).all()
    assert curve[row.sum()] == pytest.approx((row > 0).sum())
    assert np.isnan(curve[row.sum() + 1])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_hill_numbers_fall_with_their_order(seed: int):
    found = alpha_diversity(pd.DataFrame(np.random.default_rng(seed).gamma(0.3, size=(3, 20)) + 1e-12))
    assert (found["hill_0"] >= found["hill_1"] - 1e-9).all()
    assert (found["hill_1"] >= found["hill_2"] - 1e-9).all()


def test_rarefied_entropy_depends_on_seed_and_sample_alone(rng):
    counts = pd.DataFrame(rng.integers(0, 60, size=(6, 25)))
    shares = counts.div(counts.sum(axis=1), axis=0)
    all_at_once = alpha_diversity(shares, counts, depth=200, seed=4)["rarefied_shannon"]
    alone = alpha_diversity(shares.iloc[[3]], counts.iloc[[3]], depth=200, seed=4)["rarefied_shannon"]
    assert all_at_once.iloc[3] == alone.iloc[0]
    assert (all_at_once <= alpha_diversity(shares)["shannon"] + 0.05).all()


def test_unifrac_follows_the_tree(tmp_path: Path):
    (tmp_path / "tree.nwk").write_text("((A:1,B:1):1,(C:1,D:1):1);")
    table = pd.DataFrame([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]], columns=list("ABCD"), index=["x", "y", "z"])
    found = distances(table, "unweighted_unifrac", tree=tmp_path / "tree.nwk").values
    assert found[0, 1] == pytest.approx(2 / 3)
    assert found[0, 2] == pytest.approx(1.0)
    wide = table.assign(E=0.5)
    told = distances(wide, "weighted_unifrac", tree=tmp_path / "tree.nwk")
    assert told.coverage == pytest.approx(1 / 1.5)
    assert told.problems[0].code == "cohort.tree_coverage"
    with pytest.raises(InputError, match="needs a tree"):
        distances(table, "weighted_unifrac")


def test_unlike_spread_is_seen(rng):
    means = np.zeros((40, 15))
    means[20:] = rng.normal(size=(20, 15)) * 2
    table = community(rng, means)
    group = pd.Series(["tight"] * 20 + ["wide"] * 20, index=table.index)
    found = dispersion(distances(table, "aitchison"), group)
    assert found.p < 0.01
    assert found.group_means["wide"] > found.group_means["tight"]
    even = dispersion(distances(table, "aitchison"), group.sample(frac=1, random_state=2).set_axis(group.index))
    assert even.p > 0.05


def test_principal_coordinates_give_the_distances_back(rng):
    table = community(rng, rng.normal(size=(15, 10)))
    bray = distances(table, "bray_curtis")
    found = principal_coordinates(bray)
    sign = np.where(found.positive, 1.0, -1.0)
    points = found.scores.to_numpy()
    squared = (((points[:, None, :] - points[None, :, :]) ** 2) * sign).sum(axis=2)
    assert squared == pytest.approx(bray.values**2, abs=1e-9)


def test_a_measure_is_compared_within_studies(rng):
    study = np.repeat(["x", "y"], 40)
    group = np.where(rng.random(80) < np.where(study == "x", 0.85, 0.15), "r", "n")
    value = rng.normal(size=80) + 3.0 * (study == "x")
    frame = pd.DataFrame({"measure": value, "flat": 1.0})
    blind = compare_groups(frame, pd.Series(group)).loc["measure"]
    inside = compare_groups(frame, pd.Series(group), strata=pd.Series(study))
    assert blind["p"] < 0.001
    assert inside.loc["measure", "p"] > 0.05
    assert inside.loc["measure", "auc_low"] < 0.5 < inside.loc["measure", "auc_high"]
    assert np.isnan(inside.loc["flat", "p"])


def test_the_interval_of_an_auc_covers_and_stays_inside(rng):
    covered = 0
    for _ in range(300):
        a, b = rng.normal(size=15), rng.normal(size=12) + 1.0
        auc = float((b[:, None] > a[None, :]).mean())
        low, high = auc_interval(auc, 15, 12)
        covered += low <= 0.7602 <= high  # P(N(1,1) > N(0,1)) = Phi(1 / sqrt 2)
    assert covered / 300 > 0.92
    assert auc_interval(1.0, 5, 5)[0] < 0.9
    assert auc_interval(1.0, 5, 5)[1] == 1.0
