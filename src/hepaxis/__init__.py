"""hepaxis: the gut-microbiota-liver axis in hepatocellular carcinoma immunotherapy.

Research use only, not for treatment decisions.
"""

__version__ = "0.1.0"

STATEMENT = "Research use only, not for treatment decisions."
