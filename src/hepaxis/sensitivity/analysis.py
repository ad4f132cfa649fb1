"""The whole analysis as one record: screening, variance shares, derivatives, identifiability.

Held: one study (factors, communities, seed) serves all parts.  Screening ranks every factor; the most influential,
every gate, every group and every kind then share one blocked Sobol sample: their indices are of the same draws.
The record is plain numbers, rounded to four digits, stamped with the model and the knowledge it was made with.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from hepaxis import axis, knowledge, therapy
from hepaxis.population.closure import combine
from hepaxis.sensitivity.crew import Crew
from hepaxis.sensitivity.factors import Factor
from hepaxis.sensitivity.information import information
from hepaxis.sensitivity.local import derivatives, elasticities, held_change, movable, some_guts
from hepaxis.sensitivity.reading import ARM, GUT, REST, measurement_table, output_table
from hepaxis.sensitivity.screening import elementary_effects, trajectories
from hepaxis.sensitivity.study import Study
from hepaxis.sensitivity.variance import blocked_sample, indices

DIGITS = 4
SETS = ("scans", "stool", "serum", "biopsy")  # each added to those before it
CONSTRAINED = 0.9  # posterior sd / prior sd below which a parameter counts as constrained
IMMUNE = re.compile(r"5[1-9]_")  # modules of the tumour's immunity are numbered so
HELD = 40  # factors of the exact derivatives with the rest kept
KINDS = {"gate": "all gates", "gut": "all of the gut", "person": "all of the person", "parameter": "all parameters"}

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Sizes:
    """How much is run: Morris trajectories, Sobol rows (a power of two), factors beside the gates, communities."""

    trajectories: int = 8
    rows: int = 128
    strongest: int = 20
    guts: int = 4
    seed: int = 11


def stamp() -> dict[str, str]:
    return {"model": axis.build().hash, "knowledge": knowledge.content_hash()[:16]}


def analyse(sizes: Sizes, progress: Progress = lambda _: None, *, workers: int = 1) -> dict[str, Any]:
    """Everything, about (factors x trajectories + blocks x rows) virtual patients, shared between processes."""
    with Crew(workers) as crew:
        return _analyse(sizes, progress, crew)


def _analyse(sizes: Sizes, progress: Progress, crew: Crew) -> dict[str, Any]:
    study = Study.of(sizes.seed)
    outputs = [str(name) for name in output_table().index]
    progress(f"screening: {sizes.trajectories} trajectories of {len(study.factors)} factors")
    effects, cloud = _screening(study, sizes, outputs, crew)
    blocks = blocks_of(study.factors, strongest(effects, study.factors, sizes.strongest))
    progress(f"variance shares: {len(blocks)} blocks, {(len(blocks) + 2) * sizes.rows} runs")
    sample = study.evaluate(blocked_sample(sizes.rows, len(study.factors), blocks, sizes.seed), crew=crew)
    table = indices(sample, list(blocks), outputs, sizes.seed)
    progress(f"derivatives at the median person with {sizes.guts} communities")
    local, scaled = _local(study, sizes, outputs, crew)
    progress("what measurements can tell")
    return {
        "statement": "Research use only, not for treatment decisions.",
        "stamp": stamp(),
        "sizes": asdict(sizes),
        "runs": {
            "screening": len(cloud),
            "variance": len(sample),
            "failed": int((~np.isfinite(cloud)).any(axis=1).sum() + (~np.isfinite(sample)).any(axis=1).sum()),
        },
        "outputs": _outputs(sample[: 2 * sizes.rows]),
        "factors": [
            {"name": f.name, "kind": f.kind, "group": f.group, "grade": f.grade, "label": f.label}
            for f in study.factors
        ],
        "not_varied": sorted(set(study.names) & set(_of_the_drug())),
        "screening": _matrices(effects, "factor", outputs, ["mu_star", "mu_star_error", "sigma"]),
        "variance": _matrices(
            table, "block", outputs, ["first", "first_low", "first_high", "total", "total_low", "total_high"]
        ),
        "local": local,
        "identifiability": _identifiability(study, sizes, scaled),
    }


def strongest(effects: pd.DataFrame, listed: tuple[Factor, ...], count: int) -> list[str]:
    """Factors other than gates with the largest mu_star, as a share of the largest of each output."""
    share = effects["mu_star"] / effects.groupby("output")["mu_star"].transform("max")
    relative = share.groupby(effects["factor"]).max()
    others = [factor.name for factor in listed if factor.kind not in ("gate", "tau")]
    ranked = relative.loc[others].sort_values(ascending=False, kind="stable")
    return [str(name) for name in ranked.index[:count]]


def blocks_of(listed: tuple[Factor, ...], single: list[str]) -> dict[str, list[int]]:
    """Columns by block: kinds, groups of a kind, tau, then gates and single factors."""
    blocks: dict[str, list[int]] = {}
    for kind, label in KINDS.items():
        blocks[label] = [k for k, f in enumerate(listed) if f.kind == kind]
    for k, factor in enumerate(listed):
        if factor.kind != "tau":
            blocks.setdefault(f"{factor.kind}: {factor.group}", []).append(k)
    for k, factor in enumerate(listed):
        if factor.kind in ("gate", "tau") or factor.name in single:
            blocks[factor.name] = [k]
    return {name: columns for name, columns in blocks.items() if columns}


def level_of(block: str) -> str:
    """kind, group or single."""
    if block in KINDS.values():
        return "kind"
    return "group" if ": " in block else "single"


def _screening(study: Study, sizes: Sizes, outputs: list[str], crew: Crew) -> tuple[pd.DataFrame, np.ndarray]:
    points, order = trajectories(len(study.factors), sizes.trajectories, sizes.seed)
    values = study.evaluate(points, crew=crew)
    return elementary_effects(points, order, values, study.names, outputs), values


def _local(study: Study, sizes: Sizes, outputs: list[str], crew: Crew) -> tuple[dict[str, Any], np.ndarray]:
    guts, moved, table = some_guts(study, sizes.guts), movable(study.factors), output_table()
    both = pd.concat([table[["variable", "reading", "day"]], measurement_table()[["variable", "reading", "day"]]])
    scaled = derivatives(study, guts, both, crew=crew)
    closed = elasticities(scaled[:, : len(outputs)], moved)
    size = np.abs(scaled[:, outputs.index("response_durvalumab")]).mean(axis=0)
    names = [moved[int(k)].name for k in np.argsort(-size, kind="stable")[:HELD]]
    found, held = held_change(study, guts, "durvalumab", 168.0, names)
    return {
        "factors": [factor.name for factor in moved],
        "elasticity": {name: _rounded(closed[:, k].mean(axis=0)) for k, name in enumerate(outputs)},
        "elasticity_low": {name: _rounded(closed[:, k].min(axis=0)) for k, name in enumerate(outputs)},
        "elasticity_high": {name: _rounded(closed[:, k].max(axis=0)) for k, name in enumerate(outputs)},
        "per_prior_sd": {name: _rounded(scaled[:, k].mean(axis=0)) for k, name in enumerate(outputs)},
        "held": {"output": "response_durvalumab", "factors": list(found), "elasticity": _rounded(held.mean(axis=0))},
    }, scaled[:, len(outputs) :]


def _identifiability(study: Study, sizes: Sizes, scaled: np.ndarray) -> dict[str, Any]:
    """Sets of measurements, each with those before it; medians over communities."""
    table = measurement_table()
    moved = movable(study.factors)
    names = [factor.name for factor in moved]
    found: list[dict[str, Any]] = []
    for count in range(1, len(SETS) + 1):
        rows = table["set"].isin(SETS[:count]).to_numpy()
        each = [information(gut[rows] / table["error"].to_numpy(float)[rows, None], names) for gut in scaled]
        ratio = np.median([one.posterior.to_numpy() for one in each], axis=0)
        constrained = ratio < CONSTRAINED
        immune = np.array([IMMUNE.match(factor.group) is not None for factor in moved])
        order = np.argsort(ratio, kind="stable")
        found.append({
            "sets": list(SETS[:count]), "measurements": int(rows.sum()), "parameters": len(moved),
            "directions": float(np.median([one.directions for one in each])),
            "bits": _number(np.median([one.bits for one in each])),
            "singular": _rounded(np.median([one.singular for one in each], axis=0)),
            "constrained": int(constrained.sum()),
            "immune_parameters": int(immune.sum()), "immune_constrained": int((immune & constrained).sum()),
            "posterior": {names[int(k)]: _number(ratio[int(k)]) for k in order if constrained[int(k)]},
            "strongest": list(each[0].strongest), "collinearity": _number(np.median([o.collinearity for o in each])),
            "pairs": [
                {"first": p["first"], "second": p["second"], "collinearity": _number(p["collinearity"])}
                for p in each[0].pairs.head(10).to_dict("records")
            ],
        })  # fmt: skip
    return {
        "communities": sizes.guts,
        "measurements": [
            {"measurement": str(m), "set": r["set"], "variable": r["variable"], "day": float(r["day"]),
             "error": float(r["error"]), "source": r["source"]} for m, r in table.iterrows()
        ],
        "sets": found,
    }  # fmt: skip


def _outputs(values: np.ndarray) -> dict[str, dict[str, Any]]:
    """How each output is spread over the two plain samples."""
    found = {}
    for k, (name, row) in enumerate(output_table().iterrows()):
        known = values[np.isfinite(values[:, k]), k]
        low, median, high = np.quantile(known, [0.05, 0.5, 0.95])
        found[str(name)] = {
            "label": row["label"], "n": len(known), "mean": _number(known.mean()), "sd": _number(known.std(ddof=1)),
            "quantiles_5_50_95": _rounded(np.array([low, median, high])),
        }  # fmt: skip
    return found


def _of_the_drug() -> list[str]:
    """Parameters that a regimen's drug table sets, so that a draw of them has no effect on a response."""
    readings = output_table()["reading"].str.removesuffix(GUT).str.removesuffix(ARM)
    courses = [therapy.parameters(str(course).split("+")) for course in readings.unique() if course != REST]
    return [str(name) for drug in courses if drug for name in combine([pd.DataFrame(drug, index=range(1))]).columns]


def _matrices(table: pd.DataFrame, key: str, outputs: list[str], columns: list[str]) -> dict[str, Any]:
    """Long rows -> column -> output -> numbers in the order of the names."""
    parts = {output: table[table["output"] == output] for output in outputs}
    found: dict[str, Any] = {f"{key}s": parts[outputs[0]][key].tolist()}
    for column in columns:
        found[column] = {output: _rounded(part[column].to_numpy(float)) for output, part in parts.items()}
    return found


def _rounded(values: np.ndarray) -> list[float | None]:
    return [_number(value) for value in np.asarray(values, float)]


def _number(value: float) -> float | None:
    """Four digits; what is not known or not finite is None, as JSON has it."""
    return float(f"{float(value):.{DIGITS}g}") if np.isfinite(value) else None
