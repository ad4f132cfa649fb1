"""Prediction: honest areas beside naive ones and baselines, calibration, net benefit, cohorts one by one."""

from __future__ import annotations

import pandas as pd

from hepaxis.cohort.analysis.options import Options, baseline
from hepaxis.cohort.analysis.panels import Line, Mark, Panel, Section, p_words
from hepaxis.cohort.prediction import Evaluation, Inputs, Judged, TooSmall, calibration, evaluate, net_benefit
from hepaxis.cohort.prediction.evaluate import LABELS
from hepaxis.cohort.record import Cohort

BASELINES = ("richness", "cohort", "clinic")


def inputs_of(cohort: Cohort, options: Options, scores: pd.DataFrame) -> Inputs:
    """Samples with a known response as learners see them."""
    known = cohort.with_response()
    index = known.abundance.index
    return Inputs(
        known.abundance.to_numpy(float),
        known.taxa,
        baseline(known, options),
        scores.reindex(index),
        known.response.to_numpy().astype(int),
        known.subject.to_numpy(),
        known.study.to_numpy(),
    )


def prediction_section(cohort: Cohort, options: Options, scores: pd.DataFrame) -> tuple[Section, Evaluation | None]:
    lead = (
        "Every choice (taxa, scaling, penalty, calibration, threshold) is made on the training side; people are never "
        "split, and where there are cohorts enough each is predicted from the others. The verdict is about one learner "
        "that was named beforehand; the others are shown, and their best is not picked."
    )
    try:
        found = evaluate(
            inputs_of(cohort, options, scores),
            seed=options.seed,
            permutations=options.refits,
            workers=options.workers,
        )
    except TooSmall as fault:
        return Section("prediction", "Prediction of response", lead, (), (str(fault),)), None
    panels = [_areas(found), *_cohorts(found), _calibration(found.primary), _benefit(found.primary)]
    if found.second:
        panels.insert(1, _second(found))
    return Section("prediction", "Prediction of response", lead, panels, found.left_out), found


def _mark(one: Judged, group: str) -> Mark:
    words = f"{one.area.value:.2f} ({one.area.low:.2f} to {one.area.high:.2f}), {p_words(one.p)}"
    if one.naive == one.naive:
        words += f"; naive {one.naive:.2f}"
    return Mark(one.label, one.area.value, one.area.low, one.area.high, words, group)


def _rows(judged: tuple[Judged, ...]) -> pd.DataFrame:
    rows = [
        {
            "learner": one.label,
            "scheme": one.scheme,
            "n": len(one.predictions),
            "auc": one.area.value,
            "low": one.area.low,
            "high": one.area.high,
            "within_cohorts_auc": one.within.value,
            "within_low": one.within.low,
            "within_high": one.within.high,
            "permutation_p": one.p,
            "refitted": "yes" if one.refitted else "no",
            "naive_auc": one.naive,
            "sensitivity": one.sensitivity,
            "specificity": one.specificity,
        }
        for one in judged
    ]
    return pd.DataFrame(rows)


def _group(one: Judged, found: Evaluation) -> str:
    if one is found.primary:
        return "main"
    return "quiet" if one.learner in BASELINES or one.learner.startswith("score: ") else "other"


def _areas(found: Evaluation) -> Panel:
    main = found.primary
    words = main.verdict[0].upper() + main.verdict[1:]
    gap = ""
    leaks = [one for one in found.judged if one.naive == one.naive]
    if leaks:
        worst = max(leaks, key=lambda one: one.naive - one.area.value)
        if worst.naive - worst.area.value > 0.05:
            gap = (
                f" {worst.label.capitalize()} would have been reported at {worst.naive:.2f} with leakage; "
                f"honestly it is "
                f"{worst.area.value:.2f}."
            )
    return Panel(
        "prediction",
        "forest",
        "How well response is predicted",
        f"AUC by {found.scheme}, {found.n} samples of {found.people} people, {found.responders} with response.",
        f"{words}.{gap}",
        "Blue: the learner the verdict is about. Grey: baselines and fixed scores. Naive: taxa chosen on "
        "all samples, or "
        f"folds that split people. P: {found.permutations} permutations within cohorts (and folds).",
        _rows(found.judged),
        marks=[_mark(one, _group(one, found)) for one in found.judged],
        reference=0.5,
    )


