"""Which taxa, functions, capacities and guilds differ, by methods shown side by side, within and across studies."""

from __future__ import annotations

from hepaxis.cohort.differences.features import FeatureTable, features
from hepaxis.cohort.differences.meta import random_effects
from hepaxis.cohort.differences.model import METHODS, UNITS, Differences, differential
from hepaxis.cohort.differences.of_cohort import CohortDifferences, cohort_differences

__all__ = [
    "METHODS",
    "UNITS",
    "CohortDifferences",
    "Differences",
    "FeatureTable",
    "cohort_differences",
    "differential",
    "features",
    "random_effects",
]
