"""Rewrites the computed values of the axis tables: run by hand after a value or an equation of the model has changed.

    python tests/axis/refresh_reference.py

Closes the default patient with the reference community and writes what follows from it: niches, weights and occupancies
of guilds.csv, ``reference`` of gates.csv, initial values of states, the references that the closure sets, and what is
typical of the median patient.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reference_closure import Closure  # beside this file

from hepaxis.axis.model import assemble_model
from hepaxis.axis.tables import HOME

TYPICAL = {  # what is typical -> what it is of the median patient at rest; they feed back on the rest they describe
    "antigen_typical": lambda every: every["antigen"],
    "ifn_typical": lambda every: every["ifn"],
    "mdsc_typical": lambda every: every["mdsc"],
    "suppression_typical": lambda every: every["suppression"] - 1.0,
}
TYPICAL_ERROR = 1e-3  # relative
TYPICAL_ROUNDS = 12
SET_BY_CLOSURE = ("kill_rest", "promotion_rest", "bile_rest", "inflammation_rest", "oral_rest")


def rewrite(path: Path, change: Callable[[dict[str, str]], None]) -> None:
    with path.open(newline="") as file:
        table = list(csv.DictReader(file))
    for row in table:
        change(row)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, table[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def closed_patient() -> tuple[Closure, Any]:
    closure = Closure(assemble_model(HOME))
    patient = closure.close()
    if not patient.closed:
        raise SystemExit("the default patient does not come to rest; nothing more was written")
    return closure, patient


def settle_typical() -> None:
    """Bring the typical values to the rest of the median patient, which they move in turn."""
    for _ in range(TYPICAL_ROUNDS):
        closure, patient = closed_patient()
        every = closure.evaluator.every(patient.y, patient.p)
        found = {name: read(every) for name, read in TYPICAL.items()}
        off = {name: found[name] / patient.p[name] - 1.0 for name in found}
        if max(map(abs, off.values())) < TYPICAL_ERROR:
            return
        moved = {name: found[name] for name, error in off.items() if abs(error) >= TYPICAL_ERROR}

        def value(row: dict[str, str], moved: dict[str, float] = moved) -> None:
            if row["name"] in moved:
                row["value"] = f"{moved[row['name']]:.4g}"

        for path in sorted((HOME / "modules").glob("*.csv")):
            rewrite(path, value)
    raise SystemExit(f"the typical values do not settle: {off}")


def main() -> None:
    settle_typical()
    closure, patient = closed_patient()
    index = closure.evaluator.index
    computed = {name: patient.y[i] for name, i in index.items()} | {name: patient.p[name] for name in SET_BY_CLOSURE}

    def guild(row: dict[str, str]) -> None:
        name = row["guild"]
        row["niche"] = f"{patient.p[f'niche_{name}']:.10g}"
        row["weight"] = f"{patient.p[f'weight_{name}']:.10g}"
        row["resident"] = f"{patient.y[index[f'res_{name}']]:.10g}"

    def gate(row: dict[str, str]) -> None:
        row["reference"] = f"{patient.p['ref_' + row['gate']]:.10g}"

    def value(row: dict[str, str]) -> None:
        if row["name"] in computed:
            row["value"] = f"{computed[row['name']]:.10g}"

    rewrite(HOME / "guilds.csv", guild)
    rewrite(HOME / "gates.csv", gate)
    for path in sorted((HOME / "modules").glob("*.csv")):
        rewrite(path, value)


if __name__ == "__main__":
    main()
