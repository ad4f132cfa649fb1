"""The learners: each is fitted on training rows alone and scores other rows; what it selects, it selects there.

Held: ridge on presence and on log-ratios, a random forest, taxa selected in the fold, a log-ratio of taxa that go up
and down, and the baselines that any of them must beat: the cohort's label, the clinic, richness, and scores that need
no fitting.  ``inner`` scores are those of training rows predicted from other groups of the training rows: calibration
and threshold come from them, never from the test rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from hepaxis.cohort.prediction.folds import INNER, Fold, grouped
from hepaxis.cohort.prediction.inputs import Inputs, centred_log_ratio, presence
from hepaxis.cohort.prediction.ridge import Standard, ridge
from hepaxis.cohort.survival.propensity import logistic_coefficients

TREES = 200
LEAF = 3
SELECTED = (10, 30, 100)  # taxa; chosen among in the inner loop
TAXA_A_UNIT = 10.0  # taxa for each unit of prior precision: the more taxa, the less each may say
RATIO = 15  # taxa on either side of the log-ratio
CLINIC_RIDGE = 1.0  # prior precision of a standardised coefficient
LEAST_LEVEL = 3  # training rows of a level that gets a column


@dataclass(frozen=True)
class Scored:
    """Scores of the test rows (m,) and inner scores of the training rows (n,), higher meaning response."""

    test: np.ndarray
    inner: np.ndarray


Learner = Callable[[Inputs, Inputs, np.ndarray, int], Scored]
"""(training rows, test rows, groups of the inner loop (n,), seed) -> scores; the test rows' response is never read."""

Fit = Callable[[Inputs, int], Callable[[Inputs], np.ndarray]]


def _ridge_on(features: Callable[[np.ndarray], np.ndarray]) -> Learner:
    def learn(train: Inputs, test: Inputs, groups: np.ndarray, seed: int) -> Scored:
        own = features(train.abundance)
        standard = Standard.of(train.abundance > 0, own)
        y = train.response.astype(float)[:, None]
        fit = ridge(standard(own), standard(features(test.abundance)), y, groups)
        return Scored(fit.scores[:, 0], fit.inner[:, 0])

    return learn


def _inner_folds(train: Inputs, groups: np.ndarray, seed: int) -> list[Fold]:
    """A few folds of whole groups whose training side has both responses; none where that cannot be."""
    try:
        folds = grouped(train.response, groups, np.zeros(len(train)), INNER, seed)
    except ValueError:
        return []
    return [fold for fold in folds if len(set(train.response[fold.train].tolist())) == 2]


def _with_inner_folds(fit: Fit) -> Learner:
    """Inner scores from a few grouped folds of the training rows."""

    def learn(train: Inputs, test: Inputs, groups: np.ndarray, seed: int) -> Scored:
        inner = np.full(len(train), float(train.response.mean()))
        for fold in _inner_folds(train, groups, seed):
            inner[fold.test] = fit(train.take(fold.train), seed)(train.take(fold.test))
        return Scored(fit(train, seed)(test), inner)

    return learn


def _forest(train: Inputs, seed: int) -> Callable[[Inputs], np.ndarray]:
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(
        n_estimators=TREES, min_samples_leaf=LEAF, max_features="sqrt", random_state=seed, n_jobs=1
    )
    forest.fit(train.abundance.astype(np.float32), train.response.astype(int))

    def score(rows: Inputs) -> np.ndarray:
        found: np.ndarray = forest.predict_proba(rows.abundance.astype(np.float32))[:, 1]
        return found

    return score


def forest(train: Inputs, test: Inputs, groups: np.ndarray, seed: int) -> Scored:
    """Random forest; the trees that did not see a row are its inner score, unless its person has other rows."""
    if len(np.unique(train.subject)) < len(train):
        return _with_inner_folds(_forest)(train, test, groups, seed)
    from sklearn.ensemble import RandomForestClassifier

    kind = RandomForestClassifier(
        n_estimators=TREES, min_samples_leaf=LEAF, max_features="sqrt", random_state=seed, n_jobs=1, oob_score=True
    )
    kind.fit(train.abundance.astype(np.float32), train.response.astype(int))
    inner = np.nan_to_num(kind.oob_decision_function_[:, 1], nan=float(train.response.mean()))
    return Scored(kind.predict_proba(test.abundance.astype(np.float32))[:, 1], inner)


