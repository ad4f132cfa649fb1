"""Time to an event: curves, Cox with R's near-tie rule, exposures told several ways, mediation, negative controls.

``follow_up`` makes times, ``cox`` fits, ``survival_curve`` and ``log_rank`` describe, ``exposure`` tells an exposure
the ways that can disagree, ``landmark_analysis`` handles one that begins during follow-up, ``mediation`` splits it,
``negative_control`` asks whether it does the same without immunotherapy.
"""

from hepaxis.cohort.survival.covariates import Covariates, covariates
from hepaxis.cohort.survival.cox import CoxFit, NoFit, cox
from hepaxis.cohort.survival.curves import LogRank, SurvivalCurve, log_rank, restricted_mean_difference, survival_curve
from hepaxis.cohort.survival.evalue import EValue, e_value
from hepaxis.cohort.survival.exposure import Exposure, exposure
from hepaxis.cohort.survival.landmark import Landmark, landmark_analysis
from hepaxis.cohort.survival.mediation import Mediation, additive_hazards, mediation
from hepaxis.cohort.survival.negative_control import NegativeControl, negative_control
from hepaxis.cohort.survival.propensity import Propensity, propensity
from hepaxis.cohort.survival.times import Times, follow_up, merged_times

__all__ = [
    "Covariates",
    "CoxFit",
    "EValue",
    "Exposure",
    "Landmark",
    "LogRank",
    "Mediation",
    "NegativeControl",
    "NoFit",
    "Propensity",
    "SurvivalCurve",
    "Times",
    "additive_hazards",
    "covariates",
    "cox",
    "e_value",
    "exposure",
    "follow_up",
    "landmark_analysis",
    "log_rank",
    "mediation",
    "merged_times",
    "negative_control",
    "propensity",
    "restricted_mean_difference",
    "survival_curve",
]
