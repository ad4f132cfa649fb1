"""Fits the similarity of ``hepaxis.antigens`` to measured mutational scans and writes ``calibration.json``.

    python tools/calibrate_mimics.py SCANS.xlsx

SCANS.xlsx: TCR_pMHCI_mutational_scan_database.xlsx of the BATMAN paper (10.1101/2024.01.22.576714).  Only fitted
weights and summary figures are written.  Every epitope weighs the same; leave-one-epitope-out is by peptide sequence,
so that no clone of the held-out epitope is in the fit.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import xml.etree.ElementTree as ET
import zipfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import rankdata

from hepaxis.antigens.alphabet import encode
from hepaxis.antigens.chemistry import PARTS, blosum62, parts
from hepaxis.antigens.similarity import anchors, position_classes

TARGET = Path(__file__).resolve().parent.parent / "src" / "hepaxis" / "antigens" / "calibration.json"
NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
KEPT = 0.5  # share of the index peptide's activity that counts as an answer
PENALTY = 1.0  # ridge on weights, in squared logits
BOOTSTRAPS, SEED = 2000, 1
BINS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 8.0)  # of held-out distance, for the reliability figure
CLASSES = ("P1", "P2", "P3", "P4", "P5", "P56", "P6", "P7", "P8", "P9")
KB = "H2-Kb"
OWN_PROFILE = ("FMNKFIYEI", "SLLMWITQC", "EVDPIGHLY")  # tumour epitopes scanned with three or more clones
OWN_SD = 2.0  # logits: how far an epitope's weights may be from the common ones (clones differ by about 30%)


@dataclass(frozen=True)
class Scans:
    """One row a measured substitution: epitope, allele, clone, position class, residues, answered or not, facing."""

    epitope: np.ndarray
    allele: np.ndarray
    clone: np.ndarray
    place: np.ndarray
    old: np.ndarray
    new: np.ndarray
    answered: np.ndarray
    facing: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> Scans:
        return Scans(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    @property
    def gaps(self) -> np.ndarray:
        return parts()[self.old, self.new]

    @property
    def weight(self) -> np.ndarray:
        _, place, count = np.unique(self.epitope, return_inverse=True, return_counts=True)
        weight = 1.0 / count[place]
        return weight * len(weight) / weight.sum()


def sheet(path: Path) -> list[dict[str, str]]:
    """Rows of the first sheet of a workbook by its header."""
    with zipfile.ZipFile(path) as book:
        words = [
            "".join(part.text or "" for part in item.iter(f"{NS}t"))
            for item in ET.fromstring(book.read("xl/sharedStrings.xml")).findall(f"{NS}si")
        ]
        rows = []
        for row in ET.fromstring(book.read("xl/worksheets/sheet1.xml")).iter(f"{NS}row"):
            cells = {}
            for cell in row:
                value = cell.find(f"{NS}v")
                text = "" if value is None else value.text or ""
                column = re.match("[A-Z]+", cell.get("r"))[0]
                cells[column] = words[int(text)] if cell.get("t") == "s" else text
            rows.append(cells)
    return [{name: row.get(column, "") for column, name in rows[0].items()} for row in rows[1:]]


def scans(path: Path) -> Scans:
    """Substitutions with activity relative to the index peptide on the same clone."""
    rows = sheet(path)
    own: dict[tuple[str, str, str], list[float]] = {}
    for row in rows:
        if row["peptide"] == row["index_peptide"]:
            own.setdefault((row["index_peptide"], row["mhc"], row["tcr"]), []).append(float(row["peptide_activity"]))
    found = []
    for row in rows:
        index, other, key = row["index_peptide"], row["peptide"], (row["index_peptide"], row["mhc"], row["tcr"])
        changed = [i for i, (a, b) in enumerate(zip(index, other, strict=True)) if a != b]
        if len(changed) != 1 or key not in own:
            continue
        (i,) = changed
        allele = row["mhc"].replace("DS-A*", "HLA-A*")  # a slip of the collection
        kb = allele == KB
        place = i if kb else CLASSES.index(position_classes(len(index))[i])
        answered = float(row["peptide_activity"]) >= KEPT * np.mean(own[key])
        old, new = encode(index)[i], encode(other)[i]
        clone = "/".join(key)
        facing = i not in anchors(allele, len(index))
        found.append((index, allele, clone, place, old, new, float(answered), facing))
    return Scans(*(np.array(column) for column in zip(*found, strict=True)))


def fit(data: Scans, places: int, chemistry: np.ndarray | None = None) -> tuple[float, np.ndarray, np.ndarray]:
    """(intercept, weight of each place, weight of each part): logit P = intercept - w[place] * (parts @ c), all >= 0.

    chemistry given: only intercept and weights of places are fitted.
    """
    gaps, place, answered, weight = data.gaps, data.place, data.answered, data.weight

    def split(values: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        c = values[1 + places :] if chemistry is None else chemistry
        return values[0], values[1 : 1 + places], c

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        intercept, w, c = split(values)
        difference = gaps @ c
        z = intercept - w[place] * difference
        pull = weight * (expit(z) - answered)
        total = (weight * (np.logaddexp(0.0, z) - answered * z)).sum() + PENALTY * (w @ w)
        slope = [pull.sum()]
        slope.extend(np.bincount(place, -pull * difference, minlength=places) + 2 * PENALTY * w)
        if chemistry is None:
            total += PENALTY * (c @ c)
            slope.extend(gaps.T @ (-pull * w[place]) + 2 * PENALTY * c)
        return total, np.array(slope)

    count = places + (len(PARTS) if chemistry is None else 0)
    start = np.r_[1.0, np.ones(places), np.full(count - places, 0.5)]
    bounds = [(None, None), *[(0.0, None)] * count]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000})
    intercept, w, c = split(found.x)
    scale = c.sum() if chemistry is None else 1.0  # one of the two scales is free: parts sum to 1
    return float(intercept), w * scale, c / scale


def own_profile(data: Scans, epitope: str, intercept: float, common: np.ndarray, c: np.ndarray) -> list[float]:
    """Weights of one epitope's positions, each drawn to the common weight; its clones count as one observation."""
    here = data[data.epitope == epitope]
    place = np.array([CLASSES.index(name) for name in position_classes(len(epitope))])
    which = np.searchsorted(np.sort(place), here.place)  # 9-mers: every class once
    difference, share = here.gaps @ c, 1.0 / len(set(here.clone))

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        z = intercept - w[which] * difference
        pull = share * (expit(z) - here.answered)
        away = (w - common[place]) / OWN_SD**2
        total = (share * (np.logaddexp(0.0, z) - here.answered * z)).sum() + 0.5 * (away @ (w - common[place]))
        return total, np.bincount(which, -pull * difference, minlength=len(place)) + away

    found = minimize(loss, common[place], jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(place))
    return found.x.tolist()