def _second(found: Evaluation) -> Panel:
    label = next((one for one in found.second if one.learner == "cohort"), None)
    words = "Cohorts are mixed here, so knowing the cohort helps"
    words += f": its label alone reaches {label.area.value:.2f}." if label else "."
    return Panel(
        "prediction_inside",
        "forest",
        "The same with cohorts mixed: easier, and not what a new clinic would see",
        f"AUC by grouped cross-validation, {found.n} samples.",
        words,
        "What is gained here over leaving cohorts out is knowledge of the cohort, not of the patient.",
        _rows(found.second),
        marks=[_mark(one, "main" if one.learner == found.primary.learner else "quiet") for one in found.second],
        reference=0.5,
    )


def _cohorts(found: Evaluation) -> list[Panel]:
    table = found.primary.per_fold
    if table.empty:
        return []
    marks = [
        Mark(f"{r['fold']} (n {r['n']})", float(r["area"]), float(r["low"]), float(r["high"]))
        for _, r in table.iterrows()
    ]
    within = found.primary.within
    return [
        Panel(
            "prediction_by_cohort",
            "forest",
            "Each cohort predicted from the others",
            f"AUC of {LABELS[found.primary.learner]} in the cohort left out.",
            f"Over pairs of patients of one cohort the AUC is {within.value:.2f} ({within.low:.2f} to "
            f"{within.high:.2f}).",
            "Intervals after DeLong on the logit scale; small cohorts have wide ones.",
            table.rename(columns={"fold": "cohort"}),
            marks=marks,
            reference=0.5,
        )
    ]


def _calibration(one: Judged) -> Panel:
    y, p = one.predictions["response"].to_numpy(float), one.predictions["probability"].to_numpy(float)
    found = calibration(y, p)
    bins = found.bins
    slope = "not known" if found.slope != found.slope else f"{found.slope:.2f}"
    better = "better" if found.brier < found.brier_of_rate else "no better"
    return Panel(
        "calibration",
        "lines",
        "Whether predicted probabilities come true",
        f"Five equal parts of the predictions of {LABELS[one.learner]}.",
        f"Slope {slope} (1 is right), shift {found.intercept:+.2f} (0 is right); Brier score "
        f"{found.brier:.3f}, {better} "
        f"than giving everybody the mean rate ({found.brier_of_rate:.3f}).",
        "Bands: Wilson's 95% interval of the observed share. The straight line is perfect calibration.",
        bins,
        lines=[
            Line(
                "observed",
                bins["predicted"].tolist(),
                bins["observed"].tolist(),
                bins["low"].tolist(),
                bins["high"].tolist(),
            ),
            Line("perfect", [0.0, 1.0], [0.0, 1.0]),
        ],
        x_label="predicted probability of response",
        y_label="observed",
    )


def _benefit(one: Judged) -> Panel:
    table = net_benefit(one.predictions["response"].to_numpy(), one.predictions["probability"].to_numpy(float))
    shown = table[(table["all"] > -0.2) & (table["model"] > -0.2)]
    best = table[["all", "none"]].max(axis=1)
    wins = table[table["model"] > best + 1e-9]["threshold"]
    where = f"at thresholds from {wins.min():.2f} to {wins.max():.2f}" if len(wins) else "nowhere"
    return Panel(
        "net_benefit",
        "lines",
        "Whether acting on the prediction would win anything",
        "Net benefit: true calls less false ones at the odds of the threshold, a patient.",
        f"The prediction beats treating everybody and treating nobody {where}.",
        "Decision curve (Vickers and Elkin). A threshold is the probability of response above which one would treat.",
        table,
        lines=[
            Line("prediction", shown["threshold"].tolist(), shown["model"].tolist()),
            Line("treat all", shown["threshold"].tolist(), shown["all"].tolist()),
            Line("treat none", shown["threshold"].tolist(), shown["none"].tolist()),
        ],
        x_label="threshold probability",
        y_label="net benefit",
    )
