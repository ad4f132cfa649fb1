"""Screening and variance estimators against closed forms and against an independent implementation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hepaxis.sensitivity import blocked_sample, elementary_effects, indices, trajectories

ISHIGAMI_A, ISHIGAMI_B = 7.0, 0.1
SINGLE = {"x1": [0], "x2": [1], "x3": [2]}


def ishigami(u):
    x = np.pi * (2 * u - 1)
    return (np.sin(x[:, 0]) + ISHIGAMI_A * np.sin(x[:, 1]) ** 2 + ISHIGAMI_B * x[:, 2] ** 4 * np.sin(x[:, 0]))[:, None]


def ishigami_truth():
    """First and total indices, Ishigami and Homma 1990."""
    a, b, pi = ISHIGAMI_A, ISHIGAMI_B, np.pi
    v1, v2, v13 = 0.5 * (1 + b * pi**4 / 5) ** 2, a**2 / 8, b**2 * pi**8 * (1 / 18 - 1 / 50)
    v = v1 + v2 + v13
    return np.array([v1, v2, 0.0]) / v, np.array([v1 + v13, v2, v13]) / v


def test_ishigami_indices():
    table = indices(ishigami(blocked_sample(4096, 3, SINGLE, 5)), list(SINGLE), ["y"], 1).set_index("block")
    first, total = ishigami_truth()
    assert table["first"].to_numpy() == pytest.approx(first, abs=0.01)
    assert table["total"].to_numpy() == pytest.approx(total, abs=0.01)
    assert (table["first_low"] <= first).all()
    assert (table["first_high"] >= first).all()
    assert (table["total_low"] <= total).all()
    assert (table["total_high"] >= total).all()


def test_the_interaction_of_a_pair_is_in_its_block():
    """x1 and x3 as one block carry all of their variance at first order; x2 has no interaction."""
    blocks = {"x1 and x3": [0, 2], "x2": [1]}
    table = indices(ishigami(blocked_sample(2048, 3, blocks, 3)), list(blocks), ["y"], 1).set_index("block")
    assert table["first"].sum() == pytest.approx(1.0, abs=0.02)
    assert table["total"].to_numpy() == pytest.approx(table["first"].to_numpy(), abs=0.02)


def test_linear_gaussian_indices_are_the_squared_weights():
    weights = np.array([3.0, 1.0, 0.5, 0.0])
    blocks = {str(k): [k] for k in range(4)}
    u = blocked_sample(2048, 4, blocks, 2)
    table = indices((stats.norm.ppf(u) @ weights)[:, None], list(blocks), ["y"], 1)
    truth = weights**2 / (weights**2).sum()
    assert table["first"].to_numpy() == pytest.approx(truth, abs=0.02)
    assert table["total"].to_numpy() == pytest.approx(truth, abs=0.02)
    assert table["first"].iloc[3] == 0.0
    assert table["total"].iloc[3] == 0.0, "what does nothing has exactly no index"


def test_the_same_numbers_as_scipy():
    rows = 512
    y = ishigami(blocked_sample(rows, 3, SINGLE, 8)).reshape(5, rows)
    theirs = stats.sobol_indices(
        func={"f_A": y[:1], "f_B": y[1:2], "f_AB": y[2:][:, None, :]}, n=rows, rng=np.random.default_rng(0)
    )
    ours = indices(y.reshape(-1, 1), list(SINGLE), ["y"], 1)
    assert ours["first"].to_numpy() == pytest.approx(theirs.first_order.ravel(), rel=1e-9)
    assert ours["total"].to_numpy() == pytest.approx(theirs.total_order.ravel(), rel=1e-9)


def test_intervals_cover_as_often_as_they_say():
    """Forty samples of the linear model: 95% limits of a total index hold the truth in most of them."""
    weights, inside = np.array([2.0, 1.0]), 0
    truth = weights**2 / (weights**2).sum()
    for seed in range(40):
        u = blocked_sample(128, 2, {"a": [0], "b": [1]}, seed)
        table = indices((stats.norm.ppf(u) @ weights)[:, None], ["a", "b"], ["y"], seed, resamples=200)
        inside += int(((table["total_low"] <= truth) & (table["total_high"] >= truth)).sum())
    assert inside >= 0.85 * 80


def test_a_failed_run_is_left_out_and_counted():
    y = ishigami(blocked_sample(1024, 3, SINGLE, 5))
    y[3] = np.nan  # of A: all blocks lose the row
    y[2 * 1024 + 7] = np.nan  # of the first block
    table = indices(y, list(SINGLE), ["y"], 1)
    assert table["rows"].tolist() == [1022, 1023, 1023]
    assert np.isfinite(table["total"]).all()


def test_a_constant_output_has_no_indices():
    table = indices(np.ones((5 * 64, 1)), list(SINGLE), ["y"], 1)
    assert table["first"].isna().all()


def test_rows_must_be_a_power_of_two():
    with pytest.raises(ValueError, match="power of two"):
        blocked_sample(100, 3, SINGLE, 1)


def test_linear_effects_are_the_weights():
    weights = np.array([2.0, -1.0, 0.0])
    points, order = trajectories(3, 6, 4)
    table = elementary_effects(points, order, (points @ weights)[:, None], ["a", "b", "c"], ["y"])
    assert table["mu"].to_numpy() == pytest.approx(weights)
    assert table["mu_star"].to_numpy() == pytest.approx(np.abs(weights))
    assert table["sigma"].to_numpy() == pytest.approx(0, abs=1e-12)
    assert (table["steps"] == 6).all()


def test_screening_sees_interaction_and_what_is_inert():
    points, order = trajectories(3, 40, 4)
    y = (points[:, 0] * points[:, 1])[:, None]
    table = elementary_effects(points, order, y, ["a", "b", "inert"], ["y"]).set_index("factor")
    assert table.loc["inert", "mu_star"] == 0
    assert table.loc["a", "sigma"] > 0.1
    assert table.loc["a", "mu_star"] == pytest.approx(0.5, abs=4 * table.loc["a", "mu_star_error"])


def test_steps_of_a_failed_run_are_left_out():
    points, order = trajectories(2, 3, 4)
    y = points.sum(axis=1, keepdims=True)
    y[1] = np.nan  # the middle point of the first trajectory: both of its steps
    table = elementary_effects(points, order, y, ["a", "b"], ["y"])
    assert table["steps"].tolist() == [2, 2]
    assert table["mu"].to_numpy() == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("seed", [1, 2])
def test_designs_are_reproducible_and_stay_in_the_open_cube(seed):
    one, two = trajectories(5, 4, seed)[0], trajectories(5, 4, seed)[0]
    assert (one == two).all()
    assert one.min() > 0
    assert one.max() < 1
    assert (blocked_sample(64, 5, {"a": [0, 1]}, seed) == blocked_sample(64, 5, {"a": [0, 1]}, seed)).all()
