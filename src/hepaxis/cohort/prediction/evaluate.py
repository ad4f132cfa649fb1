"""Prediction judged honestly: nothing of a test row, its person or its cohort is seen before it is predicted.

Held: leave-one-cohort-out where there are cohorts to leave out, and grouped cross-validation; every learner by the same
folds; beside each honest area the naive one (taxa chosen on all rows, folds that split people), so that leakage is
seen.  The learner that the verdict is about is named beforehand (ridge on presence); the others are beside it and
their best is not picked.  Permuted labels stay in their cohort and fold, and a person's samples stay together.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from hepaxis.cohort.prediction import learners as of
from hepaxis.cohort.prediction.folds import FOLDS, Fold, grouped, leave_cohort_out, plain
from hepaxis.cohort.prediction.inputs import Inputs
from hepaxis.cohort.prediction.learners import Learner, Scored
from hepaxis.cohort.prediction.measures import (
    Area,
    area,
    area_of_people,
    area_within,
    best_threshold,
    difference,
)
from hepaxis.cohort.prediction.permutation import conditional_p, permuted_labels, refitted_p
from hepaxis.cohort.survival.propensity import logistic_coefficients

PRIMARY = "ridge_presence"
GUT = ("ridge_presence", "ridge_log_ratio", "selected", "log_ratio", "forest")
LABELS = {
    "ridge_presence": "which taxa are present (ridge)",
    "ridge_log_ratio": "log-ratios of all taxa (ridge)",
    "selected": "taxa selected in the fold",
    "log_ratio": "one log-ratio of taxa ranked in the fold",
    "forest": "random forest on abundances",
    "richness": "number of taxa present",
    "cohort": "cohort label only",
    "clinic": "clinic only",
    "clinic_and_gut": "clinic and gut together",
}
PERMUTATIONS = 200
LEAST = 20  # samples with a response
LEAST_OF_EACH = 8  # people of either response
LEAST_COHORTS = 3  # of which one is left out; with two, one cohort alone would train
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Judged:
    """One learner under one scheme.

    predictions  one row a sample predicted: row (place in the inputs), fold, response, score, probability, called
    area         over all pairs; within: over pairs of one cohort
    per_fold     fold, n, responders, area, low, high (cohorts where one is left out)
    p, refitted  permutation p; whether the labels were permuted before every fit, or only against the scores
    naive        area with taxa chosen on all rows and folds that split people; NaN where there is nothing to leak
    """

    learner: str
    label: str
    scheme: str
    predictions: pd.DataFrame
    area: Area
    within: Area
    per_fold: pd.DataFrame
    p: float
    refitted: bool
    naive: float

    @property
    def sensitivity(self) -> float:
        rows = self.predictions[self.predictions["response"] == 1]
        return float(rows["called"].mean())

    @property
    def specificity(self) -> float:
        rows = self.predictions[self.predictions["response"] == 0]
        return float(1 - rows["called"].mean())

    @property
    def better_than_chance(self) -> bool:
        """Only where the permutations and both intervals, of all pairs and of pairs of one cohort, say so."""
        return self.p < SIGNIFICANT and min(self.area.low, self.within.low) > 0.5

    @property
    def verdict(self) -> str:
        words = f"AUC {self.area.value:.2f} ({self.area.low:.2f} to {self.area.high:.2f}), permutation p {self.p:.3g}"
        return f"{'better' if self.better_than_chance else 'not better'} than chance: {words}"


@dataclass(frozen=True)
class Evaluation:
    """All learners under one scheme, some under a second.

    judged: under the main scheme; second: under cross-validation, where the main one leaves cohorts out; against: the
    primary learner less each baseline (baseline, difference, low, high, p); left_out: what was not run.
    """

    scheme: str
    n: int
    responders: int
    people: int
    judged: tuple[Judged, ...]
    second: tuple[Judged, ...]
    against: pd.DataFrame
    seed: int
    permutations: int
    left_out: tuple[str, ...]

    def of(self, learner: str, second: bool = False) -> Judged:
        return next(j for j in (self.second if second else self.judged) if j.learner == learner)

    @property
    def primary(self) -> Judged:
        return self.of(PRIMARY)


class TooSmall(ValueError):
    """There is too little to judge a prediction by; the message says what was found and what is needed."""


def evaluate(
    inputs: Inputs,
    *,
    seed: int,
    permutations: int = PERMUTATIONS,
    workers: int = 1,
    learners: Sequence[str] = (*GUT, "clinic_and_gut"),
) -> Evaluation:
    """Judge the ``learners``, the baselines and every score of the inputs.

    workers: threads; the result is the same for any number.  Raises TooSmall.
    """
    people = pd.Series(inputs.response).groupby(inputs.subject).max()
    least = int(people.value_counts().reindex([0, 1], fill_value=0).min())
    if len(inputs) < LEAST or least < LEAST_OF_EACH:
        found = f"{len(inputs)} samples with a response, {least} people of the rarer one"
        raise TooSmall(f"{found}; a judged prediction needs {LEAST} and {LEAST_OF_EACH}")
    left: list[str] = []
    across = leave_cohort_out(inputs.response, inputs.subject, inputs.cohort)
    cohorts = len(set(inputs.cohort.tolist()))
    inside = grouped(inputs.response, inputs.subject, inputs.cohort, FOLDS, seed)
    leaving = len(across) >= LEAST_COHORTS
    if cohorts > 1 and not leaving:
        left.append(f"no cohort left out: {len(across)} of {cohorts} have enough of both responses")
    if leaving and len(across) < cohorts:
        kept = {fold.name for fold in across}
        small = [str(c) for c in sorted(set(inputs.cohort.tolist()), key=str) if str(c) not in kept]
        left.append(f"trains but is too small to be predicted on its own: {', '.join(small)}")
    names = _names(inputs, learners, left)
    main = ("leave one cohort out", across) if leaving else ("cross-validation", inside)
    jobs = [(name, *main) for name in names]
    second_names = [n for n in names if n in (PRIMARY, "forest", "cohort", "clinic")] if leaving else []
    jobs += [(name, "cross-validation", inside) for name in second_names]

    schemes = {scheme: folds for _, scheme, folds in jobs}
    labels = {scheme: permuted_labels(inputs, folds, permutations, seed) for scheme, folds in schemes.items()}

    def run(job: tuple[str, str, list[Fold]]) -> Judged:
        return _judge(inputs, *job, labels=labels[job[1]], seed=seed)

    with ThreadPoolExecutor(max_workers=max(workers, 1)) as pool:
        done = list(pool.map(run, jobs))
    judged, second = tuple(done[: len(names)]), tuple(done[len(names) :])
    if _nobody_repeats(inputs):  # nothing is selected and nobody split: cross-validation is all there is to leak by
        inside_areas = {one.learner: one.area.value for one in second or judged}
        judged = tuple(_with_naive(one, inside_areas) for one in judged)
    return Evaluation(
        main[0],
        len(inputs),
        int(inputs.response.sum()),
        len(people),
        judged,
        second,
        _against(inputs, judged),
        seed,
        permutations,
        tuple(left),
    )


def _nobody_repeats(inputs: Inputs) -> bool:
    return len(set(inputs.subject.tolist())) == len(inputs)


def _with_naive(one: Judged, inside: dict[str, float]) -> Judged:
    return replace(one, naive=inside.get(one.learner, one.naive)) if one.learner == "forest" else one


def _names(inputs: Inputs, learners: Sequence[str], left: list[str]) -> list[str]:
    names = [PRIMARY, *[n for n in learners if n != PRIMARY], "richness", "cohort", "clinic"]
    if not inputs.clinic.shape[1]:
        left.append("clinic only: no covariate was given")
        names = [n for n in names if n not in ("clinic", "clinic_and_gut")]
    if len(set(inputs.cohort.tolist())) < 2:
        names.remove("cohort")
    return names + [f"score: {name}" for name in inputs.scores.columns]


def learner(name: str) -> Learner:
    """A learner by its name; 'score: x' is the fixed score x.  KeyError for an unknown one."""
    if name.startswith("score: "):
        return of.fixed(name.removeprefix("score: "))
    return {
        "ridge_presence": of.ridge_presence,
        "ridge_log_ratio": of.ridge_log_ratio,
        "selected": of.selected,
        "log_ratio": of.log_ratio,
        "forest": of.forest,
        "richness": of.richness,
        "cohort": of.cohort_label,
        "clinic": of.clinic,
        "clinic_and_gut": of.clinic_and_gut,
    }[name]


def predict(inputs: Inputs, folds: Sequence[Fold], by: Learner, *, by_cohort: bool, seed: int) -> pd.DataFrame:
    """Predictions of every fold's test rows; calibration and threshold come from the training rows."""
    parts = []
    for fold in folds:
        train, test = inputs.take(fold.train), inputs.take(fold.test)
        scored = by(train, test, _inner_groups(train, by_cohort), seed)
        inner, probability = calibrated(train.response, scored)
        threshold = best_threshold(train.response, inner)
        parts.append(
            pd.DataFrame(
                {
                    "row": fold.test,
                    "fold": fold.name,
                    "response": test.response,
                    "score": scored.test,
                    "probability": probability,
                    "called": probability >= threshold,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def calibrated(response: np.ndarray, scored: Scored) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the training and the test rows by a logistic curve through the inner scores, never falling."""
    spread = float(scored.inner.std())
    y = response.astype(float)
    if spread < 1e-9:
        return np.full(len(y), y.mean()), np.full(len(scored.test), y.mean())
    z = (scored.inner - scored.inner.mean()) / spread
    beta = logistic_coefficients(np.column_stack([np.ones(len(y)), z]), y)
    if beta[1] < 0:  # scores that point the wrong way within the training rows say nothing
        return np.full(len(y), y.mean()), np.full(len(scored.test), y.mean())
    both = [beta[0] + beta[1] * (s - scored.inner.mean()) / spread for s in (scored.inner, scored.test)]
    inner, test = (1 / (1 + np.exp(-np.clip(b, -30, 30))) for b in both)
    return inner, test


def _inner_groups(train: Inputs, by_cohort: bool) -> np.ndarray:
    """What the inner loop leaves out: cohorts, where the outer one does and enough are left; else people."""
    if by_cohort and len(set(train.cohort.tolist())) >= LEAST_COHORTS:
        return train.cohort
    return train.subject


def _judge(inputs: Inputs, name: str, scheme: str, folds: list[Fold], *, labels: np.ndarray, seed: int) -> Judged:
    by_cohort = scheme == "leave one cohort out"
    found = predict(inputs, folds, learner(name), by_cohort=by_cohort, seed=seed)
    rows = found["row"].to_numpy()
    response, score = found["response"].to_numpy(), found["score"].to_numpy(float)
    whole = area_of_people(response, score, inputs.subject[rows])
    refitted = name in ("ridge_presence", "ridge_log_ratio")
    if refitted:
        groups = [_inner_groups(inputs.take(fold.train), by_cohort) for fold in folds]
        p = refitted_p(inputs, folds, groups, labels, whole.value, presence_only=name == "ridge_presence")
    else:
        p = conditional_p(labels[rows], score, whole.value)
    wanted = name in GUT and not (name == "forest" and _nobody_repeats(inputs))
    return Judged(
        learner=name,
        label=LABELS.get(name, name),
        scheme=scheme,
        predictions=found,
        area=whole,
        within=area_within(response, score, inputs.subject[rows], inputs.cohort[rows]),
        per_fold=_per_fold(inputs, found) if by_cohort else pd.DataFrame(),
        p=p,
        refitted=refitted,
        naive=_naive(inputs, name, seed) if wanted else float("nan"),
    )


def _naive(inputs: Inputs, name: str, seed: int) -> float:
    """The area as it would be had with leakage."""
    beforehand = {"selected": of.selected_beforehand, "log_ratio": of.ratio_beforehand}
    by = beforehand[name](inputs) if name in beforehand else learner(name)
    alone = Inputs(
        inputs.abundance,
        inputs.taxa,
        inputs.clinic,
        inputs.scores,
        inputs.response,
        np.arange(len(inputs)),
        np.zeros(len(inputs)),
    )
    found = predict(alone, plain(inputs.response, FOLDS, seed), by, by_cohort=False, seed=seed)
    return area(found["response"].to_numpy(), found["score"].to_numpy(float))


def _per_fold(inputs: Inputs, found: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for name, part in found.groupby("fold", sort=True):
        y, s = part["response"].to_numpy(), part["score"].to_numpy(float)
        one = area_of_people(y, s, inputs.subject[part["row"].to_numpy()])
        rows.append((name, len(part), int(y.sum()), one.value, one.low, one.high))
    return pd.DataFrame(rows, columns=["fold", "n", "responders", "area", "low", "high"])


def _against(inputs: Inputs, judged: Sequence[Judged]) -> pd.DataFrame:
    """The primary learner against the baselines, on the rows both predict."""
    by_name = {one.learner: one for one in judged}
    main = by_name[PRIMARY].predictions.set_index("row")
    rows = []
    for name, one in by_name.items():
        if name in ("cohort", "clinic", "richness") or name.startswith("score: "):
            both = main.join(one.predictions.set_index("row")["score"].rename("other"), how="inner")
            parts = difference(
                both["response"].to_numpy(),
                both["score"].to_numpy(float),
                both["other"].to_numpy(float),
                inputs.subject[both.index.to_numpy()],
            )
            rows.append((name, one.label, *parts))
    return pd.DataFrame(rows, columns=["baseline", "label", "difference", "low", "high", "p"])
