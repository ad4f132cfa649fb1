"""The score card: published experiments as set-ups of the one model, and whether the direction comes out.

Held: each row of ``experiments.csv`` is a readout of a published experiment, with two arms that differ by levers,
inputs or community and nothing else; a readout that the model cannot express is a row too, with the reason.  No row has
a model or a parameter of its own.  What both arms share (``both``) makes the person: the gates' references and growth
are solved with it and the reference community.  What one arm changes is a counterfactual of that person: inputs and
communities at rest with the growth kept, levers and drugs from day 0.
The scale of the gates is that of the species an experiment was made in.  tau and the chance that a claim transfers
(``relevance.csv``) bound what the gut does to response in *people*: tau is solved against human cohorts, the chance is
that of a mouse finding to hold in people.  In the animal or dish where a claim was measured neither applies: its
gate has its prior mean and exponent 1 there, the same for every claim and row.  Human rows have the solved tau and the
discounts, as a patient's plan has.  ``score_card`` reads every row at the human scale too, so that one can see what the
choice does.
Assumed: mouse and culture experiments are read as this human model but for that scale and what a mouse brings
(``arms.SPECIES_TOKENS``: its own bile acids and a liver without cirrhosis, unless its model scars the liver); a change
below the dead band is "none".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from hepaxis.population import cohort
from hepaxis.population.arms import SCALES
from hepaxis.population.experiment_table import COLUMNS, DIRECTIONS, HUMAN, MEASURES, USES, Experiment, experiments
from hepaxis.population.panel import Panel

DEAD_BAND = 0.05  # relative change below which a readout counts as unchanged (issue 4); assumed
NO_CORRELATION = 0.1  # rank correlation below which two variables count as unrelated (Cohen's small effect); assumed
SIZE_FACTOR = 2.0  # a stated size is met when the change of the logarithm is within this factor of it
FROM_NOTHING = 1e6  # a rise from zero is written as this ratio
INTERVAL = (0.1, 0.9)  # quantiles over hosts
CHANCE = 1 / len(DIRECTIONS)
MISSES = ("reversed", "unchanged", "changed", "not_simulated")
IMMUNE = "immune"


def run_experiments(
    rows: Sequence[Experiment] | None = None,
    *,
    hosts: int = 12,
    seed: int = 5,
    gates: Mapping[str, float] | None = None,
    human_scale: bool = False,
) -> pd.DataFrame:
    """One row an experiment's readout: ``COLUMNS``, then what the model says.

    scale           people or own: see ``arms.SCALES``
    predicted       median over hosts of perturbed over control (inverse for sense -1), minus 1; of a sign the median,
                    of a correlation Spearman's, of a responder contrast the odds that a responder has more, minus 1
                    (responder and other alike: 0); NaN: not expressed
    low10, high90   quantiles over hosts, of a contrast over guts, of a correlation its error; hosts: how many people
    direction, passed, verdict   up, down or none; as published; see ``verdict``
    size_met        whether a stated size is met; None where none is stated
    gates           factor by gate on its prior strength (0 off, -1 the sign turned), for controls and tests
    human_scale     read every row at the scale of people (the animal's own bile acids stay)
    """
    rows = experiments() if rows is None else rows
    panels = {
        species: Panel(hosts, seed, dict(gates or {}), species, human_scale)
        for species in {row.species for row in rows if row.expressed}
    }
    return pd.DataFrame([_outcome(row, panels.get(row.species)) for row in rows])


def score_card(
    rows: Sequence[Experiment] | None = None, *, hosts: int = 12, seed: int = 5
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(rows with the two controls, totals by use).  See ``run_experiments`` and ``totals``.

    passed_gates_off     of the immune rows: with every gate off
    passed_human_scale   of every expressed row: at the scale of people, whatever it was measured in
    """
    rows = experiments() if rows is None else tuple(rows)
    table = run_experiments(rows, hosts=hosts, seed=seed)
    immune = [k for k, row in enumerate(rows) if row.layer == IMMUNE and row.expressed]
    off = run_experiments([rows[k] for k in immune], hosts=hosts, seed=seed, gates={"*": 0.0})
    table["passed_gates_off"] = _beside(table["passed"].map(lambda _: None), immune, off)
    other = [k for k, row in enumerate(rows) if row.expressed and SCALES[row.species] != SCALES[HUMAN]]
    as_people = run_experiments([rows[k] for k in other], hosts=hosts, seed=seed, human_scale=True)
    table["passed_human_scale"] = _beside(table["passed"], other, as_people)
    return table, totals(table)


def _beside(passed: pd.Series, picked: Sequence[int], control: pd.DataFrame) -> pd.Series:
    """``passed``, with that of a control for the picked rows."""
    found: list[bool | None] = list(passed)
    for k, of in zip(picked, control["passed"] if len(control) else (), strict=True):
        found[k] = bool(of)
    return pd.Series(found, index=passed.index, dtype=object)


def by_scale(table: pd.DataFrame) -> pd.DataFrame:
    """By use and species, in the order of ``USES`` and ``SCALES``: scale, readouts expressed and passed."""
    shown = table[table["expressed"]]
    found = [
        {
            "use": use,
            "species": species,
            "scale": scale,
            "expressed": len(rows),
            "passed": int(rows["passed"].sum()),
        }
        for use in USES
        for species, scale in SCALES.items()
        if len(rows := shown[(shown["use"] == use) & (shown["species"] == species)])
    ]
    return pd.DataFrame(found, columns=["use", "species", "scale", "expressed", "passed"])


def totals(table: pd.DataFrame) -> pd.DataFrame:
    """By use, in the order of ``USES``: readouts and experiments, expressed and passed, sizes, guesses, gates off.

    An experiment passes when all its expressed readouts do.  ``chance`` is guessing among up, down and none;
    ``constant`` is always saying the commonest published direction.
    """
    found = {}
    for use in USES:
        of = table[table["use"] == use]
        shown = of[of["expressed"]]
        sized = shown[shown["size_met"].notna()]
        immune = shown[shown["layer"] == IMMUNE]
        whole = shown.groupby("id")["passed"].all()
        off = [passed is False for passed in immune.get("passed_gates_off", ())]
        found[use] = {
            "experiments": of["id"].nunique(),
            "experiments_expressed": len(whole),
            "experiments_passed": int(whole.sum()),
            "readouts": len(of),
            "expressed": len(shown),
            "passed": int(shown["passed"].sum()),
            "passed_human_scale": sum(passed is True for passed in shown.get("passed_human_scale", ())),
            **{name: int((shown["verdict"] == name).sum()) for name in MISSES},
            "unchanged_same_sign": int((shown["verdict"].eq("unchanged") & _same_sign(shown)).sum()),
            "chance": CHANCE,
            "constant": float(shown["published"].value_counts(normalize=True).max()) if len(shown) else float("nan"),
            "sizes": len(sized),
            "sizes_met": int(sized["size_met"].sum()),
            "immune": len(immune),
            "immune_passed": int(immune["passed"].sum()),
            "immune_failed_gates_off": sum(off),
            "immune_passed_by_gates": sum(a and b for a, b in zip(immune["passed"], off, strict=bool(off))),
        }
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("use")


def _same_sign(rows: pd.DataFrame) -> pd.Series:
    """Whether the change leans the published way, however small."""
    rises = rows["predicted"].astype(float) > 0
    return rows["published"].isin(("up", "positive")) & rises | rows["published"].isin(("down", "negative")) & ~rises


def direction(change: float, measure: str = "level") -> str:
    """The measure's word: up, down or none (inside the dead band), or positive, negative or none."""
    rise, fall, none = MEASURES[measure]
    band = NO_CORRELATION if measure == "correlation" else DEAD_BAND
    return rise if change > band else fall if change < -band else none


def verdict(published: str, change: float, measure: str = "level") -> str:
    """right; reversed; unchanged (inside the dead band); changed (though published as none); not_simulated."""
    if not np.isfinite(change):
        return "not_simulated"
    if direction(change, measure) == published:
        return "right"
    if published == "none":
        return "changed"
    return "unchanged" if direction(change, measure) == "none" else "reversed"


def size_met(low: float | None, high: float | None, ratio: float) -> bool | None:
    """Whether perturbed over control is in the stated range, or its logarithm within a factor two of it."""
    if low is None or high is None:
        return None
    if low <= ratio <= high:
        return True
    if not np.isfinite(ratio) or ratio <= 0:
        return False
    ends = sorted((np.log(low), np.log(high)))
    predicted = np.log(ratio)
    near = min(ends, key=abs)
    far = max(ends, key=abs)
    return bool(
        np.sign(predicted) == np.sign(far) and abs(near) / SIZE_FACTOR <= abs(predicted) <= abs(far) * SIZE_FACTOR
    )


def _outcome(row: Experiment, panel: Panel | None) -> dict[str, object]:
    given = {name: getattr(row, name) for name in COLUMNS} | {"scale": SCALES[row.species], "expressed": row.expressed}
    if panel is None or not row.expressed:
        blank = {"predicted": np.nan, "low10": np.nan, "high90": np.nan, "hosts": 0, "direction": None}
        return given | blank | {"verdict": "not_expressed", "passed": None, "size_met": None}
    median, low, high, hosts = _measured(row, panel)
    said = verdict(row.published, median, row.measure)
    return given | {
        "predicted": median,
        "low10": low,
        "high90": high,
        "hosts": hosts,
        "direction": direction(median, row.measure) if np.isfinite(median) else None,
        "verdict": said,
        "passed": said == "right",
        "size_met": size_met(row.low, row.high, 1.0 + median),
    }


def _measured(row: Experiment, panel: Panel) -> tuple[float, float, float, int]:
    """(value, low10, high90, people it rests on) of a row's measure; nan where nobody could be simulated."""
    if row.measure == "correlation":
        return *_sorted(row.sense * np.array(panel.correlation(row.both, row.variable))), cohort.PEOPLE
    with np.errstate(divide="ignore"):
        if row.measure == "responder_contrast":
            odds = np.array(panel.responder_odds(row.both, row.drug, row.day, row.variable))
            return *_sorted(odds**row.sense - 1.0), cohort.GUTS * cohort.HOSTS
        if row.measure == "sign":
            values = row.sense * panel.read(row.community, row.both, row.perturbed, row.day, row.variable)
        else:
            values = np.minimum(_ratios(row, panel) ** row.sense, FROM_NOTHING) - 1.0
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan"), float("nan"), float("nan"), 0
    low, high = np.quantile(values, INTERVAL)
    return float(np.median(values)), float(low), float(high), len(values)


def _sorted(found: np.ndarray) -> tuple[float, float, float]:
    """(value, low, high), whichever way sense has turned the ends."""
    value, one, other = (float(number) for number in found)
    return value, min(one, other), max(one, other)


def _ratios(row: Experiment, panel: Panel) -> np.ndarray:
    """(hosts,) perturbed over control; for drug_effect, how much further the drug lowers the variable, as a ratio."""

    def arm(own: str, drug: str) -> np.ndarray:
        return panel.read(row.community, row.both, f"{own} {drug}", row.day, row.variable)

    control, perturbed = arm(row.control, row.drug), arm(row.perturbed, row.drug)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: np.ndarray = np.where((control == 0) & (perturbed == 0), 1.0, perturbed / control)
        if row.measure == "drug_effect":
            ratio = (arm(row.perturbed, "") / perturbed) / (arm(row.control, "") / control)
    return ratio
