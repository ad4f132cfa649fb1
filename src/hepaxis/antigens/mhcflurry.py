"""Binding ranks by MHCflurry (O'Donnell 2020, 10.1016/j.cels.2020.06.010), where it and its models are installed.

Used for molecules without a matrix.  Nothing is fetched: models are put in place by the user
(``mhcflurry-downloads fetch models_class1``, or ``MHCFLURRY_DOWNLOADS_DIR`` on a machine without a network).
"""

from __future__ import annotations

from functools import cached_property
from importlib.util import find_spec
from typing import Any

import numpy as np

from hepaxis.antigens.alphabet import LENGTHS


class FlurryRanks:
    """Percentile ranks of MHCflurry's affinity predictor."""

    name = "MHCflurry"

    def __init__(self, predictor: Any):
        self._predictor = predictor

    @cached_property
    def alleles(self) -> tuple[str, ...]:
        return tuple(
            sorted(name for name in self._predictor.supported_alleles if "*" in name or name.startswith("H2-"))
        )

    def rank(self, allele: str, peptides: list[str]) -> np.ndarray:
        """(n,) rank (%) of each 8-11-mer."""
        if not peptides:
            return np.empty(0)
        frame = self._predictor.predict_to_dataframe(peptides=peptides, allele=allele)
        return frame["prediction_percentile"].to_numpy(float)

    def best(self, allele: str, peptide: str) -> float | None:
        return float(self.rank(allele, [peptide])[0]) if len(peptide) in LENGTHS and allele in self.alleles else None


def installed_models() -> FlurryRanks | None:
    """MHCflurry's predictor, or None where the package or its models are not there."""
    if find_spec("mhcflurry") is None:
        return None
    from mhcflurry import Class1AffinityPredictor
    from mhcflurry.downloads import get_path

    try:
        get_path("models_class1")
    except RuntimeError:  # MHCflurry's own word for models that were not fetched
        return None
    return FlurryRanks(Class1AffinityPredictor.load())
