"""Published examples of R's metafor, and statsmodels on drawn inputs: the same numbers on the same input.

BCG: 13 trials of a vaccine against tuberculosis (Colditz 1994; ``dat.bcg``), log risk ratios.  Teachers: 19 experiments
on what teachers expect (Raudenbush 1985; ``dat.raudenbush1985``), standardised differences.  Diuretics: 9 trials in
pregnancy (Collins 1985; ``dat.collins1985b``), log odds ratios.  Expected values are those of metafor's own tests.
"""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects

from hepaxis.evidence.meta import egger, fit, leave_one_out, tau2_interval

# vaccinated with and without tuberculosis, controls with and without, absolute latitude
BCG = np.array(
    [
        (4, 119, 11, 128, 44), (6, 300, 29, 274, 55), (3, 228, 11, 209, 42), (62, 13536, 248, 12619, 52),
        (33, 5036, 47, 5761, 13), (180, 1361, 372, 1079, 44), (8, 2537, 10, 619, 19), (505, 87886, 499, 87892, 13),
        (29, 7470, 45, 7232, 27), (17, 1699, 65, 1600, 42), (186, 50448, 141, 27197, 18), (5, 2493, 3, 2338, 33),
        (27, 16886, 29, 17825, 33),
    ],
    float,
)  # fmt: skip
TEACHERS = np.array(
    [
        (0.03, 0.0156), (0.12, 0.0216), (-0.14, 0.0279), (1.18, 0.1391), (0.26, 0.1362), (-0.06, 0.0106),
        (-0.02, 0.0106), (-0.32, 0.0484), (0.27, 0.0269), (0.80, 0.0630), (0.54, 0.0912), (0.18, 0.0497),
        (-0.02, 0.0835), (0.23, 0.0841), (-0.18, 0.0253), (-0.06, 0.0279), (0.30, 0.0193), (0.07, 0.0088),
        (-0.07, 0.0303),
    ]
)  # fmt: skip
# treated with pre-eclampsia, of treated, controls with, of controls
DIURETICS = np.array(
    [
        (14, 131, 14, 136), (21, 385, 17, 134), (14, 57, 24, 48), (6, 38, 18, 40), (12, 1011, 35, 760),
        (138, 1370, 175, 1336), (15, 506, 20, 524), (6, 108, 2, 103), (65, 153, 40, 102),
    ],
    float,
)  # fmt: skip
METAFOR = 1e-6  # metafor stops its iteration at 1e-5 of tau2


def bcg() -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d, _ = BCG.T
    return np.log(a / (a + b) / (c / (c + d))), 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)


def diuretics() -> tuple[np.ndarray, np.ndarray]:
    a, n1, c, n2 = DIURETICS.T
    return np.log(a * (n2 - c) / (c * (n1 - a))), 1 / a + 1 / (n1 - a) + 1 / c + 1 / (n2 - c)


def test_bcg_by_reml() -> None:
    found = fit(*bcg())
    assert found.tau2 == pytest.approx(0.313243325980895, abs=METAFOR)
    assert found.q == pytest.approx(152.233008082373, rel=1e-12)
    assert found.pooled.estimate == pytest.approx(-0.7145, abs=5e-5)
    assert found.pooled.se == pytest.approx(0.1798, abs=5e-5)
    assert (found.pooled.low, found.pooled.high) == pytest.approx((-1.0669, -0.3622), abs=5e-5)
    assert found.i2 == pytest.approx(0.9222, abs=5e-5)
    assert found.h2 == pytest.approx(12.86, abs=5e-3)
    assert found.prediction == pytest.approx((-1.8667, 0.4376), abs=5e-5)
    assert (found.tau2_low, found.tau2_high) == pytest.approx((0.1197, 1.1115), abs=5e-5)
    assert found.weights[0] == pytest.approx(0.0505948307931551, abs=METAFOR)


