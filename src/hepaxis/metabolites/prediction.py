"""One community, all mechanisms, n draws: what composition says before a person's residual and measurements.

Two results: ``raw`` (capacity -> n long, without residual) and ``inputs`` (the model's parameters, ids as in
``axis``: ``yield.<acid>.<guild>``, ``carriage.<trait>``, ``carriage.hexa_lps.<guild>``).
Carriage inputs are relative to the mean healthy community, which is 1; the model multiplies them with guild shares.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hepaxis.metabolites import bile, fermentation, ligands, tryptophan
from hepaxis.metabolites.carriage import draw_carriage, relative_carriage
from hepaxis.metabolites.community import GUILDS, Community
from hepaxis.metabolites.facts import ACIDS, parameter, uncertainty
from hepaxis.metabolites.product_yields import draw_yields, guild_yield
from hepaxis.metabolites.residuals import lognormal

RELATIVE = ("indole", "ipa", "ila", "i3a", "tryptamine", "hexa_lps", "under_acylated_lps", "tlr4_agonism", "flagellin")


@dataclass(frozen=True)
class Prediction:
    """``raw``: acids in mmol/d, ``dca_conversion`` as a rate in 1/d, ``udca_formation`` as odds, others as named in
    ``capacities.csv`` before division by the reference.  ``inputs``: n x model inputs."""

    raw: dict[str, np.ndarray]
    inputs: pd.DataFrame


def predict(community: Community, n: int, rng: np.random.Generator, *, bai_scale: float = 1.0) -> Prediction:
    """All mechanisms on one community; n draws of the trait and yield layers.  ``bai_scale``: see ``reference``."""
    yields = draw_yields(community, n, rng)
    fluxes = fermentation.ferment(community, yields, n, rng)
    raw = {acid: getattr(fluxes, acid) for acid in ("acetate", "propionate", "butyrate")}
    inputs = _guild_yields(community, yields, n, rng)

    bai = bile.bai_carriage(community, n, rng) * bai_scale
    raw["dca_conversion"] = bile.dehydroxylation_rate(community.guild_share("bai"), bai)
    udca = draw_carriage(community, bile.UDCA, n, rng)
    raw["bsh"] = bile.deconjugation(community, n, rng)
    raw["udca_formation"] = bile.udca_odds(udca @ community.share) * raw["bsh"]
    inputs["carriage.bai"] = bai
    inputs["carriage.udca"] = relative_carriage(udca, community, bile.UDCA, bile.UDCA_GUILDS)

    kinetics = uncertainty("yield", "kinetics_cv")
    for route, (trait, _) in tryptophan.ROUTES.items():
        carried = tryptophan.draw_route(community, route, n, rng)
        raw[route] = tryptophan.route_activity(community, route, carried) * lognormal(kinetics, (n,), rng)
        within = {"indole": tryptophan.INDOLE_GUILDS, "ipa": tryptophan.IPA_GUILDS}.get(route)
        if within:
            relative = relative_carriage(carried, community, trait, within)
            weight = parameter(f"{route}_carrier_weight")
            inputs[f"carriage.{route}"] = 1.0 - weight + weight * relative

    agonism = ligands.draw_agonism(community, n, rng)
    hexa, under = ligands.hexa_load(agonism, community), ligands.under_acylated_load(community)
    raw["hexa_lps"] = hexa
    raw["under_acylated_lps"] = under * lognormal(kinetics, (n,), rng)
    raw["tlr4_agonism"] = hexa * ligands.receptor_occupancy(hexa, raw["under_acylated_lps"])
    raw["flagellin"] = ligands.flagellin(community, n, rng) * lognormal(kinetics, (n,), rng)
    for score in ligands.SCORES:
        raw[score] = ligands.presence_score(community, score, n, rng)
    for guild in ligands.LPS_GUILDS:
        inputs[f"carriage.hexa_lps.{guild}"] = ligands.relative_agonism(agonism, community, guild)
    return Prediction(raw, pd.DataFrame(inputs))


def _guild_yields(community: Community, yields: np.ndarray, n: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Yield of each guild, weighted by share and by affinity relative to the guild's; an absent guild has its prior."""
    relative = fermentation.affinity(community) / np.array([fermentation.guild_affinity(g) for g in community.guild])
    cv = uncertainty("yield", "guild_cv")
    out: dict[str, np.ndarray] = {}
    for guild in GUILDS:
        inside = community.guild == guild
        share = community.share[inside]
        for j, acid in enumerate(ACIDS):
            if share.sum() > 0:
                out[f"yield.{acid}.{guild}"] = yields[:, inside, j] @ (share * relative[inside]) / share.sum()
            else:
                out[f"yield.{acid}.{guild}"] = guild_yield(guild, acid) * lognormal(cv, (n,), rng)
    order = [f"yield.{acid}.{guild}" for acid in ACIDS for guild in GUILDS]
    return {name: out[name] for name in order}
