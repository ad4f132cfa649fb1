"""From trajectories to scans, responses, progression, survival and severe immune events.

``assess`` gives probabilities of one virtual patient without drawing events (for plans); the rest reads patients as a
trial would.
"""

from hepaxis.trial.biopsy import biopsy_cd8
from hepaxis.trial.course import Course
from hepaxis.trial.endpoints import COLUMNS as ENDPOINT_COLUMNS
from hepaxis.trial.endpoints import endpoints
from hepaxis.trial.expected import Endpoints, Nuisance, assess, median_event_free
from hepaxis.trial.follow_up import Arm, Chance, FollowUp, Lives, follow
from hepaxis.trial.from_run import OBSERVE, course_of
from hepaxis.trial.irecist import ImmuneReading, ImmuneResponse, read_immune
from hepaxis.trial.lesions import choose_targets, measure, split_sum
from hepaxis.trial.mrecist import devascularisation_table, devascularised, share_from_pair, viable
from hepaxis.trial.parameters import criteria_table, criterion, hazard, hazard_table
from hepaxis.trial.published_arms import PublishedArm, published_arm, published_arm_ids
from hepaxis.trial.recist import NEVER, Best, Reading, Response, best_response, read_scans, shares
from hepaxis.trial.resistance import Resistance, durable, progression_borne_out, resistance
from hepaxis.trial.schedule import DAYS_PER_MONTH, Conduct, conduct, conduct_trials, scan_schedule, visits
from hepaxis.trial.survival import Curve, cumulative_incidence, interval_censored, product_limit
from hepaxis.trial.toxicity import (
    EVENTS,
    IMMUNE,
    Exposures,
    Toxicity,
    ToxicityChance,
    barrier_factor,
    exposures,
    severe_events,
    severe_hazards,
    severe_rate,
)
from hepaxis.trial.treatment import REASONS, Exposure, exposure, given_rows, steroid_rows, treated_days

__all__ = [
    "DAYS_PER_MONTH",
    "ENDPOINT_COLUMNS",
    "EVENTS",
    "IMMUNE",
    "NEVER",
    "OBSERVE",
    "REASONS",
    "Arm",
    "Best",
    "Chance",
    "Conduct",
    "Course",
    "Curve",
    "Endpoints",
    "Exposure",
    "Exposures",
    "FollowUp",
    "ImmuneReading",
    "ImmuneResponse",
    "Lives",
    "Nuisance",
    "PublishedArm",
    "Reading",
    "Resistance",
    "Response",
    "Toxicity",
    "ToxicityChance",
    "assess",
    "barrier_factor",
    "best_response",
    "biopsy_cd8",
    "choose_targets",
    "conduct",
    "conduct_trials",
    "course_of",
    "criteria_table",
    "criterion",
    "cumulative_incidence",
    "devascularisation_table",
    "devascularised",
    "durable",
    "endpoints",
    "exposure",
    "exposures",
    "follow",
    "given_rows",
    "hazard",
    "hazard_table",
    "interval_censored",
    "measure",
    "median_event_free",
    "product_limit",
    "progression_borne_out",
    "published_arm",
    "published_arm_ids",
    "read_immune",
    "read_scans",
    "resistance",
    "scan_schedule",
    "severe_events",
    "severe_hazards",
    "severe_rate",
    "share_from_pair",
    "shares",
    "split_sum",
    "steroid_rows",
    "treated_days",
    "viable",
    "visits",
]
