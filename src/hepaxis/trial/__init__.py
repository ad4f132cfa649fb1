"""From trajectories to scans, responses, progression, survival and severe immune events.

``assess`` gives probabilities of one virtual patient without drawing events (for plans); the rest reads patients as a
trial would.
"""

from hepaxis.trial.course import Course
from hepaxis.trial.endpoints import COLUMNS as ENDPOINT_COLUMNS
from hepaxis.trial.endpoints import endpoints
from hepaxis.trial.expected import Endpoints, Nuisance, assess, median_event_free
from hepaxis.trial.follow_up import Arm, Chance, FollowUp, Lives, follow
from hepaxis.trial.irecist import ImmuneReading, ImmuneResponse, read_immune
from hepaxis.trial.lesions import choose_targets, measure, split_sum
from hepaxis.trial.mrecist import devascularisation_table, devascularised, share_from_pair, viable
from hepaxis.trial.parameters import criteria_table, criterion, hazard, hazard_table
from hepaxis.trial.published_arms import PublishedArm, published_arm, published_arm_ids
from hepaxis.trial.recist import NEVER, Best, Reading, Response, best_response, read_scans, shares
from hepaxis.trial.resistance import Resistance, durable, progression_borne_out, resistance
from hepaxis.trial.schedule import DAYS_PER_MONTH, Conduct, conduct, conduct_trials, scan_schedule, visits
from hepaxis.trial.survival import Curve, cumulative_incidence, interval_censored, product_limit

__all__ = [
    "DAYS_PER_MONTH",
    "ENDPOINT_COLUMNS",
    "NEVER",
    "Arm",
    "Best",
    "Chance",
    "Conduct",
    "Course",
    "Curve",
    "Endpoints",
    "FollowUp",
    "ImmuneReading",
    "ImmuneResponse",
    "Lives",
    "Nuisance",
    "PublishedArm",
    "Reading",
    "Resistance",
    "Response",
    "assess",
    "best_response",
    "choose_targets",
    "conduct",
    "conduct_trials",
    "criteria_table",
    "criterion",
    "cumulative_incidence",
    "devascularisation_table",
    "devascularised",
    "durable",
    "endpoints",
    "follow",
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
    "share_from_pair",
    "shares",
    "split_sum",
    "viable",
    "visits",
]
