"""Hexa-acylated LPS is an agonist, under-acylated LPS competes, silent flagellin is nearly silent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hepaxis.metabolites import ligands
from hepaxis.metabolites.community import Community
from hepaxis.metabolites.facts import parameter

Gut = Callable[[dict[str, float]], Community]


def hexa(community: Community, seed: int = 1) -> np.ndarray:
    return ligands.hexa_load(ligands.draw_agonism(community, 300, np.random.default_rng(seed)), community)


def test_enterobacteria_raise_the_agonist_and_bacteroides_the_antagonist(gut: Gut) -> None:
    plain = gut({"Faecalibacterium prausnitzii": 1.0})
    coli = gut({"Escherichia coli": 0.2, "Faecalibacterium prausnitzii": 0.8})
    bacteroides = gut({"Phocaeicola vulgatus": 0.2, "Faecalibacterium prausnitzii": 0.8})
    assert np.median(hexa(coli)) > 3 * np.median(hexa(plain))
    assert np.median(hexa(bacteroides)) < 1.3 * np.median(hexa(plain))
    assert ligands.under_acylated_load(bacteroides) == pytest.approx(0.2)
    assert ligands.under_acylated_load(coli) == pytest.approx(0.0)


def test_an_empty_stool_keeps_the_background(gut: Gut) -> None:
    background = parameter("hexa_background")
    expected = background / (1 + background / parameter("hexa_half"))
    assert hexa(gut({"Faecalibacterium prausnitzii": 1.0})) == pytest.approx(expected)


def test_under_acylated_lps_takes_the_receptor_from_the_agonist() -> None:
    load, under = np.array([0.05, 0.05, 0.05]), np.array([0.0, 0.2, 0.6])
    occupied = ligands.receptor_occupancy(load, under)
    assert occupied[0] == 1.0
    assert np.all(np.diff(occupied) < 0)
    assert occupied[2] == pytest.approx(0.05 / (0.05 + parameter("under_acylated_affinity") * 0.6))


def test_flagellin_of_a_silent_class_hardly_counts(gut: Gut) -> None:
    def active(species: str) -> float:
        return float(np.median(ligands.flagellin(gut({species: 1.0}), 400, np.random.default_rng(5))))

    assert active("Escherichia coli") > 3 * active("Roseburia intestinalis")
    assert active("Roseburia intestinalis") > active("Phocaeicola vulgatus")


@pytest.mark.parametrize(
    ("score", "carrier", "other"),
    [
        ("inosine", "Bifidobacterium pseudolongum", "Phocaeicola vulgatus"),
        ("nod2_muropeptide", "Enterococcus faecium", "Phocaeicola vulgatus"),
        ("cyclic_dinucleotides", "Akkermansia muciniphila", "Escherichia coli"),
    ],
)
def test_presence_scores_count_only_what_was_shown(score: str, carrier: str, other: str, gut: Gut) -> None:
    def share(species: str) -> float:
        return float(np.median(ligands.presence_score(gut({species: 1.0}), score, 300, np.random.default_rng(2))))

    assert share(carrier) > 0.8
    assert share(other) < 0.2


def test_a_guild_without_hexa_carriers_is_weaker_than_its_mean(gut: Gut, rng: np.random.Generator) -> None:
    haemophilus = gut({"Haemophilus parainfluenzae": 1.0})
    actinomyces = gut({"Actinomyces odontolyticus": 1.0})
    strong = ligands.relative_agonism(ligands.draw_agonism(haemophilus, 200, rng), haemophilus, "ora")
    none = ligands.relative_agonism(ligands.draw_agonism(actinomyces, 200, rng), actinomyces, "ora")
    assert np.median(strong) > 1 > np.median(none)
    assert (ligands.relative_agonism(np.ones((3, 1)), haemophilus, "ent") == 1).all()
