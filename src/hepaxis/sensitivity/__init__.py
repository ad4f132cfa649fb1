"""What the predictions rest on: screening, variance shares, local derivatives, and what measurements can tell."""

from hepaxis.sensitivity.analysis import Sizes, analyse
from hepaxis.sensitivity.factors import Factor, factors
from hepaxis.sensitivity.information import Information, collinearity, information
from hepaxis.sensitivity.reading import output_table
from hepaxis.sensitivity.screening import elementary_effects, trajectories
from hepaxis.sensitivity.stored import summarise, summary, tell, told_tau
from hepaxis.sensitivity.study import Study
from hepaxis.sensitivity.tau_scan import ScanSizes, scan
from hepaxis.sensitivity.variance import blocked_sample, indices

__all__ = [
    "Factor",
    "Information",
    "ScanSizes",
    "Sizes",
    "Study",
    "analyse",
    "blocked_sample",
    "collinearity",
    "elementary_effects",
    "factors",
    "indices",
    "information",
    "output_table",
    "scan",
    "summarise",
    "summary",
    "tell",
    "told_tau",
    "trajectories",
]
