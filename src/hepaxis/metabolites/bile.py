"""What a community does to bile acids: deconjugation, 7a-dehydroxylation, epimerisation to UDCA.

7a-dehydroxylation is saturated in most adults (DCA/(DCA+CA) median 0.989, 6.5% of stools below 0.5;
10.1016/j.cell.2020.08.007), hence a Hill of the guild's share with power 3 and a nearly bimodal result.  At rest the
colonic balance gives DCA/(DCA+CA) = k/(k + loss) with k the rate and ``loss`` the colonic transit, because DCA that is
reabsorbed comes back.  More than 90% of bai-positive genomes in stool have no isolate (10.1016/j.csbj.2019.07.012), so
half of the signal is the guild's share whatever its named carriers.  UDCA is a branching fraction of colonic CDCA,
not a rate that competes.
"""

from __future__ import annotations

import numpy as np

from hepaxis.metabolites.carriage import draw_carriage, relative_carriage
from hepaxis.metabolites.community import Community
from hepaxis.metabolites.facts import parameter

BAI_GUILDS = ("bai",)
UDCA_GUILDS = ("opp", "oth")
BAI, UDCA, BSH = "bai_7a_dehydroxylation", "hsdh_7beta_udca", "bsh"


def bai_carriage(community: Community, n: int, rng: np.random.Generator) -> np.ndarray:
    """Carriage in the bai guild relative to the mean healthy guild, n long; 1 where the guild is absent.

    Half of it (``bai_guild_weight``) is the guild itself, because named isolates are a minor part of the carriers.
    """
    relative = relative_carriage(draw_carriage(community, BAI, n, rng), community, BAI, BAI_GUILDS)
    floor = parameter("bai_guild_weight")
    return floor + (1 - floor) * np.clip(relative, 0.0, 2.0)


def dehydroxylation_rate(guild_share: float, carriage: np.ndarray) -> np.ndarray:
    """7a-dehydroxylation of colonic free CA and CDCA, 1/d."""
    drive = (guild_share * carriage / parameter("bai_half_share")) ** parameter("bai_hill")
    return parameter("bai_rate_max") * drive / (1.0 + drive)


def dca_fraction(rate: np.ndarray) -> np.ndarray:
    """DCA/(DCA+CA) in stool at rest, 0-1, for a rate in 1/d."""
    return rate / (rate + parameter("colonic_bile_loss"))


def rate_of_fraction(fraction: np.ndarray) -> np.ndarray:
    """Inverse of `dca_fraction`; 1/d."""
    return parameter("colonic_bile_loss") * fraction / (1.0 - fraction)


def udca_odds(carrier_share: np.ndarray) -> np.ndarray:
    """Odds that colonic CDCA becomes UDCA, by the share of 7b-HSDH carriers in the community."""
    return parameter("udca_odds_max") * carrier_share / (carrier_share + parameter("udca_half_share"))


def odds_to_fraction(odds: np.ndarray) -> np.ndarray:
    return odds / (1.0 + odds)


def deconjugation(community: Community, n: int, rng: np.random.Generator) -> np.ndarray:
    """Fraction of conjugated bile acids reaching the colon that is deconjugated, 0-1."""
    carriers = draw_carriage(community, BSH, n, rng) @ community.share
    return carriers / (carriers + parameter("bsh_half_share"))
