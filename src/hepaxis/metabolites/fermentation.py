"""Short-chain fatty acids from a community: primary products by yield, then explicit cross-feeding.

Substrate bounds the flux, not biomass: taxa share the hexose by abundance x affinity.  Lactate, succinate and formate
are then handed on by named consumers (``crossfeeding.csv``), and butyrate producers take up acetate:

    4 lactate + 2 acetate -> 3 butyrate + 4 CO2      Anaerostipes, Anaerobutyricum, Intestinimonas, Megasphaera
    3 lactate -> 2 propionate + acetate + CO2        Veillonella, Megasphaera, Coprococcus catus, Propionibacterium
    lactate -> acetate + CO2                         Desulfovibrio (sulphate as acceptor)
    succinate -> propionate + CO2                    Phascolarctobacterium, Dialister, Veillonella
    4 formate -> acetate + 2 CO2                     Blautia and other acetogens
    4 formate -> CH4 + 3 CO2                         methanogens
    2 acetate -> butyrate                            butyrate producers (reducing power from hexose)

Carbon is conserved in every step; hydrogen and biomass are not tracked.  Sources: yields 10.5281/zenodo.10445505,
lactate to butyrate 10.1128/AEM.70.10.5810-5817.2004, propionate routes 10.1038/ismej.2014.14.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hepaxis.metabolites.carriage import draw_carriage
from hepaxis.metabolites.community import Community, traits
from hepaxis.metabolites.facts import ACIDS, CARBON, HEXOSE_CARBON, fact_table, parameter

STEPS = (
    "lactate_butyrate",
    "lactate_propionate",
    "lactate_acetate",
    "succinate_propionate",
    "formate_acetate",
    "formate_methane",
    "acetate_butyrate",
)


@dataclass(frozen=True)
class Fluxes:
    """Net production after cross-feeding, each n long, mmol/d.  ``hexose`` is what was fermented."""

    acetate: np.ndarray
    propionate: np.ndarray
    butyrate: np.ndarray
    lactate: np.ndarray
    succinate: np.ndarray
    formate: np.ndarray
    methane: np.ndarray
    carbon_dioxide: np.ndarray
    hexose: float

    def carbon(self) -> np.ndarray:
        """Carbon in all products, mmol/d, n long."""
        acids = sum(CARBON[acid] * getattr(self, acid) for acid in ACIDS)
        return np.asarray(acids + self.methane + self.carbon_dioxide)

    def carbon_recovered(self) -> np.ndarray:
        """Carbon in products over carbon in hexose; the rest is biomass and gas of the primary step."""
        return self.carbon() / (HEXOSE_CARBON * self.hexose)


@lru_cache(maxsize=1)
def _affinities() -> tuple[dict[str, float], dict[str, float]]:
    table = fact_table("affinity")
    value = dict(zip(zip(table["scope"], table["name"], strict=True), table["affinity"].astype(float), strict=True))
    guild = {str(name): v for (scope, name), v in value.items() if scope == "guild"}
    return guild, {str(name): v for (scope, name), v in value.items() if scope == "genus"}


def guild_affinity(guild: str) -> float:
    """Relative affinity of a guild for fermentable carbohydrate, dimensionless."""
    return _affinities()[0][guild]


def affinity(community: Community) -> np.ndarray:
    """Relative affinity for fermentable carbohydrate, taxa long; 0 for asaccharolytic genera."""
    guild, genus = _affinities()
    return np.array([genus.get(g, guild[k]) for g, k in zip(community.genus, community.guild, strict=True)])


def consumers(community: Community, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Consumer weight of each cross-feeding step, summed over taxa: step -> n long (share units)."""
    weights = {step: np.zeros(n) for step in STEPS}
    gates: dict[str, np.ndarray] = {}
    labels = traits()["label"].to_dict()
    names = np.array([str(labels[row]) if row else "" for row in community.row])
    for rule in fact_table("crossfeeding").fillna("").to_dict("records"):
        if rule["scope"] == "genus":
            eats = community.genus == rule["name"]
        elif rule["scope"] == "species":
            eats = names == rule["name"]
        else:  # members of a guild of which neither species nor genus is in the trait table
            eats = (community.guild == rule["name"]) & (community.basis == "guild")
        if not eats.any():
            continue
        amount = np.tile(float(rule["weight"]) * community.share[eats], (n, 1))
        gate = str(rule["gate_trait"])
        if gate:
            if gate not in gates:
                gates[gate] = draw_carriage(community, gate, n, rng)
            amount = amount * gates[gate][:, eats]
        weights[str(rule["step"])] += amount.sum(axis=1)
    weights["acetate_butyrate"] = draw_carriage(community, "butyrate_but", n, rng) @ community.share
    return weights


