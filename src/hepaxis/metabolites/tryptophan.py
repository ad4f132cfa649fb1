"""Tryptophan to indole, IPA, ILA, I3A and tryptamine: carriers of a route against a limit of substrate.

Each route saturates in the share of its carriers, because about 5% of dietary tryptophan reaches the bacteria.
Composition says little (rank correlation with measured stool: indole 0.16, IPA about 0, tryptamine 0.36 to 0.57;
10.1016/j.cell.2020.08.007): for IPA the known carriers fail, so without a measurement it is the population's spread.
Sources of the traits: 10.1038/s41467-018-05470-4 (indole), 10.1038/nature24661 (IPA), 10.1016/j.chom.2014.09.001
(tryptamine), 10.1016/j.immuni.2013.08.003 (I3A), 10.1038/s41564-021-00970-4 (ILA).
"""

from __future__ import annotations

import numpy as np

from hepaxis.metabolites.carriage import draw_carriage
from hepaxis.metabolites.community import Community
from hepaxis.metabolites.facts import parameter

INDOLE_GUILDS = ("ent", "bac", "oth")
IPA_GUILDS = ("bai", "oth")

# Route -> (trait, parameter of the share that gives half).
ROUTES = {
    "indole": ("indole_tnaa", "indole_half_share"),
    "ipa": ("ipa_fldabc", "ipa_half_share"),
    "ila": ("ila", "ila_half_share"),
    "i3a": ("i3a_indole_aldehyde", "i3a_half_share"),
    "tryptamine": ("tryptamine", "tryptamine_half_share"),
}


def route_activity(community: Community, route: str, carriage: np.ndarray) -> np.ndarray:
    """Flux through a route as a fraction of its substrate-limited maximum, 0-1; ``carriage`` is n x taxa."""
    carriers = carriage @ community.share
    return carriers / (carriers + parameter(ROUTES[route][1]))


def draw_route(community: Community, route: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Carriage of a route's trait, n x taxa."""
    return draw_carriage(community, ROUTES[route][0], n, rng)
