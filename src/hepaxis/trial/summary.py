"""What a trial showed, from its parts: one dictionary for JSON (docs/trial.md), an arm and a few columns at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hepaxis.trial.arm_summary import RESPONDS, arm_summary, read_arm, shown
from hepaxis.trial.choices import choices
from hepaxis.trial.conditions import features
from hepaxis.trial.contrasts import COLUMNS, contrast
from hepaxis.trial.design import Design, TrialArm
from hepaxis.trial.design_files import parse_design
from hepaxis.trial.design_reader import outcomes
from hepaxis.trial.estimates import Json
from hepaxis.trial.feature_response import Patients, by_thirds, by_words, odds_ratio
from hepaxis.trial.parts import read_manifest, read_rows, write_json

SCHEMA = "hepaxis.trial/1"
TRIAL = "trial.json"
#: Features of the model's gut at rest that are always shown: column -> label and unit.
REST_SHOWN = {
    "rest_butyrate": ("butyrate made in the colon", "mmol/day"),
    "rest_dca_fraction": ("DCA in DCA and CA of stool", "share"),
    "rest_lps": ("portal hexa-acylated LPS", "pg/mL"),
    "rest_barrier": ("gut barrier", "relative"),
}
PAIRED = (
    "Each patient stands on every arm with the same chances: differences are within patients, which no trial can see."
)
PARALLEL = "Each patient is on one arm: differences are between patients and carry their chance, as in a trial."


def trial_summary(folder: Path) -> Json:
    """The summary of a finished run.  Raises InputError where there is none."""
    manifest = read_manifest(folder)
    design = parse_design(manifest["design"]["text"], file=manifest["design"]["file"])
    horizon, counted = design.horizon_days, design.conduct.not_evaluable == "progression"
    sizes = design.sizes()
    arms = []
    for arm in design.arms:
        rows = read_arm(folder, arm.id, sizes[arm.id])
        named = {"id": arm.id, "label": _label(arm), "control": arm.id == design.control}
        found = arm_summary(rows, horizon, not_evaluable_progresses=counted)
        if found["biopsy"] is not None:
            found["biopsy"] = {"day": design.endpoints.biopsy_day, **found["biopsy"]}
        arms.append({**named, **found, "shown": shown(folder, arm.id, horizon)})
    return {
        "schema": SCHEMA,
        "design": _design(design),
        "stamp": manifest["stamp"],
        "population": manifest["population"],
        "enrolled": {name: manifest[name] for name in ("patients", "candidates", "lost", "not_simulated")},
        "arms": arms,
        "contrasts": _contrasts(folder, design, counted),
        "features": [one for arm in design.arms for one in _features(folder, design, arm)],
        "choices": choices(
            folder, manifest["population"]["population"], design.control, not_evaluable_progresses=counted
        ),
        "notes": _notes(design, manifest),
    }


def write_summary(folder: Path) -> Json:
    """The same, also written as ``trial.json`` beside the parts.  Raises OSError."""
    found = trial_summary(folder)
    write_json(folder / TRIAL, found)
    return found


def _label(arm: TrialArm) -> str:
    return arm.label or arm.id.replace("_", " ")


def _design(design: Design) -> Json:
    return {
        "name": design.name,
        "statement": design.statement,
        "note": design.note,
        "sources": list(design.sources),
        "mode": design.mode,
        "n": design.n,
        "control": design.control,
        "horizon_days": design.horizon_days,
        "gates": design.gates,
        "seed": design.seed,
        "primary": list(design.endpoints.primary),
        "secondary": list(design.endpoints.secondary),
        "biopsy_day": design.endpoints.biopsy_day,
        "arms": [
            {"id": arm.id, "label": _label(arm), "given": [part.label for part in arm.parts], "share": arm.share}
            for arm in design.arms
        ],
    }


def _contrasts(folder: Path, design: Design, counted: bool) -> list[Json]:
    sizes, known = design.sizes(), outcomes()
    control = read_rows(folder, COLUMNS, design.control)
    found = []
    for arm in design.arms:
        if arm.id == design.control:
            continue
        rows = read_rows(folder, COLUMNS, arm.id)
        both = sizes[arm.id] if design.paired else sizes[arm.id] + sizes[design.control]
        for name in design.endpoints.names:
            row = known[name]
            head = {"outcome": name, "label": row["label"], "primary": name in design.endpoints.primary}
            sides = {"arm": arm.id, "control": design.control}
            got = contrast(name, row["contrast"], rows, control, both, paired=design.paired, counted=counted)
            found.append({**head, **sides, **got})
    return found


def _features(folder: Path, design: Design, arm: TrialArm) -> list[Json]:
    known = features()
    names = [*design.analysis.features, *REST_SHOWN]
    table = read_rows(folder, ["weight", "draw", "best", *names], arm.id)
    responds = np.isin(table["best"].to_numpy(), RESPONDS)
    of = Patients(responds, table["weight"].to_numpy(float), table["draw"].to_numpy(), design.sizes()[arm.id])
    found = []
    for name in names:
        label, unit = REST_SHOWN[name] if name in REST_SHOWN else (known[name].label, known[name].unit)
        head = {"feature": name, "label": label, "unit": unit, "arm": arm.id}
        found.append({**head, **_by_feature(table[name], of, name in known and known[name].kind == "word")})
    return found


def _by_feature(values: pd.Series, of: Patients, words: bool) -> Json:
    if words:
        return {"tertiles": by_words(values.to_numpy(), of), "odds_ratio": None}
    numbers = values.to_numpy(float)
    return {"tertiles": by_thirds(numbers, of), "odds_ratio": odds_ratio(numbers, of)}


def _notes(design: Design, manifest: dict[str, Any]) -> list[str]:
    notes = [PAIRED if design.paired else PARALLEL]
    if design.gates == "off":
        notes.append("All claims about the gut are off: what is associated with it here is not caused by it.")
    simulated, planned = manifest["patients"], design.n
    if simulated != planned:
        notes.append(f"{simulated} patients were simulated; intervals marked trial are of the design's {planned}.")
    missing = sum(manifest["not_simulated"].values())
    if missing:
        notes.append(f"{missing} patients could not be simulated and are left out.")
    return notes
