"""What is missing and what it would be worth: the part of a strategy's uncertainty that one unknown carries.

Held: the share of the variance over draws of the change in response (of the strategy with the largest median change)
that a linear fit on one group of draws explains.  It says what a measurement could at most take away, not that the
ranking would change.  Host unknowns are shared by all draws and are not valued here; they are listed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from hepaxis.patient import Patient
from hepaxis.plan.sample import Sample
from hepaxis.plan.schema import MissingRow
from hepaxis.population import Twin

# what could be measured -> (label, action, columns of the draws that it would fix)
MEASURABLE: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "stool_scfa": (
        "Stool short-chain fatty acids",
        "measure acetate, propionate and butyrate in stool",
        ("residual.butyrate", "residual.propionate", "residual.acetate"),
    ),
    "stool_bile_acids": (
        "Stool or serum bile acids",
        "measure CA, CDCA, DCA, LCA and UDCA",
        ("residual.dca", "residual.udca", "carriage.bai", "carriage.udca"),
    ),
    "indoles": ("Indoles and IPA", "measure indole and IPA in serum or stool", ("residual.indole", "residual.ipa")),
    "endotoxin": ("Endotoxin or LBP", "measure serum LPS activity or LBP", ("residual.lps",)),
    "load": ("Total bacterial load", "count cells or 16S copies per gram", ("load",)),
}
TAXA = ("second_sample", "A second, deeper stool sample", "sample again 4-6 weeks after any antibiotic")
CLINIC = {
    "tumour.lesions": ("Lesions with diameters", "give diameters and days of two scans"),
    "biomarkers.mutations": ("Tumour sequencing (CTNNB1, B2M, JAK)", "sequence it; this version does not use it"),
    "liver.albumin": ("Albumin and bilirubin", "give both for ALBI"),
    "blood.crp": ("CRP and AFP", "give both for CRAFITY"),
}  # fmt: skip


def missing_rows(
    patient: Patient, sample: Sample | None, twin: Twin, change_by_draw: np.ndarray, measured: set[str]
) -> tuple[MissingRow, ...]:
    """Unmeasured quantities sorted by the share of the uncertainty they carry; clinic fields after them."""
    draws = pd.concat([twin.guts.inputs, twin.mechanisms.inputs], axis=1)
    opened = pd.DataFrame(twin.guts.open, columns=[f"open.{k}" for k in range(twin.guts.open.shape[1])])
    rows: list[MissingRow] = []
    if sample is None:
        rows.append(MissingRow("profile", "Stool profile", "sequence a stool sample before treatment", None,
                               "without it the gut stays at the prior of the reference cohort"))  # fmt: skip
    for id, (label, action, columns) in MEASURABLE.items():
        held = [column for column in columns if column in draws]
        if id in measured or not held:
            continue
        rows.append(MissingRow(id, label, action, explained(change_by_draw, draws[held]), "at its prior"))
    niche = explained(change_by_draw, opened.loc[:, opened.std() > 0])
    if sample is not None and niche is not None:
        rows.append(MissingRow(*TAXA, niche, "whether undetected guilds have a niche is a stated prior"))
    rows.sort(key=lambda row: (row.id != "profile", row.value is None, -(row.value or 0.0)))
    for path, (label, action) in CLINIC.items():
        if patient.value(path) in (None, ()):
            rows.append(MissingRow(path, label, action, None, "not on the sheet"))
    return tuple(rows)


def explained(response: np.ndarray, draws: pd.DataFrame) -> float | None:
    """Adjusted share (0-1) of the variance of ``response`` (G,) that a linear fit on ``draws`` explains.

    None when there are too few draws to tell.
    """
    ok = np.isfinite(response)
    n, k = int(ok.sum()), draws.shape[1]
    if k == 0 or n < 2 * k + 4 or np.std(response[ok]) == 0:
        return None
    x = np.column_stack([np.ones(n), draws.to_numpy(float)[ok]])
    fitted = x @ np.linalg.lstsq(x, response[ok], rcond=None)[0]
    plain = 1.0 - np.var(response[ok] - fitted) / np.var(response[ok])
    return float(np.clip(1.0 - (1.0 - plain) * (n - 1) / (n - k - 1), 0.0, 1.0))
