"""Differences: false discoveries stay at their level under what makes them fail elsewhere; zeros crash nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from hepaxis import cohort
from hepaxis.cohort.community.groups import van_elteren
from hepaxis.cohort.differences import FeatureTable, cohort_differences, differential, features, random_effects
from hepaxis.cohort.differences.linear import fit_linear
from hepaxis.cohort.differences.presence import fit_presence
from hepaxis.cohort.differences.ranks import blocked_ranks
from hepaxis.evidence.meta import fit
from hepaxis.problems import InputError
from hepaxis.profile.record import FunctionTable

LEVEL = 0.05
FEATURES, CHANGED, ROUNDS = 120, 12, 16


def sequenced(rng: np.random.Generator, logs: np.ndarray, depth: np.ndarray) -> FeatureTable:
    """Counts drawn from log-normal communities (samples x features of log means) at given depths."""
    amounts = np.exp(logs + rng.normal(size=logs.shape))
    counts = np.stack([rng.multinomial(int(d), row / row.sum()) for d, row in zip(depth, amounts, strict=True)])
    index = pd.Index([f"S{k}" for k in range(len(logs))], name="sample")
    table = pd.DataFrame(counts.astype(float), index=index, columns=[f"f{k}" for k in range(logs.shape[1])])
    return FeatureTable(table.div(table.sum(axis=1), axis=0), table, "taxa", True)


def score(found, rng_changed: np.ndarray, method: str) -> tuple[float, float]:
    """(share of false among discoveries, share of planted features discovered)."""
    rows = found.of(method).droplevel("contrast")
    called = rows.index[rows["q"] < LEVEL]
    planted = {f"f{k}" for k in rng_changed}
    false = sum(name not in planted for name in called)
    return false / max(len(called), 1), sum(name in planted for name in called) / len(planted)


def planted_run(seed: int, *, shift: bool = False, batch: bool = False, repeats: bool = False, **options):
    """One simulated study: all planted features rise (a shift of the composition), a batch that leans towards the
    group, or several samples a person."""
    rng = np.random.default_rng([20261201, seed])
    people = 60
    who = np.repeat(np.arange(people), rng.integers(1, 4, people)) if repeats else np.arange(people)
    study = rng.integers(0, 2, people)
    group = rng.random(people) < (np.where(study == 1, 0.75, 0.25) if batch else 0.5)
    base = rng.normal(0.0, 1.5, FEATURES)
    logs = np.tile(base, (len(who), 1))
    changed = rng.choice(FEATURES, CHANGED, replace=False)
    signs = np.ones(CHANGED) if shift else rng.choice([-1.0, 1.0], CHANGED)
    logs[:, changed] += np.outer(group[who], signs * (2.5 if shift else 2.0))
    if batch:
        logs += np.outer(study[who], rng.normal(0.0, 1.0, FEATURES))
    if repeats:
        logs += rng.normal(0.0, 1.0, (people, FEATURES))[who]
    depth = rng.integers(8_000, 40_000, len(who))
    table = sequenced(rng, logs, depth)
    data = pd.DataFrame({"group": np.where(group[who], "r", "n")}, index=table.values.index)
    strata = pd.Series(np.where(study[who] == 1, "x", "y"), index=data.index, name="study") if batch else None
    subject = pd.Series(who, index=data.index) if repeats else None
    found = differential(table, data, "group", strata=strata, subject=subject, **options)
    return found, changed


def false_discovery(method: str, **setting) -> tuple[float, float, float]:
    """(mean share of false discoveries, its standard error, mean power) over ROUNDS studies."""
    pairs = np.array([score(*planted_run(k, methods=["log", method], **setting), method) for k in range(ROUNDS)])
    return float(pairs[:, 0].mean()), float(pairs[:, 0].std(ddof=1) / np.sqrt(ROUNDS)), float(pairs[:, 1].mean())


@pytest.mark.parametrize("setting", [{"shift": True}, {"batch": True}, {"repeats": True}], ids=str)
@pytest.mark.parametrize("method", ["centred", "log"])
def test_false_discoveries_stay_at_their_level(method, setting):
    false, error, power = false_discovery(method, **setting)
    assert false <= LEVEL + 3.0 * error, (false, error)
    assert power > 0.6


def test_without_the_shift_taken_off_a_rise_of_some_makes_all_others_fall(monkeypatch):
    from hepaxis.cohort.differences import model

    monkeypatch.setattr(model, "shift", lambda *_: 0.0)
    assert false_discovery("centred", shift=True)[0] > 2 * LEVEL


def test_without_the_study_a_batch_passes_for_response():
    def blind(seed: int) -> float:
        rng = np.random.default_rng([7, seed])
        study = np.repeat([0, 1], 30)
        group = rng.random(60) < np.where(study == 1, 0.8, 0.2)
        logs = rng.normal(0, 1.5, FEATURES) + np.outer(study, rng.normal(0, 1, FEATURES))
        table = sequenced(rng, logs, np.full(60, 20_000))
        data = pd.DataFrame({"group": np.where(group, "r", "n")}, index=table.values.index)
        within = differential(
            table, data, "group", strata=pd.Series(study.astype(str), index=data.index, name="s"), methods=["centred"]
        )
        assert (within.results["q"] < LEVEL).sum() <= 3
        return float((differential(table, data, "group", methods=["centred"]).results["q"] < LEVEL).sum())

    assert np.mean([blind(k) for k in range(4)]) > 20


def test_power_rises_with_the_effect_and_is_shown_beside_ancom_bc2():
    """The planted sign is mixed, so both methods are right about the scale; the curve is what a reader asks for."""
    rows = []
    for effect in (0.5, 1.0, 2.0):
        for seed in range(4):
            rng = np.random.default_rng([3, seed])
            group = np.arange(60) % 2 == 0
            logs = np.tile(rng.normal(0, 1.2, FEATURES), (60, 1))
            logs[:, :CHANGED] += np.outer(group, effect * rng.choice([-1, 1], CHANGED))
            table = sequenced(rng, logs, rng.integers(8_000, 40_000, 60))
            data = pd.DataFrame({"group": np.where(group, "r", "n")}, index=table.values.index)
            found = differential(table, data, "group", methods=["log", "centred", "ancombc2"])
            rows += [(effect, m, *score(found, np.arange(CHANGED), m)) for m in ("centred", "ancombc2")]
    curve = pd.DataFrame(rows, columns=["effect", "method", "false", "power"])
    power = curve.groupby(["method", "effect"])["power"].mean()
    assert power["centred"].is_monotonic_increasing
    assert power["centred", 2.0] > 0.95
    assert power["centred", 1.0] > power["ancombc2", 1.0] - 0.15
    assert curve[curve["method"] == "centred"]["false"].mean() < 2 * LEVEL


def test_a_feature_absent_from_a_group_crashes_nothing_and_is_listed(rng):
    values = rng.integers(1, 200, size=(24, 40)).astype(float)
    group = np.array(["a", "b"] * 12)
    values[group == "a", 3] = 0.0
    values[:, 7] = 0.0
    values[group == "b", 9] = 0.0
    table = pd.DataFrame(values, index=[f"S{k}" for k in range(24)], columns=[f"f{k}" for k in range(40)])
    shares = FeatureTable(table.div(table.sum(axis=1), axis=0), table, "taxa", True)
    found = differential(shares, pd.DataFrame({"g": group}, index=table.index), "g")
    assert {(r.feature, r.absent_in, r.present_other) for r in found.absent.itertuples()} == {
        ("f3", "a", 12),
        ("f9", "b", 12),
    }
    assert found.absent["p"].max() < 1e-5
    presence = found.of("presence").droplevel("contrast")
    assert np.isfinite(presence.loc["f3", ["estimate", "low", "high", "p"]].astype(float)).all()
    assert presence.loc["f3", "p"] < 0.001
    assert "f7" not in presence.index
    assert np.isnan(found.of("ancombc2").droplevel("contrast").loc["f3", "p"])
    assert found.prevalence.loc["f3", "a"] == 0.0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(3, 12), st.floats(0.1, 0.95), st.booleans(), st.booleans())
def test_no_pattern_of_zeros_crashes_any_method(seed: int, width: int, zeros: float, whole: bool, repeats: bool):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 50, size=(14, width)) * (rng.random((14, width)) > zeros)
    counts[:, 0] += 1  # a sample holds something
    if seed % 3 == 0:
        counts[:7, 1:] = 0
    table = pd.DataFrame(
        counts.astype(float), index=[f"S{k}" for k in range(14)], columns=[f"f{k}" for k in range(width)]
    )
    shares = FeatureTable(table.div(table.sum(axis=1), axis=0), table if whole else None, "taxa", True)
    data = pd.DataFrame({"g": ["a"] * 7 + ["b"] * 7}, index=table.index)
    who = pd.Series(np.arange(14) // 2 * 10 + (np.arange(14) >= 7), index=table.index) if repeats else None
    found = differential(shares, data, "g", subject=who, prevalence=0.05)
    p = found.results["p"].dropna()
    assert ((p >= 0) & (p <= 1)).all()
    known = found.results.dropna(subset=["low", "high"])
    assert (known["low"] <= known["high"]).all()


def test_three_groups_and_numbers_are_compared(rng):
    table = sequenced(rng, np.tile(rng.normal(size=40), (30, 1)), np.full(30, 5000))
    data = pd.DataFrame({"g": list("abc") * 10, "age": rng.normal(60, 9, 30)}, index=table.values.index)
    found = differential(table, data, "g", covariates=["age"], references={"g": "b"})
    assert set(found.results.index.get_level_values("contrast")) == {"g[a]", "g[c]"}
    assert found.methods["ranks"].startswith("not run")
    number = differential(table, data, "age")
    assert set(number.results.index.get_level_values("contrast")) == {"age"}
    assert number.absent.empty


def test_agreement_needs_both_scales(rng):
    found, changed = planted_run(1, shift=True)
    rows = found.agreement.droplevel("contrast")
    assert rows.loc[[f"f{k}" for k in changed], "finding"].mean() > 0.6
    assert (rows["count"] == rows["methods"].map(lambda t: len(t.split(", ")) if t else 0)).all()
    assert set(found.methods) == {"log", "centred", "presence", "ranks", "ancombc2"}


def test_a_rare_feature_that_sinks_to_the_floor_is_no_finding_that_rises():
    """Sparse counts, all planted features rise: the others fall, rare ones no further than the floor."""
    alone, agreed, kept = [], [], []
    for seed in range(10):
        rng = np.random.default_rng([11, seed])
        group = np.arange(60) % 2 == 0
        logs = np.tile(rng.normal(0.0, 2.5, FEATURES), (60, 1))
        logs[:, :CHANGED] += np.outer(group, np.full(CHANGED, 2.0))
        table = sequenced(rng, logs, rng.integers(2_000, 40_000, 60))
        data = pd.DataFrame({"group": np.where(group, "r", "n")}, index=table.values.index)
        found = differential(table, data, "group", methods=["log", "centred", "presence"])
        alone.append(score(found, np.arange(CHANGED), "centred")[0])
        rows = found.agreement.droplevel("contrast")
        called = rows.index[rows["finding"]]
        agreed.append(sum(int(name[1:]) >= CHANGED for name in called) / max(len(called), 1))
        kept.append(sum(int(name[1:]) < CHANGED for name in called) / CHANGED)
    assert np.mean(agreed) < np.mean(alone)
    assert np.mean(agreed) <= LEVEL + 3.0 * np.std(agreed, ddof=1) / np.sqrt(10)
    assert np.mean(kept) > 0.85


def test_the_mixed_model_maximises_the_restricted_likelihood(rng):
    people = np.repeat(np.arange(15), rng.integers(1, 5, 15))
    n = len(people)
    design = np.column_stack([np.ones(n), people % 2, rng.normal(size=n)])
    values = np.stack([rng.normal(size=15)[people] * s + rng.normal(size=n) for s in (0.0, 0.7, 2.0)], axis=1)
    found = fit_linear(values, design, people)
    same = (people[:, None] == people[None, :]).astype(float)
    for k in range(3):
        y = values[:, k]

        def restricted(icc: float, y: np.ndarray = y) -> float:
            v = np.eye(n) + icc / (1 - icc) * same
            w = np.linalg.inv(v)
            xwx = design.T @ w @ design
            r = y - design @ np.linalg.solve(xwx, design.T @ w @ y)
            df = n - design.shape[1]
            return df * np.log(r @ w @ r) + np.linalg.slogdet(v)[1] + np.linalg.slogdet(xwx)[1]

        best = minimize_scalar(restricted, bounds=(0.0, 0.98), method="bounded", options={"xatol": 1e-10}).x
        best = 0.0 if restricted(0.0) <= restricted(best) else best
        assert found.icc[k] == pytest.approx(best, abs=2e-5)
        v = np.eye(n) + best / (1 - best) * same
        w = np.linalg.inv(v)
        inverse = np.linalg.inv(design.T @ w @ design)
        beta = inverse @ design.T @ w @ y
        r = y - design @ beta
        assert found.coefficients[k] == pytest.approx(beta, abs=1e-5)
        sigma2 = r @ w @ r / (n - 3)
        assert found.errors[k] == pytest.approx(np.sqrt(np.diag(inverse) * sigma2), rel=1e-4)
    assert list(found.df) == [13.0, 13.0, n - 15 - 1.0]


def test_firth_of_a_two_by_two_table_is_half_a_count_in_each_cell():
    for cells in ((10, 0, 4, 6), (7, 3, 2, 8), (10, 0, 0, 10)):
        present = np.repeat([True, False, True, False], cells)[:, None]
        second = np.repeat([0.0, 0.0, 1.0, 1.0], cells)
        design = np.column_stack([np.ones(20), second])
        found = fit_presence(present, design, np.array([1]))
        a, b, c, d = (cell + 0.5 for cell in cells)
        assert found.coefficients[0, 1] == pytest.approx(np.log(c / d) - np.log(a / b), abs=1e-5)
        assert 0.0 < found.p[0, 1] < 1.0


def test_blocked_ranks_are_van_elterens(rng):
    values, mark, block = rng.normal(size=(50, 4)).round(1), rng.random(50) < 0.5, rng.integers(0, 3, 50)
    auc, p = blocked_ranks(values, mark, block)
    for k in range(4):
        z, chance, used = van_elteren(values[:, k], pd.Series(mark), pd.Series(block))
        assert auc[k] == pytest.approx(chance)
        assert used == 3
        from scipy.stats import norm

        assert p[k] == pytest.approx(2 * norm.sf(abs(z)))


def test_meta_analysis_by_hand_and_its_coverage(rng):
    estimates = pd.DataFrame([[0.2, 0.5, 0.9], [1.0, np.nan, np.nan], [np.nan] * 3])
    errors = pd.DataFrame([[0.1, 0.2, 0.3], [0.5, np.nan, np.nan], [np.nan] * 3])
    found = random_effects(estimates, errors)
    w = 1 / np.array([0.1, 0.2, 0.3]) ** 2
    y = np.array([0.2, 0.5, 0.9])
    q = (w * (y - (w * y).sum() / w.sum()) ** 2).sum()
    tau2 = (q - 2) / (w.sum() - (w**2).sum() / w.sum())
    w2 = 1 / (1 / w + tau2)
    assert found.loc[0, "tau2"] == pytest.approx(tau2)
    assert found.loc[0, "estimate"] == pytest.approx((w2 * y).sum() / w2.sum())
    assert found.loc[0, "I2"] == pytest.approx((q - 2) / q)
    assert found.loc[1, "studies"] == 1
    assert found.loc[1, "estimate"] == 1.0
    assert np.isnan(found.loc[2, "estimate"])
    truth = rng.normal(0.3, 0.2, size=(600, 6))
    s = rng.uniform(0.1, 0.4, size=(600, 6))
    drawn = random_effects(pd.DataFrame(truth + rng.normal(size=truth.shape) * s), pd.DataFrame(s))
    covered = ((drawn["low"] <= 0.3) & (drawn["high"] >= 0.3)).mean()
    assert covered > 0.93
    new = rng.normal(0.3, 0.2, size=600)
    assert ((drawn["predict_low"] <= new) & (drawn["predict_high"] >= new)).mean() > 0.88


def made_cohort(tmp_path: Path, rng: np.random.Generator, studies: int = 3) -> cohort.Cohort:
    known = "Akkermansia_muciniphila Escherichia_coli Faecalibacterium_prausnitzii Bacteroides_uniformis"
    taxa = (known + " Veillonella_parvula Roseburia_intestinalis Bifidobacterium_longum Clostridium_scindens").split()
    names = [f"P{k}" for k in range(24 * studies)]
    good = np.arange(len(names)) % 2 == 0
    logs = rng.normal(4, 1, size=(len(names), len(taxa)))
    logs[:, 0] += 2.0 * good
    counts = pd.DataFrame(np.exp(logs).round().astype(int) + 1, index=names, columns=taxa).T
    counts.index.name = "species"
    counts.to_csv(tmp_path / "profile.tsv", sep="\t")
    table = pd.DataFrame(
        {
            "sample_id": names,
            "RECIST": np.where(good, "PR", "PD"),
            "study": [f"study{k // 24}" for k in range(len(names))],
            "age": rng.integers(40, 80, len(names)),
        }
    )
    return cohort.join(tmp_path / "profile.tsv", table, response="ORR")


def test_a_cohort_of_three_studies_is_compared_pooled_and_apart(tmp_path, rng):
    joined = made_cohort(tmp_path, rng)
    found = cohort_differences(joined, covariates=["age"])
    assert set(found.per_study) == {"study0", "study1", "study2"}
    row = found.meta.loc[("log", "response", "Akkermansia_muciniphila")]
    assert row["studies"] == 3
    assert row["low"] > 0.5
    pooled = found.pooled.of("log").droplevel("contrast").loc["Akkermansia_muciniphila"]
    assert pooled["low"] < 2.0 / np.log(2) < pooled["high"] + 1.0
    assert any(p.code == "cohort.no_shift" for p in found.pooled.problems)


def test_guilds_capacities_and_functions_are_features_too(tmp_path, rng):
    joined = made_cohort(tmp_path, rng, studies=1)
    guilds = differential(features(joined, "guilds"), joined.clinical.assign(response=joined.response), "response")
    assert "log" in guilds.methods
    capacities = features(joined.take(joined.samples[:12]), "capacities", seed=1)
    assert not capacities.compositional
    found = differential(capacities, joined.clinical.assign(response=joined.response), "response")
    assert found.methods["centred"].startswith("not run")
    assert np.isfinite(found.of("log")["estimate"]).all()
    total = pd.DataFrame(
        rng.gamma(2, 1, size=(24, 40)), index=list(joined.samples), columns=[f"PWY{k}" for k in range(40)]
    )
    none = pd.Series(np.nan, index=total.index)
    table = FunctionTable(total, total, none, none, "pathway", "CPM", (), ())
    assert features(joined, "functions", functions=table).values.sum(axis=1).round(9).eq(1).all()
    with pytest.raises(InputError, match="have no functions"):
        features(
            joined, "functions", functions=FunctionTable(total.iloc[:5], total, none, none, "pathway", "CPM", (), ())
        )
    genera = features(joined, rank="genus")
    assert "Akkermansia" in " ".join(genera.values.columns)


def test_wrong_questions_are_answered_by_name(tmp_path, rng):
    joined = made_cohort(tmp_path, rng, studies=1)
    data = joined.clinical.assign(response=joined.response)
    with pytest.raises(InputError, match="no method 'lefse'"):
        differential(features(joined), data, "response", methods=["lefse"])
    with pytest.raises(InputError, match="no feature is in"):
        differential(features(joined), data, "response", prevalence=1.1)


def test_many_features_at_once_are_pooled_as_one_outcome_of_published_studies_is():
    rng = np.random.default_rng(8)
    errors = pd.DataFrame(rng.uniform(0.1, 0.6, (40, 6)))
    estimates = pd.DataFrame(rng.normal(0.2, 0.5, (40, 6))).mask(rng.random((40, 6)) < 0.25)
    found = random_effects(estimates, errors)
    compared = 0
    for row in estimates.index[estimates.notna().sum(axis=1) >= 3]:
        there = estimates.loc[row].notna()
        one = fit(estimates.loc[row][there], errors.loc[row][there] ** 2, method="DL", test="adhoc")
        mine = found.loc[row]
        assert mine[["estimate", "low", "high", "p"]].tolist() == pytest.approx(
            [one.pooled.estimate, one.pooled.low, one.pooled.high, one.pooled.p], rel=1e-9
        )
        assert mine["tau2"] == pytest.approx(one.tau2, abs=1e-12)
        assert mine["predict_low"] < one.prediction[0]  # k - 2 degrees of freedom here, k - 1 there
        assert mine["predict_high"] > one.prediction[1]
        compared += 1
    assert compared > 30
