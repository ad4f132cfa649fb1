"""From how a patient presents to what the model starts with: liver, tumour and cause from the clinic, the rest drawn.

Held: ALBI sets liver function and Child-Pugh class the portal side, as for a real patient's sheet (``hosts``); target
diameters set volume and the lesions' shares, which differ in pace and killing as in ``lesion_draws``; the cause sets
steatohepatitis.  BCLC stage follows from invasion, spread, performance and number (doi:10.1016/j.jhep.2021.11.018).
What no characteristic tells stays at the model's priors.
Assumed: Child-Pugh 7 and more is cirrhosis; a measured ALBI is the patient's own, without error of a day.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from hepaxis import axis
from hepaxis.population.assumptions import assumed, liver_states
from hepaxis.population.closure import lesions
from hepaxis.population.hosts import LIVER_FUNCTION_RANGE, LN2
from hepaxis.population.lesion_draws import DIFFERENCE_SCORES, differences
from hepaxis.population.points import Array
from hepaxis.population.sampling import arguments, bounded, quantile
from hepaxis.population.target_lesions import target_diameters, target_volumes

MILAN_MM = 30.0  # up to three lesions of at most this are early stage, as a single one
SWITCHES = ("bernoulli", "mixture")
LIVER_CLASSES = ("no_cirrhosis", "child_pugh_a", "child_pugh_b", "child_pugh_c")
CLASS_FROM = (7, 10)  # Child-Pugh points at which class B and class C begin
LESION_SCORES = tuple(f"target.{place}" for place in range(1, 6))


def host_rows() -> list[tuple[str, dict[str, str]]]:
    """What a host draws: name of its score and the row of the heterogeneity table."""
    table = axis.build().heterogeneity
    found = []
    for row in table[table["input"].str.startswith(("host.", "tumour."))].itertuples():
        name, distribution = str(row.input), str(row.distribution)
        mixed = ".mixture" if distribution == "mixture" else ""
        found.append((name + mixed, {"input": name, "distribution": distribution, "args": str(row.args)}))
    return found


def with_stage(characteristics: pd.DataFrame, scores: dict[str, Array]) -> pd.DataFrame:
    """Characteristics with ``liver_class``, target_1 ... target_5 and ``largest`` (mm), ``volume`` (mL), ``bclc``."""
    points = characteristics["child_pugh"].to_numpy(float)
    cirrhosis = np.maximum(characteristics["cirrhosis"].to_numpy(float), points >= CLASS_FROM[0])
    place = np.where(cirrhosis == 1, 1 + np.searchsorted(CLASS_FROM, points, side="right"), 0)
    targets = np.column_stack([scores[name] for name in LESION_SCORES])
    count, spread = (characteristics[name].to_numpy(float) for name in ("lesion_count", "ehs"))
    diameters = target_diameters(characteristics["diameter_sum"].to_numpy(float), count, spread, targets)
    advanced = (characteristics[["mvi", "ehs"]] == 1).any(axis=1) | characteristics["ecog"].between(1, 2)
    multinodular = (count > 3) | ((count > 1) & (diameters[:, 0] > MILAN_MM))
    return characteristics.assign(
        cirrhosis=cirrhosis,
        liver_class=np.array(LIVER_CLASSES, dtype=object)[place],
        **{f"target_{k + 1}": column for k, column in enumerate(diameters.T)},
        largest=diameters[:, 0],
        volume=target_volumes(diameters).sum(axis=1),
        bclc=np.where(points >= CLASS_FROM[1], "D", np.where(advanced, "C", np.where(multinodular, "B", "A"))),
    )


def model_inputs(covariates: pd.DataFrame, scores: dict[str, Array], spread: float = 1.0) -> pd.DataFrame:
    """Model inputs of each patient (columns are ids of ``axis.build().inputs``).

    covariates as of ``with_stage``; scores of ``host_rows`` (normal); spread multiplies those of continuous inputs.
    """
    levels = {
        name: special.ndtr(scores[name] * (1.0 if row["distribution"] in SWITCHES else spread))
        for name, row in host_rows()
    }
    columns: dict[str, np.ndarray] = {}
    for name, row in host_rows():
        values = quantile(row["distribution"], arguments(row["args"]), levels[name])
        columns[row["input"]] = columns[row["input"]] * values if row["distribution"] == "mixture" else values
    columns["tumour.growth"] = LN2 / columns["tumour.growth"]  # the table holds doubling times
    loss = assumed("liver_per_albi") * (covariates["albi"].to_numpy(float) - assumed("albi_reference"))
    columns["host.liver_function"] = np.clip(1.0 - loss, *LIVER_FUNCTION_RANGE)  # as measured, beside the tumour
    for state in LIVER_CLASSES:
        here = (covariates["liver_class"] == state).to_numpy()
        for name, (mean, sd) in liver_states()[state].items():
            columns[name] = np.where(here, bounded(mean, sd, levels[name]), columns[name])
    columns["host.steatohepatitis"] = covariates["steatohepatitis"].to_numpy(float)
    columns["tumour.volume"] = covariates["volume"].to_numpy(float)
    volumes = target_volumes(covariates[[f"target_{k + 1}" for k in range(len(lesions()))]].to_numpy(float))
    for place, lesion in enumerate(lesions()):
        columns[f"lesion.share.{lesion}"] = volumes[:, place] / volumes.sum(axis=1)
    apart = spread * np.column_stack([scores[name] for name in DIFFERENCE_SCORES])
    columns |= differences(volumes, columns["tumour.growth"], apart)
    return pd.DataFrame(columns)