def test_bcg_without_its_first_trial() -> None:
    found = leave_one_out(*bcg())[0]
    assert found.pooled.estimate == pytest.approx(-0.707083788031436, abs=METAFOR)
    assert found.pooled.se == pytest.approx(0.189961024702717, abs=METAFOR)
    assert found.pooled.p == pytest.approx(0.000197449759023198, rel=1e-5)
    assert found.q == pytest.approx(151.582572747109, rel=1e-12)
    assert found.tau2 == pytest.approx(0.336156745300306, abs=METAFOR)
    assert found.i2 == pytest.approx(0.932259349111223, abs=METAFOR)
    assert found.h2 == pytest.approx(14.762184698253, rel=1e-6)


def test_bcg_after_knapp_and_hartung() -> None:
    found = fit(*bcg(), test="hk").pooled
    assert (found.se, found.low, found.high) == pytest.approx((0.1808, -1.1084, -0.3206), abs=5e-5)


def test_bcg_by_latitude_berkey_1995() -> None:
    """Smoothed sampling variances and equal effects, as in the paper's page 408."""
    a, b, c, d, latitude = BCG.T
    y, _ = bcg()
    k = len(y)
    v = (b / a).sum() / (k * (a + b)) + (d / c).sum() / (k * (c + d))
    found = fit(y, v, method="FE", moderators={"latitude": list(latitude - 33.46)})
    assert [one.estimate for one in found.coefficients] == pytest.approx([-0.5949, -0.0282], abs=5e-5)
    assert [one.se for one in found.coefficients] == pytest.approx([0.0696, 0.0040], abs=5e-5)


def test_bcg_by_latitude_explains_most_of_the_spread() -> None:
    plain = fit(*bcg())
    found = fit(*bcg(), moderators={"latitude": list(BCG[:, 4])})
    assert found.tau2 == pytest.approx(0.0764, abs=1e-4)
    assert found.coefficients[1].estimate == pytest.approx(-0.0291, abs=5e-5)
    assert found.q == pytest.approx(30.7331, abs=5e-5)
    assert 1 - found.tau2 / plain.tau2 == pytest.approx(0.7563, abs=5e-4)


def test_bcg_by_egger() -> None:
    _, slope = egger(*bcg())
    assert slope.statistic == pytest.approx(-1.4013, abs=5e-5)
    assert slope.p == pytest.approx(0.1887, abs=5e-5)


@pytest.mark.parametrize(
    ("method", "tau2", "mu", "se", "low", "high"),
    [
        ("FE", 0.0, 0.060, 0.036, -0.011, 0.132),
        ("REML", 0.019, 0.084, 0.052, -0.018, 0.185),
        ("DL", 0.026, 0.089, 0.056, -0.020, 0.199),
    ],
)
def test_teachers_table_16_3(method: str, tau2: float, mu: float, se: float, low: float, high: float) -> None:
    found = fit(TEACHERS[:, 0], TEACHERS[:, 1], method=method)
    one = found.pooled
    assert (found.tau2, one.estimate, one.se, one.low, one.high) == pytest.approx((tau2, mu, se, low, high), abs=5e-4)
    assert found.q == pytest.approx(35.83, abs=5e-3)


@pytest.mark.parametrize(
    ("method", "se", "low", "high"),
    [("REML", 0.062, -0.046, 0.213), ("DL", 0.064, -0.044, 0.223)],
)
def test_teachers_after_knapp_and_hartung(method: str, se: float, low: float, high: float) -> None:
    one = fit(TEACHERS[:, 0], TEACHERS[:, 1], method=method, test="hk").pooled
    assert (one.se, one.low, one.high) == pytest.approx((se, low, high), abs=5e-4)


def test_teachers_prediction_interval() -> None:
    assert fit(TEACHERS[:, 0], TEACHERS[:, 1]).prediction == pytest.approx((-0.204, 0.371), abs=5e-4)


@pytest.mark.parametrize(("method", "tau2"), [("DL", 0.230), ("REML", 0.301)])
def test_diuretics_spread_viechtbauer_2007(method: str, tau2: float) -> None:
    y, v = diuretics()
    assert fit(y, v, method=method).tau2 == pytest.approx(tau2, abs=5e-4)
    assert tau2_interval(y, v) == pytest.approx((0.072, 2.203), abs=5e-4)


