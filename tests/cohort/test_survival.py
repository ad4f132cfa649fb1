"""Survival: R's printed digits, an independent package, and effects that were planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hepaxis.cohort.survival import (
    NoFit,
    additive_hazards,
    covariates,
    cox,
    e_value,
    exposure,
    follow_up,
    landmark_analysis,
    log_rank,
    mediation,
    merged_times,
    negative_control,
    propensity,
    survival_curve,
)

DIGITS = 5e-10  # R's values are printed to ten significant digits


@pytest.fixture(scope="module")
def patients(shared):
    return pd.read_csv(shared("data/toposcore_nsclc") / "DS1_oncology_clinical_data_DiscValid.csv")


@pytest.fixture(scope="module")
def reference(shared):
    table = pd.read_csv(shared("data/r_reference_values") / "reference_values.csv")
    return table.set_index("key")["value"].to_dict()


@pytest.fixture(scope="module")
def fitted(patients):
    times = follow_up(patients["OS"].to_numpy(), patients["Death"].to_numpy())
    exposed = (patients["ATB"] == "yes").to_numpy()
    return times, exposed, pd.DataFrame({"atb": exposed.astype(float)})


@pytest.mark.shared
class TestAgainstR:
    def test_cox_with_near_ties_merged(self, fitted, reference):
        times, _, design = fitted
        fit = cox(times, design)
        row = fit.table.loc["atb"]
        found = {
            "cox_OS_atb_coef_efron": row["coef"],
            "cox_OS_atb_se": row["se"],
            "cox_OS_atb_p_wald": row["p"],
            "cox_OS_atb_loglik0": fit.loglik[0],
            "cox_OS_atb_loglik1": fit.loglik[1],
            "cox_OS_atb_score_test": fit.score_test,
            "cox_OS_atb_cindex": fit.concordance,
            "cox_OS_atb_coef_breslow": cox(times, design, ties="breslow").table.loc["atb", "coef"],
            "coxzph_OS_atb_chisq": fit.ph.loc["atb", "chisq"],
            "coxzph_OS_atb_p": fit.ph.loc["atb", "p"],
        }
        for key, value in found.items():
            assert value == pytest.approx(reference[key], rel=DIGITS), key

    def test_near_ties_are_those_of_r(self, patients, fitted):
        assert patients["OS"].nunique() == 442
        assert len(np.unique(fitted[0].time)) == 408

    def test_without_the_merge_the_fourth_digit_differs(self, patients, fitted, reference):
        times = follow_up(patients["OS"].to_numpy(), patients["Death"].to_numpy())
        unmerged = type(times)(patients["OS"].to_numpy(), times.event, times.entry, 0)
        coef = cox(unmerged, fitted[2]).table.loc["atb", "coef"]
        assert 1e-5 < abs(coef - reference["cox_OS_atb_coef_efron"]) < 1e-3

    def test_strata_and_progression(self, patients, fitted, reference):
        times, _, design = fitted
        strata = np.where(patients["Cohort"] == "Disc", "Disc", "Valid")
        stratified = cox(times, design, strata=strata).table.loc["atb"]
        pfs = cox(follow_up(patients["PFS"].to_numpy(), patients["PD"].to_numpy()), design).table.loc["atb"]
        assert stratified["coef"] == pytest.approx(reference["cox_OS_atb_strata_cohort_coef"], rel=DIGITS)
        assert stratified["se"] == pytest.approx(reference["cox_OS_atb_strata_cohort_se"], rel=DIGITS)
        assert pfs["coef"] == pytest.approx(reference["cox_PFS_atb_coef"], rel=DIGITS)
        assert pfs["se"] == pytest.approx(reference["cox_PFS_atb_se"], rel=DIGITS)

    def test_log_rank(self, fitted, reference):
        times, exposed, _ = fitted
        test = log_rank(times, exposed)
        assert test.chisq == pytest.approx(reference["logrank_OS_atb_chisq"], rel=DIGITS)
        assert test.observed[1] == reference["logrank_obs_atb1"]
        assert test.expected[1] == pytest.approx(reference["logrank_exp_atb1"], rel=DIGITS)

    def test_kaplan_meier(self, fitted, reference):
        times, exposed, _ = fitted
        for group in (0, 1):
            curve = survival_curve(times.take(exposed == group))
            median = curve.median()
            mean, _ = curve.restricted_mean(float(times.time.max()))
            assert median[0] == pytest.approx(reference[f"km_median_OS_atb{group}"], rel=DIGITS)
            assert mean == pytest.approx(reference[f"km_rmean_atb{group}"], rel=DIGITS)
            at12, se12, _, _ = curve.at(12.0)
            assert at12 == pytest.approx(reference[f"km_S12_atb{group}"], rel=DIGITS)
            if group == 0:
                assert median[1] == pytest.approx(reference["km_median_OS_atb0_lcl"], rel=DIGITS)
                assert median[2] == pytest.approx(reference["km_median_OS_atb0_ucl"], rel=DIGITS)
                assert se12 == pytest.approx(reference["km_S12_atb0_se"], rel=DIGITS)

    def test_a_failing_proportionality_is_told_by_period_and_by_restricted_mean(self, fitted):
        times, exposed, _ = fitted
        found = exposure(times, exposed, name="antibiotics", outcome="OS")
        assert found.proportional is False
        effects = found.effects.set_index("model")
        assert effects.loc["early", "estimate"] > 2 > 1.2 > effects.loc["late", "estimate"]
        assert effects.loc["unadjusted", "high"] < 0
        assert found.e_value is not None
        assert found.e_value.common
        assert found.e_value.limit > 1


class TestAgainstLifelines:
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls):
        rng = np.random.default_rng(5)
        x = pd.DataFrame({"a": rng.normal(size=160), "b": (rng.random(160) < 0.4).astype(float)})
        when = rng.exponential(np.exp(-0.6 * x["a"] - 0.4 * x["b"]))
        seen = rng.exponential(1.5, 160)
        return x, np.minimum(when, seen), when <= seen, rng.integers(0, 60, 160), rng.uniform(0.3, 2.0, 160)

    def test_robust_variance_by_cluster_and_weights(self, made):
        from lifelines import CoxPHFitter

        x, time, event, person, weight = made
        ours = cox(follow_up(time, event), x, cluster=person, weights=weight).table
        frame = x.assign(t=time, e=event, person=person, weight=weight)
        exact = {"precision": 1e-12}  # its default stops five digits in
        theirs = CoxPHFitter().fit(
            frame, "t", "e", cluster_col="person", weights_col="weight", robust=True, fit_options=exact
        )
        theirs = theirs.summary
        assert ours["coef"].to_numpy() == pytest.approx(theirs["coef"].to_numpy(), rel=1e-5)
        assert ours["se"].to_numpy() == pytest.approx(theirs["se(coef)"].to_numpy(), rel=1e-4)

    def test_exposure_that_begins_late(self, made):
        from lifelines import CoxTimeVaryingFitter

        x, time, event, _, _ = made
        cut = np.minimum(0.3, time / 2)
        begun = (np.random.default_rng(1).random(160) < 0.5).astype(float)
        rows = pd.concat(
            [
                x.assign(id=range(160), start=0.0, stop=cut, e=False, late=0.0),
                x.assign(id=range(160), start=cut, stop=time, e=event, late=begun),
            ]
        )
        theirs = CoxTimeVaryingFitter().fit(rows, id_col="id", event_col="e", start_col="start", stop_col="stop")
        ours = cox(
            follow_up(rows["stop"].to_numpy(), rows["e"].to_numpy(), rows["start"].to_numpy()), rows[["a", "b", "late"]]
        )
        assert ours.table["coef"].to_numpy() == pytest.approx(theirs.summary["coef"].to_numpy(), rel=1e-4)
        assert ours.table["se"].to_numpy() == pytest.approx(theirs.summary["se(coef)"].to_numpy(), rel=1e-4)


class TestRefusals:
    def test_what_has_no_fit_says_why(self):
        times = follow_up(np.array([1.0, 2, 3, 4]), np.array([1, 1, 1, 1]))
        with pytest.raises(NoFit, match="does not vary"):
            cox(times, pd.DataFrame({"x": np.ones(4)}))
        with pytest.raises(NoFit, match="repeat each other"):
            cox(times, pd.DataFrame({"x": [0.0, 1, 0, 1], "y": [0.0, 1, 0, 1]}))
        with pytest.raises(NoFit, match="no event"):
            cox(follow_up(np.array([1.0, 2]), np.array([0, 0])), pd.DataFrame({"x": [0.0, 1]}))
        with pytest.raises(NoFit, match=r"separates|tell"):
            cox(times, pd.DataFrame({"x": [1.0, 1, 0, 0]}))

    @pytest.mark.parametrize(("time", "event"), [([1.0, np.nan], [1, 0]), ([-1.0, 2], [1, 0]), ([1.0, 2], [1, 2])])
    def test_bad_times_are_refused(self, time, event):
        with pytest.raises(ValueError, match=r"must|is 0"):
            follow_up(np.array(time), np.array(event))

    def test_too_few_events_give_no_ratio(self):
        times = follow_up(np.arange(1.0, 41), np.array([0] * 36 + [1] * 4))
        found = exposure(times, np.arange(40) % 2 == 0, name="x", outcome="OS")
        assert found.effects.empty
        assert found.main is None
        assert "events" in found.left_out[0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.01, 500), min_size=2, max_size=40))
def test_merging_near_ties_changes_nothing_that_matters(values):
    merged, removed = merged_times(np.array(values))
    assert np.abs(merged - np.array(values)).max() <= 1e-7 * max(np.mean(values), 1) * len(values)
    assert len(np.unique(merged)) + removed == len(np.unique(values))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(6, 60))
def test_survival_curves_fall_from_one_and_hold_their_intervals(seed, n):
    rng = np.random.default_rng(seed)
    curve = survival_curve(follow_up(rng.integers(1, 9, n).astype(float), rng.random(n) < 0.6))
    assert (np.diff(curve.survival) <= 1e-12).all()
    assert ((curve.survival >= 0) & (curve.survival <= 1)).all()
    known = np.isfinite(curve.low)
    assert (curve.low[known] <= curve.survival[known] + 1e-12).all()
    assert (curve.high[known] >= curve.survival[known] - 1e-12).all()


class TestPlanted:
    def test_time_before_an_exposure_is_not_counted_as_exposed(self):
        """An exposure that does nothing looks protective as ever-never, and not otherwise."""
        rng = np.random.default_rng(2)
        when, begins, seen = rng.exponential(12, 1500), rng.exponential(6, 1500), rng.uniform(6, 30, 1500)
        times = follow_up(np.minimum(when, seen), when <= seen)
        begins = np.where(begins <= times.time, begins, np.nan)
        found = landmark_analysis(times, begins, (3.0, 6.0), name="atb", outcome="OS")
        rows = found.table.set_index("reading")
        assert rows.loc["ever_never", "high"] < 0.5
        assert rows.loc["time_varying", "low"] < 1 < rows.loc["time_varying", "high"]
        for _, row in found.table[found.table["reading"] == "landmark"].iterrows():
            assert row["low"] < 1 < row["high"]
        assert found.immortal_time < 0.5

    def test_a_confounder_is_taken_out_by_adjusting_and_by_weighting(self):
        rng = np.random.default_rng(3)
        frail = rng.normal(size=2000)
        exposed = rng.random(2000) < 1 / (1 + np.exp(-0.8 * frail))
        when = rng.exponential(np.exp(-1.3 * frail))
        times = follow_up(np.minimum(when, 3.0), when <= 3.0)
        found = exposure(times, exposed, pd.DataFrame({"frail": frail}), name="x", outcome="OS")
        rows = found.effects.set_index("model")
        assert rows.loc["crude", "low"] > 1.3
        assert rows.loc["adjusted", "low"] < 1 < rows.loc["adjusted", "high"]
        assert rows.loc["weighted", "estimate"] == pytest.approx(1.0, abs=0.25)
        assert abs(found.propensity.balance["before"]).max() > 0.5
        assert abs(found.propensity.balance["after"]).max() < 0.1

    def test_additive_hazards_find_what_was_planted(self):
        rng = np.random.default_rng(4)
        x = rng.random((6000, 2))
        when = rng.exponential(1 / (0.2 + 0.3 * x[:, 0] + 0.1 * x[:, 1]))
        found = additive_hazards(follow_up(np.minimum(when, 4.0), when <= 4.0), x)
        assert found == pytest.approx([0.3, 0.1], abs=0.04)

    def test_mediation_finds_the_share_that_goes_through(self):
        rng = np.random.default_rng(6)
        a = rng.random(3000) < 0.4
        m = 1.0 * a + rng.normal(size=3000)
        when = rng.exponential(1 / np.maximum(0.5 + 0.10 * a + 0.10 * m, 0.05))
        times = follow_up(np.minimum(when, 5.0), when <= 5.0)
        found = mediation(times, a, m, names=("a", "m", "OS"), seed=1, resamples=200).table
        assert found.loc["share", "low"] < 0.5 < found.loc["share", "high"]
        assert found.loc["indirect", "low"] > 0
        again = mediation(times, a, m, names=("a", "m", "OS"), seed=1, resamples=200).table
        assert again.equals(found)
        nothing = mediation(times, a, rng.normal(size=3000), names=("a", "m", "OS"), seed=1, resamples=200).table
        assert nothing.loc["indirect", "low"] <= 0 <= nothing.loc["indirect", "high"]

    def test_an_exposure_that_does_the_same_without_immunotherapy_is_not_its_effect(self):
        rng = np.random.default_rng(8)
        exposed, control = rng.random(1200) < 0.3, rng.random(1200) < 0.5
        when = rng.exponential(np.exp(-0.7 * exposed))
        times = follow_up(np.minimum(when, 2.0), when <= 2.0)
        found = negative_control(times, exposed, control, name="atb", outcome="OS")
        assert found.control.main["low"] > 1
        assert found.low < 1 < found.high
        assert "not told apart" in found.sentence


def test_e_values_are_those_of_the_paper():
    """VanderWeele and Ding 2017: risk ratio 3.9 (1.8 to 8.7) has E-values 7.26 and 3.0."""
    found = e_value(3.9, 1.8, 8.7, event_share=0.05)
    assert found.estimate == pytest.approx(7.26, abs=0.01)
    assert found.limit == pytest.approx(3.0, abs=0.01)
    assert e_value(1 / 3.9, 1 / 8.7, 1 / 1.8, event_share=0.05).estimate == pytest.approx(found.estimate)
    assert e_value(1.2, 0.9, 1.6, event_share=0.5).limit == 1.0


def test_rows_without_a_covariate_are_counted_and_rare_ones_named():
    frame = pd.DataFrame(
        {
            "age": [50.0, 60, np.nan, 70] * 5,
            "sex": ["female", "male", "male", "male"] * 5,
            "pdl1": [np.nan] * 19 + [1.0],
            "country": ["x"] * 20,
        }
    )
    found = covariates(frame)
    assert found.dropped == 5
    assert list(found.design.columns) == ["age", "sex: female"]
    assert set(found.left_out) == {"pdl1", "country"}


def test_weights_of_exposures_that_everybody_or_nobody_had_are_refused():
    with pytest.raises(ValueError, match="everybody or nobody"):
        propensity(np.ones(5, bool), pd.DataFrame({"x": range(5)}))