def rank_sums(abundance: np.ndarray, response: np.ndarray) -> np.ndarray:
    """Wilcoxon's z of each taxon, positive where responders have more; 0 where it does not vary."""
    y = np.asarray(response, bool)
    n1, n0 = int(y.sum()), int((~y).sum())
    ranks = stats.rankdata(abundance, axis=0)
    spread = ranks.std(0)
    expected = n1 * (n1 + n0 + 1) / 2
    sd = spread * np.sqrt(n1 * n0 / max(n1 + n0 - 1, 1))
    found: np.ndarray = np.where(sd > 0, (ranks[y].sum(0) - expected) / np.where(sd > 0, sd, 1.0), 0.0)
    return found


def _on_taxa(kept: np.ndarray) -> Fit:
    """Logistic ridge on the log-ratios of these taxa."""

    def fit(train: Inputs, seed: int) -> Callable[[Inputs], np.ndarray]:
        features = centred_log_ratio(train.abundance)[:, kept]
        centre, scale = features.mean(0), features.std(0)
        scale = np.where(scale > 0, scale, 1.0)
        x = np.column_stack([np.ones(len(train)), (features - centre) / scale])
        beta = logistic_coefficients(x, train.response.astype(float), ridge=len(kept) / TAXA_A_UNIT)

        def score(rows: Inputs) -> np.ndarray:
            own = (centred_log_ratio(rows.abundance)[:, kept] - centre) / scale
            found: np.ndarray = 1 / (1 + np.exp(-np.clip(beta[0] + own @ beta[1:], -30, 30)))
            return found

        return score

    return fit


def _strongest(rows: Inputs) -> np.ndarray:
    """Taxa by how strongly they go with response, strongest first."""
    return np.argsort(-np.abs(rank_sums(rows.abundance, rows.response)), kind="stable")


def selected(train: Inputs, test: Inputs, groups: np.ndarray, seed: int) -> Scored:
    """Taxa selected in the fold, their number by the inner loop, whose folds select again."""
    inner = np.full((len(SELECTED), len(train)), float(train.response.mean()))
    for fold in _inner_folds(train, groups, seed):
        part, rest = train.take(fold.train), train.take(fold.test)
        order = _strongest(part)
        for i, size in enumerate(SELECTED):
            inner[i, fold.test] = _on_taxa(np.sort(order[:size]))(part, seed)(rest)
    best = int(((inner - train.response) ** 2).mean(1).argmin())
    kept = np.sort(_strongest(train)[: SELECTED[best]])
    return Scored(_on_taxa(kept)(train, seed)(test), inner[best])


def selected_beforehand(rows: Inputs) -> Learner:
    """Taxa selected on all rows, test rows included: what leaks, for the naive number alone."""
    return _with_inner_folds(_on_taxa(np.sort(_strongest(rows)[: SELECTED[1]])))


def _ratio(up: np.ndarray, down: np.ndarray) -> Callable[[Inputs], np.ndarray]:
    def score(rows: Inputs) -> np.ndarray:
        a = rows.abundance
        least = np.min(np.where(a > 0, a, np.inf), axis=1)
        least = np.where(np.isfinite(least), least, 1e-6)
        found: np.ndarray = np.log(a[:, up].sum(1) + least) - np.log(a[:, down].sum(1) + least)
        return found

    return score


def _ratio_of(train: Inputs, seed: int) -> Callable[[Inputs], np.ndarray]:
    z = rank_sums(train.abundance, train.response)
    order = np.argsort(z, kind="stable")
    return _ratio(order[::-1][:RATIO], order[:RATIO])


def ratio_beforehand(rows: Inputs) -> Learner:
    """The log-ratio of taxa ranked on all rows, test rows included."""
    score = _ratio_of(rows, 0)
    return _with_inner_folds(lambda train, seed: score)


