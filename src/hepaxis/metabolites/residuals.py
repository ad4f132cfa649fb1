"""What composition does not explain: the third layer of uncertainty, one factor a person and metabolite.

Lognormal with geometric mean 1: the median person is the one the reference community is closed on (residuals at 1), so
that a profile alone moves no exposure away from its reference.  The mass balance does not rest on the mean of the
factor: among the SCFA it moves carbon and makes none (`redistribute`).  The spreads (``uncertainty.csv``, layer
residual) make the rank correlation with composition what was published, 0.4 for stool butyrate.  A profile with little
known of it widens them.  Strata of equal probability are used, so that quantiles of the factor do not wander with the
seed.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from hepaxis.metabolites.community import Community
from hepaxis.metabolites.facts import CARBON, uncertainty
from hepaxis.problems import Problem, warning

RESIDUALS = ("butyrate", "propionate", "acetate", "dca", "udca", "indole", "ipa", "lps")
SCFA = ("acetate", "propionate", "butyrate")


def low_coverage(community: Community) -> tuple[Problem, ...]:
    """Why a profile says less than usual, as warnings; empty where it does not."""
    known = community.basis_share("species") + community.basis_share("genus")
    other = float(community.share[community.unassigned].sum())
    problems = []
    if known < uncertainty("widening", "low_coverage_known"):
        problems.append(
            warning(
                "metabolites.low_coverage",
                f"traits are known for {known:.0%} of abundance",
                "Intervals were widened; a profile by species from a current database covers more.",
            )
        )
    if other > uncertainty("widening", "high_other"):
        problems.append(
            warning(
                "metabolites.high_other",
                f"{other:.0%} of abundance fits no guild rule",
                "Intervals were widened; these taxa count as other commensals.",
            )
        )
    return tuple(problems)


def spread(item: str, widen: bool) -> float:
    """sd(log) of a residual; ``widen`` adds the low-coverage spread in quadrature."""
    sd = uncertainty("residual", item)
    return float(np.hypot(sd, uncertainty("widening", "low_coverage_sd_log"))) if widen else sd


def lognormal(cv: np.ndarray | float, size: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Factors of arithmetic mean 1 with coefficient of variation ``cv``."""
    sd = np.sqrt(np.log1p(np.square(cv)))
    return np.exp(sd * rng.standard_normal(size) - sd**2 / 2)


def draw_residual(sd: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """n factors of median 1 and sd(log) ``sd``, one from each of n equally likely strata, in random order."""
    z = norm.ppf((rng.permutation(n) + rng.random(n)) / n)
    return np.exp(sd * z)


def redistribute(raw: dict[str, np.ndarray], residual: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """SCFA fluxes with residuals.  They move carbon between the three acids and make none."""
    carbon = sum(CARBON[acid] * raw[acid] for acid in SCFA)
    shifted = sum(CARBON[acid] * raw[acid] * residual[acid] for acid in SCFA)
    scale = np.where(shifted > 0, carbon / np.where(shifted > 0, shifted, 1.0), 1.0)
    return {acid: raw[acid] * residual[acid] * scale for acid in SCFA}


def residuals_for(
    raw: dict[str, np.ndarray], residual: dict[str, np.ndarray], target: dict[str, np.ndarray], ceiling: float
) -> dict[str, np.ndarray]:
    """Residuals with which `redistribute` gives the ``target`` fluxes (a subset of the three acids).

    Targets may hold at most ``ceiling`` of the carbon, else they are scaled down together; where all three are
    targets only their proportions can be met, because the carbon is set by the substrate.
    """
    carbon = np.asarray(sum(CARBON[acid] * raw[acid] for acid in SCFA))
    wanted = np.asarray(sum(CARBON[acid] * target[acid] for acid in target))
    limit = ceiling * carbon if len(target) < len(SCFA) else carbon
    fit = np.minimum(1.0, limit / wanted) if len(target) < len(SCFA) else limit / wanted
    others = [CARBON[acid] * raw[acid] * residual[acid] for acid in SCFA if acid not in target]
    rest = np.sum(others, axis=0) if others else np.zeros_like(carbon)
    scale = np.where(rest > 0, (carbon - fit * wanted) / np.where(rest > 0, rest, 1.0), 1.0)
    out = dict(residual)
    for acid, flux in target.items():
        out[acid] = fit * flux / (np.maximum(raw[acid], 1e-9) * scale)
    return out
