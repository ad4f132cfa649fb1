"""The room's own tables (beside this file) and the few constants of chemistry they are read with.

Every number a mechanism uses comes from here or from ``hepaxis.knowledge``; each row names its source, and
``assumed`` says that no source was found.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from io import StringIO

import pandas as pd

ACIDS = ("acetate", "propionate", "butyrate", "lactate", "succinate", "formate")

# Carbon atoms a molecule.
CARBON = {"acetate": 2.0, "propionate": 3.0, "butyrate": 4.0, "lactate": 3.0, "succinate": 4.0, "formate": 1.0}
HEXOSE_CARBON = 6.0


@cache
def _read(name: str) -> pd.DataFrame:
    text = resources.files("hepaxis.metabolites").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return pd.read_csv(StringIO(text), keep_default_na=False, na_values=[""])


def fact_table(name: str) -> pd.DataFrame:
    """A fresh copy of ``metabolites/<name>.csv``."""
    return _read(name).copy()


@cache
def _parameters() -> dict[str, float]:
    table = _read("parameters")
    return dict(zip(table["parameter"], table["value"].astype(float), strict=True))


def parameter(name: str) -> float:
    """One value of ``parameters.csv``; KeyError names the missing parameter."""
    return _parameters()[name]


@cache
def _uncertainty() -> dict[tuple[str, str], float]:
    table = _read("uncertainty")
    keys = zip(table["layer"], table["item"], strict=True)
    return dict(zip(keys, table["value"].astype(float), strict=True))


def uncertainty(layer: str, item: str) -> float:
    """One value of ``uncertainty.csv``, by layer (trait, yield, residual, widening, measured) and item."""
    return _uncertainty()[layer, item]