def _clinic_design(train: pd.DataFrame) -> Callable[[pd.DataFrame], np.ndarray]:
    """Columns of numbers from the training rows: medians for what is missing, a column that says it was."""
    numbers: list[tuple[str, float, float, float]] = []
    levels: list[tuple[str, str]] = []
    for name in train.columns:
        column = train[name]
        if pd.api.types.is_numeric_dtype(column):
            if column.notna().sum() >= LEAST_LEVEL and float(column.std()) > 0:
                numbers.append((name, float(column.median()), float(column.mean()), float(column.std())))
        else:
            counts = column.dropna().astype(str).value_counts()
            levels += [(name, str(level)) for level in sorted(counts.index[counts >= LEAST_LEVEL])]

    def design(rows: pd.DataFrame) -> np.ndarray:
        columns: list[np.ndarray] = [np.ones(len(rows))]
        for name, middle, mean, spread in numbers:
            value = rows[name].astype(float)
            columns.append(((value.fillna(middle) - mean) / spread).to_numpy())
            if train[name].isna().any():
                columns.append(value.isna().to_numpy(float))
        columns += [(rows[name].astype(str) == level).to_numpy(float) for name, level in levels]
        return np.column_stack(columns)

    return design


def _clinic(train: Inputs, seed: int) -> Callable[[Inputs], np.ndarray]:
    design = _clinic_design(train.clinic)
    beta = logistic_coefficients(design(train.clinic), train.response.astype(float), ridge=CLINIC_RIDGE)
    return lambda rows: 1 / (1 + np.exp(-np.clip(design(rows.clinic) @ beta, -30, 30)))


def _cohort(train: Inputs, seed: int) -> Callable[[Inputs], np.ndarray]:
    """The training response rate of the row's cohort, drawn to the rate of all by one row; of all, where it is new."""
    rate = float(train.response.mean())
    by = pd.Series(train.response.astype(float)).groupby(train.cohort)
    known = ((by.sum() + rate) / (by.count() + 1)).to_dict()
    return lambda rows: np.array([known.get(name, rate) for name in rows.cohort.tolist()])


def _richness(train: Inputs, seed: int) -> Callable[[Inputs], np.ndarray]:
    own = presence(train.abundance).sum(1)
    centre, spread = own.mean(), max(float(own.std()), 1e-9)
    x = np.column_stack([np.ones(len(train)), (own - centre) / spread])
    beta = logistic_coefficients(x, train.response.astype(float), ridge=CLINIC_RIDGE)
    return lambda rows: beta[0] + beta[1] * (presence(rows.abundance).sum(1) - centre) / spread


def fixed(name: str) -> Learner:
    """A score as it is, its direction included: nothing is fitted."""

    def learn(train: Inputs, test: Inputs, groups: np.ndarray, seed: int) -> Scored:
        middle = float(train.scores[name].median())
        return Scored(*(part.scores[name].fillna(middle).to_numpy(float) for part in (test, train)))

    return learn


def clinic_and_gut(train: Inputs, test: Inputs, groups: np.ndarray, seed: int) -> Scored:
    """The clinic's columns with the gut's ridge score as one more: what the gut adds."""
    gut = ridge_presence(train, test, groups, seed)
    centre, spread = gut.inner.mean(), max(float(gut.inner.std()), 1e-9)

    def joined(rows: Inputs, score: np.ndarray) -> Inputs:
        column = pd.Series((score - centre) / spread, index=rows.clinic.index)
        return Inputs(
            rows.abundance,
            rows.taxa,
            rows.clinic.assign(**{"gut score": column}),
            rows.scores,
            rows.response,
            rows.subject,
            rows.cohort,
        )

    return _with_inner_folds(_clinic)(joined(train, gut.inner), joined(test, gut.test), groups, seed)


ridge_presence: Learner = _ridge_on(presence)
ridge_log_ratio: Learner = _ridge_on(centred_log_ratio)
log_ratio: Learner = _with_inner_folds(_ratio_of)
clinic: Learner = _with_inner_folds(_clinic)
cohort_label: Learner = _with_inner_folds(_cohort)
richness: Learner = _with_inner_folds(_richness)
