"""A cohort analysed from end to end: sections of panels, a document, tables, standards."""

from hepaxis.cohort.analysis.options import Options
from hepaxis.cohort.analysis.run import Analysis, analyse_cohort

__all__ = ["Analysis", "Options", "analyse_cohort"]
