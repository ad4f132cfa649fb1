"""Hold the drawn communities against real stools of HCC and cirrhosis, none of which was fitted.

Run from the project root: ``python tools/compare_communities.py [path of ../shared/data]``.  Writes
docs/communities.json, .md and .svg.  Sets whose licence is not free enough to be fitted (GPL) are read here for
comparison only; no sample leaves the data folder, only figures of a cohort.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from community_page import community_figure, community_page
from community_statistics import auc_two_samples, energy_coefficient, score_shift

from hepaxis.population import draw_population
from hepaxis.population.communities import gut_conditions
from hepaxis.profile import read
from hepaxis.profile.guilds import GUILDS, shares
from hepaxis.profile.names import RANKS
from hepaxis.profile.reference import DETECTION_SHARE

Array = npt.NDArray[np.float64]
ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
DRAWN, SEED, QUANTILES = 3000, 8, (5, 25, 50, 75, 95)
TABLES = ("guild_reference", "guild_reference_correlation", "guild_rules")


@dataclass(frozen=True)
class Comparison:
    """A real cohort and the population that stands for it.

    load       data folder -> samples x 12 shares
    profiler   family of the generator
    rows       marginals in place of the default's
    """

    id: str
    label: str
    source: str
    load: Callable[[Path], pd.DataFrame]
    profiler: str
    rows: tuple[tuple[str, str, str], ...]
    note: str


def hcc(data: Path) -> pd.DataFrame:
    folder = data / "hcc_16s_waschina2022"
    counts = pd.read_csv(folder / "asv_tab.tsv.gz", sep="\t", index_col=0).T
    samples = pd.read_csv(folder / "samples_16S_DNA.csv", dtype=str).set_index("sample")
    stool = samples.index[(samples["Sample_type"] == "faeces") & (samples["Condition"] == "HCC")]
    counts = counts.loc[[name for name in counts.index if name in set(stool)]]
    named = ["Kingdom", "Phylum", "Class", "Order", "Family", "Genus"]
    taxa = pd.read_csv(folder / "asv_tax.tsv", sep="\t", index_col=0, dtype=str).fillna("").loc[counts.columns, named]
    lineages = taxa.set_axis(list(RANKS[:6]), axis=1).reindex(columns=list(RANKS), fill_value="")
    return shares(counts, lineages).shares


def _qin(data: Path, label: str) -> pd.DataFrame:
    folder = data / "cirrhosis_qin2014"
    profile = read(folder / "abundance.tsv")
    labels = (folder / "labels.txt").read_text(encoding="utf-8").split()
    table = shares(profile.abundance, profile.lineages).shares
    return table[[one == label for one in labels]]


COMPARISONS = (
    Comparison(
        "hcc",
        "HCC, 96 stools, 16S",
        "github.com/Waschina/HCC_microbiota2022 (GPL-3, compared only)",
        hcc,
        "16s",
        (("region", "categorical", "west=1"), ("cirrhosis", "bernoulli", "probability=0.95")),
        "Cirrhosis in 91 of 96; drugs of the persons are not in the set",
    ),
    Comparison(
        "hcc_default",
        "HCC, same stools, generator in use",
        "github.com/Waschina/HCC_microbiota2022 (GPL-3, compared only)",
        hcc,
        "metaphlan4",
        (("region", "categorical", "west=1"), ("cirrhosis", "bernoulli", "probability=0.95")),
        "16S stools against the shotgun generator that populations use: what the profiler alone does is in it",
    ),
    Comparison(
        "cirrhosis",
        "Cirrhosis, 118 stools, shotgun",
        "doi:10.1038/nature13568 through github.com/YDaiLab/PopPhy-CNN (GPL-3, compared only)",
        lambda data: _qin(data, "cirrhosis"),
        "metaphlan4",
        (("cirrhosis", "bernoulli", "probability=1"), ("albi", "normal", "mean=-1.81 sd=0.53 low=-3.5 high=0")),
        "ALBI worked out of the set's albumin and bilirubin, read as mg/dL; half have ascites; drugs are not known",
    ),
    Comparison(
        "healthy",
        "Healthy, 114 stools of that study",
        "doi:10.1038/nature13568 through github.com/YDaiLab/PopPhy-CNN (GPL-3, compared only)",
        lambda data: _qin(data, "n"),
        "metaphlan4",
        (("cirrhosis", "bernoulli", "probability=0"), ("ppi", "bernoulli", "probability=0")),
        "What country, diet and profiler alone do against the generator's cohorts",
    ),
)


def drawn(one: Comparison, conditions: bool) -> Array:
    """(DRAWN, 12) communities of the population that stands for the cohort."""
    rows = pd.DataFrame(one.rows, columns=["variable", "distribution", "args"])
    people = draw_population(rows, DRAWN, SEED, profiler=one.profiler, conditions=conditions, plausible=False)
    return people.guts.shares


def by_guild(real: Array, made: Array) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for place, guild in enumerate(GUILDS):
        sides = {}
        for name, values in (("real", real[:, place]), ("drawn", made[:, place])):
            shown = np.where(values < DETECTION_SHARE, 0.0, values)
            sides[name] = {
                "prevalence": round(float((shown > 0).mean()), 3),
                **{f"q{q:02d}": float(f"{np.percentile(shown, q):.3g}") for q in QUANTILES},
            }
        inside = np.percentile(made[:, place], [5, 95])
        within = (real[:, place] >= inside[0] - 1e-12) & (real[:, place] <= inside[1] + 1e-12)
        found[guild] = {**sides, "real_inside_90": round(float(within.mean()), 3)}
    return found


def compared(one: Comparison, data: Path) -> dict[str, Any]:
    real = one.load(data)[list(GUILDS)].to_numpy(float)
    real = real / real.sum(axis=1, keepdims=True)
    made = {"with conditions": drawn(one, True), "reference alone": drawn(one, False)}
    return {
        "id": one.id,
        "label": one.label,
        "source": one.source,
        "note": one.note,
        "profiler": one.profiler,
        "n": len(real),
        "guilds": by_guild(real, made["with conditions"]),
        "distance": {
            name: {"energy": energy_coefficient(real, values, SEED), "auc": auc_two_samples(real, values, SEED)}
            for name, values in made.items()
        },
    }


def shifts(data: Path) -> list[dict[str, Any]]:
    """What cirrhosis does to each guild in the shotgun cohort, beside the shift that is drawn."""
    sick, well = (_qin(data, label)[list(GUILDS)].to_numpy(float) for label in ("cirrhosis", "n"))
    rows = {row["guild"]: float(row["size"]) for row in gut_conditions() if row["condition"] == "cirrhosis"}
    return [
        {"guild": guild, "drawn": rows.get(guild, 0.0), **score_shift(sick[:, place], well[:, place], SEED)}
        for place, guild in enumerate(GUILDS)
    ]


def stamp() -> str:
    """Of the tables the drawn communities rest on."""
    tables = ROOT / "src" / "hepaxis" / "knowledge" / "tables"
    texts = [(tables / f"{name}.csv").read_bytes() for name in TABLES]
    texts.append((ROOT / "src" / "hepaxis" / "population" / "gut_conditions.csv").read_bytes())
    return hashlib.sha256(b"".join(texts)).hexdigest()[:16]


def main() -> None:
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "data"
    if not data.is_dir():
        sys.exit(f"public data not found at {data}: give its path")
    record = {
        "stamp": stamp(),
        "drawn": DRAWN,
        "comparisons": [compared(one, data) for one in COMPARISONS],
        "cirrhosis_shift": shifts(data),
    }
    (DOCS / "communities.json").write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    (DOCS / "communities.svg").write_text(community_figure(record), encoding="utf-8")
    (DOCS / "communities.md").write_text(community_page(record), encoding="utf-8")
    for one in record["comparisons"]:
        print(one["label"], one["distance"], file=sys.stderr)


if __name__ == "__main__":
    main()