def hexose_fermented(community: Community, supply: float | None = None) -> float:
    """Hexose used by the community, mmol/d; ``supply`` defaults to habitual diet + mucin."""
    if supply is None:
        supply = parameter("hexose_diet") + parameter("hexose_mucin")
    eaters = float(affinity(community) @ community.share)
    return supply * eaters / (eaters + parameter("biomass_half_use"))


def primary_products(community: Community, yields: np.ndarray, hexose: float) -> np.ndarray:
    """Excretion before cross-feeding, n x 6 acids, mmol/d.  yields: n x taxa x 6, mol per mol hexose."""
    drive = affinity(community) * community.share
    total = drive.sum()
    if total <= 0:
        return np.zeros((yields.shape[0], len(ACIDS)))
    return np.einsum("t,nta->na", hexose * drive / total, yields)


def crossfeed(primary: np.ndarray, weights: Mapping[str, np.ndarray], hexose: float) -> Fluxes:
    """Primary products (n x 6, mmol/d) and consumer weights -> net fluxes.  Carbon in equals carbon out."""
    acetate, propionate, butyrate, lactate, succinate, formate = (primary[:, j].copy() for j in range(len(ACIDS)))
    half = parameter("crossfeeding_half_use")

    by_acetogen, by_methanogen = weights["formate_acetate"], weights["formate_methane"]
    pull = by_acetogen + by_methanogen + half
    to_acetate, to_methane = formate * by_acetogen / pull, formate * by_methanogen / pull
    acetate = acetate + to_acetate / 4

    to_butyrate, to_propionate, to_sulphide = (
        weights[step] for step in ("lactate_butyrate", "lactate_propionate", "lactate_acetate")
    )
    pull = to_butyrate + to_propionate + to_sulphide + half
    lactate_pr, lactate_ac = lactate * to_propionate / pull, lactate * to_sulphide / pull
    acetate = acetate + lactate_pr / 3 + lactate_ac
    lactate_bu = np.minimum(lactate * to_butyrate / pull, 2 * acetate)  # takes half an acetate a lactate
    acetate = acetate - lactate_bu / 2

    eaten = succinate * weights["succinate_propionate"] / (weights["succinate_propionate"] + half)

    producers = weights["acetate_butyrate"]
    uptake = acetate * parameter("acetate_uptake_max") * producers / (producers + parameter("acetate_uptake_half"))
    return Fluxes(
        acetate=acetate - uptake,
        propionate=propionate + eaten + 2 * lactate_pr / 3,
        butyrate=butyrate + 3 * lactate_bu / 4 + uptake / 2,
        lactate=lactate - lactate_bu - lactate_pr - lactate_ac,
        succinate=succinate - eaten,
        formate=formate - to_acetate - to_methane,
        methane=to_methane / 4,
        carbon_dioxide=lactate_bu + lactate_pr / 3 + lactate_ac + eaten + to_acetate / 2 + 3 * to_methane / 4,
        hexose=hexose,
    )


def ferment(
    community: Community, yields: np.ndarray, n: int, rng: np.random.Generator, *, supply: float | None = None
) -> Fluxes:
    """A community and its yields (n x taxa x 6) -> net fluxes, without person-level residuals."""
    hexose = hexose_fermented(community, supply)
    return crossfeed(primary_products(community, yields, hexose), consumers(community, n, rng), hexose)