def test_statsmodels_agrees() -> None:
    y, v = diuretics()
    theirs = combine_effects(y, v, method_re="chi2", use_t=False)
    ours = fit(y, v, method="DL")
    assert ours.tau2 == pytest.approx(theirs.tau2, rel=1e-10)
    assert ours.pooled.estimate == pytest.approx(theirs.mean_effect_re, rel=1e-10)
    assert ours.pooled.se == pytest.approx(theirs.sd_eff_w_re, rel=1e-10)
    assert fit(y, v, method="FE").pooled.estimate == pytest.approx(theirs.mean_effect_fe, rel=1e-10)
    assert fit(y, v, method="DL", test="hk").pooled.se == pytest.approx(theirs.sd_eff_w_re_hksj, rel=1e-10)
    assert ours.q == pytest.approx(theirs.q, rel=1e-10)


def test_statsmodels_agrees_on_egger() -> None:
    y, v = diuretics()
    theirs = sm.WLS(y, sm.add_constant(np.sqrt(v)), weights=1 / v).fit()
    limit, slope = egger(y, v)
    assert [limit.estimate, slope.estimate] == pytest.approx(list(theirs.params), rel=1e-9)
    assert [limit.p, slope.p] == pytest.approx(list(theirs.pvalues), rel=1e-9)


studies = st.lists(
    st.tuples(st.floats(-2, 2), st.floats(0.01, 1.0)), min_size=2, max_size=8
).map(lambda rows: (np.array([y for y, _ in rows]), np.array([v for _, v in rows])))  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(studies, st.floats(-3, 3))
def test_pooling_moves_with_its_studies_and_keeps_their_spread(given, shift: float) -> None:  # type: ignore[no-untyped-def]
    y, v = given
    here, there = fit(y, v), fit(y + shift, v)
    assert there.pooled.estimate == pytest.approx(here.pooled.estimate + shift, abs=1e-6)
    assert there.tau2 == pytest.approx(here.tau2, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(studies)
def test_the_pooled_value_lies_among_its_studies(given) -> None:  # type: ignore[no-untyped-def]
    y, v = given
    for method in ("FE", "DL", "REML"):
        found = fit(y, v, method=method)
        assert y.min() - 1e-9 <= found.pooled.estimate <= y.max() + 1e-9
        assert found.tau2 >= 0
        assert 0 <= found.i2 <= 1
        assert sum(found.weights) == pytest.approx(1)
    plain, wide = fit(y, v), fit(y, v, test="adhoc")
    assert wide.pooled.high - wide.pooled.low >= plain.pooled.high - plain.pooled.low - 1e-9


@settings(max_examples=40, deadline=None)
@given(studies)
def test_reml_is_where_the_restricted_likelihood_is_highest(given) -> None:  # type: ignore[no-untyped-def]
    y, v = given

    def restricted(tau2: float) -> float:
        w = 1 / (v + tau2)
        mu = (w * y).sum() / w.sum()
        return float(0.5 * np.log(w).sum() - 0.5 * np.log(w.sum()) - 0.5 * (w * (y - mu) ** 2).sum())

    best = fit(y, v).tau2
    around = [best * factor for factor in (0.8, 0.95, 1.05, 1.25)] + [best + 1e-3]
    assert all(restricted(best) >= restricted(one) - 1e-9 for one in around)


@pytest.mark.parametrize(
    ("y", "v", "extra"),
    [
        ([], [], {}),
        ([0.1], [0.0], {}),
        ([0.1, np.nan], [0.1, 0.1], {}),
        ([0.1, 0.2], [0.1], {}),
        ([0.1, 0.2], [0.1, 0.1], {"moderators": {"same": [1.0, 1.0]}}),
        ([0.1, 0.2], [0.1, 0.1], {"method": "best"}),
    ],
)
def test_what_cannot_be_pooled_is_refused(y, v, extra) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"\w+"):
        fit(y, v, **extra)
