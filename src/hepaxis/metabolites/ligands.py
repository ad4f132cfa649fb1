"""Ligands of innate receptors: LPS by acylation (TLR4), flagellin (TLR5), cyclic dinucleotides (STING),
NOD2-active muropeptides, inosine.

LPS of Enterobacteriaceae is hexa-acylated and a strong agonist; that of Bacteroidales is tetra- to penta-acylated and
competes for the receptor (10.1038/s41564-025-01930-y), so what counts is hexa / (hexa + K penta).  The relative
agonism of a species is a prior by acylation class, not a measurement.  Commensal flagellins are often silent
(10.1126/sciimmunol.abq7001).  Dinucleotides, muropeptides and inosine are presence scores: share of carriers.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from hepaxis.metabolites.carriage import draw_carriage, names_of
from hepaxis.metabolites.community import Community, traits
from hepaxis.metabolites.facts import parameter, uncertainty
from hepaxis.metabolites.residuals import lognormal

LPS_GUILDS = ("ent", "ora", "oth", "bac", "pre", "akk")
WEAK_CLASSES = ("weak_tetra_penta", "weak_tetra", "atypical_weak", "strong_penta_hexa_variable")
UNCERTAIN_MARK = "_u"  # ending of a class whose acylation is not established
SCORES = {
    "cyclic_dinucleotides": "cdiamp_sting",
    "nod2_muropeptide": "nod2_muropeptide_documented",
    "inosine": "inosine_documented",
}


@lru_cache(maxsize=1)
def _lps_rows() -> pd.DataFrame:
    """Per trait row: mean TLR4 agonism, its coefficient of variation, weight of under-acylated LPS."""
    table = traits()
    kind = table["lps_class"].astype(str)
    antagonist = kind.isin(WEAK_CLASSES).astype(float)
    antagonist = antagonist.mask(kind == "atypical_weak", parameter("akkermansia_antagonism"))
    sure, unsure = uncertainty("trait", "agonism_cv"), uncertainty("trait", "agonism_cv_uncertain")
    return pd.DataFrame(
        {
            "agonism": table["tlr4_agonism"].astype(float),
            "antagonist": antagonist,
            "cv": np.where(kind.str.endswith(UNCERTAIN_MARK), unsure, sure),
            "guild": table["guild"],
            "genus": table["genus"],
            "weight": table["abundance"] + 1e-2,
        }
    )


@lru_cache(maxsize=1)
def _known() -> dict[tuple[str, str], tuple[float, float, float]]:
    """(basis, name) -> mean agonism, weight as antagonist, coefficient of variation of the agonism."""
    rows = _lps_rows()
    known = {
        ("species", str(row)): (float(a), float(b), float(c))
        for row, a, b, c in rows[["agonism", "antagonist", "cv"]].itertuples(name=None)
    }
    unsure = uncertainty("trait", "agonism_cv_uncertain")
    for basis in ("genus", "guild"):
        for name, inside in rows.groupby(basis):
            agonism, antagonist = np.average(inside[["agonism", "antagonist"]], weights=inside["weight"], axis=0)
            known[basis, str(name)] = float(agonism), float(antagonist), unsure
    return known


def _of_taxa(community: Community) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    found = np.array([_known()[name] for name in names_of(community)])
    return found[:, 0], found[:, 1], found[:, 2]


def draw_agonism(community: Community, n: int, rng: np.random.Generator) -> np.ndarray:
    """Relative TLR4 agonism of each taxon's LPS, n x taxa, 0-1; 0 where there is no LPS."""
    mean, _, cv = _of_taxa(community)
    return np.minimum(mean * lognormal(cv, (n, mean.size), rng), 1.0)


def hexa_load(agonism: np.ndarray, community: Community) -> np.ndarray:
    """Agonist LPS in the lumen, n long, on a background and compressed: 0-1."""
    load = parameter("hexa_background") + agonism @ community.share
    return load / (1.0 + load / parameter("hexa_half"))


def under_acylated_load(community: Community) -> float:
    """Share of the community that carries under-acylated (antagonist) LPS, 0-1."""
    _, antagonist, _ = _of_taxa(community)
    return float(antagonist @ community.share)


def receptor_occupancy(hexa: np.ndarray, under_acylated: np.ndarray) -> np.ndarray:
    """Share of occupied TLR4 that holds an agonist: hexa / (hexa + K penta), 0-1."""
    return hexa / (hexa + parameter("under_acylated_affinity") * under_acylated)


def relative_agonism(agonism: np.ndarray, community: Community, guild: str) -> np.ndarray:
    """Mean TLR4 agonism of a guild relative to the mean healthy guild, n long; 1 where it is absent or has no LPS."""
    inside = community.guild == guild
    share = community.share[inside]
    rows = _lps_rows()
    rows = rows[rows["guild"] == guild]
    mean = float(np.average(rows["agonism"], weights=rows["weight"])) if len(rows) else 0.0
    if share.sum() <= 0 or mean <= 0:
        return np.ones(agonism.shape[0])
    return agonism[:, inside] @ share / share.sum() / mean


def flagellin(community: Community, n: int, rng: np.random.Generator) -> np.ndarray:
    """TLR5-active flagellin: share of carriers x activity of their class, n long."""
    carriage = draw_carriage(community, "flagellin", n, rng)
    silent = parameter("flagellin_silent")
    known = {"stimulatory": 1.0, "silent_or_weak_u": silent, "evader": parameter("flagellin_evader"), "none": 0.0}
    classes = traits()["tlr5_class"].to_dict()
    activity = np.tile([known.get(str(classes.get(row, "u")), np.nan) for row in community.row], (n, 1))
    unknown = np.isnan(activity)
    # class unknown: as likely silent as stimulatory
    activity[unknown] = np.where(rng.random(int(unknown.sum())) < 0.5, silent, 1.0)
    return (carriage * activity) @ community.share


def presence_score(community: Community, score: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Share of carriers of a documented ligand, n long, 0-1."""
    return draw_carriage(community, SCORES[score], n, rng) @ community.share
