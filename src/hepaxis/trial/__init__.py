"""From trajectories to scans, responses, progression and severe immune events."""

from hepaxis.trial.endpoints import Course, Endpoints, Nuisance, assess, median_event_free
from hepaxis.trial.parameters import hazard, hazard_table
from hepaxis.trial.recist import SizeReading, read_sizes, scan_schedule

__all__ = [
    "Course",
    "Endpoints",
    "Nuisance",
    "SizeReading",
    "assess",
    "hazard",
    "hazard_table",
    "median_event_free",
    "read_sizes",
    "scan_schedule",
]
