"""From antigens, HLA and a gut to one result: groups searched in turn (and kept, so that a run goes on after a stop),
multiplicity over peptide x species x molecule, and the patient's claim.

The claim of a patient: is the strength of all candidates together larger than that of the same antigens with permuted
faces, and are the closest more surprising than those of natural peptides that are no antigen (``decoys``)?  It is about
these antigens and this gut; it is not about response to treatment.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np

from hepaxis import __version__
from hepaxis.antigens import matrices, scan
from hepaxis.antigens.alleles import is_class_two
from hepaxis.antigens.antigen_list import Antigen
from hepaxis.antigens.bridge import load_for_model
from hepaxis.antigens.calibration import calibration, ceiling
from hepaxis.antigens.find import Settings, find_group
from hepaxis.antigens.gut import Gut
from hepaxis.antigens.index import SpeciesIndex, index_hash
from hepaxis.antigens.permutation import p_value
from hepaxis.antigens.targets import Ranks, Target, choose_targets
from hepaxis.problems import InputError, error

SCHEMA = 1
QUANTILES = 101  # of the strengths drawn by a null, kept in the result
STATEMENT = (
    "Candidates by sequence similarity, not evidence of cross-reactivity: none has been tested. No study in liver "
    "cancer has shown a gut bacterial mimic behind a response to immunotherapy."
)


def find_mimics(
    antigens: Sequence[Antigen],
    gut: Gut,
    alleles: Sequence[str] | None,
    *,
    human: SpeciesIndex | None = None,
    settings: Settings | None = None,
    others: Sequence[Ranks] = (),
    keep: Path | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> dict:
    """Everything ``mimics.json`` holds (``docs/mimics.md``); the same for any number of workers.

    alleles  supported class I molecules of the patient; None when HLA is not known
    others   ranks from an imported table or MHCflurry, asked before the matrices
    keep     folder for finished groups, so that an interrupted run goes on
    Raises InputError where nothing can be searched.
    """
    settings = settings or Settings()
    scan.need_numba()
    if alleles is not None and not others:
        matrices.need_matrices()
    targets, left = choose_targets(antigens, alleles, settings.percent, others)
    if not targets:
        hint = "check HLA and peptides; " + "; ".join(left[:3])
        raise InputError([error("mimics.no_target", "no antigen is bound by any of the molecules", hint)])
    with_hla = alleles is not None
    order = sorted(targets, key=lambda one: (one.allele, len(one.peptide)))
    if not with_hla:
        order = sorted(targets, key=lambda one: len(one.peptide))
    rows: list[dict] = []
    listed: list[dict] = []
    groups = [list(found) for _, found in groupby(order, lambda one: _group(one, with_hla))]
    for number, group in enumerate(groups, start=1):
        molecule, length = _group(group[0], with_hla)
        say(f"{number}/{len(groups)} {molecule}: {len(group)} {length}-mers")
        key = _key(group, gut, human, settings, with_hla, others)
        made = _kept(keep, key) or find_group(
            group, gut, with_hla=with_hla, human=human, settings=settings, others=others
        )
        _keep(keep, key, made)
        rows += made["targets"]
        listed += made["candidates"]
    _multiplicity(rows, listed, gut)
    claim = patient_claim(rows)
    for row in rows:  # a thousand draws an antigen have served
        for name in ("strength_permuted", "surprise_decoys", "hits_permuted", "surprise"):
            row.pop(name, None)
    listed.sort(key=lambda one: (one["e_value"], one["distance"], one["antigen_id"], one["species"], one["candidate"]))
    return {
        "schema": SCHEMA,
        "hepaxis": __version__,
        "statement": STATEMENT,
        "settings": {name: getattr(settings, name) for name in Settings.__dataclass_fields__ if name != "workers"},
        "hla": None if alleles is None else list(alleles),
        "gut": {
            "source": gut.source,
            "covered": gut.covered,
            **({"all_species": True} if gut.every else {}),
            "index": index_hash(gut.species),
            "species": [one.name for one in gut.species],
            "share": gut.share.tolist(),
            "weight": gut.weight.tolist(),
        },
        "human": None if human is None else {"name": human.name, "sha256": human.sha256, "proteins": human.proteins},
        "score": _score(),
        "claim": claim,
        "bridge": load_for_model(claim),
        "targets": rows,
        "candidates": listed,
        "left_out": left,
        "notes": _notes(gut, alleles, human, rows),
    }


def patient_claim(rows: Sequence[dict]) -> dict:
    """All antigens together against two nulls; draw r of every antigen makes one draw.

    permuted  strength (weighted P(cross-activation)) against the same antigens with permuted faces
    decoys    surprise (-ln P of the closest hit) against natural peptides that are no antigen
    p         one-sided, never 0; the larger of the two is what may be claimed; None where no null was run

    Of an antigen that several molecules bind, the molecule that binds it best counts; class II does not.
    """
    best: dict[str, dict] = {}
    for row in rows:
        if row.get("strength_permuted") and not is_class_two(row["allele"]):
            known = best.setdefault(row["peptide"], row)
            if (row["rank"] is not None) and (known["rank"] is None or row["rank"] < known["rank"]):
                best[row["peptide"]] = row
    able = list(best.values())
    made: dict = {"antigens": len(able), "p": None}
    for name, value in (("permuted", "strength"), ("decoys", "surprise")):
        lists = [row[f"{value}_{name}"] for row in able]
        made[name] = None
        if lists and all(lists):
            observed, drawn = sum(row[value] for row in able), np.sum(lists, axis=0)
            low, middle, high = np.quantile(drawn, (0.025, 0.5, 0.975))
            made[name] = {
                "of": value,
                "observed": float(observed),
                "median": float(middle),
                "low": float(low),
                "high": float(high),
                "p": p_value(observed, drawn),
                "draws": len(drawn),
                "quantiles": np.quantile(drawn, np.linspace(0, 1, QUANTILES)).tolist(),
            }
    found = [made[name]["p"] for name in ("permuted", "decoys") if made[name]]
    made["p"] = max(found) if found else None
    return made


def _multiplicity(rows: Sequence[dict], listed: Sequence[dict], gut: Gut) -> None:
    """Benjamini-Hochberg over every peptide x molecule x species searched; ``q`` of the best hit of each.

    A species' p is 1 - exp(-E), E its share of the larger of the two nulls.
    """
    tests = sum(len(gut.species) for row in rows if row["searched"])
    found: dict[tuple[str, str, str, str], float] = {}
    for row in rows:
        ratio = _permuted_ratio(row)
        for species, expected in zip(gut.species, row.get("e_species", ()), strict=False):
            if expected is not None:
                found[(row["antigen_id"], row["peptide"], row["allele"], species.name)] = -np.expm1(-expected * ratio)
    q = dict(zip(found, benjamini_hochberg(np.array(list(found.values())), tests), strict=True))
    best: set[tuple[str, str, str, str]] = set()
    for one in sorted(listed, key=lambda one: one["distance"]):
        key = (one["antigen_id"], one["peptide"], one["allele"], one["species"])
        one["q"] = float(q[key]) if key not in best else None
        one["tests"] = tests
        best.add(key)


def _permuted_ratio(row: dict) -> float:
    """How much larger the permutation null is than the chain's at the best hit; at least 1."""
    curve = row.get("curve")
    if not curve or row["best_distance"] is None or curve["permuted"][0] is None:
        return 1.0
    place = int(np.searchsorted(curve["distance"], row["best_distance"]))
    place = min(place, len(curve["distance"]) - 1)
    return max(1.0, curve["permuted"][place] / max(curve["markov"][place], np.finfo(float).tiny))


