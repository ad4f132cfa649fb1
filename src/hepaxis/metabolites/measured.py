"""Metabolites measured in the patient: read, checked, put on the scale of the capacities.

A measurement overrides the prediction.  It is compared with the population's median of the same metabolite and matrix
(``measurable.csv``) and carries two errors: the assay's, and that one sample is a poor witness of a person's level
(between-person share of the variance, ICC, 0.37 to 0.61 on the log scale in stool; 10.1016/j.cell.2020.08.007).
Samples of several days are averaged and count as several.  DCA and CA measured in one stool give DCA/(DCA+CA).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.metabolites.facts import fact_table, uncertainty
from hepaxis.problems import InputError, Problem, error, has_errors, warning

COLUMNS = ("metabolite", "value", "unit", "matrix", "day")
SYNONYMS = {
    "butyric acid": "butyrate",
    "propionic acid": "propionate",
    "acetic acid": "acetate",
    "indole-3-propionate": "ipa",
    "indole-3-propionic acid": "ipa",
    "indole-3-lactate": "ila",
    "indole-3-lactic acid": "ila",
    "indole-3-aldehyde": "i3a",
    "indole-3-carboxaldehyde": "i3a",
    "deoxycholate": "dca",
    "deoxycholic acid": "dca",
    "cholate": "ca",
    "cholic acid": "ca",
    "dca/(dca+ca)": "dca_fraction",
}
RATIO_PARTS = ("dca", "ca")
MASS_TO_MOL = 1000.0  # mg/g over g/mol -> mmol/kg
FRACTION_EDGE = 1e-4  # a fraction of exactly 0 or 1 has no log odds; assays do not see less


@dataclass(frozen=True)
class Measurement:
    """One measured capacity.  ``centre`` and ``sd`` are log(value / population median) for kind ``flux``, log odds for
    kind ``fraction``; ``samples`` is how many days stand behind it."""

    capacity: str
    kind: str
    centre: float
    sd: float
    samples: int
    text: str


def read_measured(table: pd.DataFrame | None) -> tuple[dict[str, Measurement], tuple[Problem, ...]]:
    """Measured table (columns ``COLUMNS``, one row a value) -> capacity -> `Measurement`, and warnings.

    InputError with all faults when a column is missing, a value is no number above zero or a unit cannot be used.
    A metabolite that acts on no capacity is kept out with a warning.
    """
    if table is None or table.empty:
        return {}, ()
    missing = [c for c in COLUMNS[:4] if c not in table.columns]
    if missing:
        raise InputError(
            [
                error(
                    "metabolites.column",
                    f"no column {', '.join(missing)}",
                    f"Give the columns {', '.join(COLUMNS)}.",
                )
            ]
        )
    rows, problems = _clean(table)
    if has_errors(problems):
        raise InputError(problems)
    ratio = _dca_fraction(rows)
    rows = pd.concat([rows[~rows["metabolite"].isin(RATIO_PARTS)], ratio], ignore_index=True)
    return _combine(rows), tuple(problems)


def _clean(table: pd.DataFrame) -> tuple[pd.DataFrame, list[Problem]]:
    known = fact_table("measurable")
    kept, problems = [], []
    names = sorted(set(known["metabolite"]) | set(RATIO_PARTS))
    for at, row in enumerate(table.to_dict("records"), start=2):
        name = str(row["metabolite"]).strip().lower()
        name = SYNONYMS.get(name, name)
        matrix = str(row["matrix"]).strip().lower()
        matrix = {"plasma": "serum", "faeces": "stool", "feces": "stool"}.get(matrix, matrix)
        value = pd.to_numeric(row["value"], errors="coerce")
        if not np.isfinite(value) or value <= 0:
            problems.append(
                error(
                    "metabolites.value",
                    f"{row['metabolite']} is {row['value']!r}",
                    "Give a number above zero; for a value below detection give the detection limit.",
                    row=at,
                    column="value",
                )
            )
            continue
        fact = known[(known["metabolite"] == name) & (known["matrix"] == matrix)]
        if fact.empty and not (name in RATIO_PARTS and matrix == "stool"):
            near = ", ".join(difflib.get_close_matches(name, names)) or ", ".join(names)
            problems.append(
                warning(
                    "metabolites.not_used",
                    f"{row['metabolite']} in {row['matrix']} acts on no capacity",
                    f"It is not used. Nearest: {near}.",
                    row=at,
                    column="metabolite",
                )
            )
            continue
        if str(row.get("basis", "")) == "dry" or str(row["unit"]).strip().endswith("dry"):
            problems.append(
                warning(
                    "metabolites.not_used",
                    f"{row['metabolite']} is given per dry mass",
                    "It is not used: the population's medians are per wet mass.",
                    row=at,
                    column="unit",
                )
            )
            continue
        base = _convert(float(value), str(row["unit"]).strip(), None if fact.empty else fact.iloc[0])
        if base is None:
            unit = "a unit of amount, the same for both" if fact.empty else fact.iloc[0]["unit"]
            problems.append(
                error(
                    "metabolites.unit",
                    f"{row['metabolite']} has unit {row['unit']!r}",
                    f"Give it in {unit}.",
                    row=at,
                    column="unit",
                )
            )
            continue
        day = pd.to_numeric(row.get("day", 0), errors="coerce")
        kept.append({"metabolite": name, "matrix": matrix, "value": base, "day": 0.0 if np.isnan(day) else float(day)})
    return pd.DataFrame(kept, columns=["metabolite", "matrix", "value", "day"]), problems


def _convert(value: float, unit: str, fact: pd.Series | None) -> float | None:
    """Value in the unit of ``fact`` (for a ratio part, any amount unit); None if the unit does not fit."""
    units = fact_table("units").set_index("unit")
    if unit not in units.index:
        return None
    kind, factor = str(units["dimension"][unit]), float(units["factor"][unit])
    if fact is None:
        return value * factor if kind.startswith("amount") else None
    target, target_factor = str(units["dimension"][fact["unit"]]), float(units["factor"][fact["unit"]])
    amount = value * factor
    if kind == "fraction" or target == "fraction":
        return amount if kind == target and amount <= 1 else None
    if kind.startswith("mass"):
        amount *= (MASS_TO_MOL if kind == "mass_per_mass" else 1.0) / float(fact["molar_mass"])
        kind = kind.replace("mass_per", "amount_per", 1)
    if kind != target:
        if fact["matrix"] != "stool":
            return None
        # one litre of stool weighs about a kilogram: umol/L over 1000 is mmol/kg
        amount *= 1e-3 if kind == "amount_per_volume" else 1e3
    return amount / target_factor


def _dca_fraction(rows: pd.DataFrame) -> pd.DataFrame:
    parts = rows[rows["metabolite"].isin(RATIO_PARTS)]
    wide = parts.pivot_table(index="day", columns="metabolite", values="value").reindex(columns=list(RATIO_PARTS))
    wide = wide.dropna()
    fraction = wide["dca"] / (wide["dca"] + wide["ca"])
    return pd.DataFrame(
        {
            "metabolite": "dca_fraction",
            "matrix": "stool",
            "value": fraction.to_numpy(),
            "day": fraction.index.to_numpy(),
        }
    )


def _combine(rows: pd.DataFrame) -> dict[str, Measurement]:
    out: dict[str, Measurement] = {}
    analytic = float(np.log1p(uncertainty("measured", "analytic_cv")))
    for fact in fact_table("measurable").to_dict("records"):  # stool first: it is nearer to production than blood
        values = rows[(rows["metabolite"] == fact["metabolite"]) & (rows["matrix"] == fact["matrix"])]
        capacity = str(fact["acts_on"])
        if values.empty or capacity in out:
            continue
        own = float(fact["icc"])
        icc = own if np.isfinite(own) else uncertainty("measured", "single_sample_icc")
        per_day = np.exp(np.log(values["value"]).groupby(values["day"]).mean().to_numpy(dtype=float))
        if fact["kind"] == "fraction":
            inner = np.clip(per_day, FRACTION_EDGE, 1 - FRACTION_EDGE)
            scaled = np.log(inner / (1 - inner))
        else:
            scaled = np.log(per_day / float(fact["population_median"]))
        within = float(fact["population_sd_log"]) * float(np.sqrt(1.0 - icc))
        days = len(per_day)
        out[capacity] = Measurement(
            capacity=capacity,
            kind=str(fact["kind"]),
            centre=float(scaled.mean()),
            sd=float(np.sqrt((within**2 + analytic**2) / days)),
            samples=days,
            text=f"measured in {fact['matrix']} ({days} sample{'s' if days > 1 else ''}, "
            f"reliability of one sample {icc:.2f})",
        )
    return out
