"""From trajectories to scans, responses, progression, survival and severe immune events.

``assess`` gives probabilities of one virtual patient without drawing events (for plans); the rest reads patients as a
trial would.  ``load_design`` reads what a virtual trial is to be; ``published_arm`` what a real one was.
"""

from hepaxis.trial.arm_run import ArmRun, arm_prior, arm_runs
from hepaxis.trial.biopsy import biopsy_cd8
from hepaxis.trial.cohorts import Cohort, cohorts
from hepaxis.trial.conditions import Condition, Feature, condition, feature_table, features, stratum
from hepaxis.trial.course import Course
from hepaxis.trial.design import Analysis, Design, Reads, TrialArm, Who, eligible, strata_of, who_of
from hepaxis.trial.design_files import built_in_designs, design_template, load_design, parse_design
from hepaxis.trial.design_reader import design_choices, design_fields, outcomes
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
from hepaxis.trial.routes import LABELS as ROUTE_LABELS
from hepaxis.trial.routes import losses, routes
from hepaxis.trial.run import Done, run_trial
from hepaxis.trial.schedule import DAYS_PER_MONTH, Conduct, conduct, conduct_trials, scan_schedule, visits
from hepaxis.trial.summary import trial_summary, write_summary
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
from hepaxis.trial.treatment import REASONS, Exposure, as_given, exposure, given_rows, steroid_rows, treated_days

__all__ = [
    "DAYS_PER_MONTH",
    "ENDPOINT_COLUMNS",
    "EVENTS",
    "IMMUNE",
    "NEVER",
    "OBSERVE",
    "REASONS",
    "ROUTE_LABELS",
    "Analysis",
    "Arm",
    "ArmRun",
    "Best",
    "Chance",
    "Cohort",
    "Condition",
    "Conduct",
    "Course",
    "Curve",
    "Design",
    "Done",
    "Endpoints",
    "Exposure",
    "Exposures",
    "Feature",
    "FollowUp",
    "ImmuneReading",
    "ImmuneResponse",
    "Lives",
    "Nuisance",
    "PublishedArm",
    "Reading",
    "Reads",
    "Resistance",
    "Response",
    "Toxicity",
    "ToxicityChance",
    "TrialArm",
    "Who",
    "arm_prior",
    "arm_runs",
    "as_given",
    "assess",
    "barrier_factor",
    "best_response",
    "biopsy_cd8",
    "built_in_designs",
    "choose_targets",
    "cohorts",
    "condition",
    "conduct",
    "conduct_trials",
    "course_of",
    "criteria_table",
    "criterion",
    "cumulative_incidence",
    "design_choices",
    "design_fields",
    "design_template",
    "devascularisation_table",
    "devascularised",
    "durable",
    "eligible",
    "endpoints",
    "exposure",
    "exposures",
    "feature_table",
    "features",
    "follow",
    "given_rows",
    "hazard",
    "hazard_table",
    "interval_censored",
    "load_design",
    "losses",
    "measure",
    "median_event_free",
    "outcomes",
    "parse_design",
    "product_limit",
    "progression_borne_out",
    "published_arm",
    "published_arm_ids",
    "read_immune",
    "read_scans",
    "resistance",
    "routes",
    "run_trial",
    "scan_schedule",
    "severe_events",
    "severe_hazards",
    "severe_rate",
    "share_from_pair",
    "shares",
    "split_sum",
    "steroid_rows",
    "strata_of",
    "stratum",
    "treated_days",
    "trial_summary",
    "viable",
    "visits",
    "who_of",
    "write_summary",
]
