"""Communities compared: diversity within a sample, distances, ordination, what explains them, spread, dysbiosis."""

from __future__ import annotations

from hepaxis.cohort.community.alpha import alpha_diversity, rarefaction_curve, rarefied_richness
from hepaxis.cohort.community.anosim import Anosim, anosim
from hepaxis.cohort.community.dispersion import Dispersion, dispersion
from hepaxis.cohort.community.distances import METRICS, Distances, distances
from hepaxis.cohort.community.dysbiosis import dysbiosis_indices
from hepaxis.cohort.community.groups import compare_groups
from hepaxis.cohort.community.ordination import Ordination, principal_coordinates
from hepaxis.cohort.community.permanova import Permanova, permanova

__all__ = [
    "METRICS",
    "Anosim",
    "Dispersion",
    "Distances",
    "Ordination",
    "Permanova",
    "alpha_diversity",
    "anosim",
    "compare_groups",
    "dispersion",
    "distances",
    "dysbiosis_indices",
    "permanova",
    "principal_coordinates",
    "rarefaction_curve",
    "rarefied_richness",
]
