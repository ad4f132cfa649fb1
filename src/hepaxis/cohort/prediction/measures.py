"""How good predictions are: order, calibration, and what acting on them would win, with intervals that know of people.

Sources: area under the curve and its variance when a person has several samples, Obuchowski 1997 (10.2307/2533958),
which is DeLong's (1988, 10.2307/2531595) with one sample a person; calibration slope and intercept, Cox 1958 and Van
Calster 2019 (10.1186/s12916-019-1466-7); net benefit, Vickers and Elkin 2006 (10.1177/0272989X06295361).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from hepaxis.cohort.survival.propensity import logistic_coefficients

Z = float(stats.norm.ppf(0.975))
BINS = 5
EDGE = 1e-6
THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.05), 2)


@dataclass(frozen=True)
class Area:
    """Area under the ROC curve with its 95% interval; variance of the estimate."""

    value: float
    low: float
    high: float
    variance: float


def area(response: np.ndarray, score: np.ndarray) -> float:
    """Probability that a responder has the higher score, ties one half; NaN without both."""
    y = np.asarray(response, bool)
    if y.all() or not y.any():
        return float("nan")
    ranks = stats.rankdata(score)
    n1 = int(y.sum())
    return float((ranks[y].sum() - n1 * (n1 + 1) / 2) / (n1 * (len(y) - n1)))


def area_of_people(response: np.ndarray, score: np.ndarray, subject: np.ndarray) -> Area:
    """The area with an interval that takes samples of one person as one piece of evidence."""
    value = area(response, score)
    pieces = _components(response, score, subject, value)
    variance = float((pieces**2).sum())
    return _interval(value, variance)


def area_within(response: np.ndarray, score: np.ndarray, subject: np.ndarray, cohort: np.ndarray) -> Area:
    """The area over pairs of one cohort, cohorts weighted by their pairs: nothing is won by telling cohorts apart."""
    total = found = spread = 0.0
    for name in sorted(set(cohort.tolist()), key=str):
        rows = cohort == name
        y = np.asarray(response[rows], bool)
        pairs = float(y.sum() * (~y).sum())
        if pairs:
            one = area_of_people(response[rows], score[rows], subject[rows])
            total += pairs
            found += pairs * one.value
            spread += pairs**2 * one.variance
    if not total:
        return Area(*[float("nan")] * 4)
    return _interval(found / total, spread / total**2)


def difference(
    response: np.ndarray, one: np.ndarray, other: np.ndarray, subject: np.ndarray
) -> tuple[float, float, float, float]:
    """Area of ``one`` less that of ``other`` on the same samples: difference, low, high, p."""
    areas = [area(response, s) for s in (one, other)]
    pieces = [_components(response, s, subject, a) for s, a in zip((one, other), areas, strict=True)]
    gap, se = areas[0] - areas[1], float(np.sqrt(((pieces[0] - pieces[1]) ** 2).sum()))
    p = float(2 * stats.norm.sf(abs(gap) / se)) if se > 0 else 1.0
    return gap, gap - Z * se, gap + Z * se, p


def _components(response: np.ndarray, score: np.ndarray, subject: np.ndarray, value: float) -> np.ndarray:
    """Each person's share of the estimate's error."""
    y = np.asarray(response, bool)
    n1, n0 = int(y.sum()), int((~y).sum())
    if not n1 or not n0:
        return np.zeros(1)
    ranks = stats.rankdata(score)
    own = np.zeros(len(y))
    own[y] = (ranks[y] - stats.rankdata(score[y])) / n0  # share of the other class below
    own[~y] = 1.0 - (ranks[~y] - stats.rankdata(score[~y])) / n1
    who = pd.factorize(pd.Series(subject))[0]
    people = int(who.max()) + 1
    pieces = np.zeros(people)
    for mine, n in ((y, n1), (~y, n0)):
        have = np.unique(who[mine]).size
        correction = np.sqrt(have / max(have - 1, 1))
        np.add.at(pieces, who[mine], correction * (own[mine] - value) / n)
    return pieces


def _interval(value: float, variance: float) -> Area:
    """On the logit scale, so that it stays within 0 and 1."""
    if not 0 < value < 1:
        return Area(value, value, value, variance)
    half = Z * float(np.sqrt(variance)) / (value * (1 - value))
    logit = float(np.log(value / (1 - value)))
    low, high = (1 / (1 + np.exp(-(logit + s * half))) for s in (-1, 1))
    return Area(value, float(low), float(high), variance)


@dataclass(frozen=True)
class Calibration:
    """Slope 1 and intercept 0 are right; a slope below 1 says that predictions are too extreme.

    bins: predicted, observed (with Wilson's interval: low, high) and n by equal parts of the predictions.
    """

    slope: float
    intercept: float
    brier: float
    brier_of_rate: float
    bins: pd.DataFrame


def calibration(response: np.ndarray, probability: np.ndarray) -> Calibration:
    y = np.asarray(response, float)
    p = np.clip(probability, EDGE, 1 - EDGE)
    logit = np.log(p / (1 - p))
    slope = float("nan")
    if logit.std() > 1e-9 and 0 < y.mean() < 1:
        slope = float(logistic_coefficients(np.column_stack([np.ones(len(y)), logit]), y, ridge=0.0)[1])
    rate = float(y.mean())
    return Calibration(slope, _in_the_large(y, logit), float(((y - p) ** 2).mean()), rate * (1 - rate), _bins(y, p))


def _in_the_large(y: np.ndarray, logit: np.ndarray) -> float:
    """Shift of all logits after which the mean prediction is the observed rate."""
    if not 0 < y.mean() < 1:
        return float("nan")
    shift = 0.0
    for _ in range(50):
        p = 1 / (1 + np.exp(-(logit + shift)))
        step = (y - p).sum() / max((p * (1 - p)).sum(), EDGE)
        shift += float(np.clip(step, -2, 2))
        if abs(step) < 1e-10:
            break
    return shift


def _bins(y: np.ndarray, p: np.ndarray) -> pd.DataFrame:
    order = np.argsort(p, kind="stable")
    rows = []
    for part in np.array_split(order, min(BINS, len(order))):
        n, k = len(part), float(y[part].sum())
        low, high = wilson(k, n)
        rows.append((float(p[part].mean()), k / n, low, high, n))
    return pd.DataFrame(rows, columns=["predicted", "observed", "low", "high", "n"])


def wilson(k: float, n: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share."""
    centre = (k + Z**2 / 2) / (n + Z**2)
    half = Z * np.sqrt(k * (n - k) / n + Z**2 / 4) / (n + Z**2)
    return float(max(centre - half, 0.0)), float(min(centre + half, 1.0))


def net_benefit(response: np.ndarray, probability: np.ndarray, thresholds: np.ndarray = THRESHOLDS) -> pd.DataFrame:
    """Decision curve (threshold, model, all, none): true calls less false ones at the threshold's odds, by sample."""
    y = np.asarray(response, bool)
    odds = thresholds / (1 - thresholds)
    called = probability[None, :] >= thresholds[:, None]
    model = (called & y).mean(1) - odds * (called & ~y).mean(1)
    everybody = y.mean() - odds * (~y).mean()
    return pd.DataFrame({"threshold": thresholds, "model": model, "all": everybody, "none": 0.0})


def best_threshold(response: np.ndarray, probability: np.ndarray) -> float:
    """Where sensitivity and specificity add up to most (Youden); the lowest of equals."""
    y = np.asarray(response, bool)
    cuts = np.unique(probability)
    called = probability[None, :] >= cuts[:, None]
    gain = (called & y).sum(1) / max(y.sum(), 1) - (called & ~y).sum(1) / max((~y).sum(), 1)
    return float(cuts[int(np.argmax(gain))])