def benjamini_hochberg(p: np.ndarray, tests: int) -> np.ndarray:
    """q-values of ``p``, the smallest of ``tests`` p-values (the others count as 1)."""
    order = np.argsort(p)
    q = np.empty(len(p))
    q[order] = np.minimum.accumulate((p[order] * tests / np.arange(1, len(p) + 1))[::-1])[::-1]
    return np.minimum(q, 1.0)


def _group(target: Target, with_hla: bool) -> tuple[str, int]:
    return (target.allele if with_hla else "no HLA", len(target.peptide))


def _score() -> dict:
    fitted, (a, b) = calibration(), ceiling()
    return {
        "intercept": fitted.intercept,
        "clone_sd": fitted.clone_sd,
        "ceiling": {"a": a, "b": b, "mean": a / (a + b)},
        "held_out": {"auroc": fitted.held_out["auroc"], "reliability": fitted.held_out["reliability"]},
        "source": fitted.data["source"],
    }


def _notes(gut: Gut, alleles: Sequence[str] | None, human: SpeciesIndex | None, rows: Sequence[dict]) -> list[str]:
    notes = [str(problem) for problem in gut.problems]
    if alleles is None:
        notes.append("HLA is not known: presentation was not considered, and most hits will not be presented")
    else:
        if any(row.get("binders_only") for row in rows):
            notes.append(matrices.NOTICE)
        if any(is_class_two(row["allele"]) for row in rows):
            notes.append(matrices.CLASS_TWO_NOTICE)
        open_ended = sorted({row["allele"] for row in rows if row["searched"] and not row["binders_only"]})
        if open_ended:
            notes.append(f"no matrix of {', '.join(open_ended)}: all k-mers were searched, binders or not")
    if gut.every:
        notes.append(
            "every species of the index was searched for a cohort: E-values are of the index, not of this sample"
        )
    if human is None:
        notes.append("no human proteome was given: homology, tolerance and human off-targets were not assessed")
    unverified = sorted({row["antigen_id"] for row in rows if row["checked"] in ("recalled", "part_seen")})
    if unverified:
        notes.append(f"antigens with a part that nobody has looked up yet: {', '.join(unverified)}")
    notes.append("exposure of species to the immune system is not measured: shares of the sample stand for it")
    return notes


def _key(
    group: Sequence[Target],
    gut: Gut,
    human: SpeciesIndex | None,
    settings: Settings,
    with_hla: bool,
    others: Sequence[Ranks],
) -> str:
    told = {
        "version": __version__,
        "targets": [(one.name, one.rank) for one in group],
        "ranks": [one.name for one in others],
        "index": index_hash(gut.species),
        "weight": gut.weight.tolist(),
        "human": human.sha256 if human else "",
        "hla": with_hla,
        "settings": [getattr(settings, name) for name in Settings.__dataclass_fields__ if name != "workers"],
        "score": [calibration().positions, calibration().chemistry, calibration().epitopes, ceiling()],
    }
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def _kept(folder: Path | None, key: str) -> dict | None:
    if folder is None:
        return None
    try:
        found = json.loads((folder / f"{key}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"targets", "candidates"} <= set(found) else None


def _keep(folder: Path | None, key: str, made: dict) -> None:
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(made, file)
    os.replace(name, folder / f"{key}.json")
