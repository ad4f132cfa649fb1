"""Virtual patients: priors, closure at rest, a patient's twin, and running a strategy on it."""

from hepaxis.population.acceptance import accepted
from hepaxis.population.assumptions import assumed, assumption_table
from hepaxis.population.baseline import Marginals, marginals, population_names
from hepaxis.population.closing import close_population, draw_for, exposures, lanes, not_closed, taken
from hepaxis.population.closure import Closed, close, engine_model
from hepaxis.population.course import Run, run_strategy
from hepaxis.population.enrolment import enrolled
from hepaxis.population.guts import Guts, gut_from_capacities, gut_from_prior, reference_gut, reference_shares
from hepaxis.population.hosts import Hosts, draw_hosts, typical_host, unknown_inputs
from hepaxis.population.influence import prior_influence, weighted_mean
from hepaxis.population.mechanisms import Mechanisms, draw_mechanisms, prior_mean_mechanisms
from hepaxis.population.tau import solved_tau, tau_record
from hepaxis.population.twin import Twin, build_twin, gates_off, some_of, weighted, with_gut, with_parameters
from hepaxis.population.virtual_patients import Population, Prior, draw_candidates, draw_population
from hepaxis.population.weighting import Margin, margin_table, margins_of, weighted_to

__all__ = [
    "Closed",
    "Guts",
    "Hosts",
    "Margin",
    "Marginals",
    "Mechanisms",
    "Population",
    "Prior",
    "Run",
    "Twin",
    "accepted",
    "assumed",
    "assumption_table",
    "build_twin",
    "close",
    "close_population",
    "draw_candidates",
    "draw_for",
    "draw_hosts",
    "draw_mechanisms",
    "draw_population",
    "engine_model",
    "enrolled",
    "exposures",
    "gates_off",
    "gut_from_capacities",
    "gut_from_prior",
    "lanes",
    "margin_table",
    "marginals",
    "margins_of",
    "not_closed",
    "population_names",
    "prior_influence",
    "prior_mean_mechanisms",
    "reference_gut",
    "reference_shares",
    "run_strategy",
    "solved_tau",
    "some_of",
    "taken",
    "tau_record",
    "typical_host",
    "unknown_inputs",
    "weighted",
    "weighted_mean",
    "weighted_to",
    "with_gut",
    "with_parameters",
]
