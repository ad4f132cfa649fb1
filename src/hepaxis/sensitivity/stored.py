"""The results that were stored with the program, told in words, with what they were made of.

Held: ``tools/sensitivity.py`` writes the full record to docs/ and this summary beside the room; a result whose model or
knowledge has moved on says STALE.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from hepaxis import axis
from hepaxis.population import tau_record
from hepaxis.sensitivity.analysis import level_of, stamp

FILE = "summary.json"
SHOWN = 8
STALE = "STALE: of few runs, or the model or the knowledge has moved on since; run tools/sensitivity.py"
STALE_TAU = "STALE: the model has moved on since; run tools/solve_tau.py"


def summary() -> dict[str, Any]:
    """The stored summary, with ``stale`` set where it is of few runs or its stamp is not that of the program."""
    found: dict[str, Any] = json.loads(files("hepaxis.sensitivity").joinpath(FILE).read_text(encoding="utf-8"))
    return {**found, "stale": found["quick"] or found["stamp"] != stamp()}


def summarise(record: dict[str, Any]) -> dict[str, Any]:
    """What of the full record is kept with the program: variance shares, the first of each ranking, identifiability."""
    screening, local = record["screening"], record["local"]
    kept = {key: record[key] for key in ("statement", "stamp", "made", "quick", "sizes", "runs", "outputs", "variance")}
    sets = [
        {k: v for k, v in one.items() if k not in ("pairs", "singular")} for one in record["identifiability"]["sets"]
    ]
    return {
        **kept,
        "screening": {name: first(screening["factors"], values) for name, values in screening["mu_star"].items()},
        "local": {name: first(local["factors"], values) for name, values in local["per_prior_sd"].items()},
        "identifiability": sets,
    }


def first(names: list[str], values: list[float | None], count: int = SHOWN) -> dict[str, float]:
    """The largest by size, in order."""
    known = [(name, value) for name, value in zip(names, values, strict=True) if value]
    return dict(sorted(known, key=lambda pair: -abs(pair[1]))[:count])


def tell(found: dict[str, Any]) -> list[str]:
    """The summary as lines of text."""
    runs, sizes = found["runs"], found["sizes"]
    lines = [
        f"model {found['stamp']['model']}, knowledge {found['stamp']['knowledge']}, made {found['made']}; "
        f"{runs['screening']} screening runs, {runs['variance']} for variance shares ({sizes['rows']} rows), "
        f"{runs['failed']} failed",
        *([STALE] if found["stale"] else []),
    ]
    share = found["variance"]
    for output, spread in found["outputs"].items():
        lines += ["", f"{spread['label']} (sd {spread['sd']:g})"]
        total = first(share["blocks"], share["total"][output], len(share["blocks"]))
        for level, indent in (("kind", 4), ("group", 8), ("single", 12)):
            named = [name for name in total if level_of(name) == level][:SHOWN]
            lines += [" " * indent + _share(share, output, name) for name in named]
    lines += ["", "what measurements can tell (each set with those before it):"]
    for one in found["identifiability"]:
        lines.append(
            f"    {' + '.join(one['sets'])}: {one['directions']:g} directions known better than the prior; "
            f"{one['constrained']} of {one['parameters']} parameters constrained, "
            f"{one['immune_constrained']} of {one['immune_parameters']} immune ones"
        )
    return lines


def _share(share: dict[str, Any], output: str, name: str) -> str:
    k = share["blocks"].index(name)
    total, low, high, alone = (share[c][output][k] for c in ("total", "total_low", "total_high", "first"))
    return f"{name}: {total:.0%} of the variance ({low:.0%} to {high:.0%}), alone {alone:.0%}"


def told_tau() -> tuple[dict[str, Any], list[str]]:
    """(record with ``stale``, lines) of the solved tau."""
    record = tau_record()
    record["stale"] = record["model"] != axis.build().hash
    mean, errors = record["prior_mean"], record["prior_mean"].get("errors", {})
    low, middle, high = mean["response_3_50_97"]
    lines = [
        f"tau {record['tau']:g}, solved for model {record['model']} so that the sd of the gut's log-odds of response "
        f"has median {record['target_sd']:g} over draws of gate strengths",
        *([STALE_TAU] if record["stale"] else []),
        f"simulated: median sd {record['simulated']['sd_median']:g}, 90% quantile "
        f"{record['simulated']['sd_90_scaled_to_tau']:g}",
        f"at prior means: sd {mean['sd']:g}{_plus_minus(errors.get('sd'))}, AUC of the gut alone "
        f"{mean['auc_gut_alone']:g}{_plus_minus(errors.get('auc'))}, response at the 3rd, 50th and 97th percentile gut "
        f"{low:.0%}, {middle:.0%}, {high:.0%}",
        "share of the gut's variance by gate at its prior mean (shares need not add to 1):",
    ]
    shares = record.get("gate_share_errors", {})
    for gate, value in record["gate_shares"].items():
        lines.append(f"    {gate}: {value:+.1%}{_plus_minus(shares.get(gate), percent=True)}")
    return record, lines


def _plus_minus(error: float | None, *, percent: bool = False) -> str:
    if error is None:
        return ""
    return f" (± {error:.1%})" if percent else f" (± {error:g})"
