"""From the susceptibility of species to the killing of guilds: how the rows of ``antibiotic_classes`` were made.

Assumes that a guild is killed as the share-weighted mean of its species in healthy western adults, that the class
rules of the trait table (spectrum knowledge, not MICs) can be read as shares of killing, and one maximal rate a class.
The rates are sized on ten days of oral vancomycin (biomass to about a fifth) and are otherwise assumed, rifaximin's so
that composition hardly moves (10.3748/wjg.v23.i47.8355).  What commensals inactivate is no part of the vector (it has a
column of its own).  Ground truth for a later version: 10.1038/s41586-021-03986-2 (38 species, 144 antibiotics).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from hepaxis import knowledge
from hepaxis.profile.guilds import assign
from hepaxis.therapy.levers import GUILDS

#: Share of the maximal rate that a susceptibility code of the trait table stands for; sizes assumed.
SUSCEPTIBILITY: Mapping[str, float] = {
    "S": 1.0,
    "S_in_vitro": 1.0,
    "S_v": 0.75,
    "S_v_vre": 0.75,
    "v": 0.5,
    "R_low_level": 0.25,
    "v_reduced_at_oral_luminal_dose": 0.125,
    "R_v": 0.1,
    "R": 0.0,
}
SHARE_COLUMN = "mean_abundance_pct"
#: Weight of a species without a mean abundance, percent; assumed, so that it counts only where nothing else does.
RARE_PERCENT = 1e-4
#: Enterobacteriaceae fall to third-generation cephalosporins and carbapenems unless ESBL or CRE; share assumed.
GRAM_NEGATIVE_CEPHALOSPORIN = 0.8
CARBAPENEM_FLOOR = 0.8
#: Guilds whose resistance to penicillins is a beta-lactamase, which an inhibitor blocks; share assumed.
INHIBITED = ("bac", "pre")
INHIBITOR_FLOOR = 0.8
ENTEROCOCCUS = "S_ampicillin_R_cephalosporin"
INTRINSIC_CEPHALOSPORIN = "R_cephalosporin"
CEPHALOSPORINS = ("early_cephalosporin", "third_gen_cephalosporin")


@dataclass(frozen=True)
class ClassRule:
    """``column`` of the trait table the class is read from, and its maximal rate, 1/day (assumed)."""

    column: str
    rate: float


RULES: Mapping[str, ClassRule] = {
    "vancomycin_oral": ClassRule("vancomycin", 4.0),
    "beta_lactam": ClassRule("beta_lactam", 3.0),
    "penicillin_inhibitor": ClassRule("beta_lactam", 3.0),
    "early_cephalosporin": ClassRule("beta_lactam", 3.0),
    "third_gen_cephalosporin": ClassRule("beta_lactam", 3.0),
    "fluoroquinolone": ClassRule("quinolone", 3.0),
    "metronidazole": ClassRule("metronidazole", 3.0),
    "rifaximin": ClassRule("rifaximin", 0.1),
    "carbapenem_broad": ClassRule("beta_lactam", 3.0),
}


def kill_vectors(traits: pd.DataFrame, guild: pd.Series, guilds: tuple[str, ...]) -> pd.DataFrame:
    """Killing of each guild by each class, 1/day: classes x guilds, rounded to two decimals.

    traits: the trait table, one row a taxon, with the antibiotic columns and the mean share (percent); guild: guild of
    the same rows, missing where a taxon has none.  Raises KeyError for a code that has no meaning here.
    """
    share = pd.to_numeric(traits[SHARE_COLUMN], errors="coerce").fillna(RARE_PERCENT).clip(lower=RARE_PERCENT)
    rows = {}
    for name, rule in RULES.items():
        codes = zip(traits[rule.column].astype(str), guild.astype(str), strict=True)
        susceptible = pd.Series([_susceptibility(name, code, of) for code, of in codes], index=traits.index)
        mean = (susceptible * share).groupby(guild).sum() / share.groupby(guild).sum()
        rows[name] = {of: round(rule.rate * float(mean.get(of, 0.0)), 2) for of in guilds}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(guilds))


def from_tables() -> pd.DataFrame:
    """The vectors from the trait table and the guild rules as they stand: what ``antibiotic_classes`` must equal."""
    traits = knowledge.table("traits")
    taxa = knowledge.table("taxa").set_index("id").loc[traits["taxon_id"]]
    lineages = taxa[["domain", "phylum", "class", "order", "family", "genus"]].copy()
    lineages["species"] = taxa["name"].where(taxa["rank"] == "species", "")
    guild = pd.Series(assign(lineages)["guild"].to_numpy(), index=traits.index)
    return kill_vectors(traits, guild, GUILDS)


def _susceptibility(name: str, code: str, guild: str) -> float:
    """Share of the maximal rate for one species; classes read from the amoxicillin column are corrected."""
    if code in (ENTEROCOCCUS, INTRINSIC_CEPHALOSPORIN):
        return 0.0 if name in CEPHALOSPORINS else 1.0
    if name == "penicillin_inhibitor" and guild in INHIBITED:
        return max(SUSCEPTIBILITY[code], INHIBITOR_FLOOR)
    if name == "third_gen_cephalosporin" and guild == "ent":
        return GRAM_NEGATIVE_CEPHALOSPORIN
    if name == "carbapenem_broad":
        return max(SUSCEPTIBILITY[code], CARBAPENEM_FLOOR)
    return SUSCEPTIBILITY[code]
