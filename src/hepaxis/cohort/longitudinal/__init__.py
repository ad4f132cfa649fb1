"""People over time: paired changes and mixed models, antibiotic knock-down and recovery, engraftment of transplants."""

from __future__ import annotations

from hepaxis.cohort.longitudinal.engraftment import Engraftment, engraftment
from hepaxis.cohort.longitudinal.paired import course, paired_changes
from hepaxis.cohort.longitudinal.recovery import Recovery, recovery

__all__ = ["Engraftment", "Recovery", "course", "engraftment", "paired_changes", "recovery"]