def auroc(score: np.ndarray, answered: np.ndarray) -> float:
    """Chance that an answered substitution scores higher than one that is not."""
    positive = answered.sum()
    ranks = rankdata(score)[answered > 0].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * (len(answered) - positive)))


def held_out(data: Scans) -> dict:
    """Each epitope scored by the fit of the others: AUROC over all places and over receptor-facing ones."""
    by_epitope, kept = {}, []
    for epitope in np.unique(data.epitope):
        out = data.epitope == epitope
        intercept, w, c = fit(data[~out], len(CLASSES))
        distance = w[data.place[out]] * (data.gaps[out] @ c)
        facing = data.facing[out]
        by_epitope[str(epitope)] = {
            "all": auroc(-distance, data.answered[out]),
            "facing": auroc(-distance[facing], data.answered[out][facing]),
            "blosum62": auroc(blosum62()[data.old[out], data.new[out]], data.answered[out]),
            "clones": len(set(data.clone[out])),
        }
        kept.append(np.c_[distance, expit(intercept - distance), data.answered[out], data.weight[out], facing])
    table = np.concatenate(kept)
    rng = np.random.default_rng(SEED)
    means = {}
    for name in ("all", "facing", "blosum62"):
        values = np.array([row[name] for row in by_epitope.values()])
        draws = rng.choice(values, (BOOTSTRAPS, len(values))).mean(axis=1)
        low, high = np.quantile(draws, (0.025, 0.975))
        means[name] = {"mean": values.mean(), "low": low, "high": high, "worst": values.min(), "best": values.max()}
    return {"auroc": means, "by_epitope": by_epitope, "reliability": reliability(table[table[:, 4] > 0])}


def reliability(table: np.ndarray) -> list[dict]:
    """Held-out predicted beside measured share of answers by distance (rows: distance, predicted, answered, weight)."""
    rows = []
    for low, high in pairwise(BINS):
        here = table[(table[:, 0] >= low) & (table[:, 0] < high)]
        if len(here):
            rows.append(
                {
                    "low": low,
                    "high": high,
                    "n": len(here),
                    "distance": here[:, 0].mean(),
                    "predicted": here[:, 1].mean(),
                    "measured": here[:, 2].mean(),
                }
            )
    return rows


def clone_spread(data: Scans, intercept: float, distance: np.ndarray) -> float:
    """sd between clones of the logit at distance 0: moments of each clone's own shift, less its error."""
    shifts, errors = [], []
    for clone in np.unique(data.clone):
        here = data.clone == clone
        shift = 0.0
        for _ in range(30):  # Newton, with a weak prior so that a clone that answers all stays finite
            p = expit(intercept + shift - distance[here])
            slope, curve = (data.answered[here] - p).sum() - shift / 9.0, (p * (1 - p)).sum() + 1 / 9.0
            shift += slope / curve
        shifts.append(shift)
        errors.append(1.0 / curve)
    return float(np.sqrt(max(np.var(shifts) - np.mean(errors), 0.0)))


def calibrate(path: Path) -> dict:
    """What ``calibration.json`` holds."""
    data = scans(path)
    human, kb = data[data.allele != KB], data[data.allele == KB]
    intercept, w, c = fit(human, len(CLASSES))
    _, kb_weights, _ = fit(kb, 8, chemistry=c)
    distance = w[human.place] * (human.gaps @ c)
    return {
        "positions": dict(zip(CLASSES, w.tolist(), strict=True)),
        "chemistry": dict(zip(PARTS, c.tolist(), strict=True)),
        "kb": kb_weights.tolist(),
        "epitopes": {name: own_profile(human, name, intercept, w, c) for name in OWN_PROFILE},
        "intercept": intercept,
        "clone_sd": clone_spread(human, intercept, distance),
        "held_out": held_out(human),
        "data": {
            "source": "doi:10.1101/2024.01.22.576714",
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "substitutions": len(data.epitope),
            "clones": len(set(data.clone)),
            "epitopes": len(set(data.epitope)),
            "answers_when_activity_is_at_least": KEPT,
        },
    }


def rounded(value: object) -> object:
    """Five figures: the file is the same on every machine."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.5g}") if isinstance(value, (float, np.floating)) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scans", type=Path)
    TARGET.write_text(json.dumps(rounded(calibrate(parser.parse_args().scans)), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
